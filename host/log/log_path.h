/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of a log's files (C2SP tlog-tiles): for the log that writes them, for what serves them and
 * for auditors that fetch them.
 */
#ifndef SLIPWAY_LOG_PATH_H
#define SLIPWAY_LOG_PATH_H

#include "slipway/bytes.h"

#define SLW_LOG_PATH_SIZE 96u
#define SLW_LOG_TILE_LEVELS 8u /* of trees below 2^64 leaves */

/* "tile/L/N" or, with a width of 1 to 255, "tile/L/N.p/W". Returns ret_path, for all of them. */
const char *slw_log_tile_path(unsigned level, uint64_t number, unsigned width,
                              char ret_path[static SLW_LOG_PATH_SIZE]);
/* "tile/entries/N[.p/W]" */
const char *slw_log_entries_path(uint64_t number, unsigned width,
                                 char ret_path[static SLW_LOG_PATH_SIZE]);
/* "records/N" */
const char *slw_log_records_path(uint64_t number, char ret_path[static SLW_LOG_PATH_SIZE]);
/* What holds a tile's partial forms: "tile/L/N.p", "tile/entries/N.p". */
const char *slw_log_partial_directory(const char *tile_path,
                                      char ret_path[static SLW_LOG_PATH_SIZE]);

/* Whether it is one of the above in its only spelling, or "checkpoint". */
bool slw_log_path_is_good(struct slw_bytes path);

#endif
