/* SPDX-License-Identifier: Apache-2.0 */
/* Reading policies: what a good one says, and everything that makes one bad, with its place. */
#include "test_policy.h"

#include "tap.h"

#include <stdlib.h>

static struct slw_detail detail;

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static bool is(struct slw_bytes actual, const char *expected)
{
    return slw_bytes_equal(actual, bytes_of(expected));
}

static void reads_who_is_who(void)
{
    struct slw_policy *policy = NULL;
    uint8_t id[SLW_SHA256_SIZE];
    TAP_EQUAL_INT(test_parse(NULL, NULL, &policy, &detail), SLW_OK);
    TAP_REQUIRE(policy != NULL);
    TAP_EQUAL_INT(policy->version, 7);
    TAP_EQUAL_INT(policy->issued_utc_s, 1788220800);
    TAP_EQUAL_INT(policy->administrators_threshold, 2);
    TAP_EQUAL_INT(policy->administrators.count, 3);
    TAP_EQUAL_INT(policy->people.count, 4);
    TAP_EQUAL_INT(policy->machines.count, 3);
    TAP_EQUAL_INT(policy->witnesses_quorum, 1);
    TAP_EQUAL_INT(policy->witnesses_count, 2);
    TAP_EQUAL_INT(policy->loosening_delay_s, 3600);
    test_key_id("lab2", id);
    struct slw_policy_holder holder = slw_policy_holder_of(policy, id);
    TAP_EQUAL_INT(holder.kind, SLW_POLICY_MACHINE);
    TAP_CHECK(holder.party != NULL && is(holder.party->name, "lab"));
    test_ssh_key_id("eve", id);
    holder = slw_policy_holder_of(policy, id);
    TAP_EQUAL_INT(holder.kind, SLW_POLICY_PERSON);
    TAP_CHECK(holder.party != NULL && is(holder.party->name, "eve"));
    test_key_id("eve", id); /* the same key, which she doesn't use in this form */
    TAP_EQUAL_INT(slw_policy_holder_of(policy, id).kind, SLW_POLICY_NOBODY);
    test_key_id("anna", id); /* an administrator alone may ask for nothing */
    TAP_EQUAL_INT(slw_policy_holder_of(policy, id).kind, SLW_POLICY_NOBODY);
    TAP_EQUAL_INT(slw_policy_holder_named(policy, SLW_BYTES_OF("ci")).kind, SLW_POLICY_MACHINE);
    TAP_EQUAL_INT(slw_policy_holder_named(policy, SLW_BYTES_OF("anna")).kind, SLW_POLICY_NOBODY);
    slw_policy_free(policy);
}

static void reads_a_rule_with_everything(void)
{
    struct slw_policy *policy = NULL;
    struct slw_content_rules content;
    TAP_EQUAL_INT(test_parse(NULL, NULL, &policy, &detail), SLW_OK);
    TAP_REQUIRE(policy != NULL);
    const struct slw_policy_rule *rule = &policy->rules[0];
    TAP_EQUAL_INT(policy->rules_count, 5);
    TAP_EQUAL_INT(rule->channels.count, 2);
    TAP_EQUAL_INT(rule->builders_count, 1);
    TAP_EQUAL_INT(rule->builders[0].parameters_count, 2);
    TAP_EQUAL_INT(rule->build_types, 1 << SLW_BUILD_TYPE_USER);
    TAP_EQUAL_INT(rule->tests_count, 1);
    TAP_EQUAL_INT(rule->approvals_count, 2);
    TAP_EQUAL_INT(rule->approvers_count, 3);
    TAP_EQUAL_INT(rule->hours.days, 1 + 2 + 16);
    TAP_EQUAL_INT(rule->hours.from_min, 480);
    TAP_EQUAL_INT(rule->hours.to_min, 1020);
    TAP_EQUAL_INT(rule->rate.count, 2);
    TAP_EQUAL_INT(rule->rate.per_s, 3600);
    TAP_EQUAL_INT(rule->validators_count, 1);
    TAP_EQUAL_INT(rule->validators[0].timeout_s, 60);
    slw_policy_content_rules(rule, &content);
    TAP_EQUAL_INT(content.names_count, 2);
    TAP_EQUAL_INT(content.hardware_count, 1);
    TAP_EQUAL_INT(content.slots_count, 1);
    TAP_CHECK(content.elf_stripped && content.has_growth && content.has_size);
    TAP_EQUAL_INT(content.growth_percent, 25);
    TAP_EQUAL_INT(content.size_max, 8388608);
    TAP_REQUIRE(content.forbidden_count == 2);
    TAP_EQUAL_INT(content.forbidden[0].bytes.len, 4);
    TAP_EQUAL_BYTES(content.forbidden[0].bytes.ptr, "\x00\xff\x00\xff", 4);
    TAP_CHECK(is(content.forbidden[1].bytes, "DEBUG BUILD"));
    slw_policy_free(policy);
}

