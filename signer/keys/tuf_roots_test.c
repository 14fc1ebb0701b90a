/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots of a TUF repository that the service follows: bases of top-level roles are verified by the
 * newest, which is the next one of the old one's threshold and its own, and never an older one.
 */
#include "test_signer.h"

#include "service_parts.h"

#include "slipway/base64.h"
#include "slipway/tuf_change_json.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

/* Each root by whom: its root keys (both are its threshold), and who signs snapshots. */
struct row {
    enum test_party first, second, snapshot;
};
static const struct row rows[] = {
    {TEST_ADMIN1, TEST_ADMIN2, TEST_ADA},
    {TEST_ADMIN2, TEST_ADMIN3, TEST_BEN},
    {TEST_ADMIN3, TEST_WITNESS1, TEST_EVE},
};
#define ROOTS (sizeof rows / sizeof rows[0])

static struct slw_heap_buffer roots[ROOTS];
static struct slw_detail detail;

static void must(enum slw_status status)
{
    if (status != SLW_OK) {
        (void)printf("# %s: %s\n", slw_status_word(status), detail.text);
        abort();
    }
}

/* A metadata file of what a model says, signed by these. */
static void file_make(struct slw_bytes signed_part, const enum test_party *by, size_t count,
                      struct slw_heap_buffer *ret_file)
{
    struct slw_heap_buffer hex[4] = {{0}};
    struct slw_tuf_signature signatures[4] = {{.sig_hex = {0}}};
    for (size_t i = 0; i < count; i++) {
        must(slw_tuf_public_key_id(slw_private_key_public(test_key(by[i])), signatures[i].key_id));
        must(slw_tuf_sign(test_key(by[i]), signed_part, &hex[i], &detail));
        signatures[i].sig_hex = slw_heap_bytes(&hex[i]);
    }
    must(slw_tuf_file_format(signed_part, signatures, count, ret_file, &detail));
    for (size_t i = 0; i < count; i++) {
        slw_heap_free(&hex[i]);
    }
}

/* The root that follows base (empty: the first), with these keys and signatures. */
static void root_make(struct slw_bytes base, const struct row *row, int64_t expires_utc_s,
                      const enum test_party *by, size_t count, struct slw_heap_buffer *ret_file)
{
    const struct slw_public_key keys[] = {*slw_private_key_public(test_key(row->first)),
                                          *slw_private_key_public(test_key(row->second)),
                                          *slw_private_key_public(test_key(row->snapshot)),
                                          *slw_private_key_public(test_key(TEST_OTHER))};
    struct slw_tuf_model *model = NULL;
    struct slw_heap_buffer text = {0};
    struct slw_tuf_change change = {
        .type = SLW_TUF_ROOT, .role = SLW_BYTES_OF("root"), .expires_utc_s = expires_utc_s};
    must(slw_tuf_model_load_base(SLW_TUF_ROOT, change.role, base, &model, &detail));
    must(slw_tuf_model_digest(model, change.base_sha256, &detail));
    change.base_version = slw_tuf_model_version(model);
    change.version = change.base_version + 1;
    change.roles[SLW_TUF_ROOT] = (struct slw_tuf_role_keys){keys, 2, 2};
    change.roles[SLW_TUF_SNAPSHOT] = (struct slw_tuf_role_keys){keys + 2, 1, 1};
    change.roles[SLW_TUF_TIMESTAMP] = (struct slw_tuf_role_keys){keys + 2, 1, 1};
    change.roles[SLW_TUF_TARGETS] = (struct slw_tuf_role_keys){keys + 3, 1, 1};
    must(slw_tuf_model_apply(model, &change, &detail));
    must(slw_tuf_model_encode(model, &text, &detail));
    slw_tuf_model_free(model);
    file_make(slw_heap_bytes(&text), by, count, ret_file);
    slw_heap_free(&text);
}

static void roots_make(void)
{
    const enum test_party first[] = {TEST_ADMIN1, TEST_ADMIN2};
    const enum test_party second[] = {TEST_ADMIN1, TEST_ADMIN2, TEST_ADMIN3};
    const enum test_party third[] = {TEST_ADMIN2, TEST_ADMIN3, TEST_WITNESS1};
    int64_t expires = TEST_START + 8640000;
    root_make(slw_bytes_make(NULL, 0), &rows[0], expires, first, 2, &roots[0]);
    root_make(slw_heap_bytes(&roots[0]), &rows[1], expires, second, 3, &roots[1]);
    root_make(slw_heap_bytes(&roots[1]), &rows[2], expires, third, 3, &roots[2]);
}

