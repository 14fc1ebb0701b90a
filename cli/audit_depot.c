/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway audit depot`: recomputes a depot's audit trail from what it shows (spec/DEPOT.md,
 * section 3), against what was seen before. The depot's word for it counts for nothing.
 */
#include "audit.h"
#include "depot.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE 500
#define STATE_MAX 256u
#define HASH_LEN 64u

/* An end of the chain. */
struct trail_end {
    int64_t number;
    uint8_t hash[SLW_SHA256_SIZE];
};

/* "42 HASH\n"; a file that isn't there is the beginning. */
static enum cli_exit read_state(struct cli *cli, const char *path, struct trail_end *ret_end)
{
    struct slw_heap_buffer text = {0};
    *ret_end = (struct trail_end){0};
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL) {
        return CLI_DONE;
    }
    (void)fclose(file);
    enum slw_status status = slw_file_read(path, STATE_MAX, &text, &cli->detail);
    if (status != SLW_OK) {
        slw_heap_free(&text);
        return cli_fail(cli, status);
    }
    const char *words = slw_heap_text(&text);
    char *end = NULL;
    long long number = strtoll(words, &end, 10);
    bool is_good =
        number > 0 && *end == ' ' && text.len == (size_t)(end - words) + HASH_LEN + 2 &&
        slw_text_unhex(slw_bytes_make(end + 1, HASH_LEN), ret_end->hash, SLW_SHA256_SIZE);
    ret_end->number = number;
    slw_heap_free(&text);
    return is_good ? CLI_DONE : cli_error(cli, "%s: not a state of this command", path);
}

static enum cli_exit write_state(struct cli *cli, const char *path, const struct trail_end *end)
{
    struct slw_heap_buffer text = {0};
    if (path == NULL) {
        return CLI_DONE;
    }
    slw_heap_printf(&text, "%lld ", (long long)end->number);
    slw_hex(slw_bytes_make(end->hash, SLW_SHA256_SIZE), &text);
    slw_heap_append_text(&text, "\n");
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&text), &cli->detail);
    }
    slw_heap_free(&text);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

static enum cli_exit refuse_entry(struct cli *cli, int64_t number, const char *what)
{
    char text[160];
    (void)snprintf(text, sizeof text, "entry %lld %s", (long long)number, what);
    return cli_refuse(cli, SLW_LOG_DAMAGED, text);
}

/* spec/DEPOT.md, section 3: "hash = SHA-256("slipway audit v1\n" ‖ former hash, 32 zeros for the
 * first ‖ canonical JSON of the entry without `hash`)", which is its last member. */
static bool hash_entry(struct slw_bytes raw, const uint8_t former[static SLW_SHA256_SIZE],
                       uint8_t ret_hash[static SLW_SHA256_SIZE])
{
    static const char last[] = ",\"hash\":\"";
    size_t behind = sizeof last - 1 + HASH_LEN + 2;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_json_document entry;
    struct slw_detail detail;
    if (raw.len <= behind || memcmp(raw.ptr + raw.len - behind, last, sizeof last - 1) != 0) {
        return false;
    }
    slw_heap_append(&text, slw_bytes_make(raw.ptr, raw.len - behind));
    slw_heap_append_text(&text, "}");
    bool is_hashed = text.status == SLW_OK &&
                     slw_json_parse("entry", slw_heap_bytes(&text), &entry, &detail) == SLW_OK;
    if (is_hashed) {
        struct slw_sha256 hash;
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, SLW_BYTES_OF("slipway audit v1\n"));
        slw_sha256_update(&hash, slw_bytes_make(former, SLW_SHA256_SIZE));
        slw_sha256_update(&hash, slw_json_canonical(&entry, SLW_JSON_TOP, &scratch));
        is_hashed = scratch.status == SLW_OK;
        slw_sha256_final(&hash, ret_hash);
        slw_json_document_free(&entry);
    }
    slw_heap_free(&text);
    slw_heap_free(&scratch);
    return is_hashed;
}

static enum cli_exit take_entry(struct cli *cli, const struct slw_json_document *page,
                                uint32_t value, struct trail_end *end)
{
    uint8_t hash[SLW_SHA256_SIZE];
    uint8_t shown[SLW_SHA256_SIZE];
    int64_t number = 0;
    struct slw_bytes text =
        slw_json_string(page, slw_json_member(page, value, SLW_BYTES_OF("hash")));
    if (!slw_json_integer(page, slw_json_member(page, value, SLW_BYTES_OF("number")), &number) ||
        number != end->number + 1) {
        return refuse_entry(cli, end->number + 1, "is gone");
    }
    if (!slw_text_unhex(text, shown, sizeof shown) ||
        !hash_entry(slw_json_raw(page, value), end->hash, hash) ||
        memcmp(shown, hash, sizeof hash) != 0) {
        return refuse_entry(cli, number, "isn't as it was written, or what is before it");
    }
    end->number = number;
    memcpy(end->hash, hash, sizeof hash);
    return CLI_DONE;
}

/* The entries behind end, up to last; end moves on. */
static enum cli_exit take_page(struct cli_depot *depot, struct trail_end *end, int64_t last)
{
    struct cli *cli = depot->cli;
    struct cli_depot_answer answer;
    char path[96];
    (void)snprintf(path, sizeof path, "/api/v1/audit?after=%lld&limit=%d", (long long)end->number,
                   PAGE);
    enum cli_exit code = cli_depot_call(depot, "GET", path, NULL, &answer);
    if (code != CLI_DONE) {
        return code;
    }
    int64_t before = end->number;
    uint32_t value = SLW_JSON_NONE;
    struct slw_json_walk walk =
        slw_json_walk_begin(&answer.json, cli_depot_find(&answer, "entries"));
    while (code == CLI_DONE && end->number < last && slw_json_walk_element(&walk, &value)) {
        code = take_entry(cli, &answer.json, value, end);
    }
    cli_depot_answer_free(&answer);
    return code == CLI_DONE && end->number == before ? refuse_entry(cli, before + 1, "is gone")
                                                     : code;
}

static enum cli_exit read_proof(struct cli_depot *depot, struct trail_end *ret_proof)
{
    struct cli_depot_answer answer;
    enum cli_exit code = cli_depot_call(depot, "GET", "/api/v1/audit/proof", NULL, &answer);
    if (code != CLI_DONE) {
        return code;
    }
    ret_proof->number = cli_depot_number(&answer, "number");
    if (!slw_text_unhex(cli_depot_text(&answer, "hash"), ret_proof->hash, SLW_SHA256_SIZE)) {
        code = cli_error(depot->cli, "the depot doesn't say what its last entry is");
    }
    cli_depot_answer_free(&answer);
    return code;
}

static enum cli_exit say(struct cli *cli, int64_t before, const struct trail_end *end)
{
    struct slw_heap_buffer text = {0};
    if (cli->json) {
        slw_heap_printf(&text,
                        "{\"verdict\":\"accept\",\"entries\":%lld,\"number\":%lld,\"hash\":\"",
                        (long long)(end->number - before), (long long)end->number);
        slw_hex(slw_bytes_make(end->hash, SLW_SHA256_SIZE), &text);
        slw_heap_append_text(&text, "\"}\n");
    } else {
        slw_heap_printf(&text, "%lld entries are as they were written; the last is %lld ",
                        (long long)(end->number - before), (long long)end->number);
        slw_hex(slw_bytes_make(end->hash, SLW_SHA256_SIZE), &text);
        slw_heap_append_text(&text, "\n");
    }
    return cli_print(cli, &text);
}

static enum cli_exit recompute(struct cli_depot *depot, const char *state)
{
    struct cli *cli = depot->cli;
    struct trail_end end;
    struct trail_end proof = {0};
    enum cli_exit code = read_state(cli, state, &end);
    if (code == CLI_DONE) {
        code = read_proof(depot, &proof);
    }
    int64_t before = end.number;
    if (code == CLI_DONE && proof.number < before) {
        return refuse_entry(cli, before, "was there, and is gone");
    }
    while (code == CLI_DONE && end.number < proof.number) {
        code = take_page(depot, &end, proof.number);
    }
    if (code == CLI_DONE && memcmp(end.hash, proof.hash, sizeof end.hash) != 0) {
        return refuse_entry(cli, end.number, "isn't the one that was there");
    }
    if (code == CLI_DONE) {
        code = write_state(cli, state, &end);
    }
    return code == CLI_DONE ? say(cli, before, &end) : code;
}

enum cli_exit cli_audit_depot(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_depot depot;
    enum cli_exit code = cli_depot_open(cli, arguments, &depot);
    if (code == CLI_DONE) {
        code = recompute(&depot, cli_value(arguments, "--state"));
        cli_depot_close(&depot);
    }
    return code;
}
