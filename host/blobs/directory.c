/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs in a directory: AB/SHA256 for each blob, AB its first two digits; uploads/SHA256 for what
 * has come of one so far, whose length is the state of the upload. An upload is locked (flock)
 * while a piece is appended or it is finished, so that replicas can share the directory. A blob
 * appears by a rename after its bytes were hashed and flushed; the rename takes the place of a
 * damaged one too.
 *
 * A piece that was half written when its writer was killed stays as the beginning of what comes;
 * should it be wrong after a loss of power, the digest tells at the end, and the upload begins
 * anew.
 */
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_ATTEMPTS 100u /* of an upload that others finish meanwhile */

enum slw_status slw_directory_blobs_explain(const struct slw_directory_blobs *store,
                                            const char *name, struct slw_detail *detail)
{
    enum slw_status status = SLW_IO;
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
        status = SLW_NO_SPACE;
    } else if (errno == ENOENT) {
        status = SLW_NOT_FOUND;
    }
    return slw_explain(detail, status, "%s/%s: %s", store->path, name, strerror(errno));
}

/* The directory of a blob, which is made when it isn't there and create is set. */
static int open_shelf(const struct slw_directory_blobs *store, const char *name, bool create)
{
    char shelf[3] = {name[0], name[1], '\0'};
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int directory = openat(store->root, shelf, flags);
    if (directory < 0 && errno == ENOENT && create) {
        if ((mkdirat(store->root, shelf, 0700) != 0 && errno != EEXIST) ||
            fsync(store->root) != 0) {
            return -1;
        }
        directory = openat(store->root, shelf, flags);
    }
    return directory;
}

/* O_NONBLOCK, or a pipe of that name would be waited for. */
static int open_blob(const struct slw_directory_blobs *store, const char *name)
{
    int shelf = open_shelf(store, name, false);
    if (shelf < 0) {
        return -1;
    }
    int descriptor = openat(shelf, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int error = errno;
    close(shelf);
    errno = error;
    return descriptor;
}

static enum slw_status size_of(const struct slw_directory_blobs *store, int descriptor,
                               const char *name, uint64_t *ret_size, struct slw_detail *detail)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) {
        return slw_directory_blobs_explain(store, name, detail);
    }
    if (!S_ISREG(about.st_mode)) {
        return slw_explain(detail, SLW_IO, "%s/%s: not a regular file", store->path, name);
    }
    *ret_size = (uint64_t)about.st_size;
    return SLW_OK;
}

static enum slw_status get_size(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t *ret_size,
                                struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    char name[SLW_BLOB_NAME_SIZE];
    int descriptor = open_blob(store, slw_blob_name(sha256, name));
    if (descriptor < 0) {
        return slw_directory_blobs_explain(store, name, detail);
    }
    enum slw_status status = size_of(store, descriptor, name, ret_size, detail);
    close(descriptor);
    return status;
}

