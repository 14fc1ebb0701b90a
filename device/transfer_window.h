/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a sender may send before the receiver speaks again: pw_transfer's window, which starts
 * at one chunk, doubles with each extension until something is lost, then grows by one chunk.
 * transfer_server.c keeps one for its session.
 */
#ifndef SLIPWAY_TRANSFER_WINDOW_H
#define SLIPWAY_TRANSFER_WINDOW_H

#include "slipway/transfer_server.h"

/* "when window_end-offset <= window/divisor (2)" */
#define SLW_TRANSFER_EXTEND_DIVISOR 2u

/* One chunk from offset on. A size_max below chunk_size counts as chunk_size. */
void slw_transfer_window_init(struct slw_transfer_window *window, uint64_t offset,
                              uint32_t chunk_size, uint32_t size_max);

/* Enough has arrived, up to offset, for more to be granted. */
bool slw_transfer_window_wants_extension(const struct slw_transfer_window *window, uint64_t offset);

/* All went well up to offset: a larger window from there. The end never moves back. */
void slw_transfer_window_extend(struct slw_transfer_window *window, uint64_t offset);

/* Something came twice: a smaller window; the sender isn't called back, so the end stays. */
void slw_transfer_window_shrink(struct slw_transfer_window *window, uint64_t offset);

/* Something was lost: a smaller window, from offset again. */
void slw_transfer_window_restart(struct slw_transfer_window *window, uint64_t offset);

/* Nothing was lost, but the sender has to begin at offset again: with the window, or one chunk. */
void slw_transfer_window_reopen(struct slw_transfer_window *window, uint64_t offset);
void slw_transfer_window_reopen_one_chunk(struct slw_transfer_window *window, uint64_t offset);

#endif
