/* SPDX-License-Identifier: Apache-2.0 */
/* Setting up and running the device's verifier on files. */
#include "verification.h"

#include "progress.h"
#include "values.h"

#include "slipway/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A target takes an entry, one more for a slot of its own, and one for each encoding. */
#define NAMES_COUNT ((size_t)SLW_TARGETS_MAX * 16)

/* An image out of --installed: measured by the verifier. */
static enum slw_status find_in_directory(void *context, struct slw_bytes target,
                                         struct slw_bytes slot,
                                         struct slw_installed_image *ret_image)
{
    struct cli_verification *verification = context;
    struct slw_heap_buffer path = {0};
    struct slw_detail detail;
    (void)slot;
    slw_file_source_close(&verification->installed_file);
    slw_heap_printf(&path, "%s/", verification->installed_path);
    slw_heap_append(&path, target);
    enum slw_status status = SLW_NOT_FOUND;
    if (path.status == SLW_OK &&
        slw_file_source_open(slw_heap_text(&path), &verification->installed_file, &detail) ==
            SLW_OK) {
        *ret_image = (struct slw_installed_image){
            .length = verification->installed_file.source.size,
            .source = &verification->installed_file.source,
        };
        status = SLW_OK;
    } else {
        verification->installed_file.descriptor = -1;
        cli_trace(verification->cli, "not installed: %s", detail.text);
    }
    slw_heap_free(&path);
    return status;
}

/* An image that the manifest names, taken at its word. */
static enum slw_status find_in_manifest(void *context, struct slw_bytes target,
                                        struct slw_bytes slot,
                                        struct slw_installed_image *ret_image)
{
    struct cli_verification *verification = context;
    (void)slot;
    return slw_manifest_find(&verification->manifest_file.source, &verification->manifest,
                             verification->small_block, sizeof verification->small_block, target,
                             ret_image);
}

static enum cli_exit read_manifest(struct cli_verification *verification, const char *path)
{
    struct cli *cli = verification->cli;
    struct slw_expectations *expectations = &verification->expectations;
    enum slw_status status = slw_file_source_open(path, &verification->manifest_file, &cli->detail);
    if (status != SLW_OK) {
        verification->manifest_file.descriptor = -1;
        return cli_fail(cli, status);
    }
    status = slw_manifest_read(&verification->manifest_file.source, verification->small_block,
                               sizeof verification->small_block, &verification->manifest);
    if (slw_status_class(status) == SLW_CLASS_IO) {
        return cli_error(cli, "%s: can't be read", path);
    }
    if (status != SLW_OK) {
        expectations->stored = SLW_STORED_UNREADABLE;
        return CLI_DONE;
    }
    expectations->stored = SLW_STORED_RELEASE;
    expectations->stored_version = verification->manifest.version;
    expectations->stored_floor = verification->manifest.security_floor;
    verification->installed = (struct slw_installed_port){verification, find_in_manifest};
    expectations->installed = &verification->installed;
    return CLI_DONE;
}

