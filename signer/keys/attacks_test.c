/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on the service by somebody who holds the front: what is said, replayed, renamed or
 * ordered differently gets nothing signed that the policy denies, and is refused by its name.
 */
#include "test_signer.h"

#include "service_parts.h"

#include "tap.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static const struct test_asking asking; /* production, by ci */
static const struct test_bundle good;
static const struct test_asking for_test_key = {.key = "lamp-test"};
static const struct test_bundle test_class = {.root_class = SLW_KEY_CLASS_TEST,
                                              .targets_key = TEST_KEY_TEST};

/* A request for a bundle is refused for this reason, at once or when it was looked at. */
static void refuses(const struct test_bundle *bundle, const struct test_asking *how,
                    enum slw_status reason)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    enum slw_status status = test_submit(&signer, bundle, how);
    TAP_EQUAL_INT(status == SLW_OK ? test_refusal(&signer) : status, reason);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

/* --- Who, which builder, what --- */

static void refuses_what_no_rule_lets_be_asked_for(void)
{
    TAP_ROW("by nobody known");
    refuses(&good, &(struct test_asking){.by = TEST_OTHER, .by_set = true}, SLW_UNSIGNED);
    TAP_ROW("by a person who may not ask");
    refuses(&good, &(struct test_asking){.by = TEST_BEN, .by_set = true}, SLW_NOT_PERMITTED);
    TAP_ROW("for another service");
    refuses(&good, &(struct test_asking){.signer = "signer.example/other"}, SLW_BAD_STATEMENT);
    TAP_ROW("of long ago");
    refuses(&good, &(struct test_asking){.issued = TEST_START - 901}, SLW_STALE_STATEMENT);
    TAP_ROW("of the future");
    refuses(&good, &(struct test_asking){.issued = TEST_START + 301, .expires = TEST_START + 400},
            SLW_STALE_STATEMENT);
    TAP_ROW("expired");
    refuses(&good, &(struct test_asking){.issued = TEST_START - 10, .expires = TEST_START - 1},
            SLW_STALE_STATEMENT);
    TAP_ROW("for too long");
    refuses(&good, &(struct test_asking){.expires = TEST_START + 31 * 86400}, SLW_STALE_STATEMENT);
}

static void refuses_names_that_only_look_alike(void)
{
    static const struct {
        const char *key;
        const char *channel;
        enum slw_status reason;
    } rows[] = {
        {"Lamp-prod", "stable", SLW_UNKNOWN_KEY},
        {"lamp-prod ", "stable", SLW_UNKNOWN_KEY},
        {"lamp-pro", "stable", SLW_UNKNOWN_KEY},
        {"lamp-prod2", "stable", SLW_UNKNOWN_KEY},
        {"l\xc3\xa4mp-prod", "stable", SLW_UNKNOWN_KEY},
        {"lamp-prod", "Stable", SLW_NOT_PERMITTED},
        {"lamp-prod", "stable ", SLW_NOT_PERMITTED},
        {"lamp-prod", "stable-beta", SLW_NOT_PERMITTED},
        {"lamp-prod", "", SLW_NOT_PERMITTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].channel);
        refuses(&good, &(struct test_asking){.key = rows[i].key, .channel = rows[i].channel},
                rows[i].reason);
    }
    TAP_ROW("another product");
    refuses(&(struct test_bundle){.product = "Lamp"}, &asking, SLW_WRONG_PRODUCT);
    TAP_ROW("no product");
    refuses(&(struct test_bundle){.product = ""}, &asking, SLW_WRONG_PRODUCT);
    TAP_ROW("a channel that this class has no rule for");
    refuses(&test_class, &(struct test_asking){.key = "lamp-test", .channel = "stable"},
            SLW_NOT_PERMITTED);
}

