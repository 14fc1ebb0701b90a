/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the key process knows, all of it read from the log's records: policies, requests and their
 * approvals, what was signed, marks of versions, the time. A record has its effect here once it is
 * committed, by the same function as when the log is read at the next start, so that nothing is
 * known that isn't in the log and nothing is lost that is.
 *
 *     SLW_TRY(slw_book_replay(&book, log, detail));
 *     ... slw_log_append_record(), slw_log_commit() ...
 *     SLW_TRY(slw_book_apply(&book, index, text, detail));
 *
 * A request costs some two kilobytes, for as long as the log is.
 */
#ifndef SIGNER_KEYS_BOOK_H
#define SIGNER_KEYS_BOOK_H

#include "claims.h"
#include "id_map.h"
#include "record.h"

#include "slipway/dsse.h"
#include "slipway/log.h"
#include "slipway/policy_decide.h"
#include "slipway/signer_protocol.h"
#include "slipway/statements.h"

#define SLW_BOOK_REQUESTS_MAX 1000000u
#define SLW_BOOK_POLICIES_MAX 10000u
#define SLW_BOOK_MARKS_MAX 65536u
#define SLW_BOOK_ROOTS_MAX 10000u
#define SLW_BOOK_NONE UINT64_MAX /* no index */

/* A policy that was logged. It is kept until the process ends: threads may be reading it. */
struct slw_book_policy {
    struct slw_policy *policy;
    const struct slw_statement_key **keys; /* of everybody who may say something */
    size_t keys_count;
    int64_t in_force_utc_s;
};

struct slw_book_stage {
    uint8_t sha256[SLW_SHA256_SIZE];
    struct slw_claims claims;
};

/* What an approver said. On the heap each, so that views stay where they are. */
struct slw_book_approval {
    uint8_t signer_id[SLW_SHA256_SIZE];
    char person[SLW_POLICY_NAME_SIZE_MAX + 1];
    struct slw_heap_buffer payload;
    struct slw_statement statement;
    struct slw_approval says;
};

struct slw_case; /* what is being done about an open request: case.h */

struct slw_book_request {
    uint8_t id[SLW_SHA256_SIZE];
    enum slw_signer_state state; /* RECEIVED while open, whatever is being done; else a last one */
    uint64_t record;             /* its index in the log */
    size_t place;                /* its index in the book's list */
    int64_t received_utc_s;
    uint8_t requester_id[SLW_SHA256_SIZE]; /* the key that signed it */
    char requester[SLW_POLICY_NAME_SIZE_MAX + 1];
    struct slw_heap_buffer payload;
    struct slw_statement statement;
    struct slw_request request;
    struct slw_book_approval **approvals;
    size_t approvals_count;
    enum slw_status reason; /* refused */
    char *detail;
    /* signed */
    uint64_t release;   /* index of its release leaf; SLW_BOOK_NONE: it has none */
    uint64_t signature; /* index of its signature's record */
    int64_t signed_utc_s;
    uint8_t sig[SLW_SIGNATURE_SIZE];
    uint8_t signed_sha256[SLW_SHA256_SIZE];
    uint8_t key_id[SLW_SHA256_SIZE];
    enum slw_key_class key_class;
    char product[SLW_POLICY_NAME_SIZE_MAX + 1];
    uint64_t version;
    struct slw_case *work; /* NULL when it is closed */
};

/*
 * The highest version that was signed of a kind under a name: targets and roots by "PRODUCT/CLASS",
 * roles by "PRODUCT/ROLE", so that a key's name in the policy says nothing about it.
 */
#define SLW_BOOK_METADATA_MAX 16384u /* bytes of a mark's metadata that are kept in memory */
#define SLW_BOOK_MARK_NAME_MAX (2 * SLW_POLICY_NAME_SIZE_MAX + 8u)
struct slw_book_mark {
    enum slw_policy_use use;
    char name[SLW_BOOK_MARK_NAME_MAX + 1];
    uint64_t version;
    bool has_content; /* false: by a takeover's statement, which names the version alone */
    uint8_t sha256[SLW_SHA256_SIZE]; /* of what was signed with this version */
    uint64_t record;                 /* of the newest signature; SLW_BOOK_NONE */
    struct slw_heap_buffer metadata; /* that record's; empty: the log has them, if there are any */
    uint64_t reserved_version;       /* a signature that is being made; 0: none */
    uint8_t reserved_sha256[SLW_SHA256_SIZE];
};

