/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content digest: against the text that SIGNING.md gives, put together here by hand; the same
 * for every encoding of the same content; another for every other content. And endorsements, which
 * are about it, going into a bundle and coming out.
 */
#include "slipway/content_digest.h"
#include "slipway/endorsements.h"

#include "../bundle/test_metadata.h"

#include "slipway/dsse.h"

#include "tap.h"

static struct slw_detail detail;

#define IMAGE_A SLW_BYTES_OF("0123456789abcdef0123456789ABCDEF")
#define IMAGE_B SLW_BYTES_OF("fedcba9876543210fedcba9876543210")

/* Two targets, one with a slot, two boards: in another order than the digest's. */
static struct slw_target_draft targets[2];
static struct slw_bytes hardware[2];

static void prepare(void)
{
    targets[0] = (struct slw_target_draft){
        .name = SLW_BYTES_OF("rtos"), .length = 0x1122334455, .sha256 = IMAGE_B};
    targets[1] = (struct slw_target_draft){
        .name = SLW_BYTES_OF("app"), .slot = SLW_BYTES_OF("a"), .length = 16, .sha256 = IMAGE_A};
    hardware[0] = SLW_BYTES_OF("b2");
    hardware[1] = SLW_BYTES_OF("b10");
}

static struct slw_targets_draft a_draft(void)
{
    return (struct slw_targets_draft){.spec_version = SLW_BYTES_OF("1.0.34"),
                                      .role = SLW_BYTES_OF("targets"),
                                      .version = 3,
                                      .targets = targets,
                                      .targets_count = 2,
                                      .hardware_ids = hardware,
                                      .hardware_ids_count = 2,
                                      .build_type = SLW_BUILD_TYPE_USER,
                                      .product = SLW_BYTES_OF("lamp")};
}

