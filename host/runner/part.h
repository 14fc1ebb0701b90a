/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the runner share. */
#ifndef SLIPWAY_RUNNER_PART_H
#define SLIPWAY_RUNNER_PART_H

#include "slipway/crypto.h"
#include "slipway/files.h"
#include "slipway/http_client.h"
#include "slipway/json_reader.h"
#include "slipway/runner.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- What a job prints (output.c) --- */

#define RUNNER_OUTPUT_KEPT_MAX 4194304u       /* bytes: its end */
#define RUNNER_OUTPUT_MAX ((uint64_t)1 << 30) /* all of it: a job that prints more is ended */
#define RUNNER_NOTE_MAX 200u                  /* DEPOT.md, section 5.1 */
#define RUNNER_DETAIL_MAX 700u

struct runner_output {
    uint8_t *ring;
    uint64_t total; /* bytes that came */
};

SLW_MUST_USE enum slw_status runner_output_init(struct runner_output *output,
                                                struct slw_detail *detail);
void runner_output_free(struct runner_output *output);
void runner_output_add(struct runner_output *output, struct slw_bytes bytes);
/* Appends what is kept as lines that are harmless on any terminal, and says what isn't there. */
void runner_output_text(const struct runner_output *output, struct slw_heap_buffer *ret_text);
/* The last line that isn't empty, likewise, as UTF-8 of at most RUNNER_NOTE_MAX bytes. */
void runner_output_last(const struct runner_output *output, char ret_note[RUNNER_NOTE_MAX + 1]);

/* --- The depot (depot.c) --- */

#define RUNNER_LEASE_SIZE_MAX 256u
#define RUNNER_REF_SIZE_MAX 256u

/* A job as it was leased; checked. */
struct runner_lease {
    int64_t id;
    int64_t attempt;
    int64_t timeout_s; /* 0: the settings' counts */
    enum slw_runner_kind kind;
    char product[SLW_RUNNER_NAME_MAX + 1];
    char job[SLW_RUNNER_NAME_MAX + 1];
    char build[2 * SLW_SHA256_SIZE + 1]; /* "": none */
    char ref[RUNNER_REF_SIZE_MAX];
    char commit[2 * SLW_SHA256_SIZE + 1];
    char secret[RUNNER_LEASE_SIZE_MAX];
};

SLW_MUST_USE enum slw_status runner_client_new(const struct slw_runner_settings *settings,
                                               struct slw_http_client **ret_client,
                                               struct slw_detail *detail);

/* Whether a failure is the depot's being away, which is waited for. */
static inline bool runner_is_away(enum slw_status status)
{
    return status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT || status == SLW_IO_CLOSED ||
           status == SLW_TOO_MANY;
}

/*
 * Asks for a job of those that have the same products as the one at index. ret_got: whether there
 * is one. given_up is asked about once a second whether to go on waiting.
 */
SLW_MUST_USE enum slw_status runner_lease(struct slw_http_client *client,
                                          const struct slw_runner_settings *settings, size_t index,
                                          int wait_s, bool (*given_up)(void *context),
                                          void *context, struct runner_lease *ret_lease,
                                          bool *ret_got, struct slw_detail *detail);

/* Reads the answer to that. SLW_MALFORMED for one that makes no sense. */
SLW_MUST_USE enum slw_status runner_lease_read(struct slw_bytes answer,
                                               struct runner_lease *ret_lease,
                                               struct slw_detail *detail);

/* SLW_WRONG_STATE when the lease is over. */
SLW_MUST_USE enum slw_status runner_heartbeat(struct slw_http_client *client,
                                              const struct runner_lease *lease, const char *note,
                                              bool *ret_cancelled, struct slw_detail *detail);
SLW_MUST_USE enum slw_status runner_finish(struct slw_http_client *client,
                                           const struct runner_lease *lease,
                                           enum slw_runner_outcome outcome, const char *why,
                                           struct slw_detail *detail);

/* Downloads the bundle of the lease's build to a new file. */
SLW_MUST_USE enum slw_status runner_download(struct slw_http_client *client,
                                             const struct runner_lease *lease, const char *path,
                                             struct slw_detail *detail);

