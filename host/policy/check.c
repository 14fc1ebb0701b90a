/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold between the parts of a policy: names that can't be mistaken for each other, each
 * key in one hand, and rules of which exactly one is meant.
 */
#include "read.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define PLACE_SIZE 160u

/* A key and whose it is. */
struct hand {
    uint8_t material[SLW_SHA256_SIZE];
    const char *what; /* "person", … */
    struct slw_bytes name;
};

struct hands {
    struct hand *items;
    size_t count;
};

static const char administrator[] = "administrator";
static const char person[] = "person";

static enum slw_status add_hand(const struct slw_policy_reader *reader, struct hands *hands,
                                const char *what, struct slw_bytes name,
                                const struct slw_statement_key *key)
{
    struct hand *items = slw_heap_grow(hands->items, hands->count, sizeof *items);
    if (items == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    hands->items = items;
    struct hand *hand = &hands->items[hands->count++];
    memcpy(hand->material, key->material, sizeof hand->material);
    hand->what = what;
    hand->name = name;
    return SLW_OK;
}

static enum slw_status add_parties(const struct slw_policy_reader *reader, struct hands *hands,
                                   const char *what, const struct slw_policy_parties *parties)
{
    for (size_t i = 0; i < parties->count; i++) {
        const struct slw_policy_party *party = &parties->items[i];
        for (size_t k = 0; k < party->keys_count; k++) {
            SLW_TRY(add_hand(reader, hands, what, party->name, &party->keys[k]));
        }
    }
    return SLW_OK;
}

static enum slw_status add_witnesses(const struct slw_policy_reader *reader, struct hands *hands)
{
    const struct slw_policy *policy = reader->policy;
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        const struct slw_note_key *note = &policy->witnesses[i].key;
        struct slw_public_key public_key = {.type = SLW_KEY_TYPE_ED25519,
                                            .value_len = SLW_ED25519_KEY_SIZE};
        struct slw_statement_key key;
        memcpy(public_key.value, note->value, SLW_ED25519_KEY_SIZE);
        slw_statement_key_of_public(&public_key, &key);
        SLW_TRY(add_hand(reader, hands, "witness", slw_bytes_make(note->name, strlen(note->name)),
                         &key));
    }
    return SLW_OK;
}

static enum slw_status collect_hands(const struct slw_policy_reader *reader, struct hands *hands)
{
    const struct slw_policy *policy = reader->policy;
    SLW_TRY(add_parties(reader, hands, administrator, &policy->administrators));
    SLW_TRY(add_parties(reader, hands, person, &policy->people));
    SLW_TRY(add_parties(reader, hands, "machine", &policy->machines));
    for (size_t i = 0; i < policy->keys_count; i++) {
        SLW_TRY(add_hand(reader, hands, "signing key", policy->keys[i].name, &policy->keys[i].key));
    }
    return add_witnesses(reader, hands);
}

static int by_material(const void *left, const void *right)
{
    const struct hand *one = left;
    const struct hand *other = right;
    return memcmp(one->material, other->material, sizeof one->material);
}

/* An administrator may act as the person of the same name with the same key, for statements of
 * both are told apart by their kind; nobody else may share one. */
static bool may_share(const struct hand *one, const struct hand *other)
{
    bool pair = (one->what == administrator && other->what == person) ||
                (one->what == person && other->what == administrator);
    return pair && slw_bytes_equal(one->name, other->name);
}

static enum slw_status check_hands(const struct slw_policy_reader *reader,
                                   const struct hands *hands)
{
    for (size_t i = 0; i < hands->count; i++) {
        for (size_t k = i + 1;
             k < hands->count && by_material(&hands->items[i], &hands->items[k]) == 0; k++) {
            const struct hand *one = &hands->items[i];
            const struct hand *other = &hands->items[k];
            if (!may_share(one, other)) {
                return slw_explain(reader->detail, SLW_SHARED_KEY,
                                   "%s: %s %.*s and %s %.*s have the same key",
                                   reader->policy->json.name, one->what, (int)one->name.len,
                                   (const char *)one->name.ptr, other->what, (int)other->name.len,
                                   (const char *)other->name.ptr);
            }
        }
    }
    return SLW_OK;
}

/* "One key belongs to one person or machine": by the key itself, however it is written. */
static enum slw_status check_keys(const struct slw_policy_reader *reader)
{
    struct hands hands = {0};
    enum slw_status status = collect_hands(reader, &hands);
    if (status == SLW_OK && hands.count > 0) {
        qsort(hands.items, hands.count, sizeof *hands.items, by_material);
        status = check_hands(reader, &hands);
    }
    free(hands.items);
    return status;
}

static bool differ_by_case_at_most(struct slw_bytes left, struct slw_bytes right)
{
    return left.len == right.len &&
           strncasecmp((const char *)left.ptr, (const char *)right.ptr, left.len) == 0;
}

static enum slw_status refuse_names(const struct slw_policy_reader *reader, struct slw_bytes one,
                                    struct slw_bytes other)
{
    return slw_explain(reader->detail, SLW_MALFORMED,
                       "%s: the names %.*s and %.*s can be mistaken for each other",
                       reader->policy->json.name, (int)one.len, (const char *)one.ptr,
                       (int)other.len, (const char *)other.ptr);
}

