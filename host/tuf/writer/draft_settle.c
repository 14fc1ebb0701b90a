/* SPDX-License-Identifier: Apache-2.0 */
/* A gathered change (draft.h) put in order, and made the change to a base. */
#include "draft.h"

#include <stdlib.h>

/* What entries are sorted by. */
struct place {
    const uint8_t *path;
    uint32_t path_len;
    uint32_t bin;
    size_t index; /* among the entries; a later one counts */
};

static int compare_paths(const struct place *left, const struct place *right)
{
    size_t len = left->path_len < right->path_len ? left->path_len : right->path_len;
    int order = len == 0 ? 0 : memcmp(left->path, right->path, len);
    if (order != 0 || left->path_len == right->path_len) {
        return order;
    }
    return left->path_len < right->path_len ? -1 : 1;
}

static int compare_places(const void *left_place, const void *right_place)
{
    const struct place *left = left_place;
    const struct place *right = right_place;
    int order = compare_paths(left, right);
    if (order != 0) {
        return order;
    }
    return left->index < right->index ? -1 : 1;
}

static bool are_sorted(const struct place *places, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (compare_places(places + i - 1, places + i) > 0) {
            return false;
        }
    }
    return true;
}

static void sort_by_path(struct place *places, size_t count)
{
    if (!are_sorted(places, count)) {
        qsort(places, count, sizeof *places, compare_places);
    }
}

/* By bin, each in one step: ends are counts first, then where each bin ends. */
static enum slw_status sort_by_bin(struct place **places, size_t count, uint32_t bit_length,
                                   struct slw_detail *detail)
{
    size_t bins = (size_t)1 << bit_length;
    size_t *ends = calloc(bins + 1, sizeof *ends);
    struct place *sorted = calloc(count + 1, sizeof *sorted);
    if (ends == NULL || sorted == NULL) {
        free(ends);
        free(sorted);
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < count; i++) {
        ends[(*places)[i].bin]++;
    }
    for (size_t bin = 1; bin < bins; bin++) {
        ends[bin] += ends[bin - 1];
    }
    for (size_t i = count; i > 0; i--) {
        sorted[--ends[(*places)[i - 1].bin]] = (*places)[i - 1]; /* ends are beginnings now */
    }
    ends[bins] = count;
    for (size_t bin = 0; bin < bins; bin++) {
        sort_by_path(sorted + ends[bin], ends[bin + 1] - ends[bin]);
    }
    free(ends);
    free(*places);
    *places = sorted;
    return SLW_OK;
}

/* Of each path in a bin the last entry. */
static size_t take_last(struct slw_tuf_draft *draft, const struct place *places,
                        struct slw_tuf_draft_entry *ret_entries)
{
    size_t count = 0;
    for (size_t i = 0; i < draft->entries_count; i++) {
        if (i + 1 < draft->entries_count && places[i].bin == places[i + 1].bin &&
            compare_paths(places + i, places + i + 1) == 0) {
            continue;
        }
        ret_entries[count] = draft->entries[places[i].index];
        ret_entries[count].bin = places[i].bin;
        count++;
    }
    return count;
}

/* Arrays of slw_heap_grow() have room for a power of two. */
static size_t room_for(size_t count)
{
    size_t room = 1;
    while (room < count) {
        room *= 2;
    }
    return room;
}

static void fill_places(const struct slw_tuf_draft *draft, uint32_t bit_length,
                        struct place *ret_places)
{
    for (size_t i = 0; i < draft->entries_count; i++) {
        struct slw_bytes path = slw_tuf_draft_path(draft, draft->entries + i);
        uint32_t bin = bit_length == 0 ? 0 : slw_tuf_bin_of(path, bit_length);
        ret_places[i] = (struct place){path.ptr, draft->entries[i].path_len, bin, i};
    }
}

enum slw_status slw_tuf_draft_settle(struct slw_tuf_draft *draft, uint32_t bit_length,
                                     struct slw_detail *detail)
{
    size_t count = draft->entries_count;
    struct place *places = calloc(count + 1, sizeof *places);
    struct slw_tuf_draft_entry *entries = calloc(room_for(count), sizeof *entries);
    if (places == NULL || entries == NULL) {
        free(places);
        free(entries);
        return slw_explain_no_memory(detail);
    }
    fill_places(draft, bit_length, places);
    enum slw_status status = SLW_OK;
    if (bit_length == 0) {
        sort_by_path(places, count);
    } else {
        status = sort_by_bin(&places, count, bit_length, detail);
    }
    if (status != SLW_OK) {
        free(places);
        free(entries);
        return status;
    }
    draft->entries_count = take_last(draft, places, entries);
    free(draft->entries);
    draft->entries = entries;
    slw_tuf_draft_index_forget(draft->index);
    free(places);
    return SLW_OK;
}

/* What a base lists under the path of an entry; false when it lists nothing there. */
static bool find_in_base(const struct slw_tuf_model *base, struct slw_bytes path,
                         struct slw_tuf_artifact *ret_artifact)
{
    size_t at = 0;
    if (base == NULL || slw_tuf_model_find(base, path, &at) != SLW_OK) {
        return false;
    }
    slw_tuf_model_target(base, at, ret_artifact);
    return true;
}

static bool is_same(const struct slw_tuf_artifact *left, const struct slw_tuf_artifact *right)
{
    return left->length == right->length &&
           memcmp(left->sha256, right->sha256, sizeof left->sha256) == 0 &&
           slw_bytes_equal(left->custom, right->custom);
}

