/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the texts of records must say together (spec/SIGNING.md, section 3): who began the log, that
 * time and policies only go forward, that each signature is of the release that it names, and that
 * no version was signed twice with other content. What isn't so is a finding; the walk goes on.
 */
#include "audit_record.h"

#include "slipway/base64.h"
#include "slipway/time_text.h"

#include <stdlib.h>

static const char *const kinds[] = {
    "administrators", "start",  "stage",    "request",  "refusal", "approval", "rejection",
    "signature",      "policy", "takeover", "ceremony", "expiry",  "tuf-root", "trusted-root",
};

/* --- Rules for all records --- */

static void judge_kind(struct slw_audit_record *record)
{
    record->kind = slw_audit_text(record, SLW_BYTES_OF("kind"));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slw_bytes_equal(record->kind, slw_bytes_make(kinds[i], strlen(kinds[i])))) {
            return;
        }
    }
    slw_audit_find(record->audit, record->index, "a record of a kind that there isn't");
}

static void judge_time(struct slw_audit_record *record)
{
    char text[SLW_TIME_TEXT_SIZE];
    int64_t utc_s = 0;
    if (!slw_audit_time(record, SLW_BYTES_OF("time"), &utc_s)) {
        slw_audit_find(record->audit, record->index, "a record without a time");
    } else if (utc_s < record->audit->time_utc_s) {
        slw_audit_find(record->audit, record->index, "time fell to %s",
                       slw_time_format(utc_s, text));
    } else {
        record->audit->time_utc_s = utc_s;
    }
}

/* Whom entry 0 names, to be compared with the first policy. */
static void keep_administrators(struct slw_audit_record *record)
{
    struct slw_heap_buffer scratch = {0};
    uint32_t value = slw_json_member(&record->json, SLW_JSON_TOP, SLW_BYTES_OF("administrators"));
    if (value == SLW_JSON_NONE) {
        slw_audit_find(record->audit, 0, "it names no administrators");
        return;
    }
    slw_heap_append(&record->audit->administrators,
                    slw_json_canonical(&record->json, value, &scratch));
    slw_heap_drop(&scratch);
}

static void judge_first(struct slw_audit_record *record)
{
    const char *origin = record->audit->settings.log_key->name;
    bool is_first = slw_bytes_equal(record->kind, SLW_BYTES_OF("administrators"));
    if (record->index == 0 && !is_first) {
        slw_audit_find(record->audit, 0, "the log doesn't begin with its administrators");
    } else if (record->index == 0 &&
               !slw_bytes_equal(slw_audit_text(record, SLW_BYTES_OF("origin")),
                                slw_bytes_make(origin, strlen(origin)))) {
        slw_audit_find(record->audit, 0, "its administrators are those of another log");
    } else if (record->index != 0 && is_first) {
        slw_audit_find(record->audit, record->index, "administrators for a second time");
    } else if (is_first) {
        keep_administrators(record);
    }
}

/* By whom it is, and from when on it counts. */
static void judge_envelope(struct slw_audit_record *record)
{
    struct slw_detail detail = {""};
    int64_t logged_utc_s = 0;
    int64_t in_force_utc_s = 0;
    struct slw_bytes envelope = slw_audit_object(record, SLW_BYTES_OF("envelope"));
    if (envelope.len == 0 || !slw_audit_time(record, SLW_BYTES_OF("time"), &logged_utc_s) ||
        !slw_audit_time(record, SLW_BYTES_OF("in_force"), &in_force_utc_s) ||
        in_force_utc_s < logged_utc_s) {
        slw_audit_find(record->audit, record->index,
                       "a policy without its envelope, or without a time from which it counts");
        return;
    }
    if (slw_audit_policy_add(record->audit, envelope, logged_utc_s, in_force_utc_s, &detail) !=
        SLW_OK) {
        slw_audit_find(record->audit, record->index, "a policy that doesn't count: %s",
                       detail.text);
    } else if (record->audit->policies[record->audit->policies_count - 1].policy->version !=
               record->audit->policy_version) {
        slw_audit_find(record->audit, record->index,
                       "a policy of another version than its record says");
    }
}

