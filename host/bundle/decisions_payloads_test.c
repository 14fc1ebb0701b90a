/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier decides about payloads, hashes and encodings (spec/SPEC.md, section 3), in the
 * points that no vector is about: each case is an accepted bundle and its refused twins.
 */
#include "test_metadata.h"

#include "tap.h"

#include <string.h>

#define ALL_KINDS (1u << SLW_ENCODING_LZ | 1u << SLW_ENCODING_DELTA | 1u << SLW_ENCODING_ZSTD)

static const struct test_root root_1 = {.version = 1, .root = "a", .targets = "b"};
static struct slw_heap_buffer more;

static void set_up(void)
{
    test_reset_device();
    test_device.decodable = ALL_KINDS;
    test_trust(&root_1);
    slw_heap_free(&more);
}

/* A release with the target "app" and these fields in it. */
static void begin(const struct test_target *target)
{
    const struct test_targets targets = {.version = 5, .targets = target, .count = 1};
    test_begin();
    test_put_targets(&targets, "b");
}

static void begin_app(void)
{
    const struct test_target app = {.name = "app", .image = "image", .more = &more};
    begin(&app);
    slw_heap_free(&more);
}

/* Of a bundle with this one payload. */
static enum slw_status verify_payload(const char *name, const char *bytes)
{
    begin_app();
    test_put_payload(name, bytes);
    return test_verify();
}

static enum slw_status verify_app(void)
{
    return verify_payload("app", "image");
}

static void every_sha256_listed_must_match(void)
{
    set_up();
    test_put_sha256(&more, SLW_TARGET_HASHES, "image");
    TAP_EQUAL_INT(verify_app(), SLW_OK);
    test_put_sha256(&more, SLW_TARGET_HASHES, "other");
    TAP_EQUAL_INT(verify_app(), SLW_WRONG_HASH);
    test_put_sha256(&more, SLW_TARGET_HASHES, "other");
    test_put_sha256(&more, SLW_TARGET_HASHES, "image");
    TAP_EQUAL_INT(verify_app(), SLW_WRONG_HASH);
    /* By another function, or of another length: none that we know. */
    test_put_hash(&more, SLW_TARGET_HASHES, 2, SLW_BYTES_OF("0123456789abcdef0123456789abcdef"));
    test_put_hash(&more, SLW_TARGET_HASHES, 1, SLW_BYTES_OF("0123456789abcdef0123456789abcde"));
    test_put_hash(&more, SLW_TARGET_HASHES, 1, SLW_BYTES_OF("0123456789abcdef0123456789abcdef0"));
    TAP_EQUAL_INT(verify_app(), SLW_OK);
}

static void no_form_stands_for_an_image_with_two_hashes(void)
{
    set_up();
    test_put_sha256(&more, SLW_TARGET_HASHES, "other");
    test_put_encoding(&more, SLW_ENCODING_LZ, "app.lz", "form", NULL);
    TAP_EQUAL_INT(verify_payload("app.lz", "form"), SLW_WRONG_HASH);
    test_put_encoding(&more, SLW_ENCODING_LZ, "app.lz", "form", NULL);
    TAP_EQUAL_INT(verify_payload("app.lz", "form"), SLW_OK);
}

static enum slw_status verify_unhashed(void)
{
    const struct test_target app = {
        .name = "app", .image = "image", .unhashed = true, .more = &more};
    begin(&app);
    slw_heap_free(&more);
    test_put_payload("app", "image");
    return test_verify();
}

static void a_hash_of_ours_has_32_bytes(void)
{
    set_up();
    TAP_EQUAL_INT(verify_unhashed(), SLW_MISSING_HASH);
    test_put_hash(&more, SLW_TARGET_HASHES, 1, SLW_BYTES_OF("0123456789abcdef0123456789abcde"));
    TAP_EQUAL_INT(verify_unhashed(), SLW_MISSING_HASH);
    test_put_hash(&more, SLW_TARGET_HASHES, 0, SLW_BYTES_OF("0123456789abcdef0123456789abcdef"));
    TAP_EQUAL_INT(verify_unhashed(), SLW_MISSING_HASH);
    test_put_sha256(&more, SLW_TARGET_HASHES, "image");
    TAP_EQUAL_INT(verify_unhashed(), SLW_OK);
}

