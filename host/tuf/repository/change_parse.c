/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a change as JSON (tuf_change_json.h). It comes from whoever asks the signing service;
 * what it says is checked when it is applied, here only that it is one and means one thing.
 */
#include "slipway/tuf_change_json.h"

#include "change_parts.h"

#include <stdlib.h>

/* What a delegation points to. */
struct delegate_memory {
    struct slw_public_key *keys;
    struct slw_bytes *paths;
};

struct slw_tuf_change_memory {
    struct slw_json_document json;
    struct slw_tuf_artifact *add;
    struct slw_bytes *remove;
    struct slw_tuf_delegate *delegate;
    struct delegate_memory *delegates;
    size_t delegates_count; /* whose memory is there */
    struct slw_bytes *revoke;
    struct slw_tuf_meta_version *set;
    struct slw_bytes *drop;
    struct slw_public_key *role_keys[SLW_TUF_TYPES];
};

/*
 * An array that may be absent, but not empty, and room for what is in it: one element of so many
 * bytes for each; NULL and 0 without one.
 */
static enum slw_status begin_array(const struct slw_json_document *json, const char *name,
                                   size_t element_size, void **ret_memory, size_t *ret_count,
                                   struct slw_json_walk *ret_walk, struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_optional(json, SLW_JSON_TOP, name, SLW_JSON_ARRAY, &value, detail));
    *ret_walk = slw_json_walk_begin(json, value);
    *ret_count = slw_json_count(json, value);
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    if (*ret_count == 0) {
        return slw_json_refuse(json, value, SLW_MALFORMED, "must not be empty", detail);
    }
    *ret_memory = calloc(*ret_count, element_size);
    return *ret_memory == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

static enum slw_status read_texts(const struct slw_json_document *json, const char *name,
                                  struct slw_bytes **ret_texts, size_t *ret_count,
                                  struct slw_detail *detail)
{
    struct slw_json_walk walk;
    void *memory = NULL;
    uint32_t value = 0;
    SLW_TRY(begin_array(json, name, sizeof **ret_texts, &memory, ret_count, &walk, detail));
    *ret_texts = memory;
    for (size_t i = 0; slw_json_walk_element(&walk, &value); i++) {
        if (slw_json_kind(json, value) != SLW_JSON_STRING) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be a string", detail);
        }
        (*ret_texts)[i] = slw_json_string(json, value);
    }
    return SLW_OK;
}

static enum slw_status read_artifacts(struct slw_tuf_change_memory *memory,
                                      struct slw_tuf_change *change, struct slw_detail *detail)
{
    struct slw_json_walk walk;
    void *array = NULL;
    uint32_t value = 0;
    SLW_TRY(begin_array(&memory->json, "add", sizeof *memory->add, &array, &change->add_count,
                        &walk, detail));
    memory->add = array;
    change->add = memory->add;
    for (size_t i = 0; slw_json_walk_element(&walk, &value); i++) {
        SLW_TRY(slw_tuf_read_artifact(&memory->json, value, &memory->add[i], detail));
    }
    return SLW_OK;
}

static enum slw_status read_delegates(struct slw_tuf_change_memory *memory,
                                      struct slw_tuf_change *change, struct slw_detail *detail)
{
    struct slw_json_walk walk;
    void *array = NULL;
    uint32_t value = 0;
    SLW_TRY(begin_array(&memory->json, "delegate", sizeof *memory->delegate, &array,
                        &change->delegate_count, &walk, detail));
    memory->delegate = array;
    change->delegate = memory->delegate;
    if (change->delegate_count == 0) {
        return SLW_OK;
    }
    memory->delegates = calloc(change->delegate_count, sizeof *memory->delegates);
    if (memory->delegates == NULL) {
        return slw_explain_no_memory(detail);
    }
    while (slw_json_walk_element(&walk, &value)) {
        size_t i = memory->delegates_count++;
        SLW_TRY(slw_tuf_read_delegate(&memory->json, value, &memory->delegates[i].keys,
                                      &memory->delegates[i].paths, &memory->delegate[i], detail));
    }
    return SLW_OK;
}

static enum slw_status read_versions(struct slw_tuf_change_memory *memory,
                                     struct slw_tuf_change *change, struct slw_detail *detail)
{
    static const char *const members[] = {"role", "version", NULL};
    const struct slw_json_document *json = &memory->json;
    struct slw_json_walk walk;
    void *array = NULL;
    uint32_t value = 0;
    SLW_TRY(
        begin_array(json, "set", sizeof *memory->set, &array, &change->set_count, &walk, detail));
    memory->set = array;
    change->set = memory->set;
    for (size_t i = 0; slw_json_walk_element(&walk, &value); i++) {
        struct slw_tuf_meta_version *meta = &memory->set[i];
        SLW_TRY(slw_tuf_json_object(json, value, detail));
        SLW_TRY(slw_tuf_read_only(json, value, members, detail));
        SLW_TRY(slw_tuf_read_text(json, value, "role", &meta->role, detail));
        SLW_TRY(slw_tuf_json_integer(json, value, "version", 0, &meta->version, detail));
    }
    return SLW_OK;
}

