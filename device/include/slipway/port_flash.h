/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flash, as a product has it: internal, SPI NOR, a file on a host. Regions of one or several
 * flashes hold the journal, metadata, the staged bundle and the slots.
 */
#ifndef SLIPWAY_PORT_FLASH_H
#define SLIPWAY_PORT_FLASH_H

#include "slipway/reader.h"

/*
 * What an implementation must do:
 *  1. All calls are synchronous: when one returns SLW_OK, its effect survives a power cut.
 *  2. read fills the whole buffer; any alignment and length inside the flash. A word that a power
 *     cut left half-programmed so that it can't be read is SLW_IO_TORN, every other failure SLW_IO.
 *  3. program writes to bytes that were erased since they were last programmed; address and len are
 *     multiples of program_size. Callers never program the same granule twice between erases.
 *  4. erase takes the address of a sector's first byte and sets all its bytes to erased_value.
 *  5. A power cut inside program or erase may leave any value in the bytes concerned, and in no
 *     others.
 *  6. Out of range or misaligned: SLW_BAD_ARGUMENT, and nothing changes.
 */
struct slw_flash {
    void *context;
    enum slw_status (*read)(void *context, uint64_t address, uint8_t *buffer, size_t len);
    enum slw_status (*program)(void *context, uint64_t address, const uint8_t *bytes, size_t len);
    enum slw_status (*erase)(void *context, uint64_t address);
    uint64_t size;         /* bytes; a multiple of sector_size */
    uint32_t sector_size;  /* bytes; a multiple of program_size, at least 512 */
    uint32_t program_size; /* bytes; 1 to 64, a power of two */
    uint8_t erased_value;  /* 0xFF, or 0x00 */
};

/* Part of a flash: whole sectors. */
struct slw_region {
    const struct slw_flash *flash;
    uint64_t offset; /* bytes */
    uint64_t size;
};

/* A source over the first size bytes of a region; all must outlive what reads from it. */
struct slw_region_source {
    struct slw_source source;
    struct slw_region region;
};
void slw_region_source_init(struct slw_region_source *source, const struct slw_region *region,
                            uint64_t size);

/* Access by position inside a region: SLW_BAD_ARGUMENT outside it. */
SLW_MUST_USE enum slw_status slw_region_read(const struct slw_region *region, uint64_t offset,
                                             uint8_t *buffer, size_t len);
SLW_MUST_USE enum slw_status slw_region_program(const struct slw_region *region, uint64_t offset,
                                                const uint8_t *bytes, size_t len);
SLW_MUST_USE enum slw_status slw_region_erase(const struct slw_region *region, uint64_t offset);

#endif
