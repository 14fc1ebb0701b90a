/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody says that they are somebody, and proves it by password and code: at a login, and before
 * they change either. In two steps, for hashing takes long and is done outside of transactions:
 *
 *     SLW_TRY(people_attempt_look(depot, &attempt, detail));     hashes, on a hasher's thread
 *     in a WRITE transaction: SLW_TRY(people_attempt_decide(transaction, &attempt, detail));
 *     if (attempt.is_good) … else the transaction still commits: failures are counted
 */
#ifndef SLIPWAY_PEOPLE_ATTEMPT_H
#define SLIPWAY_PEOPLE_ATTEMPT_H

#include "password.h"
#include "totp.h"

#define PEOPLE_FAILURES_FREE 5 /* in a row, before an account is locked */
#define PEOPLE_LOCK_S 60       /* at first, doubling */
#define PEOPLE_LOCK_MAX_S 3600

struct people_attempt {
    struct slw_bytes name, password;
    struct slw_bytes code; /* empty: none given */
    bool needs_code;       /* when they have a second factor */

    /* Found out by look(). */
    bool is_known;               /* there is such a person, with a password */
    bool matches;                /* the password does */
    char hash[PEOPLE_HASH_SIZE]; /* that it was compared with */
    bool has_totp;
    uint8_t totp[PEOPLE_TOTP_SIZE];

    /* By decide(). */
    bool is_good;
    bool was_locked; /* by this very failure */
};

SLW_MUST_USE enum slw_status
people_attempt_look(struct depot *depot, struct people_attempt *attempt, struct slw_detail *detail);
SLW_MUST_USE enum slw_status people_attempt_decide(struct slw_transaction *transaction,
                                                   struct people_attempt *attempt,
                                                   struct slw_detail *detail);
void people_attempt_wipe(struct people_attempt *attempt);

/* The one answer to whatever was wrong: it tells nobody which names there are, or are locked. */
void people_attempt_refuse(struct slw_http_exchange *exchange);

#endif
