/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature Version 4, as AWS documents it for S3 ("Signature Calculations for the Authorization
 * Header: Transferring Payload in a Single Chunk"). S3 encodes each part of a path once and doesn't
 * take dot segments out, unlike other services.
 */
#include "sigv4.h"

#include "slipway/explain.h"
#include "slipway/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DATE_LEN 8u

static bool is_unreserved(uint8_t character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '.' ||
           character == '_' || character == '~';
}

void slw_sigv4_encode(struct slw_bytes text, bool is_path, struct slw_heap_buffer *ret_text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_unreserved(text.ptr[i]) || (is_path && text.ptr[i] == '/')) {
            slw_heap_append(ret_text, slw_bytes_make(&text.ptr[i], 1));
        } else {
            slw_heap_printf(ret_text, "%%%02X", text.ptr[i]);
        }
    }
}

void slw_sigv4_time(int64_t utc_s, char ret_text[static SLW_SIGV4_TIME_SIZE])
{
    time_t seconds = (time_t)utc_s;
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(ret_text, SLW_SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", &parts) == 0) {
        memcpy(ret_text, "19700101T000000Z", SLW_SIGV4_TIME_SIZE);
    }
}

static bool hmac(const uint8_t *key, size_t key_len, struct slw_bytes message,
                 uint8_t ret_code[static SLW_SHA256_SIZE])
{
    unsigned len = SLW_SHA256_SIZE;
    return HMAC(EVP_sha256(), key, (int)key_len, message.ptr, message.len, ret_code, &len) !=
               NULL &&
           len == SLW_SHA256_SIZE;
}

/* "SigningKey = HMAC-SHA256(HMAC-SHA256(HMAC-SHA256(HMAC-SHA256("AWS4" + SecretAccessKey, Date),
 * Region), Service), "aws4_request")" */
static bool signing_key(const struct slw_sigv4_request *request,
                        uint8_t ret_key[static SLW_SHA256_SIZE])
{
    char secret[260];
    int len = snprintf(secret, sizeof secret, "AWS4%s", request->secret_key);
    if (len < 0 || (size_t)len >= sizeof secret) {
        return false;
    }
    bool good = hmac((const uint8_t *)secret, (size_t)len, slw_bytes_make(request->time, DATE_LEN),
                     ret_key) &&
                hmac(ret_key, SLW_SHA256_SIZE, slw_text_bytes(request->region), ret_key) &&
                hmac(ret_key, SLW_SHA256_SIZE, slw_text_bytes(request->service), ret_key) &&
                hmac(ret_key, SLW_SHA256_SIZE, SLW_BYTES_OF("aws4_request"), ret_key);
    slw_wipe(secret, sizeof secret);
    return good;
}

static void append_signed_headers(const struct slw_sigv4_request *request,
                                  struct slw_heap_buffer *text)
{
    for (size_t i = 0; i < request->headers_count; i++) {
        slw_heap_printf(text, "%s%s", i == 0 ? "" : ";", request->headers[i].name);
    }
}

/* "CanonicalRequest = HTTPVerb \n CanonicalURI \n CanonicalQueryString \n CanonicalHeaders \n
 * SignedHeaders \n HashedPayload" */
static void append_canonical_request(const struct slw_sigv4_request *request,
                                     struct slw_heap_buffer *text)
{
    slw_heap_printf(text, "%s\n%s\n%s\n", request->method, request->path, request->query);
    for (size_t i = 0; i < request->headers_count; i++) {
        slw_heap_printf(text, "%s:%s\n", request->headers[i].name, request->headers[i].value);
    }
    slw_heap_append_text(text, "\n");
    append_signed_headers(request, text);
    slw_heap_printf(text, "\n%s", request->payload_sha256);
}

static void append_scope(const struct slw_sigv4_request *request, struct slw_heap_buffer *text)
{
    slw_heap_append(text, slw_bytes_make(request->time, DATE_LEN));
    slw_heap_printf(text, "/%s/%s/aws4_request", request->region, request->service);
}

/* "StringToSign = "AWS4-HMAC-SHA256" \n timeStampISO8601Format \n Scope \n
 * Hex(SHA256Hash(CanonicalRequest))" */
static enum slw_status string_to_sign(const struct slw_sigv4_request *request,
                                      struct slw_heap_buffer *ret_text)
{
    struct slw_heap_buffer canonical = {0};
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    append_canonical_request(request, &canonical);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&canonical));
    slw_sha256_final(&hash, digest);
    enum slw_status status = canonical.status;
    slw_heap_drop(&canonical);
    slw_heap_printf(ret_text, "AWS4-HMAC-SHA256\n%s\n", request->time);
    append_scope(request, ret_text);
    slw_heap_append_text(ret_text, "\n");
    slw_hex(slw_bytes_make(digest, sizeof digest), ret_text);
    return status != SLW_OK ? status : ret_text->status;
}

static enum slw_status sign(const struct slw_sigv4_request *request,
                            uint8_t ret_signature[static SLW_SHA256_SIZE])
{
    uint8_t key[SLW_SHA256_SIZE];
    struct slw_heap_buffer text = {0};
    enum slw_status status = string_to_sign(request, &text);
    if (status == SLW_OK && (!signing_key(request, key) ||
                             !hmac(key, sizeof key, slw_heap_bytes(&text), ret_signature))) {
        status = SLW_IO_CRYPTO;
    }
    slw_wipe(key, sizeof key);
    slw_heap_drop(&text);
    return status;
}

enum slw_status slw_sigv4_authorize(const struct slw_sigv4_request *request,
                                    struct slw_heap_buffer *ret_value)
{
    uint8_t signature[SLW_SHA256_SIZE];
    if (strlen(request->time) != SLW_SIGV4_TIME_SIZE - 1 ||
        request->headers_count > SLW_SIGV4_HEADERS_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    SLW_TRY(sign(request, signature));
    slw_heap_printf(ret_value, "AWS4-HMAC-SHA256 Credential=%s/", request->access_key);
    append_scope(request, ret_value);
    slw_heap_append_text(ret_value, ",SignedHeaders=");
    append_signed_headers(request, ret_value);
    slw_heap_append_text(ret_value, ",Signature=");
    slw_hex(slw_bytes_make(signature, sizeof signature), ret_value);
    return ret_value->status;
}