/* Starts with this root among the settings. */
static enum slw_status start_with(struct test_signer *signer, struct slw_bytes file)
{
    static struct slw_service_root trusted;
    trusted = (struct slw_service_root){"lamp", file};
    signer->options.roots = &trusted;
    signer->options.roots_count = 1;
    return test_signer_start(signer, &detail);
}

static bool open_with_first_root(struct test_signer *signer)
{
    if (!test_signer_open(signer)) {
        return false;
    }
    test_signer_stop(signer);
    return start_with(signer, slw_heap_bytes(&roots[0])) == SLW_OK;
}

/* --- Notices --- */

struct telling {
    enum test_party by;
    const char *signer;  /* NULL: the service */
    const char *product; /* NULL: lamp */
    int64_t issued;      /* 0: now */
    bool other_subject;
};

static enum slw_status tell(struct test_signer *signer, const struct slw_heap_buffer *file,
                            const struct telling *how)
{
    const char *origin = how->signer == NULL ? TEST_ORIGIN : how->signer;
    const char *product = how->product == NULL ? "lamp" : how->product;
    struct slw_heap_buffer root = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_sha256 hash;
    struct slw_tuf_root_notice notice = {
        .signer = slw_bytes_make(origin, strlen(origin)),
        .product = slw_bytes_make(product, strlen(product)),
        .issued_utc_s = how->issued == 0 ? signer->now_utc_s : how->issued,
    };
    slw_base64_encode(slw_heap_bytes(file), &root);
    notice.root = slw_heap_bytes(&root);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(file));
    slw_sha256_final(&hash, notice.sha256);
    notice.sha256[0] ^= how->other_subject ? 1 : 0;
    must(slw_tuf_root_notice_format(&notice, &payload, &detail));
    test_sign_statement(how->by, slw_heap_bytes(&payload), &envelope);
    enum slw_status status = test_say(signer, slw_heap_bytes(&envelope));
    slw_heap_free(&envelope);
    slw_heap_free(&payload);
    slw_heap_free(&root);
    return status;
}

static enum slw_status tell_root(struct test_signer *signer, size_t at)
{
    signer->now_utc_s++; /* so that no two notices are the same */
    return tell(signer, &roots[at], &(struct telling){.by = TEST_ADA});
}

/* --- Snapshots --- */

/* The repository's newest snapshot, without signatures. */
struct snapshot {
    struct slw_heap_buffer text;
    int64_t version;
    uint8_t sha256[SLW_SHA256_SIZE];
};

/* What the change that is asked for makes of the base, which the service makes by itself too. */
static void snapshot_next(struct slw_bytes base, const struct slw_tuf_change *change,
                          struct snapshot *snapshot)
{
    struct slw_tuf_model *model = NULL;
    must(slw_tuf_model_load_base(SLW_TUF_SNAPSHOT, change->role, base, &model, &detail));
    must(slw_tuf_model_apply(model, change, &detail));
    snapshot->text.len = 0;
    must(slw_tuf_model_encode(model, &snapshot->text, &detail));
    must(slw_tuf_model_digest(model, snapshot->sha256, &detail));
    snapshot->version = slw_tuf_model_version(model);
    slw_tuf_model_free(model);
}

static void snapshot_first(struct snapshot *snapshot)
{
    const struct slw_tuf_meta_version targets = {SLW_BYTES_OF("targets"), 1};
    const struct slw_tuf_change change = {.type = SLW_TUF_SNAPSHOT,
                                          .role = SLW_BYTES_OF("snapshot"),
                                          .version = 1,
                                          .expires_utc_s = TEST_START + 86400,
                                          .set = &targets,
                                          .set_count = 1};
    struct slw_tuf_model *model = NULL;
    must(slw_tuf_model_new(SLW_TUF_SNAPSHOT, change.role, &model, &detail));
    must(slw_tuf_model_apply(model, &change, &detail));
    must(slw_tuf_model_encode(model, &snapshot->text, &detail));
    must(slw_tuf_model_digest(model, snapshot->sha256, &detail));
    snapshot->version = 1;
    slw_tuf_model_free(model);
}

