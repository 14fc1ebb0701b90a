/* SPDX-License-Identifier: Apache-2.0 */
/* The members of metadata's objects, for all that read one. */
#include "json_fields.h"

#include <inttypes.h>
#include <stdio.h>

#define COMPLAINT_SIZE 96u

static const char *complaint_about(enum slw_json_kind kind)
{
    switch (kind) {
    case SLW_JSON_OBJECT:
        return "must be an object";
    case SLW_JSON_ARRAY:
        return "must be an array";
    case SLW_JSON_STRING:
        return "must be a string";
    case SLW_JSON_INTEGER:
        return "must be an integer";
    case SLW_JSON_TRUE:
    case SLW_JSON_FALSE:
        return "must be true or false";
    case SLW_JSON_NULL:
        break;
    }
    return "must be null";
}

static enum slw_status require(const struct slw_json_document *json, uint32_t value,
                               enum slw_json_kind kind, struct slw_detail *detail)
{
    if (slw_json_kind(json, value) == kind) {
        return SLW_OK;
    }
    return slw_json_refuse(json, value, SLW_MALFORMED, complaint_about(kind), detail);
}

static uint32_t find(const struct slw_json_document *json, uint32_t object, const char *name)
{
    return slw_json_member(json, object, slw_bytes_make(name, strlen(name)));
}

enum slw_status slw_tuf_json_object(const struct slw_json_document *json, uint32_t value,
                                    struct slw_detail *detail)
{
    return require(json, value, SLW_JSON_OBJECT, detail);
}

enum slw_status slw_tuf_json_optional(const struct slw_json_document *json, uint32_t object,
                                      const char *name, enum slw_json_kind kind,
                                      uint32_t *ret_value, struct slw_detail *detail)
{
    uint32_t value = find(json, object, name);
    if (value != SLW_JSON_NONE) {
        SLW_TRY(require(json, value, kind, detail));
    }
    *ret_value = value;
    return SLW_OK;
}

enum slw_status slw_tuf_json_member(const struct slw_json_document *json, uint32_t object,
                                    const char *name, enum slw_json_kind kind, uint32_t *ret_value,
                                    struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(require(json, object, SLW_JSON_OBJECT, detail));
    SLW_TRY(slw_tuf_json_optional(json, object, name, kind, &value, detail));
    if (value == SLW_JSON_NONE) {
        char complaint[COMPLAINT_SIZE];
        (void)snprintf(complaint, sizeof complaint, "has no member \"%s\"", name);
        return slw_json_refuse(json, object, SLW_MALFORMED, complaint, detail);
    }
    *ret_value = value;
    return SLW_OK;
}

enum slw_status slw_tuf_json_boolean(const struct slw_json_document *json, uint32_t object,
                                     const char *name, bool *ret_flag, struct slw_detail *detail)
{
    uint32_t value = find(json, object, name);
    if (value == SLW_JSON_NONE) {
        *ret_flag = false;
        return SLW_OK;
    }
    if (slw_json_kind(json, value) != SLW_JSON_TRUE) {
        SLW_TRY(require(json, value, SLW_JSON_FALSE, detail));
    }
    *ret_flag = slw_json_kind(json, value) == SLW_JSON_TRUE;
    return SLW_OK;
}

enum slw_status slw_tuf_json_integer(const struct slw_json_document *json, uint32_t object,
                                     const char *name, int64_t lowest, int64_t *ret_number,
                                     struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    int64_t number = 0;
    SLW_TRY(slw_tuf_json_member(json, object, name, SLW_JSON_INTEGER, &value, detail));
    if (!slw_json_integer(json, value, &number) || number < lowest) {
        char complaint[COMPLAINT_SIZE];
        (void)snprintf(complaint, sizeof complaint, "must be an integer of %" PRId64 " to %" PRId64,
                       lowest, INT64_MAX);
        return slw_json_refuse(json, value, SLW_MALFORMED, complaint, detail);
    }
    *ret_number = number;
    return SLW_OK;
}

enum slw_status slw_tuf_json_strings(const struct slw_json_document *json, uint32_t array,
                                     struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(require(json, element, SLW_JSON_STRING, detail));
    }
    return SLW_OK;
}
