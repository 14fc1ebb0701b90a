/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content digest: what names a build, whatever version, root and signatures its bundle has. It
 * is the subject of endorsements, test results and approvals (SIGNING.md, section 2).
 *
 * It is over product, hardware ids, build type, and name, slot, length and SHA-256 of each target,
 * in an order of its own, so metadata that say the same in other bytes have the same digest.
 */
#ifndef SLIPWAY_CONTENT_DIGEST_H
#define SLIPWAY_CONTENT_DIGEST_H

#include "slipway/bundle_file.h"

/*
 * Of metadata that were read. SLW_DUPLICATE_TARGET for a name or a slot twice, SLW_MISSING_HASH for
 * a target without a SHA-256, SLW_MALFORMED for a hardware id twice or an unknown build type;
 * SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_content_digest(const struct slw_targets_draft *targets,
                                                uint8_t ret_digest[static SLW_SHA256_SIZE],
                                                struct slw_detail *detail);

/* Of a serialized TargetsMetadata; beside these, what slw_targets_draft_parse() refuses. */
SLW_MUST_USE enum slw_status slw_content_digest_of(struct slw_bytes serialized,
                                                   uint8_t ret_digest[static SLW_SHA256_SIZE],
                                                   struct slw_detail *detail);

/* Of what a bundle's metadata list; the payloads aren't looked at. SLW_MISSING_TARGETS, SLW_IO. */
SLW_MUST_USE enum slw_status
slw_content_digest_of_bundle(const char *name, const struct slw_bundle_index *index,
                             uint8_t ret_digest[static SLW_SHA256_SIZE], struct slw_detail *detail);

#endif
