/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An anchor in two sectors of flash (anchor_flash.h). The first store writes its record to the
 * first sector and then to the second. As long as the second was never touched, there has been no
 * whole store, whatever a power cut left in the first; from then on a missing record means that
 * nothing can be told. A record is written twice: the second one says that the first is whole.
 */
#include "slipway/anchor_flash.h"

#include "slipway/checked.h"

#define CELL_SIZE 256u /* a multiple of every program size */
#define RECORD_SIZE 136u
#define ANCHOR_FORMAT 1u
#define COUNTER_MAX (UINT64_MAX >> 2)

static const uint8_t magic[4] = {'S', 'L', 'W', 'A'};

/* What is in the two sectors; a place counts cells over both. */
struct found {
    bool any;
    uint64_t counter; /* of the newest record, in cell place */
    uint64_t place;
    bool sealed;   /* something is behind it in its sector */
    bool used[2];  /* something is in the sector */
    bool valid[2]; /* a record is */
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
    memcpy(cell + 68, record->confirmed, SLW_SHA256_SIZE);
    memcpy(cell + 100, record->trial, SLW_SHA256_SIZE);
    slw_put_u32_le(cell + 132, slw_crc32(0, slw_bytes_make(cell, RECORD_SIZE - 4)));
}

static bool decode(const uint8_t cell[static CELL_SIZE], struct slw_anchor_record *ret_record,
                   uint64_t *ret_counter)
{
    uint64_t counter = slw_get_u64_le(cell + 8);
    if (memcmp(cell, magic, sizeof magic) != 0 || slw_get_u32_le(cell + 4) != ANCHOR_FORMAT ||
        slw_crc32(0, slw_bytes_make(cell, RECORD_SIZE - 4)) != slw_get_u32_le(cell + 132) ||
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
    memcpy(ret_record->confirmed, cell + 68, SLW_SHA256_SIZE);
    memcpy(ret_record->trial, cell + 100, SLW_SHA256_SIZE);
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
                               struct found *found)
{
    uint8_t cell[CELL_SIZE];
    struct slw_anchor_record record;
    uint64_t per_sector = cells_per_sector(anchor);
    uint64_t counter = 0;
    enum slw_status status =
        slw_region_read(&anchor->region, offset_of(anchor, place), cell, sizeof cell);
    if (status != SLW_OK && status != SLW_IO_TORN) {
        return status;
    }
    if (status == SLW_OK && is_erased(cell, anchor->region.flash->erased_value)) {
        return SLW_OK;
    }
    found->used[place / per_sector] = true;
    found->sealed =
        found->sealed || (found->any && place / per_sector == found->place / per_sector);
    if (status != SLW_OK || !decode(cell, &record, &counter)) {
        return SLW_OK;
    }
    found->valid[place / per_sector] = true;
    if (!found->any || counter > found->counter) {
        found->any = true;
        found->counter = counter;
        found->place = place;
        found->sealed = false;
        found->record = record;
    }
    return SLW_OK;
}

static enum slw_status look(const struct slw_anchor_flash *anchor, struct found *found)
{
    *found = (struct found){0};
    for (uint64_t place = 0; place < 2 * cells_per_sector(anchor); place++) {
        SLW_TRY(look_at(anchor, place, found));
    }
    return !found->any && found->used[1] ? SLW_IO : SLW_OK;
}

static enum slw_status load(void *context, struct slw_anchor_record *ret_record)
{
    const struct slw_anchor_flash *anchor = context;
    struct found found;
    SLW_TRY(look(anchor, &found));
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

/* The record and behind it once more: what has something behind it was written whole. */
static enum slw_status put_twice(struct slw_anchor_flash *anchor, uint64_t place, uint64_t counter,
                                 const struct slw_anchor_record *record)
{
    SLW_TRY(put(anchor, place, counter, record));
    return put(anchor, place + 1, counter + 1, record);
}

static enum slw_status put_first(struct slw_anchor_flash *anchor,
                                 const struct slw_anchor_record *record)
{
    SLW_TRY(slw_region_erase(&anchor->region, 0));
    SLW_TRY(put_twice(anchor, 0, 1, record));
    SLW_TRY(slw_region_erase(&anchor->region, anchor->region.flash->sector_size));
    return put_twice(anchor, cells_per_sector(anchor), 3, record);
}

static bool is_uncertain(const struct slw_anchor_flash *anchor, const struct found *found)
{
    return found->place % cells_per_sector(anchor) == 0 && !found->sealed;
}

/* Nothing was ever stored whole; one record in the first sector may be what a power cut left. */
static bool is_first(const struct slw_anchor_flash *anchor, const struct found *found)
{
    return !found->any || (is_uncertain(anchor, found) && !found->used[1]);
}

/*
 * A cell that looks erased after a start may be one in which a power cut stopped a record, so the
 * first one goes to a sector that was just erased: to the other, unless the newest record isn't
 * certain (it is the only one in its sector, with nothing behind it) and what is certain is in the
 * other.
 */
static enum slw_status put_in_new_sector(struct slw_anchor_flash *anchor, const struct found *found,
                                         const struct slw_anchor_record *record)
{
    uint64_t per_sector = cells_per_sector(anchor);
    uint64_t sector = found->place / per_sector;
    uint64_t target = is_uncertain(anchor, found) && found->valid[1 - sector] ? sector : 1 - sector;
    SLW_TRY(slw_region_erase(&anchor->region, target * anchor->region.flash->sector_size));
    return put_twice(anchor, target * per_sector, found->counter + 1, record);
}

static enum slw_status store(void *context, const struct slw_anchor_record *record)
{
    struct slw_anchor_flash *anchor = context;
    uint64_t per_sector = cells_per_sector(anchor);
    bool may_append = anchor->stored;
    struct found found;
    SLW_TRY(look(anchor, &found));
    anchor->stored = false;
    if (is_first(anchor, &found)) {
        SLW_TRY(put_first(anchor, record));
    } else if (may_append && found.place % per_sector + 2 < per_sector) {
        SLW_TRY(put_twice(anchor, found.place + 1, found.counter + 1, record));
    } else {
        SLW_TRY(put_in_new_sector(anchor, &found, record));
    }
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
