/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the repository of test_writer.h that several tests make: they can be made again. */
#ifndef SLIPWAY_TEST_ACTS_H
#define SLIPWAY_TEST_ACTS_H

#include "test_writer.h"

/* What is done already is no failure of a step. */
static inline enum slw_status test_unless(enum slw_status done, enum slw_status status)
{
    return status == done ? SLW_OK : status;
}

enum slw_status test_sign_and_publish(const char *role, enum test_key key);

/* a/one and two, in targets. */
enum slw_status test_act_add(void);
/* team, for team/…, which lists team/x. */
enum slw_status test_act_delegate(void);
/* Four bins under targets: one, two and three move into them. */
enum slw_status test_act_delegate_bins(void);

bool test_set_up_with_targets(void);
bool test_set_up_with_team(void);
bool test_set_up_with_bins(void);

#endif
