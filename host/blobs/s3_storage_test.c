/* SPDX-License-Identifier: Apache-2.0 */
/* A TUF repository in a bucket of Swift's, with its lease in SQLite: what the port promises, and
 * the writer at work on it. */
#include "slipway/s3_storage.h"

#include "../tuf/writer/test_writer.h"
#include "s3_objects.h"
#include "test_swift.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static struct test_swift swift;
static struct slw_detail detail;
static struct slw_database *database;
static struct slw_database_writer lease;
static struct slw_s3_storage *bucket;
static const struct slw_storage *port;
static uint64_t token;

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

static enum slw_status put(uint64_t under, const char *key, const char *text)
{
    struct slw_memory_source source;
    slw_memory_source_init(&source, slw_bytes_make(text, strlen(text)));
    return port->put_immutable(port->context, under, key, &source.source, &detail);
}

static enum slw_status replace(uint64_t under, const char *key, const char *text)
{
    return port->replace_pointer(port->context, under, key, slw_bytes_make(text, strlen(text)),
                                 &detail);
}

static bool is(const char *key, const char *text)
{
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = port->get(port->context, key, 1000, &bytes, &detail);
    bool same = status == SLW_OK && strcmp(slw_heap_text(&bytes), text) == 0;
    slw_heap_free(&bytes);
    return same;
}

