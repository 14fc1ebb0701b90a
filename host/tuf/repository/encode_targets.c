/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object `targets` out of packed records. Room for all of it is made at once, and then it is
 * written by plain copies: a first publish writes a hundred thousand entries.
 */
#include "encode.h"

#include "../metadata/hex.h"

#define HEX_SIZE ((size_t)2 * SLW_SHA256_SIZE)
#define NUMBER_MAX 20u /* digits of UINT64_MAX */

#define BEFORE_CUSTOM "{\"custom\":"
#define BEFORE_HASHES "\"hashes\":{\"sha256\":\""
#define BEFORE_LENGTH "\"},\"length\":"

/* What an entry has beside path, custom and numbers: two quotes, a colon, commas, braces. */
#define FIXED_MAX                                                                                  \
    (sizeof BEFORE_CUSTOM + sizeof BEFORE_HASHES + sizeof BEFORE_LENGTH + HEX_SIZE + NUMBER_MAX +  \
     8u)

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static uint8_t *put_hex(uint8_t *at, const uint8_t digest[static SLW_SHA256_SIZE])
{
    slw_tuf_hex_encode(digest, SLW_SHA256_SIZE, (char *)at);
    return at + HEX_SIZE;
}

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
    uint8_t digits[NUMBER_MAX];
    size_t first = NUMBER_MAX;
    do {
        digits[--first] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    return put(at, digits + first, NUMBER_MAX - first);
}

/* As slw_json_canonical_string() does it: the two characters that canonical form escapes. */
static uint8_t *put_escaped(uint8_t *at, struct slw_bytes path)
{
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '"' || path.ptr[i] == '\\') {
            *at++ = '\\';
        }
        *at++ = path.ptr[i];
    }
    return at;
}

static uint8_t *put_members(uint8_t *at, const struct slw_tuf_records *records,
                            const struct slw_tuf_record *record)
{
    if (record->custom_len != 0) {
        at = put(at, BEFORE_CUSTOM, sizeof BEFORE_CUSTOM - 1);
        at = put(at, records->arena + record->custom, record->custom_len);
        *at++ = ',';
    } else {
        *at++ = '{';
    }
    at = put(at, BEFORE_HASHES, sizeof BEFORE_HASHES - 1);
    at = put_hex(at, record->sha256);
    at = put(at, BEFORE_LENGTH, sizeof BEFORE_LENGTH - 1);
    at = put_number(at, record->length);
    *at++ = '}';
    return at;
}

static uint8_t *put_record(uint8_t *at, const struct slw_tuf_records *records,
                           const struct slw_tuf_record *record)
{
    struct slw_bytes path = slw_tuf_record_path(records, record);
    *at++ = '"';
    at = (record->path_len & SLW_TUF_ODD_PATH) != 0 ? put_escaped(at, path)
                                                    : put(at, path.ptr, path.len);
    *at++ = '"';
    *at++ = ':';
    if (record->object_len != 0) {
        return put(at, records->arena + record->object, record->object_len);
    }
    return put_members(at, records, record);
}

/* At least as much as the object takes. */
static size_t size_bound(const struct slw_tuf_records *records)
{
    size_t size = 2;
    for (size_t i = 0; i < records->count; i++) {
        const struct slw_tuf_record *record = &records->list[i];
        size_t path_len = slw_tuf_record_path(records, record).len;
        path_len *= (record->path_len & SLW_TUF_ODD_PATH) != 0 ? 2 : 1;
        size += FIXED_MAX + path_len +
                (record->object_len != 0 ? record->object_len : record->custom_len);
    }
    return size;
}

void slw_tuf_encode_targets(const struct slw_tuf_records *records, struct slw_heap_buffer *text)
{
    uint8_t *start = slw_heap_reserve(text, size_bound(records));
    if (start == NULL) {
        return;
    }
    uint8_t *at = start;
    *at++ = '{';
    for (size_t i = 0; i < records->count; i++) {
        if (i != 0) {
            *at++ = ',';
        }
        at = put_record(at, records, &records->list[i]);
    }
    *at++ = '}';
    text->len = (size_t)(at - text->ptr);
}
