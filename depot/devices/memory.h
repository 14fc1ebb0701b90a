/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check-ins that came to nothing, remembered: who showed the secret of its epoch, ran what was
 * known of it, and had nothing to get, is told the same without asking the database, until anything
 * about it changes. Nothing else is ever answered from here, and no offer.
 *
 *     ticket = devices_memory_ticket(memory, &claim);
 *     … the row is read; what it says comes to nothing, by the offers of generation N …
 *     devices_memory_put(memory, &claim, &ticket, N, now_ms, seen_s);
 *     …
 *     if (devices_memory_has(memory, &claim, now_ms, &seen_s)) …
 *
 * What is kept is no secret: a keyed hash of all that the device said, of the generation of what is
 * offered, and of the era. A change of a device is an event in the transaction that makes it: every
 * replica reads those (follow.c), and forgets whom they are about. While they weren't read for
 * longer than DEVICES_MEMORY_FOLLOWED_MS, or what is offered isn't known, nothing is remembered:
 * so that what was committed elsewhere counts here that much later at most, and without the
 * database nothing at all is answered. Of bounded size: who doesn't fit is asked for again.
 */
#ifndef SLIPWAY_DEVICES_MEMORY_H
#define SLIPWAY_DEVICES_MEMORY_H

#include "depot.h"

#define DEVICES_MEMORY_FOLLOWED_MS 2000
#define DEVICES_MEMORY_KEPT_S 900 /* then its row is read again, whatever was heard */

struct devices_memory;

/* What a device says at a check-in. */
struct device_claim {
    struct slw_bytes product, device, secret, report;
    int64_t epoch, version;
};

/* Taken before the row is read: what is forgotten meanwhile isn't put. */
struct devices_ticket {
    uint64_t era, forgotten;
};

SLW_MUST_USE enum slw_status devices_memory_open(struct depot *depot,
                                                 struct devices_memory **ret_memory,
                                                 struct slw_detail *detail);
void devices_memory_close(struct devices_memory *memory);

/* Whether this came to nothing before, and would now. now_ms: of depot_clock_ms(). ret_seen_s:
 * when devices_memory_seen() was told last, in seconds of this machine's clock; 0: never. */
bool devices_memory_has(struct devices_memory *memory, const struct device_claim *claim,
                        int64_t now_ms, int64_t *ret_seen_s);
void devices_memory_seen(struct devices_memory *memory, const struct device_claim *claim,
                         int64_t seen_s);

struct devices_ticket devices_memory_ticket(struct devices_memory *memory,
                                            const struct device_claim *claim);
/* offers: the generation by which the device had nothing to get. The rest is as above. */
void devices_memory_put(struct devices_memory *memory, const struct device_claim *claim,
                        const struct devices_ticket *ticket, uint64_t offers, int64_t now_ms,
                        int64_t seen_s);

/* A device isn't what it was. */
void devices_memory_forget(struct devices_memory *memory, struct slw_bytes product,
                           struct slw_bytes device);
/* Nor is any of them. */
void devices_memory_forget_all(struct devices_memory *memory);

/* follow.c: reads what changed, twice a second, and says so. */
struct devices_follower;
SLW_MUST_USE enum slw_status devices_follower_open(struct depot *depot,
                                                   struct devices_memory *memory,
                                                   struct devices_follower **ret_follower,
                                                   struct slw_detail *detail);
void devices_follower_close(struct devices_follower *follower);
/* All that was committed before at_ms (of depot_clock_ms()) has been heard of. */
void devices_memory_followed(struct devices_memory *memory, int64_t at_ms);

#endif
