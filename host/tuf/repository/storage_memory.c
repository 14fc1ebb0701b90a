/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository in memory, with a lease whose clock the caller sets: for tests, which look at what
 * is there after each call, and for measurements without a disk.
 */
#include "slipway/tuf_storage.h"

#include "slipway/checked.h"
#include "slipway/owned_bytes.h"
#include "slipway/time_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct object {
    const char *key; /* owned */
    struct slw_heap_buffer bytes;
};

struct slw_memory_storage {
    struct slw_storage port;
    struct slw_lease lease;
    struct object *objects; /* by key */
    size_t count;
    uint64_t token; /* the highest seen */
    int64_t now_utc_s;
    int64_t until_utc_s;
    char holder[SLW_LEASE_HOLDER_MAX + 1]; /* "" when nobody holds the lease */
};

/* Where the key is, or would be. */
static size_t place_of(const struct slw_memory_storage *storage, const char *key, bool *ret_found)
{
    size_t low = 0;
    size_t high = storage->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(storage->objects[middle].key, key);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found = false;
    return low;
}

static enum slw_status check_key(const char *key, struct slw_detail *detail)
{
    if (!slw_storage_key_is_good(key)) {
        return slw_explain(detail, SLW_BAD_NAME, "\"%s\" can't be a key", key);
    }
    return SLW_OK;
}

static enum slw_status find(const struct slw_memory_storage *storage, const char *key,
                            struct slw_bytes *ret_bytes, struct slw_detail *detail)
{
    bool found = false;
    SLW_TRY(check_key(key, detail));
    size_t at = place_of(storage, key, &found);
    if (!found) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: there is no such object", key);
    }
    *ret_bytes = slw_heap_bytes(&storage->objects[at].bytes);
    return SLW_OK;
}

static enum slw_status get(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct slw_bytes bytes = {0};
    SLW_TRY(find(context, key, &bytes, detail));
    if (bytes.len > limit) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %zu bytes", key, limit);
    }
    uint8_t *place = slw_heap_reserve(ret_bytes, bytes.len);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (bytes.len > 0) {
        memcpy(place, bytes.ptr, bytes.len);
    }
    return SLW_OK;
}

static enum slw_status get_size(void *context, const char *key, uint64_t *ret_size,
                                struct slw_detail *detail)
{
    struct slw_bytes bytes = {0};
    SLW_TRY(find(context, key, &bytes, detail));
    *ret_size = bytes.len;
    return SLW_OK;
}

static enum slw_status read_range(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                  size_t len, struct slw_detail *detail)
{
    struct slw_bytes bytes = {0};
    SLW_TRY(find(context, key, &bytes, detail));
    if (len == 0 || offset > bytes.len || len > bytes.len - offset) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: hasn't that many bytes", key);
    }
    memcpy(buffer, bytes.ptr + offset, len);
    return SLW_OK;
}

static enum slw_status check_token(struct slw_memory_storage *storage, uint64_t token,
                                   const char *key, struct slw_detail *detail)
{
    if (token != SLW_STORAGE_NO_LEASE && token < storage->token) {
        return slw_explain(detail, SLW_WRONG_STATE,
                           "%s: the lease was lost (token %" PRIu64 " after %" PRIu64 ")", key,
                           storage->token, token);
    }
    if (token > storage->token) {
        storage->token = token;
        storage->until_utc_s = 0;
        storage->holder[0] = '\0';
    }
    return SLW_OK;
}

static enum slw_status insert(struct slw_memory_storage *storage, size_t at, const char *key,
                              struct slw_heap_buffer *bytes, struct slw_detail *detail)
{
    struct slw_bytes copy;
    struct object *objects =
        slw_heap_grow(storage->objects, storage->count, sizeof *storage->objects);
    if (objects != NULL) {
        storage->objects = objects;
    }
    if (objects == NULL || !slw_owned_copy(slw_bytes_make(key, strlen(key)), &copy)) {
        return slw_explain_no_memory(detail);
    }
    memmove(objects + at + 1, objects + at, (storage->count - at) * sizeof *objects);
    objects[at].key = (const char *)copy.ptr;
    objects[at].bytes = *bytes;
    *bytes = (struct slw_heap_buffer){0};
    storage->count++;
    return SLW_OK;
}

static enum slw_status read_source(const char *key, const struct slw_source *source,
                                   struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    size_t size = 0;
    if (!slw_to_size(source->size, &size)) {
        return slw_explain_no_memory(detail);
    }
    uint8_t *place = slw_heap_reserve(ret_bytes, size);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = size == 0 ? SLW_OK : source->read(source->context, 0, place, size);
    if (status != SLW_OK) {
        (void)slw_explain(detail, status, "%s: what is to be put there can't be read", key);
    }
    return status;
}

static enum slw_status put_bytes(struct slw_memory_storage *storage, const char *key,
                                 struct slw_heap_buffer *bytes, struct slw_detail *detail)
{
    bool found = false;
    size_t at = place_of(storage, key, &found);
    if (!found) {
        return insert(storage, at, key, bytes, detail);
    }
    if (!slw_bytes_equal(slw_heap_bytes(bytes), slw_heap_bytes(&storage->objects[at].bytes))) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: is there already, with other content",
                           key);
    }
    return SLW_OK;
}

