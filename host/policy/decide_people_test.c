/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions about people: who approved what, when and under which policy; and about what has no
 * build: roots, roles. */
#include "test_decide.h"

/* --- Approvals: where one of two doesn't count, the request waits --- */

CHANGE(no_approval, r->facts.approvals_count = 0)
CHANGE(one_approval, r->facts.approvals_count = 1)
CHANGE(approved_by_nobody, test_key_id("mallory", r->approvals[1].signer_id))
CHANGE(approved_by_another_person, test_key_id("dan", r->approvals[1].signer_id))
CHANGE(approved_by_a_machine, test_key_id("robot", r->approvals[1].signer_id))
CHANGE(approved_by_an_administrator, test_key_id("anna", r->approvals[1].signer_id))
CHANGE(approved_twice_with_one_key, test_key_id("ada", r->approvals[1].signer_id))
CHANGE(approved_twice_with_two_keys, test_ssh_key_id("ada2", r->approvals[1].signer_id))
CHANGE(approved_by_openssh, test_ssh_key_id("eve", r->approvals[1].signer_id))
CHANGE(of_another_request, r->ben.request[0] ^= 1)
CHANGE(of_another_build, r->ben.content[0] ^= 1)
CHANGE(of_other_metadata, r->ben.targets_sha256[31] ^= 1)
CHANGE(for_another_key, test_key_id("pro-prod", r->ben.key_id))
CHANGE(for_another_class, r->ben.key_class = SLW_KEY_CLASS_TEST)
CHANGE(for_no_class, r->ben.key_class = SLW_KEY_CLASS_NONE)
CHANGE(for_another_channel, r->ben.channel = TEXT("beta"))
CHANGE(for_no_channel, r->ben.channel = TEXT(""))
CHANGE(for_another_service, r->ben.signer = TEXT("signer.example/other"))
CHANGE(of_an_older_policy, r->ben.policy_version = 6)
CHANGE(of_a_newer_policy, r->ben.policy_version = 8)
CHANGE(approval_expired, r->ben.expires_utc_s = TEST_NOW)
CHANGE(approval_about_to_expire, r->ben.expires_utc_s = TEST_NOW + 1)
CHANGE(approval_of_the_future, r->ben.issued_utc_s = TEST_NOW + 301)
CHANGE(approval_by_a_fast_clock, r->ben.issued_utc_s = TEST_NOW + 300)
CHANGE(requester_among_two_approvers, test_key_id("ada", r->facts.requester_id))
CHANGE(rejected, r->ben.approve = false; r->approvals[2] = r->approvals[1];
       test_ssh_key_id("eve", r->approvals[1].signer_id); r->approvals[1].says = &r->ada;
       r->facts.approvals_count = 3)
CHANGE(rejected_under_an_older_policy, rejected(r); r->ben.policy_version = 1;
       r->ben.expires_utc_s = 0)
CHANGE(another_request_rejected, rejected(r); r->ben.request[5] ^= 1)
CHANGE(rejected_for_another_service, rejected(r); r->ben.signer = TEXT("elsewhere"))
CHANGE(rejected_by_somebody_else, rejected(r); test_key_id("dan", r->approvals[2].signer_id))
CHANGE(rejected_by_a_machine, rejected(r); test_key_id("robot", r->approvals[2].signer_id))

static void decides_about_approvals(void)
{
    static const struct row rows[] = {
        {ROW(no_approval), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(one_approval), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(approved_by_nobody), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approved_by_another_person), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approved_by_a_machine), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approved_by_an_administrator), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approved_twice_with_one_key), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approved_twice_with_two_keys), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approved_by_openssh), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(of_another_request), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(of_another_build), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(of_other_metadata), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(for_another_key), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(for_another_class), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(for_no_class), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(for_another_channel), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(for_no_channel), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(for_another_service), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(of_an_older_policy), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(of_a_newer_policy), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approval_expired), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL, SLW_MISSING_APPROVAL},
        {ROW(approval_about_to_expire), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(approval_of_the_future), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(approval_by_a_fast_clock), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(requester_among_two_approvers), SLW_POLICY_ALLOWED, 0, SLW_OK},
    };
    CHECK_ROWS(rows);
}

static void decides_about_rejections(void)
{
    static const struct row rows[] = {
        {ROW(rejected), SLW_POLICY_REFUSED, SLW_POLICY_NEED_NO_REJECTION, SLW_MISSING_APPROVAL},
        {ROW(rejected_under_an_older_policy), SLW_POLICY_REFUSED, SLW_POLICY_NEED_NO_REJECTION,
         SLW_MISSING_APPROVAL},
        {ROW(another_request_rejected), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(rejected_for_another_service), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(rejected_by_somebody_else), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(rejected_by_a_machine), SLW_POLICY_ALLOWED, 0, SLW_OK},
    };
    CHECK_ROWS(rows);
}

