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

/* The build's bundle goes by retention: it is on its way no longer, its tests are cancelled, and
 * whoever looks sees this reason; in the transaction that removes it. */
SLW_MUST_USE enum slw_status depot_pipeline_expire(struct slw_transaction *transaction,
                                                   struct slw_bytes product, struct slw_bytes build,
                                                   struct slw_bytes reason,
                                                   struct slw_detail *detail);
/* The bundle of a build that went came again: stages, approvals and reason of its former way are
 * forgotten here (the trail and its events keep them), so that it can begin; in the transaction
 * that brings it. One that was withdrawn stays so. */
SLW_MUST_USE enum slw_status depot_pipeline_forget(struct slw_transaction *transaction,
                                                   struct slw_bytes build,
                                                   struct slw_detail *detail);

#endif
