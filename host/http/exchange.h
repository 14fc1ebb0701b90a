/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the server share: the server, its listeners, and one request while it is
 * served.
 *
 * An exchange belongs to two: the HTTP library's connection, and the handler that owes an answer.
 * It is freed when both are done. Everything that a handler may look at is a copy in the exchange,
 * so that it stays true when the connection is gone. Who answers first decides by one atomic
 * exchange of the state; what is slower than the handler's own call (the exchange is suspended, in
 * the list of those that owe) is guarded by http_later_lock.
 */
#ifndef SLIPWAY_HTTP_EXCHANGE_H
#define SLIPWAY_HTTP_EXCHANGE_H

#include "fetch.h"

#include "slipway/http_connections.h"
#include "slipway/http_listen.h"
#include "slipway/http_server.h"
#include "slipway/http_trust.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_FIELDS_MAX 64u       /* of one head */
#define HTTP_HEAD_MAX (16u << 10) /* bytes of one head */
#define HTTP_TARGET_MAX (4u << 10)
#define HTTP_QUERIES_MAX 16u
#define HTTP_SEGMENTS_MAX 32u
#define HTTP_LISTENERS_MAX 2u
#define HTTP_OWED_MS (120 * 1000)   /* then an answer is given that says so */
#define HTTP_DRAIN_MAX (16u << 20)  /* of a refused body: read and forgotten, to answer why */
#define HTTP_HEADERS_MAX 16u        /* that a handler sets */
#define HTTP_PIECE_SIZE (64u << 10) /* of an answer that isn't in memory, or is large */

enum http_kind { HTTP_TCP, HTTP_TLS, HTTP_LOCAL };

struct http_listener {
    struct slw_http_server *server;
    enum http_kind kind;
    int descriptor; /* -1: none */
    struct MHD_Daemon *daemon;
    char address[SLW_HTTP_ADDRESS_MAX];
};

/* A refusal that was found before the handler is called. */
struct http_refusal {
    unsigned http_status; /* 0: none */
    enum slw_status reason;
    const char *why;
};

/* A path of the table in its segments. */
struct http_pattern {
    const struct slw_http_route *route;
    size_t count;
    bool has_rest;                                /* the last segment takes all that is left */
    struct slw_bytes segments[HTTP_SEGMENTS_MAX]; /* ptr NULL: a parameter */
};

struct slw_http_server {
    struct slw_http_settings settings;
    void *context;
    struct http_pattern *patterns;
    size_t patterns_count;
    struct slw_http_connections connections;
    struct slw_http_trust *trust; /* NULL: no client certificates */
    struct slw_heap_buffer certificate, key, authorities;
    struct http_listener listeners[HTTP_LISTENERS_MAX];
    size_t listeners_count;
    atomic_uint owners;              /* of this memory: the program, and each exchange */
    atomic_bool stopping;            /* no new requests */
    bool ended;                      /* nothing is suspended any more; http_later_lock */
    struct slw_http_exchange *owing; /* suspended; http_later_lock */
    struct slw_http_stream *streams; /* http_later_lock */
    struct http_fetch *fetches;      /* http_later_lock */
    struct http_fetchers fetchers;
    atomic_uint_fast64_t accepted, streaming, body_bytes, taken_us;
    atomic_uint_fast64_t owed; /* exchanges whose handler was called and that aren't over */
    atomic_uint_fast64_t answers[6];
    atomic_uint_fast64_t times[SLW_HTTP_TIMES];
};

/* Lengths within the exchange's copies. */
struct http_field {
    uint16_t name, name_len, value, value_len;
};

/* Of what was asked for. */
enum http_state {
    HTTP_READING,   /* the handler hasn't been called */
    HTTP_RUNNING,   /* it has, and owes an answer */
    HTTP_SUSPENDED, /* it does so from elsewhere; in the server's list */
    HTTP_ANSWERED,  /* answer is to be sent, or is */
    HTTP_ABANDONED, /* it took too long, or the server stops: forced is sent instead */
};

struct slw_http_exchange {
    struct slw_http_server *server;
    const struct http_listener *listener;
    struct MHD_Connection *connection;
    struct slw_http_connection *peer;
    atomic_uint owners;
    atomic_int state;
    struct slw_http_exchange *next, *previous; /* in the server's list; http_later_lock */
    int64_t begun_us;
    int64_t suspended_ms;
    const struct slw_http_route *route;

