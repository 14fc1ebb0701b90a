/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last release of a product, by a key of one class, that the service's log proves: what an
 * approver compares a new one with. The leaf doesn't name the class; the record behind it does,
 * whose own leaf is verified as well. Nothing that the service says is taken for it: leaves are
 * verified under the log's signed checkpoint, all of them from the end of the log back to the
 * release, so that none that is newer can be left out; and the release's metadata are those with
 * the digest that the leaf has.
 *
 *     SLW_TRY(slw_signer_last_release(&files, &log_key, product, key_class, &release, detail));
 *     if (release.found) {
 *         SLW_TRY(slw_signer_release_metadata(client, product, &release, &metadata, detail));
 *     }
 *
 * Used by `slipway sign approve` and `slipway sign show`.
 */
#ifndef SLIPWAY_SIGNER_RELEASES_H
#define SLIPWAY_SIGNER_RELEASES_H

#include "slipway/note.h"
#include "slipway/signer_client.h"
#include "slipway/tuf.h"

/* Entries that are looked at, from the end of the log back; then it is SLW_TOO_LARGE. */
#define SLW_SIGNER_LOOK_BACK_MAX 1048576u

/* Files of a log in C2SP's tlog-tiles form. */
struct slw_signer_log_files {
    void *context;
    /* Appends the file, at most limit bytes; SLW_NOT_FOUND. */
    enum slw_status (*read)(void *context, const char *path, size_t limit,
                            struct slw_heap_buffer *ret_bytes, struct slw_detail *detail);
};

/* Those that the service gives. */
struct slw_signer_log_files slw_signer_client_log_files(struct slw_signer_client *client);

struct slw_signer_release {
    bool found; /* else the log has none of the product and class */
    uint64_t index;
    uint32_t version;
    uint8_t digest[SLW_SHA256_SIZE]; /* of the serialized targets metadata */
    uint64_t log_size;               /* leaves in the checkpoint */
};

/*
 * SLW_BAD_PROOF when what the log gives isn't what its checkpoint says, SLW_BAD_SIGNATURE or
 * SLW_UNSIGNED for a checkpoint that isn't log_key's; SLW_MALFORMED, SLW_NOT_FOUND for files that
 * aren't what or where they should be.
 */
enum slw_status slw_signer_last_release(const struct slw_signer_log_files *files,
                                        const struct slw_note_key *log_key,
                                        struct slw_bytes product, enum slw_key_class key_class,
                                        struct slw_signer_release *ret_release,
                                        struct slw_detail *detail);

/*
 * The metadata of that release, from the request by which they were signed, appended.
 * SLW_NOT_FOUND when the service doesn't have them (any more).
 */
enum slw_status slw_signer_release_metadata(struct slw_signer_client *client,
                                            struct slw_bytes product,
                                            const struct slw_signer_release *release,
                                            struct slw_heap_buffer *ret_serialized,
                                            struct slw_detail *detail);

#endif