/* --- Roots, roles, and the rule for test keys --- */

static void be_for_root(struct test_request *r)
{
    r->facts.operation = SLW_POLICY_USE_ROOT;
    r->facts.key = TEXT("lamp-root");
    r->facts.channel = TEXT("");
    r->facts.product = TEXT("");
    r->facts.judged = SLW_POLICY_NOT_JUDGED;
    r->facts.endorsements_count = 0;
    r->facts.results_count = 0;
    test_key_id("ada", r->facts.requester_id);
    test_key_id("lamp-root", r->ada.key_id);
    test_key_id("lamp-root", r->ben.key_id);
    r->ada.channel = r->ben.channel = TEXT("");
}

CHANGE(root_by_both, be_for_root(r))
CHANGE(root_by_ben_alone, be_for_root(r); r->approvals[0] = r->approvals[1];
       r->facts.approvals_count = 1)
CHANGE(root_by_its_requester_alone, be_for_root(r); r->facts.approvals_count = 1)
CHANGE(root_by_her_other_key, be_for_root(r); test_ssh_key_id("ada2", r->approvals[1].signer_id))
CHANGE(root_of_class_test, be_for_root(r); r->facts.root_class = SLW_KEY_CLASS_TEST)
CHANGE(root_key_in_a_file, be_for_root(r); r->facts.key_in_token = false)

static void be_for_role(struct test_request *r)
{
    be_for_root(r);
    test_key_id("robot", r->facts.requester_id);
    r->facts.operation = SLW_POLICY_USE_ROLE;
    r->facts.key = TEXT("lamp-role");
    r->facts.channel = TEXT("stable");
    r->facts.role = TEXT("lamp-stable");
    r->facts.adds_targets = true;
    r->facts.release_signed = true;
    test_key_id("lamp-role", r->ben.key_id);
    r->ben.channel = TEXT("stable");
}

CHANGE(role_of_a_signed_release, be_for_role(r))
CHANGE(role_of_an_unknown_release, be_for_role(r); r->facts.release_signed = false)
CHANGE(role_that_adds_nothing, be_for_role(r); r->facts.release_signed = false;
       r->facts.adds_targets = false)
CHANGE(role_approved_for_another_channel, be_for_role(r); r->ben.channel = TEXT("beta"))
CHANGE(role_key_in_a_file, be_for_role(r); r->facts.key_in_token = false)
CHANGE(role_and_channel_swapped, be_for_role(r); r->facts.channel = TEXT("lamp-stable");
       r->facts.role = TEXT("stable"))
CHANGE(role_joined_otherwise, be_for_role(r); r->facts.channel = TEXT("stable-lamp");
       r->facts.role = TEXT("lamp"))
CHANGE(timestamp, be_for_role(r); r->facts.role = TEXT("timestamp"); r->facts.channel = TEXT("");
       r->facts.adds_targets = false)

static void decides_about_roots_and_roles(void)
{
    static const struct row rows[] = {
        {ROW(root_by_both), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(root_by_ben_alone), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(root_by_its_requester_alone), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(root_by_her_other_key), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(root_of_class_test), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CLASS, SLW_WRONG_CLASS},
        {ROW(root_key_in_a_file), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TOKEN, SLW_WRONG_CLASS},
        {ROW(role_of_a_signed_release), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(role_of_an_unknown_release), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RELEASE,
         SLW_NOT_PERMITTED},
        {ROW(role_that_adds_nothing), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(role_approved_for_another_channel), SLW_POLICY_WAITING, SLW_POLICY_NEED_APPROVAL,
         SLW_MISSING_APPROVAL},
        {ROW(role_key_in_a_file), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TOKEN, SLW_WRONG_CLASS},
        {ROW(role_and_channel_swapped), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE,
         SLW_NOT_PERMITTED},
        {ROW(role_joined_otherwise), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(timestamp), SLW_POLICY_ALLOWED, 0, SLW_OK},
    };
    CHECK_ROWS(rows);
}

static void be_for_test(struct test_request *r)
{
    r->facts.key = TEXT("lamp-test");
    r->facts.channel = TEXT("");
    r->facts.root_class = SLW_KEY_CLASS_TEST;
    r->facts.build_type = SLW_BUILD_TYPE_DEV;
    r->facts.key_in_token = false;
    r->facts.approvals_count = r->facts.results_count = r->facts.endorsements_count = 0;
    test_key_id("ci", r->facts.requester_id);
}

