/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of a token: the private key that a URI names, and what can be read of it. Called by
 * open.c and generate.c for a new key, and by sign.c when the token was opened again.
 *
 * Modules tell lengths and counts; each is compared with what there was room for.
 */
#include "internal.h"

#include "slipway/explain.h"

#define POINT_SIZE_MAX 256u
#define PARAMETERS_SIZE_MAX 64u

/* DER of the curves: the object identifier of prime256v1, of Ed25519 (RFC 8410), and the name that
 * PKCS#11 3.0 has for the latter. */
static const uint8_t P256_OID[] = {0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
static const uint8_t ED25519_OID[] = {0x06, 0x03, 0x2B, 0x65, 0x70};
static const uint8_t ED25519_NAME[] = {0x13, 0x0C, 'e', 'd', 'w', 'a', 'r',
                                       'd',  's',  '2', '5', '5', '1', '9'};

/* The value of one attribute, in a buffer of the caller's. False when the object hasn't got it, or
 * when the module says that it is longer than the buffer. */
static bool read_attribute(const struct slw_token_key *key, ck_session_handle_t session,
                           ck_object_handle_t object, ck_attribute_type_t type, void *buffer,
                           size_t size, struct slw_bytes *ret_value)
{
    struct ck_attribute attribute = {type, buffer, size};
    ck_rv_t answer = key->token->module->calls->C_GetAttributeValue(session, object, &attribute, 1);
    if (answer != CKR_OK || attribute.value_len > size) { /* CK_UNAVAILABLE_INFORMATION is too */
        return false;
    }
    *ret_value = slw_bytes_make(buffer, attribute.value_len);
    return true;
}

/* otherwise: what an attribute that can't be read stands for. */
static bool read_flag(const struct slw_token_key *key, ck_session_handle_t session,
                      ck_attribute_type_t type, bool otherwise)
{
    uint8_t byte = 0;
    struct slw_bytes value;
    return read_attribute(key, session, key->handle, type, &byte, sizeof byte, &value) &&
                   value.len == 1
               ? byte != 0
               : otherwise;
}

/* Finds up to two objects that fit; *ret_count is 0, 1 or 2, for "more than one". */
static ck_rv_t find_objects(const struct slw_token *token, ck_session_handle_t session,
                            struct ck_attribute *template, unsigned long template_count,
                            ck_object_handle_t *ret_object, unsigned long *ret_count)
{
    const struct ck_function_list *calls = token->module->calls;
    ck_object_handle_t objects[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    unsigned long count = 0;
    ck_rv_t answer = calls->C_FindObjectsInit(session, template, template_count);
    if (answer != CKR_OK) {
        return answer;
    }
    answer = calls->C_FindObjects(session, objects, 2, &count);
    ck_rv_t last = calls->C_FindObjectsFinal(session);
    if (answer != CKR_OK || last != CKR_OK) {
        return answer != CKR_OK ? answer : last;
    }
    if (count > 2 || (count > 0 && objects[0] == CK_INVALID_HANDLE)) {
        return CKR_GENERAL_ERROR; /* more than it was asked for, or none where it says one */
    }
    *ret_object = objects[0];
    *ret_count = count;
    return CKR_OK;
}

static enum slw_status explain_key(const struct slw_token_key *key, enum slw_status status,
                                   const char *what, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_token_uri_format(&key->uri, &text);
    status = slw_explain(detail, status, "token %s, %s: %s", key->token->name, slw_heap_text(&text),
                         what);
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_token_key_find(struct slw_token_key *key, ck_session_handle_t session,
                                   struct slw_detail *detail)
{
    ck_object_class_t wanted = CKO_PRIVATE_KEY;
    struct ck_attribute template[3] = {{CKA_CLASS, &wanted, sizeof wanted}};
    unsigned long template_count = 1;
    unsigned long count = 0;
    ck_object_handle_t object = CK_INVALID_HANDLE;
    if (key->uri.object[0] != '\0') {
        template[template_count++] =
            (struct ck_attribute){CKA_LABEL, key->uri.object, strlen(key->uri.object)};
    }
    if (key->uri.id_len != 0) {
        template[template_count++] = (struct ck_attribute){CKA_ID, key->uri.id, key->uri.id_len};
    }
    ck_rv_t answer = find_objects(key->token, session, template, template_count, &object, &count);
    if (answer != CKR_OK) {
        return slw_token_explain(detail, key->token->name, "its keys can't be listed", answer);
    }
    if (count == 0) {
        return explain_key(key, SLW_NOT_FOUND, "the token has no such private key", detail);
    }
    if (count > 1) {
        return explain_key(key, SLW_BAD_ARGUMENT,
                           "more than one private key fits; object and id tell them apart", detail);
    }
    key->handle = object;
    return SLW_OK;
}

/* The type that CKA_EC_PARAMS stands for; false for another curve. */
static bool read_curve(const struct slw_token_key *key, ck_session_handle_t session,
                       ck_object_handle_t object, enum slw_key_type *ret_type)
{
    uint8_t buffer[PARAMETERS_SIZE_MAX];
    struct slw_bytes value;
    if (!read_attribute(key, session, object, CKA_EC_PARAMS, buffer, sizeof buffer, &value)) {
        return false;
    }
    if (slw_bytes_equal(value, slw_bytes_make(P256_OID, sizeof P256_OID))) {
        *ret_type = SLW_KEY_TYPE_P256;
        return true;
    }
    *ret_type = SLW_KEY_TYPE_ED25519;
    return slw_bytes_equal(value, slw_bytes_make(ED25519_OID, sizeof ED25519_OID)) ||
           slw_bytes_equal(value, slw_bytes_make(ED25519_NAME, sizeof ED25519_NAME));
}

/* CKA_EC_POINT is "DER-encoding of ANSI X9.62 ECPoint value Q": an octet string; some modules have
 * the point without it. */
static bool read_point(const struct slw_token_key *key, ck_session_handle_t session,
                       ck_object_handle_t object, struct slw_public_key *public_key)
{
    uint8_t buffer[POINT_SIZE_MAX];
    struct slw_bytes value;
    size_t size = public_key->type == SLW_KEY_TYPE_P256 ? SLW_P256_KEY_SIZE : SLW_ED25519_KEY_SIZE;
    if (!read_attribute(key, session, object, CKA_EC_POINT, buffer, sizeof buffer, &value)) {
        return false;
    }
    if (value.len == size + 2 && value.ptr[0] == 0x04 && value.ptr[1] == size) {
        value = slw_bytes_make(value.ptr + 2, size);
    }
    if (value.len != size) {
        return false;
    }
    memcpy(public_key->value, value.ptr, size);
    public_key->value_len = size;
    return public_key->type == SLW_KEY_TYPE_P256
               ? slw_p256_check_key(public_key->value) == SLW_OK
               : slw_ed25519_check_key(public_key->value) == SLW_OK;
}

static enum slw_status read_public_object(struct slw_token_key *key, ck_session_handle_t session,
                                          ck_object_handle_t object, struct slw_detail *detail)
{
    struct slw_public_key public_key = {0};
    if (!read_curve(key, session, object, &public_key.type)) {
        return explain_key(key, SLW_BAD_KEY,
                           "a key of another kind; keys here are ECDSA P-256 or Ed25519", detail);
    }
    if (!read_point(key, session, object, &public_key)) {
        return explain_key(key, SLW_BAD_KEY, "its public half isn't a point that can be a key",
                           detail);
    }
    slw_key_id((uint8_t)public_key.type, (uint8_t)public_key.type,
               slw_bytes_make(public_key.value, public_key.value_len), public_key.id);
    key->public_key = public_key;
    return SLW_OK;
}

static enum slw_status read_certificate(struct slw_token_key *key, ck_session_handle_t session,
                                        ck_object_handle_t object, struct slw_detail *detail)
{
    uint8_t buffer[SLW_TOKEN_CERTIFICATE_SIZE_MAX];
    struct slw_bytes der;
    if (!read_attribute(key, session, object, CKA_VALUE, buffer, sizeof buffer, &der)) {
        return explain_key(key, SLW_BAD_KEY, "its certificate can't be read", detail);
    }
    return slw_public_key_from_certificate(key->token->name, der, &key->public_key, detail);
}

/* An object of a class beside the private key. Found by the private key's id, which both have. */
static enum slw_status find_beside(const struct slw_token_key *key, ck_session_handle_t session,
                                   ck_object_class_t class, struct slw_bytes id,
                                   ck_object_handle_t *ret_object, unsigned long *ret_count,
                                   struct slw_detail *detail)
{
    uint8_t copy[SLW_TOKEN_LABEL_SIZE_MAX];
    memcpy(copy, id.ptr, id.len);
    struct ck_attribute template[2] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, copy, id.len}};
    ck_rv_t answer = find_objects(key->token, session, template, 2, ret_object, ret_count);
    if (answer != CKR_OK) {
        return slw_token_explain(detail, key->token->name, "its keys can't be listed", answer);
    }
    return *ret_count > 1 ? explain_key(key, SLW_BAD_ARGUMENT,
                                        "more than one public half has the key's id", detail)
                          : SLW_OK;
}

static enum slw_status read_public_half(struct slw_token_key *key, ck_session_handle_t session,
                                        struct slw_detail *detail)
{
    uint8_t buffer[SLW_TOKEN_LABEL_SIZE_MAX];
    struct slw_bytes id;
    unsigned long count = 0;
    ck_object_handle_t object = CK_INVALID_HANDLE;
    if (!read_attribute(key, session, key->handle, CKA_ID, buffer, sizeof buffer, &id) ||
        id.len == 0) {
        return explain_key(key, SLW_BAD_KEY, "has no id by which its public half could be found",
                           detail);
    }
    SLW_TRY(find_beside(key, session, CKO_PUBLIC_KEY, id, &object, &count, detail));
    if (count == 1) {
        return read_public_object(key, session, object, detail);
    }
    SLW_TRY(find_beside(key, session, CKO_CERTIFICATE, id, &object, &count, detail));
    return count == 1
               ? read_certificate(key, session, object, detail)
               : explain_key(key, SLW_BAD_KEY,
                             "has neither a public key nor a certificate of its id beside it",
                             detail);
}

enum slw_status slw_token_key_read(struct slw_token_key *key, ck_session_handle_t session,
                                   struct slw_detail *detail)
{
    SLW_TRY(read_public_half(key, session, detail));
    /* What can't be read is taken for the worse. "CKA_NEVER_EXTRACTABLE: CK_TRUE if key has never
     * had the CKA_EXTRACTABLE attribute set to CK_TRUE", and likewise CKA_ALWAYS_SENSITIVE. */
    key->exportable = read_flag(key, session, CKA_EXTRACTABLE, true) ||
                      !read_flag(key, session, CKA_NEVER_EXTRACTABLE, false) ||
                      !read_flag(key, session, CKA_SENSITIVE, false) ||
                      !read_flag(key, session, CKA_ALWAYS_SENSITIVE, false);
    key->always_authenticates = read_flag(key, session, CKA_ALWAYS_AUTHENTICATE, false);
    return SLW_OK;
}
