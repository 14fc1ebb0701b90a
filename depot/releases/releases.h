/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other parts may ask of the releases (migrations/0004-releases.sql): the rollouts, when one
 * begins and when it is done. Rows of releases are made and changed here alone.
 */
#ifndef SLIPWAY_DEPOT_RELEASES_H
#define SLIPWAY_DEPOT_RELEASES_H

#include "depot.h"

/*
 * A rollout of the release reached everybody: it moves from PRODUCT-CHANNEL-rollout to
 * PRODUCT-CHANNEL, so that devices which never ask here find it, too. Notes it down in the
 * rollout's own transaction; the publisher does it.
 */
SLW_MUST_USE enum slw_status depot_release_complete(struct slw_transaction *transaction,
                                                    struct slw_bytes product, int64_t version,
                                                    struct slw_detail *detail);

#endif
