/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one HTTP exchange. libcurl moves the bytes; the callbacks here decide, as each line and
 * piece arrives, whether anything more is wanted.
 */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* To mirrors of both areas, kept open; more are closed, the oldest first. */
#define CONNECTIONS_MAX (2L * SLW_FETCH_MIRRORS_MAX)

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Ends the exchange, with the first reason that there was. */
static enum slw_status stop(struct slw_exchange *exchange, enum slw_status status, const char *why)
{
    if (exchange->stopped == SLW_OK) {
        exchange->stopped = slw_explain(exchange->detail, status, "%s: %s", exchange->shown, why);
    }
    return status;
}

static enum slw_status refuse(struct slw_exchange *exchange, const char *why)
{
    return stop(exchange, SLW_UNAVAILABLE, why);
}

static enum slw_status refuse_size(struct slw_exchange *exchange)
{
    return stop(exchange, SLW_TOO_LARGE, "more bytes than there may be");
}

static enum slw_status stop_for_sink(struct slw_exchange *exchange, enum slw_status status)
{
    if (status != SLW_OK) {
        exchange->stopped = status;
    }
    return status;
}

/*
 * RFC 9110, 15.3.7.1: a 206 for one range has a Content-Range "describing what range of the
 * selected representation is enclosed". It must be the rest of the file, from the byte asked for.
 */
static enum slw_status check_range(struct slw_exchange *exchange)
{
    const struct slw_http_head *head = &exchange->head;
    const struct slw_http_range *range = &head->range;
    if (!head->has_range || range->first != exchange->resume_from ||
        (range->total_known && range->last != range->total - 1)) {
        return refuse(exchange, "another range than the one asked for");
    }
    if (range->last >= exchange->request->limit) {
        return refuse_size(exchange);
    }
    exchange->expected = range->last - range->first + 1;
    exchange->is_bounded = true;
    if (head->has_length && head->length != exchange->expected) {
        return refuse(exchange, "a length that isn't that of its range");
    }
    return SLW_OK;
}

/* TUF 1.0.34, 5.3.3, 5.4.1, 5.5.1, 5.6.1: "up to some [...] number of bytes"; 5.7.3: "download the
 * target (up to the number of bytes specified in the targets metadata)". */
static enum slw_status accept_body(struct slw_exchange *exchange, uint64_t offset)
{
    const struct slw_http_head *head = &exchange->head;
    if (head->encoded) {
        return refuse(exchange, "sent with a Content-Encoding, which nobody asked for");
    }
    exchange->room = exchange->request->limit - offset;
    if (offset != 0) {
        SLW_TRY(check_range(exchange));
    } else if (head->has_length) {
        exchange->is_bounded = true;
        exchange->expected = head->length;
    }
    if (exchange->is_bounded && exchange->expected > exchange->room) {
        return refuse_size(exchange);
    }
    exchange->verdict = SLW_EXCHANGE_BODY;
    return stop_for_sink(exchange, exchange->sink->begin(exchange->sink->context, offset));
}

/* An answer whose body is of no interest. */
static enum slw_status decide(struct slw_exchange *exchange, enum slw_exchange_verdict verdict)
{
    exchange->verdict = verdict;
    exchange->room = SLW_EXCHANGE_DRAIN_MAX;
    return SLW_OK;
}

static enum slw_status refuse_status(struct slw_exchange *exchange)
{
    char why[32];
    (void)snprintf(why, sizeof why, "HTTP status %u", exchange->head.status_code);
    return refuse(exchange, why);
}

static enum slw_status judge_head(struct slw_exchange *exchange)
{
    switch (exchange->head.status_code) {
    case 200:
        return accept_body(exchange, 0);
    case 206:
        return exchange->resume_from != 0
                   ? accept_body(exchange, exchange->resume_from)
                   : refuse(exchange, "a part, though the whole was asked for");
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return exchange->head.location[0] != '\0' ? decide(exchange, SLW_EXCHANGE_REDIRECT)
                                                  : refuse_status(exchange);
    case 403:
    case 404:
        return decide(exchange, SLW_EXCHANGE_NOT_FOUND);
    case 416:
        return exchange->resume_from != 0 ? decide(exchange, SLW_EXCHANGE_RESTART)
                                          : refuse_status(exchange);
    }
    return refuse_status(exchange);
}

