/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange of the signing service's client: bounded in bytes and time, tried again while
 * the service can't be reached or is busy. Private to this folder; client.c and upload.c use it.
 */
#ifndef SLIPWAY_SIGNING_EXCHANGE_H
#define SLIPWAY_SIGNING_EXCHANGE_H

#include "slipway/signer_client.h"

#include <curl/curl.h>

#define SLW_SIGNER_PATH_SIZE_MAX 512u

struct slw_signer_client {
    CURL *curl;
    struct curl_slist *headers;
    char *base;   /* "https://host:port", "http://localhost" for the local socket */
    char *shown;  /* what details call the service */
    char *socket; /* NULL: none */
    char *ca_file;
    char *certificate_file;
    char *key_file;
    uint32_t connect_timeout_ms;
    uint32_t attempts;
    char problem[CURL_ERROR_SIZE];
};

struct slw_signer_exchange {
    const char *method;    /* "GET", "HEAD", "POST", "PATCH" */
    const char *path;      /* "/v1/requests" */
    struct slw_bytes body; /* of a POST */
    /* The body of a PATCH: part of a source. */
    const struct slw_source *source;
    uint64_t offset;
    uint64_t length;
    const struct slw_progress *progress;
    bool once; /* isn't tried again: the caller sees to that */
    /* What came. */
    size_t limit; /* of the answer's body */
    struct slw_heap_buffer answer;
    long http_status;
    bool has_upload_offset;
    bool has_upload_length;
    uint64_t upload_offset;
    uint64_t upload_length;
    enum slw_status failed; /* reading the source, or an answer over its limit */
};

/*
 * Runs it. SLW_OK with an answer, whatever its HTTP status; SLW_UNAVAILABLE or SLW_IO_TIMEOUT when
 * there was none in all attempts. Free answer in any case.
 */
enum slw_status slw_signer_exchange_run(struct slw_signer_client *client,
                                        struct slw_signer_exchange *exchange,
                                        struct slw_detail *detail);

/* What an answer that isn't good means: the status of its reason, explained. */
enum slw_status slw_signer_exchange_refusal(const struct slw_signer_client *client,
                                            const struct slw_signer_exchange *exchange,
                                            struct slw_detail *detail);

#endif
