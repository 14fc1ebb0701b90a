/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the service, its loop, and what it knows of itself. See service.h. */
#include "case.h"

#include "slipway/base64.h"
#include "slipway/tuf_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define POLL_FRONT 2u /* behind workers and committer */
#define POLL_OTHERS 3u
#define POLL_MAX (SLW_JUDGES_MAX + POLL_OTHERS)
#define SWEEP_MS 60000
#define PATH_SIZE 4096u

/* --- Time and readiness --- */

static int64_t system_utc_s(void *context)
{
    (void)context;
    return (int64_t)time(NULL);
}

static int64_t system_monotonic_ms(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t slw_service_now(const struct slw_service *service)
{
    return service->options.clock.utc_s(service->options.clock.context);
}

int64_t slw_service_now_ms(const struct slw_service *service)
{
    return service->options.clock.monotonic_ms(service->options.clock.context);
}

int64_t slw_service_record_time(const struct slw_service *service)
{
    int64_t now = slw_service_now(service);
    now = now < service->book.time_utc_s ? service->book.time_utc_s : now;
    /* The clock may be set back while a record is being written, too. */
    return now < service->appended_utc_s ? service->appended_utc_s : now;
}

const struct slw_book_policy *slw_service_policy(struct slw_service *service)
{
    return slw_book_policy_at(&service->book, slw_service_record_time(service));
}

const struct slw_service_key *slw_service_key_find(const struct slw_service *service,
                                                   struct slw_bytes name)
{
    for (size_t i = 0; i < service->options.keys_count; i++) {
        const struct slw_service_key *key = &service->options.keys[i];
        if (slw_bytes_equal(name, slw_bytes_make(key->name, strlen(key->name)))) {
            return key;
        }
    }
    return NULL;
}

bool slw_service_is_proven(struct slw_service *service, uint64_t index)
{
    return slw_service_policy(service)->policy->witnesses_quorum == 0 ||
           index < service->witnessing.cosigned;
}

enum slw_status slw_service_check_ready(struct slw_service *service, struct slw_detail *detail)
{
    if (service->blocked != SLW_OK) {
        *detail = service->blocked_detail;
        return service->blocked;
    }
    /* "Time never falls below the last entry" */
    if (slw_service_now(service) < service->book.time_utc_s) {
        return slw_explain(detail, SLW_CLOCK, "the clock is behind the last entry of the log");
    }
    /* "at start the log must extend the newest checkpoint that witnesses hold, else nothing is
     * signed" */
    if (!slw_service_is_proven(service, service->book.started)) {
        return slw_explain(detail, SLW_NO_WITNESSES,
                           "no quorum of witnesses has cosigned this start yet");
    }
    return SLW_OK;
}

const struct slw_policy_signing_key *slw_service_key_failed(struct slw_service *service,
                                                            size_t place)
{
    const char *name = service->options.keys[place].name;
    return service->signed_last[place].status == SLW_OK
               ? NULL
               : slw_policy_signing_key(slw_service_policy(service)->policy,
                                        slw_bytes_make(name, strlen(name)));
}

enum slw_status slw_service_check_signs(struct slw_service *service, struct slw_detail *detail)
{
    const struct slw_service_attempt *last = &service->committed_last;
    SLW_TRY(slw_service_check_ready(service, detail));
    if (last->status != SLW_OK) {
        return slw_explain(detail, last->status, "the log couldn't be written: %.600s",
                           last->detail.text);
    }
    for (size_t i = 0; i < service->options.keys_count; i++) {
        const struct slw_policy_signing_key *key = slw_service_key_failed(service, i);
        last = &service->signed_last[i];
        if (key != NULL && key->key_class == SLW_KEY_CLASS_PROD) {
            return slw_explain(detail, last->status, "production key \"%s\": %.600s",
                               service->options.keys[i].name, last->detail.text);
        }
    }
    return SLW_OK;
}

void slw_service_note_attempt(const struct slw_service *service,
                              struct slw_service_attempt *attempt, enum slw_status status,
                              const struct slw_detail *detail)
{
    attempt->status = status;
    attempt->utc_s = slw_service_now(service);
    attempt->detail = *detail;
}

/* "never go back": what was followed to counts until the settings name a higher version. */
struct slw_bytes slw_service_tuf_root(const struct slw_service *service, struct slw_bytes product)
{
    const struct slw_book_root *followed = slw_book_root(&service->book, product);
    for (size_t i = 0; i < service->options.roots_count; i++) {
        const struct slw_service_root *first = &service->options.roots[i];
        if (slw_bytes_equal(product, slw_bytes_make(first->product, strlen(first->product)))) {
            return followed != NULL && followed->version >= service->root_versions[i]
                       ? slw_heap_bytes(&followed->file)
                       : first->file;
        }
    }
    return slw_bytes_make(NULL, 0);
}

/* --- The loop --- */

static bool still_needed(void *context, const uint8_t *sha256)
{
    const struct slw_service *service = context;
    for (size_t i = 0; i < service->cases_count; i++) {
        if (slw_case_needs(service->cases[i], sha256)) {
            return true;
        }
    }
    return false;
}

static int wait_ms(const struct slw_service *service, int timeout_ms, int64_t deadline_ms)
{
    int64_t left = deadline_ms - slw_service_now_ms(service);
    left = left < 0 ? 0 : left;
    return left < timeout_ms ? (int)left : timeout_ms;
}

/* Whether the front said something. */
static bool wait_for_something(struct slw_service *service, int timeout_ms)
{
    struct pollfd list[POLL_MAX] = {
        {.fd = slw_workers_descriptor(service->workers), .events = POLLIN},
        {.fd = slw_workers_descriptor(service->committer), .events = POLLIN},
        {.fd = service->front,
         .events = (short)(service->outgoing == NULL ? POLLIN : POLLIN | POLLOUT)},
    };
    int64_t deadline_ms = slw_effects_deadline_ms(service);
    size_t judges =
        slw_cases_poll(service, list + POLL_OTHERS, POLL_MAX - POLL_OTHERS, &deadline_ms);
    if (poll(list, (nfds_t)(judges + POLL_OTHERS), wait_ms(service, timeout_ms, deadline_ms)) < 0) {
        return false; /* a signal: nothing was looked at */
    }
    slw_cases_polled(service, list + POLL_OTHERS, judges);
    return (list[POLL_FRONT].revents & ~POLLOUT) != 0;
}

static void finish_jobs(struct slw_service *service, struct slw_workers *workers)
{
    for (struct slw_job *job = slw_workers_take(workers); job != NULL;
         job = slw_workers_take(workers)) {
        job->done(job, service);
    }
}

enum slw_status slw_service_turn(struct slw_service *service, int timeout_ms,
                                 struct slw_detail *detail)
{
    bool is_asked = wait_for_something(service, timeout_ms);
    slw_calls_send(service);
    if (is_asked) {
        slw_calls_receive(service);
    }
    finish_jobs(service, service->committer);
    finish_jobs(service, service->workers);
    slw_cases_judged(service);
    slw_cases_tick(service);
    slw_effects_go(service);
    slw_witnessing_go(service);
    slw_calls_send(service);
    int64_t now_ms = slw_service_now_ms(service);
    if (now_ms - service->swept_ms > SWEEP_MS) {
        service->swept_ms = now_ms;
        slw_staging_sweep(&service->staging, slw_service_now(service), still_needed, service);
    }
    if (service->broken) {
        *detail = service->blocked_detail;
        return service->blocked;
    }
    if (service->front_failed) {
        slw_calls_hang_up(service);
        return slw_explain(detail, SLW_IO_CLOSED, "the front is gone, or broke the protocol");
    }
    return SLW_OK;
}

void slw_service_connect(struct slw_service *service, int socket)
{
    slw_calls_hang_up(service);
    service->front = socket;
}

/* --- Opening --- */

static const char *path_below(const char *state, const char *name, char path[static PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/%s", state, name);
    return path;
}

static enum slw_status log_open(struct slw_service *service, bool create, struct slw_detail *detail)
{
    char path[PATH_SIZE];
    const struct slw_log_settings settings = {
        .directory = path_below(service->options.state, "log", path),
        .signer = service->options.log_signer,
        .files = service->options.files,
    };
    return create ? slw_log_create(&settings, &service->log, detail)
                  : slw_log_open(&settings, &service->log, detail);
}

/* "a file key of class prod is refused": at once, not when somebody asks for it. */
static enum slw_status keys_check(struct slw_service *service, struct slw_detail *detail)
{
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    for (size_t i = 0; i < policy->keys_count; i++) {
        const struct slw_policy_signing_key *wanted = &policy->keys[i];
        const struct slw_service_key *key = slw_service_key_find(service, wanted->name);
        if (key == NULL) {
            continue; /* another signer's, or one for ceremonies */
        }
        if (memcmp(slw_private_key_public(key->key)->id, wanted->key.id, SLW_SHA256_SIZE) != 0) {
            return slw_explain(detail, SLW_BAD_KEY, "key \"%s\" isn't the one of the policy",
                               key->name);
        }
        if (wanted->key_class == SLW_KEY_CLASS_PROD && !key->in_token) {
            return slw_explain(detail, SLW_WRONG_CLASS,
                               "production key \"%s\" isn't in a token that it can't leave",
                               key->name);
        }
    }
    return SLW_OK;
}

static enum slw_status roots_check(struct slw_service *service, struct slw_detail *detail)
{
    if (service->options.roots_count > SLW_SERVICE_ROOTS_MAX) {
        return slw_explain(detail, SLW_TOO_MANY, "too many roots of repositories");
    }
    for (size_t i = 0; i < service->options.roots_count; i++) {
        const size_t len = strlen(service->options.roots[i].product);
        if (len == 0 || len > SLW_POLICY_NAME_SIZE_MAX) {
            return slw_explain(detail, SLW_MALFORMED,
                               "a root of a product that no policy can name");
        }
        SLW_TRY(
            slw_tuf_root_first(service->options.roots[i].file, &service->root_versions[i], detail));
    }
    return SLW_OK;
}

static enum slw_status instance_check(const struct slw_service *service, struct slw_detail *detail)
{
    if (service->book.has_instance &&
        memcmp(service->book.instance, service->instance, SLW_SHA256_SIZE) != 0) {
        return slw_explain(detail, SLW_NOT_ACTIVE,
                           "this log was last written on another machine or disk: administrators "
                           "must state that this one takes over");
    }
    return SLW_OK;
}

static const struct slw_claims *claims_of(void *context, const uint8_t *sha256)
{
    const struct slw_book_stage *stage = slw_book_stage_find(context, sha256);
    return stage == NULL ? NULL : &stage->claims;
}

static enum slw_status parts_open(struct slw_service *service, struct slw_detail *detail)
{
    char path[PATH_SIZE];
    SLW_TRY(log_open(service, false, detail));
    SLW_TRY(slw_book_replay(&service->book, service->options.origin, service->log, detail));
    if (slw_service_policy(service) == NULL) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "the log has no policy");
    }
    SLW_TRY(slw_instance_read(service->options.state, service->instance, detail));
    SLW_TRY(instance_check(service, detail));
    SLW_TRY(keys_check(service, detail));
    SLW_TRY(roots_check(service, detail));
    if (slw_service_now(service) < service->book.time_utc_s) {
        return slw_explain(detail, SLW_CLOCK, "the clock is behind the last entry of the log");
    }
    SLW_TRY(slw_staging_open(path_below(service->options.state, "staged", path),
                             &service->options.staged, claims_of, &service->book, &service->staging,
                             detail));
    SLW_TRY(slw_workers_new(1, &service->committer, detail));
    return slw_workers_new(service->options.threads, &service->workers, detail);
}

