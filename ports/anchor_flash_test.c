/* SPDX-License-Identifier: Apache-2.0 */
/* The anchor in flash (anchor_flash.h), with power cuts at every operation and at every operation
 * of the store after them. */
#include "slipway/anchor_flash.h"
#include "slipway/flash_faulty.h"

#include "tap.h"

#include <stdio.h>

#define SIZE 8192u

static uint8_t bytes[SIZE];
static uint8_t granules[SIZE];
static struct slw_flash_ram ram;
static struct slw_flash_faulty flash;
static struct slw_region place;
static struct slw_anchor_flash anchor;
static struct slw_anchor port;

static void power_on(void)
{
    slw_flash_faulty_power_on(&flash);
    slw_anchor_flash_init(&anchor, &place, &port);
}

static void make(uint32_t sector_size, uint32_t program_size, uint8_t erased_value)
{
    const struct slw_flash_geometry geometry = {2 * (uint64_t)sector_size, sector_size,
                                                program_size, erased_value};
    slw_flash_ram_init(&ram, &geometry, bytes, granules);
    slw_flash_ram_erase_all(&ram);
    slw_flash_faulty_init(&flash, &ram);
    place = (struct slw_region){&flash.flash, 0, 2 * (uint64_t)sector_size};
    power_on();
}

static enum slw_status put(uint64_t sequence)
{
    struct slw_anchor_record record = {
        .provisioned = true,
        .sequence = sequence,
        .root_version = (uint32_t)sequence + 1,
        .root_sha256 = {(uint8_t)sequence, 2, 3},
        .targets_version = (uint32_t)sequence + 2,
        .security_floor = (uint32_t)sequence + 3,
        .confirmed = {(uint8_t)sequence, 4, 5},
        .trial = {(uint8_t)sequence, 6, 7},
    };
    return port.store(port.context, &record);
}

/* The sequence that is stored, 0 for none, UINT64_MAX for a record that nobody stored. */
static enum slw_status get(uint64_t *ret_sequence)
{
    struct slw_anchor_record record;
    SLW_TRY(port.load(port.context, &record));
    uint64_t sequence = record.sequence;
    bool right = record.provisioned
                     ? record.root_version == sequence + 1 &&
                           record.root_sha256[0] == (uint8_t)sequence &&
                           record.root_sha256[1] == 2 && record.targets_version == sequence + 2 &&
                           record.security_floor == sequence + 3 &&
                           record.confirmed[0] == (uint8_t)sequence && record.confirmed[2] == 5 &&
                           record.trial[0] == (uint8_t)sequence && record.trial[2] == 7
                     : sequence == 0 && record.root_version == 0;
    *ret_sequence = right ? sequence : UINT64_MAX;
    return SLW_OK;
}

static void returns_what_was_stored_last_for_any_number_of_stores(void)
{
    uint64_t sequence = 1;
    make(512, 8, 0xFF);
    TAP_EQUAL_INT(get(&sequence), SLW_OK);
    TAP_EQUAL_INT(sequence, 0);
    for (uint64_t i = 1; i < 100; i++) {
        TAP_EQUAL_INT(put(i), SLW_OK);
        TAP_EQUAL_INT(get(&sequence), SLW_OK);
        TAP_EQUAL_INT(sequence, i);
        if (i % 7 == 0) {
            power_on();
        }
    }
    TAP_EQUAL_INT(ram.violations, 0);
}

static void erases_once_in_many_stores(void)
{
    make(4096, 1, 0xFF);
    TAP_EQUAL_INT(put(1), SLW_OK);
    uint64_t begun = flash.operations;
    for (uint64_t i = 2; i < 9; i++) {
        TAP_EQUAL_INT(put(i), SLW_OK);
    }
    TAP_EQUAL_INT(flash.operations - begun, 14); /* two cells each, no erase */
    TAP_EQUAL_INT(put(9), SLW_OK);
    TAP_EQUAL_INT(flash.operations - begun, 17);
}

/* Cuts store number 2 at an operation, then store number 3 at another; weak bytes age twice. */
static void cut_twice(uint64_t first_at, int first_point, uint64_t then_at, int then_point)
{
    uint64_t found = UINT64_MAX;
    uint64_t found_then = UINT64_MAX;
    slw_flash_faulty_cut(&flash, first_at, (enum slw_cut_point)first_point);
    (void)put(2);
    power_on();
    TAP_EQUAL_INT(get(&found), SLW_OK);
    TAP_CHECK(found == 1 || found == 2);
    slw_flash_faulty_cut(&flash, then_at, (enum slw_cut_point)then_point);
    (void)put(3);
    power_on();
    TAP_EQUAL_INT(get(&found_then), SLW_OK);
    TAP_CHECK(found_then >= 1 && found_then <= 3);
    TAP_EQUAL_INT(put(4), SLW_OK);
    power_on();
    TAP_EQUAL_INT(get(&found), SLW_OK);
    TAP_EQUAL_INT(found, 4);
    TAP_EQUAL_INT(ram.violations, 0);
}