static void refuses_builds_that_no_builder_vouches_for(void)
{
    static const struct {
        const char *name;
        struct test_bundle bundle;
        enum slw_status reason;
    } rows[] = {
        {"replayed: endorsed another build", {.endorse_other_content = true}, SLW_WRONG_BUILDER},
        {"not endorsed", {.no_endorsement = true}, SLW_WRONG_BUILDER},
        {"endorsed by nobody known", {.endorse_by_other = true}, SLW_WRONG_BUILDER},
        {"another builder", {.builder_id = "https://ci.example/lamp2"}, SLW_WRONG_BUILDER},
        {"another source", {.source = "git+https://git.example/lam"}, SLW_WRONG_PROVENANCE},
        {"another way to build", {.build_type_uri = "https://ci.example/x"}, SLW_WRONG_PROVENANCE},
        {"another parameter", {.parameter = "debug"}, SLW_WRONG_PROVENANCE},
        {"one parameter more", {.more_parameters = true}, SLW_WRONG_PROVENANCE},
        {"not tested", {.no_test = true}, SLW_MISSING_TEST},
        {"failed its test", {.test_failed = true}, SLW_MISSING_TEST},
        {"a test build", {.build_type = SLW_BUILD_TYPE_TEST}, SLW_WRONG_BUILD_TYPE},
        {"a root of another class", {.root_class = SLW_KEY_CLASS_TEST}, SLW_WRONG_CLASS},
        {"a root that doesn't list the key", {.unlisted_root = true}, SLW_WRONG_ROLE},
        {"a root that nobody signed", {.root_unsigned = true}, SLW_ROOT_SELF_UNSIGNED},
        {"a root that has expired", {.root_expires = TEST_START}, SLW_EXPIRED},
        {"metadata that have expired", {.expires = TEST_START}, SLW_EXPIRED},
        {"a root of no class", {.root_class = TEST_NO_CLASS}, SLW_WRONG_CLASS},
        {"another payload", {.wrong_payload = true}, SLW_WRONG_HASH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        refuses(&rows[i].bundle, &asking, rows[i].reason);
    }
}

static void refuses_metadata_that_it_would_write_otherwise(void)
{
    TAP_ROW("a field that isn't known");
    refuses(&(struct test_bundle){.unknown_field = true}, &asking, SLW_MALFORMED);
    TAP_ROW("another order of fields");
    refuses(&(struct test_bundle){.other_order = true}, &asking, SLW_MALFORMED);
}

static void refuses_a_test_key_for_a_production_root(void)
{
    refuses(&(struct test_bundle){.targets_key = TEST_KEY_TEST}, &for_test_key, SLW_WRONG_CLASS);
}

/* --- Approvals --- */

/* One good approval is there; the second is this one. Nothing is signed. */
static void doesnt_count(const struct test_approving *second, enum slw_status answer)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){.version = 7}, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_submit(&signer, &good, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_EQUAL_INT(test_approve(&signer, second), answer);
    test_settle(&signer);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

static void doesnt_count_approvals_of_something_else(void)
{
    static const struct {
        const char *name;
        struct test_approving second;
        enum slw_status answer;
    } rows[] = {
        {"of another request", {.by = TEST_BEN, .other_request = true}, SLW_BAD_STATEMENT},
        {"of another build", {.by = TEST_BEN, .other_content = true}, SLW_BAD_STATEMENT},
        {"of other metadata", {.by = TEST_BEN, .other_targets = true}, SLW_BAD_STATEMENT},
        {"for another key", {.by = TEST_BEN, .other_key = true}, SLW_BAD_STATEMENT},
        {"for another class", {.by = TEST_BEN, .key_class = SLW_KEY_CLASS_TEST}, SLW_BAD_STATEMENT},
        {"for another channel", {.by = TEST_BEN, .channel = "beta"}, SLW_BAD_STATEMENT},
        {"for another service", {.by = TEST_BEN, .signer = "other.example"}, SLW_BAD_STATEMENT},
        {"stale: under another policy", {.by = TEST_BEN, .policy_version = 2}, SLW_STALE_STATEMENT},
        {"stale: expired",
         {.by = TEST_BEN, .issued = TEST_START - 100, .expires = TEST_START - 1},
         SLW_STALE_STATEMENT},
        {"stale: issued long ago",
         {.by = TEST_BEN, .issued = TEST_START - 901},
         SLW_STALE_STATEMENT},
        {"by a machine", {.by = TEST_CI}, SLW_NOT_PERMITTED},
        {"by nobody known", {.by = TEST_OTHER}, SLW_UNSIGNED},
        {"by the same person again", {.by = TEST_ADA, .expires = TEST_START + 50}, SLW_OK},
        {"by the same person with another key", {.by = TEST_ADA_SECOND}, SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        doesnt_count(&rows[i].second, rows[i].answer);
    }
}

static void lets_no_requester_approve_alone(void)
{
    static const struct test_policy policy = {.prod_approvals =
                                                  "{\"count\":1,\"people\":[\"ada\",\"ben\"]}"};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open_with(&signer, &policy));
    TAP_EQUAL_INT(
        test_submit(&signer, &good, &(struct test_asking){.by = TEST_ADA, .by_set = true}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA_SECOND}), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_close(&signer);
}

static void ends_what_somebody_rejects(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &good, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_EVE, .reject = true}),
                  SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_MISSING_APPROVAL);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}),
                  SLW_STALE_STATEMENT);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

