/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelopes: whatever they are, they stay within their bounds, an envelope that is read can be
 * written and reads the same, and none is by a key that the input can't sign with. The seeds are
 * signed by other keys.
 */
#include "fuzz.h"

#include "slipway/dsse.h"

#include <stdlib.h>

/* Nobody has its private half any more. */
#define UNUSED_KEY                                                                                 \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENdoj5TlgJd7oYwN8Z3cPrMp+7pLO\n"                           \
    "f/fgch+AwK98mbfv2d8Zh506UClW3bnvUkiGtmihvwgdy+p9z9Nibtu7dQ==\n"                               \
    "-----END PUBLIC KEY-----\n"

static void check_same(const struct slw_dsse *left, const struct slw_dsse *right)
{
    FUZZ_CHECK(slw_bytes_equal(left->payload, right->payload));
    FUZZ_CHECK(slw_bytes_equal(left->payload_type, right->payload_type));
    FUZZ_CHECK(left->signatures_count == right->signatures_count);
    for (size_t i = 0; i < left->signatures_count; i++) {
        FUZZ_CHECK(slw_bytes_equal(left->signatures[i].bytes, right->signatures[i].bytes));
        FUZZ_CHECK(left->signatures[i].has_keyid == right->signatures[i].has_keyid);
    }
}

static void check_bounds(const struct slw_dsse *envelope)
{
    FUZZ_CHECK(envelope->payload.len <= SLW_DSSE_PAYLOAD_SIZE_MAX);
    FUZZ_CHECK(envelope->payload_type.len <= SLW_DSSE_TYPE_SIZE_MAX);
    FUZZ_CHECK(envelope->signatures_count <= SLW_DSSE_SIGNATURES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slw_statement_key key;
    struct slw_detail detail;
    struct slw_dsse envelope;
    struct slw_dsse again;
    struct slw_heap_buffer text = {0};
    if (key.kind == 0) {
        FUZZ_CHECK(slw_statement_key_parse("key", SLW_BYTES_OF(UNUSED_KEY), &key, &detail) ==
                   SLW_OK);
    }
    if (slw_dsse_parse("envelope", slw_bytes_make(data, size), &envelope, &detail) != SLW_OK) {
        return 0;
    }
    check_bounds(&envelope);
    FUZZ_CHECK(slw_dsse_verify_one(&envelope, &key, SLW_DSSE_OUR_KEYS, &detail) != SLW_OK);
    slw_dsse_format(&envelope, &text);
    FUZZ_CHECK(slw_dsse_parse("again", slw_heap_bytes(&text), &again, &detail) == SLW_OK);
    check_same(&envelope, &again);
    slw_dsse_free(&again);
    slw_dsse_free(&envelope);
    slw_heap_free(&text);
    return 0;
}
