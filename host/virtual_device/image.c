/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file behind a virtual device's flash (virtual_image.h; spec/SPEC.md, 6.7). It is
 * written as a factory would: everything erased but the first sectors.
 */
#include "slipway/virtual_image.h"

#include "slipway/files.h"
#include "slipway/targets.h"
#include "slipway/writer.h"

#include <stdlib.h>

#define SECTOR SLW_VIRTUAL_SECTOR_SIZE
#define MAGIC SLW_BYTES_OF("SLWVDEV1")
#define ANCHOR_SECTORS 2u
#define JOURNAL_SECTORS 8u
#define BLOBS_SIZE (2u * 1024 * 1024)
/* Room for metadata and wrapping in the staging area, beside an image for every slot. */
#define STAGING_EXTRA (1024u * 1024)

/* Where each region begins; a chain from the first sector to the end of the file. */
struct plan {
    uint64_t root;
    uint64_t anchor;
    uint64_t journal;
    uint64_t blobs;
    uint64_t staging;
    uint64_t slots;
};

static uint64_t whole_sectors(uint64_t size)
{
    return (size + SECTOR - 1) / SECTOR * SECTOR;
}

static uint64_t staging_size(const struct slw_virtual_slot *slots, size_t slots_count)
{
    uint64_t size = STAGING_EXTRA;
    for (size_t i = 0; i < slots_count; i++) {
        size += whole_sectors(slots[i].size);
    }
    return size;
}

static struct plan make_plan(const struct slw_virtual_slot *slots, size_t slots_count)
{
    struct plan plan = {.root = SECTOR};
    plan.anchor = plan.root + SLW_VIRTUAL_ROOT_SIZE_MAX;
    plan.journal = plan.anchor + (uint64_t)ANCHOR_SECTORS * SECTOR;
    plan.blobs = plan.journal + (uint64_t)JOURNAL_SECTORS * SECTOR;
    plan.staging = plan.blobs + BLOBS_SIZE;
    plan.slots = plan.staging + staging_size(slots, slots_count);
    return plan;
}

uint64_t slw_virtual_image_size(const struct slw_virtual_slot *slots, size_t slots_count)
{
    uint64_t size = make_plan(slots, slots_count).slots;
    for (size_t i = 0; i < slots_count; i++) {
        size += 2 * whole_sectors(slots[i].size);
    }
    return size;
}

static enum slw_status check_slots(const struct slw_virtual_slot *slots, size_t slots_count,
                                   struct slw_detail *detail)
{
    if (slots_count == 0 || slots_count > SLW_COMPONENTS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "1 to %u slots, not %zu", SLW_COMPONENTS_MAX,
                           slots_count);
    }
    for (size_t i = 0; i < slots_count; i++) {
        int len = (int)slots[i].name.len;
        const char *name = (const char *)slots[i].name.ptr;
        if (!slw_name_is_good(slots[i].name)) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "'%.*s' can't be a slot's name", len,
                               name);
        }
        if (slots[i].size == 0 || slots[i].size > SLW_VIRTUAL_SLOT_SIZE_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "slot '%.*s': size out of range", len,
                               name);
        }
        for (size_t j = 0; j < i; j++) {
            if (slw_bytes_equal(slots[i].name, slots[j].name)) {
                return slw_explain(detail, SLW_BAD_ARGUMENT, "slot '%.*s' twice", len, name);
            }
        }
    }
    return SLW_OK;
}

static void encode_header(struct slw_writer *writer, struct slw_bytes factory_root,
                          const struct slw_virtual_slot *slots, size_t slots_count)
{
    slw_writer_put(writer, MAGIC);
    slw_writer_u32_le(writer, SECTOR);
    slw_writer_u32_le(writer, (uint32_t)factory_root.len);
    slw_writer_u32_le(writer, (uint32_t)slots_count);
    for (size_t i = 0; i < slots_count; i++) {
        slw_writer_u64_le(writer, whole_sectors(slots[i].size));
        slw_writer_u8(writer, (uint8_t)slots[i].name.len);
        slw_writer_put(writer, slots[i].name);
    }
    slw_writer_u32_le(writer, slw_crc32(0, slw_writer_written(writer)));
}

