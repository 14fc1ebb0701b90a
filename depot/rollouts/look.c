/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done for rollouts once a second by the one replica that holds the lease: what was
 * scheduled starts, devices that began and fell silent count as failures, outcomes are looked at,
 * phases end and begin, and what harms is halted. Each rollout's step is one transaction, fenced.
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define ROLLOUTS_MAX 256u
#define US INT64_C(1000000)

struct step {
    int64_t id, token;
};

static enum slw_status note_look(struct slw_transaction *transaction, const struct rollout *rollout,
                                 size_t phase, const struct slw_health_look *look, int64_t now_us,
                                 struct slw_detail *detail)
{
    static const char *const verdicts[] = {"unsure", "good", "bad"};
    const struct rollout_phase *counts = &rollout->phases[phase];
    const char *verdict = verdicts[look->verdict];
    const struct slw_sql_value values[] = {
        slw_sql_int(rollout->id),
        slw_sql_int((int64_t)phase),
        slw_sql_int(now_us),
        slw_sql_int(rollout_outcomes(counts)),
        slw_sql_int(rollout_failures(counts)),
        slw_sql_double(look->lower),
        slw_sql_double(look->upper),
        slw_sql_text(slw_bytes_make(verdict, strlen(verdict))),
    };
    SLW_TRY(
        slw_sql_run(transaction,
                    "INSERT INTO rollout_looks (rollout, phase, time_us, outcomes, failures, "
                    "lower_bound, upper_bound, verdict) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    values, 8, NULL, detail));
    return slw_sql_run(transaction,
                       "UPDATE rollout_phases SET looked_at = $4 WHERE rollout = $1 AND phase = $2",
                       values, 4, NULL, detail);
}

static enum slw_status halt(struct slw_transaction *transaction, struct rollout *rollout,
                            size_t phase, const struct slw_health_look *look, int64_t now_us,
                            struct slw_detail *detail)
{
    char reason[160];
    const struct rollout_phase *counts = &rollout->phases[phase];
    struct slw_health_rule rule = slw_rollout_plan_rule(&rollout->plan, phase);
    (void)snprintf(
        reason, sizeof reason,
        "%lld of %lld devices of phase %zu failed: at least %.2f %%, the %s limit is %.2f %%",
        (long long)rollout_failures(counts), (long long)rollout_outcomes(counts), phase + 1,
        look->lower * 100, rollout_halts_by_rule(&rollout->plan, phase) ? "rule's" : "phase's own",
        rule.halt_limit * 100);
    return rollout_enter(transaction, rollout, ROLLOUT_HALTED, "depot", reason, now_us, detail);
}

/* Every device has an outcome, and they prove nothing either way. */
static enum slw_status ask_somebody(struct slw_transaction *transaction, struct rollout *rollout,
                                    int64_t now_us, struct slw_detail *detail)
{
    if (rollout->needs_decision) {
        return SLW_OK;
    }
    rollout->needs_decision = true;
    return rollout_enter(transaction, rollout, ROLLOUT_RUNNING, "depot",
                         "every device of the phase has answered, which proves neither good nor "
                         "bad: somebody must decide",
                         now_us, detail);
}

/* Looks at one phase if it is time to; false when that halted the rollout. */
static enum slw_status look_at(struct slw_transaction *transaction, struct rollout *rollout,
                               size_t phase, int64_t now_us, bool *ret_goes_on,
                               struct slw_detail *detail)
{
    struct rollout_phase *counts = &rollout->phases[phase];
    bool is_current = (int64_t)phase == rollout->phase;
    int64_t outcomes = rollout_outcomes(counts);
    *ret_goes_on = true;
    if (outcomes > 0 && (uint64_t)outcomes >= rollout_next_look(rollout, phase)) {
        struct slw_health_look look = rollout_look(rollout, phase);
        SLW_TRY(note_look(transaction, rollout, phase, &look, now_us, detail));
        counts->looked_at = outcomes;
        if (look.verdict == SLW_HEALTH_BAD) {
            *ret_goes_on = false;
            return halt(transaction, rollout, phase, &look, now_us, detail);
        }
        if (look.verdict == SLW_HEALTH_GOOD && is_current && counts->passed_us == 0) {
            return rollout_pass(transaction, rollout, "depot", now_us, detail);
        }
    }
    if (!is_current || counts->passed_us != 0) {
        return SLW_OK;
    }
    if (counts->population == 0) { /* nobody is new in it */
        return rollout_pass(transaction, rollout, "depot", now_us, detail);
    }
    bool is_complete = outcomes >= rollout_population(counts);
    return is_complete ? ask_somebody(transaction, rollout, now_us, detail) : SLW_OK;
}

static enum slw_status go_on(struct slw_transaction *transaction, struct rollout *rollout,
                             int64_t now_us, struct slw_detail *detail)
{
    size_t phase = (size_t)rollout->phase;
    int64_t passed_us = rollout->phases[phase].passed_us;
    if (passed_us == 0 || now_us < passed_us + rollout->plan.phases[phase].soak_s * US) {
        return SLW_OK;
    }
    if (phase + 1 < rollout->plan.phases_count) {
        char reason[64];
        (void)snprintf(reason, sizeof reason, "phase %zu begins", phase + 2);
        SLW_TRY(rollout_begin_phase(transaction, rollout, phase + 1, now_us, detail));
        return rollout_enter(transaction, rollout, ROLLOUT_RUNNING, "depot", reason, now_us,
                             detail);
    }
    SLW_TRY(depot_release_complete(transaction, slw_heap_bytes(&rollout->product), rollout->version,
                                   detail));
    return rollout_enter(transaction, rollout, ROLLOUT_DONE, "depot", "every phase has passed",
                         now_us, detail);
}

/* --- Silence --- */

static enum slw_status silence_in(struct slw_transaction *transaction, struct rollout *rollout,
                                  size_t phase, int64_t now_us, struct slw_detail *detail)
{
    int64_t changed = 0;
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id), slw_sql_int((int64_t)phase),
                                           slw_sql_int(now_us - rollout->plan.silence_s * US),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollout_devices SET state = 'silent', reason = 'silent', ended_us "
                        "= $4 WHERE rollout = $1 AND phase = $2 AND state IN ('downloading', "
                        "'installing') AND began_us < $3",
                        values, 4, &changed, detail));
    if (changed == 0) {
        return SLW_OK;
    }
    const struct slw_sql_value counts[] = {values[0], values[1], slw_sql_int(changed)};
    rollout->phases[phase].silent += changed;
    rollout->phases[phase].downloading -= changed;
    return slw_sql_run(transaction,
                       "UPDATE rollout_phases SET silent = silent + $3, downloading = downloading "
                       "- $3 WHERE rollout = $1 AND phase = $2",
                       counts, 3, NULL, detail);
}

