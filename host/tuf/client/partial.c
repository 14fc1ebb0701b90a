/* SPDX-License-Identifier: Apache-2.0 */
/* Writing, verifying and naming a target that is coming in: the functions of partial.h. */
#include "partial.h"

#include "store.h"

#include "slipway/checked.h"
#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static enum slw_status read_size(struct slw_tuf_partial *partial, struct slw_detail *detail)
{
    struct stat about;
    if (fstat(partial->descriptor, &about) != 0) {
        return slw_explain_errno(detail, partial->path);
    }
    if (!S_ISREG(about.st_mode)) {
        return slw_explain(detail, SLW_IO, "%s: is %s, not a regular file", partial->path,
                           slw_file_kind(about.st_mode));
    }
    partial->size = (uint64_t)about.st_size;
    return partial->size > partial->target->length ? slw_tuf_partial_empty(partial, detail)
                                                   : SLW_OK;
}

/*
 * A length that a stolen key signed fills the disk that others need too, for as long as it takes to
 * notice. What can't fit isn't begun. A file system that doesn't say has room.
 */
enum slw_status slw_tuf_partial_check_room(const struct slw_tuf_partial *partial,
                                           struct slw_detail *detail)
{
    struct statvfs about;
    uint64_t wanted = partial->target->length - partial->size;
    if (fstatvfs(partial->descriptor, &about) != 0 || about.f_blocks == 0 || about.f_frsize == 0 ||
        wanted / about.f_frsize <= about.f_bavail) {
        return SLW_OK;
    }
    return slw_explain(detail, SLW_IO,
                       "%s: %" PRIu64 " bytes are to come, and there is room for %" PRIu64
                       " blocks of %" PRIu64,
                       partial->path, wanted, (uint64_t)about.f_bavail, (uint64_t)about.f_frsize);
}

enum slw_status slw_tuf_partial_open(const char *directory, const struct slw_tuf_target *target,
                                     struct slw_bytes hex, struct slw_tuf_partial *ret_partial,
                                     struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    enum slw_status status = slw_tuf_store_partial_path(directory, hex, &path, detail);
    char *text = status == SLW_OK ? strdup(slw_heap_text(&path)) : NULL;
    slw_heap_free(&path);
    *ret_partial = (struct slw_tuf_partial){.target = target, .descriptor = -1, .path = text};
    if (status != SLW_OK) {
        return status;
    }
    if (text == NULL) {
        return slw_explain_no_memory(detail);
    }
    ret_partial->descriptor = open(text, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (ret_partial->descriptor < 0) {
        return slw_explain_errno(detail, text);
    }
    return read_size(ret_partial, detail);
}

enum slw_status slw_tuf_partial_empty(struct slw_tuf_partial *partial, struct slw_detail *detail)
{
    partial->size = 0;
    return ftruncate(partial->descriptor, 0) == 0 ? SLW_OK
                                                  : slw_explain_errno(detail, partial->path);
}

/* "begin() is called once before the first write(), with the offset that it starts at." */
static enum slw_status begin(void *context, uint64_t offset)
{
    struct slw_tuf_partial *partial = context;
    if (offset != 0 && offset != partial->size) {
        return slw_explain(&partial->detail, SLW_UNAVAILABLE,
                           "a body from byte %" PRIu64 ", asked for from %" PRIu64, offset,
                           partial->size);
    }
    partial->began_at = offset;
    return offset == 0 ? slw_tuf_partial_empty(partial, &partial->detail) : SLW_OK;
}

static enum slw_status write_piece(void *context, struct slw_bytes piece)
{
    struct slw_tuf_partial *partial = context;
    if (piece.len > partial->target->length - partial->size) {
        return slw_explain(&partial->detail, SLW_TOO_LARGE,
                           "more than the %" PRIu64 " bytes that it has", partial->target->length);
    }
    size_t done = 0;
    while (done < piece.len) {
        ssize_t count =
            pwrite(partial->descriptor, piece.ptr + done, piece.len - done, (off_t)partial->size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return slw_explain_errno(&partial->detail, partial->path);
        }
        done += (size_t)count;
        partial->size += (uint64_t)count;
    }
    slw_progress_report(partial->progress, partial->size, partial->target->length);
    return SLW_OK;
}

struct slw_fetch_sink slw_tuf_partial_sink(struct slw_tuf_partial *partial)
{
    partial->detail.text[0] = '\0';
    return (struct slw_fetch_sink){.context = partial, .begin = begin, .write = write_piece};
}

/* Reads a file to its end, but no further than one byte behind what it may have. */
static enum slw_status hash_file(int descriptor, uint64_t length, struct slw_tuf_hasher *hasher,
                                 uint64_t *ret_length)
{
    uint8_t *block = malloc(SLW_FILE_BLOCK_SIZE);
    uint64_t at = 0;
    ssize_t count = block == NULL ? -1 : 1;
    while (count > 0 && at <= length) {
        count = pread(descriptor, block, SLW_FILE_BLOCK_SIZE, (off_t)at);
        if (count < 0 && errno == EINTR) {
            count = 1;
        } else if (count > 0) {
            slw_tuf_hasher_update(hasher, slw_bytes_make(block, (size_t)count));
            at += (uint64_t)count;
        }
    }
    enum slw_status status = count >= 0 ? SLW_OK : block == NULL ? SLW_NO_SPACE : SLW_IO;
    free(block);
    *ret_length = at;
    return status;
}

enum slw_status slw_tuf_verify_file(int descriptor, const char *name,
                                    const struct slw_tuf_target *target, struct slw_detail *detail)
{
    struct slw_tuf_hasher hasher;
    uint64_t length = 0;
    enum slw_status status = slw_tuf_hasher_init(target->json, target->hashes, &hasher);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: %s", name, slw_status_meaning(status));
    }
    status = hash_file(descriptor, target->length, &hasher, &length);
    if (status == SLW_IO) {
        (void)slw_explain_errno(detail, name);
    } else if (status == SLW_NO_SPACE) {
        (void)slw_explain_no_memory(detail);
    } else if (length != target->length) {
        status = slw_explain(detail, SLW_WRONG_LENGTH,
                             "%s: has %s %" PRIu64 " bytes, its length is %" PRIu64, name,
                             length > target->length ? "more than" : "only",
                             slw_min_u64(length, target->length), target->length);
    } else {
        /* "Otherwise, download the target (up to the number of bytes specified in the targets
         * metadata), and verify that its hashes match the targets metadata." */
        status = slw_tuf_hasher_check(&hasher, target->length);
        if (status != SLW_OK) {
            (void)slw_explain(detail, status, "%s: isn't what the targets metadata list", name);
        }
    }
    slw_tuf_hasher_free(&hasher);
    return status;
}

