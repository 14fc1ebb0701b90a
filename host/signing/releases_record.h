/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record behind a release's leaf, which says by whose key it was signed. Private to
 * host/signing; releases.c has verified the leaf that it must be of.
 */
#ifndef SLIPWAY_SIGNING_RELEASES_RECORD_H
#define SLIPWAY_SIGNING_RELEASES_RECORD_H

#include "slipway/signer_releases.h"

/*
 * Whether the release of this leaf was signed by a key of a class ("prod"): by the record that
 * stands behind the leaf, whose own leaf has this digest. SLW_BAD_PROOF for a record that isn't the
 * one that was logged, or not of the release's signature; what reading says.
 */
SLW_MUST_USE enum slw_status
slw_signer_release_is_of_class(const struct slw_signer_log_files *files, uint64_t leaf,
                               const uint8_t digest[static SLW_SHA256_SIZE], const char *class_word,
                               bool *ret_is, struct slw_detail *detail);

#endif
