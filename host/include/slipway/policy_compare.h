/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes from one policy to the next, and when the next one is in force. Loosening is
 * anything that could let through what the former policy refused, and everything that isn't proven
 * to be tighter counts as loosening: another form of the same may be called looser, never the other
 * way round.
 *
 *     struct slw_policy_changes changes;
 *     SLW_TRY(slw_policy_compare(former, next, &changes));
 *     int64_t in_force = slw_policy_in_force_utc_s(former, &changes, logged_utc_s);
 *     slw_policy_changes_free(&changes);
 *
 * A policy is in force as a whole: one that loosens anything waits with everything in it, for the
 * parts of it were signed together. To take somebody's key away at once, a policy says that and
 * nothing else.
 */
#ifndef SLIPWAY_POLICY_COMPARE_H
#define SLIPWAY_POLICY_COMPARE_H

#include "slipway/policy.h"

#define SLW_POLICY_CHANGES_MAX                                                                     \
    1024u /* that are told; loosened says whether any was, beyond too                              \
           */

struct slw_policy_change {
    bool loosens;
    const char *text; /* one line: "rules[0] (lamp, prod, targets): approvals from 2 to 1" */
    size_t offset;    /* private */
};

struct slw_policy_changes {
    bool loosened;
    struct slw_policy_change *items;
    size_t count;
    struct slw_heap_buffer texts; /* private */
};

/* SLW_NO_SPACE alone. Free the changes when SLW_OK was returned. */
SLW_MUST_USE enum slw_status slw_policy_compare(const struct slw_policy *former,
                                                const struct slw_policy *next,
                                                struct slw_policy_changes *ret_changes);
void slw_policy_changes_free(struct slw_policy_changes *changes);

/* When next is in force: at once, or after the former policy's delay. Never overflows. */
int64_t slw_policy_in_force_utc_s(const struct slw_policy *former,
                                  const struct slw_policy_changes *changes, int64_t logged_utc_s);

#endif
