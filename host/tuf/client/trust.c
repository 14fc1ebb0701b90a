/* SPDX-License-Identifier: Apache-2.0 */
/* Where trust begins: a root from a trusted place is put into a directory. */
#include "client.h"

#include "slipway/files.h"

#include <errno.h>
#include <sys/stat.h>

#define ROOT_SIZE_MAX 512000u

static enum slw_status make_directory(const char *path, struct slw_detail *detail)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    return SLW_OK;
}

static enum slw_status check_root(const char *name, struct slw_bytes bytes,
                                  enum slw_tuf_key_ids key_ids, struct slw_detail *detail)
{
    struct slw_heap_buffer copy = {0};
    struct slw_tuf_trusted_root *root = NULL;
    slw_heap_append(&copy, bytes);
    SLW_TRY(slw_tuf_trust_first_root(name, &copy, ROOT_SIZE_MAX, key_ids, &root, detail));
    slw_tuf_trusted_root_free(root);
    return SLW_OK;
}

/* Under the lock. */
static enum slw_status write_root(const char *directory, struct slw_bytes root,
                                  struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_store_write(directory, SLW_BYTES_OF("root"), root, detail));
    return slw_tuf_store_clear(directory, detail);
}

enum slw_status slw_tuf_client_trust(const char *metadata_directory, const char *name,
                                     struct slw_bytes root, enum slw_tuf_key_ids key_ids,
                                     struct slw_detail *detail)
{
    int lock = -1;
    SLW_TRY(check_root(name, root, key_ids, detail));
    SLW_TRY(make_directory(metadata_directory, detail));
    SLW_TRY(slw_tuf_store_lock(metadata_directory, &lock, detail));
    enum slw_status status = write_root(metadata_directory, root, detail);
    slw_tuf_store_unlock(lock);
    return status;
}

enum slw_status slw_tuf_client_trust_first(const char *metadata_directory, const char *name,
                                           struct slw_bytes root, enum slw_tuf_key_ids key_ids,
                                           struct slw_detail *detail)
{
    int lock = -1;
    bool has_root = false;
    SLW_TRY(make_directory(metadata_directory, detail));
    SLW_TRY(slw_tuf_store_lock(metadata_directory, &lock, detail));
    enum slw_status status = slw_tuf_store_has_root(metadata_directory, &has_root, detail);
    if (status == SLW_OK && !has_root) {
        status = check_root(name, root, key_ids, detail);
        if (status == SLW_OK) {
            status = write_root(metadata_directory, root, detail);
        }
    }
    slw_tuf_store_unlock(lock);
    return status;
}
