/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison of two policies while it is made: the parts are in compare_*.c. Private to
 * host/policy. */
#ifndef SLIPWAY_POLICY_COMPARING_H
#define SLIPWAY_POLICY_COMPARING_H

#include "slipway/policy_compare.h"

struct slw_policy_comparing {
    const struct slw_policy *former;
    const struct slw_policy *next;
    struct slw_policy_changes *changes;
    enum slw_status status; /* sticky: memory ran out */
};

/* Two rules that are about the same, and how people find the next one. */
struct slw_policy_pair {
    const struct slw_policy_rule *former;
    const struct slw_policy_rule *next;
    char place[192]; /* "rules[0] (lamp, prod, targets)" */
};

/* Adds a change to the list, and remembers whether any loosens. */
void slw_policy_change(struct slw_policy_comparing *comparing, bool loosens, const char *format,
                       ...) __attribute__((format(printf, 3, 4)));

/* Keys, thresholds, witnesses. */
void slw_policy_compare_parties(struct slw_policy_comparing *comparing);

/* What two rules that are about the same ask for: of people and builds; of the content. */
void slw_policy_compare_demands(struct slw_policy_comparing *comparing,
                                const struct slw_policy_pair *pair);
void slw_policy_compare_content(struct slw_policy_comparing *comparing,
                                const struct slw_policy_pair *pair);

/* Views for "%.*s". */
#define SLW_POLICY_SHOW(view) (int)(view).len, (const char *)(view).ptr

#endif
