/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of rollouts, groups and windows: whatever is taken can be judged. */
#include "slipway/rollout_plan.h"

#include "fuzz.h"

static void judge_plan(const struct slw_rollout_plan *plan)
{
    for (size_t phase = 0; phase < plan->phases_count; phase++) {
        struct slw_health_rule rule = slw_rollout_plan_rule(plan, phase);
        FUZZ_CHECK(slw_health_rule_check(&rule) == SLW_OK);
        struct slw_health_look look = slw_health_look(&rule, 100, 20, 3);
        FUZZ_CHECK(look.lower <= look.rate && look.rate <= look.upper);
    }
    (void)slw_rollout_plan_has_canary(plan, SLW_BYTES_OF("lamp-1"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes text = slw_bytes_make(data, size);
    struct slw_rollout_plan plan;
    struct slw_group group;
    struct slw_windows windows;
    struct slw_detail detail = {""};
    if (slw_rollout_plan_parse(text, &plan, &detail) == SLW_OK) {
        judge_plan(&plan);
        slw_rollout_plan_free(&plan);
    }
    if (slw_group_parse(text, &group, &detail) == SLW_OK) {
        struct slw_group_subject subject = {.hardware = SLW_BYTES_OF("lamp-1")};
        (void)slw_group_matches(&group, &subject);
        slw_group_free(&group);
    }
    if (slw_windows_parse(text, &windows, &detail) == SLW_OK) {
        (void)slw_windows_are_open(&windows, INT32_MAX, -3600);
    }
    return 0;
}
