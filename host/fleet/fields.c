/* SPDX-License-Identifier: Apache-2.0 */
/* Members of messages by table. See fields.h. */
#include "fields.h"

#include "slipway/crypto.h"
#include "slipway/json.h"
#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

static enum slw_status refuse(const struct slw_json_document *json, uint32_t value,
                              const char *what, struct slw_detail *detail)
{
    return slw_json_refuse(json, value, SLW_BAD_ARGUMENT, what, detail);
}

bool fleet_text_is_good(struct slw_bytes text)
{
    return text.len == 0 || memchr(text.ptr, 0, text.len) == NULL;
}

static enum slw_status read_text(const struct slw_json_document *json, uint32_t value,
                                 const struct fleet_field *field, void *place,
                                 struct slw_detail *detail)
{
    struct slw_bytes text = slw_json_string(json, value);
    if (slw_json_kind(json, value) != SLW_JSON_STRING || text.len > (size_t)field->max ||
        (field->is_required && text.len == 0)) {
        return refuse(json, value, "must be a text of bounded length", detail);
    }
    if (!fleet_text_is_good(text)) {
        return refuse(json, value, "must have no zero in it", detail);
    }
    *(struct slw_bytes *)place = text;
    return SLW_OK;
}

static enum slw_status read_word(const struct slw_json_document *json, uint32_t value,
                                 const struct fleet_field *field, void *place,
                                 struct slw_detail *detail)
{
    struct slw_bytes text = slw_json_string(json, value);
    for (int i = 0; i < field->words_count; i++) {
        if (slw_json_kind(json, value) == SLW_JSON_STRING &&
            slw_bytes_equal(text, slw_text_bytes(field->words[i]))) {
            *(int *)place = i;
            return SLW_OK;
        }
    }
    return refuse(json, value, "isn't one of the words that may stand here", detail);
}

static enum slw_status read_field(const struct slw_json_document *json, uint32_t value,
                                  const struct fleet_field *field, uint8_t *base,
                                  struct slw_detail *detail)
{
    void *place = base + field->offset;
    enum slw_json_kind kind = slw_json_kind(json, value);
    int64_t number = 0;
    switch (field->type) {
    case FLEET_TEXT:
        return read_text(json, value, field, place, detail);
    case FLEET_WORD:
        return read_word(json, value, field, place, detail);
    case FLEET_NUMBER:
        if (!slw_json_integer(json, value, &number) || number < field->min || number > field->max) {
            return refuse(json, value, "must be an integer within its bounds", detail);
        }
        *(int64_t *)place = number;
        return SLW_OK;
    case FLEET_BOOL:
        if (kind != SLW_JSON_TRUE && kind != SLW_JSON_FALSE) {
            return refuse(json, value, "must be true or false", detail);
        }
        *(bool *)place = kind == SLW_JSON_TRUE;
        return SLW_OK;
    case FLEET_OTHER:
        break;
    }
    return SLW_OK;
}

enum slw_status fleet_fields_read(const struct slw_json_document *json, uint32_t object,
                                  const struct fleet_field *fields, size_t count, void *ret_struct,
                                  struct slw_detail *detail)
{
    struct slw_bytes name;
    uint32_t value;
    uint64_t seen = 0;
    if (slw_json_kind(json, object) != SLW_JSON_OBJECT) {
        return refuse(json, object, "must be an object", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    while (slw_json_walk_member(&walk, &name, &value)) {
        size_t i = 0;
        while (i < count && !slw_bytes_equal(name, slw_text_bytes(fields[i].name))) {
            i++;
        }
        if (i == count) {
            return refuse(json, value, "isn't known here", detail);
        }
        seen |= UINT64_C(1) << i;
        SLW_TRY(read_field(json, value, &fields[i], ret_struct, detail));
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_required && (seen >> i & 1) == 0) {
            char what[64];
            (void)snprintf(what, sizeof what, "\"%s\" is missing", fields[i].name);
            return refuse(json, object, what, detail);
        }
    }
    return SLW_OK;
}

void fleet_fields_write(struct slw_json *json, const struct fleet_field *fields, size_t count,
                        const void *from)
{
    for (size_t i = 0; i < count; i++) {
        const struct fleet_field *field = &fields[i];
        const void *place = (const uint8_t *)from + field->offset;
        switch (field->type) {
        case FLEET_TEXT:
            if (field->is_required || ((const struct slw_bytes *)place)->len > 0) {
                slw_json_bytes(json, field->name, *(const struct slw_bytes *)place);
            }
            break;
        case FLEET_NUMBER:
            if (field->is_required || *(const int64_t *)place != 0) {
                slw_json_int(json, field->name, *(const int64_t *)place);
            }
            break;
        case FLEET_WORD:
            if (field->is_required || *(const int *)place != 0) {
                slw_json_text(json, field->name, field->words[*(const int *)place]);
            }
            break;
        case FLEET_BOOL:
            if (*(const bool *)place) {
                slw_json_bool(json, field->name, true);
            }
            break;
        case FLEET_OTHER:
            break;
        }
    }
}

/* --- Envelopes --- */

enum slw_status fleet_verify(const struct slw_fleet_opened *opened,
                             const struct slw_public_key *key, struct slw_detail *detail)
{
    struct slw_statement_key statement_key;
    slw_statement_key_of_public(key, &statement_key);
    return slw_dsse_verify_one(&opened->envelope, &statement_key, SLW_DSSE_OUR_KEYS, detail);
}

enum slw_status fleet_open(struct slw_bytes text, struct slw_bytes type,
                           const struct slw_public_key *key, struct slw_fleet_opened *ret_opened,
                           struct slw_detail *detail)
{
    if (text.len > SLW_FLEET_MESSAGE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "message: over %u bytes", SLW_FLEET_MESSAGE_MAX);
    }
    SLW_TRY(slw_dsse_parse("message", text, &ret_opened->envelope, detail));
    if (!slw_bytes_equal(ret_opened->envelope.payload_type, type)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "message: of another type");
    }
    if (key != NULL) {
        SLW_TRY(fleet_verify(ret_opened, key, detail));
    }
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, ret_opened->envelope.payload);
    slw_sha256_final(&hash, ret_opened->payload_sha256);
    return slw_json_parse("message", ret_opened->envelope.payload, &ret_opened->json, detail);
}

void slw_fleet_opened_free(struct slw_fleet_opened *opened)
{
    slw_json_document_free(&opened->json);
    slw_dsse_free(&opened->envelope);
}
