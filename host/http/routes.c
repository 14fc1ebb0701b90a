/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of routes: taken apart at start, so that finding one compares segments. Called by
 * server.c and serve.c. See exchange.h.
 */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the segment at the front of a text. */
static size_t segment_len(const char *text)
{
    return strcspn(text, "/");
}

static bool is_parameter(struct slw_bytes segment)
{
    return segment.len >= 3 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

static bool is_rest(struct slw_bytes segment)
{
    return is_parameter(segment) && segment.len >= 6 &&
           memcmp(segment.ptr + segment.len - 4, "...}", 4) == 0;
}

static bool has_brace(struct slw_bytes segment)
{
    return segment.len > 0 && (memchr(segment.ptr, '{', segment.len) != NULL ||
                               memchr(segment.ptr, '}', segment.len) != NULL);
}

static bool compile(const struct slw_http_route *route, struct http_pattern *pattern)
{
    size_t parameters = 0;
    const char *at = route->path;
    *pattern = (struct http_pattern){.route = route};
    while (at[0] == '/' && !pattern->has_rest) {
        size_t len = segment_len(++at);
        struct slw_bytes segment = slw_bytes_make(at, len);
        if (pattern->count == HTTP_SEGMENTS_MAX ||
            (len == 0 && (pattern->count > 0 || at[0] != '\0'))) {
            return false;
        }
        pattern->has_rest = is_rest(segment);
        parameters += is_parameter(segment);
        if (!is_parameter(segment) && has_brace(segment)) {
            return false;
        }
        pattern->segments[pattern->count++] =
            is_parameter(segment) ? slw_bytes_make(NULL, 0) : segment;
        at += len;
    }
    return at[0] == '\0' && pattern->count > 0 && parameters <= SLW_HTTP_PARAMETERS_MAX &&
           route->handle != NULL && route->method[0] != '\0';
}

static int compare_segments(struct slw_bytes left, struct slw_bytes right)
{
    if ((left.ptr == NULL) != (right.ptr == NULL)) {
        return left.ptr == NULL ? 1 : -1; /* what is named comes first */
    }
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len == 0 ? 0 : memcmp(left.ptr, right.ptr, len);
    if (order != 0 || left.len == right.len) {
        return order;
    }
    return left.len < right.len ? -1 : 1;
}

/* In the order in which they are tried; 0: they take the same paths. */
static int compare(const void *left_pattern, const void *right_pattern)
{
    const struct http_pattern *left = left_pattern;
    const struct http_pattern *right = right_pattern;
    if (left->has_rest != right->has_rest) {
        return left->has_rest ? 1 : -1;
    }
    if (left->count != right->count) {
        return left->count > right->count ? -1 : 1; /* the longer rest goes later */
    }
    for (size_t i = 0; i < left->count; i++) {
        int order = compare_segments(left->segments[i], right->segments[i]);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static int compare_with_method(const void *left, const void *right)
{
    int order = compare(left, right);
    return order != 0 ? order
                      : strcmp(((const struct http_pattern *)left)->route->method,
                               ((const struct http_pattern *)right)->route->method);
}

enum slw_status http_routes_compile(struct slw_http_server *server,
                                    const struct slw_http_route *routes, size_t count,
                                    struct slw_detail *detail)
{
    server->patterns = calloc(count + 1, sizeof server->patterns[0]);
    if (server->patterns == NULL) {
        return slw_explain_no_memory(detail);
    }
    server->patterns_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!compile(&routes[i], &server->patterns[i])) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a path of routes",
                               routes[i].path);
        }
    }
    qsort(server->patterns, count, sizeof server->patterns[0], compare_with_method);
    for (size_t i = 1; i < count; i++) {
        if (compare_with_method(&server->patterns[i - 1], &server->patterns[i]) == 0) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s %s: two routes",
                               server->patterns[i].route->method, server->patterns[i].route->path);
        }
    }
    return SLW_OK;
}

/* The path of a request in its segments. */
struct split {
    size_t count;
    struct slw_bytes segments[HTTP_SEGMENTS_MAX];
};

static bool split_path(struct slw_bytes path, struct split *split)
{
    size_t begin = 1;
    split->count = 0;
    for (size_t at = 1; at <= path.len; at++) {
        if (at < path.len && path.ptr[at] != '/') {
            continue;
        }
        if (split->count == HTTP_SEGMENTS_MAX) {
            return false;
        }
        split->segments[split->count++] = slw_bytes_make(path.ptr + begin, at - begin);
        begin = at + 1;
    }
    return true;
}

static bool matches(const struct http_pattern *pattern, const struct split *split)
{
    if (pattern->has_rest ? split->count < pattern->count : split->count != pattern->count) {
        return false;
    }
    for (size_t i = 0; i < pattern->count; i++) {
        if (pattern->segments[i].ptr == NULL
                ? split->segments[i].len == 0
                : !slw_bytes_equal(pattern->segments[i], split->segments[i])) {
            return false;
        }
    }
    return true;
}

static void take(struct slw_http_exchange *exchange, const struct http_pattern *pattern,
                 const struct split *split)
{
    const uint8_t *end = exchange->path.ptr + exchange->path.len;
    exchange->route = pattern->route;
    for (size_t i = 0; i < pattern->count; i++) {
        struct slw_bytes segment = split->segments[i];
        if (pattern->segments[i].ptr != NULL) {
            continue;
        }
        if (pattern->has_rest && i + 1 == pattern->count) {
            segment.len = (size_t)(end - segment.ptr);
        }
        exchange->parameters[exchange->parameters_count++] = segment;
    }
}

/* Of a run of patterns for the same paths: the one for the method, or GET's for HEAD. */
static const struct http_pattern *choose(const struct http_pattern *first, size_t count,
                                         const char *method)
{
    const struct http_pattern *instead = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(first[i].route->method, method) == 0) {
            return &first[i];
        }
        if (strcmp(method, "HEAD") == 0 && strcmp(first[i].route->method, "GET") == 0) {
            instead = &first[i];
        }
    }
    return instead;
}

static void list_methods(const struct http_pattern *first, size_t count, size_t size, char *ret)
{
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < count && len < size; i++) {
        len += (size_t)snprintf(ret + len, size - len, "%s%s", i > 0 ? ", " : "",
                                first[i].route->method);
    }
}

struct http_refusal http_routes_find(struct slw_http_exchange *exchange)
{
    const struct slw_http_server *server = exchange->server;
    struct split split;
    if (!split_path(exchange->path, &split)) {
        return (struct http_refusal){404, SLW_NOT_FOUND, "there is no such path"};
    }
    for (size_t i = 0; i < server->patterns_count; i++) {
        const struct http_pattern *first = &server->patterns[i];
        if (!matches(first, &split)) {
            continue;
        }
        size_t run = 1;
        while (i + run < server->patterns_count && compare(first, &first[run]) == 0) {
            run++;
        }
        const struct http_pattern *found = choose(first, run, exchange->method);
        if (found != NULL) {
            take(exchange, found, &split);
            return (struct http_refusal){0, SLW_OK, NULL};
        }
        list_methods(first, run, sizeof exchange->allow, exchange->allow);
        return (struct http_refusal){405, SLW_BAD_ARGUMENT, "not a method of this path"};
    }
    return (struct http_refusal){404, SLW_NOT_FOUND, "there is no such path"};
}
