/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on a host: read whole up to a limit, read by position, or written so that they appear whole
 * or not at all. Every failure is explained with the path in front ("app.bin: is a directory").
 */
#ifndef SLIPWAY_FILES_H
#define SLIPWAY_FILES_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/reader.h"

#include <sys/types.h>
#include <time.h>

/* What programs read and write at a time. */
#define SLW_FILE_BLOCK_SIZE 131072u

/*
 * Appends the whole file at path: a regular file, or a pipe or device that ends. SLW_TOO_LARGE when
 * it has more than limit bytes, after reading no more than that; SLW_IO for everything else. Then
 * the buffer is as it was: one that was empty holds no memory.
 */
enum slw_status slw_file_read(const char *path, size_t limit, struct slw_heap_buffer *ret_bytes,
                              struct slw_detail *detail);

/* A regular file of any size, read by position. The source lives as long as this does. */
struct slw_file_source {
    struct slw_source source;
    int descriptor;
    struct timespec modified;
    const char *path; /* as given to open; not copied */
};

enum slw_status slw_file_source_open(const char *path, struct slw_file_source *ret_file,
                                     struct slw_detail *detail);

/*
 * SLW_IO when the file's size or time of modification is another than when it was opened, or when
 * it has more bytes than its size tells.
 */
enum slw_status slw_file_source_check_unchanged(const struct slw_file_source *file,
                                                struct slw_detail *detail);

void slw_file_source_close(struct slw_file_source *file);

enum slw_output_flag {
    SLW_OUTPUT_REPLACE = 1, /* an existing regular file is replaced, and its mode kept */
    SLW_OUTPUT_PRIVATE = 2, /* mode 0600 from the first byte, whatever was there before */
    SLW_OUTPUT_NAMED = 4,   /* as on a file system without unnamed files (for tests) */
    SLW_OUTPUT_LAZY = 8,    /* commit doesn't wait for the disk: the caller flushes many at once */
};

/*
 * A file that is being written: without a name until slw_output_commit() gives it its own, so that
 * nothing stays behind however the program ends. Where the file system has no unnamed files, a
 * hidden one beside it takes its place, and is removed on failure and on SIGINT, SIGTERM, SIGHUP.
 *
 *     SLW_TRY(slw_output_open(path, flags, &output, detail));
 *     status = slw_output_write(&output, bytes, detail);
 *     if (status == SLW_OK)
 *         status = slw_output_commit(&output, detail);
 *     slw_output_discard(&output);
 */
struct slw_output {
    int descriptor; /* -1: closed */
    int directory;
    unsigned flags;
    uint64_t position; /* of the next slw_output_write() */
    char *path;        /* after symbolic links, when it replaces */
    char *directory_path;
    const char *name;   /* last part of path, in directory */
    char temporary[64]; /* in directory; "" for an unnamed file */
};

/*
 * Fails at once when the file exists and SLW_OUTPUT_REPLACE isn't given, or when what exists isn't
 * a regular file. Whether it exists is decided again, atomically, at commit.
 */
enum slw_status slw_output_open(const char *path, unsigned flags, struct slw_output *ret_output,
                                struct slw_detail *detail);

/*
 * The same for a file below a directory, whose name comes from outside: directories in name are
 * made when they aren't there, and no symbolic link is followed on the way. The caller has checked
 * that name has no empty, "." or ".." segment (slw_name_is_good()).
 */
enum slw_status slw_output_open_below(const char *directory_path, struct slw_bytes name,
                                      unsigned flags, struct slw_output *ret_output,
                                      struct slw_detail *detail);

enum slw_status slw_output_write(struct slw_output *output, struct slw_bytes bytes,
                                 struct slw_detail *detail);

/* Overwrites bytes that were written before. */
enum slw_status slw_output_write_at(struct slw_output *output, uint64_t offset,
                                    struct slw_bytes bytes, struct slw_detail *detail);

/* Writes everything to the disk, unless it is lazy, and gives the file its name. */
enum slw_status slw_output_commit(struct slw_output *output, struct slw_detail *detail);

/* Closes it, and removes what wasn't committed. Call it in any case; a second time does nothing. */
void slw_output_discard(struct slw_output *output);

/* A small file in one call. */
enum slw_status slw_file_write(const char *path, unsigned flags, struct slw_bytes bytes,
                               struct slw_detail *detail);

/* "a directory", "a socket", …: what a file of this mode is, in words. */
const char *slw_file_kind(mode_t mode);

#endif
