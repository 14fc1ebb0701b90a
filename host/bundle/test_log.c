/* SPDX-License-Identifier: Apache-2.0 */
/* Logs and proofs for tests (test_log.h). */
#include "test_log.h"

#include "slipway/keys.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct slw_transparency test_transparency;

static struct slw_private_key *keys[TEST_SIGNERS_COUNT];
static struct slw_transparency_key signers[TEST_SIGNERS_COUNT];
static char names[TEST_SIGNERS_COUNT][32];

/* A test that can't make its input can't go on. */
static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void make_signer(size_t signer)
{
    struct slw_detail detail;
    if (keys[signer] != NULL) {
        return;
    }
    require(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &keys[signer], &detail) == SLW_OK);
    int len = snprintf(names[signer], sizeof names[signer],
                       signer == 0 ? TEST_ORIGIN : "w%zu.example/witness", signer);
    require(len > 0 && (size_t)len < sizeof names[signer]);
    signers[signer].name = slw_bytes_make(names[signer], (size_t)len);
    memcpy(signers[signer].ed25519, slw_private_key_public(keys[signer])->value,
           sizeof signers[signer].ed25519);
}

const struct slw_transparency_key *test_signer(size_t signer)
{
    require(signer < TEST_SIGNERS_COUNT);
    make_signer(signer);
    return &signers[signer];
}

void test_log_set_up(void)
{
    for (size_t i = 0; i < TEST_SIGNERS_COUNT; i++) {
        make_signer(i);
    }
    test_transparency = (struct slw_transparency){
        .log = signers[0],
        .witnesses = signers + 1,
        .witnesses_count = TEST_WITNESSES_COUNT,
        .quorum = TEST_WITNESSES_COUNT,
    };
}

static struct test_hash hash_bytes(const uint8_t *bytes, size_t len)
{
    struct test_hash hash;
    require(EVP_Digest(bytes, len, hash.bytes, NULL, EVP_sha256(), NULL) == 1);
    return hash;
}

struct test_hash test_record_leaf(const char *text)
{
    uint8_t leaf[1 + 16 + SLW_SHA256_SIZE] = "\0slipway record1\n";
    struct test_hash hash = hash_bytes((const uint8_t *)text, strlen(text));
    memcpy(leaf + 17, hash.bytes, sizeof hash.bytes);
    return hash_bytes(leaf, sizeof leaf);
}

struct test_hash test_leaf_of_number(size_t number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%zu", number);
    return test_record_leaf(text);
}

static struct test_hash node(const struct test_hash *left, const struct test_hash *right)
{
    uint8_t bytes[1 + 2 * SLW_SHA256_SIZE] = {1};
    memcpy(bytes + 1, left->bytes, SLW_SHA256_SIZE);
    memcpy(bytes + 1 + SLW_SHA256_SIZE, right->bytes, SLW_SHA256_SIZE);
    return hash_bytes(bytes, sizeof bytes);
}

/* "let k be the largest power of two smaller than n" */
static size_t split(size_t count)
{
    size_t k = 1;
    while (2 * k < count) {
        k *= 2;
    }
    return k;
}

struct test_hash test_log_root(const struct test_hash *leaves, size_t count)
{
    if (count == 1) {
        return leaves[0];
    }
    size_t k = split(count);
    struct test_hash left = test_log_root(leaves, k);
    struct test_hash right = test_log_root(leaves + k, count - k);
    return node(&left, &right);
}

size_t test_log_path(const struct test_hash *leaves, size_t count, size_t index,
                     struct test_hash *ret_path)
{
    if (count == 1) {
        return 0;
    }
    size_t k = split(count);
    size_t len = index < k ? test_log_path(leaves, k, index, ret_path)
                           : test_log_path(leaves + k, count - k, index - k, ret_path);
    ret_path[len] = index < k ? test_log_root(leaves + k, count - k) : test_log_root(leaves, k);
    return len + 1;
}

void test_proof_cosign(struct test_proof *proof, size_t signer)
{
    struct test_cosignature cosignature = proof->log;
    cosignature.signer = signer;
    cosignature.claimed = signer;
    cosignature.time = TEST_TIME + signer;
    cosignature.time_told = cosignature.time;
    require(proof->cosignatures_count < TEST_SIGNERS_COUNT);
    proof->cosignatures[proof->cosignatures_count++] = cosignature;
}

