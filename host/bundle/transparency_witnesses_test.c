/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose signatures a device believes in transparency proofs (device/transparency.c): the log's and
 * its witnesses', each once and over the very checkpoint that the path leads to. The trees are in
 * transparency_test.c.
 */
#include "test_log.h"

#include "tap.h"

#define LEAVES_COUNT 11u

static struct test_hash leaves[LEAVES_COUNT];
static struct test_proof proof;
static struct slw_heap_buffer bytes;
static struct slw_proof verified;
static struct slw_finding finding;

static void set_up(void)
{
    test_log_set_up();
    for (size_t i = 0; i < LEAVES_COUNT; i++) {
        leaves[i] = test_leaf_of_number(i);
    }
}

static enum slw_status verify(const struct test_hash *leaf)
{
    slw_heap_free(&bytes);
    test_proof_encode(&proof, &bytes);
    return test_proof_run_bytes(slw_heap_bytes(&bytes), leaf, &verified, &finding);
}

static bool names_signer(size_t signer)
{
    struct slw_bytes name = test_signer(signer)->name;
    return slw_bytes_equal(slw_bytes_make(finding.name, finding.name_len), name);
}

static void refuses_a_checkpoint_that_the_log_did_not_sign(void)
{
    set_up();
    test_log_prove(leaves, 11, 6, &proof);
    proof.log.signer = 1;
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    TAP_CHECK(names_signer(0));
    test_log_prove(leaves, 11, 6, &proof);
    proof.log.signer = 5;
    proof.log.claimed = 5;
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    test_log_prove(leaves, 11, 6, &proof);
    proof.log.origin = "log.example/lamp2";
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    test_log_prove(leaves, 11, 6, &proof);
    proof.log.size = 12;
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    TAP_CHECK(names_signer(0));
    test_log_prove(leaves, 11, 6, &proof);
    proof.log.root.bytes[31] ^= 1;
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
}

static void takes_cosignatures_in_any_order(void)
{
    static const size_t orders[][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
                                       {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    set_up();
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        test_log_prove(leaves, 11, 6, &proof);
        proof.cosignatures_count = 0;
        for (size_t j = 0; j < 3; j++) {
            test_proof_cosign(&proof, orders[i][j]);
        }
        TAP_EQUAL_INT(verify(&leaves[6]), SLW_OK);
        TAP_EQUAL_INT(verified.cosigned, 3);
    }
}

static void skips_witnesses_that_it_does_not_know(void)
{
    set_up();
    test_log_prove(leaves, 11, 6, &proof);
    for (size_t signer = 4; proof.cosignatures_count < SLW_PROOF_COSIGNATURES_MAX; signer++) {
        test_proof_cosign(&proof, signer);
        proof.cosignatures[proof.cosignatures_count - 1].size = signer; /* nobody looks */
    }
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_OK);
    TAP_EQUAL_INT(verified.cosigned, 3);
    proof.cosignatures[2].claimed = 19; /* one of the three is unknown now */
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    TAP_CHECK(finding.has_numbers && finding.found == 2 && finding.wanted == 3);
    proof.cosignatures[2].claimed = 3;
    test_proof_cosign(&proof, 19); /* a 17th */
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
}

static void refuses_too_few_witnesses(void)
{
    set_up();
    for (size_t quorum = 0; quorum <= TEST_WITNESSES_COUNT; quorum++) {
        for (size_t cosigned = 0; cosigned <= TEST_WITNESSES_COUNT; cosigned++) {
            test_transparency.quorum = quorum;
            test_log_prove(leaves, 11, 6, &proof);
            proof.cosignatures_count = (uint8_t)cosigned;
            TAP_EQUAL_INT(verify(&leaves[6]), cosigned >= quorum ? SLW_OK : SLW_BAD_PROOF);
        }
    }
}

/* Also where enough others are right: a proof that is wrong anywhere was meddled with. */
static void refuses_a_known_witness_with_a_wrong_cosignature(void)
{
    for (size_t which = 0; which < TEST_WITNESSES_COUNT; which++) {
        set_up();
        test_transparency.quorum = 1;
        struct test_cosignature *one = &proof.cosignatures[which];
#define REFUSES(change)                                                                            \
    do {                                                                                           \
        test_log_prove(leaves, 11, 6, &proof);                                                     \
        change;                                                                                    \
        TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);                                          \
        TAP_CHECK(names_signer(which + 1));                                                        \
    } while (0)
        REFUSES(one->origin = "log.example/other");
        REFUSES(one->size = 12);
        REFUSES(one->root.bytes[0] ^= 1);
        REFUSES(one->time_told++);
        REFUSES(one->time_told = UINT64_C(1) << 63);
        REFUSES(one->time = one->time_told = UINT64_C(1) << 63);
        REFUSES(one->time = one->time_told = UINT64_MAX);
        REFUSES(one->signer = 0);
        REFUSES(one->signer = 7);
        REFUSES(one->signer = one->signer % TEST_WITNESSES_COUNT + 1);
#undef REFUSES
        test_log_prove(leaves, 11, 6, &proof);
        one->time = one->time_told = INT64_MAX;
        TAP_EQUAL_INT(verify(&leaves[6]), SLW_OK);
        one->time = one->time_told = 0;
        TAP_EQUAL_INT(verify(&leaves[6]), SLW_OK);
    }
}

