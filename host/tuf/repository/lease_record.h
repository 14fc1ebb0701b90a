/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What DIR/.lease of a repository in a directory holds: one line,
 *
 *     TOKEN UNTIL HOLDER
 *
 * with the highest token given so far, the time in seconds since 1970 that the lease lasts until (0
 * when nobody holds it), and who holds it; empty lines fill it up. Others may write to the file:
 * reading it is strict.
 * Private to this folder and its fuzz target.
 */
#ifndef SLIPWAY_TUF_LEASE_RECORD_H
#define SLIPWAY_TUF_LEASE_RECORD_H

#include "slipway/tuf_storage.h"

/* Records are written in this size, more than any takes. */
#define SLW_LEASE_RECORD_SIZE 320u

struct slw_lease_record {
    uint64_t token;
    int64_t until_utc_s;
    char holder[SLW_LEASE_HOLDER_MAX + 1]; /* empty when nobody holds it */
};

/* An empty text is a lease that nobody ever held, all zeros; one line needs no empty ones. */
SLW_MUST_USE bool slw_lease_record_parse(struct slw_bytes text,
                                         struct slw_lease_record *ret_record);

/* until_utc_s isn't negative, and holder is good or empty. */
void slw_lease_record_format(const struct slw_lease_record *record,
                             char ret_text[static SLW_LEASE_RECORD_SIZE]);

#endif
