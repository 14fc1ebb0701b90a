/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a content check share: check.c calls metadata.c, then payloads.c. */
#ifndef SLIPWAY_CONTENT_CHECK_H
#define SLIPWAY_CONTENT_CHECK_H

#include "slipway/bundle_file.h"
#include "slipway/content_rules.h"

/* A payload that may be in the bundle, and what it must be. */
struct slw_content_expected {
    struct slw_bytes name;
    uint64_t length;
    struct slw_bytes sha256; /* 32 bytes */
    bool image;              /* the target's image itself, not an encoded form of it */
    bool present;
};

struct slw_content_checking {
    const char *name; /* of the bundle, for details */
    const struct slw_source *bundle;
    const struct slw_content_rules *rules;
    struct slw_bundle_index index;
    struct slw_heap_buffer message; /* SignedTargetsMetadata; the draft's views point into it */
    struct slw_targets_draft draft;
    struct slw_content_expected *expected; /* sorted by name */
    size_t expected_count;
    struct slw_content_report report;
    struct slw_detail *detail;
};

/* check.c: by bytes; below 0, 0, above 0. */
int slw_content_order(struct slw_bytes left, struct slw_bytes right);

/* report.c: adds a finding, its text by printf; SLW_NO_SPACE. */
SLW_MUST_USE enum slw_status slw_content_add(struct slw_content_checking *checking,
                                             enum slw_status status, enum slw_content_rule rule,
                                             const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A name from outside in quotes, escaped and cut, for such a text. */
#define SLW_CONTENT_QUOTED_SIZE 112u
const char *slw_content_quote(struct slw_bytes text, char buffer[static SLW_CONTENT_QUOTED_SIZE]);

/*
 * metadata.c: loads and checks the metadata, applies the rules about them. *ret_usable: payloads
 * can be looked for.
 */
SLW_MUST_USE enum slw_status slw_content_check_metadata(struct slw_content_checking *checking,
                                                        bool *ret_usable);

/* payloads.c: reads the payloads once, and finds which are missing. */
SLW_MUST_USE enum slw_status slw_content_check_payloads(struct slw_content_checking *checking);

#endif