static void judge_policy(struct slw_audit_record *record)
{
    int64_t version = 0;
    if (!slw_bytes_equal(record->kind, SLW_BYTES_OF("policy"))) {
        return;
    }
    if (!slw_audit_number(record, SLW_BYTES_OF("version"), &version)) {
        slw_audit_find(record->audit, record->index, "a policy without a version");
    } else if (version <= record->audit->policy_version) {
        slw_audit_find(record->audit, record->index, "policy version %lld after %lld",
                       (long long)version, (long long)record->audit->policy_version);
    } else {
        record->audit->policy_version = version;
        judge_envelope(record);
    }
}

/* --- Signatures --- */

static bool is_of_role(const struct slw_audit_record *record)
{
    return slw_bytes_equal(slw_audit_text(record, SLW_BYTES_OF("operation")),
                           SLW_BYTES_OF("sign-role"));
}

/* "whose versions it counts in: PRODUCT/CLASS, of roles PRODUCT/ROLE": the beginning up to ROLE, or
 * all of it. */
static void mark_make(const struct slw_audit_record *record, struct slw_heap_buffer *ret_mark)
{
    slw_heap_append(ret_mark, slw_audit_text(record, SLW_BYTES_OF("product")));
    slw_heap_append_text(ret_mark, "/");
    if (!is_of_role(record)) {
        slw_heap_append(ret_mark, slw_audit_text(record, SLW_BYTES_OF("class")));
    }
}

static void hash_text(struct slw_bytes text, struct slw_sha256 *hash)
{
    const uint8_t len[2] = {(uint8_t)(text.len >> 8), (uint8_t)text.len};
    slw_sha256_update(hash, slw_bytes_make(len, sizeof len));
    slw_sha256_update(hash, text);
}

/* What a version is one of: of an operation and a mark, which has the class where versions are a
 * class's own. */
static enum slw_status scope_of(const struct slw_audit_record *record,
                                uint8_t ret_scope[static SLW_SHA256_SIZE])
{
    static const char *const names[] = {"operation", "product"};
    struct slw_bytes mark = slw_audit_text(record, SLW_BYTES_OF("mark"));
    struct slw_heap_buffer made = {0};
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hash_text(slw_audit_text(record, slw_bytes_make(names[i], strlen(names[i]))), &hash);
    }
    mark_make(record, &made);
    hash_text(mark.len == 0 ? slw_heap_bytes(&made) : mark, &hash);
    slw_sha256_final(&hash, ret_scope);
    enum slw_status status = made.status;
    slw_heap_drop(&made);
    return status;
}

/* By what its key isn't for, a version could be signed twice: as one of another class, say. */
static enum slw_status judge_scope(struct slw_audit_record *record, struct slw_detail *detail)
{
    uint8_t key_id[SLW_SHA256_SIZE] = {0};
    struct slw_bytes mark = slw_audit_text(record, SLW_BYTES_OF("mark"));
    struct slw_heap_buffer made = {0};
    if (!slw_audit_hex(record, SLW_BYTES_OF("key_id"), key_id, sizeof key_id) ||
        slw_audit_signing_key(record->audit, key_id) == NULL) {
        return SLW_OK; /* that was found already */
    }
    if (!slw_audit_is_key_for(record->audit, key_id,
                              slw_audit_text(record, SLW_BYTES_OF("operation")),
                              slw_audit_text(record, SLW_BYTES_OF("product")),
                              slw_audit_text(record, SLW_BYTES_OF("class")))) {
        slw_audit_find(record->audit, record->index,
                       "a signature of an operation, product or class that its key isn't for");
    }
    mark_make(record, &made);
    if (made.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    bool is_so = is_of_role(record) ? mark.len > made.len : mark.len == made.len;
    if (mark.len != 0 && (!is_so || memcmp(mark.ptr, made.ptr, made.len) != 0)) {
        slw_audit_find(record->audit, record->index,
                       "a signature that counts in the versions of something else");
    }
    slw_heap_drop(&made);
    return SLW_OK;
}

/* One release of several of the same version and content: by another key, or by requests that were
 * under way at once. */
static struct slw_audit_release one_of_several(const struct slw_audit_release *release)
{
    struct slw_audit_release one = *release;
    struct slw_sha256 hash;
    uint8_t leaf[8];
    slw_put_u64_le(leaf, release->leaf);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(release->scope, sizeof release->scope));
    slw_sha256_update(&hash, slw_bytes_make(leaf, sizeof leaf));
    slw_sha256_final(&hash, one.scope);
    return one;
}

