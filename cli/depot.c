/* SPDX-License-Identifier: Apache-2.0 */
/* The depot as commands reach it. See depot.h. */
#include "depot.h"

#include "slipway/explain.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const setting_names[] = {
    "--depot", "--token-file", "--ca-file", "--certificate", "--certificate-key", NULL,
};
static const struct cli_option_file depot_conf = {"depot.conf", "depot", setting_names};

static enum cli_exit connect_to(struct cli_depot *depot)
{
    struct cli *cli = depot->cli;
    const struct slw_http_client_settings settings = {
        .url = cli_depot_value(depot, "--depot"),
        .ca_file = cli_depot_value(depot, "--ca-file"),
        .certificate_file = cli_depot_value(depot, "--certificate"),
        .key_file = cli_depot_value(depot, "--certificate-key"),
        .token_file = cli_depot_value(depot, "--token-file"),
        .allows_plain = true,
    };
    if (settings.url == NULL) {
        return cli_usage(cli, "--depot is missing, and depot.conf doesn't say it either");
    }
    enum slw_status status = slw_http_client_new(&settings, &depot->client, &cli->detail);
    if (status == SLW_BAD_ARGUMENT) {
        return cli_usage(cli, "%s", cli->detail.text);
    }
    return status == SLW_OK ? CLI_DONE : cli_error(cli, "%s", cli->detail.text);
}

enum cli_exit cli_depot_open(struct cli *cli, const struct cli_arguments *arguments,
                             struct cli_depot *ret_depot)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    *ret_depot = (struct cli_depot){.cli = cli};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a connection that ends is a status */
    enum cli_exit code = cli_fill_options(cli, arguments, &depot_conf, &ret_depot->filled);
    if (code == CLI_DONE) {
        code = connect_to(ret_depot);
    }
    if (code != CLI_DONE) {
        cli_depot_close(ret_depot);
    }
    return code;
}

void cli_depot_close(struct cli_depot *depot)
{
    slw_http_client_free(depot->client);
    cli_filled_free(&depot->filled);
    depot->client = NULL;
}

const char *cli_depot_value(const struct cli_depot *depot, const char *name)
{
    return cli_value(&depot->filled.arguments, name);
}

/* --- Calls --- */

enum cli_exit cli_depot_fail(struct cli *cli, enum slw_status status)
{
    if (status == SLW_OK) {
        return CLI_DONE;
    }
    if (status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT || status == SLW_IO_CLOSED) {
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DEVICE;
    }
    if (status == SLW_NOT_PERMITTED || status == SLW_WRONG_STATE) {
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DENIED;
    }
    if (slw_status_is_refusal(status)) {
        (void)cli_refuse(cli, status, cli->detail.text);
        return CLI_DENIED;
    }
    return cli_error(cli, "%s", cli->detail.text);
}

static enum slw_status read_answer(struct cli_depot_answer *answer, struct slw_detail *detail)
{
    if (answer->text.len == 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_json_parse("answer", slw_heap_bytes(&answer->text), &answer->json, detail));
    answer->has_json = true;
    return SLW_OK;
}

/* 2xx: what came is in ret_answer, which is to be freed in any case. */
static enum slw_status run_call(struct cli_depot *depot, struct slw_http_call *call,
                                struct cli_depot_answer *ret_answer)
{
    struct slw_detail *detail = &depot->cli->detail;
    *ret_answer = (struct cli_depot_answer){.text = {0}};
    call->csrf = depot->csrf;
    call->cookie = depot->csrf == NULL ? NULL : depot->session;
    enum slw_status status = slw_http_call_run(depot->client, call, detail);
    if (call->session[0] != '\0') {
        memcpy(depot->session, call->session, sizeof depot->session);
    }
    if (status == SLW_OK && (call->http_status < 200 || call->http_status > 299)) {
        status = slw_http_call_refusal(depot->client, call, detail);
    }
    ret_answer->text = call->answer;
    return status;
}

