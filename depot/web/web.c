/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page: files that are embedded in the program. `/` is index.html, `/app/…` the rest. A browser
 * keeps them and asks whether they changed.
 */
#include "web.h"

#include "routes.h"

#include <string.h>

/* RFC 9110, 12.5.3: Accept-Encoding: gzip, deflate, br;q=1.0 */
static bool accepts_gzip(const struct slw_http_exchange *exchange)
{
    struct slw_bytes value = slw_http_header(exchange, "Accept-Encoding");
    for (size_t at = 0; at < value.len;) {
        size_t begin = at;
        while (at < value.len && value.ptr[at] != ',') {
            at++;
        }
        while (begin < at && value.ptr[begin] == ' ') {
            begin++;
        }
        /* With a weight it may be refused; nobody who wants it says so. */
        if (slw_bytes_equal(slw_bytes_make(value.ptr + begin, at - begin), SLW_BYTES_OF("gzip"))) {
            return true;
        }
        at++;
    }
    return false;
}

static void send(struct slw_http_exchange *exchange, const struct depot_web_file *file)
{
    struct slw_bytes plain = slw_bytes_make(file->bytes, file->len);
    slw_http_set_header(exchange, "Cache-Control", "no-cache");
    if (file->packed == NULL) {
        slw_http_answer_static(exchange, file->type, plain, file->tag);
        return;
    }
    slw_http_set_header(exchange, "Vary", "Accept-Encoding");
    if (!accepts_gzip(exchange)) {
        slw_http_answer_static(exchange, file->type, plain, file->tag);
        return;
    }
    slw_http_set_header(exchange, "Content-Encoding", "gzip");
    slw_http_answer_static(exchange, file->type, slw_bytes_make(file->packed, file->packed_len),
                           file->packed_tag);
}

static void send_path(struct slw_http_exchange *exchange, struct slw_bytes path)
{
    for (const struct depot_web_file *file = depot_web_files; file->path != NULL; file++) {
        if (slw_bytes_equal(path, slw_bytes_make(file->path, strlen(file->path)))) {
            send(exchange, file);
            return;
        }
    }
    slw_http_refuse_as(exchange, 404, SLW_NOT_FOUND, "the page has no such file");
}

void web_send_first(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    if (!depot_web_is_complete) {
        slw_http_answer_static(
            exchange, "text/plain; charset=utf-8",
            SLW_BYTES_OF("This depot was built without network, and has no page.\n"
                         "Everything is there on the command line: slipway product, release, "
                         "rollout, fleet.\n"),
            NULL);
        return;
    }
    send_path(exchange, SLW_BYTES_OF("index.html"));
}

void web_send_file(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    send_path(exchange, slw_http_parameter(exchange, 0));
}
