/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Auditing the signing service's log from outside: by its files, wherever they come from, and what
 * was verified before. Nothing that the log says of itself is taken for it: every tile and entry is
 * computed again up to the root that its checkpoint signs, every text is compared with its leaf,
 * and what the texts say must make sense together.
 *
 *     struct slw_audit audit = {.settings = {.log_key = &key}};
 *     SLW_TRY(slw_audit_load(&audit, state_path, detail));       what was verified before, if
 * anything SLW_TRY(slw_audit_run(&audit, &source, NULL, detail));     all that is new if
 * (audit.findings_count == 0) ... slw_audit_save(&audit, state_path, detail)
 *     slw_audit_free(&audit);
 *
 * Used by `slipway audit`.
 */
#ifndef SLIPWAY_AUDIT_H
#define SLIPWAY_AUDIT_H

#include "slipway/log.h"

#define SLW_AUDIT_FINDINGS_MAX 100u /* told; more are counted */
#define SLW_AUDIT_WITNESSES_MAX 16u
#define SLW_AUDIT_WATCHES_MAX 16u
#define SLW_AUDIT_RELEASES_MAX 4194304u
#define SLW_AUDIT_ROOTS_MAX 256u        /* products whose roots a log has */
#define SLW_AUDIT_REQUESTS_MAX 1048576u /* that haven't expired; a log has fewer */
#define SLW_AUDIT_OPEN_MAX 4096u        /* of them, that haven't ended; a service has fewer */
/* A file of records: as many as a bundle has, each as long as one may be. */
#define SLW_AUDIT_RECORDS_SIZE_MAX                                                                 \
    ((size_t)SLW_LOG_TILE_WIDTH * (4u + SLW_LOG_SALT_SIZE + SLW_LOG_TEXT_SIZE_MAX))

/* Files of a log by their paths ("checkpoint", "tile/0/000"). */
struct slw_audit_source {
    void *context;
    /* Appends a file; SLW_NOT_FOUND, SLW_TOO_LARGE over limit, anything else: it didn't come. */
    enum slw_status (*get)(void *context, const char *path, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail);
};

/* Those of a directory; the path must outlive it. No symbolic links are followed below it. */
struct slw_audit_source slw_audit_directory(const char *directory);

struct slw_audit_settings {
    const struct slw_note_key *log_key;
    const struct slw_note_key *witnesses;
    size_t witness_count;
    size_t quorum; /* of them must have cosigned the checkpoint */
    /* Roots that whoever asks knows to be right, though they follow none that the log has: the
     * SHA-256 of their files, one behind the other. None lets a product go back to a lower version.
     */
    struct slw_bytes known_roots;
};

/* A targets version that was signed. */
struct slw_audit_release {
    uint32_t version;
    uint8_t scope[SLW_SHA256_SIZE]; /* SHA-256 of what it is a version of */
    uint8_t digest[SLW_SHA256_SIZE];
    uint64_t leaf; /* the entry that the first signature of it named */
};

/* What the root is when the log has so many entries: compares logs of different sizes. */
struct slw_audit_watch {
    uint64_t size;
    bool is_reached;
    struct slw_merkle_hash root;
};

struct slw_log_edge;
struct slw_audit_policy;
struct slw_audit_request;
struct slw_audit_root;
struct slw_audit_unnamed;
typedef enum slw_status slw_audit_visitor(void *context, const struct slw_log_entry *entry,
                                          struct slw_detail *detail);

struct slw_audit {
    struct slw_audit_settings settings;

    /* what was found to be wrong with what the entries say */
    char findings[SLW_AUDIT_FINDINGS_MAX][256];
    size_t findings_count; /* may be more than are there */

