/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes from one policy to the next. Each part is compared by what it lets through: a part
 * of the next policy must be found in the former one, or be provably below something there; all
 * else loosens.
 */
#include "comparing.h"
#include "read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_SIZE 512u

void slw_policy_change(struct slw_policy_comparing *comparing, bool loosens, const char *format,
                       ...)
{
    char line[LINE_SIZE];
    struct slw_policy_changes *changes = comparing->changes;
    changes->loosened = changes->loosened || loosens;
    if (changes->count >= SLW_POLICY_CHANGES_MAX) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    struct slw_policy_change *items =
        slw_heap_grow(changes->items, changes->count, sizeof *changes->items);
    if (items == NULL) {
        comparing->status = SLW_NO_SPACE;
        return;
    }
    changes->items = items;
    changes->items[changes->count++] =
        (struct slw_policy_change){.loosens = loosens, .offset = changes->texts.len};
    slw_heap_append(&changes->texts, slw_bytes_make(line, strlen(line) + 1));
}

/* Elements that are in both; 1 when both lists are empty, for then both mean requests that name
 * nothing. */
static size_t count_common(const struct slw_policy_list *left, const struct slw_policy_list *right)
{
    size_t common = 0;
    if (left->count == 0 || right->count == 0) {
        return left->count == right->count ? 1 : 0;
    }
    for (size_t i = 0; i < left->count; i++) {
        common += slw_policy_list_has(right, left->items[i]) ? 1 : 0;
    }
    return common;
}

static size_t count_all(const struct slw_policy_rule *rule)
{
    size_t channels = rule->channels.count > 0 ? rule->channels.count : 1;
    size_t roles = rule->roles.count > 0 ? rule->roles.count : 1;
    return channels * roles;
}

/* How many pairs of channel and role two rules are both about. */
static size_t count_shared(const struct slw_policy_rule *left, const struct slw_policy_rule *right)
{
    if (left->use != right->use || left->key_class != right->key_class ||
        !slw_bytes_equal(left->product, right->product)) {
        return 0;
    }
    return count_common(&left->channels, &right->channels) *
           count_common(&left->roles, &right->roles);
}

/* Rules of one policy are never about the same, so what several of another share with one adds up.
 */
static size_t count_covered(const struct slw_policy *policy, const struct slw_policy_rule *rule)
{
    size_t covered = 0;
    for (size_t i = 0; i < policy->rules_count; i++) {
        covered += count_shared(&policy->rules[i], rule);
    }
    return covered;
}

static void place_rule(const struct slw_policy *policy, const struct slw_policy_rule *rule,
                       char *text, size_t size)
{
    char place[SLW_POLICY_PLACE_SIZE];
    snprintf(text, size, "%s (%.*s, %s, %s)", slw_policy_rule_place(policy, rule, place),
             SLW_POLICY_SHOW(rule->product), slw_policy_class_name(rule->key_class),
             slw_policy_use_name(rule->use));
}

static void compare_rule(struct slw_policy_comparing *comparing, const struct slw_policy_rule *next)
{
    struct slw_policy_pair pair = {.next = next};
    place_rule(comparing->next, next, pair.place, sizeof pair.place);
    if (count_covered(comparing->former, next) < count_all(next)) {
        slw_policy_change(comparing, true, "%s: is about what no rule was about", pair.place);
    }
    for (size_t i = 0; i < comparing->former->rules_count; i++) {
        pair.former = &comparing->former->rules[i];
        if (count_shared(pair.former, next) > 0) {
            slw_policy_compare_demands(comparing, &pair);
            slw_policy_compare_content(comparing, &pair);
        }
    }
}

static void compare_rules(struct slw_policy_comparing *comparing)
{
    for (size_t i = 0; i < comparing->next->rules_count; i++) {
        compare_rule(comparing, &comparing->next->rules[i]);
    }
    for (size_t i = 0; i < comparing->former->rules_count; i++) {
        const struct slw_policy_rule *former = &comparing->former->rules[i];
        if (count_covered(comparing->next, former) < count_all(former)) {
            char place[192];
            place_rule(comparing->former, former, place, sizeof place);
            slw_policy_change(comparing, false, "former %s: some or all of it has no rule now",
                              place);
        }
    }
}

enum slw_status slw_policy_compare(const struct slw_policy *former, const struct slw_policy *next,
                                   struct slw_policy_changes *ret_changes)
{
    struct slw_policy_changes changes = {0};
    struct slw_policy_comparing comparing = {former, next, &changes, SLW_OK};
    slw_policy_compare_parties(&comparing);
    compare_rules(&comparing);
    if (comparing.status != SLW_OK || changes.texts.status != SLW_OK) {
        slw_policy_changes_free(&changes);
        return SLW_NO_SPACE;
    }
    const char *texts = slw_heap_text(&changes.texts);
    for (size_t i = 0; i < changes.count; i++) {
        changes.items[i].text = texts + changes.items[i].offset;
    }
    *ret_changes = changes;
    return SLW_OK;
}

void slw_policy_changes_free(struct slw_policy_changes *changes)
{
    free(changes->items);
    slw_heap_drop(&changes->texts);
    *changes = (struct slw_policy_changes){0};
}

/* "Loosening takes effect loosening_delay_s of the **former** policy after it is logged;
 * everything else at once." */
int64_t slw_policy_in_force_utc_s(const struct slw_policy *former,
                                  const struct slw_policy_changes *changes, int64_t logged_utc_s)
{
    int64_t in_force_utc_s = 0;
    if (!changes->loosened) {
        return logged_utc_s;
    }
    return __builtin_add_overflow(logged_utc_s, (int64_t)former->loosening_delay_s, &in_force_utc_s)
               ? INT64_MAX
               : in_force_utc_s;
}
