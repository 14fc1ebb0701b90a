/* SPDX-License-Identifier: Apache-2.0 */
/* TUF metadata to measure with: signed, as large as wanted, as tools write it. Private to bench. */
#ifndef SLIPWAY_BENCH_TUF_SAMPLES_H
#define SLIPWAY_BENCH_TUF_SAMPLES_H

#include "slipway/keys.h"

enum sample_style {
    SAMPLE_PRETTY, /* a member a line, a space a level: as python-tuf writes it */
    SAMPLE_COMPACT,
};

struct sample_keys {
    struct slw_private_key *const *keys;
    size_t count;
    size_t threshold; /* the first so many sign */
};

/* Ends the program, after saying why, unless status is SLW_OK. */
void sample_need(enum slw_status status, const struct slw_detail *detail);

/* Targets metadata that lists so many targets; some 140 or 175 bytes each. */
void sample_targets(size_t count, enum sample_style style, struct sample_keys keys,
                    struct slw_heap_buffer *ret_text);

/* A root that lists these keys, all of them for each role. */
void sample_root(enum sample_style style, struct sample_keys keys,
                 struct slw_heap_buffer *ret_text);

#endif
