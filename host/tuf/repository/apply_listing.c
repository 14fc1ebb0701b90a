/* SPDX-License-Identifier: Apache-2.0 */
/* New keys for the roles of a root, and delegations that come, change and go. */
#include "apply.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const ROOT_ROLE_KNOWN[] = {"keyids", "threshold", NULL};
static const char *const ROLE_KNOWN[] = {
    "keyids", "name", "path_hash_prefixes", "paths", "terminating", "threshold", NULL};
static const char *const BINS_KNOWN[] = {"bit_length", "keyids", "name_prefix", "threshold", NULL};

/* Members of the role's object that this code doesn't know; they outlive a change of its keys. */
static enum slw_status keep_others(const struct slw_tuf_kept *old, const char *const *known,
                                   struct slw_tuf_parts *ret_others, struct slw_detail *detail)
{
    if (old == NULL) {
        return SLW_OK;
    }
    return slw_tuf_parts_load(&old->json, SLW_JSON_TOP, known, ret_others, detail);
}

/* A part out of text, which is freed; others too. */
static enum slw_status finish_role(struct slw_bytes name, struct slw_heap_buffer *text,
                                   struct slw_tuf_parts *others, enum slw_status status,
                                   struct slw_tuf_kept **ret_role, struct slw_detail *detail)
{
    if (status == SLW_OK && text->status != SLW_OK) {
        status = slw_explain_no_memory(detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_kept_new(name, slw_heap_bytes(text), ret_role, detail);
    }
    slw_heap_free(text);
    slw_tuf_parts_free(others);
    return status;
}

static enum slw_status make_root_role(const struct slw_tuf_kept *old, struct slw_bytes name,
                                      struct slw_bytes key_ids, uint32_t threshold,
                                      struct slw_tuf_kept **ret_role, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_tuf_parts others = {0};
    struct slw_tuf_object object;
    enum slw_status status = keep_others(old, ROOT_ROLE_KNOWN, &others, detail);
    slw_tuf_object_begin(&object, &text, &others);
    slw_tuf_object_name(&object, "keyids");
    slw_heap_append(&text, key_ids);
    slw_tuf_object_name(&object, "threshold");
    slw_heap_printf(&text, "%" PRIu32, threshold);
    slw_tuf_object_end(&object);
    return finish_role(name, &text, &others, status, ret_role, detail);
}

static void put_paths(const struct slw_tuf_delegate *delegate, struct slw_heap_buffer *text)
{
    slw_heap_append(text, SLW_BYTES_OF("["));
    for (size_t i = 0; i < delegate->paths_count; i++) {
        if (i != 0) {
            slw_heap_append(text, SLW_BYTES_OF(","));
        }
        slw_json_canonical_string(delegate->paths[i], text);
    }
    slw_heap_append(text, SLW_BYTES_OF("]"));
}

static enum slw_status make_delegation(const struct slw_tuf_kept *old,
                                       const struct slw_tuf_delegate *delegate,
                                       struct slw_bytes key_ids, struct slw_tuf_kept **ret_role,
                                       struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_tuf_parts others = {0};
    struct slw_tuf_object object;
    enum slw_status status = keep_others(old, ROLE_KNOWN, &others, detail);
    slw_tuf_object_begin(&object, &text, &others);
    slw_tuf_object_name(&object, "keyids");
    slw_heap_append(&text, key_ids);
    slw_tuf_object_name(&object, "name");
    slw_json_canonical_string(delegate->name, &text);
    slw_tuf_object_name(&object, "paths");
    put_paths(delegate, &text);
    slw_tuf_object_name(&object, "terminating");
    slw_heap_append_text(&text, delegate->terminating ? "true" : "false");
    slw_tuf_object_name(&object, "threshold");
    slw_heap_printf(&text, "%" PRIu32, delegate->signers.threshold);
    slw_tuf_object_end(&object);
    return finish_role(delegate->name, &text, &others, status, ret_role, detail);
}

static enum slw_status make_bins(const struct slw_tuf_kept *old,
                                 const struct slw_tuf_delegate *delegate, struct slw_bytes key_ids,
                                 struct slw_tuf_kept **ret_role, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_tuf_parts others = {0};
    struct slw_tuf_object object;
    enum slw_status status = keep_others(old, BINS_KNOWN, &others, detail);
    slw_tuf_object_begin(&object, &text, &others);
    slw_tuf_object_name(&object, "bit_length");
    slw_heap_printf(&text, "%" PRIu32, delegate->bit_length);
    slw_tuf_object_name(&object, "keyids");
    slw_heap_append(&text, key_ids);
    slw_tuf_object_name(&object, "name_prefix");
    slw_json_canonical_string(delegate->name, &text);
    slw_tuf_object_name(&object, "threshold");
    slw_heap_printf(&text, "%" PRIu32, delegate->signers.threshold);
    slw_tuf_object_end(&object);
    return finish_role(delegate->name, &text, &others, status, ret_role, detail);
}

static enum slw_status change_root_role(const struct slw_tuf_model *model, enum slw_tuf_type type,
                                        const struct slw_tuf_role_keys *signers,
                                        struct slw_tuf_listing *listing, struct slw_detail *detail)
{
    struct slw_heap_buffer ids = {0};
    struct slw_tuf_kept *role = NULL;
    struct slw_bytes name =
        slw_bytes_make(slw_tuf_type_name(type), strlen(slw_tuf_type_name(type)));
    size_t at = slw_tuf_parts_find(&listing->roles, name);
    const struct slw_tuf_kept *old = at == SLW_TUF_NOWHERE ? NULL : listing->roles.list[at];
    enum slw_status status = slw_tuf_list_keys(model, signers, &listing->keys, &ids, detail);
    if (status == SLW_OK) {
        status = make_root_role(old, name, slw_heap_bytes(&ids), signers->threshold, &role, detail);
    }
    slw_heap_free(&ids);
    return status == SLW_OK ? slw_tuf_parts_put(&listing->roles, role, detail) : status;
}

/*
 * TUF 1.0.34, section 4.3: "A role for each of "root", "snapshot", "timestamp", and "targets" MUST
 * be specified in the roles object."
 */
static enum slw_status check_all_four(const struct slw_tuf_listing *listing,
                                      struct slw_detail *detail)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)i);
        if (slw_tuf_parts_find(&listing->roles, slw_bytes_make(name, strlen(name))) ==
            SLW_TUF_NOWHERE) {
            return slw_explain(detail, SLW_WRONG_ROLE, "root: has no keys for %s", name);
        }
    }
    return SLW_OK;
}

