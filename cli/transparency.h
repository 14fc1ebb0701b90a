/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which log and witnesses have to vouch for a release, as options say it: --log, --witness and
 * --witness-quorum of `bundle verify`, `bundle extract`, `bundle add-proof` and `device run`.
 */
#ifndef SLIPWAY_CLI_TRANSPARENCY_H
#define SLIPWAY_CLI_TRANSPARENCY_H

#include "arguments.h"
#include "output.h"

#include "slipway/note.h"
#include "slipway/transparency.h"

/* Points into itself: not to be copied. */
struct cli_transparency {
    bool given; /* --log was */
    struct slw_note_key log;
    struct slw_note_key witnesses[SLW_TRANSPARENCY_WITNESSES_MAX];
    size_t witnesses_count;
    struct slw_transparency_key device_witnesses[SLW_TRANSPARENCY_WITNESSES_MAX];
    struct slw_transparency transparency; /* the same for the device library, when given */
};

/* Without a quorum, all witnesses that are named have to cosign. False after saying what is wrong.
 */
bool cli_transparency_read(struct cli *cli, const struct cli_arguments *arguments,
                           struct cli_transparency *ret_transparency);

/* NULL when no log was given: no proof is needed. */
const struct slw_transparency *
cli_transparency_expected(const struct cli_transparency *transparency);

/* The name of the known key with this id and type; NULL when there is none. */
const char *cli_transparency_name(const struct cli_transparency *transparency,
                                  enum slw_note_type type,
                                  const uint8_t id[static SLW_NOTE_KEY_ID_SIZE]);

#define CLI_LOG_OPTIONS                                                                            \
    {.name = "--log",                                                                              \
     .value = "VKEY",                                                                              \
     .help = "verifier key of the log that releases must be in"},                                  \
    {                                                                                              \
        .name = "--witness", .value = "VKEY", .repeated = true,                                    \
        .help = "with --log: verifier key of a witness that watches it"                            \
    }

#define CLI_TRANSPARENCY_OPTIONS                                                                   \
    CLI_LOG_OPTIONS,                                                                               \
    {                                                                                              \
        .name = "--witness-quorum", .value = "N",                                                  \
        .help = "so many of the witnesses must have cosigned (all that are named)"                 \
    }

#endif
