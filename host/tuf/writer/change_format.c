/* SPDX-License-Identifier: Apache-2.0 */
/* Writing change_file.h's file: what the writer leaves for the next process. */
#include "change_file.h"

#include "slipway/json.h"
#include "slipway/time_text.h"

static void put_artifacts(struct slw_json *json, const struct slw_tuf_draft *draft)
{
    slw_json_begin_array(json, "add");
    for (size_t i = 0; i < draft->entries_count; i++) {
        const struct slw_tuf_draft_entry *entry = draft->entries + i;
        if (entry->removes) {
            continue;
        }
        slw_json_begin_object(json, NULL);
        if (entry->custom_len > 0) {
            slw_json_bytes(json, "custom",
                           slw_bytes_make(draft->arena.ptr + entry->custom, entry->custom_len));
        }
        slw_json_uint(json, "length", entry->length);
        slw_json_bytes(json, "path", slw_tuf_draft_path(draft, entry));
        slw_json_hex(json, "sha256", slw_bytes_make(entry->sha256, sizeof entry->sha256));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "remove");
    for (size_t i = 0; i < draft->entries_count; i++) {
        if (draft->entries[i].removes) {
            slw_json_bytes(json, NULL, slw_tuf_draft_path(draft, draft->entries + i));
        }
    }
    slw_json_end_array(json);
}

static void put_keys(struct slw_json *json, const struct slw_tuf_role_keys *keys)
{
    slw_json_begin_array(json, "keys");
    for (size_t i = 0; i < keys->count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "type", slw_key_type_name(keys->keys[i].type));
        slw_json_hex(json, "value", slw_bytes_make(keys->keys[i].value, keys->keys[i].value_len));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_uint(json, "threshold", keys->threshold);
}

static void put_delegates(struct slw_json *json, const struct slw_tuf_draft *draft)
{
    slw_json_begin_array(json, "delegate");
    for (size_t i = 0; i < draft->delegates_count; i++) {
        const struct slw_tuf_delegate *delegate = &draft->delegates[i].value;
        slw_json_begin_object(json, NULL);
        slw_json_uint(json, "bit_length", delegate->bit_length);
        slw_json_bytes(json, "name", delegate->name);
        put_keys(json, &delegate->signers);
        slw_json_begin_array(json, "paths");
        for (size_t path = 0; path < delegate->paths_count; path++) {
            slw_json_bytes(json, NULL, delegate->paths[path]);
        }
        slw_json_end_array(json);
        slw_json_bool(json, "terminating", delegate->terminating);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "revoke");
    for (size_t i = 0; i < draft->revoked_count; i++) {
        slw_json_bytes(json, NULL, draft->revoked[i]);
    }
    slw_json_end_array(json);
}

static void put_roles(struct slw_json *json, const struct slw_tuf_draft *draft)
{
    slw_json_begin_object(json, "roles");
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        if (draft->roles[i].count > 0) {
            slw_json_begin_object(json, slw_tuf_type_name((enum slw_tuf_type)i));
            put_keys(json, draft->roles + i);
            slw_json_end_object(json);
        }
    }
    slw_json_end_object(json);
}

enum slw_status slw_tuf_change_file_format(struct slw_bytes role, const struct slw_tuf_draft *draft,
                                           const struct slw_tuf_applied *applied,
                                           struct slw_heap_buffer *ret_text,
                                           struct slw_detail *detail)
{
    struct slw_json json;
    char expires[SLW_TIME_TEXT_SIZE];
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "type", slw_tuf_type_name(draft->type));
    slw_json_bytes(&json, "role", role);
    slw_json_int(&json, "version", applied->version);
    slw_json_text(&json, "expires", slw_time_format(applied->expires_utc_s, expires));
    slw_json_hex(&json, "signed_sha256",
                 slw_bytes_make(applied->signed_sha256, sizeof applied->signed_sha256));
    slw_json_int(&json, "base_version", applied->base_version);
    slw_json_hex(&json, "base_sha256",
                 slw_bytes_make(applied->base_sha256, sizeof applied->base_sha256));
    slw_json_bool(&json, "signs_again", draft->signs_again);
    put_artifacts(&json, draft);
    put_delegates(&json, draft);
    put_roles(&json, draft);
    slw_json_end_object(&json);
    slw_heap_append_text(ret_text, "\n");
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
