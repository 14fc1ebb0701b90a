/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a policy: its parts in the order in which they refer to each other, then what must hold
 * between them. The forms are spec/SIGNING.md's, section 4.
 */
#include "read.h"

#include <stdlib.h>

enum {
    VERSION,
    ISSUED,
    ADMINISTRATORS,
    PEOPLE,
    MACHINES,
    WITNESSES,
    LOOSENING_DELAY,
    KEYS,
    RULES,
    MEMBERS,
};

static const struct slw_policy_member members[MEMBERS] = {
    [VERSION] = {"version", SLW_JSON_INTEGER, true},
    [ISSUED] = {"issued", SLW_JSON_STRING, true},
    [ADMINISTRATORS] = {"administrators", SLW_JSON_OBJECT, true},
    [PEOPLE] = {"people", SLW_JSON_OBJECT, true},
    [MACHINES] = {"machines", SLW_JSON_OBJECT, false},
    [WITNESSES] = {"witnesses", SLW_JSON_OBJECT, false},
    [LOOSENING_DELAY] = {"loosening_delay_s", SLW_JSON_INTEGER, false},
    [KEYS] = {"keys", SLW_JSON_OBJECT, true},
    [RULES] = {"rules", SLW_JSON_ARRAY, true},
};

static enum slw_status read_numbers(const struct slw_policy_reader *reader, const uint32_t *values)
{
    struct slw_policy *policy = reader->policy;
    int64_t version = 0;
    int64_t delay = SLW_POLICY_LOOSENING_DELAY_DEFAULT_S;
    SLW_TRY(slw_policy_number(reader, values[VERSION], 1, UINT32_MAX, &version));
    SLW_TRY(slw_policy_time(reader, values[ISSUED], &policy->issued_utc_s));
    if (values[LOOSENING_DELAY] != SLW_JSON_NONE) {
        SLW_TRY(
            slw_policy_number(reader, values[LOOSENING_DELAY], 0, SLW_POLICY_SECONDS_MAX, &delay));
    }
    policy->version = (uint32_t)version;
    policy->loosening_delay_s = (uint32_t)delay;
    return SLW_OK;
}

static enum slw_status read_policy(const struct slw_policy_reader *reader)
{
    uint32_t values[MEMBERS];
    SLW_TRY(slw_policy_members(reader, SLW_JSON_TOP, members, MEMBERS, values));
    SLW_TRY(read_numbers(reader, values));
    SLW_TRY(slw_policy_read_administrators(reader, values[ADMINISTRATORS]));
    SLW_TRY(slw_policy_read_people(reader, values[PEOPLE]));
    SLW_TRY(slw_policy_read_machines(reader, values[MACHINES]));
    SLW_TRY(slw_policy_read_witnesses(reader, values[WITNESSES]));
    SLW_TRY(slw_policy_read_keys(reader, values[KEYS]));
    SLW_TRY(slw_policy_check_parties(reader));
    SLW_TRY(slw_policy_read_rules(reader, values[RULES]));
    return slw_policy_check_rules(reader);
}

/* Rules on content alone, as the one rule of a policy that has nothing else. */
static enum slw_status read_content(const struct slw_policy_reader *reader)
{
    struct slw_policy *policy = reader->policy;
    policy->rules = calloc(1, sizeof *policy->rules);
    if (policy->rules == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    policy->rules_count = 1;
    return slw_policy_read_content(reader, SLW_JSON_TOP, policy->rules);
}

static enum slw_status read_text(const char *name, struct slw_bytes text,
                                 const struct slw_policy_reader *reader,
                                 enum slw_status (*read)(const struct slw_policy_reader *reader))
{
    struct slw_policy *policy = reader->policy;
    /* Bytes in hexadecimal digits take half the room that they take in the text. */
    slw_heap_append(&policy->memory, text);
    if (slw_heap_reserve(&policy->memory, text.len / 2) == NULL) {
        return slw_explain_no_memory(reader->detail);
    }
    policy->text = slw_bytes_make(policy->memory.ptr, text.len);
    policy->room = policy->memory.ptr + text.len;
    SLW_TRY(slw_json_parse(name, policy->text, &policy->json, reader->detail));
    enum slw_status status = read(reader);
    policy->json.name = "policy"; /* the caller's name needn't live on */
    return status;
}

static enum slw_status parse(const char *name, struct slw_bytes text,
                             enum slw_status (*read)(const struct slw_policy_reader *reader),
                             struct slw_policy **ret_policy, struct slw_detail *detail)
{
    if (text.len > SLW_POLICY_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: %zu bytes are too many for a policy", name,
                           text.len);
    }
    struct slw_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return slw_explain_no_memory(detail);
    }
    struct slw_policy_reader reader = {policy, detail};
    enum slw_status status = read_text(name, text, &reader, read);
    if (status != SLW_OK) {
        slw_policy_free(policy);
        return status;
    }
    *ret_policy = policy;
    return SLW_OK;
}

enum slw_status slw_policy_parse(const char *name, struct slw_bytes text,
                                 struct slw_policy **ret_policy, struct slw_detail *detail)
{
    return parse(name, text, read_policy, ret_policy, detail);
}

enum slw_status slw_policy_parse_content(const char *name, struct slw_bytes text,
                                         struct slw_policy **ret_policy, struct slw_detail *detail)
{
    return parse(name, text, read_content, ret_policy, detail);
}

static void free_parties(struct slw_policy_parties *parties)
{
    for (size_t i = 0; i < parties->count; i++) {
        free(parties->items[i].keys);
    }
    free(parties->items);
}

void slw_policy_free(struct slw_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    free_parties(&policy->administrators);
    free_parties(&policy->people);
    free_parties(&policy->machines);
    free(policy->witnesses);
    free(policy->keys);
    for (size_t i = 0; i < policy->rules_count; i++) {
        slw_policy_rule_free(&policy->rules[i]);
    }
    free(policy->rules);
    slw_json_document_free(&policy->json);
    slw_heap_free(&policy->memory);
    free(policy);
}
