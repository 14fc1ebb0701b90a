/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system behind the log's port for files, and what is written with more than one call.
 */
/* syncfs() and renameat2() are Linux's alone. */
#define _GNU_SOURCE

#include "log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int system_open_at(void *context, int directory, const char *path, int flags, mode_t mode)
{
    (void)context;
    return openat(directory, path, flags, mode);
}

static ssize_t system_write_at(void *context, int descriptor, const uint8_t *bytes, size_t len,
                               off_t offset)
{
    (void)context;
    return pwrite(descriptor, bytes, len, offset);
}

static int system_truncate(void *context, int descriptor, off_t len)
{
    (void)context;
    return ftruncate(descriptor, len);
}

static int system_flush(void *context, int descriptor)
{
    (void)context;
    return fdatasync(descriptor);
}

static int system_flush_directory(void *context, int descriptor)
{
    (void)context;
    return fsync(descriptor);
}

static int system_flush_file_system(void *context, int descriptor)
{
    (void)context;
    return syncfs(descriptor);
}

static int system_rename_at(void *context, int directory, const char *from, const char *to)
{
    (void)context;
    return renameat(directory, from, directory, to);
}

static int system_exchange_at(void *context, int directory, const char *one, const char *other)
{
    (void)context;
    return renameat2(directory, one, directory, other, RENAME_EXCHANGE);
}

static int system_unlink_at(void *context, int directory, const char *path, int flags)
{
    (void)context;
    return unlinkat(directory, path, flags);
}

static int system_make_directory_at(void *context, int directory, const char *path, mode_t mode)
{
    (void)context;
    return mkdirat(directory, path, mode);
}

const struct slw_log_files slw_log_files_system = {
    .open_at = system_open_at,
    .write_at = system_write_at,
    .truncate = system_truncate,
    .flush = system_flush,
    .flush_directory = system_flush_directory,
    .flush_file_system = system_flush_file_system,
    .rename_at = system_rename_at,
    .exchange_at = system_exchange_at,
    .unlink_at = system_unlink_at,
    .make_directory_at = system_make_directory_at,
};

enum slw_status slw_log_write_all(const struct slw_log_files *files, int descriptor,
                                  struct slw_bytes bytes, uint64_t offset, const char *what,
                                  struct slw_detail *detail)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t count = files->write_at(files->context, descriptor, bytes.ptr + done,
                                        bytes.len - done, (off_t)(offset + done));
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            errno = count == 0 ? EIO : errno;
            return slw_explain_errno(detail, what);
        }
    }
    return SLW_OK;
}

/* "tile/0/x001/234": the directories on the way to it. Most often only the last one is missing;
 * whether it is there then is found by the next open. */
static void make_directories(const struct slw_log_files *files, int directory, const char *path)
{
    char parent[256];
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len == 0 || len >= sizeof parent) {
        return;
    }
    memcpy(parent, path, len);
    parent[len] = '\0';
    if (files->make_directory_at(files->context, directory, parent, 0755) != 0 && errno == ENOENT) {
        make_directories(files, directory, parent);
        (void)files->make_directory_at(files->context, directory, parent, 0755);
    }
}

enum slw_status slw_log_open_for_writing(const struct slw_log_files *files, int directory,
                                         const char *path, int flags, int *ret_descriptor,
                                         struct slw_detail *detail)
{
    const int all = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags;
    int descriptor = files->open_at(files->context, directory, path, all, 0644);
    if (descriptor < 0 && errno == ENOENT) {
        make_directories(files, directory, path);
        descriptor = files->open_at(files->context, directory, path, all, 0644);
    }
    if (descriptor < 0) {
        return slw_explain_errno(detail, path);
    }
    *ret_descriptor = descriptor;
    return SLW_OK;
}
