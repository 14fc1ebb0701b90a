/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl behind one call. See slipway/http_client.h. */
#include "client.h"

#include "slipway/checked.h"
#include "slipway/explain.h"
#include "slipway/json_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define SLOW_BYTES_PER_S 64L
#define SLOW_FOR_S 60L
#define PAUSE_FIRST_MS 100u
#define PAUSE_MOST_MS 5000u

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slw_http_call *call = context;
    size_t len = size * count;
    size_t had = call->save == NULL ? call->answer.len : (size_t)call->save->position;
    if (len > call->limit - had) {
        call->failed = SLW_TOO_LARGE;
        return 0;
    }
    if (call->save != NULL) {
        struct slw_detail ignored;
        call->failed = slw_output_write(call->save, slw_bytes_make(bytes, len), &ignored);
        return call->failed == SLW_OK ? len : 0;
    }
    slw_heap_append(&call->answer, slw_bytes_make(bytes, len));
    return call->answer.status == SLW_OK ? len : 0;
}

/* "NAME: DIGITS" with this name. */
static bool parse_header(struct slw_bytes line, const char *name, uint64_t *ret_number)
{
    size_t name_len = strlen(name);
    uint64_t number = 0;
    if (line.len <= name_len + 1 || line.ptr[name_len] != ':' ||
        strncasecmp((const char *)line.ptr, name, name_len) != 0) {
        return false;
    }
    size_t at = name_len + 1;
    while (at < line.len && line.ptr[at] == ' ') {
        at++;
    }
    size_t first = at;
    for (; at < line.len && line.ptr[at] >= '0' && line.ptr[at] <= '9'; at++) {
        unsigned digit = line.ptr[at] - (unsigned)'0';
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (at == first || (at < line.len && line.ptr[at] != '\r' && line.ptr[at] != '\n')) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* "Set-Cookie: NAME=VALUE; …" */
static void take_cookie(struct slw_bytes line, struct slw_http_call *call)
{
    static const char name[] = "Set-Cookie: ";
    size_t len = 0;
    if (line.len < sizeof name || strncasecmp((const char *)line.ptr, name, sizeof name - 1) != 0) {
        return;
    }
    struct slw_bytes rest =
        slw_bytes_make(line.ptr + sizeof name - 1, line.len - (sizeof name - 1));
    while (len < rest.len && rest.ptr[len] > ' ' && rest.ptr[len] != ';') {
        len++;
    }
    if (len < sizeof call->session) {
        memcpy(call->session, rest.ptr, len);
        call->session[len] = '\0';
    }
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct slw_http_call *call = context;
    struct slw_bytes line = slw_bytes_make(bytes, size * count);
    if (parse_header(line, "Upload-Offset", &call->upload_offset)) {
        call->has_upload_offset = true;
    }
    if (parse_header(line, "Upload-Length", &call->upload_length)) {
        call->has_upload_length = true;
    }
    (void)parse_header(line, "Retry-After", &call->retry_after_s);
    take_cookie(line, call);
    return line.len;
}

struct sending {
    struct slw_http_call *call;
    uint64_t sent;
};

static size_t give_body(char *buffer, size_t size, size_t count, void *context)
{
    struct sending *sending = context;
    struct slw_http_call *call = sending->call;
    uint64_t left = call->length - sending->sent;
    size_t step = (size_t)slw_min_u64(size * count, left);
    if (step == 0) {
        return 0;
    }
    enum slw_status status = call->source->read(call->source->context, call->offset + sending->sent,
                                                (uint8_t *)buffer, step);
    if (status != SLW_OK) {
        call->failed = status;
        return CURL_READFUNC_ABORT;
    }
    sending->sent += step;
    slw_progress_report(call->progress, call->offset + sending->sent, call->source->size);
    return step;
}

static int ask_whether_given_up(void *context, curl_off_t to_come, curl_off_t came,
                                curl_off_t to_go, curl_off_t went)
{
    const struct slw_http_call *call = context;
    (void)to_come;
    (void)came;
    (void)to_go;
    (void)went;
    return call->given_up(call->given_up_context) ? 1 : 0;
}

static bool set_giving_up(struct slw_http_call *call, CURL *curl)
{
    return call->given_up == NULL ||
           (curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, ask_whether_given_up) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_XFERINFODATA, call) == CURLE_OK);
}

