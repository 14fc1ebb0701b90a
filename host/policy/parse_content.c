/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule says of the payloads themselves: rules for the judge, and validators. */
#include "read.h"

#include "slipway/text.h"

enum {
    NAMES,
    HARDWARE,
    SLOTS,
    ELF,
    FORBIDDEN,
    GROWTH,
    SIZE,
    MEMBERS,
};

static const struct slw_policy_member content_members[MEMBERS] = {
    [NAMES] = {"names", SLW_JSON_ARRAY, false},
    [HARDWARE] = {"hardware", SLW_JSON_ARRAY, false},
    [SLOTS] = {"slots", SLW_JSON_ARRAY, false},
    [ELF] = {"elf", SLW_JSON_STRING, false},
    [FORBIDDEN] = {"forbidden", SLW_JSON_ARRAY, false},
    [GROWTH] = {"growth_percent", SLW_JSON_INTEGER, false},
    [SIZE] = {"size_max", SLW_JSON_INTEGER, false},
};

static enum slw_status read_hex(const struct slw_policy_reader *reader, uint32_t value,
                                struct slw_bytes *ret_bytes)
{
    struct slw_bytes text = slw_json_string(&reader->policy->json, value);
    uint8_t *bytes = reader->policy->room;
    size_t len = text.len / 2;
    if (!slw_text_unhex(text, bytes, len)) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                 "must be pairs of lower-case hexadecimal digits");
    }
    reader->policy->room += len;
    *ret_bytes = slw_bytes_make(bytes, len);
    return SLW_OK;
}

static enum slw_status read_forbidden(const struct slw_policy_reader *reader, uint32_t value,
                                      struct slw_content_pattern *pattern)
{
    static const struct slw_policy_member members[] = {{"name", SLW_JSON_STRING, true},
                                                       {"hex", SLW_JSON_STRING, false},
                                                       {"text", SLW_JSON_STRING, false}};
    uint32_t values[3];
    SLW_TRY(slw_policy_members(reader, value, members, 3, values));
    SLW_TRY(slw_policy_text(reader, values[0], SLW_POLICY_NAME_SIZE_MAX, &pattern->name));
    if ((values[1] == SLW_JSON_NONE) == (values[2] == SLW_JSON_NONE)) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED,
                                 "must have one of \"hex\" and \"text\"");
    }
    if (values[1] != SLW_JSON_NONE) {
        SLW_TRY(read_hex(reader, values[1], &pattern->bytes));
    } else {
        pattern->bytes = slw_json_string(&reader->policy->json, values[2]);
    }
    if (pattern->bytes.len < SLW_CONTENT_PATTERN_SIZE_MIN ||
        pattern->bytes.len > SLW_CONTENT_PATTERN_SIZE_MAX) {
        return slw_policy_refuse(reader, value, SLW_MALFORMED, "must have 4 to 1024 bytes");
    }
    return SLW_OK;
}

static enum slw_status read_forbiddens(const struct slw_policy_reader *reader, uint32_t value,
                                       struct slw_policy_content *content)
{
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, 1, SLW_CONTENT_PATTERNS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_content_pattern *forbidden =
            slw_heap_grow(content->forbidden, content->forbidden_count, sizeof *forbidden);
        if (forbidden == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        content->forbidden = forbidden;
        SLW_TRY(read_forbidden(reader, element, &content->forbidden[content->forbidden_count++]));
    }
    return SLW_OK;
}

static enum slw_status read_limits(const struct slw_policy_reader *reader, const uint32_t *values,
                                   struct slw_policy_content *content)
{
    int64_t number = 0;
    if (values[ELF] != SLW_JSON_NONE) {
        if (!slw_bytes_equal(slw_json_string(&reader->policy->json, values[ELF]),
                             SLW_BYTES_OF("stripped"))) {
            return slw_policy_refuse(reader, values[ELF], SLW_MALFORMED, "must be stripped");
        }
        content->elf_stripped = true;
    }
    if (values[GROWTH] != SLW_JSON_NONE) {
        SLW_TRY(slw_policy_number(reader, values[GROWTH], 0, SLW_CONTENT_GROWTH_MAX, &number));
        content->has_growth = true;
        content->growth_percent = (uint32_t)number;
    }
    if (values[SIZE] != SLW_JSON_NONE) {
        SLW_TRY(slw_policy_number(reader, values[SIZE], 1, INT64_MAX, &number));
        content->has_size = true;
        content->size_max = (uint64_t)number;
    }
    return SLW_OK;
}

