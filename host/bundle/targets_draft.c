/* SPDX-License-Identifier: Apache-2.0 */
/* Targets metadata being made: encoding it, and reading it back as a list. */
#include "slipway/targets_draft.h"

#include "slipway/proto_writer.h"

#include <stdlib.h>

void slw_targets_draft_free(struct slw_targets_draft *draft)
{
    for (size_t i = 0; i < draft->targets_count; i++) {
        free(draft->targets[i].encodings);
    }
    free(draft->targets);
    free(draft->hardware_ids);
    free(draft->critical_fields);
    *draft = (struct slw_targets_draft){0};
}

struct slw_target_draft *slw_targets_draft_add(struct slw_targets_draft *draft)
{
    struct slw_target_draft *grown =
        slw_heap_grow(draft->targets, draft->targets_count, sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    draft->targets = grown;
    return &draft->targets[draft->targets_count++];
}

bool slw_targets_draft_add_hardware(struct slw_targets_draft *draft, struct slw_bytes id)
{
    struct slw_bytes *grown =
        slw_heap_grow(draft->hardware_ids, draft->hardware_ids_count, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    draft->hardware_ids = grown;
    draft->hardware_ids[draft->hardware_ids_count++] = id;
    return true;
}

static void write_common(struct slw_writer *writer, const struct slw_targets_draft *draft)
{
    size_t mark = slw_proto_open(writer, SLW_TARGETS_COMMON);
    slw_proto_put_bytes(writer, SLW_COMMON_SPEC_VERSION, draft->spec_version);
    slw_proto_put_uint(writer, SLW_COMMON_VERSION, draft->version);
    if (draft->expires.present) {
        size_t time = slw_proto_open(writer, SLW_COMMON_EXPIRES);
        slw_proto_put_uint(writer, SLW_TIMESTAMP_SECONDS, (uint64_t)draft->expires.seconds);
        slw_proto_put_uint(writer, SLW_TIMESTAMP_NANOS, (uint64_t)draft->expires.nanos);
        slw_proto_close(writer, time);
    }
    slw_proto_put_bytes(writer, SLW_COMMON_ROLE, draft->role);
    slw_proto_close(writer, mark);
}

static void write_hash(struct slw_writer *writer, uint32_t number, struct slw_bytes sha256)
{
    if (sha256.len != 0) {
        size_t mark = slw_proto_open(writer, number);
        slw_proto_put_uint(writer, SLW_HASH_FUNCTION, SLW_HASH_FUNCTION_SHA256);
        slw_proto_put_bytes(writer, SLW_HASH_HASH, sha256);
        slw_proto_close(writer, mark);
    }
}

static void write_encoding(struct slw_writer *writer, const struct slw_encoding_draft *encoding)
{
    size_t mark = slw_proto_open(writer, SLW_TARGET_ENCODINGS);
    slw_proto_put_uint(writer, SLW_ENCODING_KIND, encoding->kind);
    slw_proto_put_bytes(writer, SLW_ENCODING_PAYLOAD_NAME, encoding->payload_name);
    slw_proto_put_uint(writer, SLW_ENCODING_LENGTH, encoding->length);
    write_hash(writer, SLW_ENCODING_HASH, encoding->sha256);
    write_hash(writer, SLW_ENCODING_BASE_HASH, encoding->base_sha256);
    slw_proto_close(writer, mark);
}

static void write_target(struct slw_writer *writer, const struct slw_target_draft *target)
{
    size_t mark = slw_proto_open(writer, SLW_TARGETS_TARGET_FILES);
    slw_proto_put_bytes(writer, SLW_TARGET_FILE_NAME, target->name);
    slw_proto_put_uint(writer, SLW_TARGET_LENGTH, target->length);
    write_hash(writer, SLW_TARGET_HASHES, target->sha256);
    for (size_t i = 0; i < target->encodings_count; i++) {
        write_encoding(writer, &target->encodings[i]);
    }
    slw_proto_put_bytes(writer, SLW_TARGET_SLOT, target->slot);
    slw_proto_close(writer, mark);
}

static void write_target_files(struct slw_writer *writer, const struct slw_target_draft *targets,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_target(writer, &targets[i]);
    }
}

static void write_critical_fields(struct slw_writer *writer, const struct slw_targets_draft *draft)
{
    if (draft->critical_fields_count > 0) {
        size_t mark = slw_proto_open(writer, SLW_TARGETS_CRITICAL_FIELDS);
        for (size_t i = 0; i < draft->critical_fields_count; i++) {
            slw_proto_put_varint(writer, draft->critical_fields[i]);
        }
        slw_proto_close(writer, mark);
    }
}

static void write_targets(struct slw_writer *writer, const struct slw_targets_draft *draft)
{
    write_common(writer, draft);
    write_target_files(writer, draft->targets, draft->targets_count);
    for (size_t i = 0; i < draft->hardware_ids_count; i++) {
        slw_proto_put_bytes_always(writer, SLW_TARGETS_HARDWARE_IDS, draft->hardware_ids[i]);
    }
    slw_proto_put_bytes(writer, SLW_TARGETS_RELEASE_VERSION, draft->release_version);
    slw_proto_put_uint(writer, SLW_TARGETS_MIN_INSTALLED_VERSION, draft->min_installed_version);
    slw_proto_put_uint(writer, SLW_TARGETS_URGENCY, draft->urgency);
    slw_proto_put_uint(writer, SLW_TARGETS_BUILD_TYPE, draft->build_type);
    slw_proto_put_bytes(writer, SLW_TARGETS_RELEASE_NOTES, draft->release_notes);
    slw_proto_put_bytes(writer, SLW_TARGETS_PRODUCT, draft->product);
    slw_proto_put_uint(writer, SLW_TARGETS_SECURITY_FLOOR, draft->security_floor);
    write_critical_fields(writer, draft);
}

enum slw_status slw_targets_draft_encode(const struct slw_targets_draft *draft,
                                         struct slw_heap_buffer *ret_serialized,
                                         struct slw_detail *detail)
{
    struct slw_writer writer;
    slw_writer_init_counting(&writer, SIZE_MAX);
    write_targets(&writer, draft);
    uint8_t *place = slw_heap_reserve(ret_serialized, writer.len);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    slw_writer_init(&writer, place, writer.len);
    write_targets(&writer, draft);
    return writer.status;
}

enum slw_status slw_target_drafts_encode(const struct slw_target_draft *targets, size_t count,
                                         struct slw_heap_buffer *ret_fields,
                                         struct slw_detail *detail)
{
    struct slw_writer writer;
    slw_writer_init_counting(&writer, SIZE_MAX);
    write_target_files(&writer, targets, count);
    uint8_t *place = slw_heap_reserve(ret_fields, writer.len);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    slw_writer_init(&writer, place, writer.len);
    write_target_files(&writer, targets, count);
    return writer.status;
}

/* Reading it back. The bytes are in memory, so a value is a view of them. */
struct listing {
    struct slw_bytes message;
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_targets_draft draft;
};

static struct slw_bytes value_of(const struct listing *listing, const struct slw_proto_field *field)
{
    return slw_bytes_make(listing->message.ptr + field->offset, (size_t)field->length);
}

static void read_expires(struct listing *listing)
{
    struct slw_proto_field field;
    listing->draft.expires.present = true;
    slw_proto_enter(&listing->proto, &slw_timestamp_rules);
    while (slw_proto_next(&listing->proto, &field)) {
        if (field.number == SLW_TIMESTAMP_SECONDS) {
            listing->draft.expires.seconds = (int64_t)field.varint;
        } else if (field.number == SLW_TIMESTAMP_NANOS) {
            listing->draft.expires.nanos = (int32_t)field.varint;
        }
    }
}

static void read_common(struct listing *listing)
{
    struct slw_proto_field field;
    slw_proto_enter(&listing->proto, &slw_common_rules);
    while (slw_proto_next(&listing->proto, &field)) {
        switch (field.number) {
        case SLW_COMMON_SPEC_VERSION:
            listing->draft.spec_version = value_of(listing, &field);
            break;
        case SLW_COMMON_VERSION:
            listing->draft.version = (uint32_t)field.varint;
            break;
        case SLW_COMMON_EXPIRES:
            read_expires(listing);
            break;
        case SLW_COMMON_ROLE:
            listing->draft.role = value_of(listing, &field);
            break;
        }
    }
}

/* False, and *ret_sha256 left alone, when the hash is by another function. */
static bool read_hash(struct listing *listing, struct slw_bytes *ret_sha256)
{
    struct slw_proto_field field;
    struct slw_bytes hash = {0};
    uint64_t function = 0;
    slw_proto_enter(&listing->proto, &slw_hash_rules);
    while (slw_proto_next(&listing->proto, &field)) {
        if (field.number == SLW_HASH_FUNCTION) {
            function = field.varint;
        } else if (field.number == SLW_HASH_HASH) {
            hash = value_of(listing, &field);
        }
    }
    if (function == SLW_HASH_FUNCTION_SHA256) {
        *ret_sha256 = hash;
    }
    return function == SLW_HASH_FUNCTION_SHA256;
}

static void read_encoding(struct listing *listing, struct slw_target_draft *target)
{
    struct slw_proto_field field;
    struct slw_encoding_draft *grown =
        slw_heap_grow(target->encodings, target->encodings_count, sizeof *grown);
    if (grown == NULL) {
        slw_reader_fail(&listing->reader, SLW_NO_SPACE);
        return;
    }
    target->encodings = grown;
    struct slw_encoding_draft *encoding = &grown[target->encodings_count++];
    slw_proto_enter(&listing->proto, &slw_encoding_rules);
    while (slw_proto_next(&listing->proto, &field)) {
        switch (field.number) {
        case SLW_ENCODING_KIND:
            encoding->kind = (uint32_t)field.varint;
            break;
        case SLW_ENCODING_PAYLOAD_NAME:
            encoding->payload_name = value_of(listing, &field);
            break;
        case SLW_ENCODING_LENGTH:
            encoding->length = field.varint;
            break;
        case SLW_ENCODING_HASH:
            (void)read_hash(listing, &encoding->sha256);
            break;
        case SLW_ENCODING_BASE_HASH:
            (void)read_hash(listing, &encoding->base_sha256);
            break;
        }
    }
}

static void read_target(struct listing *listing)
{
    struct slw_proto_field field;
    struct slw_target_draft *target = NULL;
    if (listing->draft.targets_count == SLW_TARGETS_MAX) {
        slw_reader_fail(&listing->reader, SLW_TOO_LARGE);
        return;
    }
    target = slw_targets_draft_add(&listing->draft);
    if (target == NULL) {
        slw_reader_fail(&listing->reader, SLW_NO_SPACE);
        return;
    }
    slw_proto_enter(&listing->proto, &slw_target_rules);
    while (slw_proto_next(&listing->proto, &field)) {
        switch (field.number) {
        case SLW_TARGET_FILE_NAME:
            target->name = value_of(listing, &field);
            break;
        case SLW_TARGET_LENGTH:
            target->length = field.varint;
            break;
        case SLW_TARGET_HASHES:
            target->other_hashes += read_hash(listing, &target->sha256) ? 0 : 1;
            break;
        case SLW_TARGET_ENCODINGS:
            read_encoding(listing, target);
            break;
        case SLW_TARGET_SLOT:
            target->slot = value_of(listing, &field);
            break;
        }
    }
}

static void read_critical_field(struct listing *listing, uint64_t number)
{
    struct slw_targets_draft *draft = &listing->draft;
    uint32_t *grown =
        slw_heap_grow(draft->critical_fields, draft->critical_fields_count, sizeof *grown);
    if (grown == NULL) {
        slw_reader_fail(&listing->reader, SLW_NO_SPACE);
        return;
    }
    draft->critical_fields = grown;
    grown[draft->critical_fields_count++] = (uint32_t)number;
}

/* The fields that Pigweed's messages don't have. */
static void read_extension(struct listing *listing, const struct slw_proto_field *field)
{
    struct slw_targets_draft *draft = &listing->draft;
    switch (field->number) {
    case SLW_TARGETS_HARDWARE_IDS:
        if (!slw_targets_draft_add_hardware(draft, value_of(listing, field))) {
            slw_reader_fail(&listing->reader, SLW_NO_SPACE);
        }
        break;
    case SLW_TARGETS_RELEASE_VERSION:
        draft->release_version = value_of(listing, field);
        break;
    case SLW_TARGETS_MIN_INSTALLED_VERSION:
        draft->min_installed_version = (uint32_t)field->varint;
        break;
    case SLW_TARGETS_URGENCY:
        draft->urgency = (uint32_t)field->varint;
        break;
    case SLW_TARGETS_BUILD_TYPE:
        draft->build_type = (uint32_t)field->varint;
        break;
    case SLW_TARGETS_RELEASE_NOTES:
        draft->release_notes = value_of(listing, field);
        break;
    case SLW_TARGETS_PRODUCT:
        draft->product = value_of(listing, field);
        break;
    case SLW_TARGETS_SECURITY_FLOOR:
        draft->security_floor = (uint32_t)field->varint;
        break;
    case SLW_TARGETS_CRITICAL_FIELDS:
        read_critical_field(listing, field->varint);
        break;
    default:
        draft->unknown_fields++;
        break;
    }
}

enum slw_status slw_targets_draft_parse(struct slw_bytes serialized,
                                        struct slw_targets_draft *ret_draft,
                                        struct slw_detail *detail)
{
    struct listing listing = {.message = serialized};
    struct slw_proto_field field;
    slw_reader_init_bytes(&listing.reader, serialized);
    slw_proto_begin(&listing.proto, &listing.reader, &slw_targets_rules);
    while (slw_proto_next(&listing.proto, &field)) {
        if (field.number == SLW_TARGETS_COMMON) {
            read_common(&listing);
        } else if (field.number == SLW_TARGETS_TARGET_FILES) {
            read_target(&listing);
        } else {
            read_extension(&listing, &field);
        }
    }
    enum slw_status status = listing.reader.status;
    if (status != SLW_OK) {
        slw_targets_draft_free(&listing.draft);
        return slw_explain(detail, status, "targets metadata: %s",
                           status == SLW_TOO_LARGE ? "too many targets"
                                                   : slw_status_meaning(status));
    }
    *ret_draft = listing.draft;
    return SLW_OK;
}
