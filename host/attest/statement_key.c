/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that statements are made with, whatever file they come from; for dsse.c and the policy. */
#include "slipway/statement_key.h"

#include "../tuf/metadata/der.h"

static void hash(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 state;
    slw_sha256_init(&state);
    slw_sha256_update(&state, bytes);
    slw_sha256_final(&state, ret_digest);
}

void slw_statement_key_of_public(const struct slw_public_key *public_key,
                                 struct slw_statement_key *ret_key)
{
    struct slw_statement_key key = {.kind = SLW_STATEMENT_KEY_PUBLIC};
    key.as.public_key = *public_key;
    memcpy(key.id, public_key->id, sizeof key.id);
    hash(slw_bytes_make(public_key->value, public_key->value_len), key.material);
    *ret_key = key;
}

void slw_statement_key_of_ssh(const struct slw_ssh_key *ssh, struct slw_statement_key *ret_key)
{
    struct slw_statement_key key = {.kind = SLW_STATEMENT_KEY_SSH};
    key.as.ssh = *ssh;
    memcpy(key.id, ssh->id, sizeof key.id);
    hash(slw_bytes_make(ssh->value, ssh->value_len), key.material);
    *ret_key = key;
}

bool slw_statement_key_same(const struct slw_statement_key *left,
                            const struct slw_statement_key *right)
{
    return memcmp(left->material, right->material, sizeof left->material) == 0;
}

static bool looks_like_pem(struct slw_bytes text)
{
    struct slw_bytes begin = SLW_BYTES_OF("-----BEGIN ");
    return text.len >= begin.len && memcmp(text.ptr, begin.ptr, begin.len) == 0;
}

enum slw_status slw_statement_key_parse(const char *name, struct slw_bytes text,
                                        struct slw_statement_key *ret_key,
                                        struct slw_detail *detail)
{
    if (!looks_like_pem(text)) {
        struct slw_ssh_key ssh;
        SLW_TRY(slw_ssh_key_parse(name, text, &ssh, detail));
        slw_statement_key_of_ssh(&ssh, ret_key);
        return SLW_OK;
    }
    struct slw_public_key public_key;
    enum slw_status status = slw_public_key_parse(name, text, &public_key, detail);
    if (status != SLW_OK) {
        return status == SLW_NOT_FOUND
                   ? slw_explain(detail, SLW_BAD_KEY, "%s: a private key, not a public one", name)
                   : status;
    }
    slw_statement_key_of_public(&public_key, ret_key);
    return SLW_OK;
}

/* SIGNING.md, section 2: "P-256 (sig: 64 bytes r‖s, or DER: both are taken), Ed25519 (64 bytes)".
 */
static enum slw_status verify_public(const struct slw_public_key *key, struct slw_bytes message,
                                     struct slw_bytes signature)
{
    uint8_t raw[SLW_SIGNATURE_SIZE];
    if (signature.len == sizeof raw) {
        memcpy(raw, signature.ptr, sizeof raw);
    } else if (key->type != SLW_KEY_TYPE_P256 || !slw_tuf_der_to_raw(signature, raw)) {
        return SLW_BAD_SIGNATURE;
    }
    if (key->type == SLW_KEY_TYPE_P256) {
        uint8_t digest[SLW_SHA256_SIZE];
        hash(message, digest);
        return slw_p256_verify(key->value, digest, raw);
    }
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, message);
    return slw_ed25519_verify(key->value, raw, &reader);
}

enum slw_status slw_statement_key_verify(const struct slw_statement_key *key,
                                         struct slw_bytes message, struct slw_bytes signature,
                                         struct slw_detail *detail)
{
    if (key->kind == SLW_STATEMENT_KEY_SSH) {
        return slw_ssh_signature_verify(&key->as.ssh, SLW_SSH_NAMESPACE, message, signature,
                                        detail);
    }
    enum slw_status status = verify_public(&key->as.public_key, message, signature);
    if (status == SLW_BAD_SIGNATURE || status == SLW_BAD_KEY) {
        return slw_explain(detail, SLW_BAD_SIGNATURE, "the signature isn't of these bytes");
    }
    return status == SLW_OK ? SLW_OK
                            : slw_explain(detail, status, "the signature could not be checked");
}
