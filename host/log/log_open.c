/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and opening a log. Opening compares all of what the journal says was flushed, then does
 * the journal's commits once more: a crash may have kept their files from the disk. What is neither
 * as it was committed nor half written by a crash is damage, and is left as it is.
 */
#include "log_journal.h"
#include "log_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The least that a disk writes in one. */
#define SECTOR_SIZE 512u

static enum slw_status open_directory(const struct slw_log_settings *settings,
                                      struct slw_log **ret_log, struct slw_detail *detail)
{
    struct slw_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return slw_explain_no_memory(detail);
    }
    log->files = settings->files != NULL ? settings->files : &slw_log_files_system;
    log->signer = *settings->signer;
    log->journal = -1;
    log->journal_turn = SLW_LOG_JOURNAL_TURN_SIZE;
    log->directory = open(settings->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum slw_status status = SLW_OK;
    if (log->directory < 0) {
        status = errno == ENOENT ? SLW_NOT_FOUND : SLW_IO;
        (void)slw_explain_errno(detail, settings->directory);
    } else if (flock(log->directory, LOCK_EX | LOCK_NB) != 0) {
        status = slw_explain(detail, SLW_WRONG_STATE, "%s: another process has it open",
                             settings->directory);
    }
    if (status != SLW_OK) {
        slw_log_close(log);
        return status;
    }
    *ret_log = log;
    return SLW_OK;
}

void slw_log_close(struct slw_log *log)
{
    if (log == NULL) {
        return;
    }
    slw_heap_drop(&log->pending);
    slw_heap_drop(&log->spare);
    slw_log_edge_free(&log->edge);
    slw_heap_drop(&log->checkpoint);
    slw_heap_drop(&log->published);
    if (log->journal >= 0) {
        (void)close(log->journal);
    }
    if (log->directory >= 0) {
        (void)close(log->directory);
    }
    free(log);
}

/* --- Making one --- */

/* Whether nothing is there but a journal that never got its name. */
static bool is_empty(int directory)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    bool empty = stream != NULL;
    if (stream == NULL && copy >= 0) {
        (void)close(copy);
    }
    for (const struct dirent *entry = stream == NULL ? NULL : readdir(stream);
         entry != NULL && empty; entry = readdir(stream)) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, SLW_LOG_JOURNAL_NEW) == 0;
    }
    if (stream != NULL) {
        (void)closedir(stream);
    }
    return empty;
}

enum slw_status slw_log_create(const struct slw_log_settings *settings, struct slw_log **ret_log,
                               struct slw_detail *detail)
{
    struct slw_log *log = NULL;
    if (mkdir(settings->directory, 0755) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, settings->directory);
    }
    SLW_TRY(open_directory(settings, &log, detail));
    enum slw_status status = SLW_OK;
    if (!is_empty(log->directory)) {
        status = slw_explain(detail, SLW_WRONG_STATE, "%s: it isn't empty", settings->directory);
    } else {
        status = slw_log_turn_journal(log, detail);
    }
    if (status != SLW_OK) {
        slw_log_close(log);
        return status;
    }
    *ret_log = log;
    return SLW_OK;
}

/* --- Comparing what was flushed --- */

static enum slw_status must_be_same(void *context, const char *path, struct slw_bytes bytes,
                                    struct slw_detail *detail)
{
    struct slw_log *log = context;
    struct slw_heap_buffer found = {0};
    enum slw_status status = slw_log_read_file(log, path, bytes.len, &found, detail);
    if (status == SLW_NOT_FOUND) {
        status = slw_log_damaged(log, detail, "%s is missing", path);
    } else if (status == SLW_TOO_LARGE ||
               (status == SLW_OK && !slw_bytes_equal(bytes, slw_heap_bytes(&found)))) {
        status = slw_log_damaged(log, detail, "%s isn't what was committed", path);
    }
    slw_heap_drop(&found);
    return status;
}