/* When a rule's product, class and use had signatures: for rates. */
struct slw_book_rate {
    enum slw_policy_use use;
    enum slw_key_class key_class;
    char product[SLW_POLICY_NAME_SIZE_MAX + 1];
    int64_t *times;
    size_t count;
};

/* A root of a product's TUF repository that was followed to, or that the settings brought. Kept
 * until the process ends, as policies are: threads may be reading it. */
struct slw_book_root {
    char product[SLW_POLICY_NAME_SIZE_MAX + 1];
    bool by_settings;
    uint64_t version;
    struct slw_heap_buffer file;
};

struct slw_book {
    char *origin;
    int64_t time_utc_s;                /* of the last record */
    uint64_t epoch;                    /* from 1 */
    uint64_t started;                  /* index of the last start record; SLW_BOOK_NONE */
    uint8_t instance[SLW_SHA256_SIZE]; /* of the last start or takeover: which machine and disk */
    bool has_instance;
    struct slw_heap_buffer administrators; /* of entry 0 */
    struct slw_book_policy **policies;
    size_t policies_count;
    const struct slw_book_policy *former; /* in force when the newest, which may wait, was logged */
    struct slw_id_map stages;
    struct slw_id_map requests;
    struct slw_book_request **list; /* in the order of the log */
    size_t list_count;
    struct slw_id_map statements; /* approvals, policies, …: ids that had their effect */
    struct slw_book_mark *marks;
    size_t marks_count;
    struct slw_book_rate *rates;
    size_t rates_count;
    struct slw_book_root **roots; /* in the order of the log: those followed to, ascending */
    size_t roots_count;
};

/* Reads the whole log. SLW_LOG_DAMAGED for a record that isn't one of ours. */
SLW_MUST_USE enum slw_status slw_book_replay(struct slw_book *book, const char *origin,
                                             struct slw_log *log, struct slw_detail *detail);
void slw_book_free(struct slw_book *book);

/* The effect of one record. */
SLW_MUST_USE enum slw_status slw_book_apply(struct slw_book *book, uint64_t index,
                                            struct slw_bytes text, struct slw_detail *detail);

/* The policy in force at this time, which isn't before that of the newest one's record. NULL when
 * there is none. */
const struct slw_book_policy *slw_book_policy_at(const struct slw_book *book, int64_t now_utc_s);
/* The newest that was logged, in force or not. */
const struct slw_book_policy *slw_book_policy_newest(const struct slw_book *book);

struct slw_book_request *slw_book_request_find(const struct slw_book *book,
                                               const uint8_t id[static SLW_SHA256_SIZE]);
const struct slw_book_stage *slw_book_stage_find(const struct slw_book *book,
                                                 const uint8_t sha256[static SLW_SHA256_SIZE]);
/* What an approval is known by: two people may say the very same. */
void slw_book_approval_id(const uint8_t statement[static SLW_SHA256_SIZE],
                          const uint8_t key_id[static SLW_SHA256_SIZE],
                          uint8_t ret_id[static SLW_SHA256_SIZE]);
/* Whether a statement that isn't a request had its effect already. */
bool slw_book_has_statement(const struct slw_book *book, const uint8_t id[static SLW_SHA256_SIZE]);

/* The mark of a kind and name; NULL. With make, one of version 0 is made, NULL when it can't be. */
struct slw_book_mark *slw_book_mark(struct slw_book *book, enum slw_policy_use use,
                                    const char *name, bool make);
/* What a mark of this key is called; role only for SLW_POLICY_USE_ROLE. */
void slw_book_mark_name(const struct slw_policy_signing_key *key, struct slw_bytes role,
                        char ret_name[static SLW_BOOK_MARK_NAME_MAX + 1]);

/* The newest root of a product that was followed to; NULL when there was none. */
const struct slw_book_root *slw_book_root(const struct slw_book *book, struct slw_bytes product);
/* The last one that the log has, whatever brought it; NULL when it has none. */
const struct slw_book_root *slw_book_root_last(const struct slw_book *book,
                                               struct slw_bytes product);

/* Times of former signatures; NULL when there were none. */
struct slw_book_rate *slw_book_rate(struct slw_book *book, const struct slw_policy_signing_key *key,
                                    bool make);
SLW_MUST_USE bool slw_book_rate_add(struct slw_book_rate *rate, int64_t utc_s);

/* The administrators of a policy as entry 0 has them: JSON with the threshold, and the ids of their
 * keys by name. Appended. */
void slw_book_administrators(const struct slw_policy *policy, struct slw_heap_buffer *ret_json);

#endif
