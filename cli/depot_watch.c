/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at something of the depot until it is over. See depot_watch.h. */
#include "depot_watch.h"

#include "depot_verb.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define EVERY_MAX_S 3600

struct watching {
    struct cli *cli;
    const struct cli_arguments *arguments;
    const struct cli_depot_watched *watched;
    struct cli_depot depot;
    struct slw_heap_buffer path;
    struct slw_heap_buffer shown; /* the last line */
    int64_t every_s;
    bool goes_on;
};

void cli_depot_append(const struct cli_depot_answer *answer, const char *path,
                      struct slw_heap_buffer *text)
{
    slw_escape(cli_depot_text(answer, path), text);
}

bool cli_depot_is(const struct cli_depot_answer *answer, const char *path, const char *text)
{
    return slw_bytes_equal(cli_depot_text(answer, path), slw_bytes_make(text, strlen(text)));
}

/* A line when it says something new. */
static enum cli_exit print_change(struct watching *watching, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer line = {0};
    struct slw_heap_buffer copy = {0};
    enum cli_exit code = CLI_DONE;
    watching->watched->line(answer, &line);
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
    struct cli *cli = watching->cli;
    enum cli_exit printed = CLI_DONE;
    enum cli_exit code =
        cli_depot_call(&watching->depot, "GET", slw_heap_text(&watching->path), NULL, &answer);
    watching->goes_on = false;
    if (code != CLI_DONE) {
        return code;
    }
    if (is_watch) {
        printed = print_change(watching, &answer);
        code = watching->watched->verdict(&answer, watching->arguments, &watching->goes_on);
    } else {
        printed = cli->json ? cli_depot_print_object(cli, &answer)
                            : watching->watched->print(cli, &answer);
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

enum cli_exit cli_depot_watch(struct cli *cli, const struct cli_arguments *arguments,
                              const struct cli_depot_watched *watched)
{
    struct watching watching = {.cli = cli, .arguments = arguments, .watched = watched};
    bool is_watch = cli_has(arguments, "--watch");
    enum cli_exit code = CLI_USAGE;
    if (read_every(cli, arguments, &watching.every_s) &&
        cli_depot_verb_path(cli, arguments, watched->path, NULL, &watching.path)) {
        code = cli_depot_open(cli, arguments, &watching.depot);
    }
    if (code == CLI_DONE) {
        code = look(&watching, is_watch);
        while (watching.goes_on) { /* as long as what is watched does; a signal ends it */
            (void)poll(NULL, 0, (int)(watching.every_s * 1000));
            code = look(&watching, true);
        }
        cli_depot_close(&watching.depot);
    }
    slw_heap_drop(&watching.shown);
    slw_heap_drop(&watching.path);
    return code;
}