static void fill_entries(const struct slw_tuf_draft *draft, const struct slw_tuf_model *base,
                         size_t from, size_t to, struct slw_tuf_draft_change *change)
{
    for (size_t i = from; i < to; i++) {
        const struct slw_tuf_draft_entry *entry = draft->entries + i;
        struct slw_tuf_artifact listed;
        struct slw_tuf_artifact artifact = {
            .path = slw_tuf_draft_path(draft, entry),
            .length = entry->length,
            .custom = slw_bytes_make(draft->arena.ptr + entry->custom, entry->custom_len),
        };
        memcpy(artifact.sha256, entry->sha256, sizeof artifact.sha256);
        bool is_listed = find_in_base(base, artifact.path, &listed);
        if (entry->removes && is_listed) {
            change->remove[change->change.remove_count++] = artifact.path;
        } else if (!entry->removes && !(is_listed && is_same(&listed, &artifact))) {
            change->add[change->change.add_count++] = artifact;
        }
    }
}

/* Whether a base lists just these keys, in whatever order. */
static bool has_signers(const struct slw_tuf_model *base, size_t at,
                        const struct slw_tuf_role_keys *signers)
{
    struct slw_tuf_listed_role listed;
    slw_tuf_model_role(base, at, &listed);
    if (listed.threshold != signers->threshold || listed.keys_count != signers->count) {
        return false;
    }
    for (size_t i = 0; i < signers->count; i++) {
        char id[SLW_TUF_KEY_ID_SIZE];
        char listed_id[SLW_TUF_KEY_ID_SIZE];
        if (slw_tuf_public_key_id(signers->keys + i, id) != SLW_OK ||
            slw_tuf_model_signer(base, at, id, listed_id) != SLW_OK) {
            return false;
        }
    }
    return true;
}

/* The place of a delegation by exactly this name; SIZE_MAX for none. */
static size_t find_delegation(const struct slw_tuf_model *base, struct slw_bytes name)
{
    for (size_t i = 0; base != NULL && i < slw_tuf_model_roles_count(base); i++) {
        struct slw_tuf_listed_role listed;
        slw_tuf_model_role(base, i, &listed);
        if (slw_bytes_equal(listed.name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool has_delegation(const struct slw_tuf_model *base,
                           const struct slw_tuf_delegate *delegate)
{
    struct slw_tuf_listed_role listed;
    size_t at = find_delegation(base, delegate->name);
    if (at == SIZE_MAX) {
        return false;
    }
    slw_tuf_model_role(base, at, &listed);
    if (listed.bit_length != delegate->bit_length || listed.prefixes_count > 0 ||
        listed.paths_count != delegate->paths_count ||
        (delegate->bit_length == 0 && listed.terminating != delegate->terminating)) {
        return false;
    }
    for (size_t i = 0; i < listed.paths_count; i++) {
        if (!slw_bytes_equal(slw_tuf_model_role_path(base, at, i), delegate->paths[i])) {
            return false;
        }
    }
    return has_signers(base, at, &delegate->signers);
}

static void fill_roles(const struct slw_tuf_draft *draft, const struct slw_tuf_model *base,
                       struct slw_tuf_draft_change *change)
{
    for (size_t i = 0; i < draft->delegates_count; i++) {
        if (!has_delegation(base, &draft->delegates[i].value)) {
            change->delegate[change->change.delegate_count++] = draft->delegates[i].value;
        }
    }
    for (size_t i = 0; i < draft->revoked_count; i++) {
        if (find_delegation(base, draft->revoked[i]) != SIZE_MAX) {
            change->revoke[change->change.revoke_count++] = draft->revoked[i];
        }
    }
    for (size_t i = 0; i < SLW_TUF_TYPES && draft->type == SLW_TUF_ROOT; i++) {
        bool is_known = base != NULL && slw_tuf_model_version(base) > 0 &&
                        has_signers(base, i, draft->roles + i);
        if (!is_known) {
            change->change.roles[i] = draft->roles[i];
        }
    }
}

enum slw_status slw_tuf_draft_change(const struct slw_tuf_draft *draft,
                                     const struct slw_tuf_model *base, size_t from, size_t to,
                                     struct slw_tuf_draft_change *ret_change,
                                     struct slw_detail *detail)
{
    struct slw_tuf_draft_change change = {.change = {.type = draft->type}};
    change.add = calloc(to - from + 1, sizeof *change.add);
    change.remove = calloc(to - from + 1, sizeof *change.remove);
    change.delegate = calloc(draft->delegates_count + 1, sizeof *change.delegate);
    change.revoke = calloc(draft->revoked_count + 1, sizeof *change.revoke);
    if (change.add == NULL || change.remove == NULL || change.delegate == NULL ||
        change.revoke == NULL) {
        slw_tuf_draft_change_free(&change);
        return slw_explain_no_memory(detail);
    }
    fill_entries(draft, base, from, to, &change);
    fill_roles(draft, base, &change);
    change.change.add = change.add;
    change.change.remove = change.remove;
    change.change.delegate = change.delegate;
    change.change.revoke = change.revoke;
    *ret_change = change;
    return SLW_OK;
}

void slw_tuf_draft_change_free(struct slw_tuf_draft_change *change)
{
    free(change->add);
    free(change->remove);
    free(change->delegate);
    free(change->revoke);
    *change = (struct slw_tuf_draft_change){0};
}

bool slw_tuf_draft_change_is_empty(const struct slw_tuf_draft_change *change)
{
    bool rotates = false;
    for (size_t i = 0; i < SLW_TUF_TYPES; i++) {
        rotates = rotates || change->change.roles[i].count > 0;
    }
    return !rotates && change->change.add_count == 0 && change->change.remove_count == 0 &&
           change->change.delegate_count == 0 && change->change.revoke_count == 0;
}
