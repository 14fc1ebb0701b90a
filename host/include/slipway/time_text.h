/* SPDX-License-Identifier: Apache-2.0 */
/* Times and durations as people write them on command lines, and as tools print them. */
#ifndef SLIPWAY_TIME_TEXT_H
#define SLIPWAY_TIME_TEXT_H

#include "slipway/status.h"

#include <stddef.h>
#include <stdint.h>

#define SLW_TIME_TEXT_SIZE 48u

/* "30s", "15m", "12h", "90d", "2w", "1y" (365 days). SLW_BAD_ARGUMENT for anything else. */
SLW_MUST_USE enum slw_status slw_duration_parse(const char *text, int64_t *ret_seconds);

/*
 * RFC 3339 in UTC ("2030-01-31T00:00:00Z", no fractions), or a duration from now_utc_s on. Seconds
 * since 1970. SLW_BAD_ARGUMENT for anything else, dates that don't exist included.
 */
SLW_MUST_USE enum slw_status slw_time_parse(const char *text, int64_t now_utc_s,
                                            int64_t *ret_utc_s);

/* RFC 3339; a year outside 0000…9999 is shown in seconds. Returns buffer. */
const char *slw_time_format(int64_t utc_s, char buffer[static SLW_TIME_TEXT_SIZE]);

#endif
