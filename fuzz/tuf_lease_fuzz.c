/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease file of a repository, which others may write to: what is read is written as the same
 * line, since there is one way to write a record; only an empty file stands for one too.
 */
#include "fuzz.h"

#include "../host/tuf/repository/lease_record.h"

static size_t line_len(const void *text, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(text, '\n', size);
    return end == NULL ? size : (size_t)(end - (const uint8_t *)text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_lease_record record;
    char text[SLW_LEASE_RECORD_SIZE];
    if (!slw_lease_record_parse(slw_bytes_make(data, size), &record)) {
        return 0;
    }
    if (size == 0) {
        FUZZ_CHECK(record.token == 0 && record.until_utc_s == 0 && record.holder[0] == '\0');
        return 0;
    }
    slw_lease_record_format(&record, text);
    FUZZ_CHECK(slw_bytes_equal(slw_bytes_make(text, line_len(text, sizeof text)),
                               slw_bytes_make(data, line_len(data, size))));
    return 0;
}
