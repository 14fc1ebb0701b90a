/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSHSIG (OpenSSH's PROTOCOL.sshsig): the armour, the blob, and whether the signature in it is
 * good. Signatures of security keys are over what PROTOCOL.u2f says. For statement_key.c and the
 * command line.
 */
#include "slipway/ssh_signature.h"
#include "slipway/base64.h"

#include "ssh_wire.h"

#include <openssl/evp.h>

#define BEGIN_LINE "-----BEGIN SSH SIGNATURE-----"
#define END_LINE "-----END SSH SIGNATURE-----"
#define MAGIC SLW_BYTES_OF("SSHSIG")
#define VERSION 1u
#define LINE_LEN 70u /* what ssh-keygen writes */
#define FLAG_USER_PRESENT 0x01u
#define HASH_SIZE_MAX 64u

/* The fields of a blob; views into it. */
struct parts {
    struct slw_bytes public_key;
    struct slw_bytes name_space;
    struct slw_bytes reserved;
    struct slw_bytes hash_name;
    struct slw_bytes signature;
};

/* The signature inside: who made it how. */
struct inner {
    uint8_t value[SLW_SIGNATURE_SIZE];
    uint8_t flags; /* security keys: these and how often it has signed */
    uint32_t counter;
};

/* The next line without its end, which is passed too. */
static struct slw_bytes next_line(struct slw_bytes *rest)
{
    const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    struct slw_bytes line = *rest;
    if (end == NULL) {
        *rest = slw_bytes_make(NULL, 0);
    } else {
        line.len = (size_t)(end - rest->ptr);
        *rest = slw_bytes_make(end + 1, rest->len - line.len - 1);
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* What is wrong with the armour, or NULL. */
static const char *gather(struct slw_bytes text, struct slw_heap_buffer *base64)
{
    /* "Files containing the signature MUST start with the header. Likewise, the footer MUST be
     * present at the end of every signature." */
    if (!slw_bytes_equal(next_line(&text), SLW_BYTES_OF(BEGIN_LINE))) {
        return "doesn't begin with " BEGIN_LINE;
    }
    while (text.len > 0) {
        struct slw_bytes line = next_line(&text);
        if (slw_bytes_equal(line, SLW_BYTES_OF(END_LINE))) {
            return text.len == 0 ? NULL : "something stands behind " END_LINE;
        }
        slw_heap_append(base64, line);
    }
    return "has no " END_LINE;
}

enum slw_status slw_ssh_signature_unarmour(const char *name, struct slw_bytes text,
                                           struct slw_heap_buffer *ret_blob,
                                           struct slw_detail *detail)
{
    struct slw_heap_buffer base64 = {0};
    struct slw_heap_buffer blob = {0};
    enum slw_status status = SLW_OK;
    if (text.len > SLW_SSH_SIGNATURE_TEXT_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: too large for a signature", name);
    }
    const char *problem = gather(text, &base64);
    if (base64.status != SLW_OK) {
        status = slw_explain_no_memory(detail);
    } else if (problem != NULL) {
        status = slw_explain(detail, SLW_MALFORMED, "%s: %s", name, problem);
    } else if (slw_base64_decode(slw_heap_bytes(&base64), &blob) != SLW_OK || blob.len == 0) {
        status = slw_explain(detail, SLW_MALFORMED, "%s: isn't base64 between its lines", name);
    } else if (blob.len > SLW_SSH_SIGNATURE_BLOB_MAX) {
        status = slw_explain(detail, SLW_TOO_LARGE, "%s: too large for a signature", name);
    } else {
        slw_heap_append(ret_blob, slw_heap_bytes(&blob));
        status = ret_blob->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_free(&base64);
    slw_heap_free(&blob);
    return status;
}

void slw_ssh_signature_armour(struct slw_bytes blob, struct slw_heap_buffer *ret_text)
{
    struct slw_heap_buffer base64 = {0};
    slw_base64_encode(blob, &base64);
    slw_heap_append_text(ret_text, BEGIN_LINE "\n");
    for (size_t at = 0; at < base64.len; at += LINE_LEN) {
        size_t left = base64.len - at;
        slw_heap_append(ret_text,
                        slw_bytes_make(base64.ptr + at, left < LINE_LEN ? left : LINE_LEN));
        slw_heap_append_text(ret_text, "\n");
    }
    slw_heap_append_text(ret_text, END_LINE "\n");
    if (base64.status != SLW_OK) {
        ret_text->status = base64.status;
    }
    slw_heap_free(&base64);
}

/* What is wrong with the blob's frame, or NULL. */
static const char *read_parts(struct slw_bytes blob, struct parts *parts)
{
    struct slw_ssh_wire wire = slw_ssh_wire_begin(blob);
    if (!slw_bytes_equal(slw_ssh_wire_take(&wire, MAGIC.len), MAGIC)) {
        return "doesn't begin with SSHSIG";
    }
    /* "Verifiers MUST reject signatures with versions greater than those they support." */
    if (slw_ssh_wire_u32(&wire) != VERSION) {
        return "isn't of version 1";
    }
    parts->public_key = slw_ssh_wire_string(&wire);
    parts->name_space = slw_ssh_wire_string(&wire);
    parts->reserved = slw_ssh_wire_string(&wire);
    parts->hash_name = slw_ssh_wire_string(&wire);
    parts->signature = slw_ssh_wire_string(&wire);
    return slw_ssh_wire_complete(&wire) ? NULL : "is longer or shorter than what is in it";
}

/* RFC 5656, 3.1.2: r and s as mpints in a string of their own. */
static bool read_p256(struct slw_bytes field, uint8_t ret_value[static SLW_SIGNATURE_SIZE])
{
    struct slw_ssh_wire wire = slw_ssh_wire_begin(field);
    return slw_ssh_wire_scalar(&wire, ret_value) && slw_ssh_wire_scalar(&wire, ret_value + 32) &&
           slw_ssh_wire_complete(&wire);
}

/* What is wrong with the signature inside the blob, or NULL. */
static const char *read_inner(const struct slw_ssh_key *key, struct slw_bytes signature,
                              struct inner *inner)
{
    struct slw_ssh_wire wire = slw_ssh_wire_begin(signature);
    const char *type = slw_ssh_type_name(key->type);
    if (!slw_bytes_equal(slw_ssh_wire_string(&wire), slw_bytes_make(type, strlen(type)))) {
        return "was made by another algorithm than its key's";
    }
    struct slw_bytes value = slw_ssh_wire_string(&wire);
    if (slw_ssh_type_is_sk(key->type)) {
        inner->flags = slw_ssh_wire_u8(&wire);
        inner->counter = slw_ssh_wire_u32(&wire);
    }
    if (!slw_ssh_wire_complete(&wire)) {
        return "is longer or shorter than what is in it";
    }
    if (key->type == SLW_SSH_P256 || key->type == SLW_SSH_SK_P256) {
        return read_p256(value, inner->value) ? NULL : "isn't two numbers";
    }
    if (value.len != SLW_SIGNATURE_SIZE) {
        return "has a wrong length";
    }
    memcpy(inner->value, value.ptr, SLW_SIGNATURE_SIZE);
    return NULL;
}

static void sha256(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

/* Appends what the key's algorithm is given to sign. */
static enum slw_status append_signed(const struct slw_ssh_key *key, const struct parts *parts,
                                     const struct inner *inner, struct slw_bytes message,
                                     struct slw_heap_buffer *ret_signed)
{
    struct slw_heap_buffer data = {0};
    uint8_t digest[HASH_SIZE_MAX];
    unsigned digest_len = 0;
    const EVP_MD *function =
        slw_bytes_equal(parts->hash_name, SLW_BYTES_OF("sha512")) ? EVP_sha512() : EVP_sha256();
    if (EVP_Digest(message.ptr, message.len, digest, &digest_len, function, NULL) != 1) {
        return SLW_IO_CRYPTO;
    }
    slw_heap_append(&data, MAGIC);
    slw_ssh_wire_put_string(&data, parts->name_space);
    /* "Implementations should ignore the reserved field if it is not empty": it is signed. */
    slw_ssh_wire_put_string(&data, parts->reserved);
    slw_ssh_wire_put_string(&data, parts->hash_name);
    slw_ssh_wire_put_string(&data, slw_bytes_make(digest, digest_len));
    if (slw_ssh_type_is_sk(key->type)) {
        sha256(slw_heap_bytes(&data), digest);
        slw_heap_append(ret_signed, slw_bytes_make(key->application_sha256, SLW_SHA256_SIZE));
        slw_heap_append(ret_signed, slw_bytes_make(&inner->flags, 1));
        slw_ssh_wire_put_u32(ret_signed, inner->counter);
        slw_heap_append(ret_signed, slw_bytes_make(digest, SLW_SHA256_SIZE));
    } else {
        slw_heap_append(ret_signed, slw_heap_bytes(&data));
    }
    enum slw_status status = data.status != SLW_OK ? data.status : ret_signed->status;
    slw_heap_free(&data);
    return status;
}

static enum slw_status verify_inner(const struct slw_ssh_key *key, const struct parts *parts,
                                    const struct inner *inner, struct slw_bytes message)
{
    struct slw_heap_buffer data = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    enum slw_status status = append_signed(key, parts, inner, message, &data);
    if (status == SLW_OK && key->value_len == SLW_P256_KEY_SIZE) {
        sha256(slw_heap_bytes(&data), digest);
        status = slw_p256_verify(key->value, digest, inner->value);
    } else if (status == SLW_OK) {
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, slw_heap_bytes(&data));
        status = slw_ed25519_verify(key->value, inner->value, &reader);
    }
    slw_heap_free(&data);
    return status;
}

/* What is wrong with a signature that doesn't have to be computed for it, or NULL. */
static const char *check(const struct slw_ssh_key *key, struct slw_bytes name_space,
                         struct slw_bytes blob, struct parts *parts, struct inner *inner)
{
    const char *problem = read_parts(blob, parts);
    if (problem != NULL) {
        return problem;
    }
    if (!slw_bytes_equal(parts->public_key, slw_bytes_make(key->blob, key->blob_len))) {
        return "is by another key";
    }
    /* "This prevents cross-protocol attacks caused by signatures intended for one intended domain
     * being accepted in another. The namespace value MUST NOT be the empty string." */
    if (parts->name_space.len == 0 || !slw_bytes_equal(parts->name_space, name_space)) {
        return "is for another namespace";
    }
    /* "The supported hash algorithms are "sha256" and "sha512"." */
    if (!slw_bytes_equal(parts->hash_name, SLW_BYTES_OF("sha512")) &&
        !slw_bytes_equal(parts->hash_name, SLW_BYTES_OF("sha256"))) {
        return "hashes by neither sha512 nor sha256";
    }
    problem = read_inner(key, parts->signature, inner);
    if (problem == NULL && slw_ssh_type_is_sk(key->type) &&
        (inner->flags & FLAG_USER_PRESENT) == 0) {
        return "was made without anybody touching the security key";
    }
    return problem;
}

enum slw_status slw_ssh_signature_verify(const struct slw_ssh_key *key, struct slw_bytes name_space,
                                         struct slw_bytes message, struct slw_bytes blob,
                                         struct slw_detail *detail)
{
    struct parts parts = {0};
    struct inner inner = {0};
    if (blob.len > SLW_SSH_SIGNATURE_BLOB_MAX) {
        return slw_explain(detail, SLW_BAD_SIGNATURE, "the SSH signature is too large");
    }
    const char *problem = check(key, name_space, blob, &parts, &inner);
    if (problem != NULL) {
        return slw_explain(detail, SLW_BAD_SIGNATURE, "the SSH signature %s", problem);
    }
    enum slw_status status = verify_inner(key, &parts, &inner, message);
    if (status == SLW_BAD_SIGNATURE || status == SLW_BAD_KEY) {
        return slw_explain(detail, SLW_BAD_SIGNATURE, "the SSH signature isn't of these bytes");
    }
    return status == SLW_OK ? SLW_OK
                            : slw_explain(detail, status, "the SSH signature could not be checked");
}
