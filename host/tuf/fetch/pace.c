/* SPDX-License-Identifier: Apache-2.0 */
/* A moving average and a budget of time, for the HTTP fetcher. */
#include "pace.h"

#define SLOTS (SLW_PACE_SLOTS + 1)

static uint64_t slot_at(const struct slw_pace *pace, uint64_t measured_ms)
{
    uint64_t slot_ms = (pace->window_ms + SLW_PACE_SLOTS - 1) / SLW_PACE_SLOTS;
    return measured_ms / (slot_ms > 0 ? slot_ms : 1);
}

void slw_pace_start(struct slw_pace *pace, int64_t now_ms)
{
    pace->last_ms = now_ms;
    pace->measuring = false;
}

void slw_pace_measure(struct slw_pace *pace)
{
    pace->measuring = true;
    pace->measured_ms = 0;
    pace->pending = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        pace->slots[i] = 0;
    }
}

void slw_pace_add(struct slw_pace *pace, uint64_t bytes)
{
    pace->pending += bytes;
}

static void move_on(struct slw_pace *pace, uint64_t step_ms)
{
    uint64_t from = slot_at(pace, pace->measured_ms);
    pace->measured_ms += step_ms;
    uint64_t to = slot_at(pace, pace->measured_ms);
    for (uint64_t i = 1; i <= SLOTS && from + i <= to; i++) {
        pace->slots[(from + i) % SLOTS] = 0;
    }
    /* They may have come at the very end of the step. */
    pace->slots[to % SLOTS] += pace->pending;
    pace->pending = 0;
}

static bool is_below_floor(const struct slw_pace *pace)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
        bytes += pace->slots[i];
    }
    return pace->measured_ms >= pace->window_ms && bytes < pace->floor_bytes;
}

enum slw_pace_verdict slw_pace_check(struct slw_pace *pace, int64_t now_ms)
{
    int64_t step_ms = now_ms - pace->last_ms;
    pace->last_ms = now_ms;
    if (step_ms < 0) {
        step_ms = 0;
    } else if (step_ms > SLW_PACE_STEP_MAX_MS) {
        step_ms = SLW_PACE_STEP_MAX_MS;
    }
    pace->spent_ms += (uint64_t)step_ms;
    if (pace->budget_ms != 0 && pace->spent_ms >= pace->budget_ms) {
        return SLW_PACE_OVER_BUDGET;
    }
    if (!pace->measuring) {
        return SLW_PACE_FINE;
    }
    move_on(pace, (uint64_t)step_ms);
    return is_below_floor(pace) ? SLW_PACE_BELOW_FLOOR : SLW_PACE_FINE;
}
