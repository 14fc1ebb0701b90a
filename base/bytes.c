/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes.h promises and is too long for a header. */
#include "slipway/bytes.h"

/* The bounds of the second byte are what keeps out overlong forms, surrogates and U+110000 up. */
static bool start_sequence(struct slw_utf8 *checker, uint8_t byte)
{
    checker->lowest = 0x80;
    checker->highest = 0xBF;
    if (byte < 0x80) {
        return true;
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        checker->pending = 1;
        return true;
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        checker->pending = 2;
        checker->lowest = byte == 0xE0 ? 0xA0 : 0x80;
        checker->highest = byte == 0xED ? 0x9F : 0xBF;
        return true;
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        checker->pending = 3;
        checker->lowest = byte == 0xF0 ? 0x90 : 0x80;
        checker->highest = byte == 0xF4 ? 0x8F : 0xBF;
        return true;
    }
    return false;
}

bool slw_utf8_accept(struct slw_utf8 *checker, struct slw_bytes piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t byte = piece.ptr[i];
        if (checker->pending == 0) {
            if (!start_sequence(checker, byte)) {
                return false;
            }
            continue;
        }
        if (byte < checker->lowest || byte > checker->highest) {
            return false;
        }
        checker->pending--;
        checker->lowest = 0x80;
        checker->highest = 0xBF;
    }
    return true;
}

void slw_wipe(void *memory, size_t len)
{
    volatile uint8_t *bytes = memory;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = 0;
    }
}

bool slw_equal_constant_time(const void *left, const void *right, size_t len)
{
    const uint8_t *left_bytes = left;
    const uint8_t *right_bytes = right;
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint8_t)(left_bytes[i] ^ right_bytes[i]);
    }
    return difference == 0;
}

/* Half a byte at a time: 64 bytes of table instead of 1 KiB, for the sake of small devices. */
static const uint32_t crc32_nibbles[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t slw_crc32(uint32_t crc, struct slw_bytes piece)
{
    crc = ~crc;
    for (size_t i = 0; i < piece.len; i++) {
        crc ^= piece.ptr[i];
        crc = crc >> 4 ^ crc32_nibbles[crc & 15];
        crc = crc >> 4 ^ crc32_nibbles[crc & 15];
    }
    return ~crc;
}
