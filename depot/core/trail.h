/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of the audit trail: how they are shown and hashed. depot_audit() (depot.h) appends; here
 * is what shows and checks them.
 */
#ifndef SLIPWAY_DEPOT_TRAIL_H
#define SLIPWAY_DEPOT_TRAIL_H

#include "depot.h"

struct depot_trail_entry {
    int64_t number; /* from 1, without gaps */
    int64_t time_us;
    struct slw_bytes who, action, product, subject;
    struct slw_bytes detail; /* JSON */
};

/* The members of an entry but its hash, in an object that is open. */
void depot_trail_members(const struct depot_trail_entry *entry, struct slw_json *json);

/* former: the hash of the entry before, zeros for the first. SLW_MALFORMED when its detail isn't
 * JSON. */
SLW_MUST_USE enum slw_status depot_trail_hash(const struct depot_trail_entry *entry,
                                              const uint8_t former[static SLW_SHA256_SIZE],
                                              uint8_t ret_hash[static SLW_SHA256_SIZE],
                                              struct slw_detail *detail);

/* Number and hash of the last entry; 0 and zeros when there is none. */
SLW_MUST_USE enum slw_status depot_trail_last(struct slw_transaction *transaction,
                                              int64_t *ret_number,
                                              uint8_t ret_hash[static SLW_SHA256_SIZE],
                                              struct slw_detail *detail);

#endif
