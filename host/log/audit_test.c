/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of logs that are good, cut, forked, changed, or say what can't be together.
 */
#include "test_log.h"

#include "slipway/audit.h"
#include "slipway/base64.h"
#include "slipway/dsse.h"
#include "slipway/files.h"
#include "slipway/statement.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct slw_detail detail;

static void add_record(struct test_log *test, const char *text)
{
    uint64_t index = 0;
    TAP_EQUAL_INT(
        slw_log_append_record(test->log, slw_bytes_make(text, strlen(text)), &index, &detail),
        SLW_OK);
}

/* Who may change the policy, and what the service signs with. */
static struct slw_private_key *administrator;
static struct slw_private_key *signing;

static void append_pem(const struct slw_private_key *key, struct slw_heap_buffer *ret_json)
{
    struct slw_heap_buffer pem = {0};
    TAP_EQUAL_INT(slw_public_key_format(slw_private_key_public(key), &pem, &detail), SLW_OK);
    for (size_t i = 0; i < pem.len; i++) {
        slw_heap_append(ret_json,
                        pem.ptr[i] == '\n' ? SLW_BYTES_OF("\\n") : slw_bytes_make(pem.ptr + i, 1));
    }
    slw_heap_free(&pem);
}

static void append_hex(struct slw_bytes bytes, struct slw_heap_buffer *ret_json)
{
    for (size_t i = 0; i < bytes.len; i++) {
        slw_heap_printf(ret_json, "%02x", bytes.ptr[i]);
    }
}

static void add_administrators(struct test_log *test)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "{\"administrators\":{\"keys\":{\"root\":\"");
    append_hex(slw_bytes_make(slw_private_key_public(administrator)->id, SLW_SHA256_SIZE), &text);
    slw_heap_append_text(&text, "\"},\"threshold\":1},\"kind\":\"administrators\","
                                "\"origin\":\"example.com/log\","
                                "\"time\":\"2026-01-01T00:00:00Z\"}");
    add_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

/* A policy of a version, signed by a key, in force from a time on. */
static void add_policy(struct test_log *test, unsigned version, const char *in_force,
                       const struct slw_private_key *signer)
{
    struct slw_heap_buffer predicate = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_heap_buffer text = {0};
    uint8_t subject[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_heap_printf(&predicate,
                    "{\"version\":%u,\"issued\":\"2026-01-01T00:00:00Z\",\"people\":{},"
                    "\"rules\":[],\"administrators\":{\"threshold\":1,\"keys\":{\"root\":\"",
                    version);
    append_pem(administrator, &predicate);
    slw_heap_append_text(&predicate, "\"}},\"keys\":{\"lamp-prod\":{\"key\":\"");
    append_pem(signing, &predicate);
    slw_heap_append_text(&predicate,
                         "\",\"class\":\"prod\",\"use\":\"targets\",\"product\":\"lamp\"}}}");
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("example.com/log"));
    slw_sha256_final(&hash, subject);
    slw_statement_format(SLW_STATEMENT_POLICY, SLW_BYTES_OF("example.com/log"), subject,
                         slw_heap_bytes(&predicate), &payload);
    TAP_EQUAL_INT(
        slw_dsse_sign(signer, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), &envelope, &detail),
        SLW_OK);
    slw_heap_printf(&text,
                    "{\"envelope\":%s,\"in_force\":\"%s\",\"kind\":\"policy\","
                    "\"time\":\"2026-01-01T00:00:01Z\",\"version\":%u}",
                    slw_heap_text(&envelope), in_force, version);
    add_record(test, slw_heap_text(&text));
    slw_heap_free(&predicate);
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
    slw_heap_free(&text);
}

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

