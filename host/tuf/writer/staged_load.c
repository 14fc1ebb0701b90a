/* SPDX-License-Identifier: Apache-2.0 */
/* Reading staged/: what other processes left to be signed and published. */
#include "writer.h"

#include <inttypes.h>
#include <stdlib.h>

#define CHANGES "staged/changes/"
#define BINS "staged/bins/"
#define SUFFIX ".json"

/* The names of roles that have a file in a folder. */
struct names {
    const char *folder;
    char **list;
    size_t count;
};

static enum slw_status collect(void *context, const char *key)
{
    struct names *names = context;
    size_t folder_len = strlen(names->folder);
    size_t len = strlen(key);
    if (len <= folder_len + sizeof SUFFIX - 1 || strchr(key + folder_len, '/') != NULL ||
        strcmp(key + len - (sizeof SUFFIX - 1), SUFFIX) != 0) {
        return SLW_OK;
    }
    char **list = slw_heap_grow(names->list, names->count, sizeof(char *));
    if (list == NULL) {
        return SLW_NO_SPACE;
    }
    names->list = list;
    list[names->count] = strndup(key + folder_len, len - folder_len - (sizeof SUFFIX - 1));
    return list[names->count++] == NULL ? SLW_NO_SPACE : SLW_OK;
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i]);
    }
    free(names->list);
}

static enum slw_status read_change(struct slw_tuf_writer *writer, const char *folder,
                                   const char *name, struct slw_tuf_draft **ret_draft,
                                   struct slw_tuf_applied *ret_applied, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer text = {0};
    slw_tuf_key_in(folder, name, key);
    enum slw_status status = slw_tuf_store_get(writer, key, &text, detail);
    if (status == SLW_OK) {
        status = slw_tuf_change_file_parse(key, slw_heap_bytes(&text),
                                           slw_bytes_make(name, strlen(name)), ret_draft,
                                           ret_applied, detail);
    }
    slw_heap_free(&text);
    return status;
}

/* A publish that was killed after its timestamp left it behind. */
static bool is_published(const struct slw_tuf_writer_role *role)
{
    return role->published != NULL && role->published->version == role->applied.version &&
           memcmp(role->published->digest, role->applied.signed_sha256, SLW_SHA256_SIZE) == 0;
}

/*
 * A publish that was killed before its timestamp may have left a file of this version. The same
 * content is ours to go on with; anything else is somebody's who was there first, and the version
 * is taken.
 */
static enum slw_status check_version(const struct slw_tuf_writer *writer,
                                     const struct slw_tuf_writer_role *role, bool *ret_taken,
                                     struct slw_detail *detail)
{
    struct slw_tuf_edition *left = NULL;
    struct slw_detail why;
    *ret_taken = false;
    if (role->type == SLW_TUF_ROOT) {
        return SLW_OK;
    }
    enum slw_status status =
        slw_tuf_edition_fetch(writer, role->type, role->name, role->applied.version, &left, &why);
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    if (slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE) {
        return slw_explain(detail, status, "%s", why.text);
    }
    *ret_taken = status != SLW_OK || memcmp(left->digest, role->next->digest, SLW_SHA256_SIZE) != 0;
    slw_tuf_edition_free(left);
    return SLW_OK;
}

static enum slw_status build(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                             struct slw_detail *detail)
{
    const struct slw_tuf_applied before = role->applied;
    struct slw_detail why;
    bool taken = false;
    enum slw_status status = slw_tuf_staged_build(writer, role, &why);
    if (status == SLW_OK) {
        SLW_TRY(check_version(writer, role, &taken, detail));
        if (taken) {
            role->applied.version = 0;
            status = slw_tuf_staged_build(writer, role, &why);
        }
    }
    if (slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE) {
        return slw_explain(detail, status, "%s", why.text);
    }
    if (status != SLW_OK) {
        slw_tuf_writer_tell(writer,
                            "%s: what is staged can't be applied to version %" PRId64
                            ", which was published meanwhile: %s",
                            role->name, role->applied.base_version, why.text);
    } else if (memcmp(before.signed_sha256, role->next->digest, SLW_SHA256_SIZE) != 0) {
        role->is_touched = true;
        slw_tuf_writer_tell(writer,
                            "%s: version %" PRId64 " was staged for version %" PRId64
                            ", which was overtaken: it is version %" PRId64
                            " now, and signatures that it had are void",
                            role->name, before.version, before.base_version, role->applied.version);
    }
    return SLW_OK;
}

