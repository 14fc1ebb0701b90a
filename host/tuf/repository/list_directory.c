/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listing a repository in a directory (storage_directory.c): regular files only, by their path
 * below it, and none that is still being written.
 */
#include "storage_directory.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HIDDEN ".slipway-" /* what host/files calls a file that is being written */
#define HIDDEN_AGE_S 86400

struct listing {
    const struct slw_directory_storage *storage;
    const char *prefix;
    enum slw_status (*each)(void *context, const char *key);
    void *context;
    int64_t now_utc_s;
};

/* Of a program that was killed, once it is old enough. */
static void remove_hidden(const struct listing *listing, const FTSENT *entry)
{
    if ((int64_t)entry->fts_statp->st_mtim.tv_sec < listing->now_utc_s - HIDDEN_AGE_S) {
        (void)unlink(entry->fts_path);
    }
}

static enum slw_status list_entry(const struct listing *listing, const FTSENT *entry,
                                  struct slw_detail *detail)
{
    const char *key = entry->fts_path + strlen(listing->storage->path) + 1;
    switch (entry->fts_info) {
    case FTS_F:
        if (strncmp(entry->fts_name, HIDDEN, sizeof HIDDEN - 1) == 0) {
            remove_hidden(listing, entry);
        } else if (strncmp(key, listing->prefix, strlen(listing->prefix)) == 0 &&
                   slw_storage_key_is_good(key)) {
            return listing->each(listing->context, key);
        }
        return SLW_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        errno = entry->fts_errno;
        return errno == ENOENT ? SLW_OK : slw_explain_errno(detail, entry->fts_path);
    default:
        return SLW_OK; /* directories on the way; links and devices are nothing of ours */
    }
}

static enum slw_status walk(const struct listing *listing, char *from, struct slw_detail *detail)
{
    char *const roots[] = {from, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (tree == NULL) {
        return slw_explain_errno(detail, from);
    }
    enum slw_status status = SLW_OK;
    while (status == SLW_OK) {
        errno = 0;
        const FTSENT *entry = fts_read(tree);
        if (entry == NULL) {
            status = errno == 0 ? SLW_OK : slw_explain_errno(detail, from);
            break;
        }
        if (entry->fts_level > 0) {
            status = list_entry(listing, entry, detail);
        } else if (entry->fts_info == FTS_DNR) {
            errno = entry->fts_errno;
            status = slw_explain_errno(detail, from);
        }
    }
    (void)fts_close(tree);
    return status;
}

enum slw_status slw_directory_list(void *context, const char *prefix,
                                   enum slw_status (*each)(void *each_context, const char *key),
                                   void *each_context, struct slw_detail *detail)
{
    const struct slw_directory_storage *storage = context;
    const struct listing listing = {storage, prefix, each, each_context, (int64_t)time(NULL)};
    /* From the deepest directory that the prefix names whole. */
    const char *slash = strrchr(prefix, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - prefix);
    char directory[SLW_STORAGE_KEY_MAX + 1] = "";
    if (len > SLW_STORAGE_KEY_MAX) {
        return slw_explain(detail, SLW_BAD_NAME, "%s: no key is as long", storage->path);
    }
    memcpy(directory, prefix, len);
    directory[len] = '\0';
    if (len > 0) {
        SLW_TRY(slw_directory_key_check(storage, directory, detail));
    }
    struct slw_heap_buffer from = {0};
    slw_heap_printf(&from, "%s%s%s", storage->path, len > 0 ? "/" : "", directory);
    enum slw_status status = from.status;
    if (status == SLW_OK) {
        (void)slw_heap_text(&from);
        status = walk(&listing, (char *)from.ptr, detail);
    } else {
        status = slw_explain_no_memory(detail);
    }
    slw_heap_free(&from);
    return status;
}
