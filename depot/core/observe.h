/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of calls: a line of JSON on standard error for each that changed something, failed here,
 * or was refused for want of rights. What devices and pages only read isn't in it. Given to the
 * server by program.c.
 */
#ifndef SLIPWAY_DEPOT_OBSERVE_H
#define SLIPWAY_DEPOT_OBSERVE_H

#include "slipway/http_server.h"

void depot_observe(void *context, const struct slw_http_done *done);

/* Whether it is worth a line. */
bool depot_observe_is_told(const struct slw_http_done *done);

#endif
