/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway rollout status`: where a rollout is, what its numbers say, and what happens next if
 * nobody does anything; with --watch a line for each change, until somebody is needed or it is
 * over.
 */
#include "depot_verb.h"
#include "rollout.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define EVERY_MAX_S 3600

const struct cli_option cli_rollout_status_options[] = {
    {.name = "--watch", .help = "go on until it is over, or somebody is needed"},
    {.name = "--every", .value = "DURATION", .help = "with --watch: how often to look (1s)"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const phase_columns[] = {"ppm",       "population", "began_count", "succeeded",
                                            "failed",    "silent",     "declined",    "lower_ppm",
                                            "upper_ppm", "passed"};

struct watching {
    struct cli *cli;
    struct cli_depot depot;
    struct slw_heap_buffer path;
    struct slw_heap_buffer shown; /* the last line */
    int64_t every_s;
    bool goes_on;
};

static void append_text(const struct cli_depot_answer *answer, const char *name,
                        struct slw_heap_buffer *line)
{
    slw_escape(cli_depot_text(answer, name), line);
}

static int64_t of_phase(const struct cli_depot_answer *answer, int64_t phase, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "phases.%lld.%s", (long long)phase, name);
    return cli_depot_number(answer, path);
}

static size_t phases_of(const struct cli_depot_answer *answer)
{
    uint32_t phases = cli_depot_find(answer, "phases");
    return phases == SLW_JSON_NONE ? 0 : slw_json_count(&answer->json, phases);
}

static bool is_state(const struct cli_depot_answer *answer, const char *state)
{
    return slw_bytes_equal(cli_depot_text(answer, "state"), slw_bytes_make(state, strlen(state)));
}

/* "rollout halted: REASON" or "rollout running: phase 1 of 3, 2 of 10 devices updated, 0 failed".
 */
static void append_line(const struct cli_depot_answer *answer, struct slw_heap_buffer *line)
{
    int64_t phase = cli_depot_number(answer, "phase");
    slw_heap_append_text(line, "rollout ");
    append_text(answer, "state", line);
    if (is_state(answer, "running") || is_state(answer, "done")) {
        int64_t failed = 0;
        int64_t succeeded = 0;
        int64_t population = 0;
        for (int64_t i = 0; i <= phase; i++) {
            failed += of_phase(answer, i, "failed") + of_phase(answer, i, "silent");
            succeeded += of_phase(answer, i, "succeeded");
            population += of_phase(answer, i, "population");
        }
        slw_heap_printf(line, ": phase %lld of %zu, %lld of %lld devices updated, %lld failed",
                        (long long)phase + 1, phases_of(answer), (long long)succeeded,
                        (long long)population, (long long)failed);
    } else {
        slw_heap_append_text(line, ": ");
        append_text(answer, "reason", line);
    }
}

/* What an exit code tells a script: CLI_DENIED when a person is needed, or it came to nothing. */
static enum cli_exit verdict(const struct cli_depot_answer *answer, bool *ret_goes_on)
{
    uint32_t needs = cli_depot_find(answer, "needs_decision");
    bool is_stopped = is_state(answer, "halted") || is_state(answer, "aborted");
    bool needs_decision =
        needs != SLW_JSON_NONE && slw_json_kind(&answer->json, needs) == SLW_JSON_TRUE;
    *ret_goes_on =
        !is_stopped && !needs_decision && !is_state(answer, "done") && !is_state(answer, "draft");
    return is_stopped || needs_decision ? CLI_DENIED : CLI_DONE;
}

static enum cli_exit print_text(struct watching *watching, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer text = {0};
    append_line(answer, &text);
    slw_heap_append_text(&text, "\nrelease: ");
    slw_heap_printf(&text, "%lld (", (long long)cli_depot_number(answer, "release"));
    append_text(answer, "release_version", &text);
    slw_heap_append_text(&text, "), for group ");
    append_text(answer, "group", &text);
    slw_heap_append_text(&text, "\nsince: ");
    append_text(answer, "since", &text);
    slw_heap_append_text(&text, ", ");
    append_text(answer, "reason", &text);
    slw_heap_append_text(&text, "\nnext: ");
    append_text(answer, "next", &text);
    slw_heap_printf(&text, "\na halt touches: %lld devices\n\n",
                    (long long)cli_depot_number(answer, "halt_touches"));
    enum cli_exit code = cli_print(watching->cli, &text);
    return code != CLI_DONE ? code
                            : cli_depot_print_table(watching->cli, answer, "phases", phase_columns,
                                                    sizeof phase_columns / sizeof phase_columns[0]);
}

/* A line when it says something new. */
static enum cli_exit print_change(struct watching *watching, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer line = {0};
    struct slw_heap_buffer copy = {0};
    enum cli_exit code = CLI_DONE;
    append_line(answer, &line);
    bool is_new = !slw_bytes_equal(slw_heap_bytes(&line), slw_heap_bytes(&watching->shown));
    if (is_new && watching->cli->json) {
        code = cli_depot_print_object(watching->cli, answer);
    } else if (is_new) {
        slw_heap_append(&copy, slw_heap_bytes(&line));
        slw_heap_append_text(&copy, "\n");
        code = cli_print(watching->cli, &copy);
    }
    (void)fflush(stdout);
    slw_heap_drop(&watching->shown);
    watching->shown = line;
    return code;
}

static enum cli_exit look(struct watching *watching, bool is_watch)
{
    struct cli_depot_answer answer;
    enum cli_exit code =
        cli_depot_call(&watching->depot, "GET", slw_heap_text(&watching->path), NULL, &answer);
    watching->goes_on = false;
    if (code != CLI_DONE) {
        return code;
    }
    enum cli_exit printed = CLI_DONE;
    if (is_watch) {
        printed = print_change(watching, &answer);
        code = verdict(&answer, &watching->goes_on);
    } else {
        printed = watching->cli->json ? cli_depot_print_object(watching->cli, &answer)
                                      : print_text(watching, &answer);
    }
    cli_depot_answer_free(&answer);
    watching->goes_on = watching->goes_on && printed == CLI_DONE;
    return printed != CLI_DONE ? printed : code;
}

static bool read_every(struct cli *cli, const struct cli_arguments *arguments, int64_t *ret_every_s)
{
    const char *text = cli_value(arguments, "--every");
    *ret_every_s = 1;
    if (text != NULL && (slw_duration_parse(text, ret_every_s) != SLW_OK || *ret_every_s < 1 ||
                         *ret_every_s > EVERY_MAX_S)) {
        (void)cli_usage(cli, "--every %s: not a duration of 1s to 1h", text);
        return false;
    }
    return true;
}

enum cli_exit cli_rollout_status(struct cli *cli, const struct cli_arguments *arguments)
{
    struct watching watching = {.cli = cli};
    bool is_watch = cli_has(arguments, "--watch");
    enum cli_exit code = CLI_USAGE;
    if (read_every(cli, arguments, &watching.every_s) &&
        cli_depot_verb_path(cli, arguments, "/api/v1/products/{0}/rollouts/{1}", NULL,
                            &watching.path)) {
        code = cli_depot_open(cli, arguments, &watching.depot);
    }
    if (code == CLI_DONE) {
        code = look(&watching, is_watch);
        while (watching.goes_on) { /* as long as the rollout does; a signal ends it */
            (void)poll(NULL, 0, (int)(watching.every_s * 1000));
            code = look(&watching, true);
        }
        cli_depot_close(&watching.depot);
    }
    slw_heap_drop(&watching.shown);
    slw_heap_drop(&watching.path);
    return code;
}