static void digest(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

static void is_over_the_text_that_the_specification_gives(void)
{
    static const char text[] = "slipway build v1\n"
                               "\0\0\0\4lamp"
                               "\0\0\0\2\0\0\0\3b10\0\0\0\2b2"
                               "\0\0\0\3"
                               "\0\0\0\2"
                               "\0\0\0\3app\0\0\0\1a\0\0\0\0\0\0\0\x10"
                               "0123456789abcdef0123456789ABCDEF"
                               "\0\0\0\4rtos\0\0\0\0\0\0\0\x11\x22\x33\x44\x55"
                               "fedcba9876543210fedcba9876543210";
    const struct slw_targets_draft draft = a_draft();
    uint8_t expected[SLW_SHA256_SIZE];
    uint8_t actual[SLW_SHA256_SIZE];
    digest(slw_bytes_make(text, sizeof text - 1), expected);
    TAP_REQUIRE(slw_content_digest(&draft, actual, &detail) == SLW_OK);
    TAP_EQUAL_BYTES(actual, expected, sizeof expected);
}

static void is_over_nothing_but_the_frame_for_an_empty_build(void)
{
    static const char text[] = "slipway build v1\n\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const struct slw_targets_draft draft = {0};
    uint8_t expected[SLW_SHA256_SIZE];
    uint8_t actual[SLW_SHA256_SIZE];
    digest(slw_bytes_make(text, sizeof text - 1), expected);
    TAP_REQUIRE(slw_content_digest(&draft, actual, &detail) == SLW_OK);
    TAP_EQUAL_BYTES(actual, expected, sizeof expected);
}

/* What a release adds to a build: a version, an expiry, notes, urgency, floors. */
static void is_the_same_for_every_release_of_a_build(void)
{
    const struct slw_targets_draft draft = a_draft();
    struct slw_targets_draft other = draft;
    uint8_t expected[SLW_SHA256_SIZE];
    uint8_t actual[SLW_SHA256_SIZE];
    other.version = 4;
    other.expires = (struct slw_expiry){true, 1896048000, 5};
    other.release_version = SLW_BYTES_OF("2.0.0");
    other.release_notes = SLW_BYTES_OF("notes");
    other.urgency = SLW_URGENCY_EMERGENCY;
    other.min_installed_version = 2;
    other.security_floor = 2;
    other.spec_version = SLW_BYTES_OF("1.0.33");
    TAP_REQUIRE(slw_content_digest(&draft, expected, &detail) == SLW_OK);
    TAP_REQUIRE(slw_content_digest(&other, actual, &detail) == SLW_OK);
    TAP_EQUAL_BYTES(actual, expected, sizeof expected);
}

static void is_another_for_every_other_content(void)
{
    struct slw_target_draft changed[2];
    struct slw_bytes boards[2];
    uint8_t seen[12][SLW_SHA256_SIZE];
    for (size_t i = 0; i < 12; i++) {
        struct slw_targets_draft draft = a_draft();
        memcpy(changed, targets, sizeof changed);
        memcpy(boards, hardware, sizeof boards);
        draft.targets = changed;
        draft.hardware_ids = boards;
        draft.product = i == 1 ? SLW_BYTES_OF("lam") : draft.product;
        boards[0] = i == 2 ? SLW_BYTES_OF("b3") : boards[0];
        draft.hardware_ids_count = i == 3 ? 1 : 2;
        draft.build_type = i == 4 ? SLW_BUILD_TYPE_TEST : SLW_BUILD_TYPE_USER;
        changed[0].name = i == 5 ? SLW_BYTES_OF("rto") : changed[0].name;
        changed[0].slot = i == 6 ? SLW_BYTES_OF("rtos") : changed[0].slot;
        changed[1].slot = i == 7 ? SLW_BYTES_OF("") : changed[1].slot;
        changed[1].length += i == 8 ? 1 : 0;
        changed[1].sha256 = i == 9 ? IMAGE_B : changed[1].sha256;
        draft.targets_count = i == 10 ? 1 : 2;
        if (i == 11) { /* what stands in a name moves into the slot */
            changed[1].name = SLW_BYTES_OF("ap");
            changed[1].slot = SLW_BYTES_OF("pa");
        }
        TAP_REQUIRE(slw_content_digest(&draft, seen[i], &detail) == SLW_OK);
        for (size_t j = 0; j < i; j++) {
            TAP_CHECK(memcmp(seen[i], seen[j], SLW_SHA256_SIZE) != 0);
        }
    }
}

static void is_the_same_for_metadata_written_in_another_way(void)
{
    struct slw_targets_draft draft = a_draft();
    struct slw_target_draft swapped[] = {targets[1], targets[0]};
    struct slw_bytes boards[] = {hardware[1], hardware[0]};
    struct slw_heap_buffer one = {0};
    struct slw_heap_buffer other = {0};
    uint8_t expected[SLW_SHA256_SIZE];
    uint8_t actual[SLW_SHA256_SIZE];
    TAP_REQUIRE(slw_targets_draft_encode(&draft, &one, &detail) == SLW_OK);
    TAP_REQUIRE(slw_content_digest_of(slw_heap_bytes(&one), expected, &detail) == SLW_OK);
    TAP_REQUIRE(slw_content_digest(&draft, actual, &detail) == SLW_OK);
    TAP_EQUAL_BYTES(actual, expected, sizeof expected);
    draft.targets = swapped;
    draft.hardware_ids = boards;
    test_put_uint(&other, 1999, 7); /* a field that we don't know, and in front */
    TAP_REQUIRE(slw_targets_draft_encode(&draft, &other, &detail) == SLW_OK);
    TAP_CHECK(!slw_bytes_equal(slw_heap_bytes(&one), slw_heap_bytes(&other)));
    TAP_REQUIRE(slw_content_digest_of(slw_heap_bytes(&other), actual, &detail) == SLW_OK);
    TAP_EQUAL_BYTES(actual, expected, sizeof expected);
    slw_heap_free(&one);
    slw_heap_free(&other);
}

static void refuses_content_that_is_no_build(void)
{
    struct slw_target_draft changed[2];
    struct slw_bytes boards[2];
    static const enum slw_status expected[] = {
        SLW_DUPLICATE_TARGET, SLW_DUPLICATE_TARGET, SLW_DUPLICATE_TARGET, SLW_MISSING_HASH,
        SLW_MISSING_HASH,     SLW_MALFORMED,        SLW_MALFORMED};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct slw_targets_draft draft = a_draft();
        uint8_t actual[SLW_SHA256_SIZE];
        memcpy(changed, targets, sizeof changed);
        memcpy(boards, hardware, sizeof boards);
        draft.targets = changed;
        draft.hardware_ids = boards;
        changed[0].name = i == 0 ? changed[1].name : changed[0].name; /* slots differ */
        changed[0].slot = i == 1 ? SLW_BYTES_OF("a") : changed[0].slot;
        changed[0].name = i == 2 ? SLW_BYTES_OF("a") : changed[0].name; /* the other's slot */
        changed[1].sha256 = i == 3 ? SLW_BYTES_OF("") : changed[1].sha256;
        changed[1].sha256.len -= i == 4 ? 1 : 0;
        boards[0] = i == 5 ? boards[1] : boards[0];
        draft.build_type = i == 6 ? SLW_BUILD_TYPE_USER + 1 : draft.build_type;
        TAP_EQUAL_INT(slw_content_digest(&draft, actual, &detail), expected[i]);
    }
}

