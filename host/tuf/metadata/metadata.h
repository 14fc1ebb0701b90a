/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of the four types of metadata share. Private to host/tuf/metadata. */
#ifndef SLIPWAY_TUF_METADATA_PRIVATE_H
#define SLIPWAY_TUF_METADATA_PRIVATE_H

#include "slipway/tuf_metadata.h"

/* spec_version, version and expires of what is signed. */
SLW_MUST_USE enum slw_status slw_tuf_common_read(const struct slw_tuf_file *file,
                                                 struct slw_tuf_common *ret_common,
                                                 struct slw_detail *detail);

/*
 * `keys` of a root or of delegations. SLW_TOO_LARGE, SLW_MALFORMED, SLW_BAD_KEY for a key id that
 * isn't its key's. Free ret_keys->keys.
 */
SLW_MUST_USE enum slw_status slw_tuf_keys_read(const struct slw_tuf_file *file, uint32_t object,
                                               enum slw_tuf_key_ids key_ids,
                                               struct slw_tuf_keys *ret_keys,
                                               struct slw_detail *detail);

/* The key of this id; NULL when it isn't listed. */
const struct slw_tuf_listed_key *slw_tuf_keys_find(const struct slw_tuf_keys *keys,
                                                   struct slw_bytes id);

/* `keyids` and `threshold` of a role; not its name. */
SLW_MUST_USE enum slw_status slw_tuf_role_read(const struct slw_tuf_file *file, uint32_t object,
                                               struct slw_tuf_role *ret_role,
                                               struct slw_detail *detail);

/*
 * HASHES: SLW_MALFORMED unless it is an object of strings; SLW_MISSING_HASH when there is none, or
 * a sha256 or sha512 isn't lower-case digits of its size.
 */
SLW_MUST_USE enum slw_status slw_tuf_hashes_check(const struct slw_json_document *json,
                                                  uint32_t hashes, struct slw_detail *detail);

/* `delegations`, into ret_targets->keys and ->delegations; freed with it, also after a failure. */
SLW_MUST_USE enum slw_status slw_tuf_delegations_read(const struct slw_tuf_file *file,
                                                      uint32_t object, enum slw_tuf_key_ids key_ids,
                                                      struct slw_tuf_targets *ret_targets,
                                                      struct slw_detail *detail);

#endif
