/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that `slipway sign policy explain` asks a policy about. */
#include "sign_policy_facts.h"
#include "values.h"

#include "slipway/content_digest.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_LIFETIME_S 3600

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, text == NULL ? 0 : strlen(text));
}

static bool id_of_hex(const char *text, uint8_t *ret_id)
{
    char pair[3] = {0};
    if (strlen(text) != (size_t)SLW_SHA256_SIZE * 2 ||
        strspn(text, "0123456789abcdef") != (size_t)SLW_SHA256_SIZE * 2) {
        return false;
    }
    for (size_t i = 0; i < SLW_SHA256_SIZE; i++) {
        memcpy(pair, text + 2 * i, 2);
        ret_id[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

/* A person's or machine's name, by the first key that may ask; or a key's id. */
static enum cli_exit find_requester(struct cli *cli, const struct slw_policy *policy,
                                    const char *who, uint8_t *ret_id)
{
    struct slw_policy_holder holder = slw_policy_holder_named(policy, bytes_of(who));
    if (holder.kind == SLW_POLICY_NOBODY) {
        return id_of_hex(who, ret_id)
                   ? CLI_DONE
                   : cli_usage(cli, "--requester %s: nobody in the policy, and no key id", who);
    }
    if (holder.key == NULL) {
        return cli_usage(cli, "--requester %s: has no key in the policy", who);
    }
    const struct slw_statement_key *key = holder.key;
    for (size_t i = holder.party->keys_count; i-- > 0;) {
        if (holder.party->keys[i].kind == SLW_STATEMENT_KEY_PUBLIC) {
            key = &holder.party->keys[i];
        }
    }
    memcpy(ret_id, key->id, SLW_SHA256_SIZE);
    return CLI_DONE;
}

static enum cli_exit assume_approvals(struct cli *cli, const struct slw_policy *policy,
                                      const struct cli_arguments *arguments,
                                      struct cli_policy_facts *facts)
{
    const struct slw_policy_signing_key *key = slw_policy_signing_key(policy, facts->facts.key);
    struct slw_policy_facts *all = &facts->facts;
    facts->approval = (struct slw_approval){
        .signer = all->signer,
        .approve = true,
        .key_class = key != NULL ? key->key_class : SLW_KEY_CLASS_NONE,
        .channel = all->channel,
        .policy_version = policy->version,
        .issued_utc_s = all->now_utc_s,
        .expires_utc_s = all->expires_utc_s,
    };
    memcpy(facts->approval.content, all->content_digest, SLW_SHA256_SIZE);
    memcpy(facts->approval.targets_sha256, all->targets_sha256, SLW_SHA256_SIZE);
    if (key != NULL) {
        memcpy(facts->approval.key_id, key->key.id, SLW_SHA256_SIZE);
    }
    all->approvals = facts->approvals;
    for (size_t i = 0; i < cli_count(arguments, "--approve"); i++) {
        const char *name = cli_nth(arguments, "--approve", i);
        struct slw_policy_holder holder = slw_policy_holder_named(policy, bytes_of(name));
        if (holder.kind == SLW_POLICY_NOBODY || holder.key == NULL) {
            return cli_usage(cli, "--approve %s: nobody in the policy who has a key", name);
        }
        if (all->approvals_count == CLI_POLICY_APPROVE_MAX) {
            return cli_usage(cli, "--approve: more than a policy has people");
        }
        struct slw_policy_approval *approval = &facts->approvals[all->approvals_count++];
        memcpy(approval->signer_id, holder.key->id, SLW_SHA256_SIZE);
        approval->says = &facts->approval;
    }
    return CLI_DONE;
}

static void hash(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 state;
    slw_sha256_init(&state);
    slw_sha256_update(&state, bytes);
    slw_sha256_final(&state, ret_digest);
}

/* As a judge does, by the last release as far as it was given. Validators run at the service. */
static enum slw_status judge(struct cli *cli, const struct slw_policy *policy,
                             struct cli_policy_facts *facts)
{
    const struct slw_policy_signing_key *key = slw_policy_signing_key(policy, facts->facts.key);
    const struct slw_policy_rule *rule =
        key == NULL ? NULL
                    : slw_policy_rule_for(policy, key, facts->facts.channel, facts->facts.role);
    struct slw_content_rules rules = {0};
    struct slw_content_report report;
    if (rule != NULL) {
        slw_policy_content_rules(rule, &rules);
    }
    rules.has_former = facts->has_former;
    rules.former = facts->former;
    rules.former_count = facts->former_count;
    rules.has_growth = rules.has_growth && facts->has_former;
    SLW_TRY(slw_content_check(facts->build.bundle.path, &facts->build.bundle.file.source, &rules,
                              &report, &cli->detail));
    facts->facts.judged = SLW_POLICY_JUDGED_GOOD;
    if (report.findings_count > 0) {
        facts->facts.judged = SLW_POLICY_JUDGED_BAD;
        facts->facts.judged_reason = report.findings[0].status;
        (void)slw_explain(&facts->judged, report.findings[0].status, "%s", report.findings[0].text);
        facts->facts.judged_detail = facts->judged.text;
    }
    slw_content_report_free(&report);
    return SLW_OK;
}

static enum cli_exit read_bundle(struct cli *cli, const struct slw_policy *policy, const char *path,
                                 struct cli_policy_facts *facts)
{
    struct slw_policy_facts *all = &facts->facts;
    enum cli_exit code = cli_build_open(cli, path, false, &facts->build);
    if (code != CLI_DONE) {
        return code;
    }
    facts->has_bundle = true;
    const struct cli_bundle_file *bundle = &facts->build.bundle;
    const struct slw_root *root = cli_bundle_root(bundle);
    all->product = facts->build.targets.product;
    all->build_type = (enum slw_build_type)facts->build.targets.build_type;
    all->root_class = root != NULL ? (enum slw_key_class)root->key_class : SLW_KEY_CLASS_NONE;
    memcpy(all->content_digest, facts->build.content, SLW_SHA256_SIZE);
    hash(bundle->targets.serialized, all->targets_sha256);
    enum slw_status status =
        slw_endorsements_load(path, &bundle->index, &facts->list, &cli->detail);
    if (status == SLW_OK) {
        status = cli_policy_facts_endorse(cli, policy, facts);
    }
    if (status == SLW_OK) {
        status = judge(cli, policy, facts);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

/* The request as it would be made by somebody who knows which key does what. */
static enum cli_exit assume_request(struct cli *cli, const struct slw_policy *policy,
                                    const struct cli_arguments *arguments,
                                    struct slw_policy_facts *facts)
{
    bool given = false;
    int64_t now_utc_s = cli_now_utc_s();
    if (!cli_time(cli, arguments, "--at", &given, &now_utc_s)) {
        return CLI_USAGE;
    }
    *facts = (struct slw_policy_facts){
        .key = bytes_of(cli_value(arguments, "--key")),
        .channel = bytes_of(cli_value(arguments, "--channel")),
        .role = bytes_of(cli_value(arguments, "--role")),
        .issued_utc_s = now_utc_s,
        .expires_utc_s = now_utc_s + REQUEST_LIFETIME_S,
        .signer = SLW_BYTES_OF("assumed"),
        .key_in_token = !cli_has(arguments, "--key-in-file"),
        .now_utc_s = now_utc_s,
        .time_mark_utc_s = now_utc_s,
    };
    const struct slw_policy_signing_key *key = slw_policy_signing_key(policy, facts->key);
    facts->operation = key != NULL ? key->use : SLW_POLICY_USE_TARGETS;
    return find_requester(cli, policy, cli_value(arguments, "--requester"), facts->requester_id);
}

enum cli_exit cli_policy_facts_gather(struct cli *cli, const struct slw_policy *policy,
                                      const struct cli_arguments *arguments,
                                      struct cli_policy_facts *ret_facts)
{
    const char *path = cli_value(arguments, "--bundle");
    memset(ret_facts, 0, sizeof *ret_facts);
    enum cli_exit code = assume_request(cli, policy, arguments, &ret_facts->facts);
    if (code == CLI_DONE) {
        code = cli_policy_facts_remember(cli, arguments, ret_facts);
    }
    if (code == CLI_DONE && path != NULL) {
        code = read_bundle(cli, policy, path, ret_facts);
    } else if (code == CLI_DONE && ret_facts->facts.operation == SLW_POLICY_USE_TARGETS) {
        code = cli_usage(cli, "explain needs --bundle for a key that signs bundles");
    }
    return code == CLI_DONE ? assume_approvals(cli, policy, arguments, ret_facts) : code;
}

void cli_policy_facts_free(struct cli_policy_facts *facts)
{
    cli_policy_facts_forget(facts);
    cli_policy_facts_unremember(facts);
    slw_endorsements_free(&facts->list);
    if (facts->has_bundle) {
        cli_build_close(&facts->build);
    }
}
