/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of metadata: the one form that the specification has, and only days that exist. */
#include "slipway/time_text.h"
#include "slipway/tuf_metadata.h"

#define FORM "dddd-dd-ddTdd:dd:ddZ"

/*
 * Section 4.2: "The expected format of the combined date and time string is
 * "YYYY-MM-DDTHH:MM:SSZ". Time is always in UTC, and the "Z" time zone designator is attached to
 * indicate a zero UTC offset."
 */
static bool has_form(struct slw_bytes text)
{
    if (text.len != sizeof FORM - 1) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (FORM[i] == 'd' ? !is_digit : text.ptr[i] != (uint8_t)FORM[i]) {
            return false;
        }
    }
    return true;
}

bool slw_tuf_time_parse(struct slw_bytes text, int64_t *ret_utc_s)
{
    char terminated[sizeof FORM] = {0};
    if (!has_form(text)) {
        return false;
    }
    memcpy(terminated, text.ptr, text.len);
    return slw_time_parse(terminated, 0, ret_utc_s) == SLW_OK;
}
