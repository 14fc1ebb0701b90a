/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which the log changes its disk, as a port: tests let each of them fail, write half,
 * or be the last one. Each is as its POSIX namesake: -1 and errno on failure. exchange_at is
 * Linux's renameat2() with RENAME_EXCHANGE, which not every file system has. Reading isn't here.
 */
#ifndef SLIPWAY_LOG_FILES_H
#define SLIPWAY_LOG_FILES_H

#include "slipway/bytes.h"
#include "slipway/detail.h"

#include <sys/types.h>

struct slw_log_files {
    void *context;
    int (*open_at)(void *context, int directory, const char *path, int flags, mode_t mode);
    ssize_t (*write_at)(void *context, int descriptor, const uint8_t *bytes, size_t len,
                        off_t offset);
    int (*truncate)(void *context, int descriptor, off_t len);
    int (*flush)(void *context, int descriptor);             /* fdatasync */
    int (*flush_directory)(void *context, int descriptor);   /* fsync */
    int (*flush_file_system)(void *context, int descriptor); /* syncfs */
    int (*rename_at)(void *context, int directory, const char *from, const char *to);
    int (*exchange_at)(void *context, int directory, const char *one, const char *other);
    int (*unlink_at)(void *context, int directory, const char *path, int flags);
    int (*make_directory_at)(void *context, int directory, const char *path, mode_t mode);
};

/* The system's own. */
extern const struct slw_log_files slw_log_files_system;

/* All of bytes, in as many calls as it takes. what is what details call the file. */
SLW_MUST_USE enum slw_status slw_log_write_all(const struct slw_log_files *files, int descriptor,
                                               struct slw_bytes bytes, uint64_t offset,
                                               const char *what, struct slw_detail *detail);

/*
 * Opens a file for writing below a directory, whose own directories are made when they aren't
 * there. flags are added to O_WRONLY | O_CREAT. No symbolic link at its end is followed.
 */
SLW_MUST_USE enum slw_status slw_log_open_for_writing(const struct slw_log_files *files,
                                                      int directory, const char *path, int flags,
                                                      int *ret_descriptor,
                                                      struct slw_detail *detail);

#endif
