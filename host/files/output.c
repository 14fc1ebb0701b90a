/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that appear whole or not at all, for every program on a host.
 *
 * A new name is given by linkat(), which fails when the name is taken, so that no check of ours can
 * be overtaken; a name that is taken is replaced by renameat(), in one step.
 */
/* For O_TMPFILE and sync_file_range(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "slipway/files.h"

#include "cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_BACK_SIZE ((uint64_t)8 * 1024 * 1024)

/* A flag of our own: what has the name must not be a symbolic link. */
#define NO_LINKS 0x100u

static enum slw_status explain_exists(struct slw_detail *detail, const char *path)
{
    return slw_explain(detail, SLW_IO, "%s: exists already (--force replaces it)", path);
}

/* Splits output->path; "name" is in ".". */
static enum slw_status split_path(struct slw_output *output, struct slw_detail *detail)
{
    char *slash = strrchr(output->path, '/');
    output->name = slash == NULL ? output->path : slash + 1;
    if (output->name[0] == '\0') {
        (void)slw_explain(detail, SLW_IO, "%s: not the name of a file", output->path);
        return SLW_IO;
    }
    size_t len = slash == NULL ? 1 : (size_t)(slash - output->path) + 1;
    output->directory_path = strndup(slash == NULL ? "." : output->path, len);
    return output->directory_path == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

/* What has the name now: whether it may be replaced, and the mode to keep. */
static enum slw_status examine_name(struct slw_output *output, mode_t *ret_mode,
                                    struct slw_detail *detail)
{
    struct stat about;
    *ret_mode = 0;
    if (fstatat(output->directory, output->name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? SLW_OK : slw_explain_errno(detail, output->path);
    }
    bool link_is_fine = S_ISLNK(about.st_mode) && (output->flags & NO_LINKS) == 0;
    if (!S_ISREG(about.st_mode) && !link_is_fine) {
        return slw_explain(detail, SLW_IO, "%s: is %s, not a regular file", output->path,
                           slw_file_kind(about.st_mode));
    }
    if ((output->flags & SLW_OUTPUT_REPLACE) == 0) {
        return explain_exists(detail, output->path);
    }
    *ret_mode = S_ISREG(about.st_mode) ? about.st_mode & 0777 : 0;
    return SLW_OK;
}

/* A name beside the final one that nobody else takes. */
static enum slw_status choose_temporary(struct slw_output *output, struct slw_detail *detail)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        return slw_explain_errno(detail, "getrandom");
    }
    (void)snprintf(output->temporary, sizeof output->temporary, ".slipway-%016llx.tmp",
                   (unsigned long long)number);
    return SLW_OK;
}

