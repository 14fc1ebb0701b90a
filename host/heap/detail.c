/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences of detail.h: what host functions say when they fail. */
#include "slipway/detail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum slw_status(slw_explain)(struct slw_detail *detail, enum slw_status status, const char *format,
                             ...)
{
    va_list arguments;
    va_start(arguments, format);
    /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    if (vsnprintf(detail->text, sizeof detail->text, format, arguments) < 0) {
        detail->text[0] = '\0';
    }
    va_end(arguments);
    return status;
}

enum slw_status(slw_explain_errno)(struct slw_detail *detail, const char *path)
{
    return slw_explain(detail, SLW_IO, "%s: %s", path, strerror(errno));
}
