/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a change as JSON (tuf_change_json.h), members in ascending order. */
#include "slipway/tuf_change_json.h"

#include "change_parts.h"

#include "slipway/time_text.h"

static void put_texts(struct slw_json *json, const char *name, const struct slw_bytes *texts,
                      size_t count)
{
    if (count == 0) {
        return;
    }
    slw_json_begin_array(json, name);
    for (size_t i = 0; i < count; i++) {
        slw_json_bytes(json, NULL, texts[i]);
    }
    slw_json_end_array(json);
}

static void put_artifacts(struct slw_json *json, const struct slw_tuf_change *change)
{
    if (change->add_count == 0) {
        return;
    }
    slw_json_begin_array(json, "add");
    for (size_t i = 0; i < change->add_count; i++) {
        slw_tuf_put_artifact(json, &change->add[i]);
    }
    slw_json_end_array(json);
}

static void put_delegates(struct slw_json *json, const struct slw_tuf_change *change)
{
    if (change->delegate_count == 0) {
        return;
    }
    slw_json_begin_array(json, "delegate");
    for (size_t i = 0; i < change->delegate_count; i++) {
        slw_tuf_put_delegate(json, &change->delegate[i]);
    }
    slw_json_end_array(json);
}

static void put_versions(struct slw_json *json, const struct slw_tuf_change *change)
{
    if (change->set_count == 0) {
        return;
    }
    slw_json_begin_array(json, "set");
    for (size_t i = 0; i < change->set_count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "role", change->set[i].role);
        slw_json_int(json, "version", change->set[i].version);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static bool changes_keys(const struct slw_tuf_change *change)
{
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        if (change->roles[i].count > 0) {
            return true;
        }
    }
    return false;
}

enum slw_status slw_tuf_change_format(const struct slw_tuf_change *change,
                                      struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    struct slw_json json;
    char expires[SLW_TIME_TEXT_SIZE];
    int64_t same = 0;
    (void)slw_time_format(change->expires_utc_s, expires);
    if (!slw_tuf_time_parse(slw_bytes_make(expires, strlen(expires)), &same)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "an expiry outside the years 0 to 9999");
    }
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    put_artifacts(&json, change);
    slw_json_hex(&json, "base_sha256",
                 slw_bytes_make(change->base_sha256, sizeof change->base_sha256));
    slw_json_int(&json, "base_version", change->base_version);
    put_delegates(&json, change);
    put_texts(&json, "drop", change->drop, change->drop_count);
    slw_json_text(&json, "expires", expires);
    put_texts(&json, "remove", change->remove, change->remove_count);
    put_texts(&json, "revoke", change->revoke, change->revoke_count);
    slw_json_bytes(&json, "role", change->role);
    if (changes_keys(change)) {
        slw_tuf_put_roles(&json, change->roles);
    }
    put_versions(&json, change);
    if (change->snapshot_version != 0) {
        slw_json_int(&json, "snapshot_version", change->snapshot_version);
    }
    slw_json_text(&json, "type", slw_tuf_type_name(change->type));
    slw_json_int(&json, "version", change->version);
    slw_json_end_object(&json);
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
