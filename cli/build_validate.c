/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway build validate`: the content rules that a signing service's judge applies, before
 * anything is uploaded, by the same function.
 */
#include "build.h"
#include "values.h"

#include "slipway/content_rules.h"
#include "slipway/explain.h"
#include "slipway/json.h"
#include "slipway/policy.h"

#include <stdlib.h>
#include <string.h>

const struct cli_option cli_build_validate_options[] = {
    {.name = "--policy",
     .value = "FILE",
     .help = "the rule of this policy for --key and --channel"},
    {.name = "--key", .value = "NAME", .help = "the service's key that is to sign it"},
    {.name = "--channel", .value = "NAME", .help = "the channel that it is for, if it is for one"},
    {.name = "--rules", .value = "FILE", .help = "rules on content alone, as a policy has them"},
    {.name = "--previous",
     .value = "BUNDLE",
     .help = "the last release, for growth and for images that are left out"},
    {.name = "--build-type", .value = "TYPE", .help = "what it must be: dev, test or user"},
    {0},
};

/* What a bundle is held against. */
struct validation {
    struct cli *cli;
    struct slw_policy
        *policy; /* owns what the rules point to; NULL: the rules for its build type */
    struct slw_content_rules rules;
    struct cli_bundle_file previous;
    struct slw_content_former *former;
    struct slw_content_report report;
    bool has_previous;
};

static void validation_free(struct validation *validation)
{
    slw_policy_free(validation->policy);
    if (validation->has_previous) {
        cli_bundle_close(&validation->previous);
    }
    free(validation->former);
    slw_content_report_free(&validation->report);
}

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, text == NULL ? 0 : strlen(text));
}

static enum cli_exit read_policy(struct validation *validation, const char *path, bool whole)
{
    struct cli *cli = validation->cli;
    struct slw_heap_buffer text = {0};
    enum slw_status status = slw_file_read(path, SLW_POLICY_SIZE_MAX, &text, &cli->detail);
    if (status == SLW_OK) {
        status =
            whole ? slw_policy_parse(path, slw_heap_bytes(&text), &validation->policy, &cli->detail)
                  : slw_policy_parse_content(path, slw_heap_bytes(&text), &validation->policy,
                                             &cli->detail);
    }
    slw_heap_free(&text);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

/* The policy's rule for a key and a channel. */
static enum cli_exit take_policy(struct validation *validation,
                                 const struct cli_arguments *arguments)
{
    struct cli *cli = validation->cli;
    const char *path = cli_value(arguments, "--policy");
    const char *key_name = cli_value(arguments, "--key");
    if (key_name == NULL) {
        return cli_usage(cli, "--policy needs --key: which of the service's keys is to sign it");
    }
    enum cli_exit code = read_policy(validation, path, true);
    if (code != CLI_DONE) {
        return code;
    }
    const struct slw_policy_signing_key *key =
        slw_policy_signing_key(validation->policy, text_of(key_name));
    if (key == NULL) {
        (void)slw_explain(&cli->detail, SLW_UNKNOWN_KEY, "%s: there is no key \"%s\"", path,
                          key_name);
        return cli_fail(cli, SLW_UNKNOWN_KEY);
    }
    const struct slw_policy_rule *rule = slw_policy_rule_for(
        validation->policy, key, text_of(cli_value(arguments, "--channel")), text_of(NULL));
    if (rule == NULL) {
        (void)slw_explain(&cli->detail, SLW_NOT_PERMITTED,
                          "%s: no rule lets the key \"%s\" sign bundles for this channel", path,
                          key_name);
        return cli_fail(cli, SLW_NOT_PERMITTED);
    }
    slw_policy_content_rules(rule, &validation->rules);
    validation->rules.has_product = true;
    validation->rules.product = rule->product;
    validation->rules.build_types = rule->build_types;
    if (rule->validators_count > 0) {
        cli_note(cli, "the policy's validators (%zu) run at the signing service alone",
                 rule->validators_count);
    }
    return CLI_DONE;
}

static enum cli_exit take_rules(struct validation *validation,
                                const struct cli_arguments *arguments)
{
    struct cli *cli = validation->cli;
    const char *rules_path = cli_value(arguments, "--rules");
    if (cli_has(arguments, "--policy")) {
        return rules_path != NULL ? cli_usage(cli, "--policy and --rules exclude each other")
                                  : take_policy(validation, arguments);
    }
    if (cli_has(arguments, "--key") || cli_has(arguments, "--channel")) {
        return cli_usage(cli, "--key and --channel choose a rule of --policy");
    }
    if (rules_path == NULL) {
        return CLI_DONE;
    }
    enum cli_exit code = read_policy(validation, rules_path, false);
    if (code == CLI_DONE && validation->policy != NULL) {
        slw_policy_content_rules(validation->policy->rules, &validation->rules);
    }
    return code;
}

/* What it must be; and without rules of anybody's, what every user build has to keep to. */
static enum cli_exit take_build_type(struct validation *validation,
                                     const struct cli_arguments *arguments, uint32_t build_type)
{
    unsigned wanted = 0;
    if (!cli_choice(validation->cli, arguments, "--build-type", cli_build_type_words, &wanted)) {
        return CLI_USAGE;
    }
    if (wanted != 0) {
        uint8_t bit = (uint8_t)(1u << wanted);
        /* A type that the policy doesn't allow can't be wanted: nothing passes then. */
        bool allowed =
            validation->rules.build_types == 0 || (validation->rules.build_types & bit) != 0;
        validation->rules.build_types = allowed ? bit : (uint8_t)(1u << 7);
    }
    if (validation->policy == NULL) {
        validation->rules.elf_stripped =
            build_type == SLW_BUILD_TYPE_USER || wanted == SLW_BUILD_TYPE_USER;
    }
    return CLI_DONE;
}

static enum cli_exit take_previous(struct validation *validation, const char *path)
{
    struct cli *cli = validation->cli;
    struct slw_content_rules *rules = &validation->rules;
    if (path == NULL) {
        if (rules->has_growth) {
            cli_warn(cli, "growth is not checked without --previous");
        }
        return CLI_DONE;
    }
    enum cli_exit code = cli_bundle_open(cli, path, &validation->previous);
    if (code != CLI_DONE) {
        return code;
    }
    validation->has_previous = true;
    if (!validation->previous.index.has_targets) {
        return cli_error(cli, "%s: has no targets metadata", path);
    }
    enum slw_status status =
        slw_content_former_read(validation->previous.targets.serialized, &validation->former,
                                &rules->former_count, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    rules->has_former = true;
    rules->former = validation->former;
    return CLI_DONE;
}

static void report_as_json(const struct slw_content_report *report, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "verdict", report->findings_count == 0 ? "accept" : "refuse");
    if (report->findings_count > 0) {
        slw_json_text(&json, "reason", slw_status_word(report->findings[0].status));
        slw_json_text(&json, "detail", report->findings[0].text);
    }
    slw_json_begin_array(&json, "findings");
    for (size_t i = 0; i < report->findings_count; i++) {
        const struct slw_content_finding *finding = &report->findings[i];
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "reason", slw_status_word(finding->status));
        slw_json_text(&json, "rule", slw_content_rule_word(finding->rule));
        slw_json_text(&json, "detail", finding->text);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_uint(&json, "findings_omitted", report->findings_omitted);
    slw_json_uint(&json, "targets", report->targets_count);
    slw_json_uint(&json, "elf_files", report->elf_count);
    slw_json_uint(&json, "payload_bytes", report->payload_bytes);
    slw_json_end_object(&json);
    slw_heap_append_text(text, "\n");
}

static enum cli_exit tell(struct validation *validation, const char *path)
{
    struct cli *cli = validation->cli;
    const struct slw_content_report *report = &validation->report;
    struct slw_heap_buffer text = {0};
    enum cli_exit code = CLI_DONE;
    if (cli->json) {
        report_as_json(report, &text);
    } else if (report->findings_count == 0) {
        slw_heap_printf(&text, "%spasses:%s %s: %zu target%s, ", cli_out_style(cli, CLI_GOOD),
                        cli_out_style(cli, CLI_PLAIN), path, report->targets_count,
                        report->targets_count == 1 ? "" : "s");
        cli_format_size(report->payload_bytes, &text);
        slw_heap_append_text(&text, " of payloads\n");
    }
    for (size_t i = 0; i < report->findings_count; i++) {
        const struct slw_content_finding *finding = &report->findings[i];
        (void)slw_explain(&cli->detail, finding->status, "%s: %s: %s", path,
                          slw_content_rule_word(finding->rule), finding->text);
        enum cli_exit refused = cli_refuse(cli, finding->status, cli->detail.text);
        code = i == 0 ? refused : code;
    }
    if (report->findings_omitted > 0) {
        cli_note(cli, "and %zu more", report->findings_omitted);
    }
    return cli_print(cli, &text) == CLI_DONE ? code : CLI_FAILED;
}

static enum cli_exit validate(struct validation *validation, const struct cli_arguments *arguments,
                              const struct cli_bundle_file *bundle)
{
    struct cli *cli = validation->cli;
    struct slw_targets_draft draft = {0};
    uint32_t build_type = SLW_BUILD_TYPE_NONE;
    /* What can't be read here is told by the check below. */
    if (bundle->index.has_targets &&
        slw_targets_draft_parse(bundle->targets.serialized, &draft, &cli->detail) == SLW_OK) {
        build_type = draft.build_type;
        slw_targets_draft_free(&draft);
    }
    enum cli_exit code = take_rules(validation, arguments);
    if (code == CLI_DONE) {
        code = take_build_type(validation, arguments, build_type);
    }
    if (code == CLI_DONE) {
        code = take_previous(validation, cli_value(arguments, "--previous"));
    }
    if (code != CLI_DONE) {
        return code;
    }
    /* Growth can't be measured against nothing; the service does it against its last release. */
    validation->rules.has_growth = validation->rules.has_growth && validation->rules.has_former;
    enum slw_status status = slw_content_check(
        bundle->path, &bundle->file.source, &validation->rules, &validation->report, &cli->detail);
    return status == SLW_OK ? tell(validation, bundle->path) : cli_fail(cli, status);
}

enum cli_exit cli_build_validate(struct cli *cli, const struct cli_arguments *arguments)
{
    struct validation validation = {.cli = cli};
    struct cli_bundle_file bundle;
    enum cli_exit code = cli_bundle_open(cli, arguments->positionals[0], &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    code = validate(&validation, arguments, &bundle);
    validation_free(&validation);
    cli_bundle_close(&bundle);
    return code;
}
