/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of read.h: what every part of a policy is read with. */
#include "read.h"

#include "slipway/time_text.h"

#include <inttypes.h>
#include <stdio.h>

#define COMPLAINT_SIZE 160u
#define TIME_LEN 20u /* of "2030-01-31T00:00:00Z" */

enum slw_status slw_policy_refuse(const struct slw_policy_reader *reader, uint32_t value,
                                  enum slw_status status, const char *what)
{
    return slw_json_refuse(&reader->policy->json, value, status, what, reader->detail);
}

static const char *kind_wanted(enum slw_json_kind kind)
{
    switch (kind) {
    case SLW_JSON_OBJECT:
        return "must be an object";
    case SLW_JSON_ARRAY:
        return "must be a list";
    case SLW_JSON_STRING:
        return "must be a string";
    case SLW_JSON_INTEGER:
        return "must be an integer";
    case SLW_JSON_TRUE:
    case SLW_JSON_FALSE:
    case SLW_JSON_NULL:
        break;
    }
    return "isn't of the kind that it must be";
}

static size_t find_member(const struct slw_policy_member *members, size_t count,
                          struct slw_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (slw_bytes_equal(slw_bytes_make(members[i].name, strlen(members[i].name)), name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum slw_status take_members(const struct slw_policy_reader *reader, uint32_t object,
                                    const struct slw_policy_member *members, size_t count,
                                    uint32_t *values)
{
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, object);
    struct slw_bytes name = slw_bytes_make(NULL, 0);
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_member(&walk, &name, &value)) {
        size_t at = find_member(members, count, name);
        /* "Unknown members are refused." */
        if (at == SIZE_MAX) {
            return slw_policy_refuse(reader, value, SLW_MALFORMED, "is a member that isn't known");
        }
        if (slw_json_kind(&reader->policy->json, value) != members[at].kind) {
            return slw_policy_refuse(reader, value, SLW_MALFORMED, kind_wanted(members[at].kind));
        }
        values[at] = value;
    }
    return SLW_OK;
}

enum slw_status slw_policy_members(const struct slw_policy_reader *reader, uint32_t object,
                                   const struct slw_policy_member *members, size_t count,
                                   uint32_t *ret_values)
{
    uint32_t values[SLW_POLICY_MEMBERS_MAX];
    if (slw_json_kind(&reader->policy->json, object) != SLW_JSON_OBJECT) {
        return slw_policy_refuse(reader, object, SLW_MALFORMED, "must be an object");
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = SLW_JSON_NONE;
    }
    SLW_TRY(take_members(reader, object, members, count, values));
    for (size_t i = 0; i < count; i++) {
        if (members[i].required && values[i] == SLW_JSON_NONE) {
            char what[COMPLAINT_SIZE];
            snprintf(what, sizeof what, "has no member \"%s\"", members[i].name);
            return slw_policy_refuse(reader, object, SLW_MALFORMED, what);
        }
    }
    memcpy(ret_values, values, count * sizeof *values);
    return SLW_OK;
}

enum slw_status slw_policy_count(const struct slw_policy_reader *reader, uint32_t value,
                                 size_t lowest, size_t highest)
{
    char what[COMPLAINT_SIZE];
    size_t count = slw_json_count(&reader->policy->json, value);
    if (count > highest) {
        snprintf(what, sizeof what, "has %zu elements, at most %zu are allowed", count, highest);
        return slw_policy_refuse(reader, value, SLW_TOO_LARGE, what);
    }
    if (count < lowest) {
        snprintf(what, sizeof what, "must have at least %zu element%s", lowest,
                 lowest == 1 ? "" : "s");
        return slw_policy_refuse(reader, value, SLW_MALFORMED, what);
    }
    return SLW_OK;
}

enum slw_status slw_policy_number(const struct slw_policy_reader *reader, uint32_t value,
                                  int64_t lowest, int64_t highest, int64_t *ret_number)
{
    char what[COMPLAINT_SIZE];
    int64_t number = 0;
    if (!slw_json_integer(&reader->policy->json, value, &number) || number < lowest ||
        number > highest) {
        snprintf(what, sizeof what, "must be an integer from %" PRId64 " to %" PRId64, lowest,
                 highest);
        return slw_policy_refuse(reader, value, SLW_MALFORMED, what);
    }
    *ret_number = number;
    return SLW_OK;
}

enum slw_status slw_policy_time(const struct slw_policy_reader *reader, uint32_t value,
                                int64_t *ret_utc_s)
{
    char copy[TIME_LEN + 1] = {0};
    struct slw_bytes text = slw_json_string(&reader->policy->json, value);
    int64_t utc_s = 0;
    bool fits = text.len == TIME_LEN && text.ptr[10] == 'T' && text.ptr[TIME_LEN - 1] == 'Z';
    if (fits) {
        memcpy(copy, text.ptr, TIME_LEN);
    }
    if (!fits || slw_time_parse(copy, 0, &utc_s) != SLW_OK) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                 "must be a time as in 2030-01-31T00:00:00Z");
    }
    *ret_utc_s = utc_s;
    return SLW_OK;
}

