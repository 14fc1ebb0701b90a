/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that a log has, verified from the log alone: each by the key of the person or
 * machine whom its record names, as the policy in force then had it; a takeover by the threshold of
 * the administrators, about the log as it was then; a ceremony's transcript entry by entry.
 */
#include "audit_record.h"

#include "slipway/ceremony.h"
#include "slipway/dsse.h"
#include "slipway/explain.h"
#include "slipway/statements.h"

#include <stdio.h>
#include <stdlib.h>

/* What is read out of a record's envelope. */
struct said {
    const struct slw_audit_record *record;
    struct slw_dsse envelope;
    struct slw_statement statement;
    struct slw_detail detail;
};

static void find(const struct said *said, const char *what)
{
    slw_audit_find(said->record->audit, said->record->index, "%s: %s", what, said->detail.text);
}

static bool is_kind(const struct slw_audit_record *record, const char *kind)
{
    return slw_bytes_equal(record->kind, slw_bytes_make(kind, strlen(kind)));
}

/* Envelope and statement, of this kind and with the id that the record has. */
static enum slw_status open_said(const struct slw_audit_record *record,
                                 enum slw_statement_kind kind, struct said *said)
{
    uint8_t id[SLW_SHA256_SIZE] = {0};
    struct slw_detail *detail = &said->detail;
    said->record = record;
    SLW_TRY(slw_dsse_parse("envelope", slw_audit_object(record, SLW_BYTES_OF("envelope")),
                           &said->envelope, detail));
    if (!slw_bytes_equal(said->envelope.payload_type, SLW_DSSE_INTOTO)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "its envelope isn't of a statement");
    }
    SLW_TRY(slw_statement_parse("statement", said->envelope.payload, &said->statement, detail));
    if (said->statement.kind != kind) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "its statement is of another kind");
    }
    return slw_audit_hex(record, SLW_BYTES_OF("id"), id, sizeof id) &&
                   memcmp(id, said->statement.id, sizeof id) == 0
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_STATEMENT, "its id isn't that of its statement");
}

static void close_said(struct said *said)
{
    slw_statement_free(&said->statement);
    slw_dsse_free(&said->envelope);
}

/* --- People and machines --- */

/* A kind of record, and what it says about who made its statement. */
struct row {
    const char *kind;
    const char *who;
    const char *key; /* NULL: nothing */
    bool may_lack;   /* who: a log of former versions doesn't say it */
    enum slw_statement_kind statement;
    enum slw_dsse_accept accept; /* "OpenSSH signatures count for approvals only." */
};

static const struct row rows[] = {
    {"stage", "who", NULL, true, SLW_STATEMENT_STAGE, SLW_DSSE_OUR_KEYS},
    {"request", "requester", "requester_key", false, SLW_STATEMENT_REQUEST, SLW_DSSE_OUR_KEYS},
    {"approval", "person", "key", false, SLW_STATEMENT_APPROVAL, SLW_DSSE_OPENSSH_TOO},
    {"rejection", "person", "key", false, SLW_STATEMENT_APPROVAL, SLW_DSSE_OPENSSH_TOO},
    {"ceremony", "who", NULL, false, SLW_STATEMENT_CEREMONY, SLW_DSSE_OUR_KEYS},
    {"tuf-root", "who", NULL, false, SLW_STATEMENT_TUF_ROOT, SLW_DSSE_OUR_KEYS},
};

/* Whether the record names the holder of this key. */
static bool is_named(const struct slw_audit_record *record, const struct row *row,
                     const struct slw_policy_holder *holder)
{
    uint8_t id[SLW_SHA256_SIZE] = {0};
    if (holder->kind == SLW_POLICY_NOBODY) {
        return false;
    }
    struct slw_bytes name = slw_audit_text(record, slw_bytes_make(row->who, strlen(row->who)));
    if (!slw_bytes_equal(name, holder->party->name) && !(row->may_lack && name.len == 0)) {
        return false;
    }
    return row->key == NULL ||
           (slw_audit_hex(record, slw_bytes_make(row->key, strlen(row->key)), id, sizeof id) &&
            memcmp(id, holder->key->id, sizeof id) == 0);
}

/* By one key alone, which is that of who is named. */
static enum slw_status check_signer(struct said *said, const struct row *row,
                                    const struct slw_policy *policy)
{
    const struct slw_statement_key **keys = NULL;
    size_t count = 0;
    struct slw_dsse_signers signers = {0};
    if (slw_policy_statement_keys(policy, &keys, &count) != SLW_OK) {
        return slw_explain_no_memory(&said->detail);
    }
    enum slw_status status =
        slw_dsse_verify(&said->envelope, keys, count, row->accept, &signers, &said->detail);
    if (status == SLW_OK && signers.count != 1) {
        status = slw_explain(&said->detail, SLW_UNSIGNED, "it is signed by several keys");
    }
    if (status == SLW_OK) {
        const struct slw_policy_holder holder =
            slw_policy_holder_of(policy, keys[signers.keys[0]]->id);
        status = is_named(said->record, row, &holder)
                     ? SLW_OK
                     : slw_explain(&said->detail, SLW_UNSIGNED,
                                   "the key that signed it isn't that of who is named");
    }
    free(keys);
    return status;
}

