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

static void digest_of(const char *text, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(text, strlen(text)));
    slw_sha256_final(&hash, ret_digest);
}

/* Who signs; NULL: the service's key. */
static const struct slw_private_key *signs;

/* What its record says that it counts in. */
static const char usual_scope[] = "\"class\":\"prod\"";
static const char *scope = usual_scope;

static void add_signature(struct test_log *test, const struct release *release, uint64_t leaf)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_bytes content = slw_bytes_make(release->content, strlen(release->content));
    struct slw_heap_buffer text = {0};
    digest_of(release->said_content, digest);
    const struct slw_private_key *key = signs == NULL ? test_signing : signs;
    TAP_EQUAL_INT(slw_private_key_sign(key, content, signature, &detail), SLW_OK);
    slw_heap_printf(&text, "{%s,\"key_id\":\"", scope);
    test_audit_hex(slw_bytes_make(slw_private_key_public(key)->id, SLW_SHA256_SIZE), &text);
    slw_heap_printf(&text, "\",\"kind\":\"signature\",\"leaf\":%llu,\"metadata\":\"",
                    (unsigned long long)leaf);
    slw_base64_encode(content, &text);
    slw_heap_printf(&text, "\",\"operation\":\"sign-targets\",\"product\":\"%s\",\"sha256\":\"",
                    release->product);
    test_audit_hex(slw_bytes_make(digest, sizeof digest), &text);
    slw_heap_append_text(&text, "\",\"signature\":\"");
    test_audit_hex(slw_bytes_make(signature, sizeof signature), &text);
    slw_heap_printf(&text, "\",\"time\":\"2026-01-02T00:00:00Z\",\"version\":%u}",
                    release->said_version);
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

static void add_release(struct test_log *test, const struct release *release)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t leaf = 0;
    digest_of(release->content, digest);
    TAP_EQUAL_INT(slw_log_append_release(test->log, SLW_BYTES_OF("lamp"), release->version, digest,
                                         &leaf, &detail),
                  SLW_OK);
    add_signature(test, release, (uint64_t)((int64_t)leaf + release->leaf));
}

static void add_good_release(struct test_log *test, uint32_t version)
{
    char content[32];
    (void)snprintf(content, sizeof content, "release %u", version);
    const struct release release = {version, version, content, content, "lamp", 0};
    add_release(test, &release);
}

