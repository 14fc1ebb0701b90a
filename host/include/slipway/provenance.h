/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What builders and testers say of a build: SLSA provenance v1 and in-toto's test result v0.1, both
 * with the content digest as subject (slipway/content_digest.h). They may come from tools that
 * aren't ours, so members that we don't read are ignored, but for external parameters: "Any
 * unrecognized externalParameters SHOULD cause verification to fail", which is for the policy, and
 * so all of them are handed out.
 *
 * The source. SLSA leaves to a build type where it says what was built. Ours says it in
 * externalParameters.source; where a foreign statement has no such member, and exactly one resolved
 * dependency, it is that one's uri. It is handed out apart from the other parameters.
 */
#ifndef SLIPWAY_PROVENANCE_H
#define SLIPWAY_PROVENANCE_H

#include "slipway/statement.h"

#define SLW_PROVENANCE_PARAMETERS_MAX 64u
#define SLW_PROVENANCE_VALUE_MAX 4096u /* bytes of a parameter's value */

struct slw_provenance_parameter {
    struct slw_bytes name;
    bool is_text; /* value is a string's characters; else the canonical JSON of something else */
    struct slw_bytes value;
};

struct slw_provenance {
    struct slw_bytes subject_name; /* the product; may be empty */
    uint8_t content[SLW_SHA256_SIZE];
    struct slw_bytes builder_id;
    struct slw_bytes build_type;
    struct slw_bytes source; /* empty: it doesn't say */
    struct slw_bytes
        git_commit; /* lower-case hexadecimal, of the only resolved dependency; or empty */
    struct slw_provenance_parameter parameters[SLW_PROVENANCE_PARAMETERS_MAX]; /* without source */
    size_t parameters_count;
    struct slw_bytes invocation_id; /* these as they stand there, or empty */
    struct slw_bytes started_on;
    struct slw_bytes finished_on;
    struct slw_heap_buffer memory; /* private: values in canonical form; slw_provenance_free() */
};

/* SLW_BAD_STATEMENT with the place; SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_provenance_read(const struct slw_statement *statement,
                                                 struct slw_provenance *ret_provenance,
                                                 struct slw_detail *detail);
void slw_provenance_free(struct slw_provenance *provenance);

/* Values that aren't texts are written as they are. SLW_BAD_ARGUMENT, SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_provenance_format(const struct slw_provenance *provenance,
                                                   struct slw_heap_buffer *ret_payload,
                                                   struct slw_detail *detail);

enum slw_test_outcome {
    SLW_TEST_PASSED = 1,
    SLW_TEST_WARNED,
    SLW_TEST_FAILED,
};

/* "PASSED", "WARNED", "FAILED". */
const char *slw_test_outcome_word(enum slw_test_outcome outcome);

struct slw_test_result {
    struct slw_bytes subject_name;
    uint8_t content[SLW_SHA256_SIZE];
    enum slw_test_outcome outcome;
    struct slw_bytes suite; /* the name of the first configuration */
    struct slw_bytes url;   /* where to read about it; or empty */
    /* SHA-256 of the suite itself (its configuration's digest); zeros and false when it has none */
    bool has_suite_sha256;
    uint8_t suite_sha256[SLW_SHA256_SIZE];
};

SLW_MUST_USE enum slw_status slw_test_result_read(const struct slw_statement *statement,
                                                  struct slw_test_result *ret_result,
                                                  struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_test_result_format(const struct slw_test_result *result,
                                                    struct slw_heap_buffer *ret_payload,
                                                    struct slw_detail *detail);

#endif
