/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a repository's directory for writing: its storage, the keys that keys.conf names, the
 * writer. */
#include "repo_open.h"

#include "inputs.h"
#include "values.h"

#include "slipway/ini.h"
#include "slipway/token.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct keys_reader {
    struct cli_repo *repo;
    const char *directory;
    const char *passphrase_path;
    enum cli_exit code;
};

/* What keys.conf names: a path, relative to the directory that it is in, or a `pkcs11:` URI. */
static char *key_path(const char *directory, const char *value)
{
    struct slw_heap_buffer text = {0};
    if (value[0] != '/' && !slw_token_is_uri(value)) {
        slw_heap_printf(&text, "%s/", directory);
    }
    slw_heap_append_text(&text, value);
    char *path = text.status == SLW_OK ? strdup(slw_heap_text(&text)) : NULL;
    slw_heap_free(&text);
    return path;
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    struct keys_reader *reader = context;
    struct cli *cli = reader->repo->cli;
    size_t prefix_len = strlen(CLI_REPO_SERVICE_PREFIX);
    if (strcmp(section, "keys") != 0) {
        reader->code = cli_error(cli, CLI_REPO_KEYS_FILE ": unknown section [%s]", section);
        return false;
    }
    if (strncmp(value, CLI_REPO_SERVICE_PREFIX, prefix_len) == 0) {
        reader->code = cli_repo_service_take_key(&reader->repo->service, name, value + prefix_len,
                                                 reader->directory);
        return reader->code == CLI_DONE;
    }
    char *path = key_path(reader->directory, value);
    reader->code = path == NULL
                       ? cli_error(cli, "out of memory")
                       : cli_repo_take_key(reader->repo, name, path, reader->passphrase_path);
    free(path);
    return reader->code == CLI_DONE;
}

static enum cli_exit read_keys(struct cli_repo *repo, const struct cli_arguments *arguments,
                               const char *directory)
{
    struct slw_heap_buffer path = {0};
    struct keys_reader reader = {.repo = repo,
                                 .directory = directory,
                                 .passphrase_path = cli_value(arguments, "--passphrase-file")};
    slw_heap_printf(&path, "%s/" CLI_REPO_KEYS_FILE, directory);
    enum slw_status status =
        slw_ini_read(slw_heap_text(&path), take_line, &reader, &repo->cli->detail);
    if (status != SLW_OK && status != SLW_NOT_FOUND && reader.code == CLI_DONE) {
        reader.code = cli_error(repo->cli, "%s", repo->cli->detail.text);
    }
    slw_heap_free(&path);
    return reader.code;
}

enum cli_exit cli_repo_take_key(struct cli_repo *repo, const char *role, const char *path,
                                const char *passphrase_path)
{
    struct cli *cli = repo->cli;
    struct slw_private_key *key = NULL;
    if (repo->keys_count == CLI_REPO_KEYS_MAX) {
        return cli_error(cli, "more than %u keys", CLI_REPO_KEYS_MAX);
    }
    enum cli_exit code = cli_private_key_open(cli, path, passphrase_path, &key);
    if (code != CLI_DONE) {
        return code;
    }
    size_t at = repo->keys_count++;
    repo->keys[at] = key;
    repo->names[at] = strdup(role);
    repo->paths[at] = slw_token_is_uri(path) ? strdup(path) : realpath(path, NULL);
    repo->file_keys.count = repo->keys_count;
    return repo->names[at] == NULL || repo->paths[at] == NULL ? cli_error(cli, "out of memory")
                                                              : CLI_DONE;
}

enum cli_exit cli_repo_write_keys(struct cli_repo *repo, const char *directory)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&path, "%s/" CLI_REPO_KEYS_FILE, directory);
    slw_heap_append_text(&text, "; Which key files sign for which role: ROLE = PATH. A relative "
                                "path begins where this file is.\n"
                                "[keys]\n");
    for (size_t i = 0; i < repo->keys_count; i++) {
        slw_heap_printf(&text, "%s = %s\n", repo->names[i], repo->paths[i]);
    }
    enum cli_exit code = cli_write_file(repo->cli, slw_heap_text(&path), SLW_OUTPUT_PRIVATE, &text);
    slw_heap_free(&path);
    slw_heap_free(&text);
    return code;
}

/* What the writer has to say that isn't a failure. */
static void tell(void *context, const char *what)
{
    const struct cli_repo *repo = context;
    cli_note(repo->cli, "%s", what);
}

static bool is_for(const char *name, struct slw_bytes role, const struct slw_public_key *own,
                   struct slw_bytes value)
{
    return slw_tuf_name_is_for(slw_bytes_make(name, strlen(name)), role) &&
           slw_bytes_equal(slw_bytes_make(own->value, own->value_len), value);
}

