/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's reading of transparency proofs (device/transparency.c), against trees and signatures
 * that test_log.c makes from the definitions. Here rather than beside it, since it needs keys.
 */
#include "test_log.h"

#include "tap.h"

#include <string.h>

#define LEAVES_MAX 70u
#define BLOCK_SIZE ((size_t)1 << 10)
#define LARGE_COUNT (BLOCK_SIZE * BLOCK_SIZE)

static struct test_hash leaves[LEAVES_MAX];
static struct test_proof proof;
static struct slw_heap_buffer bytes;
static struct slw_proof verified;
static struct slw_finding finding;

static void set_up(void)
{
    test_log_set_up();
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        leaves[i] = test_leaf_of_number(i);
    }
}

static enum slw_status verify_bytes(struct slw_bytes given, const struct test_hash *leaf)
{
    return test_proof_run_bytes(given, leaf, &verified, &finding);
}

static enum slw_status verify(const struct test_hash *leaf)
{
    slw_heap_free(&bytes);
    test_proof_encode(&proof, &bytes);
    return verify_bytes(slw_heap_bytes(&bytes), leaf);
}

/* Signs once for each tree: the checkpoint is the same for all of its leaves. */
static void accepts_every_leaf_of_every_tree_up_to_70(void)
{
    set_up();
    test_transparency.quorum = 0;
    test_transparency.witnesses_count = 0;
    for (size_t count = 1; count <= LEAVES_MAX; count++) {
        for (size_t index = 0; index < count; index++) {
            test_log_prove(leaves, count, index, &proof);
            proof.cosignatures_count = 0;
            if (!TAP_CHECK(verify(&leaves[index]) == SLW_OK)) {
                printf("# leaf %zu of %zu\n", index, count);
                return;
            }
            TAP_CHECK(verified.index == index && verified.size == count);
        }
    }
}

static void refuses_a_leaf_at_any_other_place(void)
{
    set_up();
    test_transparency.quorum = 0;
    for (size_t count = 1; count <= 17; count++) {
        for (size_t index = 0; index < count; index++) {
            for (size_t other = 0; other <= count; other++) {
                test_log_prove(leaves, count, index, &proof);
                proof.cosignatures_count = 0;
                proof.index = other;
                TAP_EQUAL_INT(verify(&leaves[index]), other == index ? SLW_OK : SLW_BAD_PROOF);
            }
        }
    }
}

/* Also where a path of that length would fit some other tree. */
static void refuses_a_size_that_the_log_did_not_sign(void)
{
    set_up();
    for (size_t size = 0; size <= 64; size++) {
        test_log_prove(leaves, 21, 9, &proof);
        proof.size = size;
        TAP_EQUAL_INT(verify(&leaves[9]), size == 21 ? SLW_OK : SLW_BAD_PROOF);
    }
}

static void refuses_a_path_with_a_hash_too_many_or_too_few(void)
{
    set_up();
    test_transparency.quorum = 0;
    for (size_t count = 1; count <= 33; count++) {
        for (size_t index = 0; index < count; index++) {
            test_log_prove(leaves, count, index, &proof);
            proof.cosignatures_count = 0;
            proof.hashes_count++;
            TAP_EQUAL_INT(verify(&leaves[index]), SLW_BAD_PROOF);
            proof.hashes_count = (uint8_t)(proof.hashes_count - 2);
            if (count > 1) {
                TAP_EQUAL_INT(verify(&leaves[index]), SLW_BAD_PROOF);
            }
        }
    }
    for (unsigned hashes = 0; hashes <= 255; hashes++) {
        test_log_prove(leaves, 70, 69, &proof);
        unsigned right = proof.hashes_count;
        proof.hashes_count = (uint8_t)hashes;
        TAP_EQUAL_INT(verify(&leaves[69]), hashes == right ? SLW_OK : SLW_BAD_PROOF);
    }
}

/* An inner node isn't a leaf, though a shorter path leads from it to the same root. */
static void refuses_a_node_in_place_of_a_leaf(void)
{
    set_up();
    for (size_t width = 2; width <= 32; width *= 2) {
        struct test_hash node = test_log_root(leaves, width);
        test_log_prove(leaves, 64, 0, &proof);
        unsigned skipped = 0;
        while ((size_t)1 << skipped < width) {
            skipped++;
        }
        proof.hashes_count = (uint8_t)(proof.hashes_count - skipped);
        memmove(proof.hashes, proof.hashes + skipped, proof.hashes_count * sizeof proof.hashes[0]);
        TAP_EQUAL_INT(verify(&node), SLW_BAD_PROOF);
        proof.size = 64 / width;
        TAP_EQUAL_INT(verify(&node), SLW_BAD_PROOF);
    }
}