    char method[16];
    bool seen;        /* by the first look at its head */
    bool head_is_bad; /* where the request ends isn't known */
    bool is_secure;
    bool is_surplus; /* of a connection for which there is no room */
    bool is_owed;
    bool draining; /* body is read and forgotten */
    bool queued;
    uint64_t length; /* Content-Length */
    uint64_t received;
    struct slw_heap_buffer body;
    struct slw_heap_buffer head; /* names and values, each with a zero behind it */
    size_t fields_count;
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t parameters_count;
    struct slw_bytes parameters[SLW_HTTP_PARAMETERS_MAX];
    size_t queries_count;
    struct {
        struct slw_bytes name, value;
    } queries[HTTP_QUERIES_MAX];
    struct http_refusal refusal; /* found before the handler is called */
    char allow[64];              /* methods, for 405 */
    char client[64];
    char client_name[65];

    size_t set_count;
    struct slw_heap_buffer set; /* headers of the answer: name, zero, value, zero */
    struct MHD_Response *answer;
    unsigned answer_status;
    struct MHD_Response *forced;
    unsigned forced_status;
    enum slw_status reason; /* of a refusal; SLW_OK: none */
    char *problem;          /* detail of a failure that is ours; NULL */

    void *attached;
    void (*free_attached)(void *value);

    struct slw_bytes path; /* in target, decoded */
    size_t target_len;     /* as it came; over HTTP_TARGET_MAX: it isn't there */
    char target[];
};

/* Of everything that is answered later, in all servers. */
extern pthread_mutex_t http_later_lock;

/* target.c: splits path and query, decodes, checks. */
struct http_refusal http_target_check(struct slw_http_exchange *exchange);

/* head.c: copies the head's fields, and checks them and the framing. method and version: where the
 * library has them. */
struct http_refusal http_head_check(struct slw_http_exchange *exchange, const char *method,
                                    const char *version);

/* routes.c */
SLW_MUST_USE enum slw_status http_routes_compile(struct slw_http_server *server,
                                                 const struct slw_http_route *routes, size_t count,
                                                 struct slw_detail *detail);
/* Finds the route and its parameters, or which methods the path has. */
struct http_refusal http_routes_find(struct slw_http_exchange *exchange);

/* exchange.c; NULL when memory ran out */
struct slw_http_exchange *http_exchange_new(const struct http_listener *listener,
                                            struct MHD_Connection *connection, const char *target);
void http_exchange_release(struct slw_http_exchange *exchange);
void http_server_release(struct slw_http_server *server);

/* answer.c: the answer of the one who owes it, from any thread; takes response. */
void http_answer(struct slw_http_exchange *exchange, unsigned http_status,
                 struct MHD_Response *response);
/* The response for a refusal, whoever sends it; NULL when memory ran out. */
struct MHD_Response *http_refusal_response(const struct slw_http_exchange *exchange,
                                           unsigned http_status, enum slw_status reason,
                                           const char *why);
/* Adds what every answer carries, and what the handler set. */
void http_finish_response(const struct slw_http_exchange *exchange, unsigned http_status,
                          struct MHD_Response *response);
/* The headers that the handler set: the first, the one behind before; NULL: no more. */
const char *http_set_next(const struct slw_http_exchange *exchange, const char *before,
                          const char **ret_value);
unsigned http_status_of(enum slw_status reason);

/* source.c: sends memory piece by piece, so that a client has time for each; takes it over unless
 * it returns NULL. */
struct MHD_Response *http_memory_response(const struct slw_http_exchange *exchange,
                                          struct slw_heap_buffer *bytes);

/* stream.c */
void http_streams_tick(struct slw_http_server *server, int64_t now_ms);
void http_streams_end(struct slw_http_server *server); /* http_later_lock is held */

/* serve.c: what the HTTP library calls. */
void *http_serve_target(void *context, const char *target, struct MHD_Connection *connection);
enum MHD_Result http_serve(void *context, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *body,
                           size_t *body_len, void **request);
void http_serve_completed(void *context, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code);
void http_serve_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                           enum MHD_ConnectionNotificationCode code);
/* Answers what is suspended for longer, by SLW_IO_TIMEOUT; http_later_lock is held. */
void http_abandon(struct slw_http_server *server, int64_t suspended_before_ms);

int64_t http_now_us(void);

#endif
