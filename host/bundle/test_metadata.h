/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed metadata and bundles as a test wants them, right or wrong in any one point, and what the
 * verifier says of them. Used by the decisions tests, which check the finer points of
 * spec/SPEC.md that no vector of spec/vectors is about.
 *
 * Keys have letters: a to z are P-256, A to Z Ed25519. They are made when they are first used. A
 * digit is the id of a key that nobody has, '#' a key of a kind that we don't know, and
 * '%' an id of 31 bytes.
 *
 *     const struct test_root root = {.version = 1, .root = "a", .targets = "b"};
 *     test_trust(&root);
 *     test_begin();
 *     test_put_targets(&targets, "b");
 *     TAP_EQUAL_INT(test_verify(), SLW_OK);
 */
#ifndef SLIPWAY_TEST_METADATA_H
#define SLIPWAY_TEST_METADATA_H

#include "slipway/heap.h"
#include "slipway/verifier.h"

/* Fields of a message. */
void test_put_uint(struct slw_heap_buffer *message, uint32_t number, uint64_t value);
void test_put_bytes(struct slw_heap_buffer *message, uint32_t number, struct slw_bytes value);
void test_put_text(struct slw_heap_buffer *message, uint32_t number, const char *text);
/* Appends inner as a field, and frees it. */
void test_put_message(struct slw_heap_buffer *message, uint32_t number,
                      struct slw_heap_buffer *inner);

/* What most roots have is the default: role root, spec_version 1.0.34, thresholds 1. */
struct test_root {
    uint32_t version;
    const char *root; /* keys of the roles */
    const char *timestamp;
    const char *snapshot;
    const char *targets;
    uint32_t root_threshold;
    uint32_t targets_threshold;
    uint64_t key_class;
    const char *role;
    const char *spec_version;
    bool expires;
    int64_t expires_s;
    uint64_t expires_nanos;
    const struct slw_heap_buffer *more; /* fields behind all others */
};

/* A KeyMapping field of a root: for `more`. id_len 0: the right id. */
void test_put_mapping(struct slw_heap_buffer *root, uint64_t type, uint64_t scheme,
                      struct slw_bytes value, const uint8_t *id, size_t id_len);

struct test_target {
    const char *name;
    const char *slot;
    const char *image;                  /* what its length and hash are of */
    bool unhashed;                      /* no hash of the image */
    const struct slw_heap_buffer *more; /* fields behind the others */
};

struct test_targets {
    uint32_t version;
    const char *role; /* "targets" */
    const char *spec_version;
    bool expires;
    int64_t expires_s;
    uint64_t expires_nanos;
    const struct test_target *targets;
    size_t count;
    const struct slw_heap_buffer *more;
};

/* A Hash as the field number of a message. */
void test_put_hash(struct slw_heap_buffer *message, uint32_t number, uint64_t function,
                   struct slw_bytes hash);
/* The same of an image, by SHA-256. */
void test_put_sha256(struct slw_heap_buffer *message, uint32_t number, const char *image);

/* An encoding of a target; form NULL: it has no hash. For `more` of a target. */
void test_put_encoding(struct slw_heap_buffer *target, uint64_t kind, const char *name,
                       const char *form, const char *base);

/* The bundle that is being made; test_begin() empties it. */
extern struct slw_heap_buffer test_bundle;
void test_begin(void);
/* signers: letters. Each also takes '!' before a letter: a signature that is wrong in one bit. */
void test_put_root(const struct test_root *root, const char *signers);
void test_put_history(const struct test_root *root, const char *signers);
void test_put_targets(const struct test_targets *targets, const char *signers);
/* Fields behind the signatures of the metadata that is put next, which frees them. */
extern struct slw_heap_buffer test_more_signatures;
/* A targets_metadata entry by another name. */
void test_put_entry(const char *name);
void test_put_payload(const char *name, const char *bytes);

/* The device: its trusted root, and the rest, which starts as a fresh one without a clock. */
void test_trust(const struct test_root *root);
extern struct slw_expectations test_device;
void test_reset_device(void);

extern struct slw_verifier test_verifier;
enum slw_status test_verify(void);
/* The same of a bundle that is somewhere else. */
enum slw_status test_verify_source(const struct slw_source *bundle);

#endif
