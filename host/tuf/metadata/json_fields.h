/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that an object of metadata must have, and their types; what isn't so is SLW_MALFORMED
 * with the place named. Private to host/tuf/metadata.
 */
#ifndef SLIPWAY_TUF_JSON_FIELDS_H
#define SLIPWAY_TUF_JSON_FIELDS_H

#include "slipway/json_reader.h"

SLW_MUST_USE enum slw_status slw_tuf_json_object(const struct slw_json_document *json,
                                                 uint32_t value, struct slw_detail *detail);

/* A member of this kind (not for booleans, which are two). */
SLW_MUST_USE enum slw_status slw_tuf_json_member(const struct slw_json_document *json,
                                                 uint32_t object, const char *name,
                                                 enum slw_json_kind kind, uint32_t *ret_value,
                                                 struct slw_detail *detail);

/* The same for one that may be absent: SLW_JSON_NONE then. */
SLW_MUST_USE enum slw_status slw_tuf_json_optional(const struct slw_json_document *json,
                                                   uint32_t object, const char *name,
                                                   enum slw_json_kind kind, uint32_t *ret_value,
                                                   struct slw_detail *detail);

/* A boolean, false when it is absent. */
SLW_MUST_USE enum slw_status slw_tuf_json_boolean(const struct slw_json_document *json,
                                                  uint32_t object, const char *name, bool *ret_flag,
                                                  struct slw_detail *detail);

/* An integer of at least lowest that fits 63 bits. */
SLW_MUST_USE enum slw_status slw_tuf_json_integer(const struct slw_json_document *json,
                                                  uint32_t object, const char *name, int64_t lowest,
                                                  int64_t *ret_number, struct slw_detail *detail);

/* That every element of an array is a string. */
SLW_MUST_USE enum slw_status slw_tuf_json_strings(const struct slw_json_document *json,
                                                  uint32_t array, struct slw_detail *detail);

#endif
