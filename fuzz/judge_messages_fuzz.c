/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything as a judge's verdict, as the key process reads it, and as an order, as the spawner does:
 * what is taken has only what it may have, and is the same when it is written and read again.
 */
#include "fuzz.h"

#include "../signer/judge/orders.h"
#include "../signer/judge/verdict.h"

static void check_text(const char *text, size_t size)
{
    size_t len = strnlen(text, size);
    FUZZ_CHECK(len < size);
    for (size_t i = 0; i < len; i++) {
        FUZZ_CHECK((uint8_t)text[i] >= 0x20 && text[i] != 0x7F);
    }
}

static void check_verdict(const struct slw_verdict *verdict)
{
    const struct slw_content_report *report = &verdict->report;
    static uint8_t message[SLW_VERDICT_SIZE_MAX];
    struct slw_writer writer;
    struct slw_verdict again;
    FUZZ_CHECK(verdict->status == SLW_OK || slw_status_is_refusal(verdict->status));
    FUZZ_CHECK(report->findings_count <= SLW_CONTENT_FINDINGS_MAX);
    /* Nothing passes that has a finding. */
    FUZZ_CHECK(report->findings_count == 0 || verdict->status != SLW_OK);
    check_text(verdict->text, sizeof verdict->text);
    for (size_t i = 0; i < report->findings_count; i++) {
        FUZZ_CHECK(slw_status_is_refusal(report->findings[i].status));
        check_text(report->findings[i].text, sizeof report->findings[i].text);
    }
    slw_writer_init(&writer, message, sizeof message);
    FUZZ_CHECK(slw_verdict_encode(verdict->status, verdict->text, report, &writer) == SLW_OK);
    FUZZ_CHECK(slw_verdict_decode(slw_writer_written(&writer), &again) == SLW_OK);
    FUZZ_CHECK(again.status == verdict->status &&
               again.report.findings_count == report->findings_count);
    slw_verdict_free(&again);
}

static void check_order(const struct slw_order *order)
{
    size_t count = 0;
    FUZZ_CHECK(order->kind >= SLW_ORDER_JUDGE && order->kind <= SLW_ORDER_CANCEL);
    while (order->command[count] != NULL) {
        count++;
    }
    FUZZ_CHECK(count <= SLW_VALIDATOR_ARGUMENTS_MAX + 1);
    FUZZ_CHECK((count > 0) == (order->kind == SLW_ORDER_VALIDATE));
    FUZZ_CHECK(count == 0 || order->command[0][0] == '/');
    FUZZ_CHECK(order->rules.len <= SLW_ORDER_RULES_MAX);
    FUZZ_CHECK(order->rules.len == 0 || order->kind == SLW_ORDER_JUDGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_verdict verdict;
    struct slw_order order;
    if (slw_verdict_decode(slw_bytes_make(data, size), &verdict) == SLW_OK) {
        check_verdict(&verdict);
        slw_verdict_free(&verdict);
    }
    if (slw_order_decode(slw_bytes_make(data, size), &order) == SLW_OK) {
        check_order(&order);
    }
    return 0;
}
