/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a bundle in one pass over its payloads: the metadata in front of them has a length that is
 * known beforehand, since digests and signatures do, so it is written again, in its place, once the
 * payloads have been hashed on their way.
 */
#include "slipway/bundle_file.h"

#include "slipway/explain.h"
#include "slipway/proto_writer.h"

#include <inttypes.h>
#include <stdlib.h>

#define HEADER_SIZE_MAX 64u

struct emission {
    const struct slw_bundle_parts *parts;
    struct slw_output *output;
    struct slw_detail *detail;
    uint8_t *block; /* SLW_FILE_BLOCK_SIZE */
    uint64_t payload_bytes_done;
    uint64_t payload_bytes_total;
};

static uint64_t piece_len(const struct slw_piece *piece)
{
    return piece->source == NULL ? piece->bytes.len : piece->span.length;
}

static enum slw_status write_bytes(struct emission *emission, struct slw_bytes bytes)
{
    return slw_output_write(emission->output, bytes, emission->detail);
}

static enum slw_status write_header(struct emission *emission, uint32_t number, uint64_t length)
{
    uint8_t memory[HEADER_SIZE_MAX];
    struct slw_writer writer;
    slw_writer_init(&writer, memory, sizeof memory);
    slw_proto_put_header(&writer, number, length);
    return write_bytes(emission, slw_writer_written(&writer));
}

/* Copies part of a source, showing each block to hash when there is one. */
static enum slw_status copy_source(struct emission *emission, const char *name,
                                   const struct slw_source *source, struct slw_span span,
                                   struct slw_sha256 *hash)
{
    while (span.length > 0) {
        size_t len = span.length < SLW_FILE_BLOCK_SIZE ? (size_t)span.length : SLW_FILE_BLOCK_SIZE;
        if (source->read(source->context, span.offset, emission->block, len) != SLW_OK) {
            return slw_explain(emission->detail, SLW_IO,
                               "%s: can't be read, or became shorter while it was", name);
        }
        struct slw_bytes bytes = slw_bytes_make(emission->block, len);
        if (hash != NULL) {
            slw_sha256_update(hash, bytes);
            emission->payload_bytes_done += len;
            slw_progress_report(emission->parts->progress, emission->payload_bytes_done,
                                emission->payload_bytes_total);
        }
        SLW_TRY(write_bytes(emission, bytes));
        span.offset += len;
        span.length -= len;
    }
    return SLW_OK;
}

static enum slw_status copy_piece(struct emission *emission, const struct slw_piece *piece)
{
    if (piece->source == NULL) {
        return write_bytes(emission, piece->bytes);
    }
    return copy_source(emission, "bundle", piece->source, piece->span, NULL);
}

static enum slw_status write_roots(struct emission *emission)
{
    const struct slw_bundle_parts *parts = emission->parts;
    for (size_t i = 0; i < parts->root_history_count; i++) {
        SLW_TRY(
            write_header(emission, SLW_BUNDLE_ROOT_HISTORY, piece_len(&parts->root_history[i])));
        SLW_TRY(copy_piece(emission, &parts->root_history[i]));
    }
    if (piece_len(&parts->root) > 0) {
        SLW_TRY(write_header(emission, SLW_BUNDLE_ROOT_METADATA, piece_len(&parts->root)));
        SLW_TRY(copy_piece(emission, &parts->root));
    }
    return SLW_OK;
}

