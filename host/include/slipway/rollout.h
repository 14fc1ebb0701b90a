/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is in a phase of a rollout, and what its outcomes say: pure functions, used by the depot and
 * by the simulator that judges the rule (spec/DEPOT.md, section 6).
 *
 *     if (slw_cohort_is_in(slw_cohort(rollout, device), phase.ppm)) { offer }
 *
 *     struct slw_health_rule rule = {.failure_limit = 0.02, .confidence = 0.95};
 *     if (slw_health_next_look(&rule, population, looked_at) <= outcomes) {
 *         struct slw_health_look look = slw_health_look(&rule, population, outcomes, failures);
 *         switch (look.verdict) …
 *     }
 */
#ifndef SLIPWAY_ROLLOUT_H
#define SLIPWAY_ROLLOUT_H

#include "slipway/bytes.h"
#include "slipway/status.h"

#include <stdint.h>

#define SLW_PPM 1000000u         /* a share of everything, in millionths */
#define SLW_HEALTH_LOOKS_MAX 16u /* that a rule may name; later ones double */

/* A device's place in the order in which a rollout reaches devices: a fraction of 2^64, the first 8
 * bytes (big-endian) of SHA-256("slipway cohort v1\n" ROLLOUT "\n" DEVICE). */
uint64_t slw_cohort(int64_t rollout, struct slw_bytes device);

/* Whether the first ppm millionths of all devices have it among them. 0: nobody, SLW_PPM and above:
 * everybody. */
SLW_MUST_USE bool slw_cohort_is_in(uint64_t cohort, uint32_t ppm);

/*
 * When outcomes are looked at and what they must show. A rule is looked at after fixed counts of
 * outcomes, never when it suits, because a rule that is looked at often enough halts every rollout;
 * the chance of being wrong that confidence leaves is shared out equally among the looks that a
 * phase can have, for each of the two bounds.
 */
struct slw_health_rule {
    double failure_limit; /* share of failures that a phase passes below, above 0 and below 1 */
    double halt_limit; /* above it, it is halted; 0: failure_limit. Early phases have few devices,
                          which can't show that few fail, but well that many do */
    double confidence; /* 0.5 to 0.9999 */
    uint32_t
        looks[SLW_HEALTH_LOOKS_MAX]; /* ascending counts; after the last, each twice the former */
    size_t looks_count;              /* 0: 5, 10, 20, 50, 100, 200, 500, 1000 */
};

/* SLW_BAD_ARGUMENT for a rule that makes no sense. */
SLW_MUST_USE enum slw_status slw_health_rule_check(const struct slw_health_rule *rule);

/* The count of outcomes at which to look next, when the last look was at looked_at of them (0: none
 * was): the next number of the list, or population, the devices of the phase, when that comes
 * first. Above population, hence never, once looked_at is all of them. */
uint64_t slw_health_next_look(const struct slw_health_rule *rule, uint64_t population,
                              uint64_t looked_at);

/* How many looks a phase of so many devices can have; at least 1. */
uint32_t slw_health_looks(const struct slw_health_rule *rule, uint64_t population);

enum slw_health_verdict {
    SLW_HEALTH_UNSURE, /* go on gathering outcomes; with all of them there: a person decides */
    SLW_HEALTH_GOOD,   /* the upper bound of the failure rate is below the limit */
    SLW_HEALTH_BAD,    /* the lower bound is above the limit for halting, whatever else holds */
};

struct slw_health_look {
    enum slw_health_verdict verdict;
    double rate;  /* failures / outcomes; 0 without outcomes */
    double lower; /* one-sided Clopper-Pearson bounds at the level of this look */
    double upper;
    double level; /* (1 - confidence) / looks */
};

/* What the outcomes say. failures is at most outcomes, outcomes at most population. */
struct slw_health_look slw_health_look(const struct slw_health_rule *rule, uint64_t population,
                                       uint64_t outcomes, uint64_t failures);

/* The one-sided Clopper-Pearson bounds by themselves, each wrong with a probability of at most
 * level. */
double slw_binomial_lower(uint64_t outcomes, uint64_t failures, double level);
double slw_binomial_upper(uint64_t outcomes, uint64_t failures, double level);

#endif
