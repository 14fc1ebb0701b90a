#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bundles and the proof that a log has their release: bundle add-proof, verify, inspect, extract. The log is
# transparency/log.mjs, which shares no code with the program. On a device: transparency-device.bats.

load slipway.bash

setup() {
    slipway_setup
    make_keys
    make_root
    printf 'application' >app.bin
    ok bundle create b --file app=app.bin --targets-version 3 --product lamp --key t1
    node "$source_dir/tests/transparency/log.mjs" keys .
    log=(--log "$(<log.vkey)")
    witnesses=(--witness "$(<w1.vkey)" --witness "$(<w2.vkey)" --witness "$(<w3.vkey)")
}

# prove NAME=VALUE…: b with a proof that log.mjs makes so, whatever it proves.
prove() {
    node "$source_dir/tests/transparency/log.mjs" prove . b "$@" >proof
    ok bundle add-proof b proof
}

verifies() { ok bundle verify b --trusted-root root.pb "$@"; }
refused_bundle() {
    local reason=$1
    shift
    refused "$reason" bundle verify b --trusted-root root.pb "$@"
}

# A vkey of other bytes than those that a file has: replaced by what it is called with.
vkey_with() {
    local name id key
    IFS=+ read -r name id key <"$1"
    printf '%s+%s+%s' "${2:-$name}" "${3:-$id}" "${4:-$key}"
}

@test "verify: a bundle with its proof is accepted, and where the log has it is told" {
    prove
    verifies "${log[@]}" "${witnesses[@]}"
    prints 'entry 4 of the log log.example/lamp, which had 7, cosigned by 3 witnesses'
    verifies "${log[@]}" "${witnesses[@]}" --json
    [ "$(jq -c .proof <<<"$output")" = '{"cosigned":3,"index":4,"log":"log.example/lamp","size":7}' ]
}

@test "verify: without --log no proof is read, with it none is missing" {
    verifies
    refused_bundle no-proof "${log[@]}"
    prove
    verifies
    verifies "${log[@]}"
}

@test "verify: proofs of trees of many shapes" {
    local shape
    for shape in '0 1' '0 2' '1 2' '2 3' '6 7' '0 8' '7 8' '8 9' '15 16' '12 23' '63 64' '64 65'; do
        prove "index=${shape% *}" "size=${shape#* }"
        verifies "${log[@]}" "${witnesses[@]}"
    done
}

@test "verify: fewer witnesses than wanted, unknown ones, and a quorum" {
    prove cosign=2
    refused_bundle bad-proof "${log[@]}" "${witnesses[@]}"
    says 'cosigned by 1 of 3 witnesses needed'
    verifies "${log[@]}" "${witnesses[@]}" --witness-quorum 1
    refused_bundle bad-proof "${log[@]}" "${witnesses[@]}" --witness-quorum 2
    refused_bundle bad-proof "${log[@]}" --witness "$(<w1.vkey)"
    verifies "${log[@]}" --witness "$(<w2.vkey)"
    verifies "${log[@]}"
    prove cosign=
    verifies "${log[@]}" "${witnesses[@]}" --witness-quorum 0
    refused_bundle bad-proof "${log[@]}" "${witnesses[@]}" --witness-quorum 1
    prove cosign=3,3
    refused_bundle bad-proof "${log[@]}" "${witnesses[@]}" --witness-quorum 1
    says 'signature of "w3.example"'
}

@test "verify: what the log has is another version, another product, or no release at all" {
    prove version=4
    refused_bundle bad-proof "${log[@]}"
    prove product=lamp2
    refused_bundle bad-proof "${log[@]}"
    prove product=
    refused_bundle bad-proof "${log[@]}"
    prove leaf=record
    refused_bundle bad-proof "${log[@]}"
    prove origin=log.example/other
    refused_bundle bad-proof "${log[@]}"
    says 'signature of "log.example/lamp"'
}

@test "verify: a proof of another release of the same product" {
    prove
    ok bundle create c --file app=app.bin --targets-version 4 --product lamp --key t1
    ok bundle add-proof c proof
    refused bad-proof bundle verify c --trusted-root root.pb "${log[@]}"
}

@test "verify: a proof for a bundle that was signed again holds, for one that was changed it is dropped" {
    prove
    ok bundle sign b --key t1
    verifies "${log[@]}" "${witnesses[@]}"
    ok bundle sign b --key t2 --any-key
    verifies "${log[@]}" "${witnesses[@]}"
    printf 'more' >more.bin
    ok bundle add b --file more=more.bin
    says 'dropped the transparency proof'
    ok bundle sign b --key t1
    refused_bundle no-proof "${log[@]}"
}

