/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a repository in a directory: what the fetcher of offline media and the file: URLs of the
 * HTTP fetcher read.
 */
#ifndef SLIPWAY_FETCH_DIRECTORY_H
#define SLIPWAY_FETCH_DIRECTORY_H

#include "slipway/tuf_fetch.h"

enum slw_below { SLW_BELOW_ANY, SLW_BELOW_SEGMENTS };

/*
 * Opens what is at name below a directory, or fails with errno. SLW_BELOW_ANY asks the kernel to
 * stay below it (openat2), links inside included; where it can't, and with SLW_BELOW_SEGMENTS, no
 * link is followed at all.
 */
int slw_fetch_open_below(int directory, const char *name, int flags, enum slw_below how);

/* get() of a port, for a file in the directory at path. */
SLW_MUST_USE enum slw_status slw_fetch_from_directory(const char *directory,
                                                      const struct slw_fetch_request *request,
                                                      const struct slw_fetch_sink *sink,
                                                      struct slw_detail *detail);

/*
 * Opens a regular file to be read, by SLW_BELOW_ANY. It is looked at before it is opened: a medium
 * may have device nodes, and opening one can do something (start a watchdog, reset what is on a
 * serial line). What isn't a regular file comes back as it was found, by O_PATH: fstat() tells it,
 * and it can't be read.
 */
int slw_fetch_open_file_below(int directory, const char *name);

#endif
