/* SPDX-License-Identifier: Apache-2.0 */
/* The health rule: when outcomes are looked at, and what they say (spec/DEPOT.md, section 6). */
#include "slipway/rollout.h"

#include "slipway/checked.h"

#include <math.h>

static const uint32_t usual_looks[] = {5, 10, 20, 50, 100, 200, 500, 1000};

static const uint32_t *looks_of(const struct slw_health_rule *rule, size_t *ret_count)
{
    if (rule->looks_count == 0) {
        *ret_count = sizeof usual_looks / sizeof usual_looks[0];
        return usual_looks;
    }
    *ret_count = rule->looks_count;
    return rule->looks;
}

enum slw_status slw_health_rule_check(const struct slw_health_rule *rule)
{
    if (!(rule->failure_limit > 0 && rule->failure_limit < 1) ||
        !(rule->halt_limit >= 0 && rule->halt_limit < 1) ||
        !(rule->confidence >= 0.5 && rule->confidence <= 0.9999) ||
        rule->looks_count > SLW_HEALTH_LOOKS_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    uint32_t former = 0;
    for (size_t i = 0; i < rule->looks_count; i++) {
        if (rule->looks[i] <= former) {
            return SLW_BAD_ARGUMENT;
        }
        former = rule->looks[i];
    }
    return SLW_OK;
}

/* The number of the list behind looked_at, however many devices there are. */
static uint64_t listed_after(const struct slw_health_rule *rule, uint64_t looked_at)
{
    size_t count;
    const uint32_t *looks = looks_of(rule, &count);
    for (size_t i = 0; i < count; i++) {
        if (looks[i] > looked_at) {
            return looks[i];
        }
    }
    uint64_t next = looks[count - 1];
    while (next <= looked_at) {
        if (next > UINT64_MAX / 2) {
            return UINT64_MAX;
        }
        next *= 2;
    }
    return next;
}

uint64_t slw_health_next_look(const struct slw_health_rule *rule, uint64_t population,
                              uint64_t looked_at)
{
    if (looked_at >= population) {
        return population == UINT64_MAX ? UINT64_MAX : population + 1;
    }
    uint64_t next = listed_after(rule, looked_at);
    return slw_min_u64(next, population);
}

uint32_t slw_health_looks(const struct slw_health_rule *rule, uint64_t population)
{
    uint32_t count = 0;
    for (uint64_t at = 0; at < population; count++) {
        at = slw_health_next_look(rule, population, at);
    }
    return count == 0 ? 1 : count;
}

struct slw_health_look slw_health_look(const struct slw_health_rule *rule, uint64_t population,
                                       uint64_t outcomes, uint64_t failures)
{
    double level = (1 - rule->confidence) / slw_health_looks(rule, population);
    struct slw_health_look look = {
        .verdict = SLW_HEALTH_UNSURE,
        .rate = outcomes == 0 ? 0 : (double)failures / (double)outcomes,
        .lower = slw_binomial_lower(outcomes, failures, level),
        .upper = slw_binomial_upper(outcomes, failures, level),
        .level = level,
    };
    double halt_limit = rule->halt_limit > 0 ? rule->halt_limit : rule->failure_limit;
    if (look.lower > halt_limit) {
        look.verdict = SLW_HEALTH_BAD;
    } else if (look.upper < rule->failure_limit) {
        look.verdict = SLW_HEALTH_GOOD;
    }
    return look;
}
