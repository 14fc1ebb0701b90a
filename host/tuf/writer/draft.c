/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering a change: draft.h. Used by the writer for each role that is to change. */
#include "draft.h"

#include "slipway/owned_bytes.h"

#include <stdlib.h>

enum slw_status slw_tuf_draft_new(enum slw_tuf_type type, struct slw_tuf_draft **ret_draft,
                                  struct slw_detail *detail)
{
    struct slw_tuf_draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL) {
        return slw_explain_no_memory(detail);
    }
    draft->type = type;
    draft->index = slw_tuf_draft_index_new();
    if (draft->index == NULL) {
        free(draft);
        return slw_explain_no_memory(detail);
    }
    *ret_draft = draft;
    return SLW_OK;
}

/* Both are read through pointers to const, and came from slw_owned_copy() and copy_keys(). */
static void free_text(struct slw_bytes text)
{
    slw_owned_free(text.ptr);
}

static void free_keys(const struct slw_tuf_role_keys *keys)
{
    slw_owned_free(keys->keys);
}

static void free_delegate(struct slw_tuf_draft_delegate *delegate)
{
    for (size_t i = 0; delegate->paths != NULL && i < delegate->value.paths_count; i++) {
        free_text(delegate->paths[i]);
    }
    free_text(delegate->value.name);
    free(delegate->paths);
    free(delegate->keys);
}

void slw_tuf_draft_free(struct slw_tuf_draft *draft)
{
    if (draft == NULL) {
        return;
    }
    for (size_t i = 0; i < draft->delegates_count; i++) {
        free_delegate(draft->delegates + i);
    }
    for (size_t i = 0; i < draft->revoked_count; i++) {
        free_text(draft->revoked[i]);
    }
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        free_keys(draft->roles + i);
    }
    slw_tuf_draft_index_free(draft->index);
    slw_heap_drop(&draft->arena);
    free(draft->entries);
    free(draft->delegates);
    free(draft->revoked);
    free(draft);
}

static struct slw_public_key *copy_keys(const struct slw_tuf_role_keys *keys)
{
    struct slw_public_key *copy = calloc(keys->count + 1, sizeof *copy);
    if (copy != NULL && keys->count > 0) {
        memcpy(copy, keys->keys, keys->count * sizeof *copy);
    }
    return copy;
}