static void refuses_a_record_of_a_refusal_as_a_release(void)
{
    struct test_hash release = {{0}};
    uint8_t metadata_sha256[SLW_SHA256_SIZE] = {7};
    set_up();
    slw_release_leaf_hash(SLW_BYTES_OF("lamp"), 5, metadata_sha256, release.bytes);
    leaves[3] = release;
    test_log_prove(leaves, 8, 3, &proof);
    TAP_EQUAL_INT(verify(&release), SLW_OK);
    for (size_t index = 0; index < 8; index++) {
        test_log_prove(leaves, 8, index, &proof);
        TAP_EQUAL_INT(verify(&release), index == 3 ? SLW_OK : SLW_BAD_PROOF);
    }
}

/* Product, version and digest each change the leaf, and no boundary between them can move. */
static void a_release_leaf_is_of_product_version_and_metadata(void)
{
    struct test_hash first;
    struct test_hash other;
    uint8_t sha256[SLW_SHA256_SIZE] = {1};
    const uint8_t expected[] = {0x00, 's', 'l', 'i', 'p', 'w', 'a', 'y',  ' ',
                                'r',  'e', 'l', 'e', 'a', 's', 'e', '\n', 0,
                                4,    'l', 'a', 'm', 'p', 1,   2,   3,    4};
    struct slw_sha256 hash;
    slw_release_leaf_hash(SLW_BYTES_OF("lamp"), 0x01020304, sha256, first.bytes);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(expected, sizeof expected));
    slw_sha256_update(&hash, slw_bytes_make(sha256, sizeof sha256));
    slw_sha256_final(&hash, other.bytes);
    TAP_EQUAL_BYTES(first.bytes, other.bytes, sizeof first.bytes);
    slw_release_leaf_hash(SLW_BYTES_OF("lamq"), 0x01020304, sha256, other.bytes);
    TAP_CHECK(memcmp(first.bytes, other.bytes, sizeof first.bytes) != 0);
    slw_release_leaf_hash(SLW_BYTES_OF("lamp\1"), 0x02030401, sha256, other.bytes);
    TAP_CHECK(memcmp(first.bytes, other.bytes, sizeof first.bytes) != 0);
    slw_release_leaf_hash(SLW_BYTES_OF("lamp"), 0x01020305, sha256, other.bytes);
    TAP_CHECK(memcmp(first.bytes, other.bytes, sizeof first.bytes) != 0);
    sha256[31] = 1;
    slw_release_leaf_hash(SLW_BYTES_OF("lamp"), 0x01020304, sha256, other.bytes);
    TAP_CHECK(memcmp(first.bytes, other.bytes, sizeof first.bytes) != 0);
}

/* Of a proof that needs all of its cosignatures, there is no bit that doesn't count. */
static void refuses_any_changed_bit(void)
{
    set_up();
    test_log_prove(leaves, 11, 6, &proof);
    TAP_REQUIRE(verify(&leaves[6]) == SLW_OK);
    for (size_t bit = 0; bit < 8 * bytes.len; bit += bit % 8 == 0 ? 7 : 1) {
        bytes.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!TAP_CHECK(verify_bytes(slw_heap_bytes(&bytes), &leaves[6]) == SLW_BAD_PROOF)) {
            printf("# bit %zu of byte %zu\n", bit % 8, bit / 8);
        }
        bytes.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    TAP_EQUAL_INT(verify_bytes(slw_heap_bytes(&bytes), &leaves[6]), SLW_OK);
}

static void refuses_every_truncation_and_anything_behind(void)
{
    set_up();
    test_log_prove(leaves, 11, 6, &proof);
    TAP_REQUIRE(verify(&leaves[6]) == SLW_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        TAP_CHECK(verify_bytes(slw_bytes_make(bytes.ptr, len), &leaves[6]) == SLW_BAD_PROOF);
    }
    size_t whole = bytes.len;
    for (size_t more = 1; more <= SLW_PROOF_SIZE_MAX; more += more < 80 ? 1 : 97) {
        slw_heap_append(&bytes, SLW_BYTES_OF(""));
        uint8_t *place = slw_heap_reserve(&bytes, whole + more - bytes.len);
        TAP_REQUIRE(place != NULL);
        memset(place, 0, whole + more - (size_t)(place - bytes.ptr));
        TAP_CHECK(verify_bytes(slw_bytes_make(bytes.ptr, whole + more), &leaves[6]) ==
                  SLW_BAD_PROOF);
    }
}

