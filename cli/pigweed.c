/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pigweed's ten commands (pw_software_update's cli.py), with its options and its habits, on top of
 * what the other commands do: so scripts written for it work here.
 */
#include "bundle.h"
#include "commands.h"
#include "key.h"
#include "root.h"

#include <string.h>

static enum cli_exit run_generate_key(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_key_generate(cli, arguments->positionals[0], SLW_KEY_TYPE_P256, NULL,
                            cli_has(arguments, "--force"));
}

static enum cli_exit run_create_root(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_root_create(cli, arguments, "--append-root-key", "--append-targets-key");
}

static enum cli_exit run_sign_root(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_keys keys;
    enum cli_exit code = cli_keys_load(cli, arguments, "--root-key", &keys);
    if (code == CLI_DONE) {
        code = cli_root_sign(cli, cli_value(arguments, "--root-metadata"), &keys, NULL, 0);
        cli_keys_free(&keys);
    }
    return code;
}

static enum cli_exit run_inspect_root(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_root_inspect(cli, arguments->positionals[0]);
}

static enum cli_exit run_create_bundle(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_bundle_create(cli, arguments, "--target-metadata-version");
}

/* Its tool changes nothing but the root, so the signatures over the metadata stay good. */
static enum cli_exit run_add_root(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_payloads none = {0};
    return cli_bundle_add(cli, cli_value(arguments, "--bundle"), &none,
                          cli_value(arguments, "--append-root-metadata"), true);
}

/* A file's name without directory and last extension, as Python's PurePath.stem has it. */
static struct slw_bytes stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    bool has_extension = dot != NULL && dot != name && dot[1] != '\0';
    return slw_bytes_make(name, has_extension ? (size_t)(dot - name) : strlen(name));
}

static enum cli_exit run_add_file(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *path = cli_value(arguments, "--file");
    const char *name = cli_value(arguments, "--new-name");
    struct cli_payloads payloads = {0};
    enum cli_exit code = cli_payloads_add(
        cli, &payloads, name == NULL ? stem_of(path) : slw_bytes_make(name, strlen(name)), path);
    if (code == CLI_DONE) {
        code = cli_bundle_add(cli, cli_value(arguments, "--bundle"), &payloads, NULL, false);
    }
    cli_payloads_free(&payloads);
    return code;
}

static enum cli_exit run_sign_bundle(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_keys keys;
    enum cli_exit code = cli_keys_load(cli, arguments, "--key", &keys);
    if (code == CLI_DONE) {
        code = cli_bundle_sign(cli, cli_value(arguments, "--bundle"), &keys, false, NULL, 0);
        cli_keys_free(&keys);
    }
    return code;
}

static enum cli_exit run_inspect_bundle(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_bundle_inspect(cli, arguments, arguments->positionals[0]);
}

static enum cli_exit run_verify_bundle(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_bundle_verify(cli, arguments, cli_value(arguments, "--bundle"),
                             cli_value(arguments, "--trusted-root-metadata"));
}

static const struct cli_option generate_key_options[] = {CLI_FORCE_OPTION, {0}};

