/* SPDX-License-Identifier: Apache-2.0 */
/* Reads heads of HTTP answers for the fetcher, which libcurl hands over line by line. */
#include "slipway/http_head.h"

#include <strings.h>

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* RFC 9110, 5.6.2: "token = 1*tchar", and what tchar is. */
static bool is_token_byte(uint8_t byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_named(struct slw_bytes name, const char *expected)
{
    return name.len == strlen(expected) &&
           strncasecmp((const char *)name.ptr, expected, name.len) == 0;
}

static bool contains_word(struct slw_bytes value, const char *word)
{
    size_t len = strlen(word);
    for (size_t at = 0; at + len <= value.len; at++) {
        if (strncasecmp((const char *)value.ptr + at, word, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes digits off the front; false when there are none or they don't fit. */
static bool take_number(struct slw_bytes *text, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text->len && is_digit(text->ptr[at]); at++) {
        unsigned digit = text->ptr[at] - (unsigned)'0';
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (at == 0) {
        return false;
    }
    *text = slw_bytes_make(text->ptr + at, text->len - at);
    *ret_number = number;
    return true;
}

static bool take_byte(struct slw_bytes *text, char byte)
{
    if (text->len == 0 || text->ptr[0] != (uint8_t)byte) {
        return false;
    }
    *text = slw_bytes_make(text->ptr + 1, text->len - 1);
    return true;
}

bool slw_http_range_parse(struct slw_bytes value, struct slw_http_range *ret_range)
{
    struct slw_http_range range = {0};
    if (value.len < 6 || !is_named(slw_bytes_make(value.ptr, 5), "bytes")) {
        return false;
    }
    value = slw_bytes_make(value.ptr + 5, value.len - 5);
    if (!take_byte(&value, ' ') || !take_number(&value, &range.first) || !take_byte(&value, '-') ||
        !take_number(&value, &range.last) || !take_byte(&value, '/')) {
        return false;
    }
    range.total_known = !take_byte(&value, '*');
    if (range.total_known && !take_number(&value, &range.total)) {
        return false;
    }
    if (value.len != 0 || range.first > range.last ||
        (range.total_known && range.last >= range.total)) {
        return false;
    }
    *ret_range = range;
    return true;
}

static enum slw_status refuse(enum slw_status status, const char *problem, const char **ret_problem)
{
    *ret_problem = problem;
    return status;
}

/* Forgets the answer before, but not how much came. */
static void begin_answer(struct slw_http_head *head)
{
    *head = (struct slw_http_head){.bytes = head->bytes, .lines = head->lines};
}

/* RFC 9112, 4: "status-line = HTTP-version SP status-code SP [ reason-phrase ]"; many servers leave
 * out the second space with the phrase. */
static enum slw_status add_status_line(struct slw_http_head *head, struct slw_bytes line,
                                       const char **ret_problem)
{
    struct slw_bytes rest = line;
    uint64_t code = 0;
    bool newest = false;
    if (line.len < 12 || memcmp(line.ptr, "HTTP/1.", 7) != 0 || !is_digit(line.ptr[7])) {
        return refuse(SLW_MALFORMED, "not an HTTP/1 answer", ret_problem);
    }
    newest = line.ptr[7] != '0';
    rest = slw_bytes_make(line.ptr + 8, line.len - 8);
    if (!take_byte(&rest, ' ') || !take_number(&rest, &code) || code < 100 || code > 599 ||
        (rest.len != 0 && rest.ptr[0] != ' ')) {
        return refuse(SLW_MALFORMED, "no status code that means anything", ret_problem);
    }
    head->status_code = (unsigned)code;
    head->persistent = newest;
    return SLW_OK;
}

/*
 * RFC 9112, 6.3: "If a message is received without Transfer-Encoding and with an invalid
 * Content-Length header field, then the message framing is invalid and the recipient MUST treat it
 * as an unrecoverable error".
 */
static enum slw_status add_length(struct slw_http_head *head, struct slw_bytes value,
                                  const char **ret_problem)
{
    uint64_t length = 0;
    if (!take_number(&value, &length) || value.len != 0) {
        return refuse(SLW_MALFORMED, "a Content-Length that isn't a number", ret_problem);
    }
    if (head->has_length && head->length != length) {
        return refuse(SLW_MALFORMED, "two lengths", ret_problem);
    }
    head->has_length = true;
    head->length = length;
    return SLW_OK;
}

/* Only 206 says by it what its body is; 416 has "bytes" and a star there. */
static enum slw_status add_range(struct slw_http_head *head, struct slw_bytes value,
                                 const char **ret_problem)
{
    if (head->status_code != 206) {
        return SLW_OK;
    }
    if (head->has_range) {
        return refuse(SLW_MALFORMED, "two content ranges", ret_problem);
    }
    if (!slw_http_range_parse(value, &head->range)) {
        return refuse(SLW_MALFORMED, "a Content-Range that isn't one of bytes", ret_problem);
    }
    head->has_range = true;
    return SLW_OK;
}

static enum slw_status add_location(struct slw_http_head *head, struct slw_bytes value,
                                    const char **ret_problem)
{
    if (head->location[0] != '\0') {
        return refuse(SLW_MALFORMED, "two locations", ret_problem);
    }
    if (value.len == 0 || value.len > SLW_HTTP_LOCATION_MAX) {
        return refuse(SLW_MALFORMED, "a location that is empty or endless", ret_problem);
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || value.ptr[i] > '~') {
            return refuse(SLW_MALFORMED, "a location that isn't a URL", ret_problem);
        }
    }
    memcpy(head->location, value.ptr, value.len);
    head->location[value.len] = '\0';
    return SLW_OK;
}

/* Only the coding that every HTTP/1.1 client must know: any other could unfold to any size. */
static enum slw_status add_transfer_encoding(struct slw_http_head *head, struct slw_bytes value,
                                             const char **ret_problem)
{
    if (head->chunked || !is_named(value, "chunked")) {
        return refuse(SLW_MALFORMED, "a Transfer-Encoding other than chunked", ret_problem);
    }
    head->chunked = true;
    return SLW_OK;
}

static enum slw_status add_field(struct slw_http_head *head, struct slw_bytes name,
                                 struct slw_bytes value, const char **ret_problem)
{
    if (is_named(name, "content-length")) {
        return add_length(head, value, ret_problem);
    }
    if (is_named(name, "content-range")) {
        return add_range(head, value, ret_problem);
    }
    if (is_named(name, "location")) {
        return add_location(head, value, ret_problem);
    }
    if (is_named(name, "transfer-encoding")) {
        return add_transfer_encoding(head, value, ret_problem);
    }
    if (is_named(name, "content-encoding") && !is_named(value, "identity")) {
        head->encoded = true;
    }
    if ((is_named(name, "connection") || is_named(name, "proxy-connection")) &&
        contains_word(value, "close")) {
        head->persistent = false;
    }
    return SLW_OK;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static struct slw_bytes trim(struct slw_bytes text)
{
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = slw_bytes_make(text.ptr + 1, text.len - 1);
    }
    return text;
}

/*
 * RFC 9112, 5: "field-line = field-name ":" OWS field-value OWS". A line that continues the one
 * before (obs-fold) has no name and is refused with the rest of what has none.
 */
static enum slw_status add_field_line(struct slw_http_head *head, struct slw_bytes line,
                                      const char **ret_problem)
{
    size_t name_len = 0;
    while (name_len < line.len && is_token_byte(line.ptr[name_len])) {
        name_len++;
    }
    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ':') {
        return refuse(SLW_MALFORMED, "a header line without a name", ret_problem);
    }
    struct slw_bytes value = slw_bytes_make(line.ptr + name_len + 1, line.len - name_len - 1);
    for (size_t i = 0; i < value.len; i++) {
        if ((value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f) {
            return refuse(SLW_MALFORMED, "a control character in a header line", ret_problem);
        }
    }
    return add_field(head, slw_bytes_make(line.ptr, name_len), trim(value), ret_problem);
}

/* RFC 9112, 6.3: both length and Transfer-Encoding "might indicate an attempt to perform request
 * smuggling or response splitting and ought to be handled as an error". */
static enum slw_status end_answer(struct slw_http_head *head, const char **ret_problem)
{
    if (head->chunked && head->has_length) {
        return refuse(SLW_MALFORMED, "a length, and chunked all the same", ret_problem);
    }
    if (head->status_code < 200) {
        begin_answer(head);
    } else {
        head->complete = true;
    }
    return SLW_OK;
}

enum slw_status slw_http_head_add(struct slw_http_head *head, struct slw_bytes line,
                                  const char **ret_problem)
{
    if (line.len > SLW_HTTP_HEAD_BYTES_MAX - head->bytes ||
        head->lines == SLW_HTTP_HEAD_LINES_MAX) {
        return refuse(SLW_TOO_LARGE, "a flood of headers", ret_problem);
    }
    head->bytes += line.len;
    head->lines++;
    if (head->complete) {
        return SLW_OK;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\n') {
        line.len--;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    if (head->status_code == 0) {
        return add_status_line(head, line, ret_problem);
    }
    return line.len == 0 ? end_answer(head, ret_problem) : add_field_line(head, line, ret_problem);
}
