/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store keeps of a signed message: the signed bytes, and signatures that have the form of
 * one. Nothing else in it is vouched for, and whoever passes a bundle on can add to it without
 * limit; what a device never gives back mustn't be theirs to fill.
 */
#include "session_private.h"

#include "slipway/checked.h"
#include "slipway/proto_writer.h"

#define SIGNATURE_LENGTH (2u + SLW_KEY_ID_SIZE + 2u + SLW_SIGNATURE_SIZE)
#define RECORD_SIZE (2u + SIGNATURE_LENGTH) /* a signature as a field */
#define HEAD_SIZE_MAX 11u

/* The message anew, as a source of head, signed bytes and signatures. */
struct message {
    struct slw_source source;
    const struct slw_source *from;
    struct slw_span serialized;
    const struct slw_signatures *signatures;
    uint8_t head[HEAD_SIZE_MAX];
    size_t head_len;
};

static void make_record(const struct slw_signature *signature, uint8_t record[static RECORD_SIZE])
{
    struct slw_writer writer;
    slw_writer_init(&writer, record, RECORD_SIZE);
    slw_proto_put_header(&writer, SLW_SIGNED_SIGNATURES, SIGNATURE_LENGTH);
    slw_proto_put_bytes(&writer, SLW_SIGNATURE_KEY_ID,
                        slw_bytes_make(signature->key_id, sizeof signature->key_id));
    slw_proto_put_bytes(&writer, SLW_SIGNATURE_SIG,
                        slw_bytes_make(signature->sig, sizeof signature->sig));
}

static size_t copy_piece(struct slw_bytes part, size_t from, uint8_t *buffer, size_t len)
{
    size_t piece = slw_min_size(len, part.len - from);
    memcpy(buffer, part.ptr + from, piece);
    return piece;
}

static enum slw_status read_message(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct message *message = context;
    const uint64_t signed_end = message->head_len + message->serialized.length;
    while (len > 0) {
        size_t piece = 0;
        if (offset < message->head_len) {
            piece = copy_piece(slw_bytes_make(message->head, message->head_len), (size_t)offset,
                               buffer, len);
        } else if (offset < signed_end) {
            uint64_t at = message->serialized.offset + offset - message->head_len;
            piece = (size_t)slw_min_u64(len, signed_end - offset);
            SLW_TRY(message->from->read(message->from->context, at, buffer, piece));
        } else {
            uint8_t record[RECORD_SIZE];
            size_t at = (size_t)(offset - signed_end);
            make_record(&message->signatures->entries[at / RECORD_SIZE], record);
            piece =
                copy_piece(slw_bytes_make(record, sizeof record), at % RECORD_SIZE, buffer, len);
        }
        offset += piece;
        buffer += piece;
        len -= piece;
    }
    return SLW_OK;
}

static void drop_others(struct slw_signatures *signatures)
{
    size_t kept = 0;
    for (size_t i = 0; i < signatures->count; i++) {
        const struct slw_signature *signature = &signatures->entries[i];
        if (signature->key_id_len == SLW_KEY_ID_SIZE && signature->sig_fits) {
            signatures->entries[kept++] = *signature;
        }
    }
    signatures->count = kept;
}

static enum slw_status read_parts(const struct slw_session *session, struct slw_span span,
                                  struct slw_signatures *signatures,
                                  struct slw_span *ret_serialized)
{
    const struct slw_verifier_memory *memory = &session->config->memory;
    struct slw_reader reader;
    slw_reader_init(&reader, &session->bundle.source, memory->block, memory->block_size);
    slw_reader_seek(&reader, span.offset, span.offset + span.length);
    SLW_TRY(slw_signed_scan(&reader, signatures->max, span.length, ret_serialized));
    slw_reader_seek(&reader, span.offset, span.offset + span.length);
    SLW_TRY(slw_signatures_read(&reader, signatures));
    drop_others(signatures);
    return SLW_OK;
}

enum slw_status slw_session_keep(struct slw_session *session, enum slw_blob_kind kind,
                                 uint32_t version, struct slw_span span, struct slw_blob *ret_blob)
{
    const struct slw_session_config *config = session->config;
    struct slw_signatures signatures = {
        .entries = config->memory.signatures,
        .max = slw_min_size(config->memory.signatures_count, config->limits.signatures),
    };
    struct message message = {
        .source = {.context = &message, .read = read_message},
        .from = &session->bundle.source,
        .signatures = &signatures,
    };
    struct slw_writer head;
    SLW_TRY(read_parts(session, span, &signatures, &message.serialized));
    slw_writer_init(&head, message.head, sizeof message.head);
    slw_proto_put_header(&head, SLW_SIGNED_SERIALIZED, message.serialized.length);
    message.head_len = head.len;
    message.source.size =
        head.len + message.serialized.length + (uint64_t)signatures.count * RECORD_SIZE;
    return slw_store_put_blob(config->store, kind, version, &message.source, 0, message.source.size,
                              ret_blob);
}
