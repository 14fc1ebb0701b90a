/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the parts of changes (change_parts.h). */
#include "change_parts.h"

void slw_tuf_put_artifact(struct slw_json *json, const struct slw_tuf_artifact *artifact)
{
    slw_json_begin_object(json, NULL);
    if (artifact->custom.len > 0) {
        slw_json_bytes(json, "custom", artifact->custom);
    }
    slw_json_uint(json, "length", artifact->length);
    slw_json_bytes(json, "path", artifact->path);
    slw_json_hex(json, "sha256", slw_bytes_make(artifact->sha256, sizeof artifact->sha256));
    slw_json_end_object(json);
}

void slw_tuf_put_keys(struct slw_json *json, const struct slw_tuf_role_keys *keys)
{
    slw_json_begin_array(json, "keys");
    for (size_t i = 0; i < keys->count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "type", slw_key_type_name(keys->keys[i].type));
        slw_json_hex(json, "value", slw_bytes_make(keys->keys[i].value, keys->keys[i].value_len));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

void slw_tuf_put_delegate(struct slw_json *json, const struct slw_tuf_delegate *delegate)
{
    slw_json_begin_object(json, NULL);
    slw_json_uint(json, "bit_length", delegate->bit_length);
    slw_tuf_put_keys(json, &delegate->signers);
    slw_json_bytes(json, "name", delegate->name);
    slw_json_begin_array(json, "paths");
    for (size_t i = 0; i < delegate->paths_count; i++) {
        slw_json_bytes(json, NULL, delegate->paths[i]);
    }
    slw_json_end_array(json);
    slw_json_bool(json, "terminating", delegate->terminating);
    slw_json_uint(json, "threshold", delegate->signers.threshold);
    slw_json_end_object(json);
}

void slw_tuf_put_roles(struct slw_json *json, const struct slw_tuf_role_keys *roles)
{
    static const enum slw_tuf_type by_name[] = {SLW_TUF_ROOT, SLW_TUF_SNAPSHOT, SLW_TUF_TARGETS,
                                                SLW_TUF_TIMESTAMP};
    _Static_assert(sizeof by_name / sizeof by_name[0] == SLW_TUF_TYPES, "every type");
    slw_json_begin_object(json, "roles");
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        const struct slw_tuf_role_keys *role = &roles[by_name[i]];
        if (role->count > 0) {
            slw_json_begin_object(json, slw_tuf_type_name(by_name[i]));
            slw_tuf_put_keys(json, role);
            slw_json_uint(json, "threshold", role->threshold);
            slw_json_end_object(json);
        }
    }
    slw_json_end_object(json);
}