/* Product, class and use of a key; exact channel and role; nothing else finds a rule. */
static void finds_a_rule_by_exact_bytes_alone(void)
{
    static const struct {
        const char *key;
        const char *channel;
        const char *role;
        int rule;
    } rows[] = {
        {"lamp-prod", "stable", "", 0},
        {"lamp-prod", "beta", "", 0},
        {"lamp-prod", "", "", -1},
        {"lamp-prod", "Stable", "", -1},
        {"lamp-prod", "stable ", "", -1},
        {"lamp-prod", "stabl", "", -1},
        {"lamp-prod", "stable-beta", "", -1},
        {"lamp-prod",
         "st\xD0\xB0"
         "ble",
         "", -1}, /* a Cyrillic a */
        {"lamp-prod", "stable", "lamp-stable", -1},
        {"lamp-test", "", "", 1},
        {"lamp-test", "stable", "", -1},
        {"pro-prod", "stable", "", -1},
        {"lamp-root", "", "", 2},
        {"lamp-root", "stable", "", -1},
        {"lamp-role", "stable", "lamp-stable", 3},
        {"lamp-role", "", "lamp-stable", -1},
        {"lamp-role", "lamp-stable", "stable", -1},
        {"lamp-role", "stable", "lamp-stable-rollout", -1},
        {"lamp-role", "stable", "Lamp-stable", -1},
        {"lamp-role", "stable", "", -1},
        {"lamp-role", "", "timestamp", 4},
        {"lamp-role", "", "snapshot", 4},
        {"lamp-role", "", "targets", -1},
        {"lamp-role", "stable", "timestamp", -1},
    };
    struct slw_policy *policy = NULL;
    TAP_EQUAL_INT(test_parse(NULL, NULL, &policy, &detail), SLW_OK);
    TAP_REQUIRE(policy != NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].channel);
        const struct slw_policy_signing_key *key =
            slw_policy_signing_key(policy, bytes_of(rows[i].key));
        TAP_REQUIRE(key != NULL);
        const struct slw_policy_rule *rule =
            slw_policy_rule_for(policy, key, bytes_of(rows[i].channel), bytes_of(rows[i].role));
        TAP_EQUAL_INT(rule == NULL ? -1 : rule - policy->rules, rows[i].rule);
    }
    static const char *const others[] = {"", "Lamp-prod", "lamp-pro", "lamp-prod ", "lamp-prod2"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        TAP_ROW(others[i]);
        TAP_CHECK(slw_policy_signing_key(policy, bytes_of(others[i])) == NULL);
    }
    slw_policy_free(policy);
}

struct edit {
    const char *from;
    const char *to;
    enum slw_status status;
    const char *said; /* part of the detail */
};

static void refuse_edits(const struct edit *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slw_policy *policy = NULL;
        TAP_ROW(rows[i].to);
        TAP_EQUAL_INT(test_parse(rows[i].from, rows[i].to, &policy, &detail), rows[i].status);
        TAP_CHECK(policy == NULL);
        if (!TAP_CHECK(strstr(detail.text, rows[i].said) != NULL)) {
            printf("#   said: %s\n", detail.text);
        }
        slw_policy_free(policy);
    }
}

#define REFUSE(rows) refuse_edits(rows, sizeof(rows) / sizeof(rows)[0])

