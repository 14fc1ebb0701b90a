/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offline proofs as text (C2SP tlog-proof@v1): written for people, read from anybody, verified.
 */
#include "number_text.h"

#include "slipway/base64.h"
#include "slipway/tlog_proof.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"
#define WHAT "proof"

void slw_tlog_proof_format(const struct slw_tlog_proof *proof, struct slw_heap_buffer *ret_text)
{
    slw_heap_append_text(ret_text, FIRST_LINE);
    if (proof->extra.len != 0) {
        slw_heap_append_text(ret_text, "extra ");
        slw_base64_encode(slw_heap_bytes(&proof->extra), ret_text);
        slw_heap_append_text(ret_text, "\n");
    }
    slw_heap_printf(ret_text, "index %llu\n", (unsigned long long)proof->index);
    for (size_t i = 0; i < proof->path.count; i++) {
        slw_base64_encode(slw_bytes_make(proof->path.hashes[i].bytes, SLW_SHA256_SIZE), ret_text);
        slw_heap_append_text(ret_text, "\n");
    }
    slw_heap_append_text(ret_text, "\n");
    slw_heap_append(ret_text, proof->checkpoint);
}

/* The next line without its newline, which is taken away; false when there is none. */
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

static bool take_prefix(struct slw_bytes *text, struct slw_bytes prefix)
{
    if (text->len < prefix.len || memcmp(text->ptr, prefix.ptr, prefix.len) != 0) {
        return false;
    }
    *text = slw_bytes_make(text->ptr + prefix.len, text->len - prefix.len);
    return true;
}

/* "The second line MAY start with the string `extra` followed by a space (U+0020) and
 * base64-encoded opaque extra data." */
static enum slw_status read_extra(const char *what, struct slw_bytes *rest,
                                  struct slw_heap_buffer *ret_extra, struct slw_detail *detail)
{
    struct slw_bytes line;
    if (!take_prefix(rest, SLW_BYTES_OF("extra "))) {
        return SLW_OK;
    }
    if (!take_line(rest, &line) || line.len == 0) {
        return slw_explain(detail, SLW_MALFORMED, "%s: its extra data are missing", what);
    }
    if (line.len > SLW_BASE64_SIZE(SLW_TLOG_PROOF_EXTRA_SIZE_MAX)) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u bytes of extra data", what,
                           SLW_TLOG_PROOF_EXTRA_SIZE_MAX);
    }
    enum slw_status status = slw_base64_decode(line, ret_extra);
    return status == SLW_MALFORMED
               ? slw_explain(detail, status, "%s: its extra data aren't base64", what)
               : status;
}

static enum slw_status read_hash(const char *what, struct slw_bytes line,
                                 struct slw_merkle_path *path, struct slw_detail *detail)
{
    struct slw_heap_buffer hash = {0};
    if (path->count == SLW_MERKLE_PATH_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u hashes", what,
                           SLW_MERKLE_PATH_MAX);
    }
    enum slw_status status = slw_base64_decode(line, &hash);
    if (status == SLW_OK && hash.len == SLW_SHA256_SIZE) {
        memcpy(path->hashes[path->count++].bytes, hash.ptr, SLW_SHA256_SIZE);
    } else if (status != SLW_NO_SPACE) {
        status = slw_explain(detail, SLW_MALFORMED, "%s: a hash is no SHA-256 in base64", what);
    }
    slw_heap_free(&hash);
    return status;
}

static enum slw_status read_proof(const char *what, struct slw_bytes text,
                                  struct slw_tlog_proof *proof, struct slw_detail *detail)
{
    struct slw_bytes rest = text;
    struct slw_bytes line;
    /* "The first line MUST be the string `c2sp.org/tlog-proof@v1`." */
    if (!take_prefix(&rest, SLW_BYTES_OF(FIRST_LINE))) {
        return slw_explain(detail, SLW_MALFORMED, "%s: no tlog-proof@v1", what);
    }
    SLW_TRY(read_extra(what, &rest, &proof->extra, detail));
    /* "The next line MUST start with the string `index` followed by a space (U+0020) and the
     * zero-based index of the entry in the log, represented as an ASCII decimal with no leading
     * zeroes" */
    if (!take_prefix(&rest, SLW_BYTES_OF("index ")) || !take_line(&rest, &line) ||
        !slw_number_parse(line, &proof->index)) {
        return slw_explain(detail, SLW_MALFORMED, "%s: no index", what);
    }
    for (;;) {
        if (!take_line(&rest, &line)) {
            return slw_explain(detail, SLW_MALFORMED, "%s: no checkpoint", what);
        }
        if (line.len == 0) {
            break;
        }
        SLW_TRY(read_hash(what, line, &proof->path, detail));
    }
    proof->checkpoint = rest;
    return SLW_OK;
}

enum slw_status slw_tlog_proof_parse(const char *what, struct slw_bytes text,
                                     struct slw_tlog_proof *ret_proof, struct slw_detail *detail)
{
    struct slw_tlog_proof proof = {.index = 0};
    enum slw_status status = read_proof(what, text, &proof, detail);
    if (status != SLW_OK) {
        slw_tlog_proof_free(&proof);
        return status == SLW_NO_SPACE ? slw_explain_no_memory(detail) : status;
    }
    *ret_proof = proof;
    return SLW_OK;
}

void slw_tlog_proof_free(struct slw_tlog_proof *proof)
{
    slw_heap_free(&proof->extra);
}

static size_t count_cosigned(const struct slw_note_verdict *verdicts, size_t count)
{
    size_t cosigned = 0;
    for (size_t i = 0; i < count; i++) {
        cosigned += verdicts[i].is_signed ? 1 : 0;
    }
    return cosigned;
}

/* Cosignatures of these witnesses; a checkpoint may have none. */
static enum slw_status verify_witnesses(const struct slw_note *note,
                                        const struct slw_note_key *witnesses, size_t count,
                                        size_t quorum, struct slw_detail *detail)
{
    struct slw_note_verdict verdicts[SLW_TLOG_PROOF_WITNESSES_MAX];
    if (count > SLW_TLOG_PROOF_WITNESSES_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "more than %u witnesses",
                           SLW_TLOG_PROOF_WITNESSES_MAX);
    }
    enum slw_status status = slw_note_verify(note, witnesses, count, verdicts, detail);
    if (status != SLW_OK && status != SLW_UNSIGNED) {
        return SLW_BAD_PROOF;
    }
    size_t cosigned = count_cosigned(verdicts, count);
    return cosigned >= quorum
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_PROOF, WHAT ": %zu witnesses cosigned, %zu must",
                             cosigned, quorum);
}

enum slw_status slw_tlog_proof_verify(const struct slw_tlog_proof *proof, struct slw_bytes leaf,
                                      const struct slw_note_key *log_key,
                                      const struct slw_note_key *witnesses, size_t witness_count,
                                      size_t quorum, struct slw_detail *detail)
{
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    struct slw_merkle_hash hash;
    struct slw_merkle_hash root;
    if (slw_checkpoint_open(WHAT, proof->checkpoint, log_key, &note, &checkpoint, detail) !=
        SLW_OK) {
        return SLW_BAD_PROOF;
    }
    slw_merkle_leaf(leaf, &hash);
    memcpy(root.bytes, checkpoint.root, sizeof root.bytes);
    if (slw_merkle_verify_inclusion(proof->index, checkpoint.size, &hash, &proof->path, &root) !=
        SLW_OK) {
        return slw_explain(detail, SLW_BAD_PROOF,
                           WHAT ": the leaf isn't the log's entry of this index");
    }
    return verify_witnesses(&note, witnesses, witness_count, quorum, detail);
}