/* Uploads bytes, and says what they are. name, build "": none. */
SLW_MUST_USE enum slw_status runner_upload(struct slw_http_client *client,
                                           const struct runner_lease *lease, const char *kind,
                                           const char *name, const char *build,
                                           const struct slw_source *source,
                                           struct slw_detail *detail);

/* --- Heartbeats (heartbeat.c) --- */

enum runner_word { RUNNER_GO_ON, RUNNER_CANCELLED, RUNNER_LOST };

struct runner_heart {
    const struct slw_runner_settings *settings;
    const struct runner_lease *lease;
    pthread_t thread;
    pthread_mutex_t lock; /* of note and stopped */
    pthread_cond_t changed;
    char note[RUNNER_NOTE_MAX + 1];
    bool stopped;
    _Atomic int word; /* enum runner_word */
    int wake;         /* readable once word isn't RUNNER_GO_ON; -1 */
};

SLW_MUST_USE enum slw_status runner_heart_start(struct runner_heart *heart,
                                                const struct slw_runner_settings *settings,
                                                const struct runner_lease *lease,
                                                struct slw_detail *detail);
void runner_heart_note(struct runner_heart *heart, const char note[RUNNER_NOTE_MAX + 1]);
static inline enum runner_word runner_heart_word(struct runner_heart *heart)
{
    return (enum runner_word)atomic_load(&heart->word);
}
void runner_heart_stop(struct runner_heart *heart);

/* --- One job (work.c, results.c) --- */

struct runner {
    const struct slw_runner_settings *settings;
    const struct slw_runner_watcher *watcher;
    struct slw_http_client *client;
    struct slw_sandbox_user user;
    bool has_user;
    int stop;
};

struct runner_work {
    struct runner *runner;
    const struct slw_runner_job *job;
    const struct runner_lease *lease;
    struct runner_heart heart;
    struct slw_jail jail;
    struct runner_output output;
    struct slw_heap_buffer directory;    /* of this attempt, below settings->work */
    struct slw_heap_buffer bundle;       /* path of the bundle of a test */
    char build[2 * SLW_SHA256_SIZE + 1]; /* that it is about, or that it made */
    int64_t began_utc_s;
    int64_t ended_utc_s;
    enum slw_runner_outcome outcome;
    struct slw_detail why; /* what isn't as it should be; "" when nothing */
};

/* Whom jobs run as. SLW_BAD_ARGUMENT when that would be root, or can't be done. */
SLW_MUST_USE enum slw_status runner_find_user(struct runner *runner, struct slw_detail *detail);

/* Makes a file or a directory whom jobs run as's. */
SLW_MUST_USE enum slw_status runner_give(const struct runner *runner, const char *path,
                                         struct slw_detail *detail);

/* Tells the watcher a line. */
void runner_say(const struct runner *runner, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether somebody wants the runner to stop. */
bool runner_is_stopped(const struct runner *runner);
/* Waits; false when it was told to stop meanwhile, or wake (-1: none) became readable. */
bool runner_pause(const struct runner *runner, int wake, int pause_ms);

/* Runs a leased job to its end, whatever that is; SLW_OK but when this machine can't run any. */
SLW_MUST_USE enum slw_status runner_work(struct runner *runner, const struct runner_lease *lease,
                                         enum slw_runner_outcome *ret_outcome,
                                         struct slw_detail *detail);

/* Content digest of a bundle, when its payloads are what it lists. ret_product of at least
 * SLW_STATEMENT_NAME_MAX + 1 bytes; may be NULL. */
SLW_MUST_USE enum slw_status runner_measure(const char *name, const struct slw_source *source,
                                            uint8_t ret_content[SLW_SHA256_SIZE],
                                            struct slw_heap_buffer *ret_product,
                                            struct slw_detail *detail);

/* Signs what is to be said, and uploads everything that was left. */
SLW_MUST_USE enum slw_status runner_deliver(struct runner_work *work, struct slw_detail *detail);

#endif
