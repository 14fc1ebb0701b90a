/* SPDX-License-Identifier: Apache-2.0 */
/* The clients and moments of test_refresh.h. */
#include "test_refresh.h"

#include "slipway/files.h"

#include "remove_tree.h"

#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

static enum slw_status keep(void *context, const char *key)
{
    struct test_moment *moment = context;
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    struct test_object *objects = slw_heap_grow(moment->objects, moment->count, sizeof *objects);
    if (objects == NULL) {
        return SLW_NO_SPACE;
    }
    moment->objects = objects;
    objects[moment->count].key = strdup(key);
    return storage->get(storage->context, key, 64u << 20, &objects[moment->count++].bytes,
                        &test_detail);
}

void test_moment_take(struct test_moment *ret_moment)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    *ret_moment = (struct test_moment){0};
    (void)storage->list(storage->context, "", keep, ret_moment, &test_detail);
}

void test_moment_free(struct test_moment *moment)
{
    for (size_t i = 0; i < moment->count; i++) {
        free(moment->objects[i].key);
        slw_heap_free(&moment->objects[i].bytes);
    }
    free(moment->objects);
    *moment = (struct test_moment){0};
}

const struct slw_heap_buffer *test_moment_find(const struct test_moment *moment, const char *key)
{
    for (size_t i = 0; i < moment->count; i++) {
        if (strcmp(moment->objects[i].key, key) == 0) {
            return &moment->objects[i].bytes;
        }
    }
    return NULL;
}

static bool is_served(const char *key)
{
    return strncmp(key, "metadata/", 9) == 0 || strncmp(key, "targets/", 8) == 0;
}

static bool has_all(const struct test_moment *left, const struct test_moment *right)
{
    for (size_t i = 0; i < left->count; i++) {
        const struct slw_heap_buffer *other = test_moment_find(right, left->objects[i].key);
        if (is_served(left->objects[i].key) &&
            (other == NULL ||
             !slw_bytes_equal(slw_heap_bytes(other), slw_heap_bytes(&left->objects[i].bytes)))) {
            return false;
        }
    }
    return true;
}

bool test_moment_looks_like(const struct test_moment *left, const struct test_moment *right)
{
    return has_all(left, right) && has_all(right, left);
}

bool test_moment_restore(const struct test_moment *moment)
{
    int64_t now = test.now_utc_s;
    test_close();
    if (!test_open()) {
        return false;
    }
    test.now_utc_s = now;
    slw_memory_storage_set_clock(test.memory, now);
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    for (size_t i = 0; i < moment->count; i++) {
        struct slw_memory_source source;
        slw_memory_source_init(&source, slw_heap_bytes(&moment->objects[i].bytes));
        if (storage->put_immutable(storage->context, SLW_STORAGE_NO_LEASE, moment->objects[i].key,
                                   &source.source, &test_detail) != SLW_OK) {
            return false;
        }
    }
    return true;
}

bool test_moment_write(const struct test_moment *moment, const char *path)
{
    for (size_t i = 0; i < moment->count; i++) {
        struct slw_output output;
        const char *key = moment->objects[i].key;
        if (!is_served(key)) {
            continue;
        }
        if (slw_output_open_below(path, test_bytes(key), SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY,
                                  &output, &test_detail) != SLW_OK) {
            return false;
        }
        enum slw_status status =
            slw_output_write(&output, slw_heap_bytes(&moment->objects[i].bytes), &test_detail);
        if (status == SLW_OK) {
            status = slw_output_commit(&output, &test_detail);
        }
        slw_output_discard(&output);
        if (status != SLW_OK) {
            return false;
        }
    }
    return true;
}

/* In memory where the system has that: clients wait for the disk after each file. */
bool test_clients_begin(void)
{
    (void)snprintf(directory, sizeof directory, "/dev/shm/slipway-writer-test-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        (void)snprintf(directory, sizeof directory, "/tmp/slipway-writer-test-XXXXXX");
        return mkdtemp(directory) != NULL;
    }
    return true;
}

void test_clients_end(void)
{
    remove_tree(directory);
}

void test_clients_path(const char *name, char path[static 128])
{
    (void)snprintf(path, 128, "%s/%s", directory, name);
}

bool test_client_trust(const char *name, struct slw_bytes root)
{
    char path[128];
    test_clients_path(name, path);
    return slw_tuf_client_trust(path, "root", root, SLW_TUF_KEY_IDS_CHECKED, &test_detail) ==
           SLW_OK;
}

