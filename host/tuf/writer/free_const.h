/* SPDX-License-Identifier: Apache-2.0 */
/* Giving back memory that is held by a pointer to const, as views are. Private to this folder. */
#ifndef SLIPWAY_TUF_FREE_CONST_H
#define SLIPWAY_TUF_FREE_CONST_H

#include <stdlib.h>
#include <string.h>

/* free() of what came from malloc() and was only read since; a cast would hide other mistakes. */
static inline void slw_free_const(const void *memory)
{
    void *owned = NULL;
    memcpy(&owned, &memory, sizeof owned);
    free(owned);
}

#endif
