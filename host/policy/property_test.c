/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for all policies and requests of a small world, tried on many made by chance: less to
 * show never gets more, and what a policy that loosens nothing allows, the former one allowed.
 *
 * The world: persons ada, ben and eve, machines ci and lab, one product, two channels. A failing
 * check prints the number of its round; rounds are independent of each other.
 */
#include "test_policy.h"

#include "tap.h"

#include <inttypes.h>

#define POLICIES 300u
#define REQUESTS 80u /* for each */
#define STATEMENTS 3u

static struct slw_detail detail;
static char round_name[24];

/* Xorshift: the same everywhere. */
static uint64_t chance_state;

static unsigned chance(unsigned below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (unsigned)(chance_state >> 33) % below;
}

static void begin_round(unsigned round)
{
    chance_state = UINT64_C(0x9E3779B97F4A7C15) ^ ((uint64_t)(round + 1) << 20);
    for (unsigned i = 0; i < 8; i++) {
        (void)chance(2);
    }
    snprintf(round_name, sizeof round_name, "round %u", round);
    TAP_ROW(round_name);
}

/* --- Policies by chance --- */

/* The parts of which a policy is made, each a choice; a next policy has some of them changed. */
struct choice {
    unsigned ben_keys; /* 0 none, 1 his, 2 his and another */
    unsigned ci_keys;
    unsigned channels;    /* 0: no list; 1 stable, 2 beta, 3 both */
    unsigned requesters;  /* bits: ada, ben, ci */
    unsigned builder;     /* 0: none; 1 or 2: one of two; 3: both */
    unsigned build_types; /* 0: any; bits dev, test, user */
    unsigned testers;     /* 0: no test; bits: ci, lab */
    unsigned count;       /* approvals */
    unsigned approvers;   /* bits: ada, ben, eve */
    unsigned hours;       /* 0: none, 1 to 4 */
    unsigned rate;        /* 0: none, 1 to 3 */
};

static unsigned count_bits(unsigned bits)
{
    return (bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1);
}

static void settle(struct choice *choice)
{
    if (choice->count > count_bits(choice->approvers)) {
        choice->count = count_bits(choice->approvers);
    }
    if (choice->requesters == 0) {
        choice->requesters = 1;
    }
}

/* Often nothing, so that not everything is refused. */
static unsigned maybe(unsigned below)
{
    return chance(2) == 0 ? 0 : chance(below);
}

static void choose(struct choice *choice)
{
    *choice = (struct choice){.ben_keys = chance(3),
                              .ci_keys = chance(4),
                              .channels = maybe(4),
                              .requesters = 1 + chance(7),
                              .builder = maybe(4),
                              .build_types = maybe(8),
                              .testers = maybe(4),
                              .count = chance(4),
                              .approvers = chance(8),
                              .hours = maybe(5),
                              .rate = maybe(4)};
    settle(choice);
}

/* One or two parts become something else. */
static void change(struct choice *choice)
{
    struct choice other;
    choose(&other);
    for (unsigned i = 0; i < 1 + chance(2); i++) {
        size_t at = chance(sizeof *choice / sizeof(unsigned)) * sizeof(unsigned);
        memcpy((uint8_t *)choice + at, (const uint8_t *)&other + at, sizeof(unsigned));
    }
    settle(choice);
}

static void append_names(struct slw_heap_buffer *text, unsigned bits, const char *const names[3])
{
    const char *comma = "";
    for (unsigned i = 0; i < 3; i++) {
        if ((bits >> i & 1) != 0) {
            slw_heap_printf(text, "%s\"%s\"", comma, names[i]);
            comma = ",";
        }
    }
}

static void append_builders(struct slw_heap_buffer *text, unsigned builders)
{
    const char *comma = "";
    if (builders == 0) {
        return;
    }
    slw_heap_append_text(text, ",\"builders\":[");
    for (unsigned i = 0; i < 2; i++) {
        if ((builders >> i & 1) != 0) {
            slw_heap_printf(text,
                            "%s{\"machine\":\"ci\",\"id\":\"id\",\"build_type\":\"type\","
                            "\"source\":\"source%u\"}",
                            comma, i);
            comma = ",";
        }
    }
    slw_heap_append_text(text, "]");
}

