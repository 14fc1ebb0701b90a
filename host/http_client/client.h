/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP client share. */
#ifndef SLIPWAY_HTTP_CLIENT_PRIVATE_H
#define SLIPWAY_HTTP_CLIENT_PRIVATE_H

#include "slipway/http_client.h"

#include <curl/curl.h>

struct slw_http_client {
    CURL *curl;
    char *base;   /* "https://host:port", "http://localhost" for the local socket */
    char *shown;  /* what details call the service */
    char *socket; /* NULL: none */
    char *ca_file;
    char *certificate_file;
    char *key_file;
    char *authorization; /* "Authorization: Bearer …", wiped when freed; NULL: none */
    const char *protocol;
    uint32_t connect_timeout_ms;
    uint32_t attempts;
    char problem[CURL_ERROR_SIZE];
};

#endif