static enum slw_status change_root(const struct slw_tuf_model *model,
                                   const struct slw_tuf_change *change,
                                   struct slw_tuf_listing *listing, struct slw_detail *detail)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        if (change->roles[i].count != 0 || change->roles[i].threshold != 0) {
            SLW_TRY(
                change_root_role(model, (enum slw_tuf_type)i, &change->roles[i], listing, detail));
        }
    }
    SLW_TRY(check_all_four(listing, detail));
    return slw_tuf_drop_keys(&model->listing, listing, detail);
}

enum slw_status slw_tuf_apply_root(const struct slw_tuf_model *model,
                                   const struct slw_tuf_change *change,
                                   struct slw_tuf_listing *ret_listing, struct slw_detail *detail)
{
    struct slw_tuf_listing listing = {0};
    SLW_TRY(slw_tuf_listing_share(&model->listing, &listing, detail));
    enum slw_status status = change_root(model, change, &listing, detail);
    if (status != SLW_OK) {
        slw_tuf_listing_free(&listing);
        return status;
    }
    *ret_listing = listing;
    return SLW_OK;
}

/* Delegations stand in an order of their own. */
static size_t find_delegation(const struct slw_tuf_listing *listing, struct slw_bytes name)
{
    for (size_t at = 0; at < listing->roles.count; at++) {
        if (slw_bytes_equal(slw_heap_bytes(&listing->roles.list[at]->name), name)) {
            return at;
        }
    }
    return SLW_TUF_NOWHERE;
}

static enum slw_status revoke(const struct slw_tuf_model *model, struct slw_bytes name,
                              struct slw_tuf_listing *listing, struct slw_detail *detail)
{
    size_t at = find_delegation(listing, name);
    if (at == SLW_TUF_NOWHERE) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: delegates to nobody called %.*s",
                           model->label, SLW_TUF_SHOWN(name));
    }
    slw_tuf_parts_remove(&listing->roles, at);
    if (listing->is_bins) {
        listing->is_bins = false;
    }
    return SLW_OK;
}

