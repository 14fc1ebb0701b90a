#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2119
# The disk of a PostgreSQL is full: what can't be kept is refused, what was acknowledged is there, and it goes on when there is
# room. On a small file system of the test's own.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    # shellcheck source=tests/database.bash
    . "$BATS_TEST_DIRNAME/database.bash"
    slipway_setup
}

teardown() {
    depot_stop
    database_stop
}

# make_products FIRST LAST: notes the ones that were acknowledged in `made`; status is that of the last call. Stops at a refusal.
make_products() {
    local i
    for ((i = $1; i <= $2; i++)); do
        api POST /api/v1/products "{\"name\":\"p$i\",\"title\":\"$(printf 'x%.0s' {1..200})\"}"
        [ "$status" = 201 ] || return 0
        echo "p$i" >>made
    done
}

@test "PostgreSQL's disk is full: refused, nothing acknowledged is lost, and it goes on" {
    [ "$(id -u)" = 0 ] || skip "only root can make a small file system"
    database_room=100m
    database_segment=1
    database_durable=1
    database_start postgresql || skip "no file system can be mounted here"
    depot_setup
    depot_start
    make_products 1 3
    [ "$status" = 201 ]
    head -c 200000000 /dev/zero >"$database_dir/filler" 2>/dev/null || true
    make_products 4 600
    [[ $status == 50[03] ]]
    jq -e '.reason == "unavailable" or .reason == "io" or .reason == "no-space"' <<<"$output"
    [ "$(curl --noproxy '*' -s -o /dev/null -w '%{http_code}' "$depot_url/health")" = 200 ]
    kill -0 "$depot_pid"
    rm "$database_dir/filler"
    # A server that couldn't write its log has gone down to recover it; without room for that it stays down.
    for _ in $(seq 100); do
        kill -0 "$database_pid" 2>/dev/null || database_again
        make_products 601 601
        [ "$status" != 201 ] || break
        sleep 0.1
    done
    [ "$status" = 201 ]
    answers 200 GET /api/v1/products
    jq -r '.products[].name' <<<"$output" | sort >there
    sort made | comm -23 - there >lost
    [ ! -s lost ]
    [ "$(wc -l <made)" -ge 4 ]
    depot_stop
    "$slipway_depot" check --config depot.conf
}
