/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes between a decision and its record: a rejection, another policy or the end of a request
 * while a token signs, the same bundle a second time, a clock that is set back.
 */
#include "test_signer.h"

#include "service_parts.h"

#include "slipway/audit.h"

#include "tap.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A key that signs slowly, so that something comes in between. */
struct slow_key {
    struct slw_private_key *key;
    enum test_party party;
    atomic_uint begun;
    atomic_uint may_end; /* so many of them, in the order in which they began */
};

static enum slw_status slow_sign(void *context, struct slw_bytes message,
                                 const uint8_t digest[static SLW_SHA256_SIZE],
                                 uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                 struct slw_detail *detail)
{
    struct slow_key *slow = context;
    const unsigned number = atomic_fetch_add(&slow->begun, 1);
    for (int i = 0; i < 2000 && atomic_load(&slow->may_end) <= number; i++) {
        usleep(5000);
    }
    return slw_private_key_sign_unverified(test_key(slow->party), message, digest, ret_signature,
                                           detail);
}

static bool open_slow(struct test_signer *signer, struct slow_key *slow, size_t which)
{
    const struct slw_key_holder holder = {slow, slow_sign, NULL};
    struct slw_detail detail = {""};
    if (!test_signer_open(signer) ||
        slw_private_key_from_holder(slw_private_key_public(test_key(slow->party)), &holder,
                                    &slow->key, &detail) != SLW_OK) {
        return false;
    }
    signer->keys[which].key = slow->key;
    return true;
}

static void close_slow(struct test_signer *signer, struct slow_key *slow)
{
    test_signer_stop(signer);
    slw_private_key_free(slow->key);
    test_signer_close(signer);
}

static bool begins(struct test_signer *signer, struct slow_key *slow, unsigned count)
{
    for (int i = 0; i < 600 && atomic_load(&slow->begun) < count; i++) {
        test_settle(signer);
    }
    return atomic_load(&slow->begun) == count;
}

static void go_on(struct test_signer *signer, struct slow_key *slow)
{
    atomic_fetch_add(&slow->may_end, 1);
    test_settle(signer);
    signer->now_ms += 3000; /* what is tried again is */
    test_settle(signer);
}

/* Until the token has begun to sign what two people approved. */
static bool begin_signing(struct test_signer *signer, struct slow_key *slow, int64_t expires)
{
    return open_slow(signer, slow, 0) &&
           test_submit(signer, &(struct test_bundle){0},
                       &(struct test_asking){.expires = expires}) == SLW_OK &&
           test_outcome(signer) == SLW_SIGNER_WAITING &&
           test_approve(signer, &(struct test_approving){.by = TEST_ADA}) == SLW_OK &&
           test_approve(signer, &(struct test_approving){.by = TEST_BEN}) == SLW_OK &&
           begins(signer, slow, 1);
}

static void signs_nothing_that_was_rejected_meanwhile(void)
{
    struct test_signer signer;
    struct slow_key slow = {.party = TEST_KEY_PROD};
    TAP_REQUIRE(begin_signing(&signer, &slow, 0));
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_EVE, .reject = true}),
                  SLW_OK);
    go_on(&signer, &slow);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_MISSING_APPROVAL);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    close_slow(&signer, &slow);
}

static void signs_nothing_that_a_new_policy_denies(void)
{
    static const int both[] = {TEST_ADMIN1, TEST_ADMIN2, -1};
    const struct test_policy without_ben = {
        .version = 2, .prod_approvals = "{\"count\":2,\"people\":[\"ada\",\"eve\"]}"};
    struct test_signer signer;
    struct slow_key slow = {.party = TEST_KEY_PROD};
    TAP_REQUIRE(begin_signing(&signer, &slow, 0));
    TAP_EQUAL_INT(test_change_policy(&signer, &without_ben, both), SLW_OK);
    go_on(&signer, &slow);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_WAITING));
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    signer.policy.version = 2;
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_EVE}), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    close_slow(&signer, &slow);
}

static void signs_nothing_whose_time_is_over_meanwhile(void)
{
    struct test_signer signer;
    struct slow_key slow = {.party = TEST_KEY_PROD};
    TAP_REQUIRE(begin_signing(&signer, &slow, TEST_START + 100));
    signer.now_utc_s += 100;
    go_on(&signer, &slow);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_EXPIRED));
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    close_slow(&signer, &slow);
}

static int64_t stopped_ms; /* a clock that only tests move */

static int64_t stopped_clock(void *context)
{
    (void)context;
    return stopped_ms;
}

/* Says it while the log waits for what the token is at, and nobody waits for the answer. */
static void say_unheard(struct test_signer *signer, struct slw_bytes envelope)
{
    struct slw_detail detail = {""};
    uint8_t *packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    TAP_REQUIRE(packet != NULL);
    const struct slw_signer_call call = {
        .number = ++signer->number, .kind = SLW_SIGNER_SUBMIT, .bytes = envelope};
    stopped_ms = slw_service_now_ms(signer->service);
    signer->service->options.clock.monotonic_ms = stopped_clock;
    TAP_EQUAL_INT(slw_signer_call_send(signer->socket, &call, packet, &detail), SLW_OK);
    test_settle(signer);
    free(packet);
}

/* The same while others wait to be logged together with it: no signature comes behind what would
 * have stopped it. */
