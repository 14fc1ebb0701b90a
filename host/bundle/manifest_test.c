/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored manifests: a version, a floor and images come out of a good one, and everything else is
 * stored state that can't be read, never a device that has nothing.
 */
#include "slipway/manifest.h"

#include "test_metadata.h"

#include "tap.h"

#include <string.h>

static struct slw_heap_buffer stored;
static struct slw_manifest manifest;
static struct slw_memory_source source;
static uint8_t block[256];

/* TargetsMetadata of version 7, floor 3, with the target "app". */
static void put_targets(struct slw_heap_buffer *targets, bool hashed)
{
    struct slw_heap_buffer common = {0};
    struct slw_heap_buffer app = {0};
    test_put_uint(&common, SLW_COMMON_VERSION, 7);
    test_put_message(targets, SLW_TARGETS_COMMON, &common);
    test_put_text(&app, SLW_TARGET_FILE_NAME, "app");
    test_put_uint(&app, SLW_TARGET_LENGTH, 5);
    if (hashed) {
        test_put_sha256(&app, SLW_TARGET_HASHES, "image");
    }
    test_put_message(targets, SLW_TARGETS_TARGET_FILES, &app);
    test_put_uint(targets, SLW_TARGETS_SECURITY_FLOOR, 3);
}

static void put_entry(const char *name, struct slw_heap_buffer *value)
{
    struct slw_heap_buffer entry = {0};
    test_put_text(&entry, SLW_MAP_KEY, name);
    test_put_message(&entry, SLW_MAP_VALUE, value);
    test_put_message(&stored, SLW_MANIFEST_TARGETS_METADATA, &entry);
}

static void put_manifest(const char *name, bool hashed)
{
    struct slw_heap_buffer targets = {0};
    put_targets(&targets, hashed);
    put_entry(name, &targets);
}

static enum slw_status read_stored(void)
{
    slw_memory_source_init(&source, slw_heap_bytes(&stored));
    return slw_manifest_read(&source.source, block, sizeof block, &manifest);
}

static enum slw_status find(const char *name, struct slw_installed_image *ret_image)
{
    return slw_manifest_find(&source.source, &manifest, block, sizeof block,
                             slw_bytes_make(name, strlen(name)), ret_image);
}

static void says_what_the_release_says(void)
{
    struct slw_installed_image image = {0};
    slw_heap_free(&stored);
    put_manifest("other", true);
    put_manifest("targets", true);
    TAP_REQUIRE(read_stored() == SLW_OK);
    TAP_EQUAL_INT(manifest.version, 7);
    TAP_EQUAL_INT(manifest.security_floor, 3);
    TAP_REQUIRE(find("app", &image) == SLW_OK);
    TAP_EQUAL_INT(image.length, 5);
    TAP_CHECK(image.sha256_known && image.source == NULL);
    TAP_EQUAL_INT(find("ap", &image), SLW_NOT_FOUND);
    TAP_EQUAL_INT(find("", &image), SLW_NOT_FOUND);
}

static void an_image_without_a_hash_is_none(void)
{
    struct slw_installed_image image = {0};
    slw_heap_free(&stored);
    put_manifest("targets", false);
    TAP_REQUIRE(read_stored() == SLW_OK);
    TAP_EQUAL_INT(find("app", &image), SLW_NOT_FOUND);
    TAP_EQUAL_INT(image.length, 0);
}

static void what_cannot_be_read_is_stored_state(void)
{
    struct slw_heap_buffer nothing = {0};
    slw_heap_free(&stored);
    TAP_EQUAL_INT(read_stored(), SLW_STORED_STATE);
    put_manifest("Targets", true);
    TAP_EQUAL_INT(read_stored(), SLW_STORED_STATE);
    put_manifest("targets", true);
    TAP_EQUAL_INT(read_stored(), SLW_OK);
    put_manifest("targets", true);
    TAP_EQUAL_INT(read_stored(), SLW_STORED_STATE);
    slw_heap_free(&stored);
    put_entry("targets", &nothing);
    TAP_EQUAL_INT(read_stored(), SLW_STORED_STATE);
    slw_heap_free(&stored);
    put_manifest("targets", true);
    put_manifest("", true);
    TAP_EQUAL_INT(read_stored(), SLW_STORED_STATE);
}

static void every_truncation_is_stored_state(void)
{
    slw_heap_free(&stored);
    put_manifest("targets", true);
    for (size_t len = 0; len < stored.len; len++) {
        slw_memory_source_init(&source, slw_bytes_make(stored.ptr, len));
        TAP_EQUAL_INT(slw_manifest_read(&source.source, block, sizeof block, &manifest),
                      SLW_STORED_STATE);
    }
}

int main(void)
{
    TAP_RUN(says_what_the_release_says);
    TAP_RUN(an_image_without_a_hash_is_none);
    TAP_RUN(what_cannot_be_read_is_stored_state);
    TAP_RUN(every_truncation_is_stored_state);
    return tap_finish();
}
