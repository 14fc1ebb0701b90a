/* SPDX-License-Identifier: Apache-2.0 */
/* Two rules about the same: who may ask, builders, tests, approvals, hours and rates. People and
 * machines are compared by name, for indices are a policy's own. */
#include "comparing.h"
#include "read.h"

#include "slipway/policy_decide.h"

#define MINUTES_OF_A_WEEK 10080
#define MONDAY_S 345600 /* 1970-01-05 */
#define ANY_BUILD_TYPE 0xFFu

static void tell(struct slw_policy_comparing *comparing, const struct slw_policy_pair *pair,
                 bool loosens, const char *what)
{
    slw_policy_change(comparing, loosens, "%s: %s", pair->place, what);
}

static void compare_requesters(struct slw_policy_comparing *comparing,
                               const struct slw_policy_pair *pair)
{
    for (size_t i = 0; i < pair->next->requesters.count; i++) {
        struct slw_bytes name = pair->next->requesters.items[i];
        if (!slw_policy_list_has(&pair->former->requesters, name)) {
            slw_policy_change(comparing, true, "%s: requester %.*s joins", pair->place,
                              SLW_POLICY_SHOW(name));
        }
    }
    for (size_t i = 0; i < pair->former->requesters.count; i++) {
        struct slw_bytes name = pair->former->requesters.items[i];
        if (!slw_policy_list_has(&pair->next->requesters, name)) {
            slw_policy_change(comparing, false, "%s: requester %.*s goes", pair->place,
                              SLW_POLICY_SHOW(name));
        }
    }
}

static bool has_parameter(const struct slw_policy_builder *builder,
                          const struct slw_policy_parameter *parameter)
{
    for (size_t i = 0; i < builder->parameters_count; i++) {
        if (slw_bytes_equal(builder->parameters[i].name, parameter->name) &&
            slw_bytes_equal(builder->parameters[i].value, parameter->value)) {
            return true;
        }
    }
    return false;
}

static bool same_builder(const struct slw_policy_comparing *comparing,
                         const struct slw_policy_builder *former,
                         const struct slw_policy_builder *next)
{
    struct slw_bytes former_machine = comparing->former->machines.items[former->machine].name;
    struct slw_bytes next_machine = comparing->next->machines.items[next->machine].name;
    bool same = slw_bytes_equal(former_machine, next_machine) &&
                slw_bytes_equal(former->id, next->id) &&
                slw_bytes_equal(former->build_type, next->build_type) &&
                slw_bytes_equal(former->source, next->source) &&
                former->parameters_count == next->parameters_count;
    for (size_t i = 0; same && i < next->parameters_count; i++) {
        same = has_parameter(former, &next->parameters[i]);
    }
    return same;
}

static bool has_builder(const struct slw_policy_comparing *comparing,
                        const struct slw_policy_pair *pair, const struct slw_policy_builder *next)
{
    for (size_t i = 0; i < pair->former->builders_count; i++) {
        if (same_builder(comparing, &pair->former->builders[i], next)) {
            return true;
        }
    }
    return false;
}

static void compare_builders(struct slw_policy_comparing *comparing,
                             const struct slw_policy_pair *pair)
{
    size_t former = pair->former->builders_count;
    size_t next = pair->next->builders_count;
    if (former == 0 && next > 0) {
        tell(comparing, pair, false, "builders are asked for now");
        return;
    }
    if (former > 0 && next == 0) {
        tell(comparing, pair, true, "builders aren't asked for any more");
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < next; i++) {
        bool known = has_builder(comparing, pair, &pair->next->builders[i]);
        kept += known ? 1 : 0;
        if (!known) {
            slw_policy_change(comparing, true, "%s: builders[%zu] is new or changed", pair->place,
                              i);
        }
    }
    if (kept < former) {
        tell(comparing, pair, false, "a builder goes, as it was");
    }
}

static void compare_build_types(struct slw_policy_comparing *comparing,
                                const struct slw_policy_pair *pair)
{
    unsigned former = pair->former->build_types != 0 ? pair->former->build_types : ANY_BUILD_TYPE;
    unsigned next = pair->next->build_types != 0 ? pair->next->build_types : ANY_BUILD_TYPE;
    if ((next & ~former) != 0) {
        tell(comparing, pair, true, "more build types are allowed");
    }
    if ((former & ~next) != 0) {
        tell(comparing, pair, false, "fewer build types are allowed");
    }
}

static bool has_name(const struct slw_policy_parties *parties, const size_t *indices, size_t count,
                     struct slw_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (slw_bytes_equal(parties->items[indices[i]].name, name)) {
            return true;
        }
    }
    return false;
}

