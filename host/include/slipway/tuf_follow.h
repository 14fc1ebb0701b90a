/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether roots of TUF repositories may be trusted: the first by whoever brings it and by itself,
 * each that follows by the one before and by itself. For those who have files of roots and no
 * repository: the signing service, which verifies bases of top-level roles by them, and the auditor
 * of its log.
 */
#ifndef SLIPWAY_TUF_FOLLOW_H
#define SLIPWAY_TUF_FOLLOW_H

#include "slipway/detail.h"
#include "slipway/heap.h"

#define SLW_TUF_FOLLOW_SIZE_MAX 1048576u /* of a file */

/* A root that stands for itself, and its version. SLW_ROOT_SELF_UNSIGNED unless its own threshold
 * signed it; what slipway/tuf_metadata.h says of files that aren't roots. */
SLW_MUST_USE enum slw_status slw_tuf_root_first(struct slw_bytes file, uint64_t *ret_version,
                                                struct slw_detail *detail);

/*
 * The root that follows a trusted one, and its version. SLW_ROOT_ROLLBACK for one that is older, or
 * not the very next; SLW_ROOT_REPLACED for another of the same version; SLW_ROOT_UNTRUSTED unless
 * the trusted root's threshold signed it, SLW_ROOT_SELF_UNSIGNED unless its own did. The trusted
 * root itself, byte by byte, is SLW_OK with its own version.
 */
SLW_MUST_USE enum slw_status slw_tuf_root_next(struct slw_bytes trusted, struct slw_bytes file,
                                               uint64_t *ret_version, struct slw_detail *detail);

#endif
