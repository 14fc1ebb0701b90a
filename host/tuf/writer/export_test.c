/* SPDX-License-Identifier: Apache-2.0 */
/* Exporting what is published: what clients find there, an earlier export that is brought up to
 * date, and what is refused. */
#include "test_exchange.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct slw_heap_buffer first_root;
static char state[EXCHANGE_STATE_SIZE];

static enum slw_status export_to(const char *name)
{
    SLW_TRY(test_writer_open());
    return slw_tuf_writer_export(test.writer, exchange_path(name), &test_detail);
}

/* The repository, and its first root, which clients begin with. */
static bool make(void)
{
    const struct slw_storage *storage = NULL;
    slw_heap_free(&first_root);
    if (!exchange_make()) {
        return false;
    }
    storage = slw_memory_storage_port(test.memory);
    return storage->get(storage->context, "metadata/1.root.json", 65536, &first_root,
                        &test_detail) == SLW_OK;
}

static enum slw_status look(const char *name)
{
    return exchange_look(name, slw_heap_bytes(&first_root), state);
}

static enum slw_status take_key(void *context, const char *key)
{
    memcpy(context, key, strlen(key) + 1);
    return SLW_REVOKED_KEY; /* one is enough */
}

/* The first object in the storage whose key begins so. */
static bool key_of(const char *prefix, char ret_key[static SLW_TUF_KEY_SIZE])
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    return storage->list(storage->context, prefix, take_key, ret_key, &test_detail) ==
           SLW_REVOKED_KEY;
}

static bool is_same_in(const char *name, const char *key)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    struct slw_heap_buffer ours = {0};
    struct slw_heap_buffer theirs = {0};
    bool same =
        storage->get(storage->context, key, (size_t)1 << 24, &ours, &test_detail) == SLW_OK &&
        exchange_read(name, key, &theirs) &&
        slw_bytes_equal(slw_heap_bytes(&ours), slw_heap_bytes(&theirs));
    slw_heap_free(&ours);
    slw_heap_free(&theirs);
    return same;
}

static void exports_what_clients_need(void)
{
    static const char *const keys[] = {
        "metadata/1.root.json",    "metadata/2.root.json",   "metadata/timestamp.json",
        "metadata/3.targets.json", "metadata/3.team.json",   "metadata/1.bins-0.json",
        "metadata/1.bins-1.json",  "metadata/1.bins-2.json", "metadata/2.bins-3.json",
    };
    TAP_REQUIRE(make());
    TAP_EQUAL_INT(export_to("needs"), SLW_OK);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        TAP_ROW(keys[i]);
        TAP_CHECK(is_same_in("needs", keys[i]));
    }
    TAP_ROW(NULL);
    /* These, and the snapshot: no older version of anything but roots. */
    TAP_EQUAL_INT(exchange_count("needs", "metadata"), sizeof keys / sizeof keys[0] + 1);
    TAP_EQUAL_INT(exchange_count("needs", "targets"), 4);
    TAP_EQUAL_INT(exchange_count("needs", ""), sizeof keys / sizeof keys[0] + 5);
    TAP_EQUAL_INT(look("needs"), SLW_OK);
    TAP_CHECK(strcmp(state, exchange_state) == 0);
    test_close();
}

static void exports_nothing_that_is_staged(void)
{
    TAP_REQUIRE(make());
    TAP_REQUIRE(test_add("targets", "waits", "waits") == SLW_OK && test_prepare() == SLW_OK);
    TAP_EQUAL_INT(export_to("staged"), SLW_OK);
    TAP_EQUAL_INT(exchange_count("staged", "targets"), 4);
    TAP_EQUAL_INT(exchange_count("staged", "staged"), 0);
    TAP_EQUAL_INT(look("staged"), SLW_OK);
    TAP_CHECK(strcmp(state, exchange_state) == 0);
    /* And it still waits. */
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    test_close();
}

static ino_t inode_of(const char *name, const char *key)
{
    struct stat about = {0};
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", name, key);
    return stat(exchange_path(path), &about) == 0 ? about.st_ino : 0;
}

