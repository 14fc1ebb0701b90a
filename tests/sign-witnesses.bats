#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A signing service whose policy wants witnesses, with three of them: each `slipway audit witness` behind a front of its own.
# A signature leaves only after two of them cosigned; whoever restores an older disk is found out by what they hold.

load slipway.bash
load token.bash
load signer.bash
load sign.bash

setup() {
    slipway_setup
    export PATH=${SLIPWAY_BIN_DIR:-$source_dir/build/bin}:$PATH
    local i
    witness_options=()
    for i in 1 2 3; do
        ok key generate "w$i.key" --type ed25519
        ok audit witness --key "w$i.key" --name "witness$i.example" --show-key
        echo "$output" >"w$i.vkey"
        witness_options+=(--witness "$output")
        port_take
        port[i]=$port_taken
    done
    sign_setup ".witnesses = {quorum: 2, list: [range(1; 4) as \$i | {name: \"witness\(\$i).example\",
        key: ([$(for i in 1 2 3; do signer_pem "w$i.vkey"; done | paste -sd,)][\$i - 1] | rtrimstr(\"\\n\")),
        url: \"http://127.0.0.1:\([${port[1]}, ${port[2]}, ${port[3]}][\$i - 1])\"}]}"
}

teardown() {
    local i
    for i in 1 2 3; do
        witness_stop "$i"
    done
    signer_stop
}

witness_start() {
    printf '[front]\nplain-listen = 127.0.0.1:%d\n' "${port[$1]}" >"w$1.conf"
    "$slipway" audit witness --key "w$1.key" --name "witness$1.example" --log "$log_vkey" --state "w$1.state" \
        --front-config "w$1.conf" >"w$1.out" 2>&1 3>&- &
    witness_pid[$1]=$!
}

witness_stop() {
    [ -n "${witness_pid[$1]:-}" ] || return 0
    kill "${witness_pid[$1]}" 2>/dev/null || true
    wait "${witness_pid[$1]}" 2>/dev/null || true
    witness_pid[$1]=
}

# is_not_ready REASON: nothing is signed at present, for this reason.
is_not_ready() {
    local _ health
    for _ in $(seq 200); do
        health=$(curl -s --unix-socket signer.sock http://signer/v1/health || true)
        [ "$(jq -r .state <<<"$health" 2>/dev/null)" != "$1" ] || return 0
        sleep 0.05
    done
    echo "never $1: $health"
    cat signer.log
    return 1
}

@test "a signature leaves with the cosignatures of a quorum, and a device verifies them" {
    witness_start 1
    witness_start 2
    witness_start 3
    sign_start
    submits 0 test.bundle --key lamp-test --wait "${witness_options[@]}" --witness-quorum 2
    verifies test.bundle test "${witness_options[@]}" --witness-quorum 2
}

@test "without a quorum nothing is signed; with it what waited is" {
    witness_start 1
    signer_start
    is_not_ready no-witnesses
    submits 7 test.bundle --key lamp-test
    exits 7 sign fetch "$id" test.bundle --config sign.conf
    ok sign show "$id" --config sign.conf --json
    [ "$(jq -r .state <<<"$output")" != signed ]
    witness_start 3
    waits_for "$id" signed
    ok sign fetch "$id" test.bundle --config sign.conf "${witness_options[@]}" --witness-quorum 2
    verifies test.bundle test "${witness_options[@]}" --witness-quorum 2
}

@test "a signature doesn't leave while the witnesses are away, although it was made" {
    witness_start 1
    witness_start 2
    sign_start
    submits 0 test.bundle --key lamp-test --wait -o first.bundle
    witness_stop 1
    witness_stop 2
    sign_bundle second.bundle test 2
    submits 7 second.bundle --key lamp-test
    sleep 1
    exits 7 sign fetch "$id" second.bundle --config sign.conf
    [ "$(curl -s --unix-socket signer.sock -o /dev/null -w '%{http_code}' "http://signer/v1/requests/$id/signature")" = 404 ]
    witness_start 2
    witness_start 3
    waits_for "$id" signed
    ok sign fetch "$id" second.bundle --config sign.conf "${witness_options[@]}" --witness-quorum 2
}

@test "yesterday's disk signs nothing" {
    witness_start 1
    witness_start 2
    sign_start
    signer_stop
    cp -a state yesterday
    sign_start
    submits 0 test.bundle --key lamp-test --wait -o signed.bundle
    signer_stop
    # In place, as a snapshot of the disk would be: what is copied elsewhere is refused as not-active at once.
    find state -type f -delete
    cp -a yesterday/. state/
    signer_start
    is_not_ready log-behind
    sign_bundle second.bundle test 2
    exits 7 sign submit second.bundle --key lamp-test --config sign.conf --wait --timeout 2s
}
