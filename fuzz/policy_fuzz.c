/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing policies: any text as a policy, and any facts for it. Up to the first zero byte the input
 * is the policy, behind it are the facts. Nothing is allowed for nothing, nor without the approvals
 * that a rule wants; less to show never gets more; and a policy changes nothing for itself.
 */
#include "fuzz.h"

#include "slipway/policy_compare.h"
#include "slipway/policy_decide.h"

#define STATEMENTS 3u

/* Bytes of the input, one after the other; zeros at its end. */
struct chooser {
    const uint8_t *ptr;
    size_t len;
};

static unsigned choose(struct chooser *chooser, unsigned below)
{
    if (chooser->len == 0 || below == 0) {
        return 0;
    }
    chooser->len--;
    return *chooser->ptr++ % below;
}

struct request {
    struct slw_policy_facts facts;
    struct slw_provenance provenances[STATEMENTS];
    struct slw_test_result says[STATEMENTS];
    struct slw_approval words[STATEMENTS];
    struct slw_policy_endorsement endorsements[STATEMENTS];
    struct slw_policy_result results[STATEMENTS];
    struct slw_policy_approval approvals[STATEMENTS];
};

/* The id of somebody's key, or of nobody's. */
static void choose_id(struct chooser *chooser, const struct slw_policy *policy, uint8_t *ret_id)
{
    const struct slw_policy_parties *parties =
        choose(chooser, 2) == 0 ? &policy->people : &policy->machines;
    size_t at = choose(chooser, (unsigned)parties->count + 1);
    memset(ret_id, 0, SLW_SHA256_SIZE);
    if (at < parties->count && parties->items[at].keys_count > 0) {
        size_t key = choose(chooser, (unsigned)parties->items[at].keys_count);
        memcpy(ret_id, parties->items[at].keys[key].id, SLW_SHA256_SIZE);
    }
}

static struct slw_bytes choose_from(struct chooser *chooser, const struct slw_policy_list *list)
{
    size_t at = choose(chooser, (unsigned)list->count + 1);
    return at < list->count ? list->items[at] : slw_bytes_make(NULL, 0);
}

static void choose_statements(struct chooser *chooser, const struct slw_policy *policy,
                              const struct slw_policy_rule *rule, struct request *r)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        if (rule->builders_count > 0) {
            const struct slw_policy_builder *builder =
                &rule->builders[choose(chooser, (unsigned)rule->builders_count)];
            r->provenances[i] = (struct slw_provenance){.builder_id = builder->id,
                                                        .build_type = builder->build_type,
                                                        .source = builder->source};
            for (size_t k = 0; k < builder->parameters_count; k++) {
                r->provenances[i].parameters[k] = (struct slw_provenance_parameter){
                    builder->parameters[k].name, choose(chooser, 8) != 1,
                    builder->parameters[k].value};
            }
            r->provenances[i].parameters_count = builder->parameters_count;
        }
        if (rule->tests_count > 0) {
            r->says[i].suite = rule->tests[choose(chooser, (unsigned)rule->tests_count)].suite;
        }
        r->says[i].outcome = (enum slw_test_outcome)choose(chooser, 4);
        r->words[i] = (struct slw_approval){.approve = choose(chooser, 4) != 1,
                                            .channel = r->facts.channel,
                                            .key_class = rule->key_class,
                                            .policy_version = policy->version,
                                            .expires_utc_s = (int64_t)choose(chooser, 256) << 24};
        r->words[i].request[0] = choose(chooser, 4) == 1;
        choose_id(chooser, policy, r->endorsements[i].signer_id);
        choose_id(chooser, policy, r->results[i].signer_id);
        choose_id(chooser, policy, r->approvals[i].signer_id);
        r->endorsements[i].says = &r->provenances[i];
        r->results[i].says = &r->says[i];
        r->approvals[i].says = &r->words[i];
    }
}

