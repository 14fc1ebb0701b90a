#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What administrators of a signing service do with `slipway sign`: give it another policy, and let another machine or
# disk go on with its log. Each against the real service.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/token.bash
    . "$BATS_TEST_DIRNAME/token.bash"
    # shellcheck source=tests/signer.bash
    . "$BATS_TEST_DIRNAME/signer.bash"
    slipway_setup
    signer_setup
}

teardown() { signer_stop; }

takeover() { "$signer_keys" takeover --config keys.conf --statement "$1" 2>err; }

# Asks for a test bundle of this version to be signed, and waits for it.
sign_test_bundle() {
    signer_bundle "test$1.bundle" test "$1"
    sign submit "test$1.bundle" --key lamp-test --requester-key ci.key --wait --timeout 20s
    [ "$status" -eq 0 ] || { cat stderr signer.log; false; }
}

@test "sign send: the next policy is logged, an older one and one that too few signed are refused" {
    signer_start
    signer_policy '.version = 2 | del(.people.eve) | .rules[0].approvals.people = ["ada", "ben"]'
    ok sign policy sign policy.json --key admin1.key --origin "$signer_origin" -o one.envelope
    ok sign policy sign one.envelope --key admin2.key -o both.envelope
    sign send one.envelope
    [ "$status" -eq 7 ]
    says 'refused: below-threshold: '
    sign send both.envelope
    [ "$status" -eq 0 ]
    # Said before, it has no other effect; another one of its version isn't taken.
    sign send policy.envelope
    [ "$status" -eq 0 ]
    signer_policy '.version = 2'
    ok sign policy sign policy.json --key admin1.key --key admin2.key --origin "$signer_origin" -o again.envelope
    sign send again.envelope
    [ "$status" -eq 7 ]
    says 'refused: rollback: '
    signer_stop
    [ "$("$signer_keys" show --config keys.conf | jq .policy_version)" -eq 2 ]
}

@test "sign takeover: a copied log goes on once enough administrators signed what they were shown" {
    signer_start
    sign_test_bundle 4
    signer_stop
    cp -a state elsewhere
    signer_settings ".state = \"$PWD/elsewhere\""
    "$signer_keys" show --config keys.conf >shown.json
    ok sign takeover shown.json --key admin1.key --mark targets:lamp/test=9 -o takeover.envelope
    says "epoch 2 of $signer_origin begins behind entry $(jq .size shown.json), root $(jq -r .root shown.json)"
    says 'nothing of targets lamp/test below version 9'
    run takeover takeover.envelope
    [ "$status" -eq 3 ]
    grep -q below-threshold err || { cat err; false; }
    ok sign takeover takeover.envelope --key admin2.key -o takeover.envelope --force
    takeover takeover.envelope
    [ "$("$signer_keys" show --config keys.conf | jq '.marks[] | select(.name == "lamp/test").version')" -eq 9 ]
    run takeover takeover.envelope
    [ "$status" -eq 3 ]
    signer_start
    sign_test_bundle 10
}

@test "sign takeover: what makes no statement is refused, with its place" {
    "$signer_keys" show --config keys.conf >shown.json
    exits 2 sign takeover shown.json
    exits 2 sign takeover shown.json --key admin1.key --mark targets
    exits 2 sign takeover shown.json --key admin1.key --mark targets:lamp/test=0
    exits 2 sign takeover shown.json --key admin1.key --mark targets:lamp/test=4294967296
    jq '.root = "00"' shown.json >bad.json
    refused malformed sign takeover bad.json --key admin1.key
    jq 'del(.size)' shown.json >bad.json
    refused malformed sign takeover bad.json --key admin1.key
    says '"size"'
    refused bad-statement sign takeover policy.envelope --key admin1.key
    ok sign takeover shown.json --key admin1.key -o takeover.envelope
    exits 2 sign takeover takeover.envelope --key admin2.key --mark targets:lamp/test=9
}
