/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request must look like before anybody looks at what it wants: where HTTP lets two readers
 * of one request see two different ones, it is refused. See request.h.
 */
#include "request.h"

#include "reply.h"

#include "slipway/http_clock.h"
#include "slipway/text.h"

#include <string.h>
#include <strings.h>

#define LINE_END_LEN 2 /* CR LF */

const char *front_request_header(const struct front_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

bool front_parse_number(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text == NULL || *text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(unsigned char)*text - '0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

bool front_parse_digest(const char *text, uint8_t ret_digest[static SLW_SHA256_SIZE],
                        const char **ret_end)
{
    const size_t len = (size_t)2 * SLW_SHA256_SIZE;
    if (!slw_text_unhex(slw_bytes_make(text, strnlen(text, len)), ret_digest, SLW_SHA256_SIZE)) {
        return false;
    }
    *ret_end = text + len;
    return true;
}

struct heads {
    unsigned count;
    unsigned lengths;
    unsigned hosts;
    unsigned offsets;
    bool has_transfer_encoding;
    bool has_content_encoding;
    bool has_range;
    bool has_bad_name;
    bool hides;       /* there are bytes between what we are shown */
    const char *next; /* where the next header must begin */
};

/*
 * RFC 9110, 5.6.2: "token = 1*tchar"; RFC 9112, 5.1: "No whitespace is allowed between the field
 * name and colon".
 */
static bool is_token(const char *name)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}

static bool has_control(const char *value)
{
    for (; value != NULL && *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            return true;
        }
    }
    return false;
}

/*
 * RFC 9112, 5: "field-line = field-name ":" OWS field-value OWS"; 5.2: "A server that receives an
 * obs-fold [...] MUST either reject the message [...] or replace each received obs-fold". The HTTP
 * library ends names and values where they stood, by a NUL, and joins a folded line to the name
 * before it: where a header isn't right behind the one before, we aren't shown all.
 */
static bool is_in_place(const char *next, const char *name, size_t name_len, const char *value)
{
    if (name != next || value == NULL) {
        return false;
    }
    const char *blanks = name + name_len + 1;
    return blanks + strspn(blanks, " \t") == value;
}

static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      size_t name_len, const char *value, size_t value_len)
{
    struct heads *heads = context;
    (void)kind;
    heads->count++;
    heads->hides |= !is_in_place(heads->next, name, name_len, value);
    heads->next = value == NULL ? NULL : value + value_len + LINE_END_LEN;
    heads->has_bad_name |= strlen(name) != name_len || !is_token(name) || has_control(value) ||
                           (value != NULL && strlen(value) != value_len);
    heads->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    heads->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    heads->offsets += strcasecmp(name, "Upload-Offset") == 0;
    heads->has_transfer_encoding |= strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
    heads->has_content_encoding |= strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) == 0;
    heads->has_range |= strcasecmp(name, MHD_HTTP_HEADER_CONTENT_RANGE) == 0;
    return MHD_YES;
}

static bool refuse(struct front_request *request, unsigned http_status, const char *why)
{
    (void)front_reply_refuse_as(request, http_status, SLW_MALFORMED, why);
    return false;
}

/* Whether nothing follows the last header but the line that ends the head. For the library a line
 * that begins with ":" does, too: it overwrites what ends lines, and leaves what stands in them. */
static bool is_end(const struct front_request *request, const char *next, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info != NULL && next + LINE_END_LEN == method + info->header_size &&
           memcmp(next - LINE_END_LEN, "\0\0\0\0", (size_t)2 * LINE_END_LEN) == 0;
}

/*
 * RFC 9112, 6.1: "A server MAY reject a request that contains both Content-Length and
 * Transfer-Encoding"; ours takes no Transfer-Encoding at all. 6.3: "If a message is received
 * without Transfer-Encoding and with an invalid Content-Length header field, then the message
 * framing is invalid".
 */
static bool check_heads(struct front_request *request, const char *method, const char *version)
{
    struct heads heads = {.next = version + strlen(version) + LINE_END_LEN};
    const char *expect = front_request_header(request, MHD_HTTP_HEADER_EXPECT);
    const char *length = front_request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, look_at_header, &heads);
    request->has_length = length != NULL && front_parse_number(length, &request->length);
    if (heads.has_transfer_encoding) {
        return refuse(request, heads.lengths > 0 ? 400 : 411,
                      "Transfer-Encoding: say how long it is by Content-Length");
    }
    if (heads.lengths > 1 || (length != NULL && !request->has_length)) {
        return refuse(request, 400, "Content-Length: stands there twice, or is no number");
    }
    if (heads.hides || !is_end(request, heads.next, method)) {
        return refuse(request, 400,
                      "a folded header, or a NUL, or a line that doesn't end by CRLF");
    }
    if (heads.has_bad_name || heads.hosts != 1 || heads.offsets > 1) {
        return refuse(request, 400, "a header that isn't one, Host not once, or one twice");
    }
    if (heads.count > FRONT_HEADERS_MAX) {
        return refuse(request, 431, "too many headers");
    }
    if (heads.has_content_encoding) {
        return refuse(request, 415, "Content-Encoding: bodies are sent as they are");
    }
    if (heads.has_range) {
        return refuse(request, 400, "Content-Range: uploads go by Upload-Offset");
    }
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0) {
        return refuse(request, 417, "Expect: only 100-continue");
    }
    request->head_is_good = true;
    return true;
}

