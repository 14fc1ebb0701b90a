/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the texts of records must say together (spec/SIGNING.md, section 3): who began the log, that
 * time and policies only go forward, that each signature is of the release that it names, and that
 * no version was signed twice with other content. What isn't so is a finding; the walk goes on.
 */
#include "audit_parts.h"

#include "slipway/base64.h"
#include "slipway/json_reader.h"
#include "slipway/time_text.h"

#include <stdlib.h>

static const char *const kinds[] = {
    "administrators", "start",     "stage",  "request",  "refusal",  "approval",
    "rejection",      "signature", "policy", "takeover", "ceremony", "expiry",
};

/* A record that is being judged. */
struct judged {
    struct slw_audit *audit;
    uint64_t index;
    struct slw_json_document json;
    struct slw_bytes kind;
};

static struct slw_bytes get_text(const struct judged *judged, struct slw_bytes name)
{
    return slw_json_string(&judged->json, slw_json_member(&judged->json, SLW_JSON_TOP, name));
}

static bool get_number(const struct judged *judged, struct slw_bytes name, int64_t *ret_number)
{
    uint32_t value = slw_json_member(&judged->json, SLW_JSON_TOP, name);
    return value != SLW_JSON_NONE && slw_json_integer(&judged->json, value, ret_number) &&
           *ret_number >= 0;
}

static bool get_hex(const struct judged *judged, struct slw_bytes name, uint8_t *ret_bytes,
                    size_t len)
{
    struct slw_bytes text = get_text(judged, name);
    if (text.len != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t digit = text.ptr[i];
        bool is_letter = digit >= 'a' && digit <= 'f';
        if (!is_letter && (digit < '0' || digit > '9')) {
            return false;
        }
        uint8_t value = (uint8_t)(is_letter ? digit - 'a' + 10 : digit - '0');
        ret_bytes[i / 2] = (uint8_t)(ret_bytes[i / 2] << 4 | value);
    }
    return true;
}

/* --- Rules for all records --- */

static void judge_kind(struct judged *judged)
{
    judged->kind = get_text(judged, SLW_BYTES_OF("kind"));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slw_bytes_equal(judged->kind, slw_bytes_make(kinds[i], strlen(kinds[i])))) {
            return;
        }
    }
    slw_audit_find(judged->audit, judged->index, "a record of a kind that there isn't");
}

static bool get_time(const struct judged *judged, struct slw_bytes name, int64_t *ret_utc_s)
{
    char buffer[SLW_TIME_TEXT_SIZE] = "";
    struct slw_bytes text = get_text(judged, name);
    if (text.len == 0 || text.len >= sizeof buffer || text.ptr[text.len - 1] != 'Z') {
        return false;
    }
    memcpy(buffer, text.ptr, text.len);
    return slw_time_parse(buffer, 0, ret_utc_s) == SLW_OK;
}

static void judge_time(struct judged *judged)
{
    char text[SLW_TIME_TEXT_SIZE];
    int64_t utc_s = 0;
    if (!get_time(judged, SLW_BYTES_OF("time"), &utc_s)) {
        slw_audit_find(judged->audit, judged->index, "a record without a time");
    } else if (utc_s < judged->audit->time_utc_s) {
        slw_audit_find(judged->audit, judged->index, "time fell to %s",
                       slw_time_format(utc_s, text));
    } else {
        judged->audit->time_utc_s = utc_s;
    }
}

/* Whom entry 0 names, to be compared with the first policy. */
static void keep_administrators(struct judged *judged)
{
    struct slw_heap_buffer scratch = {0};
    uint32_t value = slw_json_member(&judged->json, SLW_JSON_TOP, SLW_BYTES_OF("administrators"));
    if (value == SLW_JSON_NONE) {
        slw_audit_find(judged->audit, 0, "it names no administrators");
        return;
    }
    slw_heap_append(&judged->audit->administrators,
                    slw_json_canonical(&judged->json, value, &scratch));
    slw_heap_drop(&scratch);
}

