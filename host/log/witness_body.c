/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of add-checkpoint (C2SP tlog-witness): bodies made by the key process and read by a
 * witness, answers made by the witness and read by the key process.
 */
#include "witness_body.h"

#include "number_text.h"

#include "slipway/base64.h"

enum slw_status slw_witness_body_format(uint64_t old_size, const struct slw_merkle_path *proof,
                                        struct slw_bytes checkpoint,
                                        struct slw_heap_buffer *ret_body)
{
    if (proof->count > SLW_WITNESS_PROOF_LINES_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    slw_heap_printf(ret_body, "old %llu\n", (unsigned long long)old_size);
    for (size_t i = 0; i < proof->count; i++) {
        slw_base64_encode(slw_bytes_make(proof->hashes[i].bytes, SLW_SHA256_SIZE), ret_body);
        slw_heap_append_text(ret_body, "\n");
    }
    slw_heap_append_text(ret_body, "\n");
    slw_heap_append(ret_body, checkpoint);
    return ret_body->status;
}

/* "Each line MUST terminate in a newline character (U+000A)." */
static bool take_line(struct slw_bytes *text, struct slw_bytes *ret_line)
{
    const uint8_t *newline = text->len == 0 ? NULL : memchr(text->ptr, '\n', text->len);
    if (newline == NULL) {
        return false;
    }
    *ret_line = slw_bytes_make(text->ptr, (size_t)(newline - text->ptr));
    *text = slw_bytes_make(newline + 1, text->len - ret_line->len - 1);
    return true;
}

/* "The old size line MUST consist of the string `old`, a single space (0x20), and the tree size of
 * the previous checkpoint encoded as an ASCII decimal with no leading zeroes" */
static bool read_old_size(struct slw_bytes line, uint64_t *ret_size)
{
    return line.len > 4 && memcmp(line.ptr, "old ", 4) == 0 &&
           slw_number_parse(slw_bytes_make(line.ptr + 4, line.len - 4), ret_size);
}

/* "Each consistency proof line MUST encode a single hash in base64." */
static enum slw_status read_hash(struct slw_bytes line, struct slw_merkle_hash *ret_hash)
{
    struct slw_heap_buffer hash = {0};
    enum slw_status status = slw_base64_decode(line, &hash);
    if (status == SLW_OK && hash.len != sizeof ret_hash->bytes) {
        status = SLW_MALFORMED;
    }
    if (status == SLW_OK) {
        memcpy(ret_hash->bytes, hash.ptr, hash.len);
    }
    slw_heap_free(&hash);
    return status;
}

enum slw_status slw_witness_body_parse(struct slw_bytes body, struct slw_witness_body *ret_body,
                                       struct slw_detail *detail)
{
    struct slw_witness_body parsed = {.old_size = 0};
    struct slw_bytes rest = body;
    struct slw_bytes line;
    if (body.len > SLW_WITNESS_BODY_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a body of more than %u bytes",
                           SLW_WITNESS_BODY_SIZE_MAX);
    }
    if (!take_line(&rest, &line) || !read_old_size(line, &parsed.old_size)) {
        return slw_explain(detail, SLW_MALFORMED, "no old size");
    }
    for (;;) {
        if (!take_line(&rest, &line)) {
            return slw_explain(detail, SLW_MALFORMED, "no checkpoint");
        }
        if (line.len == 0) {
            break;
        }
        /* "The client MUST NOT send more than 63 consistency proof lines." */
        if (parsed.proof.count == SLW_WITNESS_PROOF_LINES_MAX) {
            return slw_explain(detail, SLW_MALFORMED, "more than %u lines of proof",
                               SLW_WITNESS_PROOF_LINES_MAX);
        }
        enum slw_status status = read_hash(line, &parsed.proof.hashes[parsed.proof.count]);
        if (status != SLW_OK) {
            return slw_explain(detail, status, "a line of proof is no hash in base64");
        }
        parsed.proof.count++;
    }
    parsed.checkpoint = rest;
    *ret_body = parsed;
    return SLW_OK;
}

/* "The response body MUST consist of the tree size of the latest cosigned checkpoint in decimal,
 * followed by a newline (U+000A)." */
static bool read_conflict(struct slw_bytes body, uint64_t *ret_size)
{
    return body.len > 1 && body.ptr[body.len - 1] == '\n' &&
           slw_number_parse(slw_bytes_make(body.ptr, body.len - 1), ret_size);
}

/* "The signatures MUST be cosignatures from the witness key(s) on the checkpoint. ... The client
 * MUST ignore any cosignatures from unknown keys." */
static enum slw_status read_cosignature(struct slw_bytes body, struct slw_bytes checkpoint_text,
                                        const struct slw_note_key *witness,
                                        struct slw_witness_answer *answer,
                                        struct slw_heap_buffer *ret_line, struct slw_detail *detail)
{
    struct slw_note note;
    struct slw_note_verdict verdict;
    uint8_t signature[SLW_NOTE_COSIGNATURE_SIZE];
    SLW_TRY(slw_note_lines_parse("a witness's answer", body, &note, detail));
    note.text = checkpoint_text;
    SLW_TRY(slw_note_verify(&note, witness, 1, &verdict, detail));
    answer->time = verdict.time;
    memcpy(answer->signature, verdict.signature, sizeof answer->signature);
    if (ret_line != NULL) {
        for (unsigned i = 0; i < 8; i++) {
            signature[i] = (uint8_t)(verdict.time >> (56 - 8 * i));
        }
        memcpy(signature + 8, verdict.signature, SLW_SIGNATURE_SIZE);
        slw_note_line_format(witness, slw_bytes_make(signature, sizeof signature), ret_line);
        return ret_line->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    return SLW_OK;
}

enum slw_status slw_witness_answer_read(unsigned http_status, struct slw_bytes body,
                                        struct slw_bytes checkpoint_text,
                                        const struct slw_note_key *witness,
                                        struct slw_witness_answer *ret_answer,
                                        struct slw_heap_buffer *ret_line, struct slw_detail *detail)
{
    struct slw_witness_answer answer = {.result = SLW_WITNESS_REFUSED};
    if (body.len > SLW_WITNESS_ANSWER_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a witness's answer of more than %u bytes",
                           SLW_WITNESS_ANSWER_SIZE_MAX);
    }
    if (witness->type != SLW_NOTE_COSIGNATURE) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s is no witness", witness->name);
    }
    if (http_status == 200) {
        answer.result = SLW_WITNESS_COSIGNED;
        SLW_TRY(read_cosignature(body, checkpoint_text, witness, &answer, ret_line, detail));
    } else if (http_status == 409) {
        if (!read_conflict(body, &answer.size)) {
            return slw_explain(detail, SLW_MALFORMED, "%s: a conflict without a size",
                               witness->name);
        }
        answer.result = SLW_WITNESS_CONFLICT;
    }
    *ret_answer = answer;
    return SLW_OK;
}
