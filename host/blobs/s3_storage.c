/* SPDX-License-Identifier: Apache-2.0 */
/* A TUF repository in a bucket; the depot's publisher has its writer work on it. */
#include "s3_objects.h"

#include "slipway/s3_storage.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 262144u

struct slw_s3_storage {
    struct slw_storage port;
    struct slw_s3_client *client;
    struct slw_storage_fence fence;
    size_t prefix_len;
    atomic_uint_fast64_t highest; /* token that was seen here */
};

static enum slw_status check_key(const struct slw_s3_storage *storage, const char *key,
                                 struct slw_detail *detail)
{
    if (!slw_storage_key_is_good(key) || strlen(key) + storage->prefix_len > SLW_S3_KEY_MAX) {
        return slw_explain(detail, SLW_BAD_NAME, "\"%s\" can't be the key of an object", key);
    }
    return SLW_OK;
}

/* "a storage refuses changes under a token lower than the highest it has seen" */
static enum slw_status check_fence(struct slw_s3_storage *storage, uint64_t token,
                                   struct slw_detail *detail)
{
    uint_fast64_t highest = atomic_load(&storage->highest);
    while (token > highest && !atomic_compare_exchange_weak(&storage->highest, &highest, token)) {
    }
    if (token < highest) {
        return slw_explain(detail, SLW_WRONG_STATE, "somebody else has the lease since");
    }
    return storage->fence.check(storage->fence.context, token, detail);
}

static enum slw_status check_change(struct slw_s3_storage *storage, uint64_t token, const char *key,
                                    struct slw_detail *detail)
{
    SLW_TRY(check_key(storage, key, detail));
    if (token == SLW_STORAGE_NO_LEASE) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: can't be changed without the lease", key);
    }
    return check_fence(storage, token, detail);
}

