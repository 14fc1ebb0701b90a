/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA P-256 signatures in DER, as JSON TUF has them. Private to host/tuf/metadata. */
#ifndef SLIPWAY_TUF_DER_H
#define SLIPWAY_TUF_DER_H

#include "slipway/crypto.h"

#define SLW_TUF_DER_SIGNATURE_SIZE_MAX 72u

/*
 * r then s, 32 bytes each. False for everything but the one DER encoding of two integers that are
 * not negative and fit: long lengths, padding, trailing bytes, BER. Whether they are in the range
 * of the curve is for slw_p256_verify() to say.
 */
SLW_MUST_USE bool slw_tuf_der_to_raw(struct slw_bytes der,
                                     uint8_t ret_signature[static SLW_SIGNATURE_SIZE]);

/* Returns how many bytes it has. */
size_t slw_tuf_der_from_raw(const uint8_t signature[static SLW_SIGNATURE_SIZE],
                            uint8_t ret_der[static SLW_TUF_DER_SIGNATURE_SIZE_MAX]);

#endif