/* --- Policies --- */

static const int both[] = {TEST_ADMIN1, TEST_ADMIN2, -1};

static void doesnt_count_an_approver_who_was_removed_meanwhile(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &good, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    const struct test_policy without_ben = {
        .version = 2, .prod_approvals = "{\"count\":2,\"people\":[\"ada\",\"eve\"]}"};
    TAP_EQUAL_INT(test_change_policy(&signer, &without_ben, both), SLW_OK);
    signer.policy.version = 2;
    TAP_EQUAL_INT(slw_service_policy(signer.service)->policy->version, 2);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}),
                  SLW_NOT_PERMITTED);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_EVE}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_close(&signer);
}

static void takes_no_policy_that_administrators_didnt_sign(void)
{
    static const int one[] = {TEST_ADMIN1, -1};
    static const int other[] = {TEST_ADMIN1, TEST_ADMIN3, -1};
    static const int people[] = {TEST_ADA, TEST_BEN, -1};
    const struct test_policy next = {.version = 2};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_change_policy(&signer, &next, one), SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(test_change_policy(&signer, &next, other), SLW_BELOW_THRESHOLD);
    TAP_CHECK(test_change_policy(&signer, &next, people) != SLW_OK);
    TAP_EQUAL_INT(test_change_policy(
                      &signer, &(struct test_policy){.version = 2, .admins_differ = true}, other),
                  SLW_BELOW_THRESHOLD);
    TAP_EQUAL_INT(slw_service_policy(signer.service)->policy->version, 1);
    TAP_EQUAL_INT(test_change_policy(&signer, &next, both), SLW_OK);
    TAP_EQUAL_INT(
        test_change_policy(&signer, &(struct test_policy){.version = 1, .delay_s = 100}, both),
        SLW_ROLLBACK);
    test_signer_close(&signer);
}

static void lets_a_looser_policy_wait(void)
{
    const struct test_policy looser = {
        .version = 2, .prod_approvals = "{\"count\":1,\"people\":[\"ada\",\"ben\",\"eve\"]}"};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &good, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_change_policy(&signer, &looser, both), SLW_OK);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    test_settle(&signer);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(slw_service_policy(signer.service)->policy->version, 1);
    /* A version between what is in force and what waits was logged before, or never can be. */
    TAP_EQUAL_INT(test_change_policy(&signer, &looser, both), SLW_OK); /* the same, again */
    TAP_EQUAL_INT(
        test_change_policy(&signer, &(struct test_policy){.version = 2, .delay_s = 7200}, both),
        SLW_ROLLBACK);
    signer.now_utc_s += 3601;
    signer.now_ms += 11000;
    test_settle(&signer);
    TAP_EQUAL_INT(slw_service_policy(signer.service)->policy->version, 2);
    signer.policy.version = 2;
    TAP_EQUAL_INT(test_signed_count(&signer), 0); /* ada's was given under the former one */
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_close(&signer);
}

