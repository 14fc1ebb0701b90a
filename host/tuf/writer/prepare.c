/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepare: what was gathered becomes a staged version of its role, and the provider is asked for
 * signatures. It takes the lease, for two people may add to one role at once; nothing that waits
 * for a signature holds it.
 */
#include "gather.h"

#include <inttypes.h>

static enum slw_status join_draft(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    if (role->draft == NULL) {
        role->draft = role->gathered;
        role->gathered = NULL;
        role->applied = (struct slw_tuf_applied){0};
        return SLW_OK;
    }
    if (role->next != NULL && role->next->signatures_count > 0) {
        slw_tuf_writer_tell(writer,
                            "%s: version %" PRId64
                            " changes again before it was published: the %zu "
                            "signatures that it had are void",
                            role->name, role->next->version, role->next->signatures_count);
    }
    enum slw_status status = slw_tuf_draft_join(role->draft, role->gathered, detail);
    slw_tuf_draft_free(role->gathered);
    role->gathered = NULL;
    return status;
}

/* Says nothing that isn't published already. */
static enum slw_status changes_nothing(struct slw_tuf_writer_role *role, bool *ret_nothing,
                                       struct slw_detail *detail)
{
    struct slw_tuf_draft_change change;
    *ret_nothing = false;
    if (role->published == NULL || role->draft->signs_again) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_draft_settle(role->draft, 0, detail));
    SLW_TRY(slw_tuf_draft_change(role->draft, role->published->model, 0, role->draft->entries_count,
                                 &change, detail));
    *ret_nothing = slw_tuf_draft_change_is_empty(&change);
    slw_tuf_draft_change_free(&change);
    return SLW_OK;
}

static enum slw_status stage_role(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    bool was_staged = role->draft != NULL;
    bool nothing = false;
    SLW_TRY(join_draft(writer, role, detail));
    SLW_TRY(changes_nothing(role, &nothing, detail));
    if (!nothing) {
        role->is_touched = true;
        return slw_tuf_staged_build(writer, role, detail);
    }
    slw_tuf_writer_tell(writer, "%s: nothing changes", role->name);
    slw_tuf_draft_free(role->draft);
    slw_tuf_edition_free(role->next);
    role->draft = NULL;
    role->next = NULL;
    return was_staged ? slw_tuf_staged_remove(writer, role, detail) : SLW_OK;
}

static enum slw_status stage_gathered(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->gathered != NULL) {
            SLW_TRY(stage_role(writer, role, detail));
        }
    }
    return SLW_OK;
}

/* Whether what there is of a role, staged or published, will do for everybody who will speak for
 * it. */
static enum slw_status will_do(const struct slw_tuf_writer *writer,
                               const struct slw_tuf_writer_role *role, bool *ret_does,
                               struct slw_detail *detail)
{
    struct slw_tuf_delegators delegators = {0};
    *ret_does = role->next != NULL || role->is_broken;
    if (*ret_does) {
        return SLW_OK;
    }
    enum slw_status status =
        slw_tuf_delegators_load(writer, role, SLW_TUF_VIEW_STAGED, &delegators, detail);
    if (status == SLW_OK) {
        *ret_does =
            delegators.count == 0 ||
            (role->published != NULL && slw_tuf_delegators_agree(&delegators, role->published));
    }
    slw_tuf_delegators_free(&delegators);
    return status;
}

/*
 * Whoever gets other keys by what is staged needs a version that those signed: it is prepared with
 * it. Timestamp, snapshot and bins are made anew by publish.
 */
static enum slw_status stage_signed_again(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        bool does = false;
        SLW_TRY(will_do(writer, role, &does, detail));
        if (does) {
            continue;
        }
        SLW_TRY(slw_tuf_gather_into(&role->gathered, SLW_TUF_TARGETS, detail));
        role->gathered->signs_again = true;
        SLW_TRY(stage_role(writer, role, detail));
    }
    return SLW_OK;
}

enum slw_status slw_tuf_stage_bins(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                   struct slw_detail *detail)
{
    if (role->bins == NULL) {
        role->bins = role->bins_gathered;
    } else {
        SLW_TRY(slw_tuf_draft_join(role->bins, role->bins_gathered, detail));
        slw_tuf_draft_free(role->bins_gathered);
    }
    role->bins_gathered = NULL;
    role->bins_are_touched = true;
    role->bins_applied = (struct slw_tuf_applied){
        .expires_utc_s = slw_tuf_writer_now(writer) +
                         (int64_t)writer->settings.periods[SLW_TUF_TARGETS].expires_s,
    };
    SLW_TRY(slw_tuf_draft_settle(role->bins, 0, detail));
    SLW_TRY(slw_tuf_staged_store_bins(writer, role, detail));
    role->bins_are_touched = false;
    return SLW_OK;
}