/* Fewer bytes than came tell libcurl to end the exchange. */
static size_t on_header(char *text, size_t size, size_t count, void *context)
{
    struct slw_exchange *exchange = context;
    struct slw_bytes line = slw_bytes_make(text, size * count);
    const char *problem = "";
    bool was_complete = exchange->head.complete;
    slw_pace_add(&exchange->line->pace, line.len);
    if (slw_http_head_add(&exchange->head, line, &problem) != SLW_OK) {
        (void)refuse(exchange, problem);
        return 0;
    }
    if (exchange->head.complete && !was_complete && judge_head(exchange) != SLW_OK) {
        return 0;
    }
    return line.len;
}

static enum slw_status take_body(struct slw_exchange *exchange, struct slw_bytes piece)
{
    if (exchange->verdict == SLW_EXCHANGE_UNDECIDED) {
        return refuse(exchange, "a body without a head");
    }
    bool is_wanted = exchange->verdict == SLW_EXCHANGE_BODY;
    if (is_wanted && exchange->is_bounded && piece.len > exchange->expected - exchange->received) {
        return refuse(exchange, "more bytes than it announced");
    }
    if (piece.len > exchange->room) {
        /* Of an answer that says no, enough was read: the connection is given up. */
        return is_wanted ? refuse_size(exchange) : SLW_TOO_LARGE;
    }
    exchange->room -= piece.len;
    exchange->received += piece.len;
    return is_wanted
               ? stop_for_sink(exchange, exchange->sink->write(exchange->sink->context, piece))
               : SLW_OK;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slw_exchange *exchange = context;
    struct slw_bytes piece = slw_bytes_make(bytes, size * count);
    exchange->line->bytes += piece.len;
    slw_pace_add(&exchange->line->pace, piece.len);
    /* One more than came also ends it, for a piece of no bytes. */
    return take_body(exchange, piece) == SLW_OK ? piece.len : piece.len + 1;
}

/* Sees bodies before their chunks are taken apart. */
static int on_debug(CURL *curl, curl_infotype type, char *bytes, size_t len, void *context)
{
    struct slw_exchange *exchange = context;
    (void)curl;
    (void)bytes;
    if (type == CURLINFO_DATA_IN) {
        exchange->raw += len;
    }
    return 0;
}

static bool is_framing_excessive(const struct slw_exchange *exchange)
{
    uint64_t before = exchange->received * 9 + SLW_EXCHANGE_FRAMING_MAX + CURL_MAX_READ_SIZE;
    return exchange->head.chunked && exchange->raw > before;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    struct slw_exchange *exchange = context;
    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    if (is_framing_excessive(exchange)) {
        return refuse(exchange, "chunks without content") != SLW_OK;
    }
    switch (slw_pace_check(&exchange->line->pace, now_ms())) {
    case SLW_PACE_FINE:
        return 0;
    case SLW_PACE_BELOW_FLOOR:
        return stop(exchange, SLW_SLOW_RETRIEVAL, "sent more slowly than the floor") != SLW_OK;
    case SLW_PACE_OVER_BUDGET:
        return stop(exchange, SLW_SLOW_RETRIEVAL, "the time for all requests is used up") != SLW_OK;
    }
    return 1;
}

/* The connection stands, and the request goes out next. */
static int on_request(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct slw_exchange *exchange = context;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    exchange->line->requests++;
    slw_pace_measure(&exchange->line->pace);
    return CURL_PREREQFUNC_OK;
}

static CURLcode set_long(CURLcode before, CURL *curl, CURLoption option, long value)
{
    return before != CURLE_OK ? before : curl_easy_setopt(curl, option, value);
}

static CURLcode set_text(CURLcode before, CURL *curl, CURLoption option, const char *value)
{
    return before != CURLE_OK ? before : curl_easy_setopt(curl, option, value);
}

static CURLcode set_callbacks(CURL *curl)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_request);
    return code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_debug);
}

