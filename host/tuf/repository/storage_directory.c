/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository in a directory: one file an object. Files appear whole by host/files; what is added
 * here is the fence (storage_directory.h), that nothing is followed out of the directory, and one
 * flush of the file system for many files.
 */
/* For syncfs(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "storage_directory.h"

#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum slw_status slw_directory_key_check(const struct slw_directory_storage *storage,
                                        const char *key, struct slw_detail *detail)
{
    if (!slw_storage_key_is_good(key)) {
        return slw_explain(detail, SLW_BAD_NAME, "%s: \"%s\" can't be the name of a file",
                           storage->path, key);
    }
    return SLW_OK;
}

static enum slw_status explain_key(const struct slw_directory_storage *storage, const char *key,
                                   struct slw_detail *detail)
{
    return slw_explain(detail, errno == ENOENT ? SLW_NOT_FOUND : SLW_IO, "%s/%s: %s", storage->path,
                       key, strerror(errno));
}

/* Opens the directory that a key is in; *ret_name is the rest of the key. */
static int open_parent(const struct slw_directory_storage *storage, const char *key,
                       const char **ret_name)
{
    char segment[SLW_STORAGE_KEY_MAX + 1];
    int directory = openat(storage->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t len = strcspn(key, "/"); directory >= 0 && key[len] == '/';
         len = strcspn(key, "/")) {
        memcpy(segment, key, len);
        segment[len] = '\0';
        int next = openat(directory, segment, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        close(directory);
        errno = error;
        directory = next;
        key += len + 1;
    }
    *ret_name = key;
    return directory;
}

static int open_object(const struct slw_directory_storage *storage, const char *key)
{
    const char *name = NULL;
    int directory = open_parent(storage, key, &name);
    if (directory < 0) {
        return -1;
    }
    /* O_NONBLOCK, or a pipe of that name would be waited for. */
    int descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = errno;
    close(directory);
    errno = error;
    return descriptor;
}

static bool read_exactly(int descriptor, uint64_t offset, uint8_t *place, size_t len)
{
    while (len > 0) {
        ssize_t count = pread(descriptor, place, len, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            errno = count == 0 ? EIO : errno; /* it became shorter */
            return false;
        }
        place += count;
        offset += (uint64_t)count;
        len -= (size_t)count;
    }
    return true;
}

static enum slw_status size_of(const struct slw_directory_storage *storage, const char *key,
                               int descriptor, uint64_t *ret_size, struct slw_detail *detail)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) {
        return explain_key(storage, key, detail);
    }
    if (!S_ISREG(about.st_mode)) {
        return slw_explain(detail, SLW_IO, "%s/%s: is %s, not a regular file", storage->path, key,
                           slw_file_kind(about.st_mode));
    }
    *ret_size = (uint64_t)about.st_size;
    return SLW_OK;
}

static enum slw_status read_object(const struct slw_directory_storage *storage, const char *key,
                                   int descriptor, size_t limit, struct slw_heap_buffer *ret_bytes,
                                   struct slw_detail *detail)
{
    uint64_t size = 0;
    SLW_TRY(size_of(storage, key, descriptor, &size, detail));
    if (size > limit) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s/%s: more than %zu bytes", storage->path, key,
                           limit);
    }
    size_t before = ret_bytes->len;
    uint8_t *place = slw_heap_reserve(ret_bytes, (size_t)size);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (!read_exactly(descriptor, 0, place, (size_t)size)) {
        ret_bytes->len = before;
        return explain_key(storage, key, detail);
    }
    return SLW_OK;
}

static enum slw_status get(void *context, const char *key, size_t limit,
                           struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    SLW_TRY(slw_directory_key_check(storage, key, detail));
    int descriptor = open_object(storage, key);
    if (descriptor < 0) {
        return explain_key(storage, key, detail);
    }
    enum slw_status status = read_object(storage, key, descriptor, limit, ret_bytes, detail);
    close(descriptor);
    return status;
}

static enum slw_status get_size(void *context, const char *key, uint64_t *ret_size,
                                struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    SLW_TRY(slw_directory_key_check(storage, key, detail));
    int descriptor = open_object(storage, key);
    if (descriptor < 0) {
        return explain_key(storage, key, detail);
    }
    enum slw_status status = size_of(storage, key, descriptor, ret_size, detail);
    close(descriptor);
    return status;
}

static enum slw_status read_part(const struct slw_directory_storage *storage, const char *key,
                                 int descriptor, uint64_t offset, uint8_t *buffer, size_t len,
                                 struct slw_detail *detail)
{
    uint64_t size = 0;
    SLW_TRY(size_of(storage, key, descriptor, &size, detail));
    if (len == 0 || offset > size || len > size - offset) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s/%s: hasn't that many bytes", storage->path,
                           key);
    }
    return read_exactly(descriptor, offset, buffer, len) ? SLW_OK
                                                         : explain_key(storage, key, detail);
}

