/* SPDX-License-Identifier: Apache-2.0 */
/* A metadata file around what was signed: the last step of everything that is published. */
#include "kept.h"

#include "slipway/tuf_change.h"

#include <stdlib.h>

#define ENTRY_SIZE 24u /* {"keyid":"","sig":""}, and more */

static bool is_hex(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
                        (byte >= 'A' && byte <= 'F');
        if (!is_digit) {
            return false;
        }
    }
    return true;
}

static int compare_ids(const void *left, const void *right)
{
    return memcmp((*(const struct slw_tuf_signature *const *)left)->key_id,
                  (*(const struct slw_tuf_signature *const *)right)->key_id, SLW_TUF_KEY_ID_SIZE);
}

static enum slw_status check(const struct slw_tuf_signature *const *list, size_t count,
                             struct slw_detail *detail)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_hex(slw_bytes_make(list[i]->key_id, SLW_TUF_KEY_ID_SIZE)) ||
            !is_hex(list[i]->sig_hex) || list[i]->sig_hex.len > SLW_TUF_SIGNATURE_HEX_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "a signature and its key id are hexadecimal digits");
        }
        /* TUF 1.0.34, section 4.2: "The keyid MUST be unique in the "signatures" array: multiple
         * signatures with the same keyid are not allowed." */
        if (i != 0 && compare_ids(&list[i - 1], &list[i]) == 0) {
            return slw_explain(detail, SLW_DUPLICATE_SIGNATURE, "two signatures by key %.*s",
                               (int)SLW_TUF_KEY_ID_SIZE, list[i]->key_id);
        }
    }
    return SLW_OK;
}

static void put_signatures(const struct slw_tuf_signature *const *list, size_t count,
                           struct slw_heap_buffer *file)
{
    slw_heap_append(file, SLW_BYTES_OF("{\"signatures\":["));
    for (size_t i = 0; i < count; i++) {
        slw_heap_append(file,
                        i == 0 ? SLW_BYTES_OF("{\"keyid\":\"") : SLW_BYTES_OF(",{\"keyid\":\""));
        slw_heap_append(file, slw_bytes_make(list[i]->key_id, SLW_TUF_KEY_ID_SIZE));
        slw_heap_append(file, SLW_BYTES_OF("\",\"sig\":\""));
        slw_heap_append(file, list[i]->sig_hex);
        slw_heap_append(file, SLW_BYTES_OF("\"}"));
    }
    slw_heap_append(file, SLW_BYTES_OF("],\"signed\":"));
}

/* Room for everything at once, so that a large file isn't copied while it grows. */
static void make_room(struct slw_bytes signed_part, size_t count, struct slw_heap_buffer *file)
{
    size_t start = file->len;
    if (signed_part.len <= SLW_JSON_SIZE_MAX &&
        slw_heap_reserve(file, signed_part.len + 64 +
                                   count * (ENTRY_SIZE + SLW_TUF_KEY_ID_SIZE + 160)) != NULL) {
        file->len = start;
    }
}

enum slw_status slw_tuf_file_format(struct slw_bytes signed_part,
                                    const struct slw_tuf_signature *signatures, size_t count,
                                    struct slw_heap_buffer *ret_file, struct slw_detail *detail)
{
    const struct slw_tuf_signature *list[SLW_TUF_SIGNATURES_MAX];
    size_t start = ret_file->len;
    if (count > SLW_TUF_SIGNATURES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a file has at most %u signatures",
                           SLW_TUF_SIGNATURES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = &signatures[i];
    }
    qsort(list, count, sizeof(const struct slw_tuf_signature *), compare_ids);
    SLW_TRY(check(list, count, detail));
    make_room(signed_part, count, ret_file);
    put_signatures(list, count, ret_file);
    slw_tuf_escape_controls(signed_part, ret_file);
    slw_heap_append(ret_file, SLW_BYTES_OF("}"));
    if (ret_file->status != SLW_OK) {
        ret_file->len = start;
        return slw_explain_no_memory(detail);
    }
    return SLW_OK;
}
