/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets metadata that exists already: adding targets to it without touching the rest, and asking
 * the verifier whether it could be accepted at all.
 */
#include "slipway/targets_draft.h"

#include "slipway/explain.h"

#include <stdlib.h>

/* Nothing is known, so that each field comes whole: tag, length and value, packed ones too. */
static const struct slw_proto_rules no_rules = {NULL, 0};

/* Copies the whole fields of serialized that are (or aren't) beyond the targets' number. */
static enum slw_status copy_fields(struct slw_bytes serialized, bool beyond,
                                   struct slw_heap_buffer *ret_copy)
{
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field = {0};
    slw_reader_init_bytes(&reader, serialized);
    slw_proto_begin(&proto, &reader, &no_rules);
    bool more = slw_proto_next(&proto, &field);
    while (more) {
        struct slw_proto_field current = field;
        more = slw_proto_next(&proto, &field);
        uint64_t end = more ? field.start : serialized.len;
        if ((current.number > SLW_TARGETS_TARGET_FILES) == beyond) {
            slw_heap_append(ret_copy, slw_bytes_make(serialized.ptr + current.start,
                                                     (size_t)(end - current.start)));
        }
    }
    return reader.status;
}

enum slw_status slw_targets_append(struct slw_bytes serialized, const struct slw_target_draft *more,
                                   size_t more_count, struct slw_heap_buffer *ret_serialized,
                                   struct slw_detail *detail)
{
    enum slw_status status = copy_fields(serialized, false, ret_serialized);
    if (status == SLW_OK) {
        status = slw_target_drafts_encode(more, more_count, ret_serialized, detail);
    }
    if (status == SLW_OK) {
        status = copy_fields(serialized, true, ret_serialized);
    }
    if (status == SLW_OK && ret_serialized->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    return status;
}

/* One entry a target, a slot and an encoding at most; the verifier's limit is on targets alone. */
static size_t names_needed(const struct slw_targets_draft *draft)
{
    size_t count = 1;
    for (size_t i = 0; i < draft->targets_count; i++) {
        count += 2 + draft->targets[i].encodings_count;
    }
    return count;
}

static enum slw_status check(struct slw_bytes serialized, struct slw_names *names,
                             struct slw_finding *finding)
{
    struct slw_expectations expectations = {.limits = slw_default_limits};
    struct slw_targets targets = {0};
    struct slw_memory_source memory;
    struct slw_reader reader;
    struct slw_reader lookup;
    uint8_t block[SLW_READER_PEEK_SIZE * 2];
    uint8_t lookup_block[SLW_READER_PEEK_SIZE * 2];
    slw_memory_source_init(&memory, serialized);
    slw_reader_init(&reader, &memory.source, block, sizeof block);
    slw_reader_init(&lookup, &memory.source, lookup_block, sizeof lookup_block);
    *finding = (struct slw_finding){0};
    enum slw_status status = slw_targets_parse(&reader, &expectations, &targets, names);
    if (status != SLW_OK) {
        return slw_find(finding, status, SLW_ROLE_TARGETS);
    }
    return slw_targets_check(&targets, names, &expectations, 0, SLW_KEY_CLASS_NONE, &lookup,
                             finding);
}

enum slw_status slw_targets_check_content(struct slw_bytes serialized, struct slw_detail *detail)
{
    struct slw_targets_draft draft;
    struct slw_finding finding = {0};
    struct slw_heap_buffer text = {0};
    if (serialized.len > SLW_TARGETS_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "targets metadata of more than %u bytes",
                           SLW_TARGETS_SIZE_MAX);
    }
    SLW_TRY(slw_targets_draft_parse(serialized, &draft, detail));
    struct slw_names names = {.max = names_needed(&draft)};
    slw_targets_draft_free(&draft);
    names.entries = calloc(names.max, sizeof *names.entries);
    if (names.entries == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = check(serialized, &names, &finding);
    free(names.entries);
    if (status != SLW_OK) {
        slw_explain_finding(&finding, &text);
        (void)slw_explain(detail, status, "%s", slw_heap_text(&text));
        slw_heap_free(&text);
    }
    return status;
}