static void refuses_numbers_that_cannot_be(void)
{
    static const struct {
        const char *name;
        uint8_t version;
        uint64_t index;
        uint64_t size;
    } rows[] = {
        {"version 0", 0, 6, 11},
        {"version 2", 2, 6, 11},
        {"an empty tree", 1, 0, 0},
        {"index at the size", 1, 11, 11},
        {"index above the size", 1, UINT64_MAX, 11},
        {"more leaves than there can be", 1, 6, UINT64_C(1) << 63},
        {"the most leaves", 1, 6, UINT64_MAX},
        {"both as large as can be", 1, UINT64_MAX, UINT64_MAX},
        {"a large size of a short path", 1, 6, INT64_MAX},
    };
    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        test_log_prove(leaves, 11, 6, &proof);
        proof.version = rows[i].version;
        proof.index = rows[i].index;
        proof.size = rows[i].size;
        TAP_EQUAL_INT(verify(&leaves[6]), SLW_BAD_PROOF);
    }
    TAP_ROW(NULL);
}

/* The longest names, numbers and paths there can be fit what is reserved for them. */
static void has_room_for_the_longest_of_everything(void)
{
    static char name[SLW_TRANSPARENCY_NAME_SIZE_MAX + 1];
    struct slw_reader reader;
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    set_up();
    memset(name, 'n', sizeof name - 1);
    test_transparency.log.name = slw_bytes_make(name, sizeof name - 1);
    uint8_t id[SLW_TRANSPARENCY_KEY_ID_SIZE];
    slw_transparency_key_id(&test_transparency.log, SLW_TRANSPARENCY_LOG_KEY, id);
    test_log_prove(leaves, 1, 0, &proof);
    proof.size = INT64_MAX;
    proof.index = INT64_MAX - 1;
    proof.hashes_count = 62; /* the bits of index, the lowest of which is 0: 62 to the left */
    proof.log.origin = name;
    struct test_hash root = leaves[0];
    for (size_t i = 0; i < proof.hashes_count; i++) {
        struct test_hash pair[2] = {proof.hashes[i], root};
        root = test_log_root(pair, 2);
    }
    proof.log.root = root;
    proof.log.size = proof.size;
    proof.cosignatures_count = 0;
    for (size_t signer = 1; signer <= 3; signer++) {
        test_proof_cosign(&proof, signer);
        proof.cosignatures[signer - 1].time = INT64_MAX;
        proof.cosignatures[signer - 1].time_told = INT64_MAX;
    }
    slw_heap_free(&bytes);
    test_proof_encode(&proof, &bytes);
    memcpy(bytes.ptr + 18 + 62 * SLW_SHA256_SIZE, id, sizeof id);
    slw_reader_init_bytes(&reader, slw_heap_bytes(&bytes));
    slw_proof_start(&verified, &test_transparency, leaves[0].bytes);
    finding = (struct slw_finding){0};
    while (!verified.done) {
        TAP_REQUIRE(slw_proof_step(&verified, &reader, scratch, &finding) == SLW_OK);
    }
    TAP_EQUAL_INT(verified.cosigned, 3);
}

/*
 * A proof whose root is what the given numbers and hashes fold to, and which the log signed: as if
 * its key were an attacker's. What is wrong is nothing but the numbers.
 */
static void fold(uint64_t index, uint64_t size, unsigned hashes)
{
    unsigned levels = 0;
    for (uint64_t rest = index ^ (size - 1); rest > 0; rest >>= 1) {
        levels++;
    }
    struct test_hash root = leaves[0];
    test_log_prove(leaves, 1, 0, &proof);
    proof.index = index;
    proof.size = size;
    proof.hashes_count = (uint8_t)hashes;
    for (unsigned i = 0; i < hashes; i++) {
        bool left = i >= levels || (index >> i & 1) != 0;
        struct test_hash pair[2] = {left ? proof.hashes[i] : root, left ? root : proof.hashes[i]};
        root = test_log_root(pair, 2);
    }
    proof.log.root = root;
    proof.log.size = size;
    proof.cosignatures_count = 0;
    for (size_t signer = 1; signer <= TEST_WITNESSES_COUNT; signer++) {
        test_proof_cosign(&proof, signer);
    }
}

static void refuses_numbers_that_cannot_be_although_everybody_signed_them(void)
{
    static const struct {
        const char *name;
        uint64_t index;
        uint64_t size;
        unsigned hashes;
        bool good;
    } rows[] = {
        {"an inner leaf", 2, 5, 3, true},
        {"a hash too many", 2, 5, 4, false},
        {"a hash too few", 2, 5, 2, false},
        {"the only leaf", 0, 1, 0, true},
        {"a hash above the only leaf", 0, 1, 1, false},
        {"index at the size", 2, 2, 2, false},
        {"index above the size", 5, 2, 3, false},
        {"no leaves", 0, 0, 64, false},
        {"the largest tree", 0, INT64_MAX, 63, true},
        {"a tree above the largest", 0, (uint64_t)INT64_MAX + 1, 63, false},
        {"twice as large", 1, UINT64_MAX, 64, false},
    };
    set_up();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        fold(rows[i].index, rows[i].size, rows[i].hashes);
        TAP_EQUAL_INT(verify(&leaves[0]), rows[i].good ? SLW_OK : SLW_BAD_PROOF);
    }
    TAP_ROW(NULL);
}

