/* SPDX-License-Identifier: Apache-2.0 */
/* One publish, between publish.c, which decides and writes, and pointers.c, which makes the
 * snapshot and the timestamp. Private to this folder. */
#ifndef SLIPWAY_TUF_PUBLISH_H
#define SLIPWAY_TUF_PUBLISH_H

#include "bins.h"

struct slw_tuf_publish {
    struct slw_tuf_writer *writer;
    const struct slw_tuf_due *due;
    bool with_root;
    const struct slw_tuf_edition *old_root; /* NULL at the first publish */
    const struct slw_tuf_edition *new_root; /* the old one, when none is to be published */
    struct slw_tuf_metas metas;             /* for the snapshot */
    struct slw_tuf_edition *snapshot;       /* new; NULL: the published one stays */
    struct slw_tuf_edition *timestamp;
    bool cannot_sign; /* the new root's keys for snapshot or timestamp aren't at hand */
};

/* Makes the next snapshot and timestamp, if they are wanted. */
enum slw_status slw_tuf_publish_pointers(struct slw_tuf_publish *publish,
                                         struct slw_detail *detail);

/* Whether a role's keys, as a root has them, signed an edition; not when one of both is NULL. */
enum slw_status slw_tuf_publish_is_signed(const struct slw_tuf_edition *root,
                                          enum slw_tuf_type type,
                                          const struct slw_tuf_edition *edition, bool *ret_signed,
                                          struct slw_detail *detail);

#endif
