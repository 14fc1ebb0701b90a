/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures on metadata while it is being made; the signing commands work on these. */
#include "slipway/signed_draft.h"

#include "slipway/proto_writer.h"

static struct slw_bytes value_of(struct slw_bytes message, const struct slw_proto_field *field)
{
    return slw_bytes_make(message.ptr + field->offset, (size_t)field->length);
}

static void read_signature(struct slw_proto *proto, struct slw_bytes message,
                           struct slw_signed_draft *draft)
{
    struct slw_proto_field field;
    if (draft->count == SLW_SIGNATURES_MAX) {
        slw_reader_fail(proto->reader, SLW_TOO_LARGE);
        return;
    }
    struct slw_draft_signature *entry = &draft->signatures[draft->count++];
    *entry = (struct slw_draft_signature){0};
    slw_proto_enter(proto, &slw_signature_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_SIGNATURE_KEY_ID) {
            entry->parsed_key_id = value_of(message, &field);
        } else if (field.number == SLW_SIGNATURE_SIG) {
            entry->parsed_sig = value_of(message, &field);
        }
    }
}

enum slw_status slw_signed_draft_parse(const char *name, struct slw_bytes message,
                                       struct slw_signed_draft *ret_draft,
                                       struct slw_detail *detail)
{
    struct slw_signed_draft draft = {0};
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    slw_reader_init_bytes(&reader, message);
    slw_proto_begin(&proto, &reader, &slw_signed_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_SIGNED_SERIALIZED) {
            draft.serialized = value_of(message, &field);
        } else if (field.number == SLW_SIGNED_SIGNATURES) {
            read_signature(&proto, message, &draft);
        }
    }
    if (reader.status == SLW_TOO_LARGE) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u signatures", name,
                           SLW_SIGNATURES_MAX);
    }
    if (reader.status != SLW_OK) {
        return slw_explain(detail, reader.status, "%s: not signed metadata", name);
    }
    *ret_draft = draft;
    return SLW_OK;
}

enum slw_status slw_signed_draft_set(struct slw_signed_draft *draft,
                                     const uint8_t key_id[static SLW_SHA256_SIZE],
                                     const uint8_t sig[static SLW_SIGNATURE_SIZE],
                                     struct slw_detail *detail)
{
    size_t at = 0;
    struct slw_bytes wanted = slw_bytes_make(key_id, SLW_SHA256_SIZE);
    while (at < draft->count &&
           !slw_bytes_equal(slw_draft_signature_key_id(&draft->signatures[at]), wanted)) {
        at++;
    }
    if (at == SLW_SIGNATURES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u signatures", SLW_SIGNATURES_MAX);
    }
    struct slw_draft_signature *entry = &draft->signatures[at];
    *entry = (struct slw_draft_signature){.own = true};
    memcpy(entry->own_key_id, key_id, SLW_SHA256_SIZE);
    memcpy(entry->own_sig, sig, SLW_SIGNATURE_SIZE);
    if (at == draft->count) {
        draft->count++;
    }
    return SLW_OK;
}

enum slw_status slw_signed_draft_sign(struct slw_signed_draft *draft,
                                      const struct slw_private_key *key, struct slw_detail *detail)
{
    uint8_t sig[SLW_SIGNATURE_SIZE];
    SLW_TRY(slw_private_key_sign(key, draft->serialized, sig, detail));
    return slw_signed_draft_set(draft, slw_private_key_public(key)->id, sig, detail);
}

enum slw_status slw_signed_draft_verify(const struct slw_signed_draft *draft,
                                        const struct slw_draft_signature *entry,
                                        enum slw_key_type type,
                                        const uint8_t value[static SLW_P256_KEY_SIZE])
{
    struct slw_bytes sig = slw_draft_signature_sig(entry);
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    struct slw_reader reader;
    if (sig.len != SLW_SIGNATURE_SIZE) {
        return SLW_BAD_SIGNATURE;
    }
    if (type == SLW_KEY_TYPE_ED25519) {
        slw_reader_init_bytes(&reader, draft->serialized);
        return slw_ed25519_verify(value, sig.ptr, &reader);
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, draft->serialized);
    slw_sha256_final(&hash, digest);
    return slw_p256_verify(value, digest, sig.ptr);
}

static void write_signature(struct slw_writer *writer, const struct slw_draft_signature *entry)
{
    size_t mark = slw_proto_open(writer, SLW_SIGNED_SIGNATURES);
    slw_proto_put_bytes(writer, SLW_SIGNATURE_KEY_ID, slw_draft_signature_key_id(entry));
    slw_proto_put_bytes(writer, SLW_SIGNATURE_SIG, slw_draft_signature_sig(entry));
    slw_proto_close(writer, mark);
}

static void write_all(struct slw_writer *writer, const struct slw_signed_draft *draft)
{
    slw_proto_put_bytes(writer, SLW_SIGNED_SERIALIZED, draft->serialized);
    for (size_t i = 0; i < draft->count; i++) {
        write_signature(writer, &draft->signatures[i]);
    }
}

enum slw_status slw_signed_draft_encode(const struct slw_signed_draft *draft,
                                        struct slw_heap_buffer *ret_message,
                                        struct slw_detail *detail)
{
    struct slw_writer writer;
    slw_writer_init_counting(&writer, SIZE_MAX);
    write_all(&writer, draft);
    uint8_t *place = slw_heap_reserve(ret_message, writer.len);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    slw_writer_init(&writer, place, writer.len);
    write_all(&writer, draft);
    return writer.status;
}
