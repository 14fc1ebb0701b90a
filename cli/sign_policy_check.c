/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway sign policy check`: what a policy says, what it may not mean, and what it changes. */
#include "sign_policy.h"

#include "slipway/policy_compare.h"
#include "slipway/time_text.h"

#define SHOW(view) (int)(view).len, (const char *)(view).ptr

/* Who signed the envelope, by the administrators of this policy. */
static size_t signers_of(const struct cli_policy_file *file, const struct slw_policy *policy,
                         struct slw_heap_buffer *names, struct slw_json *json)
{
    struct slw_detail ignored;
    size_t count = 0;
    for (size_t i = 0; file->is_envelope && i < policy->administrators.count; i++) {
        const struct slw_policy_party *party = &policy->administrators.items[i];
        if (slw_dsse_verify_one(&file->envelope, &party->keys[0], SLW_DSSE_OUR_KEYS, &ignored) !=
            SLW_OK) {
            continue;
        }
        if (json != NULL) {
            slw_json_bytes(json, NULL, party->name);
        } else {
            slw_heap_printf(names, "%s%.*s", count == 0 ? "" : ", ", SHOW(party->name));
        }
        count++;
    }
    return count;
}

static void warn_text(void *context, const char *warning)
{
    slw_heap_printf(context, "  warning: %s\n", warning);
}

static void warn_json(void *context, const char *warning)
{
    slw_json_text(context, NULL, warning);
}

static void tell_signers(const struct cli_policy_file *file, const struct slw_policy *policy,
                         const char *whose, struct slw_heap_buffer *text)
{
    struct slw_heap_buffer names = {0};
    size_t count = signers_of(file, policy, &names, NULL);
    slw_heap_printf(text, "  signed by %zu of %s administrators, %u are needed%s%s\n", count, whose,
                    policy->administrators_threshold, count > 0 ? ": " : "", slw_heap_text(&names));
    slw_heap_free(&names);
}

static void tell_policy(const char *path, const struct cli_policy_file *file,
                        const struct cli_policy_file *former, struct slw_heap_buffer *text)
{
    const struct slw_policy *policy = file->policy;
    char issued[SLW_TIME_TEXT_SIZE];
    slw_heap_printf(text,
                    "%s: version %u of %s: %zu administrators, %zu people, %zu machines, %u of %zu "
                    "witnesses, %zu keys, %zu rules\n",
                    path, policy->version, slw_time_format(policy->issued_utc_s, issued),
                    policy->administrators.count, policy->people.count, policy->machines.count,
                    policy->witnesses_quorum, policy->witnesses_count, policy->keys_count,
                    policy->rules_count);
    if (file->is_envelope) {
        slw_heap_printf(text, "  for the service of log %.*s\n", (int)file->origin.len,
                        (const char *)file->origin.ptr);
        tell_signers(file, policy, "its", text);
        if (former != NULL) {
            tell_signers(file, former->policy, "the former", text);
        }
    }
    cli_policy_lint(policy, warn_text, text);
}

static void tell_changes(const struct slw_policy *former, const struct slw_policy *policy,
                         const struct slw_policy_changes *changes, struct slw_heap_buffer *text)
{
    if (policy->version <= former->version) {
        slw_heap_printf(text, "  warning: its version must be above %u to follow that one\n",
                        former->version);
    }
    if (policy->issued_utc_s < former->issued_utc_s) {
        slw_heap_append_text(text,
                             "  warning: it was issued before the one that it would follow\n");
    }
    for (size_t i = 0; i < changes->count; i++) {
        slw_heap_printf(text, "  %s  %s\n", changes->items[i].loosens ? "loosens " : "tightens",
                        changes->items[i].text);
    }
    if (changes->loosened) {
        slw_heap_printf(text, "it is in force, as a whole, %u s after it is logged\n",
                        former->loosening_delay_s);
    } else {
        slw_heap_append_text(text, "it loosens nothing: it is in force as soon as it is logged\n");
    }
}

static void json_changes(struct slw_json *json, const struct slw_policy *former,
                         const struct slw_policy_changes *changes)
{
    slw_json_begin_array(json, "changes");
    for (size_t i = 0; i < changes->count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_bool(json, "loosens", changes->items[i].loosens);
        slw_json_text(json, "text", changes->items[i].text);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_bool(json, "loosened", changes->loosened);
    slw_json_uint(json, "delay_s", changes->loosened ? former->loosening_delay_s : 0);
}

static void json_policy(const struct cli_policy_file *file, const struct cli_policy_file *former,
                        const struct slw_policy_changes *changes, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "verdict", "accept");
    slw_json_uint(&json, "version", file->policy->version);
    slw_json_begin_array(&json, "signed_by");
    (void)signers_of(file, file->policy, NULL, &json);
    slw_json_end_array(&json);
    slw_json_uint(&json, "threshold", file->policy->administrators_threshold);
    slw_json_begin_array(&json, "warnings");
    cli_policy_lint(file->policy, warn_json, &json);
    slw_json_end_array(&json);
    if (former != NULL) {
        json_changes(&json, former->policy, changes);
    }
    slw_json_end_object(&json);
    slw_heap_append_text(text, "\n");
}

/* For scripts the refusal is an object, too; the line on stderr is the same. */
static enum cli_exit refuse(struct cli *cli, enum slw_status status)
{
    struct slw_heap_buffer text = {0};
    if (cli->json && cli_exit_of(status) != CLI_FAILED) {
        struct slw_json json;
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "verdict", "refuse");
        slw_json_text(&json, "reason", slw_status_word(status));
        slw_json_text(&json, "detail", cli->detail.text);
        slw_json_end_object(&json);
        slw_heap_append_text(&text, "\n");
        if (cli_print(cli, &text) != CLI_DONE) {
            return CLI_FAILED;
        }
    }
    return cli_fail(cli, status);
}

static enum cli_exit check(struct cli *cli, const char *path, const struct cli_policy_file *file,
                           const struct cli_policy_file *former)
{
    struct slw_policy_changes changes = {0};
    struct slw_heap_buffer text = {0};
    if (former != NULL && slw_policy_compare(former->policy, file->policy, &changes) != SLW_OK) {
        return cli_error(cli, "out of memory");
    }
    if (cli->json) {
        json_policy(file, former, &changes, &text);
    } else {
        tell_policy(path, file, former, &text);
        if (former != NULL) {
            tell_changes(former->policy, file->policy, &changes, &text);
        }
    }
    slw_policy_changes_free(&changes);
    return cli_print(cli, &text);
}

enum cli_exit cli_policy_check(struct cli *cli, const char *path, const char *former_path)
{
    struct cli_policy_file file;
    struct cli_policy_file former;
    enum slw_status status = cli_policy_file_load(cli, path, &file);
    if (status != SLW_OK) {
        return refuse(cli, status);
    }
    enum cli_exit code = CLI_DONE;
    if (former_path == NULL) {
        code = check(cli, path, &file, NULL);
    } else if ((status = cli_policy_file_load(cli, former_path, &former)) == SLW_OK) {
        code = check(cli, path, &file, &former);
        cli_policy_file_free(&former);
    } else {
        code = refuse(cli, status);
    }
    cli_policy_file_free(&file);
    return code;
}