static enum slw_status write_erased(struct slw_output *output, uint64_t size,
                                    struct slw_detail *detail)
{
    enum slw_status status = SLW_OK;
    uint8_t *erased = malloc(SLW_FILE_BLOCK_SIZE);
    if (erased == NULL) {
        return slw_explain_no_memory(detail);
    }
    memset(erased, 0xFF, SLW_FILE_BLOCK_SIZE);
    while (size > 0 && status == SLW_OK) {
        size_t len = size < SLW_FILE_BLOCK_SIZE ? (size_t)size : SLW_FILE_BLOCK_SIZE;
        status = slw_output_write(output, slw_bytes_make(erased, len), detail);
        size -= len;
    }
    free(erased);
    return status;
}

static enum slw_status make_header(struct slw_bytes factory_root,
                                   const struct slw_virtual_slot *slots, size_t slots_count,
                                   uint8_t memory[static SECTOR], struct slw_writer *ret_header,
                                   struct slw_detail *detail)
{
    SLW_TRY(check_slots(slots, slots_count, detail));
    if (factory_root.len > SLW_VIRTUAL_ROOT_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a factory root has at most %u bytes",
                           SLW_VIRTUAL_ROOT_SIZE_MAX);
    }
    slw_writer_init(ret_header, memory, SECTOR);
    encode_header(ret_header, factory_root, slots, slots_count);
    return SLW_OK;
}

enum slw_status slw_virtual_image_provision(const struct slw_flash *flash,
                                            struct slw_bytes factory_root,
                                            const struct slw_virtual_slot *slots,
                                            size_t slots_count, struct slw_detail *detail)
{
    uint8_t memory[SECTOR];
    struct slw_writer header;
    SLW_TRY(make_header(factory_root, slots, slots_count, memory, &header, detail));
    if (flash->size != slw_virtual_image_size(slots, slots_count) || flash->sector_size != SECTOR ||
        flash->program_size != 1) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a flash of another size");
    }
    struct slw_bytes written = slw_writer_written(&header);
    SLW_TRY(flash->program(flash->context, 0, written.ptr, written.len));
    return factory_root.len == 0
               ? SLW_OK
               : flash->program(flash->context, SECTOR, factory_root.ptr, factory_root.len);
}

