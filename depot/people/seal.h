/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of TOTP and of webhooks as they lie in the database: sealed (AES-256-GCM) with a key made
 * of the depot's secret file, for one person or webhook, so that a copy of the database alone opens
 * none. A webhook's name here is none that a person could have.
 */
#ifndef SLIPWAY_PEOPLE_SEAL_H
#define SLIPWAY_PEOPLE_SEAL_H

#include "depot.h"

#include "totp.h"

#define PEOPLE_SEALED_SIZE (12u + PEOPLE_TOTP_SIZE + 16u) /* nonce, text, tag */

SLW_MUST_USE enum slw_status people_seal(const struct depot *depot, struct slw_bytes person,
                                         const uint8_t secret[static PEOPLE_TOTP_SIZE],
                                         uint8_t ret_sealed[static PEOPLE_SEALED_SIZE],
                                         struct slw_detail *detail);
/* SLW_STORED_STATE when it was sealed with another secret or for somebody else. */
SLW_MUST_USE enum slw_status people_unseal(const struct depot *depot, struct slw_bytes person,
                                           struct slw_bytes sealed,
                                           uint8_t ret_secret[static PEOPLE_TOTP_SIZE],
                                           struct slw_detail *detail);

#endif