static void append_rule(struct slw_heap_buffer *text, const struct choice *choice)
{
    static const char *const channels[] = {"stable", "beta", ""};
    static const char *const requesters[] = {"ada", "ben", "ci"};
    static const char *const types[] = {"dev", "test", "user"};
    static const char *const testers[] = {"ci", "lab", ""};
    static const char *const people[] = {"ada", "ben", "eve"};
    static const char *const hours[] = {"", "\"mon\"],\"from\":\"08:00\",\"to\":\"17:00\"",
                                        "\"mon\",\"tue\"],\"from\":\"08:00\",\"to\":\"16:00\"",
                                        "\"mon\"],\"from\":\"20:00\",\"to\":\"06:00\"",
                                        "\"mon\",\"tue\"],\"from\":\"22:00\",\"to\":\"05:00\""};
    static const unsigned rates[][2] = {{0, 0}, {1, 100}, {2, 100}, {2, 200}};
    slw_heap_append_text(text, "{\"product\":\"lamp\",\"class\":\"test\",\"use\":\"targets\"");
    slw_heap_append_text(text, ",\"requesters\":[");
    append_names(text, choice->requesters, requesters);
    slw_heap_append_text(text, choice->channels != 0 ? "],\"channels\":[" : "");
    append_names(text, choice->channels, channels);
    slw_heap_append_text(text, "]");
    append_builders(text, choice->builder);
    if (choice->build_types != 0) {
        slw_heap_append_text(text, ",\"build_types\":[");
        append_names(text, choice->build_types, types);
        slw_heap_append_text(text, "]");
    }
    if (choice->testers != 0) {
        slw_heap_append_text(text, ",\"tests\":[{\"suite\":\"suite\",\"machines\":[");
        append_names(text, choice->testers, testers);
        slw_heap_append_text(text, "]}]");
    }
    if (choice->count != 0) {
        slw_heap_printf(text, ",\"approvals\":{\"count\":%u,\"people\":[", choice->count);
        append_names(text, choice->approvers, people);
        slw_heap_append_text(text, "]}");
    }
    if (choice->hours != 0) {
        slw_heap_printf(text, ",\"hours\":{\"days\":[%s}", hours[choice->hours]);
    }
    if (choice->rate != 0) {
        slw_heap_printf(text, ",\"rate\":{\"count\":%u,\"per_s\":%u}", rates[choice->rate][0],
                        rates[choice->rate][1]);
    }
    slw_heap_append_text(text, "}");
}

static struct slw_policy *make_policy(const struct choice *choice, unsigned version)
{
    static const char *const ben[] = {"", "\"@ben@\"", "\"@ben@\",\"@ben2@\""};
    struct slw_heap_buffer template = {0};
    struct slw_heap_buffer text = {0};
    struct slw_policy *policy = NULL;
    slw_heap_printf(
        &template,
        "{\"version\":%u,\"issued\":\"2026-09-01T00:00:00Z\",\"administrators\":{"
        "\"threshold\":1,\"keys\":{\"anna\":\"@anna@\"}},\"people\":{\"ada\":{\"keys\":"
        "[\"@ada@\"]},\"ben\":{\"keys\":[%s]},\"eve\":{\"keys\":[\"@ssh:eve@\"]}},"
        "\"machines\":{\"ci\":{\"keys\":[%s]},\"lab\":{\"keys\":[\"@lab@\"]}},\"keys\":{"
        "\"key\":{\"key\":\"@key@\",\"class\":\"test\",\"use\":\"targets\",\"product\":"
        "\"lamp\"}},\"rules\":[",
        version, ben[choice->ben_keys], choice->ci_keys == 0 ? "" : "\"@ci@\"");
    append_rule(&template, choice);
    slw_heap_append_text(&template, "]}");
    test_expand(slw_heap_text(&template), &text);
    if (slw_policy_parse("policy", slw_heap_bytes(&text), &policy, &detail) != SLW_OK) {
        printf("# %s\n", detail.text);
    }
    slw_heap_free(&template);
    slw_heap_free(&text);
    return policy;
}

