/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every storage call of a refresh, which signs again and removes old files, is failed and killed in
 * turn: test_crash.h.
 *
 *     tuf_crash_refresh_test [DIRECTORY]     each state that clients were shown, for other clients,
 *                                            too
 */
#include "test_crash.h"

#define HOUR_S 3600
#define DAY_S 86400

/* Refreshed 20 hours ago: the timestamp is due, and old files were seen 8 days ago. */
static bool age(bool (*set_up)(void))
{
    test_pass(-8 * DAY_S);
    if (!set_up() || test_add("targets", "two", "another") != SLW_OK ||
        test_sign_and_publish("targets", KEY_TARGETS) != SLW_OK || test_refresh() != SLW_OK) {
        return false;
    }
    test_pass(8 * DAY_S - 20 * HOUR_S);
    bool good = test_refresh() == SLW_OK;
    test_pass(20 * HOUR_S);
    return good;
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
    {"refresh_and_remove_old_targets", set_up_old_targets, test_refresh},
    {"refresh_and_remove_old_bins", set_up_old_bins, test_refresh},
    {"refresh_with_a_team_that_was_signed_meanwhile", set_up_due_team, test_refresh},
};

int main(int argc, char **argv)
{
    return test_crash_run(scenarios, sizeof scenarios / sizeof scenarios[0],
                          argc > 1 ? argv[1] : NULL);
}
