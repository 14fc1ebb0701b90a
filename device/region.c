/* SPDX-License-Identifier: Apache-2.0 */
/* Access to parts of a flash (port_flash.h): every position is checked before the port sees it. */
#include "slipway/port_flash.h"

static bool is_inside(const struct slw_region *region, uint64_t offset, uint64_t len)
{
    return offset <= region->size && len <= region->size - offset;
}

enum slw_status slw_region_read(const struct slw_region *region, uint64_t offset, uint8_t *buffer,
                                size_t len)
{
    const struct slw_flash *flash = region->flash;
    if (!is_inside(region, offset, len)) {
        return SLW_BAD_ARGUMENT;
    }
    if (len == 0) {
        return SLW_OK;
    }
    return flash->read(flash->context, region->offset + offset, buffer, len);
}

enum slw_status slw_region_program(const struct slw_region *region, uint64_t offset,
                                   const uint8_t *bytes, size_t len)
{
    const struct slw_flash *flash = region->flash;
    if (!is_inside(region, offset, len) || offset % flash->program_size != 0 ||
        len % flash->program_size != 0) {
        return SLW_BAD_ARGUMENT;
    }
    if (len == 0) {
        return SLW_OK;
    }
    return flash->program(flash->context, region->offset + offset, bytes, len);
}

enum slw_status slw_region_erase(const struct slw_region *region, uint64_t offset)
{
    const struct slw_flash *flash = region->flash;
    if (!is_inside(region, offset, flash->sector_size) || offset % flash->sector_size != 0) {
        return SLW_BAD_ARGUMENT;
    }
    return flash->erase(flash->context, region->offset + offset);
}

static enum slw_status read_source(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_region_source *source = context;
    return slw_region_read(&source->region, offset, buffer, len);
}

void slw_region_source_init(struct slw_region_source *source, const struct slw_region *region,
                            uint64_t size)
{
    *source = (struct slw_region_source){
        .source = {.context = source, .read = read_source, .size = size},
        .region = *region,
    };
}
