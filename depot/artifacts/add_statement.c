/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endorsements and test results: envelopes about a build that is here. Who signed them isn't
 * decided here, but by the signing service's policy; which keys they name is kept, to be shown.
 */
#include "add.h"

#include "slipway/dsse.h"
#include "slipway/provenance.h"
#include "slipway/text.h"

static void list_signers(const struct slw_dsse *envelope, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_array(&json, NULL);
    for (size_t i = 0; i < envelope->signatures_count; i++) {
        if (envelope->signatures[i].has_keyid) {
            slw_json_hex(&json, NULL,
                         slw_bytes_make(envelope->signatures[i].keyid, SLW_SHA256_SIZE));
        }
    }
    slw_json_end_array(&json);
}

static enum slw_status read_provenance(struct addition *addition,
                                       const struct slw_statement *statement,
                                       struct slw_detail *detail)
{
    struct slw_provenance provenance;
    SLW_TRY(slw_provenance_read(statement, &provenance, detail));
    slw_heap_append(&addition->builder, provenance.builder_id);
    slw_heap_append(&addition->source, provenance.source);
    slw_heap_append(&addition->git_commit, provenance.git_commit);
    slw_provenance_free(&provenance);
    return addition->builder.status != SLW_OK || addition->source.status != SLW_OK ||
                   addition->git_commit.status != SLW_OK
               ? slw_explain_no_memory(detail)
               : SLW_OK;
}

static enum slw_status read_result(struct addition *addition, const struct slw_statement *statement,
                                   struct slw_detail *detail)
{
    struct slw_test_result result;
    SLW_TRY(slw_test_result_read(statement, &result, detail));
    slw_heap_append(&addition->suite, result.suite);
    slw_heap_append(&addition->url, result.url);
    addition->outcome = slw_test_outcome_word(result.outcome);
    return addition->suite.status != SLW_OK || addition->url.status != SLW_OK
               ? slw_explain_no_memory(detail)
               : SLW_OK;
}

/* DEPOT.md, section 4: "DSSE envelope with SLSA provenance; subject is a build that is here". That
 * it is here is looked at when it is recorded. */
static enum slw_status read_statement(struct addition *addition,
                                      const struct slw_statement *statement,
                                      enum slw_statement_kind kind, struct slw_detail *detail)
{
    if (statement->kind != kind) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "a %s, not a %s",
                           slw_statement_word(statement->kind), slw_statement_word(kind));
    }
    (void)depot_digest_format(statement->subject, addition->content);
    if (addition->build.len > 0 &&
        !slw_bytes_equal(addition->build, slw_text_bytes(addition->content))) {
        return slw_explain(detail, SLW_WRONG_CONTENT, "it is about build %s", addition->content);
    }
    return kind == SLW_STATEMENT_PROVENANCE ? read_provenance(addition, statement, detail)
                                            : read_result(addition, statement, detail);
}

static enum slw_status read_envelope(struct addition *addition, const struct slw_dsse *envelope,
                                     enum slw_statement_kind kind, struct slw_detail *detail)
{
    struct slw_statement statement;
    if (!slw_bytes_equal(envelope->payload_type, SLW_DSSE_INTOTO)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "not an envelope of an in-toto statement");
    }
    if (envelope->signatures_count == 0) {
        return slw_explain(detail, SLW_UNSIGNED, "an envelope that nobody signed");
    }
    list_signers(envelope, &addition->signers);
    SLW_TRY(slw_statement_parse("statement", envelope->payload, &statement, detail));
    enum slw_status status = read_statement(addition, &statement, kind, detail);
    slw_statement_free(&statement);
    return status;
}

static enum slw_status examine(struct addition *addition, enum slw_statement_kind kind,
                               struct slw_detail *detail)
{
    struct slw_dsse envelope;
    SLW_TRY(artifacts_load(addition, SLW_DSSE_SIZE_MAX, detail));
    SLW_TRY(slw_dsse_parse("envelope", slw_heap_bytes(&addition->text), &envelope, detail));
    enum slw_status status = read_envelope(addition, &envelope, kind, detail);
    slw_dsse_free(&envelope);
    return status;
}

enum slw_status artifacts_examine_endorsement(struct addition *addition, struct slw_detail *detail)
{
    return examine(addition, SLW_STATEMENT_PROVENANCE, detail);
}

enum slw_status artifacts_examine_test_result(struct addition *addition, struct slw_detail *detail)
{
    return examine(addition, SLW_STATEMENT_TEST_RESULT, detail);
}
