/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is being done about an open request. It waits for its upload, is read and judged, waits for
 * people and hours, and is read, judged and decided once more before it is signed:
 *
 *     UPLOAD ─► READING ─► JUDGING ─► (decide) ─► WAITING ─► READING …
 *                                        └─► SIGNING ─► LOGGING
 *
 * Whatever is decided comes from the policy in force at that moment (case_decide.c), and what is
 * signed is only what was read and rebuilt here (content.h).
 */
#ifndef SIGNER_KEYS_CASE_H
#define SIGNER_KEYS_CASE_H

#include "content.h"
#include "service_parts.h"

enum slw_case_phase {
    SLW_CASE_UPLOAD, /* its bundle isn't here yet */
    SLW_CASE_READING,
    SLW_CASE_JUDGING,
    SLW_CASE_WAITING, /* for people or hours */
    SLW_CASE_READY,   /* allowed, and held up: no witnesses, the clock, a full disk */
    SLW_CASE_SIGNING,
    SLW_CASE_LOGGING, /* its end is on its way into the log */
};

/* Targets of a former release. */
struct slw_case_former {
    struct slw_heap_buffer metadata;
    struct slw_content_former *list;
    size_t count;
    bool given;
};

struct slw_case {
    struct slw_job job; /* reading or signing; first, so that a job is its case */
    struct slw_service *service;
    struct slw_book_request *request;
    enum slw_case_phase phase;
    const struct slw_policy *policy; /* that content was read under, and that decides */
    int64_t now_utc_s;               /* when it was decided, and as what it is logged */
    int descriptor;                  /* of the staged copy; -1 */
    bool names_added;                /* sign-role: it names a release, and adds this file */
    uint8_t added_sha256[SLW_SHA256_SIZE];
    int added; /* descriptor of its staged copy; -1 */
    struct slw_case_former added_former;
    struct slw_content_task task; /* what a worker reads it for */
    struct slw_content content;
    bool has_content;
    /* the judge */
    struct slw_judge judge; /* descriptor -1: none runs */
    bool judge_heard;       /* poll() has seen something of it, or its time is over */
    size_t validators_done;
    bool rules_judged;
    enum slw_policy_judged judged;
    enum slw_status judged_reason;
    char judged_detail[768];
    bool has_waited;       /* it is shown as waiting from then on */
    bool fresh;            /* read and judged since it was found to be allowed */
    char waiting_for[512]; /* lines */
    /* signing */
    char mark[SLW_BOOK_MARK_NAME_MAX + 1];
    const struct slw_service_key *key;
    const struct slw_policy_signing_key *signing_key;
    enum slw_status sign_status;
    struct slw_detail sign_detail;
    uint8_t sig[SLW_SIGNATURE_SIZE];
    bool is_again; /* sig is the stored one, of this leaf */
    uint64_t leaf;
    bool is_counted;  /* among signatures of its rate, for it will be in the log */
    int64_t retry_ms; /* after a failure of disk or token */
};

/* A case for a request that was just logged, or found open at a start. False: no memory. */
SLW_MUST_USE bool slw_case_open(struct slw_service *service, struct slw_book_request *request);
/* Forgets all of it. Not while a job of it runs. */
void slw_case_free(struct slw_case *work);

/* Whether it is about the staged copy of this digest. */
bool slw_case_needs(const struct slw_case *work, const uint8_t *sha256);

/* The upload of this digest is complete, an approval came, time passed, a policy changed. */
void slw_case_uploaded(struct slw_service *service, const uint8_t *sha256);
void slw_case_go_on(struct slw_case *work);
void slw_cases_tick(struct slw_service *service);

/* Descriptors of judges, for poll(); what it answered, for which ones; and what became of these. */
size_t slw_cases_poll(const struct slw_service *service, struct pollfd *list, size_t max,
                      int64_t *ret_deadline_ms);
void slw_cases_polled(struct slw_service *service, const struct pollfd *list, size_t count);
void slw_cases_judged(struct slw_service *service);
/* How many judges are at work. */
size_t slw_cases_judged_count(const struct slw_service *service);

/* The state that a request is shown in. */
enum slw_signer_state slw_case_state(struct slw_service *service,
                                     const struct slw_book_request *request);

/* Ends: refused, for good; or expired. */
void slw_case_refuse(struct slw_case *work, enum slw_status reason, const char *text);

/*
 * What follows once a record that ends a case is in the log: the case is forgotten. When the log
 * couldn't take it, it is all found out once more; a version that was taken stays taken for its
 * content, and a signature that isn't in the log never leaves.
 */
void slw_case_ended_then(struct slw_service *service, struct slw_effect *effect,
                         enum slw_status status, const struct slw_detail *detail);

/* case_judge.c: asks the judge; when it is done, go_on. */
void slw_case_judge(struct slw_case *work, const struct slw_policy_rule *rule);
void slw_case_judge_stop(struct slw_case *work);

/* The targets that a signature's record has (SLW_BOOK_NONE: none is given). */
enum slw_status slw_case_former_read(const struct slw_case *work, uint64_t record,
                                     struct slw_case_former *ret_former, struct slw_detail *detail);
void slw_case_former_free(struct slw_case_former *former);

/* case_added.c: notes which file a role's request adds. */
void slw_case_added_name(struct slw_case *work);
/* The request by which what is added was signed: by a key of this class, and proven; NULL. */
const struct slw_book_request *slw_case_release(const struct slw_case *work);
/* Opens the copy of the bundle that is to be added to a production role; false while it isn't
 * there. */
bool slw_case_added_open(struct slw_case *work, struct slw_detail *detail);
void slw_case_added_tell(const struct slw_case *work, struct slw_content_task *task);
void slw_case_added_close(struct slw_case *work);

/* case_decide.c: what the policy in force says, at the time that a record would have now.
 * SLW_WRONG_STATE when that isn't the policy that content was read under. */
enum slw_status slw_case_decide(struct slw_case *work, struct slw_policy_decision *ret_decision,
                                struct slw_detail *detail);

/* Whether an approval is one that counts, by what is known of the request: what its sender is told.
 */
enum slw_status slw_case_check_approval(struct slw_case *work, const uint8_t *signer_id,
                                        const struct slw_approval *says, struct slw_detail *detail);

/* case_sign.c: signs what is allowed. */
void slw_case_sign(struct slw_case *work);

#endif
