/* SPDX-License-Identifier: Apache-2.0 */
/* Small ports: what time it is, and starting over. */
#ifndef SLIPWAY_PORT_PLATFORM_H
#define SLIPWAY_PORT_PLATFORM_H

#include "slipway/root.h"

/* Returns time.known = false where there is no clock or it isn't set. A NULL port: no clock. */
struct slw_clock_port {
    void *context;
    struct slw_time (*now)(void *context);
};

/*
 * Asks for a reboot soon: it returns, and the reboot happens once replies under way are out (some
 * tens of milliseconds). The session does nothing after it but answer.
 */
struct slw_reboot_port {
    void *context;
    void (*reboot)(void *context);
};

#endif