/* Takes in the leaves of one bundle, which has count of them. */
static enum slw_status load_bundle(struct slw_log *log, uint64_t number, unsigned count,
                                   struct slw_detail *detail)
{
    const struct slw_log_sink compare = {log, must_be_same, NULL};
    struct slw_heap_buffer bundle = {0};
    char path[SLW_LOG_PATH_SIZE];
    size_t at = 0;
    (void)slw_log_entries_path(number, count, path);
    enum slw_status status = slw_log_read_file(log, path, SLW_LOG_BUNDLE_SIZE_MAX, &bundle, detail);
    if (status == SLW_NOT_FOUND || status == SLW_TOO_LARGE) {
        status = slw_log_damaged(log, detail, "%s isn't there", path);
    }
    for (unsigned i = 0; i < count && status == SLW_OK; i++) {
        struct slw_bytes leaf;
        if (!slw_log_next_entry(slw_heap_bytes(&bundle), &at, &leaf)) {
            status = slw_log_damaged(log, detail, "%s has too few entries", path);
        } else {
            status = slw_log_edge_append_leaf(&log->edge, leaf, &compare, detail);
        }
    }
    if (status == SLW_OK && at != bundle.len) {
        status = slw_log_damaged(log, detail, "%s has too many entries", path);
    }
    slw_heap_drop(&bundle);
    return status;
}

/* How long the file of records is that belongs to the last bundle, by its own lengths. */
static enum slw_status measure_records(struct slw_log *log, struct slw_detail *detail)
{
    char path[SLW_LOG_PATH_SIZE];
    uint64_t len = 0;
    unsigned count = log->edge.tiles[0].width;
    if (count == 0) {
        return SLW_OK;
    }
    (void)slw_log_records_path(slw_log_size(log) / SLW_LOG_TILE_WIDTH, path);
    int descriptor = openat(log->directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    for (; count > 0 && descriptor >= 0; count--) {
        uint8_t header[4];
        if (pread(descriptor, header, sizeof header, (off_t)len) != (ssize_t)sizeof header) {
            break;
        }
        uint64_t text = (uint64_t)header[0] << 24 | (uint64_t)header[1] << 16 |
                        (uint64_t)header[2] << 8 | header[3];
        len += sizeof header + (text == 0 ? 0 : SLW_LOG_SALT_SIZE + text);
    }
    struct stat found;
    bool is_whole = descriptor >= 0 && count == 0 && fstat(descriptor, &found) == 0 &&
                    (uint64_t)found.st_size >= len;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    log->edge.records_len = len;
    return is_whole ? SLW_OK : slw_log_damaged(log, detail, "%s has too few records", path);
}

static enum slw_status load_flushed(struct slw_log *log, const struct slw_merkle_hash *root,
                                    struct slw_detail *detail)
{
    const struct slw_log_sink compare = {log, must_be_same, NULL};
    struct slw_merkle_hash found;
    uint64_t number = 0;
    for (; number < log->base / SLW_LOG_TILE_WIDTH; number++) {
        SLW_TRY(load_bundle(log, number, SLW_LOG_TILE_WIDTH, detail));
    }
    if (log->base % SLW_LOG_TILE_WIDTH != 0) {
        SLW_TRY(load_bundle(log, number, (unsigned)(log->base % SLW_LOG_TILE_WIDTH), detail));
    }
    SLW_TRY(slw_log_edge_finish(&log->edge, 0, &compare, detail));
    slw_log_root(log, &found);
    if (!slw_merkle_equal(&found, root)) {
        return slw_log_damaged(log, detail, "its entries aren't those of its journal");
    }
    return measure_records(log, detail);
}

/* --- Doing the journal's commits again --- */

/* What stands where a crash kept the content from the disk, but not the room for it. */
static bool is_blank(struct slw_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] != 0) {
            return false;
        }
    }
    return true;
}

/*
 * Whether a crash can have left found where expected should be, offset bytes into a file: short, or
 * with holes. A disk writes sectors, so that what is within one of them is there or isn't; a lone
 * byte of zero is somebody's.
 */
