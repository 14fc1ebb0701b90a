/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: what is found, what stays, what may go, and data that try to be more than data. Power
 * cuts: power_cut_test.c. */
#include "store_private.h"
#include "test_board.h"

#include "tap.h"

#define V1 "roots/v1.pb"

/* In a blob's data, where a sector begins. */
#define FORGERY_OFFSET ((size_t)512 - 128)

#define FACTORY_ROOT_SIZE 1024u /* in whole sectors */

static struct test_board board;
static struct slw_store store;
static uint8_t data[4096];
static struct slw_memory_source source;

/* Sectors of 512 bytes: a blob takes one for each 512 bytes of it and its 128 of header. */
static bool make_device(void)
{
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    slw_memory_source_init(&source, slw_bytes_make(data, sizeof data));
    return test_board_make(&board, &test_geometries[1], V1, SLW_ANCHOR_NONE) &&
           slw_store_format(&store, &board.layout) == SLW_OK;
}

static enum slw_status reopen(void)
{
    test_board_power_on(&board);
    return slw_store_open(&store, &board.layout);
}

static enum slw_status put(enum slw_blob_kind kind, uint32_t version, uint64_t offset,
                           uint64_t length, struct slw_blob *ret_blob)
{
    return slw_store_put_blob(&store, kind, version, &source.source, offset, length, ret_blob);
}

static enum slw_status put_data(uint64_t offset, uint64_t length)
{
    struct slw_blob blob;
    return put(SLW_BLOB_TARGETS, 1, offset, length, &blob);
}

static void digest_of(uint64_t offset, uint64_t length, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(data + offset, (size_t)length));
    slw_sha256_final(&hash, ret_digest);
}

static enum slw_status find_data(uint64_t offset, uint64_t length, struct slw_blob *ret_blob)
{
    uint8_t digest[SLW_SHA256_SIZE];
    digest_of(offset, length, digest);
    return slw_store_find_blob(&store, digest, ret_blob);
}

static bool is_there(uint64_t offset, uint64_t length)
{
    struct slw_blob blob;
    return find_data(offset, length, &blob) == SLW_OK;
}

static void finds_what_was_put_by_its_digest(void)
{
    static const uint64_t lengths[] = {0, 1, 7, 8, 9, 127, 128, 129, 384, 385, 1000, 2000};
    uint8_t again[2000];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct slw_blob blob;
        struct slw_blob found;
        TAP_REQUIRE(make_device());
        TAP_EQUAL_INT(put(SLW_BLOB_USER_MANIFEST, 77, 3, lengths[i], &blob), SLW_OK);
        TAP_EQUAL_INT(reopen(), SLW_OK);
        TAP_EQUAL_INT(find_data(3, lengths[i], &found), SLW_OK);
        TAP_EQUAL_INT(found.kind, SLW_BLOB_USER_MANIFEST);
        TAP_EQUAL_INT(found.version, 77);
        TAP_EQUAL_BYTES(found.sha256, blob.sha256, SLW_SHA256_SIZE);
        TAP_EQUAL_INT(found.place.source.size, lengths[i]);
        if (lengths[i] > 0) {
            TAP_EQUAL_INT(
                found.place.source.read(found.place.source.context, 0, again, (size_t)lengths[i]),
                SLW_OK);
            TAP_EQUAL_BYTES(again, data + 3, (size_t)lengths[i]);
        }
        TAP_CHECK(!is_there(4, 100));
    }
}

static void refuses_what_cannot_be_put(void)
{
    struct slw_blob blob;
    TAP_REQUIRE(make_device());
    uint64_t operations = board.flash.operations;
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 4000, 97, &blob), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 4097, 0, &blob), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 1, UINT64_MAX, &blob), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put((enum slw_blob_kind)0, 1, 0, 1, &blob), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put((enum slw_blob_kind)4, 1, 0, 1, &blob), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(board.flash.operations, operations);
    source.source.size = UINT64_MAX;
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, 6145, &blob), SLW_NO_SPACE);
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, UINT64_MAX, &blob), SLW_NO_SPACE);
    TAP_EQUAL_INT(board.flash.operations, operations);
}

static void the_same_bytes_are_stored_once(void)
{
    struct slw_blob first;
    struct slw_blob second;
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, 700, &first), SLW_OK);
    uint64_t operations = board.flash.operations;
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, 700, &second), SLW_OK);
    TAP_EQUAL_INT(board.flash.operations, operations);
    TAP_EQUAL_INT(first.place.region.offset, second.place.region.offset);
}

