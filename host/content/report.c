/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of a content check, and the words for rules: see content_rules.h. */
#include "check.h"

#include "slipway/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *slw_content_rule_word(enum slw_content_rule rule)
{
    static const char *const words[SLW_CONTENT_RULES_COUNT + 1] = {
        "unknown",
        [SLW_CONTENT_METADATA] = "metadata",
        [SLW_CONTENT_PRODUCT] = "product",
        [SLW_CONTENT_BUILD_TYPE] = "build-type",
        [SLW_CONTENT_HARDWARE] = "hardware",
        [SLW_CONTENT_NAME] = "name",
        [SLW_CONTENT_SLOT] = "slot",
        [SLW_CONTENT_SIZE] = "size",
        [SLW_CONTENT_GROWTH] = "growth",
        [SLW_CONTENT_PRESENCE] = "presence",
        [SLW_CONTENT_HASH] = "hash",
        [SLW_CONTENT_ELF] = "elf",
        [SLW_CONTENT_FORBIDDEN] = "forbidden",
        [SLW_CONTENT_PRIVATE_KEY] = "private-key",
        [SLW_CONTENT_VALIDATOR] = "validator",
    };
    return words[(unsigned)rule <= SLW_CONTENT_RULES_COUNT ? (unsigned)rule : 0];
}

enum slw_status slw_content_add(struct slw_content_checking *checking, enum slw_status status,
                                enum slw_content_rule rule, const char *format, ...)
{
    struct slw_content_report *report = &checking->report;
    if (report->findings_count == SLW_CONTENT_FINDINGS_MAX) {
        report->findings_omitted++;
        return SLW_OK;
    }
    struct slw_content_finding *grown =
        slw_heap_grow(report->findings, report->findings_count, sizeof *grown);
    if (grown == NULL) {
        return slw_explain_no_memory(checking->detail);
    }
    report->findings = grown;
    struct slw_content_finding *finding = &grown[report->findings_count++];
    finding->status = status;
    finding->rule = rule;
    char text[2 * SLW_CONTENT_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        text[0] = '\0';
    }
    /* A text that is too long ends with a whole character. */
    size_t cut = slw_utf8_cut(slw_bytes_make(text, strlen(text)), sizeof finding->text - 1);
    memcpy(finding->text, text, cut);
    finding->text[cut] = '\0';
    return SLW_OK;
}

const char *slw_content_quote(struct slw_bytes text, char buffer[static SLW_CONTENT_QUOTED_SIZE])
{
    struct slw_heap_buffer quoted = {0};
    slw_escape(text, &quoted);
    size_t room = SLW_CONTENT_QUOTED_SIZE - sizeof "\"…\"";
    size_t len = slw_utf8_cut(slw_heap_bytes(&quoted), room);
    (void)snprintf(buffer, SLW_CONTENT_QUOTED_SIZE, "\"%.*s%s\"", (int)len,
                   len == 0 ? "" : (const char *)quoted.ptr, len < quoted.len ? "…" : "");
    slw_heap_free(&quoted);
    return buffer;
}

void slw_content_report_free(struct slw_content_report *report)
{
    free(report->findings);
    *report = (struct slw_content_report){0};
}
