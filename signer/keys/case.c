/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a request goes on: read, judged, decided, waited for, decided again. See case.h. Everything
 * here runs on the loop; workers only read (content.h) and sign (case_sign.c).
 */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TICK_MS 1000
#define RETRY_MS 2000
#define WAITING_AGAIN_MS 10000 /* hours and rates change without anybody saying something */

static void case_start_reading(struct slw_case *work);

/* --- Memory --- */

bool slw_case_open(struct slw_service *service, struct slw_book_request *request)
{
    struct slw_case **grown =
        slw_heap_grow(service->cases, service->cases_count, sizeof(struct slw_case *));
    if (grown == NULL) {
        return false;
    }
    service->cases = grown;
    struct slw_case *work = calloc(1, sizeof *work);
    if (work == NULL) {
        return false;
    }
    work->service = service;
    work->request = request;
    work->descriptor = -1;
    work->added = -1;
    work->judge.descriptor = -1;
    work->phase = SLW_CASE_UPLOAD;
    slw_case_added_name(work);
    request->work = work;
    service->cases[service->cases_count++] = work;
    slw_case_go_on(work);
    return true;
}

static void content_drop(struct slw_case *work)
{
    slw_case_judge_stop(work);
    if (work->has_content) {
        slw_content_free(&work->content);
    }
    if (work->descriptor >= 0) {
        close(work->descriptor);
    }
    slw_case_added_close(work);
    work->has_content = false;
    work->descriptor = -1;
    work->judged = SLW_POLICY_NOT_JUDGED;
    work->rules_judged = false;
    work->validators_done = 0;
}

void slw_case_free(struct slw_case *work)
{
    struct slw_service *service = work->service;
    content_drop(work);
    for (size_t i = 0; i < service->cases_count; i++) {
        if (service->cases[i] == work) {
            service->cases[i] = service->cases[--service->cases_count];
            break;
        }
    }
    work->request->work = NULL;
    free(work);
}

/* --- Ends --- */

void slw_case_ended_then(struct slw_service *service, struct slw_effect *effect,
                         enum slw_status status, const struct slw_detail *detail)
{
    (void)detail;
    const struct slw_book_request *request = slw_book_request_find(&service->book, effect->request);
    if (request == NULL || request->work == NULL) {
        return;
    }
    if (status == SLW_OK) {
        slw_case_free(request->work);
        return;
    }
    /* The log couldn't take it: it is found out once more. */
    request->work->phase = SLW_CASE_READY;
    request->work->is_counted = false;
    request->work->fresh = false;
    request->work->retry_ms = slw_service_now_ms(service) + RETRY_MS;
}

void slw_case_refuse(struct slw_case *work, enum slw_status reason, const char *text)
{
    struct slw_service *service = work->service;
    struct slw_record record;
    struct slw_effect effect = {.then = slw_case_ended_then};
    const char *word = slw_status_word(reason);
    memcpy(effect.request, work->request->id, sizeof effect.request);
    work->phase = SLW_CASE_LOGGING;
    slw_record_begin(&record, SLW_RECORD_REFUSAL, slw_service_record_time(service));
    slw_record_hex(&record, "request", work->request->id, SLW_SHA256_SIZE);
    slw_record_text(&record, "reason", slw_bytes_make(word, strlen(word)));
    slw_record_text(&record, "detail", slw_bytes_make(text, strlen(text)));
    slw_effect_append(service, &record, &effect);
}

static void case_expire(struct slw_case *work)
{
    struct slw_record record;
    struct slw_effect effect = {.then = slw_case_ended_then};
    memcpy(effect.request, work->request->id, sizeof effect.request);
    work->phase = SLW_CASE_LOGGING;
    slw_record_begin(&record, SLW_RECORD_EXPIRY, slw_service_record_time(work->service));
    slw_record_hex(&record, "request", work->request->id, SLW_SHA256_SIZE);
    slw_effect_append(work->service, &record, &effect);
}

/* What isn't the request's fault is tried again. */
static bool is_passing(enum slw_status status)
{
    return status == SLW_NO_SPACE || slw_status_class(status) == SLW_CLASS_IO ||
           status == SLW_CLOCK;
}

static void case_hold(struct slw_case *work)
{
    work->phase = SLW_CASE_READY;
    work->fresh = false;
    work->retry_ms = slw_service_now_ms(work->service) + RETRY_MS;
}

/* --- Deciding --- */

