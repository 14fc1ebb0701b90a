/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of logs that are good, cut, forked, changed, or say what can't be together.
 */
#include "test_audit.h"

#include "slipway/base64.h"
#include "slipway/files.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct slw_detail detail;

/* Numbers of a release's signature record, each of which may be wrong. */
struct release {
    uint32_t version;
    uint32_t said_version;
    const char *content;
    const char *said_content;
    const char *product;
    int leaf; /* difference to the right index */
};

/* Who signs; NULL: the service's key. */
static const struct slw_private_key *signs;

/* What its record says that it counts in; NULL: the usual. */
static const char *scope;

/* What ci asks for, and ada approves. */
static void ask(struct test_log *test, const struct test_audit_metadata *metadata,
                uint8_t ret_request[static SLW_SHA256_SIZE])
{
    const struct test_audit_asking asking = {.key = NULL};
    test_audit_ask(test, &asking, ret_request);
    const struct test_audit_answer approval = {
        .request = ret_request, .content = metadata->content, .sha256 = metadata->sha256};
    test_audit_answer(test, &approval);
}

static void add_signature(struct test_log *test, const struct release *release,
                          const struct test_audit_metadata *metadata, const uint8_t *request,
                          uint64_t leaf)
{
    struct test_audit_metadata said;
    test_audit_metadata(release->version, release->said_content, &said);
    const struct test_audit_signature signature = {
        .request = request,
        .metadata = slw_heap_bytes(&metadata->bytes),
        .sha256 = said.sha256,
        .version = release->said_version,
        .leaf = leaf,
        .scope = scope,
        .product = release->product,
        .signer = signs,
    };
    test_audit_signature(test, &signature);
    slw_heap_free(&said.bytes);
}

/* By a request of its own, without a leaf of its own. */
static void sign_again(struct test_log *test, const struct release *release, uint64_t leaf)
{
    struct test_audit_metadata metadata;
    uint8_t request[SLW_SHA256_SIZE];
    test_audit_metadata(release->version, release->content, &metadata);
    ask(test, &metadata, request);
    add_signature(test, release, &metadata, request, leaf);
    slw_heap_free(&metadata.bytes);
}

/* The index of its leaf. */
static uint64_t add_release(struct test_log *test, const struct release *release)
{
    struct test_audit_metadata metadata;
    uint8_t request[SLW_SHA256_SIZE];
    uint64_t leaf = 0;
    test_audit_metadata(release->version, release->content, &metadata);
    ask(test, &metadata, request);
    TAP_EQUAL_INT(slw_log_append_release(test->log, SLW_BYTES_OF("lamp"), release->version,
                                         metadata.sha256, &leaf, &detail),
                  SLW_OK);
    add_signature(test, release, &metadata, request, (uint64_t)((int64_t)leaf + release->leaf));
    slw_heap_free(&metadata.bytes);
    return leaf;
}

static uint64_t add_good_release(struct test_log *test, uint32_t version)
{
    char content[32];
    (void)snprintf(content, sizeof content, "release %u", version);
    const struct release release = {version, version, content, content, "lamp", 0};
    return add_release(test, &release);
}

static void verifies_a_good_log_of_any_size(void)
{
    struct test_log test;
    size_t findings = 1;
    TAP_REQUIRE(test_audit_setup(&test));
    for (uint32_t version = 1; version <= 210; version++) {
        (void)add_good_release(&test, version);
        if (version % 37 == 0 || version < 6 || (version > 61 && version < 66)) {
            test_audit_commit(&test);
            TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
            TAP_EQUAL_INT(findings, 0);
        }
    }
    test_log_teardown(&test);
}

static void state_path(const struct test_log *test, char ret_path[static 128])
{
    (void)snprintf(ret_path, 128, "%s/state", test->directory);
}

