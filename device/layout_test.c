/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of a flash, and which tables of them make sense (port_flash.h, layout.h). */
#include "slipway/flash_ram.h"
#include "slipway/layout.h"

#include "tap.h"

#define SECTOR ((size_t)4096)
#define SECTORS 20

static uint8_t bytes[SECTORS * SECTOR];
static uint8_t other_bytes[SECTORS * SECTOR];
static struct slw_flash_ram ram;
static struct slw_flash_ram other_ram;
static struct slw_component components[SLW_COMPONENTS_MAX + 1];
static struct slw_layout layout;

static struct slw_region region(uint64_t sector, uint64_t sectors)
{
    return (struct slw_region){&ram.flash, sector * SECTOR, sectors * SECTOR};
}

/* journal 0-1, blobs 2-3, staging 4-7, then a sector for each slot of "app" and "rtos". */
static void make_layout(void)
{
    const struct slw_flash_geometry geometry = {sizeof bytes, SECTOR, 8, 0xFF};
    slw_flash_ram_init(&ram, &geometry, bytes, NULL);
    slw_flash_ram_init(&other_ram, &geometry, other_bytes, NULL);
    slw_flash_ram_erase_all(&ram);
    components[0] = (struct slw_component){SLW_BYTES_OF("app"), {region(8, 1), region(9, 1)}};
    components[1] = (struct slw_component){SLW_BYTES_OF("rtos"), {region(10, 1), region(11, 1)}};
    layout = (struct slw_layout){
        .journal = region(0, 2),
        .blobs = region(2, 2),
        .staging = region(4, 4),
        .components = components,
        .components_count = 2,
        .anchor = {.kind = SLW_ANCHOR_NONE},
    };
}

static void keep(void)
{
}
static void leave_out_staging(void)
{
    layout.staging = (struct slw_region){0};
}
static void leave_out_components(void)
{
    layout.components_count = 0;
}
static void use_another_flash(void)
{
    layout.blobs = (struct slw_region){&other_ram.flash, 0, 2 * SECTOR};
}
static void shrink_journal(void)
{
    layout.journal.size = SECTOR;
}
static void leave_out_blobs(void)
{
    layout.blobs.size = 0;
}
static void leave_out_flash(void)
{
    layout.blobs.flash = NULL;
}
static void leave_out_slot(void)
{
    components[1].slots[1].size = 0;
}
static void overlap_slots(void)
{
    components[1].slots[1] = components[0].slots[0];
}
static void overlap_partly(void)
{
    layout.staging = region(3, 4);
}
static void contain(void)
{
    layout.journal = region(12, 4);
    components[0].slots[0] = region(13, 1);
}
static void misalign(void)
{
    layout.staging.offset += 8;
}
static void misalign_size(void)
{
    layout.staging.size -= 8;
}
static void run_over_the_end(void)
{
    layout.staging = region(18, 3);
}
static void wrap_around(void)
{
    layout.staging.offset = SECTOR;
    layout.staging.size = UINT64_MAX - SECTOR + 1;
}
static void use_many_components(void)
{
    layout.components_count = SLW_COMPONENTS_MAX + 1;
}
static void name_twice(void)
{
    components[1].name = components[0].name;
}
static void leave_out_name(void)
{
    components[1].name.len = 0;
}
static void name_a_path(void)
{
    components[1].name = SLW_BYTES_OF("a/../b");
}
static void name_the_user_manifest(void)
{
    components[1].name = SLW_BYTES_OF("user_manifest");
}
static void use_large_granules(void)
{
    ram.flash.program_size = 128;
}
static void use_odd_granules(void)
{
    ram.flash.program_size = 24;
}
static void use_no_granules(void)
{
    ram.flash.program_size = 0;
}
static void use_small_sectors(void)
{
    ram.flash.sector_size = 256;
}
static void use_sectors_that_do_not_fit(void)
{
    ram.flash.sector_size = 4104;
}
static void use_odd_erased_value(void)
{
    ram.flash.erased_value = 0x55;
}
static void leave_out_erase(void)
{
    ram.flash.erase = NULL;
}
static void use_no_anchor_functions(void)
{
    layout.anchor.kind = SLW_ANCHOR_PROTECTED;
}
static void use_unknown_anchor(void)
{
    layout.anchor.kind = (enum slw_anchor_kind)7;
}

