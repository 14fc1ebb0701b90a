/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending to a log. A commit first signs what the log will be, then writes the files that it will
 * have, none of which replaces another, and then the block of the journal that makes it so. Before
 * the block is flushed everything can be taken back; behind it stands only the renaming of the
 * checkpoint, which opening the log does again when it was missed.
 */
#include "log_journal.h"
#include "log_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that a commit makes: two of each of the 8 levels at most, and five bundles more. */
#define CREATED_MAX 64u

/* Memory for a block that is kept for others. */
#define BLOCK_KEPT_MAX 2097152u

/*
 * What runs beside the log's own thread: it reads of the log what changes only when a commit ends,
 * and everything that it finds out is in here until then.
 */
struct slw_log_commit {
    const struct slw_log *log;
    struct slw_heap_buffer block; /* what is committed */
    uint32_t count;
    enum slw_status status;
    struct slw_detail detail;
    bool is_broken; /* the log will be */
    bool is_damaged;
    struct slw_log_edge next;
    struct slw_heap_buffer checkpoint;
    struct slw_heap_buffer published; /* the same, for the log to keep */
    uint64_t journal_size;            /* that the journal has afterwards */
    char created[CREATED_MAX][SLW_LOG_PATH_SIZE];
    size_t created_count;
    struct slw_heap_buffer records; /* gathered for one file of them */
    uint64_t records_number;
    uint64_t records_offset;
};

/* --- Appending --- */

static enum slw_status check_open(const struct slw_log *log, struct slw_detail *detail)
{
    if (log->is_damaged) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "%s: it was damaged while it was open",
                           log->signer.key.name);
    }
    return log->is_broken
               ? slw_explain(detail, SLW_IO, "%s: it has to be opened again", log->signer.key.name)
               : SLW_OK;
}

static enum slw_status add_pending(struct slw_log *log, const struct slw_log_item *item)
{
    struct slw_heap_buffer *block = &log->pending;
    const size_t len = block->len;
    if (len == 0) {
        slw_log_journal_begin(block);
    }
    slw_log_journal_add(item, block);
    enum slw_status status = block->status;
    if (status != SLW_OK) { /* what there was is as it was */
        block->len = len;
        block->status = SLW_OK;
    }
    return status;
}

static enum slw_status append(struct slw_log *log, const struct slw_log_leaf *leaf,
                              struct slw_bytes salt, struct slw_bytes text, uint64_t *ret_index,
                              struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    SLW_TRY(check_open(log, detail));
    if (log->pending_count == SLW_LOG_COMMIT_ENTRIES_MAX ||
        text.len > SLW_LOG_COMMIT_SIZE_MAX - log->pending_size) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than one commit of the log takes");
    }
    enum slw_status status = slw_log_leaf_format(leaf, &bytes);
    if (status == SLW_OK) {
        const struct slw_log_item item = {slw_heap_bytes(&bytes), salt, text, {NULL, 0}};
        status = add_pending(log, &item);
    }
    slw_heap_drop(&bytes);
    if (status != SLW_OK) {
        return status == SLW_BAD_ARGUMENT
                   ? slw_explain(detail, status, "a product's name of more than %u bytes",
                                 SLW_LOG_PRODUCT_SIZE_MAX)
                   : slw_explain_no_memory(detail);
    }
    *ret_index = slw_log_next_index(log);
    log->pending_count++;
    log->pending_size += text.len;
    return SLW_OK;
}

enum slw_status slw_log_append_release(struct slw_log *log, struct slw_bytes product,
                                       uint32_t targets_version,
                                       const uint8_t digest[static SLW_SHA256_SIZE],
                                       uint64_t *ret_index, struct slw_detail *detail)
{
    struct slw_log_leaf leaf = {
        .kind = SLW_LOG_RELEASE, .product = product, .targets_version = targets_version};
    memcpy(leaf.digest, digest, sizeof leaf.digest);
    return append(log, &leaf, slw_bytes_make(NULL, 0), slw_bytes_make(NULL, 0), ret_index, detail);
}

