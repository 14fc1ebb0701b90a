/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing what is allowed: versions are compared and taken on the loop, a worker signs, the
 * signature is verified by the key that the policy names, and is in the log before it leaves.
 */
#include "case.h"

#include "slipway/base64.h"

#include <stdio.h>

#define RETRY_MS 2000
#define WHY_MAX 440 /* bytes of why it failed; with a reason's word they fit into what is shown */

/* --- Versions --- */

/* The signature that this very key made of these very bytes; SLW_NOT_FOUND. */
static enum slw_status stored_signature(struct slw_case *work, const struct slw_book_mark *mark)
{
    const struct slw_book *book = &work->service->book;
    for (size_t i = book->list_count; i > 0; i--) {
        const struct slw_book_request *request = book->list[i - 1];
        if (request->state == SLW_SIGNER_SIGNED &&
            memcmp(request->signed_sha256, mark->sha256, SLW_SHA256_SIZE) == 0 &&
            memcmp(request->key_id, work->signing_key->key.id, SLW_SHA256_SIZE) == 0) {
            memcpy(work->sig, request->sig, sizeof work->sig);
            work->leaf = request->release;
            return SLW_OK;
        }
    }
    return SLW_NOT_FOUND;
}

static enum slw_status compare_content(bool known, const uint8_t *taken, const uint8_t *wanted,
                                       struct slw_detail *detail)
{
    if (!known || memcmp(taken, wanted, SLW_SHA256_SIZE) != 0) {
        return slw_explain(detail, SLW_VERSION_TAKEN,
                           "this version was signed before, with other content");
    }
    return SLW_OK;
}

/*
 * "targets version and root strictly above everything signed before for that product; a version
 * never signed twice with other content"
 */
static enum slw_status version_check(struct slw_case *work, const struct slw_book_mark *mark,
                                     struct slw_detail *detail)
{
    const struct slw_content *content = &work->content;
    uint64_t highest =
        mark->reserved_version > mark->version ? mark->reserved_version : mark->version;
    if (content->version < highest) {
        return slw_explain(detail, SLW_ROLLBACK,
                           "version %llu is below %llu, which was signed before",
                           (unsigned long long)content->version, (unsigned long long)highest);
    }
    if (mark->reserved_version != 0 && content->version == mark->reserved_version) {
        return compare_content(true, mark->reserved_sha256, content->sha256, detail);
    }
    if (mark->version != 0 && content->version == mark->version) {
        return compare_content(mark->has_content, mark->sha256, content->sha256, detail);
    }
    return SLW_OK;
}

/* A bundle's root isn't older than the roots that were signed here, nor another of one version. */
static enum slw_status root_check(struct slw_case *work, struct slw_detail *detail)
{
    const struct slw_content_root *root = &work->content.root;
    const struct slw_book_mark *mark =
        slw_book_mark(&work->service->book, SLW_POLICY_USE_ROOT, work->mark, false);
    if (work->request->request.operation != SLW_OPERATION_SIGN_TARGETS || mark == NULL) {
        return SLW_OK;
    }
    if (root->version < mark->version) {
        return slw_explain(detail, SLW_ROOT_ROLLBACK,
                           "the bundle's root is older than one that was signed here");
    }
    if (root->version == mark->version && mark->has_content &&
        memcmp(root->sha256, mark->sha256, SLW_SHA256_SIZE) != 0) {
        return slw_explain(detail, SLW_ROOT_REPLACED,
                           "the bundle's root isn't the one of this version that was signed here");
    }
    return SLW_OK;
}

/* A role's base isn't older than what was signed last, nor another of that version. */
static enum slw_status base_check(const struct slw_case *work, const struct slw_book_mark *mark,
                                  struct slw_detail *detail)
{
    const struct slw_content *content = &work->content;
    if (work->request->request.operation != SLW_OPERATION_SIGN_ROLE ||
        content->version == mark->version) {
        return SLW_OK;
    }
    if (content->base_version < mark->version) {
        return slw_explain(detail, SLW_ROLLBACK, "the base is older than what was signed last");
    }
    if (content->base_version == mark->version && mark->has_content &&
        memcmp(content->base_sha256, mark->sha256, SLW_SHA256_SIZE) != 0) {
        return slw_explain(detail, SLW_STORED_STATE, "the base isn't what was signed last");
    }
    return SLW_OK;
}

/* Takes the version for this case. SLW_OK: it is the first to have it, or has the same content. */
static enum slw_status version_take(struct slw_case *work, struct slw_detail *detail)
{
    const struct slw_content *content = &work->content;
    slw_book_mark_name(work->signing_key, slw_heap_bytes(&content->role), work->mark);
    struct slw_book_mark *mark =
        slw_book_mark(&work->service->book, work->signing_key->use, work->mark, true);
    if (mark == NULL) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(root_check(work, detail));
    SLW_TRY(version_check(work, mark, detail));
    SLW_TRY(base_check(work, mark, detail));
    work->is_again = content->version == mark->version && mark->has_content &&
                     stored_signature(work, mark) == SLW_OK;
    if (!work->is_again) {
        mark->reserved_version = content->version;
        memcpy(mark->reserved_sha256, content->sha256, sizeof mark->reserved_sha256);
    }
    return SLW_OK;
}

/* --- Signing --- */

