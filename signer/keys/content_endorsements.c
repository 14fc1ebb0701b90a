/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What builders and testers say of a bundle, as facts: who signed it is verified here, whether it
 * is what the policy wants is compared by the policy. An envelope that is malformed, or that nobody
 * known signed, says nothing.
 */
#include "content.h"

#include "slipway/dsse.h"
#include "slipway/endorsements.h"
#include "slipway/provenance.h"

#include <stdlib.h>

/* What a statement says, read; SLW_OK when it is of one of the two kinds and in order. */
static enum slw_status said_read(struct slw_content_said *said)
{
    struct slw_detail ignored;
    SLW_TRY(slw_statement_parse("endorsement", slw_heap_bytes(&said->payload), &said->statement,
                                &ignored));
    enum slw_status status = SLW_BAD_STATEMENT;
    if (said->statement.kind == SLW_STATEMENT_PROVENANCE) {
        status = slw_provenance_read(&said->statement, &said->provenance, &ignored);
    } else if (said->statement.kind == SLW_STATEMENT_TEST_RESULT) {
        status = slw_test_result_read(&said->statement, &said->result, &ignored);
    }
    if (status != SLW_OK) {
        slw_statement_free(&said->statement);
    }
    return status;
}

/* Keeps what one key said. SLW_NO_SPACE alone matters: what can't be read says nothing. */
static enum slw_status said_add(struct slw_content *content, const uint8_t *signer_id,
                                struct slw_bytes payload)
{
    if (content->said_count >= SLW_CONTENT_SAID_MAX) {
        return SLW_OK;
    }
    struct slw_content_said **grown =
        slw_heap_grow(content->said, content->said_count, sizeof(struct slw_content_said *));
    content->said = grown == NULL ? content->said : grown;
    struct slw_content_said *said = grown == NULL ? NULL : calloc(1, sizeof *said);
    if (said == NULL) {
        return SLW_NO_SPACE;
    }
    slw_heap_append(&said->payload, payload);
    memcpy(said->signer_id, signer_id, sizeof said->signer_id);
    enum slw_status status = said->payload.status != SLW_OK ? SLW_NO_SPACE : said_read(said);
    if (status != SLW_OK) {
        slw_heap_drop(&said->payload);
        free(said);
        return status == SLW_NO_SPACE ? status : SLW_OK;
    }
    content->said[content->said_count++] = said;
    return SLW_OK;
}

/* Everybody known who signed an envelope says what it says. */
static enum slw_status envelope_read(const struct slw_content_task *task,
                                     const struct slw_dsse *envelope, struct slw_content *content)
{
    struct slw_dsse_signers signers;
    struct slw_detail ignored;
    if (!slw_bytes_equal(envelope->payload_type, SLW_DSSE_INTOTO) ||
        slw_dsse_verify(envelope, task->keys, task->keys_count, SLW_DSSE_OUR_KEYS, &signers,
                        &ignored) != SLW_OK) {
        return SLW_OK;
    }
    for (size_t i = 0; i < signers.count; i++) {
        SLW_TRY(said_add(content, task->keys[signers.keys[i]]->id, envelope->payload));
    }
    return SLW_OK;
}

enum slw_status slw_content_endorsements(const struct slw_content_task *task,
                                         const struct slw_bundle_index *index,
                                         struct slw_content *content, struct slw_detail *detail)
{
    struct slw_endorsements list;
    enum slw_status status = SLW_OK;
    SLW_TRY(slw_endorsements_load("bundle", index, &list, detail));
    for (size_t i = 0; i < list.count && status == SLW_OK; i++) {
        struct slw_dsse envelope;
        struct slw_detail ignored;
        if (slw_dsse_parse("endorsement", list.items[i], &envelope, &ignored) == SLW_OK) {
            status = envelope_read(task, &envelope, content);
            slw_dsse_free(&envelope);
        }
    }
    slw_endorsements_free(&list);
    return status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