/* The lines of what is still waited for, for people. */
static void note_waiting(struct slw_case *work, const struct slw_policy_decision *decision)
{
    size_t len = 0;
    work->waiting_for[0] = '\0';
    for (size_t i = 0; i < decision->count; i++) {
        const struct slw_policy_requirement *requirement = &decision->requirements[i];
        size_t text_len = strlen(requirement->text);
        if (requirement->answer == SLW_POLICY_MET ||
            len + text_len + 2 > sizeof work->waiting_for) {
            continue;
        }
        memcpy(work->waiting_for + len, requirement->text, text_len);
        len += text_len;
        work->waiting_for[len++] = '\n';
        work->waiting_for[len] = '\0';
    }
}

static void case_allowed(struct slw_case *work)
{
    /* "approved, and validated again at the moment of signing": what waited is read anew. */
    if (!work->fresh) {
        work->fresh = true;
        (void)snprintf(work->waiting_for, sizeof work->waiting_for,
                       "being read and judged once more before it is signed\n");
        case_start_reading(work);
        return;
    }
    slw_case_sign(work);
}

static void case_decided(struct slw_case *work, const struct slw_policy_decision *decision,
                         const struct slw_detail *detail)
{
    switch (decision->outcome) {
    case SLW_POLICY_ALLOWED:
        case_allowed(work);
        return;
    case SLW_POLICY_UNJUDGED:
        work->phase = SLW_CASE_JUDGING;
        slw_case_judge(work, decision->rule);
        return;
    case SLW_POLICY_WAITING:
        note_waiting(work, decision);
        work->has_waited = true;
        work->fresh = false;
        work->phase = SLW_CASE_WAITING;
        work->retry_ms = slw_service_now_ms(work->service) + WAITING_AGAIN_MS;
        return;
    case SLW_POLICY_REFUSED:
        if (is_passing(decision->reason)) {
            case_hold(work);
        } else {
            slw_case_refuse(work, decision->reason, detail->text);
        }
        return;
    }
}

static void case_decide(struct slw_case *work)
{
    struct slw_policy_decision decision;
    struct slw_detail detail = {""};
    enum slw_status status = slw_case_decide(work, &decision, &detail);
    if (status == SLW_WRONG_STATE) {
        case_start_reading(work); /* under the one that is in force now */
        return;
    }
    if (status != SLW_OK) {
        if (is_passing(status)) {
            case_hold(work);
        } else {
            slw_case_refuse(work, status, detail.text);
        }
        return;
    }
    case_decided(work, &decision, &detail);
    slw_policy_decision_free(&decision);
}

/* --- Reading --- */

static void reading_run(struct slw_job *job)
{
    struct slw_case *work = (struct slw_case *)job;
    slw_content_read(&work->task, &work->content);
}

/* Nobody reads a copy that isn't what was announced: the true one may be uploaded in its place. */
static void remove_damaged(struct slw_case *work)
{
    struct slw_staging *staging = &work->service->staging;
    if (work->content.is_damaged) {
        slw_staging_remove_damaged(staging, work->task.staged, work->descriptor);
    }
    if (work->content.adds_damaged) {
        slw_staging_remove_damaged(staging, work->content.adds_sha256, work->added);
    }
}

static void reading_done(struct slw_job *job, void *context)
{
    struct slw_case *work = (struct slw_case *)job;
    work->has_content = true;
    if (context == NULL) {
        return; /* the service ends, which frees all cases */
    }
    remove_damaged(work);
    if (work->content.status == SLW_OK) {
        case_decide(work);
    } else if (is_passing(work->content.status)) {
        case_hold(work);
    } else {
        slw_case_refuse(work, work->content.status, work->content.detail.text);
    }
}

