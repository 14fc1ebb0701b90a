/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files in a repository on their way into a URL, a directory or a sentence: what both
 * fetchers check before they ask for anything.
 */
#ifndef SLIPWAY_FETCH_PATH_H
#define SLIPWAY_FETCH_PATH_H

#include "slipway/detail.h"
#include "slipway/heap.h"

/* What a URL or an error of a library takes in a sentence at most, the zero included. */
#define SLW_FETCH_SHOWN_SIZE 420u

/*
 * SLW_BAD_ARGUMENT unless it is a relative path of printable ASCII without `?`, `#`, `\`, and
 * without "." and ".." segments: everything else must be percent-encoded, or names another place.
 */
SLW_MUST_USE enum slw_status slw_fetch_path_check(const char *path, struct slw_detail *detail);

/* Appends it with %XX decoded; false for a % without two hexadecimal digits, and for %00. */
SLW_MUST_USE bool slw_fetch_path_decode(const char *path, struct slw_heap_buffer *ret_name);

/* Copies text for people: cut to the size, and what isn't printable ASCII as `?`, for whoever sends
 * it may have a terminal in mind. */
void slw_fetch_show(const char *text, char ret_shown[static SLW_FETCH_SHOWN_SIZE]);

#endif
