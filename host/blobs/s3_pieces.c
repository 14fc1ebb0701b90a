/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An upload to S3 under way: one object a piece, named by its offset, so that its state is what a
 * list of the bucket says, and pieces may come through any replica and be of any size (parts of
 * S3's own uploads have at least 5 MiB, and can't be read before all is decided).
 */
#include "s3_blobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void slw_s3_piece_key(const char *folder, uint64_t offset,
                      char ret_key[static SLW_S3_PIECE_KEY_SIZE])
{
    (void)snprintf(ret_key, SLW_S3_PIECE_KEY_SIZE, "%s%016" PRIx64, folder, offset);
}

static bool parse_offset(const char *text, uint64_t *ret_offset)
{
    uint64_t offset = 0;
    if (strlen(text) != 16) {
        return false;
    }
    for (size_t i = 0; i < 16; i++) {
        char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        offset = offset << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret_offset = offset;
    return true;
}

/* They come in the order of their offsets. What lies before the end so far, or behind a gap, is of
 * somebody who was overtaken. */
static enum slw_status note_piece(void *context, const char *key, uint64_t size,
                                  int64_t modified_utc_s)
{
    struct slw_s3_pieces *pieces = context;
    uint64_t offset = 0;
    (void)modified_utc_s;
    if (!parse_offset(key + strlen(pieces->folder), &offset) || offset != pieces->length ||
        size == 0) {
        return SLW_OK;
    }
    if (pieces->count == SLW_S3_PIECES_MAX || size > SLW_BLOB_SIZE_MAX) {
        return slw_explain(pieces->detail, SLW_TOO_LARGE, "%s: too many pieces", pieces->folder);
    }
    uint64_t *place = slw_heap_grow(pieces->offsets, pieces->count, sizeof *place);
    if (place == NULL) {
        return slw_explain_no_memory(pieces->detail);
    }
    pieces->offsets = place;
    pieces->offsets[pieces->count++] = offset;
    pieces->length += size;
    return pieces->length > SLW_BLOB_SIZE_MAX
               ? slw_explain(pieces->detail, SLW_TOO_LARGE, "%s: too many bytes", pieces->folder)
               : SLW_OK;
}

enum slw_status slw_s3_pieces_find(struct slw_s3_client *client, const char *name,
                                   struct slw_s3_pieces *ret_pieces, struct slw_detail *detail)
{
    struct slw_s3_pieces pieces = {.client = client, .detail = detail};
    (void)snprintf(pieces.folder, sizeof pieces.folder, "uploads/%s/", name);
    enum slw_status status = slw_s3_list(client, pieces.folder, note_piece, &pieces, detail);
    if (status != SLW_OK) {
        slw_s3_pieces_free(&pieces);
        return status;
    }
    *ret_pieces = pieces;
    return SLW_OK;
}

void slw_s3_pieces_free(struct slw_s3_pieces *pieces)
{
    free(pieces->offsets);
    pieces->offsets = NULL;
}

static size_t index_of(const struct slw_s3_pieces *pieces, uint64_t offset)
{
    size_t low = 0;
    size_t high = pieces->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (pieces->offsets[middle] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum slw_status read_pieces(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_s3_pieces *pieces = context;
    char key[SLW_S3_PIECE_KEY_SIZE];
    for (size_t i = index_of(pieces, offset); len > 0; i++) {
        uint64_t start = pieces->offsets[i];
        uint64_t end = i + 1 < pieces->count ? pieces->offsets[i + 1] : pieces->length;
        size_t step = end - offset < len ? (size_t)(end - offset) : len;
        slw_s3_piece_key(pieces->folder, start, key);
        SLW_TRY(slw_s3_read(pieces->client, key, offset - start, buffer, step, pieces->detail));
        buffer += step;
        offset += step;
        len -= step;
    }
    return SLW_OK;
}

struct slw_source slw_s3_pieces_source(struct slw_s3_pieces *pieces)
{
    return (struct slw_source){pieces, read_pieces, pieces->length};
}

struct removal {
    struct slw_s3_client *client;
    struct slw_detail *detail;
};

static enum slw_status remove_piece(void *context, const char *key, uint64_t size,
                                    int64_t modified_utc_s)
{
    const struct removal *removal = context;
    (void)size;
    (void)modified_utc_s;
    return slw_s3_remove(removal->client, key, removal->detail);
}

enum slw_status slw_s3_pieces_remove(struct slw_s3_client *client, const char *name,
                                     struct slw_detail *detail)
{
    struct removal removal = {client, detail};
    char folder[SLW_S3_PIECE_KEY_SIZE];
    (void)snprintf(folder, sizeof folder, "uploads/%s/", name);
    return slw_s3_list(client, folder, remove_piece, &removal, detail);
}
