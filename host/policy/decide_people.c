/* SPDX-License-Identifier: Apache-2.0 */
/* Who asked, who approved, and who said no. Persons are counted, whatever keys they have. */
#include "deciding.h"

#include "slipway/time_text.h"

#include <stdio.h>

#define NAMES_SIZE 256u
#define UNCOUNTED_SHOWN_MAX 3u

void slw_policy_require_requester(struct slw_policy_deciding *deciding)
{
    struct slw_policy_holder *holder = &deciding->requester;
    *holder = slw_policy_holder_of(deciding->policy, deciding->facts->requester_id);
    if (holder->kind == SLW_POLICY_NOBODY) {
        slw_policy_require(deciding, SLW_POLICY_NEED_REQUESTER, SLW_NOT_PERMITTED,
                           "the requester's key is nobody's in this policy");
        return;
    }
    /* "OpenSSH signatures count for approvals only." */
    if (holder->key->kind != SLW_STATEMENT_KEY_PUBLIC) {
        slw_policy_require(deciding, SLW_POLICY_NEED_REQUESTER, SLW_NOT_PERMITTED,
                           "%.*s asks with an OpenSSH key, which is for approvals only",
                           SLW_POLICY_SHOW(holder->party->name));
        return;
    }
    bool may_ask = false;
    for (size_t i = 0; i < deciding->rule->requesters.count; i++) {
        may_ask =
            may_ask || slw_bytes_equal(deciding->rule->requesters.items[i], holder->party->name);
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_REQUESTER, may_ask ? SLW_OK : SLW_NOT_PERMITTED,
                       may_ask ? "%.*s may ask" : "%.*s may not ask for this",
                       SLW_POLICY_SHOW(holder->party->name));
}

bool slw_policy_may_approve(const struct slw_policy_rule *rule,
                            const struct slw_policy_holder *holder)
{
    for (size_t i = 0; holder->kind == SLW_POLICY_PERSON && i < rule->approvers_count; i++) {
        if (rule->approvers[i] == holder->index) {
            return true;
        }
    }
    return false;
}

static bool same_digest(const uint8_t *left, const uint8_t *right)
{
    return memcmp(left, right, SLW_SHA256_SIZE) == 0;
}

/* "A statement over content digest, SHA-256 of the serialized targets metadata, key id, key class,
 * channel, policy version, request id and expiry": each is compared. */
static const char *differs(const struct slw_policy_deciding *deciding,
                           const struct slw_approval *says)
{
    const struct slw_policy_facts *facts = deciding->facts;
    if (!slw_bytes_equal(says->signer, facts->signer)) {
        return "it is for another service";
    }
    if (!same_digest(says->request, facts->request_id)) {
        return "it is about another request";
    }
    if (!says->approve) {
        return NULL;
    }
    if (!same_digest(says->content, facts->content_digest)) {
        return "it is about another build";
    }
    if (!same_digest(says->targets_sha256, facts->targets_sha256)) {
        return "it is about other metadata";
    }
    if (!same_digest(says->key_id, deciding->key->key.id)) {
        return "it is for another key";
    }
    if (says->key_class != deciding->key->key_class) {
        return "it is for another class of key";
    }
    if (!slw_bytes_equal(says->channel, facts->channel)) {
        return "it is for another channel";
    }
    return NULL;
}

static bool is_issued_later(int64_t issued_utc_s, int64_t now_utc_s)
{
    return now_utc_s < INT64_MAX - SLW_POLICY_CLOCK_SKEW_S &&
           issued_utc_s > now_utc_s + SLW_POLICY_CLOCK_SKEW_S;
}

/* A newer policy voids what was approved under an older one: who approved knew the older one. */
static const char *is_stale(const struct slw_policy_deciding *deciding,
                            const struct slw_approval *says)
{
    int64_t now_utc_s = deciding->facts->now_utc_s;
    if (!says->approve) {
        return NULL;
    }
    if (says->policy_version != deciding->policy->version) {
        return "it was given under another version of the policy";
    }
    if (says->expires_utc_s <= now_utc_s) {
        return "it expired";
    }
    return is_issued_later(says->issued_utc_s, now_utc_s) ? "it was issued in the future" : NULL;
}

static enum slw_status check_approval(const struct slw_policy_deciding *deciding,
                                      const struct slw_policy_approval *approval,
                                      struct slw_policy_holder *ret_holder, const char **ret_why)
{
    *ret_holder = slw_policy_holder_of(deciding->policy, approval->signer_id);
    *ret_why = "it is by nobody who may approve this";
    if (!slw_policy_may_approve(deciding->rule, ret_holder)) {
        return SLW_NOT_PERMITTED;
    }
    *ret_why = differs(deciding, approval->says);
    if (*ret_why != NULL) {
        return SLW_BAD_STATEMENT;
    }
    *ret_why = is_stale(deciding, approval->says);
    return *ret_why != NULL ? SLW_STALE_STATEMENT : SLW_OK;
}

