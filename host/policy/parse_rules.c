/* SPDX-License-Identifier: Apache-2.0 */
/* A policy's rules: what each is about, and who and what it asks for. */
#include "read.h"

#include <stdlib.h>

enum {
    PRODUCT,
    CLASS,
    USE,
    CHANNELS,
    ROLES,
    REQUESTERS,
    BUILDERS,
    BUILD_TYPES,
    TESTS,
    APPROVALS,
    HOURS,
    RATE,
    CONTENT,
    VALIDATORS,
    MEMBERS,
};

static const struct slw_policy_member rule_members[MEMBERS] = {
    [PRODUCT] = {"product", SLW_JSON_STRING, true},
    [CLASS] = {"class", SLW_JSON_STRING, true},
    [USE] = {"use", SLW_JSON_STRING, true},
    [CHANNELS] = {"channels", SLW_JSON_ARRAY, false},
    [ROLES] = {"roles", SLW_JSON_ARRAY, false},
    [REQUESTERS] = {"requesters", SLW_JSON_ARRAY, true},
    [BUILDERS] = {"builders", SLW_JSON_ARRAY, false},
    [BUILD_TYPES] = {"build_types", SLW_JSON_ARRAY, false},
    [TESTS] = {"tests", SLW_JSON_ARRAY, false},
    [APPROVALS] = {"approvals", SLW_JSON_OBJECT, false},
    [HOURS] = {"hours", SLW_JSON_OBJECT, false},
    [RATE] = {"rate", SLW_JSON_OBJECT, false},
    [CONTENT] = {"content", SLW_JSON_OBJECT, false},
    [VALIDATORS] = {"validators", SLW_JSON_ARRAY, false},
};
_Static_assert(MEMBERS <= SLW_POLICY_MEMBERS_MAX, "a rule has more members than are read");

void slw_policy_rule_free(struct slw_policy_rule *rule)
{
    free(rule->channels.items);
    free(rule->roles.items);
    free(rule->requesters.items);
    for (size_t i = 0; i < rule->builders_count; i++) {
        free(rule->builders[i].parameters);
    }
    free(rule->builders);
    for (size_t i = 0; i < rule->tests_count; i++) {
        free(rule->tests[i].machines);
    }
    free(rule->tests);
    free(rule->approvers);
    free(rule->content.names.items);
    free(rule->content.hardware.items);
    free(rule->content.slots.items);
    free(rule->content.forbidden);
    for (size_t i = 0; i < rule->validators_count; i++) {
        free(rule->validators[i].arguments.items);
    }
    free(rule->validators);
}

static bool build_type_of(struct slw_bytes word, enum slw_build_type *ret_type)
{
    static const struct {
        struct slw_bytes word;
        enum slw_build_type type;
    } words[] = {{{(const uint8_t *)"dev", 3}, SLW_BUILD_TYPE_DEV},
                 {{(const uint8_t *)"test", 4}, SLW_BUILD_TYPE_TEST},
                 {{(const uint8_t *)"user", 4}, SLW_BUILD_TYPE_USER}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slw_bytes_equal(words[i].word, word)) {
            *ret_type = words[i].type;
            return true;
        }
    }
    return false;
}

static enum slw_status read_build_types(const struct slw_policy_reader *reader, uint32_t value,
                                        struct slw_policy_rule *rule)
{
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, 1, 3));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        enum slw_build_type type = SLW_BUILD_TYPE_NONE;
        if (!build_type_of(slw_json_string(&reader->policy->json, element), &type)) {
            return slw_policy_refuse(reader, element, SLW_MALFORMED, "must be dev, test or user");
        }
        uint8_t bit = (uint8_t)(1u << (unsigned)type);
        if ((rule->build_types & bit) != 0) {
            return slw_policy_refuse(reader, element, SLW_MALFORMED, "is there twice");
        }
        rule->build_types |= bit;
    }
    return SLW_OK;
}

