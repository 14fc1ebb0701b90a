/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of a request: its path, of which there is one spelling alone, and its query. Called by
 * serve.c with what stood in the request's first line. See exchange.h.
 */
#include "exchange.h"

#include "slipway/text.h"

#include <string.h>

static const char segment_others[] = "-._~:@+";
/* RFC 3986, 3.4: query = *( pchar / "/" / "?" ), without "&", "=" and "+", which have a meaning. */
static const char query_others[] = "-._~:@/?!$'()*,;";

static const struct http_refusal fine = {0, SLW_OK, NULL};

static struct http_refusal refuse(unsigned http_status, const char *why)
{
    return (struct http_refusal){http_status, SLW_MALFORMED, why};
}

/* A letter, a digit, or one of the others. */
static bool is_one_of(const char *others, char byte)
{
    char lower = (char)(byte | 0x20);
    return (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z') ||
           (byte != '\0' && strchr(others, byte) != NULL);
}

/* RFC 3986, 2.1: "pct-encoded = "%" HEXDIG HEXDIG". at: behind the percent sign. */
static bool decode_one(const char *at, const char *end, char *ret_byte)
{
    if (end - at < 2 || slw_text_hex_value(at[0]) < 0 || slw_text_hex_value(at[1]) < 0) {
        return false;
    }
    *ret_byte = (char)(slw_text_hex_value(at[0]) * 16 + slw_text_hex_value(at[1]));
    return true;
}

/*
 * RFC 3986, 6.2.2.2: "URIs should be normalized by decoding any percent-encoded octet that
 * corresponds to an unreserved character". What isn't of a name's characters stays outside, encoded
 * or not, so that no two readers of a path find other segments in it.
 */
static bool decode_path(char *path, size_t len, size_t *ret_len)
{
    char *to = path;
    const char *end = path + len;
    for (const char *at = path; at < end; at++) {
        char byte = *at;
        if (byte == '%') {
            if (!decode_one(at + 1, end, &byte) || !is_one_of(segment_others, byte)) {
                return false;
            }
            at += 2;
        } else if (byte != '/' && !is_one_of(segment_others, byte)) {
            return false;
        }
        *to++ = byte;
    }
    *to = '\0';
    *ret_len = (size_t)(to - path);
    return true;
}

/* RFC 3986, 3.3: "The path segments "." and "..", also known as dot-segments, are defined for
 * relative reference"; there are none in a request. */
static bool has_odd_segment(struct slw_bytes path)
{
    size_t begin = 1;
    for (size_t at = 1; at <= path.len; at++) {
        if (at < path.len && path.ptr[at] != '/') {
            continue;
        }
        size_t len = at - begin;
        bool is_dots = len <= 2 && memcmp(path.ptr + begin, "..", len) == 0; /* or empty */
        if (is_dots && path.len > 1) {
            return true;
        }
        begin = at + 1;
    }
    return false;
}

/* Decodes in place one name or value of the query. */
static bool decode_query(char *text, size_t len, struct slw_bytes *ret_text)
{
    char *to = text;
    const char *end = text + len;
    struct slw_utf8 checker = {0};
    for (const char *at = text; at < end; at++) {
        char byte = *at;
        if (byte == '%') {
            if (!decode_one(at + 1, end, &byte) || byte == '\0') {
                return false;
            }
            at += 2;
        } else if (byte == '+') {
            byte = ' ';
        } else if (!is_one_of(query_others, byte)) {
            return false;
        }
        *to++ = byte;
    }
    *ret_text = slw_bytes_make(text, (size_t)(to - text));
    return slw_utf8_accept(&checker, *ret_text) && slw_utf8_complete(&checker);
}

static bool is_twice(const struct slw_http_exchange *exchange, struct slw_bytes name)
{
    for (size_t i = 0; i < exchange->queries_count; i++) {
        if (slw_bytes_equal(exchange->queries[i].name, name)) {
            return true;
        }
    }
    return false;
}

static struct http_refusal add_query(struct slw_http_exchange *exchange, char *text, size_t len)
{
    struct slw_bytes name;
    struct slw_bytes value = slw_bytes_make(text, 0);
    char *equals = memchr(text, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - text);
    if (exchange->queries_count == HTTP_QUERIES_MAX) {
        return refuse(400, "query: too many parts");
    }
    if (!decode_query(text, name_len, &name) || name.len == 0 ||
        (equals != NULL && !decode_query(equals + 1, len - name_len - 1, &value))) {
        return refuse(400, "query: not NAME=VALUE in UTF-8");
    }
    if (is_twice(exchange, name)) {
        return refuse(400, "query: a name twice");
    }
    exchange->queries[exchange->queries_count].name = name;
    exchange->queries[exchange->queries_count].value = value;
    exchange->queries_count++;
    return fine;
}

static struct http_refusal split_query(struct slw_http_exchange *exchange, char *query)
{
    struct http_refusal refusal = fine;
    while (*query != '\0' && refusal.http_status == 0) {
        size_t len = strcspn(query, "&");
        char *next = query + len + (query[len] == '&' ? 1 : 0);
        refusal = add_query(exchange, query, len);
        query = next;
    }
    return refusal;
}

struct http_refusal http_target_check(struct slw_http_exchange *exchange)
{
    char *target = exchange->target;
    size_t len = 0;
    if (exchange->target_len > HTTP_TARGET_MAX) {
        return refuse(414, "the path is too long");
    }
    char *query = strchr(target, '?');
    size_t path_len = query == NULL ? exchange->target_len : (size_t)(query - target);
    if (target[0] != '/' || !decode_path(target, path_len, &len)) {
        return refuse(400, "the path has something that no path of ours has");
    }
    exchange->path = slw_bytes_make(target, len);
    if (has_odd_segment(exchange->path)) {
        return refuse(400, "the path has an empty segment, or dots for one");
    }
    return query == NULL ? fine : split_query(exchange, query + 1);
}
