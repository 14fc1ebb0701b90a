/* SPDX-License-Identifier: Apache-2.0 */
/* When something may be signed: the clock, the request's time, hours of the day, rates. */
#include "deciding.h"

#include "slipway/time_text.h"

#define DAY_S 86400
#define DAY_MIN 1440

/* "Time never falls below the last entry." */
void slw_policy_require_clock(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    bool fell = facts->now_utc_s < facts->time_mark_utc_s;
    slw_policy_require(deciding, SLW_POLICY_NEED_CLOCK, fell ? SLW_CLOCK : SLW_OK,
                       fell ? "the clock is behind the last entry of the log"
                            : "the clock is not behind the log");
}

static int64_t latest_issue(int64_t now_utc_s)
{
    return now_utc_s > INT64_MAX - SLW_POLICY_CLOCK_SKEW_S ? INT64_MAX
                                                           : now_utc_s + SLW_POLICY_CLOCK_SKEW_S;
}

void slw_policy_require_fresh(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_facts *facts = deciding->facts;
    char text[SLW_TIME_TEXT_SIZE];
    if (facts->expires_utc_s <= facts->now_utc_s) {
        slw_policy_require(deciding, SLW_POLICY_NEED_FRESH, SLW_STALE_STATEMENT,
                           "the request expired at %s",
                           slw_time_format(facts->expires_utc_s, text));
        return;
    }
    if (facts->issued_utc_s > latest_issue(facts->now_utc_s)) {
        slw_policy_require(deciding, SLW_POLICY_NEED_FRESH, SLW_STALE_STATEMENT,
                           "the request was issued in the future, at %s",
                           slw_time_format(facts->issued_utc_s, text));
        return;
    }
    slw_policy_require(deciding, SLW_POLICY_NEED_FRESH, SLW_OK, "the request is good until %s",
                       slw_time_format(facts->expires_utc_s, text));
}

/* Signatures whose distance from now isn't certain, or that lie in the future, count as recent. */
static size_t count_recent(const struct slw_policy_facts *facts, uint32_t per_s)
{
    size_t recent = 0;
    for (size_t i = 0; i < facts->signed_count; i++) {
        int64_t age = 0;
        if (__builtin_sub_overflow(facts->now_utc_s, facts->signed_utc_s[i], &age) ||
            age < (int64_t)per_s) {
            recent++;
        }
    }
    return recent;
}

void slw_policy_require_rate(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_rate *rate = &deciding->rule->rate;
    if (!rate->given) {
        return;
    }
    size_t recent = count_recent(deciding->facts, rate->per_s);
    slw_policy_require(deciding, SLW_POLICY_NEED_RATE,
                       recent >= rate->count ? SLW_TOO_MANY : SLW_OK,
                       "%zu signatures in the last %u s, at most %u are allowed", recent,
                       rate->per_s, rate->count);
}

/* 1970-01-01 was a Thursday; days count from Monday. Floors for times before. */
static int64_t days_since_1970(int64_t utc_s)
{
    return utc_s / DAY_S - (utc_s % DAY_S < 0 ? 1 : 0);
}

static bool is_on(const struct slw_policy_hours *hours, int64_t day)
{
    int64_t weekday = ((day + 3) % 7 + 7) % 7;
    return (hours->days & (1u << (unsigned)weekday)) != 0;
}

bool slw_policy_hours_allow(const struct slw_policy_hours *hours, int64_t utc_s)
{
    int64_t day = days_since_1970(utc_s);
    int64_t minute = (utc_s - day * DAY_S) / 60;
    if (!hours->given) {
        return true;
    }
    if (hours->from_min < hours->to_min) {
        return is_on(hours, day) && minute >= hours->from_min && minute < hours->to_min;
    }
    /* Over midnight: the evening of a day that is on, or the morning behind it. */
    return (is_on(hours, day) && minute >= hours->from_min) ||
           (is_on(hours, day - 1) && minute < hours->to_min);
}

void slw_policy_require_hours(struct slw_policy_deciding *deciding)
{
    const struct slw_policy_hours *hours = &deciding->rule->hours;
    char now[SLW_TIME_TEXT_SIZE];
    if (!hours->given) {
        return;
    }
    bool allowed = slw_policy_hours_allow(hours, deciding->facts->now_utc_s);
    slw_policy_require(deciding, SLW_POLICY_NEED_HOURS, allowed ? SLW_OK : SLW_OUTSIDE_HOURS,
                       "signed from %02u:%02u to %02u:%02u UTC on certain days; it is %s",
                       hours->from_min / 60u, hours->from_min % 60u, hours->to_min / 60u,
                       hours->to_min % 60u, slw_time_format(deciding->facts->now_utc_s, now));
}