/* "nothing (then subject is the SHA-256 of nothing)": a role that has no base yet. */
static bool is_nothing(const uint8_t *sha256)
{
    struct slw_sha256 hash;
    uint8_t nothing[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_final(&hash, nothing);
    return memcmp(nothing, sha256, sizeof nothing) == 0;
}

/* Opens the staged copies; false while it isn't there, and when that can't be known. */
static bool staged_open(struct slw_case *work)
{
    struct slw_detail ignored;
    const struct slw_request *request = &work->request->request;
    if (request->operation == SLW_OPERATION_SIGN_ROLE && is_nothing(request->staged)) {
        return slw_case_added_open(work, &ignored);
    }
    return slw_staging_read_open(&work->service->staging, request->staged, &work->descriptor,
                                 &ignored) == SLW_OK &&
           slw_case_added_open(work, &ignored);
}

static void case_start_reading(struct slw_case *work)
{
    struct slw_service *service = work->service;
    const struct slw_book_policy *policy = slw_service_policy(service);
    const struct slw_request *request = &work->request->request;
    content_drop(work);
    work->signing_key = slw_policy_signing_key(policy->policy, request->key);
    work->key = slw_service_key_find(service, request->key);
    if (work->signing_key == NULL || work->key == NULL) {
        slw_case_refuse(work, SLW_UNKNOWN_KEY, "the service has no such key any more");
        return;
    }
    if (!staged_open(work)) {
        work->phase = SLW_CASE_UPLOAD;
        work->retry_ms = slw_service_now_ms(service) + WAITING_AGAIN_MS;
        return;
    }
    work->phase = SLW_CASE_READING;
    work->policy = policy->policy;
    work->task = (struct slw_content_task){
        .descriptor = work->descriptor,
        .request = request,
        .policy = policy->policy,
        .keys = policy->keys,
        .keys_count = policy->keys_count,
        .key = work->signing_key,
        .tuf_root = slw_service_tuf_root(service, work->signing_key->product),
        .known_roots = &service->known_roots,
        .now_utc_s = slw_service_now(service),
    };
    slw_case_added_tell(work, &work->task);
    memcpy(work->task.staged, request->staged, sizeof work->task.staged);
    work->job.run = reading_run;
    work->job.done = reading_done;
    slw_workers_give(service->workers, &work->job);
}

/* --- What moves it --- */

void slw_case_go_on(struct slw_case *work)
{
    switch (work->phase) {
    case SLW_CASE_READING:
    case SLW_CASE_SIGNING:
    case SLW_CASE_LOGGING:
        return;
    case SLW_CASE_UPLOAD:
    case SLW_CASE_READY:
        work->fresh = true;
        case_start_reading(work);
        return;
    case SLW_CASE_JUDGING:
    case SLW_CASE_WAITING:
        if (!work->has_content) {
            case_start_reading(work);
        } else if (work->judge.descriptor < 0) {
            case_decide(work);
        }
        return;
    }
}

bool slw_case_needs(const struct slw_case *work, const uint8_t *sha256)
{
    return memcmp(work->request->request.staged, sha256, SLW_SHA256_SIZE) == 0 ||
           (work->names_added && memcmp(work->added_sha256, sha256, SLW_SHA256_SIZE) == 0);
}

void slw_case_uploaded(struct slw_service *service, const uint8_t *sha256)
{
    for (size_t i = service->cases_count; i > 0; i--) {
        /* A commit on the way may have ended some. */
        struct slw_case *work = i > service->cases_count ? NULL : service->cases[i - 1];
        if (work != NULL && work->phase == SLW_CASE_UPLOAD && slw_case_needs(work, sha256)) {
            slw_case_go_on(work);
        }
    }
}

static void case_tick(struct slw_case *work, int64_t now_ms)
{
    if (work->phase == SLW_CASE_READING || work->phase == SLW_CASE_SIGNING ||
        work->phase == SLW_CASE_LOGGING || work->judge.descriptor >= 0) {
        return;
    }
    if (slw_service_now(work->service) >= work->request->request.expires_utc_s) {
        case_expire(work);
    } else if (now_ms >= work->retry_ms) {
        work->retry_ms = now_ms + WAITING_AGAIN_MS;
        slw_case_go_on(work);
    }
}

void slw_cases_tick(struct slw_service *service)
{
    int64_t now_ms = slw_service_now_ms(service);
    if (now_ms - service->ticked_ms < TICK_MS) {
        return;
    }
    service->ticked_ms = now_ms;
    for (size_t i = service->cases_count; i > 0; i--) {
        if (i <= service->cases_count) { /* a commit on the way may have ended some */
            case_tick(service->cases[i - 1], now_ms);
        }
    }
}

enum slw_signer_state slw_case_state(struct slw_service *service,
                                     const struct slw_book_request *request)
{
    if (request->state == SLW_SIGNER_SIGNED) {
        return slw_service_is_proven(service, request->signature) ? SLW_SIGNER_SIGNED
                                                                  : SLW_SIGNER_WAITING;
    }
    const struct slw_case *work = request->work;
    if (work == NULL || request->state != SLW_SIGNER_RECEIVED) {
        return request->state;
    }
    if (work->has_waited) {
        return SLW_SIGNER_WAITING;
    }
    return work->phase == SLW_CASE_UPLOAD ? SLW_SIGNER_RECEIVED : SLW_SIGNER_JUDGING;
}
