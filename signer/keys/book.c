/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in the book, marks and rates, and reading it back from the log. See book.h. */
#include "book_parts.h"

#include "slipway/explain.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Policies --- */

const struct slw_book_policy *slw_book_policy_at(const struct slw_book *book, int64_t now_utc_s)
{
    /* A newer policy took the place of one that still waited, so only the newest may. Asking
     * changes nothing: a clock may be set back, and the next start knows times of records alone. */
    const struct slw_book_policy *newest = slw_book_policy_newest(book);
    return newest == NULL || newest->in_force_utc_s <= now_utc_s ? newest : book->former;
}

const struct slw_book_policy *slw_book_policy_newest(const struct slw_book *book)
{
    return book->policies_count == 0 ? NULL : book->policies[book->policies_count - 1];
}

void slw_book_administrators(const struct slw_policy *policy, struct slw_heap_buffer *ret_json)
{
    slw_heap_append_text(ret_json, "{\"keys\":{");
    for (size_t i = 0; i < policy->administrators.count; i++) {
        const struct slw_policy_party *party = &policy->administrators.items[i];
        slw_heap_append_text(ret_json, i == 0 ? "" : ",");
        slw_json_canonical_string(party->name, ret_json);
        slw_heap_append_text(ret_json, ":\"");
        slw_hex(slw_bytes_make(party->keys[0].id, SLW_SHA256_SIZE), ret_json);
        slw_heap_append_text(ret_json, "\"");
    }
    slw_heap_printf(ret_json, "},\"threshold\":%u}", policy->administrators_threshold);
}

/* --- Requests and statements --- */

struct slw_book_request *slw_book_request_find(const struct slw_book *book,
                                               const uint8_t id[static SLW_SHA256_SIZE])
{
    return slw_id_map_get(&book->requests, id);
}

const struct slw_book_stage *slw_book_stage_find(const struct slw_book *book,
                                                 const uint8_t sha256[static SLW_SHA256_SIZE])
{
    return slw_id_map_get(&book->stages, sha256);
}

bool slw_book_has_statement(const struct slw_book *book, const uint8_t id[static SLW_SHA256_SIZE])
{
    return slw_id_map_get(&book->statements, id) != NULL;
}

void slw_book_approval_id(const uint8_t statement[static SLW_SHA256_SIZE],
                          const uint8_t key_id[static SLW_SHA256_SIZE],
                          uint8_t ret_id[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(statement, SLW_SHA256_SIZE));
    slw_sha256_update(&hash, slw_bytes_make(key_id, SLW_SHA256_SIZE));
    slw_sha256_final(&hash, ret_id);
}

/* --- Marks --- */

struct slw_book_mark *slw_book_mark(struct slw_book *book, enum slw_policy_use use,
                                    const char *name, bool make)
{
    for (size_t i = 0; i < book->marks_count; i++) {
        if (book->marks[i].use == use && strcmp(book->marks[i].name, name) == 0) {
            return &book->marks[i];
        }
    }
    if (!make || book->marks_count == SLW_BOOK_MARKS_MAX || strlen(name) > SLW_BOOK_MARK_NAME_MAX) {
        return NULL;
    }
    struct slw_book_mark *grown =
        slw_heap_grow(book->marks, book->marks_count, sizeof *book->marks);
    if (grown == NULL) {
        return NULL;
    }
    book->marks = grown;
    struct slw_book_mark *mark = &book->marks[book->marks_count++];
    mark->use = use;
    mark->record = SLW_BOOK_NONE;
    memcpy(mark->name, name, strlen(name) + 1);
    return mark;
}

void slw_book_mark_name(const struct slw_policy_signing_key *key, struct slw_bytes role,
                        char ret_name[static SLW_BOOK_MARK_NAME_MAX + 1])
{
    if (key->use == SLW_POLICY_USE_ROLE) {
        (void)snprintf(ret_name, SLW_BOOK_MARK_NAME_MAX + 1, "%.*s/%.*s", (int)key->product.len,
                       (const char *)key->product.ptr, (int)role.len, (const char *)role.ptr);
    } else {
        (void)snprintf(ret_name, SLW_BOOK_MARK_NAME_MAX + 1, "%.*s/%s", (int)key->product.len,
                       (const char *)key->product.ptr, slw_policy_class_name(key->key_class));
    }
}

/* --- Rates --- */