static void refuses_other_forms_at_the_top(void)
{
    static const struct edit rows[] = {
        {"\"version\":7,", "", SLW_MALFORMED, "no member \"version\""},
        {"\"version\":7", "\"version\":0", SLW_MALFORMED, "version"},
        {"\"version\":7", "\"version\":-1", SLW_MALFORMED, "version"},
        {"\"version\":7", "\"version\":4294967296", SLW_MALFORMED, "version"},
        {"\"version\":7", "\"version\":\"7\"", SLW_MALFORMED, "must be an integer"},
        {"\"version\":7", "\"version\":7,\"version\":7", SLW_MALFORMED, "twice"},
        {"\"version\":7", "\"version\":7,\"vers\\u0069on\":7", SLW_MALFORMED, "twice"},
        {"\"version\":7", "\"version\":7,\"Version\":7", SLW_MALFORMED, "Version"},
        {"\"version\":7", "\"version\":7,\"extra\":{}", SLW_MALFORMED, "extra"},
        {"\"issued\":\"2026-09-01T00:00:00Z\",", "", SLW_MALFORMED, "\"issued\""},
        {"2026-09-01T00:00:00Z", "2026-09-01T00:00:00", SLW_MALFORMED, "issued"},
        {"2026-09-01T00:00:00Z", "2026-09-01 00:00:00Z", SLW_MALFORMED, "issued"},
        {"2026-09-01T00:00:00Z", "2026-09-01T00:00:00+00:00", SLW_MALFORMED, "issued"},
        {"2026-09-01T00:00:00Z", "2026-02-30T00:00:00Z", SLW_MALFORMED, "issued"},
        {"2026-09-01T00:00:00Z", "30d", SLW_MALFORMED, "issued"},
        {"2026-09-01T00:00:00Z", "", SLW_MALFORMED, "issued"},
        {"\"loosening_delay_s\":3600", "\"loosening_delay_s\":-1", SLW_MALFORMED, "loosening"},
        {"\"loosening_delay_s\":3600", "\"loosening_delay_s\":31536001", SLW_MALFORMED,
         "loosening"},
        {"\"loosening_delay_s\":3600", "\"loosening_delay_s\":null", SLW_MALFORMED, "integer"},
        {"\"machines\":{", "\"machines\":[],\"x\":{", SLW_MALFORMED, "must be an object"},
        {"\"people\":{", "\"peoples\":{", SLW_MALFORMED, "peoples"},
        {" ]}\n", " ]}{}\n", SLW_MALFORMED, "line"},
        {" ]}\n", " ]\n", SLW_MALFORMED, "line"},
    };
    REFUSE(rows);
}

