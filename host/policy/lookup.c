/* SPDX-License-Identifier: Apache-2.0 */
/* Who and what a policy knows, by exact names and ids: never by parts of them, case or order. */
#include "read.h"

#include <stdio.h>
#include <stdlib.h>

static bool holds(const struct slw_policy_party *party, const uint8_t *key_id,
                  const struct slw_statement_key **ret_key)
{
    for (size_t i = 0; i < party->keys_count; i++) {
        if (memcmp(party->keys[i].id, key_id, SLW_SHA256_SIZE) == 0) {
            *ret_key = &party->keys[i];
            return true;
        }
    }
    return false;
}

static bool find_holder(const struct slw_policy_parties *parties, enum slw_policy_party_kind kind,
                        const uint8_t *key_id, struct slw_policy_holder *ret_holder)
{
    for (size_t i = 0; i < parties->count; i++) {
        const struct slw_statement_key *key = NULL;
        if (holds(&parties->items[i], key_id, &key)) {
            *ret_holder = (struct slw_policy_holder){kind, i, &parties->items[i], key};
            return true;
        }
    }
    return false;
}

struct slw_policy_holder slw_policy_holder_of(const struct slw_policy *policy,
                                              const uint8_t key_id[static SLW_SHA256_SIZE])
{
    struct slw_policy_holder holder = {SLW_POLICY_NOBODY, 0, NULL, NULL};
    if (!find_holder(&policy->people, SLW_POLICY_PERSON, key_id, &holder)) {
        (void)find_holder(&policy->machines, SLW_POLICY_MACHINE, key_id, &holder);
    }
    return holder;
}

struct slw_policy_holder slw_policy_holder_named(const struct slw_policy *policy,
                                                 struct slw_bytes name)
{
    const struct slw_policy_parties *parties = &policy->people;
    enum slw_policy_party_kind kind = SLW_POLICY_PERSON;
    size_t index = slw_policy_party_named(parties, name);
    if (index == SIZE_MAX) {
        parties = &policy->machines;
        kind = SLW_POLICY_MACHINE;
        index = slw_policy_party_named(parties, name);
    }
    if (index == SIZE_MAX) {
        return (struct slw_policy_holder){SLW_POLICY_NOBODY, 0, NULL, NULL};
    }
    const struct slw_policy_party *party = &parties->items[index];
    return (struct slw_policy_holder){kind, index, party,
                                      party->keys_count > 0 ? &party->keys[0] : NULL};
}

const struct slw_policy_signing_key *slw_policy_signing_key(const struct slw_policy *policy,
                                                            struct slw_bytes name)
{
    for (size_t i = 0; i < policy->keys_count; i++) {
        if (slw_bytes_equal(policy->keys[i].name, name)) {
            return &policy->keys[i];
        }
    }
    return NULL;
}

/* A list without elements is for requests that name nothing, not for all. */
static bool is_meant(const struct slw_policy_list *list, struct slw_bytes name)
{
    return list->count == 0 ? name.len == 0 : slw_policy_list_has(list, name);
}

const struct slw_policy_rule *slw_policy_rule_for(const struct slw_policy *policy,
                                                  const struct slw_policy_signing_key *key,
                                                  struct slw_bytes channel, struct slw_bytes role)
{
    for (size_t i = 0; i < policy->rules_count; i++) {
        const struct slw_policy_rule *rule = &policy->rules[i];
        if (rule->use == key->use && rule->key_class == key->key_class &&
            slw_bytes_equal(rule->product, key->product) && is_meant(&rule->channels, channel) &&
            is_meant(&rule->roles, role)) {
            return rule;
        }
    }
    return NULL;
}

static size_t put_keys(const struct slw_policy_parties *parties,
                       const struct slw_statement_key **keys, size_t at)
{
    for (size_t i = 0; i < parties->count; i++) {
        for (size_t k = 0; k < parties->items[i].keys_count; k++) {
            if (keys != NULL) {
                keys[at] = &parties->items[i].keys[k];
            }
            at++;
        }
    }
    return at;
}

enum slw_status slw_policy_statement_keys(const struct slw_policy *policy,
                                          const struct slw_statement_key ***ret_keys,
                                          size_t *ret_count)
{
    size_t count = put_keys(&policy->machines, NULL, put_keys(&policy->people, NULL, 0));
    /* An array of pointers is what is meant. */
    // NOLINTNEXTLINE(bugprone-sizeof-expression)
    const struct slw_statement_key **keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL) {
        return SLW_NO_SPACE;
    }
    (void)put_keys(&policy->machines, keys, put_keys(&policy->people, keys, 0));
    *ret_keys = keys;
    *ret_count = count;
    return SLW_OK;
}

const char *slw_policy_rule_place(const struct slw_policy *policy,
                                  const struct slw_policy_rule *rule,
                                  char buffer[static SLW_POLICY_PLACE_SIZE])
{
    snprintf(buffer, SLW_POLICY_PLACE_SIZE, "rules[%zu]", (size_t)(rule - policy->rules));
    return buffer;
}

static const char *const class_names[] = {
    [SLW_KEY_CLASS_NONE] = "unspecified",
    [SLW_KEY_CLASS_DEV] = "dev",
    [SLW_KEY_CLASS_TEST] = "test",
    [SLW_KEY_CLASS_PROD] = "prod",
};

static const char *const use_names[] = {
    [0] = "nothing",
    [SLW_POLICY_USE_TARGETS] = "targets",
    [SLW_POLICY_USE_ROOT] = "root",
    [SLW_POLICY_USE_ROLE] = "role",
};

const char *slw_policy_class_name(enum slw_key_class key_class)
{
    return (size_t)key_class < sizeof class_names / sizeof class_names[0] ? class_names[key_class]
                                                                          : "unknown";
}

const char *slw_policy_use_name(enum slw_policy_use use)
{
    return (size_t)use < sizeof use_names / sizeof use_names[0] ? use_names[use] : "unknown";
}

bool slw_policy_class_of(struct slw_bytes word, enum slw_key_class *ret_class)
{
    for (unsigned i = SLW_KEY_CLASS_DEV; i <= SLW_KEY_CLASS_PROD; i++) {
        if (slw_bytes_equal(word, slw_bytes_make(class_names[i], strlen(class_names[i])))) {
            *ret_class = (enum slw_key_class)i;
            return true;
        }
    }
    return false;
}

bool slw_policy_use_of(struct slw_bytes word, enum slw_policy_use *ret_use)
{
    for (unsigned i = SLW_POLICY_USE_TARGETS; i <= SLW_POLICY_USE_ROLE; i++) {
        if (slw_bytes_equal(word, slw_bytes_make(use_names[i], strlen(use_names[i])))) {
            *ret_use = (enum slw_policy_use)i;
            return true;
        }
    }
    return false;
}
