/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting files of a TUF repository: from web servers, or from a directory on offline media. The
 * network is an attacker's: what comes is bounded in bytes and time, and what it means is for the
 * caller to verify.
 *
 * A port has one or more mirrors; the caller asks one of them at a time, and another when what came
 * doesn't verify.
 *
 *     SLW_TRY(slw_http_fetcher_new(&options, &http, detail));
 *     const struct slw_fetch_port *port = slw_http_fetcher_port(http); // lives as long as http
 *     const struct slw_fetch_request request = {SLW_FETCH_METADATA, "timestamp.json", 16384, 0};
 *     SLW_TRY(slw_fetch_to_heap(port, 0, &request, &bytes, detail));
 *     slw_http_fetcher_free(http);
 */
#ifndef SLIPWAY_TUF_FETCH_H
#define SLIPWAY_TUF_FETCH_H

#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_FETCH_MIRRORS_MAX 16u

enum slw_fetch_area { SLW_FETCH_METADATA, SLW_FETCH_TARGETS };

struct slw_fetch_request {
    enum slw_fetch_area area;
    const char *path; /* below the area's base, percent-encoded where it must be: "2.root.json" */
    uint64_t limit;   /* bytes at most; one more is SLW_TOO_LARGE */
    uint64_t resume_from; /* bytes that are there already; 0: from the beginning */
};

/*
 * Where a body goes. begin() is called once before the first write(), also when there will be none
 * because the file is empty, with the offset that it starts at: resume_from when the server said
 * 206 with exactly that Content-Range, else 0: what was there before is void then. A get() that
 * fails may have called both already. A sink that fails explains that itself: the fetcher leaves
 * detail alone then.
 */
struct slw_fetch_sink {
    void *context;
    enum slw_status (*begin)(void *context, uint64_t offset);
    enum slw_status (*write)(void *context, struct slw_bytes piece);
};

struct slw_fetch_port {
    void *context;
    unsigned mirrors; /* 1 to SLW_FETCH_MIRRORS_MAX */
    /*
     * Gets a file from mirror 0 to mirrors-1, whole.
     *
     * 1. SLW_NOT_FOUND for HTTP 404 and 403, and for a file that isn't in the directory. Nothing
     * else.
     * 2. SLW_TOO_LARGE as soon as more than limit bytes came, or are announced.
     * 3. SLW_SLOW_RETRIEVAL when it is slower than the floor, or the budget of time is used up.
     * 4. SLW_UNAVAILABLE for everything else that keeps the file from coming: no connection,
     * another status, a body that ends early, a Content-Encoding, a redirect to another host or
     * scheme, header floods.
     * 5. What the sink returned, when that failed.
     * 6. SLW_BAD_ARGUMENT, before anything is sent, for a mirror or an area that isn't there, and a
     * path that is no relative path of printable ASCII without "?", "#", and "." or ".." segments.
     */
    enum slw_status (*get)(void *context, unsigned mirror, const struct slw_fetch_request *request,
                           const struct slw_fetch_sink *sink, struct slw_detail *detail);
};

/* Appends a whole file, whatever resume_from says; what came before a failure is taken away. */
SLW_MUST_USE enum slw_status slw_fetch_to_heap(const struct slw_fetch_port *port, unsigned mirror,
                                               const struct slw_fetch_request *request,
                                               struct slw_heap_buffer *ret_bytes,
                                               struct slw_detail *detail);

/* What bounds an HTTP fetcher; {0} takes the defaults. */
struct slw_http_options {
    const char *const *metadata_urls; /* one a mirror, "https://host/metadata"; a slash at the end
                                         makes no difference */
    const char *const *targets_urls;  /* as many; NULL: no targets are fetched */
    unsigned mirrors;
    uint32_t connect_timeout_ms; /* 10,000 */
    uint32_t floor_bytes_per_s;  /* moving average over floor_window_s, below which a transfer is
                                    slow: 1,024 */
    uint32_t floor_window_s;     /* 15 */
    uint32_t budget_s;           /* for all requests together, see below: 0 is none */
    const char *ca_file;         /* NULL: the system's authorities; else these alone */
    const char *proxy;           /* NULL: as the environment says; "": none */
    const char *user_agent;      /* NULL: "slipway/VERSION" */
};

struct slw_http_fetcher;

/*
 * libcurl behind the port; connections are kept and used again. URLs are http:, https: or file:, of
 * which only https: keeps others from seeing what is fetched; nothing here is trusted either way.
 * SLW_BAD_ARGUMENT for a URL that isn't one, or has a query or a fragment; credentials in one are
 * sent there as Basic authentication, and are in no detail. A fetcher belongs to one thread, and
 * its program ignores SIGPIPE.
 *
 * Redirects are followed to the same scheme, host and port, 5 of them. TLS is 1.2 or newer, and
 * certificates are always checked. A transfer is slow when, from the moment that its request is
 * sent, fewer than floor_bytes_per_s * floor_window_s bytes of headers and body came in the last
 * floor_window_s; it is noticed within a second. Making a connection, through a proxy and TLS if
 * need be, is bounded by connect_timeout_ms instead.
 */
enum slw_status slw_http_fetcher_new(const struct slw_http_options *options,
                                     struct slw_http_fetcher **ret_fetcher,
                                     struct slw_detail *detail);
const struct slw_fetch_port *slw_http_fetcher_port(const struct slw_http_fetcher *fetcher);

/*
 * The budget is of time spent in get(), over all mirrors, since the fetcher was made or this was
 * called: a program that lives long calls it before each update. Once it is used up, every get()
 * from a server is SLW_SLOW_RETRIEVAL.
 */
void slw_http_fetcher_restart_budget(struct slw_http_fetcher *fetcher);

/* Requests sent and bytes of bodies received so far. */
void slw_http_fetcher_counts(const struct slw_http_fetcher *fetcher, uint64_t *ret_requests,
                             uint64_t *ret_bytes);
void slw_http_fetcher_free(struct slw_http_fetcher *fetcher);

/*
 * Offline media: DIR/metadata and DIR/targets, no symbolic links followed out of them. A file is
 * looked for under its path as it is and, when that isn't there, percent-decoded, as a web server
 * would. file: URLs of the HTTP fetcher are read in the same way. SLW_IO when DIR can't be opened.
 */
struct slw_directory_fetcher;
enum slw_status slw_directory_fetcher_new(const char *directory,
                                          struct slw_directory_fetcher **ret_fetcher,
                                          struct slw_detail *detail);
const struct slw_fetch_port *
slw_directory_fetcher_port(const struct slw_directory_fetcher *fetcher);
void slw_directory_fetcher_free(struct slw_directory_fetcher *fetcher);

#endif
