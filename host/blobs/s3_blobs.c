/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs in a bucket: blobs/SHA256 for each blob, uploads/SHA256/OFFSET for each piece of one that
 * is on its way. Its bytes are read back, hashed and put together when it is finished; what a
 * killed process left is found in lists and removed when it is old.
 */
#include "s3_blobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_FIRST 65536u
#define AHEAD_SIZE 1048576u

static void blob_key(const uint8_t *sha256, char ret_key[static SLW_S3_PIECE_KEY_SIZE])
{
    char name[SLW_BLOB_NAME_SIZE];
    (void)snprintf(ret_key, SLW_S3_PIECE_KEY_SIZE, "blobs/%s", slw_blob_name(sha256, name));
}

static enum slw_status get_size(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t *ret_size,
                                struct slw_detail *detail)
{
    char key[SLW_S3_PIECE_KEY_SIZE];
    blob_key(sha256, key);
    return slw_s3_size(slw_s3_blobs_of(blobs)->client, key, ret_size, NULL, detail);
}

static enum slw_status get_have(struct slw_blobs *blobs, const uint8_t *sha256,
                                uint64_t *ret_length, bool *ret_complete, struct slw_detail *detail)
{
    char name[SLW_BLOB_NAME_SIZE];
    struct slw_s3_pieces pieces;
    uint64_t size = 0;
    enum slw_status status = get_size(blobs, sha256, &size, detail);
    if (status != SLW_OK && status != SLW_NOT_FOUND) {
        return status;
    }
    SLW_TRY(slw_s3_pieces_find(slw_s3_blobs_of(blobs)->client, slw_blob_name(sha256, name), &pieces,
                               detail));
    *ret_length = pieces.length;
    *ret_complete = status == SLW_OK;
    slw_s3_pieces_free(&pieces);
    return SLW_OK;
}

static enum slw_status append_piece(struct slw_s3_client *client,
                                    const struct slw_s3_pieces *pieces, uint64_t offset,
                                    struct slw_bytes piece, uint64_t *ret_length,
                                    struct slw_detail *detail)
{
    char key[SLW_S3_PIECE_KEY_SIZE];
    if (pieces->length != offset) {
        *ret_length = pieces->length;
        return slw_explain(detail, SLW_WRONG_STATE,
                           "the next piece begins at byte %" PRIu64 ", not %" PRIu64,
                           pieces->length, offset);
    }
    if (pieces->count == SLW_S3_PIECES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "an upload of more than %u pieces",
                           SLW_S3_PIECES_MAX);
    }
    if (piece.len > 0) {
        slw_s3_piece_key(pieces->folder, offset, key);
        SLW_TRY(slw_s3_put(client, key, piece, detail));
    }
    *ret_length = offset + piece.len;
    return SLW_OK;
}

static enum slw_status append(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t offset,
                              struct slw_bytes piece, uint64_t *ret_length,
                              struct slw_detail *detail)
{
    struct slw_s3_client *client = slw_s3_blobs_of(blobs)->client;
    char name[SLW_BLOB_NAME_SIZE];
    struct slw_s3_pieces pieces;
    SLW_TRY(slw_s3_pieces_find(client, slw_blob_name(sha256, name), &pieces, detail));
    enum slw_status status = append_piece(client, &pieces, offset, piece, ret_length, detail);
    slw_s3_pieces_free(&pieces);
    return status;
}

static enum slw_status finish_pieces(struct slw_blobs *blobs, struct slw_s3_pieces *pieces,
                                     const uint8_t *sha256, uint64_t total,
                                     struct slw_detail *detail)
{
    uint64_t size = 0;
    /* Somebody else may have finished the same a moment ago. */
    if (pieces->count == 0 && get_size(blobs, sha256, &size, detail) == SLW_OK && size == total) {
        return SLW_OK;
    }
    if (pieces->count == 0 && total > 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "nothing of it was uploaded");
    }
    if (pieces->length < total) {
        return slw_explain(detail, SLW_WRONG_LENGTH, "%" PRIu64 " bytes of %" PRIu64 " are there",
                           pieces->length, total);
    }
    struct slw_source source = slw_s3_pieces_source(pieces);
    enum slw_status status =
        pieces->length > total
            ? slw_explain(detail, SLW_WRONG_LENGTH, "%" PRIu64 " bytes came, not %" PRIu64,
                          pieces->length, total)
            : slw_s3_put_source(pieces->client, sha256, &source, detail);
    return status;
}

static enum slw_status finish(struct slw_blobs *blobs, const uint8_t *upload, const uint8_t *sha256,
                              uint64_t total, struct slw_detail *detail)
{
    struct slw_s3_client *client = slw_s3_blobs_of(blobs)->client;
    char name[SLW_BLOB_NAME_SIZE];
    struct slw_s3_pieces pieces;
    struct slw_detail ignored = {""};
    SLW_TRY(slw_s3_pieces_find(client, slw_blob_name(upload, name), &pieces, detail));
    enum slw_status status = finish_pieces(blobs, &pieces, sha256, total, detail);
    bool is_over = status == SLW_OK || status == SLW_WRONG_HASH ||
                   (status == SLW_WRONG_LENGTH && pieces.length > total);
    if (is_over) {
        /* Those that stay are removed when they are old. */
        (void)!slw_s3_pieces_remove(client, name, &ignored);
    }
    slw_s3_pieces_free(&pieces);
    return status;
}