static void start_then(struct slw_service *service, struct slw_effect *effect,
                       enum slw_status status, const struct slw_detail *detail)
{
    (void)effect;
    if (status != SLW_OK) {
        service->blocked = status;
        service->blocked_detail = *detail;
    }
}

/* What the settings bring is told in the log, once: auditors follow roots from there, and see where
 * the settings went on without those between. */
static void roots_log(struct slw_service *service)
{
    const struct slw_effect effect = {.then = start_then};
    for (size_t i = 0; i < service->options.roots_count; i++) {
        const struct slw_service_root *root = &service->options.roots[i];
        struct slw_bytes product = slw_bytes_make(root->product, strlen(root->product));
        const struct slw_book_root *last = slw_book_root_last(&service->book, product);
        struct slw_heap_buffer text = {0};
        struct slw_record record;
        if (slw_service_tuf_root(service, product).ptr != root->file.ptr ||
            (last != NULL && slw_bytes_equal(slw_heap_bytes(&last->file), root->file))) {
            continue;
        }
        slw_base64_encode(root->file, &text);
        slw_record_begin(&record, SLW_RECORD_TRUSTED_ROOT, slw_service_record_time(service));
        slw_record_text(&record, "product", product);
        slw_record_uint(&record, "version", service->root_versions[i]);
        slw_record_text(&record, "root", slw_heap_bytes(&text));
        if (text.status != SLW_OK) {
            record.text.status = text.status;
        }
        slw_heap_drop(&text);
        slw_effect_append(service, &record, &effect);
    }
}

