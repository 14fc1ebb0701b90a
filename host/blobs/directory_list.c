/* SPDX-License-Identifier: Apache-2.0 */
/* Going through a directory of blobs, for housekeeping and repair; and away with uploads that
 * nobody goes on with. */
#include "directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static DIR *open_stream(int parent, const char *name)
{
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (stream == NULL && descriptor >= 0) {
        close(descriptor);
    }
    return stream;
}

/* Under its lock, so that a piece that comes just now isn't lost with it. */
static void remove_if_old(const struct slw_directory_blobs *store, const char *name,
                          int64_t older_than_s)
{
    struct stat about;
    int descriptor = openat(store->uploads, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return;
    }
    /* One that is being put isn't locked, but it is being written to. */
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &about) == 0 &&
        (int64_t)time(NULL) - (int64_t)about.st_mtim.tv_sec >= older_than_s) {
        (void)unlinkat(store->uploads, name, 0);
    }
    close(descriptor);
}

static enum slw_status remove_old_uploads(const struct slw_directory_blobs *store,
                                          uint32_t older_than_s, struct slw_detail *detail)
{
    DIR *stream = open_stream(store->root, "uploads");
    if (stream == NULL) {
        return slw_directory_blobs_explain(store, "uploads", detail);
    }
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (entry->d_name[0] != '.') {
            remove_if_old(store, entry->d_name, older_than_s);
        }
    }
    closedir(stream);
    return SLW_OK;
}

struct listing {
    enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                            uint64_t size, int64_t made_utc_s);
    void *context;
};

/* Names that no blob has are somebody else's, and left alone. */
static enum slw_status list_entry(const struct listing *listing, int shelf, const char *name,
                                  const char *file)
{
    uint8_t sha256[SLW_SHA256_SIZE];
    struct stat about;
    if (!slw_blob_name_parse(slw_bytes_make(file, strlen(file)), sha256) ||
        strncmp(file, name, 2) != 0 || fstatat(shelf, file, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(about.st_mode)) {
        return SLW_OK;
    }
    return listing->each(listing->context, sha256, (uint64_t)about.st_size,
                         (int64_t)about.st_mtim.tv_sec);
}

static enum slw_status list_shelf(const struct slw_directory_blobs *store, const char *name,
                                  const struct listing *listing, struct slw_detail *detail)
{
    DIR *stream = open_stream(store->root, name);
    if (stream == NULL) {
        /* A link or a file isn't ours. */
        return errno == ENOENT || errno == ELOOP || errno == ENOTDIR
                   ? SLW_OK
                   : slw_directory_blobs_explain(store, name, detail);
    }
    enum slw_status status = SLW_OK;
    for (struct dirent *entry = readdir(stream); entry != NULL && status == SLW_OK;
         entry = readdir(stream)) {
        status = list_entry(listing, dirfd(stream), name, entry->d_name);
    }
    closedir(stream);
    return status;
}

enum slw_status slw_directory_blobs_list(
    struct slw_blobs *blobs, uint32_t older_than_s,
    enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                            uint64_t size, int64_t made_utc_s),
    void *context, struct slw_detail *detail)
{
    const struct slw_directory_blobs *store = slw_directory_blobs_of(blobs);
    static const char digits[] = "0123456789abcdef";
    const struct listing listing = {each, context};
    SLW_TRY(remove_old_uploads(store, older_than_s, detail));
    for (unsigned i = 0; i < 256; i++) {
        const char name[3] = {digits[i >> 4], digits[i & 15], '\0'};
        SLW_TRY(list_shelf(store, name, &listing, detail));
    }
    return SLW_OK;
}
