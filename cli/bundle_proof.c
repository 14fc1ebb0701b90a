/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transparency proofs of bundles: `slipway bundle add-proof`, and what `bundle inspect` shows of
 * one. Whether a proof proves anything is judged by the device's own code.
 */
#include "bundle_proof.h"

#include "edit_lock.h"

#include "slipway/explain.h"
#include "slipway/log.h"
#include "slipway/time_text.h"

#include <inttypes.h>
#include <string.h>

#define PROOF_FILE_SIZE_MAX 65536u
#define PROOF_TEXT_START "c2sp.org/tlog-proof@v1\n"

/* --- Adding one --- */

/* What is in the log: the leaf of the metadata that the bundle has. */
static enum slw_status release_leaf(const struct cli_bundle_file *bundle,
                                    struct slw_heap_buffer *ret_leaf, struct slw_detail *detail)
{
    struct slw_targets_draft draft = {0};
    struct slw_sha256 hash;
    struct slw_log_leaf leaf = {.kind = SLW_LOG_RELEASE};
    SLW_TRY(slw_targets_draft_parse(bundle->targets.serialized, &draft, detail));
    leaf.product = draft.product;
    leaf.targets_version = draft.version;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bundle->targets.serialized);
    slw_sha256_final(&hash, leaf.digest);
    enum slw_status status = slw_log_leaf_format(&leaf, ret_leaf);
    slw_targets_draft_free(&draft);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: its product has a name that no log takes",
                           bundle->path);
    }
    return SLW_OK;
}

static void hash_leaf(struct slw_bytes leaf, uint8_t ret_hash[static SLW_SHA256_SIZE])
{
    const uint8_t prefix = 0;
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(&prefix, 1));
    slw_sha256_update(&hash, leaf);
    slw_sha256_final(&hash, ret_hash);
}

static enum slw_status run_proof(struct slw_bytes proof, const struct slw_transparency *expected,
                                 struct slw_bytes leaf, struct slw_finding *finding)
{
    struct slw_proof steps;
    struct slw_reader reader;
    uint8_t scratch[SLW_PROOF_SCRATCH_SIZE];
    uint8_t leaf_hash[SLW_SHA256_SIZE];
    hash_leaf(leaf, leaf_hash);
    slw_reader_init_bytes(&reader, proof);
    slw_proof_start(&steps, expected, leaf_hash);
    while (!steps.done) {
        SLW_TRY(slw_proof_step(&steps, &reader, scratch, finding));
    }
    return SLW_OK;
}

/* By the very steps that a device goes. */
static enum slw_status verify_proof(const struct slw_transparency *expected, struct slw_bytes proof,
                                    struct slw_bytes leaf, struct slw_detail *detail)
{
    struct slw_finding finding = {0};
    struct slw_heap_buffer text = {0};
    enum slw_status status = run_proof(proof, expected, leaf, &finding);
    if (status != SLW_OK) {
        finding.status = status;
        slw_explain_finding(&finding, &text);
        (void)slw_explain(detail, status, "%s", slw_heap_text(&text));
        slw_heap_free(&text);
    }
    return status;
}

/* The text form becomes the binary one, with the signatures of the keys that were given. */
static enum slw_status encode_text(struct cli *cli, const struct cli_transparency *transparency,
                                   const char *path, struct slw_bytes text,
                                   struct slw_heap_buffer *ret_proof)
{
    struct slw_tlog_proof proof;
    if (!transparency->given) {
        return slw_explain(&cli->detail, SLW_BAD_ARGUMENT,
                           "%s: is a proof as text, which wants --log and --witness", path);
    }
    SLW_TRY(slw_tlog_proof_parse(path, text, &proof, &cli->detail));
    enum slw_status status =
        slw_tlog_proof_encode(&proof, &transparency->log, transparency->witnesses,
                              transparency->witnesses_count, ret_proof, &cli->detail);
    slw_tlog_proof_free(&proof);
    return status;
}

static enum slw_status read_proof(struct cli *cli, const struct cli_transparency *transparency,
                                  const char *path, struct slw_heap_buffer *ret_proof)
{
    struct slw_bytes start = SLW_BYTES_OF(PROOF_TEXT_START);
    struct slw_heap_buffer file = {0};
    struct slw_tlog_proof_fields fields;
    SLW_TRY(slw_file_read(path, PROOF_FILE_SIZE_MAX, &file, &cli->detail));
    enum slw_status status = SLW_OK;
    if (file.len >= start.len && memcmp(file.ptr, start.ptr, start.len) == 0) {
        status = encode_text(cli, transparency, path, slw_heap_bytes(&file), ret_proof);
    } else {
        slw_heap_append(ret_proof, slw_heap_bytes(&file));
        status = slw_tlog_proof_decode(slw_heap_bytes(ret_proof), &fields, &cli->detail);
    }
    slw_heap_free(&file);
    return status;
}