struct slw_book_rate *slw_book_rate(struct slw_book *book, const struct slw_policy_signing_key *key,
                                    bool make)
{
    for (size_t i = 0; i < book->rates_count; i++) {
        struct slw_book_rate *rate = &book->rates[i];
        if (rate->use == key->use && rate->key_class == key->key_class &&
            slw_bytes_equal(slw_bytes_make(rate->product, strlen(rate->product)), key->product)) {
            return rate;
        }
    }
    if (!make || book->rates_count == SLW_BOOK_MARKS_MAX ||
        key->product.len > SLW_POLICY_NAME_SIZE_MAX) {
        return NULL;
    }
    struct slw_book_rate *grown =
        slw_heap_grow(book->rates, book->rates_count, sizeof *book->rates);
    if (grown == NULL) {
        return NULL;
    }
    book->rates = grown;
    struct slw_book_rate *rate = &book->rates[book->rates_count++];
    rate->use = key->use;
    rate->key_class = key->key_class;
    memcpy(rate->product, key->product.ptr, key->product.len);
    return rate;
}

/* Times that no rate of any policy asks for any more go, so that a rate's memory is bounded. */
static void rate_forget(struct slw_book_rate *rate, int64_t utc_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < rate->count; i++) {
        if (rate->times[i] > utc_s - (int64_t)SLW_POLICY_SECONDS_MAX) {
            rate->times[kept++] = rate->times[i];
        }
    }
    /* Of more than a rate can count, the newest. */
    if (kept > 2 * SLW_POLICY_RATE_COUNT_MAX) {
        size_t first = kept - SLW_POLICY_RATE_COUNT_MAX;
        memmove(rate->times, rate->times + first, SLW_POLICY_RATE_COUNT_MAX * sizeof *rate->times);
        kept = SLW_POLICY_RATE_COUNT_MAX;
    }
    rate->count = kept;
}

bool slw_book_rate_add(struct slw_book_rate *rate, int64_t utc_s)
{
    int64_t *grown = slw_heap_grow(rate->times, rate->count, sizeof *rate->times);
    if (grown == NULL) {
        return false;
    }
    rate->times = grown;
    rate->times[rate->count++] = utc_s;
    if ((rate->count & 0xfff) == 0) {
        rate_forget(rate, utc_s);
    }
    return true;
}

/* --- All of it --- */

static enum slw_status replay_entry(void *context, const struct slw_log_entry *entry,
                                    struct slw_detail *detail)
{
    /* A release is told of by the record of its signature. */
    return entry->leaf.kind == SLW_LOG_RELEASE
               ? SLW_OK
               : slw_book_apply(context, entry->index, entry->text, detail);
}

enum slw_status slw_book_replay(struct slw_book *book, const char *origin, struct slw_log *log,
                                struct slw_detail *detail)
{
    *book = (struct slw_book){.epoch = 1, .started = SLW_BOOK_NONE};
    book->origin = strdup(origin);
    enum slw_status status = book->origin == NULL
                                 ? slw_explain_no_memory(detail)
                                 : slw_log_visit(log, 0, replay_entry, book, detail);
    if (status != SLW_OK) {
        slw_book_free(book);
    }
    return status;
}

static void request_free(struct slw_book_request *request)
{
    for (size_t i = 0; i < request->approvals_count; i++) {
        slw_statement_free(&request->approvals[i]->statement);
        slw_heap_drop(&request->approvals[i]->payload);
        free(request->approvals[i]);
    }
    free(request->approvals);
    free(request->detail);
    slw_statement_free(&request->statement);
    slw_heap_drop(&request->payload);
    free(request);
}

static void stages_free(struct slw_book *book)
{
    void *value;
    uint8_t id[SLW_SHA256_SIZE];
    while ((value = slw_id_map_any(&book->stages)) != NULL) {
        struct slw_book_stage *stage = value;
        memcpy(id, stage->sha256, sizeof id);
        slw_id_map_remove(&book->stages, id);
        slw_claims_free(&stage->claims);
        free(stage);
    }
    while ((value = slw_id_map_any(&book->statements)) != NULL) {
        memcpy(id, value, sizeof id);
        slw_id_map_remove(&book->statements, id);
        free(value);
    }
    slw_id_map_free(&book->stages);
    slw_id_map_free(&book->statements);
}

void slw_book_free(struct slw_book *book)
{
    for (size_t i = 0; i < book->list_count; i++) {
        request_free(book->list[i]);
    }
    for (size_t i = 0; i < book->policies_count; i++) {
        slw_policy_free(book->policies[i]->policy);
        free(book->policies[i]->keys);
        free(book->policies[i]);
    }
    for (size_t i = 0; i < book->rates_count; i++) {
        free(book->rates[i].times);
    }
    stages_free(book);
    slw_id_map_free(&book->requests);
    free(book->list);
    free(book->policies);
    free(book->rates);
    for (size_t i = 0; i < book->marks_count; i++) {
        slw_heap_drop(&book->marks[i].metadata);
    }
    free(book->marks);
    free(book->origin);
    slw_book_roots_free(book);
    slw_heap_drop(&book->administrators);
    *book = (struct slw_book){0};
}
