/* SPDX-License-Identifier: Apache-2.0 */
/* Reading members of the log's records, as strictly as they are written. */
#include "audit_record.h"

#include "slipway/text.h"
#include "slipway/time_text.h"

static uint32_t member(const struct slw_audit_record *record, struct slw_bytes name)
{
    return slw_json_member(&record->json, SLW_JSON_TOP, name);
}

struct slw_bytes slw_audit_text(const struct slw_audit_record *record, struct slw_bytes name)
{
    return slw_json_string(&record->json, member(record, name));
}

struct slw_bytes slw_audit_object(const struct slw_audit_record *record, struct slw_bytes name)
{
    uint32_t value = member(record, name);
    return slw_json_kind(&record->json, value) == SLW_JSON_OBJECT
               ? slw_json_raw(&record->json, value)
               : slw_bytes_make(NULL, 0);
}

bool slw_audit_number(const struct slw_audit_record *record, struct slw_bytes name,
                      int64_t *ret_number)
{
    uint32_t value = member(record, name);
    return value != SLW_JSON_NONE && slw_json_integer(&record->json, value, ret_number) &&
           *ret_number >= 0;
}

bool slw_audit_hex(const struct slw_audit_record *record, struct slw_bytes name, uint8_t *ret_bytes,
                   size_t len)
{
    return slw_text_unhex(slw_audit_text(record, name), ret_bytes, len);
}

bool slw_audit_time(const struct slw_audit_record *record, struct slw_bytes name,
                    int64_t *ret_utc_s)
{
    char buffer[SLW_TIME_TEXT_SIZE] = "";
    struct slw_bytes text = slw_audit_text(record, name);
    if (text.len == 0 || text.len >= sizeof buffer || text.ptr[text.len - 1] != 'Z') {
        return false;
    }
    memcpy(buffer, text.ptr, text.len);
    return slw_time_parse(buffer, 0, ret_utc_s) == SLW_OK;
}
