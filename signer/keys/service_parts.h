/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the service share: its memory, and what each part does for the others. Private
 * to signer/keys; service.h is what others see.
 */
#ifndef SIGNER_KEYS_SERVICE_PARTS_H
#define SIGNER_KEYS_SERVICE_PARTS_H

#include "known_roots.h"
#include "service.h"

#include "slipway/merkle.h"
#include "slipway/tlog_proof.h"
#include "slipway/witness.h"

struct slw_effect;
struct slw_intake;
struct slw_service;

/* A commit that is going on beside the loop: a thread has the log's part of it, and nothing else.
 */
struct slw_committing {
    struct slw_job job; /* first, so that a job is its commit */
    struct slw_service *service;
    struct slw_log_commit *commit; /* NULL: none is going on */
    struct slw_effect *effects;    /* what will have happened */
};

/* One witness of the policy in force. */
struct slw_witnessing_one {
    uint64_t holds;        /* size of the checkpoint that it cosigned last, as far as known */
    bool busy;             /* it was asked for, and hasn't answered */
    bool given;            /* the front has it */
    int64_t not_before_ms; /* after a failure */
    int64_t deadline_ms;
    uint64_t asked_size;
    bool has_line; /* it cosigned the target */
};

struct slw_witnessing {
    struct slw_witnessing_one ones[SLW_POLICY_WITNESSES_MAX];
    uint64_t target;               /* size of the checkpoint that is being cosigned; 0: none */
    struct slw_heap_buffer text;   /* the target's signed note */
    struct slw_heap_buffer lines;  /* cosignatures of it */
    uint64_t cosigned;             /* size of the newest that a quorum cosigned */
    struct slw_heap_buffer proven; /* its note with the cosignatures */
    const struct slw_policy *policy;
    uint64_t poll_number; /* a POLL that waits; 0: none */
    int64_t poll_until_ms;
};

/* Packets that the front hasn't taken yet. */
struct slw_outgoing {
    struct slw_outgoing *next;
    struct slw_heap_buffer packet;
};

/* What came of the last attempt to sign with a key, or to write the log. */
struct slw_service_attempt {
    enum slw_status status; /* SLW_OK, too, when there was none */
    struct slw_detail detail;
    int64_t utc_s;
};

struct slw_service {
    struct slw_service_options options;
    struct slw_log *log;
    struct slw_book book;
    struct slw_staging staging;
    struct slw_workers *workers;
    struct slw_known_roots known_roots;
    uint8_t instance[SLW_SHA256_SIZE];
    uint64_t root_versions[SLW_SERVICE_ROOTS_MAX]; /* of the settings' roots */

    int front;
    bool front_failed;
    struct slw_signer_gate gate;
    struct slw_signer_joiner joiner;
    uint8_t *packet;   /* to the front */
    uint8_t *received; /* from it: one byte longer, so that what is too long is seen to be */
    struct slw_outgoing *outgoing;
    struct slw_outgoing *outgoing_last;

    struct slw_workers *committer; /* one thread, for commits */
    struct slw_committing committing;
    struct slw_effect *effects; /* appended, and not in a commit yet */
    struct slw_effect *effects_last;
    size_t effects_bytes;
    size_t effects_count;
    int64_t appended_utc_s;   /* of the newest record that is on its way into the log */
    int64_t effects_since_ms; /* when the first of them was appended, or a commit ended since */

    struct slw_intake *intakes; /* statements on their way in */
    struct slw_case **cases;    /* of the open requests */
    size_t cases_count;
    int64_t ticked_ms;
    int64_t swept_ms;
    int64_t refusal_window_ms; /* of refusals of what nobody known signed */
    unsigned refusal_count;
    unsigned known_refusal_count; /* of others */

    struct slw_service_attempt *signed_last; /* one for each of options.keys */
    struct slw_service_attempt committed_last;

    struct slw_witnessing witnessing;
    enum slw_status blocked; /* SLW_LOG_BEHIND, SLW_CLOCK: nothing is signed */
    bool broken; /* the log is, or the judges' spawner is gone: nothing more can be done */
    struct slw_detail blocked_detail;
};

int64_t slw_service_now(const struct slw_service *service);
int64_t slw_service_now_ms(const struct slw_service *service);
/* The time for a record: never below the last one's. */
int64_t slw_service_record_time(const struct slw_service *service);
const struct slw_book_policy *slw_service_policy(struct slw_service *service);
const struct slw_service_key *slw_service_key_find(const struct slw_service *service,
                                                   struct slw_bytes name);
/* The root that bases of a product's top-level roles are verified by: the settings', or the newest
 * that was followed to from there; empty: none. It stays where it is. */
struct slw_bytes slw_service_tuf_root(const struct slw_service *service, struct slw_bytes product);
/* Whether nothing may be signed at present, and why; SLW_OK: it may. */
enum slw_status slw_service_check_ready(struct slw_service *service, struct slw_detail *detail);
/* The policy's key of this place in options.keys, when the last attempt to sign with it failed;
 * NULL.
 */
const struct slw_policy_signing_key *slw_service_key_failed(struct slw_service *service,
                                                            size_t place);
/* Whether it signs, as far as is known: what check_ready says, and whether the log and every
 * production key did when they were used last. Nothing is tried for it. */