static void judge_first(struct judged *judged)
{
    const char *origin = judged->audit->settings.log_key->name;
    bool is_first = slw_bytes_equal(judged->kind, SLW_BYTES_OF("administrators"));
    if (judged->index == 0 && !is_first) {
        slw_audit_find(judged->audit, 0, "the log doesn't begin with its administrators");
    } else if (judged->index == 0 && !slw_bytes_equal(get_text(judged, SLW_BYTES_OF("origin")),
                                                      slw_bytes_make(origin, strlen(origin)))) {
        slw_audit_find(judged->audit, 0, "its administrators are those of another log");
    } else if (judged->index != 0 && is_first) {
        slw_audit_find(judged->audit, judged->index, "administrators for a second time");
    } else if (is_first) {
        keep_administrators(judged);
    }
}

/* By whom it is, and from when on it counts. */
static void judge_envelope(struct judged *judged)
{
    struct slw_detail detail = {""};
    int64_t logged_utc_s = 0;
    int64_t in_force_utc_s = 0;
    uint32_t value = slw_json_member(&judged->json, SLW_JSON_TOP, SLW_BYTES_OF("envelope"));
    if (value == SLW_JSON_NONE || !get_time(judged, SLW_BYTES_OF("time"), &logged_utc_s) ||
        !get_time(judged, SLW_BYTES_OF("in_force"), &in_force_utc_s) ||
        in_force_utc_s < logged_utc_s) {
        slw_audit_find(judged->audit, judged->index,
                       "a policy without its envelope, or without a time from which it counts");
        return;
    }
    const struct slw_json_value *envelope = &judged->json.values[value];
    struct slw_bytes text =
        slw_bytes_make(judged->json.text.ptr + envelope->start, envelope->end - envelope->start);
    if (slw_audit_policy_add(judged->audit, text, logged_utc_s, in_force_utc_s, &detail) !=
        SLW_OK) {
        slw_audit_find(judged->audit, judged->index, "a policy that doesn't count: %s",
                       detail.text);
    }
}

static void judge_policy(struct judged *judged)
{
    int64_t version = 0;
    if (!slw_bytes_equal(judged->kind, SLW_BYTES_OF("policy"))) {
        return;
    }
    if (!get_number(judged, SLW_BYTES_OF("version"), &version)) {
        slw_audit_find(judged->audit, judged->index, "a policy without a version");
    } else if (version <= judged->audit->policy_version) {
        slw_audit_find(judged->audit, judged->index, "policy version %lld after %lld",
                       (long long)version, (long long)judged->audit->policy_version);
    } else {
        judged->audit->policy_version = version;
        judge_envelope(judged);
    }
}

/* --- Signatures --- */

/* What a version is one of: operation, key class and product, which don't share their versions. */
static void scope_of(const struct judged *judged, uint8_t ret_scope[static SLW_SHA256_SIZE])
{
    static const char *const names[] = {"operation", "class", "product", "mark"};
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slw_bytes text = get_text(judged, slw_bytes_make(names[i], strlen(names[i])));
        const uint8_t len[2] = {(uint8_t)(text.len >> 8), (uint8_t)text.len};
        slw_sha256_update(&hash, slw_bytes_make(len, sizeof len));
        slw_sha256_update(&hash, text);
    }
    slw_sha256_final(&hash, ret_scope);
}

