/* SPDX-License-Identifier: Apache-2.0 */
/* What all handlers need: bodies, answers, names, times, lines of the log. See depot.h. */
#include "depot.h"

#include "slipway/time_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void depot_answer(struct slw_http_exchange *exchange, enum slw_status status, unsigned http_status,
                  struct slw_heap_buffer *text, const struct slw_detail *detail)
{
    struct slw_detail memory;
    if (status == SLW_OK && text->status != SLW_OK) {
        status = slw_explain_no_memory(&memory);
        detail = &memory;
    }
    if (status == SLW_OK) {
        slw_http_answer_json(exchange, http_status, text);
        return;
    }
    slw_heap_free(text);
    slw_http_refuse(exchange, status, detail);
}

enum slw_status depot_body(const struct slw_http_exchange *exchange,
                           struct slw_json_document *ret_document, struct slw_detail *detail)
{
    struct slw_json_document document;
    SLW_TRY(slw_json_parse("body", slw_http_body(exchange), &document, detail));
    if (slw_json_kind(&document, SLW_JSON_TOP) != SLW_JSON_OBJECT) {
        slw_json_document_free(&document);
        return slw_explain(detail, SLW_MALFORMED, "body: not an object");
    }
    *ret_document = document;
    return SLW_OK;
}

static bool is_letter_or_digit(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

bool depot_is_name(struct slw_bytes text, const char *more)
{
    if (text.len == 0 || text.len > DEPOT_NAME_MAX || !is_letter_or_digit(text.ptr[0])) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (!is_letter_or_digit(byte) &&
            (byte == '\0' || (strchr("_.-", byte) == NULL && strchr(more, byte) == NULL))) {
            return false;
        }
    }
    return true;
}

int64_t depot_clock_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *depot_time_format(int64_t utc_us, char buffer[static DEPOT_TIME_SIZE])
{
    char text[SLW_TIME_TEXT_SIZE];
    int64_t second = utc_us / 1000000;
    int64_t rest = utc_us % 1000000;
    if (rest < 0) {
        second--;
        rest += 1000000;
    }
    (void)slw_time_format(second, text);
    size_t len = strlen(text);
    if (rest == 0 || len != 20) {
        (void)snprintf(buffer, DEPOT_TIME_SIZE, "%.39s", text);
    } else {
        (void)snprintf(buffer, DEPOT_TIME_SIZE, "%.19s.%06dZ", text, (int)rest);
    }
    return buffer;
}

void depot_put_time(struct slw_json *json, const char *name, const struct slw_rows *rows,
                    int column)
{
    char time[DEPOT_TIME_SIZE];
    if (!slw_rows_is_null(rows, column)) {
        slw_json_text(json, name, depot_time_format(slw_rows_int(rows, column), time));
    }
}

void depot_put_cell(struct slw_heap_buffer *text, struct slw_bytes cell, const char *behind)
{
    static const char begins_formula[] = {'=', '+', '-', '@', '\t', '\r'};
    slw_heap_append_text(text, "\"");
    if (cell.len > 0 && memchr(begins_formula, cell.ptr[0], sizeof begins_formula) != NULL) {
        slw_heap_append_text(text, "'");
    }
    for (size_t i = 0; i < cell.len; i++) {
        slw_heap_append(text, slw_bytes_make(cell.ptr + i, 1));
        if (cell.ptr[i] == '"') {
            slw_heap_append_text(text, "\"");
        }
    }
    slw_heap_append_text(text, "\"");
    slw_heap_append_text(text, behind);
}

void depot_log(const char *level, const char *part, const char *format, ...)
{
    char text[1024];
    char time[DEPOT_TIME_SIZE];
    struct timespec now;
    struct slw_heap_buffer line = {0};
    struct slw_json json;
    va_list arguments;
    va_start(arguments, format);
    /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    slw_json_init(&json, &line);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "time",
                  depot_time_format((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, time));
    slw_json_text(&json, "level", level);
    slw_json_text(&json, "part", part);
    slw_json_text(&json, "text", text);
    slw_json_end_object(&json);
    slw_heap_append_text(&line, "\n");
    if (line.status == SLW_OK) {
        (void)fwrite(line.ptr, 1, line.len, stderr);
    }
    slw_heap_free(&line);
}
