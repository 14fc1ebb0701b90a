/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway rollout status`: where a rollout is, what its numbers say, and what happens next if
 * nobody does anything. */
#include "depot_watch.h"
#include "rollout.h"

#include <stdio.h>

const struct cli_option cli_rollout_status_options[] = {
    CLI_DEPOT_WATCH_OPTIONS,
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const phase_columns[] = {
    "ppm",    "population", "began_count", "succeeded", "failed",
    "silent", "declined",   "lower_ppm",   "upper_ppm", "passed",
};

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

/* "rollout halted: REASON" or "rollout running: phase 1 of 3, 2 of 10 devices updated, 0 failed".
 */
static void append_line(const struct cli_depot_answer *answer, struct slw_heap_buffer *ret_line)
{
    int64_t phase = cli_depot_number(answer, "phase");
    int64_t failed = 0;
    int64_t succeeded = 0;
    int64_t population = 0;
    slw_heap_append_text(ret_line, "rollout ");
    cli_depot_append(answer, "state", ret_line);
    if (!cli_depot_is(answer, "state", "running") && !cli_depot_is(answer, "state", "done")) {
        slw_heap_append_text(ret_line, ": ");
        cli_depot_append(answer, "reason", ret_line);
        return;
    }
    for (int64_t i = 0; i <= phase; i++) {
        failed += of_phase(answer, i, "failed") + of_phase(answer, i, "silent");
        succeeded += of_phase(answer, i, "succeeded");
        population += of_phase(answer, i, "population");
    }
    slw_heap_printf(ret_line, ": phase %lld of %zu, %lld of %lld devices updated, %lld failed",
                    (long long)phase + 1, phases_of(answer), (long long)succeeded,
                    (long long)population, (long long)failed);
}

/* What an exit code tells a script: CLI_DENIED when a person is needed, or it came to nothing. */
static enum cli_exit verdict(const struct cli_depot_answer *answer,
                             const struct cli_arguments *arguments, bool *ret_goes_on)
{
    (void)arguments;
    uint32_t needs = cli_depot_find(answer, "needs_decision");
    bool is_stopped =
        cli_depot_is(answer, "state", "halted") || cli_depot_is(answer, "state", "aborted");
    bool needs_decision =
        needs != SLW_JSON_NONE && slw_json_kind(&answer->json, needs) == SLW_JSON_TRUE;
    *ret_goes_on = !is_stopped && !needs_decision && !cli_depot_is(answer, "state", "done") &&
                   !cli_depot_is(answer, "state", "draft");
    return is_stopped || needs_decision ? CLI_DENIED : CLI_DONE;
}

static enum cli_exit print_text(struct cli *cli, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer text = {0};
    append_line(answer, &text);
    slw_heap_printf(&text, "\nrelease: %lld (", (long long)cli_depot_number(answer, "release"));
    cli_depot_append(answer, "release_version", &text);
    slw_heap_append_text(&text, "), for group ");
    cli_depot_append(answer, "group", &text);
    slw_heap_append_text(&text, "\nsince: ");
    cli_depot_append(answer, "since", &text);
    slw_heap_append_text(&text, ", ");
    cli_depot_append(answer, "reason", &text);
    slw_heap_append_text(&text, "\nnext: ");
    cli_depot_append(answer, "next", &text);
    slw_heap_printf(&text, "\na halt touches: %lld devices\n\n",
                    (long long)cli_depot_number(answer, "halt_touches"));
    enum cli_exit code = cli_print(cli, &text);
    return code != CLI_DONE ? code
                            : cli_depot_print_table(cli, answer, "phases", phase_columns,
                                                    sizeof phase_columns / sizeof phase_columns[0]);
}

enum cli_exit cli_rollout_status(struct cli *cli, const struct cli_arguments *arguments)
{
    static const struct cli_depot_watched watched = {
        .path = "/api/v1/products/{0}/rollouts/{1}",
        .line = append_line,
        .verdict = verdict,
        .print = print_text,
    };
    return cli_depot_watch(cli, arguments, &watched);
}
