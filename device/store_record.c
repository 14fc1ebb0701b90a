/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of flash, and records written through them (store_private.h). */
#include "store_private.h"

#include "slipway/checked.h"

static bool is_erased(const uint8_t *bytes, size_t len, uint8_t erased_value)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != erased_value) {
            return false;
        }
    }
    return true;
}

enum slw_status slw_cell_read(const struct slw_region *region, uint64_t offset,
                              uint8_t cell[static SLW_CELL_SIZE], enum slw_cell_kind *ret_kind)
{
    enum slw_status status = slw_region_read(region, offset, cell, SLW_CELL_SIZE);
    if (status == SLW_IO_TORN) {
        *ret_kind = SLW_CELL_TORN;
        return SLW_OK;
    }
    SLW_TRY(status);
    *ret_kind = is_erased(cell, SLW_CELL_SIZE, region->flash->erased_value) ? SLW_CELL_ERASED
                                                                            : SLW_CELL_WRITTEN;
    return SLW_OK;
}

enum slw_status slw_cell_program(const struct slw_region *region, uint64_t offset,
                                 const uint8_t *bytes, size_t len)
{
    uint8_t cell[SLW_CELL_SIZE];
    memset(cell, region->flash->erased_value, sizeof cell);
    memcpy(cell, bytes, len);
    return slw_region_program(region, offset, cell, sizeof cell);
}

void slw_record_writer_init(struct slw_record_writer *writer, const struct slw_region *region,
                            uint64_t at)
{
    writer->status = SLW_OK;
    writer->region = region;
    writer->at = at;
    writer->len = 0;
    writer->crc = 0;
    writer->hash = NULL;
    writer->filled = 0;
}

void slw_record_flush(struct slw_record_writer *writer)
{
    if (writer->status != SLW_OK || writer->filled == 0) {
        return;
    }
    if (writer->region != NULL) {
        writer->status = slw_cell_program(writer->region, writer->at, writer->cell, writer->filled);
    }
    writer->at += SLW_CELL_SIZE;
    writer->filled = 0;
}

void slw_record_put(struct slw_record_writer *writer, const void *bytes, size_t len)
{
    struct slw_bytes left = slw_bytes_make(bytes, len);
    writer->crc = slw_crc32(writer->crc, left);
    if (writer->hash != NULL) {
        slw_sha256_update(writer->hash, left);
    }
    writer->len += len;
    while (left.len > 0 && writer->status == SLW_OK) {
        size_t piece = slw_min_size(left.len, SLW_CELL_SIZE - writer->filled);
        memcpy(writer->cell + writer->filled, left.ptr, piece);
        writer->filled += piece;
        left = slw_bytes_make(left.ptr + piece, left.len - piece);
        if (writer->filled == SLW_CELL_SIZE) {
            slw_record_flush(writer);
        }
    }
}

void slw_record_put_u8(struct slw_record_writer *writer, uint8_t value)
{
    slw_record_put(writer, &value, 1);
}

void slw_record_put_u16(struct slw_record_writer *writer, uint16_t value)
{
    const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    slw_record_put(writer, bytes, sizeof bytes);
}

void slw_record_put_u32(struct slw_record_writer *writer, uint32_t value)
{
    uint8_t bytes[4];
    slw_put_u32_le(bytes, value);
    slw_record_put(writer, bytes, sizeof bytes);
}

void slw_record_put_u64(struct slw_record_writer *writer, uint64_t value)
{
    uint8_t bytes[8];
    slw_put_u64_le(bytes, value);
    slw_record_put(writer, bytes, sizeof bytes);
}
