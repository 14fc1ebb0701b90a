/* SPDX-License-Identifier: Apache-2.0 */
/* What the OpenSSL adapter promises beyond crypto.h: programs find OpenSSL's error queue empty. */
#include "slipway/crypto.h"

#include "tap.h"

#include <openssl/err.h>

static void leaves_no_errors_behind_a_refusal(void)
{
    uint8_t p256_key[SLW_P256_KEY_SIZE] = {4, 1};
    uint8_t ed25519_key[SLW_ED25519_KEY_SIZE] = {3};
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    uint8_t signature[SLW_SIGNATURE_SIZE] = {0};
    struct slw_reader message;
    slw_reader_init_bytes(&message, SLW_BYTES_OF("message"));
    TAP_EQUAL_INT(slw_p256_check_key(p256_key), SLW_BAD_KEY);
    TAP_EQUAL_INT(ERR_peek_error(), 0);
    TAP_EQUAL_INT(slw_p256_verify(p256_key, digest, signature), SLW_BAD_KEY);
    TAP_EQUAL_INT(ERR_peek_error(), 0);
    memset(signature, 0xFF, sizeof signature);
    TAP_EQUAL_INT(slw_ed25519_verify(ed25519_key, signature, &message), SLW_BAD_SIGNATURE);
    TAP_EQUAL_INT(ERR_peek_error(), 0);
}

/* Memory that ran out in somebody else's call must not turn a bad key into a failing library. */
static void judges_by_its_own_errors_alone(void)
{
    uint8_t p256_key[SLW_P256_KEY_SIZE] = {4, 1};
    uint8_t ed25519_key[SLW_ED25519_KEY_SIZE] = {3};
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    uint8_t signature[SLW_SIGNATURE_SIZE] = {1};
    struct slw_reader message;
    slw_reader_init_bytes(&message, SLW_BYTES_OF("message"));
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    TAP_EQUAL_INT(slw_p256_check_key(p256_key), SLW_BAD_KEY);
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    TAP_EQUAL_INT(slw_p256_verify(p256_key, digest, signature), SLW_BAD_KEY);
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    TAP_EQUAL_INT(slw_ed25519_verify(ed25519_key, signature, &message), SLW_BAD_SIGNATURE);
    ERR_clear_error();
}

int main(void)
{
    TAP_RUN(leaves_no_errors_behind_a_refusal);
    TAP_RUN(judges_by_its_own_errors_alone);
    return tap_finish();
}
