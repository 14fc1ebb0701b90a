/* SPDX-License-Identifier: Apache-2.0 */
/* Flash in memory, and the one that loses power (flash_ram.h, flash_faulty.h): the contract of
 * port_flash.h, point by point. */
#include "slipway/flash_faulty.h"

#include "tap.h"

#define SECTOR ((size_t)1024)
#define SIZE (4 * SECTOR)
#define GRANULE 8u

static uint8_t bytes[SIZE];
static uint8_t granules[SIZE];
static struct slw_flash_ram ram;
static struct slw_flash_faulty faulty;

static void make(uint8_t erased_value, bool with_granules)
{
    const struct slw_flash_geometry geometry = {SIZE, SECTOR, GRANULE, erased_value};
    slw_flash_ram_init(&ram, &geometry, bytes, with_granules ? granules : NULL);
    slw_flash_ram_erase_all(&ram);
    slw_flash_faulty_init(&faulty, &ram);
}

static enum slw_status program(const struct slw_flash *flash, uint64_t address, uint8_t value,
                               size_t len)
{
    uint8_t values[64];
    memset(values, value, sizeof values);
    return flash->program(flash->context, address, values, len);
}

static enum slw_status erase(const struct slw_flash *flash, uint64_t address)
{
    return flash->erase(flash->context, address);
}

static enum slw_status read_byte(const struct slw_flash *flash, uint64_t address, uint8_t *ret_byte)
{
    return flash->read(flash->context, address, ret_byte, 1);
}

static void programs_erased_bytes_and_erases_sectors(void)
{
    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte = 0;
        uint8_t erased = i % 2 == 0 ? 0xFF : 0x00;
        make(erased, i / 2 == 0);
        TAP_EQUAL_INT(program(&ram.flash, SECTOR, 0x5A, 64), SLW_OK);
        TAP_EQUAL_INT(program(&ram.flash, SECTOR + 64, 0x5A, GRANULE), SLW_OK);
        TAP_EQUAL_INT(read_byte(&ram.flash, SECTOR + 63, &byte), SLW_OK);
        TAP_EQUAL_INT(byte, 0x5A);
        TAP_EQUAL_INT(read_byte(&ram.flash, SECTOR + 72, &byte), SLW_OK);
        TAP_EQUAL_INT(byte, erased);
        TAP_EQUAL_INT(erase(&ram.flash, SECTOR), SLW_OK);
        TAP_EQUAL_INT(read_byte(&ram.flash, SECTOR + 63, &byte), SLW_OK);
        TAP_EQUAL_INT(byte, erased);
        TAP_EQUAL_INT(program(&ram.flash, SECTOR, 0x33, 64), SLW_OK);
    }
}

static void notices_a_granule_that_is_programmed_twice(void)
{
    make(0xFF, true);
    TAP_EQUAL_INT(program(&ram.flash, 0, 0xFF, 16),
                  SLW_OK); /* programmed, though it looks erased */
    TAP_EQUAL_INT(program(&ram.flash, 8, 0xFF, 16), SLW_IO);
    TAP_EQUAL_INT(ram.violations, 1);
    make(0xFF, false);
    TAP_EQUAL_INT(program(&ram.flash, 0, 0x0F, 16), SLW_OK);
    TAP_EQUAL_INT(program(&ram.flash, 8, 0xF0, 16), SLW_IO);
    TAP_EQUAL_INT(ram.violations, 1);
    TAP_EQUAL_INT(bytes[8], 0x00); /* as NOR does */
    make(0x00, false);
    TAP_EQUAL_INT(program(&ram.flash, 0, 0x0F, 8), SLW_OK);
    TAP_EQUAL_INT(program(&ram.flash, 0, 0xF0, 8), SLW_IO);
    TAP_EQUAL_INT(bytes[0], 0xFF);
}

static void refuses_positions_that_are_not_there(void)
{
    static const struct {
        uint64_t address;
        size_t len;
        bool read, program, erase;
    } rows[] = {
        {0, 8, true, true, true},
        {SIZE - 8, 8, true, true, false},
        {SIZE - 8, 16, false, false, false},
        {SIZE, 8, false, false, false},
        {UINT64_MAX - 7, 8, false, false, false},
        {4, 8, true, false, false},
        {8, 4, true, false, false},
        {3 * SECTOR, 8, true, true, true},
    };
    uint8_t buffer[64] = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make(0xFF, true);
        const struct slw_flash *both[] = {&ram.flash, &faulty.flash};
        for (size_t j = 0; j < 2; j++) {
            const struct slw_flash *flash = both[j];
            uint64_t address = rows[i].address;
            TAP_EQUAL_INT(flash->read(flash->context, address, buffer, rows[i].len),
                          rows[i].read ? SLW_OK : SLW_BAD_ARGUMENT);
            TAP_EQUAL_INT(program(flash, address, 0, rows[i].len),
                          rows[i].program ? SLW_OK : SLW_BAD_ARGUMENT);
            TAP_EQUAL_INT(erase(flash, address), rows[i].erase ? SLW_OK : SLW_BAD_ARGUMENT);
            slw_flash_ram_erase_all(&ram);
        }
    }
}

static bool only_changed(uint64_t from, uint64_t to)
{
    for (uint64_t at = 0; at < SIZE; at++) {
        if ((at < from || at >= to) && bytes[at] != (at < SECTOR ? 0x11 : 0xFF)) {
            return false;
        }
    }
    return true;
}

