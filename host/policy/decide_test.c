/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions: the good request is allowed, and each thing that is wrong with one is refused for that
 * thing alone: all other requirements stay met, so that no check hides behind another. Approvals,
 * roots and roles are in decide_people_test.c.
 */
#include "test_decide.h"

/* --- The request itself --- */

CHANGE(unknown_key, r->facts.key = TEXT("lamp-prodx"))
CHANGE(no_key, r->facts.key = TEXT(""))
CHANGE(key_in_capitals, r->facts.key = TEXT("LAMP-PROD"))
CHANGE(beginning_of_a_key, r->facts.key = TEXT("lamp"))
CHANGE(root_by_targets_key, r->facts.operation = SLW_POLICY_USE_ROOT)
CHANGE(targets_by_root_key, r->facts.key = TEXT("lamp-root"))
CHANGE(no_operation, r->facts.operation = 0)
CHANGE(other_channel, r->facts.channel = TEXT("nightly"))
CHANGE(no_channel, r->facts.channel = TEXT(""))
CHANGE(channel_in_capitals, r->facts.channel = TEXT("Stable"))
CHANGE(joined_channel, r->facts.channel = TEXT("stable-beta"))
CHANGE(lengthened_channel, r->facts.channel = TEXT("stable\0"))
CHANGE(role_of_a_bundle, r->facts.role = TEXT("lamp-stable"))
CHANGE(key_of_a_product_without_rules, r->facts.key = TEXT("pro-prod");
       r->facts.product = TEXT("lamp-pro"))
CHANGE(requester_unknown, memset(r->facts.requester_id, 0, 32))
CHANGE(requester_one_bit_off, r->facts.requester_id[31] ^= 1)
CHANGE(requester_not_in_the_rule, test_key_id("ci", r->facts.requester_id))
CHANGE(requester_an_approver, test_key_id("ben", r->facts.requester_id))
CHANGE(requester_an_administrator, test_key_id("anna", r->facts.requester_id))
CHANGE(requester_by_openssh, test_ssh_key_id("ada2", r->facts.requester_id))
CHANGE(requester_by_the_signing_key, test_key_id("lamp-prod", r->facts.requester_id))
CHANGE(expired, r->facts.expires_utc_s = TEST_NOW)
CHANGE(expires_in_a_second, r->facts.expires_utc_s = TEST_NOW + 1)
CHANGE(issued_in_the_future, r->facts.issued_utc_s = TEST_NOW + 301)
CHANGE(issued_by_a_fast_clock, r->facts.issued_utc_s = TEST_NOW + 300)
CHANGE(clock_fell, r->facts.time_mark_utc_s = TEST_NOW + 1)
CHANGE(clock_stands, r->facts.time_mark_utc_s = TEST_NOW)

static void decides_about_the_request(void)
{
    static const struct row rows[] = {
        {ROW(nothing), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(unknown_key), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_UNKNOWN_KEY},
        {ROW(no_key), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_UNKNOWN_KEY},
        {ROW(key_in_capitals), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_UNKNOWN_KEY},
        {ROW(beginning_of_a_key), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_UNKNOWN_KEY},
        {ROW(root_by_targets_key), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_NOT_PERMITTED},
        {ROW(targets_by_root_key), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_NOT_PERMITTED},
        {ROW(no_operation), SLW_POLICY_REFUSED, SLW_POLICY_NEED_KEY, SLW_NOT_PERMITTED},
        {ROW(other_channel), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(no_channel), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(channel_in_capitals), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(joined_channel), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(lengthened_channel), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(role_of_a_bundle), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED},
        {ROW(key_of_a_product_without_rules), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RULE,
         SLW_NOT_PERMITTED},
        {ROW(requester_unknown), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER, SLW_NOT_PERMITTED},
        {ROW(requester_one_bit_off), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER,
         SLW_NOT_PERMITTED},
        {ROW(requester_not_in_the_rule), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER,
         SLW_NOT_PERMITTED},
        {ROW(requester_an_approver), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER,
         SLW_NOT_PERMITTED},
        {ROW(requester_an_administrator), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER,
         SLW_NOT_PERMITTED},
        {ROW(requester_by_openssh), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER,
         SLW_NOT_PERMITTED},
        {ROW(requester_by_the_signing_key), SLW_POLICY_REFUSED, SLW_POLICY_NEED_REQUESTER,
         SLW_NOT_PERMITTED},
        {ROW(expired), SLW_POLICY_REFUSED, SLW_POLICY_NEED_FRESH, SLW_STALE_STATEMENT},
        {ROW(expires_in_a_second), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(issued_in_the_future), SLW_POLICY_REFUSED, SLW_POLICY_NEED_FRESH, SLW_STALE_STATEMENT},
        {ROW(issued_by_a_fast_clock), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(clock_fell), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CLOCK, SLW_CLOCK},
        {ROW(clock_stands), SLW_POLICY_ALLOWED, 0, SLW_OK},
    };
    CHECK_ROWS(rows);
}

