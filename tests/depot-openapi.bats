#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154
# The HTTP API of the depot as spec/depot-openapi.yaml describes it: each example of the file is played.

setup() {
    # shellcheck source=tests/slipway.bash
    . "$BATS_TEST_DIRNAME/slipway.bash"
    # shellcheck source=tests/depot.bash
    . "$BATS_TEST_DIRNAME/depot.bash"
    slipway_setup
    depot_setup
    depot_start
}

teardown() {
    depot_stop
}

@test "the examples of the depot's description hold" {
    node "$source_dir/tests/depot/openapi.mjs" "$depot_url" admin.token >played || {
        grep -A5 '^not ok' played
        return 1
    }
    [ "$(grep -c '^ok' played)" -gt 90 ]
}
