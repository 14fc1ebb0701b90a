/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal of keys, signatures and hashes in metadata. Private to host/tuf. */
#ifndef SLIPWAY_TUF_HEX_H
#define SLIPWAY_TUF_HEX_H

#include "slipway/bytes.h"

/* Exactly size bytes from 2 * size digits of either case; ret_bytes is undefined on failure. */
SLW_MUST_USE bool slw_tuf_hex_decode(struct slw_bytes digits, uint8_t *ret_bytes, size_t size);

/* Whether it is lower-case digits and nothing else; the empty text is. */
SLW_MUST_USE bool slw_tuf_hex_is_lower(struct slw_bytes digits);

/* 2 * size lower-case digits, without a zero byte behind. */
void slw_tuf_hex_encode(const uint8_t *bytes, size_t size, char *ret_digits);

#endif
