/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot stage's decision: which image each component runs, after verifying it, and whether a
 * trial goes on, ends in rollback, or is over. The same code runs in firmware and in the virtual
 * device. It never erases a slot and never talks to anybody.
 *
 *     SLW_TRY(slw_boot(&boot, &store, &layout, &memory));
 *     for each component: if (boot.images[i].present) load and jump
 *
 * Order: open the store; climb from the factory root to the current root over the stored roots,
 * verifying each step; count a trial's attempt durably before verifying it; verify the release's
 * metadata by its signatures and each image by hashing what is in the slot; on any failure of a
 * trial go back to the confirmed release, in the same call.
 */
#ifndef SLIPWAY_BOOT_H
#define SLIPWAY_BOOT_H

#include "slipway/store.h"
#include "slipway/verifier.h"

#define SLW_BOOT_TRIAL_ATTEMPTS_MAX 3u

enum slw_boot_choice {
    SLW_BOOT_NOTHING, /* a factory-fresh device */
    SLW_BOOT_CONFIRMED,
    SLW_BOOT_TRIAL,
    SLW_BOOT_ROLLED_BACK, /* the confirmed release, or nothing, after a failed trial */
};

struct slw_boot {
    enum slw_boot_choice choice;
    uint32_t version;             /* of the release that boots; 0 when nothing */
    uint32_t failed_version;      /* of the trial that was given up */
    enum slw_status trial_status; /* why: SLW_OK when its attempts ran out */
    struct slw_finding finding;
    struct slw_image images[SLW_COMPONENTS_MAX]; /* by the layout's order */
};

/*
 * memory as for the verifier (block, root_keys, signatures, names). attempts_max: how often a trial
 * may boot without being confirmed. An error other than a trial's ends in a status and a device
 * that must not run: SLW_STORED_STATE, SLW_WRONG_HASH (the confirmed image was changed), a root's
 * reason. limits: those of the product.
 */
SLW_MUST_USE enum slw_status slw_boot(struct slw_boot *ret_boot, struct slw_store *store,
                                      const struct slw_layout *layout, uint8_t attempts_max,
                                      const struct slw_limits *limits,
                                      const struct slw_verifier_memory *memory);

/*
 * The running application's word that it is healthy: the trial becomes the confirmed release,
 * versions and floor rise (targets_version falls only when the release resets it). SLW_WRONG_STATE
 * when there is no trial. When only the anchor fails, its status is returned and the release is
 * confirmed all the same, as slw_store_commit() has it.
 */
SLW_MUST_USE enum slw_status slw_boot_confirm(struct slw_store *store);

/*
 * Targets keys of the current root that came since the confirmed release (newer_keys of struct
 * slw_expectations): none without one.
 */
SLW_MUST_USE enum slw_status slw_boot_newer_keys(struct slw_store *store,
                                                 const struct slw_layout *layout,
                                                 const struct slw_limits *limits,
                                                 const struct slw_verifier_memory *memory,
                                                 struct slw_finding *finding, uint64_t *ret_keys);

/*
 * A climb over the stored roots, from the factory's to the blob with a given digest, each verified
 * by the one before: one root a step. What the session asks before it commits new roots.
 *
 *     slw_root_chain_start(&chain, store, layout, &limits, &memory, digest);
 *     while (!chain.done)
 *         SLW_TRY(slw_root_chain_step(&chain, &finding));
 */
struct slw_root_chain {
    bool done;
    /* private, but for boot_roots.c's visitors */
    bool begun;
    bool above_confirmed; /* the confirmed release's root is the current one, or was passed */
    uint64_t kept_keys;   /* targets keys of the current root that are in all roots since that */
    const struct slw_store *store;
    const struct slw_layout *layout;
    const struct slw_limits *limits;
    const struct slw_verifier_memory *memory;
    uint8_t end_root[SLW_SHA256_SIZE];
    uint8_t current_blob[SLW_SHA256_SIZE];
    struct slw_trusted_root current;
    struct slw_untrusted_root next;
};

/* All must live until it is done; memory's root_keys, signatures and block are in use. */
void slw_root_chain_start(struct slw_root_chain *chain, const struct slw_store *store,
                          const struct slw_layout *layout, const struct slw_limits *limits,
                          const struct slw_verifier_memory *memory,
                          const uint8_t end_root[static SLW_SHA256_SIZE]);

/* SLW_STORED_STATE when the chain doesn't lead there, or the reason of the root that failed. */
SLW_MUST_USE enum slw_status slw_root_chain_step(struct slw_root_chain *chain,
                                                 struct slw_finding *finding);

#endif
