/* SPDX-License-Identifier: Apache-2.0 */
/* A board's flash: NOR, of which only what was written takes memory (board.h). */
#include "board.h"

#include "slipway/flash_ram.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR SLW_VIRTUAL_SECTOR_SIZE
#define ERASED 0xFF

/* The part of an access that lies in the sector where it begins. */
static size_t part_of(uint64_t address, size_t len)
{
    size_t rest = SECTOR - (size_t)(address % SECTOR);
    return len < rest ? len : rest;
}

static enum slw_status read_flash(void *context, uint64_t address, uint8_t *buffer, size_t len)
{
    const struct board *board = context;
    if (!slw_flash_allows_read(&board->flash, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    while (len > 0) {
        const uint8_t *sector = board->sectors[address / SECTOR];
        size_t part = part_of(address, len);
        if (sector == NULL) {
            memset(buffer, ERASED, part);
        } else {
            memcpy(buffer, sector + address % SECTOR, part);
        }
        buffer += part;
        address += part;
        len -= part;
    }
    return SLW_OK;
}

static uint8_t *sector_at(struct board *board, uint64_t address)
{
    uint8_t **place = &board->sectors[address / SECTOR];
    if (*place == NULL) {
        *place = malloc(SECTOR);
        if (*place != NULL) {
            memset(*place, ERASED, SECTOR);
            board->held++;
        }
    }
    return *place;
}

/* port_flash.h, 3: "Callers never program the same granule twice between erases." */
static enum slw_status program_flash(void *context, uint64_t address, const uint8_t *bytes,
                                     size_t len)
{
    struct board *board = context;
    if (!slw_flash_allows_program(&board->flash, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < len; i++, address++) {
        uint8_t *sector = sector_at(board, address);
        if (sector == NULL || sector[address % SECTOR] != ERASED) {
            return SLW_IO;
        }
        sector[address % SECTOR] = bytes[i];
    }
    return SLW_OK;
}

static enum slw_status erase_flash(void *context, uint64_t address)
{
    struct board *board = context;
    if (!slw_flash_allows_erase(&board->flash, address)) {
        return SLW_BAD_ARGUMENT;
    }
    uint8_t **place = &board->sectors[address / SECTOR];
    board->held -= *place != NULL ? 1 : 0;
    free(*place);
    *place = NULL;
    return SLW_OK;
}

enum slw_status board_init(struct board *board, const struct board_kind *kind,
                           struct slw_detail *detail)
{
    const struct slw_virtual_slot slot = {SLW_BYTES_OF("app"), kind->slot_size};
    *board = (struct board){.now_ms = 1};
    board->flash = (struct slw_flash){
        .context = board,
        .read = read_flash,
        .program = program_flash,
        .erase = erase_flash,
        .size = slw_virtual_image_size(&slot, 1),
        .sector_size = SECTOR,
        .program_size = 1,
        .erased_value = ERASED,
    };
    board->count = (size_t)(board->flash.size / SECTOR);
    board->sectors = calloc(board->count, sizeof *board->sectors);
    if (board->sectors == NULL) {
        return slw_explain_no_memory(detail);
    }
    return slw_virtual_image_provision(&board->flash, kind->factory_root, &slot, 1, detail);
}

void board_free(struct board *board)
{
    for (size_t i = 0; board->sectors != NULL && i < board->count; i++) {
        free(board->sectors[i]);
    }
    free(board->sectors);
    board->sectors = NULL;
}
