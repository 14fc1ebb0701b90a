/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of the roots that a log says are trusted: forged ones, by too few, too far, too old,
 * of another repository; those of the service's settings, and what is remembered of all of them.
 */
#include "test_audit.h"

#include "slipway/base64.h"
#include "slipway/files.h"
#include "slipway/statements.h"
#include "slipway/tuf_change_json.h"
#include "slipway/tuf_metadata.h"

static struct slw_detail detail;

/* Root 1 is by A and B, root 2 by B and C, root 3 by C and D, all of them: thresholds are 2. */
enum key { A, B, C, D, E, F, KEYS };
static struct slw_private_key *keys[KEYS];

enum file {
    ONE,
    TWO,
    THREE,
    OTHER_ONE, /* of another repository, by E and F */
    OTHER_TWO,
    FORGED,    /* 2, by E and F alone, whose keys it has */
    FEW_OLD,   /* 2, by B and C alone: its own threshold, and one of the old one's */
    FEW_NEW,   /* 2, by A and B alone: the old threshold, and one of its own */
    TWO_AGAIN, /* another 2, by all who may */
    SKIPPING,  /* 3, by A, B and D, with its keys: as if it followed root 1 */
    UNSIGNED,  /* 1, by nobody */
    BELOW_ONE, /* 1, by A alone */
    FILES
};
static struct slw_heap_buffer files[FILES];

static void must(enum slw_status status)
{
    if (status != SLW_OK) {
        printf("Bail out! %s: %s\n", slw_status_word(status), detail.text);
        exit(1);
    }
}

/* --- Roots --- */

static void sign_file(struct slw_bytes signed_part, const char *by,
                      struct slw_heap_buffer *ret_file)
{
    struct slw_heap_buffer hex[KEYS] = {{0}};
    struct slw_tuf_signature signatures[KEYS] = {{.sig_hex = {0}}};
    const size_t count = strlen(by);
    for (size_t i = 0; i < count; i++) {
        const struct slw_private_key *key = keys[by[i] - 'A'];
        must(slw_tuf_public_key_id(slw_private_key_public(key), signatures[i].key_id));
        must(slw_tuf_sign(key, signed_part, &hex[i], &detail));
        signatures[i].sig_hex = slw_heap_bytes(&hex[i]);
    }
    must(slw_tuf_file_format(signed_part, signatures, count, ret_file, &detail));
    for (size_t i = 0; i < count; i++) {
        slw_heap_free(&hex[i]);
    }
}

/* The root that follows a base (none: the first) with these two root keys, signed by some. */
static void make_root(enum file file, const struct slw_heap_buffer *base, const char *has,
                      const char *by, int64_t expires_utc_s)
{
    const struct slw_public_key public_keys[] = {*slw_private_key_public(keys[has[0] - 'A']),
                                                 *slw_private_key_public(keys[has[1] - 'A'])};
    struct slw_tuf_change change = {
        .type = SLW_TUF_ROOT, .role = SLW_BYTES_OF("root"), .expires_utc_s = expires_utc_s};
    struct slw_tuf_model *model = NULL;
    struct slw_heap_buffer text = {0};
    must(slw_tuf_model_load_base(SLW_TUF_ROOT, change.role,
                                 base == NULL ? slw_bytes_make(NULL, 0) : slw_heap_bytes(base),
                                 &model, &detail));
    must(slw_tuf_model_digest(model, change.base_sha256, &detail));
    change.base_version = slw_tuf_model_version(model);
    change.version = change.base_version + 1;
    for (unsigned role = 0; role < SLW_TUF_TYPES; role++) {
        change.roles[role] =
            (struct slw_tuf_role_keys){public_keys, 2, role == SLW_TUF_ROOT ? 2 : 1};
    }
    must(slw_tuf_model_apply(model, &change, &detail));
    must(slw_tuf_model_encode(model, &text, &detail));
    slw_tuf_model_free(model);
    sign_file(slw_heap_bytes(&text), by, &files[file]);
    slw_heap_free(&text);
}