CHANGE(by_the_test_key, be_for_test(r))
CHANGE(by_the_test_key_for_production, be_for_test(r); r->facts.root_class = SLW_KEY_CLASS_PROD)
CHANGE(by_the_test_key_for_another_product, be_for_test(r); r->facts.product = TEXT("lamp-pro"))
CHANGE(by_the_test_key_unjudged, be_for_test(r); r->facts.judged = SLW_POLICY_NOT_JUDGED)

static void signs_with_test_keys_by_itself(void)
{
    static const struct row rows[] = {
        {ROW(by_the_test_key), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(by_the_test_key_for_production), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CLASS,
         SLW_WRONG_CLASS},
        {ROW(by_the_test_key_for_another_product), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT,
         SLW_WRONG_PRODUCT},
        {ROW(by_the_test_key_unjudged), SLW_POLICY_UNJUDGED, SLW_POLICY_NEED_CONTENT, SLW_OK},
    };
    CHECK_ROWS(rows);
}

CHANGE(unknown_key, r->facts.key = TEXT("lamp-prodx"))
CHANGE(root_by_targets_key, r->facts.operation = SLW_POLICY_USE_ROOT)
CHANGE(other_channel, r->facts.channel = TEXT("nightly"))

/* Another policy, the same request: approvers and their keys may be gone meanwhile. */
static void forgets_approvals_of_people_who_are_gone(void)
{
    static const struct {
        const char *from;
        const char *to;
    } rows[] = {
        {"\"keys\":[\"@ben@\"]", "\"keys\":[]"},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"ada\",\"dan\",\"eve\"]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_request request;
        struct slw_policy *changed = NULL;
        struct slw_policy_decision decision = {0};
        TAP_ROW(rows[i].to);
        test_request_init(&request);
        TAP_EQUAL_INT(test_parse(rows[i].from, rows[i].to, &changed, &detail), SLW_OK);
        TAP_REQUIRE(changed != NULL);
        TAP_EQUAL_INT(slw_policy_decide(changed, &request.facts, &decision, &detail), SLW_OK);
        TAP_EQUAL_INT(decision.outcome, SLW_POLICY_WAITING);
        TAP_EQUAL_INT(decision.reason, SLW_MISSING_APPROVAL);
        TAP_EQUAL_INT(decision.approvals_good, 1);
        slw_policy_decision_free(&decision);
        slw_policy_free(changed);
    }
}

static void tells_senders_why_their_approval_does_not_count(void)
{
    static const struct {
        const char *name;
        void (*change)(struct test_request *request);
        enum slw_status status;
    } rows[] = {
        {"nothing", nothing, SLW_OK},
        {"approved_by_nobody", approved_by_nobody, SLW_NOT_PERMITTED},
        {"approved_by_a_machine", approved_by_a_machine, SLW_NOT_PERMITTED},
        {"of_another_request", of_another_request, SLW_BAD_STATEMENT},
        {"for_another_service", for_another_service, SLW_BAD_STATEMENT},
        {"of_an_older_policy", of_an_older_policy, SLW_STALE_STATEMENT},
        {"approval_expired", approval_expired, SLW_STALE_STATEMENT},
        {"approval_of_the_future", approval_of_the_future, SLW_STALE_STATEMENT},
        {"unknown_key", unknown_key, SLW_NOT_PERMITTED},
        {"root_by_targets_key", root_by_targets_key, SLW_NOT_PERMITTED},
        {"other_channel", other_channel, SLW_NOT_PERMITTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_request request;
        TAP_ROW(rows[i].name);
        test_request_init(&request);
        rows[i].change(&request);
        TAP_EQUAL_INT(
            slw_policy_check_approval(policy, &request.facts, &request.approvals[1], &detail),
            rows[i].status);
    }
}

int main(void)
{
    if (test_parse(NULL, NULL, &policy, &detail) != SLW_OK) {
        return 1;
    }
    TAP_RUN(decides_about_approvals);
    TAP_RUN(decides_about_rejections);
    TAP_RUN(decides_about_roots_and_roles);
    TAP_RUN(signs_with_test_keys_by_itself);
    TAP_RUN(forgets_approvals_of_people_who_are_gone);
    TAP_RUN(tells_senders_why_their_approval_does_not_count);
    slw_policy_free(policy);
    return tap_finish();
}
