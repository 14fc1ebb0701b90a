/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ecdsa-Sig-Value of RFC 3279, 2.2.3, in DER (X.690): SEQUENCE { r INTEGER, s INTEGER }. key.c
 * reads signatures with it, sign.c writes ours.
 */
#include "der.h"

#define SEQUENCE 0x30u
#define INTEGER 0x02u
#define SCALAR_SIZE 32u

/*
 * X.690, 8.3.2: "If the contents octets of an integer value encoding consist of more than one
 * octet, then the bits of the first octet and bit 8 of the second octet shall not all be ones; and
 * shall not all be zero." What is negative is refused altogether.
 */
static bool is_minimal(struct slw_bytes content)
{
    return content.len > 0 && (content.ptr[0] & 0x80) == 0 &&
           (content.len == 1 || content.ptr[0] != 0 || (content.ptr[1] & 0x80) != 0);
}

/* Takes an INTEGER off the front of *rest. 33 bytes are the most that its length can say here. */
static bool take_integer(struct slw_bytes *rest, uint8_t ret_scalar[static SCALAR_SIZE])
{
    if (rest->len < 2 || rest->ptr[0] != INTEGER || rest->ptr[1] > rest->len - 2) {
        return false;
    }
    struct slw_bytes content = slw_bytes_make(rest->ptr + 2, rest->ptr[1]);
    *rest = slw_bytes_make(content.ptr + content.len, rest->len - 2 - content.len);
    if (!is_minimal(content)) {
        return false;
    }
    if (content.ptr[0] == 0) {
        content = slw_bytes_make(content.ptr + 1, content.len - 1);
    }
    if (content.len > SCALAR_SIZE) {
        return false;
    }
    memset(ret_scalar, 0, SCALAR_SIZE - content.len);
    memcpy(ret_scalar + SCALAR_SIZE - content.len, content.ptr, content.len);
    return true;
}

bool slw_tuf_der_to_raw(struct slw_bytes der, uint8_t ret_signature[static SLW_SIGNATURE_SIZE])
{
    if (der.len < 2 || der.len > SLW_TUF_DER_SIGNATURE_SIZE_MAX || der.ptr[0] != SEQUENCE ||
        der.ptr[1] != der.len - 2) {
        return false;
    }
    struct slw_bytes rest = slw_bytes_make(der.ptr + 2, der.len - 2);
    return take_integer(&rest, ret_signature) && take_integer(&rest, ret_signature + SCALAR_SIZE) &&
           rest.len == 0;
}

static size_t put_integer(const uint8_t scalar[static SCALAR_SIZE], uint8_t *der)
{
    size_t first = 0;
    while (first < SCALAR_SIZE - 1 && scalar[first] == 0) {
        first++;
    }
    size_t zero = (scalar[first] & 0x80) != 0 ? 1 : 0;
    size_t len = SCALAR_SIZE - first;
    der[0] = INTEGER;
    der[1] = (uint8_t)(zero + len);
    der[2] = 0;
    memcpy(der + 2 + zero, scalar + first, len);
    return 2 + zero + len;
}

size_t slw_tuf_der_from_raw(const uint8_t signature[static SLW_SIGNATURE_SIZE],
                            uint8_t ret_der[static SLW_TUF_DER_SIGNATURE_SIZE_MAX])
{
    size_t len = 2 + put_integer(signature, ret_der + 2);
    len += put_integer(signature + SCALAR_SIZE, ret_der + len);
    ret_der[0] = SEQUENCE;
    ret_der[1] = (uint8_t)(len - 2);
    return len;
}
