/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status codes as pw_rpc and pw_transfer put them on the wire, and how ours become theirs.
 * The RPC and transfer servers answer with them; the clients and `slipway device` print them.
 */
#ifndef SLIPWAY_RPC_STATUS_H
#define SLIPWAY_RPC_STATUS_H

#include "slipway/status.h"

#include <stdint.h>

enum slw_rpc_status {
    SLW_RPC_OK = 0,
    SLW_RPC_CANCELLED = 1,
    SLW_RPC_UNKNOWN = 2,
    SLW_RPC_INVALID_ARGUMENT = 3,
    SLW_RPC_DEADLINE_EXCEEDED = 4,
    SLW_RPC_NOT_FOUND = 5,
    SLW_RPC_ALREADY_EXISTS = 6,
    SLW_RPC_PERMISSION_DENIED = 7,
    SLW_RPC_RESOURCE_EXHAUSTED = 8,
    SLW_RPC_FAILED_PRECONDITION = 9,
    SLW_RPC_ABORTED = 10,
    SLW_RPC_OUT_OF_RANGE = 11,
    SLW_RPC_UNIMPLEMENTED = 12,
    SLW_RPC_INTERNAL = 13,
    SLW_RPC_UNAVAILABLE = 14,
    SLW_RPC_DATA_LOSS = 15,
    SLW_RPC_UNAUTHENTICATED = 16,
};

/* The code that tells a peer best what happened here; the words of ours travel in DeviceStatus. */
enum slw_rpc_status slw_rpc_status_of(enum slw_status status);

/* "FAILED_PRECONDITION"; "unknown code" for a number that isn't one. */
const char *slw_rpc_status_name(uint32_t code);

#endif