/* --- Requests by chance --- */

static uint8_t ids[8][SLW_SHA256_SIZE]; /* ada, ben, ben2, eve (OpenSSH), ci, lab, key, nobody */

struct request {
    struct slw_policy_facts facts;
    struct slw_provenance provenances[STATEMENTS];
    struct slw_test_result says[STATEMENTS];
    struct slw_approval words[STATEMENTS];
    struct slw_policy_endorsement endorsements[STATEMENTS];
    struct slw_policy_result results[STATEMENTS];
    struct slw_policy_approval approvals[STATEMENTS];
    int64_t signed_utc_s[3];
};

static void take_id(uint8_t *to, unsigned index)
{
    memcpy(to, ids[index], SLW_SHA256_SIZE);
}

static void make_statements(struct request *r)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        struct slw_bytes sources[] = {SLW_BYTES_OF("source0"), SLW_BYTES_OF("source1")};
        r->provenances[i] = (struct slw_provenance){.builder_id = SLW_BYTES_OF("id"),
                                                    .build_type = SLW_BYTES_OF("type"),
                                                    .source = sources[chance(2)]};
        r->provenances[i].content[0] = chance(4) == 0;
        r->says[i] =
            (struct slw_test_result){.suite = SLW_BYTES_OF("suite"),
                                     .outcome = chance(3) == 0 ? SLW_TEST_FAILED : SLW_TEST_PASSED};
        r->words[i] = (struct slw_approval){.approve = chance(8) != 0,
                                            .key_class = SLW_KEY_CLASS_TEST,
                                            .channel = r->facts.channel,
                                            .expires_utc_s = INT64_MAX};
        take_id(r->words[i].key_id, 6);
        r->words[i].request[0] = chance(10) == 0;
        take_id(r->endorsements[i].signer_id, 4 + chance(2));
        take_id(r->results[i].signer_id, 4 + chance(2));
        take_id(r->approvals[i].signer_id, chance(5));
        r->endorsements[i].says = &r->provenances[i];
        r->results[i].says = &r->says[i];
        r->approvals[i].says = &r->words[i];
    }
    r->facts.endorsements_count = chance(STATEMENTS + 1);
    r->facts.results_count = chance(STATEMENTS + 1);
    r->facts.approvals_count = chance(STATEMENTS + 1);
    r->facts.endorsements = r->endorsements;
    r->facts.results = r->results;
    r->facts.approvals = r->approvals;
}

static void make_request(struct request *r)
{
    const struct slw_bytes channels[] = {SLW_BYTES_OF(""), SLW_BYTES_OF("stable"),
                                         SLW_BYTES_OF("beta")};
    static const unsigned requesters[] = {0, 0, 0, 0, 1, 2, 4, 7};
    memset(r, 0, sizeof *r);
    r->facts.operation = SLW_POLICY_USE_TARGETS;
    r->facts.key = SLW_BYTES_OF("key");
    r->facts.product = SLW_BYTES_OF("lamp");
    r->facts.channel = channels[maybe(3)];
    take_id(r->facts.requester_id, requesters[chance(8)]);
    r->facts.build_type = (enum slw_build_type)chance(4);
    /* Any hour of three days from Monday on. */
    r->facts.now_utc_s = TEST_NOW - 14 * 3600 - 800 + 1800 * (int64_t)chance(144);
    r->facts.expires_utc_s = INT64_MAX;
    r->facts.judged = SLW_POLICY_JUDGED_GOOD;
    r->facts.signed_utc_s = r->signed_utc_s;
    r->facts.signed_count = chance(4);
    for (size_t i = 0; i < 3; i++) {
        r->signed_utc_s[i] = r->facts.now_utc_s - (int64_t)chance(400);
    }
    make_statements(r);
}

/* Approvals are of the policy that is asked, which is beside the point here. */
static enum slw_policy_outcome decide(const struct slw_policy *policy, struct request *r)
{
    struct slw_policy_decision decision = {0};
    for (size_t i = 0; i < STATEMENTS; i++) {
        r->words[i].policy_version = policy->version;
    }
    TAP_CHECK(slw_policy_decide(policy, &r->facts, &decision, &detail) == SLW_OK);
    enum slw_policy_outcome outcome = decision.outcome;
    slw_policy_decision_free(&decision);
    return outcome;
}