enum slw_status slw_service_check_signs(struct slw_service *service, struct slw_detail *detail);
void slw_service_note_attempt(const struct slw_service *service,
                              struct slw_service_attempt *attempt, enum slw_status status,
                              const struct slw_detail *detail);
/* Whether a record of this index may be told of: committed, and cosigned where the policy wants it.
 */
bool slw_service_is_proven(struct slw_service *service, uint64_t index);

/* --- effects.c: the log before anything else --- */

struct slw_effect {
    struct slw_effect *next;
    uint64_t index;
    struct slw_heap_buffer text;
    /* Called once: when it was committed and applied to the book, or why that failed. */
    void (*then)(struct slw_service *service, struct slw_effect *effect, enum slw_status status,
                 const struct slw_detail *detail);
    uint64_t number;                   /* of the call to answer */
    uint8_t id[SLW_SHA256_SIZE];       /* to be answered with */
    uint8_t known_by[SLW_SHA256_SIZE]; /* of a statement that has its effect by this; or zeros */
    enum slw_status reason;            /* to be answered with */
    struct slw_detail detail;
    uint8_t request[SLW_SHA256_SIZE]; /* that it is about */
};

/* Appends record, which is freed, and calls then later. Takes over effect in any case. */
void slw_effect_append(struct slw_service *service, struct slw_record *record,
                       const struct slw_effect *effect);
/* The same with a release leaf in front of it. */
void slw_effect_append_release(struct slw_service *service, struct slw_bytes product,
                               uint32_t version, const uint8_t *sha256, struct slw_record *record,
                               const struct slw_effect *effect);
/* All that was appended, before it returns: the commit that is going on, and one of the rest. */
void slw_effects_commit(struct slw_service *service);
/* Begins a commit beside the loop, if it is time for one: none is going on, and little more is on
 * its way, or enough is there, or long enough. */
#define SLW_EFFECTS_GATHER_MS 8
void slw_effects_go(struct slw_service *service);
/* When slw_effects_go() has something to do though nothing happens; INT64_MAX: never. */
int64_t slw_effects_deadline_ms(const struct slw_service *service);
/* Waits for the commit that is going on. */
void slw_effects_wait(struct slw_service *service);
/* The front that asked for it is gone. */
void slw_effects_forget_calls(struct slw_service *service);
/* At the end of the service: what isn't committed never happened. */
void slw_effects_discard(struct slw_service *service);
/* Whether a statement that is known by this is on its way into the log. */
bool slw_effects_pending(const struct slw_service *service, const uint8_t *id);
/* How many records about a request are. */
size_t slw_effects_about(const struct slw_service *service, const uint8_t *request);

/* --- calls.c, answers.c: what the front asks --- */

void slw_calls_receive(struct slw_service *service);
void slw_calls_send(struct slw_service *service);
void slw_answer_send(struct slw_service *service, const struct slw_signer_answer *answer);
void slw_answer_refuse(struct slw_service *service, uint64_t number, enum slw_signer_kind kind,
                       enum slw_status reason, const char *text);
/* Of a SUBMIT. */
void slw_answer_statement(struct slw_service *service, uint64_t number, const uint8_t *id,
                          enum slw_signer_state state, enum slw_status reason, const char *text);
void slw_answer_request(struct slw_service *service, uint64_t number,
                        const struct slw_book_request *request);
void slw_calls_hang_up(struct slw_service *service);
/* JSON of requests: show.c. */
enum slw_status slw_show_request(struct slw_service *service,
                                 const struct slw_book_request *request,
                                 struct slw_heap_buffer *ret_json);
enum slw_status slw_show_list(struct slw_service *service, bool has_after, const uint8_t *after,
                              uint32_t limit, struct slw_heap_buffer *ret_json);
enum slw_status slw_show_health(struct slw_service *service, struct slw_heap_buffer *ret_json);
/* What BLOB asks for. */
enum slw_status slw_show_blob(struct slw_service *service, const struct slw_book_request *request,
                              enum slw_signer_blob which, struct slw_heap_buffer *ret_bytes,
                              struct slw_detail *detail);

/* --- init.c --- */

/* Which machine and disk this is: SHA-256 over the machine's id, and the file system and inode of
 * the log's directory, so that a copy is another one. */
enum slw_status slw_instance_read(const char *state, uint8_t ret_instance[static SLW_SHA256_SIZE],
                                  struct slw_detail *detail);

/* --- intake.c: statements --- */

void slw_intake_submit(struct slw_service *service, uint64_t number, struct slw_bytes envelope);
/* The front is gone: what it asked isn't answered, and happens all the same. */
void slw_intake_forget_calls(struct slw_service *service);

/* --- witnessing.c --- */

/* Looks whether something is to be cosigned, and tells a waiting POLL. */
void slw_witnessing_go(struct slw_service *service);
void slw_witnessing_poll(struct slw_service *service, uint64_t number);
enum slw_status slw_witnessing_answer(struct slw_service *service, uint64_t size,
                                      struct slw_bytes name, uint32_t http_status,
                                      struct slw_bytes body, struct slw_detail *detail);
/* Takes what a former process published, so that what was told of then stays known. */
void slw_witnessing_resume(struct slw_service *service);
void slw_witnessing_free(struct slw_witnessing *witnessing);

#endif
