/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key provider for TUF repositories whose keys are in the signing service (spec/SIGNING.md,
 * section 2: sign-role). Of each next version it asks the service with the base and the difference,
 * in a request that its requester signs; what comes back counts when it verifies over the bytes
 * that it makes by itself out of both.
 *
 *     SLW_TRY(slw_signer_tuf_provider_new(&settings, &provider, detail));
 *     options.provider = &provider;      of a struct slw_tuf_writer_options
 *     …
 *     slw_signer_tuf_provider_free(&provider);
 *
 * Adding a release to a product's role wants the request by which the service signed its bundle,
 * and the channel: both are found by what the added targets say of themselves (slipway/release.h).
 * To a production role it wants the finished bundle, too, which is uploaded from the repository's
 * storage when the service waits for it: one bundle in a change, from where an upload broke off.
 *
 * A request that waits (for approvals, hours, witnesses) is PENDING, and kept in a directory: asked
 * again for the same next version, also by another process, it is the same request. One that was
 * refused or expired is forgotten; asking again makes another.
 */
#ifndef SLIPWAY_SIGNER_TUF_H
#define SLIPWAY_SIGNER_TUF_H

#include "slipway/signer_client.h"
#include "slipway/statements.h"
#include "slipway/tuf_change.h"
#include "slipway/tuf_storage.h"

#define SLW_SIGNER_TUF_VALID_S (7u * 24 * 3600)

struct slw_signer_tuf_key {
    const char *role; /* that it signs for, as in struct slw_tuf_file_keys */
    const char *name; /* the policy's, of the key */
    const struct slw_public_key *public_key;
};

/* All of it is the caller's and outlives the provider. */
struct slw_signer_tuf_settings {
    struct slw_signer_client *client;
    const char *signer; /* origin of the service's log */
    const struct slw_private_key *requester;
    const struct slw_signer_tuf_key *keys;
    size_t keys_count;
    const char *directory;             /* for requests that wait; made when it isn't there */
    const struct slw_storage *storage; /* that has what is added; NULL: nothing is uploaded of it */
    uint32_t wait_s;                   /* for an answer, before it is PENDING */
    uint32_t valid_s;                  /* of a request; 0: SLW_SIGNER_TUF_VALID_S */
    const struct slw_tuf_key_provider *others; /* for roles without a key here; NULL: PENDING */
};

/* SLW_BAD_ARGUMENT for a key without role, name or value. */
SLW_MUST_USE enum slw_status
slw_signer_tuf_provider_new(const struct slw_signer_tuf_settings *settings,
                            struct slw_tuf_key_provider *ret_provider, struct slw_detail *detail);
void slw_signer_tuf_provider_free(struct slw_tuf_key_provider *provider);

#endif
