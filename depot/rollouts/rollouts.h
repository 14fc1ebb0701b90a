/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices get of the rollouts: whether there is an offer, and what their reports mean. Called
 * by the devices' part, many times a second; so offers come of a view of all running rollouts,
 * releases and groups in memory, read again every second, and of nothing at all when it is older
 * than 5 s: no offer leaves later than that after a halt.
 */
#ifndef SLIPWAY_DEPOT_ROLLOUTS_H
#define SLIPWAY_DEPOT_ROLLOUTS_H

#include "depot.h"

#define DEPOT_OFFER_MAX_AGE_US 5000000
#define DEPOT_OFFER_VALID_S 900

/* A device, as its row has it. */
struct depot_device_view {
    struct slw_bytes product, id, hardware, key_class, channel;
    struct slw_bytes attributes; /* JSON object of texts */
    struct slw_bytes tags;       /* JSON array of texts */
    int64_t version, root_version, pin;
    int32_t utc_offset_s;
};

struct depot_offer {
    int64_t rollout, release;
    char release_version[129], urgency[16], role[140], path[1025], sha256[65];
    int64_t size;
    bool consent_given; /* by an administrator, or automatic */
};

/*
 * SLW_OK with the offer that this device gets now; SLW_NOT_FOUND: none; SLW_DATABASE_AWAY: what
 * is known is too old, so nothing may be said. Touches the database only when there is something to
 * offer: the rollout's state, and whether the device has had its turn, are read at that moment.
 */
SLW_MUST_USE enum slw_status depot_offer_find(struct depot *depot,
                                              const struct depot_device_view *device,
                                              int64_t now_us, struct depot_offer *ret_offer,
                                              struct slw_detail *detail);

/*
 * For remembering who has nothing to get: a number that is another one whenever that may have
 * changed for anybody, of what was read at most 5 s ago; 0: it isn't known just now.
 */
uint64_t depot_offers_generation(struct depot *depot);
/* Whether nothing is for this device as it is, at no time of the day, while the generation is this
 * one. */
bool depot_offers_are_others(struct depot *depot, const struct depot_device_view *device,
                             uint64_t *ret_generation);

/* What a device's report says of a rollout, in the transaction that takes the report. A rollout
 * that the device isn't in, or that isn't of this release, changes nothing (SLW_OK): devices may
 * say what they like. */
enum depot_outcome {
    DEPOT_OUTCOME_DOWNLOADING,
    DEPOT_OUTCOME_INSTALLING,
    DEPOT_OUTCOME_SUCCEEDED,
    DEPOT_OUTCOME_FAILED,
    DEPOT_OUTCOME_DECLINED,
};
SLW_MUST_USE enum slw_status depot_rollout_report(struct slw_transaction *transaction,
                                                  const struct depot_device_view *device,
                                                  int64_t rollout, int64_t release,
                                                  enum depot_outcome outcome, const char *reason,
                                                  int64_t now_us, struct slw_detail *detail);

#endif