static void signing_run(struct slw_job *job)
{
    struct slw_case *work = (struct slw_case *)job;
    struct slw_bytes message = slw_heap_bytes(&work->content.bytes);
    work->sign_status = slw_private_key_sign_unverified(
        work->key->key, message, work->content.sha256, work->sig, &work->sign_detail);
    /* "what it returns is verified before it leaves": by the key that the policy names. */
    if (work->sign_status == SLW_OK) {
        work->sign_status = slw_statement_key_verify(&work->signing_key->key, message,
                                                     slw_bytes_make(work->sig, sizeof work->sig),
                                                     &work->sign_detail);
    }
}

static const char *operation_name(const struct slw_case *work)
{
    return slw_operation_word(work->request->request.operation);
}

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* A signature in the log must be verifiable from it: of roles, which may be large, by their SHA-256
 * where that is what the key signs. */
static bool is_message_logged(const struct slw_case *work)
{
    return work->request->request.operation != SLW_OPERATION_SIGN_ROLE ||
           work->signing_key->key.as.public_key.type != SLW_KEY_TYPE_P256;
}

static void signature_record(const struct slw_case *work, struct slw_record *record)
{
    const struct slw_content *content = &work->content;
    slw_record_begin(record, SLW_RECORD_SIGNATURE, work->now_utc_s);
    slw_record_hex(record, "request", work->request->id, SLW_SHA256_SIZE);
    slw_record_text(record, "operation", text_of(operation_name(work)));
    slw_record_text(record, "key", work->signing_key->name);
    slw_record_hex(record, "key_id", work->signing_key->key.id, SLW_SHA256_SIZE);
    slw_record_text(record, "class", text_of(slw_policy_class_name(work->signing_key->key_class)));
    slw_record_text(record, "product", work->signing_key->product);
    slw_record_text(record, "mark", text_of(work->mark));
    slw_record_uint(record, "version", content->version);
    slw_record_hex(record, "sha256", content->sha256, SLW_SHA256_SIZE);
    slw_record_hex(record, "signature", work->sig, sizeof work->sig);
    if (is_message_logged(work)) {
        struct slw_heap_buffer text = {0};
        slw_base64_encode(slw_heap_bytes(&content->bytes), &text);
        slw_record_text(record, "metadata", slw_heap_bytes(&text));
        slw_heap_drop(&text);
    }
}

static void signature_log(struct slw_case *work)
{
    struct slw_record record;
    struct slw_effect effect = {.then = slw_case_ended_then};
    memcpy(effect.request, work->request->id, sizeof effect.request);
    work->phase = SLW_CASE_LOGGING;
    signature_record(work, &record);
    if (work->request->request.operation != SLW_OPERATION_SIGN_TARGETS) {
        slw_effect_append(work->service, &record, &effect);
    } else if (work->is_again) {
        slw_record_uint(&record, "leaf", work->leaf);
        slw_effect_append(work->service, &record, &effect);
    } else {
        slw_effect_append_release(work->service, work->signing_key->product,
                                  (uint32_t)work->content.version, work->content.sha256, &record,
                                  &effect);
    }
}

/* A token may take long: a rejection, another policy or the end of its time may have come since it
 * was allowed. */
static bool is_still_allowed(struct slw_case *work)
{
    struct slw_policy_decision decision;
    struct slw_detail ignored = {""};
    if (slw_service_check_ready(work->service, &ignored) != SLW_OK ||
        slw_case_decide(work, &decision, &ignored) != SLW_OK) {
        return false;
    }
    bool is_allowed = decision.outcome == SLW_POLICY_ALLOWED;
    slw_policy_decision_free(&decision);
    return is_allowed;
}

static void signing_done(struct slw_job *job, void *context)
{
    struct slw_case *work = (struct slw_case *)job;
    if (context == NULL) {
        return;
    }
    struct slw_service *service = work->service;
    slw_service_note_attempt(service, &service->signed_last[work->key - service->options.keys],
                             work->sign_status, &work->sign_detail);
    if (work->sign_status == SLW_OK && is_still_allowed(work)) {
        signature_log(work);
        return;
    }
    /* It doesn't leave, and all of it is tried again, from the beginning. Where the token failed,
     * or gave what isn't its key's signature, whoever looks at the request is told why. */
    if (work->sign_status != SLW_OK) {
        (void)snprintf(work->waiting_for, sizeof work->waiting_for, "%s: %.*s\n",
                       slw_status_word(work->sign_status), WHY_MAX, work->sign_detail.text);
        work->has_waited = true;
    }
    work->phase = SLW_CASE_READY;
    work->is_counted = false;
    work->fresh = false;
    work->retry_ms = slw_service_now_ms(work->service) + RETRY_MS;
}

void slw_case_sign(struct slw_case *work)
{
    struct slw_detail detail = {""};
    enum slw_status status = slw_service_check_ready(work->service, &detail);
    if (status != SLW_OK) {
        work->phase = SLW_CASE_READY;
        work->fresh = false;
        work->retry_ms = slw_service_now_ms(work->service) + RETRY_MS;
        return;
    }
    status = is_message_logged(work) && work->content.bytes.len > SLW_CONTENT_SIGNABLE_MAX
                 ? slw_explain(&detail, SLW_TOO_LARGE,
                               "more than the log keeps of what an Ed25519 key signs")
                 : version_take(work, &detail);
    if (status != SLW_OK) {
        slw_case_refuse(work, status, detail.text);
        return;
    }
    work->is_counted = true;
    if (work->is_again) {
        signature_log(work);
        return;
    }
    work->phase = SLW_CASE_SIGNING;
    work->job.run = signing_run;
    work->job.done = signing_done;
    slw_workers_give(work->service->workers, &work->job);
}