/* --- A round --- */

/* Of one that is done, too: devices that come late may still show that it harms. */
static enum slw_status run(struct slw_transaction *transaction, struct rollout *rollout,
                           int64_t now_us, struct slw_detail *detail)
{
    for (size_t phase = 0; phase <= (size_t)rollout->phase; phase++) {
        bool goes_on = true;
        SLW_TRY(silence_in(transaction, rollout, phase, now_us, detail));
        SLW_TRY(look_at(transaction, rollout, phase, now_us, &goes_on, detail));
        if (!goes_on) {
            return SLW_OK;
        }
    }
    return rollout->state == ROLLOUT_RUNNING ? go_on(transaction, rollout, now_us, detail) : SLW_OK;
}

static enum slw_status start(struct slw_transaction *transaction, struct rollout *rollout,
                             int64_t now_us, struct slw_detail *detail)
{
    if (now_us < rollout->start_us) {
        return SLW_OK;
    }
    SLW_TRY(rollout_begin_phase(transaction, rollout, 0, now_us, detail));
    return rollout_enter(transaction, rollout, ROLLOUT_RUNNING, "depot", "its time has come",
                         now_us, detail);
}

static enum slw_status step(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct step *step = context;
    struct rollout rollout;
    int64_t now_us = 0;
    SLW_TRY(slw_transaction_fence(transaction, "rollouts", step->token, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(rollout_read(transaction, step->id, slw_bytes_make("", 0), &rollout, detail));
    enum slw_status status = SLW_OK;
    if (rollout.state == ROLLOUT_SCHEDULED) {
        status = start(transaction, &rollout, now_us, detail);
    } else if (rollout.state == ROLLOUT_RUNNING || rollout.state == ROLLOUT_DONE) {
        status = run(transaction, &rollout, now_us, detail);
    }
    rollout_free(&rollout);
    return status;
}

struct found {
    int64_t ids[ROLLOUTS_MAX];
    size_t count;
};

static enum slw_status find(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct found *found = context;
    const struct slw_sql_value value = slw_sql_int(ROLLOUTS_MAX);
    struct slw_rows *rows = NULL;
    found->count = 0;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id FROM rollouts r WHERE state IN ('scheduled', 'running') OR "
                          "(state = 'done' AND EXISTS (SELECT 1 FROM rollout_phases p WHERE "
                          "p.rollout = r.id AND (p.downloading > 0 OR p.succeeded + p.failed + "
                          "p.silent - p.base_outcomes > p.looked_at)) "
                          "AND " ROLLOUT_IS_THE_GROUPS_LAST
                          ") ORDER BY CASE WHEN state = 'done' THEN 1 ELSE 0 END, id LIMIT $1",
                          &value, 1, &rows, detail));
    while (slw_rows_next(rows) && found->count < ROLLOUTS_MAX) {
        found->ids[found->count++] = slw_rows_int(rows, 0);
    }
    return slw_rows_close(rows, detail);
}

enum slw_status rollouts_work(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct found found;
    enum slw_status first = SLW_OK;
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, find, &found, detail));
    for (size_t i = 0; i < found.count; i++) {
        struct slw_detail why = {""};
        struct step one = {.id = found.ids[i], .token = token};
        enum slw_status status =
            slw_database_transact(depot->database, SLW_DATABASE_WRITE, step, &one, &why);
        if (status != SLW_OK && first == SLW_OK) { /* one that can't go on holds no other up */
            first = status;
            *detail = why;
        }
    }
    return first;
}
