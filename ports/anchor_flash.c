/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An anchor in two sectors of flash (anchor_flash.h). The first store writes its record to the
 * first sector and then to the second. As long as nothing was ever written to the second, there has
 * been no whole store, whatever a power cut left in the first; from then on a missing record means
 * that nothing can be told.
 */
#include "slipway/anchor_flash.h"

#include "slipway/checked.h"

#define CELL_SIZE 128u /* a multiple of every program size */
#define RECORD_SIZE 72u
#define ANCHOR_FORMAT 1u
#define COUNTER_MAX (UINT64_MAX >> 2)

static const uint8_t magic[4] = {'S', 'L', 'W', 'A'};

/* What is in the two sectors; a place counts cells over both. */
struct found {
    bool any;
    uint64_t counter; /* of the newest record, in cell place */
    uint64_t place;
    uint64_t last_used; /* cell in the same sector behind which all are erased */
    bool second_used;   /* something is in the second sector */
    struct slw_anchor_record record;
};

static uint64_t cells_per_sector(const struct slw_anchor_flash *anchor)
{
    return anchor->region.flash->sector_size / CELL_SIZE;
}

static uint64_t offset_of(const struct slw_anchor_flash *anchor, uint64_t place)
{
    uint64_t per_sector = cells_per_sector(anchor);
    return place / per_sector * anchor->region.flash->sector_size + place % per_sector * CELL_SIZE;
}

static void encode(const struct slw_anchor_record *record, uint64_t counter,
                   uint8_t cell[static CELL_SIZE])
{
    memcpy(cell, magic, sizeof magic);
    slw_put_u32_le(cell + 4, ANCHOR_FORMAT);
    slw_put_u64_le(cell + 8, counter);
    slw_put_u64_le(cell + 16, record->sequence);
    slw_put_u32_le(cell + 24, record->root_version);
    memcpy(cell + 28, record->root_sha256, SLW_SHA256_SIZE);
    slw_put_u32_le(cell + 60, record->targets_version);
    slw_put_u32_le(cell + 64, record->security_floor);
    slw_put_u32_le(cell + 68, slw_crc32(0, slw_bytes_make(cell, RECORD_SIZE - 4)));
}

static bool decode(const uint8_t cell[static CELL_SIZE], struct slw_anchor_record *ret_record,
                   uint64_t *ret_counter)
{
    uint64_t counter = slw_get_u64_le(cell + 8);
    if (memcmp(cell, magic, sizeof magic) != 0 || slw_get_u32_le(cell + 4) != ANCHOR_FORMAT ||
        slw_crc32(0, slw_bytes_make(cell, RECORD_SIZE - 4)) != slw_get_u32_le(cell + 68) ||
        counter > COUNTER_MAX) {
        return false;
    }
    *ret_counter = counter;
    ret_record->provisioned = true;
    ret_record->sequence = slw_get_u64_le(cell + 16);
    ret_record->root_version = slw_get_u32_le(cell + 24);
    memcpy(ret_record->root_sha256, cell + 28, SLW_SHA256_SIZE);
    ret_record->targets_version = slw_get_u32_le(cell + 60);
    ret_record->security_floor = slw_get_u32_le(cell + 64);
    return true;
}

static bool is_erased(const uint8_t cell[static CELL_SIZE], uint8_t erased_value)
{
    for (size_t i = 0; i < CELL_SIZE; i++) {
        if (cell[i] != erased_value) {
            return false;
        }
    }
    return true;
}

static enum slw_status look_at(const struct slw_anchor_flash *anchor, uint64_t place,
                               struct found *found, bool *ret_used)
{
    uint8_t cell[CELL_SIZE];
    struct slw_anchor_record record;
    uint64_t counter = 0;
    enum slw_status status =
        slw_region_read(&anchor->region, offset_of(anchor, place), cell, sizeof cell);
    *ret_used = status != SLW_OK || !is_erased(cell, anchor->region.flash->erased_value);
    if (status == SLW_IO_TORN) {
        return SLW_OK;
    }
    SLW_TRY(status);
    if (decode(cell, &record, &counter) && (!found->any || counter > found->counter)) {
        found->any = true;
        found->counter = counter;
        found->place = place;
        found->record = record;
    }
    return SLW_OK;
}

static enum slw_status look(const struct slw_anchor_flash *anchor, struct found *found)
{
    uint64_t per_sector = cells_per_sector(anchor);
    uint64_t last_used[2] = {0, per_sector};
    *found = (struct found){0};
    for (uint64_t place = 0; place < 2 * per_sector; place++) {
        bool used = false;
        SLW_TRY(look_at(anchor, place, found, &used));
        if (used) {
            last_used[place / per_sector] = place;
            found->second_used = place >= per_sector;
        }
    }
    found->last_used = last_used[found->place / per_sector];
    return SLW_OK;
}

static enum slw_status load(void *context, struct slw_anchor_record *ret_record)
{
    const struct slw_anchor_flash *anchor = context;
    struct found found;
    SLW_TRY(look(anchor, &found));
    if (!found.any && found.second_used) {
        return SLW_IO;
    }
    *ret_record = found.record;
    return SLW_OK;
}

static enum slw_status put(struct slw_anchor_flash *anchor, uint64_t place, uint64_t counter,
                           const struct slw_anchor_record *record)
{
    uint8_t cell[CELL_SIZE];
    uint8_t again[CELL_SIZE];
    memset(cell, anchor->region.flash->erased_value, sizeof cell);
    encode(record, counter, cell);
    SLW_TRY(slw_region_program(&anchor->region, offset_of(anchor, place), cell, sizeof cell));
    SLW_TRY(slw_region_read(&anchor->region, offset_of(anchor, place), again, sizeof again));
    return memcmp(cell, again, sizeof cell) == 0 ? SLW_OK : SLW_IO;
}

static enum slw_status put_first(struct slw_anchor_flash *anchor,
                                 const struct slw_anchor_record *record)
{
    SLW_TRY(slw_region_erase(&anchor->region, 0));
    SLW_TRY(put(anchor, 0, 1, record));
    return put(anchor, cells_per_sector(anchor), 2, record);
}

/*
 * Since a power cut may have left a cell that only looks erased, the first record after a start
 * leaves one free.
 */
static enum slw_status store(void *context, const struct slw_anchor_record *record)
{
    struct slw_anchor_flash *anchor = context;
    uint64_t per_sector = cells_per_sector(anchor);
    struct found found;
    SLW_TRY(look(anchor, &found));
    if (!found.any && found.second_used) {
        return SLW_IO;
    }
    if (!found.any) {
        SLW_TRY(put_first(anchor, record));
        anchor->stored = true;
        return SLW_OK;
    }
    uint64_t sector = found.place / per_sector;
    uint64_t place = found.last_used + (anchor->stored ? 1 : 2);
    if (place >= (sector + 1) * per_sector) {
        sector = 1 - sector;
        place = sector * per_sector;
        SLW_TRY(slw_region_erase(&anchor->region, sector * anchor->region.flash->sector_size));
    }
    anchor->stored = false;
    SLW_TRY(put(anchor, place, found.counter + 1, record));
    anchor->stored = true;
    return SLW_OK;
}

void slw_anchor_flash_init(struct slw_anchor_flash *anchor, const struct slw_region *region,
                           struct slw_anchor *ret_port)
{
    *anchor = (struct slw_anchor_flash){.region = *region};
    *ret_port = (struct slw_anchor){
        .kind = SLW_ANCHOR_PROTECTED,
        .context = anchor,
        .load = load,
        .store = store,
    };
}
