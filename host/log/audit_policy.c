/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies that a log has: each must be signed by the administrators of the one in force when
 * it was logged, the first by those whom entry 0 names, and count from when it may. They say which
 * keys the service signs with, so that the signatures in the log can be verified, too.
 */
#include "audit_parts.h"

#include "slipway/explain.h"
#include "slipway/json_reader.h"
#include "slipway/policy_compare.h"
#include "slipway/text.h"
#include "slipway/time_text.h"

#include <stdlib.h>

void slw_audit_policies_free(struct slw_audit *audit)
{
    for (size_t i = 0; i < audit->policies_count; i++) {
        slw_policy_free(audit->policies[i].policy);
        slw_heap_drop(&audit->policies[i].envelope);
    }
    free(audit->policies);
    audit->policies = NULL;
    audit->policies_count = 0;
}

/* Whoever was in force when a policy was logged vouches for it. One that still waited then was
 * replaced, and is never in force. */
size_t slw_audit_policy_at(const struct slw_audit *audit, int64_t utc_s)
{
    if (audit->policies_count == 0) {
        return 0;
    }
    const struct slw_audit_policy *newest = &audit->policies[audit->policies_count - 1];
    return newest->in_force_utc_s <= utc_s ? audit->policies_count - 1 : newest->former;
}

/* {"keys":{NAME:ID…},"threshold":N}, as entry 0 has it. */
static void format_administrators(const struct slw_policy *policy, struct slw_heap_buffer *ret_json)
{
    slw_heap_append_text(ret_json, "{\"keys\":{");
    for (size_t i = 0; i < policy->administrators.count; i++) {
        const struct slw_policy_party *party = &policy->administrators.items[i];
        slw_heap_append_text(ret_json, i == 0 ? "" : ",");
        slw_json_canonical_string(party->name, ret_json);
        slw_heap_append_text(ret_json, ":\"");
        slw_hex(slw_bytes_make(party->keys[0].id, SLW_SHA256_SIZE), ret_json);
        slw_heap_append_text(ret_json, "\"");
    }
    slw_heap_printf(ret_json, "},\"threshold\":%u}", policy->administrators_threshold);
}

static bool is_by_the_first(const struct slw_audit *audit, const struct slw_policy *policy)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_json_document json;
    struct slw_detail unheard;
    bool is_same = false;
    format_administrators(policy, &text);
    if (text.status == SLW_OK &&
        slw_json_parse("administrators", slw_heap_bytes(&text), &json, &unheard) == SLW_OK) {
        struct slw_bytes canonical = slw_json_canonical(&json, SLW_JSON_TOP, &scratch);
        is_same = scratch.status == SLW_OK &&
                  slw_bytes_equal(canonical, slw_heap_bytes(&audit->administrators));
        slw_json_document_free(&json);
    }
    slw_heap_drop(&text);
    slw_heap_drop(&scratch);
    return is_same;
}

/*
 * "loosening takes effect loosening_delay_s of the **former** policy after it is logged; everything
 * else at once": computed again, for the record only says what the service made of it.
 */
static enum slw_status check_in_force(const struct slw_policy *former,
                                      const struct slw_audit_policy *added,
                                      struct slw_detail *detail)
{
    struct slw_policy_changes changes;
    char said[SLW_TIME_TEXT_SIZE];
    char due_text[SLW_TIME_TEXT_SIZE];
    int64_t due_utc_s = added->logged_utc_s;
    if (former != NULL) {
        if (slw_policy_compare(former, added->policy, &changes) != SLW_OK) {
            return slw_explain_no_memory(detail);
        }
        due_utc_s = slw_policy_in_force_utc_s(former, &changes, added->logged_utc_s);
        slw_policy_changes_free(&changes);
    }
    return added->in_force_utc_s == due_utc_s
               ? SLW_OK
               : slw_explain(detail, SLW_LOOSENING_DELAYED, "in force from %s on, where %s is due",
                             slw_time_format(added->in_force_utc_s, said),
                             slw_time_format(due_utc_s, due_text));
}

static enum slw_status open_policy(const struct slw_audit *audit, struct slw_bytes envelope,
                                   const struct slw_policy *former, struct slw_audit_policy *added,
                                   struct slw_detail *detail)
{
    const char *origin = audit->settings.log_key->name;
    SLW_TRY(slw_policy_open(envelope, slw_bytes_make(origin, strlen(origin)), former,
                            &added->policy, detail));
    enum slw_status status = check_in_force(former, added, detail);
    if (status == SLW_OK && former == NULL && !is_by_the_first(audit, added->policy)) {
        status = slw_explain(detail, SLW_BELOW_THRESHOLD,
                             "not by the administrators that the log begins with");
    }
    if (status != SLW_OK) {
        slw_policy_free(added->policy);
    }
    return status;
}

