/* SPDX-License-Identifier: Apache-2.0 */
/* What other parts ask of devices. */
#ifndef SLIPWAY_DEPOT_DEVICES_H
#define SLIPWAY_DEPOT_DEVICES_H

#include "depot.h"

/* Appends samples in Prometheus' text format: slipway_depot_devices by product and state, then
 * slipway_depot_devices_online and slipway_depot_devices_failing by product. Of a large fleet they
 * are up to a minute old. */
SLW_MUST_USE enum slw_status depot_devices_put_metrics(struct depot *depot,
                                                       struct slw_heap_buffer *text,
                                                       struct slw_detail *detail);

#endif
