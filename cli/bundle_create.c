/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway bundle create`: files become a bundle, signed at once when keys are given. The payloads
 * are read once, hashed and written on the way.
 */
#include "bundle.h"
#include "progress.h"
#include "values.h"

#include <stdlib.h>

struct creation {
    struct cli *cli;
    const char *path;
    struct cli_payloads payloads;
    struct slw_targets_draft draft;
    struct slw_heap_buffer notes;
    struct cli_keys keys;
    bool has_root;
    struct cli_root_file root;
    struct cli_root_file **history; /* ascending */
    size_t history_count;
};

static void free_creation(struct creation *creation)
{
    for (size_t i = 0; i < creation->history_count; i++) {
        cli_root_file_free(creation->history[i]);
        free(creation->history[i]);
    }
    free(creation->history);
    if (creation->has_root) {
        cli_root_file_free(&creation->root);
    }
    cli_keys_free(&creation->keys);
    slw_heap_free(&creation->notes);
    slw_targets_draft_free(&creation->draft);
    cli_payloads_free(&creation->payloads);
}

static struct slw_bytes text_value(const struct cli_arguments *arguments, const char *name)
{
    const char *text = cli_value(arguments, name);
    return text == NULL ? slw_bytes_make(NULL, 0) : slw_bytes_make(text, strlen(text));
}

static enum cli_exit read_notes(struct creation *creation, const char *path)
{
    enum slw_status status =
        slw_file_read(path, SLW_RELEASE_NOTES_SIZE_MAX, &creation->notes, &creation->cli->detail);
    creation->draft.release_notes = slw_heap_bytes(&creation->notes);
    return status == SLW_OK ? CLI_DONE : cli_fail(creation->cli, status);
}

static enum cli_exit read_metadata_options(struct creation *creation,
                                           const struct cli_arguments *arguments,
                                           const char *targets_version_option)
{
    struct cli *cli = creation->cli;
    struct slw_targets_draft *draft = &creation->draft;
    unsigned urgency = SLW_URGENCY_NONE;
    unsigned build_type = SLW_BUILD_TYPE_NONE;
    draft->spec_version = SLW_BYTES_OF(SLW_SPEC_VERSION);
    draft->role = SLW_BYTES_OF("targets");
    draft->version = 1;
    if (!cli_number(cli, arguments, targets_version_option, &draft->version) ||
        !cli_number(cli, arguments, "--min-installed-version", &draft->min_installed_version) ||
        !cli_number(cli, arguments, "--security-floor", &draft->security_floor) ||
        !cli_choice(cli, arguments, "--urgency", cli_urgency_words, &urgency) ||
        !cli_choice(cli, arguments, "--build-type", cli_build_type_words, &build_type) ||
        !cli_time(cli, arguments, "--expires", &draft->expires.present, &draft->expires.seconds)) {
        return CLI_USAGE;
    }
    draft->urgency = urgency;
    draft->build_type = build_type;
    draft->product = text_value(arguments, "--product");
    draft->release_version = text_value(arguments, "--release-version");
    for (size_t i = 0; cli_nth(arguments, "--hardware", i) != NULL; i++) {
        const char *id = cli_nth(arguments, "--hardware", i);
        if (!slw_targets_draft_add_hardware(draft, slw_bytes_make(id, strlen(id)))) {
            return cli_error(cli, "out of memory");
        }
    }
    const char *notes = cli_value(arguments, "--notes");
    return notes == NULL ? CLI_DONE : read_notes(creation, notes);
}

static int compare_versions(const void *left, const void *right)
{
    const struct cli_root_file *const *left_root = left;
    const struct cli_root_file *const *right_root = right;
    uint32_t left_version = (*left_root)->content.root.version;
    uint32_t right_version = (*right_root)->content.root.version;
    return left_version < right_version ? -1 : left_version > right_version;
}

static enum cli_exit load_history(struct creation *creation, const struct cli_arguments *arguments)
{
    struct cli *cli = creation->cli;
    size_t count = cli_count(arguments, "--root-history");
    if (count > SLW_ROOT_HISTORY_MAX) {
        (void)slw_explain(&cli->detail, SLW_TOO_LARGE, "more than %u roots in the history",
                          SLW_ROOT_HISTORY_MAX);
        return cli_fail(cli, SLW_TOO_LARGE);
    }
    struct cli_root_file **history = calloc(count + 1, sizeof(struct cli_root_file *));
    creation->history = history;
    if (history == NULL) {
        return cli_error(cli, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        struct cli_root_file *file = calloc(1, sizeof *file);
        if (file == NULL) {
            (void)cli_error(cli, "out of memory");
            return CLI_FAILED;
        }
        enum cli_exit code =
            cli_root_file_load(cli, cli_nth(arguments, "--root-history", i), true, file);
        if (code != CLI_DONE) {
            free(file);
            return code;
        }
        history[creation->history_count++] = file;
    }
    qsort(history, count, sizeof(struct cli_root_file *), compare_versions);
    return CLI_DONE;
}

/* Strictly ascending, and all below the bundle's root. */
static enum cli_exit check_history(struct creation *creation)
{
    struct cli *cli = creation->cli;
    for (size_t i = 0; i < creation->history_count; i++) {
        uint32_t version = creation->history[i]->content.root.version;
        bool last = i + 1 == creation->history_count;
        uint32_t next = last ? creation->root.content.root.version
                             : creation->history[i + 1]->content.root.version;
        if (version >= next) {
            (void)slw_explain(&cli->detail, SLW_MALFORMED,
                              "%s: root history has version %u before version %u", creation->path,
                              version, next);
            return cli_fail(cli, SLW_MALFORMED);
        }
    }
    return CLI_DONE;
}

static enum cli_exit load_roots(struct creation *creation, const struct cli_arguments *arguments)
{
    const char *path = cli_value(arguments, "--root");
    if (path == NULL) {
        return cli_has(arguments, "--root-history")
                   ? cli_usage(creation->cli, "--root-history goes with --root")
                   : CLI_DONE;
    }
    enum cli_exit code = cli_root_file_load(creation->cli, path, true, &creation->root);
    if (code != CLI_DONE) {
        return code;
    }
    creation->has_root = true;
    code = load_history(creation, arguments);
    return code == CLI_DONE ? check_history(creation) : code;
}

/* Before the payloads are read, digests and signatures are zeros: of the same length. */
static enum slw_status write_targets(void *context, bool final, struct slw_heap_buffer *ret_message,
                                     struct slw_detail *detail)
{
    static const uint8_t no_signature[SLW_SIGNATURE_SIZE];
    struct creation *creation = context;
    struct slw_heap_buffer serialized = {0};
    enum slw_status status = slw_targets_draft_encode(&creation->draft, &serialized, detail);
    struct slw_signed_draft wrapper = {.serialized = slw_heap_bytes(&serialized)};
    if (status == SLW_OK && !final) {
        status = slw_targets_check_content(wrapper.serialized, detail);
    }
    for (size_t i = 0; status == SLW_OK && i < creation->keys.count; i++) {
        const struct slw_private_key *key = creation->keys.keys[i];
        status = final ? slw_signed_draft_sign(&wrapper, key, detail)
                       : slw_signed_draft_set(&wrapper, slw_private_key_public(key)->id,
                                              no_signature, detail);
    }
    if (status == SLW_OK) {
        status = slw_signed_draft_encode(&wrapper, ret_message, detail);
    }
    slw_heap_free(&serialized);
    return status;
}

static enum cli_exit write_to(struct creation *creation, struct slw_bundle_parts parts,
                              unsigned flags)
{
    struct cli *cli = creation->cli;
    struct slw_output output;
    struct cli_progress progress;
    enum slw_status status = slw_output_open(creation->path, flags, &output, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    cli_progress_begin(&progress, cli, "writing");
    parts.progress = &progress.progress;
    status = slw_bundle_write(&parts, &output, &cli->detail);
    uint64_t size = output.position;
    if (status == SLW_OK) {
        status = slw_output_commit(&output, &cli->detail);
    }
    slw_output_discard(&output);
    cli_progress_end(&progress);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    struct slw_heap_buffer text = {0};
    cli_format_size(size, &text);
    cli_note(cli, "%s: targets version %u, %zu target%s, %s%s", creation->path,
             creation->draft.version, creation->payloads.count,
             creation->payloads.count == 1 ? "" : "s", slw_heap_text(&text),
             creation->keys.count == 0 ? ", unsigned" : "");
    slw_heap_free(&text);
    return CLI_DONE;
}

static enum cli_exit write_bundle(struct creation *creation, unsigned flags)
{
    struct slw_bundle_parts parts = {
        .payloads = creation->payloads.items,
        .payloads_count = creation->payloads.count,
        .targets = write_targets,
        .context = creation,
    };
    struct slw_piece *history = calloc(creation->history_count + 1, sizeof *history);
    if (history == NULL || cli_payloads_list(&creation->payloads, &creation->draft) != SLW_OK) {
        free(history);
        return cli_error(creation->cli, "out of memory");
    }
    for (size_t i = 0; i < creation->history_count; i++) {
        history[i].bytes = slw_heap_bytes(&creation->history[i]->bytes);
    }
    parts.root_history = history;
    parts.root_history_count = creation->history_count;
    if (creation->has_root) {
        parts.root.bytes = slw_heap_bytes(&creation->root.bytes);
    }
    enum cli_exit code = write_to(creation, parts, flags);
    free(history);
    return code;
}

static enum cli_exit prepare(struct creation *creation, const struct cli_arguments *arguments,
                             const char *targets_version_option)
{
    struct cli *cli = creation->cli;
    enum cli_exit code = read_metadata_options(creation, arguments, targets_version_option);
    if (code == CLI_DONE) {
        code = load_roots(creation, arguments);
    }
    if (code == CLI_DONE) {
        code = cli_keys_load(cli, arguments, "--key", &creation->keys);
    }
    if (code == CLI_DONE && creation->has_root && !cli_has(arguments, "--any-key")) {
        code =
            cli_check_signers(cli, creation->path, &creation->root.content.root, &creation->keys);
    }
    if (code == CLI_DONE) {
        code = cli_payloads_gather(cli, arguments, &creation->payloads);
    }
    return code;
}

enum cli_exit cli_bundle_create(struct cli *cli, const struct cli_arguments *arguments,
                                const char *targets_version_option)
{
    struct creation *creation = calloc(1, sizeof *creation);
    if (creation == NULL) {
        return cli_error(cli, "out of memory");
    }
    creation->cli = cli;
    creation->path = arguments->positionals[0];
    enum cli_exit code = prepare(creation, arguments, targets_version_option);
    if (code == CLI_DONE) {
        code = write_bundle(creation, cli_output_flags(arguments));
    }
    free_creation(creation);
    free(creation);
    return code;
}