/* 12 sectors, of which the factory root has 2; what one blob has, another hasn't. */
static void what_was_put_since_the_last_commit_stays(void)
{
    TAP_REQUIRE(make_device());
    for (uint64_t i = 0; i < 5; i++) {
        TAP_EQUAL_INT(put_data(i * 100, 800), SLW_OK);
    }
    TAP_EQUAL_INT(put_data(900, 800), SLW_NO_SPACE);
    for (uint64_t i = 0; i < 5; i++) {
        TAP_CHECK(is_there(i * 100, 800));
    }
    struct slw_state next = store.state;
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(put_data(900, 800), SLW_OK);
    TAP_CHECK(is_there(900, 800));
}

static void what_a_commit_left_behind_stays_when_it_is_put_again(void)
{
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_data(0, 800), SLW_OK);
    struct slw_state next = store.state;
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(put_data(0, 800), SLW_OK);
    for (uint64_t i = 1; i < 5; i++) {
        TAP_EQUAL_INT(put_data(i * 100, 800), SLW_OK);
    }
    TAP_EQUAL_INT(put_data(900, 800), SLW_NO_SPACE);
    TAP_CHECK(is_there(0, 800));
}

static void what_the_state_refers_to_stays(void)
{
    struct slw_blob blobs[5];
    TAP_REQUIRE(make_device());
    for (uint64_t i = 0; i < 5; i++) {
        enum slw_blob_kind kind = i == 3 ? SLW_BLOB_USER_MANIFEST : SLW_BLOB_TARGETS;
        TAP_EQUAL_INT(put(kind, 1, i * 100, 800, &blobs[i]), SLW_OK);
    }
    struct slw_state next = store.state;
    next.confirmed.present = true;
    memcpy(next.confirmed.metadata, blobs[0].sha256, SLW_SHA256_SIZE);
    next.confirmed.images[0].present = true;
    memcpy(next.confirmed.images[0].metadata, blobs[1].sha256, SLW_SHA256_SIZE);
    next.trial.present = true;
    memcpy(next.trial.metadata, blobs[2].sha256, SLW_SHA256_SIZE);
    memcpy(next.trial.user_manifest, blobs[3].sha256, SLW_SHA256_SIZE);
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(put_data(900, 800), SLW_OK); /* instead of the fifth */
    TAP_EQUAL_INT(put_data(1000, 800), SLW_NO_SPACE);
    for (uint64_t i = 0; i < 4; i++) {
        TAP_CHECK(is_there(i * 100, 800));
    }
    TAP_CHECK(!is_there(400, 800));
    next = store.state;
    memset(&next.trial, 0, sizeof next.trial);
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(put_data(1000, 800), SLW_OK);
    TAP_CHECK(is_there(0, 800) && is_there(100, 800));
}

static void a_changed_byte_makes_it_another_blob(void)
{
    static struct test_copy copy;
    struct slw_blob blob;
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, 600, &blob), SLW_OK);
    test_board_save(&board, &copy);
    uint64_t start = blob.place.region.offset - 128;
    for (uint64_t at = 0; at < 128 + 600; at++) {
        /* Behind the header's 60 bytes and the mark's 12 nothing is looked at. */
        bool counts = at < 60 || (at >= SLW_CELL_SIZE && at < SLW_CELL_SIZE + 12) || at >= 128;
        test_board_restore(&board, &copy);
        board.bytes[start + at] ^= (uint8_t)(1u << at % 8);
        TAP_EQUAL_INT(is_there(0, 600), !counts);
        TAP_CHECK(!counts || put_data(0, 600) == SLW_OK);
        TAP_CHECK(is_there(0, 600));
    }
}

static void a_torn_word_makes_it_no_blob(void)
{
    static struct test_copy copy;
    struct slw_blob blob;
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, 600, &blob), SLW_OK);
    test_board_save(&board, &copy);
    uint64_t start = blob.place.region.offset - 128;
    for (uint64_t at = 0; at < 128 + 600; at += 8) {
        test_board_restore(&board, &copy);
        board.granules[(start + at) / 8] = 2; /* torn: flash_faulty.c */
        TAP_CHECK(!is_there(0, 600));
        TAP_EQUAL_INT(reopen(), SLW_OK);
        TAP_EQUAL_INT(put_data(0, 600), SLW_OK);
        TAP_CHECK(is_there(0, 600));
    }
}