static void refuses_metadata_that_cant_be_read(void)
{
    struct slw_targets_draft draft = a_draft();
    struct slw_heap_buffer bytes = {0};
    uint8_t actual[SLW_SHA256_SIZE];
    TAP_REQUIRE(slw_targets_draft_encode(&draft, &bytes, &detail) == SLW_OK);
    bytes.len--;
    TAP_EQUAL_INT(slw_content_digest_of(slw_heap_bytes(&bytes), actual, &detail), SLW_MALFORMED);
    TAP_EQUAL_INT(slw_content_digest_of(SLW_BYTES_OF("\x0A\xFF"), actual, &detail), SLW_MALFORMED);
    slw_heap_free(&bytes);
}

/* A bundle of metadata and whatever else, in memory. */
struct bundle {
    struct slw_heap_buffer bytes;
    struct slw_memory_source memory;
    struct slw_bundle_index index;
};

static void put_targets(struct bundle *bundle)
{
    struct slw_targets_draft draft = a_draft();
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer message = {0};
    struct slw_heap_buffer entry = {0};
    TAP_CHECK(slw_targets_draft_encode(&draft, &serialized, &detail) == SLW_OK);
    test_put_message(&message, SLW_SIGNED_SERIALIZED, &serialized);
    test_put_text(&entry, SLW_MAP_KEY, "targets");
    test_put_message(&entry, SLW_MAP_VALUE, &message);
    test_put_message(&bundle->bytes, SLW_BUNDLE_TARGETS_METADATA, &entry);
}

static bool open_bundle(struct bundle *bundle)
{
    slw_memory_source_init(&bundle->memory, slw_heap_bytes(&bundle->bytes));
    return slw_bundle_index_read("b", &bundle->memory.source, &bundle->index, &detail) == SLW_OK;
}

static void close_bundle(struct bundle *bundle)
{
    slw_bundle_index_free(&bundle->index);
    slw_heap_free(&bundle->bytes);
}

static void is_that_of_the_metadata_in_a_bundle(void)
{
    struct bundle bundle = {0};
    const struct slw_targets_draft draft = a_draft();
    uint8_t expected[SLW_SHA256_SIZE];
    uint8_t actual[SLW_SHA256_SIZE];
    put_targets(&bundle);
    TAP_REQUIRE(open_bundle(&bundle));
    TAP_REQUIRE(slw_content_digest(&draft, expected, &detail) == SLW_OK);
    TAP_REQUIRE(slw_content_digest_of_bundle("b", &bundle.index, actual, &detail) == SLW_OK);
    TAP_EQUAL_BYTES(actual, expected, sizeof expected);
    close_bundle(&bundle);
    TAP_REQUIRE(open_bundle(&bundle)); /* an empty one */
    TAP_EQUAL_INT(slw_content_digest_of_bundle("b", &bundle.index, actual, &detail),
                  SLW_MISSING_TARGETS);
    close_bundle(&bundle);
}

