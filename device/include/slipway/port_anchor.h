/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The anchor: a few bytes that an attacker who rewrites external flash can't touch (internal flash,
 * OTP, RPMB). It tells a fresh device from one whose journal was wiped or replaced by an older one.
 */
#ifndef SLIPWAY_PORT_ANCHOR_H
#define SLIPWAY_PORT_ANCHOR_H

#include "slipway/crypto.h"

enum slw_anchor_kind {
    SLW_ANCHOR_NONE, /* whoever writes flash can replay signed releases */
    SLW_ANCHOR_PROTECTED,
};

struct slw_anchor_record {
    bool provisioned;
    uint64_t
        sequence; /* of the journal when the anchor was last raised: an older journal is refused */
    uint32_t root_version;
    uint8_t root_sha256[SLW_SHA256_SIZE]; /* of the current root's blob (SignedRootMetadata) */
    uint32_t targets_version;
    uint32_t security_floor;
    /* Digests of the journal's records of releases, zero for none: what the device itself installed
     * and confirmed, so that a made-up journal can't name another release as confirmed. */
    uint8_t confirmed[SLW_SHA256_SIZE];
    uint8_t trial[SLW_SHA256_SIZE]; /* one that the device installed, or that boot verified */
};

/*
 * What an implementation must do:
 *  1. load returns the record of the last store that returned SLW_OK; after a power cut inside a
 *     store, that one's or the one before. A device that never stored one: provisioned = false.
 *  2. load returns SLW_IO, never a made-up record, when it can't tell.
 *  3. store is durable when it returns SLW_OK.
 *  4. With SLW_ANCHOR_NONE both functions may be NULL.
 */
struct slw_anchor {
    enum slw_anchor_kind kind;
    void *context;
    enum slw_status (*load)(void *context, struct slw_anchor_record *ret_record);
    enum slw_status (*store)(void *context, const struct slw_anchor_record *record);
};

#endif