static void a_flash_that_fails_is_an_error_and_not_absence(void)
{
    struct slw_blob blob;
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_data(0, 600), SLW_OK);
    board.flash.powered = false;
    TAP_EQUAL_INT(find_data(0, 600, &blob), SLW_IO);
    TAP_EQUAL_INT(slw_store_next_root(&store, 0, &blob), SLW_IO);
    TAP_EQUAL_INT(put_data(100, 600), SLW_IO);
}

/* A source whose bytes change between two readings, or that fails. */
static struct {
    unsigned reads;
    unsigned limit;
    enum slw_status status;
} unsteady;

static enum slw_status read_unsteady(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    memcpy(buffer, data + offset, len);
    if (unsteady.reads++ >= unsteady.limit) {
        buffer[0] ^= 1;
        return unsteady.status;
    }
    return SLW_OK;
}

static void what_changes_while_it_is_stored_does_not_count(void)
{
    const struct slw_source reading = {.read = read_unsteady, .size = 500};
    struct slw_blob blob;
    uint64_t at = 0;
    struct slw_extent extent;
    TAP_REQUIRE(make_device());
    for (unsigned failing = 0; failing < 2; failing++) {
        unsteady.status = failing != 0 ? SLW_IO_CLOSED : SLW_OK;
        for (unsteady.limit = 4; unsteady.limit < 8; unsteady.limit++) {
            unsteady.reads = 0;
            TAP_EQUAL_INT(slw_store_put_blob(&store, SLW_BLOB_TARGETS, 1, &reading, 0, 500, &blob),
                          failing != 0 ? SLW_IO_CLOSED : SLW_IO);
            TAP_CHECK(!is_there(0, 500));
        }
    }
    while (slw_extent_next(&store, &at, &extent) == SLW_OK) {
        TAP_CHECK(extent.kind == SLW_BLOB_ROOT || !extent.complete);
    }
    TAP_EQUAL_INT(put_data(0, 3500), SLW_OK); /* what was begun makes room */
}

/* Roots are at the end of the region, the factory's behind all others. */
static const uint8_t *factory_root_of(const struct test_board *whose)
{
    const struct slw_region *region = &whose->layout.blobs;
    return whose->bytes + region->offset + region->size - FACTORY_ROOT_SIZE;
}

static bool is_factory_root(const struct slw_extent *extent)
{
    return extent->offset == board.layout.blobs.size - FACTORY_ROOT_SIZE;
}

/* Bytes that look like a whole blob of a root, at a sector's start within another blob's data. */
static void data_that_look_like_a_blob_are_none(void)
{
    static struct test_board forged_board;
    static struct slw_store forged_store;
    struct slw_blob blob;
    struct slw_extent extent;
    uint64_t at = 0;
    size_t extents = 0;
    TAP_REQUIRE(test_board_make(&forged_board, &test_geometries[1], V1, SLW_ANCHOR_NONE));
    TAP_REQUIRE(slw_store_format(&forged_store, &forged_board.layout) == SLW_OK);
    TAP_REQUIRE(make_device());
    memcpy(data + FORGERY_OFFSET, factory_root_of(&forged_board), FACTORY_ROOT_SIZE);
    TAP_REQUIRE(memcmp(data + FORGERY_OFFSET, "SLWB", 4) == 0);
    TAP_EQUAL_INT(put_data(0, 2000), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    while (slw_extent_next(&store, &at, &extent) == SLW_OK) {
        extents++;
    }
    TAP_EQUAL_INT(extents, 2);
    /* Nor do they become one when the blob makes room. */
    struct slw_state next = store.state;
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 2500, 1500, &blob), SLW_OK);
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 0, 4000, &blob), SLW_OK);
    for (at = 0, extents = 0; slw_extent_next(&store, &at, &extent) == SLW_OK; extents++) {
        TAP_CHECK(extent.kind == SLW_BLOB_TARGETS || is_factory_root(&extent));
    }
    TAP_EQUAL_INT(extents, 2);
}