static void counts_no_witness_twice(void)
{
    set_up();
    test_transparency.quorum = 2;
    test_log_prove(leaves, 11, 6, &proof);
    proof.cosignatures_count = 0;
    test_proof_cosign(&proof, 2);
    test_proof_cosign(&proof, 2);
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    TAP_CHECK(names_signer(2));
    proof.cosignatures[1].time++; /* another cosignature of the same witness */
    proof.cosignatures[1].time_told++;
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    test_proof_cosign(&proof, 1); /* enough without it, and still no proof to be believed */
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
}

/* What the log signed as its checkpoint isn't a cosignature, whatever key id it stands under. */
static void counts_no_log_as_its_own_witness(void)
{
    set_up();
    test_transparency.quorum = 1;
    test_log_prove(leaves, 11, 6, &proof);
    proof.cosignatures_count = 0;
    test_proof_cosign(&proof, 0);
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    proof.cosignatures[0].claimed = 1;
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
}

static void refuses_to_work_with_a_configuration_that_makes_no_sense(void)
{
    static char long_name[SLW_TRANSPARENCY_NAME_SIZE_MAX + 1];
    static const char *const bad_names[] = {"", "a b", "a+b", "a\nb", "a\tb", "\x7F"};
    struct slw_transparency_key changed[SLW_TRANSPARENCY_WITNESSES_MAX + 1];
    set_up();
    memset(long_name, 'a', sizeof long_name);
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        changed[i] = *test_signer(i + 1);
    }
    test_transparency.witnesses = changed;
    test_transparency.witnesses_count = SLW_TRANSPARENCY_WITNESSES_MAX;
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_OK);
    test_transparency.witnesses_count++;
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    test_transparency.witnesses_count = 3;
    test_transparency.quorum = 4;
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    test_transparency.quorum = 3;
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_OK);
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        TAP_ROW(bad_names[i]);
        struct slw_bytes bad = slw_bytes_make(bad_names[i], strlen(bad_names[i]));
        test_transparency.log.name = bad;
        TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
        test_transparency.log = *test_signer(0);
        changed[1].name = bad;
        TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
        changed[1] = *test_signer(2);
    }
    TAP_ROW(NULL);
    test_transparency.log.name = slw_bytes_make(long_name, sizeof long_name);
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    test_transparency.log.name.len--;
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_OK);
    test_transparency.log = *test_signer(0);
    changed[2] = changed[0];
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    changed[2].name = SLW_BYTES_OF("another-name-for-the-same-key");
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    memcpy(changed[2].ed25519, test_signer(0)->ed25519, sizeof changed[2].ed25519);
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    test_log_prove(leaves, 11, 6, &proof);
    TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_ARGUMENT);
}

/* Found by trying names and keys; whoever makes keys by the billion finds one for any id. */
static void refuses_two_witnesses_whose_key_ids_are_alike(void)
{
    struct slw_transparency_key alike[2] = {{.name = SLW_BYTES_OF("w2357.example")},
                                            {.name = SLW_BYTES_OF("w52097.example")}};
    static const uint16_t numbers[2] = {2357, 52097};
    uint8_t ids[2][SLW_TRANSPARENCY_KEY_ID_SIZE];
    set_up();
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; at < sizeof alike[i].ed25519; at += 4) {
            alike[i].ed25519[at + 2] = (uint8_t)(numbers[i] >> 8);
            alike[i].ed25519[at + 3] = (uint8_t)numbers[i];
        }
        slw_transparency_key_id(&alike[i], SLW_TRANSPARENCY_WITNESS_KEY, ids[i]);
    }
    TAP_EQUAL_BYTES(ids[0], ids[1], sizeof ids[0]);
    test_transparency.witnesses = alike;
    test_transparency.witnesses_count = 2;
    test_transparency.quorum = 1;
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_BAD_ARGUMENT);
    alike[1].name = SLW_BYTES_OF("another.example");
    TAP_EQUAL_INT(slw_transparency_check(&test_transparency), SLW_OK);
}

static void one_step_verifies_at_most_one_signature(void)
{
    struct slw_reader reader;
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    size_t steps = 0;
    set_up();
    test_log_prove(leaves, 11, 6, &proof);
    TAP_REQUIRE(verify(&leaves[6]) == SLW_OK);
    slw_reader_init_bytes(&reader, slw_heap_bytes(&bytes));
    slw_proof_start(&verified, &test_transparency, leaves[6].bytes);
    for (; !verified.done; steps++) {
        size_t cosigned = verified.cosigned;
        TAP_REQUIRE(slw_proof_step(&verified, &reader, scratch, &finding) == SLW_OK);
        TAP_CHECK(verified.cosigned <= cosigned + 1);
    }
    TAP_EQUAL_INT(steps, 1 + 1 + 3 + 1);
}

int main(void)
{
    TAP_RUN(refuses_a_checkpoint_that_the_log_did_not_sign);
    TAP_RUN(takes_cosignatures_in_any_order);
    TAP_RUN(skips_witnesses_that_it_does_not_know);
    TAP_RUN(refuses_too_few_witnesses);
    TAP_RUN(refuses_a_known_witness_with_a_wrong_cosignature);
    TAP_RUN(counts_no_witness_twice);
    TAP_RUN(counts_no_log_as_its_own_witness);
    TAP_RUN(refuses_to_work_with_a_configuration_that_makes_no_sense);
    TAP_RUN(refuses_two_witnesses_whose_key_ids_are_alike);
    TAP_RUN(one_step_verifies_at_most_one_signature);
    return tap_finish();
}
