/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running depot: database, blobs, parts, server, threads of work. main.c starts one, unit tests
 * do it in their own process (test_depot.h).
 *
 *     SLW_TRY(depot_settings_read(path, &settings, detail));
 *     SLW_TRY(depot_program_start(&settings, &program, detail));
 *     …
 *     depot_program_stop(program);
 */
#ifndef SLIPWAY_DEPOT_PROGRAM_H
#define SLIPWAY_DEPOT_PROGRAM_H

#include "depot.h"

#define DEPOT_STOP_MS 8000u /* for answers that are owed, and work that is under way */

struct depot_program;

/* Database and blobs, without parts, server or threads: for init, check, backup. migrate: also
 * brings the database to this version. settings must outlive it. */
SLW_MUST_USE enum slw_status depot_services_open(const struct depot_settings *settings,
                                                 bool migrate, struct depot *ret_depot,
                                                 struct slw_detail *detail);
/* A bucket by the settings [s3], with another prefix. */
struct slw_blobs_s3 depot_services_s3(const struct depot_settings *settings, const char *prefix);
SLW_MUST_USE enum slw_status depot_services_open_blobs(const struct depot_settings *settings,
                                                       struct slw_blobs **ret_blobs,
                                                       struct slw_detail *detail);
void depot_services_close(struct depot *depot);

/* Everything; it listens when this returns. */
SLW_MUST_USE enum slw_status depot_program_start(const struct depot_settings *settings,
                                                 struct depot_program **ret_program,
                                                 struct slw_detail *detail);
struct depot *depot_program_services(struct depot_program *program);
/* "http://127.0.0.1:40123" */
const char *depot_program_address(const struct depot_program *program);
/* Within 10 s. */
void depot_program_stop(struct depot_program *program);

#endif
