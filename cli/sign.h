/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind `slipway sign` do for its table and for each other. */
#ifndef SLIPWAY_CLI_SIGN_H
#define SLIPWAY_CLI_SIGN_H

#include "inputs.h"
#include "option_file.h"
#include "transparency.h"

#include "slipway/json_reader.h"
#include "slipway/signer_client.h"

/* Options of all commands that talk to the service; sign.conf may have them, too. */
#define CLI_SIGN_SERVICE_OPTIONS                                                                   \
    {.name = "--config",                                                                           \
     .value = "FILE",                                                                              \
     .help = "settings of options (~/.config/slipway/sign.conf, where that is there)"},            \
        {.name = "--signer", .value = "URL", .help = "https://HOST[:PORT] or unix:/PATH"},         \
        {.name = "--ca-file", .value = "FILE", .help = "authorities for https: (the system's)"},   \
        {.name = "--certificate", .value = "FILE", .help = "yours, by which you are admitted"},    \
        {.name = "--certificate-key", .value = "FILE", .help = "the private key of that"},         \
        CLI_TRANSPARENCY_OPTIONS

/*
 * A connection to the service and what is known of it. Points into itself: not to be copied.
 * filled.arguments are those of the command line, and those of sign.conf that it doesn't have.
 */
struct cli_signer {
    struct cli *cli;
    struct cli_filled filled;
    struct cli_transparency transparency;
    struct slw_signer_client *client;
};

/* needs_log: the command can't do without --log, whose name is the service's origin. */
enum cli_exit cli_signer_open(struct cli *cli, const struct cli_arguments *arguments,
                              bool needs_log, struct cli_signer *ret_signer);
void cli_signer_close(struct cli_signer *signer);

/*
 * Says why the service didn't do something: a refusal is CLI_DENIED, no answer CLI_DEVICE, anything
 * else CLI_FAILED.
 */
enum cli_exit cli_signer_fail(const struct cli_signer *signer, enum slw_status status);

/* Says what didn't verify here: CLI_REFUSED, for a signature or a file of the log that is wrong,
 * too. */
enum cli_exit cli_unverified(struct cli *cli, enum slw_status status);

/* The service's origin. */
struct slw_bytes cli_signer_origin(const struct cli_signer *signer);

/* 64 hexadecimal digits; false after saying that text isn't an id. */
bool cli_request_id(struct cli *cli, const char *text, uint8_t ret_id[static SLW_SHA256_SIZE]);

/* A digest in JSON: 64 digits. */
bool cli_digest_of_hex(struct slw_bytes text, uint8_t ret_digest[static SLW_SHA256_SIZE]);

/* What the service says of a request; views into text. Nothing of it is verified. */
struct cli_request {
    struct slw_heap_buffer text;
    struct slw_json_document json;
    uint8_t id[SLW_SHA256_SIZE];
    enum slw_signer_state state;
};

enum cli_exit cli_request_load(struct cli_signer *signer, const uint8_t id[static SLW_SHA256_SIZE],
                               struct cli_request *ret_request);
/* The same of a text that is there already, which it takes over. */
enum cli_exit cli_request_parse(struct cli *cli, const uint8_t id[static SLW_SHA256_SIZE],
                                struct slw_heap_buffer *text, struct cli_request *ret_request);
void cli_request_free(struct cli_request *request);

/* A member's text, empty when it isn't there; its number, 0. */
struct slw_bytes cli_request_text(const struct cli_request *request, const char *name);
int64_t cli_request_number(const struct cli_request *request, const char *name);
bool cli_request_digest(const struct cli_request *request, const char *name,
                        uint8_t ret_digest[static SLW_SHA256_SIZE]);

/* Appends " for: approved by 1 of 2 persons: ben; …"; nothing when the service doesn't say what it
 * waits for. */
void cli_request_append_waiting(const struct cli_request *request, struct slw_heap_buffer *text);
/* Says on stderr where a request stands, and returns the exit code for that. */
enum cli_exit cli_request_tell(struct cli *cli, const struct cli_request *request);

/* sign_show.c: appends lines about a request. */
void cli_request_describe(const struct cli_request *request, struct slw_heap_buffer *ret_text);

/* sign_difference.c: appends, in words, what differs between two releases; former may be empty. */
enum slw_status cli_difference_describe(struct slw_bytes former, struct slw_bytes now,
                                        struct slw_heap_buffer *ret_text,
                                        struct slw_detail *detail);

/* sign_fetch.c: verifies and puts signature and proof of a signed request where they belong. */
enum cli_exit cli_sign_deliver(struct cli_signer *signer, const struct cli_request *request,
                               const char *path, const char *output_path);

/* sign_envelope.c: whether a JSON text is an envelope, and not what one would be about. */
bool cli_is_envelope(const char *path, struct slw_bytes text, struct slw_detail *detail);
/* Adds a signature to the envelope in text. */
enum slw_status cli_envelope_sign(struct cli *cli, const struct slw_private_key *key,
                                  struct slw_heap_buffer *text);

/* sign_ssh.c: the payload in an envelope, signed by ssh-keygen with this key. */
enum slw_status cli_ssh_sign(struct cli *cli, const char *key_path, struct slw_bytes payload,
                             struct slw_heap_buffer *ret_envelope);

extern const struct cli_option cli_sign_submit_options[];
enum cli_exit cli_sign_submit(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_list_options[];
enum cli_exit cli_sign_list(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_show_options[];
enum cli_exit cli_sign_show(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_approve_options[];
enum cli_exit cli_sign_approve(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_reject_options[];
enum cli_exit cli_sign_reject(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_takeover_options[];
enum cli_exit cli_sign_takeover(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_send_options[];
enum cli_exit cli_sign_send(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_root_options[];
enum cli_exit cli_sign_root(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_sign_fetch_options[];
enum cli_exit cli_sign_fetch(struct cli *cli, const struct cli_arguments *arguments);

#endif
