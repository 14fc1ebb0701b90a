/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of settings: lines of NAME = VALUE under [SECTION], and comments behind ; or #. For
 * keys.conf, sign.conf and the front's settings, whose values may be as long as a `pkcs11:` URI or
 * a path is. No line is ever cut: one that is too long is an error that names it.
 *
 *     SLW_TRY(slw_ini_read(path, take, &reading, detail));
 */
#ifndef SLIPWAY_INI_H
#define SLIPWAY_INI_H

#include "slipway/bytes.h"
#include "slipway/detail.h"

#include <stdbool.h>

#define SLW_INI_SIZE_MAX 1048576u
#define SLW_INI_LINE_MAX 4096u /* bytes, without what ends it */
#define SLW_INI_SECTION_MAX 63u

/* Takes a setting; false for one that it doesn't take, which ends the reading. section is "" before
 * the first. */
typedef bool slw_ini_take(void *context, const char *section, const char *name, const char *value);

/*
 * Takes every setting, in order. SLW_MALFORMED for a line that isn't one: longer than
 * SLW_INI_LINE_MAX, with a zero byte, or of another form. SLW_BAD_ARGUMENT for one that wasn't
 * taken; detail is left alone then, for whoever didn't take it knows better. A comment may stand
 * behind a value, after a blank. name is the file's, for detail.
 */
SLW_MUST_USE enum slw_status slw_ini_parse(const char *name, struct slw_bytes text,
                                           slw_ini_take *take, void *context,
                                           struct slw_detail *detail);

/* The same of a file. SLW_NOT_FOUND when it isn't there, SLW_TOO_LARGE over SLW_INI_SIZE_MAX bytes,
 * SLW_IO. */
SLW_MUST_USE enum slw_status slw_ini_read(const char *path, slw_ini_take *take, void *context,
                                          struct slw_detail *detail);

#endif
