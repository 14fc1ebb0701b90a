#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# A depot on SQLite, whose clock is the machine's, and a clock that jumps: while it runs, and while it doesn't.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/device.bash
    . "$BATS_TEST_DIRNAME/device.bash"
    # shellcheck source=tests/repo.bash
    . "$BATS_TEST_DIRNAME/repo.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
    depot_setup
    if depot_is_sanitized; then
        skip "sanitized programs and a preloaded clock don't go together"
    fi
    make_vendor
    make_repo
    slipway repo delegate repo lamp-stable --key team.pub --path 'lamp/stable/*'
    slipway repo sign repo lamp-stable --key team
    publish_targets
    number=0
    jump 0
    depot_program=$slipway_depot
    printf '#!/bin/sh\nexec %s @%s %s "$@"\n' "$later" "$PWD/clock" "$depot_program" >depot-elsewhen
    chmod +x depot-elsewhen
    slipway_depot=$PWD/depot-elsewhen
    depot_start
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
    answers 200 PUT /api/v1/products/lamp/pipeline '{"stages":{"daily":{"gates":[]},"production":{"gates":[{"approvals":2}]}}}'
    answers 201 POST /api/v1/products/lamp/enrolment-tokens '{"title":"line","class":"prod","channel":"stable","uses":9}'
    (umask 077 && jq -r .token <<<"$output" >token)
    connect d1
}

teardown() { depot_stop; }

# jump SECONDS: the depot's clock is so far away from the system's.
jump() { "$BATS_TEST_DIRNAME/clock/jump" "$PWD/clock" "$1"; }

row() { sqlite3 depot.db "$1"; }

# works: the thread of the pipelines takes a new build to its first stage, within the 10 s that a lease lasts.
works() {
    number=$((number + 1))
    local build
    build=$(printf '%064d' "$number")
    row "INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, targets, made_us, made_by, state, state_us, furthest)
        VALUES ('$build', 'lamp', '', 1, 1, 'user', '[]', '[]', unixepoch() * 1000000, 'ci', 'new', 1, 0)"
    for _ in $(seq 300); do
        [ "$(row "SELECT state FROM builds WHERE id = '$build'")" != daily ] || return 0
        sleep 0.1
    done
    row 'SELECT * FROM leases'
    return 1
}

# connect DEVICE: checks in, and reports when it is asked for.
connect() {
    slipway device connect --depot "$depot_url" --from repo --root repo/metadata/1.root.json --metadata-dir "client-$1" --product lamp \
        --device "$1" --hardware lamp-1 --identity "$1.key" --flash "$1.flash" --factory-root root.pb --enrolment-token-file token --once
}

@test "a clock that jumps while a depot runs stops nothing" {
    for shift in 172800 0 -172800 -86400; do
        jump "$shift"
        works
        connect d1
        answers 200 GET /api/v1/products
    done
    # Times in the trail go down where the clock did; its order and its hashes don't mind.
    depot_stop
    "$depot_program" check --config depot.conf
}

@test "a depot that was killed before its clock was set back takes up its work at once" {
    jump 172800
    works
    depot_stop KILL
    jump 0
    depot_start
    works
    connect d1
    [ "$(row 'SELECT count(*) FROM leases WHERE until_us > (unixepoch() + 60) * 1000000')" = 0 ]
    depot_stop KILL
    jump -172800
    depot_start
    works
    connect d1
}
