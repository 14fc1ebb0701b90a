/* SPDX-License-Identifier: Apache-2.0 */
/* Signers that take their time, refuse, fail or lie: what the writer makes of their answers. */
#include "test_acts.h"

#include "tap.h"

#include <stdio.h>

enum how { PENDING, REFUSES, FAILS, SIGNS_ANOTHER_VERSION, LIES, GIVES_GARBAGE };

/* In front of the provider of test_writer.h. */
static struct {
    const struct slw_tuf_key_provider *inner;
    struct slw_tuf_key_provider port;
    const char *role; /* that it is about: the beginning of its name */
    enum how how;
    unsigned asked;
    char first_key[SLW_TUF_IDEMPOTENCY_SIZE];
    bool same_key; /* each time */
} signer;

static void note_key(const char *idempotency_key)
{
    if (signer.asked++ == 0) {
        (void)snprintf(signer.first_key, sizeof signer.first_key, "%s", idempotency_key);
        signer.same_key = true;
    }
    signer.same_key = signer.same_key && strcmp(signer.first_key, idempotency_key) == 0;
}

static enum slw_status sign_another(const struct slw_tuf_change *change, struct slw_bytes base,
                                    enum slw_tuf_answer *ret_answer,
                                    struct slw_tuf_signatures *ret_signatures,
                                    struct slw_detail *detail)
{
    struct slw_tuf_change other = *change;
    static unsigned number;
    char key[SLW_TUF_IDEMPOTENCY_SIZE];
    other.expires_utc_s += 1;
    (void)snprintf(key, sizeof key, "another-%u", number++);
    SLW_TRY(signer.inner->request(signer.inner->context, &other, base, key, ret_answer,
                                  ret_signatures, detail));
    if (signer.how == LIES) {
        /* As if it had verified them over what was asked for: of which it doesn't know the bytes.
         */
        ret_signatures->are_verified = true;
        memset(ret_signatures->digest, 0, sizeof ret_signatures->digest);
    } else {
        ret_signatures->are_verified = false;
    }
    return SLW_OK;
}

static enum slw_status request(void *context, const struct slw_tuf_change *change,
                               struct slw_bytes base, const char *idempotency_key,
                               enum slw_tuf_answer *ret_answer,
                               struct slw_tuf_signatures *ret_signatures, struct slw_detail *detail)
{
    size_t len = signer.role == NULL ? 0 : strlen(signer.role);
    (void)context;
    if (signer.role == NULL || change->role.len < len ||
        memcmp(change->role.ptr, signer.role, len) != 0) {
        return signer.inner->request(signer.inner->context, change, base, idempotency_key,
                                     ret_answer, ret_signatures, detail);
    }
    note_key(idempotency_key);
    switch (signer.how) {
    case PENDING:
        *ret_answer = SLW_TUF_PENDING;
        return SLW_OK;
    case REFUSES:
        *ret_answer = SLW_TUF_REFUSED;
        (void)slw_explain(detail, SLW_OK, "two approvals are missing");
        return SLW_OK;
    case FAILS:
        return slw_explain(detail, SLW_IO_TIMEOUT, "the signer doesn't answer");
    case SIGNS_ANOTHER_VERSION:
    case LIES:
        return sign_another(change, base, ret_answer, ret_signatures, detail);
    case GIVES_GARBAGE:
        break;
    }
    SLW_TRY(sign_another(change, base, ret_answer, ret_signatures, detail));
    for (size_t i = 0; i < ret_signatures->count; i++) {
        memset(ret_signatures->list[i].key_id, 'x', sizeof ret_signatures->list[i].key_id);
        ret_signatures->list[i].sig_hex.len = 0;
    }
    return SLW_OK;
}

/* A repository whose signer is the one above, and behaves until it is told otherwise. */
static bool begin(bool (*set_up)(void))
{
    if (!test_open()) {
        return false;
    }
    memset(&signer, 0, sizeof signer);
    signer.inner = test.options.provider;
    signer.port = (struct slw_tuf_key_provider){NULL, request};
    test.options.provider = &signer.port;
    return set_up();
}

static const struct slw_tuf_edition *published(const char *role)
{
    return slw_tuf_writer_find(test.writer, test_bytes(role))->published;
}

static void a_role_that_is_pending_keeps_nobody_waiting(void)
{
    TAP_REQUIRE(begin(test_set_up_with_team));
    int64_t version = published("team")->version;
    signer.role = "team";
    signer.how = PENDING;
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_add("targets", "z", "z") == SLW_OK);
    TAP_EQUAL_INT(test_sign_and_publish("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(published("team")->version, version);
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_CHECK(signer.asked >= 3);
    TAP_CHECK(signer.same_key);
    test_new_process();
    signer.role = NULL;
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(published("team")->version, version + 1);
    test_close();
}

static void nothing_is_staged_that_a_signer_refuses(void)
{
    TAP_REQUIRE(begin(test_set_up_with_team));
    signer.role = "team";
    signer.how = REFUSES;
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_WRONG_STATE);
    TAP_CHECK(test_said("team") && test_said("two approvals are missing"));
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void a_refusal_later_on_keeps_nobody_waiting(void)
{
    TAP_REQUIRE(begin(test_set_up_with_team));
    signer.role = "team";
    signer.how = PENDING;
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK && test_prepare() == SLW_OK);
    signer.how = REFUSES;
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_CHECK(test_told("two approvals are missing"));
    signer.how = FAILS;
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_CHECK(test_told("doesn't answer"));
    test_close();
}