static void brings_an_earlier_export_up_to_date(void)
{
    char one[SLW_TUF_KEY_SIZE];
    TAP_REQUIRE(make() && key_of("targets/a/", one));
    TAP_REQUIRE(export_to("again") == SLW_OK);
    ino_t payload = inode_of("again", one);
    ino_t role = inode_of("again", "metadata/3.team.json");
    TAP_REQUIRE(payload != 0 && role != 0);
    TAP_REQUIRE(test_add("targets", "three", "3") == SLW_OK && test_prepare() == SLW_OK &&
                test_sign("targets", KEY_TARGETS) == SLW_OK && test_publish() == SLW_OK);
    TAP_EQUAL_INT(export_to("again"), SLW_OK);
    TAP_EQUAL_INT(inode_of("again", one), payload);
    TAP_EQUAL_INT(inode_of("again", "metadata/3.team.json"), role);
    TAP_CHECK(is_same_in("again", "metadata/timestamp.json"));
    TAP_CHECK(is_same_in("again", "metadata/4.targets.json"));
    TAP_EQUAL_INT(look("again"), SLW_OK);
    TAP_CHECK(strstr(state, "targets: three 1") != NULL);
    test_close();
}

static void mends_what_was_damaged_in_an_earlier_export(void)
{
    char keys[4][SLW_TUF_KEY_SIZE] = {"", "", "metadata/3.team.json", "metadata/timestamp.json"};
    static const char *const damage[] = {"", "One", "{}", "{"};
    TAP_REQUIRE(make() && key_of("targets/team/", keys[0]) && key_of("targets/a/", keys[1]));
    TAP_REQUIRE(export_to("damaged") == SLW_OK);
    for (size_t i = 0; i < 4; i++) {
        TAP_ROW(keys[i]);
        TAP_REQUIRE(exchange_put("damaged", keys[i], test_bytes(damage[i])));
        TAP_CHECK(look("damaged") != SLW_OK);
        TAP_EQUAL_INT(export_to("damaged"), SLW_OK);
        TAP_CHECK(is_same_in("damaged", keys[i]));
        TAP_EQUAL_INT(look("damaged"), SLW_OK);
    }
    test_close();
}

static void refuses_before_anything_is_published(void)
{
    TAP_REQUIRE(test_open() && test_init() == SLW_OK);
    TAP_EQUAL_INT(export_to("nothing"), SLW_WRONG_STATE);
    TAP_CHECK(test_said("nothing is published"));
    TAP_EQUAL_INT(exchange_count("nothing", ""), 0);
    test_close();
}

static void refuses_the_export_of_another_repository(void)
{
    struct slw_heap_buffer before = {0};
    struct slw_heap_buffer after = {0};
    TAP_REQUIRE(test_open());
    test.now_utc_s += 10; /* its root expires at another time */
    TAP_REQUIRE(test_begin());
    TAP_REQUIRE(export_to("another") == SLW_OK);
    test_close();
    TAP_REQUIRE(make());
    TAP_REQUIRE(exchange_read("another", "metadata/timestamp.json", &before));
    TAP_EQUAL_INT(export_to("another"), SLW_WRONG_STATE);
    TAP_CHECK(test_said("metadata/1.root.json"));
    TAP_REQUIRE(exchange_read("another", "metadata/timestamp.json", &after));
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&before), slw_heap_bytes(&after)));
    TAP_EQUAL_INT(exchange_count("another", "targets"), 0);
    slw_heap_free(&before);
    slw_heap_free(&after);
    test_close();
}