static enum slw_status start_log(struct slw_service *service, struct slw_detail *detail)
{
    struct slw_record record;
    const struct slw_effect effect = {.then = start_then};
    uint8_t random[SLW_SHA256_SIZE];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        return slw_explain_errno(detail, "random numbers");
    }
    slw_record_begin(&record, SLW_RECORD_START, slw_service_record_time(service));
    slw_record_uint(&record, "epoch", service->book.epoch);
    slw_record_hex(&record, "instance", service->instance, sizeof service->instance);
    slw_record_hex(&record, "random", random, sizeof random);
    slw_effect_append(service, &record, &effect);
    roots_log(service);
    slw_effects_commit(service);
    *detail = service->blocked_detail;
    return service->blocked;
}

/* Requests that are open go on. */
static enum slw_status cases_open(struct slw_service *service, struct slw_detail *detail)
{
    for (size_t i = 0; i < service->book.list_count; i++) {
        struct slw_book_request *request = service->book.list[i];
        if (request->state == SLW_SIGNER_RECEIVED && !slw_case_open(service, request)) {
            return slw_explain_no_memory(detail);
        }
    }
    return SLW_OK;
}

static enum slw_status service_make(const struct slw_service_options *options,
                                    struct slw_service **ret_service, struct slw_detail *detail)
{
    struct slw_service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        return slw_explain_no_memory(detail);
    }
    service->options = *options;
    slw_known_roots_init(&service->known_roots);
    service->front = -1;
    service->staging.directory = -1;
    if (options->clock.utc_s == NULL) {
        service->options.clock =
            (struct slw_service_clock){NULL, system_utc_s, system_monotonic_ms};
    }
    service->packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    service->received = malloc(SLW_SIGNER_PACKET_SIZE_MAX + 1);
    service->signed_last = calloc(options->keys_count + 1, sizeof *service->signed_last);
    if (service->packet == NULL || service->received == NULL || service->signed_last == NULL) {
        slw_service_free(service);
        return slw_explain_no_memory(detail);
    }
    *ret_service = service;
    return SLW_OK;
}

