/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier decides about a bundle's transparency proof (spec/SPEC.md, section 3): when one
 * is needed, of what, in which order among the other reasons, and from a storage that changes.
 */
#include "test_log.h"
#include "test_metadata.h"

#include "tap.h"

#include <string.h>

#define LEAVES_COUNT 6u
#define PLACE 4u /* of the release among them */

static const struct test_root root_1 = {.version = 1, .root = "a", .targets = "b"};
static const struct test_target app = {.name = "app", .image = "image"};
static struct slw_heap_buffer more;
static struct test_hash leaves[LEAVES_COUNT];
static struct test_proof proof;

static void set_up(void)
{
    test_log_set_up();
    test_reset_device();
    test_trust(&root_1);
    test_device.transparency = &test_transparency;
    slw_heap_free(&more);
    for (size_t i = 0; i < LEAVES_COUNT; i++) {
        leaves[i] = test_leaf_of_number(i);
    }
}

/* The bundle's metadata alone, so that their digest is known before they are proven. */
static void begin(const struct test_targets *targets)
{
    test_begin();
    test_put_targets(targets, "b");
}

/* A proof of whatever targets metadata the bundle has now; the verifier tells their digest. */
static void prove(const char *product, uint32_t version)
{
    const struct slw_expectations device = test_device;
    test_reset_device();
    (void)test_verify();
    test_device = device;
    slw_release_leaf_hash(slw_bytes_make(product, strlen(product)), version,
                          test_verifier.result.targets.sha256, leaves[PLACE].bytes);
    test_log_prove(leaves, LEAVES_COUNT, PLACE, &proof);
}

static void put_proof(void)
{
    struct slw_heap_buffer bytes = {0};
    test_proof_encode(&proof, &bytes);
    test_put_message(&test_bundle, SLW_BUNDLE_TRANSPARENCY_PROOF, &bytes);
}

static const struct test_targets release_5 = {.version = 5, .targets = &app, .count = 1};

static void a_release_with_its_proof_is_accepted(void)
{
    set_up();
    begin(&release_5);
    prove("", 5);
    put_proof();
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    TAP_EQUAL_INT(test_verifier.proof.cosigned, TEST_WITNESSES_COUNT);
}

/* Fields of a bundle may come in any order. */
static void a_proof_may_stand_anywhere_in_the_bundle(void)
{
    set_up();
    begin(&release_5);
    prove("", 5);
    test_put_payload("app", "image");
    put_proof();
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    test_begin();
    put_proof();
    test_put_payload("app", "image");
    test_put_targets(&release_5, "b");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
}

static void an_absent_or_empty_proof_is_none(void)
{
    set_up();
    begin(&release_5);
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_NO_PROOF);
    test_put_text(&test_bundle, SLW_BUNDLE_TRANSPARENCY_PROOF, "");
    TAP_EQUAL_INT(test_verify(), SLW_NO_PROOF);
}

static void two_proofs_are_malformed(void)
{
    set_up();
    begin(&release_5);
    prove("", 5);
    put_proof();
    put_proof();
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
}

/* A proof that nobody asked for may be anything. */
static void a_proof_that_is_not_needed_is_not_read(void)
{
    static const char *const proofs[] = {"", "x", "not a proof at all, however long it is"};
    set_up();
    test_device.transparency = NULL;
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
        TAP_ROW(proofs[i]);
        begin(&release_5);
        test_put_text(&test_bundle, SLW_BUNDLE_TRANSPARENCY_PROOF, proofs[i]);
        test_put_payload("app", "image");
        TAP_EQUAL_INT(test_verify(), SLW_OK);
        test_device.transparency = &test_transparency;
        TAP_EQUAL_INT(test_verify(), i == 0 ? SLW_NO_PROOF : SLW_BAD_PROOF);
        test_device.transparency = NULL;
    }
    TAP_ROW(NULL);
}

static void a_proof_larger_than_any_is_refused(void)
{
    struct slw_heap_buffer bytes = {0};
    set_up();
    begin(&release_5);
    prove("", 5);
    test_proof_encode(&proof, &bytes);
    uint8_t *place = slw_heap_reserve(&bytes, (size_t)1 << 20);
    TAP_REQUIRE(place != NULL);
    memset(place, 0, (size_t)1 << 20);
    test_put_message(&test_bundle, SLW_BUNDLE_TRANSPARENCY_PROOF, &bytes);
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_BAD_PROOF);
}

/* Version and content of what is proven are those of what is signed, and nothing else's. */
static void a_proof_of_another_release_is_refused(void)
{
    static const struct test_target other_app = {.name = "app", .image = "other"};
    const struct test_targets other_content = {.version = 5, .targets = &other_app, .count = 1};
    const struct test_targets other_version = {.version = 6, .targets = &app, .count = 1};
    set_up();
    begin(&release_5);
    prove("", 5);
    const struct test_targets *const others[] = {&other_content, &other_version};
    for (size_t i = 0; i < 2; i++) {
        begin(others[i]);
        put_proof();
        test_put_payload("app", others[i]->targets->image);
        TAP_EQUAL_INT(test_verify(), SLW_BAD_PROOF);
    }
    begin(&release_5);
    prove("", 6); /* the log says another version than the metadata */
    put_proof();
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_BAD_PROOF);
}

