/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's first look: the shape of the bundle, and of the signed messages inside it, before
 * any of them means anything. Payloads are jumped over; their shape is judged as they arrive.
 */
#include "verifier_phases.h"

/* The map may hold metadata under other names, which isn't looked into; no name may come twice. */
static void note_entry_key(struct slw_verifier *verifier, const uint8_t digest[static 8])
{
    for (size_t i = 0; i < verifier->entry_keys_count; i++) {
        if (memcmp(verifier->entry_keys[i], digest, sizeof verifier->entry_keys[i]) == 0) {
            slw_reader_fail(&verifier->reader, SLW_MALFORMED);
            return;
        }
    }
    if (verifier->entry_keys_count == SLW_TARGETS_ENTRIES_MAX) {
        slw_reader_fail(&verifier->reader, SLW_TOO_LARGE);
        return;
    }
    memcpy(verifier->entry_keys[verifier->entry_keys_count++], digest,
           sizeof verifier->entry_keys[0]);
}

/* Compares the key with "targets" and notes its digest on the way. */
static bool read_entry_key(struct slw_verifier *verifier, const struct slw_proto_field *field)
{
    struct slw_sha256 hash;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &hash};
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_reader_add_tap(&verifier->reader, &tap);
    bool is_targets = slw_proto_value_equals(&verifier->proto, field, SLW_TOP_LEVEL_TARGETS);
    slw_reader_remove_tap(&verifier->reader, &tap);
    slw_sha256_final(&hash, digest);
    note_entry_key(verifier, digest);
    return is_targets;
}

static void read_targets_entry(struct slw_verifier *verifier, const struct slw_proto_field *entry)
{
    struct slw_proto_field field;
    struct slw_span value = {slw_span_end((struct slw_span){entry->offset, entry->length}), 0};
    bool has_key = false;
    bool is_targets = false;
    slw_proto_enter(&verifier->proto, &slw_message_entry_rules);
    while (slw_proto_next(&verifier->proto, &field)) {
        if (field.number == SLW_MAP_KEY) {
            has_key = field.length > 0;
            is_targets = read_entry_key(verifier, &field);
        } else if (field.number == SLW_MAP_VALUE) {
            value = (struct slw_span){field.offset, field.length};
        }
    }
    if (!has_key) {
        slw_reader_fail(&verifier->reader, SLW_MALFORMED);
    }
    if (is_targets) {
        verifier->has_targets = true;
        verifier->result.signed_targets = value;
    }
}

static void note_history(struct slw_verifier *verifier, const struct slw_proto_field *field)
{
    struct slw_trusted_bundle *result = &verifier->result;
    if (result->history_count++ == 0) {
        result->history_offset = field->start;
    }
    if (result->history_count > verifier->expectations->limits.root_history) {
        slw_reader_fail(&verifier->reader, SLW_TOO_LARGE);
    }
}

static void note_field(struct slw_verifier *verifier, const struct slw_proto_field *field)
{
    switch (field->number) {
    case SLW_BUNDLE_TARGETS_METADATA:
        read_targets_entry(verifier, field);
        break;
    case SLW_BUNDLE_TARGET_PAYLOADS:
        if (!verifier->has_payloads) {
            verifier->has_payloads = true;
            verifier->first_payload = field->start;
        }
        break;
    case SLW_BUNDLE_ROOT_METADATA:
        verifier->has_root = true;
        verifier->result.signed_root = (struct slw_span){field->offset, field->length};
        break;
    case SLW_BUNDLE_ROOT_HISTORY:
        note_history(verifier, field);
        break;
    case SLW_BUNDLE_TRANSPARENCY_PROOF:
        verifier->proof_span = (struct slw_span){field->offset, field->length};
        break;
    default:
        break;
    }
}

enum slw_status slw_verify_wrapper(struct slw_verifier *verifier)
{
    struct slw_proto_field field;
    for (unsigned i = 0; i < SLW_VERIFIER_FIELDS_PER_STEP; i++) {
        if (slw_proto_next(&verifier->proto, &field)) {
            note_field(verifier, &field);
            continue;
        }
        SLW_TRY(verifier->reader.status);
        if (verifier->result.history_count > 0 && !verifier->has_root) {
            return SLW_MALFORMED;
        }
        verifier->next_field = verifier->result.history_offset;
        verifier->phase = SLW_VERIFY_SHAPES;
        return SLW_OK;
    }
    return verifier->reader.status;
}

