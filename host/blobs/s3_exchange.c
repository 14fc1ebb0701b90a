/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange with S3, by libcurl: signed, sent, and its answer taken within bounds. A piece
 * of an answer counts for nothing: what is shorter than it announced isn't an answer.
 */
#include "s3_exchange.h"

#include "sigv4.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CONNECT_TIMEOUT_MS 5000L
#define SLOWEST_BYTES_PER_MS 64u /* what a body may take beyond the timeout */
#define HEAD_FIELDS_MAX 100u

struct exchange {
    struct slw_s3_client *client;
    struct slw_s3_request *request;
    CURL *curl;
    char problem[CURL_ERROR_SIZE];
    char time[SLW_SIGV4_TIME_SIZE];
    char payload[65];
    char range[64];
    struct slw_heap_buffer path;
    struct slw_heap_buffer url;
    struct curl_slist *list;
    unsigned fields;
    bool is_too_large;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    struct slw_s3_request *request = exchange->request;
    size_t len = size * count;
    /* What a server says about a failure may be longer than what was asked for. */
    size_t limit = exchange->request->limit;
    if (request->http_status >= 300 && limit < 65536) {
        limit = 65536;
    }
    if (len > limit - request->reply.len) {
        exchange->is_too_large = true;
        return 0;
    }
    slw_heap_append(&request->reply, slw_bytes_make(bytes, len));
    return request->reply.status == SLW_OK ? len : 0;
}

static bool parse_number(const char **text, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *at = *text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (number > (UINT64_MAX - 9) / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(*at - '0');
    }
    if (at == *text) {
        return false;
    }
    *text = at;
    *ret_number = number;
    return true;
}

/* "bytes 0-9/100" */
static void note_content_range(struct slw_s3_request *request, const char *value)
{
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t total = 0;
    if (strncmp(value, "bytes ", 6) != 0) {
        return;
    }
    value += 6;
    if (!parse_number(&value, &first) || *value++ != '-' || !parse_number(&value, &last) ||
        *value++ != '/' || !parse_number(&value, &total) || *value != '\0' || first > last ||
        last >= total) {
        return;
    }
    request->has_content_range = true;
    request->content_first = first;
    request->content_total = total;
}

static void note_field(struct slw_s3_request *request, const char *name, const char *value)
{
    if (strcasecmp(name, "etag") == 0 && strlen(value) < sizeof request->etag) {
        (void)snprintf(request->etag, sizeof request->etag, "%s", value);
    } else if (strcasecmp(name, "content-length") == 0) {
        request->has_length = parse_number(&value, &request->length) && *value == '\0';
    } else if (strcasecmp(name, "content-range") == 0) {
        note_content_range(request, value);
    } else if (strcasecmp(name, "x-amz-server-side-encryption") == 0) {
        request->is_encrypted |= strcmp(value, "AES256") != 0;
    } else if (strcasecmp(name, "x-amz-server-side-encryption-customer-algorithm") == 0) {
        request->is_encrypted = true;
    }
}

static void forget_answer(struct slw_s3_request *request)
{
    slw_heap_drop(&request->reply);
    request->http_status = 0;
    request->etag[0] = '\0';
    request->is_encrypted = false;
    request->has_length = false;
    request->has_content_range = false;
}

static size_t take_field(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t len = size * count;
    char line[1024];
    if (++exchange->fields > HEAD_FIELDS_MAX) {
        return 0;
    }
    if (len > 5 && strncmp(bytes, "HTTP/", 5) == 0) {
        /* After an interim answer, what was noted isn't this one's. */
        forget_answer(exchange->request);
        (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE,
                                &exchange->request->http_status);
        return len;
    }
    size_t line_len = len;
    while (line_len > 0 && (bytes[line_len - 1] == '\r' || bytes[line_len - 1] == '\n' ||
                            bytes[line_len - 1] == ' ')) {
        line_len--;
    }
    if (line_len >= sizeof line) {
        return len;
    }
    memcpy(line, bytes, line_len);
    line[line_len] = '\0';
    char *colon = strchr(line, ':');
    if (colon != NULL) {
        *colon = '\0';
        note_field(exchange->request, line, colon + 1 + strspn(colon + 1, " \t"));
    }
    return len;
}

static void hash_payload(struct exchange *exchange)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    static const char digits[] = "0123456789abcdef";
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, exchange->request->body);
    slw_sha256_final(&hash, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        exchange->payload[2 * i] = digits[digest[i] >> 4];
        exchange->payload[2 * i + 1] = digits[digest[i] & 15];
    }
    exchange->payload[2 * sizeof digest] = '\0';
}

