/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648) for envelopes, notes and keys.
 *
 * Reading is strict: whole groups of four with their padding, no line ends or spaces, nothing
 * behind the padding, and the bits that no byte uses are zeros. So that bytes have one spelling in
 * an alphabet, and what was signed, logged or compared can't be respelt.
 *
 *     slw_base64_encode(bytes, &text);
 *     SLW_TRY(slw_base64_decode(text, &bytes));
 */
#ifndef SLIPWAY_BASE64_H
#define SLIPWAY_BASE64_H

#include "slipway/heap.h"

/* Characters of so many bytes. */
#define SLW_BASE64_SIZE(len) (((len) + 2u) / 3u * 4u)

/* Appends bytes in the standard alphabet, with padding. */
void slw_base64_encode(struct slw_bytes bytes, struct slw_heap_buffer *ret_text);

/* Appends what text says in the standard alphabet. SLW_MALFORMED for anything else, SLW_NO_SPACE;
 * ret_bytes is as before then. */
SLW_MUST_USE enum slw_status slw_base64_decode(struct slw_bytes text,
                                               struct slw_heap_buffer *ret_bytes);

/* The same, where the URL-safe alphabet (section 5) may be used instead; not both in one text. */
SLW_MUST_USE enum slw_status slw_base64_decode_any(struct slw_bytes text,
                                                   struct slw_heap_buffer *ret_bytes);

#endif
