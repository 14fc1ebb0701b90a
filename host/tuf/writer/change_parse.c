/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading change_file.h's file. It was written by a writer, but lies where others may write too: it
 * is read as strictly as anything, and every name, key and hash in it is checked again when it is
 * applied.
 */
#include "change_file.h"

#include "../repository/change_parts.h"

#include "slipway/json_reader.h"

#include <stdlib.h>

/* A member that is an array, to go through. */
static enum slw_status begin_array(const struct slw_json_document *json, uint32_t object,
                                   const char *name, struct slw_json_walk *ret_walk,
                                   struct slw_detail *detail)
{
    uint32_t value = 0;
    SLW_TRY(slw_tuf_json_member(json, object, name, SLW_JSON_ARRAY, &value, detail));
    *ret_walk = slw_json_walk_begin(json, value);
    return SLW_OK;
}

static enum slw_status read_entries(const struct slw_json_document *json,
                                    struct slw_tuf_draft *draft, struct slw_detail *detail)
{
    struct slw_json_walk walk;
    uint32_t value = 0;
    SLW_TRY(begin_array(json, SLW_JSON_TOP, "add", &walk, detail));
    while (slw_json_walk_element(&walk, &value)) {
        struct slw_tuf_artifact artifact;
        SLW_TRY(slw_tuf_read_artifact(json, value, &artifact, detail));
        SLW_TRY(slw_tuf_draft_add(draft, &artifact, detail));
    }
    SLW_TRY(begin_array(json, SLW_JSON_TOP, "remove", &walk, detail));
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_json_kind(json, value) != SLW_JSON_STRING) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be a path", detail);
        }
        SLW_TRY(slw_tuf_draft_remove(draft, slw_json_string(json, value), detail));
    }
    return SLW_OK;
}

static enum slw_status read_delegates(const struct slw_json_document *json,
                                      struct slw_tuf_draft *draft, struct slw_detail *detail)
{
    struct slw_json_walk walk;
    uint32_t value = 0;
    SLW_TRY(begin_array(json, SLW_JSON_TOP, "revoke", &walk, detail));
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_json_kind(json, value) != SLW_JSON_STRING) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be a name", detail);
        }
        SLW_TRY(slw_tuf_draft_revoke(draft, slw_json_string(json, value), detail));
    }
    SLW_TRY(begin_array(json, SLW_JSON_TOP, "delegate", &walk, detail));
    while (slw_json_walk_element(&walk, &value)) {
        struct slw_tuf_delegate delegate;
        struct slw_public_key *keys = NULL;
        struct slw_bytes *paths = NULL;
        enum slw_status status =
            slw_tuf_read_delegate(json, value, &keys, &paths, &delegate, detail);
        if (status == SLW_OK) {
            status = slw_tuf_draft_delegate(draft, &delegate, detail);
        }
        free(keys);
        free(paths);
        SLW_TRY(status);
    }
    return SLW_OK;
}

static enum slw_status read_roles(const struct slw_json_document *json, struct slw_tuf_draft *draft,
                                  struct slw_detail *detail)
{
    uint32_t roles = 0;
    SLW_TRY(slw_tuf_json_member(json, SLW_JSON_TOP, "roles", SLW_JSON_OBJECT, &roles, detail));
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)i);
        uint32_t role = SLW_JSON_NONE;
        struct slw_public_key *keys = NULL;
        struct slw_tuf_role_keys signers;
        SLW_TRY(slw_tuf_json_optional(json, roles, name, SLW_JSON_OBJECT, &role, detail));
        if (role == SLW_JSON_NONE) {
            continue;
        }
        enum slw_status status = slw_tuf_read_role(json, role, &keys, &signers, detail);
        if (status == SLW_OK) {
            status = slw_tuf_draft_rotate(draft, (enum slw_tuf_type)i, &signers, detail);
        }
        free(keys);
        SLW_TRY(status);
    }
    return SLW_OK;
}

static enum slw_status read_applied(const struct slw_json_document *json,
                                    struct slw_tuf_applied *ret_applied, struct slw_detail *detail)
{
    struct slw_bytes expires;
    SLW_TRY(slw_tuf_json_integer(json, SLW_JSON_TOP, "base_version", 0, &ret_applied->base_version,
                                 detail));
    SLW_TRY(slw_tuf_json_integer(json, SLW_JSON_TOP, "version", 0, &ret_applied->version, detail));
    SLW_TRY(
        slw_tuf_read_sha256(json, SLW_JSON_TOP, "base_sha256", ret_applied->base_sha256, detail));
    SLW_TRY(slw_tuf_read_sha256(json, SLW_JSON_TOP, "signed_sha256", ret_applied->signed_sha256,
                                detail));
    SLW_TRY(slw_tuf_read_text(json, SLW_JSON_TOP, "expires", &expires, detail));
    if (!slw_tuf_time_parse(expires, &ret_applied->expires_utc_s)) {
        return slw_json_refuse(json, SLW_JSON_TOP, SLW_MALFORMED, "expires isn't a date", detail);
    }
    return SLW_OK;
}

static enum slw_status read_draft(const struct slw_json_document *json, struct slw_bytes role,
                                  struct slw_tuf_draft *draft, struct slw_tuf_applied *ret_applied,
                                  struct slw_detail *detail)
{
    struct slw_bytes said;
    SLW_TRY(slw_tuf_json_object(json, SLW_JSON_TOP, detail));
    SLW_TRY(slw_tuf_read_text(json, SLW_JSON_TOP, "role", &said, detail));
    if (!slw_bytes_equal(said, role)) {
        return slw_json_refuse(json, SLW_JSON_TOP, SLW_MALFORMED, "is another role's", detail);
    }
    SLW_TRY(slw_tuf_read_text(json, SLW_JSON_TOP, "type", &said, detail));
    if (slw_bytes_equal(said, SLW_BYTES_OF("root"))) {
        draft->type = SLW_TUF_ROOT;
    } else if (!slw_bytes_equal(said, SLW_BYTES_OF("targets"))) {
        return slw_json_refuse(json, SLW_JSON_TOP, SLW_MALFORMED, "is of no type that is staged",
                               detail);
    }
    SLW_TRY(slw_tuf_json_boolean(json, SLW_JSON_TOP, "signs_again", &draft->signs_again, detail));
    SLW_TRY(read_applied(json, ret_applied, detail));
    SLW_TRY(read_entries(json, draft, detail));
    SLW_TRY(read_delegates(json, draft, detail));
    return read_roles(json, draft, detail);
}

enum slw_status slw_tuf_change_file_parse(const char *name, struct slw_bytes text,
                                          struct slw_bytes role, struct slw_tuf_draft **ret_draft,
                                          struct slw_tuf_applied *ret_applied,
                                          struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_tuf_draft *draft = NULL;
    struct slw_tuf_applied applied = {0};
    enum slw_status status = slw_json_parse(name, text, &json, detail);
    if (status == SLW_OK) {
        status = slw_tuf_draft_new(SLW_TUF_TARGETS, &draft, detail);
        if (status == SLW_OK) {
            status = read_draft(&json, role, draft, &applied, detail);
        }
        slw_json_document_free(&json);
    }
    if (status != SLW_OK) {
        slw_tuf_draft_free(draft);
        return status == SLW_NO_SPACE ? status : SLW_STORED_STATE;
    }
    *ret_draft = draft;
    *ret_applied = applied;
    return SLW_OK;
}
