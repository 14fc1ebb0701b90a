/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change to a role of a TUF repository as JSON: how the signing service is asked for a role's
 * next version (spec/SIGNING.md, section 2). Who asks writes it, the service reads it, applies it
 * to the base by itself, and signs what comes of it.
 *
 *     {"add":[{"custom":"{…}","length":7,"path":"a/b","sha256":"…"}],"base_sha256":"…","base_version":3,
 *      "delegate":[{"bit_length":0,"keys":[{"type":"p256","value":"04…"}],"name":"…","paths":["…"],
 *                   "terminating":true,"threshold":1}],
 *      "drop":["…"],"expires":"2030-01-31T00:00:00Z","remove":["…"],"revoke":["…"],"role":"lamp-stable",
 *      "roles":{"snapshot":{"keys":[…],"threshold":1}},"set":[{"role":"targets","version":4}],
 *      "snapshot_version":9,"type":"targets","version":4}
 *
 * What is zero or empty in struct slw_tuf_change is left out, but for type, role, base_version,
 * base_sha256, version and expires. What is written is in canonical form.
 */
#ifndef SLIPWAY_TUF_CHANGE_JSON_H
#define SLIPWAY_TUF_CHANGE_JSON_H

#include "slipway/tuf_change.h"

/* Appends the text. SLW_BAD_ARGUMENT for an expiry outside the years 0 to 9999; SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_tuf_change_format(const struct slw_tuf_change *change,
                                                   struct slw_heap_buffer *ret_text,
                                                   struct slw_detail *detail);

struct slw_tuf_change_memory;

struct slw_tuf_parsed_change {
    struct slw_tuf_change change;         /* views into the text, too, which must outlive it */
    struct slw_tuf_change_memory *memory; /* private */
};

/*
 * Reads one. Strict: members that aren't known, arrays that could have been left out, other types:
 * SLW_MALFORMED with the place; SLW_TOO_LARGE for more keys than a role may have. Whether it makes
 * sense, slw_tuf_model_apply() says.
 */
SLW_MUST_USE enum slw_status slw_tuf_change_parse(const char *name, struct slw_bytes text,
                                                  struct slw_tuf_parsed_change *ret_change,
                                                  struct slw_detail *detail);
void slw_tuf_parsed_change_free(struct slw_tuf_parsed_change *change);

#endif
