/* SPDX-License-Identifier: Apache-2.0 */
/* What other parts may ask of the pipeline: the artifacts, when a build comes in. */
#ifndef SLIPWAY_DEPOT_PIPELINE_H
#define SLIPWAY_DEPOT_PIPELINE_H

#include "depot.h"

/* The build begins in its product's pipeline, if there is one and it hasn't yet, and its tests are
 * queued; in the transaction that brings it. */
SLW_MUST_USE enum slw_status depot_pipeline_begin(struct slw_transaction *transaction,
                                                  struct slw_bytes product, struct slw_bytes build,
                                                  struct slw_detail *detail);

#endif
