/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log before anything else. What is to happen is appended as a record, all that was appended is
 * committed at once, and only then each record has its effect in the book and is answered. When the
 * commit fails nothing of it happened, and whoever asked is told so.
 *
 * A thread of its own has the token sign the checkpoint and the disk flush it, while the loop goes
 * on with other requests. It knows nothing but the log's part of it: records have their effects on
 * the loop, in the order in which they are in the log, once the thread is done.
 */
#include "case.h"

#include <poll.h>
#include <stdlib.h>

/* Records are committed before the log's limits for one commit are near. */
#define EFFECTS_BYTES_MAX 8388608u
#define EFFECTS_COUNT_MAX 256u
#define EFFECTS_ENOUGH 128u
/* A commit begins when so many times as many wait for one as are on their way to it. */
#define EFFECTS_SHARE 2u

static struct slw_effect *effect_new(const struct slw_effect *effect)
{
    struct slw_effect *copy = malloc(sizeof *copy);
    if (copy != NULL) {
        *copy = *effect;
        copy->next = NULL;
        copy->text = (struct slw_heap_buffer){0};
    }
    return copy;
}

static void effect_free(struct slw_effect *effect)
{
    slw_heap_drop(&effect->text);
    free(effect);
}

static void queue(struct slw_service *service, struct slw_effect *effect)
{
    if (service->effects == NULL) {
        service->effects = effect;
        service->effects_since_ms = slw_service_now_ms(service);
    } else {
        service->effects_last->next = effect;
    }
    service->effects_last = effect;
    service->effects_bytes += effect->text.len;
    service->effects_count++;
}

/* Takes what is queued, so that effects of effects are another commit's. */
static struct slw_effect *take_all(struct slw_service *service)
{
    struct slw_effect *all = service->effects;
    service->effects = NULL;
    service->effects_last = NULL;
    service->effects_bytes = 0;
    service->effects_count = 0;
    return all;
}

static void finish(struct slw_service *service, struct slw_effect *effect, enum slw_status status,
                   const struct slw_detail *detail)
{
    effect->then(service, effect, status, detail);
    effect_free(effect);
}

static void finish_all(struct slw_service *service, struct slw_effect *list, enum slw_status status,
                       const struct slw_detail *detail)
{
    while (list != NULL) {
        struct slw_effect *effect = list;
        list = list->next;
        finish(service, effect, status, detail);
    }
}

/* Nothing that was appended, and isn't in a commit, happened. */
static void fail_all(struct slw_service *service, enum slw_status status,
                     const struct slw_detail *detail)
{
    struct slw_detail copy = *detail;
    slw_log_drop(service->log);
    finish_all(service, take_all(service), status, &copy);
}

/* --- Commits --- */

/* The places in the log of what was appended meanwhile aren't right any more: it failed, too. */
static void commit_failed(struct slw_service *service, struct slw_effect *list,
                          enum slw_status status, const struct slw_detail *detail)
{
    slw_service_note_attempt(service, &service->committed_last, status, detail);
    if (status == SLW_LOG_DAMAGED || slw_log_is_broken(service->log)) {
        service->broken = true;
        service->blocked = status;
        service->blocked_detail = *detail;
    }
    struct slw_effect *meanwhile = take_all(service);
    slw_log_drop(service->log);
    service->appended_utc_s = 0;
    finish_all(service, list, status, detail);
    finish_all(service, meanwhile, status, detail);
}

static void commit_succeeded(struct slw_service *service, struct slw_effect *list)
{
    struct slw_detail detail = {""};
    enum slw_status status = SLW_OK;
    slw_service_note_attempt(service, &service->committed_last, status, &detail);
    /* First all of it has its effect, then it is told of: an answer may speak of a later one. */
    for (struct slw_effect *effect = list; effect != NULL && status == SLW_OK;
         effect = effect->next) {
        status =
            slw_book_apply(&service->book, effect->index, slw_heap_bytes(&effect->text), &detail);
    }
    if (status != SLW_OK) {
        /* It is in the log, but this process doesn't know what follows: the next one will. */
        service->broken = true;
        service->blocked = status;
        service->blocked_detail = detail;
    }
    finish_all(service, list, status, &detail);
}

static void forget(struct slw_effect *list)
{
    while (list != NULL) {
        struct slw_effect *effect = list;
        list = list->next;
        effect_free(effect);
    }
}

static void commit_end(struct slw_service *service, bool is_told)
{
    struct slw_detail detail = {""};
    struct slw_committing ended = service->committing;
    service->committing = (struct slw_committing){.commit = NULL};
    enum slw_status status = slw_log_commit_end(service->log, ended.commit, &detail);
    service->effects_since_ms = slw_service_now_ms(service);
    if (!is_told) {
        forget(ended.effects);
    } else if (status == SLW_OK) {
        commit_succeeded(service, ended.effects);
    } else {
        commit_failed(service, ended.effects, status, &detail);
    }
}

static void commit_run(struct slw_job *job)
{
    slw_log_commit_run(((struct slw_committing *)job)->commit);
}

static void commit_done(struct slw_job *job, void *context)
{
    /* When the service ends, the next one finds in the log what happened. */
    commit_end(((struct slw_committing *)job)->service, context != NULL);
}

/* False: there is nothing to commit, or it failed already. */
static bool commit_begin(struct slw_service *service)
{
    struct slw_detail detail = {""};
    struct slw_log_commit *commit = NULL;
    if (service->effects == NULL) {
        return false;
    }
    enum slw_status status = slw_log_commit_begin(service->log, &commit, &detail);
    if (status != SLW_OK) {
        commit_failed(service, NULL, status, &detail);
        return false;
    }
    service->committing = (struct slw_committing){
        .job = {.run = commit_run, .done = commit_done},
        .service = service,
        .commit = commit,
        .effects = take_all(service),
    };
    return true;
}

