/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSH public keys: a line of a public key file and the blob in it. For statement_key.c. */
#include "slipway/base64.h"
#include "slipway/ssh_signature.h"

#include "ssh_wire.h"

static const char *const type_names[] = {
    [SLW_SSH_ED25519] = "ssh-ed25519",
    [SLW_SSH_P256] = "ecdsa-sha2-nistp256",
    [SLW_SSH_SK_ED25519] = "sk-ssh-ed25519@openssh.com",
    [SLW_SSH_SK_P256] = "sk-ecdsa-sha2-nistp256@openssh.com",
};

#define TYPES_COUNT (sizeof type_names / sizeof type_names[0])

const char *slw_ssh_type_name(enum slw_ssh_type type)
{
    return (size_t)type < TYPES_COUNT && type_names[type] != NULL ? type_names[type] : "unknown";
}

static bool find_type(struct slw_bytes name, enum slw_ssh_type *ret_type)
{
    for (size_t i = SLW_SSH_ED25519; i < TYPES_COUNT; i++) {
        if (slw_bytes_equal(name, slw_bytes_make(type_names[i], strlen(type_names[i])))) {
            *ret_type = (enum slw_ssh_type)i;
            return true;
        }
    }
    return false;
}

static void hash(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 state;
    slw_sha256_init(&state);
    slw_sha256_update(&state, bytes);
    slw_sha256_final(&state, ret_digest);
}

/* What is wrong with a key's value; NULL for a good one. */
static const char *check_value(struct slw_ssh_key *key, struct slw_bytes value)
{
    bool is_p256 = key->type == SLW_SSH_P256 || key->type == SLW_SSH_SK_P256;
    size_t size = is_p256 ? SLW_P256_KEY_SIZE : SLW_ED25519_KEY_SIZE;
    if (value.len != size) {
        return "its key has a wrong length";
    }
    memcpy(key->value, value.ptr, size);
    key->value_len = size;
    enum slw_status status =
        is_p256 ? slw_p256_check_key(key->value) : slw_ed25519_check_key(key->value);
    return status == SLW_OK ? NULL : "its key isn't a point of the curve that could sign";
}

/* RFC 5656, 3.1; RFC 8709, 4; OpenSSH's PROTOCOL.u2f. What is wrong, or NULL. */
static const char *read_blob(struct slw_ssh_key *key)
{
    struct slw_ssh_wire wire = slw_ssh_wire_begin(slw_bytes_make(key->blob, key->blob_len));
    enum slw_ssh_type type = key->type;
    if (!find_type(slw_ssh_wire_string(&wire), &type) || type != key->type) {
        return "the type in front isn't that in its blob";
    }
    bool is_p256 = type == SLW_SSH_P256 || type == SLW_SSH_SK_P256;
    if (is_p256 && !slw_bytes_equal(slw_ssh_wire_string(&wire), SLW_BYTES_OF("nistp256"))) {
        return "its curve isn't nistp256";
    }
    struct slw_bytes value = slw_ssh_wire_string(&wire);
    if (slw_ssh_type_is_sk(type)) {
        struct slw_bytes application = slw_ssh_wire_string(&wire);
        if (application.len == 0 || application.len > SLW_SSH_APPLICATION_MAX) {
            return "its application is empty or too long";
        }
        hash(application, key->application_sha256);
    }
    return slw_ssh_wire_complete(&wire) ? check_value(key, value)
                                        : "its blob is longer or shorter than what is in it";
}

static bool has_control_character(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.ptr[i] < 0x20 && text.ptr[i] != '\t') || text.ptr[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

/* Up to the next space, which is passed too. */
static struct slw_bytes next_word(struct slw_bytes *rest)
{
    const uint8_t *space = rest->len == 0 ? NULL : memchr(rest->ptr, ' ', rest->len);
    struct slw_bytes word = *rest;
    if (space == NULL) {
        *rest = slw_bytes_make(NULL, 0);
        return word;
    }
    word.len = (size_t)(space - rest->ptr);
    *rest = slw_bytes_make(space + 1, rest->len - word.len - 1);
    return word;
}

static struct slw_bytes without_line_end(struct slw_bytes line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\n') {
        line.len--;
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* What is wrong with the line, or NULL. */
static const char *read_line(struct slw_bytes line, struct slw_ssh_key *key)
{
    struct slw_heap_buffer blob = {0};
    line = without_line_end(line);
    if (line.len > SLW_SSH_KEY_LINE_MAX || has_control_character(line)) {
        return "not one line of an OpenSSH public key file";
    }
    struct slw_bytes rest = line;
    if (!find_type(next_word(&rest), &key->type)) {
        return "it doesn't begin with a type of key that is supported (ssh-ed25519, "
               "ecdsa-sha2-nistp256, sk-ssh-ed25519@openssh.com, "
               "sk-ecdsa-sha2-nistp256@openssh.com)";
    }
    bool good = slw_base64_decode(next_word(&rest), &blob) == SLW_OK && blob.len > 0 &&
                blob.len <= sizeof key->blob;
    if (good) {
        memcpy(key->blob, blob.ptr, blob.len);
        key->blob_len = blob.len;
    }
    slw_heap_free(&blob);
    return good ? read_blob(key) : "behind the type there is no key in base64";
}

enum slw_status slw_ssh_key_parse(const char *name, struct slw_bytes line,
                                  struct slw_ssh_key *ret_key, struct slw_detail *detail)
{
    struct slw_ssh_key key = {0};
    const char *problem = read_line(line, &key);
    if (problem != NULL) {
        return slw_explain(detail, SLW_BAD_KEY, "%s: %s", name, problem);
    }
    hash(slw_bytes_make(key.blob, key.blob_len), key.id);
    *ret_key = key;
    return SLW_OK;
}

void slw_ssh_key_format(const struct slw_ssh_key *key, struct slw_heap_buffer *ret_line)
{
    slw_heap_append_text(ret_line, slw_ssh_type_name(key->type));
    slw_heap_append_text(ret_line, " ");
    slw_base64_encode(slw_bytes_make(key->blob, key->blob_len), ret_line);
}
