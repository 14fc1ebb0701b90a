/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash bins under a role (TAP 15). There may be thousands, all signed by keys at hand, so they
 * aren't staged one by one: what is to change is kept as one change under their delegator, and
 * divided among them when it is published. Private to this folder.
 */
#ifndef SLIPWAY_TUF_BINS_H
#define SLIPWAY_TUF_BINS_H

#include "writer.h"

struct slw_tuf_bins {
    const struct slw_tuf_edition *delegator; /* NULL while they are only gathered */
    size_t at;                               /* the delegation in it */
    struct slw_bytes prefix;
    uint32_t bit_length;
};

/* The bins that a delegator's edition (NULL for none) has; false when it has none. */
SLW_MUST_USE bool slw_tuf_bins_of(const struct slw_tuf_edition *delegator,
                                  struct slw_tuf_bins *ret_bins);

/* The bins that a role will have, with what is staged and gathered. */
SLW_MUST_USE bool slw_tuf_bins_gathered(const struct slw_tuf_writer_role *role,
                                        struct slw_tuf_bins *ret_bins);

/* A bin as published; NULL when the snapshot doesn't list it. */
enum slw_status slw_tuf_bins_fetch(const struct slw_tuf_writer *writer,
                                   const struct slw_tuf_bins *bins, uint32_t number,
                                   struct slw_tuf_edition **ret_edition, struct slw_detail *detail);

/* New versions for the snapshot. */
struct slw_tuf_metas {
    struct slw_tuf_meta_version *list; /* each role's name is its own */
    size_t count;
};
enum slw_status slw_tuf_metas_add(struct slw_tuf_metas *metas, struct slw_bytes role,
                                  int64_t version, struct slw_detail *detail);
/* Down to a count that there was before. */
void slw_tuf_metas_cut(struct slw_tuf_metas *metas, size_t count);
void slw_tuf_metas_free(struct slw_tuf_metas *metas);

enum slw_tuf_bins_outcome {
    SLW_TUF_BINS_DONE,
    SLW_TUF_BINS_WAIT,          /* not all could be signed: none of them is to be published */
    SLW_TUF_BINS_HOLD_THE_ROLE, /* nor is the role's next version, which needs them */
};

/*
 * Makes the next versions of the bins under a role, as the role will be, has them signed and puts
 * them; bins that expire by due_by_s too.
 */
enum slw_status slw_tuf_bins_publish(struct slw_tuf_writer *writer,
                                     struct slw_tuf_writer_role *role, int64_t due_by_s,
                                     struct slw_tuf_metas *metas,
                                     enum slw_tuf_bins_outcome *ret_outcome,
                                     struct slw_detail *detail);

#endif
