/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build's bundle becomes a release: it gets its number, its root and its endorsements; and, once
 * it was signed, its signature and proof. The targets stay what they are, so the content digest
 * does, too. Bundles of any size are copied in constant memory, every payload checked on its way.
 * Used by whatever promotes builds.
 *
 *     struct slw_bundle_release release = {.version = 7, .root = root_message, …};
 *     SLW_TRY(slw_bundle_write_release(&index, &release, &output, detail));      // unsigned
 *     … asks the signing service …
 *     SLW_TRY(slw_bundle_write_signed(&index, key_id, signature, proof, &output, detail));
 */
#ifndef SLIPWAY_BUNDLE_RELEASE_H
#define SLIPWAY_BUNDLE_RELEASE_H

#include "slipway/bundle_file.h"
#include "slipway/crypto.h"

/* What changes. A view without a pointer, a negative number: what the build has stays. */
struct slw_bundle_release {
    uint32_t version;      /* targets version */
    struct slw_bytes root; /* SignedRootMetadata; without: the build's own, if any */
    const struct slw_bytes
        *history; /* SignedRootMetadata, ascending; replaces the build's when there are any */
    size_t history_count;
    const struct slw_bytes
        *endorsements; /* envelopes, added to those that are there; the same again isn't */
    size_t endorsements_count;
    struct slw_bytes release_version, notes;
    int64_t urgency, min_installed_version, security_floor;
    int64_t expires_utc_s;
};

/*
 * Appends targets metadata as the release has them. SLW_UNKNOWN_CRITICAL_FIELD when the build's
 * have fields that aren't known here, for they would be lost; what every device would refuse is
 * refused with its reason.
 */
SLW_MUST_USE enum slw_status slw_release_metadata(struct slw_bytes serialized,
                                                  const struct slw_bundle_release *release,
                                                  struct slw_heap_buffer *ret_serialized,
                                                  struct slw_detail *detail);

/* Writes the unsigned bundle. SLW_WRONG_HASH, SLW_WRONG_LENGTH, SLW_UNLISTED_PAYLOAD for a build
 * that isn't what it says. */
SLW_MUST_USE enum slw_status slw_bundle_write_release(const struct slw_bundle_index *index,
                                                      const struct slw_bundle_release *release,
                                                      struct slw_output *output,
                                                      struct slw_detail *detail);

/* Writes the bundle with one more signature of its targets metadata and, unless it is empty, this
 * proof. */
SLW_MUST_USE enum slw_status
slw_bundle_write_signed(const struct slw_bundle_index *index,
                        const uint8_t key_id[static SLW_SHA256_SIZE],
                        const uint8_t signature[static SLW_SIGNATURE_SIZE], struct slw_bytes proof,
                        struct slw_output *output, struct slw_detail *detail);

#endif
