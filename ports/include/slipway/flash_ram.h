/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flash in memory, with the manners of NOR: programming only ever takes bits away from what an
 * erase left. For tests and for devices whose slots are RAM.
 *
 *     static uint8_t bytes[65536];
 *     const struct slw_flash_geometry geometry = {sizeof bytes, 4096, 8, 0xFF};
 *     slw_flash_ram_init(&ram, &geometry, bytes, NULL);
 *     struct slw_region region = {&ram.flash, 0, sizeof bytes};
 */
#ifndef SLIPWAY_FLASH_RAM_H
#define SLIPWAY_FLASH_RAM_H

#include "slipway/port_flash.h"

struct slw_flash_geometry {
    uint64_t size;         /* bytes; a multiple of sector_size */
    uint32_t sector_size;  /* bytes */
    uint32_t program_size; /* bytes */
    uint8_t erased_value;  /* 0xFF, or 0x00 */
};

struct slw_flash_ram {
    struct slw_flash flash;
    uint8_t *bytes;
    uint8_t *granules;   /* a byte each: 1 when programmed since its last erase; or NULL */
    uint64_t violations; /* granules that were to be programmed twice; SLW_IO each time */
};

/*
 * bytes: geometry.size of them, the caller's, in use as long as the flash; what they hold is what
 * the flash holds. granules: one byte for each program_size bytes, zero when erased, or NULL. The
 * structure must stay where it is.
 */
void slw_flash_ram_init(struct slw_flash_ram *ram, const struct slw_flash_geometry *geometry,
                        uint8_t *bytes, uint8_t *granules);

/* All bytes erased, as it left the factory. */
void slw_flash_ram_erase_all(struct slw_flash_ram *ram);

/* Whether an access keeps to the contract's rules on positions; what the other ports check, too. */
bool slw_flash_allows_read(const struct slw_flash *flash, uint64_t address, size_t len);
bool slw_flash_allows_program(const struct slw_flash *flash, uint64_t address, size_t len);
bool slw_flash_allows_erase(const struct slw_flash *flash, uint64_t address);

#endif
