/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do with rollouts, as a table: from which states, to which one. A call in another
 * state is refused and changes nothing; the same call again, when it is there already, is answered
 * as the first time. None of it needs the signing service.
 */
#include "parts.h"

#include <string.h>

#define US INT64_C(1000000)
#define REASON_MAX 500u

#define IN(state) (1u << (state))

struct action {
    const char *name;
    unsigned from; /* bits of states */
    enum rollout_state to;
    const char *reason; /* when the caller gives none */
    enum slw_status (*work)(struct depot_call *call, struct slw_transaction *transaction,
                            struct rollout *rollout, int64_t now_us, struct slw_detail *detail);
};

static enum slw_status start(struct depot_call *call, struct slw_transaction *transaction,
                             struct rollout *rollout, int64_t now_us, struct slw_detail *detail);
static enum slw_status resume(struct depot_call *call, struct slw_transaction *transaction,
                              struct rollout *rollout, int64_t now_us, struct slw_detail *detail);
static enum slw_status retry(struct depot_call *call, struct slw_transaction *transaction,
                             struct rollout *rollout, int64_t now_us, struct slw_detail *detail);
static enum slw_status decide(struct depot_call *call, struct slw_transaction *transaction,
                              struct rollout *rollout, int64_t now_us, struct slw_detail *detail);

static const struct action start_action = {"start", IN(ROLLOUT_DRAFT) | IN(ROLLOUT_SCHEDULED),
                                           ROLLOUT_RUNNING, "started", start};
static const struct action pause_action = {"pause", IN(ROLLOUT_RUNNING), ROLLOUT_PAUSED, "paused",
                                           NULL};
static const struct action resume_action = {"resume", IN(ROLLOUT_PAUSED) | IN(ROLLOUT_HALTED),
                                            ROLLOUT_RUNNING, "resumed", resume};
static const struct action halt_action = {
    "halt", IN(ROLLOUT_RUNNING) | IN(ROLLOUT_PAUSED) | IN(ROLLOUT_SCHEDULED) | IN(ROLLOUT_DONE),
    ROLLOUT_HALTED, "halted by a person", NULL};
static const struct action abort_action = {"abort",
                                           IN(ROLLOUT_DRAFT) | IN(ROLLOUT_SCHEDULED) |
                                               IN(ROLLOUT_RUNNING) | IN(ROLLOUT_PAUSED) |
                                               IN(ROLLOUT_HALTED),
                                           ROLLOUT_ABORTED, "aborted", NULL};
static const struct action retry_action = {
    "retry", IN(ROLLOUT_RUNNING) | IN(ROLLOUT_PAUSED) | IN(ROLLOUT_HALTED) | IN(ROLLOUT_DONE),
    ROLLOUT_STATES, "the failed may try again", retry};
static const struct action decide_action = {"decide", IN(ROLLOUT_RUNNING), ROLLOUT_RUNNING,
                                            "a person lets it go on", decide};

/* --- The actions --- */

static enum slw_status check_release(struct slw_transaction *transaction,
                                     const struct rollout *rollout, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_heap_bytes(&rollout->product)),
                                           slw_sql_int(rollout->version)};
    int64_t found = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM releases WHERE product = $1 AND version = $2 AND "
                           "state = 'published'",
                           values, 2, &found, detail));
    return found > 0
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_STATE, "the release isn't published (any more)");
}

/* One for later is scheduled; both need a release that anybody can fetch by then: it is looked at
 * again. */
static enum slw_status start(struct depot_call *call, struct slw_transaction *transaction,
                             struct rollout *rollout, int64_t now_us, struct slw_detail *detail)
{
    (void)call;
    SLW_TRY(check_release(transaction, rollout, detail));
    if (rollout->state == ROLLOUT_DRAFT && rollout->start_us > now_us) {
        rollout->state = ROLLOUT_SCHEDULED;
        return SLW_OK;
    }
    rollout->state = ROLLOUT_RUNNING;
    return rollout_begin_phase(transaction, rollout, 0, now_us, detail);
}

static enum slw_status resume(struct depot_call *call, struct slw_transaction *transaction,
                              struct rollout *rollout, int64_t now_us, struct slw_detail *detail)
{
    (void)call;
    const struct slw_sql_value began[] = {slw_sql_int(rollout->id), slw_sql_int(now_us)};
    SLW_TRY(check_release(transaction, rollout, detail));
    /* Who had begun was stopped, and wasn't silent: their time begins again. */
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollout_devices SET began_us = $2 WHERE rollout = $1 AND state IN "
                        "('downloading', 'installing')",
                        began, 2, NULL, detail));
    if (rollout->state == ROLLOUT_PAUSED) {
        return SLW_OK;
    }
    if (rollout->phases[0].began_us == 0) { /* halted before it began */
        SLW_TRY(rollout_begin_phase(transaction, rollout, 0, now_us, detail));
    }
    return rollout_begin_anew(transaction, rollout, detail);
}

