/* SPDX-License-Identifier: Apache-2.0 */
/* Reading objects of which every member is known. Used by plan.c, group.c and windows.c. */
#ifndef SLIPWAY_ROLLOUT_MEMBERS_H
#define SLIPWAY_ROLLOUT_MEMBERS_H

#include "slipway/json_reader.h"

#define ROLLOUT_TEXT_MAX 65536u

/* An integer within bounds; value keeps what it was when the member isn't there. */
struct rollout_member {
    const char *name;
    int64_t min, max;
    bool is_required;
    int64_t *value;
};

/* Parses a copy of text. SLW_TOO_LARGE above ROLLOUT_TEXT_MAX. */
enum slw_status rollout_json_open(const char *name, struct slw_bytes text,
                                  struct slw_heap_buffer *ret_copy,
                                  struct slw_json_document *ret_json, struct slw_detail *detail);

/* Reads the integers of an object; a member that is neither among them nor among others is refused.
 */
enum slw_status rollout_members_read(const struct slw_json_document *json, uint32_t object,
                                     const struct rollout_member *members, size_t count,
                                     const char *const *others, size_t others_count,
                                     struct slw_detail *detail);

/* SLW_OK for an array, and for what isn't there. */
enum slw_status rollout_is_array(const struct slw_json_document *json, uint32_t value,
                                 struct slw_detail *detail);

#endif
