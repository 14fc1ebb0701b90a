/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict JSON reader: whatever it takes, each value is reached once and only once, members are
 * found by their names, and canonical form is read as what it was made of.
 */
#include "fuzz.h"

#include "slipway/json_reader.h"

#define LOOKED_UP_MAX 64u /* members of an object, for looking up is linear */

/* Members by name; how many values are in an object, names included. */
static size_t check_object(const struct slw_json_document *json, uint32_t object)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_bytes name;
    uint32_t value = 0;
    size_t count = 0;
    while (slw_json_walk_member(&walk, &name, &value)) {
        struct slw_utf8 checker = {0};
        FUZZ_CHECK(slw_utf8_accept(&checker, name) && slw_utf8_complete(&checker));
        FUZZ_CHECK(value > object && value < json->count);
        if (count++ < LOOKED_UP_MAX) {
            FUZZ_CHECK(slw_json_member(json, object, name) == value);
        }
    }
    FUZZ_CHECK(count == slw_json_count(json, object));
    return 2 * count;
}

static size_t check_array(const struct slw_json_document *json, uint32_t array)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    uint32_t value = 0;
    size_t count = 0;
    while (slw_json_walk_element(&walk, &value)) {
        FUZZ_CHECK(value > array && value < json->count);
        count++;
    }
    FUZZ_CHECK(count == slw_json_count(json, array));
    return count;
}

/* Each value is in one object or array, but the top, which is in none. */
static void check_values(const struct slw_json_document *json)
{
    size_t reached = 1;
    for (uint32_t value = 0; value < json->count; value++) {
        enum slw_json_kind kind = slw_json_kind(json, value);
        int64_t number = 0;
        reached += kind == SLW_JSON_OBJECT ? check_object(json, value) : 0;
        reached += kind == SLW_JSON_ARRAY ? check_array(json, value) : 0;
        FUZZ_CHECK(kind == SLW_JSON_INTEGER || !slw_json_integer(json, value, &number));
        FUZZ_CHECK(kind == SLW_JSON_STRING || slw_json_string(json, value).len == 0);
    }
    FUZZ_CHECK(reached == json->count);
}

/* Control characters can stand in canonical form, but not in JSON. */
static bool has_control(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20) {
            return true;
        }
    }
    return false;
}

static void check_canonical(const struct slw_json_document *json)
{
    struct slw_detail detail;
    struct slw_heap_buffer scratch = {0};
    struct slw_heap_buffer unused = {0};
    struct slw_json_document again;
    struct slw_bytes canonical = slw_json_canonical(json, SLW_JSON_TOP, &scratch);
    enum slw_status status = slw_json_parse("again", canonical, &again, &detail);
    FUZZ_CHECK(canonical.len <= json->text.len);
    FUZZ_CHECK(status == (has_control(canonical) ? SLW_MALFORMED : SLW_OK));
    if (status == SLW_OK) {
        struct slw_bytes same = slw_json_canonical(&again, SLW_JSON_TOP, &unused);
        FUZZ_CHECK(again.count == json->count);
        FUZZ_CHECK(slw_bytes_equal(same, canonical));
        /* A single string with escapes is written again; all else is seen to be canonical. */
        FUZZ_CHECK(same.ptr == canonical.ptr || slw_json_kind(&again, 0) == SLW_JSON_STRING);
        slw_json_document_free(&again);
    }
    slw_heap_free(&scratch);
    slw_heap_free(&unused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_detail detail = {""};
    struct slw_json_document json = {.name = NULL};
    if (slw_json_parse("input", slw_bytes_make(data, size), &json, &detail) != SLW_OK) {
        FUZZ_CHECK(json.values == NULL && strncmp(detail.text, "input: ", 7) == 0);
        return 0;
    }
    check_values(&json);
    check_canonical(&json);
    FUZZ_CHECK(slw_json_refuse(&json, (uint32_t)size % json.count, SLW_MALFORMED, "wrong",
                               &detail) == SLW_MALFORMED);
    FUZZ_CHECK(strcmp(detail.text + strlen(detail.text) - 7, ": wrong") == 0);
    slw_json_document_free(&json);
    return 0;
}