/* stores: how many were made before, so that the cuts come at all places of the two sectors. */
static void cut_everywhere(uint32_t sector_size, uint32_t program_size, uint8_t erased_value,
                           unsigned stores)
{
    for (uint64_t first_at = 0; first_at < 4; first_at++) {
        for (int first = 0; first < SLW_CUT_POINTS_COUNT; first++) {
            for (uint64_t then_at = 0; then_at < 4; then_at++) {
                for (int then = 0; then < SLW_CUT_POINTS_COUNT; then++) {
                    char row[80];
                    (void)snprintf(row, sizeof row, "%u: %u %d, %u %d", stores, (unsigned)first_at,
                                   first, (unsigned)then_at, then);
                    TAP_ROW(row);
                    make(sector_size, program_size, erased_value);
                    for (unsigned i = 0; i < stores; i++) {
                        TAP_EQUAL_INT(put(1), SLW_OK);
                    }
                    cut_twice(first_at, first, then_at, then);
                }
            }
        }
    }
    TAP_ROW(NULL);
}

static void holds_the_last_record_or_the_one_before_after_any_two_cuts(void)
{
    for (unsigned stores = 1; stores <= 5; stores++) {
        cut_everywhere(512, 8, 0xFF, stores);
    }
    cut_everywhere(528, 16, 0x00, 3);
}

/* The first store: nothing, or its record; and never neither. */
static void a_device_that_was_never_provisioned_stays_so_after_cuts_in_the_first_store(void)
{
    for (uint64_t at = 0; at < 6; at++) {
        for (int point = 0; point < SLW_CUT_POINTS_COUNT; point++) {
            for (uint64_t then_at = 0; then_at < 4; then_at++) {
                for (int then = 0; then < SLW_CUT_POINTS_COUNT; then++) {
                    uint64_t found = UINT64_MAX;
                    char row[80];
                    (void)snprintf(row, sizeof row, "%u %d, %u %d", (unsigned)at, point,
                                   (unsigned)then_at, then);
                    TAP_ROW(row);
                    make(512, 8, 0xFF);
                    slw_flash_faulty_cut(&flash, at, (enum slw_cut_point)point);
                    TAP_CHECK(put(1) != SLW_OK);
                    power_on();
                    TAP_EQUAL_INT(get(&found), SLW_OK);
                    TAP_CHECK(found <= 1);
                    slw_flash_faulty_cut(&flash, then_at, (enum slw_cut_point)then);
                    (void)put(2);
                    power_on();
                    TAP_EQUAL_INT(get(&found), SLW_OK);
                    TAP_CHECK(found <= 2);
                    TAP_EQUAL_INT(put(3), SLW_OK);
                    TAP_EQUAL_INT(get(&found), SLW_OK);
                    TAP_EQUAL_INT(found, 3);
                    TAP_EQUAL_INT(ram.violations, 0);
                }
            }
        }
    }
}

static void says_so_when_it_cannot_tell(void)
{
    uint64_t sequence = 7;
    make(512, 8, 0xFF);
    TAP_EQUAL_INT(put(1), SLW_OK);
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (uint8_t)(bytes[i] == 0xFF ? 0xFF : 0x5A);
    }
    power_on();
    TAP_EQUAL_INT(get(&sequence), SLW_IO);
    TAP_EQUAL_INT(sequence, 7);
    TAP_EQUAL_INT(put(2), SLW_IO);
}

static void refuses_every_record_with_a_bit_changed(void)
{
    make(512, 8, 0xFF);
    TAP_EQUAL_INT(put(1), SLW_OK);
    TAP_EQUAL_INT(put(2), SLW_OK);
    static uint8_t copy[SIZE];
    memcpy(copy, bytes, SIZE);
    for (size_t bit = 0; bit < (size_t)8 * 1024; bit++) {
        uint64_t found = UINT64_MAX;
        memcpy(bytes, copy, SIZE);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        power_on();
        TAP_EQUAL_INT(get(&found), SLW_OK);
        TAP_EQUAL_INT(found, 2); /* it is there twice */
    }
}

static void a_flash_that_fails_is_an_error(void)
{
    uint64_t sequence = 7;
    make(512, 8, 0xFF);
    TAP_EQUAL_INT(put(1), SLW_OK);
    flash.powered = false;
    TAP_EQUAL_INT(get(&sequence), SLW_IO);
    TAP_EQUAL_INT(put(2), SLW_IO);
    power_on();
    TAP_EQUAL_INT(get(&sequence), SLW_OK);
    TAP_EQUAL_INT(sequence, 1);
}

int main(void)
{
    TAP_RUN(returns_what_was_stored_last_for_any_number_of_stores);
    TAP_RUN(erases_once_in_many_stores);
    TAP_RUN(holds_the_last_record_or_the_one_before_after_any_two_cuts);
    TAP_RUN(a_device_that_was_never_provisioned_stays_so_after_cuts_in_the_first_store);
    TAP_RUN(says_so_when_it_cannot_tell);
    TAP_RUN(refuses_every_record_with_a_bit_changed);
    TAP_RUN(a_flash_that_fails_is_an_error);
    return tap_finish();
}
