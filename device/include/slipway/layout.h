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
    struct slw_region journal; /* at least two sectors */
    struct slw_region blobs;   /* metadata and roots */
    struct slw_region staging; /* the bundle as it arrived */
    const struct slw_component *components;
    size_t components_count; /* at most SLW_COMPONENTS_MAX */
    struct slw_anchor anchor;
    struct slw_bytes factory_root; /* SignedRootMetadata that the product was provisioned with */
};

/* Index of the component with this name; SLW_UNKNOWN_SLOT. */
SLW_MUST_USE enum slw_status slw_layout_find(const struct slw_layout *layout, struct slw_bytes name,
                                             size_t *ret_index);

#endif
