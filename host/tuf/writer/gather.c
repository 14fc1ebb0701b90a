/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers want changed, gathered in memory until it is prepared: targets. What no client would
 * find, or could ask for, is refused here, before anybody is asked to sign it.
 */
#include "gather.h"
#include "bins.h"

/* "SHA256.NAME" has to be the name of a file. */
#define NAME_BYTES_MAX (255u - 65u)

enum slw_status slw_tuf_gather_into(struct slw_tuf_draft **draft, enum slw_tuf_type type,
                                    struct slw_detail *detail)
{
    return *draft != NULL ? SLW_OK : slw_tuf_draft_new(type, draft, detail);
}

enum slw_status slw_tuf_gather_begin(struct slw_tuf_writer *writer, struct slw_bytes name,
                                     struct slw_tuf_writer_role **ret_role,
                                     struct slw_detail *detail)
{
    if (!writer->is_loaded) {
        SLW_TRY(slw_tuf_published_load(writer, detail));
        SLW_TRY(slw_tuf_staged_load(writer, detail));
    }
    struct slw_tuf_writer_role *role = slw_tuf_writer_find(writer, name);
    if (role != NULL && role->is_broken) {
        (void)slw_explain(detail, SLW_STORED_STATE,
                          "%s: what is published can't be gone on from: its file must come back",
                          role->name);
        return SLW_STORED_STATE;
    }
    if (role == NULL ||
        (role->published == NULL && role->draft == NULL && role->gathered == NULL)) {
        (void)slw_explain(detail, SLW_NOT_FOUND, "%.*s: there is no such role",
                          (int)(name.len < 200 ? name.len : 200), (const char *)name.ptr);
        return SLW_NOT_FOUND;
    }
    if (role->is_unreadable) {
        (void)slw_explain(detail, SLW_STORED_STATE,
                          "%s: what is staged can't be read; discard it first", role->name);
        return SLW_STORED_STATE;
    }
    *ret_role = role;
    return SLW_OK;
}

const struct slw_tuf_model *slw_tuf_gather_model(const struct slw_tuf_writer_role *role)
{
    const struct slw_tuf_edition *edition = role->next != NULL ? role->next : role->published;
    return edition == NULL ? NULL : edition->model;
}

static enum slw_status explain_path(struct slw_bytes path, const char *what,
                                    struct slw_detail *detail)
{
    return slw_explain(detail, SLW_BAD_NAME, "%.*s: %s", (int)(path.len < 300 ? path.len : 300),
                       (const char *)path.ptr, what);
}

/*
 * A target's path is part of an address and of the name of a file. Clients percent-encode it or
 * don't, and servers decode it: only what stays as it is through both names one file. Storages take
 * just such keys, but for `%`.
 */
static enum slw_status check_path(struct slw_bytes path, struct slw_detail *detail)
{
    char key[SLW_TUF_TARGET_PATH_MAX + 1];
    if (path.len == 0 || path.len > SLW_TUF_TARGET_PATH_MAX) {
        return explain_path(path, "a target's path has 1 to 1,024 bytes", detail);
    }
    if (memchr(path.ptr, '\0', path.len) != NULL) {
        return explain_path(path, "a target's path has no zero byte", detail);
    }
    memcpy(key, path.ptr, path.len);
    key[path.len] = '\0';
    if (!slw_storage_key_is_good(key) || strchr(key, '%') != NULL) {
        return explain_path(path,
                            "a target's path consists of letters, digits, `_`, `.`, `-`, `~`, "
                            "`+`, `@`, `=`, `,` and space, in segments that aren't empty, `.` or "
                            "`..`: nothing else is the same to all clients and web servers",
                            detail);
    }
    const char *slash = strrchr(key, '/');
    const char *name = slash == NULL ? key : slash + 1;
    if (strlen(name) > NAME_BYTES_MAX) {
        return explain_path(path,
                            "its last part is longer than 190 bytes, which with its hash in "
                            "front isn't the name of a file",
                            detail);
    }
    return SLW_OK;
}

/* A delegation is to be asked for this path: its patterns, when they are known. */
static bool listed_covers(const struct slw_tuf_model *model, size_t at,
                          const struct slw_tuf_listed_role *listed, struct slw_bytes path)
{
    for (size_t i = 0; i < listed->paths_count; i++) {
        if (slw_tuf_pattern_matches(slw_tuf_model_role_path(model, at, i), path)) {
            return true;
        }
    }
    return listed->prefixes_count > 0;
}

static bool draft_covers(const struct slw_tuf_delegate *delegate, struct slw_bytes path)
{
    for (size_t i = 0; i < delegate->paths_count; i++) {
        if (slw_tuf_pattern_matches(delegate->paths[i], path)) {
            return true;
        }
    }
    return false;
}

static bool is_covered_by(const struct slw_tuf_writer_role *delegator, struct slw_bytes name,
                          struct slw_bytes path)
{
    const struct slw_tuf_model *model = slw_tuf_gather_model(delegator);
    size_t at = delegator->gathered == NULL
                    ? SIZE_MAX
                    : slw_tuf_draft_find_delegate(delegator->gathered, name);
    if (at != SIZE_MAX) {
        return draft_covers(&delegator->gathered->delegates[at].value, path);
    }
    for (size_t i = 0; model != NULL && i < slw_tuf_model_roles_count(model); i++) {
        struct slw_tuf_listed_role listed;
        slw_tuf_model_role(model, i, &listed);
        if (listed.bit_length == 0 && slw_bytes_equal(listed.name, name)) {
            return listed_covers(model, i, &listed, path);
        }
    }
    return false;
}