CURLcode slw_exchange_prepare(struct slw_http_line *line)
{
    CURL *curl = line->curl;
    CURLcode code = set_callbacks(curl);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, line->error);
    code = set_long(code, curl, CURLOPT_NOPROGRESS, 0);
    code = set_long(code, curl, CURLOPT_VERBOSE, 1);
    code = set_long(code, curl, CURLOPT_NOSIGNAL, 1);
    code = set_text(code, curl, CURLOPT_PROTOCOLS_STR, "http,https");
    code = set_long(code, curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1);
    /* One parser less for what strangers send: HTTP/2 would gain nothing for one file after
     * another. */
    code = set_long(code, curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    code = set_long(code, curl, CURLOPT_HTTP09_ALLOWED, 0);
    /* Where redirects lead is judged before anything is sent there. */
    code = set_long(code, curl, CURLOPT_FOLLOWLOCATION, 0);
    code = set_long(code, curl, CURLOPT_HTTP_CONTENT_DECODING, 0);
    code = set_long(code, curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
    code = set_long(code, curl, CURLOPT_PATH_AS_IS, 1);
    code = set_long(code, curl, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    code = set_long(code, curl, CURLOPT_MAXCONNECTS, CONNECTIONS_MAX);
    code = set_long(code, curl, CURLOPT_SSL_VERIFYPEER, 1);
    code = set_long(code, curl, CURLOPT_SSL_VERIFYHOST, 2);
    code = set_long(code, curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    code = set_long(code, curl, CURLOPT_PROXY_SSL_VERIFYPEER, 1);
    code = set_long(code, curl, CURLOPT_PROXY_SSL_VERIFYHOST, 2);
    code = set_long(code, curl, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    return code;
}

static CURLcode set_request(struct slw_exchange *exchange, const char *url,
                            const struct slw_fetch_base *base)
{
    CURL *curl = exchange->line->curl;
    char range[24];
    (void)snprintf(range, sizeof range, "%" PRIu64 "-", exchange->resume_from);
    CURLcode code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_PREREQDATA, exchange);
    code = code != CURLE_OK ? code : curl_easy_setopt(curl, CURLOPT_DEBUGDATA, exchange);
    code = set_text(code, curl, CURLOPT_URL, url);
    code = set_text(code, curl, CURLOPT_RANGE, exchange->resume_from == 0 ? NULL : range);
    code = set_text(code, curl, CURLOPT_USERNAME, base->user);
    return set_text(code, curl, CURLOPT_PASSWORD, base->password);
}

/* libcurl's own words, unless they could repeat credentials of a proxy's URL. */
static enum slw_status explain_failure(struct slw_exchange *exchange, CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY) {
        return refuse(exchange, "out of memory, or a header without end");
    }
    char shown[SLW_FETCH_SHOWN_SIZE];
    const char *said = exchange->line->error;
    bool is_usable = said[0] != '\0' && strchr(said, '@') == NULL;
    slw_fetch_show(is_usable ? said : curl_easy_strerror(code), shown);
    return refuse(exchange, shown);
}

/*
 * What follows a body of known length on a connection that was to stay open isn't ours to read, and
 * libcurl then closes the connection.
 */
static bool was_followed_by_more(const struct slw_exchange *exchange)
{
    curl_socket_t open_socket = CURL_SOCKET_BAD;
    return exchange->head.has_length && exchange->head.persistent &&
           curl_easy_getinfo(exchange->line->curl, CURLINFO_ACTIVESOCKET, &open_socket) ==
               CURLE_OK &&
           open_socket == CURL_SOCKET_BAD;
}

static enum slw_status conclude(struct slw_exchange *exchange, CURLcode code)
{
    if (exchange->verdict != SLW_EXCHANGE_UNDECIDED && exchange->verdict != SLW_EXCHANGE_BODY) {
        return SLW_OK;
    }
    if (exchange->stopped != SLW_OK) {
        return exchange->stopped;
    }
    if (code != CURLE_OK) {
        return explain_failure(exchange, code);
    }
    if (exchange->verdict == SLW_EXCHANGE_UNDECIDED) {
        return refuse(exchange, "no answer");
    }
    if (exchange->is_bounded && exchange->received != exchange->expected) {
        return refuse(exchange, "fewer bytes than it announced");
    }
    if (was_followed_by_more(exchange)) {
        return refuse(exchange, "more bytes than it announced");
    }
    return SLW_OK;
}

enum slw_status slw_exchange_run(struct slw_exchange *exchange, const char *url,
                                 const struct slw_fetch_base *base)
{
    struct slw_http_line *line = exchange->line;
    line->error[0] = '\0';
    CURLcode code = set_request(exchange, url, base);
    if (code != CURLE_OK) {
        return explain_failure(exchange, code);
    }
    slw_pace_start(&line->pace, now_ms());
    /* What the exchanges before left of the budget may be nothing. */
    if (on_progress(exchange, 0, 0, 0, 0) != 0) {
        return exchange->stopped;
    }
    return conclude(exchange, curl_easy_perform(line->curl));
}
