/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every storage call of changes to hash bins is failed and killed in turn: test_crash.h.
 *
 *     tuf_crash_bins_test             lets our client judge what faults leave
 *     tuf_crash_bins_test STATES      writes it to a directory, for another client
 */
#include "test_crash.h"

static enum slw_status act_add_to_bins(void)
{
    SLW_TRY(test_add("targets", "four", "4"));
    SLW_TRY(test_add("targets", "five", "5"));
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_remove("targets", "two")));
    return test_publish();
}

static enum slw_status act_prepare_bins(void)
{
    SLW_TRY(test_add("targets", "four", "4"));
    SLW_TRY(test_prepare());
    return test_publish();
}

/* All bins of another name, by another key: what the old ones list moves. */
static enum slw_status act_replace_bins(void)
{
    if (!test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, "more*", KEY_BINS_2,
                      (const char *)NULL)) {
        return SLW_NO_SPACE;
    }
    SLW_TRY(test_delegate_bins("targets", "more", 3, KEY_BINS_2));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

static enum slw_status act_rekey_bins(void)
{
    if (!test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, "bins*", KEY_BINS_2,
                      (const char *)NULL)) {
        return SLW_NO_SPACE;
    }
    SLW_TRY(test_delegate_bins("targets", "bins", 2, KEY_BINS_2));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

static const struct test_scenario scenarios[] = {
    {"delegate_bins_and_move_targets_into_them", test_set_up_with_targets, test_act_delegate_bins},
    {"add_to_bins", test_set_up_with_bins, act_add_to_bins},
    {"add_to_bins_by_way_of_staged", test_set_up_with_bins, act_prepare_bins},
    {"replace_bins_by_others", test_set_up_with_bins, act_replace_bins},
    {"give_bins_another_key", test_set_up_with_bins, act_rekey_bins},
};

int main(int argc, char **argv)
{
    return test_crash_run(scenarios, sizeof scenarios / sizeof scenarios[0],
                          argc > 1 ? argv[1] : NULL);
}