static bool is_torn(struct slw_bytes found, struct slw_bytes expected, uint64_t offset)
{
    if (found.len > expected.len) {
        return false;
    }
    for (size_t at = 0; at < found.len;) {
        size_t len = SECTOR_SIZE - (size_t)((offset + at) % SECTOR_SIZE);
        len = len < found.len - at ? len : found.len - at;
        struct slw_bytes part = slw_bytes_make(found.ptr + at, len);
        if (memcmp(part.ptr, expected.ptr + at, len) != 0 && !is_blank(part)) {
            return false;
        }
        at += len;
    }
    return true;
}

static enum slw_status redo_file(void *context, const char *path, struct slw_bytes bytes,
                                 struct slw_detail *detail)
{
    struct slw_log *log = context;
    struct slw_heap_buffer found = {0};
    enum slw_status status = slw_log_read_file(log, path, bytes.len, &found, detail);
    bool is_same = status == SLW_OK && slw_bytes_equal(bytes, slw_heap_bytes(&found));
    bool may_be_torn =
        status == SLW_NOT_FOUND || (status == SLW_OK && is_torn(slw_heap_bytes(&found), bytes, 0));
    slw_heap_drop(&found);
    if (is_same) {
        return SLW_OK;
    }
    if (status == SLW_TOO_LARGE || (status == SLW_OK && !may_be_torn)) {
        return slw_log_damaged(log, detail, "%s isn't what was committed", path);
    }
    return may_be_torn ? slw_log_write_file(log, path, O_TRUNC, bytes, detail) : status;
}

