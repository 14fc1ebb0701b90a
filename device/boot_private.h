/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the boot stage share: boot.c (the decision), boot_roots.c (the chain of roots),
 * boot_release.c (metadata and images).
 */
#ifndef SLIPWAY_BOOT_PRIVATE_H
#define SLIPWAY_BOOT_PRIVATE_H

#include "slipway/boot.h"

/* What each step works with. */
struct slw_boot_context {
    const struct slw_store *store;
    const struct slw_layout *layout;
    const struct slw_limits *limits;
    const struct slw_verifier_memory *memory;
    struct slw_finding *finding;
};

/*
 * visit is called with each root of the chain while it is in memory, the factory's first: what a
 * root's keys vouch for is checked then, and no root is ever taken for trusted a second time.
 */
struct slw_chain_root {
    const struct slw_trusted_root *root;
    const uint8_t *blob_sha256; /* 32 bytes */
    bool resets_targets;        /* the confirmed release's version, if the chain ended here */
    bool is_last;
};

struct slw_chain_visitor {
    void *context;
    enum slw_status (*visit)(void *context, const struct slw_chain_root *root);
};

/* boot_roots.c: climbs from the factory root to the root blob with this digest. */
enum slw_status slw_chain_climb(const struct slw_boot_context *boot,
                                const uint8_t end_root[static SLW_SHA256_SIZE],
                                const struct slw_chain_visitor *visitor);

/*
 * boot_release.c: verifies all that a release runs. chain_ok: the chain of roots was climbed to its
 * end, so that a failure is the release's own.
 */
enum slw_status slw_release_verify(const struct slw_boot_context *boot,
                                   const struct slw_release *release, bool is_trial,
                                   bool *ret_chain_ok);

#endif