/* Whether keys.conf names it, in a file, a token or the signing service. */
static bool has_key(void *context, struct slw_bytes role, struct slw_bytes value)
{
    const struct cli_repo *repo = context;
    for (size_t i = 0; i < repo->keys_count; i++) {
        if (is_for(repo->names[i], role, slw_private_key_public(repo->keys[i]), value)) {
            return true;
        }
    }
    for (size_t i = 0; i < repo->service.keys_count; i++) {
        if (is_for(repo->service.roles[i], role, &repo->service.values[i], value)) {
            return true;
        }
    }
    return false;
}

static void name_holder(struct cli_repo *repo)
{
    char host[64] = "host";
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(repo->holder, sizeof repo->holder, "slipway on %s, process %ld", host,
                   (long)getpid());
}

enum cli_exit cli_repo_prepare(struct cli *cli, const struct cli_arguments *arguments,
                               const char *directory, bool create, struct cli_repo *ret_repo)
{
    struct cli_repo *repo = ret_repo;
    *repo = (struct cli_repo){.cli = cli, .service = {.cli = cli}};
    enum slw_status status =
        slw_directory_storage_open(directory, create, &repo->storage, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    repo->file_keys = (struct slw_tuf_file_keys){
        .names = (const char *const *)repo->names,
        .keys = (const struct slw_private_key *const *)repo->keys,
    };
    name_holder(repo);
    repo->options = (struct slw_tuf_writer_options){
        .storage = slw_directory_storage_port(repo->storage),
        .lease = slw_directory_storage_lease(repo->storage),
        .holder = repo->holder,
        .provider = &repo->provider,
        .has_key = has_key,
        .has_key_context = repo,
        .tell = tell,
        .tell_context = repo,
    };
    enum cli_exit code = read_keys(repo, arguments, directory);
    if (code == CLI_DONE) {
        status = slw_tuf_file_provider_new(&repo->file_keys, &repo->provider, &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    if (code == CLI_DONE) {
        code = cli_repo_service_open(&repo->service, arguments, directory, repo->options.storage,
                                     &repo->provider);
        repo->options.provider = repo->service.is_open ? &repo->service.provider : &repo->provider;
    }
    return code;
}

enum cli_exit cli_repo_open(struct cli *cli, const struct cli_arguments *arguments,
                            struct cli_repo *ret_repo)
{
    enum cli_exit code =
        cli_repo_prepare(cli, arguments, arguments->positionals[0], false, ret_repo);
    if (code == CLI_DONE) {
        enum slw_status status =
            slw_tuf_writer_open(&ret_repo->options, &ret_repo->writer, &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    if (code != CLI_DONE) {
        cli_repo_close(ret_repo);
    }
    return code;
}

void cli_repo_close(struct cli_repo *repo)
{
    slw_tuf_writer_close(repo->writer);
    cli_repo_service_close(&repo->service);
    slw_tuf_file_provider_free(&repo->provider);
    slw_directory_storage_close(repo->storage);
    for (size_t i = 0; i < repo->keys_count; i++) {
        slw_private_key_free(repo->keys[i]);
        free(repo->names[i]);
        free(repo->paths[i]);
    }
    repo->writer = NULL;
    repo->storage = NULL;
    repo->keys_count = 0;
}

enum cli_exit cli_repo_signers(struct cli *cli, const struct cli_arguments *arguments,
                               const char *key_option, const char *threshold_option,
                               struct cli_repo_signers *ret_signers)
{
    size_t count = cli_count(arguments, key_option);
    uint32_t threshold = 1;
    if (count > SLW_SIGNATURES_MAX) {
        return cli_usage(cli, "%s: more than %u keys", key_option, SLW_SIGNATURES_MAX);
    }
    if (!cli_number(cli, arguments, threshold_option, &threshold)) {
        return CLI_USAGE;
    }
    if (threshold == 0 || threshold > count) {
        return cli_usage(cli, "%s %u: between 1 and the number of keys (%zu)", threshold_option,
                         threshold, count);
    }
    for (size_t i = 0; i < count; i++) {
        enum cli_exit code =
            cli_public_key_load(cli, cli_nth(arguments, key_option, i), &ret_signers->keys[i]);
        if (code != CLI_DONE) {
            return code;
        }
    }
    ret_signers->role = (struct slw_tuf_role_keys){
        .keys = ret_signers->keys, .count = count, .threshold = threshold};
    return CLI_DONE;
}

enum cli_exit cli_repo_finish(struct cli_repo *repo)
{
    enum slw_status status = slw_tuf_writer_prepare(repo->writer, &repo->cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(repo->cli, status);
}
