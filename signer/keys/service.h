/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing service itself, without processes around it: statements come in by a socket, what
 * the policy allows is signed, and everything is in the log before anybody hears of it. One loop;
 * workers and judges do what takes long.
 *
 *     SLW_TRY(slw_service_new(&options, &service, detail));
 *     slw_service_connect(service, socket);
 *     while (slw_service_turn(service, 1000) == SLW_OK) ...
 *     slw_service_free(service);
 *
 * What comes of a turn is appended to the log, committed beside the loop with what else came, and
 * only then has its effect and is answered (effects.c).
 *
 * main.c runs it, with the front at the other end of the socket; tests play the front.
 */
#ifndef SIGNER_KEYS_SERVICE_H
#define SIGNER_KEYS_SERVICE_H

#include "book.h"
#include "staging.h"
#include "workers.h"

#include "../judge/spawner.h"

#define SLW_SERVICE_OPEN_MAX 1024u     /* requests that are neither signed nor refused */
#define SLW_SERVICE_OPEN_EACH_MAX 512u /* of them one requester's */
#define SLW_SERVICE_ISSUED_AGE_S 900   /* a statement may be so old when it comes first */
#define SLW_SERVICE_EXPIRY_MAX_S (30 * 86400)
#define SLW_SERVICE_SIGNABLE_MAX 1000000u /* bytes of metadata: they are kept in a record */
#define SLW_SERVICE_WITNESS_SKEW_S 300

struct slw_service_clock {
    void *context;
    int64_t (*utc_s)(void *context);
    int64_t (*monotonic_ms)(void *context);
};

/* A key that the service signs with, by its name in the policy. */
struct slw_service_key {
    const char *name;
    struct slw_private_key *key; /* the caller's */
    bool in_token;               /* and can't leave it */
};

/* The root of a product's TUF repository that is trusted first. */
#define SLW_SERVICE_ROOTS_MAX 16u
struct slw_service_root {
    const char *product;
    struct slw_bytes file;
};

/* All of it is the caller's, and outlives the service. */
struct slw_service_options {
    const char *state; /* a directory with log and staged */
    const char *origin;
    const struct slw_note_signer *log_signer;
    const struct slw_service_key *keys;
    size_t keys_count;
    const struct slw_service_root *roots;
    size_t roots_count;
    struct slw_spawner *spawner;
    struct slw_staging_limits staged;
    size_t threads;
    struct slw_service_clock clock;    /* zeros: the system's */
    const struct slw_log_files *files; /* NULL: the system's */
};

struct slw_service;

/*
 * Opens the log, reads it, and writes a start into it. SLW_NOT_ACTIVE when the log was last written
 * on another machine or disk and no takeover was stated since; SLW_LOG_DAMAGED, SLW_CLOCK,
 * SLW_WRONG_CLASS for a production key that isn't in a token; SLW_ROOT_SELF_UNSIGNED and others for
 * a TUF root that isn't one; what log and disk say.
 */
enum slw_status slw_service_new(const struct slw_service_options *options,
                                struct slw_service **ret_service, struct slw_detail *detail);
void slw_service_free(struct slw_service *service);

/* The front's end of a socketpair, not blocking; -1: none. The former one is closed. */
void slw_service_connect(struct slw_service *service, int socket);

/*
 * Waits for something to do, at most so long, and does it. SLW_IO_CLOSED when the front is gone or
 * broke the protocol: it was hung up on, and another one may be connected. Everything else ends the
 * service: its log is broken, or nobody starts judges any more.
 */
enum slw_status slw_service_turn(struct slw_service *service, int timeout_ms,
                                 struct slw_detail *detail);

/*
 * Appends what a person at the machine may want to know, as JSON: origin, the log's verifier key,
 * epoch, size and root of the log, policy, and marks of versions, as a takeover's statement has
 * them.
 */
enum slw_status slw_service_show(const struct slw_service_options *options,
                                 struct slw_heap_buffer *ret_json, struct slw_detail *detail);

/*
 * Makes the state of a new service: the log's first two entries are the administrators of this
 * policy and the policy. log_signer's name is the origin.
 */
enum slw_status slw_service_init(const struct slw_service_options *options,
                                 struct slw_bytes policy_envelope, struct slw_detail *detail);

/*
 * Makes this machine and disk the active signer of a log that was copied or restored, by a
 * statement of the administrators' threshold about exactly its last checkpoint. SLW_BAD_STATEMENT,
 * SLW_BELOW_THRESHOLD, SLW_LOG_BEHIND.
 */
enum slw_status slw_service_takeover(const struct slw_service_options *options,
                                     struct slw_bytes envelope, struct slw_detail *detail);

#endif
