/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one TargetFile of targets metadata, the first time and again (target_read.h). */
#include "target_read.h"

#include "slipway/checked.h"

/* Copies a name; one that is too long can't be judged further. */
static size_t read_name(struct slw_proto *proto, const struct slw_proto_field *field,
                        uint8_t name[static SLW_NAME_SIZE_MAX])
{
    if (field->length > SLW_NAME_SIZE_MAX) {
        slw_reader_fail(proto->reader, SLW_TOO_LARGE);
        return 0;
    }
    slw_proto_copy(proto, name, SLW_NAME_SIZE_MAX);
    return (size_t)field->length;
}

/* True for a 32-byte SHA-256; hashes by other functions are ignored. */
static bool read_hash(struct slw_proto *proto, uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_proto_field field;
    uint64_t function = 0;
    uint64_t length = 0;
    slw_proto_enter(proto, &slw_hash_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_HASH_FUNCTION) {
            function = field.varint;
        } else if (field.number == SLW_HASH_HASH) {
            length = field.length;
            slw_proto_copy(proto, digest, SLW_SHA256_SIZE);
        }
    }
    return function == SLW_HASH_FUNCTION_SHA256 && length == SLW_SHA256_SIZE;
}

static void read_target_hash(struct slw_proto *proto, struct slw_target *target)
{
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    if (!read_hash(proto, digest)) {
        return;
    }
    if (target->has_sha256 && memcmp(target->sha256, digest, sizeof digest) != 0) {
        target->hashes_differ = true;
    }
    target->has_sha256 = true;
    memcpy(target->sha256, digest, sizeof digest);
}

static void read_encoding(struct slw_proto *proto, struct slw_encoding *encoding)
{
    struct slw_proto_field field;
    slw_proto_enter(proto, &slw_encoding_rules);
    while (slw_proto_next(proto, &field)) {
        switch (field.number) {
        case SLW_ENCODING_KIND:
            encoding->kind = field.varint;
            break;
        case SLW_ENCODING_PAYLOAD_NAME:
            encoding->payload_name_len = read_name(proto, &field, encoding->payload_name);
            break;
        case SLW_ENCODING_LENGTH:
            encoding->length = field.varint;
            break;
        case SLW_ENCODING_HASH:
            encoding->has_sha256 = read_hash(proto, encoding->sha256);
            break;
        case SLW_ENCODING_BASE_HASH:
            encoding->has_base = read_hash(proto, encoding->base_sha256);
            break;
        default:
            break;
        }
    }
    encoding->kind_known = encoding->kind >= SLW_ENCODING_LZ && encoding->kind <= SLW_ENCODING_ZSTD;
}

static void keep_form(struct slw_target *target, const struct slw_encoding *encoding)
{
    target->kind_known = encoding->kind_known;
    target->kind =
        encoding->kind_known ? (enum slw_encoding_kind)encoding->kind : SLW_ENCODING_PLAIN;
    target->form_length = encoding->length;
    target->form_hash_known = encoding->has_sha256;
    memcpy(target->form_sha256, encoding->sha256, sizeof target->form_sha256);
    target->has_base = encoding->has_base;
    memcpy(target->base_sha256, encoding->base_sha256, sizeof target->base_sha256);
}

static void keep_image_form(struct slw_target *target)
{
    target->kind = SLW_ENCODING_PLAIN;
    target->kind_known = true;
    target->form_length = target->length;
    target->form_hash_known = target->has_sha256;
    memcpy(target->form_sha256, target->sha256, sizeof target->form_sha256);
}

static void read_fields(struct slw_proto *proto, uint64_t target_offset, uint16_t form,
                        const struct slw_encoding_visitor *visitor, struct slw_target *target)
{
    struct slw_proto_field field;
    struct slw_encoding encoding;
    uint16_t number = 0;
    while (slw_proto_next(proto, &field)) {
        switch (field.number) {
        case SLW_TARGET_FILE_NAME:
            target->name_len = read_name(proto, &field, target->name);
            break;
        case SLW_TARGET_LENGTH:
            target->length = field.varint;
            break;
        case SLW_TARGET_HASHES:
            read_target_hash(proto, target);
            break;
        case SLW_TARGET_SLOT:
            target->slot_len = read_name(proto, &field, target->slot);
            break;
        case SLW_TARGET_ENCODINGS:
            if (++number == SLW_FORM_SLOT_ONLY) {
                slw_reader_fail(proto->reader, SLW_TOO_LARGE);
                return;
            }
            encoding = (struct slw_encoding){.target_offset = target_offset, .number = number};
            read_encoding(proto, &encoding);
            if (number == form) {
                keep_form(target, &encoding);
            }
            if (visitor != NULL && proto->reader->status == SLW_OK) {
                visitor->visit(visitor->context, &encoding);
            }
            break;
        default:
            break;
        }
    }
}

void slw_target_read(struct slw_proto *proto, const struct slw_proto_field *field, uint16_t form,
                     const struct slw_encoding_visitor *visitor, struct slw_target *ret_target,
                     uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &hash};
    *ret_target = (struct slw_target){0};
    slw_sha256_init(&hash);
    slw_reader_add_tap(proto->reader, &tap);
    slw_proto_enter(proto, &slw_target_rules);
    read_fields(proto, field->start, form, visitor, ret_target);
    slw_reader_remove_tap(proto->reader, &tap);
    slw_sha256_final(&hash, ret_digest);
    if (ret_target->slot_len == 0) {
        memcpy(ret_target->slot, ret_target->name, sizeof ret_target->slot);
        ret_target->slot_len = ret_target->name_len;
    }
    if (form == 0 || form == SLW_FORM_SLOT_ONLY) {
        keep_image_form(ret_target);
    }
}
