/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An anchor in flash that nobody but the device can write: internal flash, or a protected part of a
 * virtual device's file. Records are appended to two sectors in turn, so that a power cut leaves
 * the last one or the one before, and each sector is erased once in many stores.
 *
 *     struct slw_region place = {&internal_flash, 0xF000, 2 * 2048};
 *     slw_anchor_flash_init(&anchor, &place, &layout.anchor);
 */
#ifndef SLIPWAY_ANCHOR_FLASH_H
#define SLIPWAY_ANCHOR_FLASH_H

#include "slipway/layout.h"

struct slw_anchor_flash {
    struct slw_region region;
    bool stored; /* since init: the cells behind the newest record are known to be erased */
};

/*
 * region: two sectors or more, of which the first two are used. ret_port becomes a PROTECTED anchor
 * on it; both structures must stay where they are. Nothing is read yet.
 */
void slw_anchor_flash_init(struct slw_anchor_flash *anchor, const struct slw_region *region,
                           struct slw_anchor *ret_port);

#endif
