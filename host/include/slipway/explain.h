/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of the verifier as a sentence for people; the same words wherever they are shown. */
#ifndef SLIPWAY_EXPLAIN_H
#define SLIPWAY_EXPLAIN_H

#include "slipway/finding.h"
#include "slipway/heap.h"

/*
 * Appends what a finding says beyond its reason: `target "app": payload differs
 * from what is signed`, `role targets: … (version 2 is below 5)`. Names are
 * shown with what could confuse a terminal escaped.
 */
void slw_explain_finding(const struct slw_finding *finding, struct slw_heap_buffer *ret_text);

/* Appends text from outside in double quotes, all but printable UTF-8 escaped (\x1b, \"). */
void slw_quote(struct slw_bytes text, struct slw_heap_buffer *ret_text);

/* The same without quotes around it. */
void slw_escape(struct slw_bytes text, struct slw_heap_buffer *ret_text);

/* Lower-case hexadecimal. */
void slw_hex(struct slw_bytes bytes, struct slw_heap_buffer *ret_text);

#endif
