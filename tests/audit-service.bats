#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `slipway audit` of the log that a running signing service writes.

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

# sign_test_bundle VERSION: signed by the service, in testVERSION.bundle.
sign_test_bundle() {
    signer_bundle "test$1.bundle" test "$1"
    sign submit "test$1.bundle" --key lamp-test --requester-key ci.key --wait --timeout 20s
    [ "$status" -eq 0 ] || { cat stderr signer.log; false; }
}

@test "the log of a service verifies, over its socket, from its directory, and as a copy" {
    signer_setup
    ok audit verify state/log --log "$log_vkey"
    signer_start
    sign_test_bundle 1
    sign_test_bundle 2
    sign submit test1.bundle --key lamp-prod --channel stable --requester-key ci.key
    ok audit verify "unix:$PWD/signer.sock" --log "$log_vkey" --bundles test1.bundle --bundles test2.bundle --json
    [ "$(jq -r .verdict <<<"$output")" = accept ]
    ok audit monitor "unix:$PWD/signer.sock" --log "$log_vkey" --state audit.state --once --mirror copy
    sign_test_bundle 3
    ok audit monitor "unix:$PWD/signer.sock" state/log --log "$log_vkey" --state audit.state --once --mirror copy
    ok audit verify copy --log "$log_vkey" --bundles test3.bundle
    # The same once more gets the stored signature, and the log a second record of it.
    cp test3.bundle again.bundle
    sign submit again.bundle --key lamp-test --requester-key ci.key --wait --timeout 20s
    [ "$status" -eq 0 ] || { cat stderr signer.log; false; }
    ok audit monitor state/log --log "$log_vkey" --state audit.state --once
    ok audit show state/log --log "$log_vkey" --json
    [ "$(jq -rs '[.[] | select(.record.kind == "signature") | .record.version] | join(" ")' <<<"$output")" = '1 2 3 3' ]
    ok audit show copy --log "$log_vkey" --json
    [ "$(jq -rs '[.[] | select(.leaf == "release") | .version] | join(" ")' <<<"$output")" = '1 2 3' ]
    [ "$(jq -rs '.[0].record.kind' <<<"$output")" = administrators ]
}

@test "a bundle that was signed behind the service's back isn't in its log" {
    signer_setup
    signer_start
    sign_test_bundle 1
    signer_bundle wild.bundle test 2
    ok bundle sign wild.bundle --key test.key
    exits 3 audit verify state/log --log "$log_vkey" --bundles test1.bundle --bundles wild.bundle
    says "wild.bundle: version 2 is signed, and the log doesn't contain it"
}

@test "a service that was given back yesterday's disk is found" {
    signer_setup
    signer_start
    sign_test_bundle 1
    ok audit monitor state/log --log "$log_vkey" --state audit.state --once
    signer_stop
    cp -r state yesterday
    signer_start
    sign_test_bundle 2
    ok audit monitor state/log --log "$log_vkey" --state audit.state --once
    signer_stop
    rm -rf state
    cp -r yesterday state
    exits 3 audit monitor state/log --log "$log_vkey" --state audit.state --once
    says log-behind
    [ -s audit.state.evidence ]
}
