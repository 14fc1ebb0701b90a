/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of apply.c, by type of metadata; private to this folder. What returns something makes
 * it beside the model's own, which stays as it is; the other two change the model, when nothing can
 * fail any more.
 */
#ifndef SLIPWAY_TUF_APPLY_H
#define SLIPWAY_TUF_APPLY_H

#include "model.h"

enum slw_status slw_tuf_apply_records(const struct slw_tuf_model *model,
                                      const struct slw_tuf_change *change,
                                      struct slw_tuf_records *ret_records,
                                      struct slw_detail *detail);
enum slw_status slw_tuf_apply_root(const struct slw_tuf_model *model,
                                   const struct slw_tuf_change *change,
                                   struct slw_tuf_listing *ret_listing, struct slw_detail *detail);
enum slw_status slw_tuf_apply_delegations(const struct slw_tuf_model *model,
                                          const struct slw_tuf_change *change,
                                          struct slw_tuf_listing *ret_listing,
                                          struct slw_detail *detail);
enum slw_status slw_tuf_apply_snapshot(struct slw_tuf_model *model,
                                       const struct slw_tuf_change *change,
                                       struct slw_detail *detail);
enum slw_status slw_tuf_apply_timestamp(struct slw_tuf_model *model,
                                        const struct slw_tuf_change *change,
                                        struct slw_detail *detail);

/* The beginning of a text for "%.*s". */
#define SLW_TUF_SHOWN(text) (int)((text).len < 300 ? (text).len : 300), (const char *)(text).ptr

/* Control characters, or what isn't UTF-8. */
bool slw_tuf_has_bad_characters(struct slw_bytes text);

/* SLW_BAD_NAME for what no role can be called. */
enum slw_status slw_tuf_check_role_name(const struct slw_tuf_model *model, struct slw_bytes name,
                                        struct slw_detail *detail);

/* apply_keys.c: checks a role's keys and threshold, puts those that aren't listed yet among keys,
 * and appends the array of their ids. */
enum slw_status slw_tuf_list_keys(const struct slw_tuf_model *model,
                                  const struct slw_tuf_role_keys *signers,
                                  struct slw_tuf_parts *keys, struct slw_heap_buffer *ret_ids,
                                  struct slw_detail *detail);

/* Takes keys out that a role of before referred to and no role of now does. */
enum slw_status slw_tuf_drop_keys(const struct slw_tuf_listing *before, struct slw_tuf_listing *now,
                                  struct slw_detail *detail);

#endif
