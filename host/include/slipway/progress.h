/* SPDX-License-Identifier: Apache-2.0 */
/* How far something that takes time has come: told by libraries, shown by programs. */
#ifndef SLIPWAY_PROGRESS_H
#define SLIPWAY_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct slw_progress {
    void *context;
    /* Called often, with bytes done of total; cheap when there is nothing to show. */
    void (*report)(void *context, uint64_t done, uint64_t total);
};

/* progress may be NULL. */
static inline void slw_progress_report(const struct slw_progress *progress, uint64_t done,
                                       uint64_t total)
{
    if (progress != NULL) {
        progress->report(progress->context, done, total);
    }
}

#endif
