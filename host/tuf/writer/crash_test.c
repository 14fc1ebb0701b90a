/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every storage call of changes to targets is failed and killed in turn: test_crash.h.
 *
 *     tuf_crash_test             lets our client judge what faults leave
 *     tuf_crash_test STATES      writes it to a directory, for another client
 */
#include "test_crash.h"

static enum slw_status act_first(void)
{
    SLW_TRY(test_unless(SLW_WRONG_STATE, test_init()));
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("root", KEY_ROOT)));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

static enum slw_status act_change(void)
{
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_remove("targets", "two")));
    SLW_TRY(test_add("targets", "a/one", "another"));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

static enum slw_status act_add_to_team(void)
{
    SLW_TRY(test_add("team", "team/y", "y"));
    return test_publish();
}

static enum slw_status act_revoke(void)
{
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_revoke("targets", "team")));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

static const struct test_scenario scenarios[] = {
    {"first_publish", NULL, act_first},
    {"add_targets", test_begin, test_act_add},
    {"change_and_remove_targets", test_set_up_with_targets, act_change},
    {"delegate_to_a_team", test_set_up_with_targets, test_act_delegate},
    {"add_to_a_team", test_set_up_with_team, act_add_to_team},
    {"revoke_a_team", test_set_up_with_team, act_revoke},
};

int main(int argc, char **argv)
{
    return test_crash_run(scenarios, sizeof scenarios / sizeof scenarios[0],
                          argc > 1 ? argv[1] : NULL);
}
