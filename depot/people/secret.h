/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that we hand out: of sessions, tokens and invitations. 32 random bytes, as 64 hexadecimal
 * digits; only their SHA-256 is kept, and looked up by.
 */
#ifndef SLIPWAY_PEOPLE_SECRET_H
#define SLIPWAY_PEOPLE_SECRET_H

#include "depot.h"

#define PEOPLE_SECRET_SIZE 65u /* with the zero behind it */

SLW_MUST_USE enum slw_status people_secret_make(char ret_secret[static PEOPLE_SECRET_SIZE],
                                                struct slw_detail *detail);
bool people_secret_is_one(struct slw_bytes text);
void people_secret_hash(struct slw_bytes secret, uint8_t ret_hash[static SLW_SHA256_SIZE]);
/* What a session's calls repeat: made of its secret, and telling nothing about it. */
void people_secret_csrf(struct slw_bytes secret, char ret_csrf[static PEOPLE_SECRET_SIZE]);

#endif
