/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of an open log have in common: its files, and the hashes of its tiles. */
#include "log_state.h"
#include "log_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum slw_status slw_log_damaged(struct slw_log *log, struct slw_detail *detail, const char *format,
                                ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log->is_damaged = true;
    return slw_explain(detail, SLW_LOG_DAMAGED, "%s: %s", log->signer.key.name, text);
}

/* len bytes, and not one more: there is room for it, so that it would be seen. */
static enum slw_status read_all(int descriptor, const char *path, size_t len,
                                struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    uint8_t *at = slw_heap_reserve(ret_bytes, len + 1);
    size_t done = 0;
    ssize_t count = 1;
    if (at == NULL) {
        return slw_explain_no_memory(detail);
    }
    while (done <= len && (count > 0 || (count < 0 && errno == EINTR))) {
        count = pread(descriptor, at + done, len + 1 - done, (off_t)done);
        done += count > 0 ? (size_t)count : 0;
    }
    ret_bytes->len -= len + 1 - done;
    if (count < 0) {
        return slw_explain_errno(detail, path);
    }
    return done <= len ? SLW_OK
                       : slw_explain(detail, SLW_TOO_LARGE, "%s: more than %zu bytes", path, len);
}

enum slw_status slw_log_read_file(const struct slw_log *log, const char *path, size_t limit,
                                  struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct stat found;
    int descriptor = openat(log->directory, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        enum slw_status status = errno == ENOENT ? SLW_NOT_FOUND : SLW_IO;
        (void)slw_explain_errno(detail, path);
        return status;
    }
    enum slw_status status = SLW_OK;
    if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
        status = slw_explain(detail, SLW_IO, "%s: not a file", path);
    } else if ((uint64_t)found.st_size > limit) {
        status = slw_explain(detail, SLW_TOO_LARGE, "%s: more than %zu bytes", path, limit);
    } else {
        status = read_all(descriptor, path, (size_t)found.st_size, ret_bytes, detail);
    }
    (void)close(descriptor);
    return status;
}

static enum slw_status write_file(const struct slw_log *log, const char *path, int flags,
                                  struct slw_bytes bytes, bool is_flushed,
                                  struct slw_detail *detail)
{
    const struct slw_log_files *files = log->files;
    int descriptor = -1;
    SLW_TRY(slw_log_open_for_writing(files, log->directory, path, flags, &descriptor, detail));
    enum slw_status status = slw_log_write_all(files, descriptor, bytes, 0, path, detail);
    if (status == SLW_OK && is_flushed && files->flush(files->context, descriptor) != 0) {
        status = slw_explain_errno(detail, path);
    }
    (void)close(descriptor);
    return status;
}

enum slw_status slw_log_write_file(const struct slw_log *log, const char *path, int flags,
                                   struct slw_bytes bytes, struct slw_detail *detail)
{
    return write_file(log, path, flags, bytes, false, detail);
}

/*
 * Either way a reader finds one or the other, and keeps what it opened. But ext4 writes a file to
 * the disk before it is renamed over another, which this doesn't need: what a crash kept from the
 * disk is made again from the journal. Nothing is written for two files that change places.
 */
int slw_log_replace_checkpoint(const struct slw_log *log)
{
    const struct slw_log_files *files = log->files;
    if (files->exchange_at(files->context, log->directory, SLW_LOG_CHECKPOINT_NEW,
                           SLW_LOG_CHECKPOINT) == 0) {
        (void)files->unlink_at(files->context, log->directory, SLW_LOG_CHECKPOINT_NEW, 0);
        return 0;
    }
    return files->rename_at(files->context, log->directory, SLW_LOG_CHECKPOINT_NEW,
                            SLW_LOG_CHECKPOINT);
}

enum slw_status slw_log_publish(struct slw_log *log, struct slw_bytes checkpoint,
                                struct slw_detail *detail)
{
    struct slw_heap_buffer kept = {0};
    slw_heap_append(&kept, checkpoint);
    enum slw_status status = kept.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    /* Once the journal began anew it has no checkpoint: then a crash mustn't keep this one from the
     * disk. */
    const bool is_alone = log->journal_len == SLW_LOG_JOURNAL_HEADER_SIZE;
    if (status == SLW_OK) {
        status = write_file(log, SLW_LOG_CHECKPOINT_NEW, O_TRUNC, checkpoint, is_alone, detail);
    }
    if (status == SLW_OK && slw_log_replace_checkpoint(log) != 0) {
        status = slw_explain_errno(detail, SLW_LOG_CHECKPOINT);
    }
    if (status != SLW_OK) {
        slw_heap_drop(&kept);
        return status;
    }
    slw_heap_drop(&log->published);
    log->published = kept;
    return SLW_OK;
}

/* A full tile of the disk, kept for the proof that is being made. */
static enum slw_status load_tile(struct slw_log_hashes *hashes, unsigned level, uint64_t number)
{
    struct slw_heap_buffer bytes = {0};
    char path[SLW_LOG_PATH_SIZE];
    if (hashes->kept[level].is_there && hashes->kept[level].number == number) {
        return SLW_OK;
    }
    (void)slw_log_tile_path(level, number, 0, path);
    enum slw_status status = slw_log_read_file(hashes->log, path, sizeof hashes->kept[level].hashes,
                                               &bytes, hashes->detail);
    if (status == SLW_NOT_FOUND || status == SLW_TOO_LARGE ||
        (status == SLW_OK && bytes.len != sizeof hashes->kept[level].hashes)) {
        status = slw_log_damaged(hashes->log, hashes->detail, "%s isn't a tile of it", path);
    }
    if (status == SLW_OK) {
        memcpy(hashes->kept[level].hashes, bytes.ptr, bytes.len);
        hashes->kept[level].number = number;
        hashes->kept[level].is_there = true;
    }
    slw_heap_drop(&bytes);
    return status;
}

static enum slw_status hash_at(void *context, unsigned level, uint64_t index,
                               struct slw_merkle_hash *ret_hash)
{
    struct slw_log_hashes *hashes = context;
    const struct slw_log_edge *edge = &hashes->log->edge;
    const unsigned tile_level = level / 8;
    const unsigned height = level % 8;
    const uint64_t number = index >> (8 - height);
    const size_t at = (size_t)(index & (((uint64_t)1 << (8 - height)) - 1)) << height;
    if (tile_level >= SLW_LOG_TILE_LEVELS) {
        return SLW_BAD_ARGUMENT;
    }
    const uint64_t full = slw_log_edge_size(edge) >> (8 * tile_level) >> 8;
    if (number >= full) { /* of the edge, which is in memory */
        const struct slw_log_tile *tile = &edge->tiles[tile_level];
        if (number > full || at + ((size_t)1 << height) > tile->width) {
            return SLW_BAD_ARGUMENT;
        }
        slw_log_fold(tile->hashes + at, height, ret_hash);
        return SLW_OK;
    }
    SLW_TRY(load_tile(hashes, tile_level, number));
    slw_log_fold(hashes->kept[tile_level].hashes + at, height, ret_hash);
    return SLW_OK;
}

struct slw_merkle_source slw_log_source(struct slw_log_hashes *hashes, struct slw_log *log,
                                        struct slw_detail *detail)
{
    hashes->log = log;
    hashes->detail = detail;
    for (unsigned level = 0; level < SLW_LOG_TILE_LEVELS; level++) {
        hashes->kept[level].is_there = false;
    }
    return (struct slw_merkle_source){hashes, hash_at};
}
