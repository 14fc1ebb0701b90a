/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway key`: making signing keys and showing what a key file holds. */
#include "key.h"

#include "commands.h"
#include "inputs.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/token.h"
#include "slipway/tuf_key.h"

#include <unistd.h>

/* Both new files, opened before either has a name, so that a taken name spoils neither. */
struct key_files {
    struct slw_output private_file;
    struct slw_output public_file;
};

static enum slw_status open_files(struct cli *cli, const char *path, const char *public_path,
                                  bool force, struct key_files *files)
{
    unsigned replace = force ? SLW_OUTPUT_REPLACE : 0;
    files->public_file = (struct slw_output){.descriptor = -1, .directory = -1};
    SLW_TRY(
        slw_output_open(path, replace | SLW_OUTPUT_PRIVATE, &files->private_file, &cli->detail));
    enum slw_status status =
        slw_output_open(public_path, replace, &files->public_file, &cli->detail);
    if (status != SLW_OK) {
        slw_output_discard(&files->private_file);
    }
    return status;
}

static enum slw_status write_files(struct cli *cli, const char *path, bool force,
                                   const struct slw_heap_buffer *private_text,
                                   const struct slw_heap_buffer *public_text,
                                   struct key_files *files)
{
    SLW_TRY(slw_output_write(&files->private_file, slw_heap_bytes(private_text), &cli->detail));
    SLW_TRY(slw_output_write(&files->public_file, slw_heap_bytes(public_text), &cli->detail));
    SLW_TRY(slw_output_commit(&files->private_file, &cli->detail));
    enum slw_status status = slw_output_commit(&files->public_file, &cli->detail);
    if (status != SLW_OK && !force) {
        (void)unlink(path); /* ours: it had no name before the line above */
    }
    return status;
}

static enum slw_status format_key(struct cli *cli, const struct slw_private_key *key,
                                  const char *passphrase_path, struct slw_heap_buffer *private_text,
                                  struct slw_heap_buffer *public_text)
{
    struct slw_heap_buffer passphrase = {0};
    enum slw_status status = SLW_OK;
    if (passphrase_path != NULL) {
        status = slw_passphrase_load(passphrase_path, &passphrase, &cli->detail);
    }
    if (status == SLW_OK) {
        status =
            slw_private_key_format(key, slw_heap_bytes(&passphrase), private_text, &cli->detail);
    }
    if (status == SLW_OK) {
        status = slw_public_key_format(slw_private_key_public(key), public_text, &cli->detail);
    }
    slw_heap_free(&passphrase);
    return status;
}

static void append_facts_json(const struct slw_key_facts *facts, struct slw_json *json)
{
    slw_json_text(json, "uri", facts->uri);
    slw_json_bool(json, "exportable", facts->exportable);
    slw_json_bool(json, "always_authenticates", facts->always_authenticates);
}

static void append_facts(const struct slw_key_facts *facts, struct slw_heap_buffer *text)
{
    slw_heap_printf(text, "\nin a token: %s\ncould leave the token: %s", facts->uri,
                    facts->exportable ? "yes" : "no");
    if (facts->always_authenticates) {
        slw_heap_append_text(text, "\nwants its PIN for each signature");
    }
}

/* facts: of a key in a token; else NULL. */
static enum cli_exit print_key(struct cli *cli, const struct slw_public_key *key, bool is_private,
                               const struct slw_key_facts *facts)
{
    struct slw_heap_buffer text = {0};
    struct slw_bytes id = slw_bytes_make(key->id, sizeof key->id);
    char repository_id[SLW_TUF_KEY_ID_SIZE + 1] = {0};
    enum slw_status status = slw_tuf_public_key_id(key, repository_id);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    if (cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "type", slw_key_type_name(key->type));
        slw_json_hex(&json, "key_id", id);
        slw_json_text(&json, "repository_key_id", repository_id);
        slw_json_bool(&json, "private", is_private);
        if (facts != NULL) {
            append_facts_json(facts, &json);
        }
        slw_json_end_object(&json);
    } else {
        slw_heap_printf(&text, "type: %s\nkey id: ", slw_key_type_name(key->type));
        slw_hex(id, &text);
        slw_heap_printf(&text, "\nkey id in a TUF repository: %s\nholds: %s key", repository_id,
                        is_private ? "private" : "public");
        if (facts != NULL) {
            append_facts(facts, &text);
        }
    }
    slw_heap_append_text(&text, "\n");
    return cli_print(cli, &text);
}

enum cli_exit cli_key_generate(struct cli *cli, const char *path, enum slw_key_type type,
                               const char *passphrase_path, bool force)
{
    struct slw_private_key *key = NULL;
    struct slw_heap_buffer public_path = {0};
    struct slw_heap_buffer private_text = {0};
    struct slw_heap_buffer public_text = {0};
    struct key_files files;
    slw_heap_printf(&public_path, "%s.pub", path);
    enum slw_status status = open_files(cli, path, slw_heap_text(&public_path), force, &files);
    if (status == SLW_OK) {
        status = slw_private_key_generate(type, &key, &cli->detail);
        if (status == SLW_OK) {
            status = format_key(cli, key, passphrase_path, &private_text, &public_text);
        }
        if (status == SLW_OK) {
            status = write_files(cli, path, force, &private_text, &public_text, &files);
        }
        slw_output_discard(&files.private_file);
        slw_output_discard(&files.public_file);
    }
    enum cli_exit code = CLI_DONE;
    if (status == SLW_OK) {
        cli_note(cli, "%s: private key, keep it secret; %s: public key", path,
                 slw_heap_text(&public_path));
        code = print_key(cli, slw_private_key_public(key), true, NULL);
    } else {
        code = cli_error(cli, "%s", cli->detail.text);
    }
    slw_private_key_free(key);
    slw_heap_free(&private_text);
    slw_heap_free(&public_text);
    slw_heap_free(&public_path);
    return code;
}

static enum cli_exit print_token_key(struct cli *cli, enum slw_status status,
                                     struct slw_private_key *key, const struct slw_key_facts *facts)
{
    if (status != SLW_OK) {
        return cli_error(cli, "%s", cli->detail.text);
    }
    enum cli_exit code = print_key(cli, slw_private_key_public(key), true, facts);
    slw_private_key_free(key);
    return code;
}

/* In the token that a URI names. Its public half is written to a file when one is asked for. */
static enum cli_exit generate_in_token(struct cli *cli, const struct cli_arguments *arguments,
                                       enum slw_key_type type)
{
    const struct slw_key_settings settings = {.passphrase_path =
                                                  cli_value(arguments, "--passphrase-file")};
    const char *path = cli_value(arguments, "--output");
    struct slw_private_key *key = NULL;
    struct slw_key_facts facts;
    struct slw_heap_buffer text = {0};
    enum slw_status status = slw_token_key_generate(arguments->positionals[0], &settings, type,
                                                    &key, &facts, &cli->detail);
    if (status == SLW_OK && path != NULL) {
        status = slw_public_key_format(slw_private_key_public(key), &text, &cli->detail);
        if (status == SLW_OK &&
            cli_write_file(cli, path, cli_output_flags(arguments), &text) != CLI_DONE) {
            slw_private_key_free(key);
            slw_heap_free(&text);
            return cli_error(cli,
                             "the key is in its token nonetheless; `slipway key show` shows it");
        }
        slw_heap_free(&text);
    }
    return print_token_key(cli, status, key, &facts);
}

static enum cli_exit run_generate(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const types[] = {"", "p256", "ed25519", NULL};
    unsigned choice = 1;
    if (!cli_choice(cli, arguments, "--type", types, &choice)) {
        return CLI_USAGE;
    }
    enum slw_key_type type = choice == 1 ? SLW_KEY_TYPE_P256 : SLW_KEY_TYPE_ED25519;
    if (slw_token_is_uri(arguments->positionals[0])) {
        return generate_in_token(cli, arguments, type);
    }
    if (cli_has(arguments, "--output")) {
        return cli_usage(cli, "--output is for keys in tokens; PATH.pub has a file's public half");
    }
    return cli_key_generate(cli, arguments->positionals[0], type,
                            cli_value(arguments, "--passphrase-file"),
                            cli_has(arguments, "--force"));
}

static enum cli_exit show_in_token(struct cli *cli, const struct cli_arguments *arguments)
{
    const struct slw_key_settings settings = {.passphrase_path =
                                                  cli_value(arguments, "--passphrase-file"),
                                              .retry_pin = cli_has(arguments, "--retry-pin")};
    struct slw_private_key *key = NULL;
    struct slw_key_facts facts;
    enum slw_status status =
        slw_key_open(arguments->positionals[0], &settings, &key, &facts, &cli->detail);
    return print_token_key(cli, status, key, &facts);
}

static enum cli_exit run_show(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *path = arguments->positionals[0];
    struct slw_public_key public_key;
    struct slw_private_key *key = NULL;
    if (slw_token_is_uri(path)) {
        return show_in_token(cli, arguments);
    }
    enum slw_status status = slw_public_key_load(path, &public_key, &cli->detail);
    if (status == SLW_OK) {
        return print_key(cli, &public_key, false, NULL);
    }
    if (status == SLW_NOT_FOUND) {
        status = slw_private_key_load(path, cli_value(arguments, "--passphrase-file"), &key,
                                      &cli->detail);
    }
    if (status != SLW_OK) {
        return cli_error(cli, "%s", cli->detail.text);
    }
    enum cli_exit code = print_key(cli, slw_private_key_public(key), true, NULL);
    slw_private_key_free(key);
    return code;
}

static const struct cli_option generate_options[] = {
    {.name = "--type", .value = "TYPE", .help = "p256 (unless given) or ed25519"},
    {.name = "--passphrase-file",
     .value = "FILE",
     .help = "encrypt the private key with the first line of FILE; of a token: its PIN is there"},
    {.name = "--output",
     .value = "FILE",
     .letter = 'o',
     .help = "of a key in a token: write its public key to FILE"},
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option show_options[] = {
    CLI_PASSPHRASE_OPTION,
    {.name = "--retry-pin",
     .help = "try the PIN once although the token says that a wrong one was given before"},
    {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "generate",
        .usage = "slipway key generate",
        .summary = "make a key pair",
        .synopsis = "PATH|URI [--type p256|ed25519] [--passphrase-file FILE] [--force] [-o FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = generate_options,
        .about =
            "Writes the private key to PATH (PKCS#8, readable by you alone) and the public key\n"
            "to PATH.pub (SubjectPublicKeyInfo), both PEM. Pigweed's tools read P-256 keys made\n"
            "here, and theirs work here. Prints the key id, by which roots name the key.\n"
            "Passphrases come from files only; nothing is ever asked for.\n"
            "A URI (pkcs11:token=…;object=NAME?pin-source=file:/…) makes the pair in that "
            "security\n"
            "token, which it never leaves. Its module is named by module-path in the URI, or by\n"
            "SLIPWAY_PKCS11_MODULE in the environment.",
        .examples = "slipway key generate targets.key\n"
                    "slipway key generate --type ed25519 --passphrase-file secret.txt root.key",
        .run = run_generate,
    },
    {
        .verb = "show",
        .usage = "slipway key show",
        .summary = "show type and key id of a key file",
        .synopsis = "PATH|URI [--passphrase-file FILE] [--retry-pin]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = show_options,
        .about =
            "PATH may hold a private or a public key; a pkcs11 URI names one in a token. A PIN\n"
            "that a token refused is not tried again: when the token says that a wrong one was\n"
            "given since the last right one, only --retry-pin tries, and once.",
        .examples = "slipway key show targets.key.pub",
        .run = run_show,
    },
    {0},
};

const struct cli_noun cli_key_noun = {
    .name = "key",
    .usage = "slipway key",
    .summary = "make and show signing keys",
    .commands = commands,
};
