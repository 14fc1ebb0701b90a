/* SPDX-License-Identifier: Apache-2.0 */
/* The health rule: its bounds against plain sums, and how often it is wrong, by simulation. */
#include "slipway/rollout.h"

#include "tap.h"

#include <math.h>
#include <stdio.h>

/* --- Bounds --- */

/* P(X >= k) by adding up, in the order that loses least. */
static double tail(unsigned n, unsigned k, double p)
{
    double sum = 0;
    for (unsigned x = n + 1; x-- > k;) {
        double log_term = lgamma(n + 1.0) - lgamma(x + 1.0) - lgamma(n - x + 1.0) + x * log(p) +
                          (n - x) * log1p(-p);
        sum += exp(log_term);
    }
    return sum;
}

static void has_bounds_that_sums_confirm(void)
{
    static const double levels[] = {0.025, 0.05, 0.007, 0.0001};
    unsigned wrong = 0;
    for (unsigned n = 1; n <= 60; n++) {
        for (unsigned f = 0; f <= n; f++) {
            for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
                double lower = slw_binomial_lower(n, f, levels[i]);
                double upper = slw_binomial_upper(n, f, levels[i]);
                wrong += f > 0 && fabs(tail(n, f, lower) / levels[i] - 1) > 1e-6;
                wrong += f < n && fabs((1 - tail(n, f + 1, upper)) / levels[i] - 1) > 1e-5;
                wrong += !(lower <= (double)f / n && upper >= (double)f / n);
            }
        }
    }
    TAP_EQUAL_INT(wrong, 0);
}

/* Values that books have, to the digits that they print. */
static void has_bounds_that_are_known(void)
{
    static const struct {
        uint64_t n, f;
        double level, lower, upper, within;
    } rows[] = {
        {10, 0, 0.025, 0, 0.3085, 5e-5},
        {10, 1, 0.025, 0.0025, 0.4450, 5e-5},
        {10, 10, 0.025, 0.6915, 1, 5e-5},
        {100, 5, 0.025, 0.0164, 0.1128, 5e-5},
        {100, 0, 0.05, 0, 0.029513, 1e-6}, /* 1 - 0.05^(1/100) */
        {0, 0, 0.05, 0, 1, 0},
        /* The normal approximation is good there: 0.02 -+ 1.96 * sqrt(0.02 * 0.98 / 10^7). */
        {10000000, 200000, 0.025, 0.0199132, 0.0200870, 2e-7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[48];
        (void)snprintf(name, sizeof name, "%u of %u", (unsigned)rows[i].f, (unsigned)rows[i].n);
        TAP_ROW(name);
        double lower = slw_binomial_lower(rows[i].n, rows[i].f, rows[i].level);
        double upper = slw_binomial_upper(rows[i].n, rows[i].f, rows[i].level);
        TAP_CHECK(fabs(lower - rows[i].lower) <= rows[i].within);
        TAP_CHECK(fabs(upper - rows[i].upper) <= rows[i].within);
    }
    TAP_ROW(NULL);
}

/* --- When it is looked at --- */

static const struct slw_health_rule usual = {.failure_limit = 0.02, .confidence = 0.95};

static void looks_after_fixed_counts(void)
{
    static const uint64_t expected[] = {5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4000, 5000, 5001};
    uint64_t at = 0;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        at = slw_health_next_look(&usual, 5000, at);
        TAP_CHECK(at == expected[i]);
    }
    TAP_EQUAL_INT(slw_health_looks(&usual, 5000), 11);
    TAP_EQUAL_INT(slw_health_looks(&usual, 3), 1);
    TAP_EQUAL_INT(slw_health_looks(&usual, 0), 1);
    TAP_CHECK(slw_health_next_look(&usual, 5000, 7) == 10);
    TAP_CHECK(slw_health_next_look(&usual, 3, 0) == 3);
    TAP_CHECK(slw_health_next_look(&usual, UINT64_MAX, UINT64_MAX - 1) == UINT64_MAX);
    TAP_CHECK(slw_health_looks(&usual, UINT64_MAX) < 80);
}

static void refuses_rules_that_make_no_sense(void)
{
    static const struct slw_health_rule rows[] = {
        {.failure_limit = 0, .confidence = 0.95},
        {.failure_limit = 1, .confidence = 0.95},
        {.failure_limit = -0.1, .confidence = 0.95},
        {.failure_limit = NAN, .confidence = 0.95},
        {.failure_limit = 0.02, .halt_limit = 1, .confidence = 0.95},
        {.failure_limit = 0.02, .halt_limit = -1, .confidence = 0.95},
        {.failure_limit = 0.02, .confidence = 0.4},
        {.failure_limit = 0.02, .confidence = 1},
        {.failure_limit = 0.02, .confidence = NAN},
        {.failure_limit = 0.02, .confidence = 0.95, .looks = {0}, .looks_count = 1},
        {.failure_limit = 0.02, .confidence = 0.95, .looks = {5, 5}, .looks_count = 2},
        {.failure_limit = 0.02, .confidence = 0.95, .looks = {10, 5}, .looks_count = 2},
        {.failure_limit = 0.02, .confidence = 0.95, .looks_count = SLW_HEALTH_LOOKS_MAX + 1},
    };
    TAP_EQUAL_INT(slw_health_rule_check(&usual), SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_EQUAL_INT(slw_health_rule_check(&rows[i]), SLW_BAD_ARGUMENT);
    }
}

