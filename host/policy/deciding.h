/* SPDX-License-Identifier: Apache-2.0 */
/* A decision while it is made: the steps are in decide_*.c. Private to host/policy. */
#ifndef SLIPWAY_POLICY_DECIDING_H
#define SLIPWAY_POLICY_DECIDING_H

#include "slipway/policy_decide.h"

struct slw_policy_deciding {
    const struct slw_policy *policy;
    const struct slw_policy_facts *facts;
    const struct slw_policy_signing_key *key;
    const struct slw_policy_rule *rule;
    struct slw_policy_holder requester;
    struct slw_policy_decision *decision;
    enum slw_status status; /* sticky: memory ran out */
};

/*
 * Adds a requirement to the list, with its text. reason SLW_OK: it is met. Whether an unmet one may
 * still be met by waiting follows from the need.
 */
void slw_policy_require(struct slw_policy_deciding *deciding, enum slw_policy_need need,
                        enum slw_status reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* decide_build.c */
void slw_policy_require_build(struct slw_policy_deciding *deciding);
/* decide_people.c */
void slw_policy_require_requester(struct slw_policy_deciding *deciding);
void slw_policy_require_approvals(struct slw_policy_deciding *deciding);
/* decide_time.c */
void slw_policy_require_clock(struct slw_policy_deciding *deciding);
void slw_policy_require_fresh(struct slw_policy_deciding *deciding);
void slw_policy_require_rate(struct slw_policy_deciding *deciding);
void slw_policy_require_hours(struct slw_policy_deciding *deciding);

/* Views for "%.*s", as the formats here have them. */
#define SLW_POLICY_SHOW(view) (int)(view).len, (const char *)(view).ptr

#endif