static void what_is_wrong_with_an_unknown_kind_of_form_is_ignored(void)
{
    static const uint64_t unknown[] = {0, 4, 99, UINT64_MAX};
    set_up();
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        test_put_encoding(&more, unknown[i], "..", NULL, NULL);
        test_put_encoding(&more, unknown[i], "", NULL, NULL);
        TAP_EQUAL_INT(verify_app(), SLW_OK);
        test_put_encoding(&more, unknown[i], "app.x", "form", NULL);
        TAP_EQUAL_INT(verify_payload("app.x", "form"), SLW_UNSUPPORTED_ENCODING);
        test_put_encoding(&more, unknown[i], "app.x", "form", NULL);
        TAP_EQUAL_INT(verify_payload("app.x", "from"), SLW_WRONG_HASH);
        test_put_encoding(&more, unknown[i], "app.x", NULL, NULL);
        TAP_EQUAL_INT(verify_payload("app.x", "anything"), SLW_UNSUPPORTED_ENCODING);
    }
}

static void a_known_kind_of_form_has_a_good_name_and_a_hash(void)
{
    set_up();
    for (uint64_t kind = SLW_ENCODING_LZ; kind <= SLW_ENCODING_ZSTD; kind++) {
        test_put_encoding(&more, kind, "app.x", "form", NULL);
        TAP_EQUAL_INT(verify_app(), SLW_OK);
        test_put_encoding(&more, kind, "a/../b", "form", NULL);
        TAP_EQUAL_INT(verify_app(), SLW_BAD_NAME);
        test_put_encoding(&more, kind, "", "form", NULL);
        TAP_EQUAL_INT(verify_app(), SLW_BAD_NAME);
        test_put_encoding(&more, kind, "app.x", NULL, NULL);
        TAP_EQUAL_INT(verify_app(), SLW_MISSING_HASH);
    }
}

static void names_of_targets_and_forms_are_one_namespace(void)
{
    set_up();
    test_put_encoding(&more, SLW_ENCODING_LZ, "app", "form", NULL);
    TAP_EQUAL_INT(verify_app(), SLW_DUPLICATE_TARGET);
    test_put_encoding(&more, SLW_ENCODING_LZ, "app.x", "form", NULL);
    test_put_encoding(&more, SLW_ENCODING_ZSTD, "app.x", "from", NULL);
    TAP_EQUAL_INT(verify_app(), SLW_DUPLICATE_TARGET);
    test_put_encoding(&more, SLW_ENCODING_LZ, "app.x", "form", NULL);
    test_put_encoding(&more, 99, "app.x", "from", NULL);
    TAP_EQUAL_INT(verify_app(), SLW_DUPLICATE_TARGET);
    /* Slots are another: a form may have the name of one. */
    test_put_text(&more, SLW_TARGET_SLOT, "flash");
    test_put_encoding(&more, SLW_ENCODING_LZ, "flash", "form", NULL);
    TAP_EQUAL_INT(verify_payload("flash", "form"), SLW_OK);
    test_put_text(&more, SLW_TARGET_SLOT, "flash");
    TAP_EQUAL_INT(verify_payload("flash", "image"), SLW_MISSING_PAYLOAD);
}

static struct slw_installed_image installed_image;

static enum slw_status find_installed(void *context, struct slw_bytes target, struct slw_bytes slot,
                                      struct slw_installed_image *ret_image)
{
    (void)context;
    (void)slot;
    *ret_image = installed_image;
    return slw_bytes_equal(target, SLW_BYTES_OF("app")) ? SLW_OK : SLW_NOT_FOUND;
}