/* --- What would be signed --- */

CHANGE(other_product, r->facts.product = TEXT("lamp-pro"))
CHANGE(no_product, r->facts.product = TEXT(""))
CHANGE(product_in_capitals, r->facts.product = TEXT("Lamp"))
CHANGE(product_with_a_space, r->facts.product = TEXT("lamp "))
CHANGE(product_in_cyrillic, r->facts.product = TEXT("l\xD0\xB0mp"))
CHANGE(product_cut, r->facts.product = TEXT("lam"))
CHANGE(test_root, r->facts.root_class = SLW_KEY_CLASS_TEST)
CHANGE(dev_root, r->facts.root_class = SLW_KEY_CLASS_DEV)
CHANGE(root_without_class, r->facts.root_class = SLW_KEY_CLASS_NONE)
CHANGE(key_in_a_file, r->facts.key_in_token = false)
CHANGE(dev_build, r->facts.build_type = SLW_BUILD_TYPE_DEV)
CHANGE(test_build, r->facts.build_type = SLW_BUILD_TYPE_TEST)
CHANGE(build_without_type, r->facts.build_type = SLW_BUILD_TYPE_NONE)
CHANGE(unheard_of_build, r->facts.build_type = (enum slw_build_type)4)
CHANGE(content_bad, r->facts.judged = SLW_POLICY_JUDGED_BAD;
       r->facts.judged_reason = SLW_WRONG_CONTENT; r->facts.judged_detail = "app: a symbol table")
CHANGE(content_bad_without_reason, r->facts.judged = SLW_POLICY_JUDGED_BAD)
CHANGE(validator_failed, r->facts.judged = SLW_POLICY_JUDGED_BAD;
       r->facts.judged_reason = SLW_VALIDATOR_FAILED)
CHANGE(not_judged, r->facts.judged = SLW_POLICY_NOT_JUDGED)

static void decides_about_what_would_be_signed(void)
{
    static const struct row rows[] = {
        {ROW(other_product), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT, SLW_WRONG_PRODUCT},
        {ROW(no_product), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT, SLW_WRONG_PRODUCT},
        {ROW(product_in_capitals), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT, SLW_WRONG_PRODUCT},
        {ROW(product_with_a_space), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT, SLW_WRONG_PRODUCT},
        {ROW(product_in_cyrillic), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT, SLW_WRONG_PRODUCT},
        {ROW(product_cut), SLW_POLICY_REFUSED, SLW_POLICY_NEED_PRODUCT, SLW_WRONG_PRODUCT},
        {ROW(test_root), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CLASS, SLW_WRONG_CLASS},
        {ROW(dev_root), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CLASS, SLW_WRONG_CLASS},
        {ROW(root_without_class), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(key_in_a_file), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TOKEN, SLW_WRONG_CLASS},
        {ROW(dev_build), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILD_TYPE, SLW_WRONG_BUILD_TYPE},
        {ROW(test_build), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILD_TYPE, SLW_WRONG_BUILD_TYPE},
        {ROW(build_without_type), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILD_TYPE,
         SLW_WRONG_BUILD_TYPE},
        {ROW(unheard_of_build), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILD_TYPE,
         SLW_WRONG_BUILD_TYPE},
        {ROW(content_bad), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CONTENT, SLW_WRONG_CONTENT},
        {ROW(content_bad_without_reason), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CONTENT,
         SLW_WRONG_CONTENT},
        {ROW(validator_failed), SLW_POLICY_REFUSED, SLW_POLICY_NEED_CONTENT, SLW_VALIDATOR_FAILED},
        {ROW(not_judged), SLW_POLICY_UNJUDGED, SLW_POLICY_NEED_CONTENT, SLW_OK},
    };
    CHECK_ROWS(rows);
}

/* --- Builders and tests --- */

