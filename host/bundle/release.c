/* SPDX-License-Identifier: Apache-2.0 */
/* Builds that become releases. See bundle_release.h. */
#include "slipway/bundle_release.h"

#include "slipway/endorsements.h"
#include "slipway/explain.h"
#include "slipway/signed_draft.h"

#include <stdlib.h>
#include <string.h>

/* --- Metadata --- */

static void set_number(int64_t value, uint32_t *number)
{
    if (value >= 0 && value <= UINT32_MAX) {
        *number = (uint32_t)value;
    }
}

enum slw_status slw_release_metadata(struct slw_bytes serialized,
                                     const struct slw_bundle_release *release,
                                     struct slw_heap_buffer *ret_serialized,
                                     struct slw_detail *detail)
{
    struct slw_targets_draft draft = {0};
    struct slw_heap_buffer made = {0};
    SLW_TRY(slw_targets_draft_parse(serialized, &draft, detail));
    enum slw_status status = SLW_OK;
    if (draft.unknown_fields > 0) {
        status = slw_explain(detail, SLW_UNKNOWN_CRITICAL_FIELD,
                             "the build's metadata have fields that would be lost");
    }
    draft.version = release->version;
    draft.release_version =
        release->release_version.ptr != NULL ? release->release_version : draft.release_version;
    draft.release_notes = release->notes.ptr != NULL ? release->notes : draft.release_notes;
    set_number(release->urgency, &draft.urgency);
    set_number(release->min_installed_version, &draft.min_installed_version);
    set_number(release->security_floor, &draft.security_floor);
    if (release->expires_utc_s >= 0) {
        draft.expires = (struct slw_expiry){.present = true, .seconds = release->expires_utc_s};
    }
    if (status == SLW_OK) {
        status = slw_targets_draft_encode(&draft, &made, detail);
    }
    if (status == SLW_OK) {
        status = slw_targets_check_content(slw_heap_bytes(&made), detail);
    }
    if (status == SLW_OK) {
        slw_heap_append(ret_serialized, slw_heap_bytes(&made));
        status = ret_serialized->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_targets_draft_free(&draft);
    slw_heap_free(&made);
    return status;
}

/* --- Bundles --- */

struct writing {
    const struct slw_bundle_index *index;
    struct slw_detail *detail;
    struct slw_heap_buffer message;  /* the new SignedTargetsMetadata */
    struct slw_heap_buffer old;      /* the build's */
    struct slw_targets_draft listed; /* of the build's */
    struct slw_bundle_payload *payloads;
    size_t payloads_count;
    struct slw_piece *history, *others;
    size_t others_count;
    struct slw_heap_buffer added; /* fields of endorsements */
};

static enum slw_status refuse_payload(const struct writing *writing, enum slw_status status,
                                      struct slw_bytes name)
{
    struct slw_heap_buffer text = {0};
    slw_quote(name, &text);
    (void)slw_explain(writing->detail, status, "bundle: payload %s: %s", slw_heap_text(&text),
                      slw_status_meaning(status));
    slw_heap_free(&text);
    return status;
}

static enum slw_status take_payload(struct writing *writing, struct slw_bytes name, uint64_t length,
                                    struct slw_bytes sha256)
{
    const struct slw_payload_entry *entry = slw_bundle_index_find(writing->index, name);
    if (entry == NULL) {
        return SLW_OK;
    }
    if (entry->value.length != length) {
        return refuse_payload(writing, SLW_WRONG_LENGTH, name);
    }
    if (sha256.len != SLW_SHA256_SIZE) {
        return refuse_payload(writing, SLW_MISSING_HASH, name);
    }
    struct slw_bundle_payload *payload = &writing->payloads[writing->payloads_count++];
    *payload = (struct slw_bundle_payload){
        .name = entry->name,
        .piece = {.source = writing->index->source, .span = entry->value},
        .length = length,
        .expected = true,
    };
    memcpy(payload->sha256, sha256.ptr, SLW_SHA256_SIZE);
    return SLW_OK;
}

/* In the order of the metadata; their content was checked, so that no name is listed twice. */
static enum slw_status take_payloads(struct writing *writing)
{
    const struct slw_targets_draft *listed = &writing->listed;
    writing->payloads = calloc(writing->index->payloads_count + 1, sizeof *writing->payloads);
    if (writing->payloads == NULL) {
        return slw_explain_no_memory(writing->detail);
    }
    for (size_t i = 0; i < listed->targets_count; i++) {
        const struct slw_target_draft *target = &listed->targets[i];
        SLW_TRY(take_payload(writing, target->name, target->length, target->sha256));
        for (size_t j = 0; j < target->encodings_count; j++) {
            const struct slw_encoding_draft *encoding = &target->encodings[j];
            SLW_TRY(
                take_payload(writing, encoding->payload_name, encoding->length, encoding->sha256));
        }
    }
    return writing->payloads_count == writing->index->payloads_count
               ? SLW_OK
               : slw_explain(writing->detail, SLW_UNLISTED_PAYLOAD,
                             "bundle: has a payload that its metadata don't list");
}

static enum slw_status open_build(struct writing *writing, struct slw_signed_draft *ret_draft)
{
    const struct slw_bundle_index *index = writing->index;
    if (!index->has_targets) {
        return slw_explain(writing->detail, SLW_MISSING_TARGETS, "bundle: has no metadata");
    }
    SLW_TRY(slw_source_load("bundle", index->source, index->targets, SLW_TARGETS_SIZE_MAX + 65536u,
                            &writing->old, writing->detail));
    SLW_TRY(slw_signed_draft_parse("bundle", slw_heap_bytes(&writing->old), ret_draft,
                                   writing->detail));
    SLW_TRY(slw_targets_check_content(ret_draft->serialized, writing->detail));
    SLW_TRY(slw_targets_draft_parse(ret_draft->serialized, &writing->listed, writing->detail));
    return take_payloads(writing);
}

static bool is_there(const struct slw_endorsements *list, struct slw_bytes envelope)
{
    for (size_t i = 0; i < list->count; i++) {
        if (slw_bytes_equal(list->items[i], envelope)) {
            return true;
        }
    }
    return false;
}

/* What the build has beside root, metadata and payloads, without a proof, which is of other
 * metadata. */
static enum slw_status take_others(struct writing *writing, bool keeps_proof, size_t more)
{
    const struct slw_bundle_index *index = writing->index;
    writing->others = calloc(index->others_count + more + 1, sizeof *writing->others);
    if (writing->others == NULL) {
        return slw_explain_no_memory(writing->detail);
    }
    for (size_t i = 0; i < index->others_count; i++) {
        if (keeps_proof || !index->has_transparency_proof || i != index->proof_other) {
            writing->others[writing->others_count++] =
                (struct slw_piece){.source = index->source, .span = index->others[i]};
        }
    }
    return SLW_OK;
}

static enum slw_status add_endorsements(struct writing *writing,
                                        const struct slw_bundle_release *release)
{
    struct slw_endorsements list;
    SLW_TRY(slw_endorsements_load("bundle", writing->index, &list, writing->detail));
    for (size_t i = 0; i < release->endorsements_count; i++) {
        if (!is_there(&list, release->endorsements[i])) {
            slw_endorsement_encode(release->endorsements[i], &writing->added);
        }
    }
    slw_endorsements_free(&list);
    if (writing->added.status != SLW_OK) {
        return slw_explain_no_memory(writing->detail);
    }
    if (writing->added.len > 0) {
        writing->others[writing->others_count++].bytes = slw_heap_bytes(&writing->added);
    }
    return SLW_OK;
}

static enum slw_status give_message(void *context, bool final, struct slw_heap_buffer *ret_message,
                                    struct slw_detail *detail)
{
    const struct writing *writing = context;
    (void) final;
    slw_heap_append(ret_message, slw_heap_bytes(&writing->message));
    return ret_message->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status write_parts(struct writing *writing, struct slw_bundle_parts parts,
                                   struct slw_output *output)
{
    const struct slw_bundle_index *index = writing->index;
    if (parts.root_history_count == 0) {
        writing->history = calloc(index->history_count + 1, sizeof *writing->history);
        if (writing->history == NULL) {
            return slw_explain_no_memory(writing->detail);
        }
        for (size_t i = 0; i < index->history_count; i++) {
            writing->history[i] =
                (struct slw_piece){.source = index->source, .span = index->history[i]};
        }
        parts.root_history = writing->history;
        parts.root_history_count = index->history_count;
    }
    if (parts.root.bytes.len == 0 && index->has_root) {
        parts.root = (struct slw_piece){.source = index->source, .span = index->root};
    }
    parts.others = writing->others;
    parts.others_count = writing->others_count;
    parts.payloads = writing->payloads;
    parts.payloads_count = writing->payloads_count;
    parts.targets = give_message;
    parts.context = writing;
    return slw_bundle_write(&parts, output, writing->detail);
}

static void finish(struct writing *writing)
{
    slw_heap_free(&writing->message);
    slw_heap_free(&writing->old);
    slw_heap_free(&writing->added);
    slw_targets_draft_free(&writing->listed);
    free(writing->payloads);
    free(writing->history);
    free(writing->others);
}

/* --- A release, unsigned --- */

static enum slw_status make_message(struct writing *writing, struct slw_bytes serialized,
                                    const struct slw_bundle_release *release)
{
    struct slw_heap_buffer made = {0};
    enum slw_status status = slw_release_metadata(serialized, release, &made, writing->detail);
    if (status == SLW_OK) {
        struct slw_signed_draft draft = {.serialized = slw_heap_bytes(&made)};
        status = slw_signed_draft_encode(&draft, &writing->message, writing->detail);
    }
    slw_heap_free(&made);
    return status;
}

static enum slw_status write_release(struct writing *writing,
                                     const struct slw_bundle_release *release,
                                     struct slw_output *output)
{
    struct slw_signed_draft build;
    SLW_TRY(open_build(writing, &build));
    SLW_TRY(make_message(writing, build.serialized, release));
    SLW_TRY(take_others(writing, false, 1));
    SLW_TRY(add_endorsements(writing, release));
    struct slw_bundle_parts parts = {.root = {.bytes = release->root}};
    struct slw_piece *pieces = NULL;
    if (release->history_count > 0) {
        pieces = calloc(release->history_count, sizeof *pieces);
        if (pieces == NULL) {
            return slw_explain_no_memory(writing->detail);
        }
        for (size_t i = 0; i < release->history_count; i++) {
            pieces[i].bytes = release->history[i];
        }
        parts.root_history = pieces;
        parts.root_history_count = release->history_count;
    }
    enum slw_status status = write_parts(writing, parts, output);
    free(pieces);
    return status;
}

enum slw_status slw_bundle_write_release(const struct slw_bundle_index *index,
                                         const struct slw_bundle_release *release,
                                         struct slw_output *output, struct slw_detail *detail)
{
    struct writing writing = {.index = index, .detail = detail};
    enum slw_status status = write_release(&writing, release, output);
    finish(&writing);
    return status;
}

/* --- Signed --- */

enum slw_status slw_bundle_write_signed(const struct slw_bundle_index *index,
                                        const uint8_t key_id[static SLW_SHA256_SIZE],
                                        const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                        struct slw_bytes proof, struct slw_output *output,
                                        struct slw_detail *detail)
{
    struct writing writing = {.index = index, .detail = detail};
    struct slw_signed_draft draft;
    enum slw_status status = open_build(&writing, &draft);
    if (status == SLW_OK) {
        status = slw_signed_draft_set(&draft, key_id, signature, detail);
    }
    if (status == SLW_OK) {
        status = slw_signed_draft_encode(&draft, &writing.message, detail);
    }
    if (status == SLW_OK) {
        status = take_others(&writing, proof.len == 0, 1);
    }
    if (status == SLW_OK && proof.len > 0) {
        slw_bundle_proof_encode(proof, &writing.added);
        status = writing.added.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
        writing.others[writing.others_count++].bytes = slw_heap_bytes(&writing.added);
    }
    if (status == SLW_OK) {
        status = write_parts(&writing, (struct slw_bundle_parts){0}, output);
    }
    finish(&writing);
    return status;
}
