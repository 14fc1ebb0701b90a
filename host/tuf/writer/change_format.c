/* SPDX-License-Identifier: Apache-2.0 */
/* Writing change_file.h's file: what the writer leaves for the next process. */
#include "change_file.h"

#include "../repository/change_parts.h"

#include "slipway/time_text.h"

static void put_artifacts(struct slw_json *json, const struct slw_tuf_draft *draft)
{
    slw_json_begin_array(json, "add");
    for (size_t i = 0; i < draft->entries_count; i++) {
        const struct slw_tuf_draft_entry *entry = draft->entries + i;
        if (entry->removes) {
            continue;
        }
        struct slw_tuf_artifact artifact = {
            .path = slw_tuf_draft_path(draft, entry),
            .length = entry->length,
            .custom = slw_bytes_make(draft->arena.ptr + entry->custom, entry->custom_len),
        };
        memcpy(artifact.sha256, entry->sha256, sizeof artifact.sha256);
        slw_tuf_put_artifact(json, &artifact);
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

static void put_delegates(struct slw_json *json, const struct slw_tuf_draft *draft)
{
    slw_json_begin_array(json, "delegate");
    for (size_t i = 0; i < draft->delegates_count; i++) {
        slw_tuf_put_delegate(json, &draft->delegates[i].value);
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "revoke");
    for (size_t i = 0; i < draft->revoked_count; i++) {
        slw_json_bytes(json, NULL, draft->revoked[i]);
    }
    slw_json_end_array(json);
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
    slw_tuf_put_roles(&json, draft->roles);
    slw_json_end_object(&json);
    slw_heap_append_text(ret_text, "\n");
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
