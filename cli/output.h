/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program says: data on stdout, everything else on stderr, and the exit codes that scripts
 * rely on. Every command prints through here.
 */
#ifndef SLIPWAY_CLI_OUTPUT_H
#define SLIPWAY_CLI_OUTPUT_H

#include "slipway/detail.h"
#include "slipway/heap.h"

#include <stdint.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,  /* input, output, internal */
    CLI_USAGE = 2,   /* the command line makes no sense */
    CLI_REFUSED = 3, /* by verification, here or on a device */
    CLI_EXPIRED = 4, /* refused only because something expired */
    CLI_DEVICE = 5,  /* device or transport */
    CLI_NOTHING = 6, /* nothing to do */
    CLI_DENIED = 7,  /* denied, or waiting for approval or consent */
    CLI_INTERRUPTED = 130,
};

/* The state of the program: what was asked for on every command. */
struct cli {
    bool json;
    bool quiet;
    bool verbose;
    bool progress; /* stderr is a terminal, and nobody said --no-progress */
    bool color_out;
    bool color_err;
    bool unicode;             /* the terminal's character set draws lines */
    const char *usage_hint;   /* "slipway bundle create", for messages about usage */
    struct slw_detail detail; /* what the last failing call said */
};

/* Colour of stdout, stderr and the rest by terminal, NO_COLOR and TERM. */
void cli_init(struct cli *cli);

/* "auto", "always", "never"; false for another word. */
bool cli_set_color(struct cli *cli, const char *word);

/* A line on stderr for people who watch; not with --quiet. */
void cli_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, only with --verbose. */
void cli_trace(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void cli_warn(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "slipway: …" on stderr; the exit code CLI_FAILED. */
enum cli_exit cli_error(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with where to read on; the exit code CLI_USAGE. */
enum cli_exit cli_usage(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "refused: word: text" on stderr; the exit code for the status. */
enum cli_exit cli_refuse(const struct cli *cli, enum slw_status status, const char *text);

/* "failed: word: text" on stderr, for those who read reasons; the exit code CLI_FAILED. */
enum cli_exit cli_fail_by_word(const struct cli *cli, enum slw_status status, const char *text);

/* Says why a call failed, by status and cli->detail, and returns the exit code. */
enum cli_exit cli_fail(const struct cli *cli, enum slw_status status);

/* The exit code that stands for a status. */
enum cli_exit cli_exit_of(enum slw_status status);

/* Prints text on stdout, and frees it; CLI_FAILED when memory had run out for it. */
enum cli_exit cli_print(const struct cli *cli, struct slw_heap_buffer *text);

/* Whether everything that was printed on stdout got there; says so when it didn't. */
bool cli_flush(const struct cli *cli);

/* Escape sequences for stdout, "" without colour. */
enum cli_style { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_GOOD, CLI_BAD };
const char *cli_out_style(const struct cli *cli, enum cli_style style);

/* Appends "1,234 bytes", and a round form from 10,000 on: "1.2 MB (1,234,567 bytes)". */
void cli_format_size(uint64_t bytes, struct slw_heap_buffer *ret_text);

/* Appends a round form alone: "1.2 MB". */
void cli_format_round(uint64_t bytes, struct slw_heap_buffer *ret_text);

#endif