static bool set_transport(const struct slw_http_client *client, CURL *curl)
{
    bool good =
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, client->protocol) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms) ==
            CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_FOR_S) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "slipway/" SLIPWAY_VERSION) == CURLE_OK;
    if (good && client->socket != NULL) {
        good = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    }
    if (good && client->ca_file != NULL) {
        good = curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
    }
    if (good && client->certificate_file != NULL) {
        good = curl_easy_setopt(curl, CURLOPT_SSLCERT, client->certificate_file) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_SSLKEY, client->key_file) == CURLE_OK;
    }
    return good;
}

static bool set_body(struct slw_http_call *call, CURL *curl, struct sending *sending)
{
    if (strcmp(call->method, "HEAD") == 0) {
        return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
    }
    if (call->source != NULL) {
        return curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_READDATA, sending) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->length) ==
                   CURLE_OK;
    }
    if (call->body.len > 0 || call->has_body) {
        return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len) ==
                   CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                                call->body.len > 0 ? (const char *)call->body.ptr : "") == CURLE_OK;
    }
    return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK;
}

/* Everything anew: what a former call set must not count for this one. */
static bool set_up(struct slw_http_client *client, struct slw_http_call *call, const char *url,
                   struct curl_slist *headers, struct sending *sending)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    client->problem[0] = '\0';
    return set_transport(client, curl) && set_body(call, curl, sending) &&
           set_giving_up(call, curl) && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->problem) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, call) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, call) == CURLE_OK;
}

/* Appends a line; NULL, and nothing left, when memory ran out. */
static struct curl_slist *add_header(struct curl_slist *headers, const char *line)
{
    struct curl_slist *more = curl_slist_append(headers, line);
    if (more == NULL) {
        curl_slist_free_all(headers);
    }
    return more;
}

static struct curl_slist *make_headers(const struct slw_http_client *client,
                                       const struct slw_http_call *call)
{
    char line[SLW_HTTP_COOKIE_SIZE_MAX + 32];
    struct curl_slist *headers = add_header(NULL, "Expect:");
    if (headers != NULL && call->source != NULL) {
        (void)snprintf(line, sizeof line, "Upload-Offset: %" PRIu64, call->offset);
        headers = add_header(headers, line);
    }
    if (headers != NULL && call->source != NULL && call->announces) {
        (void)snprintf(line, sizeof line, "Upload-Length: %" PRIu64, call->source->size);
        headers = add_header(headers, line);
    }
    if (headers != NULL && (call->body.len > 0 || call->has_body)) {
        (void)snprintf(line, sizeof line, "Content-Type: %s",
                       call->type == NULL ? "application/json" : call->type);
        headers = add_header(headers, line);
    }
    if (headers != NULL && call->cookie != NULL) {
        (void)snprintf(line, sizeof line, "Cookie: %s", call->cookie);
        headers = add_header(headers, line);
    }
    if (headers != NULL && call->csrf != NULL) {
        (void)snprintf(line, sizeof line, "X-Slipway-CSRF: %s", call->csrf);
        headers = add_header(headers, line);
    }
    if (headers != NULL && client->authorization != NULL) {
        headers = add_header(headers, client->authorization);
    }
    return headers;
}

static void forget_answer(struct slw_http_call *call)
{
    slw_heap_drop(&call->answer);
    call->http_status = 0;
    call->has_upload_offset = false;
    call->has_upload_length = false;
    call->retry_after_s = 0;
    call->session[0] = '\0';
    call->failed = SLW_OK;
}

static enum slw_status explain_failure(const struct slw_http_client *client,
                                       const struct slw_http_call *call, CURLcode code,
                                       struct slw_detail *detail)
{
    if (call->failed == SLW_TOO_LARGE) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: an answer of more than %zu bytes",
                           client->shown, call->limit);
    }
    if (call->failed != SLW_OK) {
        return slw_explain(detail, call->failed, "%s: %s", client->shown,
                           call->save == NULL ? "what is uploaded can't be read"
                                              : "what comes can't be written");
    }
    if (call->answer.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = code == CURLE_OPERATION_TIMEDOUT ? SLW_IO_TIMEOUT : SLW_UNAVAILABLE;
    return slw_explain(detail, status, "%s: %s", client->shown,
                       client->problem[0] != '\0' ? client->problem : curl_easy_strerror(code));
}

