/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a policy's JSON: objects by tables of their members, lists with their maxima, names and
 * texts of the forms that a policy has. What isn't so is refused with its place. Private to
 * host/policy.
 */
#ifndef SLIPWAY_POLICY_READ_H
#define SLIPWAY_POLICY_READ_H

#include "slipway/policy.h"

struct slw_policy_reader {
    struct slw_policy *policy; /* its json is what is read */
    struct slw_detail *detail;
};

struct slw_policy_member {
    const char *name;
    enum slw_json_kind kind;
    bool required;
};

#define SLW_POLICY_MEMBERS_MAX 16u

/* Refuses a value with its place. */
enum slw_status slw_policy_refuse(const struct slw_policy_reader *reader, uint32_t value,
                                  enum slw_status status, const char *what);

/*
 * The members of an object, in the order of the table: SLW_JSON_NONE for one that isn't there and
 * needn't be. SLW_MALFORMED for a value that is no object, a member that the table doesn't have,
 * one of another kind, and a required one that isn't there.
 */
SLW_MUST_USE enum slw_status slw_policy_members(const struct slw_policy_reader *reader,
                                                uint32_t object,
                                                const struct slw_policy_member *members,
                                                size_t count, uint32_t *ret_values);

/* That a list or an object has lowest to highest elements; SLW_TOO_LARGE above. */
SLW_MUST_USE enum slw_status slw_policy_count(const struct slw_policy_reader *reader,
                                              uint32_t value, size_t lowest, size_t highest);

/* An integer from lowest to highest. */
SLW_MUST_USE enum slw_status slw_policy_number(const struct slw_policy_reader *reader,
                                               uint32_t value, int64_t lowest, int64_t highest,
                                               int64_t *ret_number);

/* "2030-01-31T00:00:00Z", nothing else. */
SLW_MUST_USE enum slw_status slw_policy_time(const struct slw_policy_reader *reader, uint32_t value,
                                             int64_t *ret_utc_s);

/* Whether text is a name: letters, digits and `. _ @ + -`, a letter or digit first, 1 to
 * SLW_POLICY_NAME_SIZE_MAX bytes. */
bool slw_policy_name_is_good(struct slw_bytes text);

/* A string that is a name; a string of 1 to highest bytes without control characters. */
SLW_MUST_USE enum slw_status slw_policy_name(const struct slw_policy_reader *reader, uint32_t value,
                                             struct slw_bytes *ret_name);
SLW_MUST_USE enum slw_status slw_policy_text(const struct slw_policy_reader *reader, uint32_t value,
                                             size_t highest, struct slw_bytes *ret_text);

/* What a list's strings are. */
enum slw_policy_strings {
    SLW_POLICY_NAMES,       /* as slw_policy_name() */
    SLW_POLICY_SHORT_TEXTS, /* as slw_policy_text() with SLW_POLICY_NAME_SIZE_MAX */
};

/* A list of lowest to SLW_POLICY_LIST_MAX different strings; none for SLW_JSON_NONE. */
SLW_MUST_USE enum slw_status slw_policy_strings(const struct slw_policy_reader *reader,
                                                uint32_t value, enum slw_policy_strings what,
                                                size_t lowest, struct slw_policy_list *ret_list);

/* Adds to a list. SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_policy_list_add(const struct slw_policy_reader *reader,
                                                 struct slw_policy_list *list,
                                                 struct slw_bytes text);

bool slw_policy_list_has(const struct slw_policy_list *list, struct slw_bytes text);

/* Index of a party by name; SIZE_MAX when there is none. */
size_t slw_policy_party_named(const struct slw_policy_parties *parties, struct slw_bytes name);

/* --- The parts of a policy, in the order in which they are read --- */

SLW_MUST_USE enum slw_status slw_policy_read_administrators(const struct slw_policy_reader *reader,
                                                            uint32_t value);
SLW_MUST_USE enum slw_status slw_policy_read_people(const struct slw_policy_reader *reader,
                                                    uint32_t value);
SLW_MUST_USE enum slw_status slw_policy_read_machines(const struct slw_policy_reader *reader,
                                                      uint32_t value);
SLW_MUST_USE enum slw_status slw_policy_read_witnesses(const struct slw_policy_reader *reader,
                                                       uint32_t value);
SLW_MUST_USE enum slw_status slw_policy_read_keys(const struct slw_policy_reader *reader,
                                                  uint32_t value);
SLW_MUST_USE enum slw_status slw_policy_read_rules(const struct slw_policy_reader *reader,
                                                   uint32_t value);

/* Parts of rules. */
SLW_MUST_USE enum slw_status slw_policy_read_builders(const struct slw_policy_reader *reader,
                                                      uint32_t value, struct slw_policy_rule *rule);
SLW_MUST_USE enum slw_status slw_policy_read_tests(const struct slw_policy_reader *reader,
                                                   uint32_t value, struct slw_policy_rule *rule);
SLW_MUST_USE enum slw_status slw_policy_read_approvals(const struct slw_policy_reader *reader,
                                                       uint32_t value,
                                                       struct slw_policy_rule *rule);
SLW_MUST_USE enum slw_status slw_policy_read_hours(const struct slw_policy_reader *reader,
                                                   uint32_t value, struct slw_policy_rule *rule);
SLW_MUST_USE enum slw_status slw_policy_read_content(const struct slw_policy_reader *reader,
                                                     uint32_t value, struct slw_policy_rule *rule);
SLW_MUST_USE enum slw_status slw_policy_read_validators(const struct slw_policy_reader *reader,
                                                        uint32_t value,
                                                        struct slw_policy_rule *rule);
void slw_policy_rule_free(struct slw_policy_rule *rule);

/* "prod" and so on; false for another word. */
bool slw_policy_class_of(struct slw_bytes word, enum slw_key_class *ret_class);
bool slw_policy_use_of(struct slw_bytes word, enum slw_policy_use *ret_use);

/* What holds between the parts (check.c). */
SLW_MUST_USE enum slw_status slw_policy_check_parties(const struct slw_policy_reader *reader);
SLW_MUST_USE enum slw_status slw_policy_check_rules(const struct slw_policy_reader *reader);

#endif
