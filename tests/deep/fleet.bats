#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154
# 20,000 devices at three depots on PostgreSQL behind nginx: `make check-deep` runs it, and the figures of docs/FLEET.md come
# from it. FLEET=N makes it smaller; with KEEP=DIRECTORY what was seen stays there, for tools/draw-fleet.

setup() {
    BATS_TEST_DIRNAME=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    load slipway.bash
    load token.bash
    load signer.bash
    load database.bash
    load depot.bash
    load pipeline.bash
    load replicas.bash
    load fleet.bash
    slipway_setup
    replicas_setup
}

teardown() {
    replicas_kill
    fleet_teardown
    database_stop
}

phases='{"phases":[{"ppm":10000,"failure_ppm":500000},{"ppm":50000,"failure_ppm":200000},{"ppm":250000,"failure_ppm":60000},
    {"ppm":1000000}],"health":{"silence_s":900}}'

# mark EVENT: beside what devices say, what people did, with the time.
mark() {
    printf '{"t_ms":%s,"device":"","event":"%s"}\n' "$(date +%s%3N)" "$1" >>marks.jsonl
}

@test "20,000 devices: a bad release is halted, a good one comes by phases, an emergency comes to all" {
    local devices=${FLEET:-20000} patience=${PATIENCE:-5400}
    database_start postgresql
    fleet_setup "$((devices / 100 + 4))"
    sed -i '/^tls-/d' depot.conf
    front_certificate=$PWD/server.pem
    front_key=$PWD/server.key
    front_connections=8192
    front_timeout=30s
    signer_start
    local number
    for number in 1 2 3; do
        replica_start "$number"
    done
    front_start
    answers 201 POST /api/v1/products '{"name":"lamp","title":"Lamp"}'
    fleet_prepare "$devices"
    fleet_start "$devices" --threads 48 --kept 5000 --ramp-ms "$((devices * 10))" --faulty 10 --reboots 20 --wrong-clocks 100 --drops 10 --deaths 3
    make_release 'slipway virtual image: never healthy'
    local bad=$version
    make_release 'the good one'
    local good=$version
    make_release 'the fix for tonight'
    local fix=$version
    awaits "[.versions[].count] | add >= $devices * 0.98" "$patience" /api/v1/products/lamp/fleet
    roll_out "$bad" "$phases"
    mark "bad release=$bad"
    rollout_is '.state == "halted"' "$patience"
    mark "halted release=$bad"
    jq -e '.by_rule and .phases[0].succeeded == 0 and .phases[1].population == 0' <<<"$output"
    roll_out "$good" "$phases"
    mark "good release=$good"
    rollout_is '.state == "done"' "$patience"
    mark "done release=$good"
    awaits "([.versions[] | select(.is == \"$good\")][0].count // 0) >= $devices * 0.985" "$patience" /api/v1/products/lamp/fleet
    api GET "/api/v1/products/lamp/rollouts/$rollout"
    cp api.out rollout.json
    roll_out "$fix" '{"phases":[{"ppm":1000000}],"health":{"silence_s":900}}' '"emergency":true'
    mark "emergency release=$fix"
    awaits "([.versions[] | select(.is == \"$fix\")][0].count // 0) >= $devices * 0.985" "$patience" /api/v1/products/lamp/fleet
    fleet_stop
    cat fleet.json
    [ -z "${KEEP:-}" ] || cp fleet.json events.jsonl marks.jsonl states.jsonl rollout.json "$KEEP"
    [ "$(jq -s 'map(select(.trouble or .trial or .version == '"$bad"')) | length' states.jsonl)" = 0 ]
    [ "$(runs "$fix")" -ge $((devices * 985 / 1000)) ]
    jq -e --argjson bad "$bad" '[.releases[] | select(.release != $bad) | .refused + .failed + ."rolled-back"] | add == 0' fleet.json
}
