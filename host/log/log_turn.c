/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beginning the journal anew: everything else is flushed, then an empty journal that says so takes
 * the place of the former one. The partial tiles that nobody needs any more go then, too.
 */
#include "log_journal.h"
#include "log_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static enum slw_status write_header(struct slw_log *log, int descriptor, struct slw_detail *detail)
{
    struct slw_merkle_hash root;
    uint8_t header[SLW_LOG_JOURNAL_HEADER_SIZE];
    slw_log_root(log, &root);
    slw_log_journal_header(slw_log_size(log), &root, header);
    SLW_TRY(slw_log_write_all(log->files, descriptor, slw_bytes_make(header, sizeof header), 0,
                              SLW_LOG_JOURNAL_NEW, detail));
    if (log->files->flush(log->files->context, descriptor) != 0 ||
        log->files->flush_file_system(log->files->context, descriptor) != 0 ||
        log->files->rename_at(log->files->context, log->directory, SLW_LOG_JOURNAL_NEW,
                              SLW_LOG_JOURNAL) != 0) {
        return slw_explain_errno(detail, SLW_LOG_JOURNAL_NEW);
    }
    return SLW_OK;
}

/* "MAY delete any partial tile once the corresponding full tile is either available": it is, and on
 * the disk. What can't be deleted only takes room. */
static void remove_partials(struct slw_log *log, const char *tile_path)
{
    char directory[SLW_LOG_PATH_SIZE];
    int descriptor = openat(log->directory, slw_log_partial_directory(tile_path, directory),
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (stream == NULL) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return;
    }
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (entry->d_name[0] != '.') {
            (void)log->files->unlink_at(log->files->context, descriptor, entry->d_name, 0);
        }
    }
    (void)closedir(stream);
    (void)log->files->unlink_at(log->files->context, log->directory, directory, AT_REMOVEDIR);
}

static void remove_needless(struct slw_log *log, uint64_t from)
{
    char path[SLW_LOG_PATH_SIZE];
    for (unsigned level = 0; level < SLW_LOG_TILE_LEVELS; level++) {
        uint64_t full = slw_log_size(log) >> (8 * level) >> 8;
        for (uint64_t number = from >> (8 * level) >> 8; number < full; number++) {
            remove_partials(log, slw_log_tile_path(level, number, 0, path));
            if (level == 0) {
                remove_partials(log, slw_log_entries_path(number, 0, path));
            }
        }
    }
}

enum slw_status slw_log_turn_journal(struct slw_log *log, struct slw_detail *detail)
{
    const struct slw_log_files *files = log->files;
    const uint64_t from = log->base;
    int descriptor = -1;
    SLW_TRY(slw_log_open_for_writing(files, log->directory, SLW_LOG_JOURNAL_NEW, O_TRUNC,
                                     &descriptor, detail));
    enum slw_status status = write_header(log, descriptor, detail);
    if (status != SLW_OK) {
        (void)close(descriptor);
        (void)files->unlink_at(files->context, log->directory, SLW_LOG_JOURNAL_NEW, 0);
        return status;
    }
    if (log->journal >= 0) {
        (void)close(log->journal);
    }
    log->journal = descriptor;
    log->journal_len = SLW_LOG_JOURNAL_HEADER_SIZE;
    log->journal_size = SLW_LOG_JOURNAL_HEADER_SIZE;
    log->base = slw_log_size(log);
    log->journal_turn = SLW_LOG_JOURNAL_TURN_SIZE;
    /* Until the name is on the disk, what is written to the new one could be lost with it. */
    if (files->flush_directory(files->context, log->directory) != 0) {
        log->is_broken = true;
        return slw_explain_errno(detail, SLW_LOG_JOURNAL);
    }
    remove_needless(log, from);
    return SLW_OK;
}