/* Those that are still good, for what was made here. */
static enum slw_status read_signatures(struct slw_tuf_writer *writer,
                                       struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_edition *file = NULL;
    struct slw_tuf_delegators delegators = {0};
    slw_tuf_key_in("staged", role->name, key);
    enum slw_status status = slw_tuf_store_get(writer, key, &bytes, detail);
    if (status != SLW_OK) {
        return status == SLW_NOT_FOUND ? SLW_OK : status;
    }
    status = slw_tuf_edition_load(key, role->type, slw_tuf_role_name(role), &bytes, &file, detail);
    slw_heap_free(&bytes);
    if (status != SLW_OK && status != SLW_NO_SPACE) {
        slw_tuf_writer_tell(writer, "%s: signatures can't be read: %s", role->name, detail->text);
        return SLW_OK;
    }
    SLW_TRY(status);
    for (size_t i = 0; status == SLW_OK && i < file->signatures_count; i++) {
        status = slw_tuf_edition_add_signature(role->next, file->signatures + i, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_delegators_load_all(writer, role, &delegators, detail);
    }
    if (status == SLW_OK) {
        (void)slw_tuf_delegators_prune(&delegators, role->next);
    }
    slw_tuf_delegators_free(&delegators);
    slw_tuf_edition_free(file);
    return status;
}

static enum slw_status load_change(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                   struct slw_detail *detail)
{
    role->is_stored = true;
    SLW_TRY(
        read_change(writer, "staged/changes", role->name, &role->draft, &role->applied, detail));
    if (role->draft->type != role->type) {
        return slw_explain(detail, SLW_STORED_STATE, "staged/changes/%s.json: of another type",
                           role->name);
    }
    if (!is_published(role)) {
        return build(writer, role, detail);
    }
    slw_tuf_draft_free(role->draft);
    role->draft = NULL;
    return writer->token == 0 ? SLW_OK : slw_tuf_staged_remove(writer, role, detail);
}

static enum slw_status load_bins(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                 struct slw_detail *detail)
{
    return read_change(writer, "staged/bins", role->name, &role->bins, &role->bins_applied, detail);
}

/* What can't be read is told of, and left alone: it may not keep the rest from being published. */
static enum slw_status load_each(struct slw_tuf_writer *writer, const struct names *names,
                                 enum slw_status (*load)(struct slw_tuf_writer *writer,
                                                         struct slw_tuf_writer_role *role,
                                                         struct slw_detail *detail),
                                 struct slw_detail *detail)
{
    for (size_t i = 0; i < names->count; i++) {
        struct slw_tuf_writer_role *role = NULL;
        enum slw_status status = slw_tuf_writer_role_make(
            writer, slw_bytes_make(names->list[i], strlen(names->list[i])), &role, detail);
        if (status == SLW_OK) {
            status = load(writer, role, detail);
        }
        if (status == SLW_STORED_STATE || status == SLW_BAD_NAME) {
            slw_tuf_writer_tell(writer, "%s%s" SUFFIX " isn't used: %s", names->folder,
                                names->list[i], detail->text);
            if (role != NULL) {
                slw_tuf_staged_forget(role);
                role->is_unreadable = true;
                role->is_stored = true; /* whatever it is */
            }
            status = SLW_OK;
        }
        SLW_TRY(status);
    }
    return SLW_OK;
}

static enum slw_status list_names(const struct slw_tuf_writer *writer, struct names *names,
                                  struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    enum slw_status status = storage->list(storage->context, names->folder, collect, names, detail);
    return status == SLW_NO_SPACE ? slw_explain_no_memory(detail) : status;
}

/*
 * A publish that was killed between a root and its timestamp leaves targets whose keys that root
 * replaced, and what the new keys signed on top of them. Without the latter it may be somebody with
 * a revoked key and a way into the storage, who would have their targets signed by the next one who
 * changes something.
 */
static enum slw_status doubt_targets(const struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    const struct slw_tuf_writer_role *targets = slw_tuf_writer_targets(writer);
    struct slw_tuf_delegators delegators = {0};
    if (!writer->is_targets_by_older_root || targets->published == NULL) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_delegators_load(writer, targets, SLW_TUF_VIEW_PUBLISHED, &delegators, detail));
    if (targets->next == NULL || !slw_tuf_delegators_agree(&delegators, targets->next)) {
        slw_tuf_writer_tell(writer,
                            "targets: version %" PRId64 " is signed by keys that a later root "
                            "replaced, and nothing on top of it by those of today: look at all "
                            "that it lists before you sign",
                            targets->published->version);
    }
    slw_tuf_delegators_free(&delegators);
    return SLW_OK;
}

static enum slw_status load_all(struct slw_tuf_writer *writer, struct names *changes,
                                struct names *bins, struct slw_detail *detail)
{
    SLW_TRY(list_names(writer, changes, detail));
    SLW_TRY(list_names(writer, bins, detail));
    SLW_TRY(load_each(writer, changes, load_change, detail));
    SLW_TRY(load_each(writer, bins, load_bins, detail));
    /* Once it is known who speaks for whom. */
    for (size_t i = 0; i < writer->roles_count; i++) {
        if (writer->roles[i]->next != NULL) {
            SLW_TRY(read_signatures(writer, writer->roles[i], detail));
        }
    }
    return doubt_targets(writer, detail);
}

enum slw_status slw_tuf_staged_load(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    struct names changes = {.folder = CHANGES};
    struct names bins = {.folder = BINS};
    for (size_t i = 0; i < writer->roles_count; i++) {
        slw_tuf_staged_forget(writer->roles[i]);
    }
    enum slw_status status = load_all(writer, &changes, &bins, detail);
    free_names(&changes);
    free_names(&bins);
    return status;
}
