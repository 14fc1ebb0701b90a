/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway bundle extract`: the files of a bundle below a directory. Each is hashed again as it is
 * written and gets its name only when it is what was verified.
 */
#include "bundle.h"
#include "progress.h"
#include "verdict.h"
#include "verification.h"

#include "slipway/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct extraction {
    struct cli *cli;
    const char *directory;
    unsigned flags;
    struct cli_bundle_file bundle;
    uint8_t *block;
    uint64_t done;
    uint64_t total;
    struct cli_progress progress;
    size_t count;
};

static enum slw_status copy(struct extraction *extraction, struct slw_span span,
                            struct slw_output *output, uint8_t digest[static SLW_SHA256_SIZE])
{
    const struct slw_source *source = &extraction->bundle.file.source;
    struct slw_detail *detail = &extraction->cli->detail;
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    while (span.length > 0) {
        size_t len = span.length < SLW_FILE_BLOCK_SIZE ? (size_t)span.length : SLW_FILE_BLOCK_SIZE;
        if (source->read(source->context, span.offset, extraction->block, len) != SLW_OK) {
            return slw_explain(detail, SLW_IO, "%s: can't be read", extraction->bundle.path);
        }
        struct slw_bytes bytes = slw_bytes_make(extraction->block, len);
        slw_sha256_update(&hash, bytes);
        SLW_TRY(slw_output_write(output, bytes, detail));
        span.offset += len;
        span.length -= len;
        extraction->done += len;
        slw_progress_report(&extraction->progress.progress, extraction->done, extraction->total);
    }
    slw_sha256_final(&hash, digest);
    return SLW_OK;
}

/* sha256 NULL: whatever it is. */
static enum slw_status extract_one(struct extraction *extraction, struct slw_bytes name,
                                   struct slw_span span, const uint8_t *sha256)
{
    struct slw_detail *detail = &extraction->cli->detail;
    struct slw_output output;
    uint8_t digest[SLW_SHA256_SIZE];
    SLW_TRY(slw_output_open_below(extraction->directory, name, extraction->flags, &output, detail));
    enum slw_status status = copy(extraction, span, &output, digest);
    if (status == SLW_OK && sha256 != NULL && memcmp(sha256, digest, sizeof digest) != 0) {
        status = slw_explain(detail, SLW_IO, "%s: changed while it was being extracted",
                             extraction->bundle.path);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
        extraction->count++;
    }
    slw_output_discard(&output);
    return status;
}

/* Before anything is written: whether all that is listed and here can be written as it is. */
static enum slw_status check_target(struct extraction *extraction,
                                    const struct slw_trusted_target *target)
{
    struct slw_bytes name = slw_bytes_make(target->target.name, target->target.name_len);
    const struct slw_payload_entry *entry = slw_bundle_index_find(&extraction->bundle.index, name);
    if (entry != NULL) {
        extraction->total += entry->value.length;
        return SLW_OK;
    }
    if (!target->present) {
        return SLW_OK; /* installed already, so not here */
    }
    struct slw_heap_buffer quoted = {0};
    slw_quote(name, &quoted);
    (void)slw_explain(&extraction->cli->detail, SLW_UNSUPPORTED_ENCODING,
                      "target %s: is here only encoded, and extracting doesn't decode",
                      slw_heap_text(&quoted));
    slw_heap_free(&quoted);
    return SLW_UNSUPPORTED_ENCODING;
}

static enum slw_status extract_target(struct extraction *extraction,
                                      const struct slw_trusted_target *target)
{
    struct slw_bytes name = slw_bytes_make(target->target.name, target->target.name_len);
    const struct slw_payload_entry *entry = slw_bundle_index_find(&extraction->bundle.index, name);
    return entry == NULL ? SLW_OK
                         : extract_one(extraction, name, entry->value, target->target.sha256);
}

static enum slw_status walk(struct extraction *extraction, struct cli_verification *verification,
                            enum slw_status (*visit)(struct extraction *extraction,
                                                     const struct slw_trusted_target *target))
{
    const struct slw_trusted_bundle *trusted = slw_verifier_result(&verification->verifier);
    struct slw_target_walk targets;
    struct slw_trusted_target target;
    enum slw_status status = SLW_OK;
    slw_target_walk_start(&targets, trusted->source, &trusted->targets, verification->small_block,
                          sizeof verification->small_block);
    while (status == SLW_OK) {
        status = slw_trusted_bundle_next_target(trusted, &targets, &target);
        if (status == SLW_OK) {
            status = visit(extraction, &target);
        }
    }
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

static enum slw_status extract_verified(struct extraction *extraction,
                                        struct cli_verification *verification)
{
    SLW_TRY(walk(extraction, verification, check_target));
    return walk(extraction, verification, extract_target);
}

/* Payloads as they are; only names that stay below the directory. */
static enum slw_status extract_unverified(struct extraction *extraction)
{
    const struct slw_bundle_index *index = &extraction->bundle.index;
    for (size_t i = 0; i < index->payloads_count; i++) {
        const struct slw_payload_entry *entry = &index->payloads[i];
        extraction->total += entry->value.length;
        if (!slw_name_is_good(entry->name)) {
            struct slw_heap_buffer quoted = {0};
            slw_quote(entry->name, &quoted);
            (void)slw_explain(&extraction->cli->detail, SLW_BAD_NAME, "name %s: %s",
                              slw_heap_text(&quoted), slw_status_meaning(SLW_BAD_NAME));
            slw_heap_free(&quoted);
            return SLW_BAD_NAME;
        }
    }
    for (size_t i = 0; i < index->payloads_count; i++) {
        SLW_TRY(extract_one(extraction, index->payloads[i].name, index->payloads[i].value, NULL));
    }
    return SLW_OK;
}

/* verification NULL: none was asked for. */
static enum cli_exit extract(struct extraction *extraction, struct cli_verification *verification,
                             const char *path)
{
    struct cli *cli = extraction->cli;
    enum cli_exit code = cli_bundle_open(cli, path, &extraction->bundle);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status = SLW_OK;
    extraction->block = malloc(SLW_FILE_BLOCK_SIZE);
    if (extraction->block == NULL) {
        status = slw_explain_no_memory(&cli->detail);
    } else if (mkdir(extraction->directory, 0777) != 0 && errno != EEXIST) {
        status = slw_explain_errno(&cli->detail, extraction->directory);
    } else {
        cli_progress_begin(&extraction->progress, cli, "extracting");
        status = verification == NULL ? extract_unverified(extraction)
                                      : extract_verified(extraction, verification);
        cli_progress_end(&extraction->progress);
    }
    free(extraction->block);
    cli_bundle_close(&extraction->bundle);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    cli_note(cli, "%s: %zu file%s%s", extraction->directory, extraction->count,
             extraction->count == 1 ? "" : "s", verification == NULL ? ", NOT verified" : "");
    return CLI_DONE;
}

static enum cli_exit extract_after_verifying(struct extraction *extraction,
                                             const struct cli_arguments *arguments)
{
    struct cli_verification *verification = NULL;
    const char *path = arguments->positionals[0];
    enum cli_exit code = cli_verification_new(
        extraction->cli, arguments, path, cli_value(arguments, "--trusted-root"), &verification);
    if (code != CLI_DONE) {
        return code;
    }
    const struct slw_finding *finding = &verification->verifier.finding;
    if (cli_verification_run(verification) == SLW_OK) {
        code = extract(extraction, verification, path);
    } else if (slw_status_class(finding->status) == SLW_CLASS_IO) {
        code = cli_error(extraction->cli, "%s: %s", path, slw_status_meaning(finding->status));
    } else {
        code = cli_refuse_finding(extraction->cli, finding, verification->trusted_root_path);
    }
    cli_verification_free(verification);
    return code;
}

enum cli_exit cli_bundle_extract(struct cli *cli, const struct cli_arguments *arguments)
{
    struct extraction extraction = {
        .cli = cli,
        .directory = cli_value(arguments, "--dir"),
        .flags = cli_output_flags(arguments),
    };
    if (cli_has(arguments, "--unverified") == cli_has(arguments, "--trusted-root")) {
        return cli_usage(cli, "one of --trusted-root ROOT and --unverified is wanted");
    }
    if (cli_has(arguments, "--unverified")) {
        return extract(&extraction, NULL, arguments->positionals[0]);
    }
    return extract_after_verifying(&extraction, arguments);
}
