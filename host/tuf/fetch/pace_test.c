/* SPDX-License-Identifier: Apache-2.0 */
/* The moving average and the budget, on a clock of the test's own. */
#include "pace.h"
#include "tap.h"

#define FLOOR_BYTES UINT64_C(15360) /* 15 s of 1,024 bytes/s */

static struct slw_pace make_pace(void)
{
    return (struct slw_pace){.window_ms = 15000, .floor_bytes = FLOOR_BYTES};
}

/* Sends bytes each step_ms for a while; what the first check that isn't fine says. */
static enum slw_pace_verdict send_for(struct slw_pace *pace, int64_t *now_ms, int64_t for_ms,
                                      int64_t step_ms, uint64_t bytes)
{
    for (int64_t end_ms = *now_ms + for_ms; *now_ms < end_ms;) {
        *now_ms += step_ms;
        slw_pace_add(pace, bytes);
        enum slw_pace_verdict verdict = slw_pace_check(pace, *now_ms);
        if (verdict != SLW_PACE_FINE) {
            return verdict;
        }
    }
    return SLW_PACE_FINE;
}

static void waits_a_whole_window_before_it_judges(void)
{
    struct slw_pace pace = make_pace();
    int64_t now_ms = 1000;
    slw_pace_start(&pace, now_ms);
    slw_pace_measure(&pace);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 14000, 1000, 0), SLW_PACE_FINE);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 1000, 1000, 0), SLW_PACE_BELOW_FLOOR);
}

static void lets_the_floor_itself_pass_for_hours(void)
{
    static const int64_t steps_ms[] = {100, 250, 1000, 1999};
    for (unsigned i = 0; i < 4; i++) {
        struct slw_pace pace = make_pace();
        int64_t now_ms = 5;
        slw_pace_start(&pace, now_ms);
        slw_pace_measure(&pace);
        uint64_t bytes = ((uint64_t)steps_ms[i] * 1024 + 999) / 1000;
        TAP_EQUAL_INT(send_for(&pace, &now_ms, 7200000, steps_ms[i], bytes), SLW_PACE_FINE);
    }
}

static void refuses_what_is_well_below_the_floor(void)
{
    struct slw_pace pace = make_pace();
    int64_t now_ms = 5;
    slw_pace_start(&pace, now_ms);
    slw_pace_measure(&pace);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 20000, 100, 90), SLW_PACE_BELOW_FLOOR);
    TAP_EQUAL_INT(now_ms, 15005);
}

static void an_early_burst_excuses_nothing_for_long(void)
{
    struct slw_pace pace = make_pace();
    int64_t now_ms = 0;
    slw_pace_start(&pace, now_ms);
    slw_pace_measure(&pace);
    slw_pace_add(&pace, 1000000000);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 60000, 500, 10), SLW_PACE_BELOW_FLOOR);
    TAP_CHECK(now_ms >= 15000 && now_ms <= 17000);
}

static void bursts_with_pauses_within_the_window_pass(void)
{
    struct slw_pace pace = make_pace();
    int64_t now_ms = 0;
    slw_pace_start(&pace, now_ms);
    slw_pace_measure(&pace);
    for (int i = 0; i < 100; i++) {
        slw_pace_add(&pace, FLOOR_BYTES);
        TAP_REQUIRE(send_for(&pace, &now_ms, 14000, 1000, 0) == SLW_PACE_FINE);
    }
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 3000, 1000, 0), SLW_PACE_BELOW_FLOOR);
}

static void nothing_is_due_before_the_request_is_sent(void)
{
    struct slw_pace pace = make_pace();
    int64_t now_ms = 0;
    slw_pace_start(&pace, now_ms);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 100000, 1000, 0), SLW_PACE_FINE);
    slw_pace_measure(&pace);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 100000, 1000, 0), SLW_PACE_BELOW_FLOOR);
    TAP_EQUAL_INT(now_ms, 115000);
    slw_pace_start(&pace, now_ms);
    TAP_EQUAL_INT(slw_pace_check(&pace, now_ms + 1000), SLW_PACE_FINE);
}

static void the_budget_is_of_all_transfers_together(void)
{
    struct slw_pace pace = make_pace();
    int64_t now_ms = 0;
    pace.budget_ms = 10000;
    for (int i = 0; i < 4; i++) {
        now_ms += 3600000; /* between two transfers nothing counts */
        slw_pace_start(&pace, now_ms);
        slw_pace_measure(&pace);
        TAP_EQUAL_INT(send_for(&pace, &now_ms, 3000, 500, 100000),
                      i < 3 ? SLW_PACE_FINE : SLW_PACE_OVER_BUDGET);
    }
    slw_pace_start(&pace, now_ms);
    TAP_EQUAL_INT(slw_pace_check(&pace, now_ms), SLW_PACE_OVER_BUDGET);
    pace.spent_ms = 0;
    TAP_EQUAL_INT(slw_pace_check(&pace, now_ms), SLW_PACE_FINE);
}

/* As when the process was stopped, or a fake clock is moved. */
static void a_clock_that_jumps_refuses_nothing(void)
{
    static const int64_t jumps_ms[] = {3600000, -3600000, INT64_C(40000000000000),
                                       -INT64_C(40000000000000), 15000};
    for (unsigned i = 0; i < 5; i++) {
        struct slw_pace pace = make_pace();
        int64_t now_ms = -INT64_C(1000000000000);
        pace.budget_ms = 30000;
        slw_pace_start(&pace, now_ms);
        slw_pace_measure(&pace);
        TAP_EQUAL_INT(send_for(&pace, &now_ms, 10000, 500, 1000), SLW_PACE_FINE);
        now_ms += jumps_ms[i];
        TAP_EQUAL_INT(slw_pace_check(&pace, now_ms), SLW_PACE_FINE);
        TAP_EQUAL_INT(send_for(&pace, &now_ms, 10000, 500, 1000), SLW_PACE_FINE);
        TAP_EQUAL_INT(send_for(&pace, &now_ms, 20000, 500, 1000), SLW_PACE_OVER_BUDGET);
    }
}

static void a_window_of_a_second_works_as_well(void)
{
    struct slw_pace pace = {.window_ms = 1000, .floor_bytes = 100};
    int64_t now_ms = 0;
    slw_pace_start(&pace, now_ms);
    slw_pace_measure(&pace);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 60000, 10, 1), SLW_PACE_FINE);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 60000, 1000, 100), SLW_PACE_FINE);
    TAP_EQUAL_INT(send_for(&pace, &now_ms, 60000, 100, 5), SLW_PACE_BELOW_FLOOR);
}

int main(void)
{
    TAP_RUN(waits_a_whole_window_before_it_judges);
    TAP_RUN(lets_the_floor_itself_pass_for_hours);
    TAP_RUN(refuses_what_is_well_below_the_floor);
    TAP_RUN(an_early_burst_excuses_nothing_for_long);
    TAP_RUN(bursts_with_pauses_within_the_window_pass);
    TAP_RUN(nothing_is_due_before_the_request_is_sent);
    TAP_RUN(the_budget_is_of_all_transfers_together);
    TAP_RUN(a_clock_that_jumps_refuses_nothing);
    TAP_RUN(a_window_of_a_second_works_as_well);
    return tap_finish();
}
