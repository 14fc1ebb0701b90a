/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a changed bundle in place of the old one: signing, adding signatures, files or a root.
 * The payloads that are there already are hashed on their way, so that nobody signs or passes on
 * what every device would refuse.
 */
#include "bundle.h"
#include "progress.h"

#include "slipway/explain.h"

#include <stdlib.h>

struct rewriting {
    struct cli *cli;
    const struct cli_bundle_file *bundle;
    const struct cli_bundle_change *change;
    struct slw_targets_draft old; /* what the metadata lists */
    struct slw_bundle_payload *payloads;
    size_t payloads_count;
    struct slw_bundle_payload *additions; /* the last of them */
};

static enum slw_status refuse_payload(struct rewriting *rewriting, enum slw_status status,
                                      struct slw_bytes name)
{
    struct slw_heap_buffer text = {0};
    slw_quote(name, &text);
    (void)slw_explain(&rewriting->cli->detail, status, "%s: payload %s: %s",
                      rewriting->bundle->path, slw_heap_text(&text), slw_status_meaning(status));
    slw_heap_free(&text);
    return status;
}

/* A payload that the metadata lists, when the bundle has it. */
static enum slw_status take_listed(struct rewriting *rewriting, struct slw_bytes name,
                                   uint64_t length, struct slw_bytes sha256)
{
    const struct slw_payload_entry *entry = slw_bundle_index_find(&rewriting->bundle->index, name);
    if (entry == NULL) {
        return SLW_OK;
    }
    if (entry->value.length != length) {
        return refuse_payload(rewriting, SLW_WRONG_LENGTH, name);
    }
    if (sha256.len != SLW_SHA256_SIZE) {
        return refuse_payload(rewriting, SLW_MISSING_HASH, name);
    }
    struct slw_bundle_payload *payload = &rewriting->payloads[rewriting->payloads_count++];
    *payload = (struct slw_bundle_payload){
        .name = entry->name,
        .piece = {.source = rewriting->bundle->index.source, .span = entry->value},
        .length = length,
        .expected = true,
    };
    memcpy(payload->sha256, sha256.ptr, SLW_SHA256_SIZE);
    return SLW_OK;
}

static bool is_taken(const struct rewriting *rewriting, struct slw_bytes name)
{
    for (size_t i = 0; i < rewriting->payloads_count; i++) {
        if (slw_bytes_equal(rewriting->payloads[i].name, name)) {
            return true;
        }
    }
    return false;
}

static enum slw_status refuse_unlisted(struct rewriting *rewriting)
{
    const struct slw_bundle_index *index = &rewriting->bundle->index;
    size_t at = 0;
    while (at + 1 < index->payloads_count && is_taken(rewriting, index->payloads[at].name)) {
        at++;
    }
    return refuse_payload(rewriting, SLW_UNLISTED_PAYLOAD, index->payloads[at].name);
}

/* The content was checked: no name is listed twice, so there are never more than the bundle's. */
static enum slw_status order_payloads(struct rewriting *rewriting)
{
    const struct slw_targets_draft *old = &rewriting->old;
    for (size_t i = 0; i < old->targets_count; i++) {
        const struct slw_target_draft *target = &old->targets[i];
        SLW_TRY(take_listed(rewriting, target->name, target->length, target->sha256));
        for (size_t j = 0; j < target->encodings_count; j++) {
            const struct slw_encoding_draft *encoding = &target->encodings[j];
            SLW_TRY(
                take_listed(rewriting, encoding->payload_name, encoding->length, encoding->sha256));
        }
    }
    if (rewriting->payloads_count < rewriting->bundle->index.payloads_count) {
        return refuse_unlisted(rewriting);
    }
    return SLW_OK;
}

static void append_additions(struct rewriting *rewriting)
{
    const struct cli_payloads *additions = rewriting->change->additions;
    rewriting->additions = &rewriting->payloads[rewriting->payloads_count];
    for (size_t i = 0; additions != NULL && i < additions->count; i++) {
        rewriting->payloads[rewriting->payloads_count++] = additions->items[i];
    }
}

/* The metadata with more targets, without signatures. */
static enum slw_status write_longer(struct rewriting *rewriting, bool final,
                                    struct slw_heap_buffer *ret_message, struct slw_detail *detail)
{
    struct cli_payloads added = {rewriting->additions, rewriting->change->additions->count};
    struct slw_targets_draft draft = {0};
    struct slw_heap_buffer serialized = {0};
    enum slw_status status = cli_payloads_list(&added, &draft);
    if (status == SLW_OK) {
        status = slw_targets_append(rewriting->bundle->targets.serialized, draft.targets,
                                    draft.targets_count, &serialized, detail);
    }
    if (status == SLW_OK && !final) {
        status = slw_targets_check_content(slw_heap_bytes(&serialized), detail);
    }
    if (status == SLW_OK) {
        struct slw_signed_draft wrapper = {.serialized = slw_heap_bytes(&serialized)};
        status = slw_signed_draft_encode(&wrapper, ret_message, detail);
    }
    slw_targets_draft_free(&draft);
    slw_heap_free(&serialized);
    return status;
}