/* Not even when power fails while it makes room. */
static void data_of_a_blob_that_makes_room_are_none(void)
{
    static struct test_board forged_board;
    static struct slw_store forged_store;
    static struct test_copy copy;
    TAP_REQUIRE(test_board_make(&forged_board, &test_geometries[1], V1, SLW_ANCHOR_NONE));
    TAP_REQUIRE(slw_store_format(&forged_store, &forged_board.layout) == SLW_OK);
    TAP_REQUIRE(make_device());
    memcpy(data + FORGERY_OFFSET, factory_root_of(&forged_board), FACTORY_ROOT_SIZE);
    TAP_EQUAL_INT(put_data(0, 4000), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    test_board_save(&board, &copy);
    for (uint64_t operation = 0; operation < 12; operation++) {
        for (int point = 0; point < SLW_CUT_POINTS_COUNT; point++) {
            struct slw_extent extent;
            uint64_t at = 0;
            test_board_restore(&board, &copy);
            TAP_EQUAL_INT(slw_store_open(&store, &board.layout), SLW_OK);
            slw_flash_faulty_cut(&board.flash, operation, (enum slw_cut_point)point);
            TAP_CHECK(put_data(50, 4000) != SLW_OK);
            TAP_EQUAL_INT(reopen(), SLW_OK);
            while (slw_extent_next(&store, &at, &extent) == SLW_OK) {
                TAP_CHECK(extent.kind == SLW_BLOB_TARGETS || is_factory_root(&extent));
            }
        }
    }
}

static enum slw_status put_root(const char *name, uint32_t version)
{
    static struct test_file file;
    struct slw_blob blob;
    if (!test_file_read(&file, name)) {
        return SLW_NOT_FOUND;
    }
    return slw_store_put_blob(&store, SLW_BLOB_ROOT, version, &file.source.source, 0,
                              file.source.source.size, &blob);
}

static enum slw_status commit_root_version(uint32_t version)
{
    struct slw_state next = store.state;
    next.root_version = version;
    return slw_store_commit(&store, &next);
}

/* Versions of the roots that are there, in the order in which they are climbed. */
static uint32_t list_roots(uint32_t versions[static 8])
{
    struct slw_blob blob;
    uint32_t count = 0;
    uint32_t version = 0;
    while (count < 8 && slw_store_next_root(&store, version, &blob) == SLW_OK) {
        version = blob.version;
        versions[count++] = version;
    }
    return count;
}

static void roots_are_climbed_in_ascending_order(void)
{
    uint32_t versions[8] = {0};
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_root("roots/v2_newroot.pb", 2), SLW_OK);
    TAP_EQUAL_INT(put_root("roots/v4_newroot.pb", 4), SLW_OK);
    TAP_EQUAL_INT(put_root("roots/v3_newroot.pb", 3), SLW_OK);
    TAP_EQUAL_INT(list_roots(versions), 4);
    for (uint32_t i = 0; i < 4; i++) {
        TAP_EQUAL_INT(versions[i], i + 1);
    }
}

static void roots_up_to_the_current_one_stay_and_others_go(void)
{
    uint32_t versions[8] = {0};
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_root("roots/v2_newroot.pb", 2), SLW_OK);
    TAP_EQUAL_INT(commit_root_version(2), SLW_OK);
    TAP_EQUAL_INT(put_root("roots/v3_newroot.pb", 3), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK); /* and version 3 was never accepted */
    TAP_EQUAL_INT(put_root("roots/v4_newroot.pb", 4), SLW_OK);
    TAP_EQUAL_INT(list_roots(versions), 3);
    TAP_EQUAL_INT(versions[1], 2);
    TAP_EQUAL_INT(versions[2], 4);
    TAP_EQUAL_INT(commit_root_version(4), SLW_OK);
    for (uint64_t i = 0; i < 6; i++) {
        TAP_EQUAL_INT(put_data(i * 100, 800), SLW_OK);
        TAP_EQUAL_INT(commit_root_version(4), SLW_OK);
    }
    TAP_EQUAL_INT(list_roots(versions), 3);
}

static void refuses_another_root_of_a_version_that_is_not_above_the_current_one(void)
{
    uint32_t versions[8] = {0};
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_root("roots/v1_prod.pb", 1), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put_root("roots/v1_dev.pb", 0), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put_root("roots/v1.pb", 0), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(put_root("roots/v1.pb", 1), SLW_OK); /* it is there */
    TAP_EQUAL_INT(list_roots(versions), 1);
}

static void a_root_whose_bytes_changed_is_passed_over(void)
{
    uint32_t versions[8] = {0};
    struct slw_blob blob;
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_root("roots/v2_newroot.pb", 2), SLW_OK);
    TAP_EQUAL_INT(put_root("roots/v3_newroot.pb", 3), SLW_OK);
    TAP_REQUIRE(slw_store_next_root(&store, 1, &blob) == SLW_OK);
    board.bytes[blob.place.region.offset + 10] ^= 1;
    TAP_EQUAL_INT(list_roots(versions), 2);
    TAP_EQUAL_INT(versions[1], 3);
}

