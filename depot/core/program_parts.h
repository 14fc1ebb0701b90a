/* SPDX-License-Identifier: Apache-2.0 */
/* The running depot from inside: for program.c, which makes it, and gate.c, which calls go
 * through. */
#ifndef SLIPWAY_DEPOT_PROGRAM_PARTS_H
#define SLIPWAY_DEPOT_PROGRAM_PARTS_H

#include "gate.h"
#include "leases.h"

struct depot_program {
    struct depot depot; /* what handlers get */
    struct depot_gate gate;
    struct depot_leases leases;
    struct slw_http_server *server;
    size_t parts_open; /* of depot_parts, from the first */
};

#endif
