/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign policy explain`: asks the policy about a request that nobody has made yet, with
 * what is in the bundle, and with approvals that are assumed. It tells every requirement, by the
 * code that decides in the service.
 */
#include "sign_policy_facts.h"
#include "values.h"

#include "slipway/explain.h"

#include <string.h>

#define AT_LEAST_WIDTH 12

static const char *answer_word(enum slw_policy_answer answer)
{
    switch (answer) {
    case SLW_POLICY_MET:
        return "met";
    case SLW_POLICY_UNKNOWN:
        return "unknown";
    case SLW_POLICY_NOT_MET:
        break;
    }
    return "missing";
}

static const char *outcome_word(enum slw_policy_outcome outcome)
{
    switch (outcome) {
    case SLW_POLICY_ALLOWED:
        return "allowed";
    case SLW_POLICY_WAITING:
        return "waiting";
    case SLW_POLICY_UNJUDGED:
        return "unjudged";
    case SLW_POLICY_REFUSED:
        break;
    }
    return "refused";
}

static void tell_text(const struct cli *cli, const struct slw_policy_decision *decision,
                      struct cli_policy_unknowns *unknowns, struct slw_heap_buffer *text)
{
    for (size_t i = 0; i < decision->count; i++) {
        const struct slw_policy_requirement *requirement = &decision->requirements[i];
        bool met = requirement->answer == SLW_POLICY_MET;
        slw_heap_printf(text, "%s%-8s%s %-*s ", cli_out_style(cli, met ? CLI_GOOD : CLI_BAD),
                        answer_word(requirement->answer), cli_out_style(cli, CLI_PLAIN),
                        AT_LEAST_WIDTH, slw_policy_need_name(requirement->need));
        slw_escape(slw_bytes_make(requirement->text, strlen(requirement->text)), text);
        slw_heap_append_text(text, "\n");
    }
    for (size_t i = 0; i < unknowns->count; i++) {
        slw_heap_printf(text, "%s%-8s%s %-*s %s\n", cli_out_style(cli, CLI_BAD), "unknown",
                        cli_out_style(cli, CLI_PLAIN), AT_LEAST_WIDTH, unknowns->list[i].need,
                        slw_heap_text(&unknowns->list[i].text));
    }
}

static void tell_json(const struct slw_policy_decision *decision,
                      struct cli_policy_unknowns *unknowns, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "outcome", outcome_word(decision->outcome));
    slw_json_text(&json, "reason", slw_status_word(decision->reason));
    slw_json_uint(&json, "approvals", decision->approvals_good);
    slw_json_begin_array(&json, "requirements");
    for (size_t i = 0; i < decision->count; i++) {
        const struct slw_policy_requirement *requirement = &decision->requirements[i];
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "need", slw_policy_need_name(requirement->need));
        slw_json_text(&json, "answer", answer_word(requirement->answer));
        slw_json_text(&json, "reason", slw_status_word(requirement->reason));
        slw_json_bool(&json, "may_still_be_met", requirement->may_still_be_met);
        slw_json_text(&json, "text", requirement->text);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_begin_array(&json, "unknown");
    for (size_t i = 0; i < unknowns->count; i++) {
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "need", unknowns->list[i].need);
        slw_json_text(&json, "text", slw_heap_text(&unknowns->list[i].text));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    slw_heap_append_text(text, "\n");
}

static enum cli_exit tell(struct cli *cli, const struct slw_policy_decision *decision,
                          struct cli_policy_unknowns *unknowns)
{
    struct slw_heap_buffer text = {0};
    if (cli->json) {
        tell_json(decision, unknowns, &text);
    } else {
        tell_text(cli, decision, unknowns, &text);
    }
    if (cli_print(cli, &text) != CLI_DONE) {
        return CLI_FAILED;
    }
    if (decision->outcome == SLW_POLICY_ALLOWED) {
        cli_note(cli, unknowns->count == 0 ? "it would be signed"
                                           : "it would be signed, as far as is known here");
        return CLI_DONE;
    }
    if (decision->outcome == SLW_POLICY_WAITING) {
        cli_note(cli, "it would wait: %s: %s", slw_status_word(decision->reason), cli->detail.text);
        return CLI_DENIED;
    }
    if (decision->outcome == SLW_POLICY_UNJUDGED) {
        cli_note(cli, "it would be judged first: %s", cli->detail.text);
        return CLI_DENIED;
    }
    (void)cli_refuse(cli, decision->reason, cli->detail.text);
    return CLI_DENIED;
}

static enum cli_exit explain(struct cli *cli, const struct slw_policy *policy,
                             const struct cli_arguments *arguments)
{
    struct cli_policy_facts facts;
    struct slw_policy_decision decision;
    enum cli_exit code = cli_policy_facts_gather(cli, policy, arguments, &facts);
    if (code == CLI_DONE) {
        enum slw_status status = slw_policy_decide(policy, &facts.facts, &decision, &cli->detail);
        if (status == SLW_OK) {
            struct cli_policy_unknowns unknowns = {.count = 0};
            cli_policy_unknowns_find(policy, &facts, &unknowns);
            code = tell(cli, &decision, &unknowns);
            cli_policy_unknowns_free(&unknowns);
            slw_policy_decision_free(&decision);
        } else {
            code = cli_fail(cli, status);
        }
    }
    cli_policy_facts_free(&facts);
    return code;
}

enum cli_exit cli_policy_explain(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_policy_file file;
    if (cli_count(arguments, "--key") != 1 || cli_value(arguments, "--requester") == NULL) {
        return cli_usage(cli, "explain needs --key, once, and --requester");
    }
    enum slw_status status = cli_policy_file_load(cli, arguments->positionals[1], &file);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    enum cli_exit code = explain(cli, file.policy, arguments);
    cli_policy_file_free(&file);
    return code;
}
