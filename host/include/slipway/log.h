/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Merkle log on disk that only grows (spec/SIGNING.md, section 3): C2SP tlog-tiles, so that any
 * static web server can serve its directory. The key process writes it; it is the service's
 * journal.
 *
 *     DIR/checkpoint            signed note: origin, size, root
 *     DIR/tile/L/N[.p/W]        hashes; DIR/tile/entries/N[.p/W]: leaves
 *     DIR/records/N             texts and salts of 256 leaves, see below
 *     DIR/journal               what was committed since everything else was last flushed
 *
 *     SLW_TRY(slw_log_open(&settings, &log, detail));
 *     SLW_TRY(slw_log_append_record(log, text, &index, detail));     as many as there are
 *     SLW_TRY(slw_log_commit(log, detail));                          durable now, all or none
 *     slw_log_close(log);
 *
 * Nothing that was appended is there for anybody before it is committed; a commit costs one flush
 * of the disk, however many entries it has. A crash at any point leaves what was committed, whole,
 * and drops the rest. What was committed is what the journal says, and no checkpoint may say more:
 * a log that isn't what it committed is SLW_LOG_DAMAGED, and never mended. While it is open, what
 * is on disk is compared with what is in memory, before anything is appended and whenever a proof
 * is made.
 *
 * One process has it open at a time. Not safe for several threads at once, but for one step of a
 * commit.
 *
 * A file of records has for each of its leaves: u32 length of text (big endian; 0 for a release),
 * then, when it isn't 0, 16 bytes of salt and the text.
 */
#ifndef SLIPWAY_LOG_H
#define SLIPWAY_LOG_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/merkle.h"
#include "slipway/note.h"

#define SLW_LOG_SALT_SIZE 16u
#define SLW_LOG_TAG_SIZE 16u
#define SLW_LOG_RELEASE_TAG "slipway release\n"
#define SLW_LOG_RECORD_TAG "slipway record1\n"
#define SLW_LOG_PRODUCT_SIZE_MAX 64u
#define SLW_LOG_LEAF_SIZE_MAX 256u
#define SLW_LOG_RECORD_LEAF_SIZE (SLW_LOG_TAG_SIZE + SLW_SHA256_SIZE)
#define SLW_LOG_TEXT_SIZE_MAX 2097152u   /* of one record */
#define SLW_LOG_COMMIT_ENTRIES_MAX 1024u /* appended and not committed yet */
#define SLW_LOG_COMMIT_SIZE_MAX 33554432u
#define SLW_LOG_TILE_WIDTH 256u

/* --- Leaves --- */

enum slw_log_leaf_kind { SLW_LOG_RELEASE = 1, SLW_LOG_RECORD };

struct slw_log_leaf {
    enum slw_log_leaf_kind kind;
    /* a release: */
    struct slw_bytes product;
    uint32_t targets_version;
    /* SHA-256 of the serialized targets metadata; of a record: SHA-256(salt ‖ text) */
    uint8_t digest[SLW_SHA256_SIZE];
};

/* Appends a leaf's bytes. SLW_BAD_ARGUMENT for a product over SLW_LOG_PRODUCT_SIZE_MAX bytes. */
SLW_MUST_USE enum slw_status slw_log_leaf_format(const struct slw_log_leaf *leaf,
                                                 struct slw_heap_buffer *ret_bytes);
/* SLW_MALFORMED for what is no leaf of ours; views into bytes. */
SLW_MUST_USE enum slw_status slw_log_leaf_parse(struct slw_bytes bytes,
                                                struct slw_log_leaf *ret_leaf);

/* --- Opening --- */

struct slw_log_files; /* log_files.h, for tests */

struct slw_log_settings {
    const char *directory;
    const struct slw_note_signer *signer; /* the log's key, type SLW_NOTE_ED25519; name = origin */
    const struct slw_log_files *files;    /* NULL: the system's */
};

struct slw_log;

/*
 * Makes a log of no leaves in a directory that is made, too, or is empty; its first commit makes
 * the first checkpoint. SLW_WRONG_STATE when something is there.
 */
SLW_MUST_USE enum slw_status slw_log_create(const struct slw_log_settings *settings,
                                            struct slw_log **ret_log, struct slw_detail *detail);

/*
 * Opens it and compares all of it: journal, checkpoint, every tile and entry; texts of records are
 * compared as they are read. SLW_LOG_DAMAGED with the place; SLW_WRONG_STATE when another process
 * has it open; SLW_NOT_FOUND when there is none.
 */
SLW_MUST_USE enum slw_status slw_log_open(const struct slw_log_settings *settings,
                                          struct slw_log **ret_log, struct slw_detail *detail);
void slw_log_close(struct slw_log *log);

/* --- Appending --- */

/* ret_index is the leaf's, once it is committed. */
SLW_MUST_USE enum slw_status slw_log_append_release(struct slw_log *log, struct slw_bytes product,
                                                    uint32_t targets_version,
                                                    const uint8_t digest[static SLW_SHA256_SIZE],
                                                    uint64_t *ret_index, struct slw_detail *detail);

