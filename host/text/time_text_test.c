/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations. */
#include "slipway/time_text.h"

#include "tap.h"

#include <string.h>
#include <time.h>

static void reads_times_in_utc(void)
{
    static const struct {
        const char *text;
        int64_t utc_s;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2001-09-09T01:46:40Z", 1000000000},
        {"2030-01-31T00:00:00Z", 1896048000},
        {"2024-02-29T23:59:59Z", 1709251199},
        {"1969-12-31T23:59:59Z", -1},
        {"2000-02-29T00:00:00z", 951782400},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"0000-03-01t00:00:00Z", -62162035200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t utc_s = 99;
        TAP_ROW(rows[i].text);
        TAP_EQUAL_INT(slw_time_parse(rows[i].text, 5, &utc_s), SLW_OK);
        TAP_EQUAL_INT(utc_s, rows[i].utc_s);
    }
}

static void refuses_what_is_no_time(void)
{
    static const char *const rows[] = {
        "",
        "2030",
        "2030-01-31",
        "2030-01-31T00:00:00",
        "2030-01-31T00:00:00+00:00",
        "2030-01-31T00:00:00Z ",
        " 2030-01-31T00:00:00Z",
        "2030-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2030-04-31T00:00:00Z",
        "2030-13-01T00:00:00Z",
        "2030-00-01T00:00:00Z",
        "2030-01-00T00:00:00Z",
        "2030-01-32T00:00:00Z",
        "2030-01-01T24:00:00Z",
        "2030-01-01T00:60:00Z",
        "2030-01-01T00:00:60Z",
        "2030-1-31T00:00:00Z",
        "2030-01-31 00:00:00Z",
        "2030-01-31T00:00:00.5Z",
        "d",
        "-1d",
        "1 d",
        "1dd",
        "90",
        "1h30m",
        "10000000000d",
        "1D",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t utc_s = 99;
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_time_parse(rows[i], 0, &utc_s), SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(utc_s, 99);
    }
}

static void counts_durations_from_now(void)
{
    int64_t utc_s = 0;
    int64_t seconds = 0;
    TAP_EQUAL_INT(slw_time_parse("90d", 1000, &utc_s), SLW_OK);
    TAP_EQUAL_INT(utc_s, 1000 + 90 * 86400);
    TAP_EQUAL_INT(slw_duration_parse("30s", &seconds), SLW_OK);
    TAP_EQUAL_INT(seconds, 30);
    TAP_EQUAL_INT(slw_duration_parse("0m", &seconds), SLW_OK);
    TAP_EQUAL_INT(seconds, 0);
    TAP_EQUAL_INT(slw_duration_parse("1y", &seconds), SLW_OK);
    TAP_EQUAL_INT(seconds, 31536000);
}

/* The C library as the judge, over four centuries in steps that meet every day of the year. */
static void agrees_with_the_c_library(void)
{
    size_t differ = 0;
    for (int64_t utc_s = -6000000000; utc_s < 6000000000; utc_s += 86400 * 11 + 3607) {
        char own[SLW_TIME_TEXT_SIZE];
        char theirs[SLW_TIME_TEXT_SIZE];
        time_t seconds = (time_t)utc_s;
        struct tm parts;
        int64_t back = 0;
        (void)strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
        if (strcmp(slw_time_format(utc_s, own), theirs) != 0 ||
            slw_time_parse(own, 0, &back) != SLW_OK || back != utc_s) {
            differ++;
        }
    }
    TAP_EQUAL_INT(differ, 0);
}

static void shows_far_times_in_seconds(void)
{
    char text[SLW_TIME_TEXT_SIZE];
    TAP_CHECK(strcmp(slw_time_format(INT64_MAX, text), "9223372036854775807 s since 1970") == 0);
    TAP_CHECK(strcmp(slw_time_format(INT64_MIN, text), "-9223372036854775808 s since 1970") == 0);
}

int main(void)
{
    TAP_RUN(reads_times_in_utc);
    TAP_RUN(refuses_what_is_no_time);
    TAP_RUN(counts_durations_from_now);
    TAP_RUN(agrees_with_the_c_library);
    TAP_RUN(shows_far_times_in_seconds);
    return tap_finish();
}