enum slw_status slw_tuf_partial_verify(struct slw_tuf_partial *partial, struct slw_detail *detail)
{
    return slw_tuf_verify_file(partial->descriptor, "the file that came", partial->target, detail);
}

/* A link that has the name goes, as it does by rename(), and what it leads to stays as it is. */
static enum slw_status remove_link(const char *path, struct slw_detail *detail)
{
    struct stat about;
    if (lstat(path, &about) == 0 && S_ISLNK(about.st_mode) && unlink(path) != 0) {
        return slw_explain_errno(detail, path);
    }
    return SLW_OK;
}

/* Another file system: copies, and looks at the copy. */
static enum slw_status copy_to(struct slw_tuf_partial *partial, const char *directory,
                               const char *path, struct slw_detail *detail)
{
    struct slw_output output;
    const char *name = strrchr(path, '/') + 1;
    SLW_TRY(remove_link(path, detail));
    SLW_TRY(slw_output_open_below(directory, slw_bytes_make(name, strlen(name)), SLW_OUTPUT_REPLACE,
                                  &output, detail));
    uint8_t *block = malloc(SLW_FILE_BLOCK_SIZE);
    enum slw_status status = block == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    ssize_t count = 1;
    for (uint64_t at = 0; status == SLW_OK && count != 0; at += (uint64_t)count) {
        do {
            count = pread(partial->descriptor, block, SLW_FILE_BLOCK_SIZE, (off_t)at);
        } while (count < 0 && errno == EINTR);
        status = count < 0
                     ? slw_explain_errno(detail, partial->path)
                     : slw_output_write(&output, slw_bytes_make(block, (size_t)count), detail);
    }
    free(block);
    if (status == SLW_OK) {
        status = slw_tuf_verify_file(output.descriptor, path, partial->target, detail);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

enum slw_status slw_tuf_partial_place(struct slw_tuf_partial *partial, const char *directory,
                                      const char *path, struct slw_detail *detail)
{
    if (fsync(partial->descriptor) != 0) {
        return slw_explain_errno(detail, partial->path);
    }
    if (rename(partial->path, path) == 0) {
        return slw_tuf_sync_directory(directory, detail);
    }
    if (errno != EXDEV) {
        return slw_explain_errno(detail, path);
    }
    SLW_TRY(copy_to(partial, directory, path, detail));
    (void)unlink(partial->path);
    return SLW_OK;
}

void slw_tuf_partial_close(struct slw_tuf_partial *partial, bool keep)
{
    if (partial->descriptor >= 0) {
        if (!keep || partial->size == 0) {
            (void)unlink(partial->path);
        }
        (void)close(partial->descriptor);
    }
    free(partial->path);
    *partial = (struct slw_tuf_partial){.descriptor = -1};
}
