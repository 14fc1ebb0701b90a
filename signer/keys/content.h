/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would be signed: read from a staged copy, taken apart, and built again. The bytes that are
 * signed are always ones that were made here; whatever can't be made again from what was understood
 * is refused. Workers do this, with nothing but the task; what comes of it are facts for the
 * policy.
 */
#ifndef SIGNER_KEYS_CONTENT_H
#define SIGNER_KEYS_CONTENT_H

#include "known_roots.h"

#include "slipway/content_rules.h"
#include "slipway/policy_decide.h"
#include "slipway/provenance.h"
#include "slipway/statements.h"
#include "slipway/targets_draft.h"

#include <poll.h>

#define SLW_CONTENT_SIGNABLE_MAX 1000000u

/* The request by which a bundle was signed, for who adds it to a role. */
struct slw_content_release {
    uint8_t sha256[SLW_SHA256_SIZE]; /* of the metadata that were signed */
    uint8_t key_id[SLW_SHA256_SIZE];
    uint8_t sig[SLW_SIGNATURE_SIZE];
    const struct slw_content_former *former; /* the release before it; NULL: none */
    size_t former_count;
};

/* What reading needs to know. Everything lives longer than the task. */
struct slw_content_task {
    int descriptor; /* of the staged copy; -1: nothing was staged */
    uint8_t staged[SLW_SHA256_SIZE];
    const struct slw_request *request;
    const struct slw_policy *policy;
    const struct slw_statement_key *const *keys; /* of everybody */
    size_t keys_count;
    const struct slw_policy_signing_key *key;
    int added; /* sign-role: of the bundle that is added to a production role; -1: none is */
    struct slw_content_release release; /* by which that was signed */
    struct slw_bytes tuf_root;          /* sign-role: the file of a trusted root; empty: none */
    struct slw_known_roots *known_roots;
    int64_t now_utc_s;
};

/* An endorsement or a test result whose signature is good. */
struct slw_content_said {
    uint8_t signer_id[SLW_SHA256_SIZE];
    struct slw_heap_buffer payload;
    struct slw_statement statement; /* of kind PROVENANCE or TEST_RESULT */
    struct slw_provenance provenance;
    struct slw_test_result result;
};
#define SLW_CONTENT_SAID_MAX 256u

/* The root that a bundle carries, or that would be signed. */
struct slw_content_root {
    bool given;
    uint32_t version;
    uint8_t sha256[SLW_SHA256_SIZE];
};

struct slw_content {
    enum slw_status status; /* why it can't be signed, with detail; SLW_OK: it may */
    struct slw_detail detail;
    bool is_damaged;              /* the staged copy isn't what was announced */
    bool adds_damaged;            /* nor is that of what is added */
    struct slw_heap_buffer bytes; /* what is signed */
    uint8_t sha256[SLW_SHA256_SIZE];
    uint8_t digest[SLW_SHA256_SIZE]; /* what approvals are about */
    uint64_t version;
    struct slw_heap_buffer product;
    enum slw_key_class root_class;
    enum slw_build_type build_type;
    struct slw_content_root root;
    struct slw_heap_buffer role; /* sign-role */
    uint64_t base_version;
    uint8_t base_sha256[SLW_SHA256_SIZE];
    bool adds_targets;
    /* of what is added: one release of this product and channel, or more than one */
    bool adds_one_release;
    uint64_t adds_version;
    struct slw_heap_buffer adds_product;
    struct slw_heap_buffer adds_channel;
    bool adds_one_file; /* of this length and SHA-256 */
    uint64_t adds_length;
    uint8_t adds_sha256[SLW_SHA256_SIZE];
    bool adds_is_release;           /* that file is the very bundle that was signed */
    struct slw_content_said **said; /* what builders and testers say */
    size_t said_count;
};

/* Reads; the outcome is in ret_content, to be freed. */
void slw_content_read(const struct slw_content_task *task, struct slw_content *ret_content);
void slw_content_free(struct slw_content *content);

/* By operation; called by slw_content_read(). */
enum slw_status slw_content_read_targets(const struct slw_content_task *task,
                                         struct slw_content *content, struct slw_detail *detail);
enum slw_status slw_content_read_root(const struct slw_content_task *task,
                                      struct slw_content *content, struct slw_detail *detail);
enum slw_status slw_content_read_role(const struct slw_content_task *task,
                                      struct slw_content *content, struct slw_detail *detail);

/* Whether the file that is added is the bundle that was signed, and all of it right. */
enum slw_status slw_content_read_added(const struct slw_content_task *task,
                                       struct slw_content *content, struct slw_detail *detail);

struct slw_bundle_index;
/* Endorsements and test results of a bundle whose signatures are good. Others count for nothing. */
enum slw_status slw_content_endorsements(const struct slw_content_task *task,
                                         const struct slw_bundle_index *index,
                                         struct slw_content *content, struct slw_detail *detail);

/* A source over a descriptor. The metadata of a bundle are short and near each other, so that
 * reading on behind what is asked for saves most of the calls. */
struct slw_descriptor_source {
    struct slw_source source;
    int descriptor;
    uint64_t ahead_from; /* where in the file ahead is from */
    size_t ahead_len;
    uint8_t ahead[8192];
};
enum slw_status slw_descriptor_source_init(int descriptor, struct slw_descriptor_source *ret_source,
                                           struct slw_detail *detail);

#endif
