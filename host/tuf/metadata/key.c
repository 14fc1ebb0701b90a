/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key objects of JSON TUF: which kind they are of, what key they hold, its id and its
 * fingerprint. Readers of roots and delegations call it, and verify.c for each key that signed.
 */
#include "key.h"

#include "hex.h"
#include "json_fields.h"
#include "pem.h"

/*
 * Section 4.2: "We define three keytypes below: "rsa", "ed25519", and "ecdsa-sha2-nistp256", but
 * adopters can define and use any particular keytype, signing scheme, and cryptographic library."
 * `ecdsa` is what most repositories call the last.
 */
static const struct {
    const char *keytype;
    const char *scheme;
    enum slw_tuf_key_kind kind;
} kinds[] = {
    {"ecdsa", "ecdsa-sha2-nistp256", SLW_TUF_KEY_P256},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", SLW_TUF_KEY_P256},
    {"ed25519", "ed25519", SLW_TUF_KEY_ED25519},
    {"rsa", "rsassa-pss-sha256", SLW_TUF_KEY_RSA},
};

static bool is_text(struct slw_bytes bytes, const char *text)
{
    return slw_bytes_equal(bytes, slw_bytes_make(text, strlen(text)));
}

static enum slw_tuf_key_kind kind_of(struct slw_bytes keytype, struct slw_bytes scheme)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_text(keytype, kinds[i].keytype) && is_text(scheme, kinds[i].scheme)) {
            return kinds[i].kind;
        }
    }
    return SLW_TUF_KEY_UNKNOWN;
}

/* "All KEYs have the format: {"keytype", "scheme", "keyval"}" */
enum slw_status slw_tuf_key_shape(const struct slw_json_document *json, uint32_t value,
                                  enum slw_tuf_key_kind *ret_kind, uint32_t *ret_public,
                                  struct slw_detail *detail)
{
    uint32_t keytype;
    uint32_t scheme;
    uint32_t keyval;
    uint32_t public = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_object(json, value, detail));
    SLW_TRY(slw_tuf_json_member(json, value, "keytype", SLW_JSON_STRING, &keytype, detail));
    SLW_TRY(slw_tuf_json_member(json, value, "scheme", SLW_JSON_STRING, &scheme, detail));
    SLW_TRY(slw_tuf_json_member(json, value, "keyval", SLW_JSON_OBJECT, &keyval, detail));
    enum slw_tuf_key_kind kind =
        kind_of(slw_json_string(json, keytype), slw_json_string(json, scheme));
    if (kind != SLW_TUF_KEY_UNKNOWN) {
        SLW_TRY(slw_tuf_json_member(json, keyval, "public", SLW_JSON_STRING, &public, detail));
    }
    *ret_kind = kind;
    *ret_public = public;
    return SLW_OK;
}

static void take_fingerprint(struct slw_tuf_key *key, struct slw_bytes value)
{
    uint8_t kind = (uint8_t)key->kind;
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(&kind, 1));
    slw_sha256_update(&hash, value);
    slw_sha256_final(&hash, key->fingerprint);
}

static enum slw_status read_p256(struct slw_bytes text, struct slw_tuf_key *key)
{
    uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
    size_t len = 0;
    if (!slw_tuf_pem_decode(text, der, &len) ||
        !slw_tuf_spki_to_p256(slw_bytes_make(der, len), key->value)) {
        return SLW_BAD_KEY;
    }
    take_fingerprint(key, slw_bytes_make(key->value, SLW_P256_KEY_SIZE));
    return SLW_OK;
}

/* "64-byte hex encoded string" */
static enum slw_status read_ed25519(struct slw_bytes text, struct slw_tuf_key *key)
{
    if (!slw_tuf_hex_decode(text, key->value, SLW_ED25519_KEY_SIZE)) {
        return SLW_BAD_KEY;
    }
    take_fingerprint(key, slw_bytes_make(key->value, SLW_ED25519_KEY_SIZE));
    return SLW_OK;
}

static enum slw_status read_rsa(struct slw_bytes text, struct slw_tuf_key *key)
{
    struct slw_heap_buffer spki = {0};
    enum slw_status status = slw_tuf_rsa_read(text, &spki);
    if (status == SLW_OK) {
        key->pem = text;
        take_fingerprint(key, slw_heap_bytes(&spki));
    }
    slw_heap_free(&spki);
    return status;
}

