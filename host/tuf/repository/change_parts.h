/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of changes in JSON: targets, keys, delegations. For changes that the signing service is
 * asked for (change_format.c, change_parse.c) and for those that are staged (host/tuf/writer).
 * Private to the two folders.
 */
#ifndef SLIPWAY_TUF_CHANGE_PARTS_H
#define SLIPWAY_TUF_CHANGE_PARTS_H

#include "../metadata/json_fields.h"

#include "slipway/json.h"
#include "slipway/tuf_change.h"

/* --- Writing, members in ascending order --- */

void slw_tuf_put_artifact(struct slw_json *json, const struct slw_tuf_artifact *artifact);
void slw_tuf_put_keys(struct slw_json *json, const struct slw_tuf_role_keys *keys);
void slw_tuf_put_delegate(struct slw_json *json, const struct slw_tuf_delegate *delegate);
/* The types whose keys change, as the object "roles". */
void slw_tuf_put_roles(struct slw_json *json, const struct slw_tuf_role_keys *roles);

/* --- Reading: SLW_MALFORMED with the place --- */

/* That an object has no member but these; the list ends with NULL. */
enum slw_status slw_tuf_read_only(const struct slw_json_document *json, uint32_t object,
                                  const char *const *names, struct slw_detail *detail);
enum slw_status slw_tuf_read_text(const struct slw_json_document *json, uint32_t object,
                                  const char *name, struct slw_bytes *ret_text,
                                  struct slw_detail *detail);
enum slw_status slw_tuf_read_sha256(const struct slw_json_document *json, uint32_t object,
                                    const char *name, uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                    struct slw_detail *detail);
enum slw_status slw_tuf_read_artifact(const struct slw_json_document *json, uint32_t object,
                                      struct slw_tuf_artifact *ret_artifact,
                                      struct slw_detail *detail);

/* Keys and threshold of an object that has both; *ret_keys is the caller's to free(), also after a
 * failure. */
enum slw_status slw_tuf_read_keys(const struct slw_json_document *json, uint32_t object,
                                  struct slw_public_key **ret_keys,
                                  struct slw_tuf_role_keys *ret_role, struct slw_detail *detail);
/* The same for a role in "roles", which has nothing else. */
enum slw_status slw_tuf_read_role(const struct slw_json_document *json, uint32_t object,
                                  struct slw_public_key **ret_keys,
                                  struct slw_tuf_role_keys *ret_role, struct slw_detail *detail);
/* Likewise *ret_paths. */
enum slw_status slw_tuf_read_delegate(const struct slw_json_document *json, uint32_t object,
                                      struct slw_public_key **ret_keys,
                                      struct slw_bytes **ret_paths,
                                      struct slw_tuf_delegate *ret_delegate,
                                      struct slw_detail *detail);

#endif
