/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole signing service in a test's process, with the test as its front: it sends what a hostile
 * front could send, and sees what comes back. Policy, people, builders, bundles and statements are
 * made here with real keys; the judge is the real program.
 *
 *     struct test_signer signer;
 *     TAP_REQUIRE(test_signer_open(&signer));
 *     struct test_bundle bundle = {.version = 3};
 *     test_submit(&signer, &bundle, &(struct test_asking){0});
 *     TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
 *     test_signer_close(&signer);
 */
#ifndef SIGNER_KEYS_TEST_SIGNER_H
#define SIGNER_KEYS_TEST_SIGNER_H

#include "service.h"

#include "slipway/statements.h"
#include "slipway/witness.h"

#define TEST_ORIGIN "signer.example/lamp"
#define TEST_START 1900000000 /* when tests begin */

/* Everybody: keys of one process. */
enum test_party {
    TEST_ADA, /* people: approvers, ada asks for signatures too */
    TEST_BEN,
    TEST_EVE,
    TEST_CI,    /* machine: builds and asks */
    TEST_LAB,   /* machine: tests */
    TEST_OTHER, /* nobody that the policy knows */
    TEST_ADMIN1,
    TEST_ADMIN2,
    TEST_ADMIN3,
    TEST_ROOT,     /* signs roots of bundles */
    TEST_KEY_PROD, /* keys of the service */
    TEST_KEY_TEST,
    TEST_KEY_ROOT, /* a root key of test roots */
    TEST_KEY_ROLE, /* of the role lamp-stable */
    TEST_LOG,
    TEST_WITNESS1,
    TEST_WITNESS2,
    TEST_WITNESS3,
    TEST_ADA_SECOND, /* another key of ada's */
    TEST_PARTIES,
};
const struct slw_private_key *test_key(enum test_party party);

/* What of the policy is as said here; zeros: as the example has it. */
struct test_policy {
    uint32_t version;           /* 0: 1 */
    const char *prod_approvals; /* JSON; NULL: {"count":2,"people":["ada","ben","eve"]} */
    const char *prod_more; /* members of the production rule behind the others, ",\"hours\":…" */
    const char *test_more;
    const char *people; /* JSON object; NULL: ada, ben, eve with a key each */
    const char *machines;
    unsigned quorum; /* of three witnesses */
    unsigned delay_s;
    int64_t issued;        /* 0: TEST_START - 1000 */
    bool other_prod_key;   /* lamp-prod is another key */
    bool admins_differ;    /* TEST_ADMIN3 in place of TEST_ADMIN2 */
    const char *keys_more; /* behind the service's keys */
    const char *rules_more;
};
/* The policy's JSON, an envelope of it by these administrators (-1 ends the list), appended. */
void test_policy_text(const struct test_policy *policy, struct slw_heap_buffer *ret_text);
void test_policy_envelope(const struct test_policy *policy, const int *administrators,
                          struct slw_heap_buffer *ret_envelope);
/* A key as a JSON string: its PEM. In static memory, a few at a time. */
const char *test_pem(enum test_party party);

#define TEST_NO_CLASS ((enum slw_key_class)9) /* a root that doesn't say its class */

#define TEST_HARDWARE_MAX 2000u

/* A bundle; zeros: product lamp, class prod, build type user, endorsed by ci, tested by lab. */
struct test_bundle {
    uint32_t version; /* 0: 1 */
    const char *payload;
    const char *product;
    enum slw_key_class root_class; /* NONE: PROD */
    enum slw_build_type build_type;
    enum test_party targets_key; /* 0: TEST_KEY_PROD */
    bool no_endorsement;
    bool no_test;
    bool test_failed;
    bool endorse_by_other;
    bool endorse_other_content;
    const char *builder_id;
    const char *source;
    const char *build_type_uri;
    const char *parameter; /* value of the only one, "profile"; NULL: release */
    bool more_parameters;
    bool unknown_field; /* in the metadata */
    bool other_order;   /* of the metadata's fields */
    bool wrong_payload; /* its bytes aren't those that the metadata list */
    bool no_payload;    /* the image is left out, as it may be when the former release had it */
    bool unlisted_root; /* the key isn't a targets key of the root */
    bool root_unsigned;
    uint32_t root_version; /* 0: 1 */
    int64_t root_expires;  /* 0: never */
    int64_t expires;
    unsigned more_hardware; /* so many hardware ids more: metadata that are long */
    const struct slw_heap_buffer *endorsement; /* one more, as it is */
};
void test_bundle_make(const struct test_bundle *bundle, struct slw_heap_buffer *ret_bytes);
/* "lamp-1" and so on. */
struct slw_targets_draft;
bool test_hardware_add(struct slw_targets_draft *draft, unsigned count);

/* A request; zeros: by ci, for lamp-prod, channel stable, of now, for a day. */
struct test_asking {
    enum test_party by; /* 0 is ada; use `by_set` */
    bool by_set;
    const char *key;
    const char *channel;
    const char *signer;
    int64_t issued; /* 0: now */
    int64_t expires;
    enum slw_operation operation;
    bool no_upload;
    bool no_stage;
    const struct slw_heap_buffer *change; /* sign-role */
    const uint8_t *release;
};

