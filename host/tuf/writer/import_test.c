/* SPDX-License-Identifier: Apache-2.0 */
/* Adopting a repository from a directory: what comes over, how the writer goes on from it, and all
 * that isn't adopted. */
#include "test_exchange.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE "source"

static char state[EXCHANGE_STATE_SIZE];
static char payload_one[SLW_TUF_KEY_SIZE]; /* keys of a/one and team/x */
static char payload_x[SLW_TUF_KEY_SIZE];

static enum slw_status take_key(void *context, const char *key)
{
    memcpy(context, key, strlen(key) + 1);
    return SLW_REVOKED_KEY; /* one is enough */
}

static bool key_of(const char *prefix, char ret_key[static SLW_TUF_KEY_SIZE])
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    return storage->list(storage->context, prefix, take_key, ret_key, &test_detail) ==
           SLW_REVOKED_KEY;
}

static void forget_source(void)
{
    exchange_forget(SOURCE);
}

/* The source directory anew, and an empty storage to adopt it. */
static bool make_source(void)
{
    forget_source();
    return exchange_make() && key_of("targets/a/", payload_one) &&
           key_of("targets/team/", payload_x) && exchange_write(SOURCE) && exchange_restart();
}

static enum slw_status import_with(const char *name, const char *root_key)
{
    struct slw_heap_buffer root = {0};
    if (!exchange_read(SOURCE, root_key, &root)) {
        return SLW_IO;
    }
    test_new_process();
    enum slw_status status = slw_tuf_writer_import(&test.options, exchange_path(name), "root",
                                                   slw_heap_bytes(&root), &test_detail);
    slw_heap_free(&root);
    return status;
}

static enum slw_status import(void)
{
    return import_with(SOURCE, "metadata/1.root.json");
}

/* What clients that trust the source's first root see of the storage. */
static enum slw_status look(void)
{
    struct slw_heap_buffer root = {0};
    enum slw_status status = SLW_IO;
    exchange_forget("seen");
    if (exchange_read(SOURCE, "metadata/1.root.json", &root) && exchange_write("seen")) {
        status = exchange_look("seen", slw_heap_bytes(&root), state);
    }
    slw_heap_free(&root);
    return status;
}

static bool is_same(const char *key)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    struct slw_heap_buffer ours = {0};
    struct slw_heap_buffer theirs = {0};
    bool same =
        storage->get(storage->context, key, (size_t)1 << 24, &ours, &test_detail) == SLW_OK &&
        exchange_read(SOURCE, key, &theirs) &&
        slw_bytes_equal(slw_heap_bytes(&ours), slw_heap_bytes(&theirs));
    slw_heap_free(&ours);
    slw_heap_free(&theirs);
    return same;
}

static void adopts_a_repository_byte_for_byte(void)
{
    static const char *const keys[] = {
        "metadata/1.root.json",    "metadata/2.root.json",   "metadata/timestamp.json",
        "metadata/3.targets.json", "metadata/3.team.json",   "metadata/6.snapshot.json",
        "metadata/1.bins-0.json",  "metadata/1.bins-1.json", "metadata/1.bins-2.json",
        "metadata/2.bins-3.json",
    };
    TAP_REQUIRE(make_source());
    TAP_EQUAL_INT(import(), SLW_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        TAP_ROW(keys[i]);
        TAP_CHECK(is_same(keys[i]));
    }
    TAP_ROW(NULL);
    TAP_CHECK(is_same(payload_one) && is_same(payload_x));
    TAP_EQUAL_INT(test_count("metadata/"), sizeof keys / sizeof keys[0]);
    TAP_EQUAL_INT(test_count("targets/"), 4);
    TAP_EQUAL_INT(test_count(""), sizeof keys / sizeof keys[0] + 5); /* and the settings */
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    TAP_EQUAL_INT(look(), SLW_OK);
    TAP_CHECK(strcmp(state, exchange_state) == 0);
    test_close();
}

