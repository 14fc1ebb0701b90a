/* SPDX-License-Identifier: Apache-2.0 */
/* Content rules about what a bundle's metadata say: called by check.c before payloads are read. */
#include "check.h"

#include <inttypes.h>

#define MESSAGE_SIZE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)

static bool is_listed(struct slw_bytes word, const struct slw_bytes *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slw_bytes_equal(word, list[i])) {
            return true;
        }
    }
    return false;
}

/* A second hash that calls itself SHA-256 and isn't 32 bytes: devices pass it over, signers don't.
 */
static enum slw_status check_hashes(struct slw_content_checking *checking, bool *ret_usable)
{
    const struct slw_targets_draft *draft = &checking->draft;
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    for (size_t i = 0; i < draft->targets_count; i++) {
        bool right = draft->targets[i].sha256.len == SLW_SHA256_SIZE;
        for (size_t j = 0; j < draft->targets[i].encodings_count; j++) {
            right = right && draft->targets[i].encodings[j].sha256.len == SLW_SHA256_SIZE;
        }
        if (!right) {
            return slw_content_add(checking, SLW_MISSING_HASH, SLW_CONTENT_METADATA,
                                   "target %s: a SHA-256 that isn't 32 bytes",
                                   slw_content_quote(draft->targets[i].name, quoted));
        }
    }
    *ret_usable = true;
    return SLW_OK;
}

/* What is signed, in the message; who signed it is nothing to these rules. */
static enum slw_status find_serialized(struct slw_content_checking *checking,
                                       struct slw_bytes *ret_serialized)
{
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    struct slw_bytes serialized = {NULL, 0};
    slw_reader_init_bytes(&reader, slw_heap_bytes(&checking->message));
    slw_proto_begin(&proto, &reader, &slw_signed_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_SIGNED_SERIALIZED) {
            serialized = slw_bytes_make(checking->message.ptr + field.offset, (size_t)field.length);
        }
    }
    if (reader.status != SLW_OK) {
        return slw_explain(checking->detail, reader.status, "%s: signed metadata: %s",
                           checking->name, slw_status_meaning(reader.status));
    }
    *ret_serialized = serialized;
    return SLW_OK;
}

/* Finds out whether there are metadata, and whether any device would take them. */
static enum slw_status load(struct slw_content_checking *checking, bool *ret_usable)
{
    struct slw_bytes serialized = {NULL, 0};
    struct slw_detail why = {0};
    if (!checking->index.has_targets) {
        return slw_content_add(checking, SLW_MISSING_TARGETS, SLW_CONTENT_METADATA, "%s",
                               slw_status_meaning(SLW_MISSING_TARGETS));
    }
    SLW_TRY(slw_source_load(checking->name, checking->bundle, checking->index.targets,
                            MESSAGE_SIZE_MAX, &checking->message, checking->detail));
    SLW_TRY(find_serialized(checking, &serialized));
    enum slw_status status = slw_targets_check_content(serialized, &why);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(checking->detail);
    }
    if (status != SLW_OK) {
        return slw_content_add(checking, status, SLW_CONTENT_METADATA, "%s", why.text);
    }
    SLW_TRY(slw_targets_draft_parse(serialized, &checking->draft, checking->detail));
    checking->report.targets_count = checking->draft.targets_count;
    return check_hashes(checking, ret_usable);
}

static const char *build_type_word(uint32_t build_type)
{
    static const char *const words[] = {"none", "dev", "test", "user"};
    return build_type < sizeof words / sizeof *words ? words[build_type] : "unknown";
}

static enum slw_status check_head(struct slw_content_checking *checking)
{
    const struct slw_content_rules *rules = checking->rules;
    const struct slw_targets_draft *draft = &checking->draft;
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    char wanted[SLW_CONTENT_QUOTED_SIZE];
    if (draft->unknown_fields > 0) {
        SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_METADATA,
                                "the metadata have fields that are unknown here: %zu",
                                draft->unknown_fields));
    }
    if (rules->has_product && !slw_bytes_equal(draft->product, rules->product)) {
        SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_PRODUCT,
                                "product %s, not %s", slw_content_quote(draft->product, quoted),
                                slw_content_quote(rules->product, wanted)));
    }
    bool allowed = draft->build_type < 8 && (rules->build_types & 1u << draft->build_type) != 0;
    if (rules->build_types != 0 && !allowed) {
        return slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_BUILD_TYPE,
                               "build type %s isn't allowed", build_type_word(draft->build_type));
    }
    return SLW_OK;
}

static enum slw_status check_hardware(struct slw_content_checking *checking)
{
    const struct slw_content_rules *rules = checking->rules;
    const struct slw_targets_draft *draft = &checking->draft;
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    if (rules->hardware_count == 0) {
        return SLW_OK;
    }
    if (draft->hardware_ids_count == 0) {
        return slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_HARDWARE,
                               "for any hardware, but only some is allowed");
    }
    for (size_t i = 0; i < draft->hardware_ids_count; i++) {
        if (!is_listed(draft->hardware_ids[i], rules->hardware, rules->hardware_count)) {
            SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_HARDWARE,
                                    "hardware %s isn't allowed",
                                    slw_content_quote(draft->hardware_ids[i], quoted)));
        }
    }
    return SLW_OK;
}

