/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One release of a lamp in a log for tests of the auditor: asked for, answered, signed, and wrong
 * in any one point.
 */
#ifndef SLIPWAY_TEST_STORY_H
#define SLIPWAY_TEST_STORY_H

#include "test_audit.h"

struct test_story {
    const char *name;
    struct test_audit_asking asking;
    bool unasked;
    bool unapproved;
    struct test_audit_answer approval;
    bool approves_other_content, approves_other_metadata, approves_other_request;
    struct test_audit_answer second; /* with an answer of its own, if it has a time */
    const char *before;              /* the kind of a record that ends the request */
    struct test_audit_policy policy; /* a next one, before it is signed; version 0: none */
    struct test_audit_signature signature;
    uint32_t version; /* inside the metadata; 0: 1 */
    const char *finding;
};

/* From the request to the signature. */
void test_story_tell(struct test_log *test, const struct test_story *story);

/* Its parts: what is said to a request (request, content and digest where they aren't given), all
 * that its approvers say, a refusal or an expiry, the release with its signature. */
void test_story_answer(struct test_log *test, const struct test_audit_answer *answer,
                       const struct test_audit_metadata *metadata, const uint8_t *request);
void test_story_approve(struct test_log *test, const struct test_story *story,
                        const struct test_audit_metadata *metadata, const uint8_t *request);
void test_story_end(struct test_log *test, const char *kind, const uint8_t *request);
void test_story_sign(struct test_log *test, const struct test_audit_signature *told,
                     uint32_t version, const struct test_audit_metadata *metadata,
                     const uint8_t *request);

#endif
