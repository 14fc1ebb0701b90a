/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a blob into S3: it is hashed as it is sent, and seen only when the hash is right. */
#include "s3_blobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct putting {
    struct slw_s3_client *client;
    const uint8_t *sha256;
    const struct slw_source *source;
    struct slw_detail *detail;
    char key[SLW_S3_PIECE_KEY_SIZE];
    struct slw_sha256 hash;
    uint8_t *block;
    size_t block_size;
};

static enum slw_status read_block(struct putting *putting, uint64_t offset, size_t *ret_len)
{
    uint64_t left = putting->source->size - offset;
    size_t len = left < putting->block_size ? (size_t)left : putting->block_size;
    if (len > 0) {
        SLW_TRY(putting->source->read(putting->source->context, offset, putting->block, len));
        slw_sha256_update(&putting->hash, slw_bytes_make(putting->block, len));
    }
    *ret_len = len;
    return SLW_OK;
}

static enum slw_status check_hash(struct putting *putting)
{
    uint8_t actual[SLW_SHA256_SIZE];
    slw_sha256_final(&putting->hash, actual);
    if (memcmp(actual, putting->sha256, sizeof actual) != 0) {
        return slw_explain(putting->detail, SLW_WRONG_HASH, "what was uploaded isn't %s",
                           putting->key);
    }
    return SLW_OK;
}

static enum slw_status put_whole(struct putting *putting)
{
    size_t len = 0;
    SLW_TRY(read_block(putting, 0, &len));
    SLW_TRY(check_hash(putting));
    return slw_s3_put(putting->client, putting->key, slw_bytes_make(putting->block, len),
                      putting->detail);
}

static enum slw_status add_parts(struct putting *putting, struct slw_s3_parts *parts)
{
    size_t len = 0;
    for (uint64_t offset = 0; offset < putting->source->size; offset += len) {
        SLW_TRY(read_block(putting, offset, &len));
        SLW_TRY(slw_s3_parts_add(parts, slw_bytes_make(putting->block, len), putting->detail));
    }
    SLW_TRY(check_hash(putting));
    return slw_s3_parts_complete(parts, putting->detail);
}

static enum slw_status put_parts(struct putting *putting)
{
    struct slw_s3_parts parts;
    SLW_TRY(slw_s3_parts_begin(putting->client, putting->key, &parts, putting->detail));
    enum slw_status status = add_parts(putting, &parts);
    slw_s3_parts_end(&parts);
    return status;
}

enum slw_status slw_s3_put_source(struct slw_s3_client *client, const uint8_t *sha256,
                                  const struct slw_source *source, struct slw_detail *detail)
{
    struct putting putting = {
        .client = client, .sha256 = sha256, .source = source, .detail = detail};
    char name[SLW_BLOB_NAME_SIZE];
    uint64_t least = source->size / SLW_S3_PARTS_MAX + 1;
    bool is_small = source->size <= SLW_S3_PART_SIZE;
    (void)snprintf(putting.key, sizeof putting.key, "blobs/%s", slw_blob_name(sha256, name));
    slw_sha256_init(&putting.hash);
    if (is_small) {
        putting.block_size = (size_t)source->size;
    } else {
        putting.block_size = least < SLW_S3_PART_SIZE ? SLW_S3_PART_SIZE : (size_t)least;
    }
    putting.block = malloc(putting.block_size + 1);
    if (putting.block == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = is_small ? put_whole(&putting) : put_parts(&putting);
    free(putting.block);
    return status;
}
