/* SPDX-License-Identifier: Apache-2.0 */
/* Time-based one-time passwords: RFC 6238 with HMAC-SHA-1, 30 s, six digits, as every authenticator
 * has them. */
#ifndef SLIPWAY_PEOPLE_TOTP_H
#define SLIPWAY_PEOPLE_TOTP_H

#include "slipway/bytes.h"

#define PEOPLE_TOTP_SIZE 20u /* of a secret: RFC 4226, section 4, recommends 160 bits */
#define PEOPLE_TOTP_STEP_S 30
#define PEOPLE_TOTP_WINDOW 1   /* steps to each side that count */
#define PEOPLE_BASE32_SIZE 33u /* of a secret, with a zero */

/* The code of a step, 0 to 999,999. */
SLW_MUST_USE enum slw_status people_totp_code(const uint8_t secret[static PEOPLE_TOTP_SIZE],
                                              int64_t step, uint32_t *ret_code);

/*
 * Whether text is the code of a step around now that is above last_step, so that none counts twice
 * (RFC 6238, section 5.2: "The verifier MUST NOT accept the second attempt of the OTP after the
 * successful validation has been issued for the first OTP").
 */
SLW_MUST_USE enum slw_status people_totp_matches(const uint8_t secret[static PEOPLE_TOTP_SIZE],
                                                 struct slw_bytes text, int64_t now_utc_s,
                                                 int64_t last_step, bool *ret_matches,
                                                 int64_t *ret_step);

void people_base32(const uint8_t secret[static PEOPLE_TOTP_SIZE],
                   char ret_text[static PEOPLE_BASE32_SIZE]);

#endif
