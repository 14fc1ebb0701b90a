/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers and writers of single kinds of statements share. Private to host/attest. */
#ifndef SLIPWAY_ATTEST_STATEMENTS_H
#define SLIPWAY_ATTEST_STATEMENTS_H

#include "slipway/statement.h"

#include "fields.h"

/* The predicate of a statement that is of this kind; SLW_BAD_STATEMENT for another. */
SLW_MUST_USE enum slw_status slw_statement_open(const struct slw_statement *statement,
                                                enum slw_statement_kind kind,
                                                struct slw_fields *ret_predicate,
                                                struct slw_detail *detail);

/*
 * Ends the predicate and appends the statement to ret_payload, after reading what was written as
 * anybody would: read is the kind's own reader. SLW_BAD_ARGUMENT for what it refuses. The writer's
 * memory is given back.
 */
SLW_MUST_USE enum slw_status slw_statement_close(
    struct slw_fields_writer *writer, enum slw_statement_kind kind, struct slw_bytes subject_name,
    const uint8_t subject[static SLW_SHA256_SIZE],
    enum slw_status (*read)(const struct slw_statement *statement, struct slw_detail *detail),
    struct slw_heap_buffer *ret_payload, struct slw_detail *detail);

#endif