/* Asks for the next snapshot, of the newest one as this party signed it. */
static enum slw_status ask(struct test_signer *signer, struct snapshot *snapshot,
                           enum test_party base_by)
{
    struct slw_tuf_change change = {.type = SLW_TUF_SNAPSHOT,
                                    .role = SLW_BYTES_OF("snapshot"),
                                    .base_version = snapshot->version,
                                    .version = snapshot->version + 1,
                                    .expires_utc_s = TEST_START + 86400};
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer base = {0};
    signer->now_utc_s++;
    memcpy(change.base_sha256, snapshot->sha256, sizeof change.base_sha256);
    must(slw_tuf_change_format(&change, &text, &detail));
    file_make(slw_heap_bytes(&snapshot->text), &base_by, 1, &base);
    const struct test_asking how = {.by = TEST_ADA,
                                    .by_set = true,
                                    .key = "lamp-role",
                                    .channel = "",
                                    .operation = SLW_OPERATION_SIGN_ROLE,
                                    .change = &text};
    enum slw_status status = test_submit_bytes(signer, slw_heap_bytes(&base), &how);
    status = status == SLW_OK ? test_refusal(signer) : status;
    if (status == SLW_OK) {
        TAP_CHECK(test_await(signer, SLW_SIGNER_SIGNED));
        snapshot_next(slw_heap_bytes(&base), &change, snapshot);
    }
    slw_heap_free(&text);
    slw_heap_free(&base);
    return status;
}

static void follows_a_root_that_rotates_twice(void)
{
    struct test_signer signer;
    struct snapshot snapshot = {.version = 0};
    TAP_REQUIRE(open_with_first_root(&signer));
    snapshot_first(&snapshot);
    for (size_t at = 0; at < ROOTS; at++) {
        TAP_ROW(at == 0 ? "first root" : at == 1 ? "second root" : "third root");
        TAP_EQUAL_INT(ask(&signer, &snapshot, TEST_OTHER), SLW_BELOW_THRESHOLD);
        if (at > 0) {
            /* Before it was told, the new key is nobody's; afterwards, the old one is. */
            TAP_EQUAL_INT(ask(&signer, &snapshot, rows[at].snapshot), SLW_BELOW_THRESHOLD);
            TAP_EQUAL_INT(tell_root(&signer, at), SLW_OK);
            TAP_EQUAL_INT(ask(&signer, &snapshot, rows[at - 1].snapshot), SLW_BELOW_THRESHOLD);
        }
        TAP_EQUAL_INT(ask(&signer, &snapshot, rows[at].snapshot), SLW_OK);
    }
    TAP_EQUAL_INT(test_signed_count(&signer), ROOTS);
    slw_heap_free(&snapshot.text);
    test_signer_close(&signer);
}

static void keeps_the_newest_root_over_restarts(void)
{
    struct test_signer signer;
    struct snapshot snapshot = {.version = 0};
    TAP_REQUIRE(open_with_first_root(&signer));
    snapshot_first(&snapshot);
    TAP_EQUAL_INT(tell_root(&signer, 1), SLW_OK);
    test_signer_stop(&signer);
    TAP_ROW("the settings still have the first");
    TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[0])) == SLW_OK);
    TAP_EQUAL_INT(ask(&signer, &snapshot, rows[0].snapshot), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(tell_root(&signer, 0), SLW_ROOT_ROLLBACK);
    TAP_EQUAL_INT(ask(&signer, &snapshot, rows[1].snapshot), SLW_OK);
    test_signer_stop(&signer);
    TAP_ROW("the settings have a newer one");
    TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[2])) == SLW_OK);
    TAP_EQUAL_INT(ask(&signer, &snapshot, rows[1].snapshot), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(tell_root(&signer, 1), SLW_ROOT_ROLLBACK);
    TAP_EQUAL_INT(ask(&signer, &snapshot, rows[2].snapshot), SLW_OK);
    slw_heap_free(&snapshot.text);
    test_signer_close(&signer);
}