/* --- Versions --- */

static void signs_no_lower_version_and_none_twice(void)
{
    struct test_signer signer;
    struct test_bundle bundle = test_class;
    TAP_REQUIRE(test_signer_open(&signer));
    bundle.version = 5;
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    bundle.version = 4;
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_ROLLBACK);
    bundle.version = 5;
    bundle.payload = "another image";
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_VERSION_TAKEN);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    bundle.version = 6;
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    test_signer_close(&signer);
}

static void gives_the_stored_signature_for_the_same_content(void)
{
    struct test_signer signer;
    struct slw_heap_buffer first = {0};
    struct slw_heap_buffer second = {0};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    uint64_t size = slw_log_size(signer.service->log);
    TAP_EQUAL_INT(test_blob(&signer, SLW_SIGNER_SIGNATURE, &first), SLW_OK);
    /* The same request again has no effect at all. */
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&signer.request)), SLW_OK);
    TAP_EQUAL_INT(slw_log_size(signer.service->log), size);
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    TAP_EQUAL_INT(test_blob(&signer, SLW_SIGNER_SIGNATURE, &second), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&first), slw_heap_bytes(&second)));
    struct slw_book_request **list = signer.service->book.list;
    TAP_EQUAL_INT(list[0]->release, list[1]->release); /* nor has the log another release */
    slw_heap_free(&first);
    slw_heap_free(&second);
    test_signer_close(&signer);
}

static void signs_one_of_two_requests_for_one_version(void)
{
    struct test_signer signer;
    struct test_bundle left = {.version = 9, .payload = "left"};
    struct test_bundle right = {.version = 9, .payload = "right"};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &left, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    struct slw_heap_buffer last = {0};
    test_approval_envelope(&signer, &(struct test_approving){.by = TEST_BEN}, &last);
    TAP_EQUAL_INT(test_submit(&signer, &right, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    /* Both become complete in one turn. */
    struct slw_heap_buffer other = {0};
    test_approval_envelope(&signer, &(struct test_approving){.by = TEST_BEN}, &other);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&last)), SLW_OK);
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&other)), SLW_OK);
    /* Whichever it is: workers read both anew. */
    for (int i = 0; i < 600 && signer.service->cases_count > 0; i++) {
        test_settle(&signer);
    }
    const struct slw_book *book = &signer.service->book;
    bool left_won = book->list[0]->state == SLW_SIGNER_SIGNED;
    TAP_EQUAL_INT(book->list_count, 2);
    TAP_EQUAL_INT(book->list[left_won ? 0 : 1]->state, SLW_SIGNER_SIGNED);
    TAP_EQUAL_INT(book->list[left_won ? 1 : 0]->state, SLW_SIGNER_REFUSED);
    TAP_EQUAL_INT(book->list[left_won ? 1 : 0]->reason, SLW_VERSION_TAKEN);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    slw_heap_free(&last);
    slw_heap_free(&other);
    test_signer_close(&signer);
}

/* --- Time --- */

/* A key that signs slowly, so that another request comes in between. */
struct slow_key {
    atomic_bool has_begun;
    atomic_bool may_go_on;
};

static enum slw_status slow_sign(void *context, struct slw_bytes message,
                                 const uint8_t digest[static SLW_SHA256_SIZE],
                                 uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                 struct slw_detail *detail)
{
    struct slow_key *slow = context;
    atomic_store(&slow->has_begun, true);
    for (int i = 0; i < 2000 && !atomic_load(&slow->may_go_on); i++) {
        usleep(5000);
    }
    return slw_private_key_sign_unverified(test_key(TEST_KEY_TEST), message, digest, ret_signature,
                                           detail);
}