static void add_signature(struct test_log *test, const struct release *release, uint64_t leaf)
{
    uint8_t digest[SLW_SHA256_SIZE];
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_bytes content = slw_bytes_make(release->content, strlen(release->content));
    struct slw_heap_buffer text = {0};
    digest_of(release->said_content, digest);
    TAP_EQUAL_INT(slw_private_key_sign(signing, content, signature, &detail), SLW_OK);
    slw_heap_append_text(&text, "{\"class\":\"prod\",\"key_id\":\"");
    append_hex(slw_bytes_make(slw_private_key_public(signing)->id, SLW_SHA256_SIZE), &text);
    slw_heap_printf(&text, "\",\"kind\":\"signature\",\"leaf\":%llu,\"metadata\":\"",
                    (unsigned long long)leaf);
    slw_base64_encode(content, &text);
    slw_heap_printf(&text, "\",\"operation\":\"sign-targets\",\"product\":\"%s\",\"sha256\":\"",
                    release->product);
    append_hex(slw_bytes_make(digest, sizeof digest), &text);
    slw_heap_append_text(&text, "\",\"signature\":\"");
    append_hex(slw_bytes_make(signature, sizeof signature), &text);
    slw_heap_printf(&text, "\",\"time\":\"2026-01-02T00:00:00Z\",\"version\":%u}",
                    release->said_version);
    add_record(test, slw_heap_text(&text));
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

static void commit(struct test_log *test)
{
    TAP_EQUAL_INT(slw_log_commit(test->log, &detail), SLW_OK);
}

static struct slw_audit auditor(const struct test_log *test)
{
    return (struct slw_audit){.settings = {.log_key = &test->signer.key}};
}

static enum slw_status audit_all(const struct test_log *test, size_t *ret_findings)
{
    struct slw_audit audit = auditor(test);
    struct slw_audit_source source = slw_audit_directory(test->path);
    enum slw_status status = slw_audit_run(&audit, &source, &detail);
    *ret_findings = audit.findings_count;
    slw_audit_free(&audit);
    return status;
}

static bool setup(struct test_log *test)
{
    if (!test_log_setup(test, NULL)) {
        return false;
    }
    add_administrators(test);
    add_policy(test, 1, "2026-01-01T00:00:01Z", administrator);
    commit(test);
    return true;
}

static void verifies_a_good_log_of_any_size(void)
{
    struct test_log test;
    size_t findings = 1;
    TAP_REQUIRE(setup(&test));
    for (uint32_t version = 1; version <= 420; version++) {
        add_good_release(&test, version);
        if (version % 37 == 0 || version < 6 || (version > 125 && version < 130)) {
            commit(&test);
            TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
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
    TAP_REQUIRE(setup(&test));
    state_path(&test, path);
    for (uint32_t version = 1; version <= 300; version++) {
        add_good_release(&test, version);
        if (version % 29 != 0) {
            continue;
        }
        commit(&test);
        struct slw_audit audit = auditor(&test);
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
    commit(&test);
    struct slw_audit audit = auditor(&test);
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
        "{\"kind\":\"start\",\"time\":\"2026-01-01T00:00:00Z\"}", /* time fell */
        "{\"kind\":\"start\"}",
        "{\"kind\":\"start\",\"time\":\"tomorrow\"}",
        "{\"kind\":\"start\",\"time\":\"1d\"}",
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
        TAP_REQUIRE(setup(&test));
        add_release(&test, &releases[i]);
        commit(&test);
        TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
        TAP_CHECK(findings > 0);
        test_log_teardown(&test);
    }
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct test_log test;
        size_t findings = 0;
        TAP_ROW(records[i]);
        TAP_REQUIRE(setup(&test));
        add_record(&test, records[i]);
        commit(&test);
        TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
        TAP_CHECK(findings > 0);
        test_log_teardown(&test);
    }
}

/* Who asks for the same once more gets the stored signature, and the log a record of that. */
static void takes_a_signature_that_was_asked_for_again(void)
{
    struct test_log test;
    char path[128];
    size_t findings = 1;
    TAP_REQUIRE(setup(&test));
    state_path(&test, path);
    add_good_release(&test, 1); /* entry 2 and its record */
    commit(&test);
    struct slw_audit audit = auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    const struct release again = {1, 1, "release 1", "release 1", "lamp", 0};
    add_signature(&test, &again, 2);
    commit(&test);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 0);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 0);
    const struct release other = {1, 1, "release 2", "release 2", "lamp", 0};
    add_signature(&test, &other, 2); /* other content, another entry, another version */
    add_signature(&test, &again, 3);
    const struct release higher = {2, 2, "release 1", "release 1", "lamp", 0};
    add_signature(&test, &higher, 2);
    commit(&test);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 4); /* the first is a version of two contents, too */
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

static void finds_policies_that_do_not_count(void)
{
    struct test_log test;
    size_t findings = 0;
    TAP_REQUIRE(setup(&test));
    add_policy(&test, 2, "2026-01-01T00:00:01Z", administrator);
    add_policy(&test, 3, "2027-01-01T00:00:00Z", administrator); /* waits */
    add_policy(&test, 4, "2026-01-01T00:00:01Z", administrator);
    commit(&test);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 0);
    add_policy(&test, 5, "2026-01-01T00:00:01Z", signing);
    add_policy(&test, 6, "2025-12-31T23:59:59Z", administrator);
    add_policy(&test, 7, "soon", administrator);
    add_policy(&test, 7, "2026-01-01T00:00:01Z", administrator); /* the same version */
    commit(&test);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 4);
    test_log_teardown(&test);
}

/* The administrators whom entry 0 names, and nobody else, begin the row of policies. */
static void finds_a_first_policy_by_others(void)
{
    struct test_log test;
    size_t findings = 0;
    struct slw_private_key *kept = administrator;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    add_administrators(&test);
    administrator = signing;
    add_policy(&test, 1, "2026-01-01T00:00:01Z", signing);
    administrator = kept;
    commit(&test);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 1);
    test_log_teardown(&test);
}

