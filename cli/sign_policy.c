/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway sign policy`: which of its four actions is meant, and reading policies from files. */
#include "sign_policy.h"

#include "sign.h"

#include "slipway/files.h"
#include "slipway/statement.h"

#include <string.h>

const struct cli_option cli_sign_policy_options[] = {
    {.name = "--former", .value = "FILE", .help = "check: the policy that this one would follow"},
    {.name = "--key",
     .value = "KEY|NAME",
     .repeated = true,
     .help = "sign: an administrator's private key; explain: which key is to sign"},
    {.name = "--origin",
     .value = "NAME",
     .help = "sign: the name of the service's log; an envelope has it"},
    {.name = "--output",
     .letter = 'o',
     .value = "ENVELOPE",
     .help = "sign: the file to write (standard output)"},
    CLI_PASSPHRASE_OPTION,
    CLI_FORCE_OPTION,
    {.name = "--requester",
     .value = "NAME|KEYID",
     .help = "explain: who asks; the first key of a name that may ask"},
    {.name = "--bundle", .value = "BUNDLE", .help = "explain: what is to be signed"},
    {.name = "--channel", .value = "NAME", .help = "explain: the channel that it is for"},
    {.name = "--role", .value = "NAME", .help = "explain: the role that is to be signed"},
    {.name = "--approve",
     .value = "NAME",
     .repeated = true,
     .help = "explain: as if this person approved it"},
    {.name = "--at", .value = "TIME", .help = "explain: as if it were then (now)"},
    {.name = "--signed",
     .value = "TIME",
     .repeated = true,
     .help = "explain: when such a key signed before, by the log, for the rate"},
    {.name = "--previous",
     .value = "BUNDLE",
     .help = "explain: the last release by a key of the class, for its growth"},
    {.name = "--key-in-file", .help = "explain: as if the key weren't in a token"},
    {0},
};

/* The predicate of an envelope's statement, which is what its administrators signed. */
static enum slw_status read_envelope(const char *path, struct cli_policy_file *file,
                                     struct slw_detail *detail)
{
    struct slw_statement statement;
    SLW_TRY(slw_statement_parse(path, file->envelope.payload, &statement, detail));
    enum slw_status status = SLW_OK;
    if (statement.kind != SLW_STATEMENT_POLICY) {
        status = slw_explain(detail, SLW_BAD_STATEMENT, "%s: it holds a %s, not a policy", path,
                             slw_statement_word(statement.kind));
    } else {
        const struct slw_json_value *value = &statement.json.values[statement.predicate];
        slw_heap_append(&file->origin, statement.subject_name);
        status = slw_policy_parse(
            path, slw_bytes_make(statement.json.text.ptr + value->start, value->end - value->start),
            &file->policy, detail);
    }
    slw_statement_free(&statement);
    return status;
}

enum slw_status cli_policy_file_load(struct cli *cli, const char *path,
                                     struct cli_policy_file *ret_file)
{
    struct slw_heap_buffer text = {0};
    struct cli_policy_file file = {0};
    struct slw_detail *detail = &cli->detail;
    SLW_TRY(slw_file_read(path, SLW_DSSE_SIZE_MAX, &text, detail));
    enum slw_status status = SLW_OK;
    if (cli_is_envelope(path, slw_heap_bytes(&text), detail)) {
        status = slw_dsse_parse(path, slw_heap_bytes(&text), &file.envelope, detail);
        file.is_envelope = status == SLW_OK;
        status = status == SLW_OK ? read_envelope(path, &file, detail) : status;
    } else {
        status = slw_policy_parse(path, slw_heap_bytes(&text), &file.policy, detail);
    }
    slw_heap_free(&text);
    if (status != SLW_OK) {
        cli_policy_file_free(&file);
        return status;
    }
    *ret_file = file;
    return SLW_OK;
}

void cli_policy_file_free(struct cli_policy_file *file)
{
    if (file->is_envelope) {
        slw_dsse_free(&file->envelope);
    }
    slw_heap_free(&file->origin);
    slw_policy_free(file->policy);
}

static enum cli_exit print_example(struct cli *cli, const char *word)
{
    struct slw_heap_buffer text = {0};
    const char *const *lines = NULL;
    if (strcmp(word, "test") == 0) {
        lines = cli_example_test;
    } else if (strcmp(word, "production") == 0) {
        lines = cli_example_production;
    } else {
        return cli_usage(cli, "%s: there are the examples test and production", word);
    }
    for (; *lines != NULL; lines++) {
        slw_heap_append_text(&text, *lines);
    }
    return cli_print(cli, &text);
}

enum cli_exit cli_sign_policy(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *action = arguments->positionals[0];
    if (strcmp(action, "check") == 0) {
        return cli_policy_check(cli, arguments->positionals[1], cli_value(arguments, "--former"));
    }
    if (strcmp(action, "sign") == 0) {
        return cli_policy_sign(cli, arguments);
    }
    if (strcmp(action, "explain") == 0) {
        return cli_policy_explain(cli, arguments);
    }
    if (strcmp(action, "example") == 0) {
        return print_example(cli, arguments->positionals[1]);
    }
    return cli_usage(cli, "%s: not an action; there are check, sign, explain, example", action);
}
