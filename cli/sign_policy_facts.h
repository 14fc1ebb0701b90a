/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of a request that nobody made yet: from a bundle, and from what is assumed. */
#ifndef SLIPWAY_CLI_SIGN_POLICY_FACTS_H
#define SLIPWAY_CLI_SIGN_POLICY_FACTS_H

#include "build.h"
#include "sign_policy.h"

#include "slipway/endorsements.h"
#include "slipway/policy_decide.h"

#define CLI_POLICY_APPROVE_MAX SLW_POLICY_PARTIES_MAX

/* An endorsement of the bundle whose signature was good; statement and provenance hold memory. */
struct cli_endorsement {
    struct slw_dsse envelope;
    struct slw_statement statement;
    struct slw_provenance provenance;
    struct slw_test_result result;
    bool has_envelope;
    bool has_statement;
};

/* Everything that the facts point into. Points into itself: not to be copied. */
struct cli_policy_facts {
    struct slw_policy_facts facts;
    bool has_bundle;
    struct cli_build build;
    struct slw_endorsements list;
    struct cli_endorsement said[SLW_ENDORSEMENTS_MAX];
    struct slw_policy_endorsement endorsements[SLW_ENDORSEMENTS_MAX];
    struct slw_policy_result results[SLW_ENDORSEMENTS_MAX];
    struct slw_approval approval; /* the one that is assumed of each person */
    struct slw_policy_approval approvals[CLI_POLICY_APPROVE_MAX];
    struct slw_detail judged; /* what a judge says, if it isn't good */
    int64_t *signed_utc_s;    /* of --signed; NULL: nothing is known */
    struct slw_heap_buffer previous;
    struct slw_content_former *former; /* the targets of --previous */
    size_t former_count;
    bool has_former;
};

/* Says what is wrong when it fails. Free in either case. */
enum cli_exit cli_policy_facts_gather(struct cli *cli, const struct slw_policy *policy,
                                      const struct cli_arguments *arguments,
                                      struct cli_policy_facts *ret_facts);
void cli_policy_facts_free(struct cli_policy_facts *facts);

/* sign_policy_state.c: what the caller knows of former signatures; and what nobody knows here. */
enum cli_exit cli_policy_facts_remember(struct cli *cli, const struct cli_arguments *arguments,
                                        struct cli_policy_facts *facts);
void cli_policy_facts_unremember(struct cli_policy_facts *facts);

struct cli_policy_unknown {
    const char *need; /* "rate", "growth", "validator" */
    struct slw_heap_buffer text;
};
struct cli_policy_unknowns {
    struct cli_policy_unknown list[SLW_POLICY_VALIDATORS_MAX + 2];
    size_t count;
};
/* Texts are empty before; free them. */
void cli_policy_unknowns_find(const struct slw_policy *policy, const struct cli_policy_facts *facts,
                              struct cli_policy_unknowns *ret_unknowns);
void cli_policy_unknowns_free(struct cli_policy_unknowns *unknowns);

/* sign_policy_said.c: which endorsements of the bundle are by people and machines of the policy. */
enum slw_status cli_policy_facts_endorse(struct cli *cli, const struct slw_policy *policy,
                                         struct cli_policy_facts *facts);
void cli_policy_facts_forget(struct cli_policy_facts *facts);

#endif
