/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP server on libmicrohttpd: a table of routes, requests that are bounded in everything,
 * answers now or later, streams of events. For programs that hold no signing keys.
 *
 *     static const struct slw_http_route routes[] = {
 *         {"GET", "/api/v1/products/{product}/builds", list_builds, .body_max = 0},
 *         {"POST", "/api/v1/session", log_in, .body_max = 4096},
 *     };
 *     SLW_TRY(slw_http_server_start(&settings, routes, 2, depot, &server, detail));
 *     …
 *     static void list_builds(void *context, struct slw_http_exchange *exchange)
 *     {
 *         struct slw_bytes product = slw_http_parameter(exchange, 0);
 *         …
 *         slw_http_answer_json(exchange, 200, &text);
 *     }
 *
 * What never reaches a handler: heads over 16 KiB, more than 64 header fields, targets over 4 KiB,
 * paths with percent-encoding other than of characters that names may hold, dot segments, empty
 * segments; Transfer-Encoding, Content-Encoding, two Content-Lengths, bodies without or over their
 * length or over body_max; unknown paths (404) and methods (405); clients too slow for the floor;
 * more connections than allowed. All are answered with {"reason":WORD,"detail":TEXT}, where an
 * answer is possible.
 *
 * Every answer carries: X-Content-Type-Options nosniff, Referrer-Policy no-referrer, Cache-Control
 * no-store (unless the handler says otherwise), the strict Content-Security-Policy of the settings.
 */
#ifndef SLIPWAY_HTTP_SERVER_H
#define SLIPWAY_HTTP_SERVER_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/reader.h"

#define SLW_HTTP_PARAMETERS_MAX 8u

struct slw_http_server;
struct slw_http_exchange;

/* Must answer exactly once, now or later, from any thread. May be called by several threads at
 * once; should not block for longer than the database takes: what does is handed to other threads
 * and answered later. */
typedef void slw_http_handler(void *context, struct slw_http_exchange *exchange);

struct slw_http_route {
    const char *method;
    const char *path; /* "/a/{name}/b": a segment in braces takes any one segment; a last
                         "{path...}" takes all the rest */
    slw_http_handler *handle;
    size_t body_max; /* of the body, which is in memory when the handler is called; 0: no body is
                        allowed */
    uint32_t flags;  /* the program's own (who may call it); slw_http_flags() */
};

/* One exchange that is over, for logs and measurements. Has no address. */
struct slw_http_done {
    const char *method;
    const char *route;  /* the path as it stands in the table; NULL: none was found */
    unsigned status;    /* 0: the client was gone before there was an answer */
    uint64_t received;  /* bytes of the body */
    uint64_t taken_us;  /* from the head's first line until the answer was sent */
    const char *reason; /* word of a refusal; NULL: none */
    const char *detail; /* of a failure that is ours (5xx), which the client isn't told; "" */
};

struct slw_http_settings {
    const char *listen; /* "HOST:PORT"; port 0 takes a free one; NULL: none */
    const char *socket; /* local socket; NULL: none. Its peer is trusted to be a proxy */
    uint32_t socket_mode;
    const char *tls_certificate; /* PEM files; NULL: plain HTTP */
    const char *tls_key;
    const char *client_ca;       /* asks for client certificates; NULL: doesn't */
    const char *security_policy; /* Content-Security-Policy; NULL: "default-src 'none'" */
    uint32_t threads;            /* 0: 4 */
    uint32_t connections;        /* 0: 1,024 */
    uint32_t idle_s;             /* 0: 60 */
    uint32_t floor_bytes_per_s;  /* 0: 256 */
    uint64_t bodies_max;         /* bytes of all bodies that are in memory; 0: 256 MiB */
    /* Called when an exchange is over, by several threads at once; NULL: not. */
    void (*observe)(void *context, const struct slw_http_done *done);
};

/* routes must outlive the server. A segment's text goes before one in braces, that before the rest,
 * in whatever order they stand; HEAD is answered by GET's route where it has none of its own. Two
 * routes for one method and path, and a path that is none, are SLW_BAD_ARGUMENT. */
SLW_MUST_USE enum slw_status slw_http_server_start(const struct slw_http_settings *settings,
                                                   const struct slw_http_route *routes,
                                                   size_t routes_count, void *context,
                                                   struct slw_http_server **ret_server,
                                                   struct slw_detail *detail);
/* "http://127.0.0.1:40123", with the port that it has; "unix:PATH" when it listens there alone. */
const char *slw_http_server_address(const struct slw_http_server *server);
/* Serves a connection that somebody else made; the descriptor is the server's from then on. */
SLW_MUST_USE enum slw_status slw_http_server_adopt(struct slw_http_server *server, int descriptor,
                                                   struct slw_detail *detail);

/* What a server did since it started, and what it is at. */
#define SLW_HTTP_TIMES 10u
struct slw_http_counts {
    uint64_t connections; /* now */
    uint64_t accepted;
    uint64_t evicted;    /* idle ones that made room for others */
    uint64_t cut;        /* for being slow */
    uint64_t busy;       /* exchanges now, streams among them */
    uint64_t streams;    /* now */
    uint64_t answers[6]; /* by the first digit of their HTTP status; [0]: clients that went away */
    uint64_t body_bytes; /* in memory now */
    uint64_t taken_us;   /* sum over all answers */
    uint64_t times[SLW_HTTP_TIMES]; /* answers within slw_http_times_us[i], not within less */
};
/* Upper bounds; the last one has none (UINT64_MAX). */
extern const uint64_t slw_http_times_us[SLW_HTTP_TIMES];
void slw_http_server_count(const struct slw_http_server *server,
                           struct slw_http_counts *ret_counts);