/* The fields that are signed, in the order of their names. */
static size_t list_headers(struct exchange *exchange,
                           struct slw_sigv4_header headers[static SLW_SIGV4_HEADERS_MAX])
{
    const struct slw_s3_request *request = exchange->request;
    size_t count = 0;
    headers[count++] = (struct slw_sigv4_header){"host", exchange->client->authority};
    if (request->if_match != NULL) {
        headers[count++] = (struct slw_sigv4_header){"if-match", request->if_match};
    }
    if (request->if_absent) {
        headers[count++] = (struct slw_sigv4_header){"if-none-match", "*"};
    }
    if (request->has_range) {
        (void)snprintf(exchange->range, sizeof exchange->range, "bytes=%" PRIu64 "-%" PRIu64,
                       request->range_first, request->range_last);
        headers[count++] = (struct slw_sigv4_header){"range", exchange->range};
    }
    headers[count++] = (struct slw_sigv4_header){"x-amz-content-sha256", exchange->payload};
    headers[count++] = (struct slw_sigv4_header){"x-amz-date", exchange->time};
    return count;
}

static bool append_field(struct exchange *exchange, const char *name, const char *value)
{
    struct slw_heap_buffer line = {0};
    slw_heap_printf(&line, "%s: %s", name, value);
    struct curl_slist *list =
        line.status == SLW_OK ? curl_slist_append(exchange->list, slw_heap_text(&line)) : NULL;
    slw_heap_free(&line);
    if (list != NULL) {
        exchange->list = list;
    }
    return list != NULL;
}

static void make_address(struct exchange *exchange)
{
    const struct slw_s3_client *client = exchange->client;
    const struct slw_s3_request *request = exchange->request;
    slw_heap_printf(&exchange->path, "/%s", client->bucket);
    if (request->key != NULL) {
        slw_heap_append_text(&exchange->path, "/");
        slw_sigv4_encode(slw_bytes_make(client->prefix, strlen(client->prefix)), true,
                         &exchange->path);
        slw_sigv4_encode(slw_bytes_make(request->key, strlen(request->key)), true, &exchange->path);
    }
    slw_heap_printf(&exchange->url, "%s%s", client->endpoint, slw_heap_text(&exchange->path));
    if (request->query != NULL) {
        slw_heap_printf(&exchange->url, "?%s", request->query);
    }
}

static enum slw_status authorize(struct exchange *exchange)
{
    const struct slw_s3_client *client = exchange->client;
    struct slw_sigv4_header headers[SLW_SIGV4_HEADERS_MAX];
    struct slw_heap_buffer value = {0};
    slw_sigv4_time((int64_t)time(NULL), exchange->time);
    hash_payload(exchange);
    make_address(exchange);
    size_t count = list_headers(exchange, headers);
    const struct slw_sigv4_request request = {
        .access_key = client->access_key,
        .secret_key = client->secret_key,
        .region = client->region,
        .service = "s3",
        .time = exchange->time,
        .method = exchange->request->method,
        .path = slw_heap_text(&exchange->path),
        .query = exchange->request->query == NULL ? "" : exchange->request->query,
        .headers = headers,
        .headers_count = count,
        .payload_sha256 = exchange->payload,
    };
    enum slw_status status = slw_sigv4_authorize(&request, &value);
    bool good = status == SLW_OK &&
                append_field(exchange, "Authorization", slw_heap_text(&value)) &&
                append_field(exchange, "Expect", "") &&
                append_field(exchange, "Content-Type", "application/octet-stream");
    for (size_t i = 0; good && i < count; i++) {
        good = append_field(exchange, headers[i].name, headers[i].value);
    }
    slw_heap_free(&value);
    status = status == SLW_OK && !good ? SLW_NO_SPACE : status;
    return exchange->url.status != SLW_OK ? exchange->url.status : status;
}

static bool set_method(const struct exchange *exchange)
{
    const struct slw_s3_request *request = exchange->request;
    CURL *curl = exchange->curl;
    if (strcmp(request->method, "HEAD") == 0) {
        return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
    }
    if (strcmp(request->method, "GET") == 0) {
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    if (strcmp(request->method, "DELETE") == 0) {
        return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE") == CURLE_OK;
    }
    return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                            request->body.len == 0 ? "" : (const char *)request->body.ptr) ==
               CURLE_OK;
}

