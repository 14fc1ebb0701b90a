/* SPDX-License-Identifier: Apache-2.0 */
/* A flash in memory (flash_ram.h). */
#include "slipway/flash_ram.h"

bool slw_flash_allows_read(const struct slw_flash *flash, uint64_t address, size_t len)
{
    return address <= flash->size && len <= flash->size - address;
}

bool slw_flash_allows_program(const struct slw_flash *flash, uint64_t address, size_t len)
{
    return slw_flash_allows_read(flash, address, len) && address % flash->program_size == 0 &&
           len % flash->program_size == 0;
}

bool slw_flash_allows_erase(const struct slw_flash *flash, uint64_t address)
{
    return address < flash->size && address % flash->sector_size == 0;
}

static enum slw_status read_ram(void *context, uint64_t address, uint8_t *buffer, size_t len)
{
    const struct slw_flash_ram *ram = context;
    if (!slw_flash_allows_read(&ram->flash, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    memcpy(buffer, ram->bytes + address, len);
    return SLW_OK;
}

/* Without a note of each granule, bytes that aren't erased tell. */
static bool is_programmed(const struct slw_flash_ram *ram, uint64_t address)
{
    uint32_t size = ram->flash.program_size;
    if (ram->granules != NULL) {
        return ram->granules[address / size] != 0;
    }
    for (uint32_t i = 0; i < size; i++) {
        if (ram->bytes[address + i] != ram->flash.erased_value) {
            return true;
        }
    }
    return false;
}

static enum slw_status program_ram(void *context, uint64_t address, const uint8_t *bytes,
                                   size_t len)
{
    struct slw_flash_ram *ram = context;
    uint32_t size = ram->flash.program_size;
    uint64_t violations = ram->violations;
    if (!slw_flash_allows_program(&ram->flash, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < len; i++) {
        uint64_t at = address + i;
        if (i % size == 0) {
            ram->violations += is_programmed(ram, at) ? 1 : 0;
        }
        ram->bytes[at] = (uint8_t)(ram->flash.erased_value == 0 ? ram->bytes[at] | bytes[i]
                                                                : ram->bytes[at] & bytes[i]);
    }
    if (ram->granules != NULL) {
        memset(ram->granules + address / size, 1, len / size);
    }
    return ram->violations == violations ? SLW_OK : SLW_IO;
}

static enum slw_status erase_ram(void *context, uint64_t address)
{
    struct slw_flash_ram *ram = context;
    uint32_t size = ram->flash.program_size;
    if (!slw_flash_allows_erase(&ram->flash, address)) {
        return SLW_BAD_ARGUMENT;
    }
    memset(ram->bytes + address, ram->flash.erased_value, ram->flash.sector_size);
    if (ram->granules != NULL) {
        memset(ram->granules + address / size, 0, ram->flash.sector_size / size);
    }
    return SLW_OK;
}

void slw_flash_ram_init(struct slw_flash_ram *ram, const struct slw_flash_geometry *geometry,
                        uint8_t *bytes, uint8_t *granules)
{
    *ram = (struct slw_flash_ram){
        .flash =
            {
                .context = ram,
                .read = read_ram,
                .program = program_ram,
                .erase = erase_ram,
                .size = geometry->size,
                .sector_size = geometry->sector_size,
                .program_size = geometry->program_size,
                .erased_value = geometry->erased_value,
            },
        .bytes = bytes,
        .granules = granules,
    };
}

void slw_flash_ram_erase_all(struct slw_flash_ram *ram)
{
    for (uint64_t at = 0; at < ram->flash.size; at += ram->flash.sector_size) {
        (void)erase_ram(ram, at);
    }
}
