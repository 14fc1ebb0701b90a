/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request while it is served: what the HTTP library told of it, checked, and what the
 * route that serves it keeps meanwhile.
 *
 * A route is begun when the head is there and may answer at once (then no body is read and the
 * connection is closed behind the answer, so that nothing behind a refused head is ever taken for
 * another request); it sees the body piece by piece, and finishes with an answer.
 */
#ifndef SLIPWAY_FRONT_REQUEST_H
#define SLIPWAY_FRONT_REQUEST_H

#include "channel.h"
#include "peer.h"
#include "settings.h"

#include "slipway/http_connections.h"
#include "slipway/http_limits.h"
#include "slipway/http_trust.h"

#include <microhttpd.h>

#define FRONT_PATH_MAX 512u   /* with the query */
#define FRONT_HEADERS_MAX 64u /* of one request */

/* What all threads share. */
struct front {
    struct front_settings settings;
    bool is_witness;
    struct front_channel *channel;
    struct slw_http_connections connections;
    struct slw_http_limits limits;
    struct slw_http_trust *trust; /* NULL: nobody shows a certificate */
};

enum front_listener_kind { FRONT_TLS, FRONT_LOCAL, FRONT_PLAIN };

struct front_listener {
    struct front *front;
    enum front_listener_kind kind;
};

struct front_route;

struct front_request {
    struct front *front;
    const struct front_listener *listener;
    struct MHD_Connection *connection;
    struct slw_http_connection *peer;
    char target[FRONT_PATH_MAX]; /* as it stood in the request's first line */
    const char *target_at;       /* where the HTTP library has it, and how long it was */
    size_t target_len;
    bool target_is_long;
    const char *query; /* behind "?", in target; NULL: none */
    bool seen;         /* by front_request_look() */
    bool head_is_good; /* so it is known where the request ends */
    bool begun;
    bool answered;
    bool has_length;
    uint64_t length;   /* Content-Length */
    uint64_t received; /* of the body, so far */
    const struct front_route *route;
    const char *rest; /* what the route's path leaves open: in target */
    /* The body so far, or the piece of it that isn't handed on yet. */
    struct slw_heap_buffer body;
    uint8_t digest[SLW_SHA256_SIZE]; /* in the path */
    uint64_t position;               /* of an upload: where body goes */
    uint64_t total;                  /* and how much will be there, as the key process said last */
    bool draining;                   /* refused in the middle: the rest is read and forgotten */
    unsigned refused_status;
    enum slw_status refused_reason;
    struct slw_detail refused_detail;
};

struct front_route {
    const char *method;
    const char *prefix; /* of the path */
    bool has_rest;      /* something follows the prefix; else it is the whole path */
    bool has_query;     /* may have one */
    bool has_body;      /* must have one */
    bool is_public;     /* served without a client certificate where settings say so */
    bool keys;          /* by a front of the key process */
    bool witness;       /* by a front of a witness */
    bool (*begin)(struct front_request *request); /* NULL: nothing to do. True: go on */
    void (*take)(struct front_request *request, struct slw_bytes piece);
    enum MHD_Result (*finish)(struct front_request *request);
};

/* Ends with NULL as method. */
extern const struct front_route front_routes[];

/*
 * What is checked first: the forms of first line, path and head. method and version: where the HTTP
 * library has them. False after answering.
 */
bool front_request_look(struct front_request *request, const char *method, const char *version);

/*
 * What else is checked before a route is begun: which route it is, who asks, how often, and whether
 * there is a body where there must be one. False after answering.
 */
bool front_request_admit(struct front_request *request, const char *method);

/* A header's value; NULL when it isn't there. */
const char *front_request_header(const struct front_request *request, const char *name);

/* Decimal digits and nothing else. */
bool front_parse_number(const char *text, uint64_t *ret_number);

/* 64 lower-case hexadecimal digits, of which end points to what follows. */
bool front_parse_digest(const char *text, uint8_t ret_digest[static SLW_SHA256_SIZE],
                        const char **ret_end);

#endif
