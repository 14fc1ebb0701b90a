/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of the verifier, a file for each group; private to the device library. */
#ifndef SLIPWAY_VERIFIER_PHASES_H
#define SLIPWAY_VERIFIER_PHASES_H

#include "slipway/verifier.h"

/* So many fields or targets at most are looked at in one step. */
#define SLW_VERIFIER_FIELDS_PER_STEP 64u

/* The wrapper's fields from the reader's position on; bounded by the steps of whoever walks. */
static inline void slw_verifier_walk_wrapper(struct slw_verifier *verifier)
{
    slw_proto_begin(&verifier->proto, &verifier->reader, &slw_bundle_rules);
    verifier->proto.unlimited = true;
}

/* verifier_wrapper.c */
enum slw_status slw_verify_wrapper(struct slw_verifier *verifier);
enum slw_status slw_verify_shapes(struct slw_verifier *verifier);
/* The next root_history entry at or behind next_field; not found: look again in the next step. */
enum slw_status slw_verifier_next_history(struct slw_verifier *verifier, bool *ret_found,
                                          struct slw_span *ret_span);
/* Finds the signed bytes of the root at span and parses them into next_root. */
enum slw_status slw_verifier_parse_root(struct slw_verifier *verifier, struct slw_span span);

/* verifier_roots.c */
enum slw_status slw_verify_climb(struct slw_verifier *verifier);
enum slw_status slw_verify_climb_signatures(struct slw_verifier *verifier);
enum slw_status slw_verify_root_in_force(struct slw_verifier *verifier);
enum slw_status slw_verify_targets_signatures(struct slw_verifier *verifier);
enum slw_status slw_verify_targets_dropped(struct slw_verifier *verifier);

/* verifier_payloads.c */
void slw_verifier_start_payloads(struct slw_verifier *verifier);
enum slw_status slw_verify_payloads(struct slw_verifier *verifier);
enum slw_status slw_verify_payload_bytes(struct slw_verifier *verifier);
enum slw_status slw_verify_absent(struct slw_verifier *verifier);
enum slw_status slw_verify_measure(struct slw_verifier *verifier);

static inline uint64_t slw_span_end(struct slw_span span)
{
    return span.offset + span.length;
}

#endif
