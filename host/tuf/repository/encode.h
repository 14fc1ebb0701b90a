/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of encode.c that are by the million; private to this folder. */
#ifndef SLIPWAY_TUF_ENCODE_H
#define SLIPWAY_TUF_ENCODE_H

#include "model.h"

/* Appends the object `targets`. */
void slw_tuf_encode_targets(const struct slw_tuf_records *records, struct slw_heap_buffer *text);

#endif
