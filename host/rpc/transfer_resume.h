/* SPDX-License-Identifier: Apache-2.0 */
/* Where an upload can begin; transfer_client.c asks. */
#ifndef SLIPWAY_RPC_TRANSFER_RESUME_H
#define SLIPWAY_RPC_TRANSFER_RESUME_H

#include "slipway/transfer_client.h"

/*
 * The offset up to which the device has the same bytes as the source, 0 when it has none or says
 * nothing of them. Fails only when the link or the source does.
 */
enum slw_status slw_upload_find_start(const struct slw_upload *upload, uint64_t *ret_offset,
                                      struct slw_detail *detail);

#endif
