/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway release status`: the stages that a build went through, and each gate of the next one
 * with why it doesn't hold. */
#include "depot_watch.h"
#include "release.h"

#include "slipway/explain.h"

#include <stdio.h>
#include <string.h>

const struct cli_option cli_release_status_options[] = {
    CLI_DEPOT_WATCH_OPTIONS,
    {.name = "--until", .value = "STAGE", .help = "with --watch: the stage to wait for (the last)"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const gate_columns[] = {"gate", "holds", "why"};

/* Why the first gate that doesn't hold doesn't. */
static void append_waits(const struct cli_depot_answer *answer, struct slw_heap_buffer *text)
{
    const struct slw_json_document *json = &answer->json;
    uint32_t gates = cli_depot_find(answer, "next.gates");
    uint32_t gate;
    if (cli_depot_find(answer, "next.freeze") != SLW_JSON_NONE) {
        slw_heap_append_text(text, "frozen: ");
        cli_depot_append(answer, "next.freeze", text);
        return;
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, gates);
    while (gates != SLW_JSON_NONE && slw_json_walk_element(&walk, &gate)) {
        uint32_t holds = slw_json_member(json, gate, SLW_BYTES_OF("holds"));
        if (slw_json_kind(json, holds) != SLW_JSON_TRUE) {
            slw_escape(slw_json_string(json, slw_json_member(json, gate, SLW_BYTES_OF("why"))),
                       text);
            return;
        }
    }
}

/* "build candidate; production: 0 of 2 approvals" */
static void append_line(const struct cli_depot_answer *answer, struct slw_heap_buffer *ret_line)
{
    slw_heap_append_text(ret_line, "build ");
    cli_depot_append(answer, "state", ret_line);
    if (cli_depot_text(answer, "reason").len > 0) {
        slw_heap_append_text(ret_line, ": ");
        cli_depot_append(answer, "reason", ret_line);
    }
    if (cli_depot_text(answer, "next.stage").len > 0) {
        slw_heap_append_text(ret_line, "; ");
        cli_depot_append(answer, "next.stage", ret_line);
        slw_heap_append_text(ret_line, ": ");
        append_waits(answer, ret_line);
    }
}

static bool has_entered(const struct cli_depot_answer *answer, const char *stage)
{
    const struct slw_json_document *json = &answer->json;
    uint32_t stages = cli_depot_find(answer, "stages");
    uint32_t entry;
    struct slw_json_walk walk = slw_json_walk_begin(json, stages);
    while (stages != SLW_JSON_NONE && slw_json_walk_element(&walk, &entry)) {
        if (slw_bytes_equal(
                slw_json_string(json, slw_json_member(json, entry, SLW_BYTES_OF("stage"))),
                slw_bytes_make(stage, strlen(stage)))) {
            return true;
        }
    }
    return false;
}

static enum cli_exit verdict(const struct cli_depot_answer *answer,
                             const struct cli_arguments *arguments, bool *ret_goes_on)
{
    const char *until = cli_value(arguments, "--until");
    bool is_stopped =
        cli_depot_is(answer, "state", "failed") || cli_depot_is(answer, "state", "withdrawn");
    bool is_there = has_entered(answer, until == NULL ? "production" : until);
    *ret_goes_on = !is_stopped && !is_there;
    return is_there ? CLI_DONE : CLI_DENIED;
}

static enum cli_exit print_text(struct cli *cli, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer text = {0};
    append_line(answer, &text);
    slw_heap_append_text(&text, "\nkind: ");
    cli_depot_append(answer, "kind", &text);
    slw_heap_printf(&text, "\npipeline: version %lld\n",
                    (long long)cli_depot_number(answer, "pipeline"));
    for (unsigned i = 0; i < 4; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "stages.%u.stage", i);
        if (cli_depot_text(answer, path).len > 0) {
            slw_heap_append_text(&text, "entered ");
            cli_depot_append(answer, path, &text);
            (void)snprintf(path, sizeof path, "stages.%u.entered", i);
            slw_heap_append_text(&text, ": ");
            cli_depot_append(answer, path, &text);
            slw_heap_append_text(&text, "\n");
        }
    }
    enum cli_exit code = cli_print(cli, &text);
    if (code != CLI_DONE || cli_depot_find(answer, "next.gates") == SLW_JSON_NONE) {
        return code;
    }
    return cli_depot_print_table(cli, answer, "next.gates", gate_columns,
                                 sizeof gate_columns / sizeof gate_columns[0]);
}

enum cli_exit cli_release_status(struct cli *cli, const struct cli_arguments *arguments)
{
    static const struct cli_depot_watched watched = {
        .path = "/api/v1/products/{0}/builds/{1}/pipeline",
        .line = append_line,
        .verdict = verdict,
        .print = print_text,
    };
    return cli_depot_watch(cli, arguments, &watched);
}