static void tells_layouts_that_make_sense_from_others(void)
{
    static const struct {
        const char *name;
        void (*change)(void);
        enum slw_status status;
    } rows[] = {
        {"as it is", keep, SLW_OK},
        {"without staging", leave_out_staging, SLW_OK},
        {"without components", leave_out_components, SLW_OK},
        {"blobs in another flash", use_another_flash, SLW_OK},
        {"journal of one segment", shrink_journal, SLW_BAD_ARGUMENT},
        {"no blobs", leave_out_blobs, SLW_BAD_ARGUMENT},
        {"no flash", leave_out_flash, SLW_BAD_ARGUMENT},
        {"no second slot", leave_out_slot, SLW_BAD_ARGUMENT},
        {"a slot twice", overlap_slots, SLW_BAD_ARGUMENT},
        {"staging over blobs", overlap_partly, SLW_BAD_ARGUMENT},
        {"slot inside the journal", contain, SLW_BAD_ARGUMENT},
        {"offset in a sector", misalign, SLW_BAD_ARGUMENT},
        {"part of a sector", misalign_size, SLW_BAD_ARGUMENT},
        {"over the flash's end", run_over_the_end, SLW_BAD_ARGUMENT},
        {"size that wraps", wrap_around, SLW_BAD_ARGUMENT},
        {"nine components", use_many_components, SLW_BAD_ARGUMENT},
        {"a name twice", name_twice, SLW_BAD_ARGUMENT},
        {"no name", leave_out_name, SLW_BAD_ARGUMENT},
        {"name with ..", name_a_path, SLW_BAD_ARGUMENT},
        {"user_manifest", name_the_user_manifest, SLW_BAD_ARGUMENT},
        {"granules of 128", use_large_granules, SLW_BAD_ARGUMENT},
        {"granules of 24", use_odd_granules, SLW_BAD_ARGUMENT},
        {"granules of 0", use_no_granules, SLW_BAD_ARGUMENT},
        {"sectors of 256", use_small_sectors, SLW_BAD_ARGUMENT},
        {"flash that isn't whole sectors", use_sectors_that_do_not_fit, SLW_BAD_ARGUMENT},
        {"erased to 55", use_odd_erased_value, SLW_BAD_ARGUMENT},
        {"no erase", leave_out_erase, SLW_BAD_ARGUMENT},
        {"protected anchor without functions", use_no_anchor_functions, SLW_BAD_ARGUMENT},
        {"unknown kind of anchor", use_unknown_anchor, SLW_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        make_layout();
        rows[i].change();
        TAP_EQUAL_INT(slw_layout_check(&layout), rows[i].status);
    }
}

static void finds_components_by_their_whole_name(void)
{
    size_t index = 7;
    make_layout();
    TAP_EQUAL_INT(slw_layout_find(&layout, SLW_BYTES_OF("rtos"), &index), SLW_OK);
    TAP_EQUAL_INT(index, 1);
    index = 7;
    TAP_EQUAL_INT(slw_layout_find(&layout, SLW_BYTES_OF("rto"), &index), SLW_UNKNOWN_SLOT);
    TAP_EQUAL_INT(slw_layout_find(&layout, SLW_BYTES_OF("rtos1"), &index), SLW_UNKNOWN_SLOT);
    TAP_EQUAL_INT(slw_layout_find(&layout, SLW_BYTES_OF(""), &index), SLW_UNKNOWN_SLOT);
    TAP_EQUAL_INT(slw_layout_find(&layout, SLW_BYTES_OF("App"), &index), SLW_UNKNOWN_SLOT);
    TAP_EQUAL_INT(index, 7);
}

static void a_region_is_a_window_on_its_flash(void)
{
    static const uint8_t text[8] = "windows";
    uint8_t again[8];
    make_layout();
    TAP_EQUAL_INT(slw_region_program(&layout.staging, 16, text, sizeof text), SLW_OK);
    TAP_EQUAL_BYTES(bytes + 4 * SECTOR + 16, text, sizeof text);
    TAP_EQUAL_INT(slw_region_read(&layout.staging, 17, again, 3), SLW_OK);
    TAP_EQUAL_BYTES(again, "ind", 3);
    TAP_EQUAL_INT(slw_region_erase(&layout.staging, 0), SLW_OK);
    TAP_EQUAL_INT(bytes[4 * SECTOR + 16], 0xFF);
}

static void a_region_ends_where_it_ends(void)
{
    static const struct {
        uint64_t offset;
        size_t len;
        enum slw_status read;
        enum slw_status program;
        enum slw_status erase;
    } rows[] = {
        {0, 8, SLW_OK, SLW_OK, SLW_OK},
        {3 * SECTOR, SECTOR, SLW_OK, SLW_OK, SLW_OK},
        {4 * SECTOR - 8, 8, SLW_OK, SLW_OK, SLW_BAD_ARGUMENT},
        {4 * SECTOR, 0, SLW_OK, SLW_OK, SLW_BAD_ARGUMENT},
        {4 * SECTOR - 8, 9, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT},
        {4 * SECTOR, 8, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT},
        {UINT64_MAX - 7, 8, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT},
        {8, SIZE_MAX, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT},
        {4, 8, SLW_OK, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT},
        {8, 4, SLW_OK, SLW_BAD_ARGUMENT, SLW_BAD_ARGUMENT},
    };
    static uint8_t buffer[SECTOR];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_layout();
        uint64_t offset = rows[i].offset;
        TAP_EQUAL_INT(slw_region_read(&layout.staging, offset, buffer, rows[i].len), rows[i].read);
        TAP_EQUAL_INT(slw_region_program(&layout.staging, offset, buffer, rows[i].len),
                      rows[i].program);
        TAP_EQUAL_INT(slw_region_erase(&layout.staging, offset), rows[i].erase);
    }
}

static void a_region_source_reads_its_first_bytes(void)
{
    struct slw_region_source source;
    uint8_t again[4];
    make_layout();
    memcpy(bytes + 4 * SECTOR, "source", sizeof "source");
    slw_region_source_init(&source, &layout.staging, 6);
    TAP_EQUAL_INT(source.source.size, 6);
    TAP_EQUAL_INT(source.source.read(source.source.context, 2, again, 4), SLW_OK);
    TAP_EQUAL_BYTES(again, "urce", 4);
}

int main(void)
{
    TAP_RUN(tells_layouts_that_make_sense_from_others);
    TAP_RUN(finds_components_by_their_whole_name);
    TAP_RUN(a_region_is_a_window_on_its_flash);
    TAP_RUN(a_region_ends_where_it_ends);
    TAP_RUN(a_region_source_reads_its_first_bytes);
    return tap_finish();
}
