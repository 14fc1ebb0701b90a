/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on the heap that are held as a view: what was copied is only read from then on.
 *
 *     SLW_TRY(slw_owned_copy(text, &entry->name) ? SLW_OK : slw_explain_no_memory(detail));
 *     …
 *     slw_owned_free(entry->name.ptr);
 */
#ifndef SLIPWAY_OWNED_BYTES_H
#define SLIPWAY_OWNED_BYTES_H

#include "slipway/bytes.h"

/* With a zero byte behind it, so that a text is a string too. False when memory ran out. */
SLW_MUST_USE bool slw_owned_copy(struct slw_bytes bytes, struct slw_bytes *ret_copy);

/* free() of what is held through a pointer to const; NULL is fine. */
void slw_owned_free(const void *memory);

#endif
