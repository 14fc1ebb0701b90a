/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the service manager how a program is, where there is one (sd_notify's protocol). */
#ifndef SLIPWAY_NOTIFY_H
#define SLIPWAY_NOTIFY_H

#include "slipway/detail.h"

/* Opens the socket that $NOTIFY_SOCKET names; without it, nothing is told. */
enum slw_status slw_notify_open(struct slw_detail *detail);

/* "READY=1". */
void slw_notify(const char *state);

#endif