static void goes_on_from_what_it_saved(void)
{
    struct test_log test;
    char path[128];
    TAP_REQUIRE(test_audit_setup(&test));
    state_path(&test, path);
    for (uint32_t version = 1; version <= 150; version++) {
        (void)add_good_release(&test, version);
        if (version % 14 != 0) {
            continue;
        }
        test_audit_commit(&test);
        struct slw_audit audit = test_auditor(&test);
        struct slw_audit_source source = slw_audit_directory(test.path);
        TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
        TAP_EQUAL_INT(audit.findings_count, 0);
        TAP_EQUAL_INT(audit.size, slw_log_size(test.log));
        TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
        slw_audit_free(&audit);
    }
    (void)add_good_release(&test, 7); /* the same once more is fine */
    const struct release other = {8, 8, "other", "other", "lamp", 0};
    (void)add_release(&test, &other); /* other content isn't, though it was long ago */
    test_audit_commit(&test);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 1);
    TAP_CHECK(strstr(audit.findings[0], "version 8 was signed before") != NULL);
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

static void finds_what_cannot_be_together(void)
{
    static const struct release releases[] = {
        {1, 2, "a", "a", "lamp", 0}, /* another version */
        {1, 1, "a", "b", "lamp", 0}, /* another content (and metadata) */
        {1, 1, "a", "a", "lamq", 0}, /* another product */
        {1, 1, "a", "a", "lamp", -1}, {1, 1, "a", "a", "lamp", 1}, {1, 1, "a", "a", "lamp", 100},
    };
    static const char *const records[] = {
        "{\"kind\":\"refusal\",\"time\":\"2026-01-01T00:00:00Z\"}", /* time fell */
        "{\"kind\":\"refusal\"}",
        "{\"kind\":\"refusal\",\"time\":\"tomorrow\"}",
        "{\"kind\":\"refusal\",\"time\":\"1d\"}",
        "{\"kind\":\"party\",\"time\":\"2026-01-03T00:00:00Z\"}",
        "{\"time\":\"2026-01-03T00:00:00Z\"}",
        "[]",
        "no json",
        ("{\"kind\":\"administrators\",\"origin\":\"example.com/log\","
         "\"time\":\"2026-01-03T00:00:00Z\"}"),
        "{\"kind\":\"policy\",\"time\":\"2026-01-03T00:00:00Z\",\"version\":1}",
        "{\"kind\":\"policy\",\"time\":\"2026-01-03T00:00:00Z\",\"version\":0}",
        "{\"kind\":\"policy\",\"time\":\"2026-01-03T00:00:00Z\"}",
        "{\"kind\":\"signature\",\"time\":\"2026-01-03T00:00:00Z\",\"operation\":\"sign-root\"}",
        "{\"kind\":\"signature\",\"time\":\"2026-01-03T00:00:00Z\",\"operation\":\"sign-targets\"}",
    };
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        struct test_log test;
        size_t findings = 0;
        TAP_REQUIRE(test_audit_setup(&test));
        (void)add_release(&test, &releases[i]);
        test_audit_commit(&test);
        TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
        TAP_CHECK(findings > 0);
        test_log_teardown(&test);
    }
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct test_log test;
        size_t findings = 0;
        TAP_ROW(records[i]);
        TAP_REQUIRE(test_audit_setup(&test));
        test_audit_record(&test, records[i]);
        test_audit_commit(&test);
        TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
        TAP_CHECK(findings > 0);
        test_log_teardown(&test);
    }
}

