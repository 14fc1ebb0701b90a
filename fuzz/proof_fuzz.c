/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transparency proofs, with signatures that are nearly always good (any_signature.c). The verdict
 * must be the same through small and large blocks; what is accepted has exactly the parts that its
 * numbers ask for, and neither less nor more of it is a proof.
 *
 * Input: a byte of options (witnesses known, and how many of them have to cosign), the proof.
 */
#include "fuzz.h"

#include "slipway/transparency.h"

#define WITNESSES_COUNT 3u

static struct slw_transparency_key witnesses[WITNESSES_COUNT];
static struct slw_transparency transparency;
static const uint8_t leaf[SLW_SHA256_SIZE] = {7};

/* Keys of one repeated byte, as fuzz/make-corpus has them. */
static struct slw_transparency_key make_key(const char *name, uint8_t byte)
{
    struct slw_transparency_key key = {.name = slw_bytes_make(name, strlen(name))};
    memset(key.ed25519, byte, sizeof key.ed25519);
    return key;
}

static void set_transparency(uint8_t options)
{
    static const char *const names[WITNESSES_COUNT] = {"w1.example", "w2.example", "w3.example"};
    for (size_t i = 0; i < WITNESSES_COUNT; i++) {
        witnesses[i] = make_key(names[i], (uint8_t)(0x11 + i));
    }
    transparency = (struct slw_transparency){
        .log = make_key("log.example/lamp", 0x10),
        .witnesses = witnesses,
        .witnesses_count = options & 3u,
        .quorum = options >> 2 & 7u,
    };
}

static enum slw_status verify(struct slw_bytes bytes, size_t block_size, struct slw_proof *proof)
{
    uint8_t block[4096];
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    struct slw_memory_source source;
    struct slw_reader reader;
    struct slw_finding finding = {0};
    unsigned steps = 0;
    slw_memory_source_init(&source, bytes);
    slw_reader_init(&reader, &source.source, block, block_size);
    slw_proof_start(proof, &transparency, leaf);
    while (!proof->done) {
        FUZZ_CHECK(++steps <= 3 + SLW_PROOF_COSIGNATURES_MAX);
        SLW_TRY(slw_proof_step(proof, &reader, scratch, &finding));
    }
    FUZZ_CHECK(slw_reader_left(&reader) == 0);
    return SLW_OK;
}

/* RFC 6962, 2.1.1, word by word: the path of a leaf in a tree of so many. */
static size_t path_len(uint64_t index, uint64_t size)
{
    size_t len = 0;
    while (size > 1) {
        uint64_t k = 1;
        while (k < size - k) {
            k *= 2;
        }
        len++;
        size = index < k ? k : size - k;
        index = index < k ? index : index - k;
    }
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_bytes input = slw_bytes_make(data, size);
    struct slw_proof proof;
    struct slw_proof again;
    set_transparency(fuzz_choice(&input));
    enum slw_status status = verify(input, 16, &proof);
    FUZZ_CHECK(verify(input, 4096, &again) == status);
    if (transparency.quorum > transparency.witnesses_count) {
        FUZZ_CHECK(status == SLW_BAD_ARGUMENT);
        return 0;
    }
    FUZZ_CHECK(status == SLW_OK || status == SLW_BAD_PROOF);
    if (status != SLW_OK) {
        return 0;
    }
    size_t path = path_len(proof.index, proof.size);
    size_t log_end = 18 + path * SLW_SHA256_SIZE + SLW_PROOF_LOG_SIGNATURE_SIZE;
    FUZZ_CHECK(memcmp(proof.root, again.root, sizeof proof.root) == 0);
    FUZZ_CHECK(proof.index < proof.size && proof.size <= SLW_PROOF_TREE_SIZE_MAX);
    FUZZ_CHECK(proof.cosigned >= transparency.quorum &&
               proof.cosigned <= transparency.witnesses_count);
    FUZZ_CHECK(log_end < input.len &&
               input.len == log_end + 1 + input.ptr[log_end] * SLW_PROOF_COSIGNATURE_SIZE);
    FUZZ_CHECK(verify(slw_bytes_make(input.ptr, input.len - 1), 4096, &again) == SLW_BAD_PROOF);
    return 0;
}
