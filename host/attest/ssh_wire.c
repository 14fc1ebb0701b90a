/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and numbers as OpenSSH's keys and signatures have them; for ssh_key.c, ssh_signature.c.
 */
#include "ssh_wire.h"

#define SCALAR_SIZE 32u

struct slw_bytes slw_ssh_wire_take(struct slw_ssh_wire *wire, size_t len)
{
    if (wire->failed || wire->rest.len < len) {
        wire->failed = true;
        return slw_bytes_make(NULL, 0);
    }
    struct slw_bytes taken = slw_bytes_make(wire->rest.ptr, len);
    if (len != 0) {
        wire->rest = slw_bytes_make(wire->rest.ptr + len, wire->rest.len - len);
    }
    return taken;
}

uint8_t slw_ssh_wire_u8(struct slw_ssh_wire *wire)
{
    struct slw_bytes byte = slw_ssh_wire_take(wire, 1);
    return byte.len == 1 ? byte.ptr[0] : 0;
}

uint32_t slw_ssh_wire_u32(struct slw_ssh_wire *wire)
{
    struct slw_bytes bytes = slw_ssh_wire_take(wire, 4);
    return bytes.len != 4 ? 0
                          : (uint32_t)bytes.ptr[0] << 24 | (uint32_t)bytes.ptr[1] << 16 |
                                (uint32_t)bytes.ptr[2] << 8 | (uint32_t)bytes.ptr[3];
}

struct slw_bytes slw_ssh_wire_string(struct slw_ssh_wire *wire)
{
    return slw_ssh_wire_take(wire, slw_ssh_wire_u32(wire));
}

bool slw_ssh_wire_scalar(struct slw_ssh_wire *wire, uint8_t ret_scalar[static 32])
{
    struct slw_bytes number = slw_ssh_wire_string(wire);
    /* "If the most significant bit would be set for a positive number, the number MUST be preceded
     * by a zero byte. Unnecessary leading bytes with the value 0 or 255 MUST NOT be included." */
    if (number.len == 0 || number.ptr[0] >= 0x80) {
        return false;
    }
    if (number.ptr[0] == 0) {
        number = slw_bytes_make(number.ptr + 1, number.len - 1);
        if (number.len == 0 || number.ptr[0] < 0x80) {
            return false;
        }
    }
    if (number.len > SCALAR_SIZE) {
        return false;
    }
    memset(ret_scalar, 0, SCALAR_SIZE);
    memcpy(ret_scalar + SCALAR_SIZE - number.len, number.ptr, number.len);
    return true;
}

void slw_ssh_wire_put_u32(struct slw_heap_buffer *buffer, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};
    slw_heap_append(buffer, slw_bytes_make(bytes, sizeof bytes));
}

void slw_ssh_wire_put_string(struct slw_heap_buffer *buffer, struct slw_bytes string)
{
    slw_ssh_wire_put_u32(buffer, (uint32_t)string.len);
    slw_heap_append(buffer, string);
}