static enum slw_status hash_source(const struct slw_source *source,
                                   uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                   struct slw_detail *detail)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    uint8_t *block = malloc(SLW_BLOB_BLOCK_SIZE);
    enum slw_status status = block == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (uint64_t offset = 0; status == SLW_OK && offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < SLW_BLOB_BLOCK_SIZE ? (size_t)left : SLW_BLOB_BLOCK_SIZE;
        status = source->read(source->context, offset, block, len);
        if (status != SLW_OK) {
            (void)slw_explain(detail, status, "what is to be put can't be read");
            break;
        }
        slw_sha256_update(&hash, slw_bytes_make(block, len));
        offset += len;
    }
    free(block);
    if (status == SLW_OK) {
        slw_sha256_final(&hash, ret_sha256);
    }
    return status;
}

/* Twice read: its name is known only after the first time. */
static enum slw_status put(struct slw_blobs *blobs, const struct slw_source *source,
                           uint8_t ret_sha256[static SLW_SHA256_SIZE], struct slw_detail *detail)
{
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t size = 0;
    SLW_TRY(hash_source(source, sha256, detail));
    enum slw_status status = get_size(blobs, sha256, &size, detail);
    if (status == SLW_NOT_FOUND || (status == SLW_OK && size != source->size)) {
        status = slw_s3_put_source(slw_s3_blobs_of(blobs)->client, sha256, source, detail);
    }
    if (status == SLW_OK) {
        memcpy(ret_sha256, sha256, sizeof sha256);
    }
    return status;
}

static enum slw_status open_source(struct slw_blobs *blobs, struct slw_blob *blob,
                                   struct slw_detail *detail)
{
    return get_size(blobs, blob->sha256, &blob->source.size, detail);
}

/* Who reads on gets more at a time, who jumps less. */
static enum slw_status fill_ahead(struct slw_blob *blob, uint64_t offset, size_t len)
{
    char key[SLW_S3_PIECE_KEY_SIZE];
    bool goes_on = blob->ahead.len > 0 && offset == blob->ahead_offset + blob->ahead.len;
    size_t want = goes_on ? AHEAD_SIZE : AHEAD_FIRST;
    want = want < len ? len : want;
    if (want > blob->source.size - offset) {
        want = (size_t)(blob->source.size - offset);
    }
    blob->ahead.len = 0;
    uint8_t *place = slw_heap_reserve(&blob->ahead, want);
    if (place == NULL) {
        return slw_explain_no_memory(blob->detail);
    }
    blob_key(blob->sha256, key);
    enum slw_status status =
        slw_s3_read(slw_s3_blobs_of(blob->blobs)->client, key, offset, place, want, blob->detail);
    blob->ahead.len = status == SLW_OK ? want : 0;
    blob->ahead_offset = offset;
    return status;
}

static enum slw_status read_blob(struct slw_blob *blob, uint64_t offset, uint8_t *buffer,
                                 size_t len)
{
    bool is_there = offset >= blob->ahead_offset &&
                    offset - blob->ahead_offset <= blob->ahead.len &&
                    len <= blob->ahead.len - (size_t)(offset - blob->ahead_offset);
    if (!is_there) {
        SLW_TRY(fill_ahead(blob, offset, len));
    }
    memcpy(buffer, blob->ahead.ptr + (offset - blob->ahead_offset), len);
    return SLW_OK;
}

static enum slw_status remove_blob(struct slw_blobs *blobs, const uint8_t *sha256,
                                   struct slw_detail *detail)
{
    char key[SLW_S3_PIECE_KEY_SIZE];
    blob_key(sha256, key);
    return slw_s3_remove(slw_s3_blobs_of(blobs)->client, key, detail);
}

static void close_store(struct slw_blobs *blobs)
{
    struct slw_s3_blobs *store = slw_s3_blobs_of(blobs);
    slw_s3_client_close(store->client);
    free(store);
}

static const struct slw_blobs_port s3_port = {
    .close = close_store,
    .have = get_have,
    .append = append,
    .finish = finish,
    .put = put,
    .size = get_size,
    .open = open_source,
    .read = read_blob,
    .remove = remove_blob,
    .list = slw_s3_blobs_list,
};

enum slw_status slw_s3_blobs_open(const struct slw_blobs_s3 *settings, struct slw_blobs **ret_blobs,
                                  struct slw_detail *detail)
{
    struct slw_s3_blobs *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return slw_explain_no_memory(detail);
    }
    store->blobs.port = &s3_port;
    enum slw_status status = slw_s3_client_open(settings, &store->client, detail);
    if (status != SLW_OK) {
        free(store);
        return status;
    }
    *ret_blobs = &store->blobs;
    return SLW_OK;
}