enum slw_status slw_verifier_next_history(struct slw_verifier *verifier, bool *ret_found,
                                          struct slw_span *ret_span)
{
    struct slw_proto_field field;
    slw_reader_seek(&verifier->reader, verifier->next_field, verifier->bundle->size);
    slw_verifier_walk_wrapper(verifier);
    *ret_found = false;
    for (unsigned i = 0; i < SLW_VERIFIER_FIELDS_PER_STEP && !*ret_found; i++) {
        if (!slw_proto_next(&verifier->proto, &field)) {
            return SLW_IO; /* it was there when the wrapper was walked */
        }
        verifier->next_field = verifier->reader.position + slw_proto_value_left(&verifier->proto);
        *ret_found = field.number == SLW_BUNDLE_ROOT_HISTORY;
        *ret_span = (struct slw_span){field.offset, field.length};
    }
    return SLW_OK;
}

enum slw_status slw_verifier_parse_root(struct slw_verifier *verifier, struct slw_span span)
{
    const struct slw_limits *limits = &verifier->expectations->limits;
    struct slw_span serialized;
    slw_reader_seek(&verifier->reader, span.offset, slw_span_end(span));
    SLW_TRY(slw_signed_scan(&verifier->reader, limits->signatures, limits->root_size, &serialized));
    slw_reader_seek(&verifier->reader, serialized.offset, slw_span_end(serialized));
    return slw_root_parse(&verifier->reader, &verifier->next_root);
}

/* History is strictly ascending and ends below the bundle's root, or it is malformed. */
static enum slw_status check_root_shape(struct slw_verifier *verifier, struct slw_span span)
{
    enum slw_status status = slw_verifier_parse_root(verifier, span);
    uint32_t version = verifier->next_root.content.version;
    if (status == SLW_OK && verifier->climbed > 0 && version <= verifier->last_history_version) {
        status = SLW_MALFORMED;
    }
    if (status != SLW_OK) {
        return slw_find(&verifier->finding, status, SLW_ROLE_ROOT);
    }
    verifier->last_history_version = version;
    verifier->climbed++;
    return SLW_OK;
}

static enum slw_status check_targets_shape(struct slw_verifier *verifier)
{
    const struct slw_limits *limits = &verifier->expectations->limits;
    struct slw_span span = verifier->result.signed_targets;
    struct slw_span serialized = {0};
    enum slw_status status = verifier->has_targets ? SLW_OK : SLW_MISSING_TARGETS;
    if (status == SLW_OK) {
        slw_reader_seek(&verifier->reader, span.offset, slw_span_end(span));
        status = slw_signed_scan(&verifier->reader, limits->signatures, limits->targets_size,
                                 &serialized);
    }
    if (status == SLW_OK && serialized.length == 0) {
        status = SLW_MISSING_TARGETS;
    }
    if (status == SLW_OK) {
        slw_reader_seek(&verifier->reader, serialized.offset, slw_span_end(serialized));
        status = slw_targets_parse(&verifier->reader, verifier->expectations,
                                   &verifier->result.targets, &verifier->result.names);
    }
    if (status != SLW_OK) {
        return slw_find(&verifier->finding, status, SLW_ROLE_TARGETS);
    }
    return SLW_OK;
}

/* One root a step, then the targets. */
enum slw_status slw_verify_shapes(struct slw_verifier *verifier)
{
    const struct slw_trusted_bundle *result = &verifier->result;
    struct slw_span span;
    bool found = false;
    if (verifier->climbed < result->history_count) {
        SLW_TRY(slw_verifier_next_history(verifier, &found, &span));
        return found ? check_root_shape(verifier, span) : SLW_OK;
    }
    if (verifier->has_root && verifier->climbed == result->history_count) {
        return check_root_shape(verifier, result->signed_root);
    }
    SLW_TRY(check_targets_shape(verifier));
    verifier->climbed = 0;
    verifier->next_field = result->history_offset;
    verifier->phase = SLW_VERIFY_CLIMB;
    return SLW_OK;
}
