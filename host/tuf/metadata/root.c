/* SPDX-License-Identifier: Apache-2.0 */
/* root.json (section 4.3): whose keys speak for which top-level role. */
#include "json_fields.h"
#include "metadata.h"

#include <stdlib.h>

/*
 * "A role for each of "root", "snapshot", "timestamp", and "targets" MUST be specified in the roles
 * object. The role of "mirror" is OPTIONAL." What else stands there is passed over.
 */
static enum slw_status read_roles(const struct slw_tuf_file *file, struct slw_tuf_root *root,
                                  struct slw_detail *detail)
{
    uint32_t roles = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(&file->json, file->signed_part, "roles", SLW_JSON_OBJECT, &roles,
                                detail));
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)i);
        uint32_t role = SLW_JSON_NONE;
        SLW_TRY(slw_tuf_json_member(&file->json, roles, name, SLW_JSON_OBJECT, &role, detail));
        root->roles[i].name = slw_bytes_make(name, strlen(name));
        SLW_TRY(slw_tuf_role_read(file, role, &root->roles[i], detail));
    }
    return SLW_OK;
}

static enum slw_status read_root(const struct slw_tuf_file *file, enum slw_tuf_key_ids key_ids,
                                 struct slw_tuf_root *root, struct slw_detail *detail)
{
    uint32_t keys = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_common_read(file, &root->common, detail));
    /* "An OPTIONAL boolean indicating whether the repository supports consistent snapshots." */
    SLW_TRY(slw_tuf_json_boolean(&file->json, file->signed_part, "consistent_snapshot",
                                 &root->consistent_snapshot, detail));
    SLW_TRY(slw_tuf_json_member(&file->json, file->signed_part, "keys", SLW_JSON_OBJECT, &keys,
                                detail));
    SLW_TRY(slw_tuf_keys_read(file, keys, key_ids, &root->keys, detail));
    return read_roles(file, root, detail);
}

enum slw_status slw_tuf_root_read(const struct slw_tuf_file *file, enum slw_tuf_key_ids key_ids,
                                  struct slw_tuf_root *ret_root, struct slw_detail *detail)
{
    struct slw_tuf_root root = {0};
    enum slw_status status = read_root(file, key_ids, &root, detail);
    if (status != SLW_OK) {
        slw_tuf_root_free(&root);
        return status;
    }
    *ret_root = root;
    return SLW_OK;
}

void slw_tuf_root_free(struct slw_tuf_root *root)
{
    free(root->keys.keys);
    *root = (struct slw_tuf_root){0};
}