static struct slw_bytes party_name(const struct slw_policy *policy, size_t index)
{
    return index < policy->people.count ? policy->people.items[index].name
                                        : policy->machines.items[index - policy->people.count].name;
}

/* People and machines have names from one space: a requester is named by it alone. */
static enum slw_status check_names(const struct slw_policy_reader *reader)
{
    const struct slw_policy *policy = reader->policy;
    size_t count = policy->people.count + policy->machines.count;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            if (differ_by_case_at_most(party_name(policy, i), party_name(policy, k))) {
                return refuse_names(reader, party_name(policy, i), party_name(policy, k));
            }
        }
    }
    for (size_t i = 0; i < policy->keys_count; i++) {
        for (size_t k = i + 1; k < policy->keys_count; k++) {
            if (differ_by_case_at_most(policy->keys[i].name, policy->keys[k].name)) {
                return refuse_names(reader, policy->keys[i].name, policy->keys[k].name);
            }
        }
    }
    return SLW_OK;
}

enum slw_status slw_policy_check_parties(const struct slw_policy_reader *reader)
{
    SLW_TRY(check_names(reader));
    return check_keys(reader);
}

static enum slw_status refuse_rule(const struct slw_policy_reader *reader,
                                   const struct slw_policy_rule *rule, const char *what)
{
    return slw_policy_refuse(reader, rule->value, SLW_MALFORMED, what);
}

/* Roots and roles have no build: what is asked about one could never be shown. */
static enum slw_status check_use(const struct slw_policy_reader *reader,
                                 const struct slw_policy_rule *rule)
{
    bool about_builds = rule->builders_count > 0 || rule->tests_count > 0 ||
                        rule->build_types != 0 || rule->content.given || rule->validators_count > 0;
    if (rule->use != SLW_POLICY_USE_TARGETS && about_builds) {
        return refuse_rule(reader, rule,
                           "asks about builds, which only a rule for targets can: builders, "
                           "build_types, tests, content and validators");
    }
    if (rule->use == SLW_POLICY_USE_ROLE && rule->roles.count == 0) {
        return refuse_rule(reader, rule, "is for roles and must name them in \"roles\"");
    }
    if (rule->use != SLW_POLICY_USE_ROLE && rule->roles.count > 0) {
        return refuse_rule(reader, rule, "names roles, but isn't for them");
    }
    return SLW_OK;
}

/* What is online in every repository, and lists nothing by itself. */
static bool is_online(struct slw_bytes role)
{
    return slw_bytes_equal(role, SLW_BYTES_OF("timestamp")) ||
           slw_bytes_equal(role, SLW_BYTES_OF("snapshot"));
}

static bool is_for_online_roles(const struct slw_policy_rule *rule)
{
    for (size_t i = 0; i < rule->roles.count; i++) {
        if (!is_online(rule->roles.items[i])) {
            return false;
        }
    }
    return rule->use == SLW_POLICY_USE_ROLE;
}

/* "A production rule must have builders, tests, approvals with a count of at least 1, and
 * build_types ["user"]." */
static enum slw_status check_production(const struct slw_policy_reader *reader,
                                        const struct slw_policy_rule *rule)
{
    if (rule->key_class != SLW_KEY_CLASS_PROD) {
        return SLW_OK;
    }
    if (rule->approvals_count == 0 && !is_for_online_roles(rule)) {
        return refuse_rule(reader, rule, "is a production rule without approvals");
    }
    if (rule->use != SLW_POLICY_USE_TARGETS) {
        return SLW_OK;
    }
    if (rule->builders_count == 0) {
        return refuse_rule(reader, rule, "is a production rule without builders");
    }
    if (rule->tests_count == 0) {
        return refuse_rule(reader, rule, "is a production rule without tests");
    }
    if (rule->build_types != 1u << SLW_BUILD_TYPE_USER) {
        return refuse_rule(reader, rule, "is a production rule without build_types [\"user\"]");
    }
    return SLW_OK;
}

/* Two lists that a request could both match; empty ones match requests that name nothing. */
static bool lists_meet(const struct slw_policy_list *left, const struct slw_policy_list *right)
{
    if (left->count == 0 || right->count == 0) {
        return left->count == right->count;
    }
    for (size_t i = 0; i < left->count; i++) {
        if (slw_policy_list_has(right, left->items[i])) {
            return true;
        }
    }
    return false;
}

static bool rules_meet(const struct slw_policy_rule *left, const struct slw_policy_rule *right)
{
    return left->use == right->use && left->key_class == right->key_class &&
           slw_bytes_equal(left->product, right->product) &&
           lists_meet(&left->channels, &right->channels) && lists_meet(&left->roles, &right->roles);
}

enum slw_status slw_policy_check_rules(const struct slw_policy_reader *reader)
{
    const struct slw_policy *policy = reader->policy;
    for (size_t i = 0; i < policy->rules_count; i++) {
        const struct slw_policy_rule *rule = &policy->rules[i];
        SLW_TRY(check_use(reader, rule));
        SLW_TRY(check_production(reader, rule));
        for (size_t k = 0; k < i; k++) {
            if (rules_meet(&policy->rules[k], rule)) {
                char what[PLACE_SIZE];
                snprintf(what, sizeof what,
                         "is about the same as rules[%zu]: a request must have one rule", k);
                return refuse_rule(reader, rule, what);
            }
        }
    }
    return SLW_OK;
}