/* Whether the first of two sets of parties has only names that are in the second. */
static bool is_within(const struct slw_policy_parties *parties, const size_t *indices, size_t count,
                      const struct slw_policy_parties *others, const size_t *other_indices,
                      size_t other_count)
{
    for (size_t i = 0; i < count; i++) {
        if (!has_name(others, other_indices, other_count, parties->items[indices[i]].name)) {
            return false;
        }
    }
    return true;
}

static const struct slw_policy_test *find_test(const struct slw_policy_rule *rule,
                                               struct slw_bytes suite)
{
    for (size_t i = 0; i < rule->tests_count; i++) {
        if (slw_bytes_equal(rule->tests[i].suite, suite)) {
            return &rule->tests[i];
        }
    }
    return NULL;
}

static void compare_tests(struct slw_policy_comparing *comparing,
                          const struct slw_policy_pair *pair)
{
    for (size_t i = 0; i < pair->former->tests_count; i++) {
        const struct slw_policy_test *former = &pair->former->tests[i];
        const struct slw_policy_test *next = find_test(pair->next, former->suite);
        if (next == NULL) {
            slw_policy_change(comparing, true, "%s: suite %.*s isn't asked for any more",
                              pair->place, SLW_POLICY_SHOW(former->suite));
        } else if (!is_within(&comparing->next->machines, next->machines, next->machines_count,
                              &comparing->former->machines, former->machines,
                              former->machines_count)) {
            slw_policy_change(comparing, true, "%s: suite %.*s: a tester joins", pair->place,
                              SLW_POLICY_SHOW(former->suite));
        } else if (next->machines_count < former->machines_count) {
            slw_policy_change(comparing, false, "%s: suite %.*s: a tester goes", pair->place,
                              SLW_POLICY_SHOW(former->suite));
        }
    }
    for (size_t i = 0; i < pair->next->tests_count; i++) {
        if (find_test(pair->former, pair->next->tests[i].suite) == NULL) {
            slw_policy_change(comparing, false, "%s: suite %.*s is asked for now", pair->place,
                              SLW_POLICY_SHOW(pair->next->tests[i].suite));
        }
    }
}

static void compare_approvals(struct slw_policy_comparing *comparing,
                              const struct slw_policy_pair *pair)
{
    const struct slw_policy_rule *former = pair->former;
    const struct slw_policy_rule *next = pair->next;
    if (former->approvals_count != next->approvals_count) {
        slw_policy_change(comparing, next->approvals_count < former->approvals_count,
                          "%s: approvals from %u to %u", pair->place, former->approvals_count,
                          next->approvals_count);
    }
    if (former->approvals_count == 0 || next->approvals_count == 0) {
        return;
    }
    if (!is_within(&comparing->next->people, next->approvers, next->approvers_count,
                   &comparing->former->people, former->approvers, former->approvers_count)) {
        tell(comparing, pair, true, "an approver joins");
    }
    if (!is_within(&comparing->former->people, former->approvers, former->approvers_count,
                   &comparing->next->people, next->approvers, next->approvers_count)) {
        tell(comparing, pair, false, "an approver goes");
    }
}

/* Minute by minute of a week: what can be counted needn't be argued about. */
static void compare_hours(struct slw_policy_comparing *comparing,
                          const struct slw_policy_pair *pair)
{
    bool more = false;
    bool fewer = false;
    for (int64_t minute = 0; minute < MINUTES_OF_A_WEEK; minute++) {
        int64_t utc_s = MONDAY_S + minute * 60;
        bool former = slw_policy_hours_allow(&pair->former->hours, utc_s);
        bool next = slw_policy_hours_allow(&pair->next->hours, utc_s);
        more = more || (next && !former);
        fewer = fewer || (former && !next);
    }
    if (more) {
        tell(comparing, pair, true, "more hours are allowed");
    }
    if (fewer) {
        tell(comparing, pair, false, "fewer hours are allowed");
    }
}

static void compare_rate(struct slw_policy_comparing *comparing, const struct slw_policy_pair *pair)
{
    const struct slw_policy_rate *former = &pair->former->rate;
    const struct slw_policy_rate *next = &pair->next->rate;
    if (former->given && !next->given) {
        tell(comparing, pair, true, "the rate isn't limited any more");
    } else if (!former->given && next->given) {
        tell(comparing, pair, false, "the rate is limited now");
    } else if (former->count != next->count || former->per_s != next->per_s) {
        bool loosens = next->count > former->count || next->per_s < former->per_s;
        slw_policy_change(comparing, loosens, "%s: rate from %u in %u s to %u in %u s", pair->place,
                          former->count, former->per_s, next->count, next->per_s);
    }
}

void slw_policy_compare_demands(struct slw_policy_comparing *comparing,
                                const struct slw_policy_pair *pair)
{
    compare_requesters(comparing, pair);
    compare_builders(comparing, pair);
    compare_build_types(comparing, pair);
    compare_tests(comparing, pair);
    compare_approvals(comparing, pair);
    compare_hours(comparing, pair);
    compare_rate(comparing, pair);
}
