# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# An S3 server for scenarios: OpenStack Swift, which checks signatures, on a free port of 127.0.0.1.
#
#     swift_start [public:] sets $swift_endpoint, and $swift_settings: the section [s3] of a depot's settings
#     swift_put FILE KEY    puts an object into the bucket
#     swift_stop            in teardown
#
# With "public:" anybody may read the bucket at $swift_public.

swift_start() {
    swift_dir=$(mktemp -d /tmp/slipway-swift-XXXXXX)
    printf 's3-secret\n' >"$swift_dir/secret"
    chmod 600 "$swift_dir/secret"
    mkfifo "$swift_dir/input"
    : >"$swift_dir/out"
    /usr/bin/python3 "${source_dir:?}/tests/s3/serve-swift.py" "$swift_dir/data" "${1:-}bucket" \
        <"$swift_dir/input" >"$swift_dir/out" 2>"$swift_dir/log" 3>&- &
    swift_pid=$!
    exec {swift_input}>"$swift_dir/input"
    for _ in $(seq 400); do
        swift_endpoint=$(head -n 1 "$swift_dir/out")
        [ -z "$swift_endpoint" ] || break
        kill -0 "$swift_pid" 2>/dev/null || break
        sleep 0.05
    done
    if [ -z "$swift_endpoint" ]; then
        cat "$swift_dir/log"
        return 1
    fi
    swift_public=$swift_endpoint/v1/AUTH_test/bucket
    swift_settings="[s3]
endpoint = $swift_endpoint
region = us-east-1
bucket = bucket
prefix = depot/
access-key = test:depot
secret-file = $swift_dir/secret"
}

swift_put() {
    local options=(--noproxy '*' -sS -f)
    [ -n "${swift_token:-}" ] ||
        swift_token=$(curl "${options[@]}" -D - -o /dev/null -H 'X-Auth-User: test:depot' -H 'X-Auth-Key: s3-secret' \
            "$swift_endpoint/auth/v1.0" | tr -d '\r' | sed -n 's/^[Xx]-[Aa]uth-[Tt]oken: //p')
    curl "${options[@]}" -o /dev/null -T "$1" -H "X-Auth-Token: $swift_token" "$swift_public/$2"
}

swift_stop() {
    [ -n "${swift_pid:-}" ] || return 0
    kill "$swift_pid" 2>/dev/null || true
    wait "$swift_pid" 2>/dev/null || true
    exec {swift_input}>&-
    rm -rf "$swift_dir"
    swift_pid=
}