@test "verify: keys of logs and witnesses that make no sense" {
    local tricks=('' x "$(vkey_with log.vkey 'other name')" "$(vkey_with log.vkey log.example/other)" \
        "$(vkey_with log.vkey '' 00000000)" "$(vkey_with log.vkey '' '' AAAA)" "$(<w1.vkey)")
    local trick
    for trick in "${tricks[@]}"; do
        exits 2 bundle verify b --trusted-root root.pb --log "$trick"
    done
    exits 2 bundle verify b --trusted-root root.pb "${log[@]}" --witness "$(<log.vkey)"
    says "a log's key, not a witness's"
    exits 2 bundle verify b --trusted-root root.pb "${log[@]}" --witness "$(<w1.vkey)" --witness "$(<w1.vkey)"
    exits 2 bundle verify b --trusted-root root.pb "${witnesses[@]}"
    says 'want --log'
    exits 2 bundle verify b --trusted-root root.pb --witness-quorum 1
    exits 2 bundle verify b --trusted-root root.pb "${log[@]}" "${witnesses[@]}" --witness-quorum 4
    says 'there are 3 --witness'
    exits 2 bundle verify b --trusted-root root.pb "${log[@]}" "${log[@]}"
}

@test "extract: nothing is written of a release that no log has" {
    refused no-proof bundle extract b --dir out --trusted-root root.pb "${log[@]}"
    [ ! -e out ]
    prove
    ok bundle extract b --dir out --trusted-root root.pb "${log[@]}" "${witnesses[@]}"
    cmp app.bin out/app
}

@test "add-proof: with --log only what proves this release, and the bundle stays when it doesn't" {
    cp b before
    node "$source_dir/tests/transparency/log.mjs" prove . b version=9 >other
    refused bad-proof bundle add-proof b other "${log[@]}" "${witnesses[@]}"
    cmp b before
    node "$source_dir/tests/transparency/log.mjs" prove . b cosign=1 >few
    refused bad-proof bundle add-proof b few "${log[@]}" "${witnesses[@]}"
    says 'cosigned by 1 of 3 witnesses needed'
    cmp b before
    printf 'no proof' >nonsense
    refused bad-proof bundle add-proof b nonsense
    head -c 70000 /dev/zero >large
    exits 3 bundle add-proof b large
    exits 1 bundle add-proof b missing
    cmp b before
    node "$source_dir/tests/transparency/log.mjs" prove . b >proof
    ok bundle add-proof b proof "${log[@]}" "${witnesses[@]}"
    says 'which was verified'
    verifies "${log[@]}" "${witnesses[@]}"
}

@test "add-proof: text and binary say the same" {
    node "$source_dir/tests/transparency/log.mjs" prove . b as=text >text
    exits 2 bundle add-proof b text
    says 'wants --log'
    ok bundle add-proof b text "${log[@]}" "${witnesses[@]}"
    cp b by-text
    node "$source_dir/tests/transparency/log.mjs" prove . b >proof
    ok bundle add-proof b proof
    cmp b by-text
    # Only the signatures of keys that were named come into the bundle.
    ok bundle add-proof b text "${log[@]}" --witness "$(<w2.vkey)"
    ok bundle inspect b --json
    [ "$(jq '.proof.cosignatures | length' <<<"$output")" -eq 1 ]
    sed -i 's/^index 4/index 5/' text
    refused bad-proof bundle add-proof b text "${log[@]}" "${witnesses[@]}"
}

@test "inspect: a proof in words, in JSON, and as the text that other programs read" {
    prove
    ok bundle inspect b
    prints 'transparency proof: entry 4 of 7, 411 bytes'
    prints 'cosigned by key '
    node "$source_dir/tests/transparency/log.mjs" prove . b as=text >text
    ok bundle inspect b "${log[@]}" "${witnesses[@]}"
    prints 'checkpoint signed by "log.example/lamp"'
    prints 'cosigned by "w2.example" at 2023-11-14T22:13:20Z'
    [ "$(sed -n '/^c2sp/,$p' <<<"$output")" = "$(<text)" ]
    ok bundle inspect b "${log[@]}" "${witnesses[@]}" --json
    jq -j .proof.tlog_proof <<<"$output" | cmp - text
    [ "$(jq -c '[.transparency_proof, .proof.index, .proof.size, (.proof.path | length)]' <<<"$output")" = '[true,4,7,3]' ]
    # A witness that isn't named has no name to be shown by.
    ok bundle inspect b "${log[@]}" --json
    jq -j .proof.tlog_proof <<<"$output" | cmp - <(head -n 11 text)
}

@test "inspect: a proof that is none" {
    printf '\322\076\005hello' >>b
    ok bundle inspect b
    prints 'transparency proof: not one that is known here'
    ok bundle inspect b --json
    [ "$(jq -c '[.transparency_proof, .proof]' <<<"$output")" = '[true,null]' ]
    refused_bundle bad-proof "${log[@]}"
    verifies
}
