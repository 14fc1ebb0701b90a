/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of policies: each edit of one thing is looser or tighter, and is told once. */
#include "test_policy.h"

#include "tap.h"

static struct slw_detail detail;
static struct slw_policy *policy; /* test_policy */

struct edit {
    const char *from;
    const char *to;
    bool loosens; /* from → to */
    bool back;    /* and to → from: only what allows something else instead loosens both ways */
    const char *said;
};

static void compare(const struct slw_policy *former, const struct slw_policy *next, bool loosens,
                    const char *said)
{
    struct slw_policy_changes changes = {0};
    bool found = false;
    TAP_EQUAL_INT(slw_policy_compare(former, next, &changes), SLW_OK);
    TAP_EQUAL_INT(changes.loosened, loosens);
    TAP_CHECK(changes.count > 0);
    for (size_t i = 0; i < changes.count; i++) {
        found = found || strstr(changes.items[i].text, said) != NULL;
        TAP_CHECK(loosens || !changes.items[i].loosens);
    }
    TAP_CHECK(found);
    TAP_EQUAL_INT(slw_policy_in_force_utc_s(former, &changes, 1000),
                  loosens ? 1000 + (int64_t)former->loosening_delay_s : 1000);
    slw_policy_changes_free(&changes);
}

static void compare_edits(const struct edit *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slw_policy *edited = NULL;
        TAP_ROW(rows[i].to);
        TAP_EQUAL_INT(test_parse(rows[i].from, rows[i].to, &edited, &detail), SLW_OK);
        if (edited != NULL) {
            compare(policy, edited, rows[i].loosens, rows[i].said);
            compare(edited, policy, rows[i].back, "");
        }
        slw_policy_free(edited);
    }
}

#define COMPARE(rows) compare_edits(rows, sizeof(rows) / sizeof(rows)[0])

static void tells_what_changes_in_who_is_known(void)
{
    static const struct edit rows[] = {
        {"\"threshold\":2", "\"threshold\":1", true, false, "threshold: from 2 to 1"},
        {"\"threshold\":2", "\"threshold\":3", false, true, "threshold: from 2 to 3"},
        {",\"ada\":\"@ada@\"}", "}", false, true, "administrator ada"},
        {"\"anna\":\"@anna@\"", "\"anna\":\"@anna2@\"", true, true, "administrator anna"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[]", false, true, "person ben: key"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ben@\",\"@ben2@\"]", true, false, "joins"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ssh:ben@\"]", true, true, "person ben"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ben2@\"]", true, true, "person ben"},
        {"\"dan\":{\"keys\":[\"@dan@\"]}", "\"dan\":{\"keys\":[]},\"don\":{\"keys\":[\"@dan@\"]}",
         true, true, "person don"},
        {"\"dan\":{\"keys\"", "\"fay\":{\"keys\":[\"@fay@\"]},\"dan\":{\"keys\"", true, false,
         "person fay"},
        {"\"keys\":[\"@lab@\",\"@lab2@\"]", "\"keys\":[\"@lab2@\"]", false, true, "machine lab"},
        {"\"quorum\":1", "\"quorum\":2", false, true, "quorum: from 1 to 2"},
        {"https://w2.example/", "https://w3.example/", true, true, "witness w2"},
        {"\"name\":\"w2\",\"key\":\"@witness:w2@\"", "\"name\":\"w4\",\"key\":\"@witness:w4@\"",
         true, true, "witness w4"},
        {" \"witnesses\":{\"quorum\":1,\"list\":[{\"name\":\"w1\",\"key\":\"@witness:w1@\","
         "\"url\":\"https://w1.example/\"},{\"name\":\"w2\",\"key\":\"@witness:w2@\","
         "\"url\":\"https://w2.example/\"}]},\n",
         "", true, false, "quorum: from 1 to 0"},
        {"\"loosening_delay_s\":3600", "\"loosening_delay_s\":3599", true, false, "3599"},
        {"\"loosening_delay_s\":3600", "\"loosening_delay_s\":0", true, false, "to 0"},
        {"\"key\":\"@pro-prod@\"", "\"key\":\"@other@\"", true, true, "pro-prod"},
        {"\"key\":\"@pro-prod@\",\"class\":\"prod\"", "\"key\":\"@pro-prod@\",\"class\":\"test\"",
         true, true, "pro-prod"},
        {"\"product\":\"lamp-pro\"", "\"product\":\"lamp\"", true, true, "pro-prod"},
        {"  \"pro-prod\":{", "  \"pro2\":{", true, true, "pro2"},
        {",\n  \"lamp-role\":{\"key\":\"@lamp-role@\",\"class\":\"prod\",\"use\":\"role\","
         "\"product\":\"lamp\"}",
         "", false, true, "lamp-role"},
    };
    COMPARE(rows);
}

