/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change to a repository, in the course of which each storage call is failed before it is done,
 * failed after it was done, and is the first that a killed process didn't make. After each, clients
 * that knew the old state and clients that know nothing see the old state or the new one, and doing
 * it again completes it.
 */
#ifndef SLIPWAY_TEST_CRASH_H
#define SLIPWAY_TEST_CRASH_H

#include "test_acts.h"
#include "test_refresh.h"

struct test_scenario {
    const char *name;
    /* What there is before; nothing faults. NULL: no repository. */
    bool (*set_up)(void);
    /* What is changed. It is done again after a failure, so it takes what is done already for done.
     */
    enum slw_status (*act)(void);
};

/* Cases of TAP; what tap_finish() says of them. dump, unless it is NULL: a directory that gets each
 * state that was seen, as SCENARIO-NUMBER/metadata and targets, with the first root and the two
 * states that are right. */
int test_crash_run(const struct test_scenario *scenarios, size_t count, const char *dump);

#endif
