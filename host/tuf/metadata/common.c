/* SPDX-License-Identifier: Apache-2.0 */
/* What all four types of metadata have: spec_version, version, expires. */
#include "json_fields.h"
#include "metadata.h"

/* Takes digits of a number without a leading zero off the front. */
static bool take_number(struct slw_bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9') {
        len++;
    }
    bool good = len > 0 && (len == 1 || rest->ptr[0] != '0');
    *rest = slw_bytes_make(rest->ptr + len, rest->len - len);
    return good;
}

/*
 * Section 4.3: "clients MUST verify that "spec_version" matches the expected version number.
 * Adopters are free to determine what is considered a match (e.g., the version number exactly, or
 * perhaps only the major version number (major.minor.fix)." A match is major 1; the third number
 * may lack, as large repositories have had "1.0" for years.
 */
static bool is_spec_version(struct slw_bytes text)
{
    if (text.len < 2 || memcmp(text.ptr, "1.", 2) != 0) {
        return false;
    }
    struct slw_bytes rest = slw_bytes_make(text.ptr + 2, text.len - 2);
    if (!take_number(&rest)) {
        return false;
    }
    if (rest.len == 0) {
        return true;
    }
    bool dot = rest.ptr[0] == '.';
    rest = slw_bytes_make(rest.ptr + 1, rest.len - 1);
    return dot && take_number(&rest) && rest.len == 0;
}

static enum slw_status check_spec_version(const struct slw_tuf_file *file,
                                          struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(&file->json, file->signed_part, "spec_version", SLW_JSON_STRING,
                                &value, detail));
    if (!is_spec_version(slw_json_string(&file->json, value))) {
        return slw_json_refuse(&file->json, value, SLW_BAD_SPEC_VERSION,
                               "must be a version of the specification, with 1 in front", detail);
    }
    return SLW_OK;
}

/* "A date-time string indicating when metadata should be considered expired" */
static enum slw_status read_expiry(const struct slw_tuf_file *file, int64_t *ret_utc_s,
                                   struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(&file->json, file->signed_part, "expires", SLW_JSON_STRING, &value,
                                detail));
    if (!slw_tuf_time_parse(slw_json_string(&file->json, value), ret_utc_s)) {
        return slw_json_refuse(&file->json, value, SLW_MALFORMED,
                               "must be a time, as in \"2030-01-31T00:00:00Z\"", detail);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_common_read(const struct slw_tuf_file *file,
                                    struct slw_tuf_common *ret_common, struct slw_detail *detail)
{
    struct slw_tuf_common common = {0};
    SLW_TRY(check_spec_version(file, detail));
    /* "An integer that is greater than 0." */
    SLW_TRY(slw_tuf_json_integer(&file->json, file->signed_part, "version", 1, &common.version,
                                 detail));
    SLW_TRY(read_expiry(file, &common.expires_utc_s, detail));
    *ret_common = common;
    return SLW_OK;
}
