/* SPDX-License-Identifier: Apache-2.0 */
/* Single objects in a bucket. What the server says it stored is compared with what was sent. */
#include "s3_list.h"

#include "slipway/text.h"

#include <openssl/evp.h>

#include <stdio.h>
#include <string.h>

/*
 * "Objects created by the PUT Object, POST Object, or Copy operation [...] and are encrypted by
 * SSE-S3 or plaintext, have ETags that are an MD5 digest of their object data."
 */
static bool etag_is_of(const struct slw_s3_request *request)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char text[35];
    if (request->is_encrypted || strlen(request->etag) != 34 ||
        strchr(request->etag, '-') != NULL) {
        return true;
    }
    if (EVP_Digest(request->body.ptr, request->body.len, digest, &len, EVP_md5(), NULL) != 1) {
        return true;
    }
    text[0] = '"';
    slw_text_hex(slw_bytes_make(digest, 16), text + 1);
    text[33] = '"';
    text[34] = '\0';
    return strcmp(text, request->etag) == 0;
}

enum slw_status slw_s3_run_put(struct slw_s3_client *client, struct slw_s3_request *request,
                               struct slw_detail *detail)
{
    SLW_TRY(slw_s3_run(client, request, detail));
    if (!etag_is_of(request)) {
        return slw_explain(detail, SLW_UNAVAILABLE, "%s: S3 says that it stored other bytes",
                           request->key);
    }
    return SLW_OK;
}

static enum slw_status put(struct slw_s3_client *client, struct slw_s3_request *request,
                           struct slw_detail *detail)
{
    enum slw_status status = slw_s3_run_put(client, request, detail);
    slw_s3_request_free(request);
    return status;
}

enum slw_status slw_s3_put(struct slw_s3_client *client, const char *key, struct slw_bytes bytes,
                           struct slw_detail *detail)
{
    struct slw_s3_request request = {.method = "PUT", .key = key, .body = bytes};
    return put(client, &request, detail);
}

enum slw_status slw_s3_put_if(struct slw_s3_client *client, const char *key, const char *etag,
                              struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_s3_request request = {
        .method = "PUT", .key = key, .body = bytes, .if_absent = etag == NULL, .if_match = etag};
    enum slw_status status = put(client, &request, detail);
    return status == SLW_BAD_ARGUMENT ? slw_s3_put(client, key, bytes, detail) : status;
}

enum slw_status slw_s3_size(struct slw_s3_client *client, const char *key, uint64_t *ret_size,
                            char *ret_etag, struct slw_detail *detail)
{
    struct slw_s3_request request = {.method = "HEAD", .key = key};
    enum slw_status status = slw_s3_run(client, &request, detail);
    if (status == SLW_OK && !request.has_length) {
        status = slw_explain(detail, SLW_UNAVAILABLE, "%s: S3 doesn't tell its length", key);
    }
    if (status == SLW_OK) {
        *ret_size = request.length;
        if (ret_etag != NULL) {
            memcpy(ret_etag, request.etag, SLW_S3_ETAG_SIZE);
        }
    }
    slw_s3_request_free(&request);
    return status;
}

/* The range that was asked for: RFC 9110, 15.3.7; or all of it, when that is the same. */
static bool is_range(const struct slw_s3_request *request, uint64_t offset, size_t len)
{
    if (request->reply.len != len) {
        return false;
    }
    return request->http_status == 206
               ? request->has_content_range && request->content_first == offset
               : request->http_status == 200 && offset == 0;
}

enum slw_status slw_s3_read(struct slw_s3_client *client, const char *key, uint64_t offset,
                            uint8_t *buffer, size_t len, struct slw_detail *detail)
{
    struct slw_s3_request request = {.method = "GET",
                                     .key = key,
                                     .has_range = true,
                                     .range_first = offset,
                                     .range_last = offset + len - 1,
                                     .limit = len};
    enum slw_status status = slw_s3_run(client, &request, detail);
    if (status == SLW_OK && !is_range(&request, offset, len)) {
        status =
            slw_explain(detail, SLW_UNAVAILABLE, "%s: S3 gave other bytes than asked for", key);
    }
    if (status == SLW_OK) {
        memcpy(buffer, request.reply.ptr, len);
    }
    slw_s3_request_free(&request);
    return status;
}

enum slw_status slw_s3_remove(struct slw_s3_client *client, const char *key,
                              struct slw_detail *detail)
{
    struct slw_s3_request request = {.method = "DELETE", .key = key};
    enum slw_status status = slw_s3_run(client, &request, detail);
    slw_s3_request_free(&request);
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}