CHANGE(no_endorsement, r->facts.endorsements_count = 0)
CHANGE(endorsed_by_a_person, test_key_id("ada", r->endorsements[0].signer_id))
CHANGE(endorsed_by_another_machine, test_key_id("lab", r->endorsements[0].signer_id))
CHANGE(endorsed_by_nobody, test_key_id("mallory", r->endorsements[0].signer_id))
CHANGE(other_builder_id, r->provenance.builder_id = TEXT("https://ci.example/test"))
CHANGE(longer_builder_id, r->provenance.builder_id = TEXT("https://ci.example/prod/"))
CHANGE(replayed_endorsement, r->provenance.content[0] ^= 1)
CHANGE(other_build_type, r->provenance.build_type = TEXT("https://ci.example/cmake/v2"))
CHANGE(other_source, r->provenance.source = TEXT("git+https://src.example/lamp-fork"))
CHANGE(no_source, r->provenance.source = TEXT(""))
CHANGE(other_value, r->provenance.parameters[1].value = TEXT("debug"))
CHANGE(other_name, r->provenance.parameters[1].name = TEXT("Preset"))
CHANGE(value_not_a_text, r->provenance.parameters[0].is_text = false)
CHANGE(parameter_missing, r->provenance.parameters_count = 1)
CHANGE(parameter_too_many,
       r->provenance.parameters[2] = (struct slw_provenance_parameter){TEXT("extra"), true,
                                                                       TEXT("1")};
       r->provenance.parameters_count = 3)
CHANGE(parameters_in_another_order, r->provenance.parameters[2] = r->provenance.parameters[0];
       r->provenance.parameters[0] = r->provenance.parameters[1];
       r->provenance.parameters[1] = r->provenance.parameters[2])
CHANGE(another_endorsement_first, r->endorsements[1] = r->endorsements[0];
       r->facts.endorsements_count = 2; test_key_id("mallory", r->endorsements[0].signer_id))
CHANGE(no_result, r->facts.results_count = 0)
CHANGE(test_warned, r->result.outcome = SLW_TEST_WARNED)
CHANGE(test_failed, r->result.outcome = SLW_TEST_FAILED)
CHANGE(test_without_outcome, r->result.outcome = 0)
CHANGE(other_suite, r->result.suite = TEXT("smoke"))
CHANGE(suite_in_capitals, r->result.suite = TEXT("System"))
CHANGE(replayed_result, r->result.content[31] ^= 0x80)
CHANGE(tested_by_the_builder, test_key_id("ci", r->results[0].signer_id))
CHANGE(tested_by_nobody, test_key_id("mallory", r->results[0].signer_id))
CHANGE(tested_with_the_second_key, test_key_id("lab2", r->results[0].signer_id))

static void decides_about_builders(void)
{
    static const struct row rows[] = {
        {ROW(no_endorsement), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER},
        {ROW(endorsed_by_a_person), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER},
        {ROW(endorsed_by_another_machine), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER,
         SLW_WRONG_BUILDER},
        {ROW(endorsed_by_nobody), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER},
        {ROW(other_builder_id), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER},
        {ROW(longer_builder_id), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER},
        {ROW(replayed_endorsement), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_BUILDER},
        {ROW(other_build_type), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(other_source), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(no_source), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(other_value), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(other_name), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(value_not_a_text), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(parameter_missing), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER, SLW_WRONG_PROVENANCE},
        {ROW(parameter_too_many), SLW_POLICY_REFUSED, SLW_POLICY_NEED_BUILDER,
         SLW_WRONG_PROVENANCE},
        {ROW(parameters_in_another_order), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(another_endorsement_first), SLW_POLICY_ALLOWED, 0, SLW_OK},
    };
    CHECK_ROWS(rows);
}

static void decides_about_tests(void)
{
    static const struct row rows[] = {
        {ROW(no_result), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(test_warned), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(test_failed), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(test_without_outcome), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(other_suite), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(suite_in_capitals), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(replayed_result), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(tested_by_the_builder), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(tested_by_nobody), SLW_POLICY_REFUSED, SLW_POLICY_NEED_TEST, SLW_MISSING_TEST},
        {ROW(tested_with_the_second_key), SLW_POLICY_ALLOWED, 0, SLW_OK},
    };
    CHECK_ROWS(rows);
}

/* --- Hours and rates --- */

static const int64_t two_recent[] = {TEST_NOW - 3599, TEST_NOW - 1};
static const int64_t one_recent[] = {TEST_NOW - 3600, TEST_NOW - 1, INT64_MIN / 2};
static const int64_t in_the_future[] = {TEST_NOW + 5, TEST_NOW - 1};
static const int64_t beyond_numbers[] = {INT64_MIN, TEST_NOW - 1};

