/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of statements share: a frame to put predicates in, and rows of edits by which a
 * good statement becomes a bad one. */
#ifndef SLIPWAY_ATTEST_TEST_STATEMENTS_H
#define SLIPWAY_ATTEST_TEST_STATEMENTS_H

#include "slipway/provenance.h"
#include "slipway/statements.h"

#include "tap.h"

static struct slw_detail detail;

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX2 "f0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FRAME(type, predicate)                                                                     \
    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"lamp\",\"digest\":"   \
    "{\"sha256\":\"" HEX "\"}}],\"predicateType\":\"" type "\",\"predicate\":" predicate "}"

static inline struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static inline bool is(struct slw_bytes actual, const char *expected)
{
    return slw_bytes_equal(actual, bytes_of(expected));
}

/* Reads the statement and its predicate by the reader of its kind. */
static inline enum slw_status read_predicate(const struct slw_statement *statement)
{
    struct slw_stage one;
    struct slw_request two;
    struct slw_approval three;
    struct slw_takeover four;
    struct slw_provenance five;
    struct slw_test_result six;
    struct slw_tuf_root_notice seven;
    enum slw_status status = SLW_OK;
    switch (statement->kind) {
    case SLW_STATEMENT_STAGE:
        return slw_stage_read(statement, &one, &detail);
    case SLW_STATEMENT_REQUEST:
        return slw_request_read(statement, &two, &detail);
    case SLW_STATEMENT_APPROVAL:
        return slw_approval_read(statement, &three, &detail);
    case SLW_STATEMENT_TAKEOVER:
        status = slw_takeover_read(statement, &four, &detail);
        if (status == SLW_OK) {
            slw_takeover_free(&four);
        }
        return status;
    case SLW_STATEMENT_PROVENANCE:
        status = slw_provenance_read(statement, &five, &detail);
        if (status == SLW_OK) {
            slw_provenance_free(&five);
        }
        return status;
    case SLW_STATEMENT_TEST_RESULT:
        return slw_test_result_read(statement, &six, &detail);
    case SLW_STATEMENT_TUF_ROOT:
        return slw_tuf_root_notice_read(statement, &seven, &detail);
    case SLW_STATEMENT_OTHER:
    case SLW_STATEMENT_POLICY:
    case SLW_STATEMENT_CEREMONY:
    case SLW_STATEMENT_KINDS:
        break;
    }
    return SLW_OK;
}

static inline enum slw_status read_text(struct slw_bytes text)
{
    struct slw_statement statement;
    detail.text[0] = '\0';
    enum slw_status status = slw_statement_parse("statement", text, &statement, &detail);
    if (status == SLW_OK) {
        status = read_predicate(&statement);
        slw_statement_free(&statement);
    }
    return status;
}

/* The text with the first `from` replaced by `to`; where it isn't there, nothing at all. */
static inline void edit(const char *text, const char *from, const char *to,
                        struct slw_heap_buffer *ret_text)
{
    const char *at = strstr(text, from);
    if (at != NULL) {
        slw_heap_append(ret_text, slw_bytes_make(text, (size_t)(at - text)));
        slw_heap_append_text(ret_text, to);
        slw_heap_append_text(ret_text, at + strlen(from));
    }
}

struct edit {
    const char *from;
    const char *to;
};

/* Each row changes a good statement into one that is refused, or that is read all the same. */
static inline void check_edits(const char *text, const struct edit *rows, size_t count,
                               enum slw_status expected)
{
    TAP_EQUAL_INT(read_text(bytes_of(text)), SLW_OK);
    for (size_t i = 0; i < count; i++) {
        struct slw_heap_buffer edited = {0};
        TAP_ROW(rows[i].to);
        edit(text, rows[i].from, rows[i].to, &edited);
        TAP_CHECK(edited.len > 0);
        TAP_EQUAL_INT(read_text(slw_heap_bytes(&edited)), expected);
        TAP_CHECK(expected == SLW_OK || strncmp(detail.text, "statement: ", 11) == 0);
        slw_heap_free(&edited);
    }
    TAP_ROW(NULL);
}

#define CHECK_EDITS(text, rows, expected)                                                          \
    check_edits((text), (rows), sizeof(rows) / sizeof((rows)[0]), (expected))

#endif
