/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs in the form that bundles carry (spec/SIGNING.md, section 3), which says nothing that a
 * device knows already: neither origin, root nor names. The key process makes them of its log,
 * `bundle inspect` takes them apart; a device reads them with code of its own.
 */
#include "slipway/tlog_proof.h"

#define FORM 1u
#define PATH_COUNT_MAX 63u

static void append_u64(uint64_t value, struct slw_heap_buffer *ret_bytes)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    slw_heap_append(ret_bytes, slw_bytes_make(bytes, sizeof bytes));
}

static void append_u8(size_t value, struct slw_heap_buffer *ret_bytes)
{
    const uint8_t byte = (uint8_t)value;
    slw_heap_append(ret_bytes, slw_bytes_make(&byte, 1));
}

static void append_cosignatures(const struct slw_note_key *witnesses,
                                const struct slw_note_verdict *verdicts, size_t count,
                                struct slw_heap_buffer *ret_bytes)
{
    size_t cosigned = 0;
    for (size_t i = 0; i < count; i++) {
        cosigned += verdicts[i].is_signed ? 1 : 0;
    }
    append_u8(cosigned, ret_bytes);
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i].is_signed) {
            slw_heap_append(ret_bytes, slw_bytes_make(witnesses[i].id, sizeof witnesses[i].id));
            append_u64(verdicts[i].time, ret_bytes);
            slw_heap_append(ret_bytes, slw_bytes_make(verdicts[i].signature, SLW_SIGNATURE_SIZE));
        }
    }
}

enum slw_status slw_tlog_proof_encode(const struct slw_tlog_proof *proof,
                                      const struct slw_note_key *log_key,
                                      const struct slw_note_key *witnesses, size_t witness_count,
                                      struct slw_heap_buffer *ret_binary, struct slw_detail *detail)
{
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    struct slw_note_verdict of_log;
    struct slw_note_verdict verdicts[SLW_TLOG_PROOF_WITNESSES_MAX];
    if (proof->path.count > PATH_COUNT_MAX || witness_count > SLW_TLOG_PROOF_WITNESSES_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "too many hashes or witnesses for a proof");
    }
    if (slw_checkpoint_open("proof", proof->checkpoint, log_key, &note, &checkpoint, detail) !=
            SLW_OK ||
        slw_note_verify(&note, log_key, 1, &of_log, detail) != SLW_OK) {
        return SLW_BAD_PROOF;
    }
    if (checkpoint.extensions.len != 0) {
        return slw_explain(detail, SLW_BAD_PROOF, "proof: its checkpoint has extensions");
    }
    enum slw_status status = slw_note_verify(&note, witnesses, witness_count, verdicts, detail);
    if (status != SLW_OK && status != SLW_UNSIGNED) {
        return SLW_BAD_PROOF;
    }
    append_u8(FORM, ret_binary);
    append_u64(proof->index, ret_binary);
    append_u64(checkpoint.size, ret_binary);
    append_u8(proof->path.count, ret_binary);
    for (size_t i = 0; i < proof->path.count; i++) {
        slw_heap_append(ret_binary, slw_bytes_make(proof->path.hashes[i].bytes, SLW_SHA256_SIZE));
    }
    slw_heap_append(ret_binary, slw_bytes_make(log_key->id, sizeof log_key->id));
    slw_heap_append(ret_binary, slw_bytes_make(of_log.signature, SLW_SIGNATURE_SIZE));
    append_cosignatures(witnesses, verdicts, witness_count, ret_binary);
    return ret_binary->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static uint64_t read_u64(struct slw_reader *reader)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | slw_reader_u8(reader);
    }
    return value;
}

static bool read_fields(struct slw_reader *reader, struct slw_tlog_proof_fields *fields)
{
    if (slw_reader_u8(reader) != FORM) {
        return false;
    }
    fields->index = read_u64(reader);
    fields->size = read_u64(reader);
    fields->path.count = slw_reader_u8(reader);
    if (fields->path.count > PATH_COUNT_MAX) {
        return false;
    }
    for (size_t i = 0; i < fields->path.count; i++) {
        slw_reader_copy(reader, fields->path.hashes[i].bytes, SLW_SHA256_SIZE);
    }
    slw_reader_copy(reader, fields->log_key_id, sizeof fields->log_key_id);
    slw_reader_copy(reader, fields->log_signature, sizeof fields->log_signature);
    fields->cosignature_count = slw_reader_u8(reader);
    if (fields->cosignature_count > SLW_TLOG_PROOF_WITNESSES_MAX) {
        return false;
    }
    for (size_t i = 0; i < fields->cosignature_count; i++) {
        slw_reader_copy(reader, fields->cosignatures[i].key_id, SLW_NOTE_KEY_ID_SIZE);
        fields->cosignatures[i].time = read_u64(reader);
        slw_reader_copy(reader, fields->cosignatures[i].signature, SLW_SIGNATURE_SIZE);
    }
    return reader->status == SLW_OK && slw_reader_left(reader) == 0;
}

