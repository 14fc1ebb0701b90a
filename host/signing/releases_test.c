/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the last release of a product in a real log, of sizes around those of tiles, and with
 * every file of it changed, cut, longer, away, or of another log.
 */
#include "slipway/log.h"
#include "slipway/signer_releases.h"

#include "remove_tree.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum damage { NONE, FLIP, CUT, LONGER, AWAY };

static struct slw_detail detail;

struct test_log {
    char directory[64];
    char path[80];
    struct slw_private_key *key;
    struct slw_note_signer signer;
    struct slw_log *log;
    const char *damaged; /* the beginning of the paths that are damaged */
    enum damage damage;
    size_t at;     /* which byte, modulo the length */
    unsigned hits; /* how often a damaged file was read */
};

static enum slw_status read_file(void *context, const char *path, size_t limit,
                                 struct slw_heap_buffer *ret_bytes, struct slw_detail *why)
{
    struct test_log *test = context;
    uint64_t total = 0;
    size_t before = ret_bytes->len;
    bool damaged =
        test->damaged != NULL && strncmp(path, test->damaged, strlen(test->damaged)) == 0;
    test->hits += damaged;
    if (damaged && test->damage == AWAY) {
        return slw_explain(why, SLW_NOT_FOUND, "%s: away", path);
    }
    SLW_TRY(slw_log_serve(test->log, slw_bytes_make(path, strlen(path)), 0, limit, ret_bytes,
                          &total, why));
    size_t len = ret_bytes->len - before;
    if (damaged && test->damage == FLIP) {
        ret_bytes->ptr[before + test->at % len] ^= 1;
    } else if (damaged && test->damage == CUT) {
        ret_bytes->len -= 1 + test->at % len;
    } else if (damaged && test->damage == LONGER) {
        slw_heap_append_text(ret_bytes, "x");
    }
    return SLW_OK;
}

static bool setup(struct test_log *test)
{
    memset(test, 0, sizeof *test);
    (void)snprintf(test->directory, sizeof test->directory, "/tmp/slipway-releases-XXXXXX");
    if (mkdtemp(test->directory) == NULL) {
        return false;
    }
    (void)snprintf(test->path, sizeof test->path, "%s/log", test->directory);
    struct slw_log_settings settings = {test->path, &test->signer, NULL};
    return slw_private_key_generate(SLW_KEY_TYPE_ED25519, &test->key, &detail) == SLW_OK &&
           slw_note_signer_init(test->key, SLW_BYTES_OF("log.example"), SLW_NOTE_ED25519,
                                &test->signer, &detail) == SLW_OK &&
           slw_log_create(&settings, &test->log, &detail) == SLW_OK;
}

static void teardown(struct test_log *test)
{
    slw_log_close(test->log);
    slw_private_key_free(test->key);
    remove_tree(test->directory);
}

static bool append_records(struct test_log *test, unsigned count)
{
    uint64_t index = 0;
    for (unsigned i = 0; i < count; i++) {
        if (slw_log_append_record(test->log, SLW_BYTES_OF("{}"), &index, &detail) != SLW_OK) {
            return false;
        }
    }
    return count == 0 || slw_log_commit(test->log, &detail) == SLW_OK;
}

/* A release and the record of its signature: with these members; NULL: without a record. */
static bool append_signed(struct test_log *test, const char *product, uint32_t version,
                          const char *record, uint64_t *ret_index)
{
    uint8_t digest[SLW_SHA256_SIZE] = {(uint8_t)version, 7};
    char text[256];
    uint64_t behind = 0;
    if (slw_log_append_release(test->log, slw_bytes_make(product, strlen(product)), version, digest,
                               ret_index, &detail) != SLW_OK) {
        return false;
    }
    if (record != NULL) {
        (void)snprintf(text, sizeof text, "{\"leaf\":%llu,%s}", (unsigned long long)*ret_index,
                       record);
        if (slw_log_append_record(test->log, slw_bytes_make(text, strlen(text)), &behind,
                                  &detail) != SLW_OK) {
            return false;
        }
    }
    return slw_log_commit(test->log, &detail) == SLW_OK;
}

static bool append_release(struct test_log *test, const char *product, uint32_t version,
                           uint64_t *ret_index)
{
    return append_signed(test, product, version, "\"class\":\"prod\",\"kind\":\"signature\"",
                         ret_index);
}

static enum slw_status find_of(struct test_log *test, const char *product,
                               enum slw_key_class key_class, struct slw_signer_release *ret_release)
{
    const struct slw_signer_log_files files = {test, read_file};
    detail.text[0] = '\0';
    return slw_signer_last_release(&files, &test->signer.key,
                                   slw_bytes_make(product, strlen(product)), key_class, ret_release,
                                   &detail);
}