static enum cli_exit read_installed(struct cli_verification *verification, const char *path)
{
    struct stat about;
    /* A directory that isn't there must not look like one without images. */
    if (stat(path, &about) != 0) {
        return cli_error(verification->cli, "--installed %s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(about.st_mode)) {
        return cli_error(verification->cli, "--installed %s: is %s, not a directory", path,
                         slw_file_kind(about.st_mode));
    }
    verification->installed_path = path;
    verification->installed = (struct slw_installed_port){verification, find_in_directory};
    verification->expectations.installed = &verification->installed;
    return CLI_DONE;
}

static bool read_time(struct cli_verification *verification, const struct cli_arguments *arguments)
{
    struct slw_time *now = &verification->expectations.now;
    bool given = false;
    *now = (struct slw_time){true, cli_now_utc_s()};
    if (cli_has(arguments, "--time") && cli_has(arguments, "--no-clock")) {
        (void)cli_usage(verification->cli, "--time and --no-clock don't go together");
        return false;
    }
    now->known = !cli_has(arguments, "--no-clock");
    return cli_time(verification->cli, arguments, "--time", &given, &now->utc_s);
}

static bool read_checks(struct cli_verification *verification,
                        const struct cli_arguments *arguments)
{
    struct slw_expectations *expectations = &verification->expectations;
    const char *hardware = cli_value(arguments, "--hardware");
    const char *product = cli_value(arguments, "--product");
    unsigned key_class = SLW_KEY_CLASS_NONE;
    unsigned build_type = SLW_BUILD_TYPE_NONE;
    if (!cli_choice(verification->cli, arguments, "--key-class", cli_key_class_words, &key_class) ||
        !cli_choice(verification->cli, arguments, "--build-type", cli_build_type_words,
                    &build_type)) {
        return false;
    }
    expectations->check_key_class = cli_has(arguments, "--key-class");
    expectations->key_class = (enum slw_key_class)key_class;
    expectations->check_build_type = cli_has(arguments, "--build-type");
    expectations->build_type = (enum slw_build_type)build_type;
    expectations->check_hardware = hardware != NULL;
    if (hardware != NULL) {
        expectations->hardware = slw_bytes_make(hardware, strlen(hardware));
    }
    expectations->check_product = product != NULL;
    if (product != NULL) {
        expectations->product = slw_bytes_make(product, strlen(product));
    }
    return true;
}

static enum cli_exit read_options(struct cli_verification *verification,
                                  const struct cli_arguments *arguments)
{
    const char *manifest = cli_value(arguments, "--manifest");
    const char *installed = cli_value(arguments, "--installed");
    enum cli_exit code = CLI_DONE;
    /* A host decodes nothing: a form's own length and hash are what it checks. */
    verification->expectations.limits = slw_default_limits;
    verification->expectations.decodable =
        1u << SLW_ENCODING_LZ | 1u << SLW_ENCODING_DELTA | 1u << SLW_ENCODING_ZSTD;
    if (!read_time(verification, arguments) || !read_checks(verification, arguments) ||
        !cli_transparency_read(verification->cli, arguments, &verification->transparency)) {
        return CLI_USAGE;
    }
    verification->expectations.transparency =
        cli_transparency_expected(&verification->transparency);
    if (manifest != NULL) {
        code = read_manifest(verification, manifest);
    }
    if (code == CLI_DONE && installed != NULL) {
        code = read_installed(verification, installed);
    }
    return code;
}

static bool get_memory(struct slw_verifier_memory *memory)
{
    *memory = (struct slw_verifier_memory){
        .block = malloc(SLW_FILE_BLOCK_SIZE),
        .block_size = SLW_FILE_BLOCK_SIZE,
        .root_keys = calloc((size_t)3 * SLW_ROOT_KEYS_MAX, sizeof *memory->root_keys),
        .root_keys_count = (size_t)3 * SLW_ROOT_KEYS_MAX,
        .signatures = calloc(SLW_SIGNATURES_MAX, sizeof *memory->signatures),
        .signatures_count = SLW_SIGNATURES_MAX,
        .names = calloc(NAMES_COUNT, sizeof *memory->names),
        .names_count = NAMES_COUNT,
    };
    return memory->block != NULL && memory->root_keys != NULL && memory->signatures != NULL &&
           memory->names != NULL;
}

static enum cli_exit open_files(struct cli_verification *verification)
{
    struct cli *cli = verification->cli;
    if (slw_file_source_open(verification->bundle_path, &verification->bundle, &cli->detail) !=
        SLW_OK) {
        verification->bundle.descriptor = -1;
        return cli_error(cli, "%s", cli->detail.text);
    }
    if (slw_file_source_open(verification->trusted_root_path, &verification->trusted_root,
                             &cli->detail) != SLW_OK) {
        verification->trusted_root.descriptor = -1;
        return cli_error(cli, "%s", cli->detail.text);
    }
    return CLI_DONE;
}

enum cli_exit cli_verification_new(struct cli *cli, const struct cli_arguments *arguments,
                                   const char *bundle_path, const char *trusted_root_path,
                                   struct cli_verification **ret_verification)
{
    struct cli_verification *verification = calloc(1, sizeof *verification);
    if (verification == NULL) {
        return cli_error(cli, "out of memory");
    }
    verification->cli = cli;
    verification->bundle_path = bundle_path;
    verification->trusted_root_path = trusted_root_path;
    verification->bundle.descriptor = -1;
    verification->trusted_root.descriptor = -1;
    verification->manifest_file.descriptor = -1;
    verification->installed_file.descriptor = -1;
    enum cli_exit code = read_options(verification, arguments);
    if (code == CLI_DONE) {
        code = open_files(verification);
    }
    if (code == CLI_DONE && !get_memory(&verification->memory)) {
        code = cli_error(cli, "out of memory");
    }
    if (code != CLI_DONE) {
        cli_verification_free(verification);
        return code;
    }
    *ret_verification = verification;
    return CLI_DONE;
}

enum slw_status cli_verification_run(struct cli_verification *verification)
{
    struct slw_verifier *verifier = &verification->verifier;
    struct cli_progress progress;
    enum slw_status status = SLW_OK;
    uint64_t size = verification->bundle.source.size;
    slw_verifier_start(verifier, &verification->memory, &verification->expectations,
                       &verification->trusted_root.source, &verification->bundle.source);
    cli_progress_begin(&progress, verification->cli, "verifying");
    while (status == SLW_OK && !verifier->done) {
        status = slw_verifier_step(verifier);
        slw_progress_report(&progress.progress, size / 10000 * slw_verifier_progress(verifier),
                            size);
    }
    cli_progress_end(&progress);
    return status;
}

void cli_verification_free(struct cli_verification *verification)
{
    slw_file_source_close(&verification->bundle);
    slw_file_source_close(&verification->trusted_root);
    slw_file_source_close(&verification->manifest_file);
    slw_file_source_close(&verification->installed_file);
    free(verification->memory.block);
    free(verification->memory.root_keys);
    free(verification->memory.signatures);
    free(verification->memory.names);
    free(verification);
}
