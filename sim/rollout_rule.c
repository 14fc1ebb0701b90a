/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often the health rule of rollouts is wrong, and whom that harms: whole rollouts of releases
 * that fail at a known rate, by the rule that the depot runs. Prints docs/ROLLOUT-RULE.md; a test
 * compares. Chance is a generator of its own, so that every run gives the same.
 *
 *     build/release/sim/rollout_rule >docs/ROLLOUT-RULE.md
 */
#include "slipway/rollout_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 1000u

struct fleet {
    uint64_t devices;
    const char *plan;
};

static const struct fleet fleets[] = {
    {1000,
     "{\"phases\":[{\"ppm\":10000,\"failure_ppm\":400000},{\"ppm\":50000,\"failure_ppm\":150000},"
     "{\"ppm\":250000,\"failure_ppm\":40000},{\"ppm\":1000000}]}"},
    {100000, "{\"phases\":[{\"ppm\":10000},{\"ppm\":50000},{\"ppm\":250000},{\"ppm\":1000000}]}"},
};

/* True shares of devices that fail, in millionths. The limit of the plans' last phase is 20,000. */
static const unsigned rates[] = {1000, 5000, 10000, 20000, 30000, 40000, 100000, 500000, 900000};

struct outcome {
    enum slw_health_verdict verdict; /* of the phase it ended in */
    uint64_t reached, harmed;
};

static uint64_t seed;

static bool fails(unsigned ppm)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 20) % SLW_PPM < ppm;
}

static enum slw_health_verdict run_phase(const struct slw_health_rule *rule, uint64_t population,
                                         unsigned ppm, struct outcome *outcome)
{
    enum slw_health_verdict verdict = SLW_HEALTH_UNSURE;
    uint64_t failures = 0;
    uint64_t next = slw_health_next_look(rule, population, 0);
    bool has_passed = false;
    for (uint64_t n = 1; n <= population; n++) {
        failures += fails(ppm);
        outcome->reached++;
        if (n != next) {
            continue;
        }
        verdict = slw_health_look(rule, population, n, failures).verdict;
        has_passed = has_passed || verdict == SLW_HEALTH_GOOD;
        next = slw_health_next_look(rule, population, n);
        if (verdict == SLW_HEALTH_BAD || has_passed) {
            break;
        }
    }
    outcome->harmed += failures;
    return verdict;
}

/* Phase after phase, until one doesn't pass by itself; in the last one everybody is reached in the
 * end. */
static struct outcome run_rollout(const struct slw_rollout_plan *plan, uint64_t devices,
                                  unsigned ppm)
{
    struct outcome outcome = {.verdict = SLW_HEALTH_GOOD};
    uint64_t before = 0;
    for (size_t i = 0; i < plan->phases_count && outcome.verdict == SLW_HEALTH_GOOD; i++) {
        struct slw_health_rule rule = slw_rollout_plan_rule(plan, i);
        uint64_t all = devices * plan->phases[i].ppm / SLW_PPM;
        outcome.verdict = run_phase(&rule, all - before, ppm, &outcome);
        before = all;
    }
    return outcome;
}

static int compare(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

static void print_row(const struct slw_rollout_plan *plan, uint64_t devices, unsigned ppm)
{
    static uint64_t harmed[RUNS];
    static uint64_t reached[RUNS];
    unsigned counts[3] = {0};
    for (unsigned i = 0; i < RUNS; i++) {
        struct outcome outcome = run_rollout(plan, devices, ppm);
        counts[outcome.verdict]++;
        harmed[i] = outcome.harmed;
        reached[i] = outcome.reached;
    }
    qsort(harmed, RUNS, sizeof harmed[0], compare);
    qsort(reached, RUNS, sizeof reached[0], compare);
    printf("| %.1f %% | %.1f %% | %.1f %% | %.1f %% | %llu | %llu | %llu |\n", ppm / 1e4,
           counts[SLW_HEALTH_GOOD] * 100.0 / RUNS, counts[SLW_HEALTH_BAD] * 100.0 / RUNS,
           counts[SLW_HEALTH_UNSURE] * 100.0 / RUNS, (unsigned long long)reached[RUNS / 2],
           (unsigned long long)harmed[RUNS / 2], (unsigned long long)harmed[RUNS * 99 / 100]);
}

static bool print_fleet(const struct fleet *fleet)
{
    struct slw_rollout_plan plan;
    struct slw_detail detail = {""};
    if (slw_rollout_plan_parse(slw_bytes_make(fleet->plan, strlen(fleet->plan)), &plan, &detail) !=
        SLW_OK) {
        fprintf(stderr, "%s\n", detail.text);
        return false;
    }
    printf("\n## %llu devices\n\n", (unsigned long long)fleet->devices);
    printf("Phases:");
    for (size_t i = 0; i < plan.phases_count; i++) {
        printf("%s %g %% (limit %g %%)", i == 0 ? "" : ",", plan.phases[i].ppm / 1e4,
               plan.phases[i].failure_limit * 100);
    }
    printf(".\n\n| fails | passes by itself | is halted | waits for a person | devices reached | "
           "harmed | harmed, worst of 100 |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        seed = UINT64_C(0x9e3779b97f4a7c15) + fleet->devices + rates[i];
        print_row(&plan, fleet->devices, rates[i]);
    }
    slw_rollout_plan_free(&plan);
    return true;
}

int main(void)
{
    printf("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
           "# How often the rule of rollouts is wrong\n\n"
           "Printed by [sim/rollout_rule.c](../sim/rollout_rule.c): %u rollouts for each row, of a "
           "release that fails on this share of\n"
           "devices, by the rule that the depot runs "
           "([rollout.h](../host/include/slipway/rollout.h)), "
           "with 95 %% confidence and nobody\n"
           "who steps in. *Reached* and *harmed* are the devices that had the release, and failed, "
           "when it passed, was halted or\n"
           "waited (the median); a phase that passes goes on to the next at once, without its soak "
           "time. The limits below are for passing; above 2 %% a phase is halted.\n",
           RUNS);
    for (size_t i = 0; i < sizeof fleets / sizeof fleets[0]; i++) {
        if (!print_fleet(&fleets[i])) {
            return 1;
        }
    }
    return 0;
}