static enum slw_status judge_version(struct slw_audit_record *record,
                                     const uint8_t digest[static SLW_SHA256_SIZE],
                                     struct slw_detail *detail)
{
    struct slw_audit *audit = record->audit;
    struct slw_audit_release release = {.leaf = UINT64_MAX};
    int64_t version = 0;
    int64_t leaf = 0;
    if (slw_audit_number(record, SLW_BYTES_OF("leaf"), &leaf)) {
        release.leaf = (uint64_t)leaf;
    }
    if (!slw_audit_number(record, SLW_BYTES_OF("version"), &version) || version > UINT32_MAX) {
        slw_audit_find(audit, record->index, "a signature without a version");
        return SLW_OK;
    }
    release.version = (uint32_t)version;
    memcpy(release.digest, digest, sizeof release.digest);
    if (scope_of(record, release.scope) != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    const struct slw_audit_release *former = slw_audit_release_find(audit, &release);
    if (former == NULL) {
        return slw_audit_release_add(audit, &release, detail);
    }
    if (memcmp(former->digest, release.digest, sizeof release.digest) != 0) {
        slw_audit_find(audit, record->index, "version %u was signed before with other content",
                       release.version);
    }
    const struct slw_audit_release one = one_of_several(&release);
    return record->is_of_release ? slw_audit_release_add(audit, &one, detail) : SLW_OK;
}

/* Who asks for the same once more gets the same signature: its record names the release of then. */
static bool is_signed_again(const struct slw_audit_record *record, uint64_t leaf, uint32_t version,
                            const uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_audit_release like = {.version = version, .leaf = leaf};
    if (scope_of(record, like.scope) != SLW_OK) {
        return false;
    }
    const struct slw_audit_release one = one_of_several(&like);
    const struct slw_audit_release *former = slw_audit_release_find(record->audit, &like);
    if (former != NULL && former->leaf != leaf) {
        former = slw_audit_release_find(record->audit, &one);
    }
    return former != NULL && former->leaf == leaf &&
           memcmp(former->digest, digest, sizeof former->digest) == 0;
}

/* The release that a signature names must be the one that was signed. */
static void judge_named(struct slw_audit_record *record,
                        const uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_audit *audit = record->audit;
    int64_t leaf = -1;
    int64_t version = -1;
    if (!slw_audit_number(record, SLW_BYTES_OF("leaf"), &leaf)) {
        slw_audit_find(audit, record->index, "a signature that names no release");
        return;
    }
    (void)slw_audit_number(record, SLW_BYTES_OF("version"), &version);
    for (size_t i = 0; i < audit->unnamed_count; i++) {
        const struct slw_audit_unnamed *release = &audit->unnamed[i];
        if (release->index != (uint64_t)leaf) {
            continue;
        }
        if (memcmp(release->digest, digest, sizeof release->digest) != 0 ||
            release->version != (uint64_t)version ||
            !slw_bytes_equal(slw_audit_text(record, SLW_BYTES_OF("product")),
                             slw_bytes_make(release->product, release->product_len))) {
            slw_audit_find(audit, record->index, "a signature of something else than release %lld",
                           (long long)leaf);
        } else {
            record->is_of_release = true;
        }
        audit->unnamed[i] = audit->unnamed[--audit->unnamed_count];
        return;
    }
    if (!is_signed_again(record, (uint64_t)leaf, (uint32_t)version, digest)) {
        slw_audit_find(audit, record->index,
                       "a signature that names entry %lld, which isn't its release",
                       (long long)leaf);
    }
}

/*
 * By a key that a policy names, and of these bytes. Of a role that a P-256 key signed the log has
 * their SHA-256 alone (metadata is empty then), which is what such a signature is over.
 */
static void judge_signed(struct slw_audit_record *record, struct slw_bytes metadata,
                         const uint8_t digest[static SLW_SHA256_SIZE])
{
    uint8_t key_id[SLW_SHA256_SIZE] = {0};
    uint8_t signature[SLW_SIGNATURE_SIZE] = {0};
    struct slw_detail unheard;
    if (!slw_audit_hex(record, SLW_BYTES_OF("key_id"), key_id, sizeof key_id) ||
        !slw_audit_hex(record, SLW_BYTES_OF("signature"), signature, sizeof signature)) {
        slw_audit_find(record->audit, record->index, "a signature that isn't there");
        return;
    }
    const struct slw_policy_signing_key *key = slw_audit_signing_key(record->audit, key_id);
    if (key == NULL) {
        slw_audit_find(record->audit, record->index, "a signature by a key that no policy names");
    } else if (metadata.len == 0 && key->key.as.public_key.type != SLW_KEY_TYPE_P256) {
        slw_audit_find(record->audit, record->index, "a signature without what was signed");
    } else if (metadata.len == 0
                   ? slw_p256_verify(key->key.as.public_key.value, digest, signature) != SLW_OK
                   : slw_statement_key_verify(&key->key, metadata,
                                              slw_bytes_make(signature, sizeof signature),
                                              &unheard) != SLW_OK) {
        slw_audit_find(record->audit, record->index, "a signature that doesn't verify");
    }
}

/* Whether they are what the record says was signed. */
static bool is_digest_of(struct slw_bytes metadata, const uint8_t digest[static SLW_SHA256_SIZE])
{
    uint8_t found[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, metadata);
    slw_sha256_final(&hash, found);
    return memcmp(found, digest, sizeof found) == 0;
}

/* The metadata that a record has must be those that it says were signed. */
static enum slw_status judge_metadata(struct slw_audit_record *record,
                                      const uint8_t digest[static SLW_SHA256_SIZE],
                                      struct slw_detail *detail)
{
    struct slw_bytes text = slw_audit_text(record, SLW_BYTES_OF("metadata"));
    struct slw_heap_buffer metadata = {0};
    if (text.len == 0 && is_of_role(record)) {
        judge_signed(record, text, digest);
        return slw_audit_judge_asked(record, &text, digest, detail);
    }
    if (text.len == 0) {
        slw_audit_find(record->audit, record->index, "a signature without what was signed");
        return slw_audit_judge_asked(record, NULL, digest, detail);
    }
    enum slw_status status = slw_base64_decode(text, &metadata);
    const struct slw_bytes message = slw_heap_bytes(&metadata);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status == SLW_OK) {
        judge_signed(record, message, digest);
    }
    bool is_right = status == SLW_OK && is_digest_of(message, digest);
    if (!is_right) {
        slw_audit_find(record->audit, record->index, "metadata that aren't what was signed");
    }
    status = slw_audit_judge_asked(record, is_right ? &message : NULL, digest, detail);
    slw_heap_drop(&metadata);
    return status;
}

