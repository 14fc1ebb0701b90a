#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# A fleet of virtual devices at a real depot, over HTTPS, with a network that breaks, power that fails, wrong clocks and
# devices that disappear: what the depot believes is compared with what the devices say themselves.

setup() {
    load slipway.bash
    load token.bash
    load signer.bash
    load depot.bash
    load pipeline.bash
    load fleet.bash
    slipway_setup
}

teardown() {
    fleet_teardown
}

# What the depot's list of devices says, against what each device said on its own link.
depot_is_right() {
    answers 200 GET '/api/v1/products/lamp/fleet/export?format=json'
    jq -r '.devices[] | "\(.device) \(.version)"' <<<"$output" | sort >believed
    jq -r 'select(.gone | not) | "\(.device) \(.version)"' states.jsonl | sort >true
    join believed true | awk '$2 != $3 { print; wrong = 1 } END { exit wrong }'
    [ "$(join believed true | wc -l)" = "$(wc -l <true)" ]
}

@test "a bad release is halted by itself, and a good one reaches a thousand devices through faults" {
    local devices=${FLEET:-1000}
    fleet_setup 5
    delivery_start
    fleet_prepare "$devices"
    fleet_start "$devices" --ramp-ms 5000 --faulty 20 --reboots 50 --wrong-clocks 100 --drops 10 --deaths 3 \
        --hardware-2 lamp-2 --share-2 250
    make_release 'slipway virtual image: never healthy'
    local bad=$version
    make_release 'slipway virtual image: never healthy on lamp-2'
    local half=$version
    make_release 'the good one'
    local good=$version
    awaits "[.versions[].count] | add >= $devices * 0.98" 60 /api/v1/products/lamp/fleet
    # All that have it go back by themselves: five of ten are enough, and nobody else gets it.
    roll_out "$bad" '{"phases":[{"ppm":10000,"failure_ppm":500000},{"ppm":1000000}],"health":{"silence_s":10}}'
    rollout_is '.state == "halted"' 60
    jq -e '.by_rule and .phases[0].failed >= 5 and .phases[0].succeeded == 0 and .phases[1].population == 0' <<<"$output"
    local in_phase
    in_phase=$(jq '.phases[0].population' <<<"$output")
    # Bad for one model alone: most devices like it, and the rule halts all the same, and says which model.
    roll_out "$half" '{"phases":[{"ppm":50000},{"ppm":1000000}],"health":{"looks":[30,1000],"silence_s":10}}'
    rollout_is '.state == "halted"' 60
    jq '{phases,reasons}' <<<"$output"
    jq -e '.by_rule and .phases[0].failed >= 3 and .phases[0].succeeded > .phases[0].failed and .phases[1].population == 0
        and .reasons[0].reason == "not-confirmed" and all(.reasons[]; .hardware == "lamp-2" or .reason == "silent")' <<<"$output"
    roll_out "$good" '{"phases":[{"ppm":50000,"failure_ppm":200000},{"ppm":1000000,"failure_ppm":60000}],"health":{"silence_s":10}}'
    rollout_is '.state == "done"' 90
    # Also those that nobody waited for.
    awaits "([.versions[] | select(.is == \"$good\")][0].count // 0) >= $devices * 0.99" 60 /api/v1/products/lamp/fleet
    rollout_is '[.phases[].downloading] | add == 0' 30
    fleet_stop
    cat fleet.json
    jq -e --argjson devices "$devices" --argjson bad "$bad" --argjson half "$half" --argjson good "$good" \
        --argjson in_phase "$in_phase" '
        .gone_for_good > 0 and .gone_for_a_while > 0 and .power_cuts > 0 and .rounds_faulty > 0
        and .flash_bytes_a_device < 100000
        and (.releases[] | select(.release == $bad) | .success == 0 and ."rolled-back" <= $in_phase and .refused == 0)
        and (.releases[] | select(.release == $half) | .success >= 10 and ."rolled-back" >= 3 and .refused == 0)
        and (.releases[] | select(.release == $good) | .refused == 0 and .failed == 0 and ."rolled-back" == 0)' fleet.json
    # Who went back from the second one is of that model, and who stayed with it isn't.
    jq -r --arg half "$half" 'select(.event | startswith("outcome release=\($half) ")) | "\(.device) \(.event | split(" ")[2])"' \
        events.jsonl | sort -u >outcomes
    jq -r '"\(.device) \(if .hardware == "lamp-2" then "rolled-back" else "success" end)"' states.jsonl | sort >expected
    [ -z "$(comm -23 outcomes expected)" ]
    # Nobody runs the bad one, nobody is broken, and the image is the one that was built.
    [ "$(jq -s 'map(select(.trouble or .trial or .version == '"$bad"')) | length' states.jsonl)" = 0 ]
    jq -s -e --arg image "$(digest "image-$good")" --argjson good "$good" \
        'all(.[] | select(.version == $good); .sha256 == $image)' states.jsonl
    [ "$(runs "$good")" -ge $((devices * 99 / 100)) ]
    # Who went for good in the middle of it is silent to the depot.
    answers 200 GET "/api/v1/products/lamp/rollouts/$rollout/devices?state=silent&limit=100"
    jq -r '.devices[].device' <<<"$output" | sort >silent
    jq -rs --arg offered "offered release=$good" 'group_by(.device)[] | select(any(.[]; .event == "gone for good"))
        | select(any(.[]; .event == $offered)) | .[0].device' events.jsonl | sort >gone
    [ -z "$(comm -13 silent gone)" ]
    depot_is_right
}
