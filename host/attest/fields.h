/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of statements: reading them strictly and writing them. Each reading function takes an
 * object and the name of a member that must be there; SLW_BAD_STATEMENT with the place and what is
 * wrong, and views that live as long as the document. Private to host/attest.
 */
#ifndef SLIPWAY_ATTEST_FIELDS_H
#define SLIPWAY_ATTEST_FIELDS_H

#include "slipway/crypto.h"
#include "slipway/json.h"
#include "slipway/json_reader.h"

/* A document, the object in it, and where to explain. */
struct slw_fields {
    const struct slw_json_document *json;
    uint32_t object;
    struct slw_detail *detail;
};

/* Refuses an object that isn't one, or has a member that isn't among these (NULL ends them). */
SLW_MUST_USE enum slw_status slw_fields_only(const struct slw_fields *fields,
                                             const char *const *names);

/* A member of this kind; SLW_JSON_NONE for an optional one that isn't there. */
SLW_MUST_USE enum slw_status slw_fields_value(const struct slw_fields *fields, const char *name,
                                              enum slw_json_kind kind, uint32_t *ret_value);
SLW_MUST_USE enum slw_status slw_fields_optional(const struct slw_fields *fields, const char *name,
                                                 enum slw_json_kind kind, uint32_t *ret_value);

/* One line of text, no control characters, at least shortest and at most longest bytes. */
SLW_MUST_USE enum slw_status slw_fields_text(const struct slw_fields *fields, const char *name,
                                             size_t shortest, size_t longest,
                                             struct slw_bytes *ret_text);
/* The same where it may be absent: empty then. */
SLW_MUST_USE enum slw_status slw_fields_optional_text(const struct slw_fields *fields,
                                                      const char *name, size_t longest,
                                                      struct slw_bytes *ret_text);
SLW_MUST_USE enum slw_status slw_fields_check_text(const struct slw_fields *fields, uint32_t value,
                                                   size_t shortest, size_t longest);

/* Lower-case hexadecimal digits of exactly size bytes. */
SLW_MUST_USE enum slw_status slw_fields_hex(const struct slw_fields *fields, const char *name,
                                            uint8_t *ret_bytes, size_t size);

/* RFC 3339, UTC, with seconds and nothing finer: "2030-01-31T00:00:00Z". */
SLW_MUST_USE enum slw_status slw_fields_time(const struct slw_fields *fields, const char *name,
                                             int64_t *ret_utc_s);

/* An integer of lowest to highest. */
SLW_MUST_USE enum slw_status slw_fields_uint(const struct slw_fields *fields, const char *name,
                                             uint64_t lowest, uint64_t highest,
                                             uint64_t *ret_number);

/* One of these words (NULL ends them): its index. */
SLW_MUST_USE enum slw_status slw_fields_word(const struct slw_fields *fields, const char *name,
                                             const char *const *words, size_t *ret_index);

/* SLW_BAD_STATEMENT at a value. */
enum slw_status slw_fields_refuse(const struct slw_fields *fields, uint32_t value,
                                  const char *what);

/*
 * Writing. A text that isn't UTF-8 would be written as something else, so it is remembered; times
 * and bytes as they are read above.
 */
struct slw_fields_writer {
    struct slw_json json;
    struct slw_heap_buffer text;
    bool is_bad;
};

void slw_fields_begin(struct slw_fields_writer *writer);
void slw_fields_put_text(struct slw_fields_writer *writer, const char *name, struct slw_bytes text);
void slw_fields_put_hex(struct slw_fields_writer *writer, const char *name, const uint8_t *bytes,
                        size_t size);
void slw_fields_put_time(struct slw_fields_writer *writer, const char *name, int64_t utc_s);

/* Appends the text of a JSON object or array as the next member. */
void slw_fields_put_raw(struct slw_fields_writer *writer, const char *name, struct slw_bytes raw);

#endif