enum cli_exit cli_depot_call(struct cli_depot *depot, const char *method, const char *path,
                             const struct slw_heap_buffer *body,
                             struct cli_depot_answer *ret_answer)
{
    struct cli *cli = depot->cli;
    struct slw_http_call call = {
        .method = method,
        .path = path,
        .body = body == NULL ? slw_bytes_make(NULL, 0) : slw_heap_bytes(body),
        .has_body = body != NULL,
        .limit = 64u << 20,
    };
    enum slw_status status = run_call(depot, &call, ret_answer);
    if (status == SLW_OK) {
        status = read_answer(ret_answer, &cli->detail);
        status = status == SLW_MALFORMED ? SLW_UNAVAILABLE : status; /* isn't a depot */
    }
    if (status != SLW_OK) {
        cli_depot_answer_free(ret_answer);
        return cli_depot_fail(cli, status);
    }
    return CLI_DONE;
}

enum cli_exit cli_depot_fetch(struct cli_depot *depot, const char *path,
                              struct cli_depot_answer *ret_answer)
{
    struct slw_http_call call = {.method = "GET", .path = path, .limit = 1u << 30};
    enum slw_status status = run_call(depot, &call, ret_answer);
    if (status != SLW_OK) {
        cli_depot_answer_free(ret_answer);
        return cli_depot_fail(depot->cli, status);
    }
    return CLI_DONE;
}

void cli_depot_answer_free(struct cli_depot_answer *answer)
{
    if (answer->has_json) {
        slw_json_document_free(&answer->json);
    }
    slw_heap_drop(&answer->text);
    *answer = (struct cli_depot_answer){.text = {0}};
}

/* --- Answers --- */

uint32_t cli_depot_find(const struct cli_depot_answer *answer, const char *path)
{
    uint32_t value = answer->has_json ? SLW_JSON_TOP : SLW_JSON_NONE;
    while (*path != '\0' && value != SLW_JSON_NONE) {
        size_t len = strcspn(path, ".");
        if (slw_json_kind(&answer->json, value) == SLW_JSON_ARRAY) {
            long index = strtol(path, NULL, 10);
            struct slw_json_walk walk = slw_json_walk_begin(&answer->json, value);
            while (index-- >= 0) {
                if (!slw_json_walk_element(&walk, &value)) {
                    return SLW_JSON_NONE;
                }
            }
        } else {
            value = slw_json_member(&answer->json, value, slw_bytes_make(path, len));
        }
        path += len + (path[len] == '.');
    }
    return value;
}

struct slw_bytes cli_depot_text(const struct cli_depot_answer *answer, const char *path)
{
    uint32_t value = cli_depot_find(answer, path);
    return value == SLW_JSON_NONE ? slw_bytes_make(NULL, 0) : slw_json_string(&answer->json, value);
}

int64_t cli_depot_number(const struct cli_depot_answer *answer, const char *path)
{
    int64_t number = 0;
    uint32_t value = cli_depot_find(answer, path);
    return value != SLW_JSON_NONE && slw_json_integer(&answer->json, value, &number) ? number : 0;
}

/* --- Printing --- */

/* JSON as it came, without what moves a terminal's cursor; its own quotes stay as they are. */
static void append_raw(struct slw_bytes raw, struct slw_heap_buffer *text)
{
    struct slw_heap_buffer escaped = {0};
    slw_escape(raw, &escaped);
    for (size_t i = 0; i < escaped.len; i++) {
        const uint8_t *at = escaped.ptr + i;
        if (at[0] == '\\' && i + 1 < escaped.len && (at[1] == '"' || at[1] == '\\')) {
            i++;
        }
        slw_heap_append(text, slw_bytes_make(escaped.ptr + i, 1));
    }
    slw_heap_drop(&escaped);
}

/* A value as a cell: texts escaped, so that none moves the terminal's cursor. */
static void append_cell(const struct slw_json_document *json, uint32_t value,
                        struct slw_heap_buffer *text)
{
    int64_t number = 0;
    switch (slw_json_kind(json, value)) {
    case SLW_JSON_STRING:
        slw_escape(slw_json_string(json, value), text);
        break;
    case SLW_JSON_INTEGER:
        if (slw_json_integer(json, value, &number)) {
            slw_heap_printf(text, "%lld", (long long)number);
        }
        break;
    case SLW_JSON_TRUE:
        slw_heap_append_text(text, "yes");
        break;
    case SLW_JSON_FALSE:
        slw_heap_append_text(text, "no");
        break;
    case SLW_JSON_OBJECT:
    case SLW_JSON_ARRAY:
        append_raw(slw_json_raw(json, value), text);
        break;
    case SLW_JSON_NULL:
    default:
        slw_heap_append_text(text, "-");
        break;
    }
}