static enum slw_status find(struct test_log *test, const char *product,
                            struct slw_signer_release *ret_release)
{
    return find_of(test, product, SLW_KEY_CLASS_PROD, ret_release);
}

static void finds_the_last_release_of_the_product(void)
{
    static struct test_log test;
    struct slw_signer_release release = {0};
    uint64_t index = 0;
    TAP_REQUIRE(setup(&test) && append_records(&test, 1));
    TAP_REQUIRE(find(&test, "lamp", &release) == SLW_OK);
    TAP_CHECK(!release.found);
    TAP_EQUAL_INT(release.log_size, 1);
    TAP_REQUIRE(append_release(&test, "lamp", 3, &index) &&
                append_release(&test, "lamp", 5, &index));
    uint64_t lamp = index;
    TAP_REQUIRE(append_release(&test, "lamp2", 9, &index) &&
                append_release(&test, "lam", 9, &index));
    TAP_REQUIRE(find(&test, "lamp", &release) == SLW_OK);
    TAP_CHECK(release.found && release.version == 5 && release.index == lamp);
    TAP_EQUAL_INT(release.digest[0], 5);
    TAP_REQUIRE(find(&test, "Lamp", &release) == SLW_OK);
    TAP_CHECK(!release.found);
    teardown(&test);
}

static void finds_it_in_logs_of_many_sizes(void)
{
    static struct test_log test;
    static const unsigned steps[] = {1, 2, 120, 130, 1, 1, 1, 254, 1, 2, 300, 700, 500};
    struct slw_signer_release release = {0};
    uint64_t index = 0;
    TAP_REQUIRE(setup(&test) && append_release(&test, "lamp", 1, &index));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        TAP_REQUIRE(append_records(&test, steps[i]));
        TAP_REQUIRE(find(&test, "lamp", &release) == SLW_OK);
        TAP_CHECK(release.found && release.index == 0 && release.version == 1);
        TAP_EQUAL_INT(release.log_size, slw_log_size(test.log));
    }
    teardown(&test);
}

static void believes_nothing_that_was_changed(void)
{
    static struct test_log test;
    static const char *const paths[] = {"checkpoint", "tile/entries/001", "tile/entries/000",
                                        "tile/0/002", "tile/1/000",       "records/000"};
    static const enum damage damages[] = {FLIP, CUT, LONGER, AWAY};
    uint64_t index = 0;
    TAP_REQUIRE(setup(&test) && append_release(&test, "lamp", 1, &index) &&
                append_records(&test, 590));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (size_t j = 0; j < sizeof damages / sizeof damages[0]; j++) {
            for (size_t at = 0; at < 40; at++) {
                struct slw_signer_release release = {.version = 77};
                test.damaged = paths[i];
                test.damage = damages[j];
                test.at = at * 211;
                test.hits = 0;
                TAP_ROW(paths[i]);
                enum slw_status status = find(&test, "lamp", &release);
                /* A hash that no proof needs may be anything: then all of the answer is right. */
                bool is_hash = paths[i][5] == '0' || paths[i][5] == '1';
                /* So may records of other entries, which stand in the same file. */
                bool is_records = paths[i][0] == 'r' && damages[j] != AWAY;
                bool unneeded = (test.hits == 0 || (is_hash && damages[j] == FLIP) || is_records) &&
                                status == SLW_OK && release.index == 0 && release.version == 1;
                TAP_CHECK(unneeded || (status != SLW_OK && release.version == 77));
                TAP_CHECK(unneeded || detail.text[0] != '\0');
            }
        }
    }
    TAP_ROW(NULL);
    test.damaged = NULL;
    struct slw_signer_release release = {0};
    TAP_EQUAL_INT(find(&test, "lamp", &release), SLW_OK);
    teardown(&test);
}

static void believes_no_log_of_another_key(void)
{
    static struct test_log test;
    static struct test_log other;
    uint64_t index = 0;
    struct slw_signer_release release = {0};
    TAP_REQUIRE(setup(&test) && setup(&other) && append_release(&test, "lamp", 1, &index));
    const struct slw_signer_log_files files = {&test, read_file};
    TAP_CHECK(slw_signer_last_release(&files, &other.signer.key, SLW_BYTES_OF("lamp"),
                                      SLW_KEY_CLASS_PROD, &release, &detail) != SLW_OK);
    TAP_CHECK(!release.found);
    teardown(&test);
    teardown(&other);
}

