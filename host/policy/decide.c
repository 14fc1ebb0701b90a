/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision: every requirement in its order, then what follows from all of them. What isn't
 * asked by a rule isn't in the list; what no rule can waive is in each.
 */
#include "deciding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_SIZE 768u

static const char *const need_names[] = {
    [0] = "nothing",
    [SLW_POLICY_NEED_CLOCK] = "clock",
    [SLW_POLICY_NEED_KEY] = "key",
    [SLW_POLICY_NEED_RULE] = "rule",
    [SLW_POLICY_NEED_REQUESTER] = "requester",
    [SLW_POLICY_NEED_FRESH] = "fresh",
    [SLW_POLICY_NEED_PRODUCT] = "product",
    [SLW_POLICY_NEED_CLASS] = "class",
    [SLW_POLICY_NEED_TOKEN] = "token",
    [SLW_POLICY_NEED_BUILD_TYPE] = "build-type",
    [SLW_POLICY_NEED_BUILDER] = "builder",
    [SLW_POLICY_NEED_TEST] = "test",
    [SLW_POLICY_NEED_RELEASE] = "release",
    [SLW_POLICY_NEED_RATE] = "rate",
    [SLW_POLICY_NEED_CONTENT] = "content",
    [SLW_POLICY_NEED_NO_REJECTION] = "no-rejection",
    [SLW_POLICY_NEED_APPROVAL] = "approval",
    [SLW_POLICY_NEED_HOURS] = "hours",
};

const char *slw_policy_need_name(enum slw_policy_need need)
{
    return (size_t)need < sizeof need_names / sizeof need_names[0] ? need_names[need] : "unknown";
}

void slw_policy_require(struct slw_policy_deciding *deciding, enum slw_policy_need need,
                        enum slw_status reason, const char *format, ...)
{
    char line[LINE_SIZE];
    line[0] = '\0';
    struct slw_policy_decision *decision = deciding->decision;
    if (reason != SLW_OK || !deciding->facts->is_brief) {
        va_list arguments;
        va_start(arguments, format);
        /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
        // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
        vsnprintf(line, sizeof line, format, arguments);
        va_end(arguments);
    }
    struct slw_policy_requirement *grown =
        slw_heap_grow(decision->requirements, decision->count, sizeof *grown);
    if (grown == NULL) {
        deciding->status = SLW_NO_SPACE;
        return;
    }
    decision->requirements = grown;
    decision->requirements[decision->count++] = (struct slw_policy_requirement){
        .need = need,
        .answer = reason == SLW_OK ? SLW_POLICY_MET : SLW_POLICY_NOT_MET,
        .reason = reason,
        .may_still_be_met =
            reason != SLW_OK && (need == SLW_POLICY_NEED_APPROVAL || need == SLW_POLICY_NEED_HOURS),
        .text_offset = decision->texts.len,
    };
    slw_heap_append(&decision->texts, slw_bytes_make(line, strlen(line) + 1));
}

/* "A signing key of the policy's, by its exact name, for this use." */
static bool require_key(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    deciding->key = slw_policy_signing_key(deciding->policy, facts->key);
    if (deciding->key == NULL) {
        slw_policy_require(deciding, SLW_POLICY_NEED_KEY, SLW_UNKNOWN_KEY,
                           "there is no key with this name");
        return false;
    }
    if (deciding->key->use != facts->operation) {
        slw_policy_require(deciding, SLW_POLICY_NEED_KEY, SLW_NOT_PERMITTED,
                           "key %.*s is for %s, not for %s", SLW_POLICY_SHOW(deciding->key->name),
                           slw_policy_use_name(deciding->key->use),
                           slw_policy_use_name(facts->operation));
        return false;
    }
    slw_policy_require(
        deciding, SLW_POLICY_NEED_KEY, SLW_OK, "key %.*s: %.*s, class %s, for %s",
        SLW_POLICY_SHOW(deciding->key->name), SLW_POLICY_SHOW(deciding->key->product),
        slw_policy_class_name(deciding->key->key_class), slw_policy_use_name(deciding->key->use));
    return true;
}

