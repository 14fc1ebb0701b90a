/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of which every member is known. */
#include "members.h"

#include <stdio.h>
#include <string.h>

enum slw_status rollout_json_open(const char *name, struct slw_bytes text,
                                  struct slw_heap_buffer *ret_copy,
                                  struct slw_json_document *ret_json, struct slw_detail *detail)
{
    if (text.len > ROLLOUT_TEXT_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: over %u bytes", name, ROLLOUT_TEXT_MAX);
    }
    slw_heap_append(ret_copy, text);
    if (ret_copy->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    return slw_json_parse(name, slw_heap_bytes(ret_copy), ret_json, detail);
}

static const struct rollout_member *find(const struct rollout_member *members, size_t count,
                                         struct slw_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (slw_bytes_equal(slw_bytes_make(members[i].name, strlen(members[i].name)), name)) {
            return &members[i];
        }
    }
    return NULL;
}

static bool is_among(const char *const *names, size_t count, struct slw_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (slw_bytes_equal(slw_bytes_make(names[i], strlen(names[i])), name)) {
            return true;
        }
    }
    return false;
}

static enum slw_status read_member(const struct slw_json_document *json, uint32_t value,
                                   const struct rollout_member *member, struct slw_detail *detail)
{
    int64_t number;
    if (!slw_json_integer(json, value, &number) || number < member->min || number > member->max) {
        char what[96];
        (void)snprintf(what, sizeof what, "must be an integer from %lld to %lld",
                       (long long)member->min, (long long)member->max);
        return slw_json_refuse(json, value, SLW_BAD_ARGUMENT, what, detail);
    }
    *member->value = number;
    return SLW_OK;
}

enum slw_status rollout_members_read(const struct slw_json_document *json, uint32_t object,
                                     const struct rollout_member *members, size_t count,
                                     const char *const *others, size_t others_count,
                                     struct slw_detail *detail)
{
    struct slw_bytes name;
    uint32_t value;
    if (slw_json_kind(json, object) != SLW_JSON_OBJECT) {
        return slw_json_refuse(json, object, SLW_BAD_ARGUMENT, "must be an object", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    while (slw_json_walk_member(&walk, &name, &value)) {
        const struct rollout_member *member = find(members, count, name);
        if (member != NULL) {
            SLW_TRY(read_member(json, value, member, detail));
        } else if (!is_among(others, others_count, name)) {
            return slw_json_refuse(json, value, SLW_BAD_ARGUMENT, "isn't known here", detail);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct slw_bytes wanted = slw_bytes_make(members[i].name, strlen(members[i].name));
        if (members[i].is_required && slw_json_member(json, object, wanted) == SLW_JSON_NONE) {
            char what[96];
            (void)snprintf(what, sizeof what, "\"%s\" is missing", members[i].name);
            return slw_json_refuse(json, object, SLW_BAD_ARGUMENT, what, detail);
        }
    }
    return SLW_OK;
}

enum slw_status rollout_is_array(const struct slw_json_document *json, uint32_t value,
                                 struct slw_detail *detail)
{
    if (value == SLW_JSON_NONE || slw_json_kind(json, value) == SLW_JSON_ARRAY) {
        return SLW_OK;
    }
    return slw_json_refuse(json, value, SLW_BAD_ARGUMENT, "must be an array", detail);
}
