/* SPDX-License-Identifier: Apache-2.0 */
/* Approvals and rejections: what people say of a request, having looked at it. */
#include "slipway/statements.h"

#include "statements.h"

static const char *const decisions[] = {"approve", "reject", NULL};
static const char *const classes[] = {"dev", "test", "prod", NULL};

/* What is approved: each of these is compared with the request when it counts. */
static enum slw_status read_bindings(const struct slw_fields *fields, struct slw_approval *approval)
{
    size_t key_class = 0;
    uint64_t version = 0;
    SLW_TRY(slw_fields_hex(fields, "request", approval->request, SLW_SHA256_SIZE));
    SLW_TRY(slw_fields_hex(fields, "targets_sha256", approval->targets_sha256, SLW_SHA256_SIZE));
    SLW_TRY(slw_fields_hex(fields, "key_id", approval->key_id, SLW_SHA256_SIZE));
    SLW_TRY(slw_fields_word(fields, "key_class", classes, &key_class));
    SLW_TRY(slw_fields_text(fields, "channel", 0, SLW_STATEMENT_NAME_MAX, &approval->channel));
    SLW_TRY(slw_fields_uint(fields, "policy_version", 1, UINT32_MAX, &version));
    approval->key_class = (enum slw_key_class)(SLW_KEY_CLASS_DEV + (int)key_class);
    approval->policy_version = (uint32_t)version;
    return SLW_OK;
}

/* SIGNING.md, section 2: "`reason` (rejections)". */
static enum slw_status read_reason(const struct slw_fields *fields, struct slw_approval *approval)
{
    uint32_t value = SLW_JSON_NONE;
    if (!approval->approve) {
        return slw_fields_text(fields, "reason", 1, SLW_STATEMENT_TEXT_MAX, &approval->reason);
    }
    SLW_TRY(slw_fields_optional(fields, "reason", SLW_JSON_STRING, &value));
    return value == SLW_JSON_NONE ? SLW_OK
                                  : slw_fields_refuse(fields, value, "is for rejections alone");
}

enum slw_status slw_approval_read(const struct slw_statement *statement,
                                  struct slw_approval *ret_approval, struct slw_detail *detail)
{
    static const char *const members[] = {"signer", "decision",  "request", "targets_sha256",
                                          "key_id", "key_class", "channel", "policy_version",
                                          "issued", "expires",   "reason",  NULL};
    struct slw_approval approval = {.subject_name = statement->subject_name};
    struct slw_fields fields = {0};
    uint32_t expires = SLW_JSON_NONE;
    size_t decision = 0;
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_APPROVAL, &fields, detail));
    SLW_TRY(slw_fields_only(&fields, members));
    SLW_TRY(slw_fields_text(&fields, "signer", 1, SLW_STATEMENT_NAME_MAX, &approval.signer));
    SLW_TRY(slw_fields_word(&fields, "decision", decisions, &decision));
    approval.approve = decision == 0;
    SLW_TRY(read_bindings(&fields, &approval));
    SLW_TRY(slw_fields_time(&fields, "issued", &approval.issued_utc_s));
    SLW_TRY(slw_fields_time(&fields, "expires", &approval.expires_utc_s));
    SLW_TRY(slw_fields_value(&fields, "expires", SLW_JSON_STRING, &expires));
    if (approval.expires_utc_s < approval.issued_utc_s) {
        return slw_fields_refuse(&fields, expires, "is before it was issued");
    }
    SLW_TRY(read_reason(&fields, &approval));
    memcpy(approval.content, statement->subject, sizeof approval.content);
    *ret_approval = approval;
    return SLW_OK;
}

static enum slw_status read_approval(const struct slw_statement *statement,
                                     struct slw_detail *detail)
{
    struct slw_approval ignored;
    return slw_approval_read(statement, &ignored, detail);
}

static const char *class_word(enum slw_key_class key_class)
{
    return key_class >= SLW_KEY_CLASS_DEV && key_class <= SLW_KEY_CLASS_PROD
               ? classes[key_class - SLW_KEY_CLASS_DEV]
               : "none";
}

enum slw_status slw_approval_format(const struct slw_approval *approval,
                                    struct slw_heap_buffer *ret_payload, struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    slw_fields_put_text(&writer, "signer", approval->signer);
    slw_json_text(&writer.json, "decision", decisions[approval->approve ? 0 : 1]);
    slw_fields_put_hex(&writer, "request", approval->request, SLW_SHA256_SIZE);
    slw_fields_put_hex(&writer, "targets_sha256", approval->targets_sha256, SLW_SHA256_SIZE);
    slw_fields_put_hex(&writer, "key_id", approval->key_id, SLW_SHA256_SIZE);
    slw_json_text(&writer.json, "key_class", class_word(approval->key_class));
    slw_fields_put_text(&writer, "channel", approval->channel);
    slw_json_uint(&writer.json, "policy_version", approval->policy_version);
    slw_fields_put_time(&writer, "issued", approval->issued_utc_s);
    slw_fields_put_time(&writer, "expires", approval->expires_utc_s);
    if (approval->reason.len != 0) {
        slw_fields_put_text(&writer, "reason", approval->reason);
    }
    return slw_statement_close(&writer, SLW_STATEMENT_APPROVAL, approval->subject_name,
                               approval->content, read_approval, ret_payload, detail);
}