static enum slw_status judge_version(struct judged *judged,
                                     const uint8_t digest[static SLW_SHA256_SIZE],
                                     struct slw_detail *detail)
{
    struct slw_audit *audit = judged->audit;
    struct slw_audit_release release = {.leaf = UINT64_MAX};
    int64_t version = 0;
    int64_t leaf = 0;
    if (get_number(judged, SLW_BYTES_OF("leaf"), &leaf)) {
        release.leaf = (uint64_t)leaf;
    }
    if (!get_number(judged, SLW_BYTES_OF("version"), &version) || version > UINT32_MAX) {
        slw_audit_find(audit, judged->index, "a signature without a version");
        return SLW_OK;
    }
    release.version = (uint32_t)version;
    memcpy(release.digest, digest, sizeof release.digest);
    scope_of(judged, release.scope);
    const struct slw_audit_release *former = slw_audit_release_find(audit, &release);
    if (former == NULL) {
        return slw_audit_release_add(audit, &release, detail);
    }
    if (memcmp(former->digest, release.digest, sizeof release.digest) != 0) {
        slw_audit_find(audit, judged->index, "version %u was signed before with other content",
                       release.version);
    }
    return SLW_OK;
}

/* Who asks for the same once more gets the same signature: its record names the release of then. */
static bool is_signed_again(const struct judged *judged, uint64_t leaf, uint32_t version,
                            const uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_audit_release like = {.version = version};
    scope_of(judged, like.scope);
    const struct slw_audit_release *former = slw_audit_release_find(judged->audit, &like);
    return former != NULL && former->leaf == leaf &&
           memcmp(former->digest, digest, sizeof former->digest) == 0;
}

/* The release that a signature names must be the one that was signed. */
static void judge_named(struct judged *judged, const uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_audit *audit = judged->audit;
    int64_t leaf = -1;
    int64_t version = -1;
    if (!get_number(judged, SLW_BYTES_OF("leaf"), &leaf)) {
        slw_audit_find(audit, judged->index, "a signature that names no release");
        return;
    }
    (void)get_number(judged, SLW_BYTES_OF("version"), &version);
    for (size_t i = 0; i < audit->unnamed_count; i++) {
        const struct slw_audit_unnamed *release = &audit->unnamed[i];
        if (release->index != (uint64_t)leaf) {
            continue;
        }
        if (memcmp(release->digest, digest, sizeof release->digest) != 0 ||
            release->version != (uint64_t)version ||
            !slw_bytes_equal(get_text(judged, SLW_BYTES_OF("product")),
                             slw_bytes_make(release->product, release->product_len))) {
            slw_audit_find(audit, judged->index, "a signature of something else than release %lld",
                           (long long)leaf);
        }
        audit->unnamed[i] = audit->unnamed[--audit->unnamed_count];
        return;
    }
    if (!is_signed_again(judged, (uint64_t)leaf, (uint32_t)version, digest)) {
        slw_audit_find(audit, judged->index,
                       "a signature that names entry %lld, which isn't its release",
                       (long long)leaf);
    }
}

/* By a key that a policy names, and of these bytes. */
static void judge_signed(struct judged *judged, struct slw_bytes metadata)
{
    uint8_t key_id[SLW_SHA256_SIZE] = {0};
    uint8_t signature[SLW_SIGNATURE_SIZE] = {0};
    struct slw_detail unheard;
    if (!get_hex(judged, SLW_BYTES_OF("key_id"), key_id, sizeof key_id) ||
        !get_hex(judged, SLW_BYTES_OF("signature"), signature, sizeof signature)) {
        slw_audit_find(judged->audit, judged->index, "a signature that isn't there");
        return;
    }
    const struct slw_policy_signing_key *key = slw_audit_signing_key(judged->audit, key_id);
    if (key == NULL) {
        slw_audit_find(judged->audit, judged->index, "a signature by a key that no policy names");
    } else if (slw_statement_key_verify(&key->key, metadata,
                                        slw_bytes_make(signature, sizeof signature),
                                        &unheard) != SLW_OK) {
        slw_audit_find(judged->audit, judged->index, "a signature that doesn't verify");
    }
}

