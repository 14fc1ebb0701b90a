/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A status says which kind of failure it is; a detail says, for a person, what failed and where.
 * Host functions that deal with files, keys and messages take one from the caller and fill it when
 * they fail. Programs print it; libraries never do.
 *
 *     return slw_explain(detail, SLW_IO, "%s: %s", path, strerror(errno));
 */
#ifndef SLIPWAY_DETAIL_H
#define SLIPWAY_DETAIL_H

#include "slipway/status.h"

struct slw_detail {
    char text[768]; /* one line without a full stop; "" when there is nothing to add */
};

/* Fills detail (cut to its size) and returns status. */
enum slw_status slw_explain(struct slw_detail *detail, enum slw_status status, const char *format,
                            ...) __attribute__((format(printf, 3, 4)));

/* "PATH: what the C library says about errno", with SLW_IO. */
enum slw_status slw_explain_errno(struct slw_detail *detail, const char *path);

#if defined __clang_analyzer__ || defined SLW_GCC_ANALYZER
/* They see one file at a time, and would think of a failure that comes back as SLW_OK. */
static inline enum slw_status slw_detail_failure(enum slw_status status)
{
    return status != SLW_OK ? status : SLW_IO;
}

#define slw_explain(detail, status, ...)                                                           \
    slw_detail_failure((slw_explain)((detail), (status), __VA_ARGS__))
#define slw_explain_errno(detail, path) slw_detail_failure((slw_explain_errno)((detail), (path)))
#endif

/* Memory ran out: SLW_NO_SPACE. */
static inline enum slw_status slw_explain_no_memory(struct slw_detail *detail)
{
    (void)slw_explain(detail, SLW_NO_SPACE, "out of memory");
    return SLW_NO_SPACE;
}

#endif