/* Paths have no escapes and no "." or ".." segments, so that there is one spelling of each. */
static bool check_target(struct front_request *request)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ/._-?=&";
    char *target = request->target;
    if (request->target_is_long) {
        return refuse(request, 414, "the path is too long");
    }
    if (target[0] != '/' || target[strspn(target, allowed)] != '\0') {
        return refuse(request, 400, "the path has something that no path of ours has");
    }
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query = '\0';
        request->query = query + 1;
    }
    if (strstr(target, "//") != NULL || strstr(target, "/.") != NULL) {
        return refuse(request, 400, "the path has an empty segment, or one that begins with a dot");
    }
    return true;
}

/* Whether the path is one of the route's; what the prefix leaves open is the request's rest. */
static bool is_path_of(const struct front_route *route, struct front_request *request)
{
    size_t len = strlen(route->prefix);
    if (strncmp(request->target, route->prefix, len) != 0) {
        return false;
    }
    request->rest = request->target + len;
    return (request->rest[0] != '\0') == route->has_rest;
}

static bool find_route(struct front_request *request, const char *method)
{
    const struct front *front = request->front;
    bool path_is_known = false;
    for (const struct front_route *route = front_routes; route->method != NULL; route++) {
        bool served = front->is_witness ? route->witness : route->keys;
        if (!served || !is_path_of(route, request)) {
            continue;
        }
        path_is_known = true;
        if (strcmp(route->method, method) == 0) {
            request->route = route;
            return true;
        }
    }
    if (path_is_known) {
        return refuse(request, 405, "not a method of this path");
    }
    (void)front_reply_refuse_as(request, 404, SLW_NOT_FOUND, "there is no such path");
    return false;
}

static bool check_body(struct front_request *request)
{
    const struct front_route *route = request->route;
    if (route->has_body && !request->has_length) {
        return refuse(request, 411, "Content-Length is missing");
    }
    if (!route->has_body && request->length > 0) {
        return refuse(request, 400, "a body where there is none");
    }
    if (request->query != NULL && !route->has_query) {
        return refuse(request, 400, "a query where there is none");
    }
    return true;
}

static enum slw_status identify(struct front_request *request, struct slw_detail *detail)
{
    const struct front *front = request->front;
    switch (request->listener->kind) {
    case FRONT_LOCAL:
        return front_local_verify(&front->settings, request->peer, detail);
    case FRONT_PLAIN:
        front_address_note(request->peer);
        return SLW_OK;
    case FRONT_TLS:
        break;
    }
    if (front->trust == NULL || (front->settings.public_log && request->route->is_public)) {
        front_address_note(request->peer);
        return SLW_OK;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return slw_http_trust_verify(front->trust, info->tls_session, request->peer, detail);
}

static bool check_peer(struct front_request *request)
{
    struct slw_detail detail = {0};
    enum slw_status status = identify(request, &detail);
    if (status != SLW_OK) {
        (void)front_reply_refuse(request, status, &detail);
        return false;
    }
    struct slw_bytes client = slw_bytes_make(request->peer->client, request->peer->client_len);
    if (!slw_http_limits_admit(&request->front->limits, client, slw_http_clock_ms())) {
        (void)front_reply_refuse_as(request, 429, SLW_TOO_MANY, "too many requests a second");
        return false;
    }
    return true;
}

/*
 * RFC 9112, 3: "request-line = method SP request-target SP HTTP-version". The HTTP library puts a
 * NUL in the place of each space and goes by C's strings, so what follows a NUL that was sent is
 * hidden from us, but not from who reads the same bytes before us: each of the three must begin
 * right behind the one before it.
 */
static bool check_line(struct front_request *request, const char *method, const char *version)
{
    const char *behind_method = method + strlen(method) + 1;
    if (behind_method != request->target_at ||
        request->target_at + request->target_len + 1 != version) {
        return refuse(request, 400, "the first line isn't METHOD PATH VERSION");
    }
    return true;
}

bool front_request_look(struct front_request *request, const char *method, const char *version)
{
    return check_line(request, method, version) && check_target(request) &&
           check_heads(request, method, version);
}

bool front_request_admit(struct front_request *request, const char *method)
{
    return find_route(request, method) && check_peer(request) && check_body(request);
}
