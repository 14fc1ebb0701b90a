/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: signed by a threshold of the administrators of the one in force, of a version that
 * never was, and in force at once only when nothing in them is looser.
 */
#include "intake.h"

#include "slipway/policy_compare.h"

static enum slw_status policy_check(struct slw_service *service, const struct slw_intake *intake,
                                    int64_t now_utc_s, struct slw_policy **ret_policy,
                                    int64_t *ret_in_force_utc_s, struct slw_detail *detail)
{
    const struct slw_policy *former = slw_book_policy_at(&service->book, now_utc_s)->policy;
    struct slw_bytes origin =
        slw_bytes_make(service->options.origin, strlen(service->options.origin));
    struct slw_policy *policy = NULL;
    if (service->book.policies_count >= SLW_BOOK_POLICIES_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "the log has as many policies as it may");
    }
    SLW_TRY(slw_policy_open(slw_heap_bytes(&intake->text), origin, former, &policy, detail));
    struct slw_policy_changes changes;
    enum slw_status status = SLW_OK;
    if (policy->version <= slw_book_policy_newest(&service->book)->policy->version) {
        status = slw_explain(detail, SLW_ROLLBACK,
                             "a policy of this version, or a higher one, was logged before");
    }
    if (status == SLW_OK) {
        status = slw_policy_compare(former, policy, &changes);
    }
    if (status != SLW_OK) {
        slw_policy_free(policy);
        return status;
    }
    *ret_in_force_utc_s = slw_policy_in_force_utc_s(former, &changes, now_utc_s);
    slw_policy_changes_free(&changes);
    *ret_policy = policy;
    return SLW_OK;
}

static void policy_then(struct slw_service *service, struct slw_effect *effect,
                        enum slw_status status, const struct slw_detail *detail)
{
    if (status != SLW_OK) {
        slw_answer_refuse(service, effect->number, SLW_SIGNER_SUBMIT, status, detail->text);
        return;
    }
    slw_answer_statement(service, effect->number, effect->id, SLW_SIGNER_RECEIVED, SLW_OK,
                         effect->detail.text);
}

void slw_intake_policy(struct slw_service *service, const struct slw_intake *intake)
{
    struct slw_policy *policy = NULL;
    int64_t in_force_utc_s = 0;
    struct slw_detail detail = {""};
    slw_effects_commit(service); /* no other policy may be on its way */
    /* One time for all, since whoever reads the record computes with its. */
    const int64_t now_utc_s = slw_service_record_time(service);
    enum slw_status status =
        policy_check(service, intake, now_utc_s, &policy, &in_force_utc_s, &detail);
    if (status != SLW_OK) {
        slw_intake_refuse(service, intake, status, detail.text);
        return;
    }
    struct slw_record record;
    struct slw_effect effect = {.then = policy_then, .number = intake->number};
    memcpy(effect.id, intake->id, sizeof effect.id);
    memcpy(effect.known_by, intake->known_by, sizeof effect.known_by);
    slw_intake_record_at(intake, SLW_RECORD_POLICY, now_utc_s, &record);
    slw_record_uint(&record, "version", policy->version);
    slw_record_time(&record, "in_force", in_force_utc_s);
    slw_policy_free(policy);
    slw_effect_append(service, &record, &effect);
    slw_effects_commit(service); /* nothing that the former one allowed comes behind it */
}
