/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runner: leases jobs from a depot (spec/DEPOT.md, section 5.1), runs what its own settings say a
 * job of that name is, and uploads what that left, with a statement that it signs. The depot names
 * jobs and never says what they do. `slipway runner` is the program around it.
 *
 *     struct slw_runner_settings settings;
 *     SLW_TRY(slw_runner_settings_read("/etc/slipway/runner.conf", &settings, detail));
 *     status = slw_runner_check(&settings, &watcher, detail);
 *     if (status == SLW_OK) {
 *         status = slw_runner_run(&settings, false, stop, &watcher, detail);
 *     }
 *     slw_runner_settings_free(&settings);
 */
#ifndef SLIPWAY_RUNNER_H
#define SLIPWAY_RUNNER_H

#include "slipway/bytes.h"
#include "slipway/jail.h"

#include <stdbool.h>

#define SLW_RUNNER_JOBS_MAX 64u
#define SLW_RUNNER_PRODUCTS_MAX 64u
#define SLW_RUNNER_LABELS_MAX 16u
#define SLW_RUNNER_WORDS_MAX 64u   /* of a command */
#define SLW_RUNNER_NAME_MAX 64u    /* bytes of a name: runner, product, job, label */
#define SLW_RUNNER_BUNDLES_MAX 16u /* that one build job may leave */
#define SLW_RUNNER_FILES_MAX 64u   /* that a job may leave, all together */

enum slw_runner_kind { SLW_RUNNER_BUILD = 1, SLW_RUNNER_TEST };

/* A list of words on the heap; words[count] is NULL. */
struct slw_runner_words {
    char **words;
    size_t count;
};

/* [job NAME] */
struct slw_runner_job {
    char name[SLW_RUNNER_NAME_MAX + 1];
    enum slw_runner_kind kind;
    struct slw_runner_words products; /* empty: all of the runner's */
    struct slw_runner_words command;
    struct slw_runner_words read;
    bool network;
    uint32_t timeout_s;
    uint32_t memory_mb;
    uint32_t files_mb;
    uint32_t processes;
    char *key;             /* file or pkcs11: URI; what it says is signed by this */
    char *passphrase_file; /* of the key; NULL */
    char *builder_id;      /* of builds; NULL for tests */
    char *build_type;
    char *source;
};

struct slw_runner_settings {
    char *path; /* of the file */
    char *depot;
    char *ca; /* NULL: the system's */
    char *token_file;
    char *work;
    char *user; /* NULL: this one */
    char name[SLW_RUNNER_NAME_MAX + 1];
    struct slw_runner_words products;
    struct slw_runner_words labels;
    struct slw_runner_job *jobs;
    size_t jobs_count;
};

/*
 * Reads the settings, and judges all that can be judged without looking at the machine.
 * SLW_BAD_ARGUMENT with the file, the section and what is wrong; SLW_NOT_FOUND, SLW_MALFORMED,
 * SLW_TOO_LARGE; SLW_NOT_PERMITTED when others may write the file.
 */
SLW_MUST_USE enum slw_status slw_runner_settings_read(const char *path,
                                                      struct slw_runner_settings *ret_settings,
                                                      struct slw_detail *detail);
void slw_runner_settings_free(struct slw_runner_settings *settings);

/* The settings of a job; NULL when this runner doesn't have it, or not for this product. */
const struct slw_runner_job *slw_runner_find_job(const struct slw_runner_settings *settings,
                                                 struct slw_bytes product, struct slw_bytes name);

/* Is told what happens, a line each, for a log; called on the caller's thread. */
struct slw_runner_watcher {
    void *context;
    void (*say)(void *context, const char *line);
};

/*
 * Looks at the machine: the token's file and the keys are there, nobody else may read them, no job
 * may; the programs are there; and a program runs in a jail. Says what it found of each job.
 */
SLW_MUST_USE enum slw_status slw_runner_check(const struct slw_runner_settings *settings,
                                              const struct slw_runner_watcher *watcher,
                                              struct slw_detail *detail);

/* How the last job went, as `finish` says it. */
enum slw_runner_outcome {
    SLW_RUNNER_PASSED = 1,
    SLW_RUNNER_WARNED,
    SLW_RUNNER_FAILED,
    SLW_RUNNER_ERROR,
    SLW_RUNNER_CANCELLED,
    SLW_RUNNER_LOST, /* the lease was over: nothing that it did counts */
};

/* "passed", …; "lost". */
const char *slw_runner_outcome_word(enum slw_runner_outcome outcome);

/*
 * Leases and runs jobs, one at a time, until stop can be read (a signalfd or a pipe), or with once
 * until one has been run; ret_outcome is that of the last, 0 for none. What fails in a job is told
 * to the depot and to the watcher; this fails for settings, a token that isn't good any more
 * (SLW_NOT_PERMITTED), and a machine that can't run jobs. A depot that is away is waited for.
 *
 * Has to be called on the main thread of a program that ignores SIGPIPE and doesn't reap children.
 */
SLW_MUST_USE enum slw_status slw_runner_run(const struct slw_runner_settings *settings, bool once,
                                            int stop, const struct slw_runner_watcher *watcher,
                                            enum slw_runner_outcome *ret_outcome,
                                            struct slw_detail *detail);

#endif