/*
 * By the policy in force then; a statement that was taken in one turn with a new policy was judged
 * by the one before, and is decided about later.
 */
static enum slw_status check_party(struct said *said, const struct row *row)
{
    const struct slw_audit *audit = said->record->audit;
    const size_t at = slw_audit_policy_at(audit, audit->time_utc_s);
    if (at >= audit->policies_count) {
        return slw_explain(&said->detail, SLW_UNSIGNED, "there is no policy yet");
    }
    const struct slw_audit_policy *policy = &audit->policies[at];
    enum slw_status status = check_signer(said, row, policy->policy);
    if (status != SLW_OK && status != SLW_NO_SPACE && at != policy->former) {
        status = check_signer(said, row, audit->policies[policy->former].policy);
    }
    return status;
}

/* --- What they said --- */

static enum slw_status check_service(struct said *said, struct slw_bytes signer)
{
    const char *origin = said->record->audit->settings.log_key->name;
    return slw_bytes_equal(signer, slw_bytes_make(origin, strlen(origin)))
               ? SLW_OK
               : slw_explain(&said->detail, SLW_BAD_STATEMENT, "it is for another service");
}

static enum slw_status check_approval(struct said *said)
{
    struct slw_approval approval;
    uint8_t request[SLW_SHA256_SIZE] = {0};
    uint8_t by[SLW_SHA256_SIZE] = {0};
    SLW_TRY(slw_approval_read(&said->statement, &approval, &said->detail));
    if (approval.approve != is_kind(said->record, "approval")) {
        return slw_explain(&said->detail, SLW_BAD_STATEMENT, "it says the opposite");
    }
    if (!slw_audit_hex(said->record, SLW_BYTES_OF("request"), request, sizeof request) ||
        memcmp(request, approval.request, sizeof request) != 0) {
        return slw_explain(&said->detail, SLW_BAD_STATEMENT, "it is about another request");
    }
    SLW_TRY(check_service(said, approval.signer));
    (void)slw_audit_hex(said->record, SLW_BYTES_OF("key"), by, sizeof by);
    return slw_audit_request_answer(said->record->audit, by, &approval, &said->detail);
}

/* "It must be the trusted root's version and one, signed by the trusted root's threshold and its
 * own": a root speaks for itself, and is trusted from this record on. */
static enum slw_status check_root(struct said *said)
{
    struct slw_tuf_root_notice root;
    struct slw_heap_buffer file = {0};
    int64_t version = -1;
    SLW_TRY(slw_tuf_root_notice_read(&said->statement, &root, &said->detail));
    SLW_TRY(check_service(said, root.signer));
    (void)slw_audit_number(said->record, SLW_BYTES_OF("version"), &version);
    enum slw_status status = slw_tuf_root_notice_file(&root, &file, &said->detail);
    if (status == SLW_OK) {
        status = slw_audit_root_add(said->record->audit, root.product, slw_heap_bytes(&file),
                                    version, &said->detail);
    }
    slw_heap_drop(&file);
    return status;
}

static enum slw_status check_content(struct said *said)
{
    struct slw_stage stage;
    struct slw_request request;
    if (said->statement.kind == SLW_STATEMENT_STAGE) {
        SLW_TRY(slw_stage_read(&said->statement, &stage, &said->detail));
        return check_service(said, stage.signer);
    }
    if (said->statement.kind == SLW_STATEMENT_TUF_ROOT) {
        return check_root(said);
    }
    if (said->statement.kind == SLW_STATEMENT_REQUEST) {
        uint8_t by[SLW_SHA256_SIZE] = {0};
        SLW_TRY(slw_request_read(&said->statement, &request, &said->detail));
        SLW_TRY(check_service(said, request.signer));
        (void)slw_audit_hex(said->record, SLW_BYTES_OF("requester_key"), by, sizeof by);
        return slw_audit_request_open(said->record->audit, said->statement.id, by, &request,
                                      &said->detail);
    }
    return said->statement.kind == SLW_STATEMENT_APPROVAL
               ? check_approval(said)
               : slw_ceremony_check_transcript(
                     slw_audit_object(said->record, SLW_BYTES_OF("envelope")), &said->detail);
}

