/* SPDX-License-Identifier: Apache-2.0 */
/*
 * in-toto statements (Statement v1): the payloads of envelopes. This is the frame, the same for all
 * kinds; what is in it is read by slipway/statements.h (ours) and slipway/provenance.h (those of
 * SLSA and in-toto).
 *
 *     SLW_TRY(slw_statement_parse("request", envelope.payload, &statement, detail));
 *     if (statement.kind == SLW_STATEMENT_APPROVAL) {
 *         status = slw_approval_read(&statement, &approval, detail);
 *     }
 *     slw_statement_free(&statement);
 *
 * Everything that a reader hands out is a view that lives as long as the statement and the payload.
 */
#ifndef SLIPWAY_STATEMENT_H
#define SLIPWAY_STATEMENT_H

#include "slipway/crypto.h"
#include "slipway/json_reader.h"

#define SLW_STATEMENT_NAME_MAX 256u  /* bytes of a name: a signer, a key, a channel, a subject */
#define SLW_STATEMENT_URI_MAX 2048u  /* of a URI: builder, build type, source, predicate type */
#define SLW_STATEMENT_TEXT_MAX 4096u /* of text for people: the reason of a rejection */

enum slw_statement_kind {
    SLW_STATEMENT_OTHER, /* a predicate type that isn't ours and that we don't read */
    SLW_STATEMENT_PROVENANCE,
    SLW_STATEMENT_TEST_RESULT,
    SLW_STATEMENT_STAGE,
    SLW_STATEMENT_REQUEST,
    SLW_STATEMENT_APPROVAL,
    SLW_STATEMENT_POLICY,
    SLW_STATEMENT_TAKEOVER,
    SLW_STATEMENT_CEREMONY,
    SLW_STATEMENT_TUF_ROOT,
    SLW_STATEMENT_KINDS,
};

struct slw_statement {
    enum slw_statement_kind kind;
    struct slw_bytes predicate_type;
    struct slw_bytes subject_name; /* may be empty */
    uint8_t subject[SLW_SHA256_SIZE];
    uint8_t id[SLW_SHA256_SIZE]; /* SHA-256 of the payload: of a request, its id */
    uint32_t predicate;          /* an object in json */
    struct slw_json_document json;
};

/* "https://slsa.dev/provenance/v1" and so on; empty for SLW_STATEMENT_OTHER. */
struct slw_bytes slw_statement_type(enum slw_statement_kind kind);

/* "provenance", "test-result", "request", …: for people; "statement" for SLW_STATEMENT_OTHER. */
const char *slw_statement_word(enum slw_statement_kind kind);

/*
 * Reads the frame: one subject with one SHA-256, a predicate type, an object as predicate. In
 * statements of our own kinds nothing else may stand; in others unknown members are ignored, as
 * in-toto wants it. SLW_BAD_STATEMENT with the place and what is wrong there; SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_statement_parse(const char *name, struct slw_bytes payload,
                                                 struct slw_statement *ret_statement,
                                                 struct slw_detail *detail);
void slw_statement_free(struct slw_statement *statement);

/*
 * Appends a statement; predicate is the text of a JSON object. An empty subject_name is left out.
 */
void slw_statement_format(enum slw_statement_kind kind, struct slw_bytes subject_name,
                          const uint8_t subject[static SLW_SHA256_SIZE], struct slw_bytes predicate,
                          struct slw_heap_buffer *ret_payload);

#endif