/* "targets" is trusted for every path, the others for those that are delegated to them. */
static enum slw_status check_covered(const struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, struct slw_bytes path,
                                     struct slw_detail *detail)
{
    if (role == slw_tuf_writer_targets(writer)) {
        return SLW_OK;
    }
    /* The delegator that was trusted for the last one is asked first: there may be thousands. */
    if (role->last_delegator != NULL &&
        is_covered_by(role->last_delegator, slw_tuf_role_name(role), path)) {
        return SLW_OK;
    }
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        if (is_covered_by(writer->roles[i], slw_tuf_role_name(role), path)) {
            role->last_delegator = writer->roles[i];
            return SLW_OK;
        }
    }
    return slw_explain(detail, SLW_BAD_ARGUMENT,
                       "%.*s: no delegation to %s is for such a path: no client would find it",
                       (int)(path.len < 300 ? path.len : 300), (const char *)path.ptr, role->name);
}

static enum slw_status check_custom(struct slw_bytes custom, struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_heap_buffer scratch = {0};
    if (custom.len == 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_json_parse("custom", custom, &json, detail));
    bool is_canonical = slw_json_kind(&json, SLW_JSON_TOP) == SLW_JSON_OBJECT &&
                        slw_bytes_equal(slw_json_canonical(&json, SLW_JSON_TOP, &scratch), custom);
    slw_heap_free(&scratch);
    slw_json_document_free(&json);
    return is_canonical
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_ARGUMENT, "custom: isn't an object in canonical JSON");
}

/* What a path's own role still lists would be found before what a bin says of it. */
static enum slw_status clear_above_bins(struct slw_tuf_writer_role *role, struct slw_bytes path,
                                        struct slw_detail *detail)
{
    const struct slw_tuf_model *model = slw_tuf_gather_model(role);
    const struct slw_tuf_draft_entry *said =
        role->gathered == NULL ? NULL : slw_tuf_draft_find(role->gathered, path);
    size_t at = 0;
    if (said != NULL ? said->removes
                     : model == NULL || slw_tuf_model_targets_count(model) == 0 ||
                           slw_tuf_model_find(model, path, &at) != SLW_OK) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_gather_into(&role->gathered, SLW_TUF_TARGETS, detail));
    return slw_tuf_draft_remove(role->gathered, path, detail);
}

static enum slw_status check(struct slw_tuf_writer *writer, struct slw_bytes role_name,
                             const struct slw_tuf_artifact *artifact,
                             struct slw_tuf_writer_role **ret_role, struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    SLW_TRY(slw_tuf_gather_begin(writer, role_name, &role, detail));
    if (role->type != SLW_TUF_TARGETS) {
        (void)slw_explain(detail, SLW_BAD_ARGUMENT, "root: lists no targets");
        return SLW_BAD_ARGUMENT;
    }
    SLW_TRY(check_path(artifact->path, detail));
    SLW_TRY(check_covered(writer, role, artifact->path, detail));
    SLW_TRY(check_custom(artifact->custom, detail));
    if (artifact->length > SLW_TUF_NUMBER_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%.*s: longer than any client can say",
                           (int)artifact->path.len, (const char *)artifact->path.ptr);
    }
    *ret_role = role;
    return SLW_OK;
}

enum slw_status slw_tuf_gather_check(struct slw_tuf_writer *writer, struct slw_bytes role,
                                     const struct slw_tuf_artifact *artifact,
                                     struct slw_detail *detail)
{
    struct slw_tuf_writer_role *ignored = NULL;
    return check(writer, role, artifact, &ignored, detail);
}

static enum slw_status add_to(struct slw_tuf_draft **draft, const struct slw_tuf_artifact *artifact,
                              bool has_file, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_gather_into(draft, SLW_TUF_TARGETS, detail));
    SLW_TRY(slw_tuf_draft_add(*draft, artifact, detail));
    (*draft)->entries[(*draft)->entries_count - 1].has_file = has_file;
    return SLW_OK;
}

enum slw_status slw_tuf_gather_add(struct slw_tuf_writer *writer, struct slw_bytes role_name,
                                   const struct slw_tuf_artifact *artifact, bool has_file,
                                   struct slw_detail *detail)
{
    struct slw_tuf_writer_role *role = NULL;
    struct slw_tuf_bins bins;
    SLW_TRY(check(writer, role_name, artifact, &role, detail));
    if (!slw_tuf_bins_gathered(role, &bins)) {
        return add_to(&role->gathered, artifact, has_file, detail);
    }
    SLW_TRY(clear_above_bins(role, artifact->path, detail));
    return add_to(&role->bins_gathered, artifact, has_file, detail);
}

enum slw_status slw_tuf_writer_add(struct slw_tuf_writer *writer, struct slw_bytes role_name,
                                   const struct slw_tuf_artifact *artifact,
                                   struct slw_detail *detail)
{
    return slw_tuf_gather_add(writer, role_name, artifact, false, detail);
}
