/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files whole or by position, for every program on a host. */
#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const char *slw_file_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "a regular file";
    case S_IFDIR:
        return "a directory";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFLNK:
        return "a symbolic link";
    }
    return "not a file";
}

static ssize_t read_some(int descriptor, uint8_t *buffer, size_t len)
{
    ssize_t count = 0;
    do {
        count = read(descriptor, buffer, len);
    } while (count < 0 && errno == EINTR);
    return count;
}

static enum slw_status read_to_end(int descriptor, const char *path, size_t limit,
                                   struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    size_t before = ret_bytes->len;
    for (;;) {
        uint8_t *place = slw_heap_reserve(ret_bytes, 4096);
        if (place == NULL) {
            return slw_explain_no_memory(detail);
        }
        ssize_t count = read_some(descriptor, place, 4096);
        ret_bytes->len -= 4096 - (size_t)(count > 0 ? count : 0);
        if (count < 0) {
            return slw_explain_errno(detail, path);
        }
        if (ret_bytes->len - before > limit) {
            return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %zu bytes", path, limit);
        }
        if (count == 0) {
            return SLW_OK;
        }
    }
}

enum slw_status slw_file_read(const char *path, size_t limit, struct slw_heap_buffer *ret_bytes,
                              struct slw_detail *detail)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return slw_explain_errno(detail, path);
    }
    size_t before = ret_bytes->len;
    bool was_empty = ret_bytes->ptr == NULL;
    enum slw_status status = read_to_end(descriptor, path, limit, ret_bytes, detail);
    close(descriptor);
    if (status != SLW_OK && was_empty) {
        slw_heap_free(ret_bytes);
    } else if (status != SLW_OK) {
        ret_bytes->len = before;
    }
    return status;
}

static enum slw_status read_at(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_file_source *file = context;
    while (len > 0) {
        ssize_t count = pread(file->descriptor, buffer, len, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return SLW_IO; /* also when the file has become shorter since */
        }
        buffer += count;
        offset += (uint64_t)count;
        len -= (size_t)count;
    }
    return SLW_OK;
}

enum slw_status slw_file_source_open(const char *path, struct slw_file_source *ret_file,
                                     struct slw_detail *detail)
{
    /* Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat about;
    if (descriptor < 0) {
        return slw_explain_errno(detail, path);
    }
    if (fstat(descriptor, &about) != 0) {
        enum slw_status status = slw_explain_errno(detail, path);
        close(descriptor);
        return status;
    }
    if (!S_ISREG(about.st_mode)) {
        close(descriptor);
        return slw_explain(detail, SLW_IO, "%s: is %s, not a regular file", path,
                           slw_file_kind(about.st_mode));
    }
    (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret_file = (struct slw_file_source){
        .source = {.context = ret_file, .read = read_at, .size = (uint64_t)about.st_size},
        .descriptor = descriptor,
        .modified = about.st_mtim,
        .path = path,
    };
    return SLW_OK;
}

/* Files of /proc and /sys have a size of 0 and content all the same. */
static bool has_more(const struct slw_file_source *file)
{
    uint8_t byte;
    return pread(file->descriptor, &byte, 1, (off_t)file->source.size) == 1;
}

enum slw_status slw_file_source_check_unchanged(const struct slw_file_source *file,
                                                struct slw_detail *detail)
{
    struct stat about;
    if (fstat(file->descriptor, &about) != 0) {
        return slw_explain_errno(detail, file->path);
    }
    if ((uint64_t)about.st_size != file->source.size || has_more(file) ||
        about.st_mtim.tv_sec != file->modified.tv_sec ||
        about.st_mtim.tv_nsec != file->modified.tv_nsec) {
        return slw_explain(detail, SLW_IO, "%s: changed while it was being read", file->path);
    }
    return SLW_OK;
}

void slw_file_source_close(struct slw_file_source *file)
{
    if (file->descriptor >= 0) {
        close(file->descriptor);
        file->descriptor = -1;
    }
}