/* What an approver says of the last request; zeros: ada approves what is there. */
struct test_approving {
    enum test_party by;
    bool reject;
    const char *channel;
    const char *signer;
    bool other_request; /* the request that was asked for before the last one */
    bool other_content;
    bool other_targets;
    bool other_key;
    enum slw_key_class key_class;
    uint32_t policy_version; /* 0: that of the service */
    int64_t issued;
    int64_t expires;
};

struct test_signer {
    char directory[64];
    struct slw_service_options options;
    struct slw_service_key keys[8];
    struct slw_note_signer log_signer;
    struct slw_spawner spawner;
    bool has_spawner;
    struct slw_service *service;
    int socket; /* the front's end; -1: hung up */
    int64_t now_utc_s;
    int64_t now_ms;
    uint64_t number;
    struct test_policy policy;
    const char *auditors_ask; /* what they find in its log, rightly; NULL: nothing */
    /* of the last answer */
    struct slw_heap_buffer packet;
    struct slw_signer_answer answer;
    char reason[64];
    char detail[SLW_SIGNER_DETAIL_SIZE_MAX + 1];
    bool answered;
    /* of the last request */
    uint8_t id[SLW_SHA256_SIZE];
    uint8_t former_id[SLW_SHA256_SIZE];
    uint8_t content[SLW_SHA256_SIZE];
    uint8_t targets[SLW_SHA256_SIZE];
    uint8_t staged[SLW_SHA256_SIZE];
    enum test_party key;
    enum slw_key_class key_class;
    struct slw_heap_buffer request; /* its envelope */
    struct slw_heap_buffer metadata;
    struct slw_witness *witnesses[3]; /* made when they are first asked */
    struct slw_note_signer witness_signers[3];
    struct slw_note_key log_key;
    char witness_directory[64];
    char witness_paths[3][80];
};

/* A new service with the example policy, or another. */
bool test_signer_open(struct test_signer *signer);
bool test_signer_open_with(struct test_signer *signer, const struct test_policy *policy);
/* Ends it; the directory stays. And starts it again, on the same directory. */
void test_signer_stop(struct test_signer *signer);
enum slw_status test_signer_start(struct test_signer *signer, struct slw_detail *detail);
/* Ends it, looks at its log as an auditor does, and removes the directory. */
void test_signer_close(struct test_signer *signer);

/* Turns until nothing more happens by itself. */
void test_settle(struct test_signer *signer);
/* Sends a call and turns until its answer is there; false when the service hung up. */
bool test_call(struct test_signer *signer, struct slw_signer_call *call);
/* Submits an envelope; the status of the answer's reason, SLW_OK without one. */
enum slw_status test_say(struct test_signer *signer, struct slw_bytes envelope);

/* An envelope of a payload by somebody, appended. */
void test_sign_statement(enum test_party by, struct slw_bytes payload,
                         struct slw_heap_buffer *ret_envelope);

/* Stages by ci, uploads; the status of the answer. */
enum slw_status test_stage(struct test_signer *signer, struct slw_bytes bytes);
/* By another one, who says that they are so many. */
enum slw_status test_stage_as(struct test_signer *signer, enum test_party by,
                              struct slw_bytes bytes, uint64_t length);
enum slw_status test_upload(struct test_signer *signer, struct slw_bytes bytes);

/* Stages, uploads and asks; the status of the request's answer. */
enum slw_status test_submit(struct test_signer *signer, const struct test_bundle *bundle,
                            const struct test_asking *asking);
enum slw_status test_submit_bytes(struct test_signer *signer, struct slw_bytes bundle,
                                  const struct test_asking *asking);
enum slw_status test_approve(struct test_signer *signer, const struct test_approving *approving);
void test_approval_envelope(struct test_signer *signer, const struct test_approving *approving,
                            struct slw_heap_buffer *ret_envelope);
/* What became of the last request; signer->reason has the word of a refusal. */
enum slw_signer_state test_outcome(struct test_signer *signer);
/* Waits until it is this. */
bool test_await(struct test_signer *signer, enum slw_signer_state wanted);
/* The status of that word; SLW_OK when it isn't refused. */
enum slw_status test_refusal(struct test_signer *signer);
/* Whether the signature that BLOB gives is the key's over the metadata. */
bool test_signature_is_good(struct test_signer *signer);
enum slw_status test_blob(struct test_signer *signer, enum slw_signer_blob which,
                          struct slw_heap_buffer *ret_bytes);
/*
 * What the service asks of witnesses is taken to real ones, with clocks that differ so much, of
 * which the first how_many answer; once, or until nothing more is asked. How many cosigned.
 */
size_t test_witness(struct test_signer *signer, int64_t clock_difference_s, size_t how_many);

/* A next policy, by these administrators (-1 ends the list). */
enum slw_status test_change_policy(struct test_signer *signer, const struct test_policy *policy,
                                   const int *administrators);
/* How many requests were signed, by the log. */
size_t test_signed_count(const struct test_signer *signer);
/* A copy of the directory, with all that is in it; the copy's path. */
bool test_copy(const struct test_signer *signer, char ret_path[static 64]);

#endif