static enum slw_status open_source(struct slw_blobs *blobs, struct slw_blob *blob,
                                   struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    char name[SLW_BLOB_NAME_SIZE];
    blob->descriptor = open_blob(store, slw_blob_name(blob->sha256, name));
    if (blob->descriptor < 0) {
        return slw_directory_blobs_explain(store, name, detail);
    }
    enum slw_status status = size_of(store, blob->descriptor, name, &blob->source.size, detail);
    if (status != SLW_OK) {
        slw_blob_close(blob);
    }
    return status;
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

static enum slw_status read_blob(struct slw_blob *blob, uint64_t offset, uint8_t *buffer,
                                 size_t len)
{
    char name[SLW_BLOB_NAME_SIZE];
    if (!read_exactly(blob->descriptor, offset, buffer, len)) {
        return slw_directory_blobs_explain(slw_directory_blobs_of(blob->blobs),
                                           slw_blob_name(blob->sha256, name), blob->detail);
    }
    return SLW_OK;
}

static enum slw_status get_have(struct slw_blobs *blobs, const uint8_t *sha256,
                                uint64_t *ret_length, bool *ret_complete, struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    char name[SLW_BLOB_NAME_SIZE];
    uint64_t size = 0;
    struct stat about;
    enum slw_status status = get_size(blobs, sha256, &size, detail);
    if (status != SLW_OK && status != SLW_NOT_FOUND) {
        return status;
    }
    uint64_t length = 0;
    if (fstatat(store->uploads, slw_blob_name(sha256, name), &about, AT_SYMLINK_NOFOLLOW) == 0) {
        length = (uint64_t)about.st_size;
    } else if (errno != ENOENT) {
        return slw_directory_blobs_explain(store, name, detail);
    }
    *ret_length = length;
    *ret_complete = status == SLW_OK;
    return SLW_OK;
}

/* Whether the file that is open still has its name: nobody finished or forgot it before the lock
 * was ours. */
static bool is_named(const struct slw_directory_blobs *store, const char *name, int descriptor)
{
    struct stat open_one;
    struct stat named;
    return fstat(descriptor, &open_one) == 0 &&
           fstatat(store->uploads, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}

/* Opens an upload and locks it. -1 with errno. */
static int open_upload(const struct slw_directory_blobs *store, const char *name, int flags)
{
    for (unsigned i = 0; i < OPEN_ATTEMPTS; i++) {
        int descriptor = openat(store->uploads, name,
                                O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);
        if (descriptor < 0) {
            return -1;
        }
        while (flock(descriptor, LOCK_EX) != 0 && errno == EINTR) {
        }
        if (is_named(store, name, descriptor)) {
            return descriptor;
        }
        close(descriptor);
    }
    errno = EBUSY;
    return -1;
}

static bool write_exactly(int descriptor, uint64_t offset, struct slw_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t count = pwrite(descriptor, bytes.ptr, bytes.len, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        bytes = slw_bytes_make(bytes.ptr + count, bytes.len - (size_t)count);
        offset += (uint64_t)count;
    }
    return true;
}

static enum slw_status append_locked(const struct slw_directory_blobs *store, const char *name,
                                     int descriptor, uint64_t offset, struct slw_bytes piece,
                                     uint64_t *ret_length, struct slw_detail *detail)
{
    uint64_t length = 0;
    SLW_TRY(size_of(store, descriptor, name, &length, detail));
    if (length != offset) {
        *ret_length = length;
        return slw_explain(detail, SLW_WRONG_STATE,
                           "the next piece begins at byte %" PRIu64 ", not %" PRIu64, length,
                           offset);
    }
    if (!write_exactly(descriptor, offset, piece) || fdatasync(descriptor) != 0 ||
        (offset == 0 && fsync(store->uploads) != 0)) {
        enum slw_status status = slw_directory_blobs_explain(store, name, detail);
        /* What isn't acknowledged gives its room back. */
        (void)!ftruncate(descriptor, (off_t)offset);
        return status;
    }
    *ret_length = offset + piece.len;
    return SLW_OK;
}

static enum slw_status append(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t offset,
                              struct slw_bytes piece, uint64_t *ret_length,
                              struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    char name[SLW_BLOB_NAME_SIZE];
    int descriptor = open_upload(store, slw_blob_name(sha256, name), offset == 0 ? O_CREAT : 0);
    if (descriptor < 0 && errno == ENOENT) {
        *ret_length = 0;
        return slw_explain(detail, SLW_WRONG_STATE, "the next piece begins at byte 0");
    }
    if (descriptor < 0) {
        return slw_directory_blobs_explain(store, name, detail);
    }
    enum slw_status status =
        append_locked(store, name, descriptor, offset, piece, ret_length, detail);
    close(descriptor);
    return status;
}

enum slw_status slw_directory_blobs_show(const struct slw_directory_blobs *store,
                                         const char *temporary, int descriptor, const char *name,
                                         struct slw_detail *detail)
{
    int shelf = open_shelf(store, name, true);
    enum slw_status status = SLW_OK;
    if (shelf < 0 || fsync(descriptor) != 0 ||
        renameat(store->uploads, temporary, shelf, name) != 0 || fsync(shelf) != 0) {
        status = slw_directory_blobs_explain(store, name, detail);
    }
    if (shelf >= 0) {
        close(shelf);
    }
    return status;
}

static enum slw_status hash_file(const struct slw_directory_blobs *store, const char *name,
                                 int descriptor, uint64_t size,
                                 uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                 struct slw_detail *detail)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    uint8_t *block = malloc(SLW_BLOB_BLOCK_SIZE);
    enum slw_status status = block == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (uint64_t offset = 0; status == SLW_OK && offset < size;) {
        size_t len =
            size - offset < SLW_BLOB_BLOCK_SIZE ? (size_t)(size - offset) : SLW_BLOB_BLOCK_SIZE;
        if (!read_exactly(descriptor, offset, block, len)) {
            status = slw_directory_blobs_explain(store, name, detail);
            break;
        }
        slw_sha256_update(&hash, slw_bytes_make(block, len));
        offset += len;
    }
    free(block);
    if (status == SLW_OK) {
        slw_sha256_final(&hash, ret_sha256);
    }
    return status;
}

static enum slw_status finish_locked(const struct slw_directory_blobs *store, int descriptor,
                                     const char *upload, const uint8_t *sha256, uint64_t total,
                                     struct slw_detail *detail)
{
    uint64_t length = 0;
    char name[SLW_BLOB_NAME_SIZE];
    uint8_t actual[SLW_SHA256_SIZE];
    SLW_TRY(size_of(store, descriptor, upload, &length, detail));
    if (length < total) {
        return slw_explain(detail, SLW_WRONG_LENGTH, "%" PRIu64 " bytes of %" PRIu64 " are there",
                           length, total);
    }
    SLW_TRY(hash_file(store, upload, descriptor, length, actual, detail));
    (void)slw_blob_name(sha256, name);
    if (length != total || memcmp(actual, sha256, sizeof actual) != 0) {
        (void)unlinkat(store->uploads, upload, 0);
        return length != total
                   ? slw_explain(detail, SLW_WRONG_LENGTH, "%" PRIu64 " bytes came, not %" PRIu64,
                                 length, total)
                   : slw_explain(detail, SLW_WRONG_HASH, "what was uploaded isn't %s", name);
    }
    return slw_directory_blobs_show(store, upload, descriptor, name, detail);
}

static enum slw_status finish(struct slw_blobs *blobs, const uint8_t *upload, const uint8_t *sha256,
                              uint64_t total, struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    char name[SLW_BLOB_NAME_SIZE];
    int descriptor = open_upload(store, slw_blob_name(upload, name), 0);
    if (descriptor < 0) {
        uint64_t size = 0;
        enum slw_status status = slw_directory_blobs_explain(store, name, detail);
        /* Somebody else may have finished the same a moment ago. */
        bool is_there = status == SLW_NOT_FOUND && get_size(blobs, sha256, &size, detail) == SLW_OK;
        return is_there && size == total ? SLW_OK : status;
    }
    enum slw_status status = finish_locked(store, descriptor, name, sha256, total, detail);
    close(descriptor);
    return status;
}

static enum slw_status remove_blob(struct slw_blobs *blobs, const uint8_t *sha256,
                                   struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    char name[SLW_BLOB_NAME_SIZE];
    int shelf = open_shelf(store, slw_blob_name(sha256, name), false);
    enum slw_status status = SLW_OK;
    if ((shelf < 0 || unlinkat(shelf, name, 0) != 0) && errno != ENOENT) {
        status = slw_directory_blobs_explain(store, name, detail);
    }
    if (shelf >= 0) {
        close(shelf);
    }
    return status;
}

static void free_store(struct slw_directory_blobs *store)
{
    if (store->root >= 0) {
        close(store->root);
    }
    if (store->uploads >= 0) {
        close(store->uploads);
    }
    free(store->path);
    free(store);
}

static void close_store(struct slw_blobs *blobs)
{
    free_store(slw_directory_blobs_of(blobs));
}

static enum slw_status open_directories(struct slw_directory_blobs *store, const char *path,
                                        struct slw_detail *detail)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    /* Whatever becomes of the working directory, and of links on the way to it. */
    store->path = realpath(path, NULL);
    if (store->path == NULL) {
        return slw_explain_errno(detail, path);
    }
    store->root = open(store->path, flags);
    if (store->root < 0 || (mkdirat(store->root, "uploads", 0700) != 0 && errno != EEXIST)) {
        return slw_explain_errno(detail, store->path);
    }
    store->uploads = openat(store->root, "uploads", flags | O_NOFOLLOW);
    return store->uploads < 0 ? slw_directory_blobs_explain(store, "uploads", detail) : SLW_OK;
}

static const struct slw_blobs_port directory_port = {
    .close = close_store,
    .have = get_have,
    .append = append,
    .finish = finish,
    .put = slw_directory_blobs_put,
    .size = get_size,
    .open = open_source,
    .read = read_blob,
    .remove = remove_blob,
    .list = slw_directory_blobs_list,
};

enum slw_status slw_directory_blobs_open(const char *path, struct slw_blobs **ret_blobs,
                                         struct slw_detail *detail)
{
    struct slw_directory_blobs *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return slw_explain_no_memory(detail);
    }
    *store = (struct slw_directory_blobs){{&directory_port}, NULL, -1, -1};
    enum slw_status status = open_directories(store, path, detail);
    if (status != SLW_OK) {
        free_store(store);
        return status;
    }
    *ret_blobs = &store->blobs;
    return SLW_OK;
}
