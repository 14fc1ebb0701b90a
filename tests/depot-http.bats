#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# The depot behind nginx, as docs/DEPOT.md says to set it up; what it writes to its log; how it ends.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    # shellcheck source=tests/web.bash
    . "$BATS_TEST_DIRNAME/web.bash"
    slipway_setup
    watcher=
    depot_setup "socket = $PWD/depot.sock"
    depot_start
    direct_url=$depot_url
}

teardown() {
    [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
    [ ! -s "$PWD/front/pid" ] || stop_server "$PWD/front"
    depot_stop
}

# front_start: nginx with the lines that the guide has, but for the socket's place.
front_start() {
    mapfile -t lines < <(sed -n '/^```nginx$/,/^```$/p' "$source_dir/docs/DEPOT.md" | sed '/^```/d')
    [ "${#lines[@]}" -gt 5 ]
    start_nginx "$PWD/front" "${lines[@]//\/run\/slipway-depot\/depot.sock/$PWD/depot.sock}"
    depot_url=http://127.0.0.1:$(cat "$PWD/front/port")
}

# seen TEXT FILE: it comes within 10 s.
seen() {
    for _ in $(seq 200); do
        ! grep -qF -- "$1" "$2" || return 0
        sleep 0.05
    done
    cat "$2"
    return 1
}

@test "behind nginx the page is served, and who says that they are somebody else isn't" {
    front_start
    answers 200 GET /
    [[ $output == *'Slipway depot'* ]]
    answers 200 GET /app/style.css '' -H 'Accept-Encoding: gzip' --compressed
    answers 200 GET /api/v1/products
    answers 201 POST /api/v1/people '{"name": "robot", "kind": "machine", "roles": [{"product": "*", "role": "viewer"}]}'
    depot_token=
    answers 401 GET /api/v1/products '' -H 'X-Slipway-Client-Name: robot'
    # The socket's other end is believed: nginx takes the header away.
    answers 200 GET /api/v1/products '' -H 'X-Slipway-Client-Name: robot' --unix-socket "$PWD/depot.sock"
    depot_url=$direct_url
    answers 401 GET /api/v1/products '' -H 'X-Slipway-Client-Name: robot'
}

@test "events come through nginx as they happen, and go on after the depot was away" {
    front_start
    curl --noproxy '*' -sSN -H "Authorization: Bearer $depot_token" "$depot_url/api/v1/events" >events 2>events.err 3>&- &
    watcher=$!
    seen 'retry: ' events
    answers 201 POST /api/v1/people '{"name": "ada", "roles": []}'
    seen 'event: people' events
    last=$(sed -n 's/^id: //p' events | tail -n 1)
    depot_stop
    wait "$watcher" || true
    depot_start
    depot_url=http://127.0.0.1:$(cat "$PWD/front/port")
    answers 201 POST /api/v1/people '{"name": "grace", "roles": []}'
    curl --noproxy '*' -sSN -H "Authorization: Bearer $depot_token" -H "Last-Event-ID: $last" "$depot_url/api/v1/events" \
        >events 2>events.err 3>&- &
    watcher=$!
    seen '"subject":"grace"' events
    ! grep -q '"subject":"ada"' events
}

@test "the log is a line of JSON a thing, without addresses and secrets" {
    answers 201 POST /api/v1/products '{"name": "lamp"}'
    answers 401 POST /api/v1/session '{"name": "admin", "password": "not this one"}'
    answers 404 GET /nothing/of/this/kind
    depot_stop
    jq -es 'all(.[]; has("time") and has("level") and has("part"))' depot.log
    jq -es 'any(.[]; .part == "http" and .method == "POST" and .route == "/api/v1/products" and .status == 201)' depot.log
    ! grep -q -e '127\.0\.0\.1' -e 'not this one' -e "${depot_token#slw_*_}" -e nothing depot.log
}

@test "it ends while streams are open" {
    curl --noproxy '*' -sSN -H "Authorization: Bearer $depot_token" "$depot_url/api/v1/events" >events 2>events.err 3>&- &
    watcher=$!
    seen 'retry: ' events
    before=$SECONDS
    kill "$depot_pid"
    wait "$depot_pid"
    depot_pid=
    [ $((SECONDS - before)) -lt 8 ]
    wait "$watcher"
}
