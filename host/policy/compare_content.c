/* SPDX-License-Identifier: Apache-2.0 */
/* Two rules about the same: what a judge and validators look for. */
#include "comparing.h"
#include "read.h"

static void tell(struct slw_policy_comparing *comparing, const struct slw_policy_pair *pair,
                 bool loosens, const char *what, const char *how)
{
    slw_policy_change(comparing, loosens, "%s: content: %s %s", pair->place, what, how);
}

static bool is_within(const struct slw_policy_list *list, const struct slw_policy_list *other)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!slw_policy_list_has(other, list->items[i])) {
            return false;
        }
    }
    return true;
}

/* A list allows what is in it, an empty one everything. Patterns are compared as they are written:
 * whether one is below another isn't asked. */
static void compare_list(struct slw_policy_comparing *comparing, const struct slw_policy_pair *pair,
                         const char *what, const struct slw_policy_list *former,
                         const struct slw_policy_list *next)
{
    if (former->count == 0 && next->count == 0) {
        return;
    }
    if (former->count > 0 && (next->count == 0 || !is_within(next, former))) {
        tell(comparing, pair, true, what, "allow more");
    }
    if (next->count > 0 && (former->count == 0 || !is_within(former, next))) {
        tell(comparing, pair, false, what, "allow less");
    }
}

/* A limit: has it, and how much it lets through. */
static void compare_limit(struct slw_policy_comparing *comparing,
                          const struct slw_policy_pair *pair, const char *what, bool former_has,
                          uint64_t former, bool next_has, uint64_t next)
{
    if (former_has && (!next_has || next > former)) {
        tell(comparing, pair, true, what, "allows more");
    } else if (next_has && (!former_has || next < former)) {
        tell(comparing, pair, false, what, "allows less");
    }
}

static bool has_pattern(const struct slw_policy_content *content, struct slw_bytes bytes)
{
    for (size_t i = 0; i < content->forbidden_count; i++) {
        if (slw_bytes_equal(content->forbidden[i].bytes, bytes)) {
            return true;
        }
    }
    return false;
}

static bool has_all_patterns(const struct slw_policy_content *content,
                             const struct slw_policy_content *of)
{
    for (size_t i = 0; i < of->forbidden_count; i++) {
        if (!has_pattern(content, of->forbidden[i].bytes)) {
            return false;
        }
    }
    return true;
}

static bool same_arguments(const struct slw_policy_validator *left,
                           const struct slw_policy_validator *right)
{
    bool same = left->arguments.count == right->arguments.count;
    for (size_t i = 0; same && i < left->arguments.count; i++) {
        same = slw_bytes_equal(left->arguments.items[i], right->arguments.items[i]);
    }
    return same;
}

/* Whether a rule runs this validator, or the same with less time. */
static bool runs(const struct slw_policy_rule *rule, const struct slw_policy_validator *validator)
{
    for (size_t i = 0; i < rule->validators_count; i++) {
        const struct slw_policy_validator *other = &rule->validators[i];
        if (slw_bytes_equal(other->program, validator->program) &&
            same_arguments(other, validator) && other->timeout_s <= validator->timeout_s) {
            return true;
        }
    }
    return false;
}

static bool runs_all(const struct slw_policy_rule *rule, const struct slw_policy_rule *of)
{
    for (size_t i = 0; i < of->validators_count; i++) {
        if (!runs(rule, &of->validators[i])) {
            return false;
        }
    }
    return true;
}

static void compare_validators(struct slw_policy_comparing *comparing,
                               const struct slw_policy_pair *pair)
{
    if (!runs_all(pair->next, pair->former)) {
        slw_policy_change(comparing, true, "%s: a validator goes, changes, or has more time",
                          pair->place);
    }
    if (!runs_all(pair->former, pair->next)) {
        slw_policy_change(comparing, false, "%s: a validator joins, or has less time", pair->place);
    }
}

void slw_policy_compare_content(struct slw_policy_comparing *comparing,
                                const struct slw_policy_pair *pair)
{
    const struct slw_policy_content *former = &pair->former->content;
    const struct slw_policy_content *next = &pair->next->content;
    compare_list(comparing, pair, "names", &former->names, &next->names);
    compare_list(comparing, pair, "hardware ids", &former->hardware, &next->hardware);
    compare_list(comparing, pair, "slots", &former->slots, &next->slots);
    if (former->elf_stripped != next->elf_stripped) {
        tell(comparing, pair, former->elf_stripped, "elf",
             next->elf_stripped ? "must be stripped now" : "needn't be stripped any more");
    }
    if (!has_all_patterns(next, former)) {
        tell(comparing, pair, true, "forbidden", "lacks a pattern that it had");
    }
    if (!has_all_patterns(former, next)) {
        tell(comparing, pair, false, "forbidden", "has a pattern more");
    }
    compare_limit(comparing, pair, "growth_percent", former->has_growth, former->growth_percent,
                  next->has_growth, next->growth_percent);
    compare_limit(comparing, pair, "size_max", former->has_size, former->size_max, next->has_size,
                  next->size_max);
    compare_validators(comparing, pair);
}