static void what_was_gathered_is_there_still_when_the_signer_fails(void)
{
    TAP_REQUIRE(begin(test_set_up_with_team));
    signer.role = "team";
    signer.how = FAILS;
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    signer.role = NULL;
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(published("team")->model), 2);
    test_close();
}

static void signatures_over_something_else_dont_count(void)
{
    static const struct {
        const char *name;
        enum how how;
        bool told;
    } rows[] = {
        {"another version", SIGNS_ANOTHER_VERSION, true},
        {"said to be verified", LIES, true},
        {"garbage", GIVES_GARBAGE, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(begin(test_set_up_with_team));
        signer.role = "team";
        signer.how = rows[i].how;
        int64_t version = published("team")->version;
        TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
        TAP_EQUAL_INT(test_publish(), SLW_OK);
        TAP_EQUAL_INT(test.published.pending, 1);
        TAP_EQUAL_INT(published("team")->version, version);
        TAP_CHECK(test_told("a signature that the signer gave is bad") == rows[i].told);
        signer.role = "snapshot";
        TAP_REQUIRE(test_add("targets", "z", "z") == SLW_OK && test_prepare() == SLW_OK);
        TAP_REQUIRE(test_sign("targets", KEY_TARGETS) == SLW_OK);
        TAP_EQUAL_INT(test_publish(), SLW_BELOW_THRESHOLD);
        signer.role = "timestamp";
        TAP_EQUAL_INT(test_publish(), SLW_BELOW_THRESHOLD);
        signer.role = NULL;
        TAP_EQUAL_INT(test_publish(), SLW_OK);
        TAP_EQUAL_INT(test.published.pending, 0);
        TAP_EQUAL_INT(test.published.roles, 2);
        test_close();
    }
    TAP_ROW(NULL);
}

static void bins_wait_together_and_are_asked_for_again(void)
{
    TAP_REQUIRE(begin(test_set_up_with_bins));
    int64_t timestamp = test.published.timestamp_version;
    signer.role = "bins-2";
    signer.how = PENDING;
    for (int i = 0; i < 12; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "more/%d", i);
        TAP_REQUIRE(test_add("targets", path, path) == SLW_OK);
    }
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(test.published.timestamp_version, timestamp);
    TAP_CHECK(test_has("staged/bins/targets.json"));
    test_new_process();
    /* Others go on. */
    TAP_REQUIRE(test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, "bins*",
                             KEY_BINS, "targets", KEY_TARGETS, (const char *)NULL));
    test_pass(13 * 3600);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, timestamp + 1);
    TAP_EQUAL_INT(test.published.pending, 1);
    signer.role = NULL;
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_CHECK(test.published.roles >= 2);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void bins_that_cant_be_signed_hold_their_new_delegator(void)
{
    TAP_REQUIRE(begin(test_set_up_with_targets));
    signer.role = "bins";
    signer.how = PENDING;
    TAP_EQUAL_INT(test_act_delegate_bins(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(published("targets")->model), 2);
    signer.role = NULL;
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 5);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(published("targets")->model), 0);
    test_close();
}

static void without_a_signer_people_sign_and_nothing_is_published(void)
{
    TAP_REQUIRE(begin(test_set_up_with_team));
    test_new_process();
    test.options.provider = NULL;
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK && test_prepare() == SLW_OK);
    TAP_EQUAL_INT(test_sign("team", KEY_TEAM_2), SLW_BAD_KEY);
    TAP_EQUAL_INT(test_sign("team", KEY_TEAM), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_BELOW_THRESHOLD);
    test_new_process();
    test.options.provider = &signer.port;
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    test_close();
}

int main(void)
{
    TAP_RUN(a_role_that_is_pending_keeps_nobody_waiting);
    TAP_RUN(nothing_is_staged_that_a_signer_refuses);
    TAP_RUN(a_refusal_later_on_keeps_nobody_waiting);
    TAP_RUN(what_was_gathered_is_there_still_when_the_signer_fails);
    TAP_RUN(signatures_over_something_else_dont_count);
    TAP_RUN(bins_wait_together_and_are_asked_for_again);
    TAP_RUN(bins_that_cant_be_signed_hold_their_new_delegator);
    TAP_RUN(without_a_signer_people_sign_and_nothing_is_published);
    return tap_finish();
}
