/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway audit show`: the entries of a log as people read them, or as JSON lines. */
#include "audit.h"

#include "values.h"

#include "slipway/explain.h"
#include "slipway/json.h"
#include "slipway/json_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What of a record is shown on its line, in this order. */
static const char *const shown[] = {
    "operation", "key",    "class",  "product", "version", "channel", "mark",
    "requester", "person", "reason", "detail",  "request", "leaf",    "epoch",
};

struct showing {
    struct cli *cli;
    uint64_t from;
    uint64_t left;
    enum cli_exit code;
};

static void append_clean(struct slw_bytes text, struct slw_heap_buffer *ret_line)
{
    char part[160];
    size_t len = slw_utf8_cut(text, sizeof part - 1);
    if (len != 0) {
        memcpy(part, text.ptr, len);
    }
    part[len] = '\0';
    cli_audit_clean(part);
    slw_heap_append_text(ret_line, part);
}

static void append_member(const struct slw_json_document *json, const char *name,
                          struct slw_heap_buffer *ret_line)
{
    uint32_t value = slw_json_member(json, SLW_JSON_TOP, slw_bytes_make(name, strlen(name)));
    int64_t number = 0;
    struct slw_bytes text = slw_json_string(json, value);
    if (value != SLW_JSON_NONE && slw_json_integer(json, value, &number)) {
        slw_heap_printf(ret_line, "  %s %" PRId64, name, number);
    } else if (text.len != 0) {
        slw_heap_printf(ret_line, "  %s ", name);
        bool is_id = strcmp(name, "request") == 0 && text.len > 16;
        append_clean(is_id ? slw_bytes_make(text.ptr, 16) : text, ret_line);
    }
}

static void append_record(const struct slw_log_entry *entry, struct slw_heap_buffer *ret_line)
{
    struct slw_json_document json;
    struct slw_detail unheard;
    if (slw_json_parse("record", entry->text, &json, &unheard) != SLW_OK) {
        slw_heap_append_text(ret_line, "a record that isn't JSON");
        return;
    }
    append_clean(slw_json_string(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("time"))),
                 ret_line);
    slw_heap_append_text(ret_line, "  ");
    append_clean(slw_json_string(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("kind"))),
                 ret_line);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        append_member(&json, shown[i], ret_line);
    }
    slw_json_document_free(&json);
}

static void append_release(const struct slw_log_entry *entry, struct slw_heap_buffer *ret_line)
{
    slw_heap_append_text(ret_line, "release  product ");
    append_clean(entry->leaf.product, ret_line);
    slw_heap_printf(ret_line, "  version %" PRIu32 "  sha256 ", entry->leaf.targets_version);
    slw_hex(slw_bytes_make(entry->leaf.digest, sizeof entry->leaf.digest), ret_line);
}

/* In JSON, line ends only stand between things. */
static void append_on_one_line(struct slw_bytes text, struct slw_heap_buffer *ret_line)
{
    size_t start = ret_line->len;
    slw_heap_append(ret_line, text);
    for (size_t i = start; i < ret_line->len; i++) {
        if (ret_line->ptr[i] == '\n' || ret_line->ptr[i] == '\r') {
            ret_line->ptr[i] = ' ';
        }
    }
}

/* The record goes in as it is: the auditor has seen that it is JSON, or found that it isn't. */
static void append_json(const struct slw_log_entry *entry, struct slw_heap_buffer *ret_line)
{
    struct slw_json json;
    struct slw_json_document record;
    struct slw_detail unheard;
    slw_json_init(&json, ret_line);
    slw_json_begin_object(&json, NULL);
    slw_json_uint(&json, "index", entry->index);
    slw_json_text(&json, "leaf", entry->leaf.kind == SLW_LOG_RELEASE ? "release" : "record");
    if (entry->leaf.kind == SLW_LOG_RELEASE) {
        slw_json_bytes(&json, "product", entry->leaf.product);
        slw_json_uint(&json, "version", entry->leaf.targets_version);
        slw_json_hex(&json, "sha256",
                     slw_bytes_make(entry->leaf.digest, sizeof entry->leaf.digest));
    } else if (slw_json_parse("record", entry->text, &record, &unheard) == SLW_OK) {
        slw_heap_append_text(ret_line, ",\"record\":");
        append_on_one_line(entry->text, ret_line);
        slw_json_document_free(&record);
    } else {
        slw_json_bytes(&json, "text", entry->text);
    }
    slw_json_end_object(&json);
}

static enum slw_status show_entry(void *context, const struct slw_log_entry *entry,
                                  struct slw_detail *detail)
{
    struct showing *showing = context;
    struct slw_heap_buffer line = {0};
    if (entry->index < showing->from || showing->left == 0) {
        return SLW_OK;
    }
    showing->left--;
    if (showing->cli->json) {
        append_json(entry, &line);
    } else {
        slw_heap_printf(&line, "%" PRIu64 "  ", entry->index);
        if (entry->leaf.kind == SLW_LOG_RELEASE) {
            append_release(entry, &line);
        } else {
            append_record(entry, &line);
        }
    }
    slw_heap_append_text(&line, "\n");
    showing->code = cli_print(showing->cli, &line);
    return showing->code == CLI_DONE ? SLW_OK : slw_explain(detail, SLW_IO, "can't print");
}

/* Once to verify it, and once more to print it: nothing is shown of a log that isn't one. */
static enum slw_status show_all(struct slw_audit *audit, const struct slw_audit_source *source,
                                struct showing *showing, struct slw_detail *detail)
{
    struct slw_audit again = {
        .settings = audit->settings, .visit = show_entry, .visit_context = showing};
    SLW_TRY(slw_audit_run(audit, source, detail));
    SLW_TRY(slw_audit_run(&again, source, detail));
    slw_audit_free(&again);
    return SLW_OK;
}

enum cli_exit cli_audit_show(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_transparency transparency;
    struct cli_audit_log log;
    uint32_t from = 0;
    uint32_t count = UINT32_MAX;
    if (!cli_number(cli, arguments, "--from", &from) ||
        !cli_number(cli, arguments, "--count", &count)) {
        return CLI_USAGE;
    }
    struct slw_audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) {
        return cli_error(cli, "out of memory");
    }
    struct showing showing = {cli, from, count, CLI_DONE};
    enum cli_exit code = cli_audit_settings(cli, arguments, &transparency, audit);
    if (code == CLI_DONE) {
        code = cli_audit_log_open(cli, arguments, arguments->positionals[0], &log);
        if (code == CLI_DONE) {
            enum slw_status status = show_all(audit, &log.source, &showing, &cli->detail);
            code = status == SLW_OK ? CLI_DONE : cli_audit_fail(cli, status, log.name);
        }
        cli_audit_log_close(&log);
    }
    slw_audit_free(audit);
    free(audit);
    return code;
}
