# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# A depot for scenarios: on SQLite and a directory in the current one, on a free port. Source tests/slipway.bash first.
#
#     slipway_setup && depot_setup && depot_start
#     api POST /api/v1/products '{"name": "lamp"}'     sets $status (of HTTP) and $output
#     answers 201 POST /api/v1/products '{"name": "lamp"}'
#     depot_stop                                       (in teardown too)
#
# The current directory gets: depot.conf, depot.db, blobs/, secret, admin.token, and while it runs depot.out, depot.log.

# A sanitizer looks for leaks at the end by calls that a confined process gave up.
depot_is_sanitized() { is_sanitized "$slipway_depot"; }

# depot_setup [SETTINGS]: writes depot.conf, with more lines at its end, and makes an administrator with a token.
depot_setup() {
    slipway_depot=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}/slipway-depot
    depot_conf=$PWD/depot.conf
    printf '[depot]\nlisten = 127.0.0.1:0\ndatabase = %s\nblobs = dir:%s/blobs\nsecret-file = %s/secret\n%s\n' \
        "${depot_database:-sqlite:$PWD/depot.db}" "$PWD" "$PWD" "${1:-}" >depot.conf
    ! depot_is_sanitized || sed -i '1a sandbox = no' depot.conf
    echo "the first password" >admin.password
    "$slipway_depot" init --config depot.conf --administrator admin --password-file admin.password \
        --token-file admin.token
    depot_token=$(cat admin.token)
}

# depot_start [CONF]: runs it until depot_stop; its words are in depot.log, its address in $depot_url.
depot_start() {
    : >depot.out
    "$slipway_depot" run --config "${1:-$depot_conf}" >depot.out 2>>depot.log 3>&- &
    depot_pid=$!
    for _ in $(seq 1200); do
        depot_url=$(sed -n 's/^listening on //p' depot.out)
        [ -z "$depot_url" ] || return 0
        kill -0 "$depot_pid" 2>/dev/null || break
        sleep 0.05
    done
    cat depot.log
    return 1
}

# depot_stop [SIGNAL]
depot_stop() {
    [ -n "${depot_pid:-}" ] || return 0
    kill "-${1:-TERM}" "$depot_pid" 2>/dev/null || true
    wait "$depot_pid" 2>/dev/null || true
    depot_pid=
}

# Looks into a depot's database, or changes it, while a busy depot has it too.
sqlite3() { command sqlite3 -cmd '.timeout 30000' "$@"; }

# api METHOD PATH [BODY [CURL-OPTION…]]: a call with $depot_token; sets status (of HTTP, 000 for none) and output.
api() {
    local method=$1 path=$2 body=${3:-} options=(--noproxy '*' -sS -X "$1" -o api.out -w '%{http_code}')
    shift $(($# > 3 ? 3 : $#))
    [ -z "$depot_token" ] || options+=(-H "Authorization: Bearer $depot_token")
    [ -z "$body" ] || options+=(-H 'Content-Type: application/json' --data-binary "$body")
    [ "$method" != HEAD ] || options+=(-I)
    : >api.out
    status=$(curl "${options[@]}" "$@" "$depot_url$path" 2>api.err) || true
    output=$(cat api.out)
}

# answers STATUS METHOD PATH [BODY [CURL-OPTION…]]: it must answer so.
answers() {
    local expected=$1
    shift
    api "$@"
    if [ "$status" != "$expected" ]; then
        echo "$1 $2: $status, expected $expected"
        echo "$output"
        return 1
    fi
}

# certificate NAME SUBJECT CA [EXTENSION]: NAME.pem and NAME.key, signed by CA (itself when it is NAME).
certificate() {
    local extra=()
    [ -z "${4:-}" ] || extra=(-addext "$4")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "$2" "${extra[@]}" "${@:5}" 2>/dev/null
}
