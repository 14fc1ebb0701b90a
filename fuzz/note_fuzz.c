/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and bytes of transparency logs, the first byte says which: there is one way to write each,
 * so whatever is read is written as the same again.
 */
#include "fuzz.h"

#include "slipway/log.h"
#include "slipway/tlog_proof.h"
#include "slipway/witness.h"

static void check_same(struct slw_heap_buffer *written, struct slw_bytes input)
{
    FUZZ_CHECK(written->status == SLW_OK);
    FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(written), input));
    slw_heap_drop(written);
}

static void read_note(struct slw_bytes input)
{
    struct slw_note note;
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    if (slw_note_parse("note", input, &note, &detail) != SLW_OK) {
        return;
    }
    FUZZ_CHECK(note.count > 0 && note.count <= SLW_NOTE_SIGNATURES_MAX);
    slw_heap_append(&text, note.text);
    slw_heap_append_text(&text, "\n");
    for (size_t i = 0; i < note.count; i++) {
        FUZZ_CHECK(slw_note_name_is_good(note.signatures[i].name));
        slw_heap_append(&text, note.signatures[i].line);
    }
    check_same(&text, input);
}

static void read_key(struct slw_bytes input)
{
    struct slw_note_key key;
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    if (slw_note_key_parse("key", input, &key, &detail) == SLW_OK) {
        slw_note_key_format(&key, &text);
        check_same(&text, input);
    }
}

static void read_checkpoint(struct slw_bytes input)
{
    struct slw_checkpoint checkpoint;
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    if (slw_checkpoint_parse("checkpoint", input, &checkpoint, &detail) == SLW_OK) {
        slw_checkpoint_format(&checkpoint, &text);
        check_same(&text, input);
    }
}

static void read_proof(struct slw_bytes input)
{
    struct slw_tlog_proof proof;
    struct slw_detail detail;
    struct slw_heap_buffer text = {0};
    if (slw_tlog_proof_parse("proof", input, &proof, &detail) == SLW_OK) {
        slw_tlog_proof_format(&proof, &text);
        check_same(&text, input);
        slw_tlog_proof_free(&proof);
    }
}

static void read_binary_proof(struct slw_bytes input)
{
    struct slw_tlog_proof_fields fields;
    struct slw_detail detail;
    if (slw_tlog_proof_decode(input, &fields, &detail) == SLW_OK) {
        FUZZ_CHECK(input.len ==
                   18 + 32 * fields.path.count + 68 + 1 + 76 * fields.cosignature_count);
    }
}

static void read_leaf(struct slw_bytes input)
{
    struct slw_log_leaf leaf;
    struct slw_heap_buffer bytes = {0};
    if (slw_log_leaf_parse(input, &leaf) == SLW_OK) {
        FUZZ_CHECK(slw_log_leaf_format(&leaf, &bytes) == SLW_OK);
        check_same(&bytes, input);
    }
}

static void read_answer(struct slw_bytes input)
{
    static const uint8_t value[SLW_ED25519_KEY_SIZE] = {
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
        0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
        0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    struct slw_note_key witness;
    struct slw_witness_answer answer;
    struct slw_detail detail;
    FUZZ_CHECK(slw_note_key_make(SLW_BYTES_OF("w1"), SLW_NOTE_COSIGNATURE, value, &witness,
                                 &detail) == SLW_OK);
    /* Nobody here has that key's secret. */
    FUZZ_CHECK(slw_witness_answer_read(200, input, SLW_BYTES_OF("log\n1\n\n"), &witness, &answer,
                                       NULL, &detail) != SLW_OK);
    if (slw_witness_answer_read(409, input, SLW_BYTES_OF("log\n1\n\n"), &witness, &answer, NULL,
                                &detail) == SLW_OK) {
        FUZZ_CHECK(answer.result == SLW_WITNESS_CONFLICT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct slw_bytes input) = {
        read_note, read_key, read_checkpoint, read_proof, read_binary_proof, read_leaf, read_answer,
    };
    if (size > 0) {
        readers[data[0] % (sizeof readers / sizeof readers[0])](slw_bytes_make(data + 1, size - 1));
    }
    return 0;
}
