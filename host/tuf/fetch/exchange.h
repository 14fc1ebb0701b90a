/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer, by libcurl: every bound on what a server may send is kept here. The
 * HTTP fetcher asks for as many as redirects and a refused resume take.
 */
#ifndef SLIPWAY_FETCH_EXCHANGE_H
#define SLIPWAY_FETCH_EXCHANGE_H

#include "base.h"
#include "pace.h"
#include "path.h"
#include "slipway/http_head.h"
#include "slipway/tuf_fetch.h"

#include <curl/curl.h>

/* Of the body of an answer that says no, so that its connection can be used again. */
#define SLW_EXCHANGE_DRAIN_MAX 65536u
/* Bytes that frame a chunked body, beside 8 for each byte of it. */
#define SLW_EXCHANGE_FRAMING_MAX 65536u

/* What all exchanges of a fetcher share. */
struct slw_http_line {
    CURL *curl;
    struct slw_pace pace;
    uint64_t requests;
    uint64_t bytes;
    char error[CURL_ERROR_SIZE];
};

enum slw_exchange_verdict {
    SLW_EXCHANGE_UNDECIDED,
    SLW_EXCHANGE_BODY,      /* it is what was asked for, and went to the sink */
    SLW_EXCHANGE_NOT_FOUND, /* 404, 403 */
    SLW_EXCHANGE_REDIRECT,  /* to head.location */
    SLW_EXCHANGE_RESTART,   /* 416: there is no such range */
};

struct slw_exchange {
    /* set by the caller */
    struct slw_http_line *line;
    const struct slw_fetch_request *request;
    const struct slw_fetch_sink *sink;
    struct slw_detail *detail;
    const char *shown;    /* the URL for people */
    uint64_t resume_from; /* 0: no range is asked for */
    /* private, but the verdict and the head, which are the outcome */
    enum slw_exchange_verdict verdict;
    struct slw_http_head head;
    enum slw_status stopped; /* why a callback ended it; SLW_OK: none did */
    bool is_bounded;         /* the length of what comes is known: */
    uint64_t expected;
    uint64_t received;
    uint64_t room; /* bytes that may still come at most */
    uint64_t raw;  /* received, with what frames it */
};

/* Options that hold for every exchange over this line. */
SLW_MUST_USE CURLcode slw_exchange_prepare(struct slw_http_line *line);

/* SLW_OK when there is a verdict. A sink's own failure is returned without an explanation. */
SLW_MUST_USE enum slw_status slw_exchange_run(struct slw_exchange *exchange, const char *url,
                                              const struct slw_fetch_base *base);

#endif