/* Wherever the product stands in the metadata, and whatever the device is. */
static void the_product_is_the_one_that_is_signed(void)
{
    static const char *const products[] = {"", "lamp", "lamp2", "lam", "another"};
    for (size_t i = 0; i < 2 * sizeof products / sizeof products[0]; i++) {
        const char *product = products[i / 2];
        TAP_ROW(product);
        set_up();
        test_device.check_product = i % 2 == 0;
        test_device.product = slw_bytes_make(product, strlen(product));
        test_put_text(&more, SLW_TARGETS_PRODUCT, product);
        const struct test_targets targets = {5, .targets = &app, .count = 1, .more = &more};
        begin(&targets);
        test_put_payload("app", "image");
        for (size_t j = 0; j < sizeof products / sizeof products[0]; j++) {
            size_t len = test_bundle.len;
            prove(products[j], 5);
            put_proof();
            TAP_EQUAL_INT(test_verify(), i / 2 == j ? SLW_OK : SLW_BAD_PROOF);
            test_bundle.len = len;
        }
    }
    TAP_ROW(NULL);
}

/* What somebody might prove of a product whose length doesn't fit the leaf's 16 bits. */
enum claim { CLAIM_BEGINNING, CLAIM_WHOLE, CLAIM_NOTHING };

static void prove_claim(struct slw_bytes product, enum claim claim)
{
    const uint8_t *digest = test_verifier.result.targets.sha256;
    prove("", 5); /* for the digest */
    if (claim == CLAIM_BEGINNING) {
        product.len &= 0xFFFF;
    }
    slw_release_leaf_hash(product, 5, digest, leaves[PLACE].bytes);
    if (claim == CLAIM_NOTHING) {
        leaves[PLACE] = (struct test_hash){{0}};
    }
    test_log_prove(leaves, LEAVES_COUNT, PLACE, &proof);
}

static void a_product_that_fits_no_leaf_has_no_proof(void)
{
    static const size_t lengths[] = {65535, 65536, 65540};
    for (size_t i = 0; i < 3 * sizeof lengths / sizeof lengths[0]; i++) {
        size_t length = lengths[i / 3];
        enum claim claim = (enum claim)(i % 3);
        set_up();
        struct slw_heap_buffer name = {0};
        uint8_t *place = slw_heap_reserve(&name, length);
        TAP_REQUIRE(place != NULL);
        memset(place, 'p', length);
        test_put_bytes(&more, SLW_TARGETS_PRODUCT, slw_heap_bytes(&name));
        const struct test_targets targets = {5, .targets = &app, .count = 1, .more = &more};
        begin(&targets);
        prove_claim(slw_heap_bytes(&name), claim);
        put_proof();
        test_put_payload("app", "image");
        bool good = length == 65535 && claim != CLAIM_NOTHING;
        TAP_EQUAL_INT(test_verify(), good ? SLW_OK : SLW_BAD_PROOF);
        slw_heap_free(&name);
    }
}

/* Behind everything about the metadata, before everything about payloads. */
static void a_missing_proof_comes_between_metadata_and_payloads(void)
{
    set_up();
    test_begin();
    test_put_targets(&release_5, "c");
    TAP_EQUAL_INT(test_verify(), SLW_BELOW_THRESHOLD);
    begin(&release_5);
    test_put_payload("app", "wrong");
    TAP_EQUAL_INT(test_verify(), SLW_NO_PROOF);
    test_device.stored = SLW_STORED_RELEASE;
    test_device.stored_version = 6;
    TAP_EQUAL_INT(test_verify(), SLW_ROLLBACK);
    test_device.stored = SLW_STORED_NOTHING;
    test_device.check_build_type = true;
    test_device.build_type = SLW_BUILD_TYPE_USER;
    TAP_EQUAL_INT(test_verify(), SLW_WRONG_BUILD_TYPE);
    test_device.check_build_type = false;
    prove("", 5);
    put_proof();
    TAP_EQUAL_INT(test_verify(), SLW_WRONG_HASH);
    begin(&release_5);
    put_proof();
    TAP_EQUAL_INT(test_verify(), SLW_MISSING_PAYLOAD);
    begin(&release_5);
    proof.log.signer = 9;
    put_proof();
    TAP_EQUAL_INT(test_verify(), SLW_BAD_PROOF);
}

/* The memory of lookups serves the proof for a while: what it held before must not be taken for
 * the bundle's bytes after. */