static enum slw_status read_range(void *context, const char *key, uint64_t offset, uint8_t *buffer,
                                  size_t len, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    SLW_TRY(slw_directory_key_check(storage, key, detail));
    int descriptor = open_object(storage, key);
    if (descriptor < 0) {
        return explain_key(storage, key, detail);
    }
    enum slw_status status = read_part(storage, key, descriptor, offset, buffer, len, detail);
    close(descriptor);
    return status;
}

/* Whether the file has exactly the bytes of the source. */
static enum slw_status compare(const struct slw_directory_storage *storage, const char *key,
                               int descriptor, const struct slw_source *source,
                               struct slw_heap_buffer *block, struct slw_detail *detail)
{
    struct stat about;
    uint8_t *ours = slw_heap_reserve(block, (size_t)2 * SLW_FILE_BLOCK_SIZE);
    if (ours == NULL) {
        return slw_explain_no_memory(detail);
    }
    uint8_t *theirs = ours + SLW_FILE_BLOCK_SIZE;
    bool same = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) &&
                (uint64_t)about.st_size == source->size;
    for (uint64_t offset = 0; same && offset < source->size; offset += SLW_FILE_BLOCK_SIZE) {
        uint64_t left = source->size - offset;
        size_t len = left < SLW_FILE_BLOCK_SIZE ? (size_t)left : SLW_FILE_BLOCK_SIZE;
        if (source->read(source->context, offset, ours, len) != SLW_OK) {
            return slw_explain(detail, SLW_IO, "%s/%s: what was to be put there can't be read",
                               storage->path, key);
        }
        same = read_exactly(descriptor, offset, theirs, len) && memcmp(ours, theirs, len) == 0;
    }
    if (!same) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s/%s: is there already, with other content",
                           storage->path, key);
    }
    return SLW_OK;
}

/* SLW_NOT_FOUND when there is nothing; else what put_immutable() answers. */
static enum slw_status compare_with_present(const struct slw_directory_storage *storage,
                                            const char *key, const struct slw_source *source,
                                            struct slw_detail *detail)
{
    int descriptor = open_object(storage, key);
    if (descriptor < 0) {
        return explain_key(storage, key, detail);
    }
    struct slw_heap_buffer block = {0};
    enum slw_status status = compare(storage, key, descriptor, source, &block, detail);
    slw_heap_free(&block);
    close(descriptor);
    return status;
}

static enum slw_status copy_source(const struct slw_directory_storage *storage, const char *key,
                                   const struct slw_source *source, struct slw_output *output,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer block = {0};
    size_t block_size =
        source->size < SLW_FILE_BLOCK_SIZE ? (size_t)source->size : SLW_FILE_BLOCK_SIZE;
    uint8_t *place = slw_heap_reserve(&block, block_size);
    enum slw_status status = place == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (uint64_t offset = 0; status == SLW_OK && offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < block_size ? (size_t)left : block_size;
        status = source->read(source->context, offset, place, len);
        if (status != SLW_OK) {
            (void)slw_explain(detail, status, "%s/%s: what is to be put there can't be read",
                              storage->path, key);
            break;
        }
        status = slw_output_write(output, slw_bytes_make(place, len), detail);
        offset += len;
    }
    slw_heap_free(&block);
    return status;
}

/* One flush covers one file system. */
static enum slw_status check_device(const struct slw_directory_storage *storage, const char *key,
                                    int directory, struct slw_detail *detail)
{
    struct stat about;
    if (fstat(directory, &about) != 0) {
        return explain_key(storage, key, detail);
    }
    if (about.st_dev != storage->device) {
        return slw_explain(detail, SLW_IO, "%s/%s: is on another file system than %s",
                           storage->path, key, storage->path);
    }
    return SLW_OK;
}

static enum slw_status open_output(const struct slw_directory_storage *storage, const char *key,
                                   unsigned flags, struct slw_output *ret_output,
                                   struct slw_detail *detail)
{
    struct slw_output output;
    SLW_TRY(slw_output_open_below(storage->path, slw_bytes_make(key, strlen(key)), flags, &output,
                                  detail));
    enum slw_status status = check_device(storage, key, output.directory, detail);
    if (status != SLW_OK) {
        slw_output_discard(&output);
        return status;
    }
    *ret_output = output;
    return SLW_OK;
}

static enum slw_status commit_fenced(const struct slw_directory_storage *storage, uint64_t token,
                                     struct slw_output *output, struct slw_detail *detail)
{
    SLW_TRY(slw_directory_fence_enter(storage, token, detail));
    enum slw_status status = slw_output_commit(output, detail);
    slw_directory_fence_leave(storage);
    return status;
}