static size_t width_of(const struct slw_heap_buffer *text)
{
    size_t width = 0;
    for (size_t i = 0; i < text->len; i++) {
        width += (text->ptr[i] & 0xc0) != 0x80;
    }
    return width;
}

static void append_padded(struct slw_heap_buffer *line, const struct slw_heap_buffer *cell,
                          size_t width, bool is_last)
{
    slw_heap_append(line, slw_heap_bytes(cell));
    for (size_t i = width_of(cell); !is_last && i < width + 2; i++) {
        slw_heap_append_text(line, " ");
    }
}

#define COLUMNS_MAX 16u

static void cell_of(const struct slw_json_document *json, uint32_t row, const char *column,
                    struct slw_heap_buffer *cell)
{
    slw_heap_drop(cell);
    if (row == SLW_JSON_NONE) {
        slw_heap_append_text(cell, column);
        return;
    }
    append_cell(json, slw_json_member(json, row, slw_bytes_make(column, strlen(column))), cell);
    if (cell->len == 0) {
        slw_heap_append_text(cell, "-");
    }
}

static void measure(const struct slw_json_document *json, uint32_t row, const char *const *columns,
                    size_t count, size_t *widths)
{
    struct slw_heap_buffer cell = {0};
    for (size_t i = 0; i < count; i++) {
        cell_of(json, row, columns[i], &cell);
        widths[i] = width_of(&cell) > widths[i] ? width_of(&cell) : widths[i];
    }
    slw_heap_drop(&cell);
}

static void append_row(const struct slw_json_document *json, uint32_t row,
                       const char *const *columns, size_t count, const size_t *widths,
                       struct slw_heap_buffer *text)
{
    struct slw_heap_buffer cell = {0};
    for (size_t i = 0; i < count; i++) {
        cell_of(json, row, columns[i], &cell);
        append_padded(text, &cell, widths[i], i + 1 == count);
    }
    slw_heap_append_text(text, "\n");
    slw_heap_drop(&cell);
}

enum cli_exit cli_depot_print_table(struct cli *cli, const struct cli_depot_answer *answer,
                                    const char *array, const char *const *columns, size_t count)
{
    struct slw_heap_buffer text = {0};
    size_t widths[COLUMNS_MAX] = {0};
    uint32_t row;
    if (cli->json) {
        slw_heap_append(&text, slw_heap_bytes(&answer->text));
        slw_heap_append_text(&text, "\n");
        return cli_print(cli, &text);
    }
    uint32_t rows = cli_depot_find(answer, array);
    measure(&answer->json, SLW_JSON_NONE, columns, count, widths);
    struct slw_json_walk walk = slw_json_walk_begin(&answer->json, rows);
    while (slw_json_walk_element(&walk, &row)) {
        measure(&answer->json, row, columns, count, widths);
    }
    append_row(&answer->json, SLW_JSON_NONE, columns, count, widths, &text);
    walk = slw_json_walk_begin(&answer->json, rows);
    while (slw_json_walk_element(&walk, &row)) {
        append_row(&answer->json, row, columns, count, widths, &text);
    }
    return cli_print(cli, &text);
}

enum cli_exit cli_depot_print_object(struct cli *cli, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer text = {0};
    struct slw_bytes name;
    uint32_t value;
    if (cli->json) {
        slw_heap_append(&text, slw_heap_bytes(&answer->text));
        slw_heap_append_text(&text, answer->text.len > 0 ? "\n" : "");
        return cli_print(cli, &text);
    }
    if (!answer->has_json) {
        return CLI_DONE;
    }
    struct slw_json_walk walk = slw_json_walk_begin(&answer->json, SLW_JSON_TOP);
    while (slw_json_walk_member(&walk, &name, &value)) {
        slw_escape(name, &text);
        slw_heap_append_text(&text, ": ");
        append_cell(&answer->json, value, &text);
        slw_heap_append_text(&text, "\n");
    }
    return cli_print(cli, &text);
}
