/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the artifacts share: handlers, the pool of workers, housekeeping. */
#ifndef SLIPWAY_DEPOT_ARTIFACTS_PART_H
#define SLIPWAY_DEPOT_ARTIFACTS_PART_H

#include "artifacts.h"

#include "core/serve.h"

#include <stdio.h>

#define ARTIFACTS_PIECE_MAX 8388608u  /* of an upload, in one call */
#define ARTIFACTS_UPLOADS_MAX 64u     /* under way, of a person */
#define ARTIFACTS_PER_BUILD_MAX 4096u /* and of one kind */
#define ARTIFACTS_LOG_MAX 268435456u  /* bytes */
#define ARTIFACTS_PAGE_MAX 200
#define ARTIFACTS_DAY_US INT64_C(86400000000)

enum slw_status artifacts_workers_start(struct slw_detail *detail);
void artifacts_workers_stop(void);

/* upload.c */
void artifacts_upload_state(void *context, struct slw_http_exchange *exchange);
void artifacts_upload_piece(void *context, struct slw_http_exchange *exchange);

/* add.c */
void artifacts_add(void *context, struct slw_http_exchange *exchange);

/* builds.c, show.c, content.c */
void artifacts_list_builds(void *context, struct slw_http_exchange *exchange);
void artifacts_show_build(void *context, struct slw_http_exchange *exchange);
void artifacts_list(void *context, struct slw_http_exchange *exchange);
void artifacts_list_packages(void *context, struct slw_http_exchange *exchange);
void artifacts_get_bundle(void *context, struct slw_http_exchange *exchange);
void artifacts_get_content(void *context, struct slw_http_exchange *exchange);

/* affected.c */
void artifacts_list_affected(void *context, struct slw_http_exchange *exchange);

/* housekeeping.c, repair.c: with the lease's token, which every transaction checks. */
enum slw_status artifacts_keep_house(struct depot *depot, int64_t token, struct slw_detail *detail);
/* Compares the table with the store. all: whatever was looked at lately. */
enum slw_status artifacts_repair(struct depot *depot, int64_t token, bool all,
                                 struct slw_detail *detail);
#define ARTIFACTS_LEASE "housekeeping"

/* A view of a string. */
/* Those of a build and of an artifact, as members of an open object; columns in the order below. */
#define ARTIFACTS_BUILD_COLUMNS                                                                    \
    "id, product, bundle, size, version, build_type, hardware, targets, made_us, made_by, "        \
    "removed_us, state, state_us"
void artifacts_put_build(struct slw_json *json, const struct slw_rows *rows);
#define ARTIFACTS_COLUMNS                                                                          \
    "id, kind, build, job, name, blob, size, made_us, made_by, builder, source, git_commit, "      \
    "suite, outcome, url, signers, format, packages"
void artifacts_put_artifact(struct slw_json *json, const struct slw_rows *rows);
/* A member whose value is JSON text already, an array or object. */
void artifacts_put_raw(struct slw_json *json, const char *name, struct slw_bytes text);

/* Whether this person may say what the blob is, in this product: they sent it, or the product has
 * it. SLW_NOT_FOUND. product: empty for none. */
SLW_MUST_USE enum slw_status artifacts_find_blob(struct slw_transaction *transaction,
                                                 struct slw_bytes sha256,
                                                 const struct depot_caller *caller,
                                                 struct slw_bytes product, int64_t *ret_size,
                                                 struct slw_detail *detail);

#endif