static void takes_a_version_before_it_signs(void)
{
    struct test_signer signer;
    struct test_bundle right = test_class;
    struct slw_private_key *key = NULL;
    struct slw_detail detail = {""};
    struct slow_key slow = {.has_begun = false};
    const struct slw_key_holder holder = {&slow, slow_sign, NULL};
    right.payload = "another image";
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(slw_private_key_from_holder(slw_private_key_public(test_key(TEST_KEY_TEST)),
                                              &holder, &key, &detail),
                  SLW_OK);
    signer.keys[1].key = key;
    TAP_EQUAL_INT(test_submit(&signer, &test_class, &for_test_key), SLW_OK);
    for (int i = 0; i < 600 && !atomic_load(&slow.has_begun); i++) {
        test_settle(&signer);
    }
    TAP_EQUAL_INT(test_submit(&signer, &right, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_VERSION_TAKEN);
    right.version = 0;
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    atomic_store(&slow.may_go_on, true);
    for (int i = 0; i < 600 && test_signed_count(&signer) == 0; i++) {
        test_settle(&signer);
    }
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    test_signer_stop(&signer);
    slw_private_key_free(key);
    test_signer_close(&signer);
}

/* The policy names another key meanwhile: what was read for the former one doesn't count. */
static void signs_by_no_key_that_the_policy_took_away(void)
{
    struct test_signer signer;
    const struct test_policy other = {.version = 2, .other_prod_key = true};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &good, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_change_policy(&signer, &other, both), SLW_OK);
    signer.now_utc_s += 4000;
    signer.now_ms += 11000;
    signer.policy.version = 2;
    test_settle(&signer);
    (void)test_approve(&signer, &(struct test_approving){.by = TEST_ADA});
    (void)test_approve(&signer, &(struct test_approving){.by = TEST_BEN});
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_WRONG_ROLE);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

static void says_nothing_while_the_clock_is_behind(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &good, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    struct slw_heap_buffer approval = {0};
    test_approval_envelope(&signer, &(struct test_approving){.by = TEST_BEN}, &approval);
    signer.now_utc_s -= 1;
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approval)), SLW_CLOCK);
    TAP_EQUAL_INT(slw_service_check_ready(signer.service, &detail), SLW_CLOCK);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_CLOCK);
    signer.now_utc_s += 1;
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_WAITING));
    TAP_EQUAL_INT(test_say(&signer, slw_heap_bytes(&approval)), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    slw_heap_free(&approval);
    test_signer_close(&signer);
}

static void lets_requests_expire(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &good, &(struct test_asking){.expires = TEST_START + 100}),
                  SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    signer.now_utc_s += 100;
    signer.now_ms += 1500;
    TAP_CHECK(test_await(&signer, SLW_SIGNER_EXPIRED));
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}),
                  SLW_STALE_STATEMENT);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(refuses_what_no_rule_lets_be_asked_for);
    TAP_RUN(refuses_names_that_only_look_alike);
    TAP_RUN(refuses_builds_that_no_builder_vouches_for);
    TAP_RUN(refuses_metadata_that_it_would_write_otherwise);
    TAP_RUN(refuses_a_test_key_for_a_production_root);
    TAP_RUN(doesnt_count_approvals_of_something_else);
    TAP_RUN(lets_no_requester_approve_alone);
    TAP_RUN(ends_what_somebody_rejects);
    TAP_RUN(doesnt_count_an_approver_who_was_removed_meanwhile);
    TAP_RUN(takes_no_policy_that_administrators_didnt_sign);
    TAP_RUN(lets_a_looser_policy_wait);
    TAP_RUN(signs_no_lower_version_and_none_twice);
    TAP_RUN(gives_the_stored_signature_for_the_same_content);
    TAP_RUN(signs_one_of_two_requests_for_one_version);
    TAP_RUN(takes_a_version_before_it_signs);
    TAP_RUN(signs_by_no_key_that_the_policy_took_away);
    TAP_RUN(says_nothing_while_the_clock_is_behind);
    TAP_RUN(lets_requests_expire);
    return tap_finish();
}
