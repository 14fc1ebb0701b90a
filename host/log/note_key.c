/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of signed notes, as people write them: "NAME+ID+BASE64(type ‖ value)". They come from
 * options of commands, from policies and from settings, so anybody may have written them.
 */
#include "slipway/base64.h"
#include "slipway/note.h"
#include "slipway/text.h"

/* Whether a character is one of Unicode's spaces, other than control characters. */
static bool is_space(uint32_t character)
{
    return character == 0x20 || character == 0x85 || character == 0xA0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
           character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

/* The next character of good UTF-8. */
static uint32_t next_character(struct slw_bytes text, size_t *at)
{
    uint8_t first = text.ptr[(*at)++];
    unsigned more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    uint32_t character = more == 0 ? first : first & (0x3Fu >> more);
    for (; more > 0 && *at < text.len; more--) {
        character = character << 6 | (text.ptr[(*at)++] & 0x3Fu);
    }
    return character;
}

/* signed-note: "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus
 * (U+002B) characters." */
bool slw_note_name_is_good(struct slw_bytes name)
{
    struct slw_utf8 checker = {0};
    if (name.len == 0 || name.len > SLW_NOTE_NAME_MAX || !slw_utf8_accept(&checker, name) ||
        !slw_utf8_complete(&checker)) {
        return false;
    }
    for (size_t at = 0; at < name.len;) {
        uint32_t character = next_character(name, &at);
        if (character < 0x20 || character == 0x7F || character == '+' || is_space(character)) {
            return false;
        }
    }
    return true;
}

/* "key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]" */
static void compute_id(struct slw_note_key *key)
{
    const uint8_t type = (uint8_t)key->type;
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(key->name, strlen(key->name)));
    slw_sha256_update(&hash, SLW_BYTES_OF("\n"));
    slw_sha256_update(&hash, slw_bytes_make(&type, 1));
    slw_sha256_update(&hash, slw_bytes_make(key->value, sizeof key->value));
    slw_sha256_final(&hash, digest);
    memcpy(key->id, digest, sizeof key->id);
}

enum slw_status slw_note_key_make(struct slw_bytes name, enum slw_note_type type,
                                  const uint8_t value[static SLW_ED25519_KEY_SIZE],
                                  struct slw_note_key *ret_key, struct slw_detail *detail)
{
    struct slw_note_key key = {.type = type};
    if (!slw_note_name_is_good(name)) {
        return slw_explain(detail, SLW_BAD_KEY,
                           "a key of notes has a name of 1 to %u bytes without spaces and \"+\"",
                           SLW_NOTE_NAME_MAX);
    }
    if (type != SLW_NOTE_ED25519 && type != SLW_NOTE_COSIGNATURE) {
        return slw_explain(detail, SLW_BAD_KEY, "keys of notes of type %u aren't supported",
                           (unsigned)type);
    }
    if (slw_ed25519_check_key(value) != SLW_OK) {
        return slw_explain(detail, SLW_BAD_KEY, "not an Ed25519 key");
    }
    memcpy(key.name, name.ptr, name.len);
    memcpy(key.value, value, sizeof key.value);
    compute_id(&key);
    *ret_key = key;
    return SLW_OK;
}

/* The part up to the next plus, which is taken away; what is left when there is none. */
static struct slw_bytes take_part(struct slw_bytes *text)
{
    const uint8_t *plus = text->len == 0 ? NULL : memchr(text->ptr, '+', text->len);
    size_t len = plus == NULL ? text->len : (size_t)(plus - text->ptr);
    struct slw_bytes part = slw_bytes_make(text->ptr, len);
    size_t past = plus == NULL ? len : len + 1;
    *text = slw_bytes_make(text->ptr + past, text->len - past);
    return part;
}

static enum slw_status parse_parts(struct slw_bytes vkey, struct slw_note_key *ret_key,
                                   struct slw_detail *detail)
{
    uint8_t id[SLW_NOTE_KEY_ID_SIZE];
    struct slw_bytes rest = vkey; /* base64 may have pluses of its own */
    struct slw_bytes name = take_part(&rest);
    struct slw_bytes id_text = take_part(&rest);
    if (!slw_text_unhex(id_text, id, sizeof id)) {
        return slw_explain(detail, SLW_BAD_KEY, "not of the form NAME+ID+KEY");
    }
    struct slw_heap_buffer encoded = {0};
    enum slw_status status = slw_base64_decode(rest, &encoded);
    if (status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    if (status != SLW_OK || encoded.len == 0) {
        status = slw_explain(detail, SLW_BAD_KEY, "its key isn't base64");
    } else if (encoded.len != 1 + SLW_ED25519_KEY_SIZE) {
        status = slw_explain(detail, SLW_BAD_KEY,
                             "its key isn't an Ed25519 key of type 1 or 4 (type %u, %zu bytes)",
                             encoded.ptr[0], encoded.len - 1);
    } else {
        status = slw_note_key_make(name, (enum slw_note_type)encoded.ptr[0], encoded.ptr + 1,
                                   ret_key, detail);
    }
    slw_heap_free(&encoded);
    if (status == SLW_OK && memcmp(id, ret_key->id, sizeof id) != 0) {
        return slw_explain(detail, SLW_BAD_KEY, "its id isn't that of its name and key");
    }
    return status;
}

enum slw_status slw_note_key_parse(const char *what, struct slw_bytes vkey,
                                   struct slw_note_key *ret_key, struct slw_detail *detail)
{
    struct slw_note_key key;
    struct slw_detail cause = {""};
    enum slw_status status = SLW_BAD_KEY;
    if (vkey.len > SLW_NOTE_VKEY_SIZE_MAX) {
        (void)slw_explain(&cause, SLW_BAD_KEY, "longer than %u bytes", SLW_NOTE_VKEY_SIZE_MAX);
    } else {
        status = parse_parts(vkey, &key, &cause);
    }
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: %s", what, cause.text);
    }
    *ret_key = key;
    return SLW_OK;
}

void slw_note_key_format(const struct slw_note_key *key, struct slw_heap_buffer *ret_text)
{
    uint8_t typed[1 + SLW_ED25519_KEY_SIZE];
    typed[0] = (uint8_t)key->type;
    memcpy(typed + 1, key->value, sizeof key->value);
    slw_heap_printf(ret_text, "%s+%02x%02x%02x%02x+", key->name, key->id[0], key->id[1], key->id[2],
                    key->id[3]);
    slw_base64_encode(slw_bytes_make(typed, sizeof typed), ret_text);
}
