/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a bundle's payloads are what its metadata list. For whoever vouches for one. */
#include "slipway/bundle_file.h"
#include "slipway/crypto.h"
#include "slipway/explain.h"

#include <stdlib.h>

static enum slw_status hash_span(const struct slw_source *source, struct slw_span span,
                                 uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    uint8_t *block = malloc(SLW_FILE_BLOCK_SIZE);
    enum slw_status status = block == NULL ? SLW_NO_SPACE : SLW_OK;
    slw_sha256_init(&hash);
    for (uint64_t at = 0; status == SLW_OK && at < span.length;) {
        uint64_t left = span.length - at;
        size_t len = left < SLW_FILE_BLOCK_SIZE ? (size_t)left : SLW_FILE_BLOCK_SIZE;
        status = source->read(source->context, span.offset + at, block, len);
        if (status == SLW_OK) {
            slw_sha256_update(&hash, slw_bytes_make(block, len));
        }
        at += len;
    }
    slw_sha256_final(&hash, ret_digest);
    free(block);
    return status;
}

/* A payload that is listed and there must be what is listed. */
static enum slw_status check_payload(const char *path, const struct slw_bundle_index *index,
                                     struct slw_bytes name, uint64_t length,
                                     struct slw_bytes sha256, struct slw_detail *detail)
{
    const struct slw_payload_entry *entry = slw_bundle_index_find(index, name);
    uint8_t digest[SLW_SHA256_SIZE];
    if (entry == NULL) {
        return SLW_OK;
    }
    enum slw_status status = entry->value.length == length ? SLW_OK : SLW_WRONG_LENGTH;
    if (status == SLW_OK) {
        status = hash_span(index->source, entry->value, digest);
    }
    if (status == SLW_OK && !slw_bytes_equal(slw_bytes_make(digest, sizeof digest), sha256)) {
        status = SLW_WRONG_HASH;
    }
    if (status != SLW_OK) {
        struct slw_heap_buffer text = {0};
        slw_quote(name, &text);
        (void)slw_explain(detail, status, "%s: payload %s: %s", path, slw_heap_text(&text),
                          slw_status_meaning(status));
        slw_heap_free(&text);
    }
    return status;
}

enum slw_status slw_bundle_check_payloads(const char *name, const struct slw_bundle_index *index,
                                          const struct slw_targets_draft *targets,
                                          struct slw_detail *detail)
{
    for (size_t i = 0; i < targets->targets_count; i++) {
        const struct slw_target_draft *target = &targets->targets[i];
        SLW_TRY(check_payload(name, index, target->name, target->length, target->sha256, detail));
        for (size_t j = 0; j < target->encodings_count; j++) {
            const struct slw_encoding_draft *encoding = &target->encodings[j];
            SLW_TRY(check_payload(name, index, encoding->payload_name, encoding->length,
                                  encoding->sha256, detail));
        }
    }
    return SLW_OK;
}