enum slw_status slw_audit_policy_add(struct slw_audit *audit, struct slw_bytes envelope,
                                     int64_t logged_utc_s, int64_t in_force_utc_s,
                                     struct slw_detail *detail)
{
    struct slw_audit_policy added = {.logged_utc_s = logged_utc_s,
                                     .in_force_utc_s = in_force_utc_s};
    const struct slw_policy *former = NULL;
    if (audit->policies_count == SLW_AUDIT_POLICIES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u policies", SLW_AUDIT_POLICIES_MAX);
    }
    if (audit->policies_count > 0) {
        added.former = slw_audit_policy_at(audit, logged_utc_s);
        former = audit->policies[added.former].policy;
    }
    SLW_TRY(open_policy(audit, envelope, former, &added, detail));
    slw_heap_append(&added.envelope, envelope);
    struct slw_audit_policy *grown =
        slw_heap_grow(audit->policies, audit->policies_count, sizeof added);
    if (grown != NULL) {
        audit->policies = grown;
    }
    if (grown == NULL || added.envelope.status != SLW_OK) {
        slw_policy_free(added.policy);
        slw_heap_drop(&added.envelope);
        return slw_explain_no_memory(detail);
    }
    audit->policies[audit->policies_count++] = added;
    return SLW_OK;
}

const struct slw_policy_signing_key *
slw_audit_signing_key(const struct slw_audit *audit, const uint8_t key_id[static SLW_SHA256_SIZE])
{
    for (size_t i = audit->policies_count; i > 0; i--) {
        const struct slw_policy *policy = audit->policies[i - 1].policy;
        for (size_t k = 0; k < policy->keys_count; k++) {
            if (memcmp(policy->keys[k].key.id, key_id, SLW_SHA256_SIZE) == 0) {
                return &policy->keys[k];
            }
        }
    }
    return NULL;
}

static bool is_key_for(const struct slw_policy_signing_key *key, struct slw_bytes operation,
                       struct slw_bytes product, struct slw_bytes class_name)
{
    const struct slw_bytes sign = SLW_BYTES_OF("sign-");
    return operation.len > sign.len && memcmp(operation.ptr, sign.ptr, sign.len) == 0 &&
           slw_bytes_equal(slw_bytes_make(operation.ptr + sign.len, operation.len - sign.len),
                           slw_text_bytes(slw_policy_use_name(key->use))) &&
           slw_bytes_equal(product, key->product) &&
           slw_bytes_equal(class_name, slw_text_bytes(slw_policy_class_name(key->key_class)));
}

bool slw_audit_is_key_for(const struct slw_audit *audit,
                          const uint8_t key_id[static SLW_SHA256_SIZE], struct slw_bytes operation,
                          struct slw_bytes product, struct slw_bytes class_name)
{
    for (size_t i = 0; i < audit->policies_count; i++) {
        const struct slw_policy *policy = audit->policies[i].policy;
        for (size_t k = 0; k < policy->keys_count; k++) {
            if (memcmp(policy->keys[k].key.id, key_id, SLW_SHA256_SIZE) == 0 &&
                is_key_for(&policy->keys[k], operation, product, class_name)) {
                return true;
            }
        }
    }
    return false;
}

const struct slw_policy_signing_key *slw_audit_named_key(const struct slw_audit *audit,
                                                         size_t number)
{
    for (size_t i = audit->policies_count; i > 0; i--) {
        const struct slw_policy *policy = audit->policies[i - 1].policy;
        if (number < policy->keys_count) {
            return &policy->keys[number];
        }
        number -= policy->keys_count;
    }
    return NULL;
}

const struct slw_policy *slw_audit_policy_in_force(const struct slw_audit *audit, int64_t utc_s,
                                                   struct slw_bytes *ret_envelope,
                                                   int64_t *ret_since_utc_s)
{
    size_t at = slw_audit_policy_at(audit, utc_s);
    if (at >= audit->policies_count) {
        return NULL;
    }
    *ret_envelope = slw_heap_bytes(&audit->policies[at].envelope);
    *ret_since_utc_s = audit->policies[at].in_force_utc_s;
    return audit->policies[at].policy;
}