static enum slw_status put_immutable(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_memory_storage *storage = context;
    struct slw_heap_buffer bytes = {0};
    SLW_TRY(check_key(key, detail));
    SLW_TRY(check_token(storage, token, key, detail));
    enum slw_status status = read_source(key, source, &bytes, detail);
    if (status == SLW_OK) {
        status = put_bytes(storage, key, &bytes, detail);
    }
    slw_heap_free(&bytes);
    return status;
}

static enum slw_status check_change(struct slw_memory_storage *storage, uint64_t token,
                                    const char *key, struct slw_detail *detail)
{
    SLW_TRY(check_key(key, detail));
    if (token == SLW_STORAGE_NO_LEASE) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: can't be changed without the lease", key);
    }
    return check_token(storage, token, key, detail);
}

static enum slw_status replace_pointer(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_memory_storage *storage = context;
    struct slw_heap_buffer copy = {0};
    bool found = false;
    SLW_TRY(check_change(storage, token, key, detail));
    slw_heap_append(&copy, bytes);
    if (copy.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    size_t at = place_of(storage, key, &found);
    enum slw_status status = SLW_OK;
    if (found) {
        slw_heap_free(&storage->objects[at].bytes);
        storage->objects[at].bytes = copy;
        return SLW_OK;
    }
    status = insert(storage, at, key, &copy, detail);
    slw_heap_free(&copy);
    return status;
}

static enum slw_status remove_object(void *context, uint64_t token, const char *key,
                                     struct slw_detail *detail)
{
    struct slw_memory_storage *storage = context;
    bool found = false;
    SLW_TRY(check_change(storage, token, key, detail));
    size_t at = place_of(storage, key, &found);
    if (found) {
        struct object *object = storage->objects + at;
        slw_owned_free(object->key);
        slw_heap_free(&object->bytes);
        storage->count--;
        memmove(object, object + 1, (storage->count - at) * sizeof *object);
    }
    return SLW_OK;
}

static enum slw_status list(void *context, const char *prefix,
                            enum slw_status (*each)(void *each_context, const char *key),
                            void *each_context, struct slw_detail *detail)
{
    const struct slw_memory_storage *storage = context;
    (void)detail;
    for (size_t i = 0; i < storage->count; i++) {
        if (strncmp(storage->objects[i].key, prefix, strlen(prefix)) == 0) {
            SLW_TRY(each(each_context, storage->objects[i].key));
        }
    }
    return SLW_OK;
}

static enum slw_status acquire(void *context, const char *holder, uint32_t seconds,
                               uint64_t *ret_token, struct slw_detail *detail)
{
    struct slw_memory_storage *storage = context;
    char until[SLW_TIME_TEXT_SIZE];
    if (!slw_lease_holder_is_good(holder)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "the holder of a lease must be 1 to %u bytes of printable text",
                           SLW_LEASE_HOLDER_MAX);
    }
    if (storage->until_utc_s > storage->now_utc_s) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s writes to it, until %s at the latest",
                           storage->holder, slw_time_format(storage->until_utc_s, until));
    }
    if (storage->token == UINT64_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "no token is left for the lease");
    }
    memcpy(storage->holder, holder, strlen(holder) + 1);
    storage->token++;
    storage->until_utc_s = storage->now_utc_s + (int64_t)seconds;
    *ret_token = storage->token;
    return SLW_OK;
}

static enum slw_status check_own(const struct slw_memory_storage *storage, uint64_t token,
                                 struct slw_detail *detail)
{
    if (token != storage->token || storage->holder[0] == '\0') {
        return slw_explain(detail, SLW_WRONG_STATE, "no lease is held under token %" PRIu64, token);
    }
    return SLW_OK;
}

static enum slw_status renew(void *context, uint64_t token, uint32_t seconds,
                             struct slw_detail *detail)
{
    struct slw_memory_storage *storage = context;
    SLW_TRY(check_own(storage, token, detail));
    storage->until_utc_s = storage->now_utc_s + (int64_t)seconds;
    return SLW_OK;
}

static enum slw_status release(void *context, uint64_t token, struct slw_detail *detail)
{
    struct slw_memory_storage *storage = context;
    SLW_TRY(check_own(storage, token, detail));
    storage->until_utc_s = 0;
    storage->holder[0] = '\0';
    return SLW_OK;
}

enum slw_status slw_memory_storage_new(struct slw_memory_storage **ret_storage,
                                       struct slw_detail *detail)
{
    struct slw_memory_storage *storage = calloc(1, sizeof *storage);
    if (storage == NULL) {
        return slw_explain_no_memory(detail);
    }
    storage->port = (struct slw_storage){
        storage, get, put_immutable, replace_pointer, list, remove_object, get_size, read_range,
    };
    storage->lease = (struct slw_lease){storage, acquire, renew, release};
    *ret_storage = storage;
    return SLW_OK;
}

const struct slw_storage *slw_memory_storage_port(const struct slw_memory_storage *storage)
{
    return &storage->port;
}

const struct slw_lease *slw_memory_storage_lease(const struct slw_memory_storage *storage)
{
    return &storage->lease;
}

void slw_memory_storage_set_clock(struct slw_memory_storage *storage, int64_t utc_s)
{
    storage->now_utc_s = utc_s;
}

void slw_memory_storage_free(struct slw_memory_storage *storage)
{
    if (storage == NULL) {
        return;
    }
    for (size_t i = 0; i < storage->count; i++) {
        slw_owned_free(storage->objects[i].key);
        slw_heap_free(&storage->objects[i].bytes);
    }
    free(storage->objects);
    free(storage);
}
