/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of rpc_status.h. */
#include "slipway/rpc_status.h"

#include <stddef.h>

static const enum slw_rpc_status code_of_class[] = {
    [SLW_CLASS_OK] = SLW_RPC_OK,
    [SLW_CLASS_IO] = SLW_RPC_INTERNAL,
    [SLW_CLASS_MALFORMED] = SLW_RPC_INVALID_ARGUMENT,
    [SLW_CLASS_UNTRUSTED] = SLW_RPC_UNAUTHENTICATED,
    [SLW_CLASS_STALE] = SLW_RPC_FAILED_PRECONDITION,
    [SLW_CLASS_REFUSED] = SLW_RPC_PERMISSION_DENIED,
    [SLW_CLASS_CAPACITY] = SLW_RPC_RESOURCE_EXHAUSTED,
    [SLW_CLASS_MISUSE] = SLW_RPC_INVALID_ARGUMENT,
};

/* Where the class alone would say too little. */
static const struct {
    enum slw_status status;
    enum slw_rpc_status code;
} exceptions[] = {
    {SLW_IO_TORN, SLW_RPC_DATA_LOSS},
    {SLW_IO_CLOSED, SLW_RPC_CANCELLED},
    {SLW_IO_TIMEOUT, SLW_RPC_DEADLINE_EXCEEDED},
    {SLW_WRONG_STATE, SLW_RPC_FAILED_PRECONDITION},
    {SLW_NOT_FOUND, SLW_RPC_NOT_FOUND},
    {SLW_CONSENT_PENDING, SLW_RPC_UNAVAILABLE},
};

enum slw_rpc_status slw_rpc_status_of(enum slw_status status)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (exceptions[i].status == status) {
            return exceptions[i].code;
        }
    }
    size_t class = (size_t)slw_status_class(status);
    bool known = class < sizeof code_of_class / sizeof code_of_class[0];
    return known ? code_of_class[class] : SLW_RPC_UNKNOWN;
}

static const char *const names[] = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

const char *slw_rpc_status_name(uint32_t code)
{
    return code < sizeof names / sizeof names[0] ? names[code] : "unknown code";
}
