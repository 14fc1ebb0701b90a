/* SPDX-License-Identifier: Apache-2.0 */
/* The product's table of components and regions (layout.h): looking things up, and whether it
 * makes sense at all. */
#include "slipway/layout.h"

#include "slipway/targets.h"

#define SECTOR_SIZE_MIN 512u
#define PROGRAM_SIZE_MAX 64u
#define REGIONS_MAX (3u + 2u * SLW_COMPONENTS_MAX)

enum slw_status slw_layout_find(const struct slw_layout *layout, struct slw_bytes name,
                                size_t *ret_index)
{
    for (size_t i = 0; i < layout->components_count; i++) {
        if (slw_bytes_equal(layout->components[i].name, name)) {
            *ret_index = i;
            return SLW_OK;
        }
    }
    return SLW_UNKNOWN_SLOT;
}

static bool flash_makes_sense(const struct slw_flash *flash)
{
    return flash != NULL && flash->read != NULL && flash->program != NULL && flash->erase != NULL &&
           flash->program_size >= 1 && flash->program_size <= PROGRAM_SIZE_MAX &&
           (flash->program_size & (flash->program_size - 1)) == 0 &&
           flash->sector_size >= SECTOR_SIZE_MIN && flash->sector_size % flash->program_size == 0 &&
           flash->size % flash->sector_size == 0 &&
           (flash->erased_value == 0xFF || flash->erased_value == 0x00);
}

static bool region_makes_sense(const struct slw_region *region)
{
    return flash_makes_sense(region->flash) && region->size > 0 &&
           region->offset % region->flash->sector_size == 0 &&
           region->size % region->flash->sector_size == 0 &&
           region->offset <= region->flash->size &&
           region->size <= region->flash->size - region->offset;
}

static bool regions_overlap(const struct slw_region *left, const struct slw_region *right)
{
    return left->flash->context == right->flash->context &&
           left->flash->read == right->flash->read && left->offset < right->offset + right->size &&
           right->offset < left->offset + left->size;
}

static size_t list_regions(const struct slw_layout *layout,
                           const struct slw_region *list[static REGIONS_MAX])
{
    size_t count = 0;
    list[count++] = &layout->journal;
    list[count++] = &layout->blobs;
    if (layout->staging.size > 0) {
        list[count++] = &layout->staging;
    }
    for (size_t i = 0; i < layout->components_count; i++) {
        list[count++] = &layout->components[i].slots[0];
        list[count++] = &layout->components[i].slots[1];
    }
    return count;
}

static bool regions_make_sense(const struct slw_layout *layout)
{
    const struct slw_region *list[REGIONS_MAX];
    size_t count = list_regions(layout, list);
    for (size_t i = 0; i < count; i++) {
        if (!region_makes_sense(list[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (regions_overlap(list[i], list[j])) {
                return false;
            }
        }
    }
    return true;
}

static bool names_make_sense(const struct slw_layout *layout)
{
    for (size_t i = 0; i < layout->components_count; i++) {
        struct slw_bytes name = layout->components[i].name;
        size_t first = 0;
        if (!slw_name_is_good(name) || slw_bytes_equal(name, SLW_USER_MANIFEST) ||
            slw_layout_find(layout, name, &first) != SLW_OK || first != i) {
            return false;
        }
    }
    return true;
}

static bool anchor_makes_sense(const struct slw_anchor *anchor)
{
    return anchor->kind == SLW_ANCHOR_NONE ||
           (anchor->kind == SLW_ANCHOR_PROTECTED && anchor->load != NULL && anchor->store != NULL);
}

enum slw_status slw_layout_check(const struct slw_layout *layout)
{
    if (layout->components_count > SLW_COMPONENTS_MAX || !regions_make_sense(layout) ||
        !names_make_sense(layout) || !anchor_makes_sense(&layout->anchor) ||
        slw_journal_segment_size(layout) > layout->journal.size / 2) {
        return SLW_BAD_ARGUMENT;
    }
    return SLW_OK;
}
