/* SPDX-License-Identifier: Apache-2.0 */
/* Files that several commands read: keys and roots. Each function says itself what went wrong. */
#ifndef SLIPWAY_CLI_INPUTS_H
#define SLIPWAY_CLI_INPUTS_H

#include "arguments.h"
#include "output.h"

#include "slipway/keys.h"
#include "slipway/root_draft.h"
#include "slipway/signed_draft.h"

/* A root file with its signatures. It points into itself: not to be copied. */
struct cli_root_file {
    struct slw_heap_buffer bytes;
    struct slw_signed_draft draft;
    struct slw_root_content content;
};

/* Reads and parses it; with checked, its content must make sense too. */
enum cli_exit cli_root_file_load(struct cli *cli, const char *path, bool checked,
                                 struct cli_root_file *ret_root);
void cli_root_file_free(struct cli_root_file *root);

/* A public key file; explains that a private key isn't wanted. */
enum cli_exit cli_public_key_load(struct cli *cli, const char *path,
                                  struct slw_public_key *ret_key);

/*
 * The private key that text names: the path of a file, or a `pkcs11:` URI. passphrase_path, NULL
 * for none, opens the file or has the token's PIN. Warns when others may read a file. Every command
 * that signs gets its keys here.
 */
enum cli_exit cli_private_key_open(struct cli *cli, const char *text, const char *passphrase_path,
                                   struct slw_private_key **ret_key);

/* All private keys of one option, with --passphrase-file. */
struct cli_keys {
    struct slw_private_key *keys[SLW_SIGNATURES_MAX];
    size_t count;
};

enum cli_exit cli_keys_load(struct cli *cli, const struct cli_arguments *arguments,
                            const char *option, struct cli_keys *ret_keys);
void cli_keys_free(struct cli_keys *keys);

/* The first 16 hexadecimal digits of a key id, for notes; returns buffer. */
#define CLI_SHORT_ID_SIZE 20
const char *cli_short_id(struct slw_bytes key_id, char buffer[static CLI_SHORT_ID_SIZE]);

/* Flags for slw_output_open() from --force. */
unsigned cli_output_flags(const struct cli_arguments *arguments);

/* Writes a whole file, and says what went wrong. */
enum cli_exit cli_write_file(struct cli *cli, const char *path, unsigned flags,
                             struct slw_heap_buffer *bytes);

#endif
