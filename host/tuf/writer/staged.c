/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for signatures. A staged version is always made anew from its change and from what is
 * published, whatever stands in staged/ROLE.json: of that file only signatures are taken, and only
 * those that are good over the bytes made here. When another publish overtook its base, the change
 * is applied to the new one, and the signatures, which were over something else, are void.
 */
#include "writer.h"

#include <inttypes.h>
#include <stdlib.h>

void slw_tuf_staged_forget(struct slw_tuf_writer_role *role)
{
    slw_tuf_draft_free(role->draft);
    slw_tuf_draft_free(role->bins);
    slw_tuf_edition_free(role->next);
    role->draft = NULL;
    role->bins = NULL;
    role->next = NULL;
    role->is_chosen = false;
    role->is_held = false;
    role->bins_wait = false;
    role->bins_are_touched = false;
    role->is_touched = false;
    role->has_signatures = false;
    role->is_stored = false;
    role->is_unreadable = false;
}

/* A second model of what is published, to be changed. NULL for nothing published. */
static enum slw_status copy_published(const struct slw_tuf_writer_role *role,
                                      struct slw_tuf_model **ret_model, struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_edition *copy = NULL;
    if (role->published == NULL) {
        return slw_tuf_model_new(role->type, slw_tuf_role_name(role), ret_model, detail);
    }
    slw_heap_append(&bytes, slw_heap_bytes(&role->published->file));
    enum slw_status status = slw_tuf_edition_load(role->name, role->type, slw_tuf_role_name(role),
                                                  &bytes, &copy, detail);
    slw_heap_free(&bytes);
    SLW_TRY(status);
    *ret_model = copy->model;
    copy->model = NULL;
    slw_tuf_edition_free(copy);
    return SLW_OK;
}

static bool is_overtaken(const struct slw_tuf_writer_role *role)
{
    static const uint8_t nothing[SLW_SHA256_SIZE];
    const struct slw_tuf_edition *base = role->published;
    return role->applied.base_version != (base == NULL ? 0 : base->version) ||
           memcmp(role->applied.base_sha256, base == NULL ? nothing : base->digest,
                  SLW_SHA256_SIZE) != 0;
}

/* Takes what is published for the base, and a version that is free. */
static enum slw_status choose_base(const struct slw_tuf_writer *writer,
                                   struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    const struct slw_tuf_edition *base = role->published;
    struct slw_tuf_applied applied = {0};
    if (base != NULL) {
        applied.base_version = base->version;
        memcpy(applied.base_sha256, base->digest, sizeof applied.base_sha256);
    }
    applied.expires_utc_s =
        slw_tuf_writer_now(writer) + (int64_t)writer->settings.periods[role->type].expires_s;
    if (role->type == SLW_TUF_ROOT) {
        applied.version = base == NULL ? writer->settings.first_root : base->version + 1;
    } else {
        /* A revoked role's number lives on in the snapshot: a new one of its name goes above. */
        int64_t listed = 0;
        if (writer->snapshot != NULL &&
            slw_tuf_model_find_meta(writer->snapshot->model, slw_tuf_role_name(role), &listed) !=
                SLW_OK) {
            listed = 0;
        }
        int64_t lowest = (listed > applied.base_version ? listed : applied.base_version) + 1;
        SLW_TRY(slw_tuf_store_free_version(writer, role->name, lowest, &applied.version, detail));
    }
    role->applied = applied;
    return SLW_OK;
}

static void complete_change(const struct slw_tuf_writer_role *role, struct slw_tuf_change *change)
{
    change->role = slw_tuf_role_name(role);
    change->base_version = role->applied.base_version;
    memcpy(change->base_sha256, role->applied.base_sha256, sizeof change->base_sha256);
    change->version = role->applied.version;
    change->expires_utc_s = role->applied.expires_utc_s;
}

static enum slw_status apply(struct slw_tuf_writer_role *role, struct slw_tuf_model *model,
                             struct slw_detail *detail)
{
    struct slw_tuf_draft_change change;
    SLW_TRY(slw_tuf_draft_settle(role->draft, 0, detail));
    SLW_TRY(
        slw_tuf_draft_change(role->draft, model, 0, role->draft->entries_count, &change, detail));
    complete_change(role, &change.change);
    enum slw_status status = slw_tuf_model_apply(model, &change.change, detail);
    slw_tuf_draft_change_free(&change);
    return status;
}

