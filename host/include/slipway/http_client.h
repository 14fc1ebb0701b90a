/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a service of ours over HTTPS, or over its local socket: bounded in bytes and time, tried
 * again while it can't be reached or is busy, refusals as {"reason","detail"}. Under the clients of
 * the signing service and of the depot.
 *
 *     struct slw_http_client_settings settings = {.url = "https://depot:8443", .token_file =
 * "token"}; SLW_TRY(slw_http_client_new(&settings, &client, detail)); struct slw_http_call call =
 * {.method = "GET", .path = "/api/v1/products", .limit = 1 << 20}; enum slw_status status =
 * slw_http_call_run(client, &call, detail); if (status == SLW_OK && call.http_status != 200) {
 *         status = slw_http_call_refusal(client, &call, detail);
 *     }
 *     … slw_heap_bytes(&call.answer) …
 *     slw_heap_drop(&call.answer);
 *
 * Without TLS ("http://") it speaks to this machine alone: 127.0.0.1, [::1], localhost. A client
 * belongs to one thread, and its program ignores SIGPIPE.
 */
#ifndef SLIPWAY_HTTP_CLIENT_H
#define SLIPWAY_HTTP_CLIENT_H

#include "slipway/detail.h"
#include "slipway/files.h"
#include "slipway/heap.h"
#include "slipway/progress.h"
#include "slipway/reader.h"

#define SLW_HTTP_PATH_SIZE_MAX 4096u
#define SLW_HTTP_REASON_SIZE_MAX 64u
#define SLW_HTTP_COOKIE_SIZE_MAX 256u
#define SLW_HTTP_ANSWER_SIZE_MAX 1048576u /* of an answer that isn't said to be larger */

struct slw_http_client_settings {
    const char
        *url; /* "https://HOST[:PORT]", "http://" on this machine, or "unix:PATH", absolute */
    const char *ca_file;          /* NULL: the system's authorities; else these alone */
    const char *certificate_file; /* of the client, PEM; NULL: none */
    const char *key_file;         /* of the certificate */
    const char *token_file; /* its first line is sent as a bearer's token; others may not read it.
                               NULL: none */
    uint32_t connect_timeout_ms; /* 0: 10,000 */
    uint32_t attempts;           /* of one call; 0: 5 */
    bool allows_plain;           /* "http://" may be */
};

struct slw_http_client;

/* SLW_BAD_ARGUMENT for a URL that isn't one of these; SLW_IO, SLW_NOT_PERMITTED for the token's
 * file. */
SLW_MUST_USE enum slw_status slw_http_client_new(const struct slw_http_client_settings *settings,
                                                 struct slw_http_client **ret_client,
                                                 struct slw_detail *detail);
void slw_http_client_free(struct slw_http_client *client);
/* What details call the service. */
const char *slw_http_client_shown(const struct slw_http_client *client);
/* From here on this text is the bearer's token; NULL: none. */
SLW_MUST_USE enum slw_status slw_http_client_set_token(struct slw_http_client *client,
                                                       const char *token,
                                                       struct slw_detail *detail);

struct slw_http_call {
    const char *method;    /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
    const char *path;      /* "/v1/requests" */
    struct slw_bytes body; /* of a POST, PUT; with has_body one may be empty */
    bool has_body;
    const char *type;                /* of the body; NULL: application/json */
    const char *cookie;              /* of a session, "NAME=VALUE"; NULL: there is none */
    const char *csrf;                /* repeats this word of the session; NULL: none */
    const struct slw_source *source; /* the body of a PATCH: part of a source */
    uint64_t offset;
    uint64_t length;
    bool announces; /* sends Upload-Length: the source's size */
    const struct slw_progress *progress;
    bool once; /* isn't tried again: the caller sees to that */
    /* Asked about once a second: true ends the call, which is SLW_UNAVAILABLE then. NULL: nobody.
     */
    bool (*given_up)(void *context);
    void *given_up_context;
    /* Takes the body in the place of answer, whatever the HTTP status; NULL: answer does. Only with
     * once, for what was written stays. */
    struct slw_output *save;
    /* What came. */
    size_t limit; /* of the answer's body */
    struct slw_heap_buffer answer;
    long http_status;
    bool has_upload_offset;
    bool has_upload_length;
    uint64_t upload_offset;
    uint64_t upload_length;
    uint64_t retry_after_s;                 /* 0: it doesn't say */
    char session[SLW_HTTP_COOKIE_SIZE_MAX]; /* the cookie that was set, "NAME=VALUE"; "": none */
    enum slw_status failed;                 /* reading the source, or an answer over its limit */
};

/*
 * Runs it. SLW_OK with an answer, whatever its HTTP status; SLW_UNAVAILABLE or SLW_IO_TIMEOUT when
 * there was none in all attempts. Free answer in any case.
 */
SLW_MUST_USE enum slw_status slw_http_call_run(struct slw_http_client *client,
                                               struct slw_http_call *call,
                                               struct slw_detail *detail);

/* What an answer that isn't good means: the status of its reason, explained. */
SLW_MUST_USE enum slw_status slw_http_call_refusal(const struct slw_http_client *client,
                                                   const struct slw_http_call *call,
                                                   struct slw_detail *detail);

/*
 * A resumable upload: from where a former one broke off; done at once when it is there. announces:
 * the service learns the length with the first piece (the depot), else it knows it already (the
 * signing service, which may tell a longer one as long as it hasn't all). SLW_WRONG_LENGTH when it
 * was told another length, SLW_NOT_FOUND when it doesn't know of it and isn't to learn of it;
 * SLW_WRONG_HASH when others send other bytes time and again. progress may be NULL.
 */
SLW_MUST_USE enum slw_status slw_http_upload(struct slw_http_client *client, const char *path,
                                             const struct slw_source *source, bool announces,
                                             const struct slw_progress *progress,
                                             struct slw_detail *detail);

#endif