static enum slw_status get(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    const struct slw_s3_storage *storage = context;
    SLW_TRY(check_key(storage, key, detail));
    struct slw_s3_request request = {.method = "GET", .key = key, .limit = limit};
    enum slw_status status = slw_s3_run(storage->client, &request, detail);
    if (status == SLW_OK) {
        slw_heap_append(ret_bytes, slw_heap_bytes(&request.reply));
        status = ret_bytes->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_s3_request_free(&request);
    return status;
}

static enum slw_status get_size(void *context, const char *key, uint64_t *ret_size,
                                struct slw_detail *detail)
{
    const struct slw_s3_storage *storage = context;
    SLW_TRY(check_key(storage, key, detail));
    return slw_s3_size(storage->client, key, ret_size, NULL, detail);
}

static enum slw_status read_range(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                  size_t len, struct slw_detail *detail)
{
    const struct slw_s3_storage *storage = context;
    struct slw_detail ignored;
    uint64_t size = 0;
    SLW_TRY(check_key(storage, key, detail));
    enum slw_status status = slw_s3_read(storage->client, key, offset, buffer, len, detail);
    if (status == SLW_UNAVAILABLE &&
        slw_s3_size(storage->client, key, &size, NULL, &ignored) == SLW_OK &&
        (offset > size || len > size - offset)) {
        status = slw_explain(detail, SLW_BAD_ARGUMENT, "%s: hasn't so many bytes", key);
    }
    return status;
}

static enum slw_status explain_other(const char *key, struct slw_detail *detail)
{
    return slw_explain(detail, SLW_WRONG_STATE, "%s: is there already, with other content", key);
}

static enum slw_status compare_blocks(const struct slw_s3_storage *storage, const char *key,
                                      const struct slw_source *source, uint8_t *blocks,
                                      struct slw_detail *detail)
{
    for (uint64_t offset = 0; offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
        SLW_TRY(source->read(source->context, offset, blocks, len));
        SLW_TRY(slw_s3_read(storage->client, key, offset, blocks + BLOCK_SIZE, len, detail));
        if (memcmp(blocks, blocks + BLOCK_SIZE, len) != 0) {
            return explain_other(key, detail);
        }
        offset += len;
    }
    return SLW_OK;
}

/* SLW_NOT_FOUND when there is nothing; else what put_immutable() answers. */
static enum slw_status compare_with_present(const struct slw_s3_storage *storage, const char *key,
                                            const struct slw_source *source,
                                            struct slw_detail *detail)
{
    uint64_t size = 0;
    SLW_TRY(slw_s3_size(storage->client, key, &size, NULL, detail));
    if (size != source->size) {
        return explain_other(key, detail);
    }
    uint8_t *blocks = malloc((size_t)2 * BLOCK_SIZE);
    if (blocks == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = compare_blocks(storage, key, source, blocks, detail);
    free(blocks);
    return status;
}

static enum slw_status add_parts(struct slw_s3_parts *parts, const struct slw_source *source,
                                 uint8_t *block, size_t block_size, struct slw_detail *detail)
{
    for (uint64_t offset = 0; offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < block_size ? (size_t)left : block_size;
        SLW_TRY(source->read(source->context, offset, block, len));
        SLW_TRY(slw_s3_parts_add(parts, slw_bytes_make(block, len), detail));
        offset += len;
    }
    return slw_s3_parts_complete(parts, detail);
}

static enum slw_status put_large(const struct slw_s3_storage *storage, const char *key,
                                 const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_s3_parts parts;
    uint64_t least = source->size / SLW_S3_PARTS_MAX + 1;
    size_t block_size = least < SLW_S3_PART_SIZE ? SLW_S3_PART_SIZE : (size_t)least;
    uint8_t *block = malloc(block_size);
    if (block == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = slw_s3_parts_begin(storage->client, key, &parts, detail);
    if (status == SLW_OK) {
        status = add_parts(&parts, source, block, block_size, detail);
        slw_s3_parts_end(&parts);
    }
    free(block);
    return status;
}

static enum slw_status put_small(const struct slw_s3_storage *storage, const char *key,
                                 const struct slw_source *source, struct slw_detail *detail)
{
    uint8_t *block = malloc((size_t)source->size + 1);
    if (block == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status =
        source->size > 0 ? source->read(source->context, 0, block, (size_t)source->size) : SLW_OK;
    if (status == SLW_OK) {
        status = slw_s3_put_if(storage->client, key, NULL,
                               slw_bytes_make(block, (size_t)source->size), detail);
    }
    free(block);
    return status;
}

static enum slw_status put_immutable(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_s3_storage *storage = context;
    SLW_TRY(check_key(storage, key, detail));
    enum slw_status status = compare_with_present(storage, key, source, detail);
    if (status != SLW_NOT_FOUND) {
        return status;
    }
    if (token != SLW_STORAGE_NO_LEASE) {
        SLW_TRY(check_fence(storage, token, detail));
    }
    status = source->size <= SLW_S3_PART_SIZE ? put_small(storage, key, source, detail)
                                              : put_large(storage, key, source, detail);
    /* Somebody else may have put it meanwhile. */
    return status == SLW_WRONG_STATE ? compare_with_present(storage, key, source, detail) : status;
}

/* The condition is what was there before the fence was asked. */
static enum slw_status replace_pointer(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_s3_storage *storage = context;
    char etag[SLW_S3_ETAG_SIZE] = "";
    uint64_t size = 0;
    SLW_TRY(check_change(storage, token, key, detail));
    enum slw_status status = slw_s3_size(storage->client, key, &size, etag, detail);
    if (status != SLW_OK && status != SLW_NOT_FOUND) {
        return status;
    }
    SLW_TRY(check_fence(storage, token, detail));
    if (status == SLW_OK && etag[0] == '\0') {
        return slw_s3_put(storage->client, key, bytes, detail);
    }
    return slw_s3_put_if(storage->client, key, status == SLW_OK ? etag : NULL, bytes, detail);
}

struct listing {
    enum slw_status (*each)(void *each_context, const char *key);
    void *context;
};

static enum slw_status list_key(void *context, const char *key, uint64_t size,
                                int64_t modified_utc_s)
{
    const struct listing *listing = context;
    (void)size;
    (void)modified_utc_s;
    /* What others keep there under other names isn't the repository's. */
    return slw_storage_key_is_good(key) ? listing->each(listing->context, key) : SLW_OK;
}

static enum slw_status list(void *context, const char *prefix,
                            enum slw_status (*each)(void *each_context, const char *key),
                            void *each_context, struct slw_detail *detail)
{
    const struct slw_s3_storage *storage = context;
    struct listing listing = {each, each_context};
    if (strlen(prefix) > SLW_S3_KEY_MAX) {
        return slw_explain(detail, SLW_BAD_NAME, "not the beginning of a key");
    }
    return slw_s3_list(storage->client, prefix, list_key, &listing, detail);
}

static enum slw_status remove_object(void *context, uint64_t token, const char *key,
                                     struct slw_detail *detail)
{
    struct slw_s3_storage *storage = context;
    SLW_TRY(check_change(storage, token, key, detail));
    return slw_s3_remove(storage->client, key, detail);
}

enum slw_status slw_s3_storage_open(const struct slw_blobs_s3 *settings,
                                    const struct slw_storage_fence *fence,
                                    struct slw_s3_storage **ret_storage, struct slw_detail *detail)
{
    struct slw_s3_storage *storage = calloc(1, sizeof *storage);
    if (storage == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = slw_s3_client_open(settings, &storage->client, detail);
    if (status != SLW_OK) {
        free(storage);
        return status;
    }
    storage->fence = *fence;
    storage->prefix_len = strlen(slw_s3_prefix(storage->client));
    storage->port = (struct slw_storage){
        storage, get, put_immutable, replace_pointer, list, remove_object, get_size, read_range,
    };
    *ret_storage = storage;
    return SLW_OK;
}

const struct slw_storage *slw_s3_storage_port(const struct slw_s3_storage *storage)
{
    return &storage->port;
}

void slw_s3_storage_close(struct slw_s3_storage *storage)
{
    if (storage != NULL) {
        slw_s3_client_close(storage->client);
        free(storage);
    }
}
