/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements: every one is verified here by the key of who made it, whatever the front says. A
 * worker reads the envelope and checks signatures; what follows is decided on the loop, by the
 * policy in force then. What is accepted is logged whole before it counts, what is refused is
 * logged with the reason when somebody known said it.
 */
#include "intake.h"

#include "slipway/ceremony.h"

#include <stdlib.h>

/* So many refusals are logged a minute: of statements that nobody known signed, and of others,
 * which whoever recorded one can say again as often as they like. */
#define ANONYMOUS_REFUSALS_MAX 6u
#define KNOWN_REFUSALS_MAX 120u
#define REFUSALS_WINDOW_MS 60000

static void intake_free(struct slw_intake *intake)
{
    if (intake->has_envelope) {
        slw_dsse_free(&intake->envelope);
    }
    if (intake->has_statement) {
        slw_statement_free(&intake->statement);
    }
    slw_heap_drop(&intake->text);
    free(intake);
}

/* --- On a worker --- */

/* Which keys may count: "OpenSSH signatures count for approvals only." */
static enum slw_dsse_accept accepted_keys(enum slw_statement_kind kind)
{
    return kind == SLW_STATEMENT_APPROVAL ? SLW_DSSE_OPENSSH_TOO : SLW_DSSE_OUR_KEYS;
}

static enum slw_status intake_read(struct slw_intake *intake)
{
    struct slw_detail *detail = &intake->detail;
    SLW_TRY(slw_dsse_parse("statement", slw_heap_bytes(&intake->text), &intake->envelope, detail));
    intake->has_envelope = true;
    /* "The payload is an in-toto Statement v1 (`application/vnd.in-toto+json`), strict JSON" */
    if (!slw_bytes_equal(intake->envelope.payload_type, SLW_DSSE_INTOTO)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "its payload is no in-toto statement");
    }
    SLW_TRY(slw_statement_parse("statement", intake->envelope.payload, &intake->statement, detail));
    intake->has_statement = true;
    if (intake->statement.kind == SLW_STATEMENT_POLICY ||
        intake->statement.kind == SLW_STATEMENT_TAKEOVER) {
        return SLW_OK; /* administrators' signatures are counted by whoever reads those */
    }
    SLW_TRY(slw_dsse_verify(&intake->envelope, intake->policy->keys, intake->policy->keys_count,
                            accepted_keys(intake->statement.kind), &intake->signers, detail));
    if (intake->statement.kind == SLW_STATEMENT_CEREMONY) {
        intake->transcript = slw_ceremony_check_transcript(slw_heap_bytes(&intake->text), detail);
    }
    return intake->transcript == SLW_NO_SPACE ? SLW_NO_SPACE : SLW_OK;
}

static void intake_run(struct slw_job *job)
{
    struct slw_intake *intake = (struct slw_intake *)job;
    intake->status = intake_read(intake);
}

/* --- On the loop --- */

static void refused_then(struct slw_service *service, struct slw_effect *effect,
                         enum slw_status status, const struct slw_detail *detail)
{
    (void)status; /* it is refused, logged or not */
    (void)detail;
    slw_answer_statement(service, effect->number, effect->id, SLW_SIGNER_REFUSED, effect->reason,
                         effect->detail.text);
}

/* Whether a refusal is logged: not without bounds. */
static bool may_log(struct slw_service *service, const struct slw_intake *intake)
{
    int64_t now_ms = slw_service_now_ms(service);
    if (now_ms - service->refusal_window_ms > REFUSALS_WINDOW_MS) {
        service->refusal_window_ms = now_ms;
        service->refusal_count = 0;
        service->known_refusal_count = 0;
    }
    return intake->holder.kind == SLW_POLICY_NOBODY
               ? ++service->refusal_count <= ANONYMOUS_REFUSALS_MAX
               : ++service->known_refusal_count <= KNOWN_REFUSALS_MAX;
}

void slw_intake_refuse(struct slw_service *service, const struct slw_intake *intake,
                       enum slw_status reason, const char *text)
{
    struct slw_effect effect = {.then = refused_then, .number = intake->number, .reason = reason};
    struct slw_record record;
    memcpy(effect.id, intake->id, sizeof effect.id);
    (void)slw_explain(&effect.detail, reason, "%s", text);
    if (!may_log(service, intake)) {
        refused_then(service, &effect, SLW_OK, &effect.detail);
        return;
    }
    slw_record_begin(&record, SLW_RECORD_REFUSAL, slw_service_record_time(service));
    slw_record_hex(&record, "statement", intake->id, sizeof intake->id);
    if (intake->holder.kind != SLW_POLICY_NOBODY) {
        slw_record_text(&record, "who", intake->holder.party->name);
    }
    slw_record_text(&record, "reason",
                    slw_bytes_make(slw_status_word(reason), strlen(slw_status_word(reason))));
    slw_record_text(&record, "detail", slw_bytes_make(text, strlen(text)));
    slw_effect_append(service, &record, &effect);
}

