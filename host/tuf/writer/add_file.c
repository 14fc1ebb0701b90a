/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a payload. It is hashed twice: once to know its name, and once more as it is read to be
 * put, for the file may change meanwhile. That takes no lease: the object's name is its hash, so
 * that writers can't differ over it.
 */
#include "gather.h"

#include "../metadata/hex.h"

#include "slipway/files.h"

#include <stdio.h>

#define HASH_BLOCK_SIZE 65536u

/* A source that hashes what is read of it in order. */
struct hashed_source {
    struct slw_source source;
    const struct slw_source *inner;
    struct slw_sha256 hash;
    uint64_t position;
};

static enum slw_status read_hashed(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct hashed_source *hashed = context;
    SLW_TRY(hashed->inner->read(hashed->inner->context, offset, buffer, len));
    if (offset == 0) {
        slw_sha256_init(&hashed->hash);
        hashed->position = 0;
    }
    if (offset == hashed->position) {
        slw_sha256_update(&hashed->hash, slw_bytes_make(buffer, len));
        hashed->position += len;
    }
    return SLW_OK;
}

static void hashed_source_init(struct hashed_source *hashed, const struct slw_source *inner)
{
    *hashed = (struct hashed_source){.source = {hashed, read_hashed, inner->size}, .inner = inner};
    slw_sha256_init(&hashed->hash);
}

static enum slw_status hash_source(const struct slw_source *source,
                                   uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                   struct slw_detail *detail)
{
    uint8_t block[HASH_BLOCK_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    for (uint64_t offset = 0; offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < sizeof block ? (size_t)left : sizeof block;
        enum slw_status status = source->read(source->context, offset, block, len);
        if (status != SLW_OK) {
            return slw_explain(detail, status, "the file can't be read");
        }
        slw_sha256_update(&hash, slw_bytes_make(block, len));
        offset += len;
    }
    slw_sha256_final(&hash, ret_sha256);
    return SLW_OK;
}

enum slw_status slw_tuf_payload_key_by(struct slw_bytes path, struct slw_bytes hash_hex,
                                       char ret_key[static SLW_TUF_KEY_SIZE],
                                       struct slw_detail *detail)
{
    size_t directory_len = path.len;
    while (directory_len > 0 && path.ptr[directory_len - 1] != '/') {
        directory_len--;
    }
    int len = snprintf(ret_key, SLW_TUF_KEY_SIZE, "targets/%.*s%.*s.%.*s", (int)directory_len,
                       (const char *)path.ptr, (int)hash_hex.len, (const char *)hash_hex.ptr,
                       (int)(path.len - directory_len), (const char *)path.ptr + directory_len);
    if (len < 0 || (size_t)len >= SLW_TUF_KEY_SIZE) {
        return slw_explain(detail, SLW_BAD_NAME, "a target's path is too long");
    }
    return SLW_OK;
}

enum slw_status slw_tuf_payload_key(struct slw_bytes path,
                                    const uint8_t sha256[static SLW_SHA256_SIZE],
                                    char ret_key[static SLW_TUF_KEY_SIZE],
                                    struct slw_detail *detail)
{
    char digits[2 * SLW_SHA256_SIZE];
    slw_tuf_hex_encode(sha256, SLW_SHA256_SIZE, digits);
    return slw_tuf_payload_key_by(path, slw_bytes_make(digits, sizeof digits), ret_key, detail);
}

/* What is there under the hash of something else was cut short by a power failure, or changed. */
static enum slw_status replace_broken(struct slw_tuf_writer *writer, const char *key,
                                      const struct slw_source *source, struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    slw_tuf_writer_tell(writer, "%s: isn't what its name says; it is put again", key);
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    enum slw_status status = slw_tuf_store_remove(writer, key, detail);
    if (status == SLW_OK) {
        status = storage->put_immutable(storage->context, writer->token, key, source, detail);
    }
    return slw_tuf_writer_leave(writer, status, detail);
}

static enum slw_status take_back(struct slw_tuf_writer *writer, const char *key,
                                 struct slw_detail *detail)
{
    struct slw_detail ignored;
    if (slw_tuf_writer_enter(writer, &ignored) == SLW_OK) {
        enum slw_status removed = slw_tuf_store_remove(writer, key, &ignored);
        (void)slw_tuf_writer_leave(writer, removed, &ignored);
    }
    return slw_explain(detail, SLW_IO, "%s: the file changed while it was being read", key);
}

enum slw_status slw_tuf_payload_put(struct slw_tuf_writer *writer, const char *key,
                                    const struct slw_source *source,
                                    const uint8_t expected[static SLW_SHA256_SIZE],
                                    struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    struct hashed_source hashed;
    uint8_t sha256[SLW_SHA256_SIZE];
    hashed_source_init(&hashed, source);
    enum slw_status status =
        storage->put_immutable(storage->context, SLW_STORAGE_NO_LEASE, key, &hashed.source, detail);
    if (status == SLW_WRONG_STATE) {
        hashed_source_init(&hashed, source);
        status = replace_broken(writer, key, &hashed.source, detail);
    }
    SLW_TRY(status);
    slw_sha256_final(&hashed.hash, sha256);
    if (hashed.position != source->size || memcmp(sha256, expected, sizeof sha256) != 0) {
        return take_back(writer, key, detail);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_writer_add_file(struct slw_tuf_writer *writer, struct slw_bytes role,
                                        struct slw_bytes path, struct slw_bytes custom,
                                        const struct slw_source *source, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_tuf_artifact artifact = {.path = path, .length = source->size, .custom = custom};
    SLW_TRY(hash_source(source, artifact.sha256, detail));
    /* Refused before anything is put; and listed only once it is there. */
    SLW_TRY(slw_tuf_gather_check(writer, role, &artifact, detail));
    SLW_TRY(slw_tuf_payload_key(path, artifact.sha256, key, detail));
    SLW_TRY(slw_tuf_payload_put(writer, key, source, artifact.sha256, detail));
    return slw_tuf_gather_add(writer, role, &artifact, true, detail);
}