/* Ten devices can't show that fewer than 2 % fail, but three of them that more do. */
static void halts_early_what_is_worse_than_bearable(void)
{
    const struct slw_health_rule first = {
        .failure_limit = 0.4, .halt_limit = 0.02, .confidence = 0.95};
    TAP_EQUAL_INT(slw_health_look(&first, 10, 10, 0).verdict, SLW_HEALTH_GOOD);
    TAP_EQUAL_INT(slw_health_look(&first, 10, 10, 1).verdict, SLW_HEALTH_UNSURE);
    TAP_EQUAL_INT(slw_health_look(&first, 10, 10, 3).verdict, SLW_HEALTH_BAD);
    TAP_EQUAL_INT(slw_health_look(&first, 1000, 500, 40).verdict, SLW_HEALTH_BAD);
}

static void says_what_few_outcomes_allow(void)
{
    static const struct {
        const char *name;
        uint64_t population, outcomes, failures;
        enum slw_health_verdict verdict;
    } rows[] = {
        {"nothing yet", 1000, 0, 0, SLW_HEALTH_UNSURE},
        {"a bad image", 1000, 5, 5, SLW_HEALTH_BAD},
        {"two of five", 1000, 5, 2, SLW_HEALTH_BAD},
        {"one of five may be chance", 1000, 5, 1, SLW_HEALTH_UNSURE},
        {"none of ten proves little", 10, 10, 0, SLW_HEALTH_UNSURE},
        {"none of 500", 1000, 500, 0, SLW_HEALTH_GOOD},
        {"as bad as the limit", 100000, 1000, 20, SLW_HEALTH_UNSURE},
        {"half of the limit, many", 100000, 4000, 40, SLW_HEALTH_GOOD},
        {"twice the limit, many", 100000, 1000, 40, SLW_HEALTH_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_health_look look =
            slw_health_look(&usual, rows[i].population, rows[i].outcomes, rows[i].failures);
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(look.verdict, rows[i].verdict);
    }
    TAP_ROW(NULL);
}

/* --- How often it is wrong --- */

static uint64_t seed;

static double random_share(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) / 9007199254740992.0;
}

struct verdicts {
    unsigned good, bad, unsure;
    uint64_t harmed; /* devices that failed until the verdict, in all runs */
};

static struct verdicts simulate(uint64_t population, double rate, unsigned runs)
{
    struct verdicts verdicts = {0};
    seed = UINT64_C(0x9e3779b97f4a7c15) + population;
    for (unsigned run = 0; run < runs; run++) {
        enum slw_health_verdict verdict = SLW_HEALTH_UNSURE;
        uint64_t failures = 0;
        uint64_t next = slw_health_next_look(&usual, population, 0);
        for (uint64_t n = 1; n <= population && verdict == SLW_HEALTH_UNSURE; n++) {
            failures += random_share() < rate;
            if (n == next) {
                verdict = slw_health_look(&usual, population, n, failures).verdict;
                next = slw_health_next_look(&usual, population, n);
            }
        }
        verdicts.good += verdict == SLW_HEALTH_GOOD;
        verdicts.bad += verdict == SLW_HEALTH_BAD;
        verdicts.unsure += verdict == SLW_HEALTH_UNSURE;
        verdicts.harmed += failures;
    }
    return verdicts;
}

static void seldom_halts_what_is_bearable(void)
{
    /* At the limit itself, which is the worst case: at most 1 - confidence, by the rule's making.
     */
    TAP_CHECK(simulate(5000, 0.02, 400).bad <= 20);
    TAP_CHECK(simulate(500, 0.02, 2000).bad <= 100);
    TAP_EQUAL_INT(simulate(5000, 0.005, 400).bad, 0);
}

static void seldom_lets_the_unbearable_through(void)
{
    struct verdicts at_limit = simulate(5000, 0.0201, 400);
    TAP_CHECK(at_limit.good <= 20);
    struct verdicts twice = simulate(5000, 0.04, 400);
    TAP_EQUAL_INT(twice.good, 0);
    TAP_CHECK(twice.bad >= 396);
}

static void halts_a_bad_image_after_few_devices(void)
{
    struct verdicts broken = simulate(5000, 0.9, 400);
    TAP_EQUAL_INT(broken.bad, 400);
    TAP_CHECK(broken.harmed <= 400 * 5);
    struct verdicts half = simulate(5000, 0.5, 400);
    TAP_EQUAL_INT(half.bad, 400);
    TAP_CHECK(half.harmed <= 400 * 4);
}

static void passes_what_is_good(void)
{
    struct verdicts good = simulate(5000, 0.005, 400);
    TAP_CHECK(good.good >= 396);
}

int main(void)
{
    TAP_RUN(has_bounds_that_sums_confirm);
    TAP_RUN(has_bounds_that_are_known);
    TAP_RUN(looks_after_fixed_counts);
    TAP_RUN(refuses_rules_that_make_no_sense);
    TAP_RUN(halts_early_what_is_worse_than_bearable);
    TAP_RUN(says_what_few_outcomes_allow);
    TAP_RUN(seldom_halts_what_is_bearable);
    TAP_RUN(seldom_lets_the_unbearable_through);
    TAP_RUN(halts_a_bad_image_after_few_devices);
    TAP_RUN(passes_what_is_good);
    return tap_finish();
}
