/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a mirror keeps an area of a repository: a URL taken apart once, so that credentials are
 * never part of a text, and so that a redirect can be judged before anything is sent there.
 */
#ifndef SLIPWAY_FETCH_BASE_H
#define SLIPWAY_FETCH_BASE_H

#include "slipway/detail.h"
#include "slipway/heap.h"

struct slw_fetch_base {
    char *text; /* http:, https: without credentials and slash at the end; or a directory's path */
    char *user; /* decoded; NULL when there is none */
    char *password;
    bool is_directory;
};

/*
 * SLW_BAD_ARGUMENT for what isn't an http:, https: or file: URL, for one of another host's file:,
 * and for one with a query or a fragment. The text isn't repeated in detail up to its last `@`.
 */
SLW_MUST_USE enum slw_status slw_fetch_base_parse(const char *url, struct slw_fetch_base *ret_base,
                                                  struct slw_detail *detail);
void slw_fetch_base_free(struct slw_fetch_base *base);

/*
 * Appends where a redirect from one URL leads to. False, with the reason in static text, when that
 * is another scheme, host or port, or not a URL.
 */
SLW_MUST_USE bool slw_fetch_redirect(const char *from, const char *location,
                                     struct slw_heap_buffer *ret_url, const char **ret_problem);

#endif