static const struct cli_option create_root_options[] = {
    {.name = "--version", .value = "N", .help = "version of the root (1)"},
    {.name = "--append-root-key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public key that may sign the next root"},
    {.name = "--append-targets-key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public key that may sign bundles"},
    {.name = "--out", .letter = 'o', .value = "OUT", .required = true, .help = "file to write"},
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option sign_root_options[] = {
    {.name = "--root-metadata", .value = "ROOT", .required = true, .help = "the root to sign"},
    {.name = "--root-key", .value = "KEY", .required = true, .help = "private key to sign with"},
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option create_bundle_options[] = {
    {.name = "--target-metadata-version", .value = "N", .help = "version of the release (1)"},
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option add_root_options[] = {
    {.name = "--append-root-metadata",
     .value = "ROOT",
     .required = true,
     .help = "root to bring to devices"},
    {.name = "--bundle", .value = "BUNDLE", .required = true, .help = "bundle to change"},
    {0},
};

static const struct cli_option add_file_options[] = {
    {.name = "--new-name",
     .value = "NAME",
     .help = "name of the target; unless given, the file's without directory\n"
             "                              and last extension"},
    {.name = "--bundle", .value = "BUNDLE", .required = true, .help = "bundle to change"},
    {.name = "--file", .value = "PATH", .required = true, .help = "file to add"},
    {0},
};

static const struct cli_option sign_bundle_options[] = {
    {.name = "--bundle", .value = "BUNDLE", .required = true, .help = "bundle to sign"},
    {.name = "--key", .value = "KEY", .required = true, .help = "private key to sign with"},
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option verify_bundle_options[] = {
    {.name = "--bundle", .value = "BUNDLE", .required = true, .help = "bundle to verify"},
    {.name = "--trusted-root-metadata",
     .value = "ROOT",
     .required = true,
     .help = "the root that the device trusts"},
    {0},
};

const struct cli_command cli_pigweed_commands[] = {
    {
        .verb = "generate-key",
        .usage = "slipway generate-key",
        .summary = "as `key generate`, P-256",
        .synopsis = "PATHNAME",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = generate_key_options,
        .run = run_generate_key,
    },
    {
        .verb = "create-root-metadata",
        .usage = "slipway create-root-metadata",
        .summary = "as `root create`, thresholds 1",
        .synopsis = "[--version N] --append-root-key PUB… --append-targets-key PUB… -o|--out OUT",
        .options = create_root_options,
        .run = run_create_root,
    },
    {
        .verb = "sign-root-metadata",
        .usage = "slipway sign-root-metadata",
        .summary = "as `root sign`",
        .synopsis = "--root-metadata ROOT --root-key KEY",
        .options = sign_root_options,
        .run = run_sign_root,
    },
    {
        .verb = "inspect-root-metadata",
        .usage = "slipway inspect-root-metadata",
        .summary = "as `root inspect`",
        .synopsis = "PATHNAME",
        .positionals_min = 1,
        .positionals_max = 1,
        .run = run_inspect_root,
    },
    {
        .verb = "create-empty-bundle",
        .usage = "slipway create-empty-bundle",
        .summary = "as `bundle create` without files",
        .synopsis = "[--target-metadata-version N] PATHNAME",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = create_bundle_options,
        .run = run_create_bundle,
    },
    {
        .verb = "add-root-metadata-to-bundle",
        .usage = "slipway add-root-metadata-to-bundle",
        .summary = "as `bundle add --root`; signatures stay",
        .synopsis = "--append-root-metadata ROOT --bundle BUNDLE",
        .options = add_root_options,
        .run = run_add_root,
    },
    {
        .verb = "add-file-to-bundle",
        .usage = "slipway add-file-to-bundle",
        .summary = "as `bundle add --file`",
        .synopsis = "[--new-name NAME] --bundle BUNDLE --file PATH",
        .options = add_file_options,
        .run = run_add_file,
    },
    {
        .verb = "sign-bundle",
        .usage = "slipway sign-bundle",
        .summary = "as `bundle sign`",
        .synopsis = "--bundle BUNDLE --key KEY",
        .options = sign_bundle_options,
        .run = run_sign_bundle,
    },
    {
        .verb = "inspect-bundle",
        .usage = "slipway inspect-bundle",
        .summary = "as `bundle inspect`",
        .synopsis = "PATHNAME",
        .positionals_min = 1,
        .positionals_max = 1,
        .run = run_inspect_bundle,
    },
    {
        .verb = "verify-bundle",
        .usage = "slipway verify-bundle",
        .summary = "as `bundle verify`",
        .synopsis = "--bundle BUNDLE --trusted-root-metadata ROOT",
        .options = verify_bundle_options,
        .run = run_verify_bundle,
    },
    {0},
};
