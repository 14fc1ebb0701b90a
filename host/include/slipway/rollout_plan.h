/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rollout is planned to do, which devices a group has, and when a device may be updated: the
 * JSON of spec/DEPOT.md, section 6, read strictly and judged without a database. Shares are in
 * millionths.
 *
 *     SLW_TRY(slw_rollout_plan_parse(text, &plan, detail));
 *     if (slw_cohort_is_in(cohort, plan.phases[phase].ppm) || slw_rollout_plan_has_canary(&plan,
 * device)) … slw_rollout_plan_free(&plan);
 *
 *     SLW_TRY(slw_group_parse(text, &group, detail));
 *     if (slw_group_matches(&group, &subject)) …
 *     slw_group_free(&group);
 */
#ifndef SLIPWAY_ROLLOUT_PLAN_H
#define SLIPWAY_ROLLOUT_PLAN_H

#include "slipway/json_reader.h"
#include "slipway/rollout.h"

#define SLW_ROLLOUT_PHASES_MAX 32u
#define SLW_ROLLOUT_CANARIES_MAX 1000u
#define SLW_GROUP_TERMS_MAX 64u
#define SLW_GROUP_DEPTH_MAX 8u
#define SLW_WINDOWS_MAX 32u

struct slw_rollout_phase {
    uint32_t ppm;         /* of all devices of the group, this phase and those before it */
    uint32_t soak_s;      /* after it passed, before the next begins */
    double failure_limit; /* the phase's own, or the rule's */
};

struct slw_rollout_plan {
    struct slw_rollout_phase phases[SLW_ROLLOUT_PHASES_MAX];
    size_t phases_count;
    struct slw_health_rule rule; /* failure_limit: of phases without one */
    uint32_t silence_s;          /* a device that began and says nothing for so long has failed */
    uint32_t rate_per_hour;      /* offers; 0: as many as ask */
    uint32_t canaries;           /* the array in json; SLW_JSON_NONE */
    struct slw_json_document json;
    struct slw_heap_buffer text;
};

/*
 * Reads a plan; text needn't outlive it. SLW_MALFORMED and SLW_BAD_ARGUMENT name the place: phases
 * must rise and end at everybody, limits make sense, no member be unknown.
 */
SLW_MUST_USE enum slw_status slw_rollout_plan_parse(struct slw_bytes text,
                                                    struct slw_rollout_plan *ret_plan,
                                                    struct slw_detail *detail);
void slw_rollout_plan_free(struct slw_rollout_plan *plan);
SLW_MUST_USE bool slw_rollout_plan_has_canary(const struct slw_rollout_plan *plan,
                                              struct slw_bytes device);
/* The rule for one phase. */
struct slw_health_rule slw_rollout_plan_rule(const struct slw_rollout_plan *plan, size_t phase);

/* What a group asks about. */
struct slw_group_subject {
    struct slw_bytes hardware, key_class, channel;
    int64_t version;
    const struct slw_json_document *attributes; /* object of texts, or NULL */
    const struct slw_json_document *tags;       /* array of texts, or NULL */
};

struct slw_group {
    struct slw_json_document json;
    struct slw_heap_buffer text;
};

/* {"all": [TERM…]}, TERM = {"attribute": NAME, "is": TEXT} | {"tag": NAME} | {"not": TERM} |
 * {"any": [TERM…]} | {"all": [TERM…]};
 * {"all": []} has every device. Attributes: hardware, class, channel, version, and what devices
 * report. */
SLW_MUST_USE enum slw_status slw_group_parse(struct slw_bytes text, struct slw_group *ret_group,
                                             struct slw_detail *detail);
void slw_group_free(struct slw_group *group);
SLW_MUST_USE bool slw_group_matches(const struct slw_group *group,
                                    const struct slw_group_subject *subject);

/* Maintenance windows: [{"days": ["mon", …]?, "from": "HH:MM", "to": "HH:MM"}…], local time; to not
 * above from: over midnight, and counted to the day that it begins on. None: always open. */
struct slw_windows {
    struct {
        uint8_t days; /* bit 0: Monday */
        uint16_t from_min, to_min;
    } windows[SLW_WINDOWS_MAX];
    size_t count;
};
SLW_MUST_USE enum slw_status slw_windows_parse(struct slw_bytes text,
                                               struct slw_windows *ret_windows,
                                               struct slw_detail *detail);
SLW_MUST_USE bool slw_windows_are_open(const struct slw_windows *windows, int64_t utc_s,
                                       int32_t utc_offset_s);

#endif