static enum slw_status put_new(const struct slw_directory_storage *storage, uint64_t token,
                               const char *key, const struct slw_source *source,
                               struct slw_detail *detail)
{
    struct slw_output output;
    SLW_TRY(open_output(storage, key, SLW_OUTPUT_LAZY, &output, detail));
    enum slw_status status = copy_source(storage, key, source, &output, detail);
    if (status == SLW_OK) {
        status = commit_fenced(storage, token, &output, detail);
    }
    slw_output_discard(&output);
    return status;
}

static enum slw_status put_immutable(void *context, uint64_t token, const char *key,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    SLW_TRY(slw_directory_key_check(storage, key, detail));
    SLW_TRY(slw_directory_fence_check(storage, token, detail));
    enum slw_status status = compare_with_present(storage, key, source, detail);
    if (status != SLW_NOT_FOUND) {
        return status;
    }
    status = put_new(storage, token, key, source, detail);
    if (status == SLW_IO) {
        /* Somebody else may have put it meanwhile. */
        struct slw_detail ignored;
        enum slw_status present = compare_with_present(storage, key, source, &ignored);
        status = present == SLW_OK ? SLW_OK : status;
    }
    return status;
}

static enum slw_status check_has_lease(const struct slw_directory_storage *storage, uint64_t token,
                                       const char *key, struct slw_detail *detail)
{
    SLW_TRY(slw_directory_key_check(storage, key, detail));
    if (token == SLW_STORAGE_NO_LEASE) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s/%s: can't be changed without the lease",
                           storage->path, key);
    }
    return SLW_OK;
}

static enum slw_status replace_pointer(void *context, uint64_t token, const char *key,
                                       struct slw_bytes bytes, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    SLW_TRY(check_has_lease(storage, token, key, detail));
    SLW_TRY(slw_directory_fence_check(storage, token, detail));
    struct slw_output output;
    SLW_TRY(open_output(storage, key, SLW_OUTPUT_REPLACE, &output, detail));
    enum slw_status status = slw_output_write(&output, bytes, detail);
    if (status == SLW_OK && syncfs(storage->directory) != 0) {
        status = slw_explain_errno(detail, storage->path);
    }
    if (status == SLW_OK) {
        status = commit_fenced(storage, token, &output, detail);
    }
    slw_output_discard(&output);
    return status;
}

static enum slw_status remove_object(void *context, uint64_t token, const char *key,
                                     struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    const char *name = NULL;
    SLW_TRY(check_has_lease(storage, token, key, detail));
    SLW_TRY(slw_directory_fence_enter(storage, token, detail));
    int directory = open_parent(storage, key, &name);
    enum slw_status status = SLW_OK;
    if ((directory < 0 || unlinkat(directory, name, 0) != 0) && errno != ENOENT) {
        status = explain_key(storage, key, detail);
    }
    if (directory >= 0) {
        close(directory);
    }
    slw_directory_fence_leave(storage);
    return status;
}

static enum slw_status open_directory(struct slw_directory_storage *storage, const char *directory,
                                      bool create, struct slw_detail *detail)
{
    struct stat about;
    if (create && mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, directory);
    }
    /* Whatever becomes of the working directory, and of links on the way to it. */
    storage->path = realpath(directory, NULL);
    if (storage->path == NULL) {
        return slw_explain_errno(detail, directory);
    }
    storage->directory = open(storage->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (storage->directory < 0 || fstat(storage->directory, &about) != 0) {
        return slw_explain_errno(detail, storage->path);
    }
    storage->device = about.st_dev;
    return slw_directory_lease_open(storage, detail);
}

enum slw_status slw_directory_storage_open(const char *directory, bool create,
                                           struct slw_directory_storage **ret_storage,
                                           struct slw_detail *detail)
{
    struct slw_directory_storage *storage = calloc(1, sizeof *storage);
    if (storage == NULL) {
        return slw_explain_no_memory(detail);
    }
    storage->directory = -1;
    storage->lease_file = -1;
    enum slw_status status = open_directory(storage, directory, create, detail);
    if (status != SLW_OK) {
        slw_directory_storage_close(storage);
        return status;
    }
    storage->port = (struct slw_storage){
        storage,       get,      put_immutable, replace_pointer, slw_directory_list,
        remove_object, get_size, read_range,
    };
    *ret_storage = storage;
    return SLW_OK;
}

const struct slw_storage *slw_directory_storage_port(const struct slw_directory_storage *storage)
{
    return &storage->port;
}

const struct slw_lease *slw_directory_storage_lease(const struct slw_directory_storage *storage)
{
    return &storage->lease;
}

void slw_directory_storage_close(struct slw_directory_storage *storage)
{
    if (storage == NULL) {
        return;
    }
    if (storage->directory >= 0) {
        close(storage->directory);
    }
    if (storage->lease_file >= 0) {
        close(storage->lease_file);
    }
    free(storage->path);
    free(storage);
}
