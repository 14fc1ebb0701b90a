/* SPDX-License-Identifier: Apache-2.0 */
/* Recomputes the audit trail's chain of hashes: for the command check, and after a restore. */
#ifndef SLIPWAY_DEPOT_CHECK_H
#define SLIPWAY_DEPOT_CHECK_H

#include "depot.h"

/* SLW_LOG_DAMAGED, with the number of the first entry that isn't as it was written. */
SLW_MUST_USE enum slw_status depot_check_trail(struct depot *depot, int64_t *ret_entries,
                                               struct slw_detail *detail);

#endif
