/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as bytes, and bytes that claim to be one: see verdict.h. */
#include "verdict.h"

#include "slipway/proto_reader.h"
#include "slipway/proto_writer.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    VERDICT_STATUS = 1,
    VERDICT_TEXT = 2,
    VERDICT_FINDINGS = 3,
    VERDICT_OMITTED = 4,
    VERDICT_BYTES = 5,
    VERDICT_TARGETS = 6,
    VERDICT_ELF_FILES = 7,
};
enum { FINDING_STATUS = 1, FINDING_RULE = 2, FINDING_TEXT = 3 };

static const struct slw_proto_rule verdict_fields[] = {
    {VERDICT_STATUS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {VERDICT_TEXT, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {VERDICT_FINDINGS, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {VERDICT_OMITTED, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {VERDICT_BYTES, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {VERDICT_TARGETS, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {VERDICT_ELF_FILES, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules verdict_rules = {verdict_fields, sizeof verdict_fields /
                                                                         sizeof *verdict_fields};

static const struct slw_proto_rule finding_fields[] = {
    {FINDING_STATUS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FINDING_RULE, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FINDING_TEXT, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules finding_rules = {finding_fields, 3};

#define TEXT_SIZE (sizeof((struct slw_verdict *)NULL)->text)
/* Tags, lengths and numbers of a finding, generously. */
#define FINDING_EXTRA 32u

_Static_assert((size_t)SLW_CONTENT_FINDINGS_MAX *(SLW_CONTENT_TEXT_MAX + FINDING_EXTRA) +
                       TEXT_SIZE + 128 <
                   SLW_VERDICT_SIZE_MAX,
               "every report fits a verdict");

static struct slw_bytes cut_text(const char *text, size_t size)
{
    struct slw_bytes bytes = slw_bytes_make(text, strlen(text));
    bytes.len = slw_utf8_cut(bytes, size - 1);
    return bytes;
}

enum slw_status slw_verdict_encode(enum slw_status status, const char *text,
                                   const struct slw_content_report *report,
                                   struct slw_writer *writer)
{
    static const struct slw_content_report nothing = {0};
    report = report == NULL ? &nothing : report;
    slw_proto_put_uint(writer, VERDICT_STATUS, (uint64_t)status);
    slw_proto_put_bytes(writer, VERDICT_TEXT, cut_text(text, TEXT_SIZE));
    for (size_t i = 0; i < report->findings_count; i++) {
        const struct slw_content_finding *finding = &report->findings[i];
        size_t mark = slw_proto_open(writer, VERDICT_FINDINGS);
        slw_proto_put_uint(writer, FINDING_STATUS, (uint64_t)finding->status);
        slw_proto_put_uint(writer, FINDING_RULE, (uint64_t)finding->rule);
        slw_proto_put_bytes(writer, FINDING_TEXT, cut_text(finding->text, SLW_CONTENT_TEXT_MAX));
        slw_proto_close(writer, mark);
    }
    slw_proto_put_uint(writer, VERDICT_OMITTED, report->findings_omitted);
    slw_proto_put_uint(writer, VERDICT_BYTES, report->payload_bytes);
    slw_proto_put_uint(writer, VERDICT_TARGETS, report->targets_count);
    slw_proto_put_uint(writer, VERDICT_ELF_FILES, report->elf_count);
    return writer->status;
}

struct decoding {
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_bytes message;
    struct slw_verdict verdict;
};

static void refuse(struct decoding *decoding)
{
    slw_reader_fail(&decoding->reader, SLW_MALFORMED);
}

/* Marks that turn the direction of text, and separators of lines: U+200E, U+200F, U+2028 to U+202E,
 * U+2066 to U+2069. */
static bool turns_text(const uint8_t at[static 3])
{
    if (at[0] != 0xE2) {
        return false;
    }
    bool is_mark = at[2] == 0x8E || at[2] == 0x8F || (at[2] >= 0xA8 && at[2] <= 0xAE);
    bool is_isolate = at[2] >= 0xA6 && at[2] <= 0xA9;
    return (at[1] == 0x80 && is_mark) || (at[1] == 0x81 && is_isolate);
}

/* No control characters, C1 ones too (U+0080 to U+009F). */
static bool is_printable(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t *at = text.ptr + i;
        size_t left = text.len - i;
        if (at[0] < 0x20 || at[0] == 0x7F || (at[0] == 0xC2 && left >= 2 && at[1] < 0xA0) ||
            (left >= 3 && turns_text(at))) {
            return false;
        }
    }
    return true;
}

static void read_text(struct decoding *decoding, const struct slw_proto_field *field,
                      char *ret_text, size_t size)
{
    struct slw_bytes text =
        slw_bytes_make(decoding->message.ptr + field->offset, (size_t)field->length);
    if (text.len >= size || !is_printable(text)) {
        refuse(decoding);
        return;
    }
    memcpy(ret_text, text.ptr, text.len);
    ret_text[text.len] = '\0';
}

/* A status that refuses something; an error of the judge's own is none. */
static enum slw_status status_of(struct decoding *decoding, uint64_t number)
{
    enum slw_status status = (enum slw_status)number;
    if (number > UINT16_MAX || !slw_status_is_refusal(status) ||
        strcmp(slw_status_word(status), "unknown") == 0) {
        refuse(decoding);
    }
    return status;
}

static void read_finding(struct decoding *decoding)
{
    struct slw_content_report *report = &decoding->verdict.report;
    struct slw_proto_field field;
    if (report->findings_count == SLW_CONTENT_FINDINGS_MAX) {
        refuse(decoding);
        return;
    }
    struct slw_content_finding *grown =
        slw_heap_grow(report->findings, report->findings_count, sizeof *grown);
    if (grown == NULL) {
        slw_reader_fail(&decoding->reader, SLW_NO_SPACE);
        return;
    }
    report->findings = grown;
    struct slw_content_finding *finding = &grown[report->findings_count++];
    slw_proto_enter(&decoding->proto, &finding_rules);
    while (slw_proto_next(&decoding->proto, &field)) {
        if (field.number == FINDING_STATUS) {
            finding->status = status_of(decoding, field.varint);
        } else if (field.number == FINDING_RULE && field.varint <= SLW_CONTENT_RULES_COUNT) {
            finding->rule = (enum slw_content_rule)field.varint;
        } else if (field.number == FINDING_TEXT) {
            read_text(decoding, &field, finding->text, sizeof finding->text);
        } else {
            refuse(decoding);
        }
    }
    if (finding->status == SLW_OK || finding->rule == 0) {
        refuse(decoding);
    }
}

static void read_field(struct decoding *decoding, const struct slw_proto_field *field)
{
    struct slw_verdict *verdict = &decoding->verdict;
    switch (field->number) {
    case VERDICT_STATUS:
        verdict->status = field->varint == SLW_OK ? SLW_OK : status_of(decoding, field->varint);
        break;
    case VERDICT_TEXT:
        read_text(decoding, field, verdict->text, sizeof verdict->text);
        break;
    case VERDICT_FINDINGS:
        read_finding(decoding);
        break;
    case VERDICT_OMITTED:
        verdict->report.findings_omitted = (size_t)field->varint;
        break;
    case VERDICT_BYTES:
        verdict->report.payload_bytes = field->varint;
        break;
    case VERDICT_TARGETS:
        verdict->report.targets_count = (size_t)field->varint;
        break;
    case VERDICT_ELF_FILES:
        verdict->report.elf_count = (size_t)field->varint;
        break;
    default:
        refuse(decoding);
        break;
    }
}

enum slw_status slw_verdict_decode(struct slw_bytes message, struct slw_verdict *ret_verdict)
{
    struct decoding decoding = {.message = message};
    struct slw_verdict *verdict = &decoding.verdict;
    struct slw_proto_field field;
    if (message.len > SLW_VERDICT_SIZE_MAX) {
        return SLW_MALFORMED;
    }
    slw_reader_init_bytes(&decoding.reader, message);
    slw_proto_begin(&decoding.proto, &decoding.reader, &verdict_rules);
    while (slw_proto_next(&decoding.proto, &field)) {
        read_field(&decoding, &field);
    }
    /* Findings that there were too many of, without those that there was room for. */
    if (verdict->report.findings_omitted > 0 &&
        verdict->report.findings_count < SLW_CONTENT_FINDINGS_MAX) {
        refuse(&decoding);
    }
    if (decoding.reader.status != SLW_OK) {
        slw_content_report_free(&verdict->report);
        return decoding.reader.status == SLW_NO_SPACE ? SLW_NO_SPACE : SLW_MALFORMED;
    }
    if (verdict->status == SLW_OK && verdict->report.findings_count > 0) {
        const struct slw_content_finding *first = &verdict->report.findings[0];
        verdict->status = first->status;
        memcpy(verdict->text, first->text, sizeof first->text);
    }
    *ret_verdict = *verdict;
    return SLW_OK;
}

void slw_verdict_fail(struct slw_verdict *ret_verdict, const char *format, ...)
{
    *ret_verdict = (struct slw_verdict){.status = SLW_VALIDATOR_FAILED};
    va_list arguments;
    va_start(arguments, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    (void)vsnprintf(ret_verdict->text, sizeof ret_verdict->text, format, arguments);
    va_end(arguments);
}

void slw_verdict_free(struct slw_verdict *verdict)
{
    slw_content_report_free(&verdict->report);
}
