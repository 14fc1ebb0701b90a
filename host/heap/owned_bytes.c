/* SPDX-License-Identifier: Apache-2.0 */
/* The two functions of owned_bytes.h. */
#include "slipway/owned_bytes.h"

#include <stdlib.h>

bool slw_owned_copy(struct slw_bytes bytes, struct slw_bytes *ret_copy)
{
    uint8_t *copy = bytes.len < SIZE_MAX ? malloc(bytes.len + 1) : NULL;
    if (copy == NULL) {
        return false;
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    copy[bytes.len] = 0;
    *ret_copy = slw_bytes_make(copy, bytes.len);
    return true;
}

/* A cast would take const away from more than this pointer, as far as compilers can tell. */
void slw_owned_free(const void *memory)
{
    void *owned = NULL;
    memcpy(&owned, &memory, sizeof owned);
    free(owned);
}
