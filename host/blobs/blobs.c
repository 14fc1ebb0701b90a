/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs of whatever store: arguments are checked here, once for all kinds. */
#include "port.h"

#include "slipway/checked.h"
#include "slipway/text.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

const char *slw_blob_name(const uint8_t *sha256, char buffer[static SLW_BLOB_NAME_SIZE])
{
    slw_text_hex(slw_bytes_make(sha256, SLW_SHA256_SIZE), buffer);
    return buffer;
}

bool slw_blob_name_parse(struct slw_bytes name, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    return slw_text_unhex(name, ret_sha256, SLW_SHA256_SIZE);
}

enum slw_status slw_blobs_open(const char *url, const struct slw_blobs_s3 *s3,
                               struct slw_blobs **ret_blobs, struct slw_detail *detail)
{
    if (strncmp(url, "dir:", 4) == 0 && url[4] != '\0') {
        return slw_directory_blobs_open(url + 4, ret_blobs, detail);
    }
    if (strcmp(url, "s3:") == 0 && s3 != NULL) {
        return slw_s3_blobs_open(s3, ret_blobs, detail);
    }
    return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a store of blobs: dir:PATH or s3:", url);
}

void slw_blobs_close(struct slw_blobs *blobs)
{
    if (blobs != NULL) {
        blobs->port->close(blobs);
    }
}

enum slw_status slw_blobs_have(struct slw_blobs *blobs,
                               const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t *ret_length,
                               bool *ret_complete, struct slw_detail *detail)
{
    return blobs->port->have(blobs, sha256, ret_length, ret_complete, detail);
}

enum slw_status slw_blobs_append(struct slw_blobs *blobs,
                                 const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t total,
                                 uint64_t offset, struct slw_bytes piece, uint64_t *ret_length,
                                 struct slw_detail *detail)
{
    uint64_t end = 0;
    if (total > SLW_BLOB_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a blob of more than %" PRIu64 " bytes",
                           SLW_BLOB_SIZE_MAX);
    }
    if (!slw_add_u64(offset, piece.len, &end) || end > total) {
        return slw_explain(detail, SLW_WRONG_LENGTH, "a piece that ends behind byte %" PRIu64,
                           total);
    }
    return blobs->port->append(blobs, sha256, offset, piece, ret_length, detail);
}

enum slw_status slw_blobs_finish(struct slw_blobs *blobs,
                                 const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t total,
                                 struct slw_detail *detail)
{
    return blobs->port->finish(blobs, sha256, sha256, total, detail);
}

enum slw_status slw_blobs_finish_as(struct slw_blobs *blobs,
                                    const uint8_t upload[static SLW_SHA256_SIZE],
                                    const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t total,
                                    struct slw_detail *detail)
{
    return blobs->port->finish(blobs, upload, sha256, total, detail);
}

enum slw_status slw_blobs_put(struct slw_blobs *blobs, struct slw_bytes bytes,
                              uint8_t ret_sha256[static SLW_SHA256_SIZE], struct slw_detail *detail)
{
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, bytes);
    return blobs->port->put(blobs, &memory.source, ret_sha256, detail);
}

enum slw_status slw_blobs_put_source(struct slw_blobs *blobs, const struct slw_source *source,
                                     uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                     struct slw_detail *detail)
{
    if (source->size > SLW_BLOB_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a blob of more than %" PRIu64 " bytes",
                           SLW_BLOB_SIZE_MAX);
    }
    return blobs->port->put(blobs, source, ret_sha256, detail);
}

enum slw_status slw_blobs_size(struct slw_blobs *blobs,
                               const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t *ret_size,
                               struct slw_detail *detail)
{
    return blobs->port->size(blobs, sha256, ret_size, detail);
}

static enum slw_status read_blob(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct slw_blob *blob = context;
    return blob->blobs->port->read(blob, offset, buffer, len);
}

enum slw_status slw_blob_open(struct slw_blobs *blobs, const uint8_t sha256[static SLW_SHA256_SIZE],
                              struct slw_blob *ret_blob, struct slw_detail *detail)
{
    struct slw_blob blob = {.source.read = read_blob,
                            .source.context = ret_blob,
                            .blobs = blobs,
                            .detail = detail,
                            .descriptor = -1};
    memcpy(blob.sha256, sha256, SLW_SHA256_SIZE);
    SLW_TRY(blobs->port->open(blobs, &blob, detail));
    *ret_blob = blob;
    return SLW_OK;
}

void slw_blob_close(struct slw_blob *blob)
{
    if (blob->descriptor >= 0) {
        close(blob->descriptor);
        blob->descriptor = -1;
    }
    slw_heap_drop(&blob->ahead);
}

enum slw_status slw_blobs_remove(struct slw_blobs *blobs,
                                 const uint8_t sha256[static SLW_SHA256_SIZE],
                                 struct slw_detail *detail)
{
    return blobs->port->remove(blobs, sha256, detail);
}

enum slw_status slw_blobs_list(struct slw_blobs *blobs, uint32_t older_than_s,
                               enum slw_status (*each)(void *context,
                                                       const uint8_t sha256[static SLW_SHA256_SIZE],
                                                       uint64_t size, int64_t made_utc_s),
                               void *context, struct slw_detail *detail)
{
    return blobs->port->list(blobs, older_than_s, each, context, detail);
}
