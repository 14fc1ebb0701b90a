/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket of S3 as the storage of a TUF repository (slipway/tuf_storage.h), and a lease that is in
 * a database: for several writers on one bucket, of which one at a time may change something.
 *
 *     slw_database_writer_init(database, "publisher", &lease);
 *     const struct slw_storage_fence fence = {&lease, slw_database_writer_check};
 *     SLW_TRY(slw_s3_storage_open(&s3, &fence, &bucket, detail));
 *     const struct slw_tuf_writer_options options = {
 *         .storage = slw_s3_storage_port(bucket), .lease = &lease.port, .holder = "replica 1"};
 *     …
 *     slw_s3_storage_close(bucket);
 *
 * Fencing. Every change asks the fence for its token first. A pointer is replaced on the condition
 * that it is still the one that was there when the fence was asked (If-Match), so that a writer
 * that slept behind the fence changes nothing, where the server knows conditions. One that answers
 * 501 to them (Swift) is asked without: there a request that was under way as the lease ran out may
 * still arrive.
 * Objects that never change are put only where there are none, or are the same.
 *
 * A lease that ran out can't be renewed here, even when nobody took it. What the port calls SLW_IO
 * is SLW_UNAVAILABLE, when S3 doesn't answer. Keys that are longer than S3 allows, prefix included,
 * are SLW_BAD_NAME. Safe for all threads.
 */
#ifndef SLIPWAY_S3_STORAGE_H
#define SLIPWAY_S3_STORAGE_H

#include "slipway/blobs.h"
#include "slipway/database.h"
#include "slipway/tuf_storage.h"

/* SLW_OK when this token's lease is held now; SLW_WRONG_STATE. */
struct slw_storage_fence {
    void *context;
    enum slw_status (*check)(void *context, uint64_t token, struct slw_detail *detail);
};

struct slw_s3_storage;
/* The prefix of settings is that of the repository, such as "repository/". fence is copied, its
 * context outlives the storage. */
SLW_MUST_USE enum slw_status slw_s3_storage_open(const struct slw_blobs_s3 *settings,
                                                 const struct slw_storage_fence *fence,
                                                 struct slw_s3_storage **ret_storage,
                                                 struct slw_detail *detail);
const struct slw_storage *slw_s3_storage_port(const struct slw_s3_storage *storage);
void slw_s3_storage_close(struct slw_s3_storage *storage);

/* The lease of this name in the database, as a writer wants it. name and database outlive it; it
 * stays where it is. */
struct slw_database_writer {
    struct slw_lease port;
    struct slw_database *database;
    const char *name;
};
void slw_database_writer_init(struct slw_database *database, const char *name,
                              struct slw_database_writer *ret_writer);
/* For struct slw_storage_fence; context is the struct slw_database_writer. */
enum slw_status slw_database_writer_check(void *context, uint64_t token, struct slw_detail *detail);

#endif