/* What the log has of the settings' roots, the last of them as it is in the book. */
static void check_last_root(struct test_signer *signer, size_t records, size_t at)
{
    const struct slw_book *book = &signer->service->book;
    const struct slw_book_root *last = slw_book_root_last(book, SLW_BYTES_OF("lamp"));
    size_t count = 0;
    for (size_t i = 0; i < book->roots_count; i++) {
        count += book->roots[i]->by_settings ? 1 : 0;
    }
    TAP_EQUAL_INT(count, records);
    TAP_REQUIRE(last != NULL);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&last->file), slw_heap_bytes(&roots[at])));
    TAP_EQUAL_INT(last->version, at + 1);
}

/* So that an auditor can follow them: once each, when they are what counts. */
static void logs_the_roots_of_its_settings(void)
{
    static const struct {
        const char *name;
        size_t settings, records, last;
    } starts[] = {
        {"the same again", 0, 1, 0}, {"a newer one", 1, 2, 1},
        {"the same again", 1, 2, 1}, {"an older one, by mistake", 0, 3, 0},
        {"far ahead", 2, 4, 2},
    };
    struct test_signer signer;
    TAP_REQUIRE(open_with_first_root(&signer));
    check_last_root(&signer, 1, 0);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        TAP_ROW(starts[i].name);
        test_signer_stop(&signer);
        TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[starts[i].settings])) == SLW_OK);
        check_last_root(&signer, starts[i].records, starts[i].last);
    }
    TAP_ROW(NULL);
    signer.auditors_ask = "a root of the service's settings that doesn't follow";
    test_signer_close(&signer);
}

static void logs_no_root_of_its_settings_that_is_older_than_one_it_was_told(void)
{
    struct test_signer signer;
    TAP_REQUIRE(open_with_first_root(&signer));
    TAP_EQUAL_INT(tell_root(&signer, 1), SLW_OK);
    check_last_root(&signer, 1, 1);
    test_signer_stop(&signer);
    TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[0])) == SLW_OK);
    check_last_root(&signer, 1, 1);
    test_signer_stop(&signer);
    TAP_ROW("the very one that it was told");
    TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[1])) == SLW_OK);
    check_last_root(&signer, 1, 1);
    TAP_ROW(NULL);
    test_signer_close(&signer);
}

/* Its record couldn't be read back, and the log has it for ever. */
static void does_not_start_with_a_root_of_a_product_that_has_no_name(void)
{
    static const char *const names[] = {
        "", "12345678901234567890123456789012345678901234567890123456789012345"};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    test_signer_stop(&signer);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct slw_service_root named = {names[i], slw_heap_bytes(&roots[0])};
        signer.options.roots = &named;
        signer.options.roots_count = 1;
        TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_MALFORMED);
    }
    TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[0])) == SLW_OK);
    check_last_root(&signer, 1, 0);
    test_signer_close(&signer);
}

static void refuses_roots_that_do_not_follow(void)
{
    static const struct {
        const char *name;
        size_t row;
        enum test_party by[3];
        size_t count;
        enum slw_status status;
    } cases[] = {
        {"by strangers, with keys of their own",
         2,
         {TEST_ADMIN3, TEST_WITNESS1},
         2,
         SLW_ROOT_UNTRUSTED},
        {"by one of two old keys", 1, {TEST_ADMIN2, TEST_ADMIN3}, 2, SLW_ROOT_UNTRUSTED},
        {"by the old keys alone", 1, {TEST_ADMIN1, TEST_ADMIN2}, 2, SLW_ROOT_SELF_UNSIGNED},
        {"by nobody", 1, {TEST_ADA}, 0, SLW_ROOT_UNTRUSTED},
    };
    struct test_signer signer;
    TAP_REQUIRE(open_with_first_root(&signer));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slw_heap_buffer file = {0};
        TAP_ROW(cases[i].name);
        root_make(slw_heap_bytes(&roots[0]), &rows[cases[i].row], TEST_START + 8640000, cases[i].by,
                  cases[i].count, &file);
        TAP_EQUAL_INT(tell(&signer, &file, &(struct telling){.by = TEST_ADA}), cases[i].status);
        slw_heap_free(&file);
    }
    TAP_ROW("one too far");
    TAP_EQUAL_INT(tell_root(&signer, 2), SLW_ROOT_ROLLBACK);
    TAP_ROW("an older one");
    TAP_EQUAL_INT(tell_root(&signer, 1), SLW_OK);
    TAP_EQUAL_INT(tell_root(&signer, 0), SLW_ROOT_ROLLBACK);
    TAP_ROW("another of this version, by the same keys");
    struct slw_heap_buffer other = {0};
    const enum test_party all[] = {TEST_ADMIN1, TEST_ADMIN2, TEST_ADMIN3};
    root_make(slw_heap_bytes(&roots[0]), &rows[1], TEST_START + 8640001, all, 3, &other);
    TAP_EQUAL_INT(tell(&signer, &other, &(struct telling){.by = TEST_ADA}), SLW_ROOT_REPLACED);
    slw_heap_free(&other);
    TAP_ROW("the trusted one again: nothing happens, and nothing is logged");
    uint64_t size = slw_log_size(signer.service->log);
    TAP_EQUAL_INT(tell_root(&signer, 1), SLW_OK);
    TAP_EQUAL_INT(slw_log_size(signer.service->log), size);
    test_signer_close(&signer);
}

