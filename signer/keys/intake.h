/* SPDX-License-Identifier: Apache-2.0 */
/* A statement on its way in: what a worker found out about it, for intake.c and its kinds. */
#ifndef SIGNER_KEYS_INTAKE_H
#define SIGNER_KEYS_INTAKE_H

#include "case.h"

struct slw_intake {
    struct slw_job job; /* first, so that a job is its statement */
    struct slw_intake *next;
    uint64_t number; /* of the call to answer; 0: nobody waits any more */
    struct slw_heap_buffer text;
    const struct slw_book_policy *policy; /* whose keys were tried; it stays where it is */
    bool has_envelope;
    struct slw_dsse envelope;
    bool has_statement;
    struct slw_statement statement;
    struct slw_dsse_signers signers;
    enum slw_status status;
    enum slw_status transcript; /* of a ceremony, known who sent it: what is wrong with it */
    struct slw_detail detail;
    uint8_t id[SLW_SHA256_SIZE];       /* zeros when it is no statement */
    uint8_t known_by[SLW_SHA256_SIZE]; /* the same; of an approval with who made it */
    struct slw_policy_holder holder;   /* who made it; kind NOBODY: not known, or administrators */
};

/* Logs a refusal, and answers with it. */
void slw_intake_refuse(struct slw_service *service, const struct slw_intake *intake,
                       enum slw_status reason, const char *text);
/* Begins the record of an accepted statement: id and envelope. */
void slw_intake_record(struct slw_service *service, const struct slw_intake *intake,
                       enum slw_record_kind kind, struct slw_record *ret_record);
/* The same at a time that was decided by. */
void slw_intake_record_at(const struct slw_intake *intake, enum slw_record_kind kind,
                          int64_t now_utc_s, struct slw_record *ret_record);
enum slw_status slw_intake_check_signer(const struct slw_service *service, struct slw_bytes signer,
                                        struct slw_detail *detail);
enum slw_status slw_intake_check_issued(const struct slw_service *service, int64_t issued_utc_s,
                                        struct slw_detail *detail);

/* Whether who made it may ask for anything at all. */
bool slw_intake_is_requester(struct slw_service *service, const struct slw_intake *intake);

/* intake_request.c, intake_policy.c, intake_root.c: what a statement of its kind, by somebody
 * known, leads to. */
void slw_intake_request(struct slw_service *service, const struct slw_intake *intake);
void slw_intake_approval(struct slw_service *service, const struct slw_intake *intake);
void slw_intake_policy(struct slw_service *service, const struct slw_intake *intake);
void slw_intake_root(struct slw_service *service, const struct slw_intake *intake);

#endif