static enum slw_status check_proof(struct cli *cli, const struct cli_transparency *transparency,
                                   const char *bundle_path, struct slw_bytes proof)
{
    struct cli_bundle_file bundle;
    struct slw_heap_buffer leaf = {0};
    if (cli_bundle_open(cli, bundle_path, &bundle) != CLI_DONE) {
        return SLW_IO;
    }
    enum slw_status status =
        bundle.index.has_targets
            ? release_leaf(&bundle, &leaf, &cli->detail)
            : slw_explain(&cli->detail, SLW_MISSING_TARGETS, "%s: %s", bundle_path,
                          slw_status_meaning(SLW_MISSING_TARGETS));
    if (status == SLW_OK) {
        status =
            verify_proof(&transparency->transparency, proof, slw_heap_bytes(&leaf), &cli->detail);
    }
    slw_heap_free(&leaf);
    cli_bundle_close(&bundle);
    return status;
}

enum cli_exit cli_bundle_add_proof(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_transparency transparency;
    struct slw_heap_buffer proof = {0};
    const char *bundle_path = arguments->positionals[0];
    if (!cli_transparency_read(cli, arguments, &transparency)) {
        return CLI_USAGE;
    }
    cli_lock_for_edit(bundle_path);
    enum slw_status status = read_proof(cli, &transparency, arguments->positionals[1], &proof);
    if (status == SLW_OK && transparency.given) {
        status = check_proof(cli, &transparency, bundle_path, slw_heap_bytes(&proof));
    }
    if (status == SLW_OK) {
        status = slw_bundle_set_proof(bundle_path, slw_heap_bytes(&proof), &cli->detail);
    }
    if (status == SLW_OK) {
        cli_note(cli, "%s: has a proof of %zu bytes%s", bundle_path, proof.len,
                 transparency.given ? ", which was verified" : "");
    }
    slw_heap_free(&proof);
    if (status == SLW_BAD_ARGUMENT) {
        return cli_usage(cli, "%s", cli->detail.text);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

/* --- Showing one --- */

bool cli_bundle_proof_load(struct cli *cli, const struct cli_bundle_file *bundle,
                           struct slw_tlog_proof_fields *ret_fields)
{
    struct slw_heap_buffer bytes = {0};
    bool good = slw_source_load(bundle->path, &bundle->file.source, bundle->index.proof,
                                SLW_PROOF_SIZE_MAX, &bytes, &cli->detail) == SLW_OK &&
                slw_tlog_proof_decode(slw_heap_bytes(&bytes), ret_fields, &cli->detail) == SLW_OK;
    slw_heap_free(&bytes);
    return good;
}

bool cli_bundle_proof_text(struct cli *cli, const struct cli_bundle_file *bundle,
                           const struct cli_transparency *transparency,
                           const struct slw_tlog_proof_fields *fields,
                           struct slw_heap_buffer *ret_text)
{
    struct slw_heap_buffer leaf = {0};
    struct slw_heap_buffer checkpoint = {0};
    struct slw_tlog_proof proof;
    bool good = transparency->given && bundle->index.has_targets &&
                release_leaf(bundle, &leaf, &cli->detail) == SLW_OK &&
                slw_tlog_proof_from_binary(fields, slw_heap_bytes(&leaf), &transparency->log,
                                           transparency->witnesses, transparency->witnesses_count,
                                           &proof, &checkpoint, &cli->detail) == SLW_OK;
    if (good) {
        slw_tlog_proof_format(&proof, ret_text);
        slw_tlog_proof_free(&proof);
    }
    slw_heap_free(&checkpoint);
    slw_heap_free(&leaf);
    return good;
}

/* A key by its name where that is known, else by its id. */
static void append_key(const struct cli_transparency *transparency, enum slw_note_type type,
                       const uint8_t id[static SLW_NOTE_KEY_ID_SIZE], struct slw_heap_buffer *line)
{
    const char *name = cli_transparency_name(transparency, type, id);
    if (name != NULL) {
        slw_quote(slw_bytes_make(name, strlen(name)), line);
    } else {
        slw_heap_append_text(line, "key ");
        slw_hex(slw_bytes_make(id, SLW_NOTE_KEY_ID_SIZE), line);
    }
}

static void append_time(uint64_t utc_s, struct slw_heap_buffer *line)
{
    char text[SLW_TIME_TEXT_SIZE];
    if (utc_s > INT64_MAX) {
        slw_heap_printf(line, " at %" PRIu64 " s", utc_s);
    } else {
        slw_heap_printf(line, " at %s", slw_time_format((int64_t)utc_s, text));
    }
}

void cli_tree_proof(struct cli *cli, struct cli_tree *tree, const struct cli_bundle_file *bundle,
                    const struct cli_transparency *transparency)
{
    struct slw_tlog_proof_fields fields;
    struct slw_heap_buffer *line = cli_tree_line(tree, 1);
    if (!cli_bundle_proof_load(cli, bundle, &fields)) {
        slw_heap_append_text(line, "transparency proof: not one that is known here");
        return;
    }
    slw_heap_printf(line, "transparency proof: entry %" PRIu64 " of %" PRIu64 ", %" PRIu64 " bytes",
                    fields.index, fields.size, bundle->index.proof.length);
    line = cli_tree_line(tree, 2);
    slw_heap_append_text(line, "checkpoint signed by ");
    append_key(transparency, SLW_NOTE_ED25519, fields.log_key_id, line);
    for (size_t i = 0; i < fields.cosignature_count; i++) {
        line = cli_tree_line(tree, 2);
        slw_heap_append_text(line, "cosigned by ");
        append_key(transparency, SLW_NOTE_COSIGNATURE, fields.cosignatures[i].key_id, line);
        append_time(fields.cosignatures[i].time, line);
    }
}

void cli_print_proof(struct cli *cli, const struct cli_bundle_file *bundle,
                     const struct cli_transparency *transparency, struct slw_heap_buffer *ret_text)
{
    struct slw_tlog_proof_fields fields;
    struct slw_heap_buffer text = {0};
    if (!transparency->given || !cli_bundle_proof_load(cli, bundle, &fields)) {
        return;
    }
    if (cli_bundle_proof_text(cli, bundle, transparency, &fields, &text)) {
        slw_heap_append_text(ret_text, "\n");
        slw_heap_append(ret_text, slw_heap_bytes(&text));
    } else {
        cli_warn(cli, "%s: its proof can't be shown as text: %s", bundle->path, cli->detail.text);
    }
    slw_heap_free(&text);
}

static void json_key(struct slw_json *json, const struct cli_transparency *transparency,
                     enum slw_note_type type, const uint8_t id[static SLW_NOTE_KEY_ID_SIZE])
{
    const char *name = cli_transparency_name(transparency, type, id);
    slw_json_hex(json, "key_id", slw_bytes_make(id, SLW_NOTE_KEY_ID_SIZE));
    if (name != NULL) {
        slw_json_text(json, "name", name);
    }
}

void cli_json_proof(struct cli *cli, struct slw_json *json, const struct cli_bundle_file *bundle,
                    const struct cli_transparency *transparency)
{
    struct slw_tlog_proof_fields fields;
    struct slw_heap_buffer text = {0};
    slw_json_bool(json, "transparency_proof", bundle->index.has_transparency_proof);
    if (!bundle->index.has_transparency_proof || !cli_bundle_proof_load(cli, bundle, &fields)) {
        return;
    }
    slw_json_begin_object(json, "proof");
    slw_json_uint(json, "index", fields.index);
    slw_json_uint(json, "size", fields.size);
    slw_json_begin_array(json, "path");
    for (size_t i = 0; i < fields.path.count; i++) {
        slw_json_hex(json, NULL, slw_bytes_make(fields.path.hashes[i].bytes, SLW_SHA256_SIZE));
    }
    slw_json_end_array(json);
    slw_json_begin_object(json, "log");
    json_key(json, transparency, SLW_NOTE_ED25519, fields.log_key_id);
    slw_json_end_object(json);
    slw_json_begin_array(json, "cosignatures");
    for (size_t i = 0; i < fields.cosignature_count; i++) {
        slw_json_begin_object(json, NULL);
        json_key(json, transparency, SLW_NOTE_COSIGNATURE, fields.cosignatures[i].key_id);
        slw_json_uint(json, "time", fields.cosignatures[i].time);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    if (cli_bundle_proof_text(cli, bundle, transparency, &fields, &text)) {
        slw_json_bytes(json, "tlog_proof", slw_heap_bytes(&text));
    }
    slw_json_end_object(json);
    slw_heap_free(&text);
}
