/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log before anything else. What is to happen is appended as a record, all of a turn is
 * committed at once, and only then each record has its effect in the book and is answered. When the
 * commit fails nothing of it happened, and whoever asked is told so.
 */
#include "case.h"

#include <stdlib.h>

/* Records are committed before the log's limits for one commit are near. */
#define EFFECTS_BYTES_MAX 8388608u
#define EFFECTS_COUNT_MAX 256u
#define EFFECTS_ENOUGH 128u

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
}

/* Takes what is queued, so that effects of effects are another commit's. */
static struct slw_effect *take_all(struct slw_service *service)
{
    struct slw_effect *all = service->effects;
    service->effects = NULL;
    service->effects_last = NULL;
    service->effects_bytes = 0;
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

/* Nothing that was appended since the last commit happened. */
static void fail_all(struct slw_service *service, enum slw_status status,
                     const struct slw_detail *detail)
{
    struct slw_detail copy = *detail;
    slw_log_drop(service->log);
    finish_all(service, take_all(service), status, &copy);
}

bool slw_effects_are_due(const struct slw_service *service)
{
    /* A commit costs a signature and a flush, however many records it has: while more are on their
     * way, it waits a little for them. */
    return service->effects != NULL &&
           ((slw_workers_busy(service->workers) == 0 && !slw_cases_are_judged(service)) ||
            slw_log_next_index(service->log) - slw_log_size(service->log) >= EFFECTS_ENOUGH ||
            slw_service_now_ms(service) >= service->effects_since_ms + SLW_EFFECTS_GATHER_MS);
}

void slw_effects_commit(struct slw_service *service)
{
    struct slw_detail detail = {""};
    if (service->effects == NULL) {
        return;
    }
    enum slw_status status = slw_log_commit(service->log, &detail);
    if (status != SLW_OK) {
        if (status == SLW_LOG_DAMAGED || slw_log_is_broken(service->log)) {
            service->broken = true;
            service->blocked = status;
            service->blocked_detail = detail;
        }
        fail_all(service, status, &detail);
        return;
    }
    /* First all of it has its effect, then it is told of: an answer may speak of a later one. */
    struct slw_effect *all = take_all(service);
    for (struct slw_effect *effect = all; effect != NULL && status == SLW_OK;
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
    finish_all(service, all, status, &detail);
}

static void append(struct slw_service *service, struct slw_record *record,
                   struct slw_effect *effect)
{
    struct slw_detail detail = {""};
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
    if (service->effects_bytes > EFFECTS_BYTES_MAX ||
        slw_log_next_index(service->log) - slw_log_size(service->log) > EFFECTS_COUNT_MAX) {
        slw_effects_commit(service);
    }
}

void slw_effect_append(struct slw_service *service, struct slw_record *record,
                       const struct slw_effect *effect)
{
    struct slw_effect *copy = effect_new(effect);
    if (copy == NULL) {
        struct slw_effect on_stack = *effect;
        slw_record_free(record);
        effect->then(service, &on_stack, SLW_NO_SPACE, &(struct slw_detail){"out of memory"});
        return;
    }
    append(service, record, copy);
}

void slw_effect_append_release(struct slw_service *service, struct slw_bytes product,
                               uint32_t version, const uint8_t *sha256, struct slw_record *record,
                               const struct slw_effect *effect)
{
    struct slw_detail detail = {""};
    uint64_t index = slw_log_next_index(service->log);
    slw_record_uint(record, "leaf", index);
    enum slw_status status =
        slw_log_append_release(service->log, product, version, sha256, &index, &detail);
    if (status != SLW_OK) {
        struct slw_effect copy = *effect;
        slw_record_free(record);
        fail_all(service, status, &detail);
        effect->then(service, &copy, status, &detail);
        return;
    }
    slw_effect_append(service, record, effect);
}

void slw_effects_discard(struct slw_service *service)
{
    struct slw_effect *list = take_all(service);
    while (list != NULL) {
        struct slw_effect *effect = list;
        list = list->next;
        effect_free(effect);
    }
}

bool slw_effects_pending(const struct slw_service *service, const uint8_t *id)
{
    for (const struct slw_effect *effect = service->effects; effect != NULL;
         effect = effect->next) {
        if (memcmp(effect->known_by, id, SLW_SHA256_SIZE) == 0) {
            return true;
        }
    }
    return false;
}
