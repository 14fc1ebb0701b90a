/* SPDX-License-Identifier: Apache-2.0 */
/* The body of add-checkpoint (C2SP tlog-witness), taken apart: for the witness. */
#ifndef SLIPWAY_WITNESS_BODY_H
#define SLIPWAY_WITNESS_BODY_H

#include "slipway/witness.h"

struct slw_witness_body {
    uint64_t old_size;
    struct slw_merkle_path proof;
    struct slw_bytes checkpoint; /* a view of the body */
};

/* SLW_MALFORMED for what isn't one, SLW_TOO_LARGE for more than SLW_WITNESS_BODY_SIZE_MAX bytes. */
SLW_MUST_USE enum slw_status slw_witness_body_parse(struct slw_bytes body,
                                                    struct slw_witness_body *ret_body,
                                                    struct slw_detail *detail);

#endif