static enum slw_status redo_record(void *context, uint64_t file_number, uint64_t offset,
                                   struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_log *log = context;
    struct slw_heap_buffer found = {0};
    char path[SLW_LOG_PATH_SIZE];
    int descriptor = -1;
    (void)slw_log_records_path(file_number, path);
    SLW_TRY(slw_log_open_for_writing(log->files, log->directory, path, 0, &descriptor, detail));
    (void)close(descriptor);
    descriptor = openat(log->directory, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    uint8_t *at = slw_heap_reserve(&found, bytes.len);
    ssize_t count =
        at == NULL || descriptor < 0 ? -1 : pread(descriptor, at, bytes.len, (off_t)offset);
    enum slw_status status = count < 0 ? slw_explain_errno(detail, path) : SLW_OK;
    if (status == SLW_OK && ((size_t)count != bytes.len || memcmp(at, bytes.ptr, bytes.len) != 0)) {
        status = is_torn(slw_bytes_make(at, (size_t)count), bytes, offset)
                     ? slw_log_write_all(log->files, descriptor, bytes, offset, path, detail)
                     : slw_log_damaged(log, detail, "%s isn't what was committed", path);
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    slw_heap_drop(&found);
    return status;
}

/* What the block's commit signed must be what the log is with it. */
static enum slw_status check_block(struct slw_log *log, const struct slw_log_block *block,
                                   struct slw_detail *detail)
{
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    struct slw_merkle_hash root;
    slw_log_root(log, &root);
    if (slw_checkpoint_open(SLW_LOG_JOURNAL, block->checkpoint, &log->signer.key, &note,
                            &checkpoint, detail) != SLW_OK ||
        checkpoint.size != slw_log_size(log) ||
        memcmp(checkpoint.root, root.bytes, sizeof root.bytes) != 0) {
        return slw_log_damaged(log, detail, "its journal has a commit that it never signed");
    }
    slw_heap_drop(&log->checkpoint);
    slw_heap_append(&log->checkpoint, block->checkpoint);
    return log->checkpoint.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status redo_block(struct slw_log *log, struct slw_bytes bytes,
                                  struct slw_detail *detail)
{
    const struct slw_log_sink redo = {log, redo_file, redo_record};
    const uint64_t from = slw_log_size(log);
    struct slw_log_block block;
    struct slw_log_item item;
    if (!slw_log_journal_read_block(bytes, &block)) {
        return SLW_NOT_FOUND;
    }
    if (block.first != from) {
        return slw_log_damaged(log, detail, "its journal has a commit of another place");
    }
    while (block.items.len > 0 && slw_log_journal_next_item(&block.items, &item)) {
        SLW_TRY(slw_log_edge_append(&log->edge, &item, &redo, detail));
    }
    SLW_TRY(slw_log_edge_finish(&log->edge, from, &redo, detail));
    return check_block(log, &block, detail);
}

/* The block at offset; SLW_NOT_FOUND when there is none, whole and as it was written. */
static enum slw_status read_block(const struct slw_log *log, uint64_t offset,
                                  struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    uint8_t header[8];
    if (log->journal_size - offset < sizeof header ||
        pread(log->journal, header, sizeof header, (off_t)offset) != (ssize_t)sizeof header) {
        return SLW_NOT_FOUND;
    }
    uint64_t size = slw_log_journal_block_size(slw_bytes_make(header, sizeof header));
    if (size == 0 || size > log->journal_size - offset) {
        return SLW_NOT_FOUND;
    }
    uint8_t *at = slw_heap_reserve(ret_bytes, (size_t)size);
    if (at == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (uint64_t done = 0; done < size;) {
        ssize_t count =
            pread(log->journal, at + done, (size_t)(size - done), (off_t)(offset + done));
        if (count <= 0) {
            return slw_explain_errno(detail, SLW_LOG_JOURNAL);
        }
        done += (uint64_t)count;
    }
    return SLW_OK;
}

static enum slw_status redo_journal(struct slw_log *log, struct slw_detail *detail)
{
    uint64_t offset = SLW_LOG_JOURNAL_HEADER_SIZE;
    enum slw_status status = SLW_OK;
    while (status == SLW_OK) {
        struct slw_heap_buffer bytes = {0};
        status = read_block(log, offset, &bytes, detail);
        if (status == SLW_OK) {
            status = redo_block(log, slw_heap_bytes(&bytes), detail);
        }
        offset += status == SLW_OK ? bytes.len : 0;
        slw_heap_drop(&bytes);
    }
    log->journal_len = offset;
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

/* --- What was published --- */

/* The log's own signature, wherever it stands among those of witnesses. */
static void append_own_line(struct slw_log *log, const struct slw_note *note)
{
    const struct slw_note_key *key = &log->signer.key;
    for (size_t i = 0; i < note->count; i++) {
        const struct slw_note_signature *signature = &note->signatures[i];
        if (memcmp(signature->key_id, key->id, sizeof key->id) == 0 &&
            slw_bytes_equal(signature->name, slw_bytes_make(key->name, strlen(key->name)))) {
            slw_heap_append(&log->checkpoint, signature->line);
            return;
        }
    }
}

/* Of an earlier size it may be, for its renaming isn't flushed; of another log it may not. */
static enum slw_status check_published(struct slw_log *log, struct slw_bytes bytes,
                                       bool *ret_is_current, struct slw_detail *detail)
{
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    struct slw_merkle_hash root;
    if (slw_checkpoint_open(SLW_LOG_CHECKPOINT, bytes, &log->signer.key, &note, &checkpoint,
                            detail) != SLW_OK) {
        return slw_log_damaged(log, detail, "its checkpoint isn't one");
    }
    if (checkpoint.size > slw_log_size(log)) {
        return slw_log_damaged(log, detail, "its checkpoint has %llu entries, the log %llu",
                               (unsigned long long)checkpoint.size,
                               (unsigned long long)slw_log_size(log));
    }
    SLW_TRY(slw_log_root_at(log, checkpoint.size, &root, detail));
    if (memcmp(root.bytes, checkpoint.root, sizeof root.bytes) != 0) {
        return slw_log_damaged(log, detail, "its checkpoint is of another log");
    }
    *ret_is_current = checkpoint.size == slw_log_size(log);
    if (*ret_is_current && log->checkpoint.len == 0) {
        slw_heap_append(&log->checkpoint, note.text);
        slw_heap_append_text(&log->checkpoint, "\n");
        append_own_line(log, &note);
    }
    return log->checkpoint.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status settle_checkpoint(struct slw_log *log, struct slw_detail *detail)
{
    struct slw_heap_buffer found = {0};
    bool is_current = false;
    enum slw_status status =
        slw_log_read_file(log, SLW_LOG_CHECKPOINT, SLW_NOTE_SIZE_MAX, &found, detail);
    /* A crash emptied it, or only its name was written. */
    bool is_lost = (status == SLW_NOT_FOUND && log->base == 0) ||
                   (status == SLW_OK && is_blank(slw_heap_bytes(&found)));
    if (status == SLW_OK && !is_lost) {
        status = check_published(log, slw_heap_bytes(&found), &is_current, detail);
    } else if (is_lost && (log->checkpoint.len != 0 || slw_log_size(log) == 0)) {
        status = SLW_OK;
    } else if (status == SLW_NOT_FOUND || status == SLW_OK) {
        status = slw_log_damaged(log, detail, "its checkpoint is missing");
    }
    if (status == SLW_OK && is_current) {
        log->published = found;
        return SLW_OK;
    }
    slw_heap_drop(&found);
    if (status != SLW_OK || slw_log_size(log) == 0) {
        return status;
    }
    return log->checkpoint.len == 0
               ? slw_log_damaged(log, detail, "its checkpoint is older than its journal")
               : slw_log_publish(log, slw_heap_bytes(&log->checkpoint), detail);
}

/* What is behind the end of the journal, and what a crash left behind that of the records, and a
 * checkpoint that changed places with its successor: somebody may be reading it, so that it isn't
 * written over. */
static enum slw_status drop_tails(struct slw_log *log, struct slw_detail *detail)
{
    const struct slw_log_files *files = log->files;
    char path[SLW_LOG_PATH_SIZE];
    int descriptor = -1;
    if (log->journal_size > log->journal_len &&
        (files->truncate(files->context, log->journal, (off_t)log->journal_len) != 0 ||
         files->flush(files->context, log->journal) != 0)) {
        return slw_explain_errno(detail, SLW_LOG_JOURNAL);
    }
    log->journal_size = log->journal_len;
    if (files->unlink_at(files->context, log->directory, SLW_LOG_CHECKPOINT_NEW, 0) != 0 &&
        errno != ENOENT) {
        return slw_explain_errno(detail, SLW_LOG_CHECKPOINT_NEW);
    }
    if (log->edge.records_len == 0) {
        return SLW_OK;
    }
    (void)slw_log_records_path(slw_log_size(log) / SLW_LOG_TILE_WIDTH, path);
    SLW_TRY(slw_log_open_for_writing(files, log->directory, path, 0, &descriptor, detail));
    int result = files->truncate(files->context, descriptor, (off_t)log->edge.records_len);
    enum slw_status status = result != 0 ? slw_explain_errno(detail, path) : SLW_OK;
    (void)close(descriptor);
    return status;
}

static enum slw_status load(struct slw_log *log, struct slw_detail *detail)
{
    struct stat found;
    struct slw_merkle_hash root;
    uint8_t header[SLW_LOG_JOURNAL_HEADER_SIZE];
    log->journal = openat(log->directory, SLW_LOG_JOURNAL, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (log->journal < 0 && errno == ENOENT) {
        return is_empty(log->directory) ? slw_explain(detail, SLW_NOT_FOUND, "there is no log")
                                        : slw_log_damaged(log, detail, "its journal is missing");
    }
    if (log->journal < 0 || fstat(log->journal, &found) != 0) {
        return slw_explain_errno(detail, SLW_LOG_JOURNAL);
    }
    if (pread(log->journal, header, sizeof header, 0) != (ssize_t)sizeof header ||
        !slw_log_journal_read_header(header, &log->base, &root)) {
        return slw_log_damaged(log, detail, "its journal isn't one");
    }
    SLW_TRY(load_flushed(log, &root, detail));
    log->journal_size = (uint64_t)found.st_size;
    SLW_TRY(redo_journal(log, detail));
    SLW_TRY(settle_checkpoint(log, detail));
    return drop_tails(log, detail);
}

enum slw_status slw_log_open(const struct slw_log_settings *settings, struct slw_log **ret_log,
                             struct slw_detail *detail)
{
    struct slw_log *log = NULL;
    SLW_TRY(open_directory(settings, &log, detail));
    enum slw_status status = load(log, detail);
    if (status != SLW_OK) {
        slw_log_close(log);
        return status;
    }
    *ret_log = log;
    return SLW_OK;
}