static void accepted_then(struct slw_service *service, struct slw_effect *effect,
                          enum slw_status status, const struct slw_detail *detail)
{
    if (status != SLW_OK) {
        slw_answer_refuse(service, effect->number, SLW_SIGNER_SUBMIT, status, detail->text);
        return;
    }
    slw_answer_statement(service, effect->number, effect->id, SLW_SIGNER_RECEIVED, SLW_OK, "");
}

void slw_intake_record(struct slw_service *service, const struct slw_intake *intake,
                       enum slw_record_kind kind, struct slw_record *ret_record)
{
    slw_intake_record_at(intake, kind, slw_service_record_time(service), ret_record);
}

void slw_intake_record_at(const struct slw_intake *intake, enum slw_record_kind kind,
                          int64_t now_utc_s, struct slw_record *ret_record)
{
    struct slw_heap_buffer text = {0};
    slw_record_begin(ret_record, kind, now_utc_s);
    slw_record_hex(ret_record, "id", intake->id, sizeof intake->id);
    slw_dsse_format(&intake->envelope, &text);
    slw_record_json(ret_record, "envelope", slw_heap_bytes(&text));
    slw_heap_drop(&text);
}

/* "`signer` is the origin of the service's log, so that a statement for one service is worth
 * nothing at another." */
enum slw_status slw_intake_check_signer(const struct slw_service *service, struct slw_bytes signer,
                                        struct slw_detail *detail)
{
    if (!slw_bytes_equal(
            signer, slw_bytes_make(service->options.origin, strlen(service->options.origin)))) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "it is for another service");
    }
    return SLW_OK;
}

enum slw_status slw_intake_check_issued(const struct slw_service *service, int64_t issued_utc_s,
                                        struct slw_detail *detail)
{
    int64_t now = slw_service_now(service);
    if (issued_utc_s > now + SLW_POLICY_CLOCK_SKEW_S ||
        issued_utc_s < now - SLW_SERVICE_ISSUED_AGE_S) {
        return slw_explain(detail, SLW_STALE_STATEMENT,
                           "it was issued too long ago, or isn't issued yet");
    }
    return SLW_OK;
}

static bool list_has(const struct slw_policy_list *list, struct slw_bytes name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (slw_bytes_equal(list->items[i], name)) {
            return true;
        }
    }
    return false;
}

bool slw_intake_is_requester(struct slw_service *service, const struct slw_intake *intake)
{
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    struct slw_bytes name = intake->holder.party->name;
    for (size_t i = 0; i < policy->rules_count; i++) {
        if (list_has(&policy->rules[i].requesters, name)) {
            return true;
        }
    }
    return false;
}

static enum slw_status stage_check(struct slw_service *service, const struct slw_intake *intake,
                                   struct slw_detail *detail)
{
    struct slw_stage stage;
    SLW_TRY(slw_stage_read(&intake->statement, &stage, detail));
    SLW_TRY(slw_intake_check_signer(service, stage.signer, detail));
    if (!slw_intake_is_requester(service, intake)) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "nothing may be asked for by who staged it");
    }
    if (stage.length > slw_staging_share(service->options.staged.bytes)) {
        return slw_explain(detail, SLW_TOO_LARGE, "longer than what one requester may stage");
    }
    return slw_intake_check_issued(service, stage.issued_utc_s, detail);
}

static void stage_accept(struct slw_service *service, const struct slw_intake *intake)
{
    struct slw_detail detail = {""};
    enum slw_status status = stage_check(service, intake, &detail);
    if (status != SLW_OK) {
        slw_intake_refuse(service, intake, status, detail.text);
        return;
    }
    struct slw_record record;
    struct slw_effect effect = {.then = accepted_then, .number = intake->number};
    memcpy(effect.id, intake->id, sizeof effect.id);
    memcpy(effect.known_by, intake->known_by, sizeof effect.known_by);
    slw_intake_record(service, intake, SLW_RECORD_STAGE, &record);
    slw_record_text(&record, "who", intake->holder.party->name);
    slw_effect_append(service, &record, &effect);
}

/* The transcript of a ceremony is kept for its own sake: nothing follows from it. But auditors
 * verify what the log has of it, so that nothing gets there that isn't one. */
static void ceremony_accept(struct slw_service *service, const struct slw_intake *intake)
{
    if (intake->transcript != SLW_OK) {
        slw_intake_refuse(service, intake, intake->transcript, intake->detail.text);
        return;
    }
    struct slw_record record;
    struct slw_effect effect = {.then = accepted_then, .number = intake->number};
    memcpy(effect.id, intake->id, sizeof effect.id);
    memcpy(effect.known_by, intake->known_by, sizeof effect.known_by);
    slw_intake_record(service, intake, SLW_RECORD_CEREMONY, &record);
    slw_record_text(&record, "who", intake->holder.party->name);
    slw_effect_append(service, &record, &effect);
}

