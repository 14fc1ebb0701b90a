/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies as administrators sign them: the statement, and whether an envelope with one is by
 * enough of them. The key process opens every policy that it is given and every one in its log.
 */
#include "read.h"

#include "slipway/dsse.h"
#include "slipway/statement.h"

static void digest_origin(struct slw_bytes origin, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, origin);
    slw_sha256_final(&hash, ret_digest);
}

enum slw_status slw_policy_statement(const struct slw_policy *policy, struct slw_bytes origin,
                                     struct slw_heap_buffer *ret_payload, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    if (!slw_note_name_is_good(origin)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "that isn't the origin of a log");
    }
    digest_origin(origin, digest);
    slw_statement_format(SLW_STATEMENT_POLICY, origin, digest, policy->text, ret_payload);
    return ret_payload->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/* "none but the log: {"name": origin, "digest": sha256 of the origin}" */
static enum slw_status check_subject(const struct slw_statement *statement, struct slw_bytes origin,
                                     struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    digest_origin(origin, digest);
    if (statement->kind != SLW_STATEMENT_POLICY) {
        return slw_explain(detail, SLW_BAD_STATEMENT,
                           "policy: the statement is of another kind: %s",
                           slw_statement_word(statement->kind));
    }
    if (!slw_bytes_equal(statement->subject_name, origin) ||
        memcmp(statement->subject, digest, sizeof digest) != 0) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "policy: it is for another service");
    }
    return SLW_OK;
}

static enum slw_status parse_predicate(struct slw_bytes payload, struct slw_bytes origin,
                                       struct slw_policy **ret_policy, struct slw_detail *detail)
{
    struct slw_statement statement;
    SLW_TRY(slw_statement_parse("policy", payload, &statement, detail));
    enum slw_status status = check_subject(&statement, origin, detail);
    if (status == SLW_OK) {
        const struct slw_json_value *value = &statement.json.values[statement.predicate];
        struct slw_bytes text =
            slw_bytes_make(statement.json.text.ptr + value->start, value->end - value->start);
        status = slw_policy_parse("policy", text, ret_policy, detail);
    }
    slw_statement_free(&statement);
    return status;
}

/* Whether the threshold of these administrators signed it; each counts once, as does a key. */
static enum slw_status check_administrators(const struct slw_dsse *envelope,
                                            const struct slw_policy *policy, const char *whose,
                                            struct slw_detail *detail)
{
    const struct slw_statement_key *keys[SLW_POLICY_ADMINISTRATORS_MAX];
    struct slw_dsse_signers signers = {0};
    size_t count = policy->administrators.count;
    for (size_t i = 0; i < count; i++) {
        keys[i] = &policy->administrators.items[i].keys[0];
    }
    enum slw_status status =
        slw_dsse_verify(envelope, keys, count, SLW_DSSE_OUR_KEYS, &signers, detail);
    if (status != SLW_OK && status != SLW_UNSIGNED) {
        return status;
    }
    if (signers.count < policy->administrators_threshold) {
        return slw_explain(detail, SLW_BELOW_THRESHOLD,
                           "policy: signed by %zu of %s administrators, %u are needed",
                           signers.count, whose, policy->administrators_threshold);
    }
    return SLW_OK;
}

/* "Versioned, monotonic." */
static enum slw_status check_order(const struct slw_policy *policy, const struct slw_policy *former,
                                   struct slw_detail *detail)
{
    if (policy->version <= former->version) {
        return slw_explain(detail, SLW_ROLLBACK, "policy: version %u isn't above %u",
                           policy->version, former->version);
    }
    if (policy->issued_utc_s < former->issued_utc_s) {
        return slw_explain(detail, SLW_STALE_STATEMENT,
                           "policy: it was issued before the one that it follows");
    }
    return SLW_OK;
}

static enum slw_status open_envelope(const struct slw_dsse *envelope, struct slw_bytes origin,
                                     const struct slw_policy *former,
                                     struct slw_policy **ret_policy, struct slw_detail *detail)
{
    struct slw_policy *policy = NULL;
    if (!slw_bytes_equal(envelope->payload_type, SLW_DSSE_INTOTO)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "policy: the envelope isn't of a statement");
    }
    /* Where somebody vouches already, nothing of an unsigned one is looked into. */
    if (former != NULL) {
        SLW_TRY(check_administrators(envelope, former, "the former", detail));
    }
    SLW_TRY(parse_predicate(envelope->payload, origin, &policy, detail));
    enum slw_status status = former == NULL ? SLW_OK : check_order(policy, former, detail);
    /* "Replacing them needs the old and the new threshold": where they stay, both are the same. */
    if (status == SLW_OK) {
        status = check_administrators(envelope, policy, "its", detail);
    }
    if (status != SLW_OK) {
        slw_policy_free(policy);
        return status;
    }
    *ret_policy = policy;
    return SLW_OK;
}

enum slw_status slw_policy_open(struct slw_bytes envelope, struct slw_bytes origin,
                                const struct slw_policy *former, struct slw_policy **ret_policy,
                                struct slw_detail *detail)
{
    struct slw_dsse parsed;
    SLW_TRY(slw_dsse_parse("policy", envelope, &parsed, detail));
    enum slw_status status = open_envelope(&parsed, origin, former, ret_policy, detail);
    slw_dsse_free(&parsed);
    return status;
}

enum slw_status slw_policy_check_administrators(const struct slw_policy *policy,
                                                const struct slw_dsse *envelope,
                                                struct slw_detail *detail)
{
    return check_administrators(envelope, policy, "its", detail);
}
