/* SPDX-License-Identifier: Apache-2.0 */
/* Saying what a blob is: what the files that look at each kind share. add.c is their caller. */
#ifndef SLIPWAY_DEPOT_ARTIFACTS_ADD_H
#define SLIPWAY_DEPOT_ARTIFACTS_ADD_H

#include "part.h"

#include "slipway/sbom.h"

struct addition {
    struct depot *depot;
    struct slw_http_exchange *exchange;
    const struct depot_caller *caller;
    struct slw_json_document body;
    struct slw_bytes product;
    /* what is said of the blob */
    struct slw_bytes kind;
    struct slw_bytes blob;  /* its digest */
    struct slw_bytes build; /* empty: none was named */
    int64_t job;            /* 0: none was */
    struct slw_bytes name;  /* the digest when none was given */
    int64_t size;
    /* what was found in it */
    uint8_t sha256[SLW_SHA256_SIZE];
    char digest[DEPOT_DIGEST_SIZE];  /* of a body that is the blob itself */
    char content[DEPOT_DIGEST_SIZE]; /* the build that it is, or is about */
    struct slw_heap_buffer text;     /* of an envelope or SBOM: what the views below point into */
    int64_t version;                 /* bundle */
    const char *build_type;
    struct slw_heap_buffer hardware;
    struct slw_heap_buffer targets;
    struct slw_heap_buffer builder; /* endorsement, and so on */
    struct slw_heap_buffer source;
    struct slw_heap_buffer git_commit;
    struct slw_heap_buffer suite;
    const char *outcome;
    struct slw_heap_buffer url;
    struct slw_heap_buffer signers;
    bool has_sbom;
    struct slw_sbom sbom;
    /* the answer */
    unsigned http_status;
    struct slw_heap_buffer answer;
};

/* Look into the blob: what it is must be right. */
enum slw_status artifacts_examine_bundle(struct addition *addition, struct slw_detail *detail);
enum slw_status artifacts_examine_endorsement(struct addition *addition, struct slw_detail *detail);
enum slw_status artifacts_examine_test_result(struct addition *addition, struct slw_detail *detail);
enum slw_status artifacts_examine_sbom(struct addition *addition, struct slw_detail *detail);
enum slw_status artifacts_examine_log(struct addition *addition, struct slw_detail *detail);

/* Record it, in a transaction. */
enum slw_status artifacts_record_bundle(struct addition *addition,
                                        struct slw_transaction *transaction,
                                        struct slw_detail *detail);
enum slw_status artifacts_record(struct addition *addition, struct slw_transaction *transaction,
                                 struct slw_detail *detail);
/* What an SBOM lists, as rows of the artifact. */
enum slw_status artifacts_record_packages(const struct addition *addition, int64_t artifact,
                                          struct slw_transaction *transaction,
                                          struct slw_detail *detail);

/* Reads the whole blob into text; SLW_TOO_LARGE over limit. */
enum slw_status artifacts_load(struct addition *addition, size_t limit, struct slw_detail *detail);

#endif
