/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.json (section 4.4): which versions of all targets roles belong together. */
#include "json_fields.h"
#include "metadata.h"

#define SUFFIX ".json"

/* ROLE.json, for a role whose name may be one. */
static enum slw_status check_name(const struct slw_json_document *json, struct slw_bytes name,
                                  uint32_t entry, struct slw_detail *detail)
{
    size_t suffix = sizeof SUFFIX - 1;
    if (name.len <= suffix || name.len - suffix > SLW_TUF_ROLE_NAME_MAX ||
        memcmp(name.ptr + name.len - suffix, SUFFIX, suffix) != 0) {
        return slw_json_refuse(json, entry, SLW_BAD_NAME,
                               "its name must be that of a role and \".json\"", detail);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_snapshot_read(const struct slw_tuf_file *file,
                                      struct slw_tuf_snapshot *ret_snapshot,
                                      struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    struct slw_tuf_snapshot snapshot = {0};
    uint32_t entry = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_common_read(file, &snapshot.common, detail));
    SLW_TRY(slw_tuf_json_member(json, file->signed_part, "meta", SLW_JSON_OBJECT, &snapshot.meta,
                                detail));
    /* "It MUST list the version numbers of the top-level targets metadata" */
    if (slw_json_member(json, snapshot.meta, SLW_BYTES_OF("targets.json")) == SLW_JSON_NONE) {
        return slw_json_refuse(json, snapshot.meta, SLW_MISSING_TARGETS,
                               "has no member \"targets.json\"", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, snapshot.meta);
    struct slw_bytes name;
    while (slw_json_walk_member(&walk, &name, &entry)) {
        struct slw_tuf_meta ignored;
        SLW_TRY(check_name(json, name, entry, detail));
        SLW_TRY(slw_tuf_meta_read(json, entry, &ignored, detail));
    }
    *ret_snapshot = snapshot;
    return SLW_OK;
}

enum slw_status slw_tuf_snapshot_find(const struct slw_tuf_file *file,
                                      const struct slw_tuf_snapshot *snapshot,
                                      struct slw_bytes role, struct slw_tuf_meta *ret_meta)
{
    uint8_t name[SLW_TUF_ROLE_NAME_MAX + sizeof SUFFIX - 1];
    struct slw_detail ignored;
    if (role.len == 0 || role.len > SLW_TUF_ROLE_NAME_MAX) {
        return SLW_NOT_FOUND;
    }
    memcpy(name, role.ptr, role.len);
    memcpy(name + role.len, SUFFIX, sizeof SUFFIX - 1);
    uint32_t entry = slw_json_member(&file->json, snapshot->meta,
                                     slw_bytes_make(name, role.len + sizeof SUFFIX - 1));
    if (entry == SLW_JSON_NONE) {
        return SLW_NOT_FOUND;
    }
    return slw_tuf_meta_read(&file->json, entry, ret_meta, &ignored);
}