/* What is verified, judged or signed at present, and will have an effect soon. */
static size_t on_their_way(const struct slw_service *service)
{
    return slw_workers_busy(service->workers) + slw_cases_judged_count(service);
}

/*
 * A commit costs a signature, a flush and a few files, however many records it has. When nothing
 * else goes on it begins at once; else it waits a little for more, as long as those that are on
 * their way keep the processors busy.
 */
static bool is_due(const struct slw_service *service)
{
    return service->effects != NULL && service->committing.commit == NULL &&
           (service->effects_count >= EFFECTS_SHARE * on_their_way(service) ||
            slw_log_pending_count(service->log) >= EFFECTS_ENOUGH ||
            slw_service_now_ms(service) >= slw_effects_deadline_ms(service));
}

int64_t slw_effects_deadline_ms(const struct slw_service *service)
{
    return service->effects == NULL || service->committing.commit != NULL
               ? INT64_MAX
               : service->effects_since_ms + SLW_EFFECTS_GATHER_MS;
}

void slw_effects_go(struct slw_service *service)
{
    if (is_due(service) && commit_begin(service)) {
        slw_workers_give(service->committer, &service->committing.job);
    }
}

void slw_effects_wait(struct slw_service *service)
{
    struct pollfd ended = {.fd = slw_workers_descriptor(service->committer), .events = POLLIN};
    while (service->committing.commit != NULL) {
        struct slw_job *job = slw_workers_take(service->committer);
        if (job != NULL) {
            job->done(job, service);
        } else {
            (void)poll(&ended, 1, -1);
        }
    }
}

void slw_effects_commit(struct slw_service *service)
{
    slw_effects_wait(service);
    if (commit_begin(service)) {
        slw_log_commit_run(service->committing.commit);
        commit_end(service, true);
    }
}

/* --- Appending --- */

static void append(struct slw_service *service, struct slw_record *record,
                   struct slw_effect *effect)
{
    struct slw_detail detail = {""};
    const int64_t time_utc_s = record->time_utc_s;
    enum slw_status status = slw_record_finish(record, &effect->text, &detail);
    if (status == SLW_OK) {
        status = slw_log_append_record(service->log, slw_heap_bytes(&effect->text), &effect->index,
                                       &detail);
    }
    if (status != SLW_OK) {
        fail_all(service, status, &detail);
        finish(service, effect, status, &detail);
        return;
    }
    queue(service, effect);
    service->appended_utc_s = time_utc_s;
    if (service->effects_bytes > EFFECTS_BYTES_MAX ||
        slw_log_pending_count(service->log) > EFFECTS_COUNT_MAX) {
        slw_effects_commit(service);
    }
}

/* One to be queued; NULL: there is no memory, and it was told so. */
static struct slw_effect *effect_keep(struct slw_service *service, struct slw_record *record,
                                      const struct slw_effect *effect)
{
    struct slw_effect *copy = effect_new(effect);
    if (copy == NULL) {
        struct slw_effect on_stack = *effect;
        slw_record_free(record);
        effect->then(service, &on_stack, SLW_NO_SPACE, &(struct slw_detail){"out of memory"});
    }
    return copy;
}

void slw_effect_append(struct slw_service *service, struct slw_record *record,
                       const struct slw_effect *effect)
{
    struct slw_effect *copy = effect_keep(service, record, effect);
    if (copy != NULL) {
        append(service, record, copy);
    }
}

/* Once the release is appended, its record is too, or neither is. */
void slw_effect_append_release(struct slw_service *service, struct slw_bytes product,
                               uint32_t version, const uint8_t *sha256, struct slw_record *record,
                               const struct slw_effect *effect)
{
    struct slw_detail detail = {""};
    uint64_t index = slw_log_next_index(service->log);
    struct slw_effect *copy = effect_keep(service, record, effect);
    if (copy == NULL) {
        return;
    }
    slw_record_uint(record, "leaf", index);
    enum slw_status status =
        slw_log_append_release(service->log, product, version, sha256, &index, &detail);
    if (status != SLW_OK) {
        slw_record_free(record);
        fail_all(service, status, &detail);
        finish(service, copy, status, &detail);
        return;
    }
    append(service, record, copy);
}

/* --- What is on its way --- */

void slw_effects_discard(struct slw_service *service)
{
    forget(take_all(service));
}

static bool has(const struct slw_effect *list, const uint8_t *id)
{
    for (const struct slw_effect *effect = list; effect != NULL; effect = effect->next) {
        if (memcmp(effect->known_by, id, SLW_SHA256_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

bool slw_effects_pending(const struct slw_service *service, const uint8_t *id)
{
    return has(service->effects, id) || has(service->committing.effects, id);
}

static size_t count_about(const struct slw_effect *list, const uint8_t *request)
{
    size_t count = 0;
    for (const struct slw_effect *effect = list; effect != NULL; effect = effect->next) {
        count += memcmp(effect->request, request, SLW_SHA256_SIZE) == 0 ? 1 : 0;
    }
    return count;
}

size_t slw_effects_about(const struct slw_service *service, const uint8_t *request)
{
    return count_about(service->effects, request) +
           count_about(service->committing.effects, request);
}

static void forget_calls(struct slw_effect *list)
{
    for (struct slw_effect *effect = list; effect != NULL; effect = effect->next) {
        effect->number = 0;
    }
}

void slw_effects_forget_calls(struct slw_service *service)
{
    forget_calls(service->effects);
    forget_calls(service->committing.effects);
}
