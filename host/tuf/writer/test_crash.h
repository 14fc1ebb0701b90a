/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change to a repository, in the course of which each storage call is failed before it is done,
 * failed after it was done, and is the first that a killed process didn't make. After each, clients
 * that knew the old state and clients that know nothing see the old state or the new one, and doing
 * it again completes it, for them too.
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

/*
 * Cases of TAP; what tap_finish() says of them.
 *
 * states, unless it is NULL, is a directory for another client's judgement instead of ours: each
 * state gets a folder "SCENARIO, FAULT call N" there, equal ones once, with
 *
 *     metadata targets              after the fault; not when nothing was ever published
 *     again/metadata again/targets  after it was done again
 *     client                        the files of a client that knew the old state
 *     fresh                         those of one that trusts the first root and knows no more
 *     old-state new-state           "root VERSION", and a line "ROLE: TARGET HASH" for each target
 */
int test_crash_run(const struct test_scenario *scenarios, size_t count, const char *states);

#endif
