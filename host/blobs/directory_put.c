/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a blob of which all bytes are at hand: it is hashed as it is written, under a name in
 * uploads that nobody else has, and gets its own afterwards. */
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static bool write_all(int descriptor, struct slw_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t count = write(descriptor, bytes.ptr, bytes.len);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        bytes = slw_bytes_make(bytes.ptr + count, bytes.len - (size_t)count);
    }
    return true;
}

static enum slw_status copy_block(const struct slw_directory_blobs *store,
                                  const struct slw_source *source, uint64_t offset, int descriptor,
                                  uint8_t *block, size_t len, struct slw_sha256 *hash,
                                  struct slw_detail *detail)
{
    enum slw_status status = source->read(source->context, offset, block, len);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: what is to be put there can't be read",
                           store->path);
    }
    slw_sha256_update(hash, slw_bytes_make(block, len));
    return write_all(descriptor, slw_bytes_make(block, len))
               ? SLW_OK
               : slw_directory_blobs_explain(store, "uploads", detail);
}

static enum slw_status copy(const struct slw_directory_blobs *store,
                            const struct slw_source *source, int descriptor,
                            uint8_t ret_sha256[static SLW_SHA256_SIZE], struct slw_detail *detail)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    uint8_t *block = malloc(SLW_BLOB_BLOCK_SIZE);
    enum slw_status status = block == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (uint64_t offset = 0; status == SLW_OK && offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < SLW_BLOB_BLOCK_SIZE ? (size_t)left : SLW_BLOB_BLOCK_SIZE;
        status = copy_block(store, source, offset, descriptor, block, len, &hash, detail);
        offset += len;
    }
    free(block);
    if (status == SLW_OK) {
        slw_sha256_final(&hash, ret_sha256);
    }
    return status;
}

enum slw_status slw_directory_blobs_put(struct slw_blobs *blobs, const struct slw_source *source,
                                        uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                        struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    uint64_t numbers[2] = {0, 0};
    char temporary[40];
    char name[SLW_BLOB_NAME_SIZE];
    uint8_t sha256[SLW_SHA256_SIZE];
    if (getrandom(numbers, sizeof numbers, 0) != (ssize_t)sizeof numbers) {
        return slw_explain_errno(detail, "getrandom");
    }
    (void)snprintf(temporary, sizeof temporary, "put-%016llx%016llx",
                   (unsigned long long)numbers[0], (unsigned long long)numbers[1]);
    int descriptor =
        openat(store->uploads, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return slw_directory_blobs_explain(store, "uploads", detail);
    }
    enum slw_status status = copy(store, source, descriptor, sha256, detail);
    if (status == SLW_OK) {
        status = slw_directory_blobs_show(store, temporary, descriptor, slw_blob_name(sha256, name),
                                          detail);
    }
    if (status != SLW_OK) {
        (void)unlinkat(store->uploads, temporary, 0);
    } else {
        memcpy(ret_sha256, sha256, sizeof sha256);
    }
    close(descriptor);
    return status;
}
