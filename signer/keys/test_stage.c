/* SPDX-License-Identifier: Apache-2.0 */
/* Staging and uploading as requesters do it, for tests of the service: see test_signer.h. */
#include "test_signer.h"

#include <stdlib.h>

static void digest_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

enum slw_status test_upload(struct test_signer *signer, struct slw_bytes bytes)
{
    uint8_t digest[SLW_SHA256_SIZE];
    digest_of(bytes, digest);
    for (size_t at = 0; at < bytes.len;) {
        size_t len = bytes.len - at < 65536 ? bytes.len - at : 65536;
        struct slw_signer_call call = {.kind = SLW_SIGNER_UPLOAD,
                                       .has_digest = true,
                                       .position = at,
                                       .bytes = slw_bytes_make(bytes.ptr + at, len)};
        memcpy(call.digest, digest, sizeof call.digest);
        if (!test_call(signer, &call)) {
            return SLW_IO_CLOSED;
        }
        if (signer->reason[0] != '\0') {
            return slw_status_from_word(signer->reason);
        }
        at += len;
    }
    return SLW_OK;
}

enum slw_status test_stage(struct test_signer *signer, struct slw_bytes bytes)
{
    return test_stage_as(signer, TEST_CI, bytes, bytes.len);
}

enum slw_status test_stage_as(struct test_signer *signer, enum test_party by,
                              struct slw_bytes bytes, uint64_t length)
{
    struct slw_stage said = {
        .subject_name = SLW_BYTES_OF("lamp.bundle"),
        .signer = SLW_BYTES_OF(TEST_ORIGIN),
        .length = length,
        .issued_utc_s = signer->now_utc_s,
    };
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    digest_of(bytes, said.sha256);
    if (slw_stage_format(&said, &payload, &detail) != SLW_OK) {
        abort();
    }
    test_sign_statement(by, slw_heap_bytes(&payload), &envelope);
    enum slw_status status = test_say(signer, slw_heap_bytes(&envelope));
    slw_heap_free(&payload);
    slw_heap_free(&envelope);
    return status;
}
