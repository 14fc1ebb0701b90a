/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two real repositories are adopted: Sigstore's and one that tuf-on-ci made. They aren't part of
 * this project: they are read from $SLIPWAY_THIRD_PARTY_VECTORS/tuf-repositories, or from
 * ../shared/vectors/third-party beside the project's root, where the tests are run; elsewhere each
 * case is skipped.
 */
#include "test_exchange.h"

#include "slipway/files.h"

#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#define SKIP_REASON "no TUF repositories here; SLIPWAY_THIRD_PARTY_VECTORS names their place"
#define FILE_SIZE_MAX 1000000u

static char state[EXCHANGE_STATE_SIZE];

static void path_of(const char *name, const char *file, char path[static 4096])
{
    const char *folder = getenv("SLIPWAY_THIRD_PARTY_VECTORS");
    int len = snprintf(path, 4096, "%s/tuf-repositories/%s%s%s",
                       folder != NULL ? folder : "../shared/vectors/third-party", name,
                       file[0] == '\0' ? "" : "/", file);
    TAP_CHECK(len > 0 && len < 4096);
}

static bool are_here(void)
{
    char path[4096];
    path_of("README.md", "", path);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        TAP_EQUAL_INT(errno, ENOENT);
        return false;
    }
    fclose(file);
    return true;
}

static enum slw_status import(const char *name)
{
    char path[4096];
    struct slw_heap_buffer root = {0};
    path_of(name, "initial_root.json", path);
    enum slw_status status = slw_file_read(path, FILE_SIZE_MAX, &root, &test_detail);
    path_of(name, "", path);
    if (status == SLW_OK) {
        status =
            slw_tuf_writer_import(&test.options, path, "root", slw_heap_bytes(&root), &test_detail);
    }
    slw_heap_free(&root);
    return status;
}

/* Every object that clients are shown is the file of the same name there. */
static enum slw_status check_same(void *context, const char *key)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    char path[4096];
    struct slw_heap_buffer ours = {0};
    struct slw_heap_buffer theirs = {0};
    path_of(context, key, path);
    TAP_ROW(key);
    TAP_EQUAL_INT(slw_file_read(path, FILE_SIZE_MAX, &theirs, &test_detail), SLW_OK);
    TAP_EQUAL_INT(storage->get(storage->context, key, FILE_SIZE_MAX, &ours, &test_detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&ours), slw_heap_bytes(&theirs)));
    TAP_ROW(NULL);
    slw_heap_free(&ours);
    slw_heap_free(&theirs);
    return SLW_OK;
}

static void check_all_same(char *name)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    TAP_EQUAL_INT(storage->list(storage->context, "metadata/", check_same, name, &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(storage->list(storage->context, "targets/", check_same, name, &test_detail),
                  SLW_OK);
}

static const struct slw_tuf_edition *published(const char *role)
{
    const struct slw_tuf_writer_role *found = slw_tuf_writer_find(test.writer, test_bytes(role));
    return found == NULL ? NULL : found->published;
}

static enum slw_status look_at_export(const char *name)
{
    char path[4096];
    struct slw_heap_buffer root = {0};
    SLW_TRY(slw_tuf_writer_export(test.writer, exchange_path(name), &test_detail));
    path_of(name, "initial_root.json", path);
    SLW_TRY(slw_file_read(path, FILE_SIZE_MAX, &root, &test_detail));
    enum slw_status status = exchange_look(name, slw_heap_bytes(&root), state);
    slw_heap_free(&root);
    return status;
}

static void adopts_what_tuf_on_ci_made(void)
{
    char name[] = "tuf-on-ci-0.11";
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_REQUIRE(test_open());
    TAP_EQUAL_INT(import(name), SLW_OK);
    check_all_same(name);
    TAP_EQUAL_INT(test_count("metadata/"), 5);
    TAP_EQUAL_INT(test_count("targets/"), 1);
    TAP_REQUIRE(test_writer_open() == SLW_OK);
    TAP_EQUAL_INT(test.writer->snapshot->version, 2);
    TAP_CHECK(published("delegatedrole") != NULL && published("delegatedrole")->version == 2);
    TAP_EQUAL_INT(look_at_export(name), SLW_OK);
    TAP_CHECK(strstr(state, "delegatedrole: delegatedrole/artifact ") != NULL);
    /* It can be gone on from: a change is prepared, for whoever has the key. */
    TAP_EQUAL_INT(test_add("targets", "new", "new"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_CHECK(test_has("staged/targets.json"));
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    test_close();
}

/* The copy at hand has one of the payloads that are listed, and an expired timestamp. */
static void adopts_sigstores_repository_without_the_payloads_that_arent_there(void)
{
    char name[] = "sigstore-root-signing";
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_REQUIRE(test_open());
    TAP_EQUAL_INT(import(name), SLW_MISSING_PAYLOAD);
    TAP_CHECK(test_said("artifact.pub: isn't there, and targets lists it"));
    TAP_EQUAL_INT(test_count("metadata/"), 0);
    test.options.payloads_elsewhere = true;
    TAP_EQUAL_INT(import(name), SLW_OK);
    check_all_same(name);
    TAP_CHECK(test_has("metadata/12.root.json") && !test_has("metadata/11.root.json"));
    TAP_EQUAL_INT(test_count("metadata/"), 5);
    TAP_EQUAL_INT(test_count("targets/"), 1);
    TAP_CHECK(test_told("timestamp.json: version 272 expired at 2025-02-15T19:20:37Z"));
    TAP_CHECK(test_told("metadata/3.rekor.json") && test_told("payloads that are listed"));
    TAP_REQUIRE(test_writer_open() == SLW_OK);
    TAP_EQUAL_INT(test.writer->snapshot->version, 159);
    TAP_EQUAL_INT(test.writer->settings.first_root, 12);
    TAP_CHECK(published("registry.npmjs.org") != NULL);
    TAP_CHECK(published("root") != NULL && published("root")->version == 12);
    TAP_EQUAL_INT(test_add("targets", "new", "new"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    test_close();
}

/* Their key ids aren't those of their keys. */
static void refuses_sigstores_older_roots(void)
{
    char path[4096];
    struct slw_heap_buffer root = {0};
    if (!are_here()) {
        TAP_SKIP(SKIP_REASON);
    }
    TAP_REQUIRE(test_open());
    path_of("sigstore-root-signing", "metadata/11.root.json", path);
    TAP_REQUIRE(slw_file_read(path, FILE_SIZE_MAX, &root, &test_detail) == SLW_OK);
    path_of("sigstore-root-signing", "", path);
    TAP_EQUAL_INT(
        slw_tuf_writer_import(&test.options, path, "root", slw_heap_bytes(&root), &test_detail),
        SLW_BAD_KEY);
    TAP_EQUAL_INT(test_count(""), 0);
    slw_heap_free(&root);
    test_close();
}

int main(void)
{
    if (!exchange_begin()) {
        (void)fprintf(stderr, "no temporary directory\n");
        return 1;
    }
    TAP_RUN(adopts_what_tuf_on_ci_made);
    TAP_RUN(adopts_sigstores_repository_without_the_payloads_that_arent_there);
    TAP_RUN(refuses_sigstores_older_roots);
    int result = tap_finish();
    exchange_end();
    return result;
}
