/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, and what approvers say to them: accepted into the log, then they count. */
#include "intake.h"

/* Of what there is room for, one requester has a share: others ask, whatever one of them does. */
static enum slw_status share_check(const struct slw_service *service, struct slw_bytes requester,
                                   struct slw_detail *detail)
{
    size_t count = 0;
    for (size_t i = 0; i < service->cases_count; i++) {
        const char *name = service->cases[i]->request->requester;
        count += slw_bytes_equal(requester, slw_bytes_make(name, strlen(name))) ? 1 : 0;
    }
    return count < SLW_SERVICE_OPEN_EACH_MAX
               ? SLW_OK
               : slw_explain(detail, SLW_TOO_MANY, "too many requests of one requester are open");
}

/* Whether a request can be kept for good: one that is in the log must have room in the book, now
 * and at each start. All that is on its way into the log counts as one. */
static enum slw_status room_check(const struct slw_service *service, struct slw_detail *detail)
{
    const uint64_t coming = slw_log_next_index(service->log) - slw_log_size(service->log);
    return service->book.list_count + coming < SLW_BOOK_REQUESTS_MAX
               ? SLW_OK
               : slw_explain(detail, SLW_TOO_MANY, "the log has as many requests as it may");
}

static enum slw_status request_check(struct slw_service *service, const struct slw_intake *intake,
                                     struct slw_detail *detail)
{
    struct slw_request request;
    SLW_TRY(slw_request_read(&intake->statement, &request, detail));
    if (!slw_intake_is_requester(service, intake)) {
        struct slw_bytes name = intake->holder.party->name;
        return slw_explain(detail, SLW_NOT_PERMITTED, "%.*s may not ask for this", (int)name.len,
                           (const char *)name.ptr);
    }
    SLW_TRY(share_check(service, intake->holder.party->name, detail));
    SLW_TRY(room_check(service, detail));
    SLW_TRY(slw_intake_check_signer(service, request.signer, detail));
    SLW_TRY(slw_intake_check_issued(service, request.issued_utc_s, detail));
    int64_t now = slw_service_now(service);
    if (request.expires_utc_s <= now) {
        return slw_explain(detail, SLW_STALE_STATEMENT, "it has expired");
    }
    if (request.expires_utc_s > now + SLW_SERVICE_EXPIRY_MAX_S) {
        return slw_explain(detail, SLW_STALE_STATEMENT, "it expires later than in 30 days");
    }
    if (service->cases_count >= SLW_SERVICE_OPEN_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "too many requests are open");
    }
    return SLW_OK;
}

static void request_then(struct slw_service *service, struct slw_effect *effect,
                         enum slw_status status, const struct slw_detail *detail)
{
    struct slw_book_request *request =
        status == SLW_OK ? slw_book_request_find(&service->book, effect->id) : NULL;
    if (request == NULL || !slw_case_open(service, request)) {
        slw_answer_refuse(service, effect->number, SLW_SIGNER_SUBMIT,
                          status == SLW_OK ? SLW_NO_SPACE : status, detail->text);
        return;
    }
    slw_answer_request(service, effect->number, request);
}

void slw_intake_request(struct slw_service *service, const struct slw_intake *intake)
{
    struct slw_detail detail = {""};
    enum slw_status status = request_check(service, intake, &detail);
    if (status != SLW_OK) {
        slw_intake_refuse(service, intake, status, detail.text);
        return;
    }
    struct slw_record record;
    struct slw_effect effect = {.then = request_then, .number = intake->number};
    memcpy(effect.id, intake->id, sizeof effect.id);
    memcpy(effect.known_by, intake->known_by, sizeof effect.known_by);
    slw_intake_record(service, intake, SLW_RECORD_REQUEST, &record);
    slw_record_text(&record, "requester", intake->holder.party->name);
    slw_record_hex(&record, "requester_key", intake->holder.key->id, SLW_SHA256_SIZE);
    slw_effect_append(service, &record, &effect);
}

/* --- Approvals --- */

static enum slw_status approval_check(struct slw_service *service, const struct slw_intake *intake,
                                      struct slw_approval *ret_approval,
                                      struct slw_book_request **ret_request,
                                      struct slw_detail *detail)
{
    struct slw_approval approval;
    SLW_TRY(slw_approval_read(&intake->statement, &approval, detail));
    SLW_TRY(slw_intake_check_signer(service, approval.signer, detail));
    SLW_TRY(slw_intake_check_issued(service, approval.issued_utc_s, detail));
    struct slw_book_request *request = slw_book_request_find(&service->book, approval.request);
    if (request == NULL) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "there is no such request");
    }
    if (request->state != SLW_SIGNER_RECEIVED) {
        return slw_explain(detail, SLW_STALE_STATEMENT, "the request isn't open any more");
    }
    /* Those that are on their way count, too: what is in the log must have room in the book. */
    if (request->approvals_count + slw_effects_about(service, request->id) >=
        SLW_POLICY_APPROVALS_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "too many approvals of one request");
    }
    if (request->work != NULL) {
        SLW_TRY(slw_case_check_approval(request->work, intake->holder.key->id, &approval, detail));
    }
    *ret_approval = approval;
    *ret_request = request;
    return SLW_OK;
}

static void approval_then(struct slw_service *service, struct slw_effect *effect,
                          enum slw_status status, const struct slw_detail *detail)
{
    if (status != SLW_OK) {
        slw_answer_refuse(service, effect->number, SLW_SIGNER_SUBMIT, status, detail->text);
        return;
    }
    const struct slw_book_request *request = slw_book_request_find(&service->book, effect->request);
    if (request->work != NULL && request->work->phase == SLW_CASE_WAITING) {
        slw_case_go_on(request->work);
    }
    slw_answer_statement(service, effect->number, effect->id, slw_case_state(service, request),
                         SLW_OK, "");
}

void slw_intake_approval(struct slw_service *service, const struct slw_intake *intake)
{
    struct slw_approval approval;
    struct slw_book_request *request = NULL;
    struct slw_detail detail = {""};
    enum slw_status status = approval_check(service, intake, &approval, &request, &detail);
    if (status != SLW_OK) {
        slw_intake_refuse(service, intake, status, detail.text);
        return;
    }
    struct slw_record record;
    struct slw_effect effect = {.then = approval_then, .number = intake->number};
    memcpy(effect.id, intake->id, sizeof effect.id);
    memcpy(effect.known_by, intake->known_by, sizeof effect.known_by);
    memcpy(effect.request, request->id, sizeof effect.request);
    slw_intake_record(service, intake,
                      approval.approve ? SLW_RECORD_APPROVAL : SLW_RECORD_REJECTION, &record);
    slw_record_hex(&record, "request", request->id, sizeof request->id);
    slw_record_text(&record, "person", intake->holder.party->name);
    slw_record_hex(&record, "key", intake->holder.key->id, SLW_SHA256_SIZE);
    slw_effect_append(service, &record, &effect);
    if (!approval.approve) {
        slw_effects_commit(service); /* no signature comes behind it */
    }
}