/* Exactly one rule is meant; the parser saw to it that there aren't two. */
static bool require_rule(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    char place[SLW_POLICY_PLACE_SIZE];
    deciding->rule =
        slw_policy_rule_for(deciding->policy, deciding->key, facts->channel, facts->role);
    deciding->decision->rule = deciding->rule;
    if (deciding->rule == NULL) {
        slw_policy_require(deciding, SLW_POLICY_NEED_RULE, SLW_NOT_PERMITTED,
                           "no rule is for %.*s, class %s, %s, %s%s",
                           SLW_POLICY_SHOW(deciding->key->product),
                           slw_policy_class_name(deciding->key->key_class),
                           slw_policy_use_name(deciding->key->use),
                           facts->channel.len > 0 ? "this channel" : "no channel",
                           facts->operation == SLW_POLICY_USE_ROLE ? " and this role" : "");
        return false;
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_RULE, SLW_OK, "%s decides",
                       slw_policy_rule_place(deciding->policy, deciding->rule, place));
    return true;
}

/* "A file key of class prod is refused." No rule can allow it. */
static void require_class(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    enum slw_key_class key_class = deciding->key->key_class;
    if (facts->operation != SLW_POLICY_USE_ROLE) {
        bool differs = facts->root_class != SLW_KEY_CLASS_NONE && facts->root_class != key_class;
        slw_policy_require(deciding, SLW_POLICY_NEED_CLASS, differs ? SLW_WRONG_CLASS : SLW_OK,
                           "the key is of class %s, the root of class %s",
                           slw_policy_class_name(key_class),
                           slw_policy_class_name(facts->root_class));
    }
    if (key_class == SLW_KEY_CLASS_PROD) {
        slw_policy_require(deciding, SLW_POLICY_NEED_TOKEN,
                           facts->key_in_token ? SLW_OK : SLW_WRONG_CLASS,
                           facts->key_in_token ? "the production key is in a token"
                                               : "a production key must be in a token, not a file");
    }
}

/* "Adding to a production role needs a bundle that it signed and an approval naming that channel."
 */
static void require_release(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    if (facts->operation != SLW_POLICY_USE_ROLE || !facts->adds_targets ||
        deciding->key->key_class != SLW_KEY_CLASS_PROD) {
        return;
    }
    slw_policy_require(
        deciding, SLW_POLICY_NEED_RELEASE, facts->release_signed ? SLW_OK : SLW_NOT_PERMITTED,
        facts->release_signed ? "what is added was signed here"
                              : "what is added to a production role must be a bundle signed here");
}

static void require_content(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    const char *why = facts->judged_detail != NULL ? facts->judged_detail : "";
    if (facts->operation != SLW_POLICY_USE_TARGETS) {
        return;
    }
    switch (facts->judged) {
    case SLW_POLICY_JUDGED_GOOD:
        slw_policy_require(deciding, SLW_POLICY_NEED_CONTENT, SLW_OK,
                           "the content keeps the rules");
        return;
    case SLW_POLICY_JUDGED_BAD:
        slw_policy_require(deciding, SLW_POLICY_NEED_CONTENT,
                           facts->judged_reason != SLW_OK ? facts->judged_reason
                                                          : SLW_WRONG_CONTENT,
                           "%s", *why != '\0' ? why : "the content doesn't keep the rules");
        return;
    case SLW_POLICY_NOT_JUDGED:
        break;
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_CONTENT, SLW_WRONG_CONTENT,
                       "the content is yet to be judged");
    if (deciding->status == SLW_OK && facts->judged == SLW_POLICY_NOT_JUDGED) {
        struct slw_policy_requirement *last =
            &deciding->decision->requirements[deciding->decision->count - 1];
        last->answer = SLW_POLICY_UNKNOWN;
        last->reason = SLW_OK;
    }
}

/* Every requirement, whatever became of the ones before; without key or rule there are no others.
 */
static bool require_all(struct slw_policy_deciding *deciding)
{
    slw_policy_require_clock(deciding);
    if (!require_key(deciding) || !require_rule(deciding)) {
        return false;
    }
    slw_policy_require_requester(deciding);
    slw_policy_require_fresh(deciding);
    require_class(deciding);
    slw_policy_require_build(deciding);
    require_release(deciding);
    slw_policy_require_rate(deciding);
    require_content(deciding);
    slw_policy_require_approvals(deciding);
    slw_policy_require_hours(deciding);
    return true;
}

