/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other parts may ask of the releases (migrations/0004-releases.sql): the pipeline, which
 * wants builds signed and published; the rollouts, when one is done. Rows of releases are made and
 * changed here alone.
 *
 *     prepared    numbered; its bundle is being written
 *     signing     the request is kept, and then sent: the same one, however often
 *     signed      the signature was verified and is in the bundle, with its proof
 *     publishing  the role PRODUCT-CHANNEL-rollout is to list it
 *     published   a client of the repository has found it there
 *     withdrawn, refused (by the signing service: reason)
 *
 * Threads with the leases `pipelines` (asking for signatures) and `publisher` carry each on; a step
 * is a transaction, and begins again when it was cut off.
 */
#ifndef SLIPWAY_DEPOT_RELEASES_H
#define SLIPWAY_DEPOT_RELEASES_H

#include "depot.h"

struct depot_release_wish {
    struct slw_bytes product, build, stage, channel, key_name, kind;
    struct slw_bytes changes; /* JSON array */
    const char *key_class;    /* "test", "prod" */
    const char *who;
};

#define DEPOT_RELEASE_REASON_SIZE 512u
struct depot_release_stand {
    int64_t version;
    char state[16];
    char reason[DEPOT_RELEASE_REASON_SIZE]; /* why it doesn't go on; "" */
};

/*
 * The release of this build by this key for this channel: the one that there is, or a new one with
 * the product's next number, in the transaction that wants it. One that was withdrawn doesn't
 * count.
 */
SLW_MUST_USE enum slw_status depot_release_want(struct slw_transaction *transaction,
                                                const struct depot_release_wish *wish,
                                                struct depot_release_stand *ret_stand,
                                                struct slw_detail *detail);

/* A signed release is to be published. Nothing when it is already. */
SLW_MUST_USE enum slw_status depot_release_publish(struct slw_transaction *transaction,
                                                   struct slw_bytes product, int64_t version,
                                                   struct slw_detail *detail);

/* Stops its offers at once; the repository no longer lists it soon afterwards. Nothing when it is
 * withdrawn already. SLW_NOT_FOUND. */
SLW_MUST_USE enum slw_status depot_release_withdraw(struct slw_transaction *transaction,
                                                    struct slw_bytes product, int64_t version,
                                                    const char *who, struct slw_bytes reason,
                                                    struct slw_detail *detail);

/*
 * A rollout of the release reached everybody: it moves from PRODUCT-CHANNEL-rollout to
 * PRODUCT-CHANNEL, so that devices which never ask here find it, too. Notes it down in the
 * rollout's own transaction; the publisher does it.
 */
SLW_MUST_USE enum slw_status depot_release_complete(struct slw_transaction *transaction,
                                                    struct slw_bytes product, int64_t version,
                                                    struct slw_detail *detail);

/* Opens the keys of the repository that are in tokens, before the program confines itself: see
 * tokens.c. Once, before there are threads. */
SLW_MUST_USE enum slw_status depot_releases_open_tokens(const struct depot_settings *settings,
                                                        struct slw_detail *detail);

#endif