/* A judge must be able to use them. */
static enum slw_status check_content(const struct slw_policy_reader *reader, uint32_t value,
                                     const struct slw_policy_rule *rule)
{
    struct slw_content_rules rules;
    struct slw_detail why = {""};
    slw_policy_content_rules(rule, &rules);
    enum slw_status status = slw_content_rules_check(&rules, &why);
    return status == SLW_OK ? SLW_OK : slw_policy_refuse(reader, value, SLW_MALFORMED, why.text);
}

enum slw_status slw_policy_read_content(const struct slw_policy_reader *reader, uint32_t value,
                                        struct slw_policy_rule *rule)
{
    struct slw_policy_content *content = &rule->content;
    uint32_t values[MEMBERS];
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_members(reader, value, content_members, MEMBERS, values));
    SLW_TRY(slw_policy_strings(reader, values[NAMES], SLW_POLICY_SHORT_TEXTS, 1, &content->names));
    SLW_TRY(slw_policy_strings(reader, values[HARDWARE], SLW_POLICY_SHORT_TEXTS, 1,
                               &content->hardware));
    SLW_TRY(slw_policy_strings(reader, values[SLOTS], SLW_POLICY_SHORT_TEXTS, 1, &content->slots));
    SLW_TRY(read_limits(reader, values, content));
    SLW_TRY(read_forbiddens(reader, values[FORBIDDEN], content));
    content->given = true;
    return check_content(reader, value, rule);
}

static enum slw_status read_arguments(const struct slw_policy_reader *reader, uint32_t value,
                                      struct slw_policy_validator *validator)
{
    size_t size = validator->program.len;
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, 0, SLW_POLICY_ARGUMENTS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes text;
        SLW_TRY(slw_policy_text(reader, element, SLW_POLICY_TEXT_SIZE_MAX, &text));
        size += text.len + 1;
        SLW_TRY(slw_policy_list_add(reader, &validator->arguments, text));
    }
    if (size > SLW_POLICY_COMMAND_SIZE_MAX) {
        return slw_policy_refuse(reader, value, SLW_TOO_LARGE,
                                 "makes the command longer than 16384 bytes");
    }
    return SLW_OK;
}

static enum slw_status read_validator(const struct slw_policy_reader *reader, uint32_t value,
                                      struct slw_policy_validator *validator)
{
    static const struct slw_policy_member members[] = {{"program", SLW_JSON_STRING, true},
                                                       {"arguments", SLW_JSON_ARRAY, false},
                                                       {"timeout_s", SLW_JSON_INTEGER, true}};
    uint32_t values[3];
    int64_t timeout_s = 0;
    SLW_TRY(slw_policy_members(reader, value, members, 3, values));
    SLW_TRY(slw_policy_text(reader, values[0], SLW_POLICY_TEXT_SIZE_MAX, &validator->program));
    if (validator->program.ptr[0] != '/') {
        return slw_policy_refuse(reader, values[0], SLW_MALFORMED, "must be an absolute path");
    }
    SLW_TRY(slw_policy_number(reader, values[2], 1, SLW_POLICY_VALIDATOR_SECONDS_MAX, &timeout_s));
    validator->timeout_s = (uint32_t)timeout_s;
    return read_arguments(reader, values[1], validator);
}

enum slw_status slw_policy_read_validators(const struct slw_policy_reader *reader, uint32_t value,
                                           struct slw_policy_rule *rule)
{
    uint32_t element = SLW_JSON_NONE;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(slw_policy_count(reader, value, 1, SLW_POLICY_VALIDATORS_MAX));
    struct slw_json_walk walk = slw_json_walk_begin(&reader->policy->json, value);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_policy_validator *validators =
            slw_heap_grow(rule->validators, rule->validators_count, sizeof *validators);
        if (validators == NULL) {
            return slw_explain_no_memory(reader->detail);
        }
        rule->validators = validators;
        SLW_TRY(read_validator(reader, element, &rule->validators[rule->validators_count++]));
    }
    return SLW_OK;
}

void slw_policy_content_rules(const struct slw_policy_rule *rule,
                              struct slw_content_rules *ret_rules)
{
    const struct slw_policy_content *content = &rule->content;
    *ret_rules = (struct slw_content_rules){
        .names = content->names.items,
        .names_count = content->names.count,
        .hardware = content->hardware.items,
        .hardware_count = content->hardware.count,
        .slots = content->slots.items,
        .slots_count = content->slots.count,
        .elf_stripped = content->elf_stripped,
        .forbidden = content->forbidden,
        .forbidden_count = content->forbidden_count,
        .has_growth = content->has_growth,
        .growth_percent = content->growth_percent,
        .has_size = content->has_size,
        .size_max = content->size_max,
    };
}