static void make_roots(void)
{
    const int64_t expires = 1900000000;
    for (size_t i = 0; i < KEYS; i++) {
        must(slw_private_key_generate(SLW_KEY_TYPE_P256, &keys[i], &detail));
    }
    make_root(ONE, NULL, "AB", "AB", expires);
    make_root(TWO, &files[ONE], "BC", "ABC", expires);
    make_root(THREE, &files[TWO], "CD", "BCD", expires);
    make_root(OTHER_ONE, NULL, "EF", "EF", expires);
    make_root(OTHER_TWO, &files[OTHER_ONE], "EF", "EF", expires);
    make_root(FORGED, &files[ONE], "EF", "EF", expires);
    make_root(FEW_OLD, &files[ONE], "BC", "BC", expires);
    make_root(FEW_NEW, &files[ONE], "BC", "AB", expires);
    make_root(TWO_AGAIN, &files[ONE], "BC", "ABC", expires + 1);
    make_root(SKIPPING, &files[TWO], "AD", "ABD", expires);
    make_root(UNSIGNED, NULL, "AB", "", expires);
    make_root(BELOW_ONE, NULL, "AB", "A", expires);
}

/* --- Records --- */

static void digest_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

/* A record of a root that somebody told of. */
static void tell(struct test_log *test, const char *product, enum file file, int version,
                 const struct slw_private_key *signer)
{
    struct slw_heap_buffer root = {0};
    struct slw_heap_buffer payload = {0};
    char more[128];
    struct slw_tuf_root_notice notice = {
        .signer = SLW_BYTES_OF(TEST_AUDIT_ORIGIN),
        .product = slw_bytes_make(product, strlen(product)),
        .issued_utc_s = 1767000000,
    };
    slw_base64_encode(slw_heap_bytes(&files[file]), &root);
    notice.root = slw_heap_bytes(&root);
    digest_of(slw_heap_bytes(&files[file]), notice.sha256);
    must(slw_tuf_root_notice_format(&notice, &payload, &detail));
    (void)snprintf(more, sizeof more, "\"version\":%d,\"who\":\"ada\",", version);
    test_audit_said(test, "tuf-root", more, &payload, signer, NULL);
    slw_heap_free(&payload);
    slw_heap_free(&root);
}

/* A record of a root that the settings brought. */
static void bring(struct test_log *test, const char *product, enum file file, int version)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text,
                    "{\"kind\":\"trusted-root\",\"product\":\"%s\",\"version\":%d,"
                    "\"time\":\"" TEST_AUDIT_LATER "\",\"root\":\"",
                    product, version);
    slw_base64_encode(slw_heap_bytes(&files[file]), &text);
    slw_heap_append_text(&text, "\"}");
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

static void takes_roots_that_follow(void)
{
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    bring(&test, "lamp", ONE, 1);
    bring(&test, "lamp2", OTHER_ONE, 1);
    tell(&test, "lamp", TWO, 2, test_ada);
    tell(&test, "lamp2", OTHER_TWO, 2, test_ada);
    bring(&test, "lamp", TWO, 2); /* the settings have it by now */
    bring(&test, "lamp", THREE, 3);
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_log_teardown(&test);
    TAP_ROW("a log from before the settings' roots were told in it");
    TAP_REQUIRE(test_audit_setup(&test));
    tell(&test, "lamp", TWO, 2, test_ada);
    tell(&test, "lamp", THREE, 3, test_ada);
    TAP_CHECK(test_audit_finds(&test, NULL));
    TAP_ROW(NULL);
    test_log_teardown(&test);
}

