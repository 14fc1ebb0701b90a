/* SPDX-License-Identifier: Apache-2.0 */
/* A proof comes into bundles of every kind, and nothing else of them changes. */
#include "slipway/bundle_file.h"
#include "slipway/transparency.h"

#include "tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define BUNDLES "spec/vectors/bundles"
#define BUNDLE_SIZE_MAX 1048576u

static char directory[] = "/tmp/slipway-proof-test-XXXXXX";
static char *vectors; /* their directory, from wherever this runs */
static struct slw_detail detail;
static struct slw_heap_buffer before;
static struct slw_heap_buffer after;

static const struct slw_bytes first_proof = {(const uint8_t *)"the first proof", 15};
static const struct slw_bytes second_proof = {(const uint8_t *)"another one, which is longer", 28};

static bool load(const char *path, struct slw_heap_buffer *ret_bytes)
{
    slw_heap_free(ret_bytes);
    return slw_file_read(path, BUNDLE_SIZE_MAX, ret_bytes, &detail) == SLW_OK;
}

static bool store(struct slw_bytes bytes)
{
    return slw_file_write("bundle", SLW_OUTPUT_REPLACE, bytes, &detail) == SLW_OK;
}

/* What is found in the bundle on disk: the proof, in front of all payloads, and nothing twice. */
static void check_proof(struct slw_bytes proof)
{
    struct slw_memory_source source;
    struct slw_bundle_index index;
    TAP_REQUIRE(load("bundle", &after));
    slw_memory_source_init(&source, slw_heap_bytes(&after));
    TAP_REQUIRE(slw_bundle_index_read("bundle", &source.source, &index, &detail) == SLW_OK);
    TAP_CHECK(index.has_transparency_proof);
    TAP_REQUIRE(index.proof.length == proof.len);
    TAP_EQUAL_BYTES(after.ptr + index.proof.offset, proof.ptr, proof.len);
    TAP_EQUAL_INT(index.proof.offset + proof.len, index.payloads_offset);
    struct slw_span field = index.others[index.proof_other];
    TAP_EQUAL_INT(field.offset + field.length, index.payloads_offset);
    memmove(after.ptr + field.offset, after.ptr + field.offset + field.length,
            after.len - (size_t)(field.offset + field.length));
    after.len -= (size_t)field.length;
    TAP_REQUIRE(after.len == before.len);
    TAP_EQUAL_BYTES(after.ptr, before.ptr, before.len);
    slw_bundle_index_free(&index);
}

static bool is_bundle(struct slw_bytes bytes)
{
    struct slw_memory_source source;
    struct slw_bundle_index index;
    slw_memory_source_init(&source, bytes);
    if (slw_bundle_index_read("bundle", &source.source, &index, &detail) != SLW_OK) {
        return false;
    }
    bool without = !index.has_transparency_proof;
    slw_bundle_index_free(&index);
    return without;
}

static void comes_into_every_bundle_and_changes_nothing_else(void)
{
    char path[4096];
    struct dirent *entry;
    size_t count = 0;
    DIR *bundles = opendir(vectors);
    TAP_REQUIRE(bundles != NULL);
    while ((entry = readdir(bundles)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", vectors, entry->d_name);
        if (entry->d_name[0] == '.' || !load(path, &before) ||
            !is_bundle(slw_heap_bytes(&before))) {
            continue;
        }
        TAP_ROW(entry->d_name);
        TAP_REQUIRE(store(slw_heap_bytes(&before)));
        TAP_EQUAL_INT(slw_bundle_set_proof("bundle", first_proof, &detail), SLW_OK);
        check_proof(first_proof);
        TAP_EQUAL_INT(slw_bundle_set_proof("bundle", second_proof, &detail), SLW_OK);
        check_proof(second_proof);
        TAP_EQUAL_INT(slw_bundle_set_proof("bundle", first_proof, &detail), SLW_OK);
        check_proof(first_proof);
        count++;
    }
    TAP_ROW(NULL);
    (void)closedir(bundles);
    TAP_CHECK(count > 100);
}

/* Whoever wrote the bundle, and wherever its proof was. */
static void replaces_a_proof_behind_payloads(void)
{
    static const char bundle[] = "\x22\x05\x0A\x01"
                                 "a\x12\x00"
                                 "\xD2\x3E\x03old"
                                 "\x22\x05\x0A\x01"
                                 "b\x12\x00"
                                 "\xCA\x3E\x02{}";
    static const char wanted[] = "\xD2\x3E\x0Fthe first proof"
                                 "\x22\x05\x0A\x01"
                                 "a\x12\x00"
                                 "\x22\x05\x0A\x01"
                                 "b\x12\x00"
                                 "\xCA\x3E\x02{}";
    TAP_REQUIRE(store(slw_bytes_make(bundle, sizeof bundle - 1)));
    TAP_EQUAL_INT(slw_bundle_set_proof("bundle", first_proof, &detail), SLW_OK);
    TAP_REQUIRE(load("bundle", &after));
    TAP_REQUIRE(after.len == sizeof wanted - 1);
    TAP_EQUAL_BYTES(after.ptr, wanted, sizeof wanted - 1);
}

static void leaves_the_file_alone_when_it_fails(void)
{
    static const uint8_t large[SLW_PROOF_SIZE_MAX + 1];
    static const char bundle[] = "\x22\x05\x0A\x01"
                                 "a\x12\x00";
    static const char truncated[] = "\x22\x05\x0A\x01";
    TAP_REQUIRE(store(slw_bytes_make(bundle, sizeof bundle - 1)));
    TAP_EQUAL_INT(slw_bundle_set_proof("bundle", slw_bytes_make(NULL, 0), &detail), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_bundle_set_proof("bundle", slw_bytes_make(large, sizeof large), &detail),
                  SLW_BAD_PROOF);
    TAP_REQUIRE(load("bundle", &after));
    TAP_REQUIRE(after.len == sizeof bundle - 1);
    TAP_EQUAL_BYTES(after.ptr, bundle, sizeof bundle - 1);
    TAP_EQUAL_INT(slw_bundle_set_proof("bundle", slw_bytes_make(large, sizeof large - 1), &detail),
                  SLW_OK);
    TAP_REQUIRE(store(slw_bytes_make(truncated, sizeof truncated - 1)));
    TAP_EQUAL_INT(slw_bundle_set_proof("bundle", first_proof, &detail), SLW_MALFORMED);
    TAP_REQUIRE(load("bundle", &after));
    TAP_EQUAL_INT(after.len, sizeof truncated - 1);
    TAP_EQUAL_INT(slw_bundle_set_proof("nothing", first_proof, &detail), SLW_IO);
    TAP_CHECK(!load("nothing", &after));
}

int main(void)
{
    vectors = realpath(BUNDLES, NULL);
    if (vectors == NULL || mkdtemp(directory) == NULL || chdir(directory) != 0) {
        return 1;
    }
    TAP_RUN(comes_into_every_bundle_and_changes_nothing_else);
    TAP_RUN(replaces_a_proof_behind_payloads);
    TAP_RUN(leaves_the_file_alone_when_it_fails);
    (void)unlink("bundle");
    (void)rmdir(directory);
    free(vectors);
    slw_heap_free(&before);
    slw_heap_free(&after);
    return tap_finish();
}
