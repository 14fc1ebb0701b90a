/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing half-written files when a signal ends the program: only for file systems without unnamed
 * files. The one thing here that needs state of the process, since a signal handler has no other.
 */
#ifndef SLIPWAY_FILES_CLEANUP_H
#define SLIPWAY_FILES_CLEANUP_H

#include <stdbool.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP remove name in directory before they end the program.
 * False when too many names are held (SLW_CLEANUP_MAX). A program's own handlers for these signals
 * are left alone and must end it by way of slw_output_discard().
 */
#define SLW_CLEANUP_MAX 8
bool slw_cleanup_hold(int directory, const char *name);

/* The file has its final name, or is gone. */
void slw_cleanup_release(int directory, const char *name);

#endif