static void choose_request(struct chooser *chooser, const struct slw_policy *policy,
                           struct request *r)
{
    const struct slw_policy_signing_key *key =
        &policy->keys[choose(chooser, (unsigned)policy->keys_count)];
    const struct slw_policy_rule *rule =
        &policy->rules[choose(chooser, (unsigned)policy->rules_count)];
    r->facts = (struct slw_policy_facts){
        .operation = key->use,
        .key = key->name,
        .channel = choose_from(chooser, &rule->channels),
        .role = choose_from(chooser, &rule->roles),
        .product = key->product,
        .root_class = (enum slw_key_class)choose(chooser, 4),
        .build_type = (enum slw_build_type)choose(chooser, 5),
        .key_in_token = choose(chooser, 4) != 1,
        .now_utc_s = (int64_t)choose(chooser, 256) << 23,
        .expires_utc_s = INT64_MAX,
        .judged = (enum slw_policy_judged)choose(chooser, 3),
        .adds_targets = choose(chooser, 2) == 1,
        .release_signed = choose(chooser, 2) == 1,
        .endorsements = r->endorsements,
        .results = r->results,
        .approvals = r->approvals,
    };
    choose_id(chooser, policy, r->facts.requester_id);
    choose_statements(chooser, policy, rule, r);
    for (size_t i = 0; i < STATEMENTS; i++) {
        memcpy(r->words[i].key_id, key->key.id, SLW_SHA256_SIZE);
    }
    r->facts.endorsements_count = choose(chooser, STATEMENTS + 1);
    r->facts.results_count = choose(chooser, STATEMENTS + 1);
    r->facts.approvals_count = choose(chooser, STATEMENTS + 1);
}

static enum slw_policy_outcome decide(const struct slw_policy *policy,
                                      const struct slw_policy_facts *facts)
{
    struct slw_policy_decision decision = {0};
    struct slw_detail detail = {""};
    FUZZ_CHECK(slw_policy_decide(policy, facts, &decision, &detail) == SLW_OK);
    enum slw_policy_outcome outcome = decision.outcome;
    FUZZ_CHECK(decision.count > 0);
    if (outcome == SLW_POLICY_ALLOWED) {
        FUZZ_CHECK(decision.rule != NULL && decision.reason == SLW_OK);
        FUZZ_CHECK(decision.approvals_good >= decision.rule->approvals_count);
        FUZZ_CHECK(facts->approvals_count >= decision.rule->approvals_count);
        FUZZ_CHECK(decision.rule->key_class != SLW_KEY_CLASS_PROD || facts->key_in_token);
    } else {
        FUZZ_CHECK(detail.text[0] != '\0');
    }
    slw_policy_decision_free(&decision);
    return outcome;
}

static void check_request(struct chooser *chooser, const struct slw_policy *policy)
{
    static const struct slw_policy_facts nothing = {0};
    struct request request = {0};
    FUZZ_CHECK(decide(policy, &nothing) == SLW_POLICY_REFUSED);
    if (policy->keys_count == 0 || policy->rules_count == 0) {
        return;
    }
    choose_request(chooser, policy, &request);
    enum slw_policy_outcome outcome = decide(policy, &request.facts);
    struct slw_policy_facts less = request.facts;
    less.endorsements_count = 0;
    FUZZ_CHECK(decide(policy, &less) <= outcome);
    less = request.facts;
    less.results_count = 0;
    FUZZ_CHECK(decide(policy, &less) <= outcome);
}

static void check_itself(const struct slw_policy *policy)
{
    struct slw_policy_changes changes = {0};
    struct slw_policy *again = NULL;
    struct slw_detail detail;
    FUZZ_CHECK(slw_policy_parse("policy", policy->text, &again, &detail) == SLW_OK);
    FUZZ_CHECK(slw_policy_compare(policy, again, &changes) == SLW_OK);
    FUZZ_CHECK(!changes.loosened && changes.count == 0);
    slw_policy_changes_free(&changes);
    slw_policy_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 0, size);
    size_t len = end == NULL ? size : (size_t)(end - data);
    struct chooser chooser = {data + len, size - len};
    struct slw_policy *policy = NULL;
    struct slw_detail detail = {""};
    (void)choose(&chooser, 1); /* the zero byte */
    if (slw_policy_parse("policy", slw_bytes_make(data, len), &policy, &detail) != SLW_OK) {
        FUZZ_CHECK(policy == NULL && detail.text[0] != '\0');
        return 0;
    }
    check_itself(policy);
    check_request(&chooser, policy);
    slw_policy_free(policy);
    return 0;
}
