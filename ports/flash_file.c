/* SPDX-License-Identifier: Apache-2.0 */
/* A flash in a file (flash_file.h). */
#include "slipway/flash_file.h"

#include "slipway/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE 4096u

static enum slw_status read_at(int descriptor, uint64_t at, uint8_t *buffer, size_t len)
{
    while (len > 0) {
        ssize_t count = pread(descriptor, buffer, len, (off_t)at);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return SLW_IO;
        }
        buffer += count;
        at += (uint64_t)count;
        len -= (size_t)count;
    }
    return SLW_OK;
}

static enum slw_status write_at(int descriptor, uint64_t at, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t count = pwrite(descriptor, bytes, len, (off_t)at);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return SLW_IO;
        }
        bytes += count;
        at += (uint64_t)count;
        len -= (size_t)count;
    }
    return SLW_OK;
}

static bool is_filled(const uint8_t *bytes, size_t len, uint8_t value)
{
    return len == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static enum slw_status fill(int descriptor, uint64_t from, uint64_t to, uint8_t value)
{
    uint8_t block[BLOCK_SIZE];
    memset(block, value, sizeof block);
    while (from < to) {
        size_t len = (size_t)slw_min_u64(to - from, sizeof block);
        SLW_TRY(write_at(descriptor, from, block, len));
        from += len;
    }
    return SLW_OK;
}

static enum slw_status make_durable(const struct slw_flash_file *file)
{
    bool wanted = (file->flags & SLW_FLASH_FILE_DURABLE) != 0;
    return wanted && fdatasync(file->descriptor) != 0 ? SLW_IO : SLW_OK;
}

static enum slw_status read_file(void *context, uint64_t address, uint8_t *buffer, size_t len)
{
    const struct slw_flash_file *file = context;
    if (!slw_flash_allows_read(&file->flash, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    return read_at(file->descriptor, address, buffer, len);
}

static enum slw_status program_file(void *context, uint64_t address, const uint8_t *bytes,
                                    size_t len)
{
    struct slw_flash_file *file = context;
    uint8_t block[BLOCK_SIZE];
    if (!slw_flash_allows_program(&file->flash, address, len)) {
        return SLW_BAD_ARGUMENT;
    }
    for (size_t done = 0; done < len;) {
        size_t piece = slw_min_size(len - done, sizeof block);
        SLW_TRY(read_at(file->descriptor, address + done, block, piece));
        if (!is_filled(block, piece, file->flash.erased_value)) {
            return SLW_IO;
        }
        done += piece;
    }
    SLW_TRY(write_at(file->descriptor, address, bytes, len));
    return make_durable(file);
}

static enum slw_status erase_file(void *context, uint64_t address)
{
    struct slw_flash_file *file = context;
    if (!slw_flash_allows_erase(&file->flash, address)) {
        return SLW_BAD_ARGUMENT;
    }
    SLW_TRY(fill(file->descriptor, address, address + file->flash.sector_size,
                 file->flash.erased_value));
    return make_durable(file);
}

static enum slw_status open_file(const char *path, bool make, int *ret_descriptor)
{
    int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (make ? O_CREAT : 0);
    int descriptor = open(path, flags, 0600);
    if (descriptor < 0) {
        return errno == ENOENT ? SLW_NOT_FOUND : errno == EISDIR ? SLW_BAD_ARGUMENT : SLW_IO;
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        enum slw_status status = errno == EWOULDBLOCK ? SLW_WRONG_STATE : SLW_IO;
        close(descriptor);
        return status;
    }
    *ret_descriptor = descriptor;
    return SLW_OK;
}

/* A file that is too short and erased as far as it goes is one whose making was cut short. */
static enum slw_status complete(int descriptor, uint64_t from,
                                const struct slw_flash_geometry *want)
{
    uint8_t block[BLOCK_SIZE];
    for (uint64_t at = 0; at < from;) {
        size_t len = (size_t)slw_min_u64(from - at, sizeof block);
        SLW_TRY(read_at(descriptor, at, block, len));
        if (!is_filled(block, len, want->erased_value)) {
            return SLW_BAD_ARGUMENT;
        }
        at += len;
    }
    SLW_TRY(fill(descriptor, from, want->size, want->erased_value));
    return fsync(descriptor) == 0 ? SLW_OK : SLW_IO;
}

static enum slw_status find_size(int descriptor, const struct slw_flash_geometry *geometry,
                                 uint64_t *ret_size)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) {
        return SLW_IO;
    }
    uint64_t size = (uint64_t)about.st_size;
    if (!S_ISREG(about.st_mode)) {
        return SLW_BAD_ARGUMENT;
    }
    if (geometry->size != 0 && size < geometry->size) {
        SLW_TRY(complete(descriptor, size, geometry));
        size = geometry->size;
    }
    if (size == 0 || size % geometry->sector_size != 0 ||
        (geometry->size != 0 && size != geometry->size)) {
        return SLW_BAD_ARGUMENT;
    }
    *ret_size = size;
    return SLW_OK;
}

enum slw_status slw_flash_file_open(const char *path, const struct slw_flash_geometry *geometry,
                                    unsigned flags, struct slw_flash_file *ret_file)
{
    int descriptor = -1;
    uint64_t size = 0;
    if (geometry->sector_size == 0 || geometry->program_size == 0 ||
        geometry->sector_size % geometry->program_size != 0 ||
        geometry->size % geometry->sector_size != 0) {
        return SLW_BAD_ARGUMENT;
    }
    SLW_TRY(open_file(path, geometry->size != 0, &descriptor));
    enum slw_status status = find_size(descriptor, geometry, &size);
    if (status != SLW_OK) {
        close(descriptor);
        return status;
    }
    *ret_file = (struct slw_flash_file){
        .flash =
            {
                .context = ret_file,
                .read = read_file,
                .program = program_file,
                .erase = erase_file,
                .size = size,
                .sector_size = geometry->sector_size,
                .program_size = geometry->program_size,
                .erased_value = geometry->erased_value,
            },
        .descriptor = descriptor,
        .flags = flags,
    };
    return SLW_OK;
}

void slw_flash_file_close(struct slw_flash_file *file)
{
    if (file->flash.context != NULL && file->descriptor >= 0) {
        close(file->descriptor);
        file->descriptor = -1;
    }
}