static enum slw_status append_entry(struct slw_tuf_draft *draft, struct slw_bytes path,
                                    struct slw_bytes custom, struct slw_tuf_draft_entry *entry,
                                    struct slw_detail *detail)
{
    struct slw_tuf_draft_entry *entries =
        slw_heap_grow(draft->entries, draft->entries_count, sizeof *entries);
    if (entries == NULL) {
        return slw_explain_no_memory(detail);
    }
    draft->entries = entries;
    entry->path = draft->arena.len;
    entry->path_len = (uint32_t)path.len;
    slw_heap_append(&draft->arena, path);
    entry->custom = draft->arena.len;
    entry->custom_len = (uint32_t)custom.len;
    slw_heap_append(&draft->arena, custom);
    if (draft->arena.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    entries[draft->entries_count++] = *entry;
    return SLW_OK;
}

enum slw_status slw_tuf_draft_add(struct slw_tuf_draft *draft,
                                  const struct slw_tuf_artifact *artifact,
                                  struct slw_detail *detail)
{
    struct slw_tuf_draft_entry entry = {.length = artifact->length};
    memcpy(entry.sha256, artifact->sha256, sizeof entry.sha256);
    return append_entry(draft, artifact->path, artifact->custom, &entry, detail);
}

enum slw_status slw_tuf_draft_remove(struct slw_tuf_draft *draft, struct slw_bytes path,
                                     struct slw_detail *detail)
{
    struct slw_tuf_draft_entry entry = {.removes = true};
    return append_entry(draft, path, slw_bytes_make(NULL, 0), &entry, detail);
}

static enum slw_status copy_delegate(const struct slw_tuf_delegate *delegate,
                                     struct slw_tuf_draft_delegate *ret_copy,
                                     struct slw_detail *detail)
{
    struct slw_tuf_draft_delegate copy = {.value = *delegate};
    copy.value.paths_count = 0;
    copy.keys = copy_keys(&delegate->signers);
    copy.paths = calloc(delegate->paths_count + 1, sizeof *copy.paths);
    copy.value.signers.keys = copy.keys;
    copy.value.paths = copy.paths;
    if (!slw_owned_copy(delegate->name, &copy.value.name)) {
        copy.value.name.ptr = NULL;
    }
    bool whole = copy.keys != NULL && copy.paths != NULL && copy.value.name.ptr != NULL;
    for (size_t i = 0; whole && i < delegate->paths_count; i++) {
        whole = slw_owned_copy(delegate->paths[i], copy.paths + i);
        copy.value.paths_count += whole ? 1 : 0;
    }
    if (!whole) {
        free_delegate(&copy);
        return slw_explain_no_memory(detail);
    }
    *ret_copy = copy;
    return SLW_OK;
}

size_t slw_tuf_draft_find_delegate(const struct slw_tuf_draft *draft, struct slw_bytes name)
{
    for (size_t i = 0; i < draft->delegates_count; i++) {
        if (slw_bytes_equal(draft->delegates[i].value.name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* What is delegated again is no longer revoked. */
static void forget_revoked(struct slw_tuf_draft *draft, struct slw_bytes name)
{
    for (size_t i = 0; i < draft->revoked_count; i++) {
        if (slw_bytes_equal(draft->revoked[i], name)) {
            free_text(draft->revoked[i]);
            draft->revoked[i] = draft->revoked[--draft->revoked_count];
            return;
        }
    }
}

enum slw_status slw_tuf_draft_delegate(struct slw_tuf_draft *draft,
                                       const struct slw_tuf_delegate *delegate,
                                       struct slw_detail *detail)
{
    struct slw_tuf_draft_delegate copy;
    size_t at = slw_tuf_draft_find_delegate(draft, delegate->name);
    SLW_TRY(copy_delegate(delegate, &copy, detail));
    if (at == SIZE_MAX) {
        struct slw_tuf_draft_delegate *delegates =
            slw_heap_grow(draft->delegates, draft->delegates_count, sizeof *delegates);
        if (delegates == NULL) {
            free_delegate(&copy);
            return slw_explain_no_memory(detail);
        }
        draft->delegates = delegates;
        at = draft->delegates_count++;
    } else {
        free_delegate(draft->delegates + at);
    }
    draft->delegates[at] = copy;
    forget_revoked(draft, copy.value.name);
    return SLW_OK;
}

enum slw_status slw_tuf_draft_revoke(struct slw_tuf_draft *draft, struct slw_bytes name,
                                     struct slw_detail *detail)
{
    struct slw_bytes copy;
    forget_revoked(draft, name);
    struct slw_bytes *revoked =
        slw_heap_grow(draft->revoked, draft->revoked_count, sizeof *revoked);
    if (revoked == NULL) {
        return slw_explain_no_memory(detail);
    }
    draft->revoked = revoked;
    if (!slw_owned_copy(name, &copy)) {
        return slw_explain_no_memory(detail);
    }
    revoked[draft->revoked_count++] = copy;
    size_t at = slw_tuf_draft_find_delegate(draft, copy);
    if (at != SIZE_MAX) {
        free_delegate(draft->delegates + at);
        draft->delegates_count--;
        memmove(draft->delegates + at, draft->delegates + at + 1,
                (draft->delegates_count - at) * sizeof *draft->delegates);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_draft_rotate(struct slw_tuf_draft *draft, enum slw_tuf_type role,
                                     const struct slw_tuf_role_keys *keys,
                                     struct slw_detail *detail)
{
    struct slw_public_key *copy = copy_keys(keys);
    if (copy == NULL) {
        return slw_explain_no_memory(detail);
    }
    free_keys(draft->roles + role);
    draft->roles[role] = (struct slw_tuf_role_keys){copy, keys->count, keys->threshold};
    return SLW_OK;
}

static enum slw_status join_entries(struct slw_tuf_draft *draft, const struct slw_tuf_draft *later,
                                    struct slw_detail *detail)
{
    for (size_t i = 0; i < later->entries_count; i++) {
        struct slw_tuf_draft_entry entry = later->entries[i];
        struct slw_bytes custom = slw_bytes_make(later->arena.ptr + entry.custom, entry.custom_len);
        SLW_TRY(append_entry(draft, slw_tuf_draft_path(later, &entry), custom, &entry, detail));
    }
    return SLW_OK;
}

enum slw_status slw_tuf_draft_join(struct slw_tuf_draft *draft, const struct slw_tuf_draft *later,
                                   struct slw_detail *detail)
{
    SLW_TRY(join_entries(draft, later, detail));
    for (size_t i = 0; i < later->revoked_count; i++) {
        SLW_TRY(slw_tuf_draft_revoke(draft, later->revoked[i], detail));
    }
    for (size_t i = 0; i < later->delegates_count; i++) {
        SLW_TRY(slw_tuf_draft_delegate(draft, &later->delegates[i].value, detail));
    }
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        if (later->roles[i].count > 0) {
            SLW_TRY(slw_tuf_draft_rotate(draft, (enum slw_tuf_type)i, later->roles + i, detail));
        }
    }
    draft->signs_again = draft->signs_again || later->signs_again;
    return SLW_OK;
}