static void tells_what_changes_in_rules(void)
{
    static const struct edit rows[] = {
        {"[\"stable\",\"beta\"]", "[\"stable\"]", false, true, "has no rule now"},
        {"[\"stable\",\"beta\"]", "[\"stable\",\"beta\",\"rc\"]", true, false, "no rule was"},
        {"[\"stable\",\"beta\"]", "[\"beta\",\"rc\"]", true, true, "no rule was"},
        {"\"channels\":[\"stable\",\"beta\"],", "", true, true, "no rule was"},
        {"[\"timestamp\",\"snapshot\"]", "[\"timestamp\"]", false, true, "has no rule now"},
        {"{\"product\":\"lamp\",\"class\":\"test\"", "{\"product\":\"lump\",\"class\":\"test\"",
         true, true, "lump"},
        {"[\"ada\",\"robot\"]", "[\"ada\"]", false, true, "requester robot goes"},
        {"[\"ada\",\"robot\"]", "[\"ada\",\"ben\"]", true, true, "requester ben joins"},
        {"https://ci.example/prod", "https://ci.example/pro", true, true, "builders[0]"},
        {"https://ci.example/cmake/v1", "https://ci.example/cmake/v2", true, true, "builders[0]"},
        {"git+https://src.example/lamp", "git+https://src.example/", true, true, "builders[0]"},
        {"\"lto\":\"on\"", "\"lto\":\"off\"", true, true, "builders[0]"},
        {"\"machine\":\"ci\"", "\"machine\":\"robot\"", true, true, "builders[0]"},
        {"{\"preset\":\"release\",\"lto\":\"on\"}", "{\"preset\":\"release\"}", true, true,
         "builders[0]"},
        {"\"use\":\"targets\",\"requesters\":[\"ci\"",
         "\"use\":\"targets\",\"builders\":[{\"machine\":\"ci\",\"id\":\"x\",\"build_type\":\"y\","
         "\"source\":\"z\"}],\"requesters\":[\"ci\"",
         false, true, "builders are asked for"},
        {"\"use\":\"targets\",\"requesters\":[\"ci\"",
         "\"use\":\"targets\",\"build_types\":[\"dev\"],\"requesters\":[\"ci\"", false, true,
         "fewer build types"},
        {"\"machines\":[\"lab\"]", "\"machines\":[\"lab\",\"ci\"]", true, false, "a tester joins"},
        {"\"machines\":[\"lab\"]", "\"machines\":[\"ci\"]", true, true, "a tester joins"},
        {"\"suite\":\"system\"", "\"suite\":\"smoke\"", true, true, "suite system"},
        {"\"tests\":[{\"suite\"", "\"tests\":[{\"suite\":\"a\",\"machines\":[\"ci\"]},{\"suite\"",
         false, true, "suite a is asked"},
        {"\"approvals\":{\"count\":2", "\"approvals\":{\"count\":1", true, false,
         "approvals from 2 to 1"},
        {"\"approvals\":{\"count\":2", "\"approvals\":{\"count\":3", false, true,
         "approvals from 2 to 3"},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"ada\",\"ben\"]", false, true, "an approver goes"},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"ada\",\"ben\",\"dan\"]", true, true, "an approver joins"},
        {"\"to\":\"17:00\"", "\"to\":\"17:01\"", true, false, "more hours"},
        {"\"from\":\"08:00\"", "\"from\":\"07:59\"", true, false, "more hours"},
        {"\"from\":\"08:00\"", "\"from\":\"08:01\"", false, true, "fewer hours"},
        {"[\"mon\",\"tue\",\"fri\"]", "[\"mon\",\"tue\"]", false, true, "fewer hours"},
        {"[\"mon\",\"tue\",\"fri\"]", "[\"mon\",\"tue\",\"thu\"]", true, true, "more hours"},
        {"\"from\":\"08:00\",\"to\":\"17:00\"", "\"from\":\"22:00\",\"to\":\"06:00\"", true, true,
         "more hours"},
        {"\"hours\":{\"days\":[\"mon\",\"tue\",\"fri\"],\"from\":\"08:00\",\"to\":\"17:00\"},", "",
         true, false, "more hours"},
        {",\"rate\":{\"count\":2,\"per_s\":3600}", "", true, false, "rate isn't limited"},
        {"\"rate\":{\"count\":2", "\"rate\":{\"count\":3", true, false, "rate from 2"},
        {"\"per_s\":3600", "\"per_s\":3599", true, false, "rate from 2"},
        {"\"rate\":{\"count\":2,\"per_s\":3600}", "\"rate\":{\"count\":1,\"per_s\":3599}", true,
         true, "rate from 2"},
    };
    COMPARE(rows);
}