static void puts_once_and_never_something_else(void)
{
    TAP_EQUAL_INT(put(token, "metadata/1.root.json", "root"), SLW_OK);
    TAP_EQUAL_INT(put(token, "metadata/1.root.json", "root"), SLW_OK);
    TAP_EQUAL_INT(put(token, "metadata/1.root.json", "ROOT"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(put(token, "metadata/1.root.json", "longer"), SLW_WRONG_STATE);
    TAP_CHECK(is("metadata/1.root.json", "root"));
    TAP_EQUAL_INT(put(SLW_STORAGE_NO_LEASE, "targets/a b%2F+@=,~.bin", "payload"), SLW_OK);
    TAP_CHECK(is("targets/a b%2F+@=,~.bin", "payload"));
    TAP_EQUAL_INT(put(token, "empty", ""), SLW_OK);
    TAP_CHECK(is("empty", ""));
}

static void replaces_pointers_and_removes(void)
{
    TAP_EQUAL_INT(replace(token, "metadata/timestamp.json", "1"), SLW_OK);
    TAP_EQUAL_INT(replace(token, "metadata/timestamp.json", "2"), SLW_OK);
    TAP_CHECK(is("metadata/timestamp.json", "2"));
    TAP_EQUAL_INT(port->remove(port->context, token, "empty", &detail), SLW_OK);
    TAP_EQUAL_INT(port->remove(port->context, token, "empty", &detail), SLW_OK);
    TAP_CHECK(!is("empty", ""));
}

static void reads_what_is_there_and_nothing_behind(void)
{
    struct slw_heap_buffer bytes = {0};
    uint8_t buffer[4] = "????";
    uint64_t size = 0;
    TAP_EQUAL_INT(port->size(port->context, "metadata/1.root.json", &size, &detail), SLW_OK);
    TAP_EQUAL_INT(size, 4);
    TAP_EQUAL_INT(port->read(port->context, "metadata/1.root.json", 1, buffer, 3, &detail), SLW_OK);
    TAP_EQUAL_BYTES(buffer, "oot?", 4);
    TAP_EQUAL_INT(port->read(port->context, "metadata/1.root.json", 1, buffer, 4, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(port->read(port->context, "metadata/1.root.json", 9, buffer, 1, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(port->read(port->context, "nothing", 0, buffer, 1, &detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(port->size(port->context, "nothing", &size, &detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(port->get(port->context, "nothing", 10, &bytes, &detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(port->get(port->context, "metadata/1.root.json", 3, &bytes, &detail),
                  SLW_TOO_LARGE);
    TAP_EQUAL_INT(bytes.len, 0);
}

static void refuses_keys_that_lead_elsewhere(void)
{
    static const char *const keys[] = {"",       "/a",  "a//b", "../a", "a/../b", ".slipway-x",
                                       ".lease", "a?b", "a#b",  "a\nb", "a\\b"};
    static char longest[1100];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        TAP_ROW(keys[i]);
        TAP_EQUAL_INT(put(token, keys[i], "x"), SLW_BAD_NAME);
        TAP_EQUAL_INT(replace(token, keys[i], "x"), SLW_BAD_NAME);
        TAP_EQUAL_INT(port->remove(port->context, token, keys[i], &detail), SLW_BAD_NAME);
    }
    memset(longest, 'k', sizeof longest - 1);
    TAP_EQUAL_INT(put(token, longest, "x"), SLW_BAD_NAME);
}

struct collected {
    char keys[16][64];
    size_t count;
};

static enum slw_status collect(void *context, const char *key)
{
    struct collected *collected = context;
    if (collected->count < 16) {
        (void)snprintf(collected->keys[collected->count], 64, "%s", key);
    }
    collected->count++;
    return SLW_OK;
}

static void lists_by_the_beginning_of_keys(void)
{
    struct collected collected = {.count = 0};
    TAP_EQUAL_INT(port->list(port->context, "metadata/", collect, &collected, &detail), SLW_OK);
    TAP_EQUAL_INT(collected.count, 2);
    TAP_CHECK(strcmp(collected.keys[0], "metadata/1.root.json") == 0);
    TAP_CHECK(strcmp(collected.keys[1], "metadata/timestamp.json") == 0);
}

static void who_lost_the_lease_changes_nothing(void)
{
    uint64_t former = token;
    TAP_REQUIRE(replace(token, "metadata/timestamp.json", "2") == SLW_OK);
    TAP_EQUAL_INT(replace(SLW_STORAGE_NO_LEASE, "metadata/timestamp.json", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(
        port->remove(port->context, SLW_STORAGE_NO_LEASE, "metadata/timestamp.json", &detail),
        SLW_WRONG_STATE);
    TAP_EQUAL_INT(lease.port.acquire(lease.port.context, "other", 60, &token, &detail),
                  SLW_WRONG_STATE);
    TAP_REQUIRE(lease.port.release(lease.port.context, former, &detail) == SLW_OK);
    /* Released, and nobody has it. */
    TAP_EQUAL_INT(replace(former, "metadata/timestamp.json", "x"), SLW_WRONG_STATE);
    TAP_REQUIRE(lease.port.acquire(lease.port.context, "other", 60, &token, &detail) == SLW_OK);
    TAP_CHECK(token > former);
    TAP_EQUAL_INT(replace(former, "metadata/timestamp.json", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(put(former, "metadata/9.root.json", "x"), SLW_WRONG_STATE);
    TAP_EQUAL_INT(port->remove(port->context, former, "metadata/timestamp.json", &detail),
                  SLW_WRONG_STATE);
    TAP_CHECK(is("metadata/timestamp.json", "2"));
    TAP_EQUAL_INT(replace(token, "metadata/timestamp.json", "3"), SLW_OK);
    /* Under the newer token another process, which never heard of it, refuses too: the fence does.
     */
    struct slw_s3_storage *again = NULL;
    const struct slw_storage_fence fence = {&lease, slw_database_writer_check};
    struct slw_blobs_s3 settings = swift.settings;
    settings.prefix = "repository/";
    TAP_REQUIRE(slw_s3_storage_open(&settings, &fence, &again, &detail) == SLW_OK);
    const struct slw_storage *ours = port;
    port = slw_s3_storage_port(again);
    TAP_EQUAL_INT(replace(former, "metadata/timestamp.json", "x"), SLW_WRONG_STATE);
    TAP_CHECK(is("metadata/timestamp.json", "3"));
    port = ours;
    slw_s3_storage_close(again);
    TAP_EQUAL_INT(lease.port.renew(lease.port.context, former, 60, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(lease.port.renew(lease.port.context, token, 60, &detail), SLW_OK);
    TAP_EQUAL_INT(lease.port.acquire(lease.port.context, "", 60, &former, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_CHECK(said("holder"));
}

static void the_writer_publishes_there(void)
{
    struct slw_s3_storage *place = NULL;
    struct slw_database_writer writer;
    struct slw_blobs_s3 settings = swift.settings;
    settings.prefix = "published/";
    slw_database_writer_init(database, "publisher 2", &writer);
    const struct slw_storage_fence fence = {&writer, slw_database_writer_check};
    TAP_REQUIRE(slw_s3_storage_open(&settings, &fence, &place, &detail) == SLW_OK);
    TAP_REQUIRE(test_open());
    test.options.storage = slw_s3_storage_port(place);
    test.options.lease = &writer.port;
    TAP_CHECK(test_begin());
    TAP_EQUAL_INT(test_add("targets", "a/b.bin", "content of a target"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    test_new_process();
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    const struct slw_storage *ours = port;
    struct collected collected = {.count = 0};
    port = slw_s3_storage_port(place);
    TAP_EQUAL_INT(port->list(port->context, "targets/", collect, &collected, &detail), SLW_OK);
    TAP_EQUAL_INT(collected.count, 1);
    TAP_CHECK(is(collected.keys[0], "content of a target") || strlen(collected.keys[0]) == 63);
    port = ours;
    test_close();
    slw_s3_storage_close(place);
}

static bool begin(void)
{
    char url[128];
    const struct slw_database_options options = {.connections = 2};
    const struct slw_storage_fence fence = {&lease, slw_database_writer_check};
    struct slw_blobs_s3 settings;
    if (!test_swift_start(&swift)) {
        return false;
    }
    settings = swift.settings;
    settings.prefix = "repository/";
    (void)snprintf(url, sizeof url, "sqlite:%s/lease.db", swift.directory);
    slw_database_writer_init(NULL, "publisher", &lease);
    if (slw_database_open(url, &options, &database, &detail) != SLW_OK ||
        slw_database_migrate(database, NULL, 0, &detail) != SLW_OK ||
        slw_s3_storage_open(&settings, &fence, &bucket, &detail) != SLW_OK) {
        return false;
    }
    lease.database = database;
    port = slw_s3_storage_port(bucket);
    return lease.port.acquire(lease.port.context, "test", 60, &token, &detail) == SLW_OK;
}

int main(void)
{
    if (!begin()) {
        (void)fprintf(stderr, "# %s\n", detail.text);
        test_swift_stop(&swift);
        return 1;
    }
    TAP_RUN(puts_once_and_never_something_else);
    TAP_RUN(replaces_pointers_and_removes);
    TAP_RUN(reads_what_is_there_and_nothing_behind);
    TAP_RUN(refuses_keys_that_lead_elsewhere);
    TAP_RUN(lists_by_the_beginning_of_keys);
    TAP_RUN(who_lost_the_lease_changes_nothing);
    TAP_RUN(the_writer_publishes_there);
    slw_s3_storage_close(bucket);
    slw_database_close(database);
    test_swift_stop(&swift);
    return tap_finish();
}
