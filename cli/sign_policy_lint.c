/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy may say, but seldom means: told by `slipway sign policy check`, refused by nobody.
 */
#include "sign_policy.h"

#include <stdio.h>
#include <string.h>

#define LINE_SIZE 400u
#define SHORT_DELAY_S 3600u
#define SHOW(view) (int)(view).len, (const char *)(view).ptr

struct lint {
    const struct slw_policy *policy;
    void (*say)(void *context, const char *warning);
    void *context;
};

static bool has_production_rule(const struct slw_policy *policy)
{
    for (size_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].key_class == SLW_KEY_CLASS_PROD) {
            return true;
        }
    }
    return false;
}

static void lint_service(const struct lint *lint)
{
    const struct slw_policy *policy = lint->policy;
    if (policy->administrators.count == policy->administrators_threshold &&
        policy->administrators.count > 1) {
        lint->say(lint->context, "every administrator must sign each policy: when one key is lost, "
                                 "the policy can't be changed any more");
    }
    if (!has_production_rule(policy)) {
        return;
    }
    if (policy->administrators_threshold == 1) {
        lint->say(lint->context, "one administrator alone decides about production keys");
    }
    if (policy->witnesses_quorum == 0) {
        lint->say(lint->context, "no witness is asked: who holds the service's disk can hide "
                                 "production signatures");
    }
    if (policy->loosening_delay_s < SHORT_DELAY_S) {
        lint->say(lint->context,
                  "loosening takes effect within an hour, before somebody may see it");
    }
}

static void lint_parties(const struct lint *lint, const char *what,
                         const struct slw_policy_parties *parties)
{
    char line[LINE_SIZE];
    for (size_t i = 0; i < parties->count; i++) {
        if (parties->items[i].keys_count == 0) {
            snprintf(line, sizeof line, "%s %.*s has no key", what, SHOW(parties->items[i].name));
            lint->say(lint->context, line);
        }
    }
}

static bool is_about(const struct slw_policy_rule *rule, const struct slw_policy_signing_key *key)
{
    return rule->use == key->use && rule->key_class == key->key_class &&
           slw_bytes_equal(rule->product, key->product);
}

static void lint_keys(const struct lint *lint)
{
    char line[LINE_SIZE];
    for (size_t i = 0; i < lint->policy->keys_count; i++) {
        const struct slw_policy_signing_key *key = &lint->policy->keys[i];
        bool used = false;
        for (size_t k = 0; k < lint->policy->rules_count; k++) {
            used = used || is_about(&lint->policy->rules[k], key);
        }
        if (!used) {
            snprintf(line, sizeof line, "key %.*s has no rule: it signs nothing", SHOW(key->name));
            lint->say(lint->context, line);
        }
    }
}

/* How many of a rule's approvers have a key, the person except (SIZE_MAX: nobody) apart. */
static size_t count_approvers(const struct lint *lint, const struct slw_policy_rule *rule,
                              size_t except)
{
    size_t count = 0;
    for (size_t i = 0; i < rule->approvers_count; i++) {
        size_t person = rule->approvers[i];
        count += person != except && lint->policy->people.items[person].keys_count > 0 ? 1 : 0;
    }
    return count;
}

static bool may_ask(const struct slw_policy_party *party)
{
    for (size_t i = 0; i < party->keys_count; i++) {
        if (party->keys[i].kind == SLW_STATEMENT_KEY_PUBLIC) {
            return true;
        }
    }
    return false;
}

static void lint_requesters(const struct lint *lint, const struct slw_policy_rule *rule,
                            const char *place)
{
    char line[LINE_SIZE];
    for (size_t i = 0; i < rule->requesters.count; i++) {
        struct slw_bytes name = rule->requesters.items[i];
        struct slw_policy_holder holder = slw_policy_holder_named(lint->policy, name);
        if (holder.kind == SLW_POLICY_NOBODY) {
            continue;
        }
        if (!may_ask(holder.party)) {
            snprintf(line, sizeof line,
                     "%s: %.*s can't ask: that needs a key in PEM, OpenSSH keys only approve",
                     place, SHOW(name));
            lint->say(lint->context, line);
        }
        if (holder.kind == SLW_POLICY_PERSON && rule->approvals_count > 0 &&
            count_approvers(lint, rule, holder.index) == 0) {
            snprintf(line, sizeof line,
                     "%s: what %.*s asks for can't be signed: nobody else may approve it", place,
                     SHOW(name));
            lint->say(lint->context, line);
        }
    }
}

/* A machine that builds and tests vouches for itself. */
static void lint_testers(const struct lint *lint, const struct slw_policy_rule *rule,
                         const char *place)
{
    char line[LINE_SIZE];
    for (size_t i = 0; i < rule->tests_count; i++) {
        for (size_t k = 0; k < rule->tests[i].machines_count; k++) {
            for (size_t b = 0; b < rule->builders_count; b++) {
                size_t machine = rule->tests[i].machines[k];
                if (machine == rule->builders[b].machine) {
                    snprintf(line, sizeof line,
                             "%s: %.*s builds, and says how its builds did in %.*s", place,
                             SHOW(lint->policy->machines.items[machine].name),
                             SHOW(rule->tests[i].suite));
                    lint->say(lint->context, line);
                }
            }
        }
    }
}

static void lint_rule(const struct lint *lint, const struct slw_policy_rule *rule)
{
    char place[SLW_POLICY_PLACE_SIZE];
    char line[LINE_SIZE];
    bool has_key = false;
    (void)slw_policy_rule_place(lint->policy, rule, place);
    for (size_t i = 0; i < lint->policy->keys_count; i++) {
        has_key = has_key || is_about(rule, &lint->policy->keys[i]);
    }
    if (!has_key) {
        snprintf(line, sizeof line, "%s: there is no key that it is about", place);
        lint->say(lint->context, line);
    }
    if (count_approvers(lint, rule, SIZE_MAX) < rule->approvals_count) {
        snprintf(line, sizeof line, "%s: %u must approve, and only %zu of them have keys", place,
                 rule->approvals_count, count_approvers(lint, rule, SIZE_MAX));
        lint->say(lint->context, line);
    }
    lint_requesters(lint, rule, place);
    lint_testers(lint, rule, place);
    if (rule->key_class == SLW_KEY_CLASS_PROD && rule->use == SLW_POLICY_USE_TARGETS &&
        !rule->content.given) {
        snprintf(line, sizeof line, "%s: a production rule without rules on content", place);
        lint->say(lint->context, line);
    }
}

void cli_policy_lint(const struct slw_policy *policy,
                     void (*say)(void *context, const char *warning), void *context)
{
    struct lint lint = {policy, say, context};
    lint_service(&lint);
    lint_parties(&lint, "person", &policy->people);
    lint_parties(&lint, "machine", &policy->machines);
    lint_keys(&lint);
    for (size_t i = 0; i < policy->rules_count; i++) {
        lint_rule(&lint, &policy->rules[i]);
    }
}