void test_log_prove(const struct test_hash *leaves, size_t count, size_t index,
                    struct test_proof *ret_proof)
{
    *ret_proof = (struct test_proof){
        .version = 1,
        .index = index,
        .size = count,
        .log = {.origin = TEST_ORIGIN, .size = count, .root = test_log_root(leaves, count)},
    };
    ret_proof->hashes_count = (uint8_t)test_log_path(leaves, count, index, ret_proof->hashes);
    for (size_t signer = 1; signer <= TEST_WITNESSES_COUNT; signer++) {
        test_proof_cosign(ret_proof, signer);
    }
}

static void put_u64(struct slw_heap_buffer *bytes, uint64_t value)
{
    uint8_t place[8];
    for (size_t i = 0; i < sizeof place; i++) {
        place[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    slw_heap_append(bytes, slw_bytes_make(place, sizeof place));
}

static void put_u8(struct slw_heap_buffer *bytes, uint8_t value)
{
    slw_heap_append(bytes, slw_bytes_make(&value, 1));
}

static void put_key_id(struct slw_heap_buffer *bytes, size_t signer, uint8_t type)
{
    struct slw_heap_buffer text = {0};
    const struct slw_transparency_key *key = test_signer(signer);
    slw_heap_append(&text, key->name);
    put_u8(&text, '\n');
    put_u8(&text, type);
    slw_heap_append(&text, slw_bytes_make(key->ed25519, sizeof key->ed25519));
    struct test_hash hash = hash_bytes(text.ptr, text.len);
    slw_heap_append(bytes, slw_bytes_make(hash.bytes, 4));
    slw_heap_free(&text);
}

static void put_signature(struct slw_heap_buffer *bytes, const struct test_cosignature *what,
                          bool timed)
{
    struct slw_heap_buffer text = {0};
    struct slw_detail detail;
    uint8_t root[48];
    uint8_t signature[SLW_SIGNATURE_SIZE];
    (void)test_signer(what->signer);
    require(EVP_EncodeBlock(root, what->root.bytes, SLW_SHA256_SIZE) == 44);
    if (timed) {
        slw_heap_printf(&text, "cosignature/v1\ntime %" PRIu64 "\n", what->time);
    }
    slw_heap_printf(&text, "%s\n%" PRIu64 "\n%s\n", what->origin, what->size, (char *)root);
    require(slw_private_key_sign(keys[what->signer], slw_heap_bytes(&text), signature, &detail) ==
            SLW_OK);
    slw_heap_append(bytes, slw_bytes_make(signature, sizeof signature));
    slw_heap_free(&text);
}

void test_proof_encode(const struct test_proof *proof, struct slw_heap_buffer *ret_bytes)
{
    put_u8(ret_bytes, proof->version);
    put_u64(ret_bytes, proof->index);
    put_u64(ret_bytes, proof->size);
    put_u8(ret_bytes, proof->hashes_count);
    for (size_t i = 0; i < proof->hashes_count; i++) {
        slw_heap_append(ret_bytes, slw_bytes_make(proof->hashes[i].bytes, SLW_SHA256_SIZE));
    }
    put_key_id(ret_bytes, proof->log.claimed, 1);
    put_signature(ret_bytes, &proof->log, false);
    put_u8(ret_bytes, proof->cosignatures_count);
    for (size_t i = 0; i < proof->cosignatures_count; i++) {
        const struct test_cosignature *cosignature = &proof->cosignatures[i];
        put_key_id(ret_bytes, cosignature->claimed, 4);
        put_u64(ret_bytes, cosignature->time_told);
        put_signature(ret_bytes, cosignature, true);
    }
    require(ret_bytes->status == SLW_OK);
}

enum slw_status test_proof_run(const struct slw_source *source, const struct test_hash *leaf,
                               struct slw_proof *ret_proof, struct slw_finding *ret_finding)
{
    struct slw_reader reader;
    uint8_t block[16];
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    *ret_finding = (struct slw_finding){0};
    slw_reader_init(&reader, source, block, sizeof block);
    slw_proof_start(ret_proof, &test_transparency, leaf->bytes);
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && !ret_proof->done) {
        status = slw_proof_step(ret_proof, &reader, scratch, ret_finding);
    }
    return status;
}

/* A storage of which nothing is at hand, so that a view is only good until the next read. */
static enum slw_status read_bytes(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_bytes *source = context;
    memcpy(buffer, source->ptr + (size_t)offset, len);
    return SLW_OK;
}

enum slw_status test_proof_run_bytes(struct slw_bytes bytes, const struct test_hash *leaf,
                                     struct slw_proof *ret_proof, struct slw_finding *ret_finding)
{
    const struct slw_source source = {&bytes, read_bytes, bytes.len};
    return test_proof_run(&source, leaf, ret_proof, ret_finding);
}
