/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing hash bins: bins.h. Each is made, signed and put before the next one is begun, so that
 * memory doesn't grow with their number. */
#include "bins.h"

#include "asker.h"

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
    struct slw_tuf_asker *asker;
    bool is_complete;
};

/* A bin of which there may be a next version. */
struct bin {
    uint32_t number;
    struct slw_tuf_edition *base; /* NULL: there is none */
    struct slw_tuf_question question;
};

static enum slw_status make_version(const struct batch *batch, struct bin *bin,
                                    struct slw_detail *detail)
{
    const struct slw_tuf_edition *snapshot = batch->writer->snapshot;
    struct slw_tuf_change *change = &bin->question.change.change;
    int64_t listed = 0;
    change->role = slw_heap_bytes(&bin->question.name);
    change->expires_utc_s = batch->expires_utc_s;
    if (snapshot != NULL &&
        slw_tuf_model_find_meta(snapshot->model, change->role, &listed) != SLW_OK) {
        listed = 0;
    }
    if (bin->base != NULL) {
        change->base_version = bin->base->version;
        memcpy(change->base_sha256, bin->base->digest, sizeof change->base_sha256);
    }
    return slw_tuf_store_free_version(batch->writer, slw_heap_text(&bin->question.name), listed + 1,
                                      &change->version, detail);
}

static enum slw_status put_answered(struct batch *batch, struct slw_tuf_question *question,
                                    struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_bytes name = slw_heap_bytes(&question->name);
    if (question->status != SLW_OK) {
        return slw_explain(detail, question->status, "%s", question->detail.text);
    }
    if (question->told.text[0] != '\0') {
        slw_tuf_writer_tell(batch->writer, "%s", question->told.text);
    }
    if (question->answer == SLW_TUF_REFUSED) {
        slw_tuf_writer_tell(batch->writer, "%s: the signer refuses: %s",
                            slw_heap_text(&question->name), question->detail.text);
    }
    if (!slw_tuf_delegators_agree(&batch->signers, question->edition)) {
        batch->is_complete = false;
    }
    if (!batch->is_complete) {
        return SLW_OK; /* the others are asked for all the same: who signs may take its time */
    }
    SLW_TRY(slw_tuf_edition_format(question->edition, name, detail));
    slw_tuf_key_of(question->edition->version, slw_heap_text(&question->name), key);
    SLW_TRY(
        slw_tuf_store_put(batch->writer, key, slw_heap_bytes(&question->edition->file), detail));
    return slw_tuf_metas_add(batch->metas, name, question->edition->version, detail);
}

static enum slw_status take_answer(struct batch *batch, struct slw_detail *detail)
{
    struct slw_tuf_question question;
    slw_tuf_asker_take(batch->asker, &question);
    enum slw_status status = put_answered(batch, &question, detail);
    slw_tuf_question_free(&question);
    return status;
}

static enum slw_status take_answers(struct batch *batch, struct slw_detail *detail)
{
    while (slw_tuf_asker_count(batch->asker) > 0) {
        SLW_TRY(take_answer(batch, detail));
    }
    return SLW_OK;
}

static enum slw_status apply(struct batch *batch, struct bin *bin, struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    SLW_TRY(make_version(batch, bin, detail));
    if (bin->base == NULL) {
        SLW_TRY(slw_tuf_model_new(SLW_TUF_TARGETS, slw_heap_bytes(&bin->question.name), &model,
                                  detail));
    } else {
        model = bin->base->model;
        bin->base->model = NULL;
    }
    enum slw_status status = slw_tuf_model_apply(model, &bin->question.change.change, detail);
    if (status != SLW_OK) {
        slw_tuf_model_free(model);
        return status;
    }
    SLW_TRY(slw_tuf_edition_make(SLW_TUF_TARGETS, model, &bin->question.edition, detail));
    if (slw_tuf_asker_is_full(batch->asker)) {
        SLW_TRY(take_answer(batch, detail));
    }
    slw_tuf_asker_put(batch->asker, &bin->question);
    return SLW_OK;
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
                           slw_heap_text(&bin->question.name));
    }
    bin->question.base = bin->base->file;
    bin->base->file = (struct slw_heap_buffer){0};
    return SLW_OK;
}

static bool is_wanted(const struct batch *batch, const struct bin *bin)
{
    if (bin->base == NULL || !slw_tuf_draft_change_is_empty(&bin->question.change)) {
        return true;
    }
    return bin->base->expires_utc_s <= batch->due_by_s ||
           (batch->is_rekeyed && !slw_tuf_delegators_agree(&batch->signers, bin->base));
}

/* Makes its next version, if it has one, and has the signer asked for it. */
static enum slw_status make_bin(struct batch *batch, struct bin *bin, size_t from, size_t to,
                                struct slw_detail *detail)
{
    slw_tuf_bin_name(batch->bins.prefix, batch->bins.bit_length, bin->number, &bin->question.name);
    if (bin->question.name.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = load_base(batch, bin, detail);
    if (status != SLW_OK && slw_status_class(status) != SLW_CLASS_IO && status != SLW_NO_SPACE) {
        /* Others needn't wait for it, but those that change with it. */
        slw_tuf_writer_tell(batch->writer, "%s can't be gone on from: %s",
                            slw_heap_text(&bin->question.name), detail->text);
        batch->is_complete = batch->is_complete && from == to && !batch->is_rekeyed;
        return SLW_OK;
    }
    SLW_TRY(status);
    SLW_TRY(slw_tuf_draft_change(batch->draft, bin->base == NULL ? NULL : bin->base->model, from,
                                 to, &bin->question.change, detail));
    return is_wanted(batch, bin) ? apply(batch, bin, detail) : SLW_OK;
}

static enum slw_status publish_bin(struct batch *batch, uint32_t number, size_t from, size_t to,
                                   struct slw_detail *detail)
{
    struct bin bin = {.number = number};
    enum slw_status status = make_bin(batch, &bin, from, to, detail);
    slw_tuf_question_free(&bin.question);
    slw_tuf_edition_free(bin.base);
    return status;
}

static bool touches_all(const struct batch *batch)
{
    return batch->is_fresh || batch->is_rekeyed || batch->due_by_s > 0;
}

/* Every bin when all may have to change, else those that the draft speaks of. */
static enum slw_status publish_bins(struct batch *batch, struct slw_detail *detail)
{
    bool all = touches_all(batch);
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
    return take_answers(batch, detail);
}

/* The signer is asked in a thread of its own where more than one bin may change. */
static enum slw_status ask_and_publish(struct batch *batch, struct slw_detail *detail)
{
    const struct slw_tuf_draft *draft = batch->draft;
    bool many = touches_all(batch) ||
                (draft->entries_count > 1 &&
                 draft->entries[0].bin != draft->entries[draft->entries_count - 1].bin);
    SLW_TRY(slw_tuf_asker_new(batch->writer->options.provider, &batch->signers, many, &batch->asker,
                              detail));
    enum slw_status status = publish_bins(batch, detail);
    slw_tuf_asker_free(batch->asker);
    return status;
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
        status = ask_and_publish(&batch, detail);
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
