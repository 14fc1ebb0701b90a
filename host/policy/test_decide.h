/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of what may be wrong with a request, for the tests of decisions: each row changes the good
 * request in one way, and must be refused for that alone.
 */
#ifndef SLIPWAY_POLICY_TEST_DECIDE_H
#define SLIPWAY_POLICY_TEST_DECIDE_H

#include "test_policy.h"

#include "tap.h"

static struct slw_detail detail;
static struct slw_policy *policy; /* test_policy, parsed */

#define TEXT(literal) SLW_BYTES_OF(literal)
#define ROW(change) #change, change
#define CHANGE(name, ...)                                                                          \
    static void name(struct test_request *r)                                                       \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }

/* What is wrong, and what must be said. */
struct row {
    const char *name;
    void (*change)(struct test_request *request);
    enum slw_policy_outcome outcome;
    enum slw_policy_need need; /* the only one that isn't met */
    enum slw_status reason;
};

static size_t count_unmet(const struct slw_policy_decision *decision,
                          enum slw_policy_need *ret_need, enum slw_status *ret_reason)
{
    size_t unmet = 0;
    for (size_t i = 0; i < decision->count; i++) {
        if (decision->requirements[i].answer != SLW_POLICY_MET) {
            *ret_need = decision->requirements[i].need;
            *ret_reason = decision->requirements[i].reason;
            unmet++;
        }
        TAP_CHECK(decision->requirements[i].text[0] != '\0');
    }
    return unmet;
}

static void check_row(const struct row *row, const struct slw_policy_facts *facts)
{
    struct slw_policy_decision decision = {0};
    enum slw_policy_need need = 0;
    enum slw_status reason = SLW_OK;
    TAP_ROW(row->name);
    detail.text[0] = '\0';
    TAP_EQUAL_INT(slw_policy_decide(policy, facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, row->outcome);
    TAP_EQUAL_INT(decision.reason, row->reason);
    size_t unmet = count_unmet(&decision, &need, &reason);
    if (row->outcome == SLW_POLICY_ALLOWED) {
        TAP_EQUAL_INT(unmet, 0);
    } else {
        TAP_EQUAL_INT(unmet, 1);
        TAP_EQUAL_INT(need, row->need);
        TAP_EQUAL_INT(reason, row->reason);
        TAP_CHECK(detail.text[0] != '\0');
    }
    slw_policy_decision_free(&decision);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct test_request request;
        test_request_init(&request);
        rows[i].change(&request);
        check_row(&rows[i], &request.facts);
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

CHANGE(nothing, (void)r)

#endif