static void check_without_one(const struct slw_policy *policy, struct request *r,
                              enum slw_policy_outcome before)
{
    struct slw_policy_facts whole = r->facts;
    if (whole.endorsements_count > 0) {
        r->facts.endorsements_count--;
        TAP_CHECK(decide(policy, r) <= before);
        r->facts = whole;
    }
    if (whole.results_count > 0) {
        r->facts.results_count--;
        TAP_CHECK(decide(policy, r) <= before);
        r->facts = whole;
    }
    if (whole.approvals_count > 0 && r->words[whole.approvals_count - 1].approve) {
        r->facts.approvals_count--;
        TAP_CHECK(decide(policy, r) <= before);
        r->facts = whole;
    }
}

static void less_to_show_never_gets_more(void)
{
    unsigned allowed = 0;
    unsigned waiting = 0;
    for (unsigned round = 0; round < POLICIES; round++) {
        struct choice choice;
        begin_round(round);
        choose(&choice);
        struct slw_policy *policy = make_policy(&choice, 1);
        TAP_REQUIRE(policy != NULL);
        for (unsigned i = 0; i < REQUESTS; i++) {
            struct request request;
            make_request(&request);
            enum slw_policy_outcome outcome = decide(policy, &request);
            allowed += outcome == SLW_POLICY_ALLOWED ? 1 : 0;
            waiting += outcome == SLW_POLICY_WAITING ? 1 : 0;
            check_without_one(policy, &request, outcome);
        }
        slw_policy_free(policy);
    }
    TAP_ROW(NULL);
    printf("# %u of %u requests allowed, %u waiting\n", allowed, POLICIES * REQUESTS, waiting);
    TAP_CHECK(allowed > 100); /* else it says little */
    TAP_CHECK(waiting > 100);
}

static void what_loosens_nothing_allows_nothing_more(void)
{
    unsigned tighter = 0;
    unsigned refused_now = 0;
    unsigned allowed_now = 0;
    for (unsigned round = 0; round < POLICIES; round++) {
        struct choice choice;
        struct slw_policy_changes changes = {0};
        begin_round(round + POLICIES);
        choose(&choice);
        struct slw_policy *former = make_policy(&choice, 1);
        change(&choice);
        struct slw_policy *next = make_policy(&choice, 2);
        TAP_REQUIRE(former != NULL && next != NULL);
        TAP_EQUAL_INT(slw_policy_compare(former, next, &changes), SLW_OK);
        tighter += changes.loosened ? 0 : 1;
        for (unsigned i = 0; i < REQUESTS; i++) {
            struct request request;
            make_request(&request);
            enum slw_policy_outcome before = decide(former, &request);
            enum slw_policy_outcome after = decide(next, &request);
            refused_now += after < before ? 1 : 0;
            allowed_now += after > before ? 1 : 0;
            /* The removal of somebody takes his rejections with him, which section 4 accepts. */
            bool rejected = false;
            for (size_t k = 0; k < request.facts.approvals_count; k++) {
                rejected = rejected || !request.words[k].approve;
            }
            TAP_CHECK(changes.loosened || rejected || after <= before);
        }
        slw_policy_changes_free(&changes);
        slw_policy_free(former);
        slw_policy_free(next);
    }
    TAP_ROW(NULL);
    printf("# %u of %u policies tighter or the same; %u requests refused now, %u allowed\n",
           tighter, POLICIES, refused_now, allowed_now);
    TAP_CHECK(tighter > 50 && tighter < POLICIES - 50);
    TAP_CHECK(refused_now > 100 && allowed_now > 100);
}

int main(void)
{
    static const char *const names[] = {"ada", "ben", "ben2", "", "ci", "lab", "key", "nobody"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_key_id(names[i], ids[i]);
    }
    test_ssh_key_id("eve", ids[3]);
    TAP_RUN(less_to_show_never_gets_more);
    TAP_RUN(what_loosens_nothing_allows_nothing_more);
    return tap_finish();
}
