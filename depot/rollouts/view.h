/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rollouts that offer, those that run and the last of each group that is done, with the
 * release, the group and the way there that each offers: read every second by a thread of its own,
 * and exchanged as a whole. Used by offer.c.
 */
#ifndef SLIPWAY_ROLLOUTS_VIEW_H
#define SLIPWAY_ROLLOUTS_VIEW_H

#include "parts.h"

#define VIEW_ROLLOUTS_MAX 256u
#define VIEW_RELEASES_MAX 512u

/* A published release. */
struct view_release {
    struct slw_heap_buffer product, channel;
    int64_t version, min_installed;
    struct depot_offer offer; /* with rollout 0 */
};

struct view_rollout {
    struct rollout rollout;
    struct rollout_group group;
    size_t release; /* of the view's releases */
};

struct view {
    struct view_rollout
        rollouts[VIEW_ROLLOUTS_MAX]; /* that run first, of them emergencies, then the newest */
    size_t rollouts_count;
    struct view_release releases[VIEW_RELEASES_MAX];
    size_t releases_count;
    int64_t read_ms; /* of depot_clock_ms(), before it was read */
    /* Of what says whom something is for; one that says the same as the one before has its number.
     */
    uint8_t mark[SLW_SHA256_SIZE];
    uint64_t generation;
    int references;
};

/* The newest one, or NULL before the first was read; rollouts_view_drop() it. */
struct view *rollouts_view_take(struct depot *depot);
void rollouts_view_drop(struct view *view);

#endif