/* The whole map entry for "targets", with tag and length. */
static enum slw_status encode_targets(const struct slw_bundle_parts *parts, bool final,
                                      struct slw_heap_buffer *ret_field, struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    uint8_t memory[HEADER_SIZE_MAX];
    struct slw_writer writer;
    enum slw_status status = parts->targets(parts->context, final, &message, detail);
    if (status == SLW_OK) {
        size_t key_size = SLW_TOP_LEVEL_TARGETS.len + 2;
        size_t entry_size = key_size + 1 + slw_varint_size(message.len) + message.len;
        slw_writer_init(&writer, memory, sizeof memory);
        slw_proto_put_header(&writer, SLW_BUNDLE_TARGETS_METADATA, entry_size);
        slw_proto_put_bytes(&writer, SLW_MAP_KEY, SLW_TOP_LEVEL_TARGETS);
        slw_proto_put_header(&writer, SLW_MAP_VALUE, message.len);
        slw_heap_append(ret_field, slw_writer_written(&writer));
        slw_heap_append(ret_field, slw_heap_bytes(&message));
        status = ret_field->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_free(&message);
    return status;
}

static enum slw_status check_digest(struct emission *emission, struct slw_bundle_payload *payload,
                                    const uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_heap_buffer name = {0};
    if (!payload->expected) {
        memcpy(payload->sha256, digest, SLW_SHA256_SIZE);
        return SLW_OK;
    }
    if (memcmp(payload->sha256, digest, SLW_SHA256_SIZE) == 0) {
        return SLW_OK;
    }
    slw_quote(payload->name, &name);
    (void)slw_explain(emission->detail, SLW_WRONG_HASH, "payload %s isn't what the metadata lists",
                      slw_heap_text(&name));
    slw_heap_free(&name);
    return SLW_WRONG_HASH;
}

static enum slw_status copy_file(struct emission *emission,
                                 const struct slw_bundle_payload *payload, struct slw_sha256 *hash)
{
    struct slw_file_source file;
    SLW_TRY(slw_file_source_open(payload->path, &file, emission->detail));
    enum slw_status status = SLW_OK;
    if (file.source.size != payload->length) {
        status = slw_explain(emission->detail, SLW_IO, "%s: changed its size", payload->path);
    } else {
        struct slw_span all = {0, payload->length};
        status = copy_source(emission, payload->path, &file.source, all, hash);
    }
    if (status == SLW_OK) {
        status = slw_file_source_check_unchanged(&file, emission->detail);
    }
    slw_file_source_close(&file);
    return status;
}

static enum slw_status write_payload(struct emission *emission, struct slw_bundle_payload *payload)
{
    uint8_t memory[HEADER_SIZE_MAX];
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_writer writer;
    struct slw_sha256 hash;
    uint64_t key_size = 1 + slw_varint_size(payload->name.len) + payload->name.len;
    uint64_t value_size = 1 + slw_varint_size(payload->length) + payload->length;
    SLW_TRY(write_header(emission, SLW_BUNDLE_TARGET_PAYLOADS, key_size + value_size));
    SLW_TRY(write_header(emission, SLW_MAP_KEY, payload->name.len));
    SLW_TRY(write_bytes(emission, payload->name));
    slw_writer_init(&writer, memory, sizeof memory);
    slw_proto_put_header(&writer, SLW_MAP_VALUE, payload->length);
    SLW_TRY(write_bytes(emission, slw_writer_written(&writer)));
    slw_sha256_init(&hash);
    if (payload->path != NULL) {
        SLW_TRY(copy_file(emission, payload, &hash));
    } else {
        SLW_TRY(copy_source(emission, "bundle", payload->piece.source, payload->piece.span, &hash));
    }
    slw_sha256_final(&hash, digest);
    return check_digest(emission, payload, digest);
}

static enum slw_status write_all(struct emission *emission, const struct slw_heap_buffer *targets)
{
    const struct slw_bundle_parts *parts = emission->parts;
    struct slw_heap_buffer final = {0};
    SLW_TRY(write_roots(emission));
    uint64_t targets_at = emission->output->position;
    SLW_TRY(write_bytes(emission, slw_heap_bytes(targets)));
    for (size_t i = 0; i < parts->others_count; i++) {
        SLW_TRY(copy_piece(emission, &parts->others[i]));
    }
    for (size_t i = 0; i < parts->payloads_count; i++) {
        SLW_TRY(write_payload(emission, &parts->payloads[i]));
    }
    enum slw_status status = encode_targets(parts, true, &final, emission->detail);
    if (status == SLW_OK && final.len != targets->len) {
        status = slw_explain(emission->detail, SLW_BAD_ARGUMENT,
                             "targets metadata changed its length while it was written");
    }
    if (status == SLW_OK) {
        status = slw_output_write_at(emission->output, targets_at, slw_heap_bytes(&final),
                                     emission->detail);
    }
    slw_heap_free(&final);
    return status;
}

enum slw_status slw_bundle_write(const struct slw_bundle_parts *parts, struct slw_output *output,
                                 struct slw_detail *detail)
{
    struct emission emission = {.parts = parts, .output = output, .detail = detail};
    struct slw_heap_buffer targets = {0};
    for (size_t i = 0; i < parts->payloads_count; i++) {
        emission.payload_bytes_total += parts->payloads[i].length;
    }
    emission.block = malloc(SLW_FILE_BLOCK_SIZE);
    enum slw_status status = emission.block == NULL
                                 ? slw_explain_no_memory(detail)
                                 : encode_targets(parts, false, &targets, detail);
    if (status == SLW_OK) {
        status = write_all(&emission, &targets);
    }
    slw_heap_free(&targets);
    free(emission.block);
    return status;
}
