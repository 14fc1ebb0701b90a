/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extents: runs of whole sectors in the blobs region. A header is programmed before the data and a
 * mark behind them, each with a checksum: one without its mark is what a power cut left, and free
 * to be taken back. Sectors inside an extent are never looked at as if one began there, so data
 * that look like a header mean nothing (spec/SPEC.md, section 6.4).
 */
#include "store_private.h"

#include "slipway/checked.h"

#define BLOB_FORMAT 1u
#define HEADER_SIZE 60u
#define MARK_SIZE 12u /* magic, the header's CRC-32, CRC-32 */
#define DATA_OFFSET ((uint64_t)2 * SLW_CELL_SIZE)

static const uint8_t header_magic[4] = {'S', 'L', 'W', 'B'};
static const uint8_t mark_magic[4] = {'S', 'L', 'W', 'C'};

static const struct slw_region *blobs(const struct slw_store *store)
{
    return &store->layout->blobs;
}

static uint64_t whole_sectors(const struct slw_store *store, uint64_t length)
{
    uint64_t sector = blobs(store)->flash->sector_size;
    return (DATA_OFFSET + length + sector - 1) / sector * sector;
}

uint64_t slw_extent_data(const struct slw_extent *extent)
{
    return extent->offset + DATA_OFFSET;
}

static void write_header(const struct slw_extent *extent, uint8_t header[static HEADER_SIZE])
{
    memcpy(header, header_magic, sizeof header_magic);
    header[4] = BLOB_FORMAT;
    header[5] = extent->kind;
    header[6] = 0;
    header[7] = 0;
    slw_put_u32_le(header + 8, extent->version);
    slw_put_u32_le(header + 12, extent->length);
    slw_put_u64_le(header + 16, extent->serial);
    memcpy(header + 24, extent->sha256, SLW_SHA256_SIZE);
    slw_put_u32_le(header + 56, slw_crc32(0, slw_bytes_make(header, HEADER_SIZE - 4)));
}

static void write_mark(const struct slw_extent *extent, uint8_t mark[static MARK_SIZE])
{
    uint8_t header[HEADER_SIZE];
    write_header(extent, header);
    memcpy(mark, mark_magic, sizeof mark_magic);
    memcpy(mark + 4, header + 56, 4);
    slw_put_u32_le(mark + 8, slw_crc32(0, slw_bytes_make(mark, 8)));
}

static bool is_known_kind(uint8_t kind)
{
    return kind == SLW_BLOB_ROOT || kind == SLW_BLOB_TARGETS || kind == SLW_BLOB_USER_MANIFEST;
}

static bool read_header(const struct slw_store *store, const uint8_t cell[static SLW_CELL_SIZE],
                        uint64_t offset, struct slw_extent *extent)
{
    uint8_t again[HEADER_SIZE];
    *extent = (struct slw_extent){
        .offset = offset,
        .kind = cell[5],
        .version = slw_get_u32_le(cell + 8),
        .length = slw_get_u32_le(cell + 12),
        .serial = slw_get_u64_le(cell + 16),
    };
    memcpy(extent->sha256, cell + 24, SLW_SHA256_SIZE);
    extent->size = whole_sectors(store, extent->length);
    write_header(extent, again);
    return memcmp(cell, again, sizeof again) == 0 && is_known_kind(extent->kind) &&
           extent->serial <= SLW_COUNTER_MAX && extent->size <= blobs(store)->size - offset;
}

