/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule demands of a build before it is signed: builders, tests, approvals, and the hour. */
#include "read.h"

static enum slw_status add_index(const struct slw_policy_reader *reader, uint32_t value,
                                 const struct slw_policy_parties *parties, const char *complaint,
                                 size_t **indices, size_t *count)
{
    struct slw_bytes name = slw_json_string(&reader->policy->json, value);
    size_t index = slw_policy_party_named(parties, name);
    if (index == SIZE_MAX) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED, complaint);
    }
    for (size_t i = 0; i < *count; i++) {
        if ((*indices)[i] == index) {
            return slw_policy_refuse(reader, value, SLW_MALFORMED, "is there twice");
        }
    }
    size_t *grown = slw_heap_grow(*indices, *count, sizeof **indices);
    if (grown == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    *indices = grown;
    (*indices)[(*count)++] = index;
    return SLW_OK;
}

static enum slw_status read_indices(const struct slw_policy_reader *reader, uint32_t value,
                                    const struct slw_policy_parties *parties, const char *complaint,
                                    size_t **indices, size_t *count)
{
    uint32_t element = SLW_JSON_NONE;
    SLW_TRY(slw_policy_count(reader, value, 1, SLW_POLICY_LIST_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(add_index(reader, element, parties, complaint, indices, count));
    }
    return SLW_OK;
}

static enum slw_status read_parameters(const struct slw_policy_reader *reader, uint32_t value,
                                       struct slw_policy_builder *builder)
{
    uint32_t member = SLW_JSON_NONE;
    struct slw_bytes name;
    SLW_TRY(slw_policy_count(reader, value, 0, SLW_POLICY_PARAMETERS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_member(&walk, &name, &member)) {
        struct slw_policy_parameter *parameters =
            slw_heap_grow(builder->parameters, builder->parameters_count, sizeof *parameters);
        if (parameters == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        builder->parameters = parameters;
        struct slw_bytes text = slw_json_string(&reader->policy->json, member);
        if (slw_json_kind(&reader->policy->json, member) != SLW_JSON_STRING ||
            text.len > SLW_POLICY_TEXT_SIZE_MAX || name.len > SLW_POLICY_TEXT_SIZE_MAX) {
            return slw_policy_refuse(reader, member, SLW_MALFORMED,
                                     "must be a string of at most 2048 bytes");
        }
        builder->parameters[builder->parameters_count++] =
            (struct slw_policy_parameter){name, text};
    }
    return SLW_OK;
}

static enum slw_status read_builder(const struct slw_policy_reader *reader, uint32_t value,
                                    struct slw_policy_builder *builder)
{
    static const struct slw_policy_member members[] = {{"machine", SLW_JSON_STRING, true},
                                                       {"id", SLW_JSON_STRING, true},
                                                       {"build_type", SLW_JSON_STRING, true},
                                                       {"source", SLW_JSON_STRING, true},
                                                       {"parameters", SLW_JSON_OBJECT, false}};
    const struct slw_policy *policy = reader->policy;
    uint32_t values[5];
    SLW_TRY(slw_policy_members(reader, value, members, 5, values));
    builder->machine =
        slw_policy_party_named(&policy->machines, slw_json_string(&policy->json, values[0]));
    if (builder->machine == SIZE_MAX) {
        return slw_policy_refuse(reader, values[0], SLW_MALFORMED, "isn't a machine here");
    }
    SLW_TRY(slw_policy_text(reader, values[1], SLW_POLICY_TEXT_SIZE_MAX, &builder->id));
    SLW_TRY(slw_policy_text(reader, values[2], SLW_POLICY_TEXT_SIZE_MAX, &builder->build_type));
    SLW_TRY(slw_policy_text(reader, values[3], SLW_POLICY_TEXT_SIZE_MAX, &builder->source));
    return values[4] == SLW_JSON_NONE ? SLW_OK : read_parameters(reader, values[4], builder);
}

enum slw_status slw_policy_read_builders(const struct slw_policy_reader *reader, uint32_t value,
                                         struct slw_policy_rule *rule)
{
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, 1, SLW_POLICY_BUILDERS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_policy_builder *builders =
            slw_heap_grow(rule->builders, rule->builders_count, sizeof *builders);
        if (builders == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        rule->builders = builders;
        SLW_TRY(read_builder(reader, element, &rule->builders[rule->builders_count++]));
    }
    return SLW_OK;
}

static enum slw_status read_test(const struct slw_policy_reader *reader, uint32_t value,
                                 struct slw_policy_test *test)
{
    static const struct slw_policy_member members[] = {{"suite", SLW_JSON_STRING, true},
                                                       {"machines", SLW_JSON_ARRAY, true}};
    uint32_t values[2];
    SLW_TRY(slw_policy_members(reader, value, members, 2, values));
    SLW_TRY(slw_policy_text(reader, values[0], SLW_POLICY_NAME_SIZE_MAX, &test->suite));
    return read_indices(reader, values[1], &reader->policy->machines, "isn't a machine here",
                        &test->machines, &test->machines_count);
}

enum slw_status slw_policy_read_tests(const struct slw_policy_reader *reader, uint32_t value,
                                      struct slw_policy_rule *rule)
{
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, 1, SLW_POLICY_TESTS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_policy_test *tests =
            slw_heap_grow(rule->tests, rule->tests_count, sizeof *tests);
        if (tests == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        rule->tests = tests;
        struct slw_policy_test *test = &rule->tests[rule->tests_count++];
        SLW_TRY(read_test(reader, element, test));
        for (size_t i = 0; i + 1 < rule->tests_count; i++) {
            if (slw_bytes_equal(rule->tests[i].suite, test->suite)) {
                return slw_policy_refuse(reader, element, SLW_MALFORMED,
                                         "is about a suite that is there before");
            }
        }
    }
    return SLW_OK;
}

enum slw_status slw_policy_read_approvals(const struct slw_policy_reader *reader, uint32_t value,
                                          struct slw_policy_rule *rule)
{
    static const struct slw_policy_member members[] = {{"count", SLW_JSON_INTEGER, true},
                                                       {"people", SLW_JSON_ARRAY, true}};
    uint32_t values[2];
    int64_t count = 0;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_members(reader, value, members, 2, values));
    SLW_TRY(slw_policy_number(reader, values[0], 1, SLW_POLICY_LIST_MAX, &count));
    SLW_TRY(read_indices(reader, values[1], &reader->policy->people, "isn't a person here",
                         &rule->approvers, &rule->approvers_count));
    if ((size_t)count > rule->approvers_count) {
        return slw_policy_refuse(reader, values[0], SLW_BAD_THRESHOLD,
                                 "is more than there are people who may approve");
    }
    rule->approvals_count = (uint32_t)count;
    return SLW_OK;
}

/* "HH:MM"; "24:00" too. */
static enum slw_status read_hour(const struct slw_policy_reader *reader, uint32_t value,
                                 uint16_t *ret_minutes)
{
    struct slw_bytes text = slw_json_string(&reader->policy->json, value);
    bool fits = text.len == 5 && text.ptr[2] == ':';
    for (size_t i = 0; fits && i < 5; i++) {
        fits = i == 2 || (text.ptr[i] >= '0' && text.ptr[i] <= '9');
    }
    unsigned hours = fits ? (text.ptr[0] - 48u) * 10 + (text.ptr[1] - 48u) : 99;
    unsigned minutes = fits ? (text.ptr[3] - 48u) * 10 + (text.ptr[4] - 48u) : 99;
    if (minutes > 59 || hours * 60 + minutes > 1440) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                 "must be a time of day as in 08:30, up to 24:00");
    }
    *ret_minutes = (uint16_t)(hours * 60 + minutes);
    return SLW_OK;
}