static void takes_releases_of_its_class_alone(void)
{
    static struct test_log test;
    struct slw_signer_release release = {0};
    uint64_t prod = 0;
    uint64_t index = 0;
    TAP_REQUIRE(setup(&test) && append_release(&test, "lamp", 1, &prod));
    /* So many that the record of one stands in the next tile, whichever is asked for. */
    for (uint32_t version = 2; version <= 260; version++) {
        TAP_REQUIRE(append_signed(&test, "lamp", version,
                                  "\"class\":\"test\",\"kind\":\"signature\"", &index));
        if (version % 2 == 0) {
            TAP_REQUIRE(append_records(&test, 1));
        }
    }
    TAP_EQUAL_INT(find(&test, "lamp", &release), SLW_OK);
    TAP_CHECK(release.found && release.index == prod && release.version == 1);
    TAP_EQUAL_INT(release.log_size, slw_log_size(test.log));
    TAP_EQUAL_INT(find_of(&test, "lamp", SLW_KEY_CLASS_TEST, &release), SLW_OK);
    TAP_CHECK(release.found && release.index == index && release.version == 260);
    TAP_EQUAL_INT(find_of(&test, "lamp", SLW_KEY_CLASS_DEV, &release), SLW_OK);
    TAP_CHECK(!release.found);
    teardown(&test);
}

/* Whichever place in a tile a release has: its record may be the first of the next. */
static void finds_records_at_every_place(void)
{
    static struct test_log test;
    struct slw_signer_release release = {0};
    uint64_t index = 0;
    TAP_REQUIRE(setup(&test) && append_records(&test, 253));
    for (uint32_t version = 1; version <= 4; version++) {
        TAP_REQUIRE(append_release(&test, "lamp", version, &index));
        TAP_EQUAL_INT(find(&test, "lamp", &release), SLW_OK);
        TAP_CHECK(release.found && release.index == index && release.version == version);
    }
    teardown(&test);
}

static void refuses_releases_without_their_record(void)
{
    static const char *const records[] = {
        NULL,
        "\"class\":\"prod\",\"kind\":\"refusal\"",
        "\"class\":\"prod\"",
        "\"kind\":\"signature\",\"more\":1",
    };
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        static struct test_log test;
        struct slw_signer_release release = {.version = 77};
        uint64_t index = 0;
        bool says_no_class = i == 3; /* that is a signature, of another class */
        TAP_ROW(records[i] == NULL ? "none" : records[i]);
        TAP_REQUIRE(setup(&test) && append_signed(&test, "lamp", 1, records[i], &index) &&
                    append_signed(&test, "bell", 1, NULL, &index));
        TAP_EQUAL_INT(find(&test, "lamp", &release), says_no_class ? SLW_OK : SLW_BAD_PROOF);
        TAP_CHECK(says_no_class ? !release.found : release.version == 77);
        teardown(&test);
    }
}

/* A record of another release of the same product. */
static void refuses_a_record_of_another_leaf(void)
{
    static struct test_log test;
    struct slw_signer_release release = {.version = 77};
    const uint8_t digest[SLW_SHA256_SIZE] = {9};
    uint64_t index = 0;
    TAP_REQUIRE(setup(&test) && append_release(&test, "lamp", 1, &index));
    TAP_REQUIRE(slw_log_append_release(test.log, SLW_BYTES_OF("lamp"), 2, digest, &index,
                                       &detail) == SLW_OK);
    TAP_REQUIRE(slw_log_append_record(
                    test.log,
                    SLW_BYTES_OF("{\"leaf\":0,\"class\":\"prod\",\"kind\":\"signature\"}"), &index,
                    &detail) == SLW_OK &&
                slw_log_commit(test.log, &detail) == SLW_OK);
    TAP_EQUAL_INT(find(&test, "lamp", &release), SLW_BAD_PROOF);
    TAP_EQUAL_INT(release.version, 77);
    teardown(&test);
}

/* The newest release can't be kept back by serving an older log's entries under a newer one. */
static void misses_no_newer_release(void)
{
    static struct test_log test;
    uint64_t index = 0;
    struct slw_signer_release release = {0};
    TAP_REQUIRE(setup(&test));
    for (uint32_t version = 1; version <= 300; version++) {
        TAP_REQUIRE(append_release(&test, version % 7 == 0 ? "lamp" : "bell", version, &index));
        if (version % 50 == 0) {
            TAP_REQUIRE(find(&test, "lamp", &release) == SLW_OK);
            TAP_EQUAL_INT(release.version, version / 7 * 7);
        }
    }
    teardown(&test);
}

int main(void)
{
    TAP_RUN(finds_the_last_release_of_the_product);
    TAP_RUN(finds_it_in_logs_of_many_sizes);
    TAP_RUN(believes_nothing_that_was_changed);
    TAP_RUN(believes_no_log_of_another_key);
    TAP_RUN(misses_no_newer_release);
    TAP_RUN(takes_releases_of_its_class_alone);
    TAP_RUN(finds_records_at_every_place);
    TAP_RUN(refuses_releases_without_their_record);
    TAP_RUN(refuses_a_record_of_another_leaf);
    return tap_finish();
}