static bool copy_files(char *from, const char *to)
{
    char *const roots[] = {from, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool good = tree != NULL && mkdir(to, 0755) == 0;
    for (FTSENT *entry = good ? fts_read(tree) : NULL; good && entry != NULL;
         entry = fts_read(tree)) {
        struct slw_heap_buffer bytes = {0};
        char path[512];
        if (entry->fts_info != FTS_F) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", to, entry->fts_name);
        good =
            slw_file_read(entry->fts_path, 64u << 20, &bytes, &test_detail) == SLW_OK &&
            slw_file_write(path, SLW_OUTPUT_LAZY, slw_heap_bytes(&bytes), &test_detail) == SLW_OK;
        slw_heap_free(&bytes);
    }
    if (tree != NULL) {
        (void)fts_close(tree);
    }
    return good;
}

bool test_client_copy(const char *name, const char *copy)
{
    char from[128];
    char to[128];
    test_clients_path(name, from);
    test_clients_path(copy, to);
    remove_tree(to);
    return copy_files(from, to);
}

bool test_client_write(const char *name, const char *path)
{
    char from[128];
    test_clients_path(name, from);
    return copy_files(from, path);
}

/* As a web server decodes it. */
static void decode(const char *path, char *ret_key, size_t size)
{
    size_t len = 0;
    for (; *path != '\0' && len + 1 < size; path++) {
        char digits[3] = {0};
        if (*path == '%' && path[1] != '\0' && path[2] != '\0') {
            digits[0] = path[1];
            digits[1] = path[2];
            ret_key[len++] = (char)strtol(digits, NULL, 16);
            path += 2;
        } else {
            ret_key[len++] = *path;
        }
    }
    ret_key[len] = '\0';
}

static enum slw_status get(void *context, unsigned mirror, const struct slw_fetch_request *request,
                           const struct slw_fetch_sink *sink, struct slw_detail *detail)
{
    struct test_fetch *fetch = context;
    char key[SLW_TUF_KEY_SIZE];
    const struct test_moment *moment = fetch->moment;
    (void)mirror;
    if (fetch->later != NULL && fetch->requests >= fetch->later_after) {
        moment = fetch->later;
    }
    fetch->requests++;
    int len = snprintf(key, sizeof key, "%s",
                       request->area == SLW_FETCH_METADATA ? "metadata/" : "targets/");
    decode(request->path, key + len, sizeof key - (size_t)len);
    const struct slw_heap_buffer *bytes = test_moment_find(moment, key);
    if (bytes == NULL) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: there is no such file", key);
    }
    if (bytes->len > request->limit) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: too large", key);
    }
    SLW_TRY(sink->begin(sink->context, 0));
    return sink->write(sink->context, slw_heap_bytes(bytes));
}

void test_fetch_init(const struct test_moment *moment, struct test_fetch *ret_fetch)
{
    *ret_fetch = (struct test_fetch){.port = {ret_fetch, 1, get}, .moment = moment};
}

static enum slw_status list_target(void *context, struct slw_bytes role,
                                   const struct slw_tuf_target *target)
{
    char *state = context;
    size_t len = strlen(state);
    struct slw_bytes hash = slw_json_string(
        target->json, slw_json_member(target->json, target->hashes, SLW_BYTES_OF("sha256")));
    (void)snprintf(state + len, TEST_STATE_SIZE - len, "%.*s: %.*s %.*s\n", (int)role.len,
                   (const char *)role.ptr, (int)target->path.len, (const char *)target->path.ptr,
                   (int)(hash.len < 8 ? hash.len : 8), (const char *)hash.ptr);
    return SLW_OK;
}

static enum slw_status find_all(struct slw_tuf_client *client, char *state)
{
    struct slw_tuf_common root;
    SLW_TRY(slw_tuf_client_refresh(client, &test_detail));
    if (!slw_tuf_client_trusted(client, SLW_TUF_ROOT, &root)) {
        return SLW_NO_TRUSTED_ROOT;
    }
    (void)snprintf(state, TEST_STATE_SIZE, "root %" PRId64 "\n", root.version);
    return slw_tuf_client_list(client, NULL, NULL, list_target, state, &test_detail);
}

enum slw_status test_client_refresh_from(const char *name, const struct slw_fetch_port *port,
                                         char ret_state[static TEST_STATE_SIZE])
{
    char path[128];
    struct slw_tuf_client *client = NULL;
    test_clients_path(name, path);
    const struct slw_tuf_client_options options = {.metadata_directory = path, .fetch = port};
    ret_state[0] = '\0';
    SLW_TRY(slw_tuf_client_open(&options, &client, &test_detail));
    enum slw_status status = find_all(client, ret_state);
    slw_tuf_client_free(client);
    return status;
}

enum slw_status test_client_refresh(const char *name, struct test_fetch *fetch,
                                    char ret_state[static TEST_STATE_SIZE])
{
    return test_client_refresh_from(name, &fetch->port, ret_state);
}