/* Whoever brings it; and the one before goes on being trusted. */
static void finds_roots_that_do_not_follow(void)
{
    static const struct {
        enum file file;
        int version;
        const char *finding;
    } rows[] = {
        {FORGED, 2, "by the trusted root's keys: "},
        {FEW_OLD, 2, "by the trusted root's keys: "},
        {FEW_NEW, 2, "by its own keys: "},
        {THREE, 3, "root 3 doesn't follow root 1"},
        {SKIPPING, 3, "root 3 doesn't follow root 1"},
        {OTHER_ONE, 1, "another root of version 1 is trusted already"},
        {OTHER_TWO, 2, "by the trusted root's keys: "},
        {TWO, 3, "root 2, where its record says 3"},
        {TWO, 1, "root 2, where its record says 1"},
        {UNSIGNED, 1, "another root of version 1"},
    };
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof rows[0]); i++) {
        const bool is_told = i % 2 == 0;
        struct test_log test;
        char finding[160];
        TAP_ROW(rows[i / 2].finding);
        TAP_REQUIRE(test_audit_setup(&test));
        bring(&test, "lamp2", OTHER_ONE, 1);
        bring(&test, "lamp", ONE, 1);
        if (is_told) {
            tell(&test, "lamp", rows[i / 2].file, rows[i / 2].version, test_ada);
        } else {
            bring(&test, "lamp", rows[i / 2].file, rows[i / 2].version);
        }
        tell(&test, "lamp", TWO, 2, test_ada);
        (void)snprintf(finding, sizeof finding, "%s%s",
                       is_told ? "tuf-root that doesn't hold: " : "that doesn't follow: ",
                       rows[i / 2].finding);
        TAP_CHECK(test_audit_finds(&test, finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

static void finds_roots_that_go_back(void)
{
    static const struct {
        enum file file;
        int version;
        const char *finding;
    } rows[] = {
        {ONE, 1, "root 1 doesn't follow root 2"},
        {TWO_AGAIN, 2, "another root of version 2 is trusted already"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        TAP_ROW(rows[i].finding);
        TAP_REQUIRE(test_audit_setup(&test));
        bring(&test, "lamp", ONE, 1);
        tell(&test, "lamp", TWO, 2, test_ada);
        bring(&test, "lamp", rows[i].file, rows[i].version);
        tell(&test, "lamp", THREE, 3, test_ada);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

/* One that nobody may tell of changes nothing either. */
static void finds_roots_that_strangers_told(void)
{
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    bring(&test, "lamp", ONE, 1);
    tell(&test, "lamp", TWO, 2, test_signing);
    tell(&test, "lamp", TWO_AGAIN, 2, test_ada);
    TAP_CHECK(test_audit_finds(&test, "tuf-root that doesn't hold: "));
    test_log_teardown(&test);
}

static void finds_first_roots_that_are_none(void)
{
    static const char *const records[] = {
        "\"product\":\"lamp\",\"version\":1",
        "\"product\":\"lamp\",\"version\":1,\"root\":\"e30=\"",
        "\"product\":\"lamp\",\"version\":1,\"root\":\"?\"",
        "\"product\":\"lamp\",\"version\":1,\"root\":7",
    };
    struct test_log test;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        char text[256];
        TAP_ROW(records[i]);
        TAP_REQUIRE(test_audit_setup(&test));
        (void)snprintf(text, sizeof text,
                       "{\"kind\":\"trusted-root\",\"time\":\"" TEST_AUDIT_LATER "\",%s}",
                       records[i]);
        test_audit_record(&test, text);
        TAP_CHECK(test_audit_finds(&test, "a root of the service's settings that doesn't follow"));
        test_log_teardown(&test);
    }
    for (enum file file = UNSIGNED; file < FILES; file++) {
        TAP_ROW(file == UNSIGNED ? "by nobody" : "by too few");
        TAP_REQUIRE(test_audit_setup(&test));
        bring(&test, "lamp", file, 1);
        TAP_CHECK(test_audit_finds(&test, "by its own keys"));
        test_log_teardown(&test);
    }
    TAP_ROW("of no product");
    TAP_REQUIRE(test_audit_setup(&test));
    bring(&test, "", ONE, 1);
    TAP_CHECK(test_audit_finds(&test, "it is of no product"));
    TAP_ROW(NULL);
    test_log_teardown(&test);
}

/* The settings went on to root 3 without root 2: only who audits can know that it is right. */
static void takes_a_jump_to_a_root_that_is_known(void)
{
    uint8_t known[2][SLW_SHA256_SIZE] = {{0}};
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    bring(&test, "lamp", ONE, 1);
    bring(&test, "lamp", THREE, 3);
    TAP_CHECK(test_audit_finds(&test, "root 3 doesn't follow root 1"));
    struct slw_audit_source source = slw_audit_directory(test.path);
    for (enum file file = ONE; file < FILES; file++) {
        struct slw_audit audit = test_auditor(&test);
        digest_of(slw_heap_bytes(&files[file]), known[1]);
        audit.settings.known_roots = slw_bytes_make(known[0], sizeof known);
        TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
        TAP_EQUAL_INT(audit.findings_count, file == THREE ? 0 : 1);
        slw_audit_free(&audit);
    }
    test_log_teardown(&test);
}

/* Whose keys were changed since, because they were stolen, mustn't be trusted again: that somebody
 * named an old root once, to pass over a gap, lets nobody go back to it. */
static void finds_known_roots_that_go_back(void)
{
    uint8_t known[2][SLW_SHA256_SIZE];
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    bring(&test, "lamp", ONE, 1);
    bring(&test, "lamp", THREE, 3);
    bring(&test, "lamp", ONE, 1);
    tell(&test, "lamp", TWO_AGAIN, 2, test_ada);
    test_audit_commit(&test);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    digest_of(slw_heap_bytes(&files[ONE]), known[0]);
    digest_of(slw_heap_bytes(&files[THREE]), known[1]);
    audit.settings.known_roots = slw_bytes_make(known[0], sizeof known);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 2);
    TAP_CHECK(audit.findings_count > 0 && strstr(audit.findings[0], "root 1 is older than root 3"));
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

/* Known or not, nobody trusts a root that its own keys don't stand for. */
static void takes_no_known_root_without_its_signatures(void)
{
    uint8_t known[SLW_SHA256_SIZE];
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    bring(&test, "lamp", ONE, 1);
    bring(&test, "lamp", FEW_NEW, 2);
    test_audit_commit(&test);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    digest_of(slw_heap_bytes(&files[FEW_NEW]), known);
    audit.settings.known_roots = slw_bytes_make(known, sizeof known);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 1);
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

/* --- What is kept --- */

static void save_state(const struct test_log *test, const char *path)
{
    struct slw_audit audit = test_auditor(test);
    struct slw_audit_source source = slw_audit_directory(test->path);
    must(slw_audit_run(&audit, &source, &detail));
    must(slw_audit_save(&audit, path, &detail));
    slw_audit_free(&audit);
}

/* Goes on from what was saved; how much is found. */
static size_t findings_from(const struct test_log *test, const char *path)
{
    struct slw_audit audit = test_auditor(test);
    struct slw_audit_source source = slw_audit_directory(test->path);
    must(slw_audit_load(&audit, path, &detail));
    must(slw_audit_run(&audit, &source, &detail));
    const size_t count = audit.findings_count;
    slw_audit_free(&audit);
    return count;
}

/* Writes a state file, with the digest that its bytes need. */
static void write_state(const char *path, struct slw_bytes bytes)
{
    struct slw_heap_buffer state = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    digest_of(bytes, digest);
    slw_heap_append(&state, bytes);
    slw_heap_append(&state, slw_bytes_make(digest, sizeof digest));
    must(slw_file_write(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY, slw_heap_bytes(&state),
                        &detail));
    slw_heap_free(&state);
}

static void state_path(const struct test_log *test, char ret_path[static 128])
{
    (void)snprintf(ret_path, 128, "%s/state", test->directory);
}

static void remembers_which_root_is_trusted(void)
{
    static const enum file next[] = {TWO, FORGED, THREE};
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
        struct test_log test;
        char path[128];
        TAP_REQUIRE(test_audit_setup(&test));
        state_path(&test, path);
        bring(&test, "lamp2", OTHER_ONE, 1);
        bring(&test, "lamp", ONE, 1);
        test_audit_commit(&test);
        save_state(&test, path);
        tell(&test, "lamp2", OTHER_TWO, 2, test_ada);
        tell(&test, "lamp", next[i], next[i] == THREE ? 3 : 2, test_ada);
        test_audit_commit(&test);
        TAP_EQUAL_INT(findings_from(&test, path), next[i] == TWO ? 0 : 1);
        test_log_teardown(&test);
    }
}

/* What one root takes of a state file. */
static size_t kept_size(const char *product, enum file file)
{
    return 4 + strlen(product) + 4 + files[file].len;
}

static void refuses_a_state_whose_roots_are_not_whole(void)
{
    struct test_log test;
    char path[128];
    struct slw_heap_buffer kept = {0};
    TAP_REQUIRE(test_audit_setup(&test));
    state_path(&test, path);
    bring(&test, "lamp2", OTHER_ONE, 1);
    bring(&test, "lamp", ONE, 1);
    test_audit_commit(&test);
    save_state(&test, path);
    must(slw_file_read(path, 1u << 20, &kept, &detail));
    const size_t len = kept.len - SLW_SHA256_SIZE;
    const size_t first = len - kept_size("lamp", ONE);
    const size_t roots = first - kept_size("lamp2", OTHER_ONE) - 4;
    struct slw_audit audit = test_auditor(&test);
    for (size_t cut = roots; cut < len; cut += 3) {
        write_state(path, slw_bytes_make(kept.ptr, cut));
        TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
    }
    TAP_ROW("a root that isn't signed any more");
    kept.ptr[len - 100] ^= 1;
    write_state(path, slw_bytes_make(kept.ptr, len));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
    kept.ptr[len - 100] ^= 1;
    TAP_ROW("two of one product");
    struct slw_heap_buffer twice = {0};
    slw_heap_append(&twice, slw_bytes_make(kept.ptr, len));
    slw_heap_append(&twice, slw_bytes_make(kept.ptr + first, len - first));
    twice.ptr[roots + 3] = 3;
    write_state(path, slw_heap_bytes(&twice));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
    slw_heap_free(&twice);
    TAP_ROW("as it was saved");
    write_state(path, slw_bytes_make(kept.ptr, len));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_ROW(NULL);
    slw_audit_free(&audit);
    slw_heap_free(&kept);
    test_log_teardown(&test);
}

/* Saves as an auditor did that didn't look at roots. */
static void save_old_state(const struct test_log *test, const char *path, size_t roots_size)
{
    struct slw_heap_buffer kept = {0};
    save_state(test, path);
    must(slw_file_read(path, 1u << 20, &kept, &detail));
    kept.ptr[strlen("slipway audit ")] = '2';
    write_state(path, slw_bytes_make(kept.ptr, kept.len - SLW_SHA256_SIZE - 4 - roots_size));
    slw_heap_free(&kept);
}

static void judges_all_anew_after_an_auditor_that_looked_at_less(void)
{
    static const enum file next[] = {TWO, FORGED};
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
        struct test_log test;
        char path[128];
        TAP_ROW(next[i] == TWO ? "good" : "forged");
        TAP_REQUIRE(test_audit_setup(&test));
        state_path(&test, path);
        bring(&test, "lamp", ONE, 1);
        tell(&test, "lamp", next[i], 2, test_ada);
        test_audit_commit(&test);
        save_old_state(&test, path, kept_size("lamp", next[i] == TWO ? TWO : ONE));
        TAP_EQUAL_INT(findings_from(&test, path), next[i] == TWO ? 0 : 1);
        tell(&test, "lamp", next[i] == TWO ? THREE : TWO, next[i] == TWO ? 3 : 2, test_ada);
        test_audit_commit(&test);
        TAP_EQUAL_INT(findings_from(&test, path), next[i] == TWO ? 0 : 1);
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

/* It is the same log's, and knows where that was. */
static void finds_a_fork_of_what_an_auditor_saw_that_looked_at_less(void)
{
    struct test_log first;
    struct test_log second;
    char path[128];
    TAP_REQUIRE(test_audit_setup(&first));
    TAP_REQUIRE(test_audit_setup(&second));
    state_path(&first, path);
    bring(&first, "lamp", ONE, 1);
    test_audit_commit(&first);
    save_old_state(&first, path, kept_size("lamp", ONE));
    struct slw_audit audit = test_auditor(&second);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE); /* another key's */
    slw_audit_free(&audit);
    slw_log_close(second.log);
    second.log = NULL;
    remove_tree(second.path);
    const struct slw_log_settings settings = {second.path, &first.signer, test_log_quick()};
    must(slw_log_create(&settings, &second.log, &detail));
    test_audit_administrators(&second);
    for (int i = 0; i < 4; i++) {
        struct slw_audit_source source = slw_audit_directory(second.path);
        test_audit_record(&second, "{\"kind\":\"expiry\",\"time\":\"" TEST_AUDIT_LATER "\"}");
        test_audit_commit(&second);
        audit = test_auditor(&first);
        TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail),
                      i == 0 ? SLW_LOG_BEHIND : SLW_LOG_DAMAGED);
        slw_audit_free(&audit);
    }
    test_log_teardown(&second);
    test_log_teardown(&first);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    make_roots();
    TAP_RUN(takes_roots_that_follow);
    TAP_RUN(finds_roots_that_do_not_follow);
    TAP_RUN(finds_roots_that_go_back);
    TAP_RUN(finds_roots_that_strangers_told);
    TAP_RUN(finds_first_roots_that_are_none);
    TAP_RUN(takes_a_jump_to_a_root_that_is_known);
    TAP_RUN(finds_known_roots_that_go_back);
    TAP_RUN(takes_no_known_root_without_its_signatures);
    TAP_RUN(remembers_which_root_is_trusted);
    TAP_RUN(refuses_a_state_whose_roots_are_not_whole);
    TAP_RUN(judges_all_anew_after_an_auditor_that_looked_at_less);
    TAP_RUN(finds_a_fork_of_what_an_auditor_saw_that_looked_at_less);
    for (size_t i = 0; i < FILES; i++) {
        slw_heap_free(&files[i]);
    }
    for (size_t i = 0; i < KEYS; i++) {
        slw_private_key_free(keys[i]);
    }
    test_audit_free_keys();
    return tap_finish();
}
