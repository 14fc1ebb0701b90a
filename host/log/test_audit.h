/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as a signing service writes it, for tests of the auditor: administrators, policies, people,
 * and records that say whatever a test wants. What can't be made ends the program.
 */
#ifndef SLIPWAY_TEST_AUDIT_H
#define SLIPWAY_TEST_AUDIT_H

#include "test_log.h"

#include "slipway/audit.h"

#define TEST_AUDIT_ORIGIN "example.com/log"

/* Who may change the policy, what the service signs with, and a person of the policy. */
extern struct slw_private_key *test_administrator;
extern struct slw_private_key *test_other_administrator;
extern struct slw_private_key *test_signing;
extern struct slw_private_key *test_ada;
extern const char *test_signing_use; /* what the policy says that the service's key is for */

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
    bool lacks_ada;                           /* nobody takes part */
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

/* With administrators and a policy; committed. */
bool test_audit_setup(struct test_log *test);

struct slw_audit test_auditor(const struct test_log *test);
enum slw_status test_audit_all(const struct test_log *test, size_t *ret_findings);

/* Commits and audits all: whether this is the only thing found (NULL: nothing is); prints what is
 * instead. */
bool test_audit_finds(struct test_log *test, const char *finding);

#endif