static enum slw_status read_value(struct slw_bytes text, struct slw_tuf_key *key)
{
    switch (key->kind) {
    case SLW_TUF_KEY_P256:
        return read_p256(text, key);
    case SLW_TUF_KEY_ED25519:
        return read_ed25519(text, key);
    case SLW_TUF_KEY_RSA:
        return read_rsa(text, key);
    case SLW_TUF_KEY_UNKNOWN:
        break;
    }
    return SLW_OK;
}

static const char *complaint_about(enum slw_tuf_key_kind kind)
{
    switch (kind) {
    case SLW_TUF_KEY_P256:
        return "must be a P-256 key in PEM (SubjectPublicKeyInfo, uncompressed)";
    case SLW_TUF_KEY_ED25519:
        return "must be an Ed25519 key, 64 hexadecimal digits";
    case SLW_TUF_KEY_RSA:
        return "must be an RSA key in PEM (SubjectPublicKeyInfo) of 2,048 to 8,192 bits";
    case SLW_TUF_KEY_UNKNOWN:
        break;
    }
    return "must be a key";
}

static enum slw_status refuse_value(const struct slw_json_document *json, uint32_t public,
                                    enum slw_tuf_key_kind kind, enum slw_status status,
                                    struct slw_detail *detail)
{
    if (status == SLW_BAD_KEY) {
        return slw_json_refuse(json, public, status, complaint_about(kind), detail);
    }
    return slw_explain(detail, status, "%s: the crypto library could not read a key", json->name);
}

enum slw_status slw_tuf_key_read(const struct slw_json_document *json, uint32_t value,
                                 struct slw_tuf_key *ret_key, struct slw_detail *detail)
{
    struct slw_tuf_key key = {0};
    uint32_t public = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_key_shape(json, value, &key.kind, &public, detail));
    if (key.kind != SLW_TUF_KEY_UNKNOWN) {
        enum slw_status status = read_value(slw_json_string(json, public), &key);
        if (status != SLW_OK) {
            return refuse_value(json, public, key.kind, status, detail);
        }
    }
    *ret_key = key;
    return SLW_OK;
}

static enum slw_status check_point(const struct slw_tuf_key *key)
{
    switch (key->kind) {
    case SLW_TUF_KEY_P256:
        return slw_p256_check_key(key->value);
    case SLW_TUF_KEY_ED25519:
        return slw_ed25519_check_key(key->value);
    case SLW_TUF_KEY_RSA:
    case SLW_TUF_KEY_UNKNOWN:
        break;
    }
    return SLW_OK;
}

enum slw_status slw_tuf_key_parse(const struct slw_json_document *json, uint32_t value,
                                  struct slw_tuf_key *ret_key, struct slw_detail *detail)
{
    struct slw_tuf_key key;
    SLW_TRY(slw_tuf_key_read(json, value, &key, detail));
    enum slw_status status = check_point(&key);
    if (status != SLW_OK) {
        uint32_t public = SLW_JSON_NONE;
        SLW_TRY(slw_tuf_key_shape(json, value, &key.kind, &public, detail));
        return refuse_value(json, public, key.kind, status, detail);
    }
    *ret_key = key;
    return SLW_OK;
}

bool slw_tuf_key_public(const struct slw_tuf_key *key, struct slw_public_key *ret_public)
{
    bool is_p256 = key->kind == SLW_TUF_KEY_P256;
    if (!is_p256 && key->kind != SLW_TUF_KEY_ED25519) {
        return false;
    }
    *ret_public = (struct slw_public_key){
        .type = is_p256 ? SLW_KEY_TYPE_P256 : SLW_KEY_TYPE_ED25519,
        .value_len = is_p256 ? SLW_P256_KEY_SIZE : SLW_ED25519_KEY_SIZE,
    };
    memcpy(ret_public->value, key->value, ret_public->value_len);
    slw_key_id((uint8_t)ret_public->type, (uint8_t)ret_public->type,
               slw_bytes_make(ret_public->value, ret_public->value_len), ret_public->id);
    return true;
}

enum slw_status slw_tuf_key_id(const struct slw_json_document *json, uint32_t value,
                               char ret_id[static SLW_TUF_KEY_ID_SIZE])
{
    struct slw_heap_buffer scratch = {0};
    struct slw_bytes canonical = slw_json_canonical(json, value, &scratch);
    enum slw_status status = scratch.status;
    if (status == SLW_OK) {
        slw_tuf_sha256_hex(canonical, ret_id);
    }
    slw_heap_free(&scratch);
    return status;
}

void slw_tuf_sha256_hex(struct slw_bytes bytes, char ret_digits[static SLW_TUF_KEY_ID_SIZE])
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, digest);
    slw_tuf_hex_encode(digest, sizeof digest, ret_digits);
}
