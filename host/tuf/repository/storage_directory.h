/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a directory as storage share: the objects, and the lease with its fence.
 */
#ifndef SLIPWAY_TUF_STORAGE_DIRECTORY_H
#define SLIPWAY_TUF_STORAGE_DIRECTORY_H

#include "slipway/tuf_storage.h"

#include <sys/types.h>

struct slw_directory_storage {
    char *path;
    int directory;
    int lease_file;
    dev_t device;
    struct slw_storage port;
    struct slw_lease lease;
};

enum slw_status slw_directory_key_check(const struct slw_directory_storage *storage,
                                        const char *key, struct slw_detail *detail);

/* The list() of slipway/tuf_storage.h. */
enum slw_status slw_directory_list(void *context, const char *prefix,
                                   enum slw_status (*each)(void *each_context, const char *key),
                                   void *each_context, struct slw_detail *detail);

/* Opens DIR/.lease, and makes it when it isn't there. */
enum slw_status slw_directory_lease_open(struct slw_directory_storage *storage,
                                         struct slw_detail *detail);

/* Whether a change under this token may be made now. */
enum slw_status slw_directory_fence_check(const struct slw_directory_storage *storage,
                                          uint64_t token, struct slw_detail *detail);

/*
 * The same, and nobody takes the lease until slw_directory_fence_leave(), which is to be called
 * only after SLW_OK.
 */
enum slw_status slw_directory_fence_enter(const struct slw_directory_storage *storage,
                                          uint64_t token, struct slw_detail *detail);
void slw_directory_fence_leave(const struct slw_directory_storage *storage);

#endif