static void verifies_a_good_log_of_any_size(void)
{
    struct test_log test;
    size_t findings = 1;
    TAP_REQUIRE(test_audit_setup(&test));
    for (uint32_t version = 1; version <= 420; version++) {
        add_good_release(&test, version);
        if (version % 37 == 0 || version < 6 || (version > 125 && version < 130)) {
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
    for (uint32_t version = 1; version <= 300; version++) {
        add_good_release(&test, version);
        if (version % 29 != 0) {
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
    add_good_release(&test, 7); /* the same once more is fine */
    const struct release other = {8, 8, "other", "other", "lamp", 0};
    add_release(&test, &other); /* other content isn't, though it was long ago */
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
        "{\"kind\":\"expiry\",\"time\":\"2026-01-01T00:00:00Z\"}", /* time fell */
        "{\"kind\":\"expiry\"}",
        "{\"kind\":\"expiry\",\"time\":\"tomorrow\"}",
        "{\"kind\":\"expiry\",\"time\":\"1d\"}",
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
        add_release(&test, &releases[i]);
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
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t leaf = 0;
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_record(&test, "{\"kind\":\"administrators\",\"origin\":\"example.com/log\","
                             "\"time\":\"2026-01-03T00:00:00Z\"}");
    TAP_CHECK(test_audit_finds(&test, "administrators for a second time"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    digest_of("a", digest);
    TAP_REQUIRE(slw_log_append_release(test.log, SLW_BYTES_OF("lamp"), 1, digest, &leaf, &detail) ==
                SLW_OK);
    add_signature(&test, &other_content, leaf);
    TAP_CHECK(test_audit_finds(&test, "a signature of something else than release"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    signs = test_ada;
    add_good_release(&test, 1);
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
    add_good_release(&test, 1); /* entry 2 and its record */
    test_audit_commit(&test);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    const struct release again = {1, 1, "release 1", "release 1", "lamp", 0};
    add_signature(&test, &again, 2);
    test_audit_commit(&test);
    TAP_EQUAL_INT(test_audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 0);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 0);
    const struct release other = {1, 1, "release 2", "release 2", "lamp", 0};
    add_signature(&test, &other, 2); /* other content, another entry, another version */
    add_signature(&test, &again, 3);
    const struct release higher = {2, 2, "release 1", "release 1", "lamp", 0};
    add_signature(&test, &higher, 2);
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
    add_good_release(&test, 1); /* entries 2 and 4, with a record behind each */
    add_good_release(&test, 1);
    TAP_CHECK(test_audit_finds(&test, NULL));
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    add_signature(&test, &again, 4);
    add_signature(&test, &again, 2);
    TAP_CHECK(test_audit_finds(&test, NULL));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 0);
    slw_audit_free(&audit);
    add_signature(&test, &again, 5);
    TAP_CHECK(test_audit_finds(&test, "a signature that names entry 5, which isn't its release"));
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
        add_good_release(&test, 1);
        scope = rows[i].scope;
        add_release(&test, &other);
        scope = usual_scope;
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
        "{\"kind\":\"expiry\",\"time\":\"2026-01-01T00:00:00Z\"}",
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
    for (uint32_t version = 1; version <= 150; version++) {
        add_good_release(&test, version);
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
    add_good_release(&first, 1);
    test_audit_commit(&first);
    struct slw_audit audit = test_auditor(&first);
    struct slw_audit_source source = slw_audit_directory(first.path);
    struct slw_audit_source other = slw_audit_directory(second.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.size, 4);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_BEHIND);
    test_audit_record(&second, "{\"kind\":\"expiry\",\"time\":\"2026-01-02T00:00:00Z\"}");
    add_good_release(&second, 1);
    test_audit_commit(&second);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_DAMAGED);
    TAP_CHECK(strstr(detail.text, "two checkpoints of 4 entries") != NULL);
    add_good_release(&second, 2);
    test_audit_commit(&second);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_DAMAGED);
    TAP_CHECK(strstr(detail.text, "a fork") != NULL);
    TAP_EQUAL_INT(audit.size, 4); /* and nothing of it was believed */
    add_good_release(&first, 2);
    test_audit_commit(&first);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.size, 6);
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
    add_good_release(&test, 1);
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

/* A role's signature, as the service records it: without what was signed, if metadata is NULL. */
static void add_role_signature(struct test_log *test, const char *content, const char *said,
                               const char *metadata)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_heap_buffer text = {0};
    digest_of(said, digest);
    TAP_EQUAL_INT(slw_private_key_sign(test_signing, slw_bytes_make(content, strlen(content)),
                                       signature, &detail),
                  SLW_OK);
    slw_heap_append_text(&text, "{\"class\":\"prod\",\"key_id\":\"");
    test_audit_hex(slw_bytes_make(slw_private_key_public(test_signing)->id, SLW_SHA256_SIZE),
                   &text);
    slw_heap_append_text(&text, "\",\"kind\":\"signature\",\"operation\":\"sign-role\"");
    if (metadata != NULL) {
        slw_heap_append_text(&text, ",\"metadata\":\"");
        slw_base64_encode(slw_bytes_make(metadata, strlen(metadata)), &text);
        slw_heap_append_text(&text, "\"");
    }
    slw_heap_append_text(&text, ",\"product\":\"lamp\",\"sha256\":\"");
    test_audit_hex(slw_bytes_make(digest, sizeof digest), &text);
    slw_heap_append_text(&text, "\",\"signature\":\"");
    test_audit_hex(slw_bytes_make(signature, sizeof signature), &text);
    slw_heap_append_text(&text, "\",\"time\":\"2026-01-02T00:00:00Z\",\"version\":1}");
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

/* Of roles the log has the digest that a P-256 key signs; an Ed25519 key signs the text itself. */
static void verifies_signatures_of_roles(void)
{
    static const struct {
        bool is_ed25519;
        const char *content, *said, *metadata, *finding;
    } rows[] = {
        {false, "a", "a", NULL, NULL},
        {false, "a", "a", "a", NULL},
        {false, "a", "b", NULL, "a signature that doesn't verify"},
        {false, "a", "b", "a", "metadata that aren't what was signed"},
        {true, "a", "a", "a", NULL},
        {true, "a", "a", NULL, "a signature without what was signed"},
        {true, "a", "b", "b", "a signature that doesn't verify"},
        {true, "a", "b", "a", "metadata that aren't what was signed"},
    };
    struct slw_private_key *usual = test_signing;
    struct slw_private_key *other = NULL;
    test_signing_use = "role";
    TAP_REQUIRE(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &other, &detail) == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        test_signing = rows[i].is_ed25519 ? other : usual;
        TAP_ROW(rows[i].finding == NULL ? "good" : rows[i].finding);
        TAP_CHECK(test_audit_setup(&test));
        add_role_signature(&test, rows[i].content, rows[i].said, rows[i].metadata);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    test_signing = usual;
    test_signing_use = "targets";
    slw_private_key_free(other);
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
    TAP_RUN(verifies_signatures_of_roles);
    test_audit_free_keys();
    return tap_finish();
}
