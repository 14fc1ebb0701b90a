/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a message, as a table: how each is read, bounded and written. Used by enrol.c,
 * report.c and answer.c. */
#ifndef SLIPWAY_FLEET_FIELDS_H
#define SLIPWAY_FLEET_FIELDS_H

#include "slipway/fleet.h"

enum fleet_type { FLEET_TEXT, FLEET_NUMBER, FLEET_WORD, FLEET_BOOL, FLEET_OTHER };

struct fleet_field {
    const char *name;
    enum fleet_type type;
    bool is_required;
    size_t offset;    /* of the member of the struct: slw_bytes, int64_t, int (of an enum), bool */
    int64_t min, max; /* of a number; max: of a text's bytes */
    const char *const *words; /* of FLEET_WORD: names of the enum's values */
    int words_count;
};

/* Reads an object into a struct; a member that isn't in the table is refused. FLEET_OTHER is left
 * to the caller. */
enum slw_status fleet_fields_read(const struct slw_json_document *json, uint32_t object,
                                  const struct fleet_field *fields, size_t count, void *ret_struct,
                                  struct slw_detail *detail);
/* Writes what isn't empty, 0, false or the enum's first, and what is required, into an object that
 * is open. */
struct slw_json;
void fleet_fields_write(struct slw_json *json, const struct fleet_field *fields, size_t count,
                        const void *from);

/* No database takes a text with a zero in it. */
bool fleet_text_is_good(struct slw_bytes text);

/* Parses and verifies an envelope of a type; the payload's document is in ret_opened. key NULL:
 * isn't verified yet. */
enum slw_status fleet_open(struct slw_bytes text, struct slw_bytes type,
                           const struct slw_public_key *key, struct slw_fleet_opened *ret_opened,
                           struct slw_detail *detail);
enum slw_status fleet_verify(const struct slw_fleet_opened *opened,
                             const struct slw_public_key *key, struct slw_detail *detail);

#endif