static void refuses_parties_that_can_not_be(void)
{
    static const struct edit rows[] = {
        {"\"threshold\":2", "\"threshold\":0", SLW_MALFORMED, "threshold"},
        {"\"threshold\":2", "\"threshold\":4", SLW_BAD_THRESHOLD, "threshold"},
        {"\"threshold\":2", "\"threshold\":17", SLW_MALFORMED, "threshold"},
        {"\"threshold\":2,", "", SLW_MALFORMED, "threshold"},
        {"\"anna\":\"@anna@\"", "\"anna\":\"@ssh:anna@\"", SLW_BAD_KEY, "approvals only"},
        {"\"anna\":\"@anna@\"", "\"anna\":[\"@anna@\"]", SLW_MALFORMED, "must be a string"},
        {"\"anna\":\"@anna@\"", "\"anna\":\"\"", SLW_BAD_KEY, "anna"},
        {"\"anna\":\"@anna@\"", "\"anna\":\"ssh-rsa AAAA\"", SLW_BAD_KEY, "anna"},
        {"\"anna\":\"@anna@\"", "\"anna\":\"@bert@\"", SLW_SHARED_KEY, "bert"},
        {"\"anna\":\"@anna@\"", "\"anna\":\"@ada@\"", SLW_SHARED_KEY, "anna"},
        {"\"anna\":\"@anna@\"", "\"an na\":\"@anna@\"", SLW_MALFORMED, "name"},
        {"\"anna\":\"@anna@\"", "\"\":\"@anna@\"", SLW_MALFORMED, "name"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ben@\",\"@ben@\"]", SLW_SHARED_KEY, "ben"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ben@\",\"@ssh:ben@\"]", SLW_SHARED_KEY, "ben"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ssh:ada@\"]", SLW_SHARED_KEY, "ada"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@bert@\"]", SLW_SHARED_KEY, "bert"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@ci@\"]", SLW_SHARED_KEY, "ci"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@lamp-prod@\"]", SLW_SHARED_KEY, "lamp-prod"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"@w1@\"]", SLW_SHARED_KEY, "w1"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[7]", SLW_MALFORMED, "must be a string"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":{}", SLW_MALFORMED, "must be a list"},
        {"\"keys\":[\"@ben@\"]", "\"key\":[\"@ben@\"]", SLW_MALFORMED, "people.ben"},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[\"-----BEGIN PUBLIC KEY-----\"]", SLW_BAD_KEY, "ben"},
        {"\"ben\":{\"keys\"", "\"Ada\":{\"keys\"", SLW_MALFORMED, "mistaken"},
        {"\"ben\":{\"keys\"", "\"ci\":{\"keys\"", SLW_MALFORMED, "mistaken"},
        {"\"ben\":{\"keys\"", "\"CI\":{\"keys\"", SLW_MALFORMED, "mistaken"},
        {"\"ben\":{\"keys\"", "\"b\xC3\xA9n\":{\"keys\"", SLW_MALFORMED, "name"},
        {"\"ben\":{\"keys\"", "\"-ben\":{\"keys\"", SLW_MALFORMED, "name"},
        {"\"ben\":{\"keys\"", "\"ben,eve\":{\"keys\"", SLW_MALFORMED, "name"},
        {"\"ben\":{\"keys\"", "\"ada\":{\"keys\"", SLW_MALFORMED, "twice"},
        {"\"ci\":{\"keys\":[\"@ci@\"]}", "\"ci\":{\"keys\":[\"@ssh:ci@\"]}", SLW_BAD_KEY,
         "approvals only"},
        {"\"quorum\":1", "\"quorum\":0", SLW_MALFORMED, "quorum"},
        {"\"quorum\":1", "\"quorum\":3", SLW_BAD_THRESHOLD, "quorum"},
        {"\"name\":\"w1\"", "\"name\":\"w3\"", SLW_MALFORMED, "isn't the name"},
        {"\"key\":\"@witness:w1@\"", "\"key\":\"w1\"", SLW_BAD_KEY, "witnesses"},
        {"\"key\":\"@witness:w1@\"", "\"key\":\"@w1@\"", SLW_BAD_KEY, "witnesses"},
        {"https://w1.example/", "ftp://w1.example/", SLW_MALFORMED, "address"},
        {"https://w1.example/", "https://", SLW_MALFORMED, "address"},
        {"https://w1.example/", "https://w1\\u0000", SLW_MALFORMED, "control"},
        {"\"lamp-test\":{\"key\"", "\"LAMP-prod\":{\"key\"", SLW_MALFORMED, "mistaken"},
        {"\"lamp-test\":{\"key\":\"@lamp-test@\"", "\"ben\":{\"key\":\"@ben@\"", SLW_SHARED_KEY,
         "ben"},
        {"\"lamp-test\":{\"key\":\"@lamp-test@\"", "\"anna\":{\"key\":\"@anna@\"", SLW_SHARED_KEY,
         "anna"},
        {"\"ci\":{\"keys\":[\"@ci@\"]}", "\"bert\":{\"keys\":[\"@bert@\"]}", SLW_SHARED_KEY,
         "bert"},
        {"\"key\":\"@lamp-test@\"", "\"key\":\"@lamp-prod@\"", SLW_SHARED_KEY, "lamp-prod"},
        {"\"key\":\"@lamp-test@\"", "\"key\":\"@ssh:lamp-test@\"", SLW_BAD_KEY, "approvals only"},
        {"\"class\":\"test\"", "\"class\":\"TEST\"", SLW_MALFORMED, "dev, test or prod"},
        {"\"class\":\"test\"", "\"class\":\"\"", SLW_MALFORMED, "dev, test or prod"},
        {"\"class\":\"test\"", "\"class\":\"unspecified\"", SLW_MALFORMED, "dev, test or prod"},
        {"\"use\":\"role\"", "\"use\":\"roles\"", SLW_MALFORMED, "targets, root or role"},
        {"\"product\":\"lamp-pro\"", "\"product\":\"\"", SLW_MALFORMED, "name"},
        {"\"product\":\"lamp-pro\"", "\"product\":\"lamp*\"", SLW_MALFORMED, "name"},
    };
    REFUSE(rows);
}

static void refuses_demands_that_can_not_be(void)
{
    static const struct edit rows[] = {
        {"\"requesters\":[\"ada\",\"robot\"],", "", SLW_MALFORMED, "requesters"},
        {"\"requesters\":[\"ada\",\"robot\"]", "\"requesters\":[]", SLW_MALFORMED, "at least 1"},
        {"\"requesters\":[\"ada\",\"robot\"]", "\"requesters\":[\"anna\"]", SLW_MALFORMED,
         "names somebody"},
        {"\"requesters\":[\"ada\",\"robot\"]", "\"requesters\":[\"Ada\"]", SLW_MALFORMED,
         "names somebody"},
        {"\"requesters\":[\"ada\",\"robot\"]", "\"requesters\":[\"ada\",\"ada\"]", SLW_MALFORMED,
         "twice"},
        {"\"requesters\":[\"ada\",\"robot\"]", "\"requesters\":\"ada\"", SLW_MALFORMED, "list"},
        {"\"requesters\":[\"ada\",\"robot\"]", "\"requesters\":[7]", SLW_MALFORMED, "string"},
        {"\"channels\":[\"stable\",\"beta\"]", "\"channels\":[]", SLW_MALFORMED, "at least 1"},
        {"\"channels\":[\"stable\",\"beta\"]", "\"channels\":[\"*\"]", SLW_MALFORMED, "name"},
        {"\"channels\":[\"stable\",\"beta\"]", "\"channels\":[\"\"]", SLW_MALFORMED, "name"},
        {"\"machine\":\"ci\"", "\"machine\":\"ada\"", SLW_MALFORMED, "isn't a machine"},
        {"\"machine\":\"ci\",", "", SLW_MALFORMED, "machine"},
        {"\"id\":\"https://ci.example/prod\"", "\"id\":\"\"", SLW_MALFORMED, "id"},
        {"\"id\":\"https://ci.example/prod\",", "", SLW_MALFORMED, "\"id\""},
        {"\"build_type\":\"https://ci.example/cmake/v1\",", "", SLW_MALFORMED, "build_type"},
        {",\"source\":\"git+https://src.example/lamp\"", "", SLW_MALFORMED, "source"},
        {"\"lto\":\"on\"", "\"lto\":true", SLW_MALFORMED, "string"},
        {"\"lto\":\"on\"", "\"preset\":\"on\"", SLW_MALFORMED, "twice"},
        {"\"build_types\":[\"user\"]", "\"build_types\":[]", SLW_MALFORMED, "at least 1"},
        {"\"build_types\":[\"user\"]", "\"build_types\":[\"USER\"]", SLW_MALFORMED, "dev, test"},
        {"\"build_types\":[\"user\"]", "\"build_types\":[\"user\",\"user\"]", SLW_MALFORMED,
         "twice"},
        {"\"suite\":\"system\"", "\"suite\":\"\"", SLW_MALFORMED, "suite"},
        {"\"machines\":[\"lab\"]", "\"machines\":[]", SLW_MALFORMED, "at least 1"},
        {"\"machines\":[\"lab\"]", "\"machines\":[\"ada\"]", SLW_MALFORMED, "isn't a machine"},
        {"\"machines\":[\"lab\"]", "\"machines\":[\"lab\",\"lab\"]", SLW_MALFORMED, "twice"},
        {"{\"suite\":\"system\",\"machines\":[\"lab\"]}",
         "{\"suite\":\"system\",\"machines\":[\"lab\"]},{\"suite\":\"system\",\"machines\":"
         "[\"ci\"]}",
         SLW_MALFORMED, "before"},
        {"\"approvals\":{\"count\":2", "\"approvals\":{\"count\":0", SLW_MALFORMED, "count"},
        {"\"approvals\":{\"count\":2", "\"approvals\":{\"count\":4", SLW_BAD_THRESHOLD, "count"},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"ada\",\"ci\"]", SLW_MALFORMED, "isn't a person"},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"ada\",\"anna\"]", SLW_MALFORMED, "isn't a person"},
        {"[\"ada\",\"ben\",\"eve\"]", "[\"ada\",\"ben\",\"ada\"]", SLW_MALFORMED, "twice"},
    };
    REFUSE(rows);
}

