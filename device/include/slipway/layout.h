/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a product keeps what: the table that maps components to slots, and the regions for the
 * journal, metadata and the staged bundle. Constant data of the product; names from a bundle are
 * looked up in it and never become addresses or paths.
 */
#ifndef SLIPWAY_LAYOUT_H
#define SLIPWAY_LAYOUT_H

#include "slipway/port_anchor.h"
#include "slipway/port_flash.h"

#define SLW_COMPONENTS_MAX 8u

struct slw_component {
    struct slw_bytes name;
    struct slw_region slots[2]; /* A and B */
};

struct slw_layout {
    struct slw_region journal; /* at least two segments, see below */
    struct slw_region blobs;   /* metadata and roots */
    struct slw_region staging; /* the bundle as it arrived; size 0: none */
    const struct slw_component *components;
    size_t components_count; /* at most SLW_COMPONENTS_MAX */
    struct slw_anchor anchor;
    struct slw_bytes factory_root; /* SignedRootMetadata that the product was provisioned with */
};

/*
 * The journal is written in segments: so many sectors that they have at least this size. One is
 * erased while the other holds the state.
 */
#define SLW_JOURNAL_SEGMENT_SIZE_MIN 4096u

static inline uint64_t slw_journal_segment_size(const struct slw_layout *layout)
{
    uint64_t sector = layout->journal.flash->sector_size;
    return (SLW_JOURNAL_SEGMENT_SIZE_MIN + sector - 1) / sector * sector;
}

/*
 * Whether the table makes sense: geometries, whole sectors inside their flash, no two regions over
 * the same bytes, room for two journal segments and a blob, names that are allowed and differ.
 * SLW_BAD_ARGUMENT otherwise. slw_store_open() and slw_store_format() ask it.
 */
SLW_MUST_USE enum slw_status slw_layout_check(const struct slw_layout *layout);

/* Index of the component with this name; SLW_UNKNOWN_SLOT. */
SLW_MUST_USE enum slw_status slw_layout_find(const struct slw_layout *layout, struct slw_bytes name,
                                             size_t *ret_index);

#endif