/*
 * Section 4.5, ROLENAME: "A string giving the name of the delegated role." One of the name of a
 * top-level role would be taken for that, and its file for it.
 */
static enum slw_status check_delegate_name(const struct slw_tuf_model *model,
                                           const struct slw_tuf_delegate *delegate,
                                           struct slw_detail *detail)
{
    enum slw_tuf_type type = SLW_TUF_ROOT;
    SLW_TRY(slw_tuf_check_role_name(model, delegate->name, detail));
    if (slw_tuf_type_named(delegate->name, &type) ||
        slw_bytes_equal(delegate->name, slw_heap_bytes(&model->role))) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "%s: can't delegate to %.*s, which is a top-level role or itself",
                           model->label, SLW_TUF_SHOWN(delegate->name));
    }
    /* Readers leave room for "-" and eight digits behind the prefix of bins. */
    if (delegate->bit_length != 0 && delegate->name.len > SLW_TUF_ROLE_NAME_MAX - 9) {
        return slw_explain(detail, SLW_BAD_NAME, "%s: the names of the bins would be too long",
                           model->label);
    }
    return SLW_OK;
}

/*
 * TUF 1.0.34, section 4.5: "The "path_hash_prefixes" and "paths" attributes are OPTIONAL, if used,
 * exactly one of them should be set." We set paths.
 */
static enum slw_status check_paths(const struct slw_tuf_model *model,
                                   const struct slw_tuf_delegate *delegate,
                                   struct slw_detail *detail)
{
    if (delegate->paths_count == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: %.*s would be trusted for no path",
                           model->label, SLW_TUF_SHOWN(delegate->name));
    }
    for (size_t i = 0; i < delegate->paths_count; i++) {
        struct slw_bytes path = delegate->paths[i];
        if (path.len == 0 || path.len > SLW_TUF_TARGET_PATH_MAX ||
            slw_tuf_has_bad_characters(path)) {
            return slw_explain(detail, SLW_BAD_NAME,
                               "%s: %.*s: a pattern is 1 to %u bytes of UTF-8 without control "
                               "characters",
                               model->label, SLW_TUF_SHOWN(delegate->name),
                               SLW_TUF_TARGET_PATH_MAX);
        }
    }
    return SLW_OK;
}

/*
 * TAP 15: "BIT_LENGTH must be an integer between 1 and 32 (inclusive)" ... "All succinct hashed bin
 * delegations will be non-terminating." A bin is trusted for the paths whose hash begins with its
 * number, and for no patterns.
 */
static enum slw_status check_bins(const struct slw_tuf_model *model,
                                  const struct slw_tuf_delegate *delegate,
                                  struct slw_detail *detail)
{
    if (delegate->bit_length > SLW_TUF_BIT_LENGTH_MAX || delegate->paths_count != 0 ||
        delegate->terminating) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: bins have 1 to %u bits, no paths, and don't end a search",
                           model->label, SLW_TUF_BIT_LENGTH_MAX);
    }
    return SLW_OK;
}

/* TAP 15: "Only one of `succinct_roles` or `roles` may be specified in a delegation." */
static enum slw_status check_mixing(const struct slw_tuf_model *model,
                                    const struct slw_tuf_delegate *delegate,
                                    const struct slw_tuf_listing *listing, size_t at,
                                    struct slw_detail *detail)
{
    bool stays_alone = listing->roles.count == 0 || (at == 0 && listing->roles.count == 1);
    bool makes_bins = delegate->bit_length != 0;
    if (makes_bins ? !stays_alone : (listing->is_bins && at == SLW_TUF_NOWHERE)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: has either bins or other delegations, not both", model->label);
    }
    if (listing->roles.count >= SLW_TUF_DELEGATED_ROLES_MAX && at == SLW_TUF_NOWHERE) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: delegates to %u roles already", model->label,
                           SLW_TUF_DELEGATED_ROLES_MAX);
    }
    return SLW_OK;
}