enum slw_status slw_tlog_proof_decode(struct slw_bytes binary,
                                      struct slw_tlog_proof_fields *ret_fields,
                                      struct slw_detail *detail)
{
    struct slw_tlog_proof_fields fields = {.index = 0};
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, binary);
    if (!read_fields(&reader, &fields)) {
        return slw_explain(detail, SLW_BAD_PROOF, "proof: not of the form that bundles carry");
    }
    *ret_fields = fields;
    return SLW_OK;
}

/* The root that the path leads to, whatever it is: what the last step of verification compares. */
static bool root_of(const struct slw_tlog_proof_fields *fields, struct slw_bytes leaf,
                    struct slw_merkle_hash *ret_root)
{
    struct slw_merkle_hash hash;
    if (fields->index >= fields->size || fields->size > SLW_MERKLE_SIZE_MAX) {
        return false;
    }
    uint64_t node = fields->index;
    uint64_t last = fields->size - 1;
    slw_merkle_leaf(leaf, &hash);
    for (size_t i = 0; i < fields->path.count; i++) {
        while (node % 2 == 0 && node == last && last != 0) { /* nothing stands beside it here */
            node >>= 1;
            last >>= 1;
        }
        if (last == 0) {
            return false;
        }
        if (node % 2 == 1) {
            slw_merkle_node(&fields->path.hashes[i], &hash, &hash);
        } else {
            slw_merkle_node(&hash, &fields->path.hashes[i], &hash);
        }
        node >>= 1;
        last >>= 1;
    }
    *ret_root = hash;
    return true;
}

static void append_known_cosignatures(const struct slw_tlog_proof_fields *fields,
                                      const struct slw_note_key *witnesses, size_t witness_count,
                                      struct slw_heap_buffer *ret_checkpoint)
{
    for (size_t i = 0; i < fields->cosignature_count; i++) {
        uint8_t signature[SLW_NOTE_COSIGNATURE_SIZE];
        for (unsigned byte = 0; byte < 8; byte++) {
            signature[byte] = (uint8_t)(fields->cosignatures[i].time >> (56 - 8 * byte));
        }
        memcpy(signature + 8, fields->cosignatures[i].signature, SLW_SIGNATURE_SIZE);
        for (size_t w = 0; w < witness_count; w++) {
            if (memcmp(witnesses[w].id, fields->cosignatures[i].key_id, SLW_NOTE_KEY_ID_SIZE) ==
                0) {
                slw_note_line_format(&witnesses[w], slw_bytes_make(signature, sizeof signature),
                                     ret_checkpoint);
            }
        }
    }
}

enum slw_status
slw_tlog_proof_from_binary(const struct slw_tlog_proof_fields *fields, struct slw_bytes leaf,
                           const struct slw_note_key *log_key, const struct slw_note_key *witnesses,
                           size_t witness_count, struct slw_tlog_proof *ret_proof,
                           struct slw_heap_buffer *ret_checkpoint, struct slw_detail *detail)
{
    struct slw_merkle_hash root;
    if (!root_of(fields, leaf, &root)) {
        return slw_explain(detail, SLW_BAD_PROOF, "proof: it has no root");
    }
    if (memcmp(log_key->id, fields->log_key_id, sizeof log_key->id) != 0) {
        return slw_explain(detail, SLW_BAD_PROOF, "proof: of another log than %s", log_key->name);
    }
    struct slw_checkpoint checkpoint = {
        .origin = slw_bytes_make(log_key->name, strlen(log_key->name)), .size = fields->size};
    memcpy(checkpoint.root, root.bytes, sizeof checkpoint.root);
    slw_checkpoint_format(&checkpoint, ret_checkpoint);
    slw_heap_append_text(ret_checkpoint, "\n");
    slw_note_line_format(log_key, slw_bytes_make(fields->log_signature, SLW_SIGNATURE_SIZE),
                         ret_checkpoint);
    append_known_cosignatures(fields, witnesses, witness_count, ret_checkpoint);
    if (ret_checkpoint->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    *ret_proof = (struct slw_tlog_proof){
        .index = fields->index, .path = fields->path, .checkpoint = slw_heap_bytes(ret_checkpoint)};
    return SLW_OK;
}
