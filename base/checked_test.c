/* SPDX-License-Identifier: Apache-2.0 */
/* What checked.h promises: results that fit, and results left alone when they don't. */
#include "slipway/checked.h"

#include "tap.h"

static void adds_up_to_the_largest_value(void)
{
    uint64_t sum = 0;
    TAP_CHECK(slw_add_u64(UINT64_MAX - 1, 1, &sum));
    TAP_CHECK(sum == UINT64_MAX);
    TAP_CHECK(slw_add_u64(0, UINT64_MAX, &sum));
    TAP_CHECK(sum == UINT64_MAX);
    TAP_CHECK(slw_add_u64(UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, &sum));
    TAP_CHECK(sum == UINT64_MAX);
    TAP_CHECK(slw_add_u64(2, 3, &sum));
    TAP_CHECK(sum == 5);

    size_t size = 0;
    TAP_CHECK(slw_add_size(SIZE_MAX - 1, 1, &size));
    TAP_CHECK(size == SIZE_MAX);
    TAP_CHECK(slw_add_size(2, 3, &size));
    TAP_CHECK(size == 5);
}

static void refuses_sums_that_overflow_and_leaves_the_result(void)
{
    uint64_t sum = 7;
    TAP_CHECK(!slw_add_u64(UINT64_MAX, 1, &sum));
    TAP_CHECK(!slw_add_u64(1, UINT64_MAX, &sum));
    TAP_CHECK(!slw_add_u64(UINT64_MAX, UINT64_MAX, &sum));
    TAP_CHECK(!slw_add_u64(UINT64_C(1) << 63, UINT64_C(1) << 63, &sum));
    TAP_CHECK(sum == 7);

    size_t size = 7;
    TAP_CHECK(!slw_add_size(SIZE_MAX, 1, &size));
    TAP_CHECK(!slw_add_size(1, SIZE_MAX, &size));
    TAP_CHECK(!slw_add_size(SIZE_MAX, SIZE_MAX, &size));
    TAP_CHECK(size == 7);
}

static void converts_only_what_memory_can_hold(void)
{
    size_t size = 7;
    TAP_CHECK(slw_to_size(0, &size));
    TAP_CHECK(size == 0);
    TAP_CHECK(slw_to_size(SIZE_MAX, &size));
    TAP_CHECK(size == SIZE_MAX);
#if SIZE_MAX < UINT64_MAX
    TAP_CHECK(!slw_to_size((uint64_t)SIZE_MAX + 1, &size));
    TAP_CHECK(!slw_to_size(UINT64_MAX, &size));
    TAP_CHECK(size == SIZE_MAX);
#endif
}

static void finds_the_smaller(void)
{
    TAP_CHECK(slw_min_u64(1, UINT64_MAX) == 1);
    TAP_CHECK(slw_min_u64(UINT64_MAX, 1) == 1);
    TAP_CHECK(slw_min_u64(UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1) == UINT64_C(1) << 32);
    TAP_CHECK(slw_min_size(2, 3) == 2);
    TAP_CHECK(slw_min_size(3, 2) == 2);
    TAP_CHECK(slw_min_size(SIZE_MAX, 0) == 0);
}

int main(void)
{
    TAP_RUN(adds_up_to_the_largest_value);
    TAP_RUN(refuses_sums_that_overflow_and_leaves_the_result);
    TAP_RUN(converts_only_what_memory_can_hold);
    TAP_RUN(finds_the_smaller);
    return tap_finish();
}