static long time_limit_ms(const struct exchange *exchange)
{
    uint64_t bytes = (uint64_t)exchange->request->body.len + exchange->request->limit;
    return (long)(exchange->client->timeout_ms + bytes / SLOWEST_BYTES_PER_MS);
}

static bool set_transport(const struct exchange *exchange)
{
    CURL *curl = exchange->curl;
    const struct slw_s3_client *client = exchange->client;
    bool is_tls = strncmp(client->endpoint, "https:", 6) == 0;
    long connect_ms =
        client->timeout_ms < CONNECT_TIMEOUT_MS ? (long)client->timeout_ms : CONNECT_TIMEOUT_MS;
    bool good =
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTP_CONTENT_DECODING, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_tls ? "https" : "http") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, time_limit_ms(exchange)) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "slipway/" SLIPWAY_VERSION) == CURLE_OK;
    if (good && client->ca_file != NULL) {
        good = curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    return good;
}

/* Everything anew: what a former exchange set must not count for this one. */
static bool set_up(struct exchange *exchange)
{
    CURL *curl = exchange->curl;
    curl_easy_reset(curl);
    return set_transport(exchange) && set_method(exchange) &&
           curl_easy_setopt(curl, CURLOPT_URL, slw_heap_text(&exchange->url)) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->list) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->problem) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK;
}

static CURL *take_handle(struct slw_s3_client *client)
{
    CURL *curl = NULL;
    (void)pthread_mutex_lock(&client->mutex);
    if (client->handles_count > 0) {
        curl = client->handles[--client->handles_count];
    }
    (void)pthread_mutex_unlock(&client->mutex);
    return curl != NULL ? curl : curl_easy_init();
}

static void give_handle(struct slw_s3_client *client, CURL *curl)
{
    if (curl == NULL) {
        return;
    }
    /* Its lists and buffers end with the exchange; its connection stays. */
    curl_easy_reset(curl);
    (void)pthread_mutex_lock(&client->mutex);
    if (client->handles_count < SLW_S3_HANDLES) {
        client->handles[client->handles_count++] = curl;
        curl = NULL;
    }
    (void)pthread_mutex_unlock(&client->mutex);
    curl_easy_cleanup(curl);
}

static enum slw_status explain_failure(const struct exchange *exchange, CURLcode code,
                                       bool *ret_again, struct slw_detail *detail)
{
    const struct slw_s3_request *request = exchange->request;
    if (exchange->is_too_large) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: an answer of more than %zu bytes",
                           exchange->client->endpoint, request->limit);
    }
    if (request->reply.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    *ret_again = true;
    return slw_explain(detail, SLW_UNAVAILABLE, "%s: %s", exchange->client->endpoint,
                       exchange->problem[0] != '\0' ? exchange->problem : curl_easy_strerror(code));
}

/* libcurl takes an answer without a length for whole when the connection ends. */
static bool is_whole(const struct exchange *exchange)
{
    const struct slw_s3_request *request = exchange->request;
    return strcmp(request->method, "HEAD") == 0 || !request->has_length ||
           request->reply.len == request->length;
}

static enum slw_status run(struct exchange *exchange, bool *ret_again, struct slw_detail *detail)
{
    enum slw_status status = authorize(exchange);
    if (status != SLW_OK || exchange->curl == NULL || !set_up(exchange)) {
        return status == SLW_OK || status == SLW_NO_SPACE
                   ? slw_explain_no_memory(detail)
                   : slw_explain(detail, status, "a request to S3 can't be signed");
    }
    CURLcode code = curl_easy_perform(exchange->curl);
    if (code != CURLE_OK) {
        return explain_failure(exchange, code, ret_again, detail);
    }
    (void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE,
                            &exchange->request->http_status);
    if (!is_whole(exchange)) {
        *ret_again = true;
        return slw_explain(detail, SLW_UNAVAILABLE, "%s: fewer bytes than it announced",
                           exchange->client->endpoint);
    }
    return SLW_OK;
}

enum slw_status slw_s3_exchange(struct slw_s3_client *client, struct slw_s3_request *request,
                                bool *ret_again, struct slw_detail *detail)
{
    struct exchange exchange = {.client = client, .request = request};
    forget_answer(request);
    exchange.curl = take_handle(client);
    enum slw_status status = run(&exchange, ret_again, detail);
    give_handle(client, exchange.curl);
    curl_slist_free_all(exchange.list);
    slw_heap_free(&exchange.path);
    slw_heap_free(&exchange.url);
    return status;
}