/* SLW_NOT_FOUND when no extent begins there. */
static enum slw_status read_extent(const struct slw_store *store, uint64_t offset,
                                   struct slw_extent *ret_extent)
{
    uint8_t cell[SLW_CELL_SIZE];
    uint8_t mark[MARK_SIZE];
    enum slw_cell_kind kind = SLW_CELL_TORN;
    struct slw_extent extent;
    SLW_TRY(slw_cell_read(blobs(store), offset, cell, &kind));
    if (kind != SLW_CELL_WRITTEN || !read_header(store, cell, offset, &extent)) {
        return SLW_NOT_FOUND;
    }
    SLW_TRY(slw_cell_read(blobs(store), offset + SLW_CELL_SIZE, cell, &kind));
    write_mark(&extent, mark);
    extent.complete = kind == SLW_CELL_WRITTEN && memcmp(cell, mark, sizeof mark) == 0;
    *ret_extent = extent;
    return SLW_OK;
}

enum slw_status slw_extent_next(const struct slw_store *store, uint64_t *at,
                                struct slw_extent *ret_extent)
{
    for (; *at < blobs(store)->size; *at += blobs(store)->flash->sector_size) {
        enum slw_status status = read_extent(store, *at, ret_extent);
        if (status == SLW_OK) {
            *at = ret_extent->offset + ret_extent->size;
            return SLW_OK;
        }
        if (status != SLW_NOT_FOUND) {
            return status;
        }
    }
    return SLW_NOT_FOUND;
}

enum slw_status slw_extent_find_free(const struct slw_store *store, enum slw_blob_kind kind,
                                     uint64_t length, struct slw_extent *ret_extent)
{
    enum slw_status found = SLW_NO_SPACE;
    enum slw_status status = SLW_OK;
    uint64_t free_from = 0;
    uint64_t at = 0;
    if (length > UINT32_MAX) {
        return SLW_NO_SPACE;
    }
    const uint64_t size = whole_sectors(store, length);
    while (status == SLW_OK && (found != SLW_OK || kind == SLW_BLOB_ROOT)) {
        struct slw_extent next;
        status = slw_extent_next(store, &at, &next);
        uint64_t free_to = status == SLW_OK ? next.offset : blobs(store)->size;
        if (free_to - free_from >= size) {
            found = SLW_OK;
            *ret_extent = (struct slw_extent){
                .offset = kind == SLW_BLOB_ROOT ? free_to - size : free_from,
                .size = size,
                .length = (uint32_t)length,
            };
        }
        free_from = at;
    }
    return status == SLW_OK || status == SLW_NOT_FOUND ? found : status;
}

/* Whatever the free sectors hold, a power cut may have left it half erased. */
enum slw_status slw_extent_begin(const struct slw_store *store, const struct slw_extent *extent)
{
    uint8_t header[HEADER_SIZE];
    SLW_TRY(slw_extent_drop(store, extent));
    write_header(extent, header);
    return slw_cell_program(blobs(store), extent->offset, header, sizeof header);
}

enum slw_status slw_extent_complete(const struct slw_store *store, const struct slw_extent *extent)
{
    uint8_t mark[MARK_SIZE];
    write_mark(extent, mark);
    return slw_cell_program(blobs(store), extent->offset + SLW_CELL_SIZE, mark, sizeof mark);
}

enum slw_status slw_extent_drop(const struct slw_store *store, const struct slw_extent *extent)
{
    uint64_t sector = blobs(store)->flash->sector_size;
    for (uint64_t left = extent->size; left > 0; left -= sector) {
        SLW_TRY(slw_region_erase(blobs(store), extent->offset + left - sector));
    }
    return SLW_OK;
}

enum slw_status slw_extent_digest(const struct slw_store *store, const struct slw_extent *extent,
                                  uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    uint8_t piece[SLW_CELL_SIZE];
    struct slw_sha256 hash;
    uint64_t at = slw_extent_data(extent);
    uint64_t left = extent->length;
    slw_sha256_init(&hash);
    while (left > 0) {
        size_t len = (size_t)slw_min_u64(left, sizeof piece);
        SLW_TRY(slw_region_read(blobs(store), at, piece, len));
        slw_sha256_update(&hash, slw_bytes_make(piece, len));
        at += len;
        left -= len;
    }
    slw_sha256_final(&hash, ret_sha256);
    return SLW_OK;
}
