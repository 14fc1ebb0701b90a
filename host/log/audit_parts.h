/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the auditor share. */
#ifndef SLIPWAY_AUDIT_PARTS_H
#define SLIPWAY_AUDIT_PARTS_H

#include "log_edge.h"

#include "slipway/audit.h"
#include "slipway/policy_decide.h"
#include "slipway/statements.h"

#define SLW_AUDIT_UNNAMED_MAX 4096u

/* A release leaf that a record of its signature has to follow. */
struct slw_audit_unnamed {
    uint64_t index;
    uint32_t version;
    size_t product_len;
    uint8_t product[SLW_LOG_PRODUCT_SIZE_MAX];
    uint8_t digest[SLW_SHA256_SIZE];
};

#define SLW_AUDIT_POLICIES_MAX 4096u

struct slw_audit_policy {
    int64_t logged_utc_s;
    int64_t in_force_utc_s;
    size_t former; /* by whose administrators it is; nothing for the first */
    struct slw_policy *policy;
    struct slw_heap_buffer envelope; /* its text, to be kept */
};

/* Adds a policy, when those signed it who had to and it counts from when it may; what
 * slw_policy_open() returns otherwise, SLW_LOOSENING_DELAYED for the latter. */
SLW_MUST_USE enum slw_status slw_audit_policy_add(struct slw_audit *audit,
                                                  struct slw_bytes envelope, int64_t logged_utc_s,
                                                  int64_t in_force_utc_s,
                                                  struct slw_detail *detail);
void slw_audit_policies_free(struct slw_audit *audit);

/* Which policy was in force then, by its index, of those that are known so far: none for an index
 * that isn't below policies_count. */
size_t slw_audit_policy_at(const struct slw_audit *audit, int64_t utc_s);

/* The root of a product's TUF repository that the log says is trusted. */
struct slw_audit_root {
    size_t product_len;
    uint8_t product[SLW_STATEMENT_NAME_MAX];
    struct slw_heap_buffer file;
};

/*
 * A root that the log says is trusted from now on: the first of a product stands for itself, each
 * other follows the one before, unless it is one of settings.known_roots. version is what the
 * record says it is. What slipway/tuf_follow.h returns otherwise, SLW_BAD_STATEMENT for another
 * version, SLW_TOO_LARGE, SLW_NO_SPACE; then the one before goes on being trusted.
 */
SLW_MUST_USE enum slw_status slw_audit_root_add(struct slw_audit *audit, struct slw_bytes product,
                                                struct slw_bytes file, int64_t version,
                                                struct slw_detail *detail);
/* As it was saved: one that stands for itself, of a product that has none. */
SLW_MUST_USE enum slw_status slw_audit_root_restore(struct slw_audit *audit,
                                                    struct slw_bytes product, struct slw_bytes file,
                                                    struct slw_detail *detail);
void slw_audit_roots_free(struct slw_audit *audit);

/* A name that a policy may have. */
struct slw_audit_name {
    uint8_t len;
    uint8_t text[SLW_POLICY_NAME_SIZE_MAX];
};

static inline struct slw_bytes name_of(const struct slw_audit_name *name)
{
    return slw_bytes_make(name->text, name->len);
}

/* What somebody said to a request. The views of says are empty: what they would say is known. */
struct slw_audit_answer {
    uint8_t signer_id[SLW_SHA256_SIZE];
    struct slw_approval says;
};

/* What was asked for, as far as a signature can be compared with it. */
struct slw_audit_asked {
    uint8_t requester_id[SLW_SHA256_SIZE];
    uint8_t staged[SLW_SHA256_SIZE];
    enum slw_operation operation;
    int64_t issued_utc_s;
    struct slw_audit_name key; /* empty: none that a policy could name */
    struct slw_audit_name channel;
    struct slw_audit_name role; /* of sign-role, with its next version */
    int64_t version;
    struct slw_audit_answer *answers;
    size_t answers_count;
};

struct slw_audit_request {
    uint8_t id[SLW_SHA256_SIZE];
    int64_t expires_utc_s;
    struct slw_audit_asked *asked; /* NULL: it has ended */
};

/* A log's times are those of its records: what led to one may have been a little earlier. */
#define SLW_AUDIT_EARLIER_S 60

/*
 * A request that the log says was taken. SLW_BAD_STATEMENT for one that it had before;
 * SLW_TOO_MANY, SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_audit_request_open(struct slw_audit *audit,
                                                    const uint8_t id[static SLW_SHA256_SIZE],
                                                    const uint8_t by[static SLW_SHA256_SIZE],
                                                    const struct slw_request *request,
                                                    struct slw_detail *detail);
/* An approval or a rejection, by a key: of a request that isn't open it says nothing. SLW_TOO_MANY,
 * SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_audit_request_answer(struct slw_audit *audit,
                                                      const uint8_t by[static SLW_SHA256_SIZE],
                                                      const struct slw_approval *says,
                                                      struct slw_detail *detail);
/* The open one with this id; NULL. */
struct slw_audit_request *slw_audit_request_find(const struct slw_audit *audit,
                                                 const uint8_t id[static SLW_SHA256_SIZE]);
void slw_audit_request_end(struct slw_audit *audit, struct slw_audit_request *request);
void slw_audit_requests_free(struct slw_audit *audit);
/* Adds those of another audit, to one that has none; false when there is no memory. */
bool slw_audit_requests_copy(const struct slw_audit *audit, struct slw_audit *copy);
/* In a state file. What can't be read fails the reader. */
void slw_audit_requests_put(const struct slw_audit *audit, struct slw_heap_buffer *bytes);
void slw_audit_requests_get(struct slw_reader *reader, struct slw_audit *audit);
#define SLW_AUDIT_REQUESTS_SIZE_MAX                                                                \
    ((size_t)SLW_AUDIT_REQUESTS_MAX * 41u +                                                        \
     (size_t)SLW_AUDIT_OPEN_MAX * (512u + SLW_POLICY_APPROVALS_MAX * 256u))

/* The service's key with this id, of any policy, the newest first; NULL. */
const struct slw_policy_signing_key *
slw_audit_signing_key(const struct slw_audit *audit, const uint8_t key_id[static SLW_SHA256_SIZE]);

/* Whether any policy has the key with this id for an operation ("sign-targets"), of a product and a
 * class ("prod"). */
bool slw_audit_is_key_for(const struct slw_audit *audit,
                          const uint8_t key_id[static SLW_SHA256_SIZE], struct slw_bytes operation,
                          struct slw_bytes product, struct slw_bytes class_name);

/* Notes what is wrong with an entry. */
void slw_audit_find(struct slw_audit *audit, uint64_t index, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What an entry says, after all before it, whose tree is given. SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_audit_judge(struct slw_audit *audit,
                                             const struct slw_merkle_frontier *before,
                                             const struct slw_log_entry *entry,
                                             struct slw_detail *detail);

/* The release of the same scope and version; NULL when there is none. */
const struct slw_audit_release *slw_audit_release_find(const struct slw_audit *audit,
                                                       const struct slw_audit_release *like);
/* Adds one that isn't there. SLW_TOO_LARGE, SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_audit_release_add(struct slw_audit *audit,
                                                   const struct slw_audit_release *release,
                                                   struct slw_detail *detail);

/* A copy that can be thrown away; the findings start anew, the watches too. */
SLW_MUST_USE enum slw_status slw_audit_copy(const struct slw_audit *audit,
                                            struct slw_audit *ret_copy, struct slw_detail *detail);

#endif
