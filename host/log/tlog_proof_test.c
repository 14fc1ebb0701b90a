/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs as text and in binary: what is written is read again, verifies, and says the same;
 * whatever was changed doesn't.
 */
#include "test_tree.h"

#include "slipway/keys.h"
#include "slipway/tlog_proof.h"

#include "tap.h"

#define WITNESSES 3u

/* A log with its witnesses, and a proof of a leaf of it. */
struct fixture {
    struct slw_private_key *keys[1 + WITNESSES];
    struct slw_note_key log_key;
    struct slw_note_key witnesses[WITNESSES];
    struct slw_heap_buffer checkpoint;
    struct slw_tlog_proof proof;
    uint8_t leaf[4];
};

static struct slw_detail detail;

static void sign_with(struct fixture *fixture, size_t key, const char *name, struct slw_bytes text,
                      struct slw_note_key *ret_key)
{
    struct slw_note_signer signer;
    enum slw_note_type type = key == 0 ? SLW_NOTE_ED25519 : SLW_NOTE_COSIGNATURE;
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &fixture->keys[key], &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_note_signer_init(fixture->keys[key], slw_bytes_make(name, strlen(name)), type,
                                       &signer, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(
        slw_note_sign_text(&signer, text, 1700000000 + key, &fixture->checkpoint, &detail), SLW_OK);
    *ret_key = signer.key;
}

static void setup(struct fixture *fixture, uint64_t index, uint64_t size)
{
    struct slw_merkle_source source = test_tree_source(&size);
    struct slw_merkle_hash root;
    struct slw_heap_buffer text = {0};
    static const char *const names[] = {"w1", "w2", "w3"};
    memset(fixture, 0, sizeof *fixture);
    for (unsigned i = 0; i < 4; i++) {
        fixture->leaf[i] = (uint8_t)(index >> (24 - 8 * i));
    }
    test_tree_root(0, size, &root);
    struct slw_checkpoint checkpoint = {.origin = SLW_BYTES_OF("example.com/log"), .size = size};
    memcpy(checkpoint.root, root.bytes, sizeof root.bytes);
    slw_checkpoint_format(&checkpoint, &text);
    slw_heap_append(&fixture->checkpoint, slw_heap_bytes(&text));
    slw_heap_append_text(&fixture->checkpoint, "\n");
    sign_with(fixture, 0, "example.com/log", slw_heap_bytes(&text), &fixture->log_key);
    for (size_t i = 0; i < WITNESSES; i++) {
        sign_with(fixture, 1 + i, names[i], slw_heap_bytes(&text), &fixture->witnesses[i]);
    }
    fixture->proof.index = index;
    fixture->proof.checkpoint = slw_heap_bytes(&fixture->checkpoint);
    TAP_EQUAL_INT(slw_merkle_prove_inclusion(&source, index, size, &fixture->proof.path), SLW_OK);
    slw_heap_free(&text);
}

static void teardown(struct fixture *fixture)
{
    for (size_t i = 0; i < 1 + WITNESSES; i++) {
        slw_private_key_free(fixture->keys[i]);
    }
    slw_heap_free(&fixture->checkpoint);
}

static enum slw_status verify(const struct fixture *fixture, const struct slw_tlog_proof *proof,
                              size_t witness_count, size_t quorum)
{
    return slw_tlog_proof_verify(proof, slw_bytes_make(fixture->leaf, sizeof fixture->leaf),
                                 &fixture->log_key, fixture->witnesses, witness_count, quorum,
                                 &detail);
}

static void reads_the_text_that_it_wrote(void)
{
    static const uint64_t shapes[][2] = {{0, 1}, {0, 2}, {6, 7}, {3, 7}, {100, 300}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct fixture fixture;
        struct slw_tlog_proof read;
        struct slw_heap_buffer text = {0};
        struct slw_heap_buffer again = {0};
        setup(&fixture, shapes[i][0], shapes[i][1]);
        slw_tlog_proof_format(&fixture.proof, &text);
        TAP_EQUAL_INT(slw_tlog_proof_parse("proof", slw_heap_bytes(&text), &read, &detail), SLW_OK);
        TAP_EQUAL_INT(verify(&fixture, &read, WITNESSES, WITNESSES), SLW_OK);
        TAP_EQUAL_INT(verify(&fixture, &read, 1, 2), SLW_BAD_PROOF);
        TAP_EQUAL_INT(verify(&fixture, &read, 0, 0), SLW_OK);
        slw_tlog_proof_format(&read, &again);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&text), slw_heap_bytes(&again)));
        slw_heap_free(&text);
        slw_heap_free(&again);
        slw_tlog_proof_free(&read);
        teardown(&fixture);
    }
}

