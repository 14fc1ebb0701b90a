/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures on metadata (signatures.h): reading them, and counting the keys behind them.
 *
 * A threshold is about keys, not signatures: the reference lets one key meet any threshold by
 * signing twice. Here a key id twice refuses the metadata, and a key counts by its place in the
 * root besides.
 */
#include "slipway/signatures.h"

#include "slipway/root.h"

static void check_signature_shape(struct slw_proto *proto)
{
    struct slw_proto_field field;
    slw_proto_enter(proto, &slw_signature_rules);
    while (slw_proto_next(proto, &field)) {
    }
}

enum slw_status slw_signed_scan(struct slw_reader *reader, size_t signatures_max, uint64_t size_max,
                                struct slw_span *ret_serialized)
{
    struct slw_span serialized = {reader->position, 0};
    struct slw_proto proto;
    struct slw_proto_field field;
    size_t count = 0;
    slw_proto_begin(&proto, reader, &slw_signed_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_SIGNED_SERIALIZED) {
            serialized = (struct slw_span){field.offset, field.length};
        } else if (field.number == SLW_SIGNED_SIGNATURES) {
            check_signature_shape(&proto);
            if (++count > signatures_max) {
                slw_reader_fail(reader, SLW_TOO_LARGE);
            }
        }
    }
    SLW_TRY(reader->status);
    if (serialized.length > size_max) {
        return SLW_TOO_LARGE;
    }
    *ret_serialized = serialized;
    return SLW_OK;
}

/* An id of another length than 32 is no key's, but must still be told from others. */
static void read_key_id(struct slw_proto *proto, const struct slw_proto_field *field,
                        struct slw_signature *signature)
{
    if (field->length <= SLW_KEY_ID_SIZE) {
        slw_proto_copy(proto, signature->key_id, SLW_KEY_ID_SIZE);
        signature->key_id_len = (uint8_t)field->length;
        return;
    }
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    while (slw_proto_value_left(proto) > 0) {
        slw_sha256_update(&hash, slw_proto_take(proto));
    }
    slw_sha256_final(&hash, signature->key_id);
    signature->key_id_len = UINT8_MAX;
}

static void read_signature(struct slw_proto *proto, struct slw_signature *signature)
{
    struct slw_proto_field field;
    *signature = (struct slw_signature){0};
    slw_proto_enter(proto, &slw_signature_rules);
    while (slw_proto_next(proto, &field)) {
        if (field.number == SLW_SIGNATURE_KEY_ID) {
            read_key_id(proto, &field, signature);
        } else if (field.number == SLW_SIGNATURE_SIG) {
            signature->sig_fits = field.length == SLW_SIGNATURE_SIZE;
            slw_proto_copy(proto, signature->sig, SLW_SIGNATURE_SIZE);
        }
    }
}

enum slw_status slw_signatures_read(struct slw_reader *reader, struct slw_signatures *signatures)
{
    struct slw_proto proto;
    struct slw_proto_field field;
    signatures->count = 0;
    slw_proto_begin(&proto, reader, &slw_signed_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number != SLW_SIGNED_SIGNATURES) {
            continue;
        }
        if (signatures->count == signatures->max) {
            return SLW_TOO_LARGE;
        }
        read_signature(&proto, &signatures->entries[signatures->count++]);
    }
    return reader->status;
}

static bool same_key_id(const struct slw_signature *left, const struct slw_signature *right)
{
    return left->key_id_len == right->key_id_len &&
           memcmp(left->key_id, right->key_id, SLW_KEY_ID_SIZE) == 0;
}

enum slw_status slw_signatures_check(const struct slw_signatures *signatures, enum slw_role role,
                                     struct slw_finding *finding)
{
    if (signatures->count == 0) {
        return slw_find(finding, SLW_UNSIGNED, role);
    }
    for (size_t i = 1; i < signatures->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (same_key_id(&signatures->entries[i], &signatures->entries[j])) {
                return slw_find_key(finding, SLW_DUPLICATE_SIGNATURE, role,
                                    signatures->entries[i].key_id);
            }
        }
    }
    return SLW_OK;
}

void slw_quorum_start(struct slw_quorum *quorum, const struct slw_root *root, enum slw_role role)
{
    *quorum = (struct slw_quorum){
        .root = root,
        .role = role,
        .enough = root->thresholds[role],
    };
}

void slw_quorum_start_dropped(struct slw_quorum *quorum, const struct slw_root *root,
                              enum slw_role role, const struct slw_root *other, uint32_t enough)
{
    *quorum = (struct slw_quorum){
        .root = root,
        .role = role,
        .except = other,
        .enough = enough,
    };
}

/* The usable key of the role that this signature claims to be by, or NULL. */
static const struct slw_root_key *signer(const struct slw_quorum *quorum,
                                         const struct slw_signature *signature)
{
    if (signature->key_id_len != SLW_KEY_ID_SIZE || !signature->sig_fits) {
        return NULL;
    }
    const struct slw_root_key *key = slw_root_find_key(quorum->root, signature->key_id);
    if (key == NULL || key->type == 0 || !slw_key_has_role(key, quorum->role)) {
        return NULL;
    }
    if (quorum->except != NULL) {
        const struct slw_root_key *kept = slw_root_find_key(quorum->except, signature->key_id);
        if (kept != NULL && slw_key_has_role(kept, quorum->role)) {
            return NULL;
        }
    }
    return key;
}

/* The message is read again, so it is digested again: what is verified is what was parsed. */
static enum slw_status verify_ed25519(const struct slw_root_key *key,
                                      const struct slw_signature *signature,
                                      const struct slw_message *message, uint8_t *block,
                                      size_t block_size)
{
    struct slw_reader reader;
    struct slw_sha256 hash;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &hash};
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_reader_init(&reader, message->source, block, block_size);
    slw_reader_seek(&reader, message->span.offset, message->span.offset + message->span.length);
    slw_reader_add_tap(&reader, &tap);
    enum slw_status status = slw_ed25519_verify(key->value, signature->sig, &reader);
    slw_reader_remove_tap(&reader, &tap);
    SLW_TRY(reader.status);
    slw_sha256_final(&hash, digest);
    if (status == SLW_OK && memcmp(digest, message->sha256, sizeof digest) != 0) {
        return SLW_IO;
    }
    return status;
}

static enum slw_status verify(const struct slw_root_key *key, const struct slw_signature *signature,
                              const struct slw_message *message, uint8_t *block, size_t block_size)
{
    if (key->type == SLW_KEY_TYPE_P256) {
        return slw_p256_verify(key->value, message->sha256, signature->sig);
    }
    if (key->type == SLW_KEY_TYPE_ED25519) {
        return verify_ed25519(key, signature, message, block, block_size);
    }
    return SLW_BAD_SIGNATURE;
}

enum slw_status slw_quorum_step(struct slw_quorum *quorum, const struct slw_signatures *signatures,
                                const struct slw_message *message, uint8_t *block,
                                size_t block_size)
{
    while (quorum->next < signatures->count && quorum->good < quorum->enough) {
        const struct slw_signature *signature = &signatures->entries[quorum->next++];
        const struct slw_root_key *key = signer(quorum, signature);
        if (key == NULL) {
            continue;
        }
        uint64_t bit = (uint64_t)1 << (key - quorum->root->keys);
        enum slw_status status = verify(key, signature, message, block, block_size);
        if (status == SLW_OK && (quorum->counted & bit) == 0) {
            quorum->counted |= bit;
            quorum->good++;
        }
        return slw_status_class(status) == SLW_CLASS_IO ? status : SLW_OK;
    }
    quorum->done = true;
    return SLW_OK;
}
