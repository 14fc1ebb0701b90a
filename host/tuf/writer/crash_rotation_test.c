/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every storage call of key rotations is failed and killed in turn: test_crash.h. Old and new keys
 * are at hand, and so there isn't a moment in which a client fails.
 *
 *     tuf_crash_rotation_test             lets our client judge what faults leave
 *     tuf_crash_rotation_test STATES      writes it to a directory, for another client
 */
#include "test_crash.h"

static enum slw_status provide_both(void)
{
    return test_provide("snapshot", KEY_SNAPSHOT, "snapshot", KEY_SNAPSHOT_2, "timestamp",
                        KEY_TIMESTAMP, "timestamp", KEY_TIMESTAMP_2, "bins*", KEY_BINS, "team",
                        KEY_TEAM, "team", KEY_TEAM_2, (const char *)NULL)
               ? SLW_OK
               : SLW_NO_SPACE;
}

static enum slw_status sign_root(void)
{
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("root", KEY_ROOT)));
    return test_publish();
}

static enum slw_status act_timestamp(void)
{
    SLW_TRY(provide_both());
    SLW_TRY(test_rotate(SLW_TUF_TIMESTAMP, KEY_TIMESTAMP_2));
    SLW_TRY(test_prepare());
    return sign_root();
}

static enum slw_status act_snapshot(void)
{
    SLW_TRY(provide_both());
    SLW_TRY(test_rotate(SLW_TUF_SNAPSHOT, KEY_SNAPSHOT_2));
    SLW_TRY(test_prepare());
    return sign_root();
}

static enum slw_status act_targets(void)
{
    SLW_TRY(provide_both());
    SLW_TRY(test_rotate(SLW_TUF_TARGETS, KEY_TARGETS_2));
    SLW_TRY(test_prepare());
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("targets", KEY_TARGETS)));
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("targets", KEY_TARGETS_2)));
    return sign_root();
}

static enum slw_status act_root(void)
{
    SLW_TRY(provide_both());
    SLW_TRY(test_rotate(SLW_TUF_ROOT, KEY_ROOT_2));
    SLW_TRY(test_prepare());
    /* Once it is published, the first key no longer speaks for it. */
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("root", KEY_ROOT_2)));
    return sign_root();
}

static enum slw_status act_everything(void)
{
    SLW_TRY(provide_both());
    SLW_TRY(test_rotate(SLW_TUF_TIMESTAMP, KEY_TIMESTAMP_2));
    SLW_TRY(test_rotate(SLW_TUF_SNAPSHOT, KEY_SNAPSHOT_2));
    SLW_TRY(test_rotate(SLW_TUF_TARGETS, KEY_TARGETS_2));
    SLW_TRY(test_rotate(SLW_TUF_ROOT, KEY_ROOT_2));
    SLW_TRY(test_prepare());
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("targets", KEY_TARGETS)));
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("targets", KEY_TARGETS_2)));
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign("root", KEY_ROOT_2)));
    return sign_root();
}

static enum slw_status act_team(void)
{
    SLW_TRY(provide_both());
    SLW_TRY(test_delegate("targets", "team", "team/*", KEY_TEAM_2));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

static const struct test_scenario scenarios[] = {
    {"rotate_timestamp", test_set_up_with_team, act_timestamp},
    {"rotate_snapshot", test_set_up_with_team, act_snapshot},
    {"rotate_targets", test_set_up_with_team, act_targets},
    {"rotate_root", test_set_up_with_team, act_root},
    {"rotate_everything", test_set_up_with_team, act_everything},
    {"rotate_a_team", test_set_up_with_team, act_team},
};

int main(int argc, char **argv)
{
    return test_crash_run(scenarios, sizeof scenarios / sizeof scenarios[0],
                          argc > 1 ? argv[1] : NULL);
}
