/* SPDX-License-Identifier: Apache-2.0 */
/* What transfer_window.h promises: growth, loss, and ends at the limits of 64 bits. */
#include "transfer_window.h"

#include "tap.h"

static void starts_at_one_chunk_and_doubles(void)
{
    struct slw_transfer_window window;
    slw_transfer_window_init(&window, 0, 64, 1000);
    TAP_EQUAL_INT(window.end, 64);
    slw_transfer_window_extend(&window, 64);
    TAP_EQUAL_INT(window.end, 64 + 128);
    slw_transfer_window_extend(&window, 128);
    TAP_EQUAL_INT(window.end, 128 + 256);
    slw_transfer_window_extend(&window, 256);
    slw_transfer_window_extend(&window, 512);
    TAP_EQUAL_INT(window.size, 1000);
    slw_transfer_window_extend(&window, 1024);
    TAP_EQUAL_INT(window.end, 1024 + 1000);
}

static void halves_after_a_loss_and_then_grows_by_chunks(void)
{
    struct slw_transfer_window window;
    slw_transfer_window_init(&window, 0, 64, 512);
    slw_transfer_window_extend(&window, 64);
    slw_transfer_window_extend(&window, 128);
    slw_transfer_window_restart(&window, 192);
    TAP_EQUAL_INT(window.size, 128);
    TAP_EQUAL_INT(window.end, 192 + 128);
    slw_transfer_window_extend(&window, 256);
    TAP_EQUAL_INT(window.size, 192);
    slw_transfer_window_restart(&window, 256);
    slw_transfer_window_restart(&window, 256);
    slw_transfer_window_restart(&window, 256);
    TAP_EQUAL_INT(window.size, 64);
    TAP_EQUAL_INT(window.end, 256 + 64);
}

/* A client that isn't called back must not find the end behind it. */
static void the_end_moves_back_only_with_a_restart(void)
{
    struct slw_transfer_window window;
    slw_transfer_window_init(&window, 0, 64, 512);
    slw_transfer_window_extend(&window, 0);
    slw_transfer_window_extend(&window, 0);
    TAP_EQUAL_INT(window.end, 256);
    slw_transfer_window_shrink(&window, 64);
    TAP_EQUAL_INT(window.size, 128);
    TAP_EQUAL_INT(window.end, 256);
    slw_transfer_window_shrink(&window, 240);
    TAP_EQUAL_INT(window.end, 240 + 64);
    slw_transfer_window_restart(&window, 0);
    TAP_EQUAL_INT(window.end, 64);
}

static void wants_more_when_half_is_left(void)
{
    struct slw_transfer_window window;
    slw_transfer_window_init(&window, 1000, 64, 512);
    TAP_CHECK(!slw_transfer_window_wants_extension(&window, 1000));
    TAP_CHECK(!slw_transfer_window_wants_extension(&window, 1031));
    TAP_CHECK(slw_transfer_window_wants_extension(&window, 1032));
    TAP_CHECK(slw_transfer_window_wants_extension(&window, 1064));
}

static void a_window_of_one_chunk_stays_one(void)
{
    struct slw_transfer_window window;
    slw_transfer_window_init(&window, 0, 64, 10);
    slw_transfer_window_extend(&window, 64);
    TAP_EQUAL_INT(window.size, 64);
    TAP_EQUAL_INT(window.end, 128);
    slw_transfer_window_restart(&window, 64);
    TAP_EQUAL_INT(window.end, 128);
}

static void reopening_is_no_judgement(void)
{
    struct slw_transfer_window window;
    slw_transfer_window_init(&window, 0, 64, 512);
    slw_transfer_window_extend(&window, 64);
    slw_transfer_window_reopen_one_chunk(&window, 100);
    TAP_EQUAL_INT(window.end, 164);
    slw_transfer_window_reopen(&window, 100);
    TAP_EQUAL_INT(window.end, 100 + 128);
    slw_transfer_window_extend(&window, 100);
    TAP_EQUAL_INT(window.size, 256);
}

static void ends_stay_within_64_bits(void)
{
    struct slw_transfer_window window;
    uint64_t near_the_end = UINT64_MAX - 10;
    slw_transfer_window_init(&window, near_the_end, 64, 512);
    TAP_CHECK(window.end == UINT64_MAX);
    slw_transfer_window_extend(&window, near_the_end + 5);
    TAP_CHECK(window.end == UINT64_MAX);
    slw_transfer_window_restart(&window, near_the_end);
    TAP_CHECK(window.end == UINT64_MAX);
    slw_transfer_window_init(&window, 0, UINT32_MAX, UINT32_MAX);
    slw_transfer_window_extend(&window, UINT32_MAX);
    TAP_CHECK(window.end == UINT64_C(2) * UINT32_MAX);
}

int main(void)
{
    TAP_RUN(starts_at_one_chunk_and_doubles);
    TAP_RUN(halves_after_a_loss_and_then_grows_by_chunks);
    TAP_RUN(the_end_moves_back_only_with_a_restart);
    TAP_RUN(wants_more_when_half_is_left);
    TAP_RUN(a_window_of_one_chunk_stays_one);
    TAP_RUN(reopening_is_no_judgement);
    TAP_RUN(ends_stay_within_64_bits);
    return tap_finish();
}
