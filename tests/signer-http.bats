#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The HTTP API of the signing service as spec/signer-openapi.yaml describes it, on the programs that people run: each example
# of the file is played. What attackers do to the front is in signer/front/*_test.c.

load slipway.bash
load token.bash
load signer.bash
load sign.bash

setup() {
    slipway_setup
    sign_setup
    sign_start
}

teardown() {
    signer_stop
}

@test "the examples of the API's description hold" {
    jq -n --arg here "$PWD" --arg origin "$signer_origin" '{socket: ($here + "/signer.sock"), origin: $origin, key: "lamp-test",
        requester_key: ($here + "/ada.key"), bundle: ($here + "/test.bundle")}' >play.json
    node "$source_dir/tests/signer/openapi.mjs" play.json >played || {
        grep -A5 '^not ok' played
        return 1
    }
    [ "$(grep -c '^ok' played)" -gt 40 ]
}
