/* SPDX-License-Identifier: Apache-2.0 */
/* Content rules themselves: whether they can be used, and what their patterns of names mean. */
#include "slipway/content_rules.h"

/*
 * Without recursion, and in at most pattern.len * name.len steps: when what follows the last `*`
 * doesn't fit, that `*` takes one byte more.
 */
bool slw_content_name_matches(struct slw_bytes pattern, struct slw_bytes name)
{
    size_t at = 0;
    size_t in_pattern = 0;
    size_t star = SIZE_MAX; /* place of the last `*`; and where what it stands for ends */
    size_t star_end = 0;
    while (at < name.len) {
        if (in_pattern < pattern.len && pattern.ptr[in_pattern] == '*') {
            star = in_pattern++;
            star_end = at;
        } else if (in_pattern < pattern.len && pattern.ptr[in_pattern] == name.ptr[at]) {
            in_pattern++;
            at++;
        } else if (star != SIZE_MAX && name.ptr[star_end] != '/') {
            in_pattern = star + 1;
            at = ++star_end;
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.len && pattern.ptr[in_pattern] == '*') {
        in_pattern++;
    }
    return in_pattern == pattern.len;
}

static enum slw_status check_words(const char *what, const struct slw_bytes *words, size_t count,
                                   struct slw_detail *detail)
{
    if (count > SLW_CONTENT_WORDS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "content rules with more than %u %s",
                           SLW_CONTENT_WORDS_MAX, what);
    }
    for (size_t i = 0; i < count; i++) {
        if (words[i].len == 0 || words[i].len > SLW_NAME_SIZE_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "content rules: %s are 1 to %u bytes long",
                               what, SLW_NAME_SIZE_MAX);
        }
    }
    return SLW_OK;
}

static enum slw_status check_patterns(const struct slw_content_rules *rules,
                                      struct slw_detail *detail)
{
    if (rules->forbidden_count > SLW_CONTENT_PATTERNS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "content rules with more than %u patterns",
                           SLW_CONTENT_PATTERNS_MAX);
    }
    for (size_t i = 0; i < rules->forbidden_count; i++) {
        const struct slw_content_pattern *pattern = &rules->forbidden[i];
        if (pattern->name.len == 0 || pattern->name.len > SLW_NAME_SIZE_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "content rules: names of patterns are 1 to %u bytes long",
                               SLW_NAME_SIZE_MAX);
        }
        if (pattern->bytes.len < SLW_CONTENT_PATTERN_SIZE_MIN ||
            pattern->bytes.len > SLW_CONTENT_PATTERN_SIZE_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "content rules: patterns are %u to %u bytes long",
                               SLW_CONTENT_PATTERN_SIZE_MIN, SLW_CONTENT_PATTERN_SIZE_MAX);
        }
    }
    return SLW_OK;
}

enum slw_status slw_content_rules_check(const struct slw_content_rules *rules,
                                        struct slw_detail *detail)
{
    SLW_TRY(check_words("names", rules->names, rules->names_count, detail));
    SLW_TRY(check_words("hardware ids", rules->hardware, rules->hardware_count, detail));
    SLW_TRY(check_words("slots", rules->slots, rules->slots_count, detail));
    SLW_TRY(check_patterns(rules, detail));
    if (rules->former_count > SLW_TARGETS_MAX || (rules->former_count > 0 && !rules->has_former)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "content rules with a former release that can't be one");
    }
    for (size_t i = 0; i < rules->former_count; i++) {
        if (rules->former[i].name.len > SLW_NAME_SIZE_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "content rules with a former target whose name is too long");
        }
    }
    if (rules->has_growth && rules->growth_percent > SLW_CONTENT_GROWTH_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "content rules: growth of more than %u percent", SLW_CONTENT_GROWTH_MAX);
    }
    if (rules->has_product && rules->product.len > SLW_NAME_SIZE_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "content rules: a product's name is too long");
    }
    return SLW_OK;
}
