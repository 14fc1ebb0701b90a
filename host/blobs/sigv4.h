/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4: what every request to S3 carries in its Authorization field. The client
 * (s3_client.c) calls it; the whole body is hashed, so that a server that checks signatures checks
 * bodies too.
 */
#ifndef SLIPWAY_BLOBS_SIGV4_H
#define SLIPWAY_BLOBS_SIGV4_H

#include "slipway/crypto.h"
#include "slipway/heap.h"

#define SLW_SIGV4_HEADERS_MAX 12u
#define SLW_SIGV4_TIME_SIZE 17u /* "20130524T000000Z" and a zero */

struct slw_sigv4_header {
    const char *name; /* lower case */
    const char *value;
};

struct slw_sigv4_request {
    const char *access_key;
    const char *secret_key;
    const char *region;
    const char *service; /* "s3" */
    const char *time;    /* "20130524T000000Z", also the value of x-amz-date */
    const char *method;
    const char *path;  /* encoded, from the first slash on */
    const char *query; /* encoded, sorted by name, "name=" for one without a value; "" for none */
    const struct slw_sigv4_header *headers; /* sorted by name; all of them are signed */
    size_t headers_count;
    const char *payload_sha256; /* in hexadecimal */
};

/* Appends the value of Authorization. SLW_IO_CRYPTO, SLW_NO_SPACE, SLW_BAD_ARGUMENT for a time of
 * another shape. */
SLW_MUST_USE enum slw_status slw_sigv4_authorize(const struct slw_sigv4_request *request,
                                                 struct slw_heap_buffer *ret_value);

/* Appends text with every byte but unreserved ones (and slashes, in a path) as %XX. */
void slw_sigv4_encode(struct slw_bytes text, bool is_path, struct slw_heap_buffer *ret_text);

/* Of a time in seconds since 1970. */
void slw_sigv4_time(int64_t utc_s, char ret_text[static SLW_SIGV4_TIME_SIZE]);

#endif
