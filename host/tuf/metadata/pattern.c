/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PATHPATTERN of delegations, which delegations.c asks about.
 *
 * Section 4.5: "PATHPATTERN supports the Unix shell pattern matching convention for paths (globbing
 * pathnames)", with the two wildcards that it names, `*` and `?`; brackets and backslashes stand
 * for themselves. "A path separator in a path SHOULD NOT be matched by a wildcard in the
 * PATHPATTERN."
 */
#include "slipway/tuf_metadata.h"

#define NO_STAR SIZE_MAX

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* One character of the pattern other than `*` against the path; `?` takes a whole one of UTF-8. */
static bool take_character(uint8_t wanted, struct slw_bytes path, size_t *at)
{
    uint8_t byte = path.ptr[*at];
    if (wanted == '?' ? byte == '/' || is_continuation(byte) : byte != wanted) {
        return false;
    }
    (*at)++;
    while (wanted == '?' && *at < path.len && is_continuation(path.ptr[*at])) {
        (*at)++;
    }
    return true;
}

/*
 * A star takes as little as it can, and one character more whenever what follows it doesn't match.
 * Only the last star has to be tried again: what stands before it matched already, and nothing is
 * gained by matching that later. None is once a `/` is passed, for it can't take that. So each
 * segment costs at most its length times that of its pattern, however many stars there are.
 */
bool slw_tuf_pattern_matches(struct slw_bytes pattern, struct slw_bytes path)
{
    size_t in_pattern = 0;
    size_t in_path = 0;
    size_t behind_star = NO_STAR;
    size_t star_end = 0; /* what the last star took goes up to here */
    while (in_path < path.len) {
        if (in_pattern < pattern.len && pattern.ptr[in_pattern] == '*') {
            behind_star = ++in_pattern;
            star_end = in_path;
        } else if (in_pattern < pattern.len &&
                   take_character(pattern.ptr[in_pattern], path, &in_path)) {
            behind_star = pattern.ptr[in_pattern] == '/' ? NO_STAR : behind_star;
            in_pattern++;
        } else if (behind_star != NO_STAR && path.ptr[star_end] != '/') {
            in_path = ++star_end;
            in_pattern = behind_star;
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.len && pattern.ptr[in_pattern] == '*') {
        in_pattern++;
    }
    return in_pattern == pattern.len;
}