/* What is wrong in the storage is found, named, and never brought to clients. */
static void refuses_what_isnt_signed(void)
{
    static const struct {
        const char *row;
        const char *prefix; /* of the object */
        const char *content;
        enum slw_status status;
    } rows[] = {
        {"a payload is gone", "targets/team/", "", SLW_MISSING_PAYLOAD},
        {"a payload of another content", "targets/a/", "One", SLW_WRONG_HASH},
        {"a payload that is too long", "targets/a/", "one more", SLW_WRONG_LENGTH},
        {"a payload that is too short", "targets/a/", "on", SLW_WRONG_LENGTH},
        {"a root is gone", "metadata/1.root", "", SLW_NOT_FOUND},
        {"a root is none", "metadata/1.root", "{}", SLW_MALFORMED},
        {"a bin is gone", "metadata/1.bins-2", "", SLW_NOT_FOUND},
        {"a bin is none", "metadata/1.bins-2", "{", SLW_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char key[SLW_TUF_KEY_SIZE];
        char name[32];
        struct slw_heap_buffer kept = {0};
        TAP_ROW(rows[i].row);
        TAP_REQUIRE(make() && key_of(rows[i].prefix, key));
        const struct slw_storage *storage = slw_memory_storage_port(test.memory);
        TAP_REQUIRE(storage->get(storage->context, key, 65536, &kept, &test_detail) == SLW_OK);
        TAP_REQUIRE(test_writer_open() == SLW_OK);
        TAP_REQUIRE(exchange_tamper(key, test_bytes(rows[i].content)));
        (void)snprintf(name, sizeof name, "refused-%zu", i);
        TAP_EQUAL_INT(export_to(name), rows[i].status);
        TAP_CHECK(test_said(key));
        TAP_EQUAL_INT(exchange_count(name, "metadata"), 0);
        TAP_REQUIRE(exchange_tamper(key, slw_heap_bytes(&kept)));
        TAP_EQUAL_INT(export_to(name), SLW_OK);
        TAP_EQUAL_INT(look(name), SLW_OK);
        slw_heap_free(&kept);
        test_close();
    }
}

/* Another writer of the storage may put anything there; the keys he hasn't. */
static void refuses_what_others_signed(void)
{
    static const struct {
        const char *key;
        enum slw_tuf_type type;
        const char *from;
        const char *to;
        enum test_key signer;
        enum slw_status status;
    } rows[] = {
        {"metadata/1.root.json", SLW_TUF_ROOT, "\"version\":1", "\"version\":1,\"x\":1", KEY_ROOT_2,
         SLW_ROOT_SELF_UNSIGNED},
        {"metadata/1.bins-2.json", SLW_TUF_TARGETS, "\"version\":1", "\"version\":1,\"x\":1",
         KEY_TEAM, SLW_BELOW_THRESHOLD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer forged = {0};
        TAP_ROW(rows[i].key);
        TAP_REQUIRE(make() && exchange_write("forged"));
        TAP_REQUIRE(exchange_edit_signed("forged", rows[i].key, rows[i].type, rows[i].from,
                                         rows[i].to, rows[i].signer));
        TAP_REQUIRE(exchange_read("forged", rows[i].key, &forged));
        TAP_REQUIRE(exchange_tamper(rows[i].key, slw_heap_bytes(&forged)));
        TAP_EQUAL_INT(export_to("from-forged"), rows[i].status);
        TAP_EQUAL_INT(exchange_count("from-forged", "metadata"), 0);
        slw_heap_free(&forged);
        test_close();
    }
}

static void refuses_a_root_that_its_predecessor_didnt_sign(void)
{
    struct slw_heap_buffer forged = {0};
    TAP_REQUIRE(make() && exchange_write("chain"));
    /* By the new root's key alone: signed by itself. */
    TAP_REQUIRE(exchange_edit_signed("chain", "metadata/2.root.json", SLW_TUF_ROOT, "\"version\":2",
                                     "\"version\":2", KEY_ROOT_2));
    TAP_REQUIRE(exchange_read("chain", "metadata/2.root.json", &forged));
    TAP_REQUIRE(exchange_tamper("metadata/2.root.json", slw_heap_bytes(&forged)));
    test_new_process();
    TAP_EQUAL_INT(export_to("from-chain"), SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(exchange_count("from-chain", ""), 0);
    slw_heap_free(&forged);
    test_close();
}

static void refuses_places_that_are_no_directory(void)
{
    struct slw_heap_buffer kept = {0};
    TAP_REQUIRE(make());
    TAP_REQUIRE(exchange_put("places", "file", test_bytes("kept")));
    TAP_EQUAL_INT(export_to("places/file"), SLW_IO);
    TAP_EQUAL_INT(export_to("places/no/such"), SLW_IO);
    /* Nothing is written through a link that leads elsewhere. */
    TAP_REQUIRE(mkdir(exchange_path("places/out"), 0755) == 0);
    TAP_REQUIRE(mkdir(exchange_path("places/linked"), 0755) == 0);
    TAP_REQUIRE(symlink("../out", exchange_path("places/linked/targets")) == 0);
    TAP_EQUAL_INT(export_to("places/linked"), SLW_IO);
    TAP_EQUAL_INT(exchange_count("places/out", ""), 0);
    /* A directory where a file should be. */
    TAP_REQUIRE(mkdir(exchange_path("places/full"), 0755) == 0);
    TAP_REQUIRE(mkdir(exchange_path("places/full/metadata"), 0755) == 0);
    TAP_REQUIRE(mkdir(exchange_path("places/full/metadata/timestamp.json"), 0755) == 0);
    TAP_EQUAL_INT(export_to("places/full"), SLW_IO);
    TAP_CHECK(exchange_read("places", "file", &kept));
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&kept), test_bytes("kept")));
    slw_heap_free(&kept);
    test_close();
}

