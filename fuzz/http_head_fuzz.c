/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of HTTP answers, as lines: whatever they are, they stay within their bounds, and a head
 * that is accepted can be written down again and reads the same. A range, tried on every line too,
 * lies within its file.
 */
#include "fuzz.h"

#include "slipway/heap.h"
#include "slipway/http_head.h"

#include <inttypes.h>

static void check_range(struct slw_bytes text)
{
    struct slw_http_range range;
    if (slw_http_range_parse(text, &range)) {
        FUZZ_CHECK(range.first <= range.last);
        FUZZ_CHECK(!range.total_known || range.last < range.total);
    }
}

/* What the head says, as another server would have said it. */
static void write_again(const struct slw_http_head *head, struct slw_heap_buffer *text)
{
    slw_heap_printf(text, "HTTP/1.%d %u\r\n", head->persistent ? 1 : 0, head->status_code);
    if (head->has_length) {
        slw_heap_printf(text, "Content-Length: %" PRIu64 "\r\n", head->length);
    }
    if (head->chunked) {
        slw_heap_append_text(text, "Transfer-Encoding: chunked\r\n");
    }
    if (head->encoded) {
        slw_heap_append_text(text, "Content-Encoding: x\r\n");
    }
    if (head->has_range && head->range.total_known) {
        slw_heap_printf(text, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n",
                        head->range.first, head->range.last, head->range.total);
    } else if (head->has_range) {
        slw_heap_printf(text, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/*\r\n",
                        head->range.first, head->range.last);
    }
    if (head->location[0] != '\0') {
        slw_heap_printf(text, "Location: %s\r\n", head->location);
    }
    slw_heap_append_text(text, "\r\n");
}

static struct slw_bytes take_line(struct slw_bytes *input)
{
    const uint8_t *end = input->len == 0 ? NULL : memchr(input->ptr, '\n', input->len);
    return fuzz_take(input, end == NULL ? input->len : (size_t)(end - input->ptr) + 1);
}

/* Adds lines until one is refused or they end; whether a head was completed and none refused. */
static bool read_head(struct slw_bytes input, struct slw_http_head *head)
{
    while (input.len > 0) {
        const char *problem = NULL;
        struct slw_bytes line = take_line(&input);
        check_range(line);
        enum slw_status status = slw_http_head_add(head, line, &problem);
        FUZZ_CHECK(head->bytes <= SLW_HTTP_HEAD_BYTES_MAX);
        FUZZ_CHECK(head->lines <= SLW_HTTP_HEAD_LINES_MAX);
        FUZZ_CHECK(strnlen(head->location, sizeof head->location) <= SLW_HTTP_LOCATION_MAX);
        FUZZ_CHECK((status == SLW_OK) == (problem == NULL));
        if (status != SLW_OK) {
            return false;
        }
    }
    return head->complete;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_http_head head = {0};
    struct slw_http_head again = {0};
    struct slw_heap_buffer text = {0};
    if (!read_head(slw_bytes_make(data, size), &head)) {
        return 0;
    }
    FUZZ_CHECK(head.status_code >= 200 && !(head.chunked && head.has_length));
    write_again(&head, &text);
    FUZZ_CHECK(read_head(slw_heap_bytes(&text), &again));
    FUZZ_CHECK(head.status_code == again.status_code && head.persistent == again.persistent);
    FUZZ_CHECK(head.has_length == again.has_length && head.length == again.length);
    FUZZ_CHECK(head.chunked == again.chunked && head.encoded == again.encoded);
    FUZZ_CHECK(head.has_range == again.has_range && head.range.first == again.range.first &&
               head.range.last == again.range.last && head.range.total == again.range.total);
    FUZZ_CHECK(strcmp(head.location, again.location) == 0);
    slw_heap_free(&text);
    return 0;
}