static void tells_what_changes_in_rules_on_content(void)
{
    static const struct edit rows[] = {
        {"[\"app\",\"boot*\"]", "[\"app\"]", false, true, "names allow less"},
        {"[\"app\",\"boot*\"]", "[\"app\",\"*\"]", true, true, "names allow more"},
        {"\"names\":[\"app\",\"boot*\"],", "", true, false, "names allow more"},
        {"[\"rev-a\"]", "[\"rev-a\",\"rev-b\"]", true, false, "hardware ids allow more"},
        {"\"slots\":[\"app\"],", "", true, false, "slots allow more"},
        {"\"elf\":\"stripped\",", "", true, false, "needn't be stripped"},
        {"00ff00ff", "00ff00fe", true, true, "lacks a pattern"},
        {"{\"name\":\"dev key\",\"hex\":\"00ff00ff\"},", "", true, false, "lacks a pattern"},
        {"\"growth_percent\":25", "\"growth_percent\":26", true, false, "growth_percent"},
        {",\"growth_percent\":25", "", true, false, "growth_percent"},
        {"\"size_max\":8388608", "\"size_max\":8388609", true, false, "size_max"},
        {",\n   \"validators\":[{\"program\":\"/usr/lib/check\",\"arguments\":[\"-x\"],"
         "\"timeout_s\":60}]",
         "", true, false, "validator goes"},
        {"\"timeout_s\":60", "\"timeout_s\":61", true, false, "more time"},
        {"[\"-x\"]", "[\"-y\"]", true, true, "validator"},
        {"/usr/lib/check", "/usr/lib/chec", true, true, "validator"},
    };
    COMPARE(rows);
}

static void tells_nothing_of_what_stays(void)
{
    static const struct edit rows[] = {
        {"\"version\":7,", "\"version\":8,", false, false, NULL},
        {"{\"preset\":\"release\",\"lto\":\"on\"}", "{\"lto\":\"on\",\"preset\":\"release\"}",
         false, false, NULL},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"eve\",\"ben\",\"ada\"]", false, false, NULL},
        {"[\"stable\",\"beta\"]", "[\"beta\",\"stable\"]", false, false, NULL},
        {"\"name\":\"marker\"", "\"name\":\"debug marker\"", false, false, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_policy *edited = NULL;
        struct slw_policy_changes changes = {0};
        TAP_ROW(rows[i].to);
        TAP_EQUAL_INT(test_parse(rows[i].from, rows[i].to, &edited, &detail), SLW_OK);
        TAP_REQUIRE(edited != NULL);
        TAP_EQUAL_INT(slw_policy_compare(policy, edited, &changes), SLW_OK);
        TAP_CHECK(!changes.loosened);
        TAP_EQUAL_INT(changes.count, 0);
        slw_policy_changes_free(&changes);
        slw_policy_free(edited);
    }
}

/* Two rules of the former policy may cover one of the next, and the other way round. */
static void follows_rules_that_are_split_or_joined(void)
{
    struct slw_policy *joined = NULL;
    struct slw_policy *split = NULL;
    struct slw_policy_changes changes = {0};
    static const char one[] = "{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\","
                              "\"requesters\":[\"ci\",\"dan\"]}";
    TAP_EQUAL_INT(test_parse(one,
                             "{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\","
                             "\"channels\":[\"a\",\"b\"],\"requesters\":[\"ci\",\"dan\"]}",
                             &joined, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(test_parse(one,
                             "{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\","
                             "\"channels\":[\"b\"],\"requesters\":[\"dan\",\"ci\"]},"
                             "{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\","
                             "\"channels\":[\"a\"],\"requesters\":[\"ci\",\"dan\"]}",
                             &split, &detail),
                  SLW_OK);
    TAP_REQUIRE(joined != NULL && split != NULL);
    TAP_EQUAL_INT(slw_policy_compare(joined, split, &changes), SLW_OK);
    TAP_EQUAL_INT(changes.count, 0);
    slw_policy_changes_free(&changes);
    TAP_EQUAL_INT(slw_policy_compare(split, joined, &changes), SLW_OK);
    TAP_EQUAL_INT(changes.count, 0);
    slw_policy_changes_free(&changes);
    slw_policy_free(joined);
    slw_policy_free(split);
}

static void never_overflows_a_time(void)
{
    struct slw_policy_changes changes = {.loosened = true};
    TAP_CHECK(slw_policy_in_force_utc_s(policy, &changes, INT64_MAX - 5) == INT64_MAX);
    TAP_CHECK(slw_policy_in_force_utc_s(policy, &changes, 0) == 3600);
    changes.loosened = false;
    TAP_CHECK(slw_policy_in_force_utc_s(policy, &changes, INT64_MAX) == INT64_MAX);
}

int main(void)
{
    if (test_parse(NULL, NULL, &policy, &detail) != SLW_OK) {
        return 1;
    }
    TAP_RUN(tells_what_changes_in_who_is_known);
    TAP_RUN(tells_what_changes_in_rules);
    TAP_RUN(tells_what_changes_in_rules_on_content);
    TAP_RUN(tells_nothing_of_what_stays);
    TAP_RUN(follows_rules_that_are_split_or_joined);
    TAP_RUN(never_overflows_a_time);
    slw_policy_free(policy);
    return tap_finish();
}
