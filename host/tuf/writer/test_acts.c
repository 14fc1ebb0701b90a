/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of test_acts.h. */
#include "test_acts.h"

enum slw_status test_sign_and_publish(const char *role, enum test_key key)
{
    SLW_TRY(test_prepare());
    SLW_TRY(test_unless(SLW_NOT_FOUND, test_sign(role, key)));
    return test_publish();
}

enum slw_status test_act_add(void)
{
    SLW_TRY(test_add("targets", "a/one", "1"));
    SLW_TRY(test_add("targets", "two", "2"));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

enum slw_status test_act_delegate(void)
{
    SLW_TRY(test_delegate("targets", "team", "team/*", KEY_TEAM));
    SLW_TRY(test_add("team", "team/x", "x"));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

enum slw_status test_act_delegate_bins(void)
{
    SLW_TRY(test_delegate_bins("targets", "bins", 2, KEY_BINS));
    SLW_TRY(test_add("targets", "three", "3"));
    return test_sign_and_publish("targets", KEY_TARGETS);
}

bool test_set_up_with_targets(void)
{
    return test_begin() && test_act_add() == SLW_OK;
}

bool test_set_up_with_team(void)
{
    return test_set_up_with_targets() && test_act_delegate() == SLW_OK;
}

bool test_set_up_with_bins(void)
{
    return test_set_up_with_targets() && test_act_delegate_bins() == SLW_OK;
}
