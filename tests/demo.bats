#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The story that `make run` tells: it ends well, shows each refusal by its name, and leaves nothing behind.

@test "make run's demo ends well and leaves nothing behind" {
    export TMPDIR=$BATS_TEST_TMPDIR
    run "$BATS_TEST_DIRNAME/../tools/demo"
    echo "$output"
    [ "$status" -eq 0 ]
    for reason in wrong-hash rollback below-threshold wrong-builder no-proof; do
        [[ $output == *"refused: $reason"* ]]
    done
    [[ $output == *"rolled back to version=2"* ]]
    [[ $output == *'signer: slipway-signer-keys: key lamp-test: pkcs11:'*'object=lamp-test'* ]]
    [[ $output == *"rollout done: phase 2 of 2, 10 of 10 devices updated, 0 failed"* ]]
    [[ $output == *$'\nrollout halted: '*' devices of phase 1 failed: '* ]]
    [[ $output == *$'\nThe page: http://127.0.0.1:'* ]]
    [ -z "$(find "$TMPDIR" -maxdepth 1 -name 'slipway-demo.*')" ]
    [ -z "$(pgrep -f "$TMPDIR")" ]
}