/* The metadata that a record has must be those that it says were signed. */
static enum slw_status judge_metadata(struct judged *judged,
                                      const uint8_t digest[static SLW_SHA256_SIZE],
                                      struct slw_detail *detail)
{
    struct slw_bytes text = get_text(judged, SLW_BYTES_OF("metadata"));
    struct slw_heap_buffer metadata = {0};
    uint8_t found[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    if (text.len == 0) {
        if (!slw_bytes_equal(get_text(judged, SLW_BYTES_OF("operation")),
                             SLW_BYTES_OF("sign-role"))) {
            slw_audit_find(judged->audit, judged->index, "a signature without what was signed");
        }
        return SLW_OK; /* of roles, which a repository has, the log has the digest alone */
    }
    enum slw_status status = slw_base64_decode(text, &metadata);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status == SLW_OK) {
        judge_signed(judged, slw_heap_bytes(&metadata));
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&metadata));
    slw_sha256_final(&hash, found);
    if (status != SLW_OK || memcmp(found, digest, sizeof found) != 0) {
        slw_audit_find(judged->audit, judged->index, "metadata that aren't what was signed");
    }
    slw_heap_drop(&metadata);
    return SLW_OK;
}

static enum slw_status judge_signature(struct judged *judged, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    if (!slw_bytes_equal(judged->kind, SLW_BYTES_OF("signature"))) {
        return SLW_OK;
    }
    if (!get_hex(judged, SLW_BYTES_OF("sha256"), digest, sizeof digest)) {
        slw_audit_find(judged->audit, judged->index, "a signature that doesn't say of what");
        return SLW_OK;
    }
    if (slw_bytes_equal(get_text(judged, SLW_BYTES_OF("operation")),
                        SLW_BYTES_OF("sign-targets"))) {
        judge_named(judged, digest);
    }
    SLW_TRY(judge_metadata(judged, digest, detail));
    return judge_version(judged, digest, detail);
}

/* --- Entries --- */

static enum slw_status judge_record(struct slw_audit *audit, const struct slw_log_entry *entry,
                                    struct slw_detail *detail)
{
    struct judged judged = {audit, entry->index, {.count = 0}, {NULL, 0}};
    struct slw_detail unheard;
    enum slw_status status = slw_json_parse("record", entry->text, &judged.json, &unheard);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status != SLW_OK || slw_json_kind(&judged.json, SLW_JSON_TOP) != SLW_JSON_OBJECT) {
        slw_audit_find(audit, entry->index, "a record that isn't JSON");
        if (status == SLW_OK) {
            slw_json_document_free(&judged.json);
        }
        return SLW_OK;
    }
    judge_kind(&judged);
    judge_time(&judged);
    judge_first(&judged);
    judge_policy(&judged);
    status = judge_signature(&judged, detail);
    slw_json_document_free(&judged.json);
    return status;
}

static enum slw_status judge_release(struct slw_audit *audit, const struct slw_log_entry *entry,
                                     struct slw_detail *detail)
{
    struct slw_audit_unnamed release = {.index = entry->index,
                                        .version = entry->leaf.targets_version,
                                        .product_len = entry->leaf.product.len};
    if (entry->index == 0) {
        slw_audit_find(audit, 0, "the log doesn't begin with its administrators");
    }
    if (audit->unnamed_count == SLW_AUDIT_UNNAMED_MAX) {
        slw_audit_find(audit, entry->index, "too many releases without signatures");
        return SLW_OK;
    }
    if (release.product_len != 0) {
        memcpy(release.product, entry->leaf.product.ptr, release.product_len);
    }
    memcpy(release.digest, entry->leaf.digest, sizeof release.digest);
    struct slw_audit_unnamed *grown =
        slw_heap_grow(audit->unnamed, audit->unnamed_count, sizeof release);
    if (grown == NULL) {
        return slw_explain_no_memory(detail);
    }
    audit->unnamed = grown;
    audit->unnamed[audit->unnamed_count++] = release;
    return SLW_OK;
}

enum slw_status slw_audit_judge(struct slw_audit *audit, const struct slw_log_entry *entry,
                                struct slw_detail *detail)
{
    return entry->leaf.kind == SLW_LOG_RELEASE ? judge_release(audit, entry, detail)
                                               : judge_record(audit, entry, detail);
}
