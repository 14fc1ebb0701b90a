/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of settings: lines of NAME = VALUE under [SECTION], and comments behind ; or #. For
 * keys.conf and sign.conf, whose values may be as long as a `pkcs11:` URI is; libinih cuts lines
 * after 200 bytes.
 */
#ifndef SLIPWAY_CLI_SETTINGS_FILE_H
#define SLIPWAY_CLI_SETTINGS_FILE_H

#include <stdio.h>

#define CLI_SETTINGS_LINE_MAX 4096u

/* Takes a setting; 0 for one that it doesn't take. section is "" before the first. */
typedef int cli_settings_take(void *context, const char *section, const char *name,
                              const char *value);

/*
 * Reads to the end. 0, or the number of the first line that isn't one (longer than
 * CLI_SETTINGS_LINE_MAX, with a zero byte, or of another form) or wasn't taken; -1 when reading
 * fails. A comment may stand behind a value, after a blank.
 */
int cli_settings_read(FILE *file, cli_settings_take *take, void *context);

#endif