static enum slw_status run_once(struct slw_http_client *client, struct slw_http_call *call,
                                struct slw_detail *detail)
{
    struct slw_heap_buffer url = {0};
    struct sending sending = {.call = call};
    struct curl_slist *headers = make_headers(client, call);
    forget_answer(call);
    slw_heap_printf(&url, "%s%s", client->base, call->path);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (headers != NULL && url.status == SLW_OK &&
        set_up(client, call, slw_heap_text(&url), headers, &sending)) {
        code = curl_easy_perform(client->curl);
        (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &call->http_status);
        (void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    }
    curl_slist_free_all(headers);
    slw_heap_drop(&url);
    return code == CURLE_OK ? SLW_OK : explain_failure(client, call, code, detail);
}

static void pause_ms(uint32_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Whether it may be otherwise in a moment. */
static bool is_passing(enum slw_status status, const struct slw_http_call *call)
{
    return status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT ||
           (status == SLW_OK && (call->http_status == 429 || call->http_status == 503));
}

enum slw_status slw_http_call_run(struct slw_http_client *client, struct slw_http_call *call,
                                  struct slw_detail *detail)
{
    uint32_t wait_ms = PAUSE_FIRST_MS;
    uint32_t attempts = call->once ? 1 : client->attempts;
    enum slw_status status = SLW_OK;
    for (uint32_t attempt = 1;; attempt++) {
        status = run_once(client, call, detail);
        bool given_up = call->given_up != NULL && call->given_up(call->given_up_context);
        if (attempt >= attempts || given_up || !is_passing(status, call)) {
            return status;
        }
        pause_ms(wait_ms);
        wait_ms = 2 * wait_ms < PAUSE_MOST_MS ? 2 * wait_ms : PAUSE_MOST_MS;
    }
}

static enum slw_status status_of_reason(struct slw_bytes reason)
{
    char word[SLW_HTTP_REASON_SIZE_MAX + 1] = {0};
    if (reason.len == 0 || reason.len > SLW_HTTP_REASON_SIZE_MAX) {
        return SLW_UNAVAILABLE;
    }
    memcpy(word, reason.ptr, reason.len);
    enum slw_status status = slw_status_from_word(word);
    bool unknown = status == SLW_NOT_FOUND && strcmp(word, slw_status_word(SLW_NOT_FOUND)) != 0;
    return unknown || status == SLW_OK ? SLW_UNAVAILABLE : status;
}

/* The service's own words; false when the answer isn't its JSON. */
static bool explain_reason(const struct slw_http_client *client, const struct slw_http_call *call,
                           enum slw_status *ret_status, struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_heap_buffer text = {0};
    if (slw_json_parse("answer", slw_heap_bytes(&call->answer), &json, detail) != SLW_OK) {
        return false;
    }
    uint32_t reason = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("reason"));
    uint32_t said = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("detail"));
    bool good = slw_json_kind(&json, reason) == SLW_JSON_STRING;
    if (good) {
        slw_escape(slw_json_string(&json, said), &text);
        *ret_status = slw_explain(detail, status_of_reason(slw_json_string(&json, reason)),
                                  "%s: %s", client->shown, slw_heap_text(&text));
    }
    slw_heap_drop(&text);
    slw_json_document_free(&json);
    return good;
}

enum slw_status slw_http_call_refusal(const struct slw_http_client *client,
                                      const struct slw_http_call *call, struct slw_detail *detail)
{
    enum slw_status status = SLW_UNAVAILABLE;
    if (explain_reason(client, call, &status, detail)) {
        return status;
    }
    return slw_explain(detail, call->http_status == 404 ? SLW_NOT_FOUND : SLW_UNAVAILABLE,
                       "%s: HTTP status %ld", client->shown, call->http_status);
}