static bool adds_targets(const struct rewriting *rewriting)
{
    return rewriting->change->additions != NULL && rewriting->change->additions->count > 0;
}

static enum slw_status write_targets(void *context, bool final, struct slw_heap_buffer *ret_message,
                                     struct slw_detail *detail)
{
    struct rewriting *rewriting = context;
    if (!adds_targets(rewriting)) {
        return slw_signed_draft_encode(rewriting->change->targets, ret_message, detail);
    }
    return write_longer(rewriting, final, ret_message, detail);
}

/* A proof is about the metadata as they were: of others it proves nothing. */
static size_t leave_out_proof(const struct rewriting *rewriting, struct slw_piece *others,
                              size_t count)
{
    const struct slw_bundle_index *index = &rewriting->bundle->index;
    if (!index->has_transparency_proof || !adds_targets(rewriting)) {
        return count;
    }
    for (size_t i = index->proof_other; i + 1 < count; i++) {
        others[i] = others[i + 1];
    }
    cli_note(rewriting->cli, "%s: dropped the transparency proof", rewriting->bundle->path);
    return count - 1;
}

/* With room for one more. */
static struct slw_piece *pieces_of(const struct slw_source *source, const struct slw_span *spans,
                                   size_t count)
{
    struct slw_piece *pieces = calloc(count + 1, sizeof *pieces);
    if (pieces == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        pieces[i] = (struct slw_piece){.source = source, .span = spans[i]};
    }
    return pieces;
}

static enum slw_status write_file(struct rewriting *rewriting, struct slw_bundle_parts parts)
{
    struct cli *cli = rewriting->cli;
    struct slw_output output;
    struct cli_progress progress;
    SLW_TRY(slw_output_open(rewriting->bundle->path, SLW_OUTPUT_REPLACE, &output, &cli->detail));
    cli_progress_begin(&progress, cli, rewriting->change->what);
    parts.progress = &progress.progress;
    enum slw_status status = slw_bundle_write(&parts, &output, &cli->detail);
    if (status == SLW_OK) {
        status = slw_file_source_check_unchanged(&rewriting->bundle->file, &cli->detail);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&output, &cli->detail);
    }
    slw_output_discard(&output);
    cli_progress_end(&progress);
    return status;
}

static enum slw_status write_parts(struct rewriting *rewriting)
{
    const struct slw_bundle_index *index = &rewriting->bundle->index;
    struct slw_piece *history = pieces_of(index->source, index->history, index->history_count);
    struct slw_piece *others = pieces_of(index->source, index->others, index->others_count);
    struct slw_bundle_parts parts = {
        .root_history = history,
        .root_history_count = index->history_count,
        .others = others,
        .payloads = rewriting->payloads,
        .payloads_count = rewriting->payloads_count,
        .targets = write_targets,
        .context = rewriting,
    };
    if (rewriting->change->new_root.len > 0) {
        parts.root.bytes = rewriting->change->new_root;
    } else if (index->has_root) {
        parts.root = (struct slw_piece){.source = index->source, .span = index->root};
    }
    enum slw_status status = SLW_NO_SPACE;
    if (history == NULL || others == NULL) {
        status = slw_explain_no_memory(&rewriting->cli->detail);
    } else {
        parts.others_count = leave_out_proof(rewriting, others, index->others_count);
        if (rewriting->change->new_other.len > 0) {
            others[parts.others_count++].bytes = rewriting->change->new_other; /* there is room */
        }
        status = write_file(rewriting, parts);
    }
    free(history);
    free(others);
    return status;
}

static enum slw_status rewrite(struct rewriting *rewriting)
{
    struct cli *cli = rewriting->cli;
    const struct cli_bundle_file *bundle = rewriting->bundle;
    const struct cli_payloads *additions = rewriting->change->additions;
    size_t count = bundle->index.payloads_count + (additions == NULL ? 0 : additions->count);
    if (!bundle->index.has_targets) {
        return slw_explain(&cli->detail, SLW_MISSING_TARGETS, "%s: %s", bundle->path,
                           slw_status_meaning(SLW_MISSING_TARGETS));
    }
    SLW_TRY(slw_targets_check_content(bundle->targets.serialized, &cli->detail));
    SLW_TRY(slw_targets_draft_parse(bundle->targets.serialized, &rewriting->old, &cli->detail));
    rewriting->payloads = calloc(count + 1, sizeof *rewriting->payloads);
    if (rewriting->payloads == NULL) {
        return slw_explain_no_memory(&cli->detail);
    }
    SLW_TRY(order_payloads(rewriting));
    append_additions(rewriting);
    return write_parts(rewriting);
}

enum cli_exit cli_bundle_rewrite(struct cli *cli, const struct cli_bundle_file *bundle,
                                 const struct cli_bundle_change *change)
{
    struct rewriting rewriting = {.cli = cli, .bundle = bundle, .change = change};
    enum slw_status status = rewrite(&rewriting);
    slw_targets_draft_free(&rewriting.old);
    free(rewriting.payloads);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}
