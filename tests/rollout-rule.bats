#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the documents say of the rule of rollouts is what the simulator prints.

@test "docs/ROLLOUT-RULE.md is what the simulator prints" {
    cd "$BATS_TEST_DIRNAME/.."
    build/release/sim/rollout_rule | diff docs/ROLLOUT-RULE.md -
}