static void refuses_notices_that_are_none(void)
{
    struct test_signer signer;
    struct slw_heap_buffer nothing = {0};
    slw_heap_append_text(&nothing, "{\"signed\":{}}");
    TAP_REQUIRE(open_with_first_root(&signer));
    TAP_ROW("by somebody who may ask for nothing");
    TAP_EQUAL_INT(tell(&signer, &roots[1], &(struct telling){.by = TEST_LAB}), SLW_NOT_PERMITTED);
    TAP_ROW("for another service");
    TAP_EQUAL_INT(tell(&signer, &roots[1], &(struct telling){.by = TEST_ADA, .signer = "other"}),
                  SLW_BAD_STATEMENT);
    TAP_ROW("for another product");
    TAP_EQUAL_INT(tell(&signer, &roots[1], &(struct telling){.by = TEST_ADA, .product = "lamp2"}),
                  SLW_NO_TRUSTED_ROOT);
    TAP_ROW("old");
    TAP_EQUAL_INT(
        tell(&signer, &roots[1], &(struct telling){.by = TEST_ADA, .issued = TEST_START - 2000}),
        SLW_STALE_STATEMENT);
    TAP_ROW("of another subject");
    TAP_EQUAL_INT(
        tell(&signer, &roots[1], &(struct telling){.by = TEST_ADA, .other_subject = true}),
        SLW_BAD_STATEMENT);
    TAP_ROW("of no root");
    TAP_EQUAL_INT(tell(&signer, &nothing, &(struct telling){.by = TEST_ADA}), SLW_MALFORMED);
    TAP_ROW(NULL);
    TAP_CHECK(slw_book_root(&signer.service->book, SLW_BYTES_OF("lamp")) == NULL);
    slw_heap_free(&nothing);
    test_signer_close(&signer);
}

static void does_not_start_with_a_root_that_nobody_signed(void)
{
    const enum test_party one[] = {TEST_ADMIN1};
    struct test_signer signer;
    struct slw_heap_buffer file = {0};
    TAP_REQUIRE(test_signer_open(&signer));
    test_signer_stop(&signer);
    root_make(slw_bytes_make(NULL, 0), &rows[0], TEST_START + 8640000, one, 1, &file);
    TAP_EQUAL_INT(start_with(&signer, slw_heap_bytes(&file)), SLW_ROOT_SELF_UNSIGNED);
    slw_heap_free(&file);
    TAP_EQUAL_INT(start_with(&signer, SLW_BYTES_OF("root")), SLW_MALFORMED);
    TAP_REQUIRE(start_with(&signer, slw_heap_bytes(&roots[0])) == SLW_OK);
    test_signer_close(&signer);
}

int main(void)
{
    roots_make();
    TAP_RUN(follows_a_root_that_rotates_twice);
    TAP_RUN(keeps_the_newest_root_over_restarts);
    TAP_RUN(logs_the_roots_of_its_settings);
    TAP_RUN(logs_no_root_of_its_settings_that_is_older_than_one_it_was_told);
    TAP_RUN(does_not_start_with_a_root_of_a_product_that_has_no_name);
    TAP_RUN(refuses_roots_that_do_not_follow);
    TAP_RUN(refuses_notices_that_are_none);
    TAP_RUN(does_not_start_with_a_root_that_nobody_signed);
    for (size_t i = 0; i < ROOTS; i++) {
        slw_heap_free(&roots[i]);
    }
    return tap_finish();
}
