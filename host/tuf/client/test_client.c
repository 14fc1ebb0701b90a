/* SPDX-License-Identifier: Apache-2.0 */
/* The helpers of test_client.h. */
#include "test_client.h"

#include "slipway/files.h"

#include "remove_tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct slw_detail test_detail;
static char directory[] = "/tmp/slipway-tuf-client-XXXXXX";

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "test client: %s: %s\n", what, strerror(errno));
        abort();
    }
}

void test_begin(void)
{
    must(mkdtemp(directory) != NULL && chdir(directory) == 0, "no temporary directory");
}

void test_end(void)
{
    must(chdir("/") == 0, "can't leave");
    remove_tree(directory);
}

void test_start(struct test_repository *repository, unsigned mirrors)
{
    test_repository_init(repository, mirrors);
    remove_tree(TEST_STATE);
    remove_tree(TEST_DOWNLOADS);
    must(mkdir(TEST_DOWNLOADS, 0755) == 0, TEST_DOWNLOADS);
    must(slw_tuf_client_trust(TEST_STATE, "root",
                              slw_heap_bytes(&test_file(repository, "1.root.json")->bytes),
                              SLW_TUF_KEY_IDS_CHECKED, &test_detail) == SLW_OK,
         test_detail.text);
}

bool test_said(const char *text)
{
    return strstr(test_detail.text, text) != NULL;
}

enum slw_status test_refresh(struct test_repository *repository,
                             const struct slw_tuf_observer *observer)
{
    const struct slw_tuf_client_options options = {
        .metadata_directory = TEST_STATE, .fetch = &repository->port, .observer = observer};
    struct slw_tuf_client *client = NULL;
    SLW_TRY(slw_tuf_client_open(&options, &client, &test_detail));
    enum slw_status status = slw_tuf_client_refresh(client, &test_detail);
    slw_tuf_client_free(client);
    return status;
}

struct slw_tuf_client *test_open(struct test_repository *repository, enum slw_status *ret_status)
{
    const struct slw_tuf_client_options options = {.metadata_directory = TEST_STATE,
                                                   .fetch = &repository->port};
    struct slw_tuf_client *client = NULL;
    *ret_status = slw_tuf_client_open(&options, &client, &test_detail);
    if (*ret_status == SLW_OK) {
        *ret_status = slw_tuf_client_refresh(client, &test_detail);
    }
    if (*ret_status != SLW_OK) {
        slw_tuf_client_free(client);
        client = NULL;
    }
    return client;
}

bool test_holds(const char *path, struct slw_bytes bytes)
{
    struct slw_heap_buffer held = {0};
    struct slw_detail unused;
    bool same = slw_file_read(path, SLW_JSON_SIZE_MAX, &held, &unused) == SLW_OK &&
                slw_bytes_equal(slw_heap_bytes(&held), bytes);
    slw_heap_free(&held);
    return same;
}

bool test_exists(const char *path)
{
    struct stat about;
    return lstat(path, &about) == 0;
}

void test_write(const char *path, const char *text)
{
    must(slw_file_write(path, SLW_OUTPUT_REPLACE, slw_bytes_make(text, strlen(text)),
                        &test_detail) == SLW_OK,
         test_detail.text);
}

void test_remove(const char *path)
{
    must(remove(path) == 0, path);
}

bool test_is_current(struct test_repository *repository, const char *name)
{
    char stored[TEST_PATH_SIZE];
    char published[TEST_PATH_SIZE];
    const struct test_role *role = test_role(repository, name);
    (void)snprintf(stored, sizeof stored, TEST_STATE "/%s.json", name);
    if (strcmp(name, "timestamp") == 0) {
        (void)snprintf(published, sizeof published, "timestamp.json");
    } else {
        (void)snprintf(published, sizeof published, "%" PRId64 ".%s.json", role->version, name);
    }
    const struct test_file *file = test_file(repository, published);
    return file != NULL && test_holds(stored, slw_heap_bytes(&file->bytes));
}