static void goes_on_with_the_old_keys(void)
{
    TAP_REQUIRE(make_source() && import() == SLW_OK);
    TAP_EQUAL_INT(test_add("targets", "three", "3"), SLW_OK);
    TAP_EQUAL_INT(test_add("team", "team/z", "zz"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.snapshot_version, 7);
    TAP_EQUAL_INT(test.published.root_version, 2);
    TAP_CHECK(test_has("metadata/4.targets.json"));
    TAP_EQUAL_INT(look(), SLW_OK);
    TAP_CHECK(strstr(state, "targets: three 1\n") != NULL);
    TAP_CHECK(strstr(state, "team/z 2\n") != NULL);
    test_close();
}

static void goes_on_with_new_keys_once_they_are_rotated(void)
{
    TAP_REQUIRE(make_source());
    const struct slw_tuf_role_keys snapshot = test_role_keys(1, 1, KEY_SNAPSHOT_2);
    const struct slw_tuf_role_keys timestamp = test_role_keys(1, 1, KEY_TIMESTAMP_2);
    TAP_REQUIRE(test_provide("snapshot", KEY_SNAPSHOT_2, "timestamp", KEY_TIMESTAMP_2, "bins*",
                             KEY_BINS, (const char *)NULL));
    TAP_REQUIRE(import() == SLW_OK && test_writer_open() == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_rotate(test.writer, SLW_TUF_SNAPSHOT, &snapshot, &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_rotate(test.writer, SLW_TUF_TIMESTAMP, &timestamp, &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(test_add("targets", "three", "3"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT_2), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 3);
    TAP_EQUAL_INT(look(), SLW_OK);
    TAP_CHECK(strstr(state, "targets: three 1\n") != NULL);
    test_close();
}

static void begins_with_the_root_that_is_trusted(void)
{
    TAP_REQUIRE(make_source());
    TAP_EQUAL_INT(import_with(SOURCE, "metadata/2.root.json"), SLW_OK);
    TAP_CHECK(test_told("roots before version 2 aren't adopted"));
    TAP_CHECK(test_has("metadata/2.root.json") && !test_has("metadata/1.root.json"));
    TAP_EQUAL_INT(test_add("team", "team/z", "zz"), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 2);
    test_close();
}

static void keeps_what_it_doesnt_know(void)
{
    struct slw_heap_buffer next = {0};
    TAP_REQUIRE(make_source());
    TAP_REQUIRE(exchange_edit_signed(
        SOURCE, "metadata/3.targets.json", SLW_TUF_TARGETS, "\"version\":3",
        "\"version\":3,\"x-team\":{\"owner\":\"@somebody\",\"n\":[1]}", KEY_TARGETS));
    TAP_REQUIRE(exchange_edit_signed(SOURCE, "metadata/2.root.json", SLW_TUF_ROOT, "\"version\":2",
                                     "\"version\":2,\"x-days\":365", KEY_ROOT_2));
    /* From the second root on, for the first's key didn't sign it again. */
    TAP_EQUAL_INT(import_with(SOURCE, "metadata/2.root.json"), SLW_OK);
    TAP_CHECK(is_same("metadata/3.targets.json") && is_same("metadata/2.root.json"));
    TAP_EQUAL_INT(test_add("targets", "three", "3"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    TAP_EQUAL_INT(
        storage->get(storage->context, "metadata/4.targets.json", 65536, &next, &test_detail),
        SLW_OK);
    TAP_CHECK(strstr(slw_heap_text(&next), "\"x-team\":{\"n\":[1],\"owner\":\"@somebody\"}") !=
              NULL);
    slw_heap_free(&next);
    test_close();
}

static void adopts_what_has_expired_and_tells(void)
{
    forget_source();
    TAP_REQUIRE(test_open());
    int64_t now = test.now_utc_s;
    test.now_utc_s = 1000000000; /* 2001 */
    TAP_REQUIRE(test_begin() && exchange_write(SOURCE) && exchange_restart());
    test.now_utc_s = now;
    TAP_EQUAL_INT(import(), SLW_OK);
    TAP_CHECK(test_told("timestamp.json: version 1 expired at 2001-09-10T01:46:40Z"));
    TAP_CHECK(test_told("root.json: version 1 expired"));
    /* Its owner signs it anew. */
    TAP_EQUAL_INT(test_add("targets", "three", "3"), SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, 2);
    test_close();
}

/* Names of roles that went stay in snapshots for ever; their files needn't. */
static void goes_on_from_a_snapshot_that_names_roles_which_went(void)
{
    TAP_REQUIRE(make_source());
    TAP_REQUIRE(exchange_edit_signed(
        SOURCE, "metadata/6.snapshot.json", SLW_TUF_SNAPSHOT, "\"meta\":{",
        "\"meta\":{\"gone.json\":{\"length\":9,\"version\":3},\"root.json\":{\"version\":1},",
        KEY_SNAPSHOT));
    TAP_EQUAL_INT(import(), SLW_OK);
    TAP_CHECK(test_told("metadata/3.gone.json") && !test_has("metadata/3.gone.json"));
    TAP_EQUAL_INT(test_add("team", "team/z", "zz"), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(look(), SLW_OK);
    test.now_utc_s += 86400;
    slw_memory_storage_set_clock(test.memory, test.now_utc_s);
    TAP_EQUAL_INT(slw_tuf_writer_refresh(test.writer, &test.published, &test_detail), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, test.published.snapshot_version + 1);
    TAP_CHECK(test_has("metadata/1.root.json"));
    TAP_EQUAL_INT(look(), SLW_OK);
    test_close();
}

static void takes_payloads_under_any_of_their_hashes(void)
{
    static const char sha512_of_3[] =
        "3bafbf08882a2d10133093a1b8433f50563b93c14acd05b79028eb1d12799027"
        "241450980651994501423a66c276ae26c43b739bc65c4e16b10c3af6c202aebb";
    char entry[400];
    char key[200];
    TAP_REQUIRE(make_source());
    (void)snprintf(entry, sizeof entry,
                   "\"targets\":{\"dir/three\":{\"hashes\":{\"sha512\":\"%s\"},\"length\":1},",
                   sha512_of_3);
    (void)snprintf(key, sizeof key, "targets/dir/%s.three", sha512_of_3);
    TAP_REQUIRE(exchange_edit_signed(SOURCE, "metadata/3.targets.json", SLW_TUF_TARGETS,
                                     "\"targets\":{", entry, KEY_TARGETS));
    TAP_EQUAL_INT(import(), SLW_MISSING_PAYLOAD);
    TAP_CHECK(test_said(key));
    TAP_REQUIRE(exchange_put(SOURCE, key, test_bytes("4")));
    TAP_EQUAL_INT(import(), SLW_WRONG_HASH);
    TAP_REQUIRE(exchange_put(SOURCE, key, test_bytes("3")));
    TAP_EQUAL_INT(import(), SLW_OK);
    TAP_CHECK(is_same(key));
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    TAP_EQUAL_INT(look(), SLW_OK);
    TAP_CHECK(strstr(state, "targets: dir/three 1\n") != NULL);
    test_close();
}

/* Nothing that clients or the writer would see. */
static bool is_vacant(void)
{
    return test_count("metadata/") == 0 && test_count("state/") == 0 &&
           test_count("staged/") == 0 &&
           slw_tuf_writer_open(&test.options, &test.writer, &test_detail) == SLW_NOT_FOUND;
}

/* One file is gone, cut, or another version's. */
static void refuses_what_isnt_whole(void)
{
    static const char *const keys[] = {
        "metadata/timestamp.json", "metadata/6.snapshot.json", "metadata/3.targets.json",
        "metadata/3.team.json",    "metadata/1.bins-0.json",   "metadata/2.bins-3.json",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        TAP_ROW(keys[i]);
        TAP_REQUIRE(make_source() && exchange_remove(SOURCE, keys[i]));
        TAP_CHECK(import() != SLW_OK);
        TAP_CHECK(is_vacant());
        TAP_REQUIRE(exchange_put(SOURCE, keys[i], test_bytes("{\"signatures\":[],")));
        TAP_EQUAL_INT(import(), SLW_MALFORMED);
        TAP_CHECK(is_vacant());
        test_close();
    }
}

static void refuses_what_isnt_signed(void)
{
    static const struct {
        const char *key;
        const char *from;
        const char *to;
        enum slw_status status;
    } rows[] = {
        {"metadata/timestamp.json", "\"expires\":\"2", "\"expires\":\"3", SLW_BELOW_THRESHOLD},
        {"metadata/6.snapshot.json", "\"expires\":\"2", "\"expires\":\"3", SLW_BELOW_THRESHOLD},
        {"metadata/3.targets.json", "\"length\":3", "\"length\":4", SLW_BELOW_THRESHOLD},
        {"metadata/3.team.json", "\"expires\":\"2", "\"expires\":\"3", SLW_BELOW_THRESHOLD},
        {"metadata/2.bins-3.json", "\"length\":1", "\"length\":2", SLW_BELOW_THRESHOLD},
        {"metadata/2.root.json", "\"expires\":\"2", "\"expires\":\"3", SLW_BELOW_THRESHOLD},
        {"metadata/3.targets.json", "\"keyid\":\"", "\"keyid\":\"0", SLW_BELOW_THRESHOLD},
        {"metadata/3.targets.json", "\"signatures\":[", "\"signatures\":[{},", SLW_MALFORMED},
        {"metadata/3.targets.json", "\"_type\":\"targets\"", "\"_type\":\"root\"", SLW_WRONG_ROLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].key);
        TAP_REQUIRE(make_source());
        TAP_REQUIRE(exchange_edit(SOURCE, rows[i].key, rows[i].from, rows[i].to));
        enum slw_status status = import();
        if (rows[i].status == SLW_BELOW_THRESHOLD) {
            TAP_CHECK(slw_status_class(status) == SLW_CLASS_UNTRUSTED);
        } else {
            TAP_EQUAL_INT(status, rows[i].status);
        }
        TAP_CHECK(is_vacant());
        test_close();
    }
}

/* All signed as it must be, and still nothing that can be gone on from. */
static void refuses_what_cant_be_published_here(void)
{
    static const struct {
        const char *row;
        const char *key;
        enum slw_tuf_type type;
        const char *from;
        const char *to;
        enum test_key signer;
        enum slw_status status;
        const char *said;
    } rows[] = {
        {"another version", "metadata/3.targets.json", SLW_TUF_TARGETS, "\"version\":3",
         "\"version\":4", KEY_TARGETS, SLW_MIX_AND_MATCH, "targets"},
        {"an older version", "metadata/3.targets.json", SLW_TUF_TARGETS, "\"version\":3",
         "\"version\":2", KEY_TARGETS, SLW_MIX_AND_MATCH, "targets"},
        {"not consistent", "metadata/2.root.json", SLW_TUF_ROOT, "\"consistent_snapshot\":true",
         "\"consistent_snapshot\":false", KEY_ROOT_2, SLW_WRONG_STATE, "consistent snapshots"},
        {"a name that servers decode", "metadata/3.targets.json", SLW_TUF_TARGETS,
         "\"name\":\"team\"", "\"name\":\"te/am\"", KEY_TARGETS, SLW_BAD_NAME, "te/am"},
        {"a path that no storage has", "metadata/3.targets.json", SLW_TUF_TARGETS,
         "\"targets\":{\"a/one\"", "\"targets\":{\"a/o*ne\"", KEY_TARGETS, SLW_BAD_NAME, "a/o*ne"},
        {"a path that leads out", "metadata/3.targets.json", SLW_TUF_TARGETS,
         "\"targets\":{\"a/one\"", "\"targets\":{\"a/../one\"", KEY_TARGETS, SLW_BAD_NAME,
         "a/../one"},
        {"a path with a zero", "metadata/3.targets.json", SLW_TUF_TARGETS, "\"targets\":{\"a/one\"",
         "\"targets\":{\"a/one\\u0000x\"", KEY_TARGETS, SLW_BAD_NAME, "a/one"},
        {"a payload that isn't there", "metadata/3.targets.json", SLW_TUF_TARGETS,
         "\"targets\":{\"a/one\"", "\"targets\":{\"a/ten\"", KEY_TARGETS, SLW_MISSING_PAYLOAD,
         "ten"},
        {"a payload of another length", "metadata/3.targets.json", SLW_TUF_TARGETS, "\"length\":3",
         "\"length\":4", KEY_TARGETS, SLW_WRONG_LENGTH, "one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].row);
        TAP_REQUIRE(make_source());
        TAP_REQUIRE(exchange_edit_signed(SOURCE, rows[i].key, rows[i].type, rows[i].from,
                                         rows[i].to, rows[i].signer));
        TAP_REQUIRE(rows[i].type != SLW_TUF_ROOT ||
                    (exchange_copy(SOURCE, "metadata/6.snapshot.json", "metadata/snapshot.json") &&
                     exchange_copy(SOURCE, "metadata/3.targets.json", "metadata/targets.json")));
        TAP_EQUAL_INT(import_with(SOURCE, "metadata/2.root.json"), rows[i].status);
        TAP_CHECK(test_said(rows[i].said));
        TAP_CHECK(is_vacant());
        test_close();
    }
}

static void refuses_payloads_that_differ(void)
{
    char outside[SLW_TUF_KEY_SIZE + 16];
    TAP_REQUIRE(make_source());
    TAP_REQUIRE(exchange_remove(SOURCE, payload_x));
    TAP_EQUAL_INT(import(), SLW_MISSING_PAYLOAD);
    TAP_CHECK(test_said(payload_x) && test_said("bins-2 lists it"));
    TAP_REQUIRE(exchange_put(SOURCE, payload_x, test_bytes("y")));
    TAP_EQUAL_INT(import(), SLW_WRONG_HASH);
    TAP_CHECK(test_said(payload_x));
    TAP_REQUIRE(exchange_put(SOURCE, payload_x, test_bytes("xx")));
    TAP_EQUAL_INT(import(), SLW_WRONG_LENGTH);
    /* The right content, but not in the repository. */
    TAP_REQUIRE(exchange_put("outside", "x", test_bytes("x")));
    TAP_REQUIRE(exchange_remove(SOURCE, payload_x));
    (void)snprintf(outside, sizeof outside, "%s/%s", SOURCE, payload_x);
    TAP_REQUIRE(symlink(exchange_path("outside/x"), exchange_path(outside)) == 0);
    TAP_EQUAL_INT(import(), SLW_IO);
    TAP_CHECK(test_said("leads out"));
    TAP_REQUIRE(unlink(exchange_path(outside)) == 0);
    TAP_REQUIRE(mkdir(exchange_path(outside), 0755) == 0);
    TAP_EQUAL_INT(import(), SLW_IO);
    TAP_CHECK(test_said("a directory"));
    TAP_CHECK(is_vacant());
    TAP_REQUIRE(rmdir(exchange_path(outside)) == 0);
    TAP_REQUIRE(exchange_put(SOURCE, payload_x, test_bytes("x")));
    TAP_EQUAL_INT(import(), SLW_OK);
    test_close();
}

static void passes_over_payloads_that_are_elsewhere_when_told(void)
{
    TAP_REQUIRE(make_source() && exchange_remove(SOURCE, payload_x));
    test.options.payloads_elsewhere = true;
    TAP_REQUIRE(exchange_put(SOURCE, payload_one, test_bytes("One")));
    TAP_EQUAL_INT(import(), SLW_WRONG_HASH);
    TAP_REQUIRE(exchange_put(SOURCE, payload_one, test_bytes("one")));
    TAP_EQUAL_INT(import(), SLW_OK);
    TAP_CHECK(test_told("1 payloads that are listed") && test_told(payload_x));
    TAP_EQUAL_INT(test_count("targets/"), 3);
    TAP_EQUAL_INT(test_writer_open(), SLW_OK);
    test_close();
}

static void refuses_roots_that_arent_its_own(void)
{
    struct slw_heap_buffer root = {0};
    TAP_REQUIRE(make_source());
    TAP_REQUIRE(exchange_read(SOURCE, "metadata/1.root.json", &root));
    const char *directory = exchange_path(SOURCE);
    TAP_EQUAL_INT(slw_tuf_writer_import(&test.options, directory, "root", slw_bytes_make(NULL, 0),
                                        &test_detail),
                  SLW_MALFORMED);
    TAP_EQUAL_INT(
        slw_tuf_writer_import(&test.options, directory, "root", test_bytes("{}"), &test_detail),
        SLW_MALFORMED);
    root.ptr[root.len / 2] ^= 1;
    TAP_CHECK(slw_tuf_writer_import(&test.options, directory, "root", slw_heap_bytes(&root),
                                    &test_detail) != SLW_OK);
    /* Another repository's, good in itself: nothing here is signed for it. */
    TAP_REQUIRE(exchange_edit_signed(SOURCE, "metadata/1.root.json", SLW_TUF_ROOT, "\"version\":1",
                                     "\"version\":9", KEY_ROOT));
    TAP_REQUIRE(
        exchange_edit_keys(SOURCE, "metadata/1.root.json", KEY_TIMESTAMP, KEY_TEAM_2, KEY_ROOT));
    TAP_CHECK(slw_status_class(import()) == SLW_CLASS_UNTRUSTED);
    TAP_CHECK(test_said("timestamp"));
    TAP_CHECK(is_vacant());
    slw_heap_free(&root);
    test_close();
}

static void refuses_places_without_a_repository(void)
{
    TAP_REQUIRE(make_source());
    TAP_EQUAL_INT(import_with("no-such-place", "metadata/1.root.json"), SLW_IO);
    TAP_REQUIRE(exchange_put("file-place", "x", test_bytes("x")));
    TAP_EQUAL_INT(import_with("file-place/x", "metadata/1.root.json"), SLW_IO);
    TAP_EQUAL_INT(import_with("file-place", "metadata/1.root.json"), SLW_UNAVAILABLE);
    TAP_CHECK(is_vacant());
    test_close();
}

static void refuses_a_storage_that_isnt_empty(void)
{
    static const struct {
        const char *key;
        const char *content;
    } rows[] = {
        {"metadata/timestamp.json", "{}"}, {"metadata/1.root.json", "{}"},
        {"metadata/3.root.json", "{}"},    {"metadata/3.targets.json", "{}"},
        {"metadata/9.targets.json", "{}"}, {"staged/root.json", "{}"},
        {"staged/changes/x.json", "{}"},   {"state/settings.json", "{}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].key);
        TAP_REQUIRE(make_source());
        TAP_REQUIRE(exchange_tamper(rows[i].key, test_bytes(rows[i].content)));
        enum slw_status status = import();
        TAP_CHECK(status == SLW_WRONG_STATE ||
                  (status == SLW_STORED_STATE && strncmp(rows[i].key, "state/", 6) == 0));
        TAP_CHECK(test_said(rows[i].key));
        TAP_CHECK(i == 0 || !test_has("metadata/timestamp.json"));
        TAP_EQUAL_INT(exchange_tamper(rows[i].key, slw_bytes_make(NULL, 0)), true);
        TAP_EQUAL_INT(import(), SLW_OK);
        test_close();
    }
}

static void refuses_where_a_repository_is(void)
{
    TAP_REQUIRE(make_source());
    TAP_REQUIRE(test_init() == SLW_OK);
    TAP_EQUAL_INT(import(), SLW_WRONG_STATE);
    TAP_CHECK(test_said("staged/"));
    TAP_REQUIRE(test_sign("root", KEY_ROOT) == SLW_OK &&
                test_sign("targets", KEY_TARGETS) == SLW_OK && test_publish() == SLW_OK);
    size_t before = test_count("");
    TAP_EQUAL_INT(import(), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_count(""), before);
    test_close();
    TAP_REQUIRE(make_source());
    TAP_EQUAL_INT(import(), SLW_OK);
    TAP_EQUAL_INT(import(), SLW_WRONG_STATE);
    TAP_CHECK(test_said("metadata/timestamp.json"));
    test_close();
}

static void refuses_while_somebody_else_writes(void)
{
    uint64_t token = 0;
    TAP_REQUIRE(make_source());
    const struct slw_lease *lease = slw_memory_storage_lease(test.memory);
    TAP_REQUIRE(lease->acquire(lease->context, "another", 60, &token, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(import(), SLW_WRONG_STATE);
    TAP_CHECK(test_said("another"));
    TAP_EQUAL_INT(test_count("metadata/"), 0);
    TAP_EQUAL_INT(lease->release(lease->context, token, &test_detail), SLW_OK);
    TAP_EQUAL_INT(import(), SLW_OK);
    test_close();
}

/* Failed or killed at any call of the storage: clients see nothing, and it can be run again. */
static void can_be_run_again_wherever_it_was_killed(void)
{
    static const enum slw_storage_fault faults[] = {SLW_STORAGE_FAULT_BEFORE,
                                                    SLW_STORAGE_FAULT_AFTER};
    for (int kind = 0; kind < 4; kind++) {
        uint64_t at = 0;
        enum slw_status status = SLW_IO;
        TAP_REQUIRE(make_source());
        while (status != SLW_OK && at < 200) {
            TAP_REQUIRE(exchange_restart());
            test.faulty.fail_at = ++at;
            test.faulty.fault = faults[kind / 2];
            test.faulty.dead = kind % 2 == 0;
            status = import();
            TAP_CHECK(status == SLW_OK || status == SLW_IO);
            test.faulty.fail_at = 0;
            slw_memory_storage_set_clock(test.memory, test.now_utc_s + SLW_TUF_LEASE_S + 1);
            bool there = test_has("metadata/timestamp.json");
            TAP_EQUAL_INT(import(), there ? SLW_WRONG_STATE : SLW_OK);
            TAP_EQUAL_INT(test_writer_open(), SLW_OK);
            TAP_EQUAL_INT(test_count("metadata/"), 10);
        }
        TAP_CHECK(at > 20 && at < 200);
        TAP_EQUAL_INT(look(), SLW_OK);
        TAP_CHECK(strcmp(state, exchange_state) == 0);
        test_close();
    }
}

/* Of all that was tried above. */
static void leaves_nothing_behind(void)
{
    TAP_EQUAL_INT(exchange_count("temporary", ""), 0);
    TAP_EQUAL_INT(rmdir(exchange_path("temporary")), 0);
}

int main(void)
{
    if (!exchange_begin()) {
        (void)fprintf(stderr, "no temporary directory\n");
        return 1;
    }
    TAP_RUN(adopts_a_repository_byte_for_byte);
    TAP_RUN(goes_on_with_the_old_keys);
    TAP_RUN(goes_on_with_new_keys_once_they_are_rotated);
    TAP_RUN(begins_with_the_root_that_is_trusted);
    TAP_RUN(keeps_what_it_doesnt_know);
    TAP_RUN(adopts_what_has_expired_and_tells);
    TAP_RUN(goes_on_from_a_snapshot_that_names_roles_which_went);
    TAP_RUN(takes_payloads_under_any_of_their_hashes);
    TAP_RUN(refuses_what_isnt_whole);
    TAP_RUN(refuses_what_isnt_signed);
    TAP_RUN(refuses_what_cant_be_published_here);
    TAP_RUN(refuses_payloads_that_differ);
    TAP_RUN(passes_over_payloads_that_are_elsewhere_when_told);
    TAP_RUN(refuses_roots_that_arent_its_own);
    TAP_RUN(refuses_places_without_a_repository);
    TAP_RUN(refuses_a_storage_that_isnt_empty);
    TAP_RUN(refuses_where_a_repository_is);
    TAP_RUN(refuses_while_somebody_else_writes);
    TAP_RUN(can_be_run_again_wherever_it_was_killed);
    TAP_RUN(leaves_nothing_behind);
    int result = tap_finish();
    exchange_end();
    return result;
}
