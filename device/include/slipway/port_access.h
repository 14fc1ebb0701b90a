/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which peer may call which method. The RPC server asks before every call and every message of a
 * stream; a peer that may not is answered PERMISSION_DENIED and nothing is run.
 *
 * An implementation of allows
 *  1. decides by what it knows of the link that this port belongs to (one port a link), and by the
 *     request;
 *  2. answers at once, and changes nothing that a call could see;
 *  3. may change its mind: an open stream whose peer lost the right is no longer heard.
 */
#ifndef SLIPWAY_PORT_ACCESS_H
#define SLIPWAY_PORT_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct slw_access_request {
    uint32_t channel_id;
    uint32_t service_id;
    uint32_t method_id;
};

struct slw_access_port {
    void *context;
    bool (*allows)(void *context, const struct slw_access_request *request);
};

/* Everybody may call everything: for links that only those who may update the device can reach. */
extern const struct slw_access_port slw_access_open;

#endif