static enum slw_status read_day(const struct slw_policy_reader *reader, uint32_t value,
                                uint8_t *days)
{
    static const char names[7][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct slw_bytes text = slw_json_string(&reader->policy->json, value);
    for (size_t i = 0; i < 7; i++) {
        if (slw_bytes_equal(text, slw_bytes_make(names[i], 3))) {
            uint8_t bit = (uint8_t)(1u << i);
            if ((*days & bit) != 0) {
                return slw_policy_refuse(reader, value, SLW_MALFORMED, "is there twice");
            }
            *days |= bit;
            return SLW_OK;
        }
    }
    return slw_policy_refuse(reader, value, SLW_MALFORMED,
                             "must be mon, tue, wed, thu, fri, sat or sun");
}

enum slw_status slw_policy_read_hours(const struct slw_policy_reader *reader, uint32_t value,
                                      struct slw_policy_rule *rule)
{
    static const struct slw_policy_member members[] = {{"days", SLW_JSON_ARRAY, true},
                                                       {"from", SLW_JSON_STRING, true},
                                                       {"to", SLW_JSON_STRING, true}};
    struct slw_policy_hours *hours = &rule->hours;
    uint32_t values[3];
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_members(reader, value, members, 3, values));
    SLW_TRY(slw_policy_count(reader, values[0], 1, 7));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, values[0]);
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(read_day(reader, element, &hours->days));
    }
    SLW_TRY(read_hour(reader, values[1], &hours->from_min));
    SLW_TRY(read_hour(reader, values[2], &hours->to_min));
    if (hours->from_min == hours->to_min || hours->from_min == 1440 || hours->to_min == 0) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                 "must begin before 24:00, and not end when it begins or at 00:00");
    }
    hours->given = true;
    return SLW_OK;
}
