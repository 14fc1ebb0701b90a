/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway rollout create` and `change`: a plan (spec/DEPOT.md, section 6) out of options. */
#include "depot_verb.h"
#include "rollout.h"

#include "slipway/rollout_plan.h"
#include "slipway/time_text.h"

#include <string.h>

#define PERCENT 10000u /* in millionths */
#define PART_SIZE 32u

const struct cli_option cli_rollout_create_options[] = {
    {.name = "--release", .value = "N", .required = true, .help = "the release's targets version"},
    {.name = "--group", .value = "NAME", .required = true, .help = "whom it is for"},
    {.name = "--phase",
     .value = "SHARE",
     .repeated = true,
     .help = "PERCENT[:SOAK[:LIMIT]]: 5:1h:30; rising to 100 (1, 5, 25, 100)"},
    {.name = "--plan", .value = "FILE", .help = "the plan as JSON, instead"},
    {.name = "--failure-limit", .value = "PERCENT", .help = "of failures (2)"},
    {.name = "--silence",
     .value = "DURATION",
     .help = "a device that began and says nothing for so long has failed (1d)"},
    {.name = "--rate", .value = "N", .help = "at most so many offers in an hour"},
    {.name = "--canary",
     .value = "DEVICE",
     .repeated = true,
     .help = "a device of the first phase, whatever its share"},
    {.name = "--start", .value = "TIME", .help = "begins then, once it is started"},
    {.name = "--emergency", .help = "before all others, outside of windows"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_depot_member members[] = {
    {"--release", "release", CLI_DEPOT_NUMBER}, {"--group", "group", CLI_DEPOT_TEXT},
    {"--start", "start", CLI_DEPOT_MOMENT},     {"--emergency", "emergency", CLI_DEPOT_FLAG},
    {"--plan", "plan", CLI_DEPOT_JSON},         {0},
};
static const struct cli_depot_member health_members[] = {
    {"--silence", "silence_s", CLI_DEPOT_SECONDS},
    {0},
};
static const struct cli_depot_member plan_members[] = {
    {"--rate", "rate_per_hour", CLI_DEPOT_NUMBER},
    {0},
};

/* "2", "0.5", "0.0001", in millionths. */
static bool read_percent(struct cli *cli, const char *option, const char *text, uint32_t *ret_ppm)
{
    uint32_t ppm = 0;
    uint32_t unit = PERCENT;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && ppm <= 100 * PERCENT; at++) {
        ppm = ppm * 10 + (uint32_t)(*at - '0') * PERCENT;
    }
    bool good = at > text;
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9' && unit > 1; at++) {
            unit /= 10;
            ppm += (uint32_t)(*at - '0') * unit;
        }
    }
    good = good && *at == '\0' && ppm > 0 && ppm <= 100 * PERCENT;
    if (!good) {
        (void)cli_usage(cli, "%s %s: not a percentage (2, 0.5)", option, text);
    }
    *ret_ppm = ppm;
    return good;
}

/* The next part of text up to ':', copied. */
static bool take_part(const char **text, char ret_part[static PART_SIZE])
{
    size_t len = strcspn(*text, ":");
    if (len == 0 || len >= PART_SIZE) {
        return false;
    }
    memcpy(ret_part, *text, len);
    ret_part[len] = '\0';
    *text += len + ((*text)[len] == ':' ? 1 : 0);
    return true;
}

static bool put_phase(struct cli *cli, const char *text, struct slw_json *json)
{
    const char *rest = text;
    char part[PART_SIZE];
    int64_t soak_s = 0;
    uint32_t ppm = 0;
    bool good = take_part(&rest, part);
    slw_json_begin_object(json, NULL);
    if (good && !read_percent(cli, "--phase", part, &ppm)) {
        return false;
    }
    slw_json_uint(json, "ppm", ppm);
    if (good && *rest != '\0') {
        good = take_part(&rest, part) && slw_duration_parse(part, &soak_s) == SLW_OK;
        slw_json_int(json, "soak_s", soak_s);
    }
    if (good && *rest != '\0') {
        good = take_part(&rest, part);
        if (good && !read_percent(cli, "--phase", part, &ppm)) {
            return false;
        }
        slw_json_uint(json, "failure_ppm", ppm);
    }
    slw_json_end_object(json);
    if (!good || *rest != '\0') {
        (void)cli_usage(cli, "--phase %s: not PERCENT[:SOAK[:LIMIT]], as 5:1h:30", text);
        return false;
    }
    return true;
}

static bool put_phases(struct cli *cli, const struct cli_arguments *arguments,
                       struct slw_json *json)
{
    static const char *const usual[] = {"1:1h:30", "5:1h", "25:1h", "100"};
    size_t count = cli_count(arguments, "--phase");
    bool good = true;
    slw_json_begin_array(json, "phases");
    for (size_t i = 0; good && i < count; i++) {
        good = put_phase(cli, cli_nth(arguments, "--phase", i), json);
    }
    for (size_t i = 0; good && count == 0 && i < sizeof usual / sizeof usual[0]; i++) {
        good = put_phase(cli, usual[i], json);
    }
    slw_json_end_array(json);
    return good;
}

static bool put_health(struct cli *cli, const struct cli_arguments *arguments,
                       struct slw_json *json)
{
    const char *limit = cli_value(arguments, "--failure-limit");
    uint32_t ppm = 0;
    slw_json_begin_object(json, "health");
    if (limit != NULL) {
        if (!read_percent(cli, "--failure-limit", limit, &ppm)) {
            return false;
        }
        slw_json_uint(json, "failure_ppm", ppm);
    }
    bool good = cli_depot_members(cli, arguments, health_members, json);
    if (cli_has(arguments, "--canary")) {
        static const struct cli_depot_member canaries[] = {
            {"--canary", "canaries", CLI_DEPOT_WORDS},
            {0},
        };
        good = good && cli_depot_members(cli, arguments, canaries, json);
    }
    slw_json_end_object(json);
    return good;
}

static bool put_plan(struct cli *cli, const struct cli_arguments *arguments, struct slw_json *json)
{
    static const char *const others[] = {"--phase", "--failure-limit", "--silence",
                                         "--rate",  "--canary",        NULL};
    if (cli_has(arguments, "--plan")) {
        for (const char *const *other = others; *other != NULL; other++) {
            if (cli_has(arguments, *other)) {
                (void)cli_usage(cli, "--plan says it all: without %s", *other);
                return false;
            }
        }
        return true;
    }
    slw_json_begin_object(json, "plan");
    bool good = put_phases(cli, arguments, json) && put_health(cli, arguments, json) &&
                cli_depot_members(cli, arguments, plan_members, json);
    slw_json_end_object(json);
    return good;
}

static enum cli_exit ask(struct cli *cli, const struct cli_arguments *arguments, const char *method,
                         const char *path, const struct slw_heap_buffer *body)
{
    struct cli_depot depot;
    struct cli_depot_answer answer;
    enum cli_exit code = cli_depot_open(cli, arguments, &depot);
    if (code != CLI_DONE) {
        return code;
    }
    code = cli_depot_call(&depot, method, path, body, &answer);
    if (code == CLI_DONE) {
        struct slw_heap_buffer text = {0};
        if (cli->json) {
            code = cli_depot_print_object(cli, &answer);
        } else {
            slw_heap_printf(&text, "%lld\n", (long long)cli_depot_number(&answer, "id"));
            code = cli_print(cli, &text);
        }
        cli_depot_answer_free(&answer);
    }
    cli_depot_close(&depot);
    return code;
}

enum cli_exit cli_rollout_create(struct cli *cli, const struct cli_arguments *arguments)
{
    bool is_change = strcmp(arguments->command->verb, "change") == 0;
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer body = {0};
    struct slw_json json;
    enum cli_exit code = CLI_USAGE;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    bool good = cli_depot_verb_path(cli, arguments,
                                    is_change ? "/api/v1/products/{0}/rollouts/{1}"
                                              : "/api/v1/products/{0}/rollouts",
                                    NULL, &path) &&
                cli_depot_members(cli, arguments, members, &json) &&
                put_plan(cli, arguments, &json);
    slw_json_end_object(&json);
    if (good) {
        code = path.status == SLW_OK && body.status == SLW_OK
                   ? ask(cli, arguments, is_change ? "PUT" : "POST", slw_heap_text(&path), &body)
                   : cli_error(cli, "out of memory");
    }
    slw_heap_drop(&body);
    slw_heap_drop(&path);
    return code;
}