static void logs_no_signature_behind_what_stops_it(bool is_policy)
{
    static const int both[] = {TEST_ADMIN1, TEST_ADMIN2, -1};
    const struct test_policy without_ben = {
        .version = 2, .prod_approvals = "{\"count\":2,\"people\":[\"ada\",\"eve\"]}"};
    struct test_signer signer;
    struct slow_key slow = {.party = TEST_KEY_PROD};
    struct slw_heap_buffer envelope = {0};
    TAP_REQUIRE(begin_signing(&signer, &slow, 0));
    if (is_policy) {
        test_policy_envelope(&without_ben, both, &envelope);
    } else {
        test_approval_envelope(&signer, &(struct test_approving){.by = TEST_EVE, .reject = true},
                               &envelope);
    }
    say_unheard(&signer, slw_heap_bytes(&envelope));
    atomic_fetch_add(&slow.may_end, 1);
    for (int i = 0; i < 20; i++) {
        test_settle(&signer);
    }
    stopped_ms += 3000;
    test_settle(&signer);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    slw_heap_free(&envelope);
    close_slow(&signer, &slow);
}

static void logs_no_signature_behind_a_rejection(void)
{
    logs_no_signature_behind_what_stops_it(false);
}

static void logs_no_signature_behind_a_policy(void)
{
    logs_no_signature_behind_what_stops_it(true);
}

/* What an auditor finds in the log. */
static size_t findings(const struct test_signer *signer)
{
    char path[80];
    struct slw_audit audit = {.settings = {.log_key = &signer->log_signer.key}};
    struct slw_detail detail = {""};
    (void)snprintf(path, sizeof path, "%s/log", signer->directory);
    const struct slw_audit_source source = slw_audit_directory(path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    for (size_t i = 0; i < audit.findings_count; i++) {
        printf("# found: %s\n", audit.findings[i]);
    }
    size_t count = audit.findings_count;
    slw_audit_free(&audit);
    return count;
}

/* Two requests for one bundle, each signed before the log has the other; then a third. */
static void signs_one_bundle_for_two_at_once_and_no_auditor_minds(void)
{
    const struct test_bundle bundle = {.root_class = SLW_KEY_CLASS_TEST,
                                       .targets_key = TEST_KEY_TEST};
    const struct test_asking asking = {.key = "lamp-test"};
    struct test_signer signer;
    struct slow_key slow = {.party = TEST_KEY_TEST};
    TAP_REQUIRE(open_slow(&signer, &slow, 1));
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &asking), SLW_OK);
    TAP_CHECK(begins(&signer, &slow, 1));
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &asking), SLW_OK);
    TAP_CHECK(begins(&signer, &slow, 2));
    go_on(&signer, &slow);
    TAP_EQUAL_INT(test_signed_count(&signer), 1);
    go_on(&signer, &slow);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &asking), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    TAP_EQUAL_INT(test_signed_count(&signer), 3);
    TAP_EQUAL_INT(findings(&signer), 0);
    close_slow(&signer, &slow);
}

static int64_t ticking_clock(void *context)
{
    return ((struct test_signer *)context)->now_utc_s += 70;
}

/* However much of it goes by between a decision and its record: an auditor decides alike. */
static void decides_at_the_time_that_its_record_says(void)
{
    const struct test_bundle bundle = {.root_class = SLW_KEY_CLASS_TEST,
                                       .targets_key = TEST_KEY_TEST};
    size_t signed_count = 0;
    for (int i = 2; i < 5; i++) {
        const struct test_asking asking = {.key = "lamp-test", .expires = TEST_START + 70 * i + 1};
        struct test_signer signer;
        struct slow_key slow = {.party = TEST_KEY_TEST};
        TAP_REQUIRE(open_slow(&signer, &slow, 1));
        TAP_EQUAL_INT(test_submit(&signer, &bundle, &asking), SLW_OK);
        TAP_CHECK(begins(&signer, &slow, 1));
        signer.service->options.clock.utc_s = ticking_clock;
        go_on(&signer, &slow);
        signed_count += test_signed_count(&signer);
        TAP_EQUAL_INT(findings(&signer), 0);
        close_slow(&signer, &slow);
    }
    TAP_CHECK(signed_count > 0 && signed_count < 3);
}

/* Whose policy is in force is what the times of records say, not when somebody looked. */
static void a_clock_that_is_set_back_brings_the_former_policy_back(void)
{
    static const int all[] = {TEST_ADMIN1, TEST_ADMIN2, TEST_ADMIN3, -1};
    static const int later[] = {TEST_ADMIN1, TEST_ADMIN3, -1};
    const struct test_policy second = {.version = 2, .admins_differ = true};
    const struct test_policy third = {.version = 3, .admins_differ = true, .delay_s = 7200};
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_change_policy(&signer, &second, all), SLW_OK);
    signer.now_utc_s += 3600;
    TAP_EQUAL_INT(slw_service_policy(signer.service)->policy->version, 2);
    signer.now_utc_s -= 1;
    TAP_EQUAL_INT(slw_service_policy(signer.service)->policy->version, 1);
    TAP_EQUAL_INT(test_change_policy(&signer, &third, later), SLW_BELOW_THRESHOLD);
    test_signer_stop(&signer);
    TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    signer.now_utc_s += 1;
    TAP_EQUAL_INT(test_change_policy(&signer, &third, later), SLW_OK);
    TAP_EQUAL_INT(findings(&signer), 0);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(signs_nothing_that_was_rejected_meanwhile);
    TAP_RUN(signs_nothing_that_a_new_policy_denies);
    TAP_RUN(signs_nothing_whose_time_is_over_meanwhile);
    TAP_RUN(logs_no_signature_behind_a_rejection);
    TAP_RUN(logs_no_signature_behind_a_policy);
    TAP_RUN(signs_one_bundle_for_two_at_once_and_no_auditor_minds);
    TAP_RUN(decides_at_the_time_that_its_record_says);
    TAP_RUN(a_clock_that_is_set_back_brings_the_former_policy_back);
    return tap_finish();
}