static enum slw_status read_requesters(const struct slw_policy_reader *reader, uint32_t value,
                                       struct slw_policy_rule *rule)
{
    const struct slw_policy *policy = reader->policy;
    SLW_TRY(slw_policy_strings(reader, value, SLW_POLICY_NAMES, 1, &rule->requesters));
    for (size_t i = 0; i < rule->requesters.count; i++) {
        struct slw_bytes name = rule->requesters.items[i];
        if (slw_policy_party_named(&policy->people, name) == SIZE_MAX &&
            slw_policy_party_named(&policy->machines, name) == SIZE_MAX) {
            return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                     "names somebody who is neither a person nor a machine here");
        }
    }
    return SLW_OK;
}

static enum slw_status read_rate(const struct slw_policy_reader *reader, uint32_t value,
                                 struct slw_policy_rule *rule)
{
    static const struct slw_policy_member members[] = {{"count", SLW_JSON_INTEGER, true},
                                                       {"per_s", SLW_JSON_INTEGER, true}};
    uint32_t values[2];
    int64_t count = 0;
    int64_t per_s = 0;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_members(reader, value, members, 2, values));
    SLW_TRY(slw_policy_number(reader, values[0], 1, SLW_POLICY_RATE_COUNT_MAX, &count));
    SLW_TRY(slw_policy_number(reader, values[1], 1, SLW_POLICY_SECONDS_MAX, &per_s));
    rule->rate = (struct slw_policy_rate){true, (uint32_t)count, (uint32_t)per_s};
    return SLW_OK;
}

static enum slw_status read_subject(const struct slw_policy_reader *reader, const uint32_t *values,
                                    struct slw_policy_rule *rule)
{
    const struct slw_json_document *json = &reader->policy->json;
    SLW_TRY(slw_policy_name(reader, values[PRODUCT], &rule->product));
    if (!slw_policy_class_of(slw_json_string(json, values[CLASS]), &rule->key_class)) {
        return slw_policy_refuse(reader, values[CLASS], SLW_MALFORMED, "must be dev, test or prod");
    }
    if (!slw_policy_use_of(slw_json_string(json, values[USE]), &rule->use)) {
        return slw_policy_refuse(reader, values[USE], SLW_MALFORMED,
                                 "must be targets, root or role");
    }
    SLW_TRY(slw_policy_strings(reader, values[CHANNELS], SLW_POLICY_NAMES, 1, &rule->channels));
    return slw_policy_strings(reader, values[ROLES], SLW_POLICY_NAMES, 1, &rule->roles);
}

static enum slw_status read_rule(const struct slw_policy_reader *reader, uint32_t value,
                                 struct slw_policy_rule *rule)
{
    uint32_t values[MEMBERS];
    SLW_TRY(slw_policy_members(reader, value, rule_members, MEMBERS, values));
    rule->value = value;
    SLW_TRY(read_subject(reader, values, rule));
    SLW_TRY(read_requesters(reader, values[REQUESTERS], rule));
    SLW_TRY(slw_policy_read_builders(reader, values[BUILDERS], rule));
    SLW_TRY(read_build_types(reader, values[BUILD_TYPES], rule));
    SLW_TRY(slw_policy_read_tests(reader, values[TESTS], rule));
    SLW_TRY(slw_policy_read_approvals(reader, values[APPROVALS], rule));
    SLW_TRY(slw_policy_read_hours(reader, values[HOURS], rule));
    SLW_TRY(read_rate(reader, values[RATE], rule));
    SLW_TRY(slw_policy_read_content(reader, values[CONTENT], rule));
    return slw_policy_read_validators(reader, values[VALIDATORS], rule);
}

enum slw_status slw_policy_read_rules(const struct slw_policy_reader *reader, uint32_t value)
{
    struct slw_policy *policy = reader->policy;
    uint32_t element = SLW_JSON_NONE;
    SLW_TRY(slw_policy_count(reader, value, 0, SLW_POLICY_RULES_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_policy_rule *rules =
            slw_heap_grow(policy->rules, policy->rules_count, sizeof *rules);
        if (rules == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        policy->rules = rules;
        SLW_TRY(read_rule(reader, element, &policy->rules[policy->rules_count++]));
    }
    return SLW_OK;
}
