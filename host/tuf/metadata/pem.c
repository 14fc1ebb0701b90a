/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM (RFC 7468) and the SubjectPublicKeyInfo of P-256 keys, read and written by hand. key.c reads
 * keys with it, sign.c writes ours.
 */
#include "pem.h"

#define BEGIN "-----BEGIN PUBLIC KEY-----"
#define END "-----END PUBLIC KEY-----"
#define LINE_CHARACTERS 64u

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_blank(uint8_t character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static struct slw_bytes trim(struct slw_bytes text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = slw_bytes_make(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* What stands between the two boundaries. */
static bool unwrap(struct slw_bytes text, struct slw_bytes *ret_body)
{
    text = trim(text);
    size_t begin_len = sizeof BEGIN - 1;
    size_t end_len = sizeof END - 1;
    if (text.len < begin_len + end_len || memcmp(text.ptr, BEGIN, begin_len) != 0 ||
        memcmp(text.ptr + text.len - end_len, END, end_len) != 0) {
        return false;
    }
    *ret_body = slw_bytes_make(text.ptr + begin_len, text.len - begin_len - end_len);
    return true;
}

#define NO_CHARACTER 64u

static unsigned value_of(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return character - (unsigned)'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - (unsigned)'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - (unsigned)'0' + 52;
    }
    return character == '+' ? 62 : character == '/' ? 63 : NO_CHARACTER;
}

/* Four characters, the last of which may be padding: RFC 4648, section 4. */
static bool decode_quantum(const uint8_t quantum[static 4], uint8_t ret_bytes[static 3],
                           size_t *ret_len)
{
    size_t padding = quantum[3] != '=' ? 0 : quantum[2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned value = i < 4 - padding ? value_of(quantum[i]) : 0;
        if (value == NO_CHARACTER) {
            return false;
        }
        bits = bits << 6 | value;
    }
    /* Section 3.5: "pad bits MUST be set to zero by conforming encoders". */
    if ((bits & ((1u << (8 * padding)) - 1)) != 0) {
        return false;
    }
    ret_bytes[0] = (uint8_t)(bits >> 16);
    ret_bytes[1] = (uint8_t)(bits >> 8);
    ret_bytes[2] = (uint8_t)bits;
    *ret_len = 3 - padding;
    return true;
}

bool slw_tuf_pem_decode(struct slw_bytes text, uint8_t ret_der[static SLW_TUF_SPKI_SIZE_MAX],
                        size_t *ret_len)
{
    struct slw_bytes body;
    if (!unwrap(text, &body)) {
        return false;
    }
    uint8_t quantum[4];
    size_t filled = 0;
    size_t len = 0;
    bool ended = false;
    for (size_t i = 0; i < body.len; i++) {
        if (is_blank(body.ptr[i])) {
            continue;
        }
        quantum[filled++] = body.ptr[i];
        if (filled < 4) {
            continue;
        }
        uint8_t bytes[3];
        size_t count = 0;
        filled = 0;
        if (ended || !decode_quantum(quantum, bytes, &count) ||
            count > SLW_TUF_SPKI_SIZE_MAX - len) {
            return false;
        }
        memcpy(ret_der + len, bytes, count);
        len += count;
        ended = count < 3;
    }
    *ret_len = len;
    return filled == 0 && len > 0;
}

static void put_quantum(struct slw_bytes rest, struct slw_heap_buffer *text)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; i++) {
        bits = bits << 8 | (i < rest.len ? rest.ptr[i] : 0);
    }
    char quantum[4];
    for (size_t i = 0; i < 4; i++) {
        quantum[i] = alphabet[bits >> (18 - 6 * i) & 63];
    }
    for (size_t i = rest.len + 1; i < 4; i++) {
        quantum[i] = '=';
    }
    slw_heap_append(text, slw_bytes_make(quantum, sizeof quantum));
}

void slw_tuf_pem_encode(struct slw_bytes der, struct slw_heap_buffer *ret_text)
{
    slw_heap_append_text(ret_text, BEGIN "\n");
    for (size_t i = 0; i < der.len; i += 3) {
        put_quantum(slw_bytes_make(der.ptr + i, der.len - i), ret_text);
        if (i / 3 % (LINE_CHARACTERS / 4) == LINE_CHARACTERS / 4 - 1 || der.len - i <= 3) {
            slw_heap_append_text(ret_text, "\n");
        }
    }
    slw_heap_append_text(ret_text, END "\n");
}

/* SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING of 65 bytes }, up to the point. */
static const uint8_t p256_head[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
    0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};
_Static_assert(sizeof p256_head + SLW_P256_KEY_SIZE == SLW_TUF_SPKI_P256_SIZE, "sizes differ");

#define POINT_UNCOMPRESSED 4u

bool slw_tuf_spki_to_p256(struct slw_bytes der, uint8_t ret_point[static SLW_P256_KEY_SIZE])
{
    if (der.len != SLW_TUF_SPKI_P256_SIZE || memcmp(der.ptr, p256_head, sizeof p256_head) != 0 ||
        der.ptr[sizeof p256_head] != POINT_UNCOMPRESSED) {
        return false;
    }
    memcpy(ret_point, der.ptr + sizeof p256_head, SLW_P256_KEY_SIZE);
    return true;
}

void slw_tuf_spki_from_p256(const uint8_t point[static SLW_P256_KEY_SIZE],
                            uint8_t ret_der[static SLW_TUF_SPKI_P256_SIZE])
{
    memcpy(ret_der, p256_head, sizeof p256_head);
    memcpy(ret_der + sizeof p256_head, point, SLW_P256_KEY_SIZE);
}
