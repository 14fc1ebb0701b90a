/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a repository's roles that are in the signing service, and asking it. For repo_open.c. */
#ifndef SLIPWAY_CLI_REPO_SERVICE_H
#define SLIPWAY_CLI_REPO_SERVICE_H

#include "sign.h"

#include "slipway/signer_tuf.h"

#define CLI_REPO_SERVICE_KEYS_MAX 64u
#define CLI_REPO_SERVICE_PREFIX "signer:"

/* Where requests that wait are kept, below the repository's directory; nothing for the web. */
#define CLI_REPO_REQUESTS_DIRECTORY "requests"

/* For tables of options of commands that have something signed. */
#define CLI_REPO_SERVICE_OPTIONS                                                                   \
    CLI_SIGN_SERVICE_OPTIONS,                                                                      \
        {.name = "--timeout",                                                                      \
         .value = "TIME",                                                                          \
         .help = "how long to wait for the signing service (10s)"},                                \
    {                                                                                              \
        .name = "--requester-key", .value = "KEY",                                                 \
        .help = "private key that signs requests to the signing service"                           \
    }

/* Points into itself: not to be copied. */
struct cli_repo_service {
    struct cli *cli;
    struct slw_signer_tuf_key keys[CLI_REPO_SERVICE_KEYS_MAX];
    char *roles[CLI_REPO_SERVICE_KEYS_MAX];
    char *names[CLI_REPO_SERVICE_KEYS_MAX];
    struct slw_public_key values[CLI_REPO_SERVICE_KEYS_MAX];
    size_t keys_count;
    bool is_open;
    struct cli_signer signer;
    struct slw_private_key *requester;
    char *directory;
    struct slw_signer_tuf_settings settings;
    struct slw_tuf_key_provider provider; /* when it is open */
};

/* `NAME PUBLIC-KEY-FILE`, what stands behind the prefix in keys.conf; a relative path begins at
 * directory. */
enum cli_exit cli_repo_service_take_key(struct cli_repo_service *service, const char *role,
                                        const char *value, const char *directory);

/*
 * Connects to the service when there are keys of its and the command may have something signed.
 * storage: the repository's; others: who is asked for all other roles.
 */
enum cli_exit cli_repo_service_open(struct cli_repo_service *service,
                                    const struct cli_arguments *arguments, const char *directory,
                                    const struct slw_storage *storage,
                                    const struct slw_tuf_key_provider *others);
void cli_repo_service_close(struct cli_repo_service *service);

#endif