static enum slw_status judge_signature(struct slw_audit_record *record, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    if (!slw_bytes_equal(record->kind, SLW_BYTES_OF("signature"))) {
        return SLW_OK;
    }
    if (!slw_audit_hex(record, SLW_BYTES_OF("sha256"), digest, sizeof digest)) {
        slw_audit_find(record->audit, record->index, "a signature that doesn't say of what");
        return SLW_OK;
    }
    if (slw_bytes_equal(slw_audit_text(record, SLW_BYTES_OF("operation")),
                        SLW_BYTES_OF("sign-targets"))) {
        judge_named(record, digest);
    }
    SLW_TRY(judge_metadata(record, digest, detail));
    SLW_TRY(judge_scope(record, detail));
    return judge_version(record, digest, detail);
}

/* --- Entries --- */

static enum slw_status judge_record(struct slw_audit *audit,
                                    const struct slw_merkle_frontier *before,
                                    const struct slw_log_entry *entry, struct slw_detail *detail)
{
    struct slw_audit_record record = {.audit = audit, .index = entry->index, .before = before};
    struct slw_detail unheard;
    enum slw_status status = slw_json_parse("record", entry->text, &record.json, &unheard);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status != SLW_OK || slw_json_kind(&record.json, SLW_JSON_TOP) != SLW_JSON_OBJECT) {
        slw_audit_find(audit, entry->index, "a record that isn't JSON");
        if (status == SLW_OK) {
            slw_json_document_free(&record.json);
        }
        return SLW_OK;
    }
    judge_kind(&record);
    judge_time(&record);
    judge_first(&record);
    judge_policy(&record);
    slw_audit_judge_end(&record);
    status = slw_audit_judge_statement(&record, detail);
    if (status == SLW_OK) {
        status = slw_audit_judge_root(&record, detail);
    }
    if (status == SLW_OK) {
        status = judge_signature(&record, detail);
    }
    slw_json_document_free(&record.json);
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

enum slw_status slw_audit_judge(struct slw_audit *audit, const struct slw_merkle_frontier *before,
                                const struct slw_log_entry *entry, struct slw_detail *detail)
{
    return entry->leaf.kind == SLW_LOG_RELEASE ? judge_release(audit, entry, detail)
                                               : judge_record(audit, before, entry, detail);
}