/*
 * 12 sectors: roots have 3 for good, a release's metadata at most 3. A root mustn't come to lie
 * where it leaves no run of 3 beside the confirmed release.
 */
static void a_root_does_not_break_up_the_room_of_metadata(void)
{
    struct slw_blob confirmed;
    struct slw_blob blob;
    TAP_REQUIRE(make_device());
    TAP_EQUAL_INT(put_data(0, 800), SLW_OK);
    TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, 100, 1300, &confirmed), SLW_OK);
    TAP_EQUAL_INT(put_data(200, 800), SLW_OK);
    TAP_EQUAL_INT(put(SLW_BLOB_ROOT, 2, 300, 300, &blob), SLW_OK);
    struct slw_state next = store.state;
    next.confirmed.present = true;
    memcpy(next.confirmed.metadata, confirmed.sha256, SLW_SHA256_SIZE);
    next.root_version = 2;
    memcpy(next.root, blob.sha256, SLW_SHA256_SIZE);
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(put_data(400, 1300), SLW_OK);
    TAP_CHECK(is_there(100, 1300) && is_there(300, 300) && is_there(400, 1300));
}

/* One that each release brings along as it was: its version is that of the release. */
static void a_user_manifest_that_stays_the_same_is_stored_once(void)
{
    TAP_REQUIRE(make_device());
    for (uint32_t version = 1; version < 20; version++) {
        struct slw_blob blob;
        struct slw_state next = store.state;
        TAP_EQUAL_INT(put(SLW_BLOB_USER_MANIFEST, version, 0, 800, &blob), SLW_OK);
        next.confirmed.present = true;
        memcpy(next.confirmed.user_manifest, blob.sha256, SLW_SHA256_SIZE);
        TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, version, version, 800, &blob), SLW_OK);
        memcpy(next.confirmed.metadata, blob.sha256, SLW_SHA256_SIZE);
        TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    }
}

/* In any order, confirmed or not: 9 sectors are 3 times what the largest takes. */
static void metadata_of_any_size_finds_room(void)
{
    uint32_t random = 1;
    TAP_REQUIRE(make_device());
    for (uint32_t i = 0; i < 300; i++) {
        struct slw_blob blob;
        struct slw_state next = store.state;
        random = random * 1664525 + 1013904223;
        TAP_EQUAL_INT(put(SLW_BLOB_TARGETS, 1, i, (random >> 16) % 3 * 512 + 300, &blob), SLW_OK);
        if ((random >> 24) % 3 != 0) {
            next.confirmed.present = true;
            memcpy(next.confirmed.metadata, blob.sha256, SLW_SHA256_SIZE);
        }
        if (i == 30) {
            TAP_EQUAL_INT(put(SLW_BLOB_ROOT, 2, 3000, 300, &blob), SLW_OK);
            next.root_version = 2;
            memcpy(next.root, blob.sha256, SLW_SHA256_SIZE);
        }
        TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    }
}

int main(void)
{
    TAP_RUN(finds_what_was_put_by_its_digest);
    TAP_RUN(refuses_what_cannot_be_put);
    TAP_RUN(the_same_bytes_are_stored_once);
    TAP_RUN(what_was_put_since_the_last_commit_stays);
    TAP_RUN(what_a_commit_left_behind_stays_when_it_is_put_again);
    TAP_RUN(what_the_state_refers_to_stays);
    TAP_RUN(a_changed_byte_makes_it_another_blob);
    TAP_RUN(a_torn_word_makes_it_no_blob);
    TAP_RUN(a_flash_that_fails_is_an_error_and_not_absence);
    TAP_RUN(what_changes_while_it_is_stored_does_not_count);
    TAP_RUN(data_that_look_like_a_blob_are_none);
    TAP_RUN(data_of_a_blob_that_makes_room_are_none);
    TAP_RUN(roots_are_climbed_in_ascending_order);
    TAP_RUN(roots_up_to_the_current_one_stay_and_others_go);
    TAP_RUN(refuses_another_root_of_a_version_that_is_not_above_the_current_one);
    TAP_RUN(a_root_whose_bytes_changed_is_passed_over);
    TAP_RUN(a_root_does_not_break_up_the_room_of_metadata);
    TAP_RUN(a_user_manifest_that_stays_the_same_is_stored_once);
    TAP_RUN(metadata_of_any_size_finds_room);
    return tap_finish();
}
