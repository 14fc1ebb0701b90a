/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored device manifest (Pigweed's Manifest message): what a device runs, as it says itself.
 * Host tools verify against one with --manifest.
 */
#ifndef SLIPWAY_MANIFEST_H
#define SLIPWAY_MANIFEST_H

#include "slipway/targets.h"

struct slw_manifest {
    uint32_t version;
    uint32_t security_floor;
    struct slw_span targets; /* the TargetsMetadata in it */
};

/*
 * Reads the manifest that is the whole of source; block is scratch. Anything that isn't a manifest
 * with top-level targets metadata is SLW_STORED_STATE, never a fresh device.
 */
SLW_MUST_USE enum slw_status slw_manifest_read(const struct slw_source *source, uint8_t *block,
                                               size_t block_size,
                                               struct slw_manifest *ret_manifest);

/*
 * Length and SHA-256 of the image of this target according to the manifest, taken at its word;
 * SLW_NOT_FOUND.
 */
SLW_MUST_USE enum slw_status slw_manifest_find(const struct slw_source *source,
                                               const struct slw_manifest *manifest, uint8_t *block,
                                               size_t block_size, struct slw_bytes target,
                                               struct slw_installed_image *ret_image);

#endif