enum slw_status slw_service_new(const struct slw_service_options *options,
                                struct slw_service **ret_service, struct slw_detail *detail)
{
    struct slw_service *service = NULL;
    SLW_TRY(service_make(options, &service, detail));
    enum slw_status status = parts_open(service, detail);
    if (status == SLW_OK) {
        slw_witnessing_resume(service);
        status = start_log(service, detail);
    }
    if (status == SLW_OK) {
        status = cases_open(service, detail);
    }
    if (status != SLW_OK) {
        slw_service_free(service);
        return status;
    }
    *ret_service = service;
    return SLW_OK;
}

void slw_service_free(struct slw_service *service)
{
    if (service == NULL) {
        return;
    }
    slw_workers_free(service->workers);
    slw_workers_free(service->committer);
    slw_known_roots_wipe(&service->known_roots);
    slw_effects_discard(service);
    slw_calls_hang_up(service);
    while (service->cases_count > 0) {
        slw_case_free(service->cases[service->cases_count - 1]);
    }
    free(service->cases);
    if (service->staging.directory >= 0) {
        slw_staging_close(&service->staging);
    }
    slw_witnessing_free(&service->witnessing);
    slw_signer_joiner_free(&service->joiner);
    slw_book_free(&service->book);
    if (service->log != NULL) {
        slw_log_close(service->log);
    }
    free(service->packet);
    free(service->received);
    free(service->signed_last);
    free(service);
}
