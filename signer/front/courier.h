/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes checkpoints to witnesses, since the key process has no network: asks it what there is to
 * carry, posts each to its witness, and hands back what that answered. It understands none of it;
 * the key process makes the bodies and verifies the cosignatures.
 */
#ifndef SLIPWAY_FRONT_COURIER_H
#define SLIPWAY_FRONT_COURIER_H

#include "channel.h"
#include "settings.h"

struct front_courier;

/* The HTTP client's library is set up already (curl_global_init). */
enum slw_status front_courier_start(const struct front_settings *settings,
                                    struct front_channel *channel,
                                    struct front_courier **ret_courier, struct slw_detail *detail);

/* After the channel's other end is gone, or this process ends anyway. NULL is fine. */
void front_courier_stop(struct front_courier *courier);

#endif