/* And that alone: another finding may not stand for it. */
static void says_what_it_finds(void)
{
    static const struct release other_content = {1, 1, "b", "b", "lamp", 0};
    struct test_log test;
    struct test_audit_metadata metadata;
    uint64_t leaf = 0;
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_record(&test, "{\"kind\":\"administrators\",\"origin\":\"example.com/log\","
                             "\"time\":\"2026-01-03T00:00:00Z\"}");
    TAP_CHECK(test_audit_finds(&test, "administrators for a second time"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_metadata(1, "a", &metadata);
    TAP_REQUIRE(slw_log_append_release(test.log, SLW_BYTES_OF("lamp"), 1, metadata.sha256, &leaf,
                                       &detail) == SLW_OK);
    slw_heap_free(&metadata.bytes);
    sign_again(&test, &other_content, leaf);
    TAP_CHECK(test_audit_finds(&test, "a signature of something else than release"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    signs = test_ada;
    (void)add_good_release(&test, 1);
    signs = NULL;
    TAP_CHECK(test_audit_finds(&test, "a signature by a key that no policy names"));
    test_log_teardown(&test);
}

/* Who asks for the same once more gets the stored signature, and the log a record of that. */
static void takes_a_signature_that_was_asked_for_again(void)
{
    struct test_log test;
    char path[128];
    size_t findings = 1;
    TAP_REQUIRE(test_audit_setup(&test));
    state_path(&test, path);
    const uint64_t leaf = add_good_release(&test, 1);
    test_audit_commit(&test);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    const struct release again = {1, 1, "release 1", "release 1", "lamp", 0};
    sign_again(&test, &again, leaf);
    test_audit_commit(&test);
    TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 0);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 0);
    const struct release other = {1, 1, "release 2", "release 2", "lamp", 0};
    sign_again(&test, &other, leaf); /* other content, another entry, another version */
    sign_again(&test, &again, leaf + 1);
    const struct release higher = {2, 2, "release 1", "release 1", "lamp", 0};
    sign_again(&test, &higher, leaf);
    test_audit_commit(&test);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 4); /* the first is a version of two contents, too */
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

/* By two keys, or by requests that were under way at once: any of them is what was signed again. */
static void takes_each_of_several_releases_of_one_content(void)
{
    struct test_log test;
    char path[128];
    const struct release again = {1, 1, "release 1", "release 1", "lamp", 0};
    TAP_REQUIRE(test_audit_setup(&test));
    state_path(&test, path);
    const uint64_t first = add_good_release(&test, 1);
    const uint64_t second = add_good_release(&test, 1);
    TAP_CHECK(test_audit_finds(&test, NULL));
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    sign_again(&test, &again, second);
    sign_again(&test, &again, first);
    TAP_CHECK(test_audit_finds(&test, NULL));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 0);
    slw_audit_free(&audit);
    sign_again(&test, &again, second + 1);
    TAP_CHECK(test_audit_finds(&test, "a signature that names entry 9, which isn't its release"));
    test_log_teardown(&test);
}

/* A version twice with other content: not unseen by saying that they are of different things. */
static void finds_a_version_that_is_said_to_be_of_something_else(void)
{
    static const struct {
        const char *scope, *finding;
    } rows[] = {
        {"\"class\":\"prod\",\"mark\":\"lamp/prod\"", "version 1 was signed before"},
        {"\"class\":\"test\"", "that its key isn't for"},
        {"\"class\":\"test\",\"mark\":\"lamp/test\"", "that its key isn't for"},
        {"\"class\":\"prod\",\"mark\":\"lamp/test\"", "counts in the versions of something else"},
        {"\"class\":\"prod\",\"mark\":\"lamp/pro\"", "counts in the versions of something else"},
    };
    static const struct release other = {1, 1, "other", "other", "lamp", 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        TAP_ROW(rows[i].scope);
        TAP_REQUIRE(test_audit_setup(&test));
        (void)add_good_release(&test, 1);
        scope = rows[i].scope;
        (void)add_release(&test, &other);
        scope = NULL;
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
}

static void finds_releases_that_nobody_accounts_for(void)
{
    struct test_log test;
    uint8_t digest[SLW_SHA256_SIZE] = {1};
    uint64_t index = 0;
    size_t findings = 0;
    TAP_REQUIRE(test_audit_setup(&test));
    TAP_EQUAL_INT(
        slw_log_append_release(test.log, SLW_BYTES_OF("lamp"), 1, digest, &index, &detail), SLW_OK);
    test_audit_commit(&test);
    TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 1);
    test_log_teardown(&test);
}

static void finds_a_log_that_begins_otherwise(void)
{
    static const char *const firsts[] = {
        "{\"kind\":\"refusal\",\"time\":\"2026-01-01T00:00:00Z\"}",
        ("{\"kind\":\"administrators\",\"origin\":\"example.com/other\","
         "\"time\":\"2026-01-01T00:00:00Z\"}"),
        "{\"kind\":\"administrators\",\"time\":\"2026-01-01T00:00:00Z\"}",
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct test_log test;
        size_t findings = 0;
        TAP_REQUIRE(test_log_setup(&test, NULL));
        test_audit_record(&test, firsts[i]);
        test_audit_commit(&test);
        TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
        TAP_EQUAL_INT(findings, 1);
        test_log_teardown(&test);
    }
}

static void change_byte(const struct test_log *test, const char *name, off_t place)
{
    char path[256];
    uint8_t byte = 0;
    (void)snprintf(path, sizeof path, "%s/%s", test->path, name);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    TAP_REQUIRE(descriptor >= 0);
    off_t at = place >= 0 ? place : lseek(descriptor, 0, SEEK_END) + place;
    TAP_CHECK(pread(descriptor, &byte, 1, at) == 1);
    byte ^= 1;
    TAP_CHECK(pwrite(descriptor, &byte, 1, at) == 1);
    (void)close(descriptor);
}

static void refuses_every_changed_file(void)
{
    static const struct {
        const char *name;
        off_t place;
        enum slw_status status;
    } rows[] = {
        {"tile/0/000", 0, SLW_LOG_DAMAGED},
        {"tile/0/000", 8191, SLW_LOG_DAMAGED},
        {"tile/0/001.p/46", 40, SLW_LOG_DAMAGED},
        {"tile/1/000.p/1", 5, SLW_LOG_DAMAGED},
        {"tile/entries/000", 0, SLW_LOG_DAMAGED},
        {"tile/entries/000", 100, SLW_LOG_DAMAGED},
        {"tile/entries/001.p/46", 30, SLW_LOG_DAMAGED},
        {"records/000", 0, SLW_LOG_DAMAGED},
        {"records/000", 6, SLW_LOG_DAMAGED}, /* a salt */
        {"records/000", 40, SLW_LOG_DAMAGED},
        {"records/001", -2, SLW_LOG_DAMAGED},
        {"checkpoint", 0, SLW_BAD_SIGNATURE},
        {"checkpoint", 18, SLW_BAD_SIGNATURE},
        {"checkpoint", -3, SLW_MALFORMED}, /* base64 with bits that mean nothing */
        {"checkpoint", -9, SLW_BAD_SIGNATURE},
    };
    struct test_log test;
    size_t findings = 0;
    TAP_REQUIRE(test_audit_setup(&test));
    for (uint32_t version = 1; version <= 75; version++) {
        (void)add_good_release(&test, version);
    }
    test_audit_commit(&test);
    TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        change_byte(&test, rows[i].name, rows[i].place);
        enum slw_status status = test_audit_all(&test, &findings);
        TAP_CHECK(
            status == rows[i].status ||
            (rows[i].name[0] == 'c' && (status == SLW_BAD_SIGNATURE || status == SLW_MALFORMED)));
        change_byte(&test, rows[i].name, rows[i].place);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
    test_log_teardown(&test);
}

/* Two logs of one key, as a dishonest service would show to different people. */
static void finds_cuts_and_forks(void)
{
    struct test_log first;
    struct test_log second;
    TAP_REQUIRE(test_audit_setup(&first) && test_audit_setup(&second));
    slw_log_close(second.log);
    second.log = NULL;
    remove_tree(second.path);
    struct slw_log_settings settings = {second.path, &first.signer, test_log_quick()};
    TAP_EQUAL_INT(slw_log_create(&settings, &second.log, &detail), SLW_OK);
    test_audit_administrators(&second);
    test_audit_commit(&second);
    (void)add_good_release(&first, 1);
    test_audit_commit(&first);
    struct slw_audit audit = test_auditor(&first);
    struct slw_audit_source source = slw_audit_directory(first.path);
    struct slw_audit_source other = slw_audit_directory(second.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.size, 6);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_BEHIND);
    test_audit_record(&second, "{\"kind\":\"refusal\",\"time\":\"2026-01-02T00:00:00Z\"}");
    (void)add_good_release(&second, 1);
    test_audit_commit(&second);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_DAMAGED);
    TAP_CHECK(strstr(detail.text, "two checkpoints of 6 entries") != NULL);
    (void)add_good_release(&second, 2);
    test_audit_commit(&second);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_DAMAGED);
    TAP_CHECK(strstr(detail.text, "a fork") != NULL);
    TAP_EQUAL_INT(audit.size, 6); /* and nothing of it was believed */
    (void)add_good_release(&first, 2);
    test_audit_commit(&first);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.size, 10);
    slw_audit_free(&audit);
    test_log_teardown(&second);
    test_log_teardown(&first);
}