/* What moves from a role into bins under it is stored for the bins before the role no longer lists
 * it. */
static enum slw_status store_role(struct slw_tuf_writer *writer, struct slw_tuf_writer_role *role,
                                  struct slw_detail *detail)
{
    if (role->bins_gathered != NULL) {
        SLW_TRY(slw_tuf_stage_bins(writer, role, detail));
    }
    return slw_tuf_staged_store(writer, role, detail);
}

enum slw_status slw_tuf_store_touched(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->next != NULL && !role->is_chosen && (role->is_touched || role->has_signatures)) {
            SLW_TRY(store_role(writer, role, detail));
        }
    }
    return SLW_OK;
}

static enum slw_status ask_for_touched(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->is_touched && role->next != NULL) {
            SLW_TRY(slw_tuf_staged_ask(writer, role, detail));
            SLW_TRY(slw_tuf_edition_format(role->next, slw_tuf_role_name(role), detail));
        }
    }
    return SLW_OK;
}

/*
 * What replaces something that is stored is stored, even if it is published at once: a publish that
 * is killed leaves what is staged behind, and the old change would be made again, after the new
 * one.
 */
static enum slw_status store_replaced(struct slw_tuf_writer *writer, bool all,
                                      struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->is_touched && role->next != NULL && (all || role->is_stored)) {
            SLW_TRY(store_role(writer, role, detail));
        }
        if (role->bins_gathered != NULL && (all || role->bins != NULL)) {
            SLW_TRY(slw_tuf_stage_bins(writer, role, detail));
        }
    }
    return SLW_OK;
}

/*
 * A payload was put without the lease, and may have been there before, unreferenced, and have been
 * collected since. From here on it is referenced.
 */
static enum slw_status check_files(const struct slw_tuf_writer *writer,
                                   const struct slw_tuf_draft *draft, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    for (size_t i = 0; draft != NULL && i < draft->entries_count; i++) {
        const struct slw_tuf_draft_entry *entry = draft->entries + i;
        bool exists = true;
        if (entry->has_file && !entry->removes) {
            SLW_TRY(
                slw_tuf_payload_key(slw_tuf_draft_path(draft, entry), entry->sha256, key, detail));
            SLW_TRY(slw_tuf_store_exists(writer, key, &exists, detail));
        }
        if (!exists) {
            return slw_explain(detail, SLW_NOT_FOUND, "%s: was removed meanwhile: add it again",
                               key);
        }
    }
    return SLW_OK;
}

static enum slw_status check_all_files(const struct slw_tuf_writer *writer,
                                       struct slw_detail *detail)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        SLW_TRY(check_files(writer, writer->roles[i]->gathered, detail));
        SLW_TRY(check_files(writer, writer->roles[i]->bins_gathered, detail));
    }
    return SLW_OK;
}

static enum slw_status stage_all(struct slw_tuf_writer *writer, bool stores,
                                 struct slw_detail *detail)
{
    SLW_TRY(check_all_files(writer, detail));
    SLW_TRY(stage_gathered(writer, detail));
    SLW_TRY(stage_signed_again(writer, detail));
    SLW_TRY(ask_for_touched(writer, detail));
    return store_replaced(writer, stores, detail);
}

/* Joined to what was stored of it, it says the same. */
void slw_tuf_prepare_undo(struct slw_tuf_writer *writer)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        if (role->is_touched && role->gathered == NULL) {
            role->gathered = role->draft;
            role->draft = NULL;
        }
        if (role->bins_are_touched && role->bins_gathered == NULL) {
            role->bins_gathered = role->bins;
            role->bins = NULL;
        }
        role->is_touched = false;
        role->bins_are_touched = false;
    }
}

static void drop_gathered(struct slw_tuf_writer *writer)
{
    for (size_t i = 0; i < writer->roles_count; i++) {
        struct slw_tuf_writer_role *role = writer->roles[i];
        slw_tuf_draft_free(role->gathered);
        slw_tuf_draft_free(role->bins_gathered);
        role->gathered = NULL;
        role->bins_gathered = NULL;
        role->is_touched = false;
        role->bins_are_touched = false;
    }
}

enum slw_status slw_tuf_prepare_all(struct slw_tuf_writer *writer, bool stores,
                                    struct slw_detail *detail)
{
    enum slw_status status = stage_all(writer, stores, detail);
    if (slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE) {
        slw_tuf_prepare_undo(writer);
    } else if (status != SLW_OK) {
        drop_gathered(writer);
    }
    return status;
}

static enum slw_status prepare(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_published_load(writer, detail));
    SLW_TRY(slw_tuf_staged_load(writer, detail));
    return slw_tuf_prepare_all(writer, true, detail);
}

enum slw_status slw_tuf_writer_prepare(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_writer_enter(writer, detail));
    return slw_tuf_writer_leave(writer, prepare(writer, detail), detail);
}