static void set_now(struct test_request *request, int64_t now_utc_s)
{
    request->facts.now_utc_s = now_utc_s;
    request->facts.time_mark_utc_s = now_utc_s;
    request->facts.expires_utc_s = now_utc_s + 60;
    request->ada.expires_utc_s = now_utc_s + 60;
    request->ben.expires_utc_s = now_utc_s + 60;
}

/* TEST_NOW is a Monday, 14:13:20. */
CHANGE(before_eight, set_now(r, TEST_NOW - 6 * 3600 - 801))
CHANGE(at_eight, set_now(r, TEST_NOW - 6 * 3600 - 800);
       r->ada.issued_utc_s = r->ben.issued_utc_s = r->facts.issued_utc_s = 0)
CHANGE(before_five, set_now(r, TEST_NOW + 2 * 3600 + 2800 - 1))
CHANGE(at_five, set_now(r, TEST_NOW + 2 * 3600 + 2800))
CHANGE(on_tuesday, set_now(r, TEST_NOW + 86400))
CHANGE(on_wednesday, set_now(r, TEST_NOW + 2 * 86400))
CHANGE(on_sunday, set_now(r, TEST_NOW + 6 * 86400))
CHANGE(two_signed, r->facts.signed_utc_s = two_recent; r->facts.signed_count = 2)
CHANGE(one_signed, r->facts.signed_utc_s = one_recent; r->facts.signed_count = 3)
CHANGE(signed_in_the_future, r->facts.signed_utc_s = in_the_future; r->facts.signed_count = 2)
CHANGE(signed_beyond_numbers, r->facts.signed_utc_s = beyond_numbers; r->facts.signed_count = 2)

static void before_eight_in_time(struct test_request *r)
{
    before_eight(r);
    r->ada.issued_utc_s = r->ben.issued_utc_s = r->facts.issued_utc_s = 0;
}

static void decides_about_hours_and_rates(void)
{
    static const struct row rows[] = {
        {"before_eight", before_eight_in_time, SLW_POLICY_WAITING, SLW_POLICY_NEED_HOURS,
         SLW_OUTSIDE_HOURS},
        {ROW(at_eight), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(before_five), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(at_five), SLW_POLICY_WAITING, SLW_POLICY_NEED_HOURS, SLW_OUTSIDE_HOURS},
        {ROW(on_tuesday), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(on_wednesday), SLW_POLICY_WAITING, SLW_POLICY_NEED_HOURS, SLW_OUTSIDE_HOURS},
        {ROW(on_sunday), SLW_POLICY_WAITING, SLW_POLICY_NEED_HOURS, SLW_OUTSIDE_HOURS},
        {ROW(two_signed), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RATE, SLW_TOO_MANY},
        {ROW(one_signed), SLW_POLICY_ALLOWED, 0, SLW_OK},
        {ROW(signed_in_the_future), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RATE, SLW_TOO_MANY},
        {ROW(signed_beyond_numbers), SLW_POLICY_REFUSED, SLW_POLICY_NEED_RATE, SLW_TOO_MANY},
    };
    CHECK_ROWS(rows);
}

