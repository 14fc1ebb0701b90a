/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves of the signing service's log (spec/SIGNING.md, section 3): releases, which devices accept,
 * and records, which they never do. The log writes them, auditors read them.
 */
#include "slipway/log.h"

#define RELEASE_FIXED_SIZE (SLW_LOG_TAG_SIZE + 2u + 4u + SLW_SHA256_SIZE)

_Static_assert(sizeof SLW_LOG_RELEASE_TAG - 1 == SLW_LOG_TAG_SIZE, "a tag's size");
_Static_assert(sizeof SLW_LOG_RECORD_TAG - 1 == SLW_LOG_TAG_SIZE, "a tag's size");
_Static_assert(RELEASE_FIXED_SIZE + SLW_LOG_PRODUCT_SIZE_MAX <= SLW_LOG_LEAF_SIZE_MAX,
               "a leaf's size");

enum slw_status slw_log_leaf_format(const struct slw_log_leaf *leaf,
                                    struct slw_heap_buffer *ret_bytes)
{
    if (leaf->kind == SLW_LOG_RECORD) {
        slw_heap_append(ret_bytes, SLW_BYTES_OF(SLW_LOG_RECORD_TAG));
    } else {
        if (leaf->product.len > SLW_LOG_PRODUCT_SIZE_MAX) {
            return SLW_BAD_ARGUMENT;
        }
        const uint8_t len[2] = {(uint8_t)(leaf->product.len >> 8), (uint8_t)leaf->product.len};
        const uint8_t version[4] = {
            (uint8_t)(leaf->targets_version >> 24), (uint8_t)(leaf->targets_version >> 16),
            (uint8_t)(leaf->targets_version >> 8), (uint8_t)leaf->targets_version};
        slw_heap_append(ret_bytes, SLW_BYTES_OF(SLW_LOG_RELEASE_TAG));
        slw_heap_append(ret_bytes, slw_bytes_make(len, sizeof len));
        slw_heap_append(ret_bytes, leaf->product);
        slw_heap_append(ret_bytes, slw_bytes_make(version, sizeof version));
    }
    slw_heap_append(ret_bytes, slw_bytes_make(leaf->digest, sizeof leaf->digest));
    return ret_bytes->status;
}

static bool parse_release(struct slw_bytes bytes, struct slw_log_leaf *leaf)
{
    if (bytes.len < RELEASE_FIXED_SIZE) {
        return false;
    }
    const uint8_t *at = bytes.ptr + SLW_LOG_TAG_SIZE;
    size_t product_len = (size_t)at[0] << 8 | at[1];
    if (product_len > SLW_LOG_PRODUCT_SIZE_MAX || bytes.len != RELEASE_FIXED_SIZE + product_len) {
        return false;
    }
    leaf->kind = SLW_LOG_RELEASE;
    leaf->product = slw_bytes_make(at + 2, product_len);
    at += 2 + product_len;
    leaf->targets_version =
        (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    memcpy(leaf->digest, at + 4, sizeof leaf->digest);
    return true;
}

enum slw_status slw_log_leaf_parse(struct slw_bytes bytes, struct slw_log_leaf *ret_leaf)
{
    struct slw_log_leaf leaf = {.kind = SLW_LOG_RECORD};
    if (bytes.len < SLW_LOG_TAG_SIZE) {
        return SLW_MALFORMED;
    }
    struct slw_bytes tag = slw_bytes_make(bytes.ptr, SLW_LOG_TAG_SIZE);
    if (slw_bytes_equal(tag, SLW_BYTES_OF(SLW_LOG_RELEASE_TAG))) {
        if (!parse_release(bytes, &leaf)) {
            return SLW_MALFORMED;
        }
    } else if (slw_bytes_equal(tag, SLW_BYTES_OF(SLW_LOG_RECORD_TAG)) &&
               bytes.len == SLW_LOG_RECORD_LEAF_SIZE) {
        memcpy(leaf.digest, bytes.ptr + SLW_LOG_TAG_SIZE, sizeof leaf.digest);
    } else {
        return SLW_MALFORMED;
    }
    *ret_leaf = leaf;
    return SLW_OK;
}
