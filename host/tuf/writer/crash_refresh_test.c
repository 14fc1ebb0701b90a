/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every storage call of a refresh, which signs again and removes old files, is failed and killed in
 * turn: test_crash.h.
 *
 *     tuf_crash_refresh_test             lets our client judge what faults leave
 *     tuf_crash_refresh_test STATES      writes it to a directory, for another client
 */
#include "test_crash.h"

#define HOUR_S 3600
#define DAY_S 86400

/* Refreshed 20 hours ago: the timestamp is due, and so are old files that were seen a little more
 * than 7 days ago, but not yet at that refresh. */
static bool age(bool (*set_up)(void))
{
    const int64_t ago_s = 7 * DAY_S + 10 * HOUR_S;
    test_pass(-ago_s);
    if (!set_up() || test_add("targets", "two", "another") != SLW_OK ||
        test_sign_and_publish("targets", KEY_TARGETS) != SLW_OK || test_refresh() != SLW_OK) {
        return false;
    }
    test_pass(ago_s - 20 * HOUR_S);
    bool good = test_refresh() == SLW_OK && test_has("metadata/1.targets.json");
    test_pass(20 * HOUR_S);
    return good;
}

static enum slw_status act_refresh_and_remove(void)
{
    SLW_TRY(test_refresh());
    return test_has("metadata/1.targets.json") ? SLW_WRONG_STATE : SLW_OK;
}

static bool set_up_old_targets(void)
{
    return age(test_set_up_with_targets);
}

static bool set_up_old_bins(void)
{
    return age(test_set_up_with_bins);
}

/* Bins and a team whose time is over soon, too. */
static bool set_up_due_team(void)
{
    test_pass(-62 * DAY_S);
    bool good = test_set_up_with_team();
    test_pass(61 * DAY_S);
    good = good &&
           test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, (const char *)NULL) &&
           test_refresh() == SLW_OK && test_sign("targets", KEY_TARGETS) == SLW_OK &&
           test_publish() == SLW_OK;
    test_pass(DAY_S - HOUR_S);
    good = good && test_refresh() == SLW_OK;
    test_pass(HOUR_S);
    return good && test_sign("team", KEY_TEAM) == SLW_OK;
}

static const struct test_scenario scenarios[] = {
    {"refresh_and_remove_old_targets", set_up_old_targets, act_refresh_and_remove},
    {"refresh_and_remove_old_bins", set_up_old_bins, act_refresh_and_remove},
    {"refresh_with_a_team_that_was_signed_meanwhile", set_up_due_team, test_refresh},
};

int main(int argc, char **argv)
{
    return test_crash_run(scenarios, sizeof scenarios / sizeof scenarios[0],
                          argc > 1 ? argv[1] : NULL);
}