/* A text with a new random salt. SLW_BAD_ARGUMENT for an empty one. */
SLW_MUST_USE enum slw_status slw_log_append_record(struct slw_log *log, struct slw_bytes text,
                                                   uint64_t *ret_index, struct slw_detail *detail);

/* How many entries the next commit would have. */
size_t slw_log_pending_count(const struct slw_log *log);

/* Forgets what was appended since the last commit, or since the one that is going on began. */
void slw_log_drop(struct slw_log *log);

/*
 * Signs a checkpoint, makes everything durable, and publishes it. On failure all of what was
 * appended is dropped. After SLW_IO, SLW_NO_SPACE or what the signer returned the log can go on,
 * unless slw_log_is_broken(): then it isn't known what the disk has, and it must be opened again.
 * SLW_LOG_DAMAGED when somebody else changed it. Without anything appended it does nothing.
 */
SLW_MUST_USE enum slw_status slw_log_commit(struct slw_log *log, struct slw_detail *detail);
bool slw_log_is_broken(const struct slw_log *log);

/*
 * The same in three steps, for who has something else to do while a token signs and a disk is
 * flushed. begin takes what is appended, or gives NULL when that is nothing; run does all that
 * takes long, on any one thread; end, which is told how that went, makes it the log's. From begin
 * to end the log may be read, as it was before, and appended to, and nothing else. When end fails,
 * what was appended meanwhile is dropped, too, for its indexes aren't right any more.
 * SLW_WRONG_STATE when another one isn't over.
 */
struct slw_log_commit;
SLW_MUST_USE enum slw_status slw_log_commit_begin(struct slw_log *log,
                                                  struct slw_log_commit **ret_commit,
                                                  struct slw_detail *detail);
void slw_log_commit_run(struct slw_log_commit *commit);
SLW_MUST_USE enum slw_status slw_log_commit_end(struct slw_log *log, struct slw_log_commit *commit,
                                                struct slw_detail *detail);

/*
 * Puts witnesses' signature lines, which the caller verified, behind the published checkpoint of
 * this size; those of older ones are ignored. They need not be durable: whoever wants them keeps
 * them in a record.
 */
SLW_MUST_USE enum slw_status slw_log_publish_cosignatures(struct slw_log *log, uint64_t size,
                                                          struct slw_bytes lines,
                                                          struct slw_detail *detail);

/* --- Reading what is committed --- */

uint64_t slw_log_size(const struct slw_log *log);
/* Of what is committed. */
void slw_log_root(const struct slw_log *log, struct slw_merkle_hash *ret_root);
/* The signed note as it was committed, without cosignatures; until the next commit. */
struct slw_bytes slw_log_checkpoint(const struct slw_log *log);
/* With what is appended: "the next index". */
uint64_t slw_log_next_index(const struct slw_log *log);

/* Each is verified against the root in memory: SLW_LOG_DAMAGED. */
SLW_MUST_USE enum slw_status slw_log_root_at(struct slw_log *log, uint64_t size,
                                             struct slw_merkle_hash *ret_root,
                                             struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_log_prove_inclusion(struct slw_log *log, uint64_t index,
                                                     uint64_t size,
                                                     struct slw_merkle_path *ret_path,
                                                     struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_log_prove_consistency(struct slw_log *log, uint64_t old_size,
                                                       uint64_t new_size,
                                                       struct slw_merkle_path *ret_path,
                                                       struct slw_detail *detail);

/* Appends a leaf's bytes. SLW_NOT_FOUND behind the end. */
SLW_MUST_USE enum slw_status slw_log_read_leaf(struct slw_log *log, uint64_t index,
                                               struct slw_heap_buffer *ret_leaf,
                                               struct slw_detail *detail);

/* Appends a record's text, compared with its leaf. Nothing for a release. */
SLW_MUST_USE enum slw_status slw_log_read_record(struct slw_log *log, uint64_t index,
                                                 struct slw_heap_buffer *ret_text,
                                                 struct slw_detail *detail);

/*
 * Goes over what is committed from an index on, in order, each file read once. leaf and text live
 * until the visitor returns; text is empty for a release. What the visitor returns other than
 * SLW_OK ends it and is returned.
 */
struct slw_log_entry {
    uint64_t index;
    struct slw_bytes leaf_bytes;
    struct slw_log_leaf leaf;
    struct slw_bytes text;
    const uint8_t *salt; /* NULL for a release */
};
typedef enum slw_status slw_log_visitor(void *context, const struct slw_log_entry *entry,
                                        struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_log_visit(struct slw_log *log, uint64_t from,
                                           slw_log_visitor *visit, void *context,
                                           struct slw_detail *detail);

/*
 * What the front serves: "checkpoint", "tile/…", "records/…", by its path below DIR. Appends at
 * most limit bytes from offset on; ret_total is the file's size. SLW_NOT_FOUND for everything else,
 * and for what isn't there.
 */
SLW_MUST_USE enum slw_status slw_log_serve(struct slw_log *log, struct slw_bytes path,
                                           uint64_t offset, size_t limit,
                                           struct slw_heap_buffer *ret_bytes, uint64_t *ret_total,
                                           struct slw_detail *detail);

#endif
