/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies that a log has: each must be signed by the administrators of the one in force when
 * it was logged, the first by those whom entry 0 names. They say which keys the service signs with,
 * so that the signatures in the log can be verified, too.
 */
#include "audit_parts.h"

#include "slipway/explain.h"
#include "slipway/json_reader.h"

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
static size_t find_former(const struct slw_audit *audit, int64_t utc_s)
{
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

enum slw_status slw_audit_policy_add(struct slw_audit *audit, struct slw_bytes envelope,
                                     int64_t logged_utc_s, int64_t in_force_utc_s,
                                     struct slw_detail *detail)
{
    struct slw_audit_policy added = {.logged_utc_s = logged_utc_s,
                                     .in_force_utc_s = in_force_utc_s};
    const char *origin = audit->settings.log_key->name;
    const struct slw_policy *former = NULL;
    if (audit->policies_count == SLW_AUDIT_POLICIES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u policies", SLW_AUDIT_POLICIES_MAX);
    }
    if (audit->policies_count > 0) {
        added.former = find_former(audit, logged_utc_s);
        former = audit->policies[added.former].policy;
    }
    SLW_TRY(slw_policy_open(envelope, slw_bytes_make(origin, strlen(origin)), former, &added.policy,
                            detail));
    if (former == NULL && !is_by_the_first(audit, added.policy)) {
        slw_policy_free(added.policy);
        return slw_explain(detail, SLW_BELOW_THRESHOLD,
                           "not by the administrators that the log begins with");
    }
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
