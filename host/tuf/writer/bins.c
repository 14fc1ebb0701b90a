/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing hash bins: bins.h. Each is made, signed and put before the next one is begun, so that
 * memory doesn't grow with their number. */
#include "bins.h"

#include <stdlib.h>

/* What is the same for all bins of one delegator in one publish. */
struct batch {
    struct slw_tuf_writer *writer;
    struct slw_tuf_bins bins;    /* as they will be */
    bool is_fresh;               /* nothing is published of these bins */
    bool is_rekeyed;             /* their keys are others than those that are published */
    struct slw_tuf_draft *draft; /* what is staged and gathered, settled */
    bool owns_draft;
    struct slw_tuf_delegators signers;     /* who will speak for them */
    struct slw_tuf_delegators old_signers; /* who does now */
    int64_t expires_utc_s;
    int64_t due_by_s;
    struct slw_tuf_metas *metas;
    bool is_complete;
};

/* The bins of a delegator that are to be made anew, each with its entries of the draft. */
struct bin {
    uint32_t number;
    size_t from;
    size_t to;
    struct slw_heap_buffer name;
    struct slw_tuf_edition *base; /* NULL: there is none */
    struct slw_heap_buffer base_file;
};

static enum slw_status make_version(const struct batch *batch, struct bin *bin,
                                    struct slw_tuf_change *change, struct slw_detail *detail)
{
    const struct slw_tuf_edition *snapshot = batch->writer->snapshot;
    int64_t listed = 0;
    if (snapshot != NULL &&
        slw_tuf_model_find_meta(snapshot->model, slw_heap_bytes(&bin->name), &listed) != SLW_OK) {
        listed = 0;
    }
    change->role = slw_heap_bytes(&bin->name);
    change->expires_utc_s = batch->expires_utc_s;
    if (bin->base != NULL) {
        change->base_version = bin->base->version;
        memcpy(change->base_sha256, bin->base->digest, sizeof change->base_sha256);
    }
    return slw_tuf_store_free_version(batch->writer, slw_heap_text(&bin->name), listed + 1,
                                      &change->version, detail);
}

static enum slw_status sign_and_put(struct batch *batch, struct bin *bin,
                                    const struct slw_tuf_change *change,
                                    struct slw_tuf_edition *edition, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    enum slw_tuf_answer answer = SLW_TUF_PENDING;
    SLW_TRY(slw_tuf_ask(batch->writer, change, slw_heap_bytes(&bin->base_file), &batch->signers,
                        edition, &answer, detail));
    if (answer == SLW_TUF_REFUSED) {
        slw_tuf_writer_tell(batch->writer, "%s: the signer refuses: %s", slw_heap_text(&bin->name),
                            detail->text);
    }
    if (!slw_tuf_delegators_agree(&batch->signers, edition)) {
        batch->is_complete = false;
    }
    if (!batch->is_complete) {
        return SLW_OK; /* the others are asked for all the same: who signs may take its time */
    }
    SLW_TRY(slw_tuf_edition_format(edition, slw_heap_bytes(&bin->name), detail));
    slw_tuf_key_of(edition->version, slw_heap_text(&bin->name), key);
    SLW_TRY(slw_tuf_store_put(batch->writer, key, slw_heap_bytes(&edition->file), detail));
    return slw_tuf_metas_add(batch->metas, slw_heap_bytes(&bin->name), edition->version, detail);
}

static enum slw_status apply(struct batch *batch, struct bin *bin,
                             struct slw_tuf_draft_change *change, struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    struct slw_tuf_edition *edition = NULL;
    SLW_TRY(make_version(batch, bin, &change->change, detail));
    if (bin->base == NULL) {
        SLW_TRY(slw_tuf_model_new(SLW_TUF_TARGETS, slw_heap_bytes(&bin->name), &model, detail));
    } else {
        model = bin->base->model;
        bin->base->model = NULL;
    }
    enum slw_status status = slw_tuf_model_apply(model, &change->change, detail);
    if (status != SLW_OK) {
        slw_tuf_model_free(model);
        return status;
    }
    SLW_TRY(slw_tuf_edition_make(SLW_TUF_TARGETS, model, &edition, detail));
    status = sign_and_put(batch, bin, &change->change, edition, detail);
    slw_tuf_edition_free(edition);
    return status;
}

/* The published version is what the next one is built on, if it is who it says it is. */
static enum slw_status load_base(struct batch *batch, struct bin *bin, struct slw_detail *detail)
{
    if (batch->is_fresh) {
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_bins_fetch(batch->writer, &batch->bins, bin->number, &bin->base, detail));
    if (bin->base == NULL) {
        return SLW_OK;
    }
    if (!slw_tuf_delegators_agree(&batch->old_signers, bin->base)) {
        return slw_explain(detail, SLW_BELOW_THRESHOLD,
                           "%s: isn't signed by the keys that speak for it: nothing is built on it",
                           slw_heap_text(&bin->name));
    }
    bin->base_file = bin->base->file;
    bin->base->file = (struct slw_heap_buffer){0};
    return SLW_OK;
}

static bool is_wanted(const struct batch *batch, const struct bin *bin,
                      const struct slw_tuf_draft_change *change)
{
    if (bin->base == NULL || !slw_tuf_draft_change_is_empty(change)) {
        return true;
    }
    return bin->base->expires_utc_s <= batch->due_by_s ||
           (batch->is_rekeyed && !slw_tuf_delegators_agree(&batch->signers, bin->base));
}

