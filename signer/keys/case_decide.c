/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy in force says to a case: its facts are put together here, and nothing is left out
 * or chosen, for the policy compares all of them (slipway/policy_decide.h).
 */
#include "case.h"

#include <stdlib.h>

static void request_facts(const struct slw_case *work, struct slw_policy_facts *facts)
{
    const struct slw_book_request *request = work->request;
    memcpy(facts->requester_id, request->requester_id, sizeof facts->requester_id);
    memcpy(facts->request_id, request->id, sizeof facts->request_id);
    facts->operation = slw_policy_use_for(request->request.operation);
    facts->key = request->request.key;
    facts->channel = request->request.channel;
    facts->issued_utc_s = request->request.issued_utc_s;
    facts->expires_utc_s = request->request.expires_utc_s;
}

/* "adding to a production role needs a bundle that it signed": the file itself, of this product and
 * version, signed by a key of this class, and for the channel that is asked for. */
static bool release_is_signed(const struct slw_case *work)
{
    const struct slw_content *content = &work->content;
    const struct slw_request *request = &work->request->request;
    const struct slw_book_request *release = slw_case_release(work);
    return release != NULL && content->adds_one_release && content->adds_is_release &&
           release->version == content->adds_version &&
           slw_bytes_equal(slw_bytes_make(release->product, strlen(release->product)),
                           slw_heap_bytes(&content->adds_product)) &&
           slw_bytes_equal(request->channel, slw_heap_bytes(&content->adds_channel));
}

static void content_facts(const struct slw_case *work, struct slw_policy_facts *facts)
{
    const struct slw_content *content = &work->content;
    facts->product = slw_heap_bytes(&content->product);
    facts->role = slw_heap_bytes(&content->role);
    facts->root_class = content->root_class;
    facts->build_type = content->build_type;
    memcpy(facts->content_digest, content->digest, sizeof facts->content_digest);
    memcpy(facts->targets_sha256, content->sha256, sizeof facts->targets_sha256);
    facts->adds_targets = content->adds_targets;
    facts->release_signed = content->adds_targets && release_is_signed(work);
}

/* Statements by their keys, as the policy wants them; the lists are the caller's to free. */
struct statements {
    struct slw_policy_approval *approvals;
    struct slw_policy_endorsement *endorsements;
    struct slw_policy_result *results;
    int64_t *signed_utc_s;
};

static void statements_free(struct statements *list)
{
    free(list->approvals);
    free(list->endorsements);
    free(list->results);
    free(list->signed_utc_s);
}

static enum slw_status statement_facts(const struct slw_case *work, struct statements *list,
                                       struct slw_policy_facts *facts)
{
    const struct slw_book_request *request = work->request;
    const struct slw_content *content = &work->content;
    list->approvals = calloc(request->approvals_count + 1, sizeof *list->approvals);
    list->endorsements = calloc(content->said_count + 1, sizeof *list->endorsements);
    list->results = calloc(content->said_count + 1, sizeof *list->results);
    if (list->approvals == NULL || list->endorsements == NULL || list->results == NULL) {
        return SLW_NO_SPACE;
    }
    for (size_t i = 0; i < request->approvals_count; i++) {
        struct slw_policy_approval *added = &list->approvals[facts->approvals_count++];
        memcpy(added->signer_id, request->approvals[i]->signer_id, sizeof added->signer_id);
        added->says = &request->approvals[i]->says;
    }
    for (size_t i = 0; i < content->said_count; i++) {
        const struct slw_content_said *said = content->said[i];
        if (said->statement.kind == SLW_STATEMENT_TEST_RESULT) {
            struct slw_policy_result *added = &list->results[facts->results_count++];
            memcpy(added->signer_id, said->signer_id, sizeof added->signer_id);
            added->says = &said->result;
        } else if (facts->endorsements_count < SLW_POLICY_ENDORSEMENTS_MAX) {
            struct slw_policy_endorsement *added = &list->endorsements[facts->endorsements_count++];
            memcpy(added->signer_id, said->signer_id, sizeof added->signer_id);
            added->says = &said->provenance;
        }
    }
    facts->approvals = list->approvals;
    facts->endorsements = list->endorsements;
    facts->results = list->results;
    return SLW_OK;
}