static enum slw_status retry(struct depot_call *call, struct slw_transaction *transaction,
                             struct rollout *rollout, int64_t now_us, struct slw_detail *detail)
{
    (void)call;
    const struct slw_sql_value again[] = {slw_sql_int(rollout->id), slw_sql_int(now_us)};
    for (size_t phase = 0; phase < rollout->plan.phases_count; phase++) {
        const struct slw_sql_value values[] = {again[0], slw_sql_int((int64_t)phase)};
        SLW_TRY(slw_sql_run(transaction,
                            "UPDATE rollout_phases SET failed = 0, silent = 0, downloading = "
                            "downloading + failed + silent WHERE rollout = $1 AND phase = $2",
                            values, 2, NULL, detail));
    }
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollout_devices SET state = 'downloading', reason = '', began_us = "
                        "$2, ended_us = NULL, attempt = attempt + 1 WHERE rollout = $1 AND state "
                        "IN ('failed', 'silent')",
                        again, 2, NULL, detail));
    return rollout_begin_anew(transaction, rollout, detail);
}

static enum slw_status decide(struct depot_call *call, struct slw_transaction *transaction,
                              struct rollout *rollout, int64_t now_us, struct slw_detail *detail)
{
    if (rollout->phases[rollout->phase].passed_us != 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "the phase has passed already");
    }
    return rollout_pass(transaction, rollout, call->caller->person, now_us, detail);
}

/* --- What they share --- */

enum slw_status rollout_id_of(const struct depot_call *call, int64_t *ret_id,
                              struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_parameter(call->exchange, 1);
    int64_t id = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || i > 17) {
            return slw_explain(detail, SLW_NOT_FOUND, "there is no such rollout");
        }
        id = id * 10 + (text.ptr[i] - '0');
    }
    *ret_id = id;
    return SLW_OK;
}

/* The caller's own words, or the action's. */
static enum slw_status read_reason(const struct depot_call *call, const struct action *action,
                                   char ret_reason[static REASON_MAX + 1],
                                   struct slw_detail *detail)
{
    struct slw_bytes text = slw_bytes_make(action->reason, strlen(action->reason));
    if (slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("reason")) != SLW_JSON_NONE) {
        SLW_TRY(depot_read_text(call, "reason", REASON_MAX, &text, detail));
    }
    for (size_t i = 0; i < text.len; i++) {
        ret_reason[i] = (char)(text.ptr[i] < ' ' ? ' ' : text.ptr[i]);
    }
    ret_reason[text.len] = '\0';
    return SLW_OK;
}

static enum slw_status do_action(struct depot_call *call, struct slw_transaction *transaction,
                                 const struct action *action, struct rollout *rollout,
                                 struct slw_detail *detail)
{
    char reason[REASON_MAX + 1];
    int64_t now_us = 0;
    struct slw_json json;
    slw_json_init(&json, &call->text);
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    if (rollout->state == action->to && action->to != ROLLOUT_RUNNING) {
        return rollout_put(transaction, rollout, now_us, &json, true, detail);
    }
    if ((IN(rollout->state) & action->from) == 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "a rollout that is %s can't %s",
                           rollout_state_names[rollout->state], action->name);
    }
    SLW_TRY(read_reason(call, action, reason, detail));
    enum rollout_state to = action->to == ROLLOUT_STATES ? rollout->state : action->to;
    if (action->work != NULL) {
        SLW_TRY(action->work(call, transaction, rollout, now_us, detail));
        to = action->work == start ? rollout->state : to;
    }
    SLW_TRY(rollout_enter(transaction, rollout, to, call->caller->name, reason, now_us, detail));
    int64_t id = rollout->id;
    rollout_free(rollout);
    *rollout = (struct rollout){.plan.canaries = SLW_JSON_NONE};
    SLW_TRY(rollout_read(transaction, id, slw_bytes_make("", 0), rollout, detail));
    return rollout_put(transaction, rollout, now_us, &json, true, detail);
}

static enum slw_status act(struct depot_call *call, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    struct rollout rollout;
    int64_t id = 0;
    SLW_TRY(rollout_id_of(call, &id, detail));
    SLW_TRY(rollout_read(transaction, id, slw_http_parameter(call->exchange, 0), &rollout, detail));
    enum slw_status status = do_action(call, transaction, call->more, &rollout, detail);
    rollout_free(&rollout);
    return status;
}

static void serve(void *context, struct slw_http_exchange *exchange, const struct action *action)
{
    struct action copy = *action;
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, act, &copy);
}

void rollouts_start(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &start_action);
}

void rollouts_pause(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &pause_action);
}

void rollouts_resume(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &resume_action);
}

void rollouts_halt(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &halt_action);
}

void rollouts_abort(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &abort_action);
}

void rollouts_retry(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &retry_action);
}

void rollouts_decide(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, &decide_action);
}