/* The device runs these bytes; their digest is given, or is to be measured. */
static void install(const char *bytes, bool known)
{
    static const struct slw_installed_port port = {NULL, find_installed};
    static struct slw_memory_source source;
    struct slw_sha256 hash;
    test_device.installed = &port;
    slw_memory_source_init(&source, slw_bytes_make(bytes, strlen(bytes)));
    installed_image = (struct slw_installed_image){
        .length = strlen(bytes), .sha256_known = known, .source = &source.source};
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, source.bytes);
    slw_sha256_final(&hash, installed_image.sha256);
}

static enum slw_status verify_absent(void)
{
    begin_app();
    return test_verify();
}

static void an_absent_image_is_the_installed_one_to_the_last_bit(void)
{
    set_up();
    TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
    for (int known = 0; known < 2; known++) {
        install("image", known == 1);
        TAP_EQUAL_INT(verify_absent(), SLW_OK);
        test_put_sha256(&more, SLW_TARGET_HASHES, "other");
        TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
        const struct test_target twice = {
            .name = "app", .image = "image", .unhashed = true, .more = &more};
        test_put_sha256(&more, SLW_TARGET_HASHES, "other");
        test_put_sha256(&more, SLW_TARGET_HASHES, "image");
        begin(&twice);
        slw_heap_free(&more);
        TAP_EQUAL_INT(test_verify(), SLW_MISSING_PAYLOAD);
        install("imagf", known == 1);
        TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
        install("images", known == 1);
        TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
        install("imag", known == 1);
        TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
    }
    /* What the digest is of counts for nothing when the length is another. */
    install("image", true);
    installed_image.length = 4;
    TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
}

static void put_delta_and_lz(void)
{
    test_put_encoding(&more, SLW_ENCODING_DELTA, "app.delta", "delta", "old image");
    test_put_encoding(&more, SLW_ENCODING_LZ, "app.lz", "form", "not a base");
}

static void a_form_of_no_use_is_no_obstacle_to_another(void)
{
    set_up();
    install("older image", true);
    put_delta_and_lz();
    TAP_EQUAL_INT(verify_payload("app.delta", "delta"), SLW_WRONG_BASE);
    put_delta_and_lz();
    TAP_EQUAL_INT(verify_payload("app.lz", "form"), SLW_OK); /* base_hash is a delta's */
    put_delta_and_lz();
    begin_app();
    test_put_payload("app.delta", "delta");
    test_put_payload("app.lz", "form");
    TAP_EQUAL_INT(test_verify(), SLW_OK);
    put_delta_and_lz();
    test_device.decodable = 1u << SLW_ENCODING_DELTA;
    TAP_EQUAL_INT(verify_payload("app.lz", "form"), SLW_UNSUPPORTED_ENCODING);
    install("old image", true);
    put_delta_and_lz();
    TAP_EQUAL_INT(verify_payload("app.delta", "delta"), SLW_OK);
    /* Its own image is installed, but it came in a form of no use: that is what is wrong. */
    install("image", true);
    put_delta_and_lz();
    TAP_EQUAL_INT(verify_payload("app.delta", "delta"), SLW_WRONG_BASE);
}

static void a_payload_comes_once_whether_it_is_listed_or_not(void)
{
    set_up();
    begin_app();
    test_put_payload("app", "image");
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
    begin_app();
    test_put_payload("else", "1");
    test_put_payload("app", "image");
    TAP_EQUAL_INT(test_verify(), SLW_UNLISTED_PAYLOAD);
    test_put_payload("else", "2");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
    begin_app();
    test_put_payload("app", "image");
    test_put_payload("", "x");
    TAP_EQUAL_INT(test_verify(), SLW_MALFORMED);
}