static void finds_releases_that_nobody_accounts_for(void)
{
    struct test_log test;
    uint8_t digest[SLW_SHA256_SIZE] = {1};
    uint64_t index = 0;
    size_t findings = 0;
    TAP_REQUIRE(setup(&test));
    TAP_EQUAL_INT(
        slw_log_append_release(test.log, SLW_BYTES_OF("lamp"), 1, digest, &index, &detail), SLW_OK);
    commit(&test);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    TAP_EQUAL_INT(findings, 1);
    test_log_teardown(&test);
}

static void finds_a_log_that_begins_otherwise(void)
{
    static const char *const firsts[] = {
        "{\"kind\":\"start\",\"time\":\"2026-01-01T00:00:00Z\"}",
        ("{\"kind\":\"administrators\",\"origin\":\"example.com/other\","
         "\"time\":\"2026-01-01T00:00:00Z\"}"),
        "{\"kind\":\"administrators\",\"time\":\"2026-01-01T00:00:00Z\"}",
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct test_log test;
        size_t findings = 0;
        TAP_REQUIRE(test_log_setup(&test, NULL));
        add_record(&test, firsts[i]);
        commit(&test);
        TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
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
    TAP_REQUIRE(setup(&test));
    for (uint32_t version = 1; version <= 150; version++) {
        add_good_release(&test, version);
    }
    commit(&test);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        change_byte(&test, rows[i].name, rows[i].place);
        enum slw_status status = audit_all(&test, &findings);
        TAP_CHECK(
            status == rows[i].status ||
            (rows[i].name[0] == 'c' && (status == SLW_BAD_SIGNATURE || status == SLW_MALFORMED)));
        change_byte(&test, rows[i].name, rows[i].place);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(audit_all(&test, &findings), SLW_OK);
    test_log_teardown(&test);
}

/* Two logs of one key, as a dishonest service would show to different people. */
static void finds_cuts_and_forks(void)
{
    struct test_log first;
    struct test_log second;
    TAP_REQUIRE(setup(&first) && setup(&second));
    slw_log_close(second.log);
    second.log = NULL;
    remove_tree(second.path);
    struct slw_log_settings settings = {second.path, &first.signer, test_log_quick()};
    TAP_EQUAL_INT(slw_log_create(&settings, &second.log, &detail), SLW_OK);
    add_administrators(&second);
    commit(&second);
    add_good_release(&first, 1);
    commit(&first);
    struct slw_audit audit = auditor(&first);
    struct slw_audit_source source = slw_audit_directory(first.path);
    struct slw_audit_source other = slw_audit_directory(second.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.size, 4);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_BEHIND);
    add_record(&second, "{\"kind\":\"start\",\"time\":\"2026-01-02T00:00:00Z\"}");
    add_good_release(&second, 1);
    commit(&second);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_DAMAGED);
    TAP_CHECK(strstr(detail.text, "two checkpoints of 4 entries") != NULL);
    add_good_release(&second, 2);
    commit(&second);
    TAP_EQUAL_INT(slw_audit_run(&audit, &other, &detail), SLW_LOG_DAMAGED);
    TAP_CHECK(strstr(detail.text, "a fork") != NULL);
    TAP_EQUAL_INT(audit.size, 4); /* and nothing of it was believed */
    add_good_release(&first, 2);
    commit(&first);
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
    TAP_REQUIRE(setup(&test));
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &detail), SLW_OK);
    TAP_EQUAL_INT(
        slw_note_signer_init(key, SLW_BYTES_OF("w1"), SLW_NOTE_COSIGNATURE, &witness, &detail),
        SLW_OK);
    struct slw_audit audit = auditor(&test);
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
    TAP_REQUIRE(setup(&test));
    add_good_release(&test, 1);
    commit(&test);
    state_path(&test, path);
    struct slw_audit audit = auditor(&test);
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
    if (slw_private_key_generate(SLW_KEY_TYPE_P256, &administrator, &detail) != SLW_OK ||
        slw_private_key_generate(SLW_KEY_TYPE_P256, &signing, &detail) != SLW_OK) {
        return 1;
    }
    TAP_RUN(verifies_a_good_log_of_any_size);
    TAP_RUN(goes_on_from_what_it_saved);
    TAP_RUN(finds_what_cannot_be_together);
    TAP_RUN(takes_a_signature_that_was_asked_for_again);
    TAP_RUN(finds_policies_that_do_not_count);
    TAP_RUN(finds_a_first_policy_by_others);
    TAP_RUN(finds_releases_that_nobody_accounts_for);
    TAP_RUN(finds_a_log_that_begins_otherwise);
    TAP_RUN(refuses_every_changed_file);
    TAP_RUN(finds_cuts_and_forks);
    TAP_RUN(asks_for_its_quorum);
    TAP_RUN(refuses_a_state_that_it_did_not_save);
    slw_private_key_free(administrator);
    slw_private_key_free(signing);
    return tap_finish();
}
