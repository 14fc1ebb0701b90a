/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices a group has (spec/DEPOT.md, section 6): a query of terms inside terms. It is
 * checked when it is read, so that judging a device, which happens at every check-in, needs no
 * errors. Terms go SLW_GROUP_DEPTH_MAX deep at most.
 */
#include "slipway/rollout_plan.h"

#include "members.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum term_kind { TERM_ALL, TERM_ANY, TERM_NOT, TERM_TAG, TERM_ATTRIBUTE, TERM_KINDS };

static const char *const term_names[TERM_KINDS] = {"all", "any", "not", "tag", "attribute"};

/* --- Reading --- */

/* What a term is by its first name, with the value of that; TERM_KINDS for something else. */
static enum term_kind kind_of(const struct slw_json_document *json, uint32_t term,
                              uint32_t *ret_value)
{
    for (enum term_kind kind = TERM_ALL; kind < TERM_KINDS; kind++) {
        const char *name = term_names[kind];
        *ret_value = slw_json_member(json, term, slw_bytes_make(name, strlen(name)));
        if (*ret_value != SLW_JSON_NONE) {
            return kind;
        }
    }
    return TERM_KINDS;
}

static bool is_text(const struct slw_json_document *json, uint32_t value)
{
    struct slw_bytes text = slw_json_string(json, value);
    return slw_json_kind(json, value) == SLW_JSON_STRING && text.len > 0 && text.len <= 256;
}

static enum slw_status check_term(const struct slw_json_document *json, uint32_t term, size_t depth,
                                  size_t *terms, struct slw_detail *detail);

static enum slw_status check_terms(const struct slw_json_document *json, uint32_t array,
                                   size_t depth, size_t *terms, struct slw_detail *detail)
{
    uint32_t term;
    if (slw_json_kind(json, array) != SLW_JSON_ARRAY) {
        return slw_json_refuse(json, array, SLW_BAD_ARGUMENT, "must be an array", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    while (slw_json_walk_element(&walk, &term)) {
        SLW_TRY(check_term(json, term, depth + 1, terms, detail));
    }
    return SLW_OK;
}

static enum slw_status check_term(const struct slw_json_document *json, uint32_t term, size_t depth,
                                  size_t *terms, struct slw_detail *detail)
{
    uint32_t value;
    enum term_kind kind = kind_of(json, term, &value);
    uint32_t is = slw_json_member(json, term, SLW_BYTES_OF("is"));
    size_t members = kind == TERM_ATTRIBUTE ? 2 : 1;
    if (depth > SLW_GROUP_DEPTH_MAX || ++*terms > SLW_GROUP_TERMS_MAX) {
        return slw_json_refuse(json, term, SLW_TOO_LARGE, "has too many terms", detail);
    }
    if (kind == TERM_KINDS || slw_json_count(json, term) != members) {
        return slw_json_refuse(json, term, SLW_BAD_ARGUMENT,
                               "must be a term: all, any, not, tag, or attribute and is", detail);
    }
    switch (kind) {
    case TERM_ALL:
    case TERM_ANY:
        return check_terms(json, value, depth, terms, detail);
    case TERM_NOT:
        return check_term(json, value, depth + 1, terms, detail);
    case TERM_ATTRIBUTE:
        if (!is_text(json, is)) {
            return slw_json_refuse(json, term, SLW_BAD_ARGUMENT, "\"is\" must be a text", detail);
        }
        break;
    case TERM_TAG:
    case TERM_KINDS:
        break;
    }
    return is_text(json, value)
               ? SLW_OK
               : slw_json_refuse(json, value, SLW_BAD_ARGUMENT, "must be a text", detail);
}

enum slw_status slw_group_parse(struct slw_bytes text, struct slw_group *ret_group,
                                struct slw_detail *detail)
{
    struct slw_group group = {0};
    size_t terms = 0;
    enum slw_status status = rollout_json_open("group", text, &group.text, &group.json, detail);
    if (status == SLW_OK) {
        status = check_term(&group.json, SLW_JSON_TOP, 0, &terms, detail);
    }
    if (status != SLW_OK) {
        slw_group_free(&group);
        return status;
    }
    *ret_group = group;
    return SLW_OK;
}

void slw_group_free(struct slw_group *group)
{
    slw_json_document_free(&group->json);
    slw_heap_free(&group->text);
}

/* --- Judging --- */

static bool has_tag(const struct slw_group_subject *subject, struct slw_bytes tag)
{
    uint32_t value;
    if (subject->tags == NULL) {
        return false;
    }
    struct slw_json_walk walk = slw_json_walk_begin(subject->tags, SLW_JSON_TOP);
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_bytes_equal(slw_json_string(subject->tags, value), tag)) {
            return true;
        }
    }
    return false;
}

static bool has_attribute(const struct slw_group_subject *subject, struct slw_bytes name,
                          struct slw_bytes expected)
{
    char version[24];
    int len = snprintf(version, sizeof version, "%" PRId64, subject->version);
    const struct {
        struct slw_bytes name, value;
    } own[] = {
        {SLW_BYTES_OF("hardware"), subject->hardware},
        {SLW_BYTES_OF("class"), subject->key_class},
        {SLW_BYTES_OF("channel"), subject->channel},
        {SLW_BYTES_OF("version"), slw_bytes_make(version, (size_t)len)},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (slw_bytes_equal(own[i].name, name)) {
            return slw_bytes_equal(own[i].value, expected);
        }
    }
    if (subject->attributes == NULL) {
        return false;
    }
    uint32_t value = slw_json_member(subject->attributes, SLW_JSON_TOP, name);
    return slw_json_kind(subject->attributes, value) == SLW_JSON_STRING &&
           slw_bytes_equal(slw_json_string(subject->attributes, value), expected);
}

static bool term_matches(const struct slw_json_document *json, uint32_t term,
                         const struct slw_group_subject *subject);

/* Whether the array has a term that matches as wanted. */
static bool some_match(const struct slw_json_document *json, uint32_t array,
                       const struct slw_group_subject *subject, bool wanted)
{
    uint32_t term;
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    while (slw_json_walk_element(&walk, &term)) {
        if (term_matches(json, term, subject) == wanted) {
            return true;
        }
    }
    return false;
}

static bool term_matches(const struct slw_json_document *json, uint32_t term,
                         const struct slw_group_subject *subject)
{
    uint32_t value;
    switch (kind_of(json, term, &value)) {
    case TERM_ALL:
        return !some_match(json, value, subject, false);
    case TERM_ANY:
        return some_match(json, value, subject, true);
    case TERM_NOT:
        return !term_matches(json, value, subject);
    case TERM_TAG:
        return has_tag(subject, slw_json_string(json, value));
    case TERM_ATTRIBUTE:
        return has_attribute(
            subject, slw_json_string(json, value),
            slw_json_string(json, slw_json_member(json, term, SLW_BYTES_OF("is"))));
    case TERM_KINDS:
        break;
    }
    return false;
}

bool slw_group_matches(const struct slw_group *group, const struct slw_group_subject *subject)
{
    return term_matches(&group->json, SLW_JSON_TOP, subject);
}