static void refuses_hours_and_content_that_can_not_be(void)
{
    static const struct edit rows[] = {
        {"\"days\":[\"mon\",\"tue\",\"fri\"],", "", SLW_MALFORMED, "days"},
        {"\"days\":[\"mon\",\"tue\",\"fri\"]", "\"days\":[]", SLW_MALFORMED, "at least 1"},
        {"\"days\":[\"mon\",\"tue\",\"fri\"]", "\"days\":[\"Mon\"]", SLW_MALFORMED, "mon, tue"},
        {"\"days\":[\"mon\",\"tue\",\"fri\"]", "\"days\":[\"mon\",\"mon\"]", SLW_MALFORMED,
         "twice"},
        {"\"from\":\"08:00\"", "\"from\":\"8:00\"", SLW_MALFORMED, "time of day"},
        {"\"from\":\"08:00\"", "\"from\":\"08:60\"", SLW_MALFORMED, "time of day"},
        {"\"from\":\"08:00\"", "\"from\":\"24:01\"", SLW_MALFORMED, "time of day"},
        {"\"from\":\"08:00\"", "\"from\":\"24:00\"", SLW_MALFORMED, "begin"},
        {"\"from\":\"08:00\"", "\"from\":\"17:00\"", SLW_MALFORMED, "begin"},
        {"\"from\":\"08:00\"", "\"from\":\"0a:00\"", SLW_MALFORMED, "time of day"},
        {"\"to\":\"17:00\"", "\"to\":\"00:00\"", SLW_MALFORMED, "begin"},
        {"\"rate\":{\"count\":2", "\"rate\":{\"count\":0", SLW_MALFORMED, "count"},
        {"\"per_s\":3600", "\"per_s\":0", SLW_MALFORMED, "per_s"},
        {"\"per_s\":3600", "\"per_s\":31536001", SLW_MALFORMED, "per_s"},
        {"\"names\":[\"app\",\"boot*\"]", "\"names\":[]", SLW_MALFORMED, "at least 1"},
        {"\"elf\":\"stripped\"", "\"elf\":\"any\"", SLW_MALFORMED, "stripped"},
        {"\"hex\":\"00ff00ff\"", "\"hex\":\"00FF00FF\"", SLW_MALFORMED, "hexadecimal"},
        {"\"hex\":\"00ff00ff\"", "\"hex\":\"00ff00f\"", SLW_MALFORMED, "hexadecimal"},
        {"\"hex\":\"00ff00ff\"", "\"hex\":\"00ff00\"", SLW_MALFORMED, "4 to 1024"},
        {"\"hex\":\"00ff00ff\"", "\"hex\":\"00ff00ff\",\"text\":\"abcd\"", SLW_MALFORMED, "one of"},
        {",\"hex\":\"00ff00ff\"", "", SLW_MALFORMED, "one of"},
        {"\"text\":\"DEBUG BUILD\"", "\"text\":\"abc\"", SLW_MALFORMED, "4 to 1024"},
        {"\"growth_percent\":25", "\"growth_percent\":-1", SLW_MALFORMED, "growth"},
        {"\"size_max\":8388608", "\"size_max\":0", SLW_MALFORMED, "size_max"},
        {"\"program\":\"/usr/lib/check\"", "\"program\":\"check\"", SLW_MALFORMED, "absolute"},
        {"\"arguments\":[\"-x\"]", "\"arguments\":[\"a\\nb\"]", SLW_MALFORMED, "control"},
        {"\"timeout_s\":60", "\"timeout_s\":0", SLW_MALFORMED, "timeout_s"},
        {"\"timeout_s\":60", "\"timeout_s\":3601", SLW_MALFORMED, "timeout_s"},
        {",\n   \"validators\":[", ",\n   \"validator\":[", SLW_MALFORMED, "validator"},
    };
    REFUSE(rows);
}

