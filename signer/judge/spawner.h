/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges: disposable processes without keys that look into bundles for the key process, which never
 * parses a payload itself. A spawner, the program slipway-signer-judge, is started before any key
 * is loaded; it confines itself, and forks one judge for each bundle and one child for each
 * validator. Whatever happens in them, crash, endless loop, garbage, lies about who they are, ends
 * as a verdict of this interface: a refusal.
 *
 *     struct slw_spawner spawner;
 *     SLW_TRY(slw_spawner_open(&options, &spawner, detail));       before keys are loaded
 *     SLW_TRY(slw_judge_rules_make(&rules, &judge_rules, detail));
 *     SLW_TRY(slw_judge_start(&spawner, descriptor, &judge_rules, &limits, &judge, detail));
 *     ... poll judge.descriptor for POLLIN, until slw_judge_deadline_ms(&judge) ...
 *     SLW_TRY(slw_judge_finish(&spawner, &judge, &verdict));                 SLW_IO_TIMEOUT: not
 * yet
 *
 * Nothing here blocks; the spawner is one process for one thread of the caller's.
 *
 * A judge can read the bundle and its rules, use memory, and send one verdict. A validator can read
 * the bundle (as standard input, from its beginning), run programs below the runnable directories,
 * and print up to SLW_VALIDATOR_OUTPUT_MAX bytes, of which the verdict shows the beginning; it has
 * no network, no file that it may write but /dev/null, no environment but PATH and LC_ALL, and no
 * process that survives it. Exit status 0 passes.
 *
 * When somebody kills the spawner itself (root, or the system when memory runs out), judges and
 * the validators' programs go with it, but not what those programs had started: at most 512
 * processes, confined as they were. The control group of a systemd unit takes them down with the
 * service; a key process whose spawner is gone can sign nothing any more, and should end.
 */
#ifndef SLIPWAY_JUDGE_SPAWNER_H
#define SLIPWAY_JUDGE_SPAWNER_H

#include "slipway/content_rules.h"
#include "slipway/sandbox.h"

#include <sys/types.h>

#define SLW_JUDGES_MAX 128u              /* at one time, validators too: more is SLW_TOO_MANY */
#define SLW_VERDICT_SIZE_MAX 65536u      /* of the message, in bytes */
#define SLW_VALIDATOR_OUTPUT_MAX 65536u  /* who prints more is ended by SIGPIPE */
#define SLW_VALIDATOR_ARGUMENTS_MAX 32u  /* the program's name aside */
#define SLW_VALIDATOR_COMMAND_MAX 16384u /* program and arguments, in bytes */

struct slw_spawner_options {
    const char *program;                 /* path of slipway-signer-judge */
    const struct slw_sandbox_user *user; /* NULL: that of the caller, who isn't root then */
    /* Where validators may be and what they may load, beside /usr, /lib, /lib64, /bin; or NULL. */
    const char *const *runnable;
    size_t runnable_count;
    const char
        *directory; /* where validators run: an empty one; NULL: "/", which they can't read */
};

struct slw_spawner {
    pid_t pid;
    int socket; /* readable when the spawner has ended: nothing else is ever read from it */
    uint64_t next_id;
    size_t running;    /* judges and validators that aren't over */
    char missing[160]; /* what the kernel couldn't do for it, as a sentence for the log; or "" */
};

/*
 * Starts it and waits until it has confined itself (at most five seconds). SLW_IO when it can't;
 * detail has its words.
 */
SLW_MUST_USE enum slw_status slw_spawner_open(const struct slw_spawner_options *options,
                                              struct slw_spawner *ret_spawner,
                                              struct slw_detail *detail);

/* Ends it and everything that it started, and waits for it. */
void slw_spawner_close(struct slw_spawner *spawner);

/* Rules as judges get them: in their orders, or a sealed file in memory when they are long. May be
 * used for many judges. */
struct slw_judge_rules {
    int descriptor; /* -1: there is no file */
    struct slw_heap_buffer bytes;
};

SLW_MUST_USE enum slw_status slw_judge_rules_make(const struct slw_content_rules *rules,
                                                  struct slw_judge_rules *ret_rules,
                                                  struct slw_detail *detail);
void slw_judge_rules_free(struct slw_judge_rules *rules);

struct slw_judge_limits {
    uint32_t time_ms;      /* wall time: then it is killed; at least 1 */
    uint32_t cpu_s;        /* 0: none but time_ms */
    uint64_t memory_bytes; /* a judge begins with some MiB; 0: SLW_JUDGE_MEMORY_DEFAULT */
};
#define SLW_JUDGE_MEMORY_DEFAULT (512u << 20)

/* A program of the policy's; nothing in its arguments is interpreted. */
struct slw_validator {
    const char *program; /* absolute path */
    const char *const *arguments;
    size_t arguments_count;
};

/* One that runs. */
struct slw_judge {
    int descriptor; /* to poll; -1: none */
    uint64_t id;
    bool validator;
    struct slw_judge_limits limits;
    int64_t started_ms; /* CLOCK_MONOTONIC */
};

struct slw_verdict {
    enum slw_status status; /* SLW_OK: passes; SLW_WRONG_CONTENT, …; SLW_VALIDATOR_FAILED */
    char text[768];         /* the first finding, or what a validator printed; printable; or "" */
    struct slw_content_report report; /* findings for people; of a validator none */
};

/*
 * bundle: a read-only descriptor of the bundle, which nobody changes any more; stays the caller's.
 * A validator needs one that was opened for it alone, for it shares the position. SLW_BAD_ARGUMENT
 * for one that may be written to; SLW_TOO_MANY; SLW_IO_CLOSED when the spawner is gone.
 */
SLW_MUST_USE enum slw_status slw_judge_start(struct slw_spawner *spawner, int bundle,
                                             const struct slw_judge_rules *rules,
                                             const struct slw_judge_limits *limits,
                                             struct slw_judge *ret_judge,
                                             struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_validator_start(struct slw_spawner *spawner, int bundle,
                                                 const struct slw_validator *validator,
                                                 const struct slw_judge_limits *limits,
                                                 struct slw_judge *ret_judge,
                                                 struct slw_detail *detail);

/* When it is overdue (CLOCK_MONOTONIC, milliseconds): call slw_judge_finish() then at the latest.
 */
int64_t slw_judge_deadline_ms(const struct slw_judge *judge);

/*
 * SLW_IO_TIMEOUT: it hasn't ended yet, ret_verdict is untouched. SLW_OK: it has ended or was
 * overdue, and the verdict says what follows; the judge is over, and its descriptor closed. Free
 * the verdict.
 */
SLW_MUST_USE enum slw_status slw_judge_finish(struct slw_spawner *spawner, struct slw_judge *judge,
                                              struct slw_verdict *ret_verdict);

/* Ends it without asking for a verdict. Nothing when it is over. */
void slw_judge_cancel(struct slw_spawner *spawner, struct slw_judge *judge);

void slw_verdict_free(struct slw_verdict *verdict);

#endif
