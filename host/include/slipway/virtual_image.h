/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash of a virtual device: one file that holds what a board has in hardware. A chip's worth
 * of protected memory (which product this is, the factory root, the anchor) stands in front of the
 * flash that the device library uses (journal, metadata, staging, two slots for each component).
 *
 *     slw_virtual_image_create("board.flash", root, slots, 2, &detail);
 *     slw_virtual_image_load(&flash, &image, &detail);
 *     slw_store_open(&store, &image.layout);
 */
#ifndef SLIPWAY_VIRTUAL_IMAGE_H
#define SLIPWAY_VIRTUAL_IMAGE_H

#include "slipway/anchor_flash.h"
#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/layout.h"
#include "slipway/tuf.h"

#define SLW_VIRTUAL_SECTOR_SIZE 4096u
#define SLW_VIRTUAL_ROOT_SIZE_MAX 65536u

#define SLW_VIRTUAL_SLOT_SIZE_MAX (UINT64_C(1) << 40)

/* A component and how large an image may be; both of its slots get that size. */
struct slw_virtual_slot {
    struct slw_bytes name;
    uint64_t size; /* bytes; rounded up to whole sectors */
};

/* Pointers in layout lead into this structure: it stays where it was loaded. */
struct slw_virtual_image {
    struct slw_layout layout;
    struct slw_component components[SLW_COMPONENTS_MAX];
    uint8_t names[SLW_COMPONENTS_MAX][SLW_NAME_SIZE_MAX];
    struct slw_anchor_flash anchor;
    struct slw_heap_buffer factory_root;
};

/*
 * Writes a new file, whole or not at all, for a device that was never provisioned. SLW_IO when it
 * can't be written or exists already; SLW_BAD_ARGUMENT for slots that make no sense.
 */
enum slw_status slw_virtual_image_create(const char *path, struct slw_bytes factory_root,
                                         const struct slw_virtual_slot *slots, size_t slots_count,
                                         struct slw_detail *detail);

/* The same onto a flash that is erased, of slw_virtual_image_size() bytes in sectors of
 * SLW_VIRTUAL_SECTOR_SIZE that are programmed byte by byte. */
enum slw_status slw_virtual_image_provision(const struct slw_flash *flash,
                                            struct slw_bytes factory_root,
                                            const struct slw_virtual_slot *slots,
                                            size_t slots_count, struct slw_detail *detail);

/* Bytes that a file with these slots has. */
uint64_t slw_virtual_image_size(const struct slw_virtual_slot *slots, size_t slots_count);

/* Reads what create wrote; SLW_MALFORMED when the file isn't a virtual device's flash. */
enum slw_status slw_virtual_image_load(const struct slw_flash *flash,
                                       struct slw_virtual_image *image, struct slw_detail *detail);

/* Whether the image has just these components, of these sizes. */
bool slw_virtual_image_has_slots(const struct slw_virtual_image *image,
                                 const struct slw_virtual_slot *slots, size_t slots_count);

void slw_virtual_image_free(struct slw_virtual_image *image);

#endif
