/* SPDX-License-Identifier: Apache-2.0 */
/* Files below a directory: exchange.h. */
#include "exchange.h"

#include "../fetch/directory.h"

#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum slw_status explain(const struct slw_tuf_below *file, int failure)
{
    bool leads_out = failure == EXDEV || failure == ELOOP;
    return slw_explain(file->detail, failure == ENOENT ? SLW_NOT_FOUND : SLW_IO, "%s/%s: %s",
                       file->directory, file->key,
                       leads_out ? "a link that leads out of the directory" : strerror(failure));
}

static enum slw_status read_at(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_tuf_below *file = context;
    while (len > 0) {
        ssize_t count = pread(file->descriptor, buffer, len, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return explain(file, count == 0 ? EIO : errno); /* it became shorter */
        }
        buffer += count;
        offset += (uint64_t)count;
        len -= (size_t)count;
    }
    return SLW_OK;
}

enum slw_status slw_tuf_below_open(int descriptor, const char *directory, const char *key,
                                   struct slw_tuf_below *ret_file, struct slw_detail *detail)
{
    struct stat about;
    struct slw_tuf_below file = {.directory = directory, .key = key, .detail = detail};
    file.descriptor = slw_fetch_open_file_below(descriptor, key);
    if (file.descriptor < 0) {
        return explain(&file, errno);
    }
    if (fstat(file.descriptor, &about) != 0) {
        enum slw_status status = explain(&file, errno);
        close(file.descriptor);
        return status;
    }
    if (!S_ISREG(about.st_mode)) {
        close(file.descriptor);
        return slw_explain(detail, SLW_IO, "%s/%s: is %s, not a regular file", directory, key,
                           slw_file_kind(about.st_mode));
    }
    file.source = (struct slw_source){ret_file, read_at, (uint64_t)about.st_size};
    *ret_file = file;
    return SLW_OK;
}

void slw_tuf_below_close(struct slw_tuf_below *file)
{
    close(file->descriptor);
}

bool slw_tuf_below_is(int descriptor, const char *key, struct slw_bytes bytes)
{
    uint8_t block[4096];
    struct slw_detail ignored;
    struct slw_tuf_below file;
    if (slw_tuf_below_open(descriptor, "", key, &file, &ignored) != SLW_OK) {
        return false;
    }
    bool same = file.source.size == bytes.len;
    for (size_t offset = 0; same && offset < bytes.len; offset += sizeof block) {
        size_t len = bytes.len - offset < sizeof block ? bytes.len - offset : sizeof block;
        same = read_at(&file, offset, block, len) == SLW_OK &&
               memcmp(block, bytes.ptr + offset, len) == 0;
    }
    slw_tuf_below_close(&file);
    return same;
}