static bool is_alphanumeric(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

static bool is_mark(uint8_t byte)
{
    return byte == '.' || byte == '_' || byte == '@' || byte == '+' || byte == '-';
}

bool slw_policy_name_is_good(struct slw_bytes text)
{
    if (text.len == 0 || text.len > SLW_POLICY_NAME_SIZE_MAX || !is_alphanumeric(text.ptr[0])) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_alphanumeric(text.ptr[i]) && !is_mark(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

enum slw_status slw_policy_name(const struct slw_policy_reader *reader, uint32_t value,
                                struct slw_bytes *ret_name)
{
    struct slw_bytes name = slw_json_string(&reader->policy->json, value);
    if (!slw_policy_name_is_good(name)) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                 "must be a name: 1 to 64 letters, digits and . _ @ + -, of which "
                                 "a letter or digit is first");
    }
    *ret_name = name;
    return SLW_OK;
}

static bool has_control_characters(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

enum slw_status slw_policy_text(const struct slw_policy_reader *reader, uint32_t value,
                                size_t highest, struct slw_bytes *ret_text)
{
    char what[COMPLAINT_SIZE];
    struct slw_bytes text = slw_json_string(&reader->policy->json, value);
    if (text.len == 0 || text.len > highest || has_control_characters(text)) {
        snprintf(what, sizeof what, "must be a string of 1 to %zu bytes without control characters",
                 highest);
        return slw_policy_refuse(reader, value, SLW_MALFORMED, what);
    }
    *ret_text = text;
    return SLW_OK;
}

enum slw_status slw_policy_list_add(const struct slw_policy_reader *reader,
                                    struct slw_policy_list *list, struct slw_bytes text)
{
    struct slw_bytes *items = slw_heap_grow(list->items, list->count, sizeof *list->items);
    if (items == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    list->items = items;
    list->items[list->count++] = text;
    return SLW_OK;
}

bool slw_policy_list_has(const struct slw_policy_list *list, struct slw_bytes text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (slw_bytes_equal(list->items[i], text)) {
            return true;
        }
    }
    return false;
}

static enum slw_status read_one(const struct slw_policy_reader *reader, uint32_t value,
                                enum slw_policy_strings what, struct slw_bytes *ret_text)
{
    switch (what) {
    case SLW_POLICY_NAMES:
        if (slw_json_kind(&reader->policy->json, value) == SLW_JSON_STRING) {
            return slw_policy_name(reader, value, ret_text);
        }
        break;
    case SLW_POLICY_SHORT_TEXTS:
        if (slw_json_kind(&reader->policy->json, value) == SLW_JSON_STRING) {
            return slw_policy_text(reader, value, SLW_POLICY_NAME_SIZE_MAX, ret_text);
        }
        break;
    }
    return slw_policy_refuse(reader, value, SLW_MALFORMED, "must be a string");
}

enum slw_status slw_policy_strings(const struct slw_policy_reader *reader, uint32_t value,
                                   enum slw_policy_strings what, size_t lowest,
                                   struct slw_policy_list *ret_list)
{
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, lowest, SLW_POLICY_LIST_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes text = slw_bytes_make(NULL, 0);
        SLW_TRY(read_one(reader, element, what, &text));
        if (slw_policy_list_has(ret_list, text)) {
            return slw_policy_refuse(reader, element, SLW_MALFORMED, "is there twice");
        }
        SLW_TRY(slw_policy_list_add(reader, ret_list, text));
    }
    return SLW_OK;
}

size_t slw_policy_party_named(const struct slw_policy_parties *parties, struct slw_bytes name)
{
    for (size_t i = 0; i < parties->count; i++) {
        if (slw_bytes_equal(parties->items[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}
