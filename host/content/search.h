/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching for many byte patterns at once in texts of gigabytes: Wu and Manber's way. Of each
 * pattern a window of the same length is chosen, with bytes that are seldom in firmware; a table
 * says for each pair of bytes how far the next window can be at least, so that most of a text is
 * skipped, and only where the pair ends a window are patterns compared. Patterns of less than 16
 * bytes have a table of their own, so that they don't slow the others down.
 *
 * Used by check.c, a payload at a time. Only a pattern's first place in a text is told.
 *
 *     SLW_TRY(slw_search_new(patterns, count, &search, detail));
 *     slw_search_begin(search);
 *     while (... read len bytes into slw_search_place(search), at most SLW_SEARCH_BLOCK_SIZE ...)
 *         slw_search_advance(search, len);
 *     slw_search_end(search);
 *     if (slw_search_found(search, 0, &offset)) ...
 */
#ifndef SLIPWAY_CONTENT_SEARCH_H
#define SLIPWAY_CONTENT_SEARCH_H

#include "slipway/bytes.h"
#include "slipway/detail.h"

#define SLW_SEARCH_BLOCK_SIZE 131072u
#define SLW_SEARCH_PATTERNS_MAX 512u
#define SLW_SEARCH_PATTERN_SIZE_MIN 4u
#define SLW_SEARCH_PATTERN_SIZE_MAX 1024u

struct slw_search;

/*
 * The patterns must outlive the search. SLW_BAD_ARGUMENT for one that is too short or too long,
 * SLW_TOO_LARGE for too many, SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_search_new(const struct slw_bytes *patterns, size_t count,
                                            struct slw_search **ret_search,
                                            struct slw_detail *detail);
void slw_search_free(struct slw_search *search);

/* A new text: nothing of it was seen, and nothing found. */
void slw_search_begin(struct slw_search *search);

/* Where the next SLW_SEARCH_BLOCK_SIZE bytes of the text, or fewer, are put. */
uint8_t *slw_search_place(struct slw_search *search);

/* So many bytes were put there. The place is another one afterwards. */
void slw_search_advance(struct slw_search *search, size_t len);

/* The text is complete. */
void slw_search_end(struct slw_search *search);

/* Whether the pattern was in the text, and where it was first. Valid after slw_search_end(). */
bool slw_search_found(const struct slw_search *search, size_t pattern, uint64_t *ret_offset);

#endif
