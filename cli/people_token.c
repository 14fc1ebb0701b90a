/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway people create-token`: logs in as a person does, has a token made, and logs out. */
#include "depot_verb.h"
#include "people.h"

#include <string.h>

#define CSRF_MAX 128u

const struct cli_option cli_people_token_options[] = {
    {.name = "--password-file",
     .value = "FILE",
     .required = true,
     .help = "whose first line is your password"},
    {.name = "--code", .value = "DIGITS", .help = "of your second factor, if you have one"},
    {.name = "--title", .value = "TEXT", .required = true, .help = "what it is for"},
    {.name = "--role",
     .value = "PRODUCT:ROLE",
     .repeated = true,
     .required = true,
     .help = "lamp:developer, *:viewer; of those that you have"},
    {.name = "--expires", .value = "DURATION", .help = "for how long it is good (90d)"},
    {.name = "--output",
     .letter = 'o',
     .value = "FILE",
     .required = true,
     .help = "where to put it, for --token-file"},
    CLI_FORCE_OPTION,
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_depot_member login_members[] = {
    {"0", "name", CLI_DEPOT_POSITION},
    {"--password-file", "password", CLI_DEPOT_LINE},
    {"--code", "code", CLI_DEPOT_TEXT},
    {0},
};
static const struct cli_depot_member token_members[] = {
    {"--title", "title", CLI_DEPOT_TEXT},
    {"--role", "roles", CLI_DEPOT_GRANTS},
    {"--expires", "expires_s", CLI_DEPOT_SECONDS},
    {0},
};

static enum cli_exit post(struct cli_depot *depot, const struct cli_arguments *arguments,
                          const char *path, const struct cli_depot_member *members,
                          struct cli_depot_answer *ret_answer)
{
    struct slw_heap_buffer body = {0};
    struct slw_json json;
    enum cli_exit code = CLI_USAGE;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    if (cli_depot_members(depot->cli, arguments, members, &json)) {
        slw_json_end_object(&json);
        code = cli_depot_call(depot, "POST", path, &body, ret_answer);
    }
    slw_heap_free(&body); /* wipes the password */
    return code;
}

/* The session's cookie is the client's to keep. */
static enum cli_exit log_in(struct cli_depot *depot, const struct cli_arguments *arguments,
                            char ret_csrf[static CSRF_MAX + 1])
{
    struct cli_depot_answer answer;
    enum slw_status status = slw_http_client_set_token(depot->client, NULL, &depot->cli->detail);
    if (status != SLW_OK) {
        return cli_fail(depot->cli, status);
    }
    enum cli_exit code = post(depot, arguments, "/api/v1/session", login_members, &answer);
    if (code != CLI_DONE) {
        return code;
    }
    struct slw_bytes csrf = cli_depot_text(&answer, "csrf");
    if (csrf.len == 0 || csrf.len > CSRF_MAX) {
        code = cli_error(depot->cli, "the answer isn't one of a depot");
    } else {
        memcpy(ret_csrf, csrf.ptr, csrf.len);
        ret_csrf[csrf.len] = '\0';
        depot->csrf = ret_csrf;
    }
    cli_depot_answer_free(&answer);
    return code;
}

static enum cli_exit make_token(struct cli_depot *depot, const struct cli_arguments *arguments)
{
    unsigned flags =
        SLW_OUTPUT_PRIVATE | (cli_has(arguments, "--force") ? (unsigned)SLW_OUTPUT_REPLACE : 0);
    struct cli_depot_answer answer;
    struct slw_heap_buffer token = {0};
    enum cli_exit code = post(depot, arguments, "/api/v1/tokens", token_members, &answer);
    if (code != CLI_DONE) {
        return code;
    }
    slw_heap_append(&token, cli_depot_text(&answer, "token"));
    slw_heap_append_text(&token, "\n");
    code = cli_write_file(depot->cli, cli_value(arguments, "--output"), flags, &token);
    if (code == CLI_DONE) {
        cli_note(depot->cli, "token %lld, good until %.*s",
                 (long long)cli_depot_number(&answer, "id"),
                 (int)cli_depot_text(&answer, "expires").len,
                 (const char *)cli_depot_text(&answer, "expires").ptr);
    }
    slw_heap_free(&token);
    cli_depot_answer_free(&answer);
    return code;
}

enum cli_exit cli_people_create_token(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_depot depot;
    struct cli_depot_answer answer;
    char csrf[CSRF_MAX + 1];
    enum cli_exit code = cli_depot_open(cli, arguments, &depot);
    if (code != CLI_DONE) {
        return code;
    }
    code = log_in(&depot, arguments, csrf);
    if (code == CLI_DONE) {
        code = make_token(&depot, arguments);
        enum cli_exit ended = cli_depot_call(&depot, "DELETE", "/api/v1/session", NULL, &answer);
        if (ended == CLI_DONE) {
            cli_depot_answer_free(&answer);
        }
        code = code == CLI_DONE ? ended : code;
    }
    cli_depot_close(&depot);
    return code;
}