static enum slw_status open_named(struct slw_output *output, mode_t mode, struct slw_detail *detail)
{
    SLW_TRY(choose_temporary(output, detail));
    if (!slw_cleanup_hold(output->directory, output->temporary)) {
        output->temporary[0] = '\0';
        return slw_explain(detail, SLW_NO_SPACE, "%s: too many files at once", output->path);
    }
    output->descriptor =
        openat(output->directory, output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (output->descriptor < 0) {
        enum slw_status status = slw_explain_errno(detail, output->path);
        slw_cleanup_release(output->directory, output->temporary);
        output->temporary[0] = '\0';
        return status;
    }
    return SLW_OK;
}

static enum slw_status open_unnamed(struct slw_output *output, struct slw_detail *detail)
{
    mode_t mode = (output->flags & SLW_OUTPUT_PRIVATE) != 0 ? 0600 : 0666;
    struct stat about;
    errno = EOPNOTSUPP;
    if ((output->flags & SLW_OUTPUT_NAMED) == 0 && stat("/proc/self/fd", &about) == 0) {
        output->descriptor = openat(output->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    }
    if (output->descriptor >= 0) {
        return SLW_OK;
    }
    /* What kernels and file systems without unnamed files answer. */
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL) {
        return open_named(output, mode, detail);
    }
    return slw_explain_errno(detail, output->path);
}

/* The file, in the directory that is open. */
static enum slw_status open_file(struct slw_output *output, struct slw_detail *detail)
{
    mode_t mode = 0;
    SLW_TRY(examine_name(output, &mode, detail));
    SLW_TRY(open_unnamed(output, detail));
    if (mode != 0 && (output->flags & SLW_OUTPUT_PRIVATE) == 0 &&
        fchmod(output->descriptor, mode) != 0) {
        return slw_explain_errno(detail, output->path);
    }
    return SLW_OK;
}

static enum slw_status open_by_path(struct slw_output *output, struct slw_detail *detail)
{
    SLW_TRY(split_path(output, detail));
    output->directory = open(output->directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output->directory < 0) {
        return slw_explain_errno(detail, output->directory_path);
    }
    return open_file(output, detail);
}

enum slw_status slw_output_open(const char *path, unsigned flags, struct slw_output *ret_output,
                                struct slw_detail *detail)
{
    struct slw_output output = {.descriptor = -1, .directory = -1, .flags = flags};
    /* A link is followed, so that the file it names is replaced and not the link. */
    output.path = (flags & SLW_OUTPUT_REPLACE) != 0 ? realpath(path, NULL) : NULL;
    if (output.path == NULL) {
        output.path = strdup(path);
    }
    enum slw_status status =
        output.path == NULL ? slw_explain_no_memory(detail) : open_by_path(&output, detail);
    if (status != SLW_OK) {
        slw_output_discard(&output);
        return status;
    }
    *ret_output = output;
    return SLW_OK;
}

/* Goes into, and makes if need be, each directory in front of the last segment. */
static enum slw_status enter_directories(struct slw_output *output, char *segment,
                                         struct slw_detail *detail)
{
    for (char *slash = strchr(segment, '/'); slash != NULL; slash = strchr(segment, '/')) {
        *slash = '\0';
        if (mkdirat(output->directory, segment, 0777) != 0 && errno != EEXIST) {
            return slw_explain_errno(detail, output->path);
        }
        int next =
            openat(output->directory, segment, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0) {
            return slw_explain_errno(detail, output->path);
        }
        close(output->directory);
        output->directory = next;
        *slash = '/';
        segment = slash + 1;
    }
    output->name = segment;
    return open_file(output, detail);
}

enum slw_status slw_output_open_below(const char *directory_path, struct slw_bytes name,
                                      unsigned flags, struct slw_output *ret_output,
                                      struct slw_detail *detail)
{
    struct slw_output output = {.descriptor = -1, .directory = -1, .flags = flags | NO_LINKS};
    size_t prefix_len = strlen(directory_path) + 1;
    output.path = calloc(prefix_len + name.len + 1, 1);
    output.directory_path = strdup(directory_path);
    output.directory = open(directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum slw_status status = SLW_OK;
    if (output.path == NULL || output.directory_path == NULL) {
        status = slw_explain_no_memory(detail);
    } else if (output.directory < 0) {
        status = slw_explain_errno(detail, directory_path);
    } else {
        memcpy(output.path, directory_path, prefix_len - 1);
        output.path[prefix_len - 1] = '/';
        memcpy(output.path + prefix_len, name.ptr, name.len);
        status = enter_directories(&output, output.path + prefix_len, detail);
    }
    if (status != SLW_OK) {
        slw_output_discard(&output);
        return status;
    }
    *ret_output = output;
    return SLW_OK;
}

enum slw_status slw_output_write_at(struct slw_output *output, uint64_t offset,
                                    struct slw_bytes bytes, struct slw_detail *detail)
{
    while (bytes.len > 0) {
        ssize_t count = pwrite(output->descriptor, bytes.ptr, bytes.len, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return slw_explain_errno(detail, output->path);
        }
        bytes = slw_bytes_make(bytes.ptr + count, bytes.len - (size_t)count);
        offset += (uint64_t)count;
    }
    return SLW_OK;
}

enum slw_status slw_output_write(struct slw_output *output, struct slw_bytes bytes,
                                 struct slw_detail *detail)
{
    uint64_t before = output->position;
    SLW_TRY(slw_output_write_at(output, before, bytes, detail));
    output->position += bytes.len;
    if (before / WRITE_BACK_SIZE != output->position / WRITE_BACK_SIZE) {
        /* The disk works while we do, so that fsync() finds little left; a hint, no promise. */
        uint64_t start = before / WRITE_BACK_SIZE * WRITE_BACK_SIZE;
        (void)sync_file_range(output->descriptor, (off_t)start, (off_t)WRITE_BACK_SIZE,
                              SYNC_FILE_RANGE_WRITE);
    }
    return SLW_OK;
}

/* Gives an unnamed file the name; the way by /proc needs no privilege. */
static int link_descriptor(const struct slw_output *output, const char *name)
{
    char own[64];
    (void)snprintf(own, sizeof own, "/proc/self/fd/%d", output->descriptor);
    return linkat(AT_FDCWD, own, output->directory, name, AT_SYMLINK_FOLLOW);
}

static enum slw_status name_new(struct slw_output *output, struct slw_detail *detail)
{
    int result = output->temporary[0] == '\0' ? link_descriptor(output, output->name)
                                              : linkat(output->directory, output->temporary,
                                                       output->directory, output->name, 0);
    if (result != 0) {
        return errno == EEXIST ? explain_exists(detail, output->path)
                               : slw_explain_errno(detail, output->path);
    }
    return SLW_OK;
}

static enum slw_status name_over_old(struct slw_output *output, struct slw_detail *detail)
{
    if (output->temporary[0] == '\0') {
        SLW_TRY(choose_temporary(output, detail));
        if (link_descriptor(output, output->temporary) != 0) {
            output->temporary[0] = '\0';
            return slw_explain_errno(detail, output->path);
        }
    }
    if (renameat(output->directory, output->temporary, output->directory, output->name) != 0) {
        return slw_explain_errno(detail, output->path);
    }
    slw_cleanup_release(output->directory, output->temporary);
    output->temporary[0] = '\0';
    return SLW_OK;
}

enum slw_status slw_output_commit(struct slw_output *output, struct slw_detail *detail)
{
    bool lazy = (output->flags & SLW_OUTPUT_LAZY) != 0;
    if (!lazy && fsync(output->descriptor) != 0) {
        return slw_explain_errno(detail, output->path);
    }
    /* No signal comes between the temporary name and the final one. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    enum slw_status status = (output->flags & SLW_OUTPUT_REPLACE) != 0
                                 ? name_over_old(output, detail)
                                 : name_new(output, detail);
    if (status == SLW_OK && !lazy && fsync(output->directory) != 0 && errno != EINVAL) {
        status = slw_explain_errno(detail, output->directory_path);
    }
    slw_output_discard(output);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

void slw_output_discard(struct slw_output *output)
{
    if (output->temporary[0] != '\0') {
        (void)unlinkat(output->directory, output->temporary, 0);
        slw_cleanup_release(output->directory, output->temporary);
        output->temporary[0] = '\0';
    }
    if (output->descriptor >= 0) {
        close(output->descriptor);
    }
    if (output->directory >= 0) {
        close(output->directory);
    }
    free(output->path);
    free(output->directory_path);
    *output = (struct slw_output){.descriptor = -1, .directory = -1};
}

enum slw_status slw_file_write(const char *path, unsigned flags, struct slw_bytes bytes,
                               struct slw_detail *detail)
{
    struct slw_output output;
    SLW_TRY(slw_output_open(path, flags, &output, detail));
    enum slw_status status = slw_output_write(&output, bytes, detail);
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}