static enum slw_status check_delegate(const struct slw_tuf_model *model,
                                      const struct slw_tuf_delegate *delegate,
                                      const struct slw_tuf_listing *listing, size_t at,
                                      struct slw_detail *detail)
{
    SLW_TRY(check_delegate_name(model, delegate, detail));
    SLW_TRY(delegate->bit_length != 0 ? check_bins(model, delegate, detail)
                                      : check_paths(model, delegate, detail));
    return check_mixing(model, delegate, listing, at, detail);
}

static enum slw_status put_role(struct slw_tuf_listing *listing, size_t at,
                                struct slw_tuf_kept *role, struct slw_detail *detail)
{
    if (at == SLW_TUF_NOWHERE) {
        return slw_tuf_parts_append(&listing->roles, role, detail);
    }
    slw_tuf_kept_drop(listing->roles.list[at]);
    listing->roles.list[at] = role;
    return SLW_OK;
}

static enum slw_status delegate_one(const struct slw_tuf_model *model,
                                    const struct slw_tuf_delegate *delegate,
                                    struct slw_tuf_listing *listing, struct slw_detail *detail)
{
    struct slw_heap_buffer ids = {0};
    struct slw_tuf_kept *role = NULL;
    size_t at = find_delegation(listing, delegate->name);
    SLW_TRY(check_delegate(model, delegate, listing, at, detail));
    const struct slw_tuf_kept *old = at == SLW_TUF_NOWHERE ? NULL : listing->roles.list[at];
    enum slw_status status =
        slw_tuf_list_keys(model, &delegate->signers, &listing->keys, &ids, detail);
    if (status == SLW_OK) {
        status = (delegate->bit_length != 0 ? make_bins : make_delegation)(
            old, delegate, slw_heap_bytes(&ids), &role, detail);
    }
    slw_heap_free(&ids);
    SLW_TRY(status);
    listing->is_bins = delegate->bit_length != 0;
    return put_role(listing, at, role, detail);
}

static int compare_names(const void *left, const void *right)
{
    return slw_bytes_compare(*(const struct slw_bytes *)left, *(const struct slw_bytes *)right);
}

/* Nothing is named twice in what a change says of delegations. */
static enum slw_status check_once(const struct slw_tuf_model *model,
                                  const struct slw_tuf_change *change, struct slw_detail *detail)
{
    size_t count = change->delegate_count + change->revoke_count;
    struct slw_bytes *names = calloc(count, sizeof *names);
    enum slw_status status = SLW_OK;
    if (names == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = i < change->delegate_count ? change->delegate[i].name
                                              : change->revoke[i - change->delegate_count];
    }
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && status == SLW_OK; i++) {
        if (slw_bytes_equal(names[i - 1], names[i])) {
            status = slw_explain(detail, SLW_BAD_ARGUMENT, "%s: %.*s: twice in one change",
                                 model->label, SLW_TUF_SHOWN(names[i]));
        }
    }
    free(names);
    return status;
}

static enum slw_status change_delegations(const struct slw_tuf_model *model,
                                          const struct slw_tuf_change *change,
                                          struct slw_tuf_listing *listing,
                                          struct slw_detail *detail)
{
    for (size_t i = 0; i < change->revoke_count; i++) {
        SLW_TRY(revoke(model, change->revoke[i], listing, detail));
    }
    for (size_t i = 0; i < change->delegate_count; i++) {
        SLW_TRY(delegate_one(model, &change->delegate[i], listing, detail));
    }
    return slw_tuf_drop_keys(&model->listing, listing, detail);
}

enum slw_status slw_tuf_apply_delegations(const struct slw_tuf_model *model,
                                          const struct slw_tuf_change *change,
                                          struct slw_tuf_listing *ret_listing,
                                          struct slw_detail *detail)
{
    struct slw_tuf_listing listing = {0};
    SLW_TRY(check_once(model, change, detail));
    SLW_TRY(slw_tuf_listing_share(&model->listing, &listing, detail));
    listing.present = true;
    enum slw_status status = change_delegations(model, change, &listing, detail);
    if (status != SLW_OK) {
        slw_tuf_listing_free(&listing);
        return status;
    }
    *ret_listing = listing;
    return SLW_OK;
}
