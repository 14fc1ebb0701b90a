/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting a file from any of several mirrors, none of which is trusted: a mirror whose file doesn't
 * verify has failed for this file, and the next one is asked.
 */
#ifndef SLIPWAY_TUF_CLIENT_MIRRORS_H
#define SLIPWAY_TUF_CLIENT_MIRRORS_H

#include "slipway/tuf_client.h"

struct slw_tuf_mirrors {
    const struct slw_fetch_port *port; /* NULL: nothing is fetched */
    const struct slw_tuf_observer *observer;
    unsigned last_good;
};

/* What it means that a mirror hasn't got a file. */
enum slw_tuf_absence {
    SLW_TUF_ABSENCE_FAILURE,     /* that it failed */
    SLW_TUF_ABSENCE_BELIEVED,    /* that there is none: SLW_NOT_FOUND */
    SLW_TUF_ABSENCE_SAID_BY_ALL, /* the same, once no other mirror has a good one */
};

struct slw_tuf_wish {
    const char *name; /* "2.root.json", as details and events call it */
    enum slw_tuf_absence absence;
    /* Gets the file from a mirror and verifies it. */
    enum slw_status (*attempt)(void *context, const struct slw_fetch_port *port, unsigned mirror,
                               struct slw_detail *detail);
    void *context;
};

/*
 * Asks the mirror that worked last, then the others in their order, until an attempt succeeds. The
 * status of a failure is that of the last refusal; when nothing was refused, SLW_UNAVAILABLE, also
 * for a file that no mirror has, unless that is no failure: then one mirror's word for it outweighs
 * what others refused for. SLW_IO and the like, which are nobody's fault there, end it at once.
 */
SLW_MUST_USE enum slw_status slw_tuf_mirrors_ask(struct slw_tuf_mirrors *mirrors,
                                                 const struct slw_tuf_wish *wish,
                                                 struct slw_detail *detail);

/* A metadata file in memory, of no more than limit and SLW_JSON_SIZE_MAX bytes, verified by
 * accept(), which takes the bytes over. */
struct slw_tuf_metadata_wish {
    const char *path;
    uint64_t limit;
    enum slw_tuf_absence absence;
    enum slw_status (*accept)(void *context, struct slw_heap_buffer *bytes,
                              struct slw_detail *detail);
    void *context;
};

SLW_MUST_USE enum slw_status slw_tuf_mirrors_get(struct slw_tuf_mirrors *mirrors,
                                                 const struct slw_tuf_metadata_wish *wish,
                                                 struct slw_detail *detail);

/* Tells an observer, if there is one. */
void slw_tuf_tell(const struct slw_tuf_observer *observer, enum slw_tuf_event event,
                  const char *name, int64_t number, const char *text);

#endif