static enum slw_status judge_party(const struct slw_audit_record *record, const struct row *row)
{
    struct said said = {.detail = {""}};
    char what[64];
    enum slw_status status = open_said(record, row->statement, &said);
    if (status == SLW_OK) {
        status = check_party(&said, row);
    }
    if (status == SLW_OK) {
        status = check_content(&said);
    }
    if (status != SLW_OK && status != SLW_NO_SPACE) {
        (void)snprintf(what, sizeof what, "a record of kind %s that doesn't hold", row->kind);
        find(&said, what);
    }
    close_said(&said);
    return status == SLW_NO_SPACE ? status : SLW_OK;
}

/* --- Which machine signs --- */

/* "takeover or loss needs a statement by the administrators' threshold with the next epoch, the
 * last checkpoint and the version marks" */
static enum slw_status check_takeover(struct said *said, const struct slw_takeover *takeover)
{
    const struct slw_audit_record *record = said->record;
    const struct slw_audit *audit = record->audit;
    int64_t epoch = 0;
    struct slw_merkle_hash root;
    slw_merkle_frontier_root(record->before, &root);
    if (!slw_audit_number(record, SLW_BYTES_OF("epoch"), &epoch) ||
        (uint64_t)epoch != takeover->epoch || takeover->epoch != audit->epoch + 1) {
        return slw_explain(&said->detail, SLW_BAD_STATEMENT, "it isn't about the next epoch");
    }
    if (takeover->size != record->index ||
        memcmp(takeover->root, root.bytes, sizeof root.bytes) != 0) {
        return slw_explain(&said->detail, SLW_LOG_BEHIND, "it isn't about the log before it");
    }
    const size_t at = slw_audit_policy_at(audit, audit->time_utc_s);
    if (at >= audit->policies_count) {
        return slw_explain(&said->detail, SLW_UNSIGNED, "there is no policy yet");
    }
    SLW_TRY(check_service(said, takeover->signer));
    return slw_policy_check_administrators(audit->policies[at].policy, &said->envelope,
                                           &said->detail);
}

static enum slw_status judge_takeover(const struct slw_audit_record *record)
{
    struct said said = {.detail = {""}};
    struct slw_takeover takeover = {0};
    uint8_t instance[SLW_SHA256_SIZE] = {0};
    enum slw_status status = open_said(record, SLW_STATEMENT_TAKEOVER, &said);
    if (status == SLW_OK) {
        status = slw_takeover_read(&said.statement, &takeover, &said.detail);
    }
    if (status == SLW_OK) {
        status = check_takeover(&said, &takeover);
        slw_takeover_free(&takeover);
    }
    if (status == SLW_OK &&
        !slw_audit_hex(record, SLW_BYTES_OF("instance"), instance, sizeof instance)) {
        status = slw_explain(&said.detail, SLW_BAD_STATEMENT, "it doesn't say which machine");
    }
    if (status == SLW_OK) {
        record->audit->epoch++;
        memcpy(record->audit->instance, instance, sizeof instance);
    } else if (status != SLW_NO_SPACE) {
        find(&said, "a takeover that doesn't count");
    }
    close_said(&said);
    return status == SLW_NO_SPACE ? status : SLW_OK;
}

/* "One active signer per log": another machine or disk needs a takeover before it starts. */
static void judge_start(const struct slw_audit_record *record)
{
    static const uint8_t none[SLW_SHA256_SIZE] = {0};
    struct slw_audit *audit = record->audit;
    uint8_t instance[SLW_SHA256_SIZE] = {0};
    int64_t epoch = 0;
    if (!slw_audit_number(record, SLW_BYTES_OF("epoch"), &epoch) ||
        (uint64_t)epoch != audit->epoch) {
        slw_audit_find(audit, record->index, "a start in another epoch than %llu",
                       (unsigned long long)audit->epoch);
        return;
    }
    if (!slw_audit_hex(record, SLW_BYTES_OF("instance"), instance, sizeof instance)) {
        slw_audit_find(audit, record->index, "a start that doesn't say on which machine");
        return;
    }
    if (memcmp(audit->instance, none, sizeof none) != 0 &&
        memcmp(audit->instance, instance, sizeof instance) != 0) {
        slw_audit_find(audit, record->index,
                       "a start on another machine or disk, which nobody stated to take over");
    }
    memcpy(audit->instance, instance, sizeof instance);
}

enum slw_status slw_audit_judge_statement(const struct slw_audit_record *record,
                                          struct slw_detail *detail)
{
    enum slw_status status = SLW_OK;
    if (is_kind(record, "start")) {
        judge_start(record);
    } else if (is_kind(record, "takeover")) {
        status = judge_takeover(record);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status == SLW_OK; i++) {
        if (is_kind(record, rows[i].kind)) {
            status = judge_party(record, &rows[i]);
        }
    }
    return status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}
