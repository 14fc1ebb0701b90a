/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's table of roles: root and targets first, then whom they delegate to, but for bins. */
#include "writer.h"

#include <stdlib.h>

/* FNV-1a. Names come from delegators, who are trusted with more than the time of a look-up. */
static size_t hash_of(struct slw_bytes name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.ptr[i]) * 0x100000001b3u;
    }
    return (size_t)hash;
}

struct slw_tuf_writer_role *slw_tuf_writer_find(const struct slw_tuf_writer *writer,
                                                struct slw_bytes name)
{
    size_t mask = writer->index_size - 1;
    for (size_t at = hash_of(name) & mask; writer->index_size > 0 && writer->index[at] != NULL;
         at = (at + 1) & mask) {
        if (slw_bytes_equal(slw_tuf_role_name(writer->index[at]), name)) {
            return writer->index[at];
        }
    }
    return NULL;
}

static void put_in_index(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role)
{
    size_t mask = writer->index_size - 1;
    size_t at = hash_of(slw_tuf_role_name(role)) & mask;
    while (writer->index[at] != NULL) {
        at = (at + 1) & mask;
    }
    writer->index[at] = role;
}

/* At most half full, so that a look-up ends. */
static bool grow_index(struct slw_tuf_writer *writer)
{
    size_t size = writer->index_size == 0 ? 64 : writer->index_size;
    while (size < 2 * (writer->roles_count + 1)) {
        size *= 2;
    }
    if (size == writer->index_size) {
        return true;
    }
    struct slw_tuf_writer_role **index = calloc(size, sizeof(struct slw_tuf_writer_role *));
    if (index == NULL) {
        return false;
    }
    free(writer->index);
    writer->index = index;
    writer->index_size = size;
    for (size_t i = 0; i < writer->roles_count; i++) {
        put_in_index(writer, writer->roles[i]);
    }
    return true;
}

static enum slw_status append_role(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                   struct slw_detail *detail)
{
    if (writer->roles_count >= SLW_TUF_WRITER_ROLES_MAX) {
        (void)slw_explain(detail, SLW_TOO_LARGE, "more than %u roles", SLW_TUF_WRITER_ROLES_MAX);
        return SLW_TOO_LARGE;
    }
    struct slw_tuf_writer_role **roles =
        slw_heap_grow(writer->roles, writer->roles_count, sizeof(struct slw_tuf_writer_role *));
    if (roles != NULL) {
        writer->roles = roles;
    }
    if (roles == NULL || !grow_index(writer)) {
        return slw_explain_no_memory(detail);
    }
    put_in_index(writer, role);
    roles[writer->roles_count++] = role;
    return SLW_OK;
}

/*
 * Clients ask for the percent-encoded name of a role, and web servers decode it: only names that
 * stay as they are through both are the same file to everybody.
 */
static bool name_is_plain(struct slw_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.ptr[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.' ||
                        byte == '~';
        if (!is_plain) {
            return false;
        }
    }
    return name.len > 0 && name.len <= SLW_TUF_WRITER_NAME_MAX;
}

enum slw_status slw_tuf_writer_role_make(struct slw_tuf_writer *writer, struct slw_bytes name,
                                         struct slw_tuf_writer_role **ret_role,
                                         struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = slw_tuf_writer_find(writer, name);
    if (role != NULL) {
        *ret_role = role;
        return SLW_OK;
    }
    if (!name_is_plain(name) || slw_bytes_equal(name, SLW_BYTES_OF("timestamp")) ||
        slw_bytes_equal(name, SLW_BYTES_OF("snapshot"))) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "%.*s: a role's name has 1 to %u letters, digits, `_`, `-`, `.` and "
                           "`~` here, and isn't a top-level role's",
                           (int)(name.len < 200 ? name.len : 200), (const char *)name.ptr,
                           SLW_TUF_WRITER_NAME_MAX);
    }
    role = calloc(1, sizeof *role);
    if (role == NULL) {
        return slw_explain_no_memory(detail);
    }
    role->type = slw_bytes_equal(name, SLW_BYTES_OF("root")) ? SLW_TUF_ROOT : SLW_TUF_TARGETS;
    role->name = strndup((const char *)name.ptr, name.len);
    enum slw_status status =
        role->name == NULL ? slw_explain_no_memory(detail) : append_role(writer, role, detail);
    if (status != SLW_OK) {
        free(role->name);
        free(role);
        return status;
    }
    *ret_role = role;
    return SLW_OK;
}

enum slw_status slw_tuf_writer_roles_init(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    SLW_TRY(slw_tuf_writer_role_make(writer, SLW_BYTES_OF("root"), &role, detail));
    return slw_tuf_writer_role_make(writer, SLW_BYTES_OF("targets"), &role, detail);
}

void slw_tuf_writer_roles_free(struct slw_tuf_writer *writer)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        slw_tuf_staged_forget(role);
        slw_tuf_edition_free(role->published);
        slw_tuf_draft_free(role->gathered);
        slw_tuf_draft_free(role->bins_gathered);
        free(role->name);
        free(role);
    }
    free(writer->roles);
    free(writer->index);
    writer->roles = NULL;
    writer->index = NULL;
    writer->index_size = 0;
    writer->roles_count = 0;
}
