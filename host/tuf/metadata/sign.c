/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own keys in JSON TUF: their key objects, ids and signatures. The writer of repositories and
 * its key provider call it.
 */
#include "der.h"
#include "hex.h"
#include "key.h"
#include "pem.h"

static void append_public(const struct slw_public_key *key, struct slw_heap_buffer *object)
{
    switch (key->type) {
    case SLW_KEY_TYPE_P256: {
        uint8_t der[SLW_TUF_SPKI_P256_SIZE];
        slw_tuf_spki_from_p256(key->value, der);
        slw_tuf_pem_encode(slw_bytes_make(der, sizeof der), object);
        return;
    }
    case SLW_KEY_TYPE_ED25519: {
        char digits[2 * SLW_ED25519_KEY_SIZE];
        slw_tuf_hex_encode(key->value, SLW_ED25519_KEY_SIZE, digits);
        slw_heap_append(object, slw_bytes_make(digits, sizeof digits));
        return;
    }
    }
}

/* The specification's name for keytype and scheme, which are the same. */
static const char *name_of(enum slw_key_type type)
{
    return type == SLW_KEY_TYPE_P256 ? "ecdsa-sha2-nistp256" : "ed25519";
}

void slw_tuf_key_format(const struct slw_public_key *key, struct slw_heap_buffer *ret_object)
{
    slw_heap_printf(ret_object, "{\"keytype\":\"%s\",\"keyval\":{\"public\":\"",
                    name_of(key->type));
    append_public(key, ret_object);
    slw_heap_printf(ret_object, "\"},\"scheme\":\"%s\"}", name_of(key->type));
}

enum slw_status slw_tuf_public_key_id(const struct slw_public_key *key,
                                      char ret_id[static SLW_TUF_KEY_ID_SIZE])
{
    struct slw_heap_buffer object = {0};
    slw_tuf_key_format(key, &object);
    enum slw_status status = object.status;
    if (status == SLW_OK) {
        slw_tuf_sha256_hex(slw_heap_bytes(&object), ret_id);
    }
    slw_heap_free(&object);
    return status;
}

enum slw_status slw_tuf_signature_format(enum slw_key_type type,
                                         const uint8_t raw[static SLW_SIGNATURE_SIZE],
                                         struct slw_heap_buffer *ret_sig_hex,
                                         struct slw_detail *detail)
{
    uint8_t encoded[SLW_TUF_DER_SIGNATURE_SIZE_MAX];
    char digits[2 * sizeof encoded];
    size_t len = SLW_SIGNATURE_SIZE;
    if (type == SLW_KEY_TYPE_P256) {
        len = slw_tuf_der_from_raw(raw, encoded);
    } else {
        memcpy(encoded, raw, SLW_SIGNATURE_SIZE);
    }
    slw_tuf_hex_encode(encoded, len, digits);
    slw_heap_append(ret_sig_hex, slw_bytes_make(digits, 2 * len));
    return ret_sig_hex->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status slw_tuf_sign(const struct slw_private_key *key, struct slw_bytes message,
                             struct slw_heap_buffer *ret_sig_hex, struct slw_detail *detail)
{
    uint8_t raw[SLW_SIGNATURE_SIZE];
    SLW_TRY(slw_private_key_sign(key, message, raw, detail));
    return slw_tuf_signature_format(slw_private_key_public(key)->type, raw, ret_sig_hex, detail);
}

enum slw_status slw_tuf_sign_unverified(const struct slw_private_key *key, struct slw_bytes message,
                                        const uint8_t digest[static SLW_SHA256_SIZE],
                                        struct slw_heap_buffer *ret_sig_hex,
                                        struct slw_detail *detail)
{
    uint8_t raw[SLW_SIGNATURE_SIZE];
    SLW_TRY(slw_private_key_sign_unverified(key, message, digest, raw, detail));
    return slw_tuf_signature_format(slw_private_key_public(key)->type, raw, ret_sig_hex, detail);
}