static enum slw_status read_roles(struct slw_tuf_change_memory *memory,
                                  struct slw_tuf_change *change, struct slw_detail *detail)
{
    const struct slw_json_document *json = &memory->json;
    struct slw_json_walk walk;
    struct slw_bytes name;
    uint32_t roles = SLW_JSON_NONE;
    uint32_t role = 0;
    SLW_TRY(slw_tuf_json_optional(json, SLW_JSON_TOP, "roles", SLW_JSON_OBJECT, &roles, detail));
    if (roles == SLW_JSON_NONE) {
        return SLW_OK;
    }
    if (slw_json_count(json, roles) == 0) {
        return slw_json_refuse(json, roles, SLW_MALFORMED, "must not be empty", detail);
    }
    walk = slw_json_walk_begin(json, roles);
    while (slw_json_walk_member(&walk, &name, &role)) {
        enum slw_tuf_type type = SLW_TUF_ROOT;
        if (!slw_tuf_type_named(name, &type)) {
            return slw_json_refuse(json, role, SLW_MALFORMED, "isn't known here", detail);
        }
        SLW_TRY(slw_tuf_json_object(json, role, detail));
        SLW_TRY(
            slw_tuf_read_role(json, role, &memory->role_keys[type], &change->roles[type], detail));
        if (change->roles[type].count == 0) {
            return slw_json_refuse(json, role, SLW_MALFORMED, "must have keys", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status read_scalars(const struct slw_json_document *json,
                                    struct slw_tuf_change *change, struct slw_detail *detail)
{
    struct slw_bytes text;
    uint32_t snapshot = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_read_text(json, SLW_JSON_TOP, "type", &text, detail));
    if (!slw_tuf_type_named(text, &change->type)) {
        return slw_json_refuse(json, SLW_JSON_TOP, SLW_MALFORMED, "is of no type", detail);
    }
    SLW_TRY(slw_tuf_read_text(json, SLW_JSON_TOP, "role", &change->role, detail));
    SLW_TRY(
        slw_tuf_json_integer(json, SLW_JSON_TOP, "base_version", 0, &change->base_version, detail));
    SLW_TRY(slw_tuf_json_integer(json, SLW_JSON_TOP, "version", 0, &change->version, detail));
    SLW_TRY(slw_tuf_read_sha256(json, SLW_JSON_TOP, "base_sha256", change->base_sha256, detail));
    SLW_TRY(slw_tuf_read_text(json, SLW_JSON_TOP, "expires", &text, detail));
    if (!slw_tuf_time_parse(text, &change->expires_utc_s)) {
        return slw_json_refuse(json, SLW_JSON_TOP, SLW_MALFORMED, "expires isn't a date", detail);
    }
    SLW_TRY(slw_tuf_json_optional(json, SLW_JSON_TOP, "snapshot_version", SLW_JSON_INTEGER,
                                  &snapshot, detail));
    if (snapshot != SLW_JSON_NONE) {
        return slw_tuf_json_integer(json, SLW_JSON_TOP, "snapshot_version", 1,
                                    &change->snapshot_version, detail);
    }
    return SLW_OK;
}

static enum slw_status read_change(struct slw_tuf_change_memory *memory,
                                   struct slw_tuf_change *change, struct slw_detail *detail)
{
    static const char *const members[] = {
        "add",     "base_sha256",      "base_version", "delegate", "drop",
        "expires", "remove",           "revoke",       "role",     "roles",
        "set",     "snapshot_version", "type",         "version",  NULL};
    const struct slw_json_document *json = &memory->json;
    SLW_TRY(slw_tuf_json_object(json, SLW_JSON_TOP, detail));
    SLW_TRY(slw_tuf_read_only(json, SLW_JSON_TOP, members, detail));
    SLW_TRY(read_scalars(json, change, detail));
    SLW_TRY(read_artifacts(memory, change, detail));
    SLW_TRY(read_texts(json, "remove", &memory->remove, &change->remove_count, detail));
    SLW_TRY(read_delegates(memory, change, detail));
    SLW_TRY(read_texts(json, "revoke", &memory->revoke, &change->revoke_count, detail));
    SLW_TRY(read_versions(memory, change, detail));
    SLW_TRY(read_texts(json, "drop", &memory->drop, &change->drop_count, detail));
    change->remove = memory->remove;
    change->revoke = memory->revoke;
    change->drop = memory->drop;
    return read_roles(memory, change, detail);
}

enum slw_status slw_tuf_change_parse(const char *name, struct slw_bytes text,
                                     struct slw_tuf_parsed_change *ret_change,
                                     struct slw_detail *detail)
{
    struct slw_tuf_parsed_change parsed = {.memory = calloc(1, sizeof *parsed.memory)};
    if (parsed.memory == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = slw_json_parse(name, text, &parsed.memory->json, detail);
    if (status != SLW_OK) {
        free(parsed.memory);
        return status;
    }
    status = read_change(parsed.memory, &parsed.change, detail);
    if (status != SLW_OK) {
        slw_tuf_parsed_change_free(&parsed);
        return status;
    }
    *ret_change = parsed;
    return SLW_OK;
}

void slw_tuf_parsed_change_free(struct slw_tuf_parsed_change *change)
{
    struct slw_tuf_change_memory *memory = change->memory;
    if (memory != NULL) {
        for (size_t i = 0; i < memory->delegates_count; i++) {
            free(memory->delegates[i].keys);
            free(memory->delegates[i].paths);
        }
        for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
            free(memory->role_keys[i]);
        }
        free(memory->add);
        free(memory->remove);
        free(memory->delegate);
        free(memory->delegates);
        free(memory->revoke);
        free(memory->set);
        free(memory->drop);
        slw_json_document_free(&memory->json);
        free(memory);
    }
    *change = (struct slw_tuf_parsed_change){0};
}