enum slw_status slw_log_append_record(struct slw_log *log, struct slw_bytes text,
                                      uint64_t *ret_index, struct slw_detail *detail)
{
    struct slw_log_leaf leaf = {.kind = SLW_LOG_RECORD};
    uint8_t salt[SLW_LOG_SALT_SIZE];
    struct slw_sha256 hash;
    if (text.len == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a record without text");
    }
    if (text.len > SLW_LOG_TEXT_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a record of more than %u bytes",
                           SLW_LOG_TEXT_SIZE_MAX);
    }
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt) {
        return slw_explain(detail, SLW_IO, "no random numbers");
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(salt, sizeof salt));
    slw_sha256_update(&hash, text);
    slw_sha256_final(&hash, leaf.digest);
    return append(log, &leaf, slw_bytes_make(salt, sizeof salt), text, ret_index, detail);
}

/* Empties a block, whose memory serves for the next one, unless a rare one took much of it. */
static void empty(struct slw_heap_buffer *block)
{
    if (block->capacity > BLOCK_KEPT_MAX) {
        slw_heap_drop(block);
    }
    block->len = 0;
    block->status = SLW_OK;
}

void slw_log_drop(struct slw_log *log)
{
    empty(&log->pending);
    log->pending_count = 0;
    log->pending_size = 0;
}

/* --- Whether the disk is as it was left --- */

static enum slw_status changed(struct slw_log_commit *commit, const char *what,
                               struct slw_detail *detail)
{
    commit->is_damaged = true;
    return slw_explain(detail, SLW_LOG_DAMAGED, "%s: %s isn't what was written",
                       commit->log->signer.key.name, what);
}

static enum slw_status check_same(void *context, const char *path, struct slw_bytes bytes,
                                  struct slw_detail *detail)
{
    struct slw_log_commit *commit = context;
    struct slw_heap_buffer found = {0};
    enum slw_status status = slw_log_read_file(commit->log, path, bytes.len, &found, detail);
    if (status == SLW_NOT_FOUND || status == SLW_TOO_LARGE ||
        (status == SLW_OK && !slw_bytes_equal(bytes, slw_heap_bytes(&found)))) {
        status = changed(commit, path, detail);
    }
    slw_heap_drop(&found);
    return status;
}