static const struct slw_policy_requirement *first(const struct slw_policy_decision *decision,
                                                  enum slw_policy_answer answer,
                                                  bool may_still_be_met)
{
    for (size_t i = 0; i < decision->count; i++) {
        const struct slw_policy_requirement *requirement = &decision->requirements[i];
        if (requirement->answer == answer && requirement->may_still_be_met == may_still_be_met) {
            return requirement;
        }
    }
    return NULL;
}

/* What can't be mended refuses, whatever else is open; then the judge is asked, then people. */
static void conclude(struct slw_policy_decision *decision, struct slw_detail *detail)
{
    const struct slw_policy_requirement *final = first(decision, SLW_POLICY_NOT_MET, false);
    const struct slw_policy_requirement *unknown = first(decision, SLW_POLICY_UNKNOWN, false);
    const struct slw_policy_requirement *open = first(decision, SLW_POLICY_NOT_MET, true);
    const struct slw_policy_requirement *decides = final != NULL ? final : unknown;
    enum slw_policy_outcome outcome = final != NULL ? SLW_POLICY_REFUSED : SLW_POLICY_UNJUDGED;
    if (decides == NULL) {
        decides = open;
        outcome = open != NULL ? SLW_POLICY_WAITING : SLW_POLICY_ALLOWED;
    }
    decision->outcome = outcome;
    decision->reason = decides != NULL ? decides->reason : SLW_OK;
    if (decides != NULL) {
        (void)slw_explain(detail, decides->reason, "%s", decides->text);
    }
}

static void place_texts(struct slw_policy_decision *decision)
{
    const char *texts = slw_heap_text(&decision->texts);
    for (size_t i = 0; i < decision->count; i++) {
        decision->requirements[i].text = texts + decision->requirements[i].text_offset;
    }
}

enum slw_status slw_policy_decide(const struct slw_policy *policy,
                                  const struct slw_policy_facts *facts,
                                  struct slw_policy_decision *ret_decision,
                                  struct slw_detail *detail)
{
    struct slw_policy_decision decision = {0};
    struct slw_policy_deciding deciding = {
        .policy = policy, .facts = facts, .decision = &decision, .status = SLW_OK};
    if (facts->endorsements_count > SLW_POLICY_ENDORSEMENTS_MAX ||
        facts->results_count > SLW_POLICY_RESULTS_MAX ||
        facts->approvals_count > SLW_POLICY_APPROVALS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE,
                           "there are more endorsements, test results or approvals than %u, %u, %u",
                           SLW_POLICY_ENDORSEMENTS_MAX, SLW_POLICY_RESULTS_MAX,
                           SLW_POLICY_APPROVALS_MAX);
    }
    bool complete = require_all(&deciding);
    if (deciding.status != SLW_OK || decision.texts.status != SLW_OK) {
        slw_policy_decision_free(&decision);
        return slw_explain_no_memory(detail);
    }
    place_texts(&decision);
    conclude(&decision, detail);
    if (!complete && decision.outcome != SLW_POLICY_REFUSED) {
        decision.outcome = SLW_POLICY_REFUSED;
        decision.reason = SLW_NOT_PERMITTED;
    }
    *ret_decision = decision;
    return SLW_OK;
}

void slw_policy_decision_free(struct slw_policy_decision *decision)
{
    free(decision->requirements);
    slw_heap_drop(&decision->texts);
    *decision = (struct slw_policy_decision){0};
}

enum slw_policy_use slw_policy_use_for(enum slw_operation operation)
{
    switch (operation) {
    case SLW_OPERATION_SIGN_TARGETS:
        return SLW_POLICY_USE_TARGETS;
    case SLW_OPERATION_SIGN_ROOT:
        return SLW_POLICY_USE_ROOT;
    case SLW_OPERATION_SIGN_ROLE:
        return SLW_POLICY_USE_ROLE;
    }
    return 0;
}