static void passes_over_payloads_that_are_elsewhere_when_told(void)
{
    char key[SLW_TUF_KEY_SIZE];
    TAP_REQUIRE(make() && key_of("targets/a/", key));
    test.options.payloads_elsewhere = true;
    test_new_process();
    TAP_EQUAL_INT(export_to("elsewhere"), SLW_OK);
    TAP_CHECK(!test_told("payloads that are listed"));
    TAP_EQUAL_INT(exchange_count("elsewhere", "targets"), 4);
    TAP_REQUIRE(exchange_tamper(key, slw_bytes_make(NULL, 0)));
    TAP_REQUIRE(exchange_remove("elsewhere", key));
    TAP_EQUAL_INT(export_to("elsewhere"), SLW_OK);
    TAP_CHECK(test_told("1 payloads that are listed") && test_told(key));
    TAP_EQUAL_INT(exchange_count("elsewhere", "targets"), 3);
    /* One that is there and wrong is still refused. */
    TAP_REQUIRE(exchange_tamper(key, test_bytes("One")));
    TAP_EQUAL_INT(export_to("elsewhere"), SLW_WRONG_HASH);
    test_close();
}

static enum slw_status get_no_payload(void *context, const char *key, size_t limit,
                                      struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    (void)context;
    if (strncmp(key, "targets/", 8) == 0) {
        return slw_explain(detail, SLW_NO_SPACE, "%s: too large for memory", key);
    }
    return storage->get(storage->context, key, limit, ret_bytes, detail);
}

static enum slw_status read_little(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                   size_t len, struct slw_detail *detail)
{
    const struct slw_storage *storage = slw_memory_storage_port(test.memory);
    (void)context;
    if (len > 131072) {
        return slw_explain(detail, SLW_NO_SPACE, "%s: too large for memory", key);
    }
    return storage->read(storage->context, key, offset, buffer, len, detail);
}

static void reads_payloads_piece_by_piece(void)
{
    TAP_REQUIRE(make());
    struct slw_storage storage = *slw_memory_storage_port(test.memory);
    storage.get = get_no_payload;
    storage.read = read_little;
    test_new_process();
    test.options.storage = &storage;
    TAP_EQUAL_INT(export_to("pieces"), SLW_OK);
    TAP_EQUAL_INT(look("pieces"), SLW_OK);
    TAP_CHECK(strcmp(state, exchange_state) == 0);
    test_close();
}

static void leaves_an_earlier_export_good_when_the_storage_fails(void)
{
    TAP_REQUIRE(make());
    TAP_REQUIRE(export_to("faults") == SLW_OK);
    TAP_REQUIRE(test_add("targets", "three", "3") == SLW_OK && test_prepare() == SLW_OK &&
                test_sign("targets", KEY_TARGETS) == SLW_OK && test_publish() == SLW_OK);
    uint64_t failures = 0;
    for (uint64_t at = 1;; at++) {
        test.faulty.calls = 0;
        test.faulty.fail_at = at;
        enum slw_status status = export_to("faults");
        if (status == SLW_OK) {
            break;
        }
        failures++;
        TAP_EQUAL_INT(status, SLW_IO);
        TAP_CHECK(test_said("made to fail"));
        TAP_EQUAL_INT(look("faults"), SLW_OK);
        TAP_CHECK(strcmp(state, exchange_state) == 0);
        TAP_REQUIRE(failures < 1000);
    }
    TAP_CHECK(failures > 10);
    TAP_EQUAL_INT(look("faults"), SLW_OK);
    TAP_CHECK(strstr(state, "targets: three 1") != NULL);
    test_close();
}

int main(void)
{
    if (!exchange_begin()) {
        (void)fprintf(stderr, "no temporary directory\n");
        return 1;
    }
    TAP_RUN(exports_what_clients_need);
    TAP_RUN(exports_nothing_that_is_staged);
    TAP_RUN(brings_an_earlier_export_up_to_date);
    TAP_RUN(mends_what_was_damaged_in_an_earlier_export);
    TAP_RUN(refuses_before_anything_is_published);
    TAP_RUN(refuses_the_export_of_another_repository);
    TAP_RUN(refuses_what_isnt_signed);
    TAP_RUN(refuses_what_others_signed);
    TAP_RUN(refuses_a_root_that_its_predecessor_didnt_sign);
    TAP_RUN(refuses_places_that_are_no_directory);
    TAP_RUN(passes_over_payloads_that_are_elsewhere_when_told);
    TAP_RUN(reads_payloads_piece_by_piece);
    TAP_RUN(leaves_an_earlier_export_good_when_the_storage_fails);
    slw_heap_free(&first_root);
    int result = tap_finish();
    exchange_end();
    return result;
}
