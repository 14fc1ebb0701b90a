/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs from the depot's store to a backup's directory, and back. What is there already stays: a
 * second backup to the same directory takes what is new. */
#include "commands.h"

#include <stdio.h>

struct copying {
    struct slw_blobs *from, *to;
    struct slw_detail *detail;
    int64_t count;
};

static enum slw_status copy_one(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                                uint64_t size, int64_t made_utc_s)
{
    struct copying *copying = context;
    struct slw_blob blob;
    uint8_t put[SLW_SHA256_SIZE];
    (void)size;
    (void)made_utc_s;
    SLW_TRY(slw_blob_open(copying->from, sha256, &blob, copying->detail));
    enum slw_status status = slw_blobs_put_source(copying->to, &blob.source, put, copying->detail);
    slw_blob_close(&blob);
    SLW_TRY(status);
    if (memcmp(put, sha256, sizeof put) != 0) {
        return slw_explain(copying->detail, SLW_WRONG_HASH, "a blob isn't what its name says");
    }
    copying->count++;
    return SLW_OK;
}

enum slw_status depot_copy_blobs(const struct depot_settings *settings, const char *directory,
                                 bool to_directory, int64_t *ret_count, struct slw_detail *detail)
{
    char url[4096];
    struct slw_blobs *store = NULL;
    struct slw_blobs *copies = NULL;
    if (snprintf(url, sizeof url, "dir:%s/blobs", directory) >= (int)sizeof url) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "the directory's name is too long");
    }
    SLW_TRY(depot_services_open_blobs(settings, &store, detail));
    enum slw_status status = slw_blobs_open(url, NULL, &copies, detail);
    if (status == SLW_OK) {
        struct copying copying = {to_directory ? store : copies, to_directory ? copies : store,
                                  detail, 0};
        status = slw_blobs_list(copying.from, UINT32_MAX, copy_one, &copying, detail);
        *ret_count = copying.count;
        slw_blobs_close(copies);
    }
    slw_blobs_close(store);
    return status;
}
