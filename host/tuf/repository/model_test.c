/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models of files that other programs wrote: nothing of them gets lost, and what they list is
 * found. The repositories of python-tuf's users aren't part of this project: they are read from
 * $SLIPWAY_THIRD_PARTY_VECTORS/tuf-repositories, or from ../shared/vectors/third-party beside the
 * project's root; elsewhere their case is skipped.
 */
#include "test_models.h"

#include "slipway/files.h"

#include "tap.h"

#include <dirent.h>
#include <stdlib.h>

#define ENVELOPE(type)                                                                             \
    "\"_type\": \"" type "\", \"spec_version\": \"1.0.31\", \"version\": 7, "                      \
    "\"expires\": \"2030-01-01T00:00:00Z\""
#define DIGEST "45f337ee451b4c098d121d09cc224bacc7794503ac58a47a78cfe7ebefb7fab3"
#define KEY                                                                                        \
    "{\"keytype\": \"ed25519\", \"scheme\": \"ed25519\", \"keyval\": {\"public\": "                \
    "\"72378e5bc588793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c\"}, \"x-owner\": "         \
    "\"@jku\"}"

static void keeps_everything_of_a_targets_file(void)
{
    struct slw_tuf_model *model = test_load(
        "product",
        "{" ENVELOPE(
            "targets") ", \"x-period\": 60, \"Zulu\": [1, {\"b\": null, \"a\": true}],"
                       "\"targets\": {"
                       "\"b\": {\"length\": 1, \"hashes\": {\"sha512\": \"" DIGEST DIGEST "\"}},"
                       "\"a/\\\"x\\\"\": {\"length\": 2, \"hashes\": {\"sha256\": \"" DIGEST
                       "\"}, \"custom\": "
                       "{\"z\": 1, \"y\": \"\\n\"}},"
                       "\"c\": {\"hashes\": {\"sha256\": \"" DIGEST
                       "\"}, \"length\": 3, \"x-more\": \"kept\"}"
                       "}, \"delegations\": {\"keys\": {\"id\": " KEY
                       "}, \"x\": 1, \"roles\": [{\"name\": \"z\","
                       "\"keyids\": [\"id\"], \"threshold\": 1, \"paths\": [\"z/*\"], "
                       "\"x-signing\": 2},"
                       "{\"name\": \"a\", \"keyids\": [\"id\"], \"threshold\": 1, \"terminating\": "
                       "true,"
                       "\"path_hash_prefixes\": [\"0\", \"1f\"]}]}}");
    TAP_REQUIRE(model != NULL);
    TAP_CHECK(strcmp(test_encode(model),
                     "{\"Zulu\":[1,{\"a\":true,\"b\":null}],\"_type\":\"targets\",\"delegations\":"
                     "{\"keys\":{\"id\":{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"72378e5bc"
                     "588793e58f81c8533da64a2e8f1565c1fcc7f253496394ffc52542c\"},\"scheme\":\"ed255"
                     "19\",\"x-owner\":\"@jku\"}},\"roles\":[{\"keyids\":[\"id\"],\"name\":\"z\",\""
                     "paths\":[\"z/*\"],\"threshold\":1,\"x-signing\":2},{\"keyids\":[\"id\"],\"nam"
                     "e\":\"a\",\"path_hash_prefixes\":[\"0\",\"1f\"],\"terminating\":true,\"thresh"
                     "old\":1}],\"x\":1},\"expires\":\"2030-01-01T00:00:00Z\",\"spec_version\":\"1."
                     "0.31\",\"targets\":{\"a/\\\"x\\\"\":{\"custom\":{\"y\":\"\n\",\"z\":1},\"hash"
                     "es\":{\"sha256\":\"" DIGEST "\"},\"length\":2},\"b\":{\"hashes\":{\"sha512\":"
                     "\"" DIGEST DIGEST "\"},\"length\":1},\"c\":{\"hashes\":{\"sha256\":\"" DIGEST
                     "\"},\"length\":3,\"x-more\":\"kept\"}},\"version\":7,\"x-period\":60}") == 0);
    TAP_CHECK(test_is_readable(model));
    test_end();
}

