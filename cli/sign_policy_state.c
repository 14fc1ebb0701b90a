/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decision depends on besides the request: what was signed before, and validators on the
 * service's machine. `slipway sign policy explain` takes what its caller knows of it, from the
 * log's records, and says what it can't know.
 */
#include "bundle.h"
#include "sign_policy_facts.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

#include <stdlib.h>
#include <string.h>

/* Times of former signatures, for the rate. */
static enum cli_exit read_times(struct cli *cli, const struct cli_arguments *arguments,
                                struct cli_policy_facts *facts)
{
    size_t count = cli_count(arguments, "--signed");
    if (count == 0) {
        return CLI_DONE;
    }
    facts->signed_utc_s = calloc(count, sizeof *facts->signed_utc_s);
    if (facts->signed_utc_s == NULL) {
        return cli_error(cli, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = cli_nth(arguments, "--signed", i);
        if (slw_time_parse(text, facts->facts.now_utc_s, &facts->signed_utc_s[i]) != SLW_OK ||
            facts->signed_utc_s[i] > facts->facts.now_utc_s) {
            return cli_usage(cli, "--signed %s: not a time that has been", text);
        }
    }
    facts->facts.signed_utc_s = facts->signed_utc_s;
    facts->facts.signed_count = count;
    return CLI_DONE;
}

/* The last release, for growth and for what may be left out. */
static enum cli_exit read_previous(struct cli *cli, const char *path,
                                   struct cli_policy_facts *facts)
{
    struct cli_bundle_file bundle;
    enum cli_exit code = cli_bundle_open(cli, path, &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    slw_heap_append(&facts->previous, bundle.targets.serialized);
    bool is_release = bundle.index.has_targets;
    cli_bundle_close(&bundle);
    enum slw_status status =
        is_release
            ? slw_content_former_read(slw_heap_bytes(&facts->previous), &facts->former,
                                      &facts->former_count, &cli->detail)
            : slw_explain(&cli->detail, SLW_MISSING_TARGETS, "%s: no targets metadata", path);
    facts->has_former = status == SLW_OK;
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

enum cli_exit cli_policy_facts_remember(struct cli *cli, const struct cli_arguments *arguments,
                                        struct cli_policy_facts *facts)
{
    const char *previous = cli_value(arguments, "--previous");
    enum cli_exit code = read_times(cli, arguments, facts);
    return code == CLI_DONE && previous != NULL ? read_previous(cli, previous, facts) : code;
}

void cli_policy_facts_unremember(struct cli_policy_facts *facts)
{
    free(facts->signed_utc_s);
    free(facts->former);
    slw_heap_free(&facts->previous);
}

static struct slw_heap_buffer *next(struct cli_policy_unknowns *unknowns, const char *need)
{
    struct cli_policy_unknown *unknown = &unknowns->list[unknowns->count++];
    unknown->need = need;
    return &unknown->text;
}

static void name_validator(const struct slw_policy_validator *validator,
                           struct slw_heap_buffer *text)
{
    slw_escape(validator->program, text);
    for (size_t i = 0; i < validator->arguments.count; i++) {
        slw_heap_append_text(text, " ");
        slw_escape(validator->arguments.items[i], text);
    }
    slw_heap_append_text(text, " runs at the service: give it the bundle as standard input");
}

void cli_policy_unknowns_find(const struct slw_policy *policy, const struct cli_policy_facts *facts,
                              struct cli_policy_unknowns *ret_unknowns)
{
    const struct slw_policy_facts *all = &facts->facts;
    const struct slw_policy_signing_key *key = slw_policy_signing_key(policy, all->key);
    const struct slw_policy_rule *rule =
        key == NULL ? NULL : slw_policy_rule_for(policy, key, all->channel, all->role);
    ret_unknowns->count = 0;
    if (rule == NULL) {
        return;
    }
    if (rule->rate.given && facts->signed_utc_s == NULL) {
        slw_heap_printf(next(ret_unknowns, "rate"),
                        "what was signed in the last %u s: say --signed TIME for each signature",
                        rule->rate.per_s);
    }
    if (facts->has_bundle && rule->content.has_growth && !facts->has_former) {
        slw_heap_append_text(next(ret_unknowns, "growth"),
                             "the last release by a key of this class: give it with --previous");
    }
    for (size_t i = 0; facts->has_bundle && i < rule->validators_count; i++) {
        name_validator(&rule->validators[i], next(ret_unknowns, "validator"));
    }
}

void cli_policy_unknowns_free(struct cli_policy_unknowns *unknowns)
{
    for (size_t i = 0; i < unknowns->count; i++) {
        slw_heap_free(&unknowns->list[i].text);
    }
}