static void keeps_extra_data_that_prove_nothing(void)
{
    struct fixture fixture;
    struct slw_tlog_proof read;
    struct slw_heap_buffer text = {0};
    setup(&fixture, 2, 5);
    slw_heap_append_text(&fixture.proof.extra, "any\nthing");
    slw_tlog_proof_format(&fixture.proof, &text);
    TAP_EQUAL_INT(slw_tlog_proof_parse("proof", slw_heap_bytes(&text), &read, &detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&read.extra), SLW_BYTES_OF("any\nthing")));
    TAP_EQUAL_INT(verify(&fixture, &read, WITNESSES, WITNESSES), SLW_OK);
    slw_tlog_proof_free(&read);
    slw_tlog_proof_free(&fixture.proof);
    slw_heap_free(&text);
    teardown(&fixture);
}

#define HASH "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"

static void refuses_what_is_no_text_of_a_proof(void)
{
    static const char *const texts[] = {
        "",
        "wrong-header\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\ncheckpoint\r\n",
        "c2sp.org/tlog-proof@v1\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA",
        "c2sp.org/tlog-proof@v1\n\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex notanumber\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex -5\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 05\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex  5\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" HASH,
        "c2sp.org/tlog-proof@v1\nindex 0\n" HASH "index 1\n\ncheckpoint\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_tlog_proof proof;
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(slw_tlog_proof_parse("proof", slw_bytes_make(texts[i], strlen(texts[i])),
                                           &proof, &detail),
                      SLW_MALFORMED);
    }
}

static void bounds_the_text_of_a_proof(void)
{
    struct slw_tlog_proof proof;
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "c2sp.org/tlog-proof@v1\nindex 0\n");
    for (unsigned i = 0; i <= SLW_MERKLE_PATH_MAX; i++) {
        slw_heap_append_text(&text, HASH);
    }
    slw_heap_append_text(&text, "\ncheckpoint\n");
    TAP_EQUAL_INT(slw_tlog_proof_parse("proof", slw_heap_bytes(&text), &proof, &detail),
                  SLW_TOO_LARGE);
    slw_heap_free(&text);
    slw_heap_append_text(&text, "c2sp.org/tlog-proof@v1\nextra ");
    while (text.len < SLW_TLOG_PROOF_EXTRA_SIZE_MAX * 2) {
        slw_heap_append_text(&text, "AAAA");
    }
    slw_heap_append_text(&text, "\nindex 0\n\ncheckpoint\n");
    TAP_EQUAL_INT(slw_tlog_proof_parse("proof", slw_heap_bytes(&text), &proof, &detail),
                  SLW_TOO_LARGE);
    slw_heap_free(&text);
}

static void refuses_every_changed_byte_of_a_text(void)
{
    struct fixture fixture;
    struct slw_heap_buffer text = {0};
    setup(&fixture, 4, 6);
    slw_tlog_proof_format(&fixture.proof, &text);
    unsigned accepted = 0;
    for (size_t i = 0; i < text.len; i++) {
        struct slw_tlog_proof read;
        text.ptr[i] ^= 1;
        if (slw_tlog_proof_parse("proof", slw_heap_bytes(&text), &read, &detail) == SLW_OK) {
            accepted += verify(&fixture, &read, WITNESSES, WITNESSES) == SLW_OK ? 1 : 0;
            slw_tlog_proof_free(&read);
        }
        text.ptr[i] ^= 1;
    }
    TAP_EQUAL_INT(accepted, 0);
    slw_heap_free(&text);
    teardown(&fixture);
}

