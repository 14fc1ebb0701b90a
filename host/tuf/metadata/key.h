/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of keys share. Private to host/tuf/metadata. */
#ifndef SLIPWAY_TUF_METADATA_KEY_H
#define SLIPWAY_TUF_METADATA_KEY_H

#include "slipway/tuf_key.h"

/*
 * The shape of a key object: its kind, and the index of its `public` (SLW_JSON_NONE for an unknown
 * kind, of which no more than keytype, scheme and keyval is looked at). The value isn't.
 */
SLW_MUST_USE enum slw_status slw_tuf_key_shape(const struct slw_json_document *json, uint32_t value,
                                               enum slw_tuf_key_kind *ret_kind,
                                               uint32_t *ret_public, struct slw_detail *detail);

/*
 * slw_tuf_key_parse() without looking whether a point is one of its curve: the verification that
 * follows does that itself, and it isn't cheap.
 */
SLW_MUST_USE enum slw_status slw_tuf_key_read(const struct slw_json_document *json, uint32_t value,
                                              struct slw_tuf_key *ret_key,
                                              struct slw_detail *detail);

/* SHA-256 in lower-case hexadecimal. */
void slw_tuf_sha256_hex(struct slw_bytes bytes, char ret_digits[static SLW_TUF_KEY_ID_SIZE]);

/*
 * RSA. SLW_BAD_KEY for a PEM that holds no RSA key, or one outside the limits. ret_spki, appended,
 * is its SubjectPublicKeyInfo in DER, the same for every PEM of the key.
 */
SLW_MUST_USE enum slw_status slw_tuf_rsa_read(struct slw_bytes pem,
                                              struct slw_heap_buffer *ret_spki);

/* RSASSA-PSS with SHA-256 in both places and a salt of any length (RFC 8017, 8.1.2). */
SLW_MUST_USE enum slw_status slw_tuf_rsa_verify(struct slw_bytes pem,
                                                const uint8_t digest[static SLW_SHA256_SIZE],
                                                struct slw_bytes signature);

#endif