static void asks_for_its_quorum(void)
{
    struct test_log test;
    struct slw_private_key *key = NULL;
    struct slw_note_signer witness;
    struct slw_heap_buffer line = {0};
    struct slw_note note;
    TAP_REQUIRE(test_audit_setup(&test));
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &detail), SLW_OK);
    TAP_EQUAL_INT(
        slw_note_signer_init(key, SLW_BYTES_OF("w1"), SLW_NOTE_COSIGNATURE, &witness, &detail),
        SLW_OK);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    audit.settings.witnesses = &witness.key;
    audit.settings.witness_count = 1;
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    audit.settings.quorum = 1;
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_NO_WITNESSES);
    TAP_EQUAL_INT(slw_note_parse("c", slw_log_checkpoint(test.log), &note, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_sign_text(&witness, note.text, 1700000000, &line, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_log_publish_cosignatures(test.log, 2, slw_heap_bytes(&line), &detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.cosigned, 1);
    slw_audit_free(&audit);
    slw_private_key_free(key);
    slw_heap_free(&line);
    test_log_teardown(&test);
}

static void refuses_a_state_that_it_did_not_save(void)
{
    struct test_log test;
    char path[128];
    struct slw_heap_buffer kept = {0};
    TAP_REQUIRE(test_audit_setup(&test));
    (void)add_good_release(&test, 1);
    test_audit_commit(&test);
    state_path(&test, path);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_file_read(path, 1u << 20, &kept, &detail), SLW_OK);
    for (size_t len = 0; len < kept.len; len += 7) {
        TAP_EQUAL_INT(slw_file_write(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY,
                                     slw_bytes_make(kept.ptr, len), &detail),
                      SLW_OK);
        TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
    }
    TAP_EQUAL_INT(slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&kept), &detail), SLW_OK);
    struct slw_note_key other = test.signer.key;
    (void)snprintf(other.name, sizeof other.name, "example.com/other");
    struct slw_audit stranger = {.settings = {.log_key = &other}};
    TAP_EQUAL_INT(slw_audit_load(&stranger, path, &detail), SLW_STORED_STATE);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    slw_audit_free(&audit);
    slw_heap_free(&kept);
    test_log_teardown(&test);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    TAP_RUN(verifies_a_good_log_of_any_size);
    TAP_RUN(goes_on_from_what_it_saved);
    TAP_RUN(finds_what_cannot_be_together);
    TAP_RUN(says_what_it_finds);
    TAP_RUN(takes_a_signature_that_was_asked_for_again);
    TAP_RUN(takes_each_of_several_releases_of_one_content);
    TAP_RUN(finds_a_version_that_is_said_to_be_of_something_else);
    TAP_RUN(finds_releases_that_nobody_accounts_for);
    TAP_RUN(finds_a_log_that_begins_otherwise);
    TAP_RUN(refuses_every_changed_file);
    TAP_RUN(finds_cuts_and_forks);
    TAP_RUN(asks_for_its_quorum);
    TAP_RUN(refuses_a_state_that_it_did_not_save);
    test_audit_free_keys();
    return tap_finish();
}
