/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `slipway audit`, a file for each; audit.c has their table. */
#ifndef SLIPWAY_CLI_AUDIT_H
#define SLIPWAY_CLI_AUDIT_H

#include "arguments.h"
#include "output.h"
#include "transparency.h"

#include "slipway/audit.h"
#include "slipway/keys.h"
#include "slipway/signer_client.h"
#include "slipway/tuf_fetch.h"

/* audit_verify.c */
enum cli_exit cli_audit_verify(struct cli *cli, const struct cli_arguments *arguments);

/* audit_show.c */
enum cli_exit cli_audit_show(struct cli *cli, const struct cli_arguments *arguments);

/* audit_monitor.c */
enum cli_exit cli_audit_monitor(struct cli *cli, const struct cli_arguments *arguments);

/* audit_witness.c */
enum cli_exit cli_audit_witness(struct cli *cli, const struct cli_arguments *arguments);

/* audit_depot.c */
enum cli_exit cli_audit_depot(struct cli *cli, const struct cli_arguments *arguments);

/* --- audit_open.c: what the commands share --- */

/* Where a log is read from: a directory, a web server, or the signing service itself. Points into
 * itself: not to be copied. */
struct cli_audit_log {
    const char *name; /* as it was given */
    struct slw_audit_source source;
    struct slw_http_fetcher *http;
    struct slw_signer_client *client;
};

enum cli_exit cli_audit_log_open(struct cli *cli, const struct cli_arguments *arguments,
                                 const char *name, struct cli_audit_log *ret_log);
void cli_audit_log_close(struct cli_audit_log *log);

/* Keys and quorum from --log, --witness, --witness-quorum; transparency must outlive the audit. */
enum cli_exit cli_audit_settings(struct cli *cli, const struct cli_arguments *arguments,
                                 struct cli_transparency *transparency, struct slw_audit *audit);

/* The same of options that were read already. */
void cli_audit_expect(const struct cli_transparency *transparency, struct slw_audit *audit);

/* The roots of --tuf-root, into the audit's settings: digests must outlive it, and be dropped. */
#define CLI_AUDIT_ROOT_OPTION                                                                      \
    {                                                                                              \
        .name = "--tuf-root", .value = "FILE", .repeated = true,                                   \
        .help = "a repository's root that you know to be right, where the log skips to it"         \
    }
enum cli_exit cli_audit_known_roots(struct cli *cli, const struct cli_arguments *arguments,
                                    struct slw_audit *audit, struct slw_heap_buffer *ret_digests);

/* Says why a log is refused, or what failed; the exit code is CLI_REFUSED for the former. */
enum cli_exit cli_audit_fail(struct cli *cli, enum slw_status status, const char *name);

/* Whether a failed audit says something about the log, not about the way to it. */
bool cli_audit_is_verdict(enum slw_status status);

/* The word of the reason that stands for a status. */
const char *cli_audit_word(enum slw_status status);

/* Replaces what isn't printable, for people's terminals and mail. */
void cli_audit_clean(char *text);

/* --- audit_wild.c: signatures that are found elsewhere, against those of the log --- */

/* What was signed and by which key, in hexadecimal digits. */
struct cli_audit_signature {
    char sha256[2 * SLW_SHA256_SIZE];
    char key_id[2 * SLW_SHA256_SIZE];
};

struct cli_audit_signed {
    struct cli_audit_signature *items;
    size_t count;
    bool is_sorted;
};

/* Notes an entry, if it is the record of a signature. SLW_NO_SPACE. */
enum slw_status cli_audit_signed_note(struct cli_audit_signed *list,
                                      const struct slw_log_entry *entry, struct slw_detail *detail);
void cli_audit_signed_free(struct cli_audit_signed *list);

/* Looks through the role files of a repository (DIR/metadata, or DIR) for signatures by keys that
 * the log's policies name; CLI_REFUSED for any that isn't among those of the log, which it says. */
enum cli_exit cli_audit_hunt(struct cli *cli, const struct slw_audit *audit,
                             struct cli_audit_signed *logged, const char *repository,
                             size_t *ret_missing);

/* --- audit_alert.c --- */

struct cli_alerts {
    const char *smtp_url;
    const char *smtp_user; /* NULL: no login */
    struct slw_heap_buffer smtp_password;
    const char *mail_from;
    const char *mail_to[16];
    size_t mail_to_count;
    const char *webhook;
    const char *ca_file;
    struct slw_private_key *webhook_key;
};

enum cli_exit cli_alerts_open(struct cli *cli, const struct cli_arguments *arguments,
                              struct cli_alerts *ret_alerts);
void cli_alerts_close(struct cli_alerts *alerts);

/* Sends text to everybody who is to be told; says itself what couldn't be sent. False then. */
bool cli_alerts_send(struct cli *cli, const struct cli_alerts *alerts, const char *origin,
                     const char *reason, const char *text);

#endif
