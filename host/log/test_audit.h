/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as a signing service writes it, for tests of the auditor: administrators, policies, people,
 * and records that say whatever a test wants. What can't be made ends the program.
 */
#ifndef SLIPWAY_TEST_AUDIT_H
#define SLIPWAY_TEST_AUDIT_H

#include "test_log.h"

#include "slipway/audit.h"
#include "slipway/statements.h"

#define TEST_AUDIT_ORIGIN "example.com/log"

/* Who may change the policy, what the service signs with, and a person of the policy. */
extern struct slw_private_key *test_administrator;
extern struct slw_private_key *test_other_administrator;
extern struct slw_private_key *test_signing;
extern struct slw_private_key *test_ada;
extern struct slw_private_key *test_ben;     /* another person */
extern struct slw_private_key *test_machine; /* "ci", which asks */
extern const char *test_signing_use;         /* what the policy says the service's key is for */
extern const char *test_signing_class;       /* and of which class */
extern unsigned test_approvals;              /* and how many must approve: ada, ben */

bool test_audit_make_keys(void);
void test_audit_free_keys(void);

/* A policy and its record: "root" is the administrator, unless there are two ("root", "other"). */
struct test_audit_policy {
    unsigned version;
    unsigned said_version; /* by its record; 0: the same */
    const char *time;      /* NULL: 2026-01-01T00:00:01Z */
    const char *in_force;
    unsigned delay_s;   /* for loosening it; 0: a day */
    unsigned threshold; /* 0: 1 */
    bool has_other;     /* the other administrator, too */
    bool lacks_root;
    bool lacks_ada;                           /* nobody takes part, and nothing is signed */
    bool lacks_ben;                           /* who doesn't approve any more */
    const struct slw_private_key *signers[2]; /* NULL: the administrator alone */
};

void test_audit_record(struct test_log *test, const char *text);
void test_audit_administrators(struct test_log *test);
void test_audit_policy(struct test_log *test, const struct test_audit_policy *policy);
void test_audit_hex(struct slw_bytes bytes, struct slw_heap_buffer *ret_json);
void test_audit_commit(struct test_log *test);

/* An envelope of a payload, by one or two keys. */
void test_audit_envelope(struct slw_bytes payload, const struct slw_private_key *signer,
                         const struct slw_private_key *second, struct slw_heap_buffer *ret_text);

/* A record of a kind with a statement, at TEST_AUDIT_LATER, under this id (NULL: its own); more are
 * its other members, each with a comma behind it. */
#define TEST_AUDIT_LATER "2026-01-03T00:00:00Z"
void test_audit_said_as(struct test_log *test, const uint8_t *id, const char *kind,
                        const char *more, const struct slw_heap_buffer *payload,
                        const struct slw_private_key *signer, const struct slw_private_key *second);
void test_audit_said(struct test_log *test, const char *kind, const char *more,
                     const struct slw_heap_buffer *payload, const struct slw_private_key *signer,
                     const struct slw_private_key *second);

/* Targets metadata of product lamp with this content; their digests. */
struct test_audit_metadata {
    struct slw_heap_buffer bytes;
    uint8_t content[SLW_SHA256_SIZE];
    uint8_t sha256[SLW_SHA256_SIZE];
};
void test_audit_metadata(uint32_t version, const char *content,
                         struct test_audit_metadata *ret_metadata);

extern const uint8_t test_audit_staged[SLW_SHA256_SIZE];

/* A request, of what has that digest; zeros: by ci, for targets by lamp-prod on stable, until long
 * after. */
struct test_audit_asking {
    enum slw_operation operation;
    bool by_ada;
    const char *key;
    const char *channel;
    const char *change; /* sign-role */
    int64_t expires_utc_s;
    const char *time;  /* of the record; NULL: TEST_AUDIT_LATER */
    uint8_t nonce[16]; /* zeros: one of its own */
};
void test_audit_ask(struct test_log *test, const struct test_audit_asking *asking,
                    uint8_t ret_id[static SLW_SHA256_SIZE]);

/* What ada says to it; zeros: that it may be signed by lamp-prod on stable. */
struct test_audit_answer {
    const uint8_t *request;
    const uint8_t *content;
    const uint8_t *sha256;
    bool by_ben;
    bool reject;
    bool other_key;
    const char *channel;
    enum slw_key_class key_class;
    uint32_t policy_version; /* 0: 1 */
    int64_t expires_utc_s;
    const char *time;
};
void test_audit_answer(struct test_log *test, const struct test_audit_answer *answer);

/* A record of a signature; zeros: of metadata with their digest, by lamp-prod for targets. */
struct test_audit_signature {
    const uint8_t *request; /* NULL: it names none */
    struct slw_bytes metadata;
    struct slw_bytes shown; /* in the record; empty: what was signed */
    bool lacks_metadata;
    const uint8_t *sha256;
    uint32_t version;
    uint64_t leaf;
    const char *operation;
    const char *key;
    const char *scope; /* members for what it counts in; NULL: "class":"prod" */
    const char *product;
    const struct slw_private_key *signer;
    const char *time;
};
void test_audit_signature(struct test_log *test, const struct test_audit_signature *signature);

/* With administrators and a policy; committed. */
bool test_audit_setup(struct test_log *test);

struct slw_audit test_auditor(const struct test_log *test);
enum slw_status test_audit_all(const struct test_log *test, size_t *ret_findings);

/* Commits and audits all: whether this is the only thing found (NULL: nothing is); prints what is
 * instead. */
bool test_audit_finds(struct test_log *test, const char *finding);

#endif
