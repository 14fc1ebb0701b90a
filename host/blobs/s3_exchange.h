/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange of the S3 client, and what all of its exchanges share. */
#ifndef SLIPWAY_BLOBS_S3_EXCHANGE_H
#define SLIPWAY_BLOBS_S3_EXCHANGE_H

#include "s3_client.h"

#include <curl/curl.h>
#include <pthread.h>

struct slw_s3_client {
    char *endpoint;
    const char *authority; /* in endpoint */
    char *region;
    char *bucket;
    char *prefix;
    char *access_key;
    char *ca_file;
    char secret_key[256];
    uint32_t timeout_ms;
    bool is_global;                /* libcurl's own initialisation is to be undone */
    pthread_mutex_t mutex;         /* of the handles */
    CURL *handles[SLW_S3_HANDLES]; /* idle, with their connections */
    size_t handles_count;
};

/* SLW_OK when an answer came, whatever its status. SLW_UNAVAILABLE and ret_again when none did, or
 * not a whole one; SLW_TOO_LARGE, SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_s3_exchange(struct slw_s3_client *client,
                                             struct slw_s3_request *request, bool *ret_again,
                                             struct slw_detail *detail);

#endif
