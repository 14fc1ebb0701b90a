/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway build attach`, and what the commands that make an endorsement do with it: it goes into
 * the bundle (field 1001), beside the signed metadata, or into a file.
 */
#include "build.h"

#include "edit_lock.h"

#include "slipway/content_digest.h"
#include "slipway/dsse.h"
#include "slipway/endorsements.h"
#include "slipway/explain.h"
#include "slipway/provenance.h"

#include <stdlib.h>

static enum slw_status read_content(struct cli *cli, struct cli_build *build)
{
    const struct cli_bundle_file *bundle = &build->bundle;
    if (!bundle->index.has_targets) {
        return slw_explain(&cli->detail, SLW_MISSING_TARGETS, "%s: %s", bundle->path,
                           slw_status_meaning(SLW_MISSING_TARGETS));
    }
    SLW_TRY(slw_targets_check_content(bundle->targets.serialized, &cli->detail));
    SLW_TRY(slw_targets_draft_parse(bundle->targets.serialized, &build->targets, &cli->detail));
    return slw_content_digest(&build->targets, build->content, &cli->detail);
}

enum cli_exit cli_build_open(struct cli *cli, const char *path, bool lock,
                             struct cli_build *ret_build)
{
    ret_build->targets = (struct slw_targets_draft){0};
    if (lock) {
        cli_lock_for_edit(path);
    }
    enum cli_exit code = cli_bundle_open(cli, path, &ret_build->bundle);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status = read_content(cli, ret_build);
    if (status != SLW_OK) {
        cli_build_close(ret_build);
        return cli_fail(cli, status);
    }
    return CLI_DONE;
}

void cli_build_close(struct cli_build *build)
{
    slw_targets_draft_free(&build->targets);
    cli_bundle_close(&build->bundle);
}

/* Endorsements that a bundle has, and those that it is about to get. */
struct additions {
    struct slw_endorsements present;
    struct slw_heap_buffer fields;               /* of the new ones, one after the other */
    struct slw_span added[SLW_ENDORSEMENTS_MAX]; /* the envelopes in them */
    size_t added_count;
    uint64_t size_bytes; /* of all envelopes */
};

static enum slw_status begin_additions(struct cli *cli, const struct cli_build *build,
                                       struct additions *additions)
{
    *additions = (struct additions){0};
    SLW_TRY(slw_endorsements_load(build->bundle.path, &build->bundle.index, &additions->present,
                                  &cli->detail));
    for (size_t i = 0; i < additions->present.count; i++) {
        additions->size_bytes += additions->present.items[i].len;
    }
    return SLW_OK;
}

static void free_additions(struct additions *additions)
{
    slw_endorsements_free(&additions->present);
    slw_heap_free(&additions->fields);
}

static bool has_endorsement(const struct additions *additions, struct slw_bytes envelope)
{
    bool found = false;
    for (size_t i = 0; i < additions->present.count && !found; i++) {
        found = slw_bytes_equal(additions->present.items[i], envelope);
    }
    for (size_t i = 0; i < additions->added_count && !found; i++) {
        const struct slw_span *span = &additions->added[i];
        found = slw_bytes_equal(
            slw_bytes_make(additions->fields.ptr + span->offset, (size_t)span->length), envelope);
    }
    return found;
}

/* One more, unless it is there already. A bundle never gets more than whoever reads it will take.
 */
static enum slw_status add_endorsement(struct cli *cli, const struct cli_build *build,
                                       struct slw_bytes envelope, struct additions *additions)
{
    size_t count = additions->present.count + additions->added_count;
    if (has_endorsement(additions, envelope)) {
        cli_note(cli, "%s has this endorsement already", build->bundle.path);
        return SLW_OK;
    }
    if (count == SLW_ENDORSEMENTS_MAX ||
        additions->size_bytes + envelope.len > SLW_ENDORSEMENTS_SIZE_MAX) {
        return slw_explain(&cli->detail, SLW_TOO_LARGE,
                           "%s: can't have more endorsements (at most %u, %u bytes together)",
                           build->bundle.path, SLW_ENDORSEMENTS_MAX, SLW_ENDORSEMENTS_SIZE_MAX);
    }
    slw_endorsement_encode(envelope, &additions->fields);
    if (additions->fields.status != SLW_OK) {
        return slw_explain_no_memory(&cli->detail);
    }
    additions->added[additions->added_count++] =
        (struct slw_span){additions->fields.len - envelope.len, envelope.len};
    additions->size_bytes += envelope.len;
    return SLW_OK;
}

static enum cli_exit finish_additions(struct cli *cli, const struct cli_build *build,
                                      const struct additions *additions)
{
    const struct cli_bundle_change change = {.targets = &build->bundle.targets,
                                             .new_other = slw_heap_bytes(&additions->fields),
                                             .what = "endorsing"};
    return additions->added_count == 0 ? CLI_DONE
                                       : cli_bundle_rewrite(cli, &build->bundle, &change);
}

static enum cli_exit put_into_bundle(struct cli *cli, const struct cli_build *build,
                                     struct slw_bytes envelope)
{
    struct additions additions;
    enum slw_status status = begin_additions(cli, build, &additions);
    if (status == SLW_OK) {
        status = add_endorsement(cli, build, envelope, &additions);
    }
    enum cli_exit code =
        status == SLW_OK ? finish_additions(cli, build, &additions) : cli_fail(cli, status);
    free_additions(&additions);
    return code;
}

enum cli_exit cli_build_deliver(struct cli *cli, const struct cli_build *build,
                                struct slw_bytes envelope, const char *output_path,
                                unsigned output_flags)
{
    if (output_path == NULL) {
        return put_into_bundle(cli, build, envelope);
    }
    enum slw_status status = slw_bundle_check_payloads(build->bundle.path, &build->bundle.index,
                                                       &build->targets, &cli->detail);
    if (status == SLW_OK) {
        status = slw_file_write(output_path, output_flags, envelope, &cli->detail);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

/* That a statement is one of those that bundles carry, and about this build. */
static enum slw_status check_statement(struct cli *cli, const char *path,
                                       const struct slw_statement *statement,
                                       const struct cli_build *build)
{
    struct slw_provenance provenance;
    struct slw_test_result result;
    if (statement->kind == SLW_STATEMENT_PROVENANCE) {
        SLW_TRY(slw_provenance_read(statement, &provenance, &cli->detail));
        slw_provenance_free(&provenance);
    } else if (statement->kind == SLW_STATEMENT_TEST_RESULT) {
        SLW_TRY(slw_test_result_read(statement, &result, &cli->detail));
    } else {
        return slw_explain(&cli->detail, SLW_BAD_STATEMENT,
                           "%s: neither provenance nor a test result", path);
    }
    if (memcmp(statement->subject, build->content, sizeof build->content) != 0) {
        return slw_explain(&cli->detail, SLW_BAD_STATEMENT, "%s: about another build than %s's",
                           path, build->bundle.path);
    }
    return SLW_OK;
}

static enum slw_status check_envelope(struct cli *cli, const char *path, struct slw_bytes text,
                                      const struct cli_build *build)
{
    struct slw_dsse envelope;
    struct slw_statement statement;
    SLW_TRY(slw_dsse_parse(path, text, &envelope, &cli->detail));
    enum slw_status status =
        envelope.signatures_count > 0
            ? slw_statement_parse(path, envelope.payload, &statement, &cli->detail)
            : slw_explain(&cli->detail, SLW_UNSIGNED, "%s: has no signature", path);
    if (status == SLW_OK) {
        status = slw_bytes_equal(envelope.payload_type, SLW_DSSE_INTOTO)
                     ? check_statement(cli, path, &statement, build)
                     : slw_explain(&cli->detail, SLW_BAD_STATEMENT,
                                   "%s: its payload type isn't that of in-toto statements", path);
        slw_statement_free(&statement);
    }
    slw_dsse_free(&envelope);
    return status;
}

static enum slw_status gather(struct cli *cli, const struct cli_build *build, const char *path,
                              struct additions *additions)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status = slw_file_read(path, SLW_DSSE_SIZE_MAX, &text, &cli->detail);
    if (status == SLW_OK) {
        status = check_envelope(cli, path, slw_heap_bytes(&text), build);
    }
    if (status == SLW_OK) {
        status = add_endorsement(cli, build, slw_heap_bytes(&text), additions);
    }
    slw_heap_free(&text);
    return status;
}

/* All or none of them: what one refuses isn't in the bundle then. */
static enum cli_exit attach(struct cli *cli, const struct cli_arguments *arguments,
                            const struct cli_build *build)
{
    struct additions additions;
    enum slw_status status = begin_additions(cli, build, &additions);
    for (size_t i = 1; status == SLW_OK && i < arguments->positionals_count; i++) {
        status = gather(cli, build, arguments->positionals[i], &additions);
    }
    enum cli_exit code =
        status == SLW_OK ? finish_additions(cli, build, &additions) : cli_fail(cli, status);
    free_additions(&additions);
    return code;
}

const struct cli_option cli_build_attach_options[] = {{0}};

enum cli_exit cli_build_attach(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_build build;
    enum cli_exit code = cli_build_open(cli, arguments->positionals[0], true, &build);
    if (code == CLI_DONE) {
        code = attach(cli, arguments, &build);
        cli_build_close(&build);
    }
    return code;
}