static void says_the_same_in_binary(void)
{
    static const uint64_t shapes[][2] = {{0, 1}, {0, 2}, {6, 7}, {4, 7}, {12, 13}, {100, 300}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct fixture fixture;
        struct slw_tlog_proof_fields fields;
        struct slw_tlog_proof again;
        struct slw_heap_buffer binary = {0};
        struct slw_heap_buffer checkpoint = {0};
        setup(&fixture, shapes[i][0], shapes[i][1]);
        TAP_EQUAL_INT(slw_tlog_proof_encode(&fixture.proof, &fixture.log_key, fixture.witnesses,
                                            WITNESSES, &binary, &detail),
                      SLW_OK);
        TAP_EQUAL_INT(binary.len, 18 + 32 * fixture.proof.path.count + 68 + 1 + 76 * WITNESSES);
        TAP_EQUAL_INT(slw_tlog_proof_decode(slw_heap_bytes(&binary), &fields, &detail), SLW_OK);
        TAP_CHECK(fields.index == shapes[i][0] && fields.size == shapes[i][1]);
        TAP_EQUAL_INT(slw_tlog_proof_from_binary(&fields,
                                                 slw_bytes_make(fixture.leaf, sizeof fixture.leaf),
                                                 &fixture.log_key, fixture.witnesses, WITNESSES,
                                                 &again, &checkpoint, &detail),
                      SLW_OK);
        TAP_CHECK(slw_bytes_equal(again.checkpoint, fixture.proof.checkpoint));
        TAP_EQUAL_INT(verify(&fixture, &again, WITNESSES, WITNESSES), SLW_OK);
        fixture.leaf[3] ^= 1; /* another leaf leads to another root, which nobody signed */
        TAP_EQUAL_INT(verify(&fixture, &again, 0, 0), SLW_BAD_PROOF);
        slw_heap_free(&binary);
        slw_heap_free(&checkpoint);
        teardown(&fixture);
    }
}

static void refuses_binary_of_another_form(void)
{
    struct fixture fixture;
    struct slw_tlog_proof_fields fields;
    struct slw_heap_buffer binary = {0};
    setup(&fixture, 2, 9);
    TAP_EQUAL_INT(slw_tlog_proof_encode(&fixture.proof, &fixture.log_key, fixture.witnesses,
                                        WITNESSES, &binary, &detail),
                  SLW_OK);
    for (size_t len = 0; len < binary.len; len++) {
        TAP_EQUAL_INT(slw_tlog_proof_decode(slw_bytes_make(binary.ptr, len), &fields, &detail),
                      SLW_BAD_PROOF);
    }
    slw_heap_append_text(&binary, "x");
    TAP_EQUAL_INT(slw_tlog_proof_decode(slw_heap_bytes(&binary), &fields, &detail), SLW_BAD_PROOF);
    binary.len--;
    static const size_t counts[] = {0, 17}; /* the form's number, and that of hashes */
    for (size_t i = 0; i < 2; i++) {
        uint8_t kept = binary.ptr[counts[i]];
        binary.ptr[counts[i]] = 64;
        TAP_EQUAL_INT(slw_tlog_proof_decode(slw_heap_bytes(&binary), &fields, &detail),
                      SLW_BAD_PROOF);
        binary.ptr[counts[i]] = kept;
    }
    TAP_EQUAL_INT(slw_tlog_proof_decode(slw_heap_bytes(&binary), &fields, &detail), SLW_OK);
    slw_heap_free(&binary);
    teardown(&fixture);
}

static void makes_no_binary_of_what_does_not_verify(void)
{
    struct fixture fixture;
    struct slw_heap_buffer binary = {0};
    setup(&fixture, 2, 9);
    struct slw_note_key kept = fixture.log_key;
    fixture.log_key = fixture.witnesses[0];
    TAP_EQUAL_INT(
        slw_tlog_proof_encode(&fixture.proof, &fixture.log_key, NULL, 0, &binary, &detail),
        SLW_BAD_PROOF);
    fixture.log_key = kept;
    fixture.checkpoint.ptr[16] ^= 1; /* the size */
    TAP_EQUAL_INT(
        slw_tlog_proof_encode(&fixture.proof, &fixture.log_key, NULL, 0, &binary, &detail),
        SLW_BAD_PROOF);
    fixture.checkpoint.ptr[16] ^= 1;
    TAP_EQUAL_INT(
        slw_tlog_proof_encode(&fixture.proof, &fixture.log_key, NULL, 0, &binary, &detail), SLW_OK);
    slw_heap_free(&binary);
    teardown(&fixture);
}

int main(void)
{
    TAP_RUN(reads_the_text_that_it_wrote);
    TAP_RUN(keeps_extra_data_that_prove_nothing);
    TAP_RUN(refuses_what_is_no_text_of_a_proof);
    TAP_RUN(bounds_the_text_of_a_proof);
    TAP_RUN(refuses_every_changed_byte_of_a_text);
    TAP_RUN(says_the_same_in_binary);
    TAP_RUN(refuses_binary_of_another_form);
    TAP_RUN(makes_no_binary_of_what_does_not_verify);
    return tap_finish();
}
