/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request: where HTTP lets two readers see two different requests, it is refused.
 * Called by serve.c. See exchange.h.
 */
#include "exchange.h"

#include <string.h>
#include <strings.h>

struct heads {
    struct slw_http_exchange *exchange;
    const uint8_t *next; /* where the next line must begin */
    unsigned lengths, hosts;
    bool has_transfer_encoding, has_content_encoding, has_content_range;
    bool is_bad, is_odd, is_too_large;
    uint32_t singles; /* which of them were there */
};

/* Which would be ambiguous if they stood twice: RFC 9110, 5.3: "a sender MUST NOT generate multiple
 * field lines with the same name in a message [...] unless that field's definition allows". */
static const char *const singles[] = {
    "Authorization",
    "Content-Type",
    "Cookie",
    "If-None-Match",
    "If-Range",
    "Last-Event-ID",
    "Origin",
    "Range",
    "Upload-Length",
    "Upload-Offset",
    "X-Forwarded-Proto",
    "X-Slipway-Client-Name",
    "Expect",
    "X-Slipway-CSRF",
};

static const struct http_refusal fine = {0, SLW_OK, NULL};

static struct http_refusal refuse(unsigned http_status, const char *why)
{
    return (struct http_refusal){http_status, SLW_MALFORMED, why};
}

/*
 * RFC 9110, 5.6.2: "token = 1*tchar"; RFC 9112, 5.1: "No whitespace is allowed between the field
 * name and colon".
 */
static bool is_token(struct slw_bytes name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = name.ptr[i];
        unsigned char lower = (unsigned char)(byte | 0x20);
        bool allowed = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') ||
                       (byte != '\0' && strchr(others, byte) != NULL);
        if (!allowed) {
            return false;
        }
    }
    return name.len > 0;
}

/* RFC 9110, 5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous". */
static bool has_control(struct slw_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = value.ptr[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            return true;
        }
    }
    return false;
}

static void note_known(struct heads *heads, const char *name)
{
    heads->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    heads->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    heads->has_transfer_encoding |= strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
    heads->has_content_encoding |= strcasecmp(name, MHD_HTTP_HEADER_CONTENT_ENCODING) == 0;
    heads->has_content_range |= strcasecmp(name, MHD_HTTP_HEADER_CONTENT_RANGE) == 0;
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        if (strcasecmp(name, singles[i]) == 0) {
            heads->is_bad |= (heads->singles & 1u << i) != 0;
            heads->singles |= 1u << i;
        }
    }
}

static uint16_t keep(struct slw_heap_buffer *head, struct slw_bytes text)
{
    uint16_t at = (uint16_t)head->len;
    slw_heap_append(head, text);
    slw_heap_append(head, SLW_BYTES_OF("\0"));
    return at;
}

/*
 * Each line should have come as NAME ":" SPACES VALUE CR LF, which the library left where it came.
 * RFC 9112, 5.2: "A server that receives an obs-fold in a request message [...] MUST either reject
 * the message [...] or replace": the library takes a folded value elsewhere, so that it isn't near
 * its name any more. Each begins right behind the one before, or there are bytes that the library
 * doesn't show, since it goes by C's strings.
 */
static void measure(struct heads *heads, struct slw_bytes name, struct slw_bytes value)
{
    uintptr_t name_end = (uintptr_t)name.ptr + name.len;
    uintptr_t value_begin = value.ptr == NULL ? name_end + 1 : (uintptr_t)value.ptr;
    if (name.ptr != heads->next || value_begin <= name_end ||
        value_begin - name_end > HTTP_HEAD_MAX) {
        heads->is_odd = true;
        return;
    }
    heads->next = name.ptr + name.len + (value_begin - name_end) + value.len + 2;
}

static enum MHD_Result look_at_field(void *context, enum MHD_ValueKind kind, const char *name,
                                     size_t name_len, const char *value, size_t value_len)
{
    struct heads *heads = context;
    struct slw_http_exchange *exchange = heads->exchange;
    struct slw_bytes name_bytes = slw_bytes_make(name, name_len);
    struct slw_bytes value_bytes = slw_bytes_make(value, value_len);
    (void)kind;
    if (exchange->fields_count == HTTP_FIELDS_MAX ||
        exchange->head.len + name_len + value_len > HTTP_HEAD_MAX) {
        heads->is_too_large = true;
        return MHD_NO;
    }
    heads->is_bad |= !is_token(name_bytes) || has_control(value_bytes);
    measure(heads, name_bytes, value_bytes);
    note_known(heads, name);
    struct http_field *field = &exchange->fields[exchange->fields_count++];
    field->name = keep(&exchange->head, name_bytes);
    field->name_len = (uint16_t)name_len;
    field->value = keep(&exchange->head, value_bytes);
    field->value_len = (uint16_t)value_len;
    return MHD_YES;
}

