/* SPDX-License-Identifier: Apache-2.0 */
/* The page's files, which tools/embed-web writes as C; for web.c. */
#ifndef SLIPWAY_DEPOT_WEB_H
#define SLIPWAY_DEPOT_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct depot_web_file {
    const char *path; /* "main.mjs"; NULL ends */
    const char *type;
    const char *tag, *packed_tag; /* ETags */
    const uint8_t *bytes;
    size_t len;
    const uint8_t *packed; /* by gzip; NULL: isn't smaller */
    size_t packed_len;
};
extern const struct depot_web_file depot_web_files[];
/* False when other people's modules couldn't be fetched when the program was built. */
extern const bool depot_web_is_complete;

#endif
