/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change as a file, staged/changes/ROLE.json: a draft, and what it was applied to last. It is
 * what another process goes on from. Private to this folder and its fuzz target.
 *
 *     {"add":[{"custom":"{…}","length":7,"path":"a/b","sha256":"…"}],"base_sha256":"…","base_version":3,
 *      "delegate":[{"bit_length":0,"keys":[{"type":"p256","value":"04…"}],"name":"…","paths":[…],"terminating":true,"threshold":1}],
 *      "expires":"2030-01-31T00:00:00Z","remove":["…"],"revoke":["…"],"role":"targets",
 *      "roles":{"snapshot":{"keys":[…],"threshold":1}},"signed_sha256":"…","signs_again":false,
 *      "type":"targets","version":4}
 */
#ifndef SLIPWAY_TUF_CHANGE_FILE_H
#define SLIPWAY_TUF_CHANGE_FILE_H

#include "draft.h"

#define SLW_TUF_CHANGE_FILE_MAX ((size_t)512 * 1024 * 1024)

/* What a draft was applied to, and what came of it. */
struct slw_tuf_applied {
    int64_t base_version;
    uint8_t base_sha256[SLW_SHA256_SIZE];
    int64_t version; /* 0 for bins: each has its own */
    int64_t expires_utc_s;
    uint8_t signed_sha256[SLW_SHA256_SIZE];
};

enum slw_status slw_tuf_change_file_format(struct slw_bytes role, const struct slw_tuf_draft *draft,
                                           const struct slw_tuf_applied *applied,
                                           struct slw_heap_buffer *ret_text,
                                           struct slw_detail *detail);

/* SLW_STORED_STATE, naming the place, for a file that isn't one, or is another role's. */
enum slw_status slw_tuf_change_file_parse(const char *name, struct slw_bytes text,
                                          struct slw_bytes role, struct slw_tuf_draft **ret_draft,
                                          struct slw_tuf_applied *ret_applied,
                                          struct slw_detail *detail);

#endif
