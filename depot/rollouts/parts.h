/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the rollouts' part share: a rollout as it is read, its states, its phases, its
 * handlers. */
#ifndef SLIPWAY_ROLLOUTS_PARTS_H
#define SLIPWAY_ROLLOUTS_PARTS_H

#include "core/serve.h"
#include "rollouts.h"

#include "releases/releases.h"

#include "slipway/rollout_plan.h"

enum rollout_state {
    ROLLOUT_DRAFT,
    ROLLOUT_SCHEDULED,
    ROLLOUT_RUNNING,
    ROLLOUT_PAUSED,
    ROLLOUT_HALTED,
    ROLLOUT_DONE,
    ROLLOUT_ABORTED,
    ROLLOUT_STATES,
};
extern const char *const rollout_state_names[ROLLOUT_STATES];

/*
 * Of rollouts r that are done: the one that a group was brought to last, which is still offered to
 * devices that were away, or come new. Another whose release isn't published any more doesn't
 * count.
 */
#define ROLLOUT_IS_THE_GROUPS_LAST                                                                 \
    "NOT EXISTS (SELECT 1 FROM rollouts n JOIN releases l ON l.product = n.product AND l.version " \
    "= n.version WHERE n.product = r.product AND n.device_group = r.device_group AND n.state = "   \
    "'done' AND l.state = 'published' AND (n.version > r.version OR (n.version = r.version AND "   \
    "n.id > r.id)))"

/* Of one phase: rows of rollout_phases. */
struct rollout_phase {
    int64_t population, began_us, passed_us; /* 0: not yet */
    int64_t base_outcomes, base_failures, looked_at;
    int64_t offered, downloading, succeeded, failed, silent, declined;
};

/* A rollout with its plan and phases. Free with rollout_free(). */
struct rollout {
    int64_t id, version, phase, state_us, start_us, revision;
    enum rollout_state state;
    bool is_emergency, by_rule, needs_decision;
    struct slw_heap_buffer product, group;
    struct slw_rollout_plan plan;
    struct rollout_phase phases[SLW_ROLLOUT_PHASES_MAX];
};

/* Reads one; SLW_NOT_FOUND. product: must be its product, unless it is empty. */
SLW_MUST_USE enum slw_status rollout_read(struct slw_transaction *transaction, int64_t id,
                                          struct slw_bytes product, struct rollout *ret_rollout,
                                          struct slw_detail *detail);
void rollout_free(struct rollout *rollout);

/* Outcomes and failures of a phase that count since it last began anew. */
static inline int64_t rollout_outcomes(const struct rollout_phase *phase)
{
    return phase->succeeded + phase->failed + phase->silent - phase->base_outcomes;
}
static inline int64_t rollout_failures(const struct rollout_phase *phase)
{
    /* Devices that were given up as silent, and speak after the count began anew, were failures of
     * before. */
    int64_t failures = phase->failed + phase->silent - phase->base_failures;
    return failures > 0 ? failures : 0;
}
/* How many devices of the phase can have such an outcome. */
static inline int64_t rollout_population(const struct rollout_phase *phase)
{
    int64_t rest = phase->population - phase->base_outcomes - phase->declined;
    int64_t outcomes = rollout_outcomes(phase);
    return rest > outcomes ? rest : outcomes;
}

/* The look that the numbers allow now, due or not. */
struct slw_health_look rollout_look(const struct rollout *rollout, size_t phase);
/* Which of the two limits halts it: the rule's, unless the phase's own is lower. */
static inline bool rollout_halts_by_rule(const struct slw_rollout_plan *plan, size_t phase)
{
    return plan->rule.failure_limit <= plan->phases[phase].failure_limit;
}
/* At how many outcomes the phase is looked at next; above its population: never. */
uint64_t rollout_next_look(const struct rollout *rollout, size_t phase);

/* Writes a new state with its reason, an event and an entry of the audit trail. who: whose doing it
 * is. */
SLW_MUST_USE enum slw_status rollout_enter(struct slw_transaction *transaction,
                                           struct rollout *rollout, enum rollout_state state,
                                           const char *who, const char *reason, int64_t now_us,
                                           struct slw_detail *detail);
/* Counts the devices that are new in a phase, and begins it. */
SLW_MUST_USE enum slw_status rollout_begin_phase(struct slw_transaction *transaction,
                                                 struct rollout *rollout, size_t phase,
                                                 int64_t now_us, struct slw_detail *detail);
/* From here on outcomes of all begun phases count from nothing. */
SLW_MUST_USE enum slw_status rollout_begin_anew(struct slw_transaction *transaction,
                                                struct rollout *rollout, struct slw_detail *detail);
/* A phase has passed, by the rule or a person. */
SLW_MUST_USE enum slw_status rollout_pass(struct slw_transaction *transaction,
                                          struct rollout *rollout, const char *who, int64_t now_us,
                                          struct slw_detail *detail);

/* The first phase that a device of the group is in. */
size_t rollout_phase_of(int64_t id, const struct slw_rollout_plan *plan, struct slw_bytes device);

/* Appends the JSON of one rollout, whole or as in a list. */
SLW_MUST_USE enum slw_status rollout_put(struct slw_transaction *transaction,
                                         const struct rollout *rollout, int64_t now_us,
                                         struct slw_json *json, bool whole,
                                         struct slw_detail *detail);

/* A group's query, and what its devices are asked. */
struct rollout_group {
    struct slw_group query;
    struct slw_windows windows;
    char consent[16];
    uint8_t mark[SLW_SHA256_SIZE]; /* of its texts: another one has another */
};
SLW_MUST_USE enum slw_status rollout_group_read(struct slw_transaction *transaction,
                                                struct slw_bytes product, struct slw_bytes name,
                                                struct rollout_group *ret_group,
                                                struct slw_detail *detail);
void rollout_group_free(struct rollout_group *group);
SLW_MUST_USE bool rollout_group_has(const struct rollout_group *group,
                                    const struct depot_device_view *device);

/* The number in the call's path; SLW_NOT_FOUND. */
SLW_MUST_USE enum slw_status rollout_id_of(const struct depot_call *call, int64_t *ret_id,
                                           struct slw_detail *detail);

/* view.c: what offers come of. */
enum slw_status rollouts_view_open(struct depot *depot, struct slw_detail *detail);
void rollouts_view_close(struct depot *depot);

/* look.c: a round of what is done under the lease. */
enum slw_status rollouts_work(struct depot *depot, int64_t token, struct slw_detail *detail);

/* make.c, show.c, change.c */
slw_http_handler rollouts_make, rollouts_replace, rollouts_list, rollouts_show, rollouts_devices,
    rollouts_looks, rollouts_series, rollouts_versions, rollouts_start, rollouts_pause,
    rollouts_resume, rollouts_halt, rollouts_abort, rollouts_retry, rollouts_decide;

#endif