static void finds_endorsements_in_their_order(void)
{
    struct bundle bundle = {0};
    struct slw_endorsements list;
    slw_endorsement_encode(SLW_BYTES_OF("first"), &bundle.bytes);
    test_put_uint(&bundle.bytes, 1999, 7);
    put_targets(&bundle);
    slw_endorsement_encode(SLW_BYTES_OF(""), &bundle.bytes);
    slw_endorsement_encode(SLW_BYTES_OF("third"), &bundle.bytes);
    TAP_REQUIRE(open_bundle(&bundle));
    TAP_REQUIRE(slw_endorsements_load("b", &bundle.index, &list, &detail) == SLW_OK);
    TAP_EQUAL_INT(list.count, 3);
    TAP_CHECK(slw_bytes_equal(list.items[0], SLW_BYTES_OF("first")));
    TAP_EQUAL_INT(list.items[1].len, 0);
    TAP_CHECK(slw_bytes_equal(list.items[2], SLW_BYTES_OF("third")));
    slw_endorsements_free(&list);
    close_bundle(&bundle);
}

/* count endorsements of len bytes each. */
static enum slw_status load_sized(size_t count, size_t len)
{
    struct bundle bundle = {0};
    struct slw_endorsements list = {0};
    struct slw_heap_buffer filler = {0};
    memset(slw_heap_reserve(&filler, len), 'x', len);
    for (size_t i = 0; i < count; i++) {
        slw_endorsement_encode(slw_heap_bytes(&filler), &bundle.bytes);
    }
    enum slw_status status =
        open_bundle(&bundle) ? slw_endorsements_load("b", &bundle.index, &list, &detail) : SLW_IO;
    slw_endorsements_free(&list);
    slw_heap_free(&filler);
    close_bundle(&bundle);
    return status;
}

static void refuses_more_endorsements_than_it_would_read(void)
{
    TAP_EQUAL_INT(load_sized(0, 0), SLW_OK);
    TAP_EQUAL_INT(load_sized(SLW_ENDORSEMENTS_MAX, 1), SLW_OK);
    TAP_EQUAL_INT(load_sized(SLW_ENDORSEMENTS_MAX + 1, 1), SLW_TOO_LARGE);
    TAP_EQUAL_INT(load_sized(1, SLW_DSSE_SIZE_MAX), SLW_OK);
    TAP_EQUAL_INT(load_sized(1, SLW_DSSE_SIZE_MAX + 1), SLW_TOO_LARGE);
    TAP_EQUAL_INT(load_sized(SLW_ENDORSEMENTS_SIZE_MAX / SLW_DSSE_SIZE_MAX, SLW_DSSE_SIZE_MAX),
                  SLW_OK);
    TAP_EQUAL_INT(load_sized(SLW_ENDORSEMENTS_SIZE_MAX / SLW_DSSE_SIZE_MAX + 1, SLW_DSSE_SIZE_MAX),
                  SLW_TOO_LARGE);
}

int main(void)
{
    prepare();
    TAP_RUN(is_over_the_text_that_the_specification_gives);
    TAP_RUN(is_over_nothing_but_the_frame_for_an_empty_build);
    TAP_RUN(is_the_same_for_every_release_of_a_build);
    TAP_RUN(is_another_for_every_other_content);
    TAP_RUN(is_the_same_for_metadata_written_in_another_way);
    TAP_RUN(refuses_content_that_is_no_build);
    TAP_RUN(refuses_metadata_that_cant_be_read);
    TAP_RUN(is_that_of_the_metadata_in_a_bundle);
    TAP_RUN(finds_endorsements_in_their_order);
    TAP_RUN(refuses_more_endorsements_than_it_would_read);
    return tap_finish();
}
