/* SPDX-License-Identifier: Apache-2.0 */
/* A TUF repository as the commands see it that write one: its directory, its keys, its writer. */
#ifndef SLIPWAY_CLI_REPO_OPEN_H
#define SLIPWAY_CLI_REPO_OPEN_H

#include "inputs.h"
#include "repo_service.h"

#include "slipway/tuf_writer.h"

#define CLI_REPO_KEYS_MAX 64u
#define CLI_REPO_KEYS_FILE "keys.conf"

/*
 * Which keys sign for which role, from DIR/keys.conf:
 *
 *     [keys]
 *     snapshot = /etc/slipway/online.key
 *     timestamp = /etc/slipway/online.key
 *     bin* = bins.key
 *     lamp-stable = signer:lamp-stable-2026 lamp-stable.pub
 *
 * A key in the signing service is named as the service's policy names it, with its public key.
 * A relative path begins where the file is; a key in a token is named by its `pkcs11:` URI. The
 * file names keys, it holds none; only metadata/ and targets/ are for the web.
 */
struct cli_repo {
    struct cli *cli;
    struct slw_directory_storage *storage;
    char *names[CLI_REPO_KEYS_MAX];
    char *paths[CLI_REPO_KEYS_MAX];
    struct slw_private_key *keys[CLI_REPO_KEYS_MAX];
    size_t keys_count;
    struct slw_tuf_file_keys file_keys;
    struct slw_tuf_key_provider provider;
    struct cli_repo_service service; /* keys in the signing service */
    char holder[128];
    struct slw_tuf_writer_options options;
    struct slw_tuf_writer *writer; /* NULL after cli_repo_prepare() */
};

/* Storage, keys and provider, without a writer: what init and import begin with. It points into
 * itself: not to be copied. */
enum cli_exit cli_repo_prepare(struct cli *cli, const struct cli_arguments *arguments,
                               const char *directory, bool create, struct cli_repo *ret_repo);

/* The same and the writer, from the first positional argument. Says what is wrong. */
enum cli_exit cli_repo_open(struct cli *cli, const struct cli_arguments *arguments,
                            struct cli_repo *ret_repo);
void cli_repo_close(struct cli_repo *repo);

/* Takes a key for a role into the list that the provider uses; the key is the repository's from
 * then on. */
enum cli_exit cli_repo_take_key(struct cli_repo *repo, const char *role, const char *path,
                                const char *passphrase_path);

/* Writes keys.conf with what is in the list. */
enum cli_exit cli_repo_write_keys(struct cli_repo *repo, const char *directory);

/* Public keys of an option that may be repeated, and the threshold of another. */
struct cli_repo_signers {
    struct slw_public_key keys[SLW_SIGNATURES_MAX];
    struct slw_tuf_role_keys role;
};
enum cli_exit cli_repo_signers(struct cli *cli, const struct cli_arguments *arguments,
                               const char *key_option, const char *threshold_option,
                               struct cli_repo_signers *ret_signers);

/* Writes what was changed to staged/ and says who is waited for. */
enum cli_exit cli_repo_finish(struct cli_repo *repo);

#endif
