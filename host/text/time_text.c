/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and durations of command lines. Dates are computed here, since strptime() and timegm()
 * accept dates that don't exist.
 */
#include "slipway/time_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400

static const struct {
    char unit;
    int64_t seconds;
} units[] = {{'s', 1},
             {'m', 60},
             {'h', 3600},
             {'d', DAY_S},
             {'w', 7 * (int64_t)DAY_S},
             {'y', 365 * (int64_t)DAY_S}};

/* Digits at *text, at most nine; moves past them. False when there is none. */
static bool read_digits(const char **text, size_t count_max, int64_t *ret_value)
{
    int64_t value = 0;
    size_t count = 0;
    while (count < count_max && **text >= '0' && **text <= '9') {
        value = value * 10 + (**text - '0');
        (*text)++;
        count++;
    }
    *ret_value = value;
    return count > 0;
}

enum slw_status slw_duration_parse(const char *text, int64_t *ret_seconds)
{
    int64_t value = 0;
    if (!read_digits(&text, 9, &value) || text[0] == '\0' || text[1] != '\0') {
        return SLW_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].unit == text[0]) {
            *ret_seconds = value * units[i].seconds;
            return SLW_OK;
        }
    }
    return SLW_BAD_ARGUMENT;
}

/*
 * Days from 1970-01-01 to a date of the Gregorian calendar, by eras of 400 years that begin on
 * March 1st, so that a leap day is the last of its year.
 */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) {
        year--;
    }
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct date {
    int64_t year;
    int64_t month;
    int64_t day;
};

static struct date date_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    return (struct date){year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
                         day_of_year - (153 * shifted + 2) / 5 + 1};
}

/* A field of exactly width digits, then separator. */
static bool read_field(const char **text, size_t width, const char *separators, int64_t *ret_value)
{
    const char *start = *text;
    if (!read_digits(text, width, ret_value) || (size_t)(*text - start) != width) {
        return false;
    }
    if (**text == '\0' || strchr(separators, **text) == NULL) {
        return false;
    }
    (*text)++;
    return true;
}

static bool parse_rfc_3339(const char *text, int64_t *ret_utc_s)
{
    struct date date;
    int64_t hour;
    int64_t minute;
    int64_t second;
    if (!read_field(&text, 4, "-", &date.year) || !read_field(&text, 2, "-", &date.month) ||
        !read_field(&text, 2, "Tt", &date.day) || !read_field(&text, 2, ":", &hour) ||
        !read_field(&text, 2, ":", &minute) || !read_field(&text, 2, "Zz", &second) ||
        text[0] != '\0' || date.month < 1 || date.month > 12 || date.day < 1 || hour > 23 ||
        minute > 59 || second > 59) {
        return false;
    }
    int64_t days = days_from_date(date.year, date.month, date.day);
    if (date_from_days(days).day != date.day) {
        return false; /* February 30th comes back as March 1st or 2nd */
    }
    *ret_utc_s = days * DAY_S + hour * 3600 + minute * 60 + second;
    return true;
}

enum slw_status slw_time_parse(const char *text, int64_t now_utc_s, int64_t *ret_utc_s)
{
    int64_t seconds = 0;
    if (slw_duration_parse(text, &seconds) == SLW_OK) {
        *ret_utc_s = now_utc_s + seconds;
        return SLW_OK;
    }
    return parse_rfc_3339(text, ret_utc_s) ? SLW_OK : SLW_BAD_ARGUMENT;
}

/* So many digits of a number, and what separates it from the next; returns where that goes. */
static char *put_field(char *place, unsigned value, size_t width, char separator)
{
    for (size_t i = width; i > 0; i--) {
        place[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    place[width] = separator;
    return place + width + 1;
}

const char *slw_time_format(int64_t utc_s, char buffer[static SLW_TIME_TEXT_SIZE])
{
    bool before = utc_s % DAY_S < 0;
    struct date date = date_from_days(utc_s / DAY_S - (before ? 1 : 0));
    int64_t second = utc_s % DAY_S + (before ? DAY_S : 0);
    if (date.year < 0 || date.year > 9999) {
        (void)snprintf(buffer, SLW_TIME_TEXT_SIZE, "%" PRId64 " s since 1970", utc_s);
        return buffer;
    }
    unsigned second_of_day = (unsigned)second;
    char *place = put_field(buffer, (unsigned)date.year, 4, '-');
    place = put_field(place, (unsigned)date.month, 2, '-');
    place = put_field(place, (unsigned)date.day, 2, 'T');
    place = put_field(place, second_of_day / 3600, 2, ':');
    place = put_field(place, second_of_day / 60 % 60, 2, ':');
    place = put_field(place, second_of_day % 60, 2, 'Z');
    *place = '\0';
    return buffer;
}
