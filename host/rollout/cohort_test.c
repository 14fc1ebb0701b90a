/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in which phase. */
#include "slipway/rollout.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

/* As `printf 'slipway cohort v1\n7\nlamp-0001' | sha256sum` has it. */
static void is_what_the_specification_says(void)
{
    TAP_CHECK(slw_cohort(7, SLW_BYTES_OF("lamp-0001")) == UINT64_C(0x1ca6b8c50f9d7b01));
    TAP_CHECK(slw_cohort(INT64_MAX, SLW_BYTES_OF("x")) == UINT64_C(0xf91e02c89b8430f8));
}

static void includes_exactly_its_share(void)
{
    static const struct {
        const char *name;
        uint64_t cohort;
        uint32_t ppm;
        bool in;
    } rows[] = {
        {"nobody", 0, 0, false},
        {"the first of all", 0, 1, true},
        {"last of the first millionth", UINT64_MAX / SLW_PPM, 1, true},
        {"first of the second millionth", UINT64_MAX / SLW_PPM + 1, 1, false},
        {"middle, below", (UINT64_C(1) << 63) - 1, 500000, true},
        {"middle", UINT64_C(1) << 63, 500000, false},
        {"last but for the last millionth", UINT64_MAX, 999999, false},
        {"everybody", UINT64_MAX, SLW_PPM, true},
        {"more than everybody", UINT64_MAX, UINT32_MAX, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_cohort_is_in(rows[i].cohort, rows[i].ppm), rows[i].in);
    }
    TAP_ROW(NULL);
}

static void share_of(int64_t rollout, unsigned devices, uint32_t ppm, uint8_t *ret_in,
                     unsigned *ret_count)
{
    *ret_count = 0;
    for (unsigned i = 0; i < devices; i++) {
        char name[32];
        int len = snprintf(name, sizeof name, "device-%u", i);
        uint64_t cohort = slw_cohort(rollout, slw_bytes_make(name, (size_t)len));
        ret_in[i] = slw_cohort_is_in(cohort, ppm);
        *ret_count += ret_in[i];
    }
}

static void spreads_devices_evenly_and_keeps_them(void)
{
    static uint8_t first[20000];
    static uint8_t second[20000];
    unsigned count;
    unsigned more;
    share_of(1, 20000, 50000, first, &count);
    TAP_CHECK(count > 900 && count < 1100); /* 1,000, with 31 to a standard deviation */
    share_of(1, 20000, 250000, second, &more);
    TAP_CHECK(more > 4700 && more < 5300);
    unsigned lost = 0;
    for (size_t i = 0; i < sizeof first; i++) {
        lost += first[i] != 0 && second[i] == 0;
    }
    TAP_EQUAL_INT(lost, 0);
}

/* The same devices must not be the first ones of every rollout. */
static void begins_elsewhere_in_each_rollout(void)
{
    static uint8_t first[20000];
    static uint8_t second[20000];
    unsigned count;
    unsigned both = 0;
    share_of(1, 20000, 50000, first, &count);
    share_of(2, 20000, 50000, second, &count);
    for (size_t i = 0; i < sizeof first; i++) {
        both += first[i] != 0 && second[i] != 0;
    }
    TAP_CHECK(both > 20 && both < 90); /* 50 of 20,000 by chance */
}

int main(void)
{
    TAP_RUN(is_what_the_specification_says);
    TAP_RUN(includes_exactly_its_share);
    TAP_RUN(spreads_devices_evenly_and_keeps_them);
    TAP_RUN(begins_elsewhere_in_each_rollout);
    return tap_finish();
}
