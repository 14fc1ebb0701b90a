/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy says to one request: a pure function of the policy and of facts that the caller
 * established. It reads nothing, has no clock, and remembers nothing, so that the key process asks
 * it when a request comes, when an approval joins, and again at the moment of signing; and
 * `slipway sign policy explain` asks it before anything is sent.
 *
 *     struct slw_policy_decision decision;
 *     SLW_TRY(slw_policy_decide(policy, &facts, &decision, detail));
 *     if (decision.outcome == SLW_POLICY_ALLOWED) ...
 *     slw_policy_decision_free(&decision);
 *
 * Every requirement is looked at whatever became of the others: the list has all of them. What
 * isn't said is refused: facts of zeros, a policy without rules and a decision that wasn't made all
 * read as SLW_POLICY_REFUSED.
 *
 * Facts are what was **verified**: an endorsement, a test result or an approval stands here with
 * the id of the key that signed it, and only when that signature was good. Everything that it says
 * is compared here, so the caller selects nothing. More facts never turn a permission into a
 * refusal, rejections apart: an endorsement, a test result or an approval that doesn't fit counts
 * for nothing.
 */
#ifndef SLIPWAY_POLICY_DECIDE_H
#define SLIPWAY_POLICY_DECIDE_H

#include "slipway/policy.h"
#include "slipway/provenance.h"
#include "slipway/statements.h"

#define SLW_POLICY_ENDORSEMENTS_MAX 64u
#define SLW_POLICY_RESULTS_MAX 256u
#define SLW_POLICY_APPROVALS_MAX 256u
/* A statement may be issued so much later than the key process's clock says. */
#define SLW_POLICY_CLOCK_SKEW_S 300

/* A verified statement: what it says, and the id of the key whose signature on it was good. */
struct slw_policy_endorsement {
    uint8_t signer_id[SLW_SHA256_SIZE];
    const struct slw_provenance *says;
};

/* PASSED alone counts: a test that warned didn't pass. */
struct slw_policy_result {
    uint8_t signer_id[SLW_SHA256_SIZE];
    const struct slw_test_result *says;
};

/* An approval or a rejection. */
struct slw_policy_approval {
    uint8_t signer_id[SLW_SHA256_SIZE];
    const struct slw_approval *says;
};

/* What the judge found. */
enum slw_policy_judged {
    SLW_POLICY_NOT_JUDGED = 0,
    SLW_POLICY_JUDGED_GOOD,
    SLW_POLICY_JUDGED_BAD, /* with judged_reason */
};

struct slw_policy_facts {
    /* The request: all members that must be there for every operation. */
    uint8_t requester_id[SLW_SHA256_SIZE]; /* of the key whose signature on the request was good */
    uint8_t request_id[SLW_SHA256_SIZE];
    enum slw_policy_use operation;
    struct slw_bytes key;     /* by its name in the policy */
    struct slw_bytes channel; /* empty: none named */
    struct slw_bytes role;    /* of SLW_POLICY_USE_ROLE */
    int64_t issued_utc_s;
    int64_t expires_utc_s;

    /* What would be signed. */
    struct slw_bytes product;                /* as the bundle says it; roots and roles: empty */
    enum slw_key_class root_class;           /* of the bundle's root, or of the root itself */
    enum slw_build_type build_type;          /* as the bundle says it */
    uint8_t content_digest[SLW_SHA256_SIZE]; /* what approvals are about: section 2 */
    uint8_t targets_sha256[SLW_SHA256_SIZE]; /* of the very bytes to sign */
    bool adds_targets;   /* of a role: the difference adds or replaces a target */
    bool release_signed; /* and every such target is a bundle that was signed here, of this class */

    /* The service. */
    struct slw_bytes signer; /* the origin of its log */
    bool key_in_token;       /* the signing key can't leave its token */
    int64_t now_utc_s;
    int64_t time_mark_utc_s; /* of the last entry of the log: time never falls below it */
    /* When this rule's product, class and use had signatures before; the last per_s of the rule are
     * enough, in any order. */
    const int64_t *signed_utc_s;
    size_t signed_count;
    enum slw_policy_judged judged;
    enum slw_status judged_reason; /* wrong-content, validator-failed, … */
    const char *judged_detail;     /* NULL: none */
    bool is_brief;                 /* nobody reads of what is met: its text is empty */

    const struct slw_policy_endorsement *endorsements;
    size_t endorsements_count;
    const struct slw_policy_result *results;
    size_t results_count;
    const struct slw_policy_approval *approvals;
    size_t approvals_count;
};

