/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process behind the front for front_http_fuzz.c: it answers every call, as it is told to, and
 * ends the run for one that the front should never have made out of what came over HTTP.
 */
#ifndef FUZZ_FRONT_BEHIND_H
#define FUZZ_FRONT_BEHIND_H

#include "slipway/bytes.h"

/* Of the one upload that there is, whose digest is all zeros. */
#define BEHIND_TOTAL 1024u
#define BEHIND_FILE_SMALL 100u
#define BEHIND_FILE_LARGE 140000u /* more than one piece */

struct behind_plan {
    struct slw_bytes input; /* all that was sent over HTTP */
    uint64_t uploaded;      /* so much is there already */
    unsigned submissions;   /* how often statements were handed on */
    bool is_witness;
    bool refuses;      /* statements and uploads */
    bool crawls;       /* takes one byte of each piece */
    bool stalls;       /* takes nothing of a piece, and doesn't say why */
    uint64_t file_len; /* of every file of the log, and of every blob */
};

/* Answers over this descriptor from a thread of its own, by the plan, which may change while no
 * call is under way. */
bool behind_start(int descriptor, struct behind_plan *plan);

#endif
