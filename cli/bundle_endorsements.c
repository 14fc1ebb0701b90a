/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `slipway bundle inspect` shows of a bundle's endorsements. It verifies no signature, for a
 * bundle doesn't say whose keys count: which key is named is all that is said of it.
 */
#include "inspect_bundle.h"

#include "slipway/content_digest.h"
#include "slipway/dsse.h"
#include "slipway/endorsements.h"
#include "slipway/explain.h"
#include "slipway/provenance.h"

/* One endorsement, read as far as it could be. */
struct endorsement {
    struct slw_dsse envelope;
    struct slw_statement statement;
    struct slw_provenance provenance;
    struct slw_test_result result;
    enum slw_statement_kind
        kind; /* SLW_STATEMENT_OTHER: nothing of it could be read but its type */
    bool has_envelope;
    bool has_statement;
};

static bool read_statement(struct endorsement *endorsement, struct slw_detail *detail)
{
    struct slw_statement *statement = &endorsement->statement;
    if (slw_statement_parse("endorsement", endorsement->envelope.payload, statement, detail) !=
        SLW_OK) {
        return false;
    }
    if (statement->kind == SLW_STATEMENT_PROVENANCE &&
        slw_provenance_read(statement, &endorsement->provenance, detail) == SLW_OK) {
        endorsement->kind = SLW_STATEMENT_PROVENANCE;
    } else if (statement->kind == SLW_STATEMENT_TEST_RESULT &&
               slw_test_result_read(statement, &endorsement->result, detail) == SLW_OK) {
        endorsement->kind = SLW_STATEMENT_TEST_RESULT;
    }
    return true;
}

static void open_endorsement(struct slw_bytes text, struct endorsement *endorsement)
{
    struct slw_detail ignored;
    *endorsement = (struct endorsement){.kind = SLW_STATEMENT_OTHER};
    endorsement->has_envelope =
        slw_dsse_parse("endorsement", text, &endorsement->envelope, &ignored) == SLW_OK;
    endorsement->has_statement = endorsement->has_envelope && read_statement(endorsement, &ignored);
}

static void close_endorsement(struct endorsement *endorsement)
{
    slw_provenance_free(&endorsement->provenance);
    if (endorsement->has_statement) {
        slw_statement_free(&endorsement->statement);
    }
    slw_dsse_free(&endorsement->envelope);
}

static void tree_quoted(struct cli_tree *tree, unsigned depth, const char *title,
                        struct slw_bytes text)
{
    if (text.len > 0) {
        struct slw_heap_buffer *line = cli_tree_line(tree, depth);
        slw_heap_append_text(line, title);
        slw_quote(text, line);
    }
}

static void tree_provenance(struct cli_tree *tree, const struct slw_provenance *provenance)
{
    tree_quoted(tree, 3, "build type ", provenance->build_type);
    tree_quoted(tree, 3, "source ", provenance->source);
    tree_quoted(tree, 3, "commit ", provenance->git_commit);
    for (size_t i = 0; i < provenance->parameters_count; i++) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 3);
        slw_heap_append_text(line, "parameter ");
        slw_quote(provenance->parameters[i].name, line);
        slw_heap_append_text(line, ": ");
        slw_quote(provenance->parameters[i].value, line);
    }
    tree_quoted(tree, 3, "run ", provenance->invocation_id);
}

static void tree_keys(struct cli_tree *tree, const struct slw_dsse *envelope)
{
    for (size_t i = 0; i < envelope->signatures_count; i++) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 3);
        slw_heap_append_text(line, "signature, ");
        if (envelope->signatures[i].has_keyid) {
            slw_heap_append_text(line, "by its own word of key ");
            slw_hex(slw_bytes_make(envelope->signatures[i].keyid, SLW_SHA256_SIZE), line);
        } else {
            slw_heap_append_text(line, "of a key that isn't named");
        }
    }
}

static void tree_endorsement(struct cli_tree *tree, const struct endorsement *endorsement,
                             const uint8_t *content)
{
    struct slw_heap_buffer *line = cli_tree_line(tree, 2);
    if (!endorsement->has_statement) {
        slw_heap_append_text(line, "not an endorsement that could be read");
        return;
    }
    bool is_other =
        content == NULL || memcmp(content, endorsement->statement.subject, SLW_SHA256_SIZE) != 0;
    const char *of = is_other ? " of another build" : "";
    if (endorsement->kind == SLW_STATEMENT_PROVENANCE) {
        slw_heap_printf(line, "provenance%s: builder ", of);
        slw_quote(endorsement->provenance.builder_id, line);
        tree_provenance(tree, &endorsement->provenance);
    } else if (endorsement->kind == SLW_STATEMENT_TEST_RESULT) {
        slw_heap_printf(line, "test result%s: %s in ", of,
                        slw_test_outcome_word(endorsement->result.outcome));
        slw_quote(endorsement->result.suite, line);
    } else {
        slw_heap_printf(line, "statement%s of type ", of);
        slw_quote(endorsement->statement.predicate_type, line);
    }
    tree_keys(tree, &endorsement->envelope);
}