/* The first sector holds 11, the rest is erased. */
static void fill_first_sector(void)
{
    make(0xFF, true);
    for (uint64_t at = 0; at < SECTOR; at += 64) {
        TAP_EQUAL_INT(program(&faulty.flash, at, 0x11, 64), SLW_OK);
    }
}

static void a_cut_program_changes_its_own_bytes_alone(void)
{
    for (int point = 0; point < SLW_CUT_POINTS_COUNT; point++) {
        fill_first_sector();
        slw_flash_faulty_cut(&faulty, 1, (enum slw_cut_point)point);
        TAP_EQUAL_INT(erase(&faulty.flash, 3 * SECTOR), SLW_OK);
        TAP_EQUAL_INT(program(&faulty.flash, 2 * SECTOR, 0x22, 64), SLW_IO);
        TAP_CHECK(only_changed(2 * SECTOR, 2 * SECTOR + 64));
        uint8_t byte = 0;
        TAP_EQUAL_INT(read_byte(&faulty.flash, 0, &byte), SLW_IO);
        TAP_EQUAL_INT(erase(&faulty.flash, 0), SLW_IO);
        slw_flash_faulty_power_on(&faulty);
        TAP_EQUAL_INT(read_byte(&faulty.flash, 0, &byte), SLW_OK);
        /* Only one that never began may be programmed. */
        TAP_EQUAL_INT(program(&faulty.flash, 2 * SECTOR, 0x22, 64),
                      point == SLW_CUT_BEFORE ? SLW_OK : SLW_IO);
    }
}

static void a_cut_erase_changes_its_own_sector_alone(void)
{
    for (int point = 0; point < SLW_CUT_POINTS_COUNT; point++) {
        fill_first_sector();
        slw_flash_faulty_cut(&faulty, 0, (enum slw_cut_point)point);
        TAP_EQUAL_INT(erase(&faulty.flash, 0), SLW_IO);
        TAP_CHECK(only_changed(0, SECTOR));
        slw_flash_faulty_power_on(&faulty);
        TAP_EQUAL_INT(program(&faulty.flash, 0, 0x22, 8), point == SLW_CUT_AFTER ? SLW_OK : SLW_IO);
        TAP_EQUAL_INT(erase(&faulty.flash, 0), SLW_OK);
        TAP_EQUAL_INT(program(&faulty.flash, 0, 0x22, 8), SLW_OK);
    }
}

static void leaves_what_the_kind_of_cut_says(void)
{
    uint8_t byte = 0;
    make(0xFF, true);
    slw_flash_faulty_cut(&faulty, 0, SLW_CUT_PART);
    TAP_EQUAL_INT(program(&faulty.flash, 0, 0x22, 64), SLW_IO);
    TAP_EQUAL_INT(bytes[31], 0x22);
    TAP_EQUAL_INT(bytes[32] & 0x22, 0x22); /* some bits of it are programmed */
    TAP_EQUAL_INT(bytes[33], 0xFF);
    make(0xFF, true);
    slw_flash_faulty_cut(&faulty, 0, SLW_CUT_TORN);
    TAP_EQUAL_INT(program(&faulty.flash, 0, 0x22, 8), SLW_IO);
    slw_flash_faulty_power_on(&faulty);
    TAP_EQUAL_INT(read_byte(&faulty.flash, 7, &byte), SLW_IO_TORN);
    TAP_EQUAL_INT(read_byte(&faulty.flash, 8, &byte), SLW_OK);
    TAP_EQUAL_INT(erase(&faulty.flash, 0), SLW_OK);
    TAP_EQUAL_INT(read_byte(&faulty.flash, 7, &byte), SLW_OK);
    make(0xFF, true);
    slw_flash_faulty_cut(&faulty, 0, SLW_CUT_UNTOUCHED);
    TAP_EQUAL_INT(program(&faulty.flash, 0, 0x22, 8), SLW_IO);
    TAP_EQUAL_INT(bytes[0], 0xFF);
}

static void weak_bytes_last_until_power_fails_once_more(void)
{
    uint8_t again[64];
    uint8_t expected[64];
    memset(expected, 0x22, sizeof expected);
    make(0xFF, true);
    slw_flash_faulty_cut(&faulty, 0, SLW_CUT_WEAK);
    TAP_EQUAL_INT(program(&faulty.flash, 0, 0x22, 64), SLW_IO);
    slw_flash_faulty_power_on(&faulty);
    TAP_EQUAL_INT(faulty.flash.read(&faulty, 0, again, sizeof again), SLW_OK);
    TAP_EQUAL_BYTES(again, expected, sizeof again);
    slw_flash_faulty_power_on(&faulty);
    TAP_EQUAL_INT(faulty.flash.read(&faulty, 0, again, sizeof again), SLW_OK);
    TAP_CHECK(memcmp(again, expected, sizeof again) != 0);
    memcpy(expected, again, sizeof again);
    slw_flash_faulty_power_on(&faulty);
    TAP_EQUAL_BYTES(bytes, expected, sizeof expected);
}

int main(void)
{
    TAP_RUN(programs_erased_bytes_and_erases_sectors);
    TAP_RUN(notices_a_granule_that_is_programmed_twice);
    TAP_RUN(refuses_positions_that_are_not_there);
    TAP_RUN(a_cut_program_changes_its_own_bytes_alone);
    TAP_RUN(a_cut_erase_changes_its_own_sector_alone);
    TAP_RUN(leaves_what_the_kind_of_cut_says);
    TAP_RUN(weak_bytes_last_until_power_fails_once_more);
    return tap_finish();
}