static enum slw_status check_unchanged(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    char path[SLW_LOG_PATH_SIZE];
    struct stat open_one;
    struct stat named;
    const struct slw_log_sink compare = {commit, check_same, NULL};
    if (fstat(log->journal, &open_one) != 0 ||
        fstatat(log->directory, SLW_LOG_JOURNAL, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
        open_one.st_ino != named.st_ino || open_one.st_dev != named.st_dev ||
        (uint64_t)named.st_size != log->journal_size) {
        return changed(commit, "its journal", detail);
    }
    if (slw_log_size(log) == 0) {
        return SLW_OK;
    }
    SLW_TRY(check_same(commit, SLW_LOG_CHECKPOINT, slw_heap_bytes(&log->published), detail));
    SLW_TRY(slw_log_edge_finish(&log->edge, 0, &compare, detail));
    (void)slw_log_records_path(slw_log_size(log) / SLW_LOG_TILE_WIDTH, path);
    if (log->edge.records_len != 0 &&
        (fstatat(log->directory, path, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
         (uint64_t)named.st_size != log->edge.records_len)) {
        return changed(commit, path, detail);
    }
    return SLW_OK;
}

/* --- Committing --- */

static enum slw_status sign(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    struct slw_merkle_frontier frontier = log->edge.frontier;
    struct slw_merkle_hash hash;
    struct slw_heap_buffer text = {0};
    struct slw_checkpoint checkpoint = {
        .origin = slw_bytes_make(log->signer.key.name, strlen(log->signer.key.name))};
    struct slw_bytes items = slw_log_journal_items(&commit->block);
    struct slw_log_item item;
    for (uint32_t i = 0; i < commit->count; i++) {
        if (!slw_log_journal_next_item(&items, &item)) {
            return slw_explain(detail, SLW_WRONG_STATE, "the commit isn't what was appended");
        }
        slw_merkle_leaf(item.leaf, &hash);
        if (!slw_merkle_frontier_append(&frontier, &hash)) {
            return slw_explain(detail, SLW_NO_SPACE, "the log is full");
        }
    }
    slw_merkle_frontier_root(&frontier, &hash);
    checkpoint.size = frontier.size;
    memcpy(checkpoint.root, hash.bytes, sizeof checkpoint.root);
    slw_checkpoint_format(&checkpoint, &text);
    slw_heap_append(&commit->checkpoint, slw_heap_bytes(&text));
    slw_heap_append_text(&commit->checkpoint, "\n");
    enum slw_status status = text.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status =
            slw_note_sign_text(&log->signer, slw_heap_bytes(&text), 0, &commit->checkpoint, detail);
    }
    slw_heap_drop(&text);
    return status;
}

static enum slw_status note_created(struct slw_log_commit *commit, const char *path)
{
    if (commit->created_count == CREATED_MAX) {
        return SLW_TOO_LARGE;
    }
    (void)snprintf(commit->created[commit->created_count++], SLW_LOG_PATH_SIZE, "%s", path);
    return SLW_OK;
}

static enum slw_status write_new_file(void *context, const char *path, struct slw_bytes bytes,
                                      struct slw_detail *detail)
{
    struct slw_log_commit *commit = context;
    SLW_TRY(note_created(commit, path));
    return slw_log_write_file(commit->log, path, O_TRUNC, bytes, detail);
}

/* Writes what was gathered for one file of records, in one go. */
static enum slw_status write_records(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    char path[SLW_LOG_PATH_SIZE];
    int descriptor = -1;
    if (commit->records.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    if (commit->records.len == 0) {
        return SLW_OK;
    }
    (void)slw_log_records_path(commit->records_number, path);
    if (commit->records_offset == 0) {
        SLW_TRY(note_created(commit, path));
    }
    SLW_TRY(slw_log_open_for_writing(log->files, log->directory, path,
                                     commit->records_offset == 0 ? O_TRUNC : 0, &descriptor,
                                     detail));
    enum slw_status status =
        slw_log_write_all(log->files, descriptor, slw_heap_bytes(&commit->records),
                          commit->records_offset, path, detail);
    (void)close(descriptor);
    commit->records.len = 0;
    return status;
}

static enum slw_status gather_record(void *context, uint64_t file_number, uint64_t offset,
                                     struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_log_commit *commit = context;
    if (commit->records_number != file_number) {
        SLW_TRY(write_records(commit, detail));
    }
    if (commit->records.len == 0) {
        commit->records_number = file_number;
        commit->records_offset = offset;
    }
    slw_heap_append(&commit->records, bytes);
    return commit->records.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status write_files(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    const struct slw_log_sink sink = {commit, write_new_file, gather_record};
    struct slw_bytes items = slw_log_journal_items(&commit->block);
    struct slw_log_item item;
    if (slw_heap_reserve(&commit->records, items.len) != NULL) {
        commit->records.len = 0; /* in one go */
    }
    while (items.len > 0 && slw_log_journal_next_item(&items, &item)) {
        SLW_TRY(slw_log_edge_append(&commit->next, &item, &sink, detail));
    }
    slw_log_journal_finish(slw_log_size(log), commit->count, slw_heap_bytes(&commit->checkpoint),
                           &commit->block);
    if (commit->block.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(write_records(commit, detail));
    SLW_TRY(slw_log_edge_finish(&commit->next, slw_log_size(log), &sink, detail));
    return write_new_file(commit, SLW_LOG_CHECKPOINT_NEW, slw_heap_bytes(&commit->checkpoint),
                          detail);
}

/* Into the room that there is, or with more of it. */
static enum slw_status write_block(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    struct slw_bytes bytes = slw_heap_bytes(&commit->block);
    const size_t block_len = commit->block.len;
    if (log->journal_len + block_len > log->journal_size) {
        uint8_t *room = slw_heap_reserve(&commit->block, SLW_LOG_JOURNAL_ROOM_SIZE);
        if (room == NULL) {
            return slw_explain_no_memory(detail);
        }
        memset(room, 0, SLW_LOG_JOURNAL_ROOM_SIZE);
        bytes = slw_heap_bytes(&commit->block);
        commit->block.len = block_len;
        commit->journal_size = log->journal_len + bytes.len;
    }
    return slw_log_write_all(log->files, log->journal, bytes, log->journal_len, SLW_LOG_JOURNAL,
                             detail);
}

/* Takes back what isn't committed. Where that fails, only opening the log again can do it. */
static void undo(struct slw_log_commit *commit)
{
    const struct slw_log *log = commit->log;
    const struct slw_log_files *files = log->files;
    char path[SLW_LOG_PATH_SIZE];
    struct slw_detail unheard;
    int descriptor = -1;
    for (size_t i = 0; i < commit->created_count; i++) {
        if (files->unlink_at(files->context, log->directory, commit->created[i], 0) != 0 &&
            errno != ENOENT) {
            commit->is_broken = true;
        }
    }
    if (files->truncate(files->context, log->journal, (off_t)log->journal_len) != 0) {
        commit->is_broken = true;
    }
    commit->journal_size = log->journal_len;
    if (log->edge.records_len == 0) {
        return;
    }
    (void)slw_log_records_path(slw_log_size(log) / SLW_LOG_TILE_WIDTH, path);
    if (slw_log_open_for_writing(files, log->directory, path, 0, &descriptor, &unheard) != SLW_OK) {
        commit->is_broken = true;
        return;
    }
    if (files->truncate(files->context, descriptor, (off_t)log->edge.records_len) != 0) {
        commit->is_broken = true;
    }
    (void)close(descriptor);
}

/* From here on nothing is taken back: whether the block is on the disk isn't known after a failure.
 */
static enum slw_status make_durable(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    const struct slw_log_files *files = log->files;
    if (files->flush(files->context, log->journal) != 0 || slw_log_replace_checkpoint(log) != 0) {
        commit->is_broken = true;
        return slw_explain_errno(detail, SLW_LOG_JOURNAL);
    }
    return SLW_OK;
}

static enum slw_status prepare(struct slw_log_commit *commit, struct slw_detail *detail)
{
    const struct slw_log *log = commit->log;
    SLW_TRY(check_unchanged(commit, detail));
    SLW_TRY(sign(commit, detail));
    slw_heap_append(&commit->published, slw_heap_bytes(&commit->checkpoint));
    if (commit->published.status != SLW_OK ||
        slw_log_edge_copy(&log->edge, &commit->next) != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = write_files(commit, detail);
    if (status == SLW_OK) {
        status = write_block(commit, detail);
    }
    if (status != SLW_OK) {
        undo(commit);
    }
    return status;
}

/* --- The steps of a commit --- */

static void free_commit(struct slw_log_commit *commit)
{
    slw_heap_drop(&commit->records);
    slw_log_edge_free(&commit->next);
    slw_heap_drop(&commit->checkpoint);
    slw_heap_drop(&commit->published);
    free(commit);
}

/* What was appended goes over to it. NULL: no memory. */
static struct slw_log_commit *make_commit(struct slw_log *log)
{
    struct slw_log_commit *commit = calloc(1, sizeof *commit);
    if (commit == NULL) {
        return NULL;
    }
    commit->log = log;
    commit->journal_size = log->journal_size;
    commit->block = log->pending;
    commit->count = log->pending_count;
    commit->status = SLW_WRONG_STATE; /* until it ran */
    log->committing_count = log->pending_count;
    log->pending = log->spare;
    log->spare = (struct slw_heap_buffer){0};
    log->pending_count = 0;
    log->pending_size = 0;
    return commit;
}

enum slw_status slw_log_commit_begin(struct slw_log *log, struct slw_log_commit **ret_commit,
                                     struct slw_detail *detail)
{
    struct slw_log_commit *commit = NULL;
    if (log->committing_count != 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: a commit is going on",
                           log->signer.key.name);
    }
    if (log->pending_count > 0) {
        enum slw_status status = check_open(log, detail);
        commit = status == SLW_OK ? make_commit(log) : NULL;
        if (commit == NULL) {
            slw_log_drop(log);
            return status == SLW_OK ? slw_explain_no_memory(detail) : status;
        }
    }
    *ret_commit = commit;
    return SLW_OK;
}

void slw_log_commit_run(struct slw_log_commit *commit)
{
    commit->status = prepare(commit, &commit->detail);
    if (commit->status == SLW_OK) {
        commit->status = make_durable(commit, &commit->detail);
    }
}

static void accept(struct slw_log *log, struct slw_log_commit *commit)
{
    log->journal_len += commit->block.len;
    slw_log_edge_replace(&log->edge, &commit->next);
    slw_heap_drop(&log->checkpoint);
    slw_heap_drop(&log->published);
    log->checkpoint = commit->checkpoint;
    log->published = commit->published;
    memset(&commit->checkpoint, 0, sizeof commit->checkpoint);
    memset(&commit->published, 0, sizeof commit->published);
}

enum slw_status slw_log_commit_end(struct slw_log *log, struct slw_log_commit *commit,
                                   struct slw_detail *detail)
{
    struct slw_detail unheard;
    enum slw_status status = commit->status;
    log->committing_count = 0;
    log->journal_size = commit->journal_size;
    log->is_broken = log->is_broken || commit->is_broken;
    log->is_damaged = log->is_damaged || commit->is_damaged;
    if (status == SLW_OK) {
        accept(log, commit);
    } else {
        *detail = commit->detail;
        slw_log_drop(log); /* the indexes of what came meanwhile are wrong now */
    }
    empty(&commit->block);
    log->spare = commit->block;
    free_commit(commit);
    if (status == SLW_OK && log->journal_len >= log->journal_turn &&
        slw_log_turn_journal(log, &unheard) != SLW_OK) {
        log->journal_turn = log->journal_len * 2; /* it goes on in the one that it has */
    }
    return status;
}

enum slw_status slw_log_commit(struct slw_log *log, struct slw_detail *detail)
{
    struct slw_log_commit *commit = NULL;
    SLW_TRY(slw_log_commit_begin(log, &commit, detail));
    if (commit == NULL) {
        return SLW_OK;
    }
    slw_log_commit_run(commit);
    return slw_log_commit_end(log, commit, detail);
}

bool slw_log_is_broken(const struct slw_log *log)
{
    return log->is_broken;
}

enum slw_status slw_log_publish_cosignatures(struct slw_log *log, uint64_t size,
                                             struct slw_bytes lines, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_note note;
    if (size != slw_log_size(log) || lines.len == 0) {
        return SLW_OK;
    }
    if (log->committing_count != 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: a commit is going on",
                           log->signer.key.name);
    }
    SLW_TRY(check_open(log, detail));
    SLW_TRY(slw_note_lines_parse("cosignatures", lines, &note, detail));
    slw_heap_append(&text, slw_heap_bytes(&log->checkpoint));
    slw_heap_append(&text, lines);
    enum slw_status status = text.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status = slw_note_parse("cosignatures", slw_heap_bytes(&text), &note, detail);
    }
    if (status == SLW_OK) {
        status = slw_log_publish(log, slw_heap_bytes(&text), detail);
    }
    slw_heap_drop(&text);
    return status;
}
