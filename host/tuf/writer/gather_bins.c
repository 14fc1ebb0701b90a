/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegating hash bins, as it is gathered (gather.h): what a role lists itself, or in bins of
 * another name, moves into them in the same publish.
 */
#include "bins.h"
#include "gather.h"

static enum slw_status move_listed(struct slw_tuf_writer_role *role,
                                   const struct slw_tuf_model *model, size_t at,
                                   struct slw_detail *detail)
{
    static const uint8_t none[SLW_SHA256_SIZE];
    struct slw_tuf_artifact artifact;
    slw_tuf_model_target(model, at, &artifact);
    if (memcmp(artifact.sha256, none, sizeof none) == 0) {
        return slw_explain(detail, SLW_MISSING_HASH,
                           "%.*s: is listed without a SHA-256, and can't go into a bin",
                           (int)(artifact.path.len < 300 ? artifact.path.len : 300),
                           (const char *)artifact.path.ptr);
    }
    return slw_tuf_draft_add(role->bins_gathered, &artifact, detail);
}

/* Targets that the role lists itself go into its bins: they are asked first, and would hide what a
 * bin says of the same path. What was gathered of the role itself counts. */
static enum slw_status move_own_targets(struct slw_tuf_writer_role *role, struct slw_detail *detail)
{
    const struct slw_tuf_model *model = slw_tuf_gather_model(role);
    struct slw_tuf_draft *gathered = role->gathered;
    SLW_TRY(slw_tuf_draft_settle(gathered, 0, detail));
    size_t said = gathered->entries_count;
    for (size_t i = 0; model != NULL && i < slw_tuf_model_targets_count(model); i++) {
        struct slw_tuf_artifact artifact;
        slw_tuf_model_target(model, i, &artifact);
        if (slw_tuf_draft_find(gathered, artifact.path) == NULL) {
            SLW_TRY(move_listed(role, model, i, detail));
            SLW_TRY(slw_tuf_draft_remove(gathered, artifact.path, detail));
        }
    }
    for (size_t i = 0; i < said; i++) {
        struct slw_tuf_draft_entry *entry = gathered->entries + i;
        struct slw_tuf_artifact artifact = {
            .path = slw_tuf_draft_path(gathered, entry),
            .length = entry->length,
            .custom = slw_bytes_make(gathered->arena.ptr + entry->custom, entry->custom_len),
        };
        memcpy(artifact.sha256, entry->sha256, sizeof artifact.sha256);
        if (!entry->removes) {
            SLW_TRY(slw_tuf_draft_add(role->bins_gathered, &artifact, detail));
        }
        entry->removes = true;
    }
    return SLW_OK;
}

static bool is_said(const struct slw_tuf_draft *draft, struct slw_bytes path)
{
    return draft != NULL && slw_tuf_draft_find(draft, path) != NULL;
}

/* Of bins that are published under another prefix. What is staged or gathered for them isn't bound
 * to the old ones. */
static enum slw_status move_old_bin(const struct slw_tuf_writer *writer,
                                    struct slw_tuf_writer_role *role,
                                    const struct slw_tuf_bins *old, uint32_t number,
                                    struct slw_detail *detail)
{
    struct slw_tuf_edition *bin = NULL;
    SLW_TRY(slw_tuf_bins_fetch(writer, old, number, &bin, detail));
    enum slw_status status = SLW_OK;
    for (size_t i = 0;
         bin != NULL && status == SLW_OK && i < slw_tuf_model_targets_count(bin->model); i++) {
        struct slw_tuf_artifact artifact;
        slw_tuf_model_target(bin->model, i, &artifact);
        if (!is_said(role->bins_gathered, artifact.path) && !is_said(role->bins, artifact.path)) {
            status = move_listed(role, bin->model, i, detail);
        }
    }
    slw_tuf_edition_free(bin);
    return status;
}

static enum slw_status move_old_bins(const struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, struct slw_bytes prefix,
                                     struct slw_detail *detail)
{
    struct slw_tuf_bins old;
    if (!slw_tuf_bins_of(role->published, &old) || slw_bytes_equal(old.prefix, prefix)) {
        return SLW_OK;
    }
    for (uint32_t number = 0; number < (uint32_t)1 << old.bit_length; number++) {
        SLW_TRY(move_old_bin(writer, role, &old, number, detail));
    }
    return slw_tuf_draft_revoke(role->gathered, old.prefix, detail);
}

enum slw_status slw_tuf_gather_bins(const struct slw_tuf_writer *writer,
                                    struct slw_tuf_writer_role *delegator,
                                    const struct slw_tuf_delegate *delegate,
                                    struct slw_detail *detail)
{
    struct slw_tuf_bins bins;
    bool has_bins = slw_tuf_bins_gathered(delegator, &bins);
    if (delegate->bit_length > SLW_TUF_BIT_LENGTH_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "hash bins: a bit length of 1 to %u",
                           SLW_TUF_BIT_LENGTH_MAX);
    }
    if (has_bins && slw_bytes_equal(bins.prefix, delegate->name) &&
        bins.bit_length != delegate->bit_length) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%.*s: there are bins of %u bits; take another name for bins of %u",
                           (int)delegate->name.len, (const char *)delegate->name.ptr,
                           bins.bit_length, delegate->bit_length);
    }
    SLW_TRY(slw_tuf_gather_into(&delegator->gathered, SLW_TUF_TARGETS, detail));
    SLW_TRY(slw_tuf_gather_into(&delegator->bins_gathered, SLW_TUF_TARGETS, detail));
    SLW_TRY(move_old_bins(writer, delegator, delegate->name, detail));
    SLW_TRY(move_own_targets(delegator, detail));
    return slw_tuf_draft_delegate(delegator->gathered, delegate, detail);
}
