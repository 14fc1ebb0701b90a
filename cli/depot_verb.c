/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are one call of the depot each. See depot_verb.h. */
#include "depot_verb.h"

#include "command.h"
#include "values.h"

#include "slipway/files.h"
#include "slipway/time_text.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 128u
#define VALUE_MAX 1024u
#define JSON_MAX (1u << 20)
#define COLUMNS_MAX 16u
#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

/* --- The path --- */

static bool is_plain(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

/* RFC 3986, section 2.3: "unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"". */
static void append_encoded(const char *text, struct slw_heap_buffer *path)
{
    for (; *text != '\0'; text++) {
        if (is_plain(*text) || strchr("-._~", *text) != NULL) {
            slw_heap_append(path, slw_bytes_make(text, 1));
        } else {
            slw_heap_printf(path, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

/* A word as a piece of the path: names begin with a letter or digit, so that none is "..". */
static bool append_word(struct cli *cli, const struct cli_arguments *arguments, size_t index,
                        struct slw_heap_buffer *path)
{
    const char *word = index < arguments->positionals_count ? arguments->positionals[index] : "";
    if (!is_plain(word[0]) || strlen(word) > WORD_MAX) {
        (void)cli_usage(cli, "'%s' can't be a name: one begins with a letter or digit", word);
        return false;
    }
    append_encoded(word, path);
    return true;
}

static bool is_flag(const struct cli_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        if (strcmp(arguments->given[i].option->name, name) == 0) {
            return arguments->given[i].option->value == NULL;
        }
    }
    return false;
}

static bool append_queries(struct cli *cli, const struct cli_arguments *arguments,
                           const char *const *queries, struct slw_heap_buffer *path)
{
    char mark = '?';
    for (; queries != NULL && *queries != NULL; queries++) {
        const char *value = cli_value(arguments, *queries);
        if (!cli_has(arguments, *queries)) {
            continue;
        }
        value = is_flag(arguments, *queries) ? "1" : value;
        if (strlen(value) > VALUE_MAX) {
            (void)cli_usage(cli, "%s: its value is too long", *queries);
            return false;
        }
        slw_heap_append(path, slw_bytes_make(&mark, 1));
        for (const char *name = *queries + 2; *name != '\0'; name++) {
            slw_heap_append_text(path, *name == '-' ? "_" : (const char[]){*name, '\0'});
        }
        slw_heap_append_text(path, "=");
        append_encoded(value, path);
        mark = '&';
    }
    return true;
}

bool cli_depot_verb_path(struct cli *cli, const struct cli_arguments *arguments, const char *path,
                         const char *const *queries, struct slw_heap_buffer *ret_path)
{
    while (*path != '\0') {
        size_t len = strcspn(path, "{");
        slw_heap_append(ret_path, slw_bytes_make(path, len));
        path += len;
        if (*path == '{') {
            if (!append_word(cli, arguments, (size_t)(path[1] - '0'), ret_path)) {
                return false;
            }
            path += 3;
        }
    }
    return append_queries(cli, arguments, queries, ret_path);
}

/* --- The body --- */

static bool read_number(struct cli *cli, const char *option, const char *text, int64_t *ret_number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 16 || text[digits] != '\0') {
        (void)cli_usage(cli, "%s %s: not a number", option, text);
        return false;
    }
    *ret_number = strtoll(text, NULL, 10);
    if (*ret_number > NUMBER_MAX) {
        (void)cli_usage(cli, "%s %s: larger than 2^53 - 1", option, text);
        return false;
    }
    return true;
}

static bool put_json_file(struct cli *cli, const char *path, const char *name,
                          struct slw_json *json)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_json_document document;
    enum slw_status status = slw_file_read(path, JSON_MAX, &bytes, &cli->detail);
    if (status == SLW_OK) {
        status = slw_json_parse(path, slw_heap_bytes(&bytes), &document, &cli->detail);
    }
    if (status == SLW_OK) {
        struct slw_bytes text = slw_json_raw(&document, SLW_JSON_TOP);
        if (name == NULL) {
            slw_heap_append(json->buffer, text);
        } else {
            slw_json_embed(json, name, text);
        }
        slw_json_document_free(&document);
    }
    slw_heap_drop(&bytes);
    if (status != SLW_OK) {
        (void)cli_error(cli, "%s", cli->detail.text);
    }
    return status == SLW_OK;
}

static bool put_content(struct cli *cli, const char *path, const char *name, struct slw_json *json)
{
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_file_read(path, JSON_MAX, &bytes, &cli->detail);
    if (status == SLW_OK) {
        slw_json_bytes(json, name, slw_heap_bytes(&bytes));
    } else {
        (void)cli_error(cli, "%s", cli->detail.text);
    }
    slw_heap_free(&bytes);
    return status == SLW_OK;
}

/* The first line of a file, so that no password is a word of the command line. */
static bool put_line(struct cli *cli, const char *path, const char *name, struct slw_json *json)
{
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_file_read(path, JSON_MAX, &bytes, &cli->detail);
    if (status == SLW_OK) {
        const uint8_t *end = memchr(bytes.ptr, '\n', bytes.len);
        slw_json_bytes(
            json, name,
            slw_bytes_make(bytes.ptr, end == NULL ? bytes.len : (size_t)(end - bytes.ptr)));
    } else {
        (void)cli_error(cli, "%s", cli->detail.text);
    }
    slw_heap_free(&bytes);
    return status == SLW_OK;
}

/* PRODUCT:ROLE; the last colon divides them. */
static bool put_grants(struct cli *cli, const struct cli_arguments *arguments,
                       const struct cli_depot_member *member, struct slw_json *json)
{
    slw_json_begin_array(json, member->name);
    for (size_t i = 0; i < cli_count(arguments, member->option); i++) {
        const char *text = cli_nth(arguments, member->option, i);
        const char *colon = strrchr(text, ':');
        if (colon == NULL || colon == text || colon[1] == '\0') {
            (void)cli_usage(cli, "%s %s: wants PRODUCT:ROLE, such as lamp:developer or *:viewer",
                            member->option, text);
            return false;
        }
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "product", slw_bytes_make(text, (size_t)(colon - text)));
        slw_json_text(json, "role", colon + 1);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return true;
}

static bool put_moment(struct cli *cli, const struct cli_arguments *arguments,
                       const struct cli_depot_member *member, struct slw_json *json)
{
    char text[SLW_TIME_TEXT_SIZE];
    int64_t utc_s = 0;
    bool given = false;
    if (!cli_time(cli, arguments, member->option, &given, &utc_s)) {
        return false;
    }
    slw_json_text(json, member->name, slw_time_format(utc_s, text));
    return true;
}

static bool put_number(struct cli *cli, const struct cli_depot_member *member, const char *value,
                       struct slw_json *json)
{
    int64_t number = 0;
    if (member->form == CLI_DEPOT_SECONDS && slw_duration_parse(value, &number) != SLW_OK) {
        (void)cli_usage(cli, "%s %s: not a duration (30s, 15m, 12h, 90d)", member->option, value);
        return false;
    }
    if (member->form != CLI_DEPOT_SECONDS && !read_number(cli, member->option, value, &number)) {
        return false;
    }
    slw_json_int(json, member->name, number);
    return true;
}

static void put_words(const struct cli_arguments *arguments, const struct cli_depot_member *member,
                      struct slw_json *json)
{
    slw_json_begin_array(json, member->name);
    for (size_t i = 0; i < cli_count(arguments, member->option); i++) {
        slw_json_text(json, NULL, cli_nth(arguments, member->option, i));
    }
    slw_json_end_array(json);
}

static bool put_member(struct cli *cli, const struct cli_arguments *arguments,
                       const struct cli_depot_member *member, struct slw_json *json)
{
    const char *value = cli_nth(arguments, member->option, 0);
    switch (member->form) {
    case CLI_DEPOT_WORD:
        slw_json_text(json, member->name, member->option);
        return true;
    case CLI_DEPOT_TEXT:
        slw_json_text(json, member->name, value);
        return true;
    case CLI_DEPOT_CONTENT:
        return put_content(cli, value, member->name, json);
    case CLI_DEPOT_WORDS:
    case CLI_DEPOT_SOME:
        put_words(arguments, member, json);
        return true;
    case CLI_DEPOT_NUMBER:
    case CLI_DEPOT_SECONDS:
        return put_number(cli, member, value, json);
    case CLI_DEPOT_MOMENT:
        return put_moment(cli, arguments, member, json);
    case CLI_DEPOT_FLAG:
        slw_json_bool(json, member->name, true);
        return true;
    case CLI_DEPOT_JSON:
        return put_json_file(cli, value, member->name, json);
    case CLI_DEPOT_LINE:
        return put_line(cli, value, member->name, json);
    case CLI_DEPOT_GRANTS:
        return put_grants(cli, arguments, member, json);
    case CLI_DEPOT_PLACE:
        return put_number(cli, member, arguments->positionals[member->option[0] - '0'], json);
    case CLI_DEPOT_POSITION:
    default:
        slw_json_text(json, member->name, arguments->positionals[member->option[0] - '0']);
        return true;
    }
}

/* What stands in a body even when the option isn't given. */
static bool is_there(const struct cli_arguments *arguments, const struct cli_depot_member *member)
{
    switch (member->form) {
    case CLI_DEPOT_POSITION:
    case CLI_DEPOT_PLACE:
    case CLI_DEPOT_WORD:
    case CLI_DEPOT_WORDS:
    case CLI_DEPOT_GRANTS:
        return true;
    case CLI_DEPOT_TEXT:
    case CLI_DEPOT_SOME:
    case CLI_DEPOT_CONTENT:
    case CLI_DEPOT_NUMBER:
    case CLI_DEPOT_SECONDS:
    case CLI_DEPOT_MOMENT:
    case CLI_DEPOT_FLAG:
    case CLI_DEPOT_JSON:
    case CLI_DEPOT_LINE:
    default:
        return cli_has(arguments, member->option);
    }
}

bool cli_depot_members(struct cli *cli, const struct cli_arguments *arguments,
                       const struct cli_depot_member *members, struct slw_json *json)
{
    for (; members->option != NULL; members++) {
        if (is_there(arguments, members) && !put_member(cli, arguments, members, json)) {
            return false;
        }
    }
    return true;
}

static bool make_body(struct cli *cli, const struct cli_arguments *arguments,
                      const struct cli_depot_member *members, struct slw_heap_buffer *ret_body)
{
    struct slw_json json;
    slw_json_init(&json, ret_body);
    if (members->form == CLI_DEPOT_JSON && members->name == NULL) {
        return put_json_file(cli, cli_value(arguments, members->option), NULL, &json);
    }
    slw_json_begin_object(&json, NULL);
    bool good = cli_depot_members(cli, arguments, members, &json);
    slw_json_end_object(&json);
    return good;
}

/* --- Running one --- */

static enum cli_exit show(struct cli *cli, const struct cli_depot_verb *verb,
                          const struct cli_depot_answer *answer)
{
    size_t count = 0;
    if (verb->array == NULL || !answer->has_json) {
        return cli_depot_print_object(cli, answer);
    }
    while (count < COLUMNS_MAX && verb->columns[count] != NULL) {
        count++;
    }
    return cli_depot_print_table(cli, answer, verb->array, verb->columns, count);
}

static enum cli_exit save(struct cli_depot *depot, const struct cli_arguments *arguments,
                          const char *path)
{
    const char *file = cli_value(arguments, "--output");
    unsigned flags = cli_has(arguments, "--force") ? SLW_OUTPUT_REPLACE : 0;
    struct cli_depot_answer answer;
    enum cli_exit code = cli_depot_fetch(depot, path, &answer);
    if (code == CLI_DONE && file == NULL) {
        code = cli_print(depot->cli, &answer.text);
    } else if (code == CLI_DONE) {
        code = cli_write_file(depot->cli, file, flags, &answer.text);
    }
    cli_depot_answer_free(&answer);
    return code;
}

static enum cli_exit call(struct cli *cli, const struct cli_arguments *arguments,
                          const struct cli_depot_verb *verb, const char *path,
                          const struct slw_heap_buffer *body)
{
    struct cli_depot depot;
    bool is_bytes = verb->array != NULL && verb->array[0] == 0;
    struct cli_depot_answer answer;
    enum cli_exit code = cli_depot_open(cli, arguments, &depot);
    if (code != CLI_DONE) {
        return code;
    }
    code = is_bytes ? save(&depot, arguments, path)
                    : cli_depot_call(&depot, verb->method, path, body, &answer);
    if (code == CLI_DONE && !is_bytes) {
        code = show(cli, verb, &answer);
        cli_depot_answer_free(&answer);
    }
    cli_depot_close(&depot);
    return code;
}

enum cli_exit cli_depot_verb_run(struct cli *cli, const struct cli_arguments *arguments,
                                 const struct cli_depot_verb *verbs)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer body = {0};
    enum cli_exit code = CLI_USAGE;
    while (strcmp(verbs->verb, arguments->command->verb) != 0) {
        verbs++;
    }
    if (cli_depot_verb_path(cli, arguments, verbs->path, verbs->queries, &path) &&
        (verbs->members == NULL || make_body(cli, arguments, verbs->members, &body))) {
        code = path.status == SLW_OK && body.status == SLW_OK
                   ? call(cli, arguments, verbs, slw_heap_text(&path),
                          verbs->members == NULL ? NULL : &body)
                   : cli_error(cli, "out of memory");
    }
    slw_heap_drop(&body);
    slw_heap_drop(&path);
    return code;
}