/* No new requests; waits for answers that are owed for at most grace_ms, ends streams, frees. */
void slw_http_server_stop(struct slw_http_server *server, uint32_t grace_ms);

/* What was asked: views until it is answered, wherever the client is meanwhile. */
struct slw_http_server *slw_http_server_of(const struct slw_http_exchange *exchange);
/* One of those that the server was started with. */
const struct slw_http_route *slw_http_route_of(const struct slw_http_exchange *exchange);
const char *slw_http_method(const struct slw_http_exchange *exchange);
struct slw_bytes slw_http_path(const struct slw_http_exchange *exchange);
uint32_t slw_http_flags(const struct slw_http_exchange *exchange);
/* The nth segment in braces, decoded. */
struct slw_bytes slw_http_parameter(const struct slw_http_exchange *exchange, size_t n);
/* Of the query; empty when it isn't there. One that stands twice is refused before the handler. */
struct slw_bytes slw_http_query(const struct slw_http_exchange *exchange, const char *name);
/* False when it isn't there, or isn't a number within bounds. */
bool slw_http_query_number(const struct slw_http_exchange *exchange, const char *name, int64_t min,
                           int64_t max, int64_t *ret_number);
struct slw_bytes slw_http_header(const struct slw_http_exchange *exchange, const char *name);
struct slw_bytes slw_http_cookie(const struct slw_http_exchange *exchange, const char *name);
struct slw_bytes slw_http_body(const struct slw_http_exchange *exchange);
/* TLS here, or the local socket's proxy says so (X-Forwarded-Proto: https). */
bool slw_http_is_secure(const struct slw_http_exchange *exchange);
/* Common name of a verified client certificate; on the local socket, and there alone, what the
 * proxy's header X-Slipway-Client-Name says; empty: none. */
struct slw_bytes slw_http_client_name(const struct slw_http_exchange *exchange);
/* A text that tells clients apart, for limits in memory only (never stored): an address; on the
 * local socket the last one of X-Forwarded-For. */
struct slw_bytes slw_http_client(const struct slw_http_exchange *exchange);
/* A pointer of the program's for the time of the exchange, freed with it by free_value. */
void slw_http_attach(struct slw_http_exchange *exchange, void *value,
                     void (*free_value)(void *value));
void *slw_http_attached(const struct slw_http_exchange *exchange);

/* Answers. The exchange isn't touched any more afterwards. */
void slw_http_set_header(struct slw_http_exchange *exchange, const char *name,
                         const char *value); /* before it */
void slw_http_answer_empty(struct slw_http_exchange *exchange, unsigned http_status);
/* Takes the buffer's memory over, as it does in all of these. */
void slw_http_answer_json(struct slw_http_exchange *exchange, unsigned http_status,
                          struct slw_heap_buffer *text);
void slw_http_answer_bytes(struct slw_http_exchange *exchange, unsigned http_status,
                           const char *type, struct slw_heap_buffer *bytes);
/* Bytes that live for ever, such as what is embedded in the program; etag may be NULL. */
void slw_http_answer_static(struct slw_http_exchange *exchange, const char *type,
                            struct slw_bytes bytes, const char *etag);
/* A source of any size, with Range and 206. It is read by other threads, a piece at a time, and may
 * take its time; close is called when that is done, by any thread. */
void slw_http_answer_source(struct slw_http_exchange *exchange, const char *type,
                            const struct slw_source *source, void (*close)(void *context),
                            void *context);
/* Bytes of a number that isn't known before, such as a table's: next() puts some of them into
 * buffer, at most max, none at the end, from other threads, one after the other, and may take its
 * time. When it fails the connection is broken off, so that nobody takes what came for all. close
 * as above. */
typedef enum slw_status slw_http_flow(void *context, uint8_t *buffer, size_t max, size_t *ret_len);
void slw_http_answer_flow(struct slw_http_exchange *exchange, const char *type, slw_http_flow *next,
                          void (*close)(void *context), void *context);
/* {"reason","detail"} with the HTTP status that stands for a reason; 429 and 503 carry Retry-After.
 * What failed here (SLW_CLASS_IO) is told to observe() in detail, and to the client by its meaning
 * alone; SLW_DATABASE_AWAY as "unavailable". SLW_INTERNAL is 500. */
void slw_http_refuse(struct slw_http_exchange *exchange, enum slw_status reason,
                     const struct slw_detail *detail);
void slw_http_refuse_as(struct slw_http_exchange *exchange, unsigned http_status,
                        enum slw_status reason, const char *why);

/* Server-sent events: the exchange becomes a stream, which is fed from any thread until close, or
 * until send() says false (the client is gone, or 1 MiB behind). A comment is sent every 15 s. */
struct slw_http_stream;
struct slw_http_stream *slw_http_answer_stream(struct slw_http_exchange *exchange);
bool slw_http_stream_send(struct slw_http_stream *stream, const char *event, int64_t id,
                          struct slw_bytes data);
void slw_http_stream_close(struct slw_http_stream *stream);

#endif