static enum slw_status check_names(struct slw_content_checking *checking,
                                   const struct slw_target_draft *target)
{
    const struct slw_content_rules *rules = checking->rules;
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    char slot_quoted[SLW_CONTENT_QUOTED_SIZE];
    bool allowed = rules->names_count == 0;
    for (size_t i = 0; i < rules->names_count && !allowed; i++) {
        allowed = slw_content_name_matches(rules->names[i], target->name);
    }
    if (!allowed) {
        SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_NAME,
                                "target %s: no such name is allowed",
                                slw_content_quote(target->name, quoted)));
    }
    /* "slot … component the image goes to; empty = the target's name"; a user_manifest goes to
     * none. */
    struct slw_bytes slot = target->slot.len > 0 ? target->slot : target->name;
    bool goes_nowhere = target->slot.len == 0 && slw_bytes_equal(target->name, SLW_USER_MANIFEST);
    if (rules->slots_count > 0 && !goes_nowhere &&
        !is_listed(slot, rules->slots, rules->slots_count)) {
        return slw_content_add(
            checking, SLW_WRONG_CONTENT, SLW_CONTENT_SLOT, "target %s: slot %s isn't allowed",
            slw_content_quote(target->name, quoted), slw_content_quote(slot, slot_quoted));
    }
    return SLW_OK;
}

/* The most that something may be now, when it was before; no overflow at any size. */
static uint64_t grown(uint64_t before, uint32_t percent)
{
    uint64_t hundredths = before / 100;
    uint64_t rest = before % 100;
    if (before > UINT64_MAX - percent) {
        return UINT64_MAX;
    }
    if (percent > 0 && hundredths > (UINT64_MAX - before - percent) / percent) {
        return UINT64_MAX;
    }
    return before + hundredths * percent + rest * percent / 100;
}

static const struct slw_content_former *former_of(const struct slw_content_rules *rules,
                                                  struct slw_bytes name)
{
    for (size_t i = 0; rules->has_former && i < rules->former_count; i++) {
        if (slw_bytes_equal(rules->former[i].name, name)) {
            return &rules->former[i];
        }
    }
    return NULL;
}

/* Sums don't wrap: what is beyond 64 bits stays at the largest. */
static uint64_t add(uint64_t left, uint64_t right)
{
    return left > UINT64_MAX - right ? UINT64_MAX : left + right;
}

static enum slw_status check_growth(struct slw_content_checking *checking,
                                    const struct slw_target_draft *target)
{
    const struct slw_content_rules *rules = checking->rules;
    const struct slw_content_former *former = former_of(rules, target->name);
    char quoted[SLW_CONTENT_QUOTED_SIZE];
    if (!rules->has_growth || former == NULL ||
        target->length <= grown(former->length, rules->growth_percent)) {
        return SLW_OK;
    }
    return slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_GROWTH,
                           "target %s: grew from %" PRIu64 " to %" PRIu64
                           " bytes, by more than %" PRIu32 " percent",
                           slw_content_quote(target->name, quoted), former->length, target->length,
                           rules->growth_percent);
}

static enum slw_status check_sums(struct slw_content_checking *checking)
{
    const struct slw_content_rules *rules = checking->rules;
    uint64_t images = 0;
    uint64_t payloads = 0;
    uint64_t before = 0;
    for (size_t i = 0; i < checking->draft.targets_count; i++) {
        images = add(images, checking->draft.targets[i].length);
    }
    for (size_t i = 0; i < checking->index.payloads_count; i++) {
        payloads = add(payloads, checking->index.payloads[i].value.length);
    }
    for (size_t i = 0; i < rules->former_count; i++) {
        before = add(before, rules->former[i].length);
    }
    uint64_t larger = images > payloads ? images : payloads;
    if (rules->has_size && larger > rules->size_max) {
        SLW_TRY(slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_SIZE,
                                "%" PRIu64 " bytes of %s, more than %" PRIu64, larger,
                                images > payloads ? "images" : "payloads", rules->size_max));
    }
    if (rules->has_growth && rules->has_former && images > grown(before, rules->growth_percent)) {
        return slw_content_add(checking, SLW_WRONG_CONTENT, SLW_CONTENT_GROWTH,
                               "all targets together grew from %" PRIu64 " to %" PRIu64
                               " bytes, by more than %" PRIu32 " percent",
                               before, images, rules->growth_percent);
    }
    return SLW_OK;
}

enum slw_status slw_content_check_metadata(struct slw_content_checking *checking, bool *ret_usable)
{
    bool usable = false;
    SLW_TRY(load(checking, &usable));
    *ret_usable = usable;
    if (!usable) {
        return SLW_OK;
    }
    SLW_TRY(check_head(checking));
    SLW_TRY(check_hardware(checking));
    for (size_t i = 0; i < checking->draft.targets_count; i++) {
        SLW_TRY(check_names(checking, &checking->draft.targets[i]));
        SLW_TRY(check_growth(checking, &checking->draft.targets[i]));
    }
    return check_sums(checking);
}
