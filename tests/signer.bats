#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The signing service as processes: key process, judge, front, and the command line that asks it.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/token.bash
    . "$BATS_TEST_DIRNAME/token.bash"
    # shellcheck source=tests/signer.bash
    . "$BATS_TEST_DIRNAME/signer.bash"
    slipway_setup
}

teardown() { signer_stop; }

@test "a production bundle is signed by a key in a token once two people approved it" {
    signer_setup
    signer_start
    grep -q 'key lamp-prod: pkcs11:.*object=prod' signer.log
    signer_bundle app.bundle prod 3
    sign submit app.bundle --key lamp-prod --channel stable --requester-key ci.key
    [ "$status" -eq 7 ]
    id=$output
    sign approve "$id" --approver-key ada.key --yes
    [ "$status" -eq 0 ] || { cat stderr; false; }
    sign approve "$id" --approver-key ben.key --yes
    [ "$status" -eq 0 ] || { cat stderr; false; }
    for _ in $(seq 100); do
        sign show "$id"
        [[ $output != *"state: signed"* ]] || break
        sleep 0.05
    done
    sign fetch "$id" app.bundle
    [ "$status" -eq 0 ] || { cat stderr; false; }
    ok bundle verify app.bundle --trusted-root prod-root.root --log "$log_vkey"
}
