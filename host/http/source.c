/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are sent piece by piece: sources, such as blobs, or parts of them, and what is large
 * in memory. See http_server.h.
 */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 9110, 14.1.2: int-range = first-pos "-" [ last-pos ], suffix-range = "-" suffix-length. */
struct range {
    bool has_first, has_last;
    uint64_t first, last;
};

static bool parse_digits(const char **at, bool *ret_there, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *begin = *at;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        unsigned digit = (unsigned)(**at - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_there = *at != begin;
    *ret_number = number;
    return true;
}

/* One range of bytes; anything else is no range, "A server MAY ignore the Range header field". */
static bool parse_range(struct slw_bytes value, struct range *ret_range)
{
    struct range range = {0};
    if (value.len < 7 || memcmp(value.ptr, "bytes=", 6) != 0) {
        return false;
    }
    const char *at = (const char *)value.ptr + 6;
    if (!parse_digits(&at, &range.has_first, &range.first) || *at != '-') {
        return false;
    }
    at++;
    if (!parse_digits(&at, &range.has_last, &range.last) || *at != '\0' ||
        (!range.has_first && !range.has_last) ||
        (range.has_first && range.has_last && range.last < range.first)) {
        return false;
    }
    *ret_range = range;
    return true;
}

/* Which part of size bytes is meant; false: none of them. */
static bool resolve(const struct range *range, uint64_t size, uint64_t *ret_offset,
                    uint64_t *ret_length)
{
    if (!range->has_first) {
        *ret_length = range->last < size ? range->last : size;
        *ret_offset = size - *ret_length;
        return *ret_length > 0;
    }
    if (range->first >= size) {
        return false;
    }
    uint64_t last = range->has_last && range->last < size ? range->last : size - 1;
    *ret_offset = range->first;
    *ret_length = last - range->first + 1;
    return true;
}

/* An answer in memory that is sent piece by piece. */
struct kept {
    uint8_t *ptr;
    size_t len;
    struct slw_http_connections *connections;
    struct slw_http_connection *peer;
};

static ssize_t give_piece(void *context, uint64_t position, char *buffer, size_t max)
{
    const struct kept *kept = context;
    size_t left = position < kept->len ? kept->len - (size_t)position : 0;
    size_t len = left < max ? left : max;
    if (len == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    slw_http_connections_enter(kept->connections, kept->peer, SLW_HTTP_ANSWER);
    memcpy(buffer, kept->ptr + position, len);
    return (ssize_t)len;
}

static void free_kept(void *context)
{
    struct kept *kept = context;
    free(kept->ptr);
    free(kept);
}

struct MHD_Response *http_memory_response(const struct slw_http_exchange *exchange,
                                          struct slw_heap_buffer *bytes)
{
    struct kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    kept->ptr = bytes->ptr;
    kept->len = bytes->len;
    kept->connections = &exchange->server->connections;
    kept->peer = exchange->peer;
    struct MHD_Response *response =
        MHD_create_response_from_callback(kept->len, HTTP_PIECE_SIZE, give_piece, kept, free_kept);
    if (response == NULL) {
        free(kept);
        return NULL;
    }
    *bytes = (struct slw_heap_buffer){0};
    return response;
}

/* Whether the part that is asked for is one of what is here (RFC 9110, 13.1.5). */
static bool is_current(const struct slw_http_exchange *exchange)
{
    struct slw_bytes wanted = slw_http_header(exchange, MHD_HTTP_HEADER_IF_RANGE);
    const char *value = NULL;
    if (wanted.len == 0) {
        return true;
    }
    for (const char *at = http_set_next(exchange, NULL, &value); at != NULL;
         at = http_set_next(exchange, at, &value)) {
        if (strcmp(at, MHD_HTTP_HEADER_ETAG) == 0 && value[0] == '"') {
            return slw_bytes_equal(wanted, slw_bytes_make(value, strlen(value)));
        }
    }
    return false;
}

static void refuse_range(struct slw_http_exchange *exchange, const struct slw_source *source)
{
    char text[48];
    (void)snprintf(text, sizeof text, "bytes */%" PRIu64, source->size);
    slw_http_set_header(exchange, MHD_HTTP_HEADER_CONTENT_RANGE, text);
    slw_http_refuse_as(exchange, MHD_HTTP_RANGE_NOT_SATISFIABLE, SLW_BAD_ARGUMENT,
                       "Range: none of the bytes that are here");
}

static void note_part(struct slw_http_exchange *exchange, uint64_t offset, uint64_t length,
                      uint64_t size)
{
    char text[96];
    (void)snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, offset,
                   offset + length - 1, size);
    slw_http_set_header(exchange, MHD_HTTP_HEADER_CONTENT_RANGE, text);
}

/* NULL: memory ran out for it, and nobody else closes what it is of. */
static void answer_by(struct slw_http_exchange *exchange, unsigned http_status, const char *type,
                      struct MHD_Response *response, void (*close)(void *context), void *context)
{
    if (response == NULL) {
        if (close != NULL) {
            close(context);
        }
        slw_http_refuse_as(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, SLW_NO_SPACE, "out of memory");
        return;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    http_finish_response(exchange, http_status, response);
    http_answer(exchange, http_status, response);
}

void slw_http_answer_source(struct slw_http_exchange *exchange, const char *type,
                            const struct slw_source *source, void (*close)(void *context),
                            void *context)
{
    uint64_t offset = 0;
    uint64_t length = source->size;
    unsigned http_status = MHD_HTTP_OK;
    struct range range;
    struct slw_bytes wanted = slw_http_header(exchange, MHD_HTTP_HEADER_RANGE);
    if (is_current(exchange) && parse_range(wanted, &range)) {
        if (!resolve(&range, source->size, &offset, &length)) {
            if (close != NULL) {
                close(context);
            }
            refuse_range(exchange, source);
            return;
        }
        http_status = MHD_HTTP_PARTIAL_CONTENT;
        note_part(exchange, offset, length, source->size);
    }
    slw_http_set_header(exchange, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    answer_by(exchange, http_status, type,
              http_fetch_response(exchange, source, offset, length, close, context), close,
              context);
}

void slw_http_answer_flow(struct slw_http_exchange *exchange, const char *type, slw_http_flow *next,
                          void (*close)(void *context), void *context)
{
    answer_by(exchange, MHD_HTTP_OK, type, http_flow_response(exchange, next, close, context),
              close, context);
}