enum slw_status slw_virtual_image_create(const char *path, struct slw_bytes factory_root,
                                         const struct slw_virtual_slot *slots, size_t slots_count,
                                         struct slw_detail *detail)
{
    uint8_t memory[SECTOR];
    struct slw_writer header;
    struct slw_output output;
    SLW_TRY(make_header(factory_root, slots, slots_count, memory, &header, detail));
    SLW_TRY(slw_output_open(path, 0, &output, detail));
    enum slw_status status =
        write_erased(&output, slw_virtual_image_size(slots, slots_count), detail);
    if (status == SLW_OK) {
        status = slw_output_write_at(&output, 0, slw_writer_written(&header), detail);
    }
    if (status == SLW_OK) {
        status = slw_output_write_at(&output, SECTOR, factory_root, detail);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

static void set_region(struct slw_region *region, const struct slw_flash *flash, uint64_t offset,
                       uint64_t size)
{
    *region = (struct slw_region){flash, offset, size};
}

/* The header names the slots; everything else follows from them. */
static enum slw_status decode_header(struct slw_reader *reader, struct slw_virtual_image *image,
                                     struct slw_virtual_slot *slots, size_t *ret_count,
                                     size_t *ret_root_len)
{
    uint8_t bytes[8];
    slw_reader_copy(reader, bytes, sizeof bytes);
    if (!slw_bytes_equal(slw_bytes_make(bytes, sizeof bytes), MAGIC)) {
        return SLW_MALFORMED;
    }
    slw_reader_copy(reader, bytes, 4);
    uint32_t sector = slw_get_u32_le(bytes);
    slw_reader_copy(reader, bytes, 4);
    *ret_root_len = slw_get_u32_le(bytes);
    slw_reader_copy(reader, bytes, 4);
    *ret_count = slw_get_u32_le(bytes);
    if (sector != SECTOR || *ret_root_len > SLW_VIRTUAL_ROOT_SIZE_MAX ||
        *ret_count > SLW_COMPONENTS_MAX) {
        return SLW_MALFORMED;
    }
    for (size_t i = 0; i < *ret_count; i++) {
        slw_reader_copy(reader, bytes, 8);
        slots[i].size = slw_get_u64_le(bytes);
        size_t len = slw_reader_u8(reader);
        if (len > SLW_NAME_SIZE_MAX) {
            return SLW_MALFORMED;
        }
        slw_reader_copy(reader, image->names[i], len);
        slots[i].name = slw_bytes_make(image->names[i], len);
    }
    return reader->status;
}

static enum slw_status read_header(const struct slw_flash *flash, struct slw_virtual_image *image,
                                   struct slw_virtual_slot *slots, size_t *ret_count,
                                   size_t *ret_root_len)
{
    uint8_t sector[SECTOR];
    uint8_t bytes[4];
    struct slw_reader reader;
    if (flash->size < SECTOR) {
        return SLW_MALFORMED;
    }
    SLW_TRY(flash->read(flash->context, 0, sector, sizeof sector));
    slw_reader_init_bytes(&reader, slw_bytes_make(sector, sizeof sector));
    SLW_TRY(decode_header(&reader, image, slots, ret_count, ret_root_len));
    uint32_t crc = slw_crc32(0, slw_bytes_make(sector, (size_t)reader.position));
    slw_reader_copy(&reader, bytes, sizeof bytes);
    if (reader.status != SLW_OK || slw_get_u32_le(bytes) != crc) {
        return SLW_MALFORMED;
    }
    return flash->size == slw_virtual_image_size(slots, *ret_count) ? SLW_OK : SLW_MALFORMED;
}

static void lay_out(const struct slw_flash *flash, struct slw_virtual_image *image,
                    const struct slw_virtual_slot *slots, size_t count)
{
    struct plan plan = make_plan(slots, count);
    struct slw_region anchor;
    uint64_t at = plan.slots;
    set_region(&anchor, flash, plan.anchor, (uint64_t)ANCHOR_SECTORS * SECTOR);
    set_region(&image->layout.journal, flash, plan.journal, (uint64_t)JOURNAL_SECTORS * SECTOR);
    set_region(&image->layout.blobs, flash, plan.blobs, BLOBS_SIZE);
    set_region(&image->layout.staging, flash, plan.staging, plan.slots - plan.staging);
    slw_anchor_flash_init(&image->anchor, &anchor, &image->layout.anchor);
    for (size_t i = 0; i < count; i++) {
        image->components[i].name = slots[i].name;
        for (size_t slot = 0; slot < 2; slot++) {
            set_region(&image->components[i].slots[slot], flash, at, slots[i].size);
            at += slots[i].size;
        }
    }
    image->layout.components = image->components;
    image->layout.components_count = count;
}

enum slw_status slw_virtual_image_load(const struct slw_flash *flash,
                                       struct slw_virtual_image *image, struct slw_detail *detail)
{
    struct slw_virtual_slot slots[SLW_COMPONENTS_MAX];
    size_t count = 0;
    size_t root_len = 0;
    *image = (struct slw_virtual_image){0};
    enum slw_status status = read_header(flash, image, slots, &count, &root_len);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "not the flash of a virtual device");
    }
    uint8_t *root = slw_heap_reserve(&image->factory_root, root_len);
    if (root == NULL && root_len > 0) {
        return slw_explain_no_memory(detail);
    }
    if (root_len > 0) {
        SLW_TRY(flash->read(flash->context, SECTOR, root, root_len));
    }
    image->layout.factory_root = slw_bytes_make(root, root_len);
    lay_out(flash, image, slots, count);
    return SLW_OK;
}

bool slw_virtual_image_has_slots(const struct slw_virtual_image *image,
                                 const struct slw_virtual_slot *slots, size_t slots_count)
{
    if (image->layout.components_count != slots_count) {
        return false;
    }
    for (size_t i = 0; i < slots_count; i++) {
        const struct slw_component *component = &image->components[i];
        if (!slw_bytes_equal(component->name, slots[i].name) ||
            component->slots[0].size != whole_sectors(slots[i].size)) {
            return false;
        }
    }
    return true;
}

void slw_virtual_image_free(struct slw_virtual_image *image)
{
    slw_heap_free(&image->factory_root);
}