static void refuses_rules_that_ask_for_too_little(void)
{
    static const struct edit rows[] = {
        /* "A production rule must have builders, tests, approvals, and build_types [user]." */
        {"\"builders\":[{\"machine\":\"ci\",\"id\":\"https://ci.example/prod\","
         "\"build_type\":\"https://ci.example/cmake/v1\",\"source\":"
         "\"git+https://src.example/lamp\",\"parameters\":{\"preset\":\"release\",\"lto\":\"on\"}}"
         "],\n",
         "", SLW_MALFORMED, "without builders"},
        {"\"tests\":[{\"suite\":\"system\",\"machines\":[\"lab\"]}],\n", "", SLW_MALFORMED,
         "without tests"},
        {"\"build_types\":[\"user\"],", "", SLW_MALFORMED, "build_types"},
        {"\"build_types\":[\"user\"]", "\"build_types\":[\"user\",\"test\"]", SLW_MALFORMED,
         "build_types"},
        {"\"approvals\":{\"count\":2,\"people\":[\"ada\",\"ben\",\"eve\"]},\n", "", SLW_MALFORMED,
         "without approvals"},
        {",\"approvals\":{\"count\":1,\"people\":[\"ada\",\"ben\"]}", "", SLW_MALFORMED,
         "without approvals"},
        {",\"approvals\":{\"count\":1,\"people\":[\"ben\"]}", "", SLW_MALFORMED,
         "without approvals"},
        {"\"roles\":[\"timestamp\",\"snapshot\"]", "\"roles\":[\"timestamp\",\"targets\"]",
         SLW_MALFORMED, "without approvals"},
    };
    REFUSE(rows);
}

static void refuses_rules_that_can_not_be_told_apart(void)
{
    static const struct edit rows[] = {
        /* One rule for a request, never two. */
        {"\"class\":\"test\",\"use\":\"targets\",\"requesters\"",
         "\"class\":\"test\",\"use\":\"targets\",\"requesters\":[\"ci\"]},{\"product\":\"lamp\","
         "\"class\":\"test\",\"use\":\"targets\",\"requesters\"",
         SLW_MALFORMED, "about the same as rules[1]"},
        {"\"roles\":[\"timestamp\",\"snapshot\"]",
         "\"channels\":[\"stable\"],\"approvals\":{\"count\":1,\"people\":[\"ada\"]},\"roles\":"
         "[\"timestamp\",\"lamp-stable\"]",
         SLW_MALFORMED, "about the same as rules[3]"},
        /* Roles and builds. */
        {"\"roles\":[\"lamp-stable\"],", "", SLW_MALFORMED, "must name them"},
        {"\"use\":\"root\",\"requesters\"", "\"use\":\"root\",\"roles\":[\"root\"],\"requesters\"",
         SLW_MALFORMED, "isn't for them"},
        {"\"use\":\"root\",\"requesters\"",
         "\"use\":\"root\",\"build_types\":[\"user\"],\"requesters\"", SLW_MALFORMED,
         "asks about builds"},
        {"\"use\":\"root\",\"requesters\"", "\"use\":\"root\",\"content\":{},\"requesters\"",
         SLW_MALFORMED, "asks about builds"},
        {"\"roles\":[\"timestamp\",\"snapshot\"]",
         "\"tests\":[{\"suite\":\"x\",\"machines\":[\"lab\"]}],\"roles\":[\"timestamp\"]",
         SLW_MALFORMED, "asks about builds"},
    };
    REFUSE(rows);
}

