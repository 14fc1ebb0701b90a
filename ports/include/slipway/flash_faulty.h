/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flash in memory that loses power at a chosen program or erase, before it, inside it or after
 * it, and leaves what real flash may leave then. For tests that cut power at every operation.
 *
 *     slw_flash_ram_init(&ram, &geometry, bytes, granules);
 *     slw_flash_faulty_init(&faulty, &ram);
 *     slw_flash_faulty_cut(&faulty, 17, SLW_CUT_PART);
 *     (void)slw_store_commit(&store, &next);
 *     slw_flash_faulty_power_on(&faulty);
 *     status = slw_store_open(&store, &layout);
 */
#ifndef SLIPWAY_FLASH_FAULTY_H
#define SLIPWAY_FLASH_FAULTY_H

#include "slipway/flash_ram.h"

enum slw_cut_point {
    SLW_CUT_BEFORE,    /* the operation doesn't begin */
    SLW_CUT_UNTOUCHED, /* it began; the bytes read as before, but mustn't be programmed any more */
    SLW_CUT_PART,      /* the first half is done, a byte in the middle is half done */
    SLW_CUT_GARBAGE,   /* any bytes, other ones for another operation */
    SLW_CUT_TORN,      /* the bytes can't be read (SLW_IO_TORN) until the sector is erased */
    SLW_CUT_WEAK,      /* it seems done, until power fails once more: then any bytes */
    SLW_CUT_AFTER,     /* it is done, and its caller never hears of it */
    SLW_CUT_POINTS_COUNT,
};

struct slw_flash_faulty {
    struct slw_flash flash;
    struct slw_flash_ram *ram; /* with a note of each granule */
    uint64_t operations;       /* programs and erases begun since init */
    uint64_t cut_at;
    enum slw_cut_point cut_point;
    bool powered;
    bool weak; /* some bytes may be (SLW_CUT_WEAK) */
};

/* ram must have been given memory for granules. The structure must stay where it is. */
void slw_flash_faulty_init(struct slw_flash_faulty *faulty, struct slw_flash_ram *ram);

/* Power fails at the operation with this number, counted from 0 from now on; every access after
 * that is SLW_IO. */
void slw_flash_faulty_cut(struct slw_flash_faulty *faulty, uint64_t operation,
                          enum slw_cut_point point);

/* Power is back (after another failure, too), and stays. */
void slw_flash_faulty_power_on(struct slw_flash_faulty *faulty);

#endif