enum slw_status slw_tuf_staged_build(const struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    slw_tuf_edition_free(role->next);
    role->next = NULL;
    if (role->is_broken) {
        return slw_explain(detail, SLW_STORED_STATE,
                           "%s: what is published can't be gone on from: its file must come back",
                           role->name);
    }
    if (role->applied.version == 0 || is_overtaken(role)) {
        SLW_TRY(choose_base(writer, role, detail));
    }
    SLW_TRY(copy_published(role, &model, detail));
    enum slw_status status = apply(role, model, detail);
    if (status != SLW_OK) {
        slw_tuf_model_free(model);
        return status;
    }
    SLW_TRY(slw_tuf_edition_make(role->type, model, &role->next, detail));
    memcpy(role->applied.signed_sha256, role->next->digest, SLW_SHA256_SIZE);
    return SLW_OK;
}

enum slw_status slw_tuf_staged_store(struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer text = {0};
    SLW_TRY(slw_tuf_edition_format(role->next, slw_tuf_role_name(role), detail));
    slw_tuf_key_in("staged/changes", role->name, key);
    enum slw_status status = slw_tuf_change_file_format(slw_tuf_role_name(role), role->draft,
                                                        &role->applied, &text, detail);
    if (status == SLW_OK) {
        status = slw_tuf_store_replace(writer, key, slw_heap_bytes(&text), detail);
    }
    slw_heap_free(&text);
    SLW_TRY(status);
    role->is_stored = true;
    slw_tuf_key_in("staged", role->name, key);
    SLW_TRY(slw_tuf_store_replace(writer, key, slw_heap_bytes(&role->next->file), detail));
    role->is_touched = false;
    role->has_signatures = false;
    return SLW_OK;
}

enum slw_status slw_tuf_staged_store_bins(struct slw_tuf_writer *writer,
                                          const struct slw_tuf_writer_role *role,
                                          struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer text = {0};
    slw_tuf_key_in("staged/bins", role->name, key);
    enum slw_status status = slw_tuf_change_file_format(slw_tuf_role_name(role), role->bins,
                                                        &role->bins_applied, &text, detail);
    if (status == SLW_OK) {
        status = slw_tuf_store_replace(writer, key, slw_heap_bytes(&text), detail);
    }
    slw_heap_free(&text);
    return status;
}

/* The signatures first: without its change nothing is staged. */
enum slw_status slw_tuf_staged_remove(struct slw_tuf_writer *writer,
                                      struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    if (!role->is_stored) {
        return SLW_OK;
    }
    slw_tuf_key_in("staged", role->name, key);
    SLW_TRY(slw_tuf_store_remove(writer, key, detail));
    slw_tuf_key_in("staged/changes", role->name, key);
    SLW_TRY(slw_tuf_store_remove(writer, key, detail));
    role->is_stored = false;
    return SLW_OK;
}

enum slw_status slw_tuf_staged_ask(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                   struct slw_detail *detail)
{
    struct slw_tuf_draft_change change;
    struct slw_tuf_delegators delegators = {0};
    enum slw_tuf_answer answer = SLW_TUF_PENDING;
    struct slw_detail told;
    const struct slw_tuf_edition *base = role->published;
    SLW_TRY(slw_tuf_draft_change(role->draft, base == NULL ? NULL : base->model, 0,
                                 role->draft->entries_count, &change, detail));
    complete_change(role, &change.change);
    enum slw_status status = slw_tuf_delegators_load_all(writer, role, &delegators, detail);
    if (status == SLW_OK) {
        status = slw_tuf_ask(writer->options.provider, &change.change,
                             base == NULL ? slw_bytes_make(NULL, 0) : slw_heap_bytes(&base->file),
                             &delegators, role->next, &answer, &told, detail);
    }
    if (status == SLW_OK && told.text[0] != '\0') {
        slw_tuf_writer_tell(writer, "%s", told.text);
    }
    slw_tuf_delegators_free(&delegators);
    slw_tuf_draft_change_free(&change);
    SLW_TRY(status);
    if (answer == SLW_TUF_REFUSED) {
        struct slw_detail reason = *detail;
        return slw_explain(detail, SLW_WRONG_STATE, "%s: the signer refuses: %.600s", role->name,
                           reason.text);
    }
    return SLW_OK;
}