enum slw_status slw_policy_check_approval(const struct slw_policy *policy,
                                          const struct slw_policy_facts *facts,
                                          const struct slw_policy_approval *approval,
                                          struct slw_detail *detail)
{
    struct slw_policy_deciding deciding = {.policy = policy, .facts = facts};
    struct slw_policy_holder holder;
    const char *why = NULL;
    deciding.key = slw_policy_signing_key(policy, facts->key);
    if (deciding.key != NULL && deciding.key->use == facts->operation) {
        deciding.rule = slw_policy_rule_for(policy, deciding.key, facts->channel, facts->role);
    }
    if (deciding.rule == NULL) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "no rule is about the request");
    }
    enum slw_status status = check_approval(&deciding, approval, &holder, &why);
    return status == SLW_OK ? SLW_OK : slw_explain(detail, status, "%s", why);
}

/* What was found among the approvals. */
struct tally {
    bool counted[SLW_POLICY_PARTIES_MAX]; /* by person */
    uint32_t persons;
    bool has_other;   /* one of them isn't the requester */
    size_t uncounted; /* approvals that don't count */
    size_t names_len;
    char names[NAMES_SIZE]; /* ", ada, ben" */
    size_t whys_len;
    char whys[NAMES_SIZE]; /* "; ben: it expired" */
};

static void append(char *text, size_t *len, const char *before, struct slw_bytes name,
                   const char *behind)
{
    int added =
        snprintf(text + *len, NAMES_SIZE - *len, "%s%.*s%s", before, SLW_POLICY_SHOW(name), behind);
    if (added > 0) {
        *len = *len + (size_t)added < NAMES_SIZE ? *len + (size_t)added : NAMES_SIZE - 1;
    }
}

static void skip_approval(struct tally *tally, const struct slw_policy_holder *holder,
                          const char *why)
{
    if (tally->uncounted++ < UNCOUNTED_SHOWN_MAX) {
        append(tally->whys, &tally->whys_len, "; not counted: ",
               holder->party != NULL ? holder->party->name : SLW_BYTES_OF("somebody"), ", ");
        append(tally->whys, &tally->whys_len, why, SLW_BYTES_OF(""), "");
    }
}

static void tally_approvals(const struct slw_policy_deciding *deciding, struct tally *tally)
{
    const struct slw_policy_holder *requester = &deciding->requester;
    for (size_t i = 0; i < deciding->facts->approvals_count; i++) {
        const struct slw_policy_approval *approval = &deciding->facts->approvals[i];
        struct slw_policy_holder holder;
        const char *why = NULL;
        if (!approval->says->approve) {
            continue;
        }
        if (check_approval(deciding, approval, &holder, &why) != SLW_OK) {
            skip_approval(tally, &holder, why);
            continue;
        }
        /* One person with two keys is one person. */
        if (tally->counted[holder.index]) {
            continue;
        }
        tally->counted[holder.index] = true;
        tally->persons++;
        tally->has_other = tally->has_other || requester->kind != SLW_POLICY_PERSON ||
                           requester->index != holder.index;
        append(tally->names, &tally->names_len, ", ", holder.party->name, "");
    }
}

/* A rejection by anybody who may approve is the end of a request; it needn't be fresh. */
static void require_no_rejection(struct slw_policy_deciding *deciding)
{
    for (size_t i = 0; i < deciding->facts->approvals_count; i++) {
        const struct slw_policy_approval *approval = &deciding->facts->approvals[i];
        struct slw_policy_holder holder;
        const char *why = NULL;
        if (!approval->says->approve &&
            check_approval(deciding, approval, &holder, &why) == SLW_OK) {
            slw_policy_require(deciding, SLW_POLICY_NEED_NO_REJECTION, SLW_MISSING_APPROVAL,
                               "%.*s rejected it", SLW_POLICY_SHOW(holder.party->name));
            return;
        }
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_NO_REJECTION, SLW_OK, "nobody rejected it");
}

void slw_policy_require_approvals(struct slw_policy_deciding *deciding)
{
    struct tally tally = {0};
    uint32_t wanted = deciding->rule->approvals_count;
    if (wanted == 0) {
        return;
    }
    require_no_rejection(deciding);
    tally_approvals(deciding, &tally);
    deciding->decision->approvals_good = tally.persons;
    bool enough = tally.persons >= wanted;
    /* "At least one approver isn't the requester." */
    bool good = enough && tally.has_other;
    slw_policy_require(deciding, SLW_POLICY_NEED_APPROVAL, good ? SLW_OK : SLW_MISSING_APPROVAL,
                       "approved by %u of %u persons%s%s%s%s", tally.persons, wanted,
                       tally.names_len > 0 ? ": " : "", tally.names_len > 0 ? tally.names + 2 : "",
                       enough && !good ? ", who asked for it" : "", tally.whys);
}
