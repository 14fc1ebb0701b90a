/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing lease_record.h's line. */
#include "lease_record.h"

#include <inttypes.h>
#include <stdio.h>

#define NUMBERS_MAX 42u /* bytes of both and the spaces behind them */

_Static_assert(NUMBERS_MAX + SLW_LEASE_HOLDER_MAX < SLW_LEASE_RECORD_SIZE, "a record must fit");

/* Takes a number and the space behind it off the front; no number has a zero in front. */
static bool take_number(struct slw_bytes *text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t len = 0;
    for (; len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9'; len++) {
        uint64_t digit = text->ptr[len] - (uint64_t)'0';
        if (number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (len == 0 || (len > 1 && text->ptr[0] == '0') || len == text->len || text->ptr[len] != ' ') {
        return false;
    }
    *text = slw_bytes_make(text->ptr + len + 1, text->len - len - 1);
    *ret_number = number;
    return true;
}

bool slw_lease_record_parse(struct slw_bytes text, struct slw_lease_record *ret_record)
{
    struct slw_lease_record record = {0};
    uint64_t until = 0;
    if (text.len == 0) {
        *ret_record = record;
        return true;
    }
    if (text.len > SLW_LEASE_RECORD_SIZE || text.ptr[text.len - 1] != '\n') {
        return false;
    }
    while (text.len > 0 && text.ptr[text.len - 1] == '\n') {
        text.len--;
    }
    if (!take_number(&text, UINT64_MAX, &record.token) || !take_number(&text, INT64_MAX, &until) ||
        text.len > SLW_LEASE_HOLDER_MAX) {
        return false;
    }
    memcpy(record.holder, text.ptr, text.len);
    if (strlen(record.holder) != text.len ||
        (text.len > 0 && !slw_lease_holder_is_good(record.holder))) {
        return false;
    }
    record.until_utc_s = (int64_t)until;
    *ret_record = record;
    return true;
}

void slw_lease_record_format(const struct slw_lease_record *record,
                             char ret_text[static SLW_LEASE_RECORD_SIZE])
{
    char line[SLW_LEASE_RECORD_SIZE];
    int len = snprintf(line, sizeof line, "%" PRIu64 " %" PRId64 " %s", record->token,
                       record->until_utc_s, record->holder);
    memset(ret_text, '\n', SLW_LEASE_RECORD_SIZE);
    memcpy(ret_text, line, len < 0 ? 0 : (size_t)len);
}
