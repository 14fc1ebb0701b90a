/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of policies: by whose administrators they are, and whether what loosens waits as long
 * as the policy before it says.
 */
#include "test_audit.h"

static void takes_policies_that_administrators_signed(void)
{
    static const struct test_audit_policy rows[] = {
        {.version = 2, .in_force = "2026-01-01T00:00:01Z"},
        /* loosens: waits, and is replaced by another one of the same administrators */
        {.version = 3, .in_force = "2026-01-02T00:00:01Z", .delay_s = 3600},
        {.version = 4, .in_force = "2026-01-01T00:00:01Z"},
    };
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_audit_policy(&test, &rows[i]);
    }
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_log_teardown(&test);
}

static void expect_second(const struct test_audit_policy *second, const char *finding)
{
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_policy(&test, second);
    TAP_CHECK(test_audit_finds(&test, finding));
    test_log_teardown(&test);
}

static void finds_policies_that_do_not_count(void)
{
    const struct {
        struct test_audit_policy policy;
        const char *finding;
    } rows[] = {
        {{.version = 2, .in_force = "2026-01-01T00:00:01Z", .signers = {test_signing}},
         "signed by 0 of the former administrators"},
        {{.version = 2, .in_force = "2026-01-01T00:00:01Z", .signers = {test_ada}},
         "signed by 0 of the former administrators"},
        {{.version = 2, .in_force = "2025-12-31T23:59:59Z"}, "without a time from which it counts"},
        {{.version = 2, .in_force = "soon"}, "without a time from which it counts"},
        {{.version = 1, .in_force = "2026-01-01T00:00:01Z"}, "policy version 1 after 1"},
        {{.version = 2, .said_version = 3, .in_force = "2026-01-01T00:00:01Z"},
         "a policy of another version than its record says"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].finding);
        expect_second(&rows[i].policy, rows[i].finding);
    }
    TAP_ROW(NULL);
}

/* "loosening takes effect only after a stated delay that the log shows" */
static void finds_loosening_that_does_not_wait(void)
{
    static const struct test_audit_policy good = {
        .version = 2, .in_force = "2026-01-02T00:00:01Z", .delay_s = 3600};
    static const struct {
        struct test_audit_policy policy;
        const char *finding;
    } rows[] = {
        /* at once; after its own delay; a second early; a second late */
        {{.version = 2, .in_force = "2026-01-01T00:00:01Z", .delay_s = 3600},
         "in force from 2026-01-01T00:00:01Z on, where 2026-01-02T00:00:01Z is due"},
        {{.version = 2, .in_force = "2026-01-01T01:00:01Z", .delay_s = 3600}, "is due"},
        {{.version = 2, .in_force = "2026-01-02T00:00:00Z", .delay_s = 3600}, "is due"},
        {{.version = 2, .in_force = "2026-01-02T00:00:02Z", .delay_s = 3600}, "is due"},
        /* what tightens doesn't wait: an administrator could be kept for a year by that */
        {{.version = 2, .in_force = "2026-01-01T00:00:02Z", .delay_s = 90000},
         "where 2026-01-01T00:00:01Z is due"},
        {{.version = 2, .in_force = "2027-01-01T00:00:01Z", .lacks_ada = true},
         "where 2026-01-01T00:00:01Z is due"},
    };
    expect_second(&good, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].policy.in_force);
        expect_second(&rows[i].policy, rows[i].finding);
    }
    TAP_ROW(NULL);
}

/* The delay is that of the policy in force, not of one that still waits, nor of a later one. */
static void measures_by_the_policy_in_force(void)
{
    static const struct test_audit_policy waits = {
        .version = 2, .in_force = "2026-01-02T00:00:01Z", .delay_s = 3600};
    static const struct test_audit_policy early = {.version = 3,
                                                   .time = "2026-01-01T12:00:00Z",
                                                   .in_force = "2026-01-01T13:00:00Z",
                                                   .delay_s = 60};
    static const struct test_audit_policy good = {.version = 3,
                                                  .time = "2026-01-02T00:00:01Z",
                                                  .in_force = "2026-01-02T01:00:01Z",
                                                  .delay_s = 60};
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_policy(&test, &waits);
    test_audit_policy(&test, &early);
    TAP_CHECK(test_audit_finds(&test, "where 2026-01-02T12:00:00Z is due"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_policy(&test, &waits);
    test_audit_policy(&test, &good);
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_log_teardown(&test);
}

/* "replacing them needs the old and the new threshold" */
static void finds_administrators_who_replaced_themselves(void)
{
    const struct test_audit_policy base = {
        .version = 2, .in_force = "2026-01-02T00:00:01Z", .threshold = 2, .has_other = true};
    struct test_audit_policy policy = base;
    policy.signers[0] = test_administrator;
    expect_second(&policy, "signed by 1 of its administrators, 2 are needed");
    policy.signers[0] = test_other_administrator;
    expect_second(&policy, "signed by 0 of the former administrators");
    policy.signers[1] = test_administrator;
    expect_second(&policy, NULL);
    policy = base;
    policy.threshold = 1;
    policy.lacks_root = true;
    policy.signers[0] = test_administrator;
    expect_second(&policy, "signed by 0 of its administrators");
    policy.signers[0] = test_other_administrator;
    expect_second(&policy, "signed by 0 of the former administrators");
    policy.signers[1] = test_ada;
    expect_second(&policy, "signed by 0 of the former administrators");
}

/* The administrators whom entry 0 names, and nobody else, begin the row of policies. */
static void finds_a_first_policy_by_others(void)
{
    static const struct {
        struct test_audit_policy policy;
        const char *finding;
    } rows[] = {
        {{.version = 1, .in_force = "2026-01-01T00:00:01Z", .has_other = true},
         "not by the administrators that the log begins with"},
        {{.version = 1, .in_force = "2026-01-01T00:00:00Z"}, "without a time"},
        {{.version = 1, .in_force = "2026-01-01T00:00:02Z"}, "is due"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        TAP_ROW(rows[i].finding);
        TAP_REQUIRE(test_log_setup(&test, NULL));
        test_audit_administrators(&test);
        test_audit_policy(&test, &rows[i].policy);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    TAP_RUN(takes_policies_that_administrators_signed);
    TAP_RUN(finds_policies_that_do_not_count);
    TAP_RUN(finds_loosening_that_does_not_wait);
    TAP_RUN(measures_by_the_policy_in_force);
    TAP_RUN(finds_administrators_who_replaced_themselves);
    TAP_RUN(finds_a_first_policy_by_others);
    test_audit_free_keys();
    return tap_finish();
}
