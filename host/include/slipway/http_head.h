/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 answer, line by line as it comes from a stranger: what the fetcher of
 * tuf_fetch.h has to know of it, and nothing it could be misled by. Values that contradict each
 * other, and anything that two parsers could read in two ways, are refused instead of guessed at.
 *
 *     struct slw_http_head head = {0};
 *     const char *problem = "";
 *     SLW_TRY(slw_http_head_add(&head, line, &problem));   // for each line, its line feed included
 *     if (head.complete && head.status_code == 200) ...
 *
 * Interim answers (1xx) and trailers are counted with the rest, so that no number of them is free.
 */
#ifndef SLIPWAY_HTTP_HEAD_H
#define SLIPWAY_HTTP_HEAD_H

#include "slipway/bytes.h"

/* Of everything before, around and behind one body that isn't body. */
#define SLW_HTTP_HEAD_BYTES_MAX 65536u
#define SLW_HTTP_HEAD_LINES_MAX 128u
#define SLW_HTTP_LOCATION_MAX 2048u

/* Content-Range: bytes first-last/total (RFC 9110, 14.4); first <= last < total. */
struct slw_http_range {
    uint64_t first;
    uint64_t last;
    uint64_t total;
    bool total_known; /* false: the server wrote `*` */
};

struct slw_http_head {
    unsigned status_code; /* of the answer that is being read; 0 before its first line */
    bool complete;        /* a final answer's head has ended; what is added now are trailers */
    bool persistent;      /* the connection stays open after it */
    bool chunked;         /* Transfer-Encoding: chunked */
    bool encoded;         /* a Content-Encoding other than identity */
    bool has_length;
    bool has_range;
    uint64_t length; /* Content-Length */
    struct slw_http_range range;
    char location[SLW_HTTP_LOCATION_MAX + 1]; /* "" when there is none */
    size_t bytes;                             /* private: so far, of all heads and trailers */
    unsigned lines;                           /* private */
};

/*
 * Takes the next line. SLW_TOO_LARGE when there are too many of them or of their bytes,
 * SLW_MALFORMED for one that isn't a line of a head or contradicts an earlier one; ret_problem then
 * says what is wrong, in static text.
 */
SLW_MUST_USE enum slw_status slw_http_head_add(struct slw_http_head *head, struct slw_bytes line,
                                               const char **ret_problem);

/* Exactly "bytes FIRST-LAST/TOTAL", where a star may stand for the total. */
SLW_MUST_USE bool slw_http_range_parse(struct slw_bytes value, struct slw_http_range *ret_range);

#endif