static void service_facts(struct slw_case *work, struct slw_policy_facts *facts)
{
    struct slw_service *service = work->service;
    const struct slw_book_rate *rate = slw_book_rate(&service->book, work->signing_key, false);
    facts->signer = slw_bytes_make(service->options.origin, strlen(service->options.origin));
    facts->key_in_token = work->key->in_token;
    facts->now_utc_s = slw_service_now(service);
    facts->time_mark_utc_s = service->book.time_utc_s;
    facts->signed_utc_s = rate == NULL ? NULL : rate->times;
    facts->signed_count = rate == NULL ? 0 : rate->count;
    facts->judged = work->judged;
    facts->judged_reason = work->judged_reason;
    facts->judged_detail = work->judged_detail[0] == '\0' ? NULL : work->judged_detail;
    facts->is_brief = true;
    /* A root and a role have no payloads that a judge could look into. */
    if (work->request->request.operation != SLW_OPERATION_SIGN_TARGETS) {
        facts->judged = SLW_POLICY_JUDGED_GOOD;
    }
}

static bool is_counted_with(const struct slw_case *other, const struct slw_case *work)
{
    return other != work && other->is_counted &&
           other->signing_key->use == work->signing_key->use &&
           other->signing_key->key_class == work->signing_key->key_class &&
           slw_bytes_equal(other->signing_key->product, work->signing_key->product);
}

/* Signatures that are being made count for rates as those of the log do: else any number of
 * requests at once were one. */
static enum slw_status rate_facts(const struct slw_case *work, struct statements *list,
                                  struct slw_policy_facts *facts)
{
    const struct slw_service *service = work->service;
    size_t count = 0;
    for (size_t i = 0; i < service->cases_count; i++) {
        count += is_counted_with(service->cases[i], work) ? 1 : 0;
    }
    if (count == 0) {
        return SLW_OK;
    }
    list->signed_utc_s = calloc(facts->signed_count + count, sizeof *list->signed_utc_s);
    if (list->signed_utc_s == NULL) {
        return SLW_NO_SPACE;
    }
    for (size_t i = 0; i < facts->signed_count; i++) {
        list->signed_utc_s[i] = facts->signed_utc_s[i];
    }
    for (; count > 0; count--) {
        list->signed_utc_s[facts->signed_count++] = facts->now_utc_s;
    }
    facts->signed_utc_s = list->signed_utc_s;
    return SLW_OK;
}

enum slw_status slw_case_decide(struct slw_case *work, struct slw_policy_decision *ret_decision,
                                struct slw_detail *detail)
{
    struct slw_policy_facts facts = {0};
    struct statements list = {0};
    /* One time for all, since auditors decide again as of the record's. */
    work->now_utc_s = slw_service_record_time(work->service);
    if (work->policy != slw_book_policy_at(&work->service->book, work->now_utc_s)->policy) {
        return slw_explain(detail, SLW_WRONG_STATE, "another policy is in force");
    }
    enum slw_status status = statement_facts(work, &list, &facts);
    request_facts(work, &facts);
    content_facts(work, &facts);
    service_facts(work, &facts);
    /* A clock that is behind the log is told as what it is. */
    if (facts.now_utc_s >= facts.time_mark_utc_s) {
        facts.now_utc_s = work->now_utc_s;
    }
    status = status != SLW_OK ? status : rate_facts(work, &list, &facts);
    status = status != SLW_OK ? slw_explain_no_memory(detail)
                              : slw_policy_decide(work->policy, &facts, ret_decision, detail);
    statements_free(&list);
    return status;
}

/* Whether any rule for the request's key lets this person approve: more isn't known before it was
 * read. Else anybody known could fill what room a request has for approvals. */
static enum slw_status check_approver(const struct slw_case *work, const uint8_t *signer_id,
                                      struct slw_detail *detail)
{
    const struct slw_policy *policy = slw_service_policy(work->service)->policy;
    const struct slw_policy_holder holder = slw_policy_holder_of(policy, signer_id);
    const struct slw_policy_signing_key *key =
        slw_policy_signing_key(policy, work->request->request.key);
    for (size_t i = 0; key != NULL && i < policy->rules_count; i++) {
        const struct slw_policy_rule *rule = &policy->rules[i];
        if (rule->use == key->use && rule->key_class == key->key_class &&
            slw_bytes_equal(rule->product, key->product) && slw_policy_may_approve(rule, &holder)) {
            return SLW_OK;
        }
    }
    return slw_explain(detail, SLW_NOT_PERMITTED, "it is by nobody who may approve this");
}

enum slw_status slw_case_check_approval(struct slw_case *work, const uint8_t *signer_id,
                                        const struct slw_approval *says, struct slw_detail *detail)
{
    struct slw_policy_facts facts = {0};
    struct slw_policy_approval approval = {.says = says};
    if (!work->has_content || work->content.status != SLW_OK) {
        /* It is being read: what it is worth will be known then. */
        return check_approver(work, signer_id, detail);
    }
    memcpy(approval.signer_id, signer_id, sizeof approval.signer_id);
    request_facts(work, &facts);
    content_facts(work, &facts);
    service_facts(work, &facts);
    return slw_policy_check_approval(slw_service_policy(work->service)->policy, &facts, &approval,
                                     detail);
}
