/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any rules over any bundle: two bytes of length, rules as a judge gets them, and a bundle. Rules
 * that are read are written and read again the same; a report is one that a judge can tell.
 */
#include "fuzz.h"

#include "slipway/content_rules.h"

/* Rules that were read are written to bytes which are read to the same bytes. */
static void check_rules(const struct slw_content_rules *rules)
{
    struct slw_heap_buffer first = {0};
    struct slw_heap_buffer second = {0};
    struct slw_content_rules_owned again;
    struct slw_detail detail;
    FUZZ_CHECK(slw_content_rules_encode(rules, &first, &detail) == SLW_OK);
    FUZZ_CHECK(slw_content_rules_decode(slw_heap_bytes(&first), &again, &detail) == SLW_OK);
    FUZZ_CHECK(slw_content_rules_encode(&again.rules, &second, &detail) == SLW_OK);
    FUZZ_CHECK(slw_bytes_equal(slw_heap_bytes(&first), slw_heap_bytes(&second)));
    slw_content_rules_free(&again);
    slw_heap_free(&first);
    slw_heap_free(&second);
}

static void check_report(const struct slw_content_report *report)
{
    FUZZ_CHECK(report->findings_count <= SLW_CONTENT_FINDINGS_MAX);
    FUZZ_CHECK(report->findings_omitted == 0 || report->findings_count == SLW_CONTENT_FINDINGS_MAX);
    for (size_t i = 0; i < report->findings_count; i++) {
        const struct slw_content_finding *finding = &report->findings[i];
        struct slw_utf8 checker = {0};
        struct slw_bytes text = slw_bytes_make(finding->text, strlen(finding->text));
        FUZZ_CHECK(slw_status_is_refusal(finding->status));
        FUZZ_CHECK(finding->rule >= SLW_CONTENT_METADATA &&
                   (unsigned)finding->rule <= SLW_CONTENT_RULES_COUNT);
        FUZZ_CHECK(text.len > 0 && slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker));
        for (size_t j = 0; j < text.len; j++) {
            FUZZ_CHECK(text.ptr[j] >= 0x20 && text.ptr[j] != 0x7F);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_content_rules_owned rules;
    struct slw_content_report report;
    struct slw_memory_source bundle;
    struct slw_detail detail;
    size_t len = size < 2 ? 0 : (size_t)data[0] | (size_t)data[1] << 8;
    if (size < 2 || len > size - 2 ||
        slw_content_rules_decode(slw_bytes_make(data + 2, len), &rules, &detail) != SLW_OK) {
        return 0;
    }
    check_rules(&rules.rules);
    slw_memory_source_init(&bundle, slw_bytes_make(data + 2 + len, size - 2 - len));
    if (slw_content_check("bundle", &bundle.source, &rules.rules, &report, &detail) == SLW_OK) {
        check_report(&report);
        slw_content_report_free(&report);
    }
    slw_content_rules_free(&rules);
    return 0;
}
