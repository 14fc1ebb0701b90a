/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endorsements that a bundle carries (field 1001): envelopes of builders and testers, beside
 * the signed metadata, so that a build and what is said of it are one file.
 *
 *     struct slw_endorsements list;
 *     SLW_TRY(slw_endorsements_load("lamp.bundle", &index, &list, detail));
 *     for (size_t i = 0; i < list.count; i++) {
 *         ... slw_dsse_parse("endorsement", list.items[i], …) ...
 *     }
 *     slw_endorsements_free(&list);
 */
#ifndef SLIPWAY_ENDORSEMENTS_H
#define SLIPWAY_ENDORSEMENTS_H

#include "slipway/bundle_file.h"

#define SLW_ENDORSEMENTS_MAX 64u
#define SLW_ENDORSEMENTS_SIZE_MAX 4194304u /* of all together */

struct slw_endorsements {
    struct slw_bytes
        items[SLW_ENDORSEMENTS_MAX]; /* in the order of the bundle; nobody's word yet */
    size_t count;
    struct slw_heap_buffer memory; /* private */
};

/* SLW_TOO_LARGE for more than the limits, SLW_MALFORMED, SLW_IO, SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_endorsements_load(const char *name,
                                                   const struct slw_bundle_index *index,
                                                   struct slw_endorsements *ret_list,
                                                   struct slw_detail *detail);
void slw_endorsements_free(struct slw_endorsements *list);

/* Appends the field of a bundle that holds an endorsement: a piece of slw_bundle_parts.others. */
void slw_endorsement_encode(struct slw_bytes envelope, struct slw_heap_buffer *ret_field);

#endif
