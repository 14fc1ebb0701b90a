/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that are said to a signing service and by it (SIGNING.md, section 2), one struct,
 * one reader and one writer each. Policies are read by slipway/policy.h, ceremonies' entries by
 * whoever holds them.
 *
 * Readers are strict: each member once, of its type, within its limit, and no other member.
 * SLW_BAD_STATEMENT with the place otherwise, also when the statement is of another kind. They
 * check form alone: whose statement it is, for which service, and when, is for the caller to
 * compare. What they hand out lives as long as the statement. Writers append a payload that the
 * reader takes; SLW_BAD_ARGUMENT for values that it wouldn't, SLW_NO_SPACE.
 */
#ifndef SLIPWAY_STATEMENTS_H
#define SLIPWAY_STATEMENTS_H

#include "slipway/statement.h"
#include "slipway/tuf.h"

#define SLW_NONCE_SIZE 16u
#define SLW_MARKS_MAX 4096u
#define SLW_STAGED_LENGTH_MAX ((uint64_t)1 << 40) /* of staged bytes */
#define SLW_CHANGE_SIZE_MAX 262144u               /* of the difference in a request */

/* "I am going to upload this". The subject is the SHA-256 of the bytes. */
struct slw_stage {
    struct slw_bytes subject_name; /* what people call the file; may be empty */
    uint8_t sha256[SLW_SHA256_SIZE];
    struct slw_bytes signer; /* the origin of the service's log, here and below */
    uint64_t length;
    int64_t issued_utc_s;
};

SLW_MUST_USE enum slw_status slw_stage_read(const struct slw_statement *statement,
                                            struct slw_stage *ret_stage, struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_stage_format(const struct slw_stage *stage,
                                              struct slw_heap_buffer *ret_payload,
                                              struct slw_detail *detail);

enum slw_operation {
    SLW_OPERATION_SIGN_TARGETS = 1,
    SLW_OPERATION_SIGN_ROOT,
    SLW_OPERATION_SIGN_ROLE,
};

/* "sign-targets", "sign-root", "sign-role". */
const char *slw_operation_word(enum slw_operation operation);

/* "Sign what I staged". The subject is the SHA-256 of the staged bytes. */
struct slw_request {
    struct slw_bytes subject_name;
    struct slw_bytes signer;
    struct slw_bytes key;     /* the name that the policy gives it */
    struct slw_bytes channel; /* may be empty: for none */
    struct slw_bytes change;  /* sign-role: the difference, the text of a JSON object; else empty */
    int64_t issued_utc_s;
    int64_t expires_utc_s; /* not before issued */
    enum slw_operation operation;
    bool has_release; /* sign-role only */
    uint8_t staged[SLW_SHA256_SIZE];
    uint8_t release[SLW_SHA256_SIZE];
    uint8_t nonce[SLW_NONCE_SIZE];
};

SLW_MUST_USE enum slw_status slw_request_read(const struct slw_statement *statement,
                                              struct slw_request *ret_request,
                                              struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_request_format(const struct slw_request *request,
                                                struct slw_heap_buffer *ret_payload,
                                                struct slw_detail *detail);

/*
 * "I looked at it, and this may be signed", or may not. The subject is the content digest; of a
 * request that isn't for a bundle, the request's subject, and targets_sha256 is of what would be
 * signed.
 */
struct slw_approval {
    struct slw_bytes subject_name;
    uint8_t content[SLW_SHA256_SIZE];
    struct slw_bytes signer;
    bool approve; /* else it is a rejection */
    uint8_t request[SLW_SHA256_SIZE];
    uint8_t targets_sha256[SLW_SHA256_SIZE];
    uint8_t key_id[SLW_SHA256_SIZE];
    enum slw_key_class key_class; /* never SLW_KEY_CLASS_NONE */
    struct slw_bytes channel;     /* may be empty */
    uint32_t policy_version;
    int64_t issued_utc_s;
    int64_t expires_utc_s;
    struct slw_bytes reason; /* of a rejection, not empty; of an approval empty */
};

SLW_MUST_USE enum slw_status slw_approval_read(const struct slw_statement *statement,
                                               struct slw_approval *ret_approval,
                                               struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_approval_format(const struct slw_approval *approval,
                                                 struct slw_heap_buffer *ret_payload,
                                                 struct slw_detail *detail);

/*
 * "This root follows the one that you trust", of a product's TUF repository. The subject is the
 * SHA-256 of the file. Whoever says it: the root speaks for itself.
 */
#define SLW_TUF_ROOT_SIZE_MAX 262144u
struct slw_tuf_root_notice {
    struct slw_bytes subject_name;
    uint8_t sha256[SLW_SHA256_SIZE];
    struct slw_bytes signer;
    struct slw_bytes product;
    struct slw_bytes root; /* the file, in standard base64; when written, and when read */
    int64_t issued_utc_s;
};

SLW_MUST_USE enum slw_status slw_tuf_root_notice_read(const struct slw_statement *statement,
                                                      struct slw_tuf_root_notice *ret_notice,
                                                      struct slw_detail *detail);
/* The file, appended: SLW_BAD_STATEMENT when it isn't base64, or not the subject. */
SLW_MUST_USE enum slw_status slw_tuf_root_notice_file(const struct slw_tuf_root_notice *notice,
                                                      struct slw_heap_buffer *ret_file,
                                                      struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_tuf_root_notice_format(const struct slw_tuf_root_notice *notice,
                                                        struct slw_heap_buffer *ret_payload,
                                                        struct slw_detail *detail);

/*
 * "This machine signs from now on". The subject is the root hash of the last checkpoint, which
 * stands in `root` as well. A version mark is {"kind", "name", "version"}: the highest version that
 * was signed of its kind ("targets", "root", "role") under a name of the service's.
 */
struct slw_mark {
    struct slw_bytes kind;
    struct slw_bytes name;
    uint32_t version;
};

struct slw_takeover {
    struct slw_bytes signer;
    uint64_t epoch; /* from 1 */
    uint64_t size;
    uint8_t root[SLW_SHA256_SIZE];
    int64_t issued_utc_s;
    struct slw_mark *marks; /* no kind and name twice; slw_takeover_free() */
    size_t marks_count;
};

SLW_MUST_USE enum slw_status slw_takeover_read(const struct slw_statement *statement,
                                               struct slw_takeover *ret_takeover,
                                               struct slw_detail *detail);
void slw_takeover_free(struct slw_takeover *takeover);
SLW_MUST_USE enum slw_status slw_takeover_format(const struct slw_takeover *takeover,
                                                 struct slw_heap_buffer *ret_payload,
                                                 struct slw_detail *detail);

#endif