static enum slw_status publish_bin(struct batch *batch, uint32_t number, size_t from, size_t to,
                                   struct slw_detail *detail)
{
    struct bin bin = {.number = number, .from = from, .to = to};
    struct slw_tuf_draft_change change = {0};
    slw_tuf_bin_name(batch->bins.prefix, batch->bins.bit_length, number, &bin.name);
    enum slw_status status = bin.name.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status = load_base(batch, &bin, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_draft_change(batch->draft, bin.base == NULL ? NULL : bin.base->model, from,
                                      to, &change, detail);
    }
    if (status == SLW_OK && is_wanted(batch, &bin, &change)) {
        status = apply(batch, &bin, &change, detail);
    }
    slw_tuf_draft_change_free(&change);
    slw_tuf_edition_free(bin.base);
    slw_heap_free(&bin.base_file);
    slw_heap_free(&bin.name);
    return status;
}

/* Every bin when all may have to change, else those that the draft speaks of. */
static enum slw_status publish_bins(struct batch *batch, struct slw_detail *detail)
{
    bool all = batch->is_fresh || batch->is_rekeyed || batch->due_by_s > 0;
    const struct slw_tuf_draft *draft = batch->draft;
    size_t from = 0;
    for (uint32_t number = 0; number < (uint32_t)1 << batch->bins.bit_length; number++) {
        if (!all) {
            if (from == draft->entries_count) {
                break;
            }
            number = draft->entries[from].bin;
        }
        size_t to = from;
        while (to < draft->entries_count && draft->entries[to].bin == number) {
            to++;
        }
        SLW_TRY(publish_bin(batch, number, from, to, detail));
        from = to;
    }
    return SLW_OK;
}

static enum slw_status add_signers(const struct slw_tuf_bins *bins,
                                   struct slw_tuf_delegators *delegators, struct slw_detail *detail)
{
    delegators->list = calloc(1, sizeof *delegators->list);
    if (delegators->list == NULL) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(slw_tuf_signers_load(bins->delegator->model, bins->at, delegators->list, detail));
    delegators->count = 1;
    return SLW_OK;
}

static enum slw_status gather_draft(struct batch *batch, struct slw_tuf_writer_role *role,
                                    struct slw_detail *detail)
{
    batch->draft = role->bins != NULL ? role->bins : role->bins_gathered;
    if (batch->draft == NULL || (role->bins != NULL && role->bins_gathered != NULL)) {
        SLW_TRY(slw_tuf_draft_new(SLW_TUF_TARGETS, &batch->draft, detail));
        batch->owns_draft = true;
    }
    if (role->bins != NULL && role->bins_gathered != NULL) {
        SLW_TRY(slw_tuf_draft_join(batch->draft, role->bins, detail));
        SLW_TRY(slw_tuf_draft_join(batch->draft, role->bins_gathered, detail));
    }
    return slw_tuf_draft_settle(batch->draft, batch->bins.bit_length, detail);
}

/* As staged, so that a signer that was asked before is asked for the same; unless too little is
 * left of it. */
static int64_t choose_expiry(const struct slw_tuf_writer *writer,
                             const struct slw_tuf_writer_role *role)
{
    const struct slw_tuf_period *period = writer->settings.periods + SLW_TUF_TARGETS;
    int64_t now = slw_tuf_writer_now(writer);
    if (role->bins != NULL && role->bins_gathered == NULL &&
        role->bins_applied.expires_utc_s > now + (int64_t)period->due_s) {
        return role->bins_applied.expires_utc_s;
    }
    return now + (int64_t)period->expires_s;
}

static enum slw_status prepare_batch(struct batch *batch, struct slw_tuf_writer_role *role,
                                     struct slw_detail *detail)
{
    struct slw_tuf_bins old;
    batch->is_fresh = !slw_tuf_bins_of(role->published, &old) ||
                      !slw_bytes_equal(old.prefix, batch->bins.prefix) ||
                      old.bit_length != batch->bins.bit_length;
    batch->expires_utc_s = choose_expiry(batch->writer, role);
    SLW_TRY(add_signers(&batch->bins, &batch->signers, detail));
    if (!batch->is_fresh) {
        batch->is_rekeyed = !slw_tuf_signers_are_same(old.delegator->model, old.at,
                                                      batch->bins.delegator->model, batch->bins.at);
        SLW_TRY(add_signers(&old, &batch->old_signers, detail));
    }
    return gather_draft(batch, role, detail);
}

enum slw_status slw_tuf_bins_publish(struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, int64_t due_by_s,
                                     struct slw_tuf_metas *metas,
                                     enum slw_tuf_bins_outcome *ret_outcome,
                                     struct slw_detail *detail)
{
    struct batch batch = {
        .writer = writer, .due_by_s = due_by_s, .metas = metas, .is_complete = true};
    if (!slw_tuf_bins_of(slw_tuf_role_edition(role, SLW_TUF_VIEW_NEXT), &batch.bins)) {
        *ret_outcome = SLW_TUF_BINS_DONE;
        return SLW_OK;
    }
    enum slw_status status = prepare_batch(&batch, role, detail);
    if (status == SLW_OK) {
        status = publish_bins(&batch, detail);
    }
    if (batch.owns_draft) {
        slw_tuf_draft_free(batch.draft);
    }
    slw_tuf_delegators_free(&batch.signers);
    slw_tuf_delegators_free(&batch.old_signers);
    SLW_TRY(status);
    if (batch.is_complete) {
        *ret_outcome = SLW_TUF_BINS_DONE;
    } else {
        *ret_outcome =
            batch.is_fresh || batch.is_rekeyed ? SLW_TUF_BINS_HOLD_THE_ROLE : SLW_TUF_BINS_WAIT;
    }
    return SLW_OK;
}