static void takes_what_differs_in_form_alone(void)
{
    static const struct edit rows[] = {
        {"\"version\":7", "\"version\":4294967295", SLW_OK, ""},
        {" \"loosening_delay_s\":3600,\n", "", SLW_OK, ""},
        {"\"keys\":[\"@ben@\"]", "\"keys\":[]", SLW_OK, ""}, /* his key was taken away */
        {"\"from\":\"08:00\"", "\"from\":\"22:00\"", SLW_OK, ""},
        {"\"to\":\"17:00\"", "\"to\":\"24:00\"", SLW_OK, ""},
        {"\"class\":\"test\",\"use\":\"targets\",\"requesters\"",
         "\"class\":\"test\",\"use\":\"targets\",\"channels\":[\"nightly\"],\"requesters\":[\"ci\"]"
         "},{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\",\"requesters\"",
         SLW_OK, ""},
        {"\"dan\":{\"keys\"", "\"d\\u0061n\":{\"keys\"", SLW_OK, ""},
        {"\"parameters\":{\"preset\":\"release\",\"lto\":\"on\"}", "\"parameters\":{}", SLW_OK, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_policy *policy = NULL;
        TAP_ROW(rows[i].to);
        TAP_EQUAL_INT(test_parse(rows[i].from, rows[i].to, &policy, &detail), SLW_OK);
        slw_policy_free(policy);
    }
}

static void waits_a_day_where_the_policy_does_not_say(void)
{
    struct slw_policy *policy = NULL;
    TAP_EQUAL_INT(test_parse(" \"loosening_delay_s\":3600,\n", "", &policy, &detail), SLW_OK);
    TAP_REQUIRE(policy != NULL);
    TAP_EQUAL_INT(policy->loosening_delay_s, 86400);
    slw_policy_free(policy);
}

/* Appends count times a piece with %zu in it, and commas between. */
static void repeat(struct slw_heap_buffer *text, size_t count, const char *before,
                   const char *behind)
{
    for (size_t i = 0; i < count; i++) {
        slw_heap_printf(text, "%s%s%zu%s", i == 0 ? "" : ",", before, i, behind);
    }
}

static void refuses_more_than_the_named_maxima(void)
{
    static const struct {
        const char *from;
        const char *begin;
        const char *before;
        const char *behind;
        const char *end;
        size_t count;
        enum slw_status status;
    } rows[] = {
        {"\"dan\":{\"keys\"", "", "\"p", "\":{\"keys\":[]}", ",\"dan\":{\"keys\"", 252, SLW_OK},
        {"\"dan\":{\"keys\"", "", "\"p", "\":{\"keys\":[]}", ",\"dan\":{\"keys\"", 253,
         SLW_TOO_LARGE},
        {"\"robot\":{\"keys\"", "", "\"m", "\":{\"keys\":[]}", ",\"robot\":{\"keys\"", 254,
         SLW_TOO_LARGE},
        {"[\"stable\",\"beta\"]", "[", "\"c", "\"", "]", 64, SLW_OK},
        {"[\"stable\",\"beta\"]", "[", "\"c", "\"", "]", 65, SLW_TOO_LARGE},
        {"{\"preset\":\"release\",\"lto\":\"on\"}", "{", "\"p", "\":\"\"", "}", 64, SLW_OK},
        {"{\"preset\":\"release\",\"lto\":\"on\"}", "{", "\"p", "\":\"\"", "}", 65, SLW_TOO_LARGE},
        {"[\"-x\"]", "[", "\"", "\"", "]", 33, SLW_TOO_LARGE},
        {"{\"suite\":\"system\",\"machines\":[\"lab\"]}", "", "{\"suite\":\"s",
         "\",\"machines\":[\"lab\"]}", "", 16, SLW_OK},
        {"{\"suite\":\"system\",\"machines\":[\"lab\"]}", "", "{\"suite\":\"s",
         "\",\"machines\":[\"lab\"]}", "", 17, SLW_TOO_LARGE},
        {"{\"program\":\"/usr/lib/check\",\"arguments\":[\"-x\"],\"timeout_s\":60}", "",
         "{\"program\":\"/v", "\",\"timeout_s\":1}", "", 9, SLW_TOO_LARGE},
        {"{\"name\":\"marker\",\"text\":\"DEBUG BUILD\"}", "", "{\"name\":\"n\",\"text\":\"abcd",
         "\"}", "", 256, SLW_TOO_LARGE},
        {"{\"product\":\"lamp\",\"class\":\"test\"", "", "{\"product\":\"p",
         "\",\"class\":\"dev\",\"use\":\"root\",\"requesters\":[\"ci\"]}",
         ",{\"product\":\"lamp\",\"class\":\"test\"", 252, SLW_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer to = {0};
        struct slw_policy *policy = NULL;
        TAP_ROW(rows[i].from);
        slw_heap_append_text(&to, rows[i].begin);
        repeat(&to, rows[i].count, rows[i].before, rows[i].behind);
        slw_heap_append_text(&to, rows[i].end);
        TAP_EQUAL_INT(test_parse(rows[i].from, slw_heap_text(&to), &policy, &detail),
                      rows[i].status);
        slw_policy_free(policy);
        slw_heap_free(&to);
    }
}

static void refuses_a_text_that_is_too_long_unread(void)
{
    struct slw_policy *policy = NULL;
    uint8_t *text = calloc(1, SLW_POLICY_SIZE_MAX + 1);
    TAP_REQUIRE(text != NULL);
    TAP_EQUAL_INT(
        slw_policy_parse("policy", slw_bytes_make(text, SLW_POLICY_SIZE_MAX + 1), &policy, &detail),
        SLW_TOO_LARGE);
    free(text);
}

/* Cut anywhere it is no policy any more, and nothing reads behind its end. */
static void refuses_every_beginning_of_a_policy(void)
{
    struct slw_heap_buffer text = {0};
    test_expand(test_policy, &text);
    size_t whole = text.len - 1; /* the last byte is a newline */
    size_t taken = 0;
    for (size_t len = 0; len < whole; len += len < 200 ? 1 : 61) {
        struct slw_policy *policy = NULL;
        uint8_t *copy = malloc(len + 1);
        TAP_REQUIRE(copy != NULL);
        memcpy(copy, text.ptr, len);
        if (slw_policy_parse("policy", slw_bytes_make(copy, len), &policy, &detail) == SLW_OK) {
            taken++;
            slw_policy_free(policy);
        }
        free(copy);
    }
    TAP_EQUAL_INT(taken, 0);
    slw_heap_free(&text);
}

static void gives_all_keys_of_people_and_machines(void)
{
    struct slw_policy *policy = NULL;
    const struct slw_statement_key **keys = NULL;
    size_t count = 0;
    TAP_EQUAL_INT(test_parse(NULL, NULL, &policy, &detail), SLW_OK);
    TAP_REQUIRE(policy != NULL);
    TAP_EQUAL_INT(slw_policy_statement_keys(policy, &keys, &count), SLW_OK);
    TAP_EQUAL_INT(count, 9);
    for (size_t i = 0; i < count; i++) {
        TAP_CHECK(slw_policy_holder_of(policy, keys[i]->id).key == keys[i]);
    }
    free(keys);
    slw_policy_free(policy);
}

int main(void)
{
    TAP_RUN(reads_who_is_who);
    TAP_RUN(reads_a_rule_with_everything);
    TAP_RUN(finds_a_rule_by_exact_bytes_alone);
    TAP_RUN(refuses_other_forms_at_the_top);
    TAP_RUN(refuses_parties_that_can_not_be);
    TAP_RUN(refuses_demands_that_can_not_be);
    TAP_RUN(refuses_hours_and_content_that_can_not_be);
    TAP_RUN(refuses_rules_that_ask_for_too_little);
    TAP_RUN(refuses_rules_that_can_not_be_told_apart);
    TAP_RUN(takes_what_differs_in_form_alone);
    TAP_RUN(waits_a_day_where_the_policy_does_not_say);
    TAP_RUN(refuses_more_than_the_named_maxima);
    TAP_RUN(refuses_a_text_that_is_too_long_unread);
    TAP_RUN(refuses_every_beginning_of_a_policy);
    TAP_RUN(gives_all_keys_of_people_and_machines);
    return tap_finish();
}
