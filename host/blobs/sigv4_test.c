/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures against the examples that AWS publishes for S3 ("Examples: Signature Calculations"):
 * their keys, requests and signatures. */
#include "sigv4.h"

#include "tap.h"

#include <string.h>

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST                                                                                       \
    {                                                                                              \
        "host", "examplebucket.s3.amazonaws.com"                                                   \
    }
#define EMPTY                                                                                      \
    {                                                                                              \
        "x-amz-content-sha256", EMPTY_SHA256                                                       \
    }
#define DATE                                                                                       \
    {                                                                                              \
        "x-amz-date", "20130524T000000Z"                                                           \
    }

static struct slw_sigv4_request request_of(const char *method, const char *path, const char *query,
                                           const struct slw_sigv4_header *headers, size_t count)
{
    return (struct slw_sigv4_request){
        .access_key = "AKIAIOSFODNN7EXAMPLE",
        .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        .region = "us-east-1",
        .service = "s3",
        .time = "20130524T000000Z",
        .method = method,
        .path = path,
        .query = query,
        .headers = headers,
        .headers_count = count,
        .payload_sha256 = EMPTY_SHA256,
    };
}

static bool gives(const struct slw_sigv4_request *request, const char *expected)
{
    struct slw_heap_buffer value = {0};
    bool same = slw_sigv4_authorize(request, &value) == SLW_OK &&
                strcmp(slw_heap_text(&value), expected) == 0;
    slw_heap_free(&value);
    return same;
}

#define PREFIX                                                                                     \
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"

static void signs_a_get_with_a_range(void)
{
    static const struct slw_sigv4_header headers[] = {HOST, {"range", "bytes=0-9"}, EMPTY, DATE};
    struct slw_sigv4_request request = request_of("GET", "/test.txt", "", headers, 4);
    TAP_CHECK(gives(&request,
                    PREFIX "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                           "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bd"
                           "b41"));
}

static void signs_a_put_with_a_body(void)
{
    static const char body[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const struct slw_sigv4_header headers[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                               HOST,
                                               {"x-amz-content-sha256", body},
                                               DATE,
                                               {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    struct slw_heap_buffer path = {0};
    slw_sigv4_encode(SLW_BYTES_OF("/test$file.text"), true, &path);
    TAP_CHECK(strcmp(slw_heap_text(&path), "/test%24file.text") == 0);
    struct slw_sigv4_request request = request_of("PUT", slw_heap_text(&path), "", headers, 5);
    request.payload_sha256 = body;
    TAP_CHECK(gives(&request,
                    PREFIX "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;"
                           "x-amz-storage-class,Signature=98ad721746da40c64f1a55b78f14c238d841ea138"
                           "0cd77a1b5971af0ece108bd"));
    slw_heap_free(&path);
}

static void signs_queries_with_and_without_values(void)
{
    static const struct slw_sigv4_header headers[] = {HOST, EMPTY, DATE};
    struct slw_sigv4_request request = request_of("GET", "/", "lifecycle=", headers, 3);
    TAP_CHECK(gives(&request,
                    PREFIX "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                           "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783"
                           "543"));
    request = request_of("GET", "/", "max-keys=2&prefix=J", headers, 3);
    TAP_CHECK(gives(&request,
                    PREFIX "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                           "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc"
                           "6f7"));
}

static void another_request_has_another_signature(void)
{
    static const struct slw_sigv4_header headers[] = {HOST, EMPTY, DATE};
    struct slw_sigv4_request request = request_of("GET", "/", "max-keys=3&prefix=J", headers, 3);
    TAP_CHECK(!gives(&request,
                     PREFIX "SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                            "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69d"
                            "c6f7"));
}

static void refuses_what_it_cannot_sign(void)
{
    static const struct slw_sigv4_header headers[] = {HOST, EMPTY, DATE};
    struct slw_heap_buffer value = {0};
    char secret[300];
    struct slw_sigv4_request request = request_of("GET", "/", "", headers, 3);
    request.time = "2013";
    TAP_EQUAL_INT(slw_sigv4_authorize(&request, &value), SLW_BAD_ARGUMENT);
    request = request_of("GET", "/", "", headers, SLW_SIGV4_HEADERS_MAX + 1);
    TAP_EQUAL_INT(slw_sigv4_authorize(&request, &value), SLW_BAD_ARGUMENT);
    memset(secret, 's', sizeof secret);
    secret[sizeof secret - 1] = '\0';
    request = request_of("GET", "/", "", headers, 3);
    request.secret_key = secret;
    TAP_EQUAL_INT(slw_sigv4_authorize(&request, &value), SLW_IO_CRYPTO);
    TAP_EQUAL_INT(value.len, 0);
}

static void writes_times_and_encodes_names(void)
{
    char text[SLW_SIGV4_TIME_SIZE];
    struct slw_heap_buffer encoded = {0};
    slw_sigv4_time(1369353600, text);
    TAP_CHECK(strcmp(text, "20130524T000000Z") == 0);
    slw_sigv4_encode(SLW_BYTES_OF("a/b c+\xC3\xA4~"), false, &encoded);
    TAP_CHECK(strcmp(slw_heap_text(&encoded), "a%2Fb%20c%2B%C3%A4~") == 0);
    slw_heap_free(&encoded);
}

int main(void)
{
    TAP_RUN(signs_a_get_with_a_range);
    TAP_RUN(signs_a_put_with_a_body);
    TAP_RUN(signs_queries_with_and_without_values);
    TAP_RUN(another_request_has_another_signature);
    TAP_RUN(refuses_what_it_cannot_sign);
    TAP_RUN(writes_times_and_encodes_names);
    return tap_finish();
}
