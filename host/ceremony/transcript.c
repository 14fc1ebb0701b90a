/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transcript that is checked by itself, without the folder of its ceremony: the signing service
 * does so before it logs one, and auditors when they find it in the log.
 */
#include "internal.h"

static enum slw_status accept(struct slw_ceremony *ceremony, const char *name,
                              struct slw_bytes entry, struct slw_detail *detail)
{
    struct slw_heap_buffer line = {0};
    slw_heap_append(&line, entry);
    slw_heap_append_text(&line, "\n");
    enum slw_status status =
        line.status == SLW_OK
            ? slw_ceremony_accept_entry(ceremony, name, slw_heap_bytes(&line), detail)
            : slw_explain_no_memory(detail);
    slw_heap_drop(&line);
    return status;
}

static enum slw_status accept_all(struct slw_ceremony *ceremony,
                                  const struct slw_json_document *json, uint32_t entries,
                                  struct slw_bytes last, struct slw_detail *detail)
{
    char name[32];
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, entries);
    while (slw_json_walk_element(&walk, &element)) {
        (void)snprintf(name, sizeof name, "entries[%zu]", ceremony->done);
        SLW_TRY(accept(ceremony, name, slw_json_raw(json, element), detail));
    }
    SLW_TRY(accept(ceremony, "its last entry", last, detail));
    return ceremony->done == ceremony->steps_count
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_STATEMENT, "the transcript isn't whole");
}

/* The plan stands in the last entry without the line feed that its file ends with. */
static enum slw_status open_plan(struct slw_bytes plan, struct slw_ceremony **ret_ceremony,
                                 struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append(&text, plan);
    slw_heap_append_text(&text, "\n");
    enum slw_status status = text.status == SLW_OK ? slw_ceremony_open_unmade(slw_heap_bytes(&text),
                                                                              ret_ceremony, detail)
                                                   : slw_explain_no_memory(detail);
    slw_heap_drop(&text);
    return status;
}

static enum slw_status check_statement(const struct slw_dsse *envelope, struct slw_bytes last,
                                       struct slw_detail *detail)
{
    struct slw_statement statement;
    struct slw_ceremony *ceremony = NULL;
    uint32_t plan = SLW_JSON_NONE;
    uint32_t entries = SLW_JSON_NONE;
    SLW_TRY(slw_statement_parse("transcript", envelope->payload, &statement, detail));
    const struct slw_fields fields = {&statement.json, statement.predicate, detail};
    enum slw_status status = slw_fields_value(&fields, "plan", SLW_JSON_OBJECT, &plan);
    if (status == SLW_OK) {
        status = slw_fields_value(&fields, "entries", SLW_JSON_ARRAY, &entries);
    }
    if (status == SLW_OK) {
        status = open_plan(slw_json_raw(&statement.json, plan), &ceremony, detail);
    }
    if (status == SLW_OK) {
        status = accept_all(ceremony, &statement.json, entries, last, detail);
    }
    slw_ceremony_free(ceremony);
    slw_statement_free(&statement);
    return status;
}

enum slw_status slw_ceremony_check_transcript(struct slw_bytes last_entry,
                                              struct slw_detail *detail)
{
    struct slw_dsse envelope;
    struct slw_heap_buffer last = {0};
    SLW_TRY(slw_dsse_parse("transcript", last_entry, &envelope, detail));
    slw_dsse_format(&envelope, &last);
    enum slw_status status = last.status == SLW_OK
                                 ? check_statement(&envelope, slw_heap_bytes(&last), detail)
                                 : slw_explain_no_memory(detail);
    slw_heap_drop(&last);
    slw_dsse_free(&envelope);
    return status;
}
