/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway release drill` and `readiness`: an emergency rehearsed, and whether one could go out. */
#include "depot_verb.h"
#include "depot_watch.h"
#include "release.h"

#include <stdio.h>

const struct cli_option cli_release_drill_options[] = {
    CLI_DEPOT_WATCH_OPTIONS,
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const check_columns[] = {"name", "ok", "detail"};
static const char *const step_columns[] = {"state", "time", "after_ms"};

/* --- Readiness --- */

static enum cli_exit print_readiness(struct cli *cli, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer text = {0};
    if (cli->json) {
        return cli_depot_print_object(cli, answer);
    }
    enum cli_exit code = cli_depot_print_table(cli, answer, "checks", check_columns, 3);
    if (code != CLI_DONE || cli_depot_find(answer, "drill") == SLW_JSON_NONE) {
        return code;
    }
    slw_heap_printf(&text, "\nthe last drill was release %lld:\n",
                    (long long)cli_depot_number(answer, "drill.version"));
    code = cli_print(cli, &text);
    return code == CLI_DONE ? cli_depot_print_table(cli, answer, "drill.steps", step_columns, 3)
                            : code;
}

/* Asks for it; is_drill: what the last drill took is all that is printed. */
static enum cli_exit ask_readiness(struct cli *cli, const struct cli_arguments *arguments,
                                   bool is_drill)
{
    struct slw_heap_buffer path = {0};
    struct cli_depot depot;
    struct cli_depot_answer answer;
    if (!cli_depot_verb_path(cli, arguments, "/api/v1/products/{0}/readiness", NULL, &path)) {
        slw_heap_drop(&path);
        return CLI_USAGE;
    }
    enum cli_exit code = cli_depot_open(cli, arguments, &depot);
    if (code == CLI_DONE) {
        code = cli_depot_call(&depot, "GET", slw_heap_text(&path), NULL, &answer);
        cli_depot_close(&depot);
    }
    slw_heap_drop(&path);
    if (code != CLI_DONE) {
        return code;
    }
    uint32_t ready = cli_depot_find(&answer, "ready");
    bool is_ready = ready != SLW_JSON_NONE && slw_json_kind(&answer.json, ready) == SLW_JSON_TRUE;
    code = is_drill && !cli->json
               ? cli_depot_print_table(cli, &answer, "drill.steps", step_columns, 3)
               : print_readiness(cli, &answer);
    cli_depot_answer_free(&answer);
    return code == CLI_DONE && !is_drill && !is_ready ? CLI_DENIED : code;
}

enum cli_exit cli_release_readiness(struct cli *cli, const struct cli_arguments *arguments)
{
    return ask_readiness(cli, arguments, false);
}

/* --- The drill --- */

static enum cli_exit start(struct cli *cli, const struct cli_arguments *arguments,
                           int64_t *ret_version)
{
    static const struct cli_depot_member members[] = {{"1", "build", CLI_DEPOT_POSITION}, {0}};
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer body = {0};
    struct slw_json json;
    struct cli_depot depot;
    struct cli_depot_answer answer;
    enum cli_exit code = CLI_USAGE;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    if (cli_depot_verb_path(cli, arguments, "/api/v1/products/{0}/drill", NULL, &path) &&
        cli_depot_members(cli, arguments, members, &json)) {
        slw_json_end_object(&json);
        code = cli_depot_open(cli, arguments, &depot);
    }
    if (code == CLI_DONE) {
        code = cli_depot_call(&depot, "POST", slw_heap_text(&path), &body, &answer);
        cli_depot_close(&depot);
    }
    if (code == CLI_DONE) {
        *ret_version = cli_depot_number(&answer, "version");
        code = cli_depot_print_object(cli, &answer);
        cli_depot_answer_free(&answer);
    }
    slw_heap_drop(&body);
    slw_heap_drop(&path);
    return code;
}

/* "drill signing: waits for 1 of 2 approvals" */
static void append_line(const struct cli_depot_answer *answer, struct slw_heap_buffer *ret_line)
{
    slw_heap_append_text(ret_line, "drill ");
    cli_depot_append(answer, "state", ret_line);
    if (cli_depot_text(answer, "reason").len > 0) {
        slw_heap_append_text(ret_line, ": ");
        cli_depot_append(answer, "reason", ret_line);
    }
}

static enum cli_exit verdict(const struct cli_depot_answer *answer,
                             const struct cli_arguments *arguments, bool *ret_goes_on)
{
    (void)arguments;
    bool is_through = cli_depot_is(answer, "state", "published");
    bool is_over = is_through || cli_depot_is(answer, "state", "refused") ||
                   cli_depot_is(answer, "state", "withdrawn");
    *ret_goes_on = !is_over;
    return is_through ? CLI_DONE : CLI_DENIED;
}

enum cli_exit cli_release_drill(struct cli *cli, const struct cli_arguments *arguments)
{
    static const struct cli_depot_watched watched = {
        .path = "/api/v1/products/{0}/releases/{1}",
        .line = append_line,
        .verdict = verdict,
        .print = cli_depot_print_object,
    };
    int64_t version = 0;
    char number[24];
    enum cli_exit code = start(cli, arguments, &version);
    if (code != CLI_DONE || !cli_has(arguments, "--watch")) {
        return code;
    }
    (void)snprintf(number, sizeof number, "%lld", (long long)version);
    const char *words[] = {arguments->positionals[0], number};
    struct cli_arguments of_release = *arguments;
    of_release.positionals = words;
    code = cli_depot_watch(cli, &of_release, &watched);
    return code == CLI_DONE ? ask_readiness(cli, arguments, true) : code;
}