static void lookups_begin_anew_behind_a_proof(void)
{
    static const struct test_target targets[] = {
        /* names whose tags are alike, so that checking the metadata has looked both up */
        {.name = "t26821", .image = "image"},
        {.name = "t49091", .image = "kernel"},
        {.name = "data", .image = "some data"},
    };
    const struct test_targets release = {.version = 5, .targets = targets, .count = 3};
    for (size_t first = 0; first < 3; first++) {
        set_up();
        begin(&release);
        prove("", 5);
        put_proof();
        for (size_t i = 0; i < 3; i++) {
            const struct test_target *target = &targets[(first + i) % 3];
            test_put_payload(target->name, target->image);
        }
        TAP_EQUAL_INT(test_verify(), SLW_OK);
    }
    test_put_payload("unlisted", "x");
    TAP_EQUAL_INT(test_verify(), SLW_UNLISTED_PAYLOAD);
}

/* A storage that shows another byte from a given read on. */
struct storage {
    struct slw_source source;
    size_t reads;
    size_t changes_at;
    size_t changed_offset;
    size_t fails_at;
};

static enum slw_status read_storage(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct storage *storage = context;
    size_t start = (size_t)offset;
    if (++storage->reads == storage->fails_at) {
        return SLW_IO;
    }
    memcpy(buffer, test_bundle.ptr + start, len);
    if (storage->reads >= storage->changes_at && storage->changed_offset >= start &&
        storage->changed_offset < start + len) {
        buffer[storage->changed_offset - start] ^= 1;
    }
    return SLW_OK;
}

/*
 * However the storage changes while it is read, what is accepted is what is signed and proven: the
 * leaf is made of the bytes that the signatures are over.
 */
static void what_is_proven_is_what_is_signed_when_storage_changes(void)
{
    struct storage storage = {.source = {&storage, read_storage, 0}, .changes_at = SIZE_MAX};
    uint8_t right[SLW_SHA256_SIZE];
    size_t accepted = 0;
    set_up();
    test_put_text(&more, SLW_TARGETS_PRODUCT, "lamp");
    const struct test_targets targets = {5, .targets = &app, .count = 1, .more = &more};
    begin(&targets);
    prove("lamp", 5);
    put_proof();
    test_put_payload("app", "image");
    storage.source.size = test_bundle.len;
    TAP_REQUIRE(test_verify_source(&storage.source) == SLW_OK);
    memcpy(right, test_verifier.result.targets.release_leaf, sizeof right);
    size_t reads = storage.reads;
    for (size_t at = 1; at <= reads; at++) {
        for (size_t offset = 0; offset < test_bundle.len; offset++) {
            storage.reads = 0;
            storage.changes_at = at;
            storage.changed_offset = offset;
            if (test_verify_source(&storage.source) == SLW_OK) {
                accepted++;
                TAP_CHECK(memcmp(right, test_verifier.result.targets.release_leaf, sizeof right) ==
                          0);
            }
        }
    }
    TAP_CHECK(accepted > 0);
    for (size_t at = 1; at <= reads; at++) {
        storage =
            (struct storage){.source = storage.source, .changes_at = SIZE_MAX, .fails_at = at};
        TAP_EQUAL_INT(test_verify_source(&storage.source), SLW_IO);
    }
}

static void each_byte_of_the_proof_counts(void)
{
    set_up();
    begin(&release_5);
    prove("", 5);
    size_t start = test_bundle.len;
    put_proof();
    size_t end = test_bundle.len;
    test_put_payload("app", "image");
    TAP_REQUIRE(test_verify() == SLW_OK);
    for (size_t i = start; i < end; i++) {
        test_bundle.ptr[i] ^= 0x10;
        TAP_CHECK(test_verify() != SLW_OK);
        test_bundle.ptr[i] ^= 0x10;
    }
    TAP_EQUAL_INT(test_verify(), SLW_OK);
}

static void a_configuration_that_makes_no_sense_accepts_nothing(void)
{
    set_up();
    test_transparency.quorum = TEST_WITNESSES_COUNT + 1;
    begin(&release_5);
    prove("", 5);
    put_proof();
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_BAD_ARGUMENT);
}

int main(void)
{
    TAP_RUN(a_release_with_its_proof_is_accepted);
    TAP_RUN(a_proof_may_stand_anywhere_in_the_bundle);
    TAP_RUN(an_absent_or_empty_proof_is_none);
    TAP_RUN(two_proofs_are_malformed);
    TAP_RUN(a_proof_that_is_not_needed_is_not_read);
    TAP_RUN(a_proof_larger_than_any_is_refused);
    TAP_RUN(a_proof_of_another_release_is_refused);
    TAP_RUN(the_product_is_the_one_that_is_signed);
    TAP_RUN(a_product_that_fits_no_leaf_has_no_proof);
    TAP_RUN(a_missing_proof_comes_between_metadata_and_payloads);
    TAP_RUN(lookups_begin_anew_behind_a_proof);
    TAP_RUN(what_is_proven_is_what_is_signed_when_storage_changes);
    TAP_RUN(each_byte_of_the_proof_counts);
    TAP_RUN(a_configuration_that_makes_no_sense_accepts_nothing);
    return tap_finish();
}
