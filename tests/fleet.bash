# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# A fleet of simulated devices (sim/fleet) at a real depot over HTTPS. Source slipway.bash, token.bash, signer.bash, depot.bash
# and pipeline.bash first.
#
#     slipway_setup && fleet_setup 4 && delivery_start && fleet_prepare 1000
#     make_release 'an image'                  sets version: built, endorsed, signed by the service, published
#     fleet_start 1000 --faulty 50             the simulator, in the background
#     roll_out "$version" PLAN                 sets rollout; rollout_is FILTER SECONDS waits
#     fleet_stop                               fleet.json, states.jsonl, events.jsonl are what it saw

# fleet_setup CHECK-IN-S: a delivery whose depot speaks TLS and has devices come so often.
fleet_setup() {
    # Connections that stay open, at both ends.
    [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 8192 ] || ulimit -Sn 8192 || true
    delivery_setup
    certificate authority /CN=authority
    certificate server /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -CA authority.pem -CAkey authority.key
    sed -i "1a tls-certificate = $PWD/server.pem\ntls-key = $PWD/server.key" depot.conf
    printf '[devices]\ncheck-in-s = %s\n' "$1" >>depot.conf
    export CURL_CA_BUNDLE=$PWD/authority.pem
    # What devices keep is many small files: in memory, where there is such a place.
    fleet_directory=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "$PWD")" fleet.XXXXXX)
    fleet_pid=
}

# certificate NAME SUBJECT OPENSSL-OPTION…
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "$2" "${@:3}" 2>/dev/null
}

# fleet_prepare DEVICES: product, pipeline, a group of everybody, a token for so many.
fleet_prepare() {
    pipeline '.stages = {daily: .stages.daily}'
    answers 200 PUT /api/v1/products/lamp/groups/all '{"query":{"all":[]},"consent":"automatic"}'
    answers 201 POST /api/v1/products/lamp/enrolment-tokens \
        "{\"title\":\"line\",\"class\":\"test\",\"channel\":\"daily\",\"uses\":$1}"
    (umask 077 && jq -r .token <<<"$output" >enrolment.token)
}

# make_release IMAGE
make_release() {
    make_build release.bundle "$1"
    upload_build release.bundle
    endorse release.bundle
    sees '.state == "daily"' "$build"
    answers 200 GET "/api/v1/products/lamp/releases?build=$build"
    version=$(jq '.releases[0].version' <<<"$output")
    release '.state == "published"' "$version"
    cp image "image-$version"
}

# fleet_start DEVICES [OPTION…]
fleet_start() {
    "$source_dir/build/release/sim/fleet" --depot "$depot_url" --ca-file authority.pem --root repo/metadata/1.root.json \
        --factory-root test-root.root --enrolment-token-file enrolment.token --directory "$fleet_directory" --product lamp \
        --hardware lamp-1 --class test --events events.jsonl --states states.jsonl --devices "$1" --for 3600 "${@:2}" \
        >fleet.json 2>fleet.err 3>&- &
    fleet_pid=$!
}

fleet_stop() {
    local status=0
    [ -n "${fleet_pid:-}" ] || return 0
    kill -TERM "$fleet_pid"
    wait "$fleet_pid" || status=$?
    fleet_pid=
    cat fleet.err
    return "$status"
}

# fleet_teardown: also of a test that failed.
fleet_teardown() {
    if [ -n "${fleet_pid:-}" ]; then
        kill -KILL "$fleet_pid" 2>/dev/null || true
        wait "$fleet_pid" 2>/dev/null || true
    fi
    [ -z "${fleet_directory:-}" ] || rm -rf "$fleet_directory"
    delivery_stop KILL
}

# roll_out VERSION PLAN [MEMBERS]: sets rollout.
roll_out() {
    answers 201 POST /api/v1/products/lamp/rollouts \
        "{\"release\":$1,\"group\":\"all\",\"plan\":$2${3:+,$3}}"
    rollout=$(jq .id <<<"$output")
    answers 200 POST "/api/v1/products/lamp/rollouts/$rollout/start" '{}'
}

# awaits FILTER SECONDS PATH: until this holds of what the depot answers.
awaits() {
    local begun=$SECONDS
    while [ $((SECONDS - begun)) -lt "$2" ]; do
        api GET "$3"
        [ "$status" != 200 ] || ! jq -e "$1" <<<"$output" >/dev/null || return 0
        sleep 0.5
    done
    echo "never: $1"
    echo "$output"
    tail -n 3 events.jsonl
    return 1
}

# rollout_is FILTER SECONDS
rollout_is() {
    awaits "$1" "$2" "/api/v1/products/lamp/rollouts/$rollout"
}

# runs VERSION: how many of the virtual devices run it, by their own word.
runs() {
    jq -s --argjson version "$1" '[.[] | select(.version == $version and (.trial | not))] | length' states.jsonl
}