/* NULL when the metadata are no build. */
static const uint8_t *content_of(const struct cli_bundle_file *bundle,
                                 const struct slw_targets_draft *draft,
                                 uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_detail ignored;
    return bundle->index.has_targets && slw_content_digest(draft, digest, &ignored) == SLW_OK
               ? digest
               : NULL;
}

void cli_tree_endorsements(struct cli_tree *tree, const struct cli_bundle_file *bundle,
                           const struct slw_targets_draft *draft)
{
    struct slw_endorsements list = {0};
    struct slw_detail detail;
    uint8_t digest[SLW_SHA256_SIZE];
    const uint8_t *content = content_of(bundle, draft, digest);
    if (content != NULL) {
        struct slw_heap_buffer *line = cli_tree_line(tree, 1);
        slw_heap_append_text(line, "content digest ");
        slw_hex(slw_bytes_make(content, SLW_SHA256_SIZE), line);
    }
    if (bundle->index.endorsements_count == 0) {
        return;
    }
    slw_heap_printf(cli_tree_line(tree, 1), "endorsements: %zu", bundle->index.endorsements_count);
    if (slw_endorsements_load(bundle->path, &bundle->index, &list, &detail) != SLW_OK) {
        slw_heap_append_text(cli_tree_line(tree, 2), detail.text);
    }
    for (size_t i = 0; i < list.count; i++) {
        struct endorsement endorsement;
        open_endorsement(list.items[i], &endorsement);
        tree_endorsement(tree, &endorsement, content);
        close_endorsement(&endorsement);
    }
    slw_endorsements_free(&list);
}

static void json_text(struct slw_json *json, const char *name, struct slw_bytes text)
{
    if (text.len > 0) {
        slw_json_bytes(json, name, text);
    }
}

static void json_provenance(struct slw_json *json, const struct slw_provenance *provenance)
{
    slw_json_bytes(json, "builder_id", provenance->builder_id);
    slw_json_bytes(json, "build_type_uri", provenance->build_type);
    json_text(json, "source", provenance->source);
    json_text(json, "git_commit", provenance->git_commit);
    slw_json_begin_array(json, "parameters");
    for (size_t i = 0; i < provenance->parameters_count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "name", provenance->parameters[i].name);
        slw_json_bytes(json, provenance->parameters[i].is_text ? "value" : "value_json",
                       provenance->parameters[i].value);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    json_text(json, "invocation_id", provenance->invocation_id);
    json_text(json, "started_on", provenance->started_on);
    json_text(json, "finished_on", provenance->finished_on);
}

static void json_statement(struct slw_json *json, const struct endorsement *endorsement,
                           const uint8_t *content)
{
    slw_json_bytes(json, "predicate_type", endorsement->statement.predicate_type);
    slw_json_hex(json, "subject", slw_bytes_make(endorsement->statement.subject, SLW_SHA256_SIZE));
    slw_json_bool(json, "of_this_build",
                  content != NULL &&
                      memcmp(content, endorsement->statement.subject, SLW_SHA256_SIZE) == 0);
    if (endorsement->kind == SLW_STATEMENT_PROVENANCE) {
        json_provenance(json, &endorsement->provenance);
    } else if (endorsement->kind == SLW_STATEMENT_TEST_RESULT) {
        slw_json_bytes(json, "suite", endorsement->result.suite);
        slw_json_text(json, "result", slw_test_outcome_word(endorsement->result.outcome));
        json_text(json, "url", endorsement->result.url);
    }
}

static void json_endorsement(struct slw_json *json, const struct endorsement *endorsement,
                             const uint8_t *content)
{
    slw_json_begin_object(json, NULL);
    slw_json_bool(json, "readable", endorsement->has_statement);
    if (endorsement->has_statement) {
        json_statement(json, endorsement, content);
    }
    slw_json_begin_array(json, "unverified_key_ids");
    for (size_t i = 0; i < endorsement->envelope.signatures_count; i++) {
        if (endorsement->envelope.signatures[i].has_keyid) {
            slw_json_hex(
                json, NULL,
                slw_bytes_make(endorsement->envelope.signatures[i].keyid, SLW_SHA256_SIZE));
        }
    }
    slw_json_end_array(json);
    slw_json_end_object(json);
}

void cli_json_endorsements(struct slw_json *json, const struct cli_bundle_file *bundle,
                           const struct slw_targets_draft *draft)
{
    struct slw_endorsements list = {0};
    struct slw_detail ignored;
    uint8_t digest[SLW_SHA256_SIZE];
    const uint8_t *content = content_of(bundle, draft, digest);
    if (content != NULL) {
        slw_json_hex(json, "content_digest", slw_bytes_make(content, SLW_SHA256_SIZE));
    }
    slw_json_uint(json, "endorsements", bundle->index.endorsements_count);
    if (slw_endorsements_load(bundle->path, &bundle->index, &list, &ignored) != SLW_OK) {
        return;
    }
    slw_json_begin_array(json, "endorsed");
    for (size_t i = 0; i < list.count; i++) {
        struct endorsement endorsement;
        open_endorsement(list.items[i], &endorsement);
        json_endorsement(json, &endorsement, content);
        close_endorsement(&endorsement);
    }
    slw_json_end_array(json);
    slw_endorsements_free(&list);
}
