/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to S3: one bucket, path-style addresses, bodies in memory. Each is signed, bounded in
 * time and in what may come back, and asked again with growing pauses when the server or the way
 * to it failed. Stores (s3_blobs.c, s3_storage.c) are its callers; it is safe for all threads.
 *
 *     struct slw_s3_request request = {.method = "GET", .key = "blobs/…", .limit = 4096};
 *     status = slw_s3_run(client, &request, detail);
 *     … request.body …
 *     slw_s3_request_free(&request);
 */
#ifndef SLIPWAY_BLOBS_S3_CLIENT_H
#define SLIPWAY_BLOBS_S3_CLIENT_H

#include "slipway/blobs.h"
#include "slipway/heap.h"

#define SLW_S3_KEY_MAX 1024u /* bytes, prefix included: S3's own limit */
#define SLW_S3_ETAG_SIZE 130u
#define SLW_S3_ANSWER_MAX 8388608u /* of an answer in XML */
#define SLW_S3_ATTEMPTS 5u
#define SLW_S3_HANDLES 32u

struct slw_s3_client;

struct slw_s3_request {
    /* what is asked */
    const char *method;
    const char *key;   /* below the prefix; NULL: the bucket itself */
    const char *query; /* encoded, sorted by name; NULL: none */
    struct slw_bytes body;
    uint64_t range_first;
    uint64_t range_last;
    const char *if_match; /* an ETag, or NULL */
    size_t limit;         /* of the body that comes back */
    bool has_range;
    bool if_absent; /* If-None-Match: * */
    bool once;      /* isn't asked again: asking twice wouldn't be the same as once */
    /* what came; http_status is 2xx when slw_s3_run() is SLW_OK */
    bool is_encrypted; /* by a key of the server's: the ETag isn't the MD5 then */
    bool has_length;
    bool has_content_range;
    char etag[SLW_S3_ETAG_SIZE]; /* with its quotes; "" for none */
    long http_status;
    uint64_t length; /* Content-Length, which is the object's for HEAD */
    uint64_t content_first;
    uint64_t content_total;
    struct slw_heap_buffer reply;
};

SLW_MUST_USE enum slw_status slw_s3_client_open(const struct slw_blobs_s3 *settings,
                                                struct slw_s3_client **ret_client,
                                                struct slw_detail *detail);
void slw_s3_client_close(struct slw_s3_client *client);

/* The prefix of keys, which is "" or ends as it was given. */
const char *slw_s3_prefix(const struct slw_s3_client *client);

/*
 * SLW_OK for a status of 2xx. SLW_NOT_FOUND for 404 of a key, SLW_WRONG_STATE for 412 and 409 (a
 * condition), SLW_NO_SPACE for a quota, SLW_BAD_ARGUMENT for 501 (not implemented), SLW_UNAVAILABLE
 * for all else, with what the server says; SLW_TOO_LARGE for more than limit.
 */
SLW_MUST_USE enum slw_status slw_s3_run(struct slw_s3_client *client,
                                        struct slw_s3_request *request, struct slw_detail *detail);
void slw_s3_request_free(struct slw_s3_request *request);

#endif