static void by_kind(struct slw_service *service, const struct slw_intake *intake)
{
    switch (intake->statement.kind) {
    case SLW_STATEMENT_STAGE:
        stage_accept(service, intake);
        return;
    case SLW_STATEMENT_REQUEST:
        slw_intake_request(service, intake);
        return;
    case SLW_STATEMENT_APPROVAL:
        slw_intake_approval(service, intake);
        return;
    case SLW_STATEMENT_POLICY:
        slw_intake_policy(service, intake);
        return;
    case SLW_STATEMENT_CEREMONY:
        ceremony_accept(service, intake);
        return;
    case SLW_STATEMENT_TUF_ROOT:
        slw_intake_root(service, intake);
        return;
    case SLW_STATEMENT_TAKEOVER:
        slw_intake_refuse(service, intake, SLW_BAD_STATEMENT,
                          "a takeover is stated on the machine that takes over");
        return;
    case SLW_STATEMENT_PROVENANCE:
    case SLW_STATEMENT_TEST_RESULT:
        slw_intake_refuse(service, intake, SLW_BAD_STATEMENT,
                          "endorsements and test results come in the bundle");
        return;
    case SLW_STATEMENT_OTHER:
    case SLW_STATEMENT_KINDS:
        slw_intake_refuse(service, intake, SLW_BAD_STATEMENT, "a statement of another kind");
        return;
    }
}

/* Who says it, by the policy in force now: it may be another than when the worker looked. */
static enum slw_status holder_find(struct slw_service *service, struct slw_intake *intake,
                                   struct slw_detail *detail)
{
    if (intake->statement.kind == SLW_STATEMENT_POLICY ||
        intake->statement.kind == SLW_STATEMENT_TAKEOVER) {
        return SLW_OK;
    }
    if (intake->signers.count != 1) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "it must be signed by one key alone");
    }
    const uint8_t *key_id = intake->policy->keys[intake->signers.keys[0]]->id;
    intake->holder = slw_policy_holder_of(slw_service_policy(service)->policy, key_id);
    if (intake->holder.kind == SLW_POLICY_NOBODY) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "the key that signed it isn't known any more");
    }
    return SLW_OK;
}

/* What had its effect before answers the same again, and has no other. */
static bool answer_again(struct slw_service *service, const struct slw_intake *intake)
{
    if (slw_effects_pending(service, intake->known_by)) {
        slw_effects_commit(service);
    }
    const struct slw_book_request *request = slw_book_request_find(&service->book, intake->id);
    if (request != NULL) {
        slw_answer_request(service, intake->number, request);
        return true;
    }
    if (!slw_book_has_statement(&service->book, intake->known_by)) {
        return false;
    }
    struct slw_approval approval;
    struct slw_detail detail;
    if (intake->statement.kind == SLW_STATEMENT_APPROVAL &&
        slw_approval_read(&intake->statement, &approval, &detail) == SLW_OK) {
        request = slw_book_request_find(&service->book, approval.request);
    }
    slw_answer_statement(service, intake->number, intake->id,
                         request == NULL ? SLW_SIGNER_RECEIVED : slw_case_state(service, request),
                         SLW_OK, "");
    return true;
}

static void intake_conclude(struct slw_service *service, struct slw_intake *intake)
{
    struct slw_detail detail = intake->detail;
    enum slw_status status = intake->status;
    if (intake->has_statement) {
        memcpy(intake->id, intake->statement.id, sizeof intake->id);
    }
    if (status == SLW_NO_SPACE || status == SLW_IO_CRYPTO) {
        slw_answer_refuse(service, intake->number, SLW_SIGNER_SUBMIT, status, detail.text);
        return;
    }
    if (status == SLW_OK) {
        status = holder_find(service, intake, &detail);
    }
    if (status != SLW_OK) {
        slw_intake_refuse(service, intake, status, detail.text);
        return;
    }
    memcpy(intake->known_by, intake->id, sizeof intake->known_by);
    if (intake->statement.kind == SLW_STATEMENT_APPROVAL) {
        slw_book_approval_id(intake->id, intake->holder.key->id, intake->known_by);
    }
    if (!answer_again(service, intake)) {
        by_kind(service, intake);
    }
}

static void intake_done(struct slw_job *job, void *context)
{
    struct slw_intake *intake = (struct slw_intake *)job;
    struct slw_service *service = context;
    if (service != NULL) {
        struct slw_intake **at = &service->intakes;
        while (*at != intake) {
            at = &(*at)->next;
        }
        *at = intake->next;
        intake_conclude(service, intake);
    }
    intake_free(intake);
}

void slw_intake_submit(struct slw_service *service, uint64_t number, struct slw_bytes envelope)
{
    struct slw_intake *intake = calloc(1, sizeof *intake);
    if (intake != NULL) {
        intake->job = (struct slw_job){.run = intake_run, .done = intake_done};
        intake->number = number;
        intake->policy = slw_service_policy(service);
        slw_heap_append(&intake->text, envelope);
    }
    if (intake == NULL || intake->text.status != SLW_OK) {
        free(intake);
        slw_answer_refuse(service, number, SLW_SIGNER_SUBMIT, SLW_NO_SPACE, "out of memory");
        return;
    }
    intake->next = service->intakes;
    service->intakes = intake;
    slw_workers_give(service->workers, &intake->job);
}

void slw_intake_forget_calls(struct slw_service *service)
{
    for (struct slw_intake *intake = service->intakes; intake != NULL; intake = intake->next) {
        intake->number = 0;
    }
}