/* Nobody can ask for such a target, and yet whoever lists it shall not lose it. */
static void keeps_targets_with_paths_that_are_too_long(void)
{
    struct slw_heap_buffer text = {0};
    const size_t lengths[] = {SLW_TUF_TARGET_PATH_MAX + 1, 65535, 65536, 200000};
    size_t at = 0;
    slw_heap_append_text(&text, "{" ENVELOPE("targets") ",\"targets\":{");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        slw_heap_append_text(&text, i == 0 ? "\"" : ",\"");
        memset(slw_heap_reserve(&text, lengths[i]), 'a', lengths[i]);
        slw_heap_append_text(&text, "\":{\"length\":1,\"hashes\":{\"sha256\":\"" DIGEST "\"}}");
    }
    slw_heap_append_text(&text, "}}");
    struct slw_tuf_model *model = test_load("product", slw_heap_text(&text));
    TAP_REQUIRE(model != NULL);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(model), 4);
    TAP_CHECK(test_is_readable(model));
    text.len = 0;
    memset(slw_heap_reserve(&text, 65536), 'a', 65536);
    TAP_EQUAL_INT(slw_tuf_model_find(model, slw_heap_bytes(&text), &at), SLW_OK);
    TAP_EQUAL_INT(at, 2);
    slw_heap_free(&text);
    test_end();
}

static bool round_trips(const char *path, const char *role)
{
    struct slw_heap_buffer bytes = {0};
    bool same = false;
    if (slw_file_read(path, SLW_JSON_SIZE_MAX, &bytes, &test_detail) == SLW_OK) {
        struct slw_tuf_model *model = test_load_bytes(role, slw_heap_bytes(&bytes));
        same = model != NULL && test_is_readable(model);
    }
    slw_heap_free(&bytes);
    return same;
}

/* Sigstore's first roots have dates with fractions of seconds, which the specification hasn't. */
static bool is_refused(const char *repository, const char *file)
{
    return strcmp(repository, "sigstore-root-signing") == 0 &&
           (strcmp(file, "1.root.json") == 0 || strcmp(file, "2.root.json") == 0 ||
            strcmp(file, "3.root.json") == 0);
}

/* "11.targets.json" is of targets: what is between the number and the suffix. */
static bool role_of(const char *file, char *role, size_t size)
{
    const char *start = file + strspn(file, "0123456789");
    start += start != file && *start == '.';
    size_t len = strlen(start);
    if (len <= 5 || len - 5 >= size || strcmp(start + len - 5, ".json") != 0) {
        return false;
    }
    memcpy(role, start, len - 5);
    role[len - 5] = '\0';
    return true;
}

static int check_repository(const char *folder, const char *name)
{
    char path[4096];
    char role[256];
    int files = 0;
    (void)snprintf(path, sizeof path, "%s/tuf-repositories/%s/metadata", folder, name);
    DIR *directory = opendir(path);
    size_t len = strlen(path);
    for (struct dirent *entry = NULL; directory != NULL && (entry = readdir(directory)) != NULL;) {
        if (role_of(entry->d_name, role, sizeof role)) {
            (void)snprintf(path + len, sizeof path - len, "/%s", entry->d_name);
            TAP_ROW(entry->d_name);
            if (is_refused(name, entry->d_name)) {
                TAP_CHECK(!round_trips(path, role));
                TAP_EQUAL_INT(test_status, SLW_MALFORMED);
            } else {
                TAP_CHECK(round_trips(path, role));
            }
            test_end();
            files++;
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return files;
}

static void keeps_everything_of_real_repositories(void)
{
    const char *folder = getenv("SLIPWAY_THIRD_PARTY_VECTORS");
    folder = folder != NULL ? folder : "../shared/vectors/third-party";
    int files = check_repository(folder, "sigstore-root-signing") +
                check_repository(folder, "tuf-on-ci-0.11");
    TAP_ROW(NULL);
    if (files == 0) {
        TAP_SKIP("no repositories here; SLIPWAY_THIRD_PARTY_VECTORS names their place");
    }
    TAP_CHECK(files > 10);
}

int main(void)
{
    TAP_RUN(keeps_everything_of_a_targets_file);
    TAP_RUN(keeps_targets_with_paths_that_are_too_long);
    TAP_RUN(keeps_everything_of_real_repositories);
    return tap_finish();
}
