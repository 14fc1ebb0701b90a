/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: yescrypt through crypt(5). Takes tens of milliseconds and 16 MiB: see hasher.h. */
#ifndef SLIPWAY_PEOPLE_PASSWORD_H
#define SLIPWAY_PEOPLE_PASSWORD_H

#include "depot.h"

#define PEOPLE_PASSWORD_MIN 10u /* bytes */
#define PEOPLE_PASSWORD_MAX 256u
#define PEOPLE_HASH_SIZE 128u

/* SLW_BAD_ARGUMENT, and why, for one that can't be a password. */
SLW_MUST_USE enum slw_status people_password_check_form(struct slw_bytes password,
                                                        struct slw_detail *detail);

SLW_MUST_USE enum slw_status people_password_hash(struct slw_bytes password,
                                                  char ret_hash[static PEOPLE_HASH_SIZE],
                                                  struct slw_detail *detail);

/* The same work whatever hash is; "", which nobody has, never matches. */
SLW_MUST_USE enum slw_status people_password_matches(struct slw_bytes password, const char *hash,
                                                     bool *ret_matches, struct slw_detail *detail);

#endif
