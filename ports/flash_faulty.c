/* SPDX-License-Identifier: Apache-2.0 */
/* A flash that loses power (flash_faulty.h). */
#include "slipway/flash_faulty.h"

/* What is noted of a granule beside erased (0) and programmed (1). */
enum { GRANULE_PROGRAMMED = 1, GRANULE_TORN = 2, GRANULE_WEAK = 3, GRANULE_WEAKER = 4 };

static uint8_t *granule_of(const struct slw_flash_faulty *faulty, uint64_t address)
{
    return &faulty->ram->granules[address / faulty->flash.program_size];
}

static bool is_torn(const struct slw_flash_faulty *faulty, uint64_t address, size_t len)
{
    if (len == 0) {
        return false;
    }
    const uint8_t *first = granule_of(faulty, address);
    const uint8_t *last = granule_of(faulty, address + len - 1);
    return memchr(first, GRANULE_TORN, (size_t)(last - first) + 1) != NULL;
}

static enum slw_status read_faulty(void *context, uint64_t address, uint8_t *buffer, size_t len)
{
    const struct slw_flash_faulty *faulty = context;
    const struct slw_flash *ram = &faulty->ram->flash;
    if (!faulty->powered) {
        return SLW_IO;
    }
    SLW_TRY(ram->read(ram->context, address, buffer, len));
    return is_torn(faulty, address, len) ? SLW_IO_TORN : SLW_OK;
}

/* Deterministic, and different for each byte of each operation (xorshift over a mixed seed). */
static uint8_t noise(const struct slw_flash_faulty *faulty, uint64_t at)
{
    uint64_t x = (faulty->operations + 1) * UINT64_C(0x9E3779B97F4A7C15) + at;
    x ^= x >> 30;
    x *= UINT64_C(0xBF58476D1CE4E5B9);
    x ^= x >> 27;
    return (uint8_t)(x >> 32);
}

/* target: what the operation would have made of the bytes; NULL: an erase. */
static void break_off(struct slw_flash_faulty *faulty, uint64_t address, const uint8_t *target,
                      size_t len)
{
    faulty->weak = faulty->weak || faulty->cut_point == SLW_CUT_WEAK;
    for (size_t i = 0; i < len; i++) {
        uint8_t *byte = &faulty->ram->bytes[address + i];
        uint8_t wanted = target != NULL ? target[i] : faulty->flash.erased_value;
        if (faulty->cut_point == SLW_CUT_GARBAGE || faulty->cut_point == SLW_CUT_TORN) {
            *byte = noise(faulty, address + i);
        } else if (faulty->cut_point == SLW_CUT_PART && i < len / 2) {
            *byte = wanted;
        } else if (faulty->cut_point == SLW_CUT_WEAK) {
            *byte = wanted;
        } else if (faulty->cut_point == SLW_CUT_PART && i == len / 2) {
            uint8_t mask = noise(faulty, address + i);
            *byte = (uint8_t)((*byte & mask) | (wanted & ~mask));
        }
        *granule_of(faulty, address + i) = faulty->cut_point == SLW_CUT_TORN   ? GRANULE_TORN
                                           : faulty->cut_point == SLW_CUT_WEAK ? GRANULE_WEAK
                                                                               : GRANULE_PROGRAMMED;
    }
}

/* Whether power is there to do the operation whole; if it fails in the middle, that is done here.
 */
static bool has_power_for(struct slw_flash_faulty *faulty, uint64_t address, const uint8_t *target,
                          size_t len)
{
    if (!faulty->powered) {
        return false;
    }
    if (faulty->operations++ != faulty->cut_at) {
        return true;
    }
    faulty->powered = false;
    if (faulty->cut_point == SLW_CUT_AFTER) {
        return true;
    }
    if (faulty->cut_point != SLW_CUT_BEFORE) {
        break_off(faulty, address, target, len);
    }
    return false;
}

static enum slw_status program_faulty(void *context, uint64_t address, const uint8_t *bytes,
                                      size_t len)
{
    struct slw_flash_faulty *faulty = context;
    const struct slw_flash *ram = &faulty->ram->flash;
    if (!slw_flash_allows_program(ram, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    if (!has_power_for(faulty, address, bytes, len)) {
        return SLW_IO;
    }
    SLW_TRY(ram->program(ram->context, address, bytes, len));
    return faulty->powered ? SLW_OK : SLW_IO;
}

static enum slw_status erase_faulty(void *context, uint64_t address)
{
    struct slw_flash_faulty *faulty = context;
    const struct slw_flash *ram = &faulty->ram->flash;
    if (!slw_flash_allows_erase(ram, address)) {
        return SLW_BAD_ARGUMENT;
    }
    if (!has_power_for(faulty, address, NULL, ram->sector_size)) {
        return SLW_IO;
    }
    SLW_TRY(ram->erase(ram->context, address));
    return faulty->powered ? SLW_OK : SLW_IO;
}

void slw_flash_faulty_init(struct slw_flash_faulty *faulty, struct slw_flash_ram *ram)
{
    *faulty = (struct slw_flash_faulty){
        .flash = ram->flash,
        .ram = ram,
        .cut_at = UINT64_MAX,
        .powered = true,
    };
    faulty->flash.context = faulty;
    faulty->flash.read = read_faulty;
    faulty->flash.program = program_faulty;
    faulty->flash.erase = erase_faulty;
}

void slw_flash_faulty_cut(struct slw_flash_faulty *faulty, uint64_t operation,
                          enum slw_cut_point point)
{
    faulty->cut_at = faulty->operations + operation;
    faulty->cut_point = point;
}

/* Weak bytes last until power comes back a second time. */
static void age(struct slw_flash_faulty *faulty)
{
    uint32_t size = faulty->flash.program_size;
    if (!faulty->weak) {
        return;
    }
    faulty->weak = false;
    for (uint64_t i = 0; i < faulty->flash.size / size; i++) {
        uint8_t *granule = &faulty->ram->granules[i];
        if (*granule == GRANULE_WEAK) {
            *granule = GRANULE_WEAKER;
            faulty->weak = true;
        } else if (*granule == GRANULE_WEAKER) {
            *granule = GRANULE_PROGRAMMED;
            for (uint64_t at = i * size; at < (i + 1) * size; at++) {
                faulty->ram->bytes[at] = noise(faulty, at);
            }
        }
    }
}

void slw_flash_faulty_power_on(struct slw_flash_faulty *faulty)
{
    age(faulty);
    faulty->cut_at = UINT64_MAX;
    faulty->powered = true;
}