/* Whatever read fails, the answer is about the storage, never about the proof. */
struct failing {
    struct slw_bytes bytes;
    size_t reads;
    size_t fails_at;
};

static enum slw_status read_failing(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct failing *failing = context;
    if (++failing->reads == failing->fails_at) {
        return SLW_IO;
    }
    memcpy(buffer, failing->bytes.ptr + (size_t)offset, len);
    return SLW_OK;
}

static void passes_on_a_read_error_wherever_it_happens(void)
{
    set_up();
    test_log_prove(leaves, 11, 6, &proof);
    TAP_REQUIRE(verify(&leaves[6]) == SLW_OK);
    struct failing failing = {.bytes = slw_heap_bytes(&bytes)};
    const struct slw_source source = {&failing, read_failing, bytes.len};
    TAP_REQUIRE(test_proof_run(&source, &leaves[6], &verified, &finding) == SLW_OK);
    size_t reads = failing.reads;
    for (size_t at = 1; at <= reads; at++) {
        failing.reads = 0;
        failing.fails_at = at;
        TAP_EQUAL_INT(test_proof_run(&source, &leaves[6], &verified, &finding), SLW_IO);
    }
    TAP_CHECK(reads > 20);
}

/* A tree of blocks whose leaves are the same: its root and paths are those of a block, then of the
 * tree of the blocks' roots. */
static void prove_in_blocks(const struct test_hash *block, size_t index)
{
    static struct test_hash roots[BLOCK_SIZE];
    struct test_hash path[64];
    roots[0] = test_log_root(block, BLOCK_SIZE);
    for (size_t i = 1; i < BLOCK_SIZE; i++) {
        roots[i] = roots[0];
    }
    test_log_prove(roots, BLOCK_SIZE, index / BLOCK_SIZE, &proof);
    size_t inner = test_log_path(block, BLOCK_SIZE, index % BLOCK_SIZE, path);
    memcpy(path + inner, proof.hashes, proof.hashes_count * sizeof *path);
    proof.hashes_count = (uint8_t)(inner + proof.hashes_count);
    memcpy(proof.hashes, path, proof.hashes_count * sizeof *path);
    proof.index = index;
    proof.size = LARGE_COUNT;
    proof.log.size = LARGE_COUNT;
    proof.cosignatures_count = 0;
    for (size_t signer = 1; signer <= TEST_WITNESSES_COUNT; signer++) {
        test_proof_cosign(&proof, signer);
    }
}

static void takes_about_a_kilobyte_for_a_million_entries_and_three_witnesses(void)
{
    static struct test_hash block[BLOCK_SIZE];
    set_up();
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        block[i] = (struct test_hash){{(uint8_t)i, (uint8_t)(i >> 8)}};
    }
    static const size_t indices[] = {0, 699050, LARGE_COUNT - 1};
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        prove_in_blocks(block, indices[i]);
        TAP_EQUAL_INT(verify(&block[indices[i] % BLOCK_SIZE]), SLW_OK);
        TAP_EQUAL_INT(bytes.len, 955);
        TAP_EQUAL_INT(verify(&block[(indices[i] ^ 1) % BLOCK_SIZE]), SLW_BAD_PROOF);
    }
    printf("# a proof for %zu entries and 3 witnesses: %zu bytes; context: %zu bytes\n",
           LARGE_COUNT, bytes.len, sizeof(struct slw_proof));
}

int main(void)
{
    TAP_RUN(accepts_every_leaf_of_every_tree_up_to_70);
    TAP_RUN(refuses_a_leaf_at_any_other_place);
    TAP_RUN(refuses_a_size_that_the_log_did_not_sign);
    TAP_RUN(refuses_a_path_with_a_hash_too_many_or_too_few);
    TAP_RUN(refuses_a_node_in_place_of_a_leaf);
    TAP_RUN(refuses_a_record_of_a_refusal_as_a_release);
    TAP_RUN(a_release_leaf_is_of_product_version_and_metadata);
    TAP_RUN(refuses_any_changed_bit);
    TAP_RUN(refuses_every_truncation_and_anything_behind);
    TAP_RUN(refuses_numbers_that_cannot_be);
    TAP_RUN(refuses_numbers_that_cannot_be_although_everybody_signed_them);
    TAP_RUN(has_room_for_the_longest_of_everything);
    TAP_RUN(passes_on_a_read_error_wherever_it_happens);
    TAP_RUN(takes_about_a_kilobyte_for_a_million_entries_and_three_witnesses);
    return tap_finish();
}
