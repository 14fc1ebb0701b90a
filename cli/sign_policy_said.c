/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsements in a bundle, as facts for a policy: what each says, and by which of its keys. */
#include "sign_policy_facts.h"

#include <stdlib.h>
#include <string.h>

/* Reads what an envelope says; false when it is nothing that a policy asks about. */
static bool read_said(struct cli *cli, struct slw_bytes text, struct cli_endorsement *said)
{
    if (slw_dsse_parse("endorsement", text, &said->envelope, &cli->detail) != SLW_OK) {
        return false;
    }
    said->has_envelope = true;
    if (!slw_bytes_equal(said->envelope.payload_type, SLW_DSSE_INTOTO) ||
        slw_statement_parse("endorsement", said->envelope.payload, &said->statement,
                            &cli->detail) != SLW_OK) {
        return false;
    }
    said->has_statement = true;
    if (said->statement.kind == SLW_STATEMENT_PROVENANCE) {
        return slw_provenance_read(&said->statement, &said->provenance, &cli->detail) == SLW_OK;
    }
    return said->statement.kind == SLW_STATEMENT_TEST_RESULT &&
           slw_test_result_read(&said->statement, &said->result, &cli->detail) == SLW_OK;
}

static void add(struct cli_policy_facts *facts, const struct cli_endorsement *said,
                const struct slw_statement_key *key)
{
    struct slw_policy_facts *all = &facts->facts;
    if (said->statement.kind == SLW_STATEMENT_PROVENANCE &&
        all->endorsements_count < SLW_ENDORSEMENTS_MAX) {
        struct slw_policy_endorsement *to = &facts->endorsements[all->endorsements_count++];
        memcpy(to->signer_id, key->id, sizeof to->signer_id);
        to->says = &said->provenance;
    } else if (said->statement.kind == SLW_STATEMENT_TEST_RESULT &&
               all->results_count < SLW_ENDORSEMENTS_MAX) {
        struct slw_policy_result *to = &facts->results[all->results_count++];
        memcpy(to->signer_id, key->id, sizeof to->signer_id);
        to->says = &said->result;
    }
}

enum slw_status cli_policy_facts_endorse(struct cli *cli, const struct slw_policy *policy,
                                         struct cli_policy_facts *facts)
{
    const struct slw_statement_key **keys = NULL;
    size_t count = 0;
    facts->facts.endorsements = facts->endorsements;
    facts->facts.results = facts->results;
    SLW_TRY(slw_policy_statement_keys(policy, &keys, &count));
    for (size_t i = 0; i < facts->list.count; i++) {
        struct slw_dsse_signers signers = {0};
        struct cli_endorsement *said = &facts->said[i];
        if (!read_said(cli, facts->list.items[i], said)) {
            cli_note(cli, "endorsement %zu doesn't count: %s", i, cli->detail.text);
            continue;
        }
        if (slw_dsse_verify(&said->envelope, keys, count, SLW_DSSE_OUR_KEYS, &signers,
                            &cli->detail) != SLW_OK) {
            cli_note(cli, "endorsement %zu doesn't count: by nobody whom the policy knows", i);
            continue;
        }
        for (size_t k = 0; k < signers.count; k++) {
            add(facts, said, keys[signers.keys[k]]);
        }
    }
    free(keys);
    return SLW_OK;
}

void cli_policy_facts_forget(struct cli_policy_facts *facts)
{
    for (size_t i = 0; i < facts->list.count; i++) {
        struct cli_endorsement *said = &facts->said[i];
        slw_provenance_free(&said->provenance);
        if (said->has_statement) {
            slw_statement_free(&said->statement);
        }
        if (said->has_envelope) {
            slw_dsse_free(&said->envelope);
        }
    }
}
