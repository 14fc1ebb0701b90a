/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of policies share: keys made of names, a good policy, edits of it, and facts about
 * a request that it allows.
 */
#ifndef SLIPWAY_POLICY_TEST_POLICY_H
#define SLIPWAY_POLICY_TEST_POLICY_H

#include "slipway/policy_compare.h"
#include "slipway/policy_decide.h"

#define TEST_NOW 1790000000 /* 2026-09-21T14:13:20Z, a Monday */

/* The Ed25519 key that belongs to a name; NULL when there is no memory. Free it. */
struct slw_private_key *test_private_key(const char *name);
void test_key_id(const char *name, uint8_t ret_id[static SLW_SHA256_SIZE]);

/* The id of the same key as an OpenSSH key. */
void test_ssh_key_id(const char *name, uint8_t ret_id[static SLW_SHA256_SIZE]);

/*
 * Appends a template's text with keys in it: @NAME@ is the public key of that name in PEM, as in
 * JSON; @ssh:NAME@ its OpenSSH line; @witness:NAME@ its verifier key for cosignatures.
 */
void test_expand(const char *template, struct slw_heap_buffer *ret_text);

/* Appends text with the first `from` replaced; false when it isn't there. */
bool test_edit(const char *text, const char *from, const char *to,
               struct slw_heap_buffer *ret_text);

/* A template that parses: products lamp and lamp-pro, classes prod and test, all kinds of rule. */
extern const char test_policy[];

/* Parses a template after an edit (from NULL: none). */
enum slw_status test_parse(const char *from, const char *to, struct slw_policy **ret_policy,
                           struct slw_detail *detail);

/* A request that test_policy allows, and everything that it needs; the facts point into the rest.
 */
struct test_request {
    struct slw_policy_facts facts;
    struct slw_provenance provenance;
    struct slw_test_result result;
    struct slw_approval ada;
    struct slw_approval ben;
    struct slw_policy_endorsement endorsements[4];
    struct slw_policy_result results[4];
    struct slw_policy_approval approvals[4];
};
void test_request_init(struct test_request *request);

#endif