    /* set by the caller, filled by slw_audit_run() */
    struct slw_audit_watch watches[SLW_AUDIT_WATCHES_MAX];
    size_t watch_count;
    slw_audit_visitor *visit; /* sees each new entry, good under the same condition; NULL: nobody */
    void *visit_context;
    /* Sees each file as it is walked over, the checkpoint last; all of them are good only when
     * slw_audit_run() says so. NULL: nobody. */
    enum slw_status (*keep)(void *context, const char *path, struct slw_bytes bytes,
                            struct slw_detail *detail);
    void *keep_context;

    /* what was verified */
    uint64_t size;
    struct slw_merkle_hash root;
    struct slw_heap_buffer checkpoint; /* the signed note; empty: none yet */
    size_t cosigned;                   /* witnesses that cosigned it */

    /* private */
    struct slw_log_edge *edge; /* at the last full bundle */
    int64_t time_utc_s;        /* of the last record */
    int64_t policy_version;
    uint64_t epoch;                    /* of the last takeover; 1 without one */
    uint8_t instance[SLW_SHA256_SIZE]; /* which machine and disk signs; zeros: none yet */
    struct slw_audit_release *releases;
    size_t releases_count;
    uint32_t *index; /* of releases, by scope and version */
    size_t index_size;
    struct slw_heap_buffer administrators; /* as entry 0 has them */
    struct slw_audit_policy *policies;
    size_t policies_count;
    struct slw_audit_root *roots; /* the trusted one of each product */
    size_t roots_count;
    struct slw_audit_request *requests; /* that are open, or haven't expired */
    size_t requests_count;
    size_t open_count;
    uint32_t *requests_index; /* of requests, by id */
    size_t requests_index_size;
    uint64_t judged; /* entries: fewer than size when an older auditor saved the state */
    struct slw_audit_unnamed *unnamed; /* releases that no signature names yet */
    size_t unnamed_count;
};

/*
 * Verifies all that the source has beyond what was verified before. SLW_LOG_BEHIND when it has less
 * than that, SLW_LOG_DAMAGED when it isn't what its checkpoint says, or doesn't continue what was
 * verified (a fork), SLW_BAD_SIGNATURE, SLW_UNSIGNED, SLW_MALFORMED for a checkpoint that isn't the
 * log's, SLW_NO_WITNESSES; what the source returned otherwise. The audit stays as it was then.
 * Findings don't fail it.
 */
SLW_MUST_USE enum slw_status slw_audit_run(struct slw_audit *audit,
                                           const struct slw_audit_source *source,
                                           struct slw_detail *detail);

/* The checkpoint alone, verified; ret_note gets its bytes appended. */
SLW_MUST_USE enum slw_status slw_audit_checkpoint(const struct slw_audit *audit,
                                                  const struct slw_audit_source *source,
                                                  struct slw_heap_buffer *ret_note,
                                                  struct slw_checkpoint *ret_checkpoint,
                                                  struct slw_detail *detail);

/* The keys that the service signs with, as the policies in the log name them, the newest first: one
 * that several policies name comes once for each. NULL behind the last. */
struct slw_policy_signing_key;
const struct slw_policy_signing_key *slw_audit_named_key(const struct slw_audit *audit,
                                                         size_t number);

/* The policy that counts at a time, as the log has it, and when it began to; of a time far ahead
 * the one that will. NULL when there is none. Its envelope and it live as long as the audit. */
struct slw_policy;
const struct slw_policy *slw_audit_policy_in_force(const struct slw_audit *audit, int64_t utc_s,
                                                   struct slw_bytes *ret_envelope,
                                                   int64_t *ret_since_utc_s);

/* What is kept between runs, in one file. A file that isn't there is nothing; SLW_STORED_STATE for
 * one that isn't what was saved, or of another log. One of an auditor that looked at less is taken
 * for where that got to: all entries are judged anew by the next run, which needs the whole log. */
SLW_MUST_USE enum slw_status slw_audit_load(struct slw_audit *audit, const char *path,
                                            struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_audit_save(const struct slw_audit *audit, const char *path,
                                            struct slw_detail *detail);
void slw_audit_free(struct slw_audit *audit);

#endif
