/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transparency log as a test wants it, right or wrong in any one point: trees by the recursive
 * definitions of RFC 6962, signatures by real keys, base64 by OpenSSL, and proofs in the form that
 * bundles carry. It shares no code with the device's reading of them, which is run here, too.
 *
 * Signer 0 is the log; 1 to TEST_WITNESSES_COUNT are witnesses, and what is above is unknown.
 *
 *     test_log_set_up();
 *     test_log_prove(leaves, count, index, &proof);
 *     test_proof_encode(&proof, &bytes);
 */
#ifndef SLIPWAY_TEST_LOG_H
#define SLIPWAY_TEST_LOG_H

#include "slipway/heap.h"
#include "slipway/transparency.h"

#define TEST_ORIGIN "log.example/lamp"
#define TEST_WITNESSES_COUNT 3u
#define TEST_SIGNERS_COUNT 20u
#define TEST_TIME 1700000000u

struct test_hash {
    uint8_t bytes[SLW_SHA256_SIZE];
};

/* Trusts the log and its witnesses, all of which have to cosign. */
extern struct slw_transparency test_transparency;
void test_log_set_up(void);

/* Name and key of a signer; names differ where keys do. */
const struct slw_transparency_key *test_signer(size_t signer);

struct test_hash test_record_leaf(const char *text);
struct test_hash test_leaf_of_number(size_t number);

/* MTH(D[n]) and PATH(m, D[n]) of RFC 6962, 2.1. */
struct test_hash test_log_root(const struct test_hash *leaves, size_t count);
size_t test_log_path(const struct test_hash *leaves, size_t count, size_t index,
                     struct test_hash *ret_path);

/* A signature over a checkpoint, with what it says. */
struct test_cosignature {
    size_t signer;      /* whose key makes it */
    size_t claimed;     /* whose key id it has */
    uint64_t time;      /* that is signed */
    uint64_t time_told; /* that stands beside it */
    const char *origin;
    uint64_t size;
    struct test_hash root;
};

struct test_proof {
    uint8_t version;
    uint64_t index;
    uint64_t size;
    uint8_t hashes_count;
    struct test_hash hashes[255];
    struct test_cosignature log; /* without a time */
    uint8_t cosignatures_count;
    struct test_cosignature cosignatures[TEST_SIGNERS_COUNT];
};

/* A right proof, cosigned by all witnesses. */
void test_log_prove(const struct test_hash *leaves, size_t count, size_t index,
                    struct test_proof *ret_proof);
/* One more cosignature over the same checkpoint. */
void test_proof_cosign(struct test_proof *proof, size_t signer);
void test_proof_encode(const struct test_proof *proof, struct slw_heap_buffer *ret_bytes);

/* What the device says of a proof of this leaf, through a block that holds next to nothing. */
enum slw_status test_proof_run(const struct slw_source *source, const struct test_hash *leaf,
                               struct slw_proof *ret_proof, struct slw_finding *ret_finding);
enum slw_status test_proof_run_bytes(struct slw_bytes bytes, const struct test_hash *leaf,
                                     struct slw_proof *ret_proof, struct slw_finding *ret_finding);

#endif
