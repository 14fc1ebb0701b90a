/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign takeover`: the statement by which administrators let another machine or disk go on
 * with a log. Made of what the key process shows there, and signed by one after the other.
 */
#include "sign.h"

#include "slipway/dsse.h"
#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/statements.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct cli_option cli_sign_takeover_options[] = {
    {.name = "--key", .value = "KEY", .repeated = true, .help = "an administrator's private key"},
    {.name = "--mark",
     .value = "KIND:NAME=VERSION",
     .repeated = true,
     .help = "the highest version that is known to have been signed"},
    {.name = "--output",
     .letter = 'o',
     .value = "ENVELOPE",
     .help = "the file to write (standard output)"},
    CLI_PASSPHRASE_OPTION,
    CLI_FORCE_OPTION,
    {0},
};

/* --- From what the key process shows --- */

static struct slw_bytes text_member(const struct slw_json_document *json, uint32_t value,
                                    const char *name)
{
    return slw_json_string(json, slw_json_member(json, value, slw_bytes_make(name, strlen(name))));
}

static enum slw_status number_member(const struct slw_json_document *json, uint32_t value,
                                     const char *name, int64_t max, int64_t *ret_number,
                                     struct slw_detail *detail)
{
    uint32_t member = slw_json_member(json, value, slw_bytes_make(name, strlen(name)));
    int64_t number = 0;
    if (!slw_json_integer(json, member, &number) || number < 0 || number > max) {
        return slw_explain(detail, SLW_MALFORMED, "%s: no number \"%s\": is it what was shown?",
                           json->name, name);
    }
    *ret_number = number;
    return SLW_OK;
}

static enum slw_status marks_read(const struct slw_json_document *json, struct slw_takeover *stated,
                                  struct slw_detail *detail)
{
    uint32_t marks = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("marks"));
    struct slw_json_walk walk = slw_json_walk_begin(json, marks);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        int64_t version = 0;
        if (stated->marks_count == SLW_MARKS_MAX) {
            return slw_explain(detail, SLW_TOO_LARGE, "%s: too many marks", json->name);
        }
        SLW_TRY(number_member(json, element, "version", UINT32_MAX, &version, detail));
        stated->marks[stated->marks_count++] =
            (struct slw_mark){text_member(json, element, "kind"),
                              text_member(json, element, "name"), (uint32_t)version};
    }
    return SLW_OK;
}

static enum slw_status shown_read(const struct slw_json_document *json, struct slw_takeover *stated,
                                  struct slw_detail *detail)
{
    int64_t epoch = 0;
    int64_t size = 0;
    SLW_TRY(number_member(json, SLW_JSON_TOP, "epoch", INT64_MAX - 1, &epoch, detail));
    SLW_TRY(number_member(json, SLW_JSON_TOP, "size", INT64_MAX, &size, detail));
    stated->signer = text_member(json, SLW_JSON_TOP, "origin");
    stated->epoch = (uint64_t)epoch + 1;
    stated->size = (uint64_t)size;
    stated->issued_utc_s = (int64_t)time(NULL);
    if (!cli_digest_of_hex(text_member(json, SLW_JSON_TOP, "root"), stated->root)) {
        return slw_explain(detail, SLW_MALFORMED, "%s: no \"root\": is it what was shown?",
                           json->name);
    }
    return marks_read(json, stated, detail);
}

/* KIND:NAME=VERSION: raises a mark that was shown, or adds one. */
static enum slw_status mark_raise(const char *text, struct slw_takeover *stated,
                                  struct slw_detail *detail)
{
    const char *colon = strchr(text, ':');
    const char *equals = strrchr(text, '=');
    char *end = NULL;
    unsigned long long version = equals == NULL ? 0 : strtoull(equals + 1, &end, 10);
    if (colon == NULL || equals == NULL || equals < colon || end == equals + 1 || *end != '\0' ||
        equals[1] == '-' || version == 0 || version > UINT32_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "--mark %s: not KIND:NAME=VERSION", text);
    }
    const struct slw_mark given = {slw_bytes_make(text, (size_t)(colon - text)),
                                   slw_bytes_make(colon + 1, (size_t)(equals - colon - 1)),
                                   (uint32_t)version};
    for (size_t i = 0; i < stated->marks_count; i++) {
        struct slw_mark *mark = &stated->marks[i];
        if (slw_bytes_equal(mark->kind, given.kind) && slw_bytes_equal(mark->name, given.name)) {
            if (given.version < mark->version) {
                return slw_explain(detail, SLW_ROLLBACK, "--mark %s: %u was signed there", text,
                                   mark->version);
            }
            mark->version = given.version;
            return SLW_OK;
        }
    }
    if (stated->marks_count == SLW_MARKS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "--mark %s: too many marks", text);
    }
    stated->marks[stated->marks_count++] = given;
    return SLW_OK;
}

/* --- Envelopes --- */

static enum slw_status envelope_make(struct cli *cli, const struct cli_arguments *arguments,
                                     const struct slw_json_document *json,
                                     struct slw_heap_buffer *ret_text)
{
    struct slw_heap_buffer payload = {0};
    struct slw_takeover stated = {.marks = calloc(SLW_MARKS_MAX, sizeof(struct slw_mark))};
    enum slw_status status = stated.marks == NULL ? slw_explain_no_memory(&cli->detail)
                                                  : shown_read(json, &stated, &cli->detail);
    for (size_t i = 0; status == SLW_OK && i < cli_count(arguments, "--mark"); i++) {
        status = mark_raise(cli_nth(arguments, "--mark", i), &stated, &cli->detail);
    }
    if (status == SLW_OK) {
        status = slw_takeover_format(&stated, &payload, &cli->detail);
    }
    if (status == SLW_OK) {
        const struct slw_dsse envelope = {.payload_type = SLW_DSSE_INTOTO,
                                          .payload = slw_heap_bytes(&payload)};
        slw_dsse_format(&envelope, ret_text);
        status = ret_text->status;
    }
    slw_heap_free(&payload);
    free(stated.marks);
    return status;
}

static enum slw_status envelope_begin(struct cli *cli, const struct cli_arguments *arguments,
                                      struct slw_heap_buffer *ret_text)
{
    const char *path = arguments->positionals[0];
    struct slw_heap_buffer text = {0};
    struct slw_json_document json;
    SLW_TRY(slw_file_read(path, SLW_DSSE_SIZE_MAX, &text, &cli->detail));
    if (cli_is_envelope(path, slw_heap_bytes(&text), &cli->detail)) {
        *ret_text = text;
        return cli_count(arguments, "--mark") == 0
                   ? SLW_OK
                   : slw_explain(&cli->detail, SLW_BAD_ARGUMENT,
                                 "--mark: the statement is signed already");
    }
    enum slw_status status = slw_json_parse(path, slw_heap_bytes(&text), &json, &cli->detail);
    if (status == SLW_OK) {
        status = envelope_make(cli, arguments, &json, ret_text);
        slw_json_document_free(&json);
    }
    slw_heap_free(&text);
    return status;
}

/* What is about to be signed, in words. */
static enum slw_status envelope_tell(struct cli *cli, const struct slw_heap_buffer *text)
{
    struct slw_dsse envelope;
    struct slw_statement statement;
    struct slw_takeover stated;
    SLW_TRY(slw_dsse_parse("the envelope", slw_heap_bytes(text), &envelope, &cli->detail));
    enum slw_status status =
        slw_statement_parse("the statement", envelope.payload, &statement, &cli->detail);
    if (status == SLW_OK) {
        status = slw_takeover_read(&statement, &stated, &cli->detail);
        if (status == SLW_OK) {
            struct slw_heap_buffer root = {0};
            slw_hex(slw_bytes_make(stated.root, sizeof stated.root), &root);
            cli_note(cli, "epoch %llu of %.*s begins behind entry %llu, root %s",
                     (unsigned long long)stated.epoch, (int)stated.signer.len,
                     (const char *)stated.signer.ptr, (unsigned long long)stated.size,
                     slw_heap_text(&root));
            for (size_t i = 0; i < stated.marks_count; i++) {
                const struct slw_mark *mark = &stated.marks[i];
                cli_note(cli, "  nothing of %.*s %.*s below version %u", (int)mark->kind.len,
                         (const char *)mark->kind.ptr, (int)mark->name.len,
                         (const char *)mark->name.ptr, mark->version);
            }
            slw_heap_free(&root);
            slw_takeover_free(&stated);
        }
        slw_statement_free(&statement);
    }
    slw_dsse_free(&envelope);
    return status;
}

static enum cli_exit write_envelope(struct cli *cli, const struct cli_arguments *arguments,
                                    struct slw_heap_buffer *text)
{
    const char *output = cli_value(arguments, "--output");
    slw_heap_append_text(text, "\n");
    if (output == NULL) {
        return cli_print(cli, text);
    }
    enum cli_exit code = cli_write_file(cli, output, cli_output_flags(arguments), text);
    slw_heap_free(text);
    return code;
}

enum cli_exit cli_sign_takeover(struct cli *cli, const struct cli_arguments *arguments)
{
    struct slw_heap_buffer text = {0};
    struct cli_keys keys;
    if (cli_count(arguments, "--key") == 0) {
        return cli_usage(cli, "takeover needs --key");
    }
    enum slw_status status = envelope_begin(cli, arguments, &text);
    if (status == SLW_OK) {
        status = envelope_tell(cli, &text);
    }
    if (status != SLW_OK) {
        slw_heap_free(&text);
        return status == SLW_BAD_ARGUMENT ? cli_usage(cli, "%s", cli->detail.text)
                                          : cli_fail(cli, status);
    }
    enum cli_exit code = cli_keys_load(cli, arguments, "--key", &keys);
    if (code != CLI_DONE) {
        slw_heap_free(&text);
        return code;
    }
    for (size_t i = 0; status == SLW_OK && i < keys.count; i++) {
        status = cli_envelope_sign(cli, keys.keys[i], &text);
    }
    cli_keys_free(&keys);
    if (status != SLW_OK) {
        slw_heap_free(&text);
        return cli_fail(cli, status);
    }
    return write_envelope(cli, arguments, &text);
}
