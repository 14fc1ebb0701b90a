/* SPDX-License-Identifier: Apache-2.0 */
/* When a device may be updated, by its own clock on the wall (spec/DEPOT.md, section 6). */
#include "slipway/rollout_plan.h"

#include "members.h"

#include <string.h>

#define DAY_S 86400

static const char *const days[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static enum slw_status read_days(const struct slw_json_document *json, uint32_t array,
                                 uint8_t *ret_days, struct slw_detail *detail)
{
    uint32_t value;
    uint8_t found = 0;
    SLW_TRY(rollout_is_array(json, array, detail));
    struct slw_json_walk walk = slw_json_walk_begin(json, array);
    while (slw_json_walk_element(&walk, &value)) {
        size_t day = 0;
        while (day < 7 && !slw_bytes_equal(slw_json_string(json, value),
                                           slw_bytes_make(days[day], strlen(days[day])))) {
            day++;
        }
        if (day == 7 || (found & 1u << day) != 0) {
            return slw_json_refuse(json, value, SLW_BAD_ARGUMENT,
                                   "must be a day (mon, tue, …), once", detail);
        }
        found = (uint8_t)(found | 1u << day);
    }
    if (found == 0 && array != SLW_JSON_NONE) {
        return slw_json_refuse(json, array, SLW_BAD_ARGUMENT, "must have a day", detail);
    }
    *ret_days = found == 0 ? 0x7f : found;
    return SLW_OK;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* "HH:MM" as minutes of the day. */
static enum slw_status read_time(const struct slw_json_document *json, uint32_t object,
                                 struct slw_bytes name, uint16_t *ret_min,
                                 struct slw_detail *detail)
{
    uint32_t value = slw_json_member(json, object, name);
    struct slw_bytes text = slw_json_string(json, value);
    const uint8_t *at = text.ptr;
    if (text.len == 5 && is_digit(at[0]) && is_digit(at[1]) && at[2] == ':' && is_digit(at[3]) &&
        is_digit(at[4])) {
        unsigned hours = (at[0] - '0') * 10u + (at[1] - '0');
        unsigned minutes = (at[3] - '0') * 10u + (at[4] - '0');
        if (hours < 24 && minutes < 60) {
            *ret_min = (uint16_t)(hours * 60 + minutes);
            return SLW_OK;
        }
    }
    return slw_json_refuse(json, value == SLW_JSON_NONE ? object : value, SLW_BAD_ARGUMENT,
                           "must have times \"HH:MM\", from and to", detail);
}

static enum slw_status read_window(const struct slw_json_document *json, uint32_t value,
                                   struct slw_windows *windows, struct slw_detail *detail)
{
    static const char *const known[] = {"days", "from", "to"};
    uint32_t array = slw_json_member(json, value, SLW_BYTES_OF("days"));
    size_t at = windows->count;
    SLW_TRY(rollout_members_read(json, value, NULL, 0, known, 3, detail));
    if (at == SLW_WINDOWS_MAX) {
        return slw_json_refuse(json, value, SLW_TOO_LARGE, "is a window too many", detail);
    }
    SLW_TRY(read_days(json, array, &windows->windows[at].days, detail));
    SLW_TRY(read_time(json, value, SLW_BYTES_OF("from"), &windows->windows[at].from_min, detail));
    SLW_TRY(read_time(json, value, SLW_BYTES_OF("to"), &windows->windows[at].to_min, detail));
    windows->count++;
    return SLW_OK;
}

static enum slw_status read_windows(const struct slw_json_document *json,
                                    struct slw_windows *windows, struct slw_detail *detail)
{
    uint32_t value;
    if (slw_json_kind(json, SLW_JSON_TOP) != SLW_JSON_ARRAY) {
        return slw_json_refuse(json, SLW_JSON_TOP, SLW_BAD_ARGUMENT, "must be an array", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, SLW_JSON_TOP);
    while (slw_json_walk_element(&walk, &value)) {
        SLW_TRY(read_window(json, value, windows, detail));
    }
    return SLW_OK;
}

enum slw_status slw_windows_parse(struct slw_bytes text, struct slw_windows *ret_windows,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer copy = {0};
    struct slw_json_document json = {0};
    struct slw_windows windows = {0};
    enum slw_status status = rollout_json_open("windows", text, &copy, &json, detail);
    if (status == SLW_OK) {
        status = read_windows(&json, &windows, detail);
    }
    slw_json_document_free(&json);
    slw_heap_free(&copy);
    if (status == SLW_OK) {
        *ret_windows = windows;
    }
    return status;
}

/* A window over midnight belongs to the day it begins on. */
static bool is_open(uint8_t open_days, unsigned from, unsigned to, unsigned day, unsigned minute)
{
    bool today = (open_days >> day & 1u) != 0;
    bool yesterday = (open_days >> (day + 6) % 7 & 1u) != 0;
    if (from < to) {
        return today && minute >= from && minute < to;
    }
    return (today && minute >= from) || (yesterday && minute < to);
}

bool slw_windows_are_open(const struct slw_windows *windows, int64_t utc_s, int32_t utc_offset_s)
{
    int64_t local_s = utc_s + utc_offset_s;
    int64_t second = ((local_s % DAY_S) + DAY_S) % DAY_S;
    int64_t day = (local_s - second) / DAY_S; /* since Thursday, 1 January 1970 */
    unsigned weekday = (unsigned)(((day % 7) + 7 + 3) % 7);
    for (size_t i = 0; i < windows->count; i++) {
        if (is_open(windows->windows[i].days, windows->windows[i].from_min,
                    windows->windows[i].to_min, weekday, (unsigned)(second / 60))) {
            return true;
        }
    }
    return windows->count == 0;
}
