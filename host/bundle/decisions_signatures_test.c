/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier decides about signatures (spec/SPEC.md, section 3), in the points that no
 * vector is about: each case is an accepted bundle and its refused twins.
 */
#include "test_metadata.h"

#include "tap.h"

#include <string.h>

static const struct test_root root_1 = {.version = 1, .root = "a", .targets = "b"};
static const struct test_targets release_5 = {.version = 5};

static void set_up(void)
{
    test_reset_device();
    test_trust(&root_1);
}

static enum slw_status verify_signers(const struct test_root *root, const char *signers)
{
    test_begin();
    test_put_root(root, "a");
    test_put_targets(&release_5, signers);
    return test_verify();
}

/* Root 1 knows b, c, D; root 2 knows b, e, and c in another role. */
static void a_revoked_key_is_named_when_its_signature_would_have_made_the_difference(void)
{
    const struct test_root old = {
        .version = 1, .root = "a", .targets = "bcD", .targets_threshold = 3};
    const struct test_root next = {
        .version = 2, .root = "a", .targets = "be", .timestamp = "c", .targets_threshold = 2};
    set_up();
    test_trust(&old);
    TAP_EQUAL_INT(verify_signers(&next, "be"), SLW_OK);
    TAP_EQUAL_INT(verify_signers(&next, "bc"), SLW_REVOKED_KEY);
    TAP_EQUAL_INT(verify_signers(&next, "bD"), SLW_REVOKED_KEY);
    TAP_EQUAL_INT(verify_signers(&next, "cD"), SLW_REVOKED_KEY);
    TAP_EQUAL_INT(verify_signers(&next, "b!D"), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(verify_signers(&next, "D"), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(verify_signers(&next, "b"), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(verify_signers(&next, "bf"), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(verify_signers(&old, "bc"), SLW_BELOW_THRESHOLD);
}

static void duplicate_signatures_are_found_wherever_they_stand(void)
{
    set_up();
    TAP_EQUAL_INT(verify_signers(&root_1, "0b1"), SLW_OK);
    TAP_EQUAL_INT(verify_signers(&root_1, "0b10"), SLW_DUPLICATE_SIGNATURE);
    TAP_EQUAL_INT(verify_signers(&root_1, "00b"), SLW_DUPLICATE_SIGNATURE);
    TAP_EQUAL_INT(verify_signers(&root_1, "b0!b"), SLW_DUPLICATE_SIGNATURE);
    test_device.limits.signatures = 3;
    TAP_EQUAL_INT(verify_signers(&root_1, "0b1"), SLW_OK);
    TAP_EQUAL_INT(verify_signers(&root_1, "0bb1"), SLW_TOO_LARGE);
}

static void put_strange_signature(const uint8_t *id, size_t len)
{
    struct slw_heap_buffer signature = {0};
    test_put_bytes(&signature, SLW_SIGNATURE_KEY_ID, slw_bytes_make(id, len));
    test_put_message(&test_more_signatures, SLW_SIGNED_SIGNATURES, &signature);
}

static enum slw_status verify_targets(void)
{
    test_begin();
    test_put_targets(&release_5, "b");
    return test_verify();
}

/* No key has an id of another length than 32, but two of them may be one or not. */
static void ids_that_no_key_has_are_told_apart(void)
{
    uint8_t left[40] = {0};
    uint8_t right[40] = {0};
    set_up();
    put_strange_signature(left, 31);
    put_strange_signature(right, 32);
    put_strange_signature(left, 33);
    put_strange_signature(left, 0);
    TAP_EQUAL_INT(verify_targets(), SLW_OK);
    right[32] = 1;
    put_strange_signature(left, 33);
    put_strange_signature(right, 33);
    TAP_EQUAL_INT(verify_targets(), SLW_OK);
    put_strange_signature(right, 40);
    put_strange_signature(right, 40);
    TAP_EQUAL_INT(verify_targets(), SLW_DUPLICATE_SIGNATURE);
}

/* Duplicates are refused before; whoever forgets that still counts keys and not signatures. */
static void a_key_counts_once_however_often_it_signed(void)
{
    static struct slw_signature twice[2];
    struct slw_signatures signatures = {.entries = twice, .max = 2, .count = 2};
    struct slw_quorum quorum;
    set_up();
    TAP_REQUIRE(verify_targets() == SLW_OK);
    const struct slw_message message = {
        .source = test_verifier.bundle,
        .span = test_verifier.result.targets.serialized,
        .sha256 = test_verifier.result.targets.sha256,
    };
    twice[0] = test_verifier.signatures.entries[0];
    twice[1] = twice[0];
    slw_quorum_start(&quorum, slw_verifier_root(&test_verifier), SLW_ROLE_TARGETS);
    quorum.enough = 2;
    while (!quorum.done) {
        TAP_REQUIRE(slw_quorum_step(&quorum, &signatures, &message, NULL, 0) == SLW_OK);
    }
    TAP_EQUAL_INT(quorum.good, 1);
    TAP_CHECK(!slw_quorum_reached(&quorum));
}

/* Storage that shows the release of version 5 until its signature is looked at, then another. */
struct storage {
    struct slw_source source;
    struct slw_bytes first;
    struct slw_bytes then;
};

static enum slw_status read_storage(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct storage *storage = context;
    bool changed = test_verifier.phase == SLW_VERIFY_TARGETS_SIGNATURES;
    memcpy(buffer, (changed ? storage->then : storage->first).ptr + offset, len);
    return SLW_OK;
}

/* Ed25519 signs the message itself, which is read again: it must be what was parsed. */
static void what_was_parsed_is_what_was_signed(void)
{
    const struct test_root root = {.version = 1, .root = "a", .targets = "B"};
    const struct test_targets signed_release = {.version = 5};
    const struct test_targets other_release = {.version = 6};
    struct slw_heap_buffer honest = {0};
    struct storage storage;
    set_up();
    test_trust(&root);
    test_begin();
    test_put_targets(&signed_release, "B");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    slw_heap_append(&honest, slw_heap_bytes(&test_bundle));
    test_begin();
    test_put_targets(&other_release, "B");
    TAP_REQUIRE(honest.len == test_bundle.len);
    storage = (struct storage){.source = {&storage, read_storage, honest.len},
                               .first = slw_heap_bytes(&test_bundle),
                               .then = slw_heap_bytes(&honest)};
    /* The signature in both is the honest one. */
    memcpy(test_bundle.ptr + honest.len - SLW_SIGNATURE_SIZE,
           honest.ptr + honest.len - SLW_SIGNATURE_SIZE, SLW_SIGNATURE_SIZE);
    TAP_EQUAL_INT(test_verify(), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(test_verify_source(&storage.source), SLW_IO);
    slw_heap_free(&honest);
}

int main(void)
{
    TAP_RUN(a_revoked_key_is_named_when_its_signature_would_have_made_the_difference);
    TAP_RUN(duplicate_signatures_are_found_wherever_they_stand);
    TAP_RUN(ids_that_no_key_has_are_told_apart);
    TAP_RUN(a_key_counts_once_however_often_it_signed);
    TAP_RUN(what_was_parsed_is_what_was_signed);
    return tap_finish();
}