enum slw_policy_outcome {
    SLW_POLICY_REFUSED = 0,
    SLW_POLICY_UNJUDGED, /* nothing is against it so far: ask the judge */
    SLW_POLICY_WAITING,  /* approvals or the hour are missing, nothing else */
    SLW_POLICY_ALLOWED,
};

/* What may be required, in the order in which it is looked at. */
enum slw_policy_need {
    SLW_POLICY_NEED_CLOCK = 1, /* time didn't fall */
    SLW_POLICY_NEED_KEY,       /* the service has the key, and it is for this */
    SLW_POLICY_NEED_RULE,      /* a rule is about it */
    SLW_POLICY_NEED_REQUESTER, /* who may ask */
    SLW_POLICY_NEED_FRESH,     /* the request is of now */
    SLW_POLICY_NEED_PRODUCT,   /* the key is for the bundle's product */
    SLW_POLICY_NEED_CLASS,     /* of key and root */
    SLW_POLICY_NEED_TOKEN,     /* production keys are in tokens */
    SLW_POLICY_NEED_BUILD_TYPE,
    SLW_POLICY_NEED_BUILDER,
    SLW_POLICY_NEED_TEST,    /* one for each suite */
    SLW_POLICY_NEED_RELEASE, /* a production role lists what was signed here */
    SLW_POLICY_NEED_RATE,
    SLW_POLICY_NEED_CONTENT, /* what the judge looks at */
    SLW_POLICY_NEED_NO_REJECTION,
    SLW_POLICY_NEED_APPROVAL,
    SLW_POLICY_NEED_HOURS,
};

enum slw_policy_answer {
    SLW_POLICY_NOT_MET = 0,
    SLW_POLICY_UNKNOWN, /* not judged yet */
    SLW_POLICY_MET,
};

struct slw_policy_requirement {
    enum slw_policy_need need;
    enum slw_policy_answer answer;
    enum slw_status reason; /* SLW_OK when it is met or unknown */
    bool may_still_be_met;  /* not met: by waiting */
    const char *text;       /* one line, for people: what is required, and why it is (not) met */
    size_t text_offset;     /* private */
};

struct slw_policy_decision {
    enum slw_policy_outcome outcome;
    enum slw_status reason; /* of the requirement that decides; SLW_OK: allowed or unjudged */
    struct slw_policy_requirement *requirements;
    size_t count;
    const struct slw_policy_rule *rule; /* the policy's; NULL when there is none */
    uint32_t approvals_good;            /* persons whose approval counts */
    struct slw_heap_buffer texts;       /* private: what the texts point into */
};

/* What a key must be for, to do this operation. */
enum slw_policy_use slw_policy_use_for(enum slw_operation operation);

/*
 * Decides. The status is about memory and limits alone (SLW_NO_SPACE, SLW_TOO_LARGE): what the
 * policy says is the decision's outcome. detail is filled when it isn't SLW_POLICY_ALLOWED with
 * the text of the requirement that decides. Free the decision when SLW_OK was returned.
 */
SLW_MUST_USE enum slw_status slw_policy_decide(const struct slw_policy *policy,
                                               const struct slw_policy_facts *facts,
                                               struct slw_policy_decision *ret_decision,
                                               struct slw_detail *detail);
void slw_policy_decision_free(struct slw_policy_decision *decision);

/*
 * Whether an approval or a rejection is one for this request that counts under this policy: what
 * slw_policy_decide() asks of each, and what a service tells whoever sent it. SLW_OK, or
 * SLW_NOT_PERMITTED: not by a person who may approve this; SLW_BAD_STATEMENT: about another
 * request, build, metadata, key, class or channel, or for another service; SLW_STALE_STATEMENT: of
 * another version of the policy, expired, or issued in the future. A rejection is bound to service
 * and request alone, and doesn't age.
 */
SLW_MUST_USE enum slw_status slw_policy_check_approval(const struct slw_policy *policy,
                                                       const struct slw_policy_facts *facts,
                                                       const struct slw_policy_approval *approval,
                                                       struct slw_detail *detail);

/* Whether it is a person whom the rule lets approve. */
bool slw_policy_may_approve(const struct slw_policy_rule *rule,
                            const struct slw_policy_holder *holder);

/* "requester", "builder", … as `explain --json` has it. */
const char *slw_policy_need_name(enum slw_policy_need need);

/* Whether signatures may be made at this time. */
bool slw_policy_hours_allow(const struct slw_policy_hours *hours, int64_t utc_s);

#endif
