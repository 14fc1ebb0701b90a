/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for next versions of the role lamp-stable, approving and publishing them: for tests of the
 * service. */
#ifndef SIGNER_KEYS_TEST_ROLES_H
#define SIGNER_KEYS_TEST_ROLES_H

#include "test_signer.h"

#include "slipway/tuf_change_json.h"

#include "tap.h"

#include <stdlib.h>

#define CUSTOM(channel, counter)                                                                   \
    "{\"slipway\":{\"build_type\":\"user\",\"channel\":\"" channel                                 \
    "\",\"hardware_ids\":[\"lamp-1\"],\"product\":\"lamp\",\"release_counter\":" counter           \
    ",\"release_version\":\"\",\"urgency\":\"unspecified\"}}"

/* What a role's next version is asked for with; zeros: version 1 of lamp-stable, made of nothing.
 */
struct asked_role {
    const char *role;
    enum slw_tuf_type type;
    bool type_set;
    int64_t base_version;
    const uint8_t *base_sha256;
    int64_t version;
    const char *custom;                 /* of the target that is added; NULL: none is */
    const struct slw_heap_buffer *file; /* which is that one */
    uint64_t longer;                    /* than it is, by the difference */
    const char *second_sha256;          /* of one more that is added, under another path */
    const char *drop;
    const char *delegate; /* to a key of nobody's */
    const char *revoke;
    int64_t expires;
    const char *channel;
    const uint8_t *release;
    const struct slw_heap_buffer *base;
};

static inline void sha256_of(struct slw_bytes bytes, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_sha256);
}

/* What is added; how many. */
static inline size_t make_added(const struct asked_role *asked,
                                struct slw_tuf_artifact added[static 2])
{
    added[0].custom = slw_bytes_make(asked->custom, strlen(asked->custom));
    if (asked->file != NULL) {
        added[0].length = asked->file->len + asked->longer;
        sha256_of(slw_heap_bytes(asked->file), added[0].sha256);
    }
    added[1] = added[0];
    added[1].path = SLW_BYTES_OF("lamp/stable/second");
    if (asked->second_sha256 != NULL) {
        memcpy(added[1].sha256, asked->second_sha256, sizeof added[1].sha256);
    }
    return asked->second_sha256 == NULL ? 1 : 2;
}

static inline enum slw_status ask_role(struct test_signer *signer, const struct asked_role *asked)
{
    const char *role = asked->role == NULL ? "lamp-stable" : asked->role;
    struct slw_tuf_artifact added[2] = {{.path = SLW_BYTES_OF("lamp/stable/app"), .length = 5}};
    struct slw_bytes dropped = {0};
    struct slw_bytes revoked = {0};
    const struct slw_bytes pattern = SLW_BYTES_OF("lamp/stable/*");
    struct slw_tuf_delegate delegate = {
        .signers = {slw_private_key_public(test_key(TEST_OTHER)), 1, 1},
        .paths = &pattern,
        .paths_count = 1,
    };
    struct slw_tuf_change change = {
        .type = asked->type_set ? asked->type : SLW_TUF_TARGETS,
        .role = slw_bytes_make(role, strlen(role)),
        .base_version = asked->base_version,
        .version = asked->version == 0 ? 1 : asked->version,
        .expires_utc_s = asked->expires == 0 ? signer->now_utc_s + 86400 : asked->expires,
    };
    struct slw_heap_buffer text = {0};
    struct slw_detail detail = {""};
    if (asked->base_sha256 != NULL) {
        memcpy(change.base_sha256, asked->base_sha256, sizeof change.base_sha256);
    }
    if (asked->custom != NULL) {
        change.add = added;
        change.add_count = make_added(asked, added);
    }
    if (asked->drop != NULL) {
        dropped = slw_bytes_make(asked->drop, strlen(asked->drop));
        change.drop = &dropped;
        change.drop_count = 1;
    }
    if (asked->delegate != NULL) {
        delegate.name = slw_bytes_make(asked->delegate, strlen(asked->delegate));
        change.delegate = &delegate;
        change.delegate_count = 1;
    }
    if (asked->revoke != NULL) {
        revoked = slw_bytes_make(asked->revoke, strlen(asked->revoke));
        change.revoke = &revoked;
        change.revoke_count = 1;
    }
    if (slw_tuf_change_format(&change, &text, &detail) != SLW_OK) {
        abort();
    }
    const struct test_asking how = {.by = TEST_ADA,
                                    .by_set = true,
                                    .key = "lamp-role",
                                    .channel = asked->channel == NULL ? "stable" : asked->channel,
                                    .operation = SLW_OPERATION_SIGN_ROLE,
                                    .change = &text,
                                    .release = asked->release,
                                    .no_stage = asked->base == NULL,
                                    .no_upload = asked->base == NULL};
    enum slw_status status = test_submit_bytes(
        signer, asked->base == NULL ? slw_bytes_make(NULL, 0) : slw_heap_bytes(asked->base), &how);
    slw_heap_free(&text);
    return status == SLW_OK ? test_refusal(signer) : status;
}

/* The last request was for a role: what an approval of it has to say. */
static inline bool look_at_role(struct test_signer *signer)
{
    struct slw_heap_buffer bytes = {0};
    signer->key = TEST_KEY_ROLE;
    signer->key_class = SLW_KEY_CLASS_PROD;
    memcpy(signer->content, signer->staged, sizeof signer->content);
    bool found = test_blob(signer, SLW_SIGNER_METADATA, &bytes) == SLW_OK;
    sha256_of(slw_heap_bytes(&bytes), signer->targets);
    signer->metadata.len = 0;
    slw_heap_append(&signer->metadata, slw_heap_bytes(&bytes));
    slw_heap_free(&bytes);
    return found;
}

static inline void approve_role(struct test_signer *signer, enum test_party by, const char *channel)
{
    TAP_EQUAL_INT(test_outcome(signer), SLW_SIGNER_WAITING);
    TAP_CHECK(look_at_role(signer));
    TAP_EQUAL_INT(test_approve(signer, &(struct test_approving){.by = by, .channel = channel}),
                  SLW_OK);
}

/* A file as the repository publishes it, of the last signature. */
static inline void publish(struct test_signer *signer, struct slw_heap_buffer *ret_file)
{
    struct slw_heap_buffer sig_hex = {0};
    struct slw_tuf_signature signature;
    struct slw_detail detail = {""};
    if (slw_tuf_public_key_id(slw_private_key_public(test_key(TEST_KEY_ROLE)), signature.key_id) !=
            SLW_OK ||
        slw_tuf_sign(test_key(TEST_KEY_ROLE), slw_heap_bytes(&signer->metadata), &sig_hex,
                     &detail) != SLW_OK) {
        abort();
    }
    signature.sig_hex = slw_heap_bytes(&sig_hex);
    if (slw_tuf_file_format(slw_heap_bytes(&signer->metadata), &signature, 1, ret_file, &detail) !=
        SLW_OK) {
        abort();
    }
    slw_heap_free(&sig_hex);
}

#endif
