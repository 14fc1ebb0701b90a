/* SPDX-License-Identifier: Apache-2.0 */
/* What lease_record.h promises: a line is read as it was written, and nothing else is read. */
#include "lease_record.h"

#include "tap.h"

#include <stdio.h>

#define HOLDER_50 "a holder whose name has fifty bytes, to the letter"
#define HOLDER_200 HOLDER_50 HOLDER_50 HOLDER_50 HOLDER_50

static void reads_what_it_writes(void)
{
    static const struct slw_lease_record rows[] = {
        {0, 0, ""},
        {1, 1893456000, "host 17"},
        {UINT64_MAX, INT64_MAX, HOLDER_200},
        {10, 0, " "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SLW_LEASE_RECORD_SIZE];
        struct slw_lease_record again = {.token = 7};
        slw_lease_record_format(&rows[i], text);
        TAP_CHECK(slw_lease_record_parse(slw_bytes_make(text, sizeof text), &again));
        TAP_CHECK(again.token == rows[i].token && again.until_utc_s == rows[i].until_utc_s);
        TAP_CHECK(strcmp(again.holder, rows[i].holder) == 0);
    }
}

static void takes_an_empty_file_for_a_lease_that_nobody_held(void)
{
    struct slw_lease_record record = {.token = 7, .until_utc_s = 7, .holder = "h"};
    TAP_CHECK(slw_lease_record_parse(slw_bytes_make(NULL, 0), &record));
    TAP_CHECK(record.token == 0 && record.until_utc_s == 0 && record.holder[0] == '\0');
}

static void takes_a_line_with_any_number_of_empty_ones_up_to_the_size(void)
{
    struct slw_lease_record record = {0};
    char text[SLW_LEASE_RECORD_SIZE + 1];
    memset(text, '\n', sizeof text);
    memcpy(text, "1 2 h", 5);
    TAP_CHECK(!slw_lease_record_parse(slw_bytes_make(text, 5), &record));
    TAP_CHECK(slw_lease_record_parse(slw_bytes_make(text, 6), &record));
    TAP_CHECK(slw_lease_record_parse(slw_bytes_make(text, 7), &record));
    TAP_CHECK(slw_lease_record_parse(slw_bytes_make(text, SLW_LEASE_RECORD_SIZE), &record));
    TAP_CHECK(!slw_lease_record_parse(slw_bytes_make(text, sizeof text), &record));
}

static void refuses_other_texts(void)
{
    const struct slw_bytes rows[] = {
        SLW_BYTES_OF("\n"),
        SLW_BYTES_OF("\0"),
        SLW_BYTES_OF("1"),
        SLW_BYTES_OF("1 2"),
        SLW_BYTES_OF("1 2\n"),
        SLW_BYTES_OF("1 2 h"),
        SLW_BYTES_OF("\n\n"),
        SLW_BYTES_OF("\n1 2 h\n"),
        SLW_BYTES_OF("1 2 h\nmore\n"),
        SLW_BYTES_OF("1 2 h\0\n"),
        SLW_BYTES_OF("1 2 h\n\0"),
        SLW_BYTES_OF("1 2 \x1B[2J\n"),
        SLW_BYTES_OF("1 2 \x7F\n"),
        SLW_BYTES_OF("-1 2 h\n"),
        SLW_BYTES_OF("+1 2 h\n"),
        SLW_BYTES_OF("1 -2 h\n"),
        SLW_BYTES_OF(" 1 2 h\n"),
        SLW_BYTES_OF("1  2 h\n"),
        SLW_BYTES_OF("1\t2 h\n"),
        SLW_BYTES_OF("01 2 h\n"),
        SLW_BYTES_OF("1 02 h\n"),
        SLW_BYTES_OF("0x1 2 h\n"),
        SLW_BYTES_OF("1 2.0 h\n"),
        SLW_BYTES_OF("18446744073709551616 2 h\n"),
        SLW_BYTES_OF("99999999999999999999999 2 h\n"),
        SLW_BYTES_OF("1 9223372036854775808 h\n"),
        SLW_BYTES_OF("1 2 " HOLDER_200 "x\n"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_lease_record record = {.token = 7};
        char label[16];
        (void)snprintf(label, sizeof label, "row %zu", i);
        TAP_ROW(label);
        TAP_CHECK(!slw_lease_record_parse(rows[i], &record));
        TAP_CHECK(record.token == 7 && record.holder[0] == '\0');
    }
    TAP_ROW(NULL);
}

int main(void)
{
    TAP_RUN(reads_what_it_writes);
    TAP_RUN(takes_an_empty_file_for_a_lease_that_nobody_held);
    TAP_RUN(takes_a_line_with_any_number_of_empty_ones_up_to_the_size);
    TAP_RUN(refuses_other_texts);
    return tap_finish();
}