static void lets_hours_go_over_midnight(void)
{
    /* Fridays from 22:00 to 06:00; 1789603200 is Thursday 2026-09-17, 00:00. */
    static const struct slw_policy_hours hours = {true, 16, 22 * 60, 6 * 60};
    static const struct {
        int minutes; /* since that Thursday's beginning */
        bool allowed;
    } rows[] = {{24 * 60 + 21 * 60 + 59, false},
                {24 * 60 + 22 * 60, true},
                {48 * 60 - 1, true},
                {48 * 60, true},
                {48 * 60 + 359, true},
                {48 * 60 + 360, false},
                {24 * 60, false},
                {24 * 60 + 5 * 60, false},
                {48 * 60 + 22 * 60, false},
                {22 * 60, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_EQUAL_INT(slw_policy_hours_allow(&hours, 1789603200 + (int64_t)rows[i].minutes * 60),
                      rows[i].allowed);
    }
    static const struct slw_policy_hours all_day = {true, 8, 0, 1440};
    TAP_CHECK(slw_policy_hours_allow(&all_day, 1789603200));
    TAP_CHECK(slw_policy_hours_allow(&all_day, 1789603200 + 86399));
    TAP_CHECK(!slw_policy_hours_allow(&all_day, 1789603200 + 86400));
    TAP_CHECK(!slw_policy_hours_allow(&all_day, 1789603200 - 1));
    TAP_CHECK(slw_policy_hours_allow(&all_day, 0));       /* 1970-01-01 was a Thursday */
    TAP_CHECK(!slw_policy_hours_allow(&all_day, -1));     /* and the day before a Wednesday */
    TAP_CHECK(slw_policy_hours_allow(&all_day, -518401)); /* 1969-12-25, at its end */
}

/* --- Several things at once, and nothing at all --- */

static void lets_what_can_not_be_mended_decide(void)
{
    struct test_request request;
    struct slw_policy_decision decision = {0};
    test_request_init(&request);
    request.facts.judged = SLW_POLICY_NOT_JUDGED;
    request.facts.approvals_count = 0;
    TAP_EQUAL_INT(slw_policy_decide(policy, &request.facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_UNJUDGED); /* before anybody is troubled */
    slw_policy_decision_free(&decision);
    request.facts.results_count = 0;
    TAP_EQUAL_INT(slw_policy_decide(policy, &request.facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_REFUSED); /* before anything is judged */
    TAP_EQUAL_INT(decision.reason, SLW_MISSING_TEST);
    slw_policy_decision_free(&decision);
}

static void says_nothing_of_what_is_met_to_who_does_not_read_it(void)
{
    struct test_request request;
    struct slw_policy_decision decision = {0};
    test_request_init(&request);
    request.facts.is_brief = true;
    request.facts.results_count = 0;
    TAP_EQUAL_INT(slw_policy_decide(policy, &request.facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_REFUSED);
    TAP_CHECK(strstr(detail.text, "there is no result of suite") != NULL);
    for (size_t i = 0; i < decision.count; i++) {
        const struct slw_policy_requirement *requirement = &decision.requirements[i];
        TAP_EQUAL_INT(requirement->text[0] == '\0', requirement->answer == SLW_POLICY_MET);
    }
    slw_policy_decision_free(&decision);
}

static void allows_nothing_for_nothing(void)
{
    static const struct slw_policy empty_policy = {0};
    struct slw_policy_facts facts = {0};
    struct slw_policy_decision decision = {0};
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_REFUSED);
    TAP_EQUAL_INT(slw_policy_decide(policy, &facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_REFUSED);
    slw_policy_decision_free(&decision);
    TAP_EQUAL_INT(slw_policy_decide(&empty_policy, &facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_REFUSED);
    slw_policy_decision_free(&decision);
    struct test_request request;
    test_request_init(&request);
    TAP_EQUAL_INT(slw_policy_decide(&empty_policy, &request.facts, &decision, &detail), SLW_OK);
    TAP_EQUAL_INT(decision.outcome, SLW_POLICY_REFUSED);
    slw_policy_decision_free(&decision);
}

static void refuses_more_statements_than_it_looks_at(void)
{
    struct test_request request;
    struct slw_policy_decision decision = {0};
    test_request_init(&request);
    request.facts.endorsements_count = SLW_POLICY_ENDORSEMENTS_MAX + 1;
    TAP_EQUAL_INT(slw_policy_decide(policy, &request.facts, &decision, &detail), SLW_TOO_LARGE);
    test_request_init(&request);
    request.facts.results_count = SLW_POLICY_RESULTS_MAX + 1;
    TAP_EQUAL_INT(slw_policy_decide(policy, &request.facts, &decision, &detail), SLW_TOO_LARGE);
    test_request_init(&request);
    request.facts.approvals_count = SLW_POLICY_APPROVALS_MAX + 1;
    TAP_EQUAL_INT(slw_policy_decide(policy, &request.facts, &decision, &detail), SLW_TOO_LARGE);
    TAP_CHECK(decision.requirements == NULL);
}

int main(void)
{
    if (test_parse(NULL, NULL, &policy, &detail) != SLW_OK) {
        return 1;
    }
    TAP_RUN(decides_about_the_request);
    TAP_RUN(decides_about_what_would_be_signed);
    TAP_RUN(decides_about_builders);
    TAP_RUN(decides_about_tests);
    TAP_RUN(decides_about_hours_and_rates);
    TAP_RUN(lets_hours_go_over_midnight);
    TAP_RUN(lets_what_can_not_be_mended_decide);
    TAP_RUN(says_nothing_of_what_is_met_to_who_does_not_read_it);
    TAP_RUN(allows_nothing_for_nothing);
    TAP_RUN(refuses_more_statements_than_it_looks_at);
    slw_policy_free(policy);
    return tap_finish();
}