static bool parse_number(struct slw_bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.ptr[i] - '0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return text.len > 0;
}

/*
 * Whether CR LF CR LF ended the head, which the library has overwritten with NUL. For the library a
 * line that begins with ":" ends a head, too, and what stands behind it is the next request. Of
 * those lines we can't see two, for what they overwrite is as long: ":" LF, and ":" CR LF behind a
 * lone LF. Whoever writes heads anew, as proxies do, doesn't write these.
 */
static bool is_end(const uint8_t *next)
{
    static const uint8_t overwritten[4];
    return memcmp(next - 2, overwritten, sizeof overwritten) == 0;
}

/* Whether nothing is hidden in the first line, between method, target and version, and nothing
 * stands behind the last field but the line that ends the head. */
static bool is_whole(const struct slw_http_exchange *exchange, const struct heads *heads,
                     const char *method, const char *version)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info != NULL && !heads->is_odd &&
           version == method + strlen(method) + 1 + exchange->target_len + 1 &&
           heads->next + 2 == (const uint8_t *)method + info->header_size && is_end(heads->next);
}

/*
 * RFC 9112, 6.1: "A server MAY reject a request that contains both Content-Length and
 * Transfer-Encoding"; ours takes no Transfer-Encoding at all. 6.3: "If a message is received
 * without Transfer-Encoding and with an invalid Content-Length header field, then the message
 * framing is invalid".
 */
static struct http_refusal check_framing(struct slw_http_exchange *exchange,
                                         const struct heads *heads)
{
    if (heads->has_transfer_encoding) {
        return refuse(heads->lengths > 0 ? 400 : 411,
                      "Transfer-Encoding: say how long it is by Content-Length");
    }
    if (heads->lengths > 1) {
        return refuse(400, "Content-Length: stands there twice");
    }
    if (heads->lengths == 1 &&
        !parse_number(slw_http_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH),
                      &exchange->length)) {
        return refuse(400, "Content-Length: not a number");
    }
    return fine;
}

static struct http_refusal check_meaning(const struct slw_http_exchange *exchange,
                                         const struct heads *heads)
{
    struct slw_bytes expect = slw_http_header(exchange, MHD_HTTP_HEADER_EXPECT);
    if (heads->has_content_encoding) {
        return refuse(415, "Content-Encoding: bodies are sent as they are");
    }
    if (heads->has_content_range) {
        return refuse(400, "Content-Range: uploads go by Upload-Offset");
    }
    if (expect.len > 0 && strcasecmp((const char *)expect.ptr, "100-continue") != 0) {
        return refuse(417, "Expect: only 100-continue");
    }
    return fine;
}

struct http_refusal http_head_check(struct slw_http_exchange *exchange, const char *method,
                                    const char *version)
{
    struct heads heads = {.exchange = exchange,
                          .next = (const uint8_t *)version + strlen(version) + 2};
    bool is_new = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, look_at_field, &heads);
    if (exchange->head.status != SLW_OK) {
        return (struct http_refusal){503, SLW_NO_SPACE, "out of memory"};
    }
    if (!is_new && strcmp(version, MHD_HTTP_VERSION_1_0) != 0) {
        return refuse(505, "HTTP/1.1 and HTTP/1.0 only");
    }
    if (heads.is_too_large) {
        return refuse(431, "too many headers, or too long");
    }
    struct http_refusal refusal = check_framing(exchange, &heads);
    if (refusal.http_status != 0) {
        return refusal;
    }
    if (heads.is_bad || !is_whole(exchange, &heads, method, version)) {
        return refuse(400, "a header that isn't one, or stands there twice");
    }
    /* RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
     * request message that lacks a Host header field and to any request message that contains more
     * than one Host header field line". */
    if (heads.hosts > 1 || (is_new && heads.hosts == 0)) {
        return refuse(400, "Host: must stand there once");
    }
    return check_meaning(exchange, &heads);
}