static void payloads_left_over_are_the_last_reason(void)
{
    char name[66];
    set_up();
    memset(name, 'n', sizeof name);
    name[65] = '\0';
    begin_app();
    test_put_payload(name, "1");
    TAP_EQUAL_INT(test_verify(), SLW_MISSING_PAYLOAD);
    test_put_payload("app", "imagf");
    TAP_EQUAL_INT(test_verify(), SLW_WRONG_HASH);
    begin_app();
    test_put_payload(name, "1");
    test_put_payload("app", "imag");
    TAP_EQUAL_INT(test_verify(), SLW_WRONG_LENGTH);
    begin_app();
    test_put_payload("app", "image");
    test_put_payload(name, "1");
    TAP_EQUAL_INT(test_verify(), SLW_UNLISTED_PAYLOAD);
}

/* Storage that shows other bytes while the verifier is in some phases. */
struct storage {
    struct slw_source source;
    const uint8_t *bytes;
    const uint8_t *others;
    enum slw_verifier_phase from;
    enum slw_verifier_phase to;
};

static enum slw_status read_storage(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct storage *storage = context;
    bool other = test_verifier.phase >= storage->from && test_verifier.phase <= storage->to;
    memcpy(buffer, (other ? storage->others : storage->bytes) + offset, len);
    return SLW_OK;
}

static enum slw_status verify_changing(const struct slw_heap_buffer *others,
                                       enum slw_verifier_phase from, enum slw_verifier_phase to)
{
    struct storage storage = {
        {&storage, read_storage, test_bundle.len}, test_bundle.ptr, others->ptr, from, to};
    return test_verify_source(&storage.source);
}

/* What is signed is "image"; what is in the bundle, and what storage says in between, isn't. */
static void a_payload_is_measured_against_what_was_signed(void)
{
    const struct test_target evil = {.name = "app", .image = "evil!"};
    struct slw_heap_buffer others = {0};
    set_up();
    begin(&evil);
    test_put_payload("app", "evil!");
    slw_heap_append(&others, slw_heap_bytes(&test_bundle));
    TAP_EQUAL_INT(verify_payload("app", "evil!"), SLW_WRONG_HASH);
    TAP_REQUIRE(others.len == test_bundle.len);
    TAP_EQUAL_INT(verify_changing(&others, SLW_VERIFY_PAYLOADS, SLW_VERIFY_PAYLOAD_BYTES), SLW_IO);
    slw_heap_free(&others);
}

static void a_target_that_storage_hides_is_missed(void)
{
    struct slw_heap_buffer others = {0};
    set_up();
    TAP_EQUAL_INT(verify_absent(), SLW_MISSING_PAYLOAD);
    uint64_t at = test_verifier.result.targets.serialized.offset +
                  test_verifier.result.names.entries[0].target_offset;
    slw_heap_append(&others, slw_heap_bytes(&test_bundle));
    TAP_REQUIRE(others.ptr[at] == (SLW_TARGETS_TARGET_FILES << 3 | 2));
    others.ptr[at] = 15 << 3 | 2; /* a field that nobody knows */
    TAP_EQUAL_INT(verify_changing(&others, SLW_VERIFY_ABSENT, SLW_VERIFY_ABSENT), SLW_IO);
    slw_heap_free(&others);
}

int main(void)
{
    TAP_RUN(every_sha256_listed_must_match);
    TAP_RUN(no_form_stands_for_an_image_with_two_hashes);
    TAP_RUN(a_hash_of_ours_has_32_bytes);
    TAP_RUN(what_is_wrong_with_an_unknown_kind_of_form_is_ignored);
    TAP_RUN(a_known_kind_of_form_has_a_good_name_and_a_hash);
    TAP_RUN(names_of_targets_and_forms_are_one_namespace);
    TAP_RUN(an_absent_image_is_the_installed_one_to_the_last_bit);
    TAP_RUN(a_form_of_no_use_is_no_obstacle_to_another);
    TAP_RUN(a_payload_comes_once_whether_it_is_listed_or_not);
    TAP_RUN(payloads_left_over_are_the_last_reason);
    TAP_RUN(a_payload_is_measured_against_what_was_signed);
    TAP_RUN(a_target_that_storage_hides_is_missed);
    return tap_finish();
}
