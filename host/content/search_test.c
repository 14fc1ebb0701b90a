/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns are found where they are, wherever blocks end, and nowhere else. */
#include "search.h"

#include "tap.h"

#include <stdlib.h>

static struct slw_detail detail;

/* A generator with a seed that a failing row shows: the same texts in every run. */
static uint32_t state;

static uint32_t next_number(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Puts the text in pieces of at most piece bytes. */
static void feed(struct slw_search *search, struct slw_bytes text, size_t piece)
{
    slw_search_begin(search);
    for (size_t at = 0; at < text.len;) {
        size_t len = text.len - at < piece ? text.len - at : piece;
        memcpy(slw_search_place(search), text.ptr + at, len);
        slw_search_advance(search, len);
        at += len;
    }
    slw_search_end(search);
}

static bool find_slowly(struct slw_bytes text, struct slw_bytes pattern, uint64_t *ret_offset)
{
    for (size_t at = 0; at + pattern.len <= text.len; at++) {
        if (memcmp(text.ptr + at, pattern.ptr, pattern.len) == 0) {
            *ret_offset = at;
            return true;
        }
    }
    return false;
}

static void refuses_patterns_of_wrong_sizes(void)
{
    static uint8_t bytes[SLW_SEARCH_PATTERN_SIZE_MAX + 1];
    struct slw_search *search = NULL;
    struct slw_bytes patterns[SLW_SEARCH_PATTERNS_MAX + 1];
    patterns[0] = slw_bytes_make(bytes, SLW_SEARCH_PATTERN_SIZE_MIN - 1);
    TAP_EQUAL_INT(slw_search_new(patterns, 1, &search, &detail), SLW_BAD_ARGUMENT);
    patterns[0] = slw_bytes_make(bytes, 0);
    TAP_EQUAL_INT(slw_search_new(patterns, 1, &search, &detail), SLW_BAD_ARGUMENT);
    patterns[0] = slw_bytes_make(bytes, sizeof bytes);
    TAP_EQUAL_INT(slw_search_new(patterns, 1, &search, &detail), SLW_BAD_ARGUMENT);
    for (size_t i = 0; i <= SLW_SEARCH_PATTERNS_MAX; i++) {
        patterns[i] = slw_bytes_make(bytes, 4);
    }
    TAP_EQUAL_INT(slw_search_new(patterns, SLW_SEARCH_PATTERNS_MAX + 1, &search, &detail),
                  SLW_TOO_LARGE);
    TAP_CHECK(search == NULL);
}

static void finds_nothing_without_patterns(void)
{
    struct slw_search *search = NULL;
    TAP_REQUIRE(slw_search_new(NULL, 0, &search, &detail) == SLW_OK);
    feed(search, SLW_BYTES_OF("a text without end"), 5);
    TAP_CHECK(search != NULL);
    slw_search_free(search);
}

/* The one byte that is missing, at either end. */
static void does_not_find_a_pattern_that_is_cut(void)
{
    const struct slw_bytes patterns[] = {SLW_BYTES_OF("-----BEGIN PRIVATE KEY-----"),
                                         SLW_BYTES_OF("root")};
    struct slw_search *search = NULL;
    uint64_t offset = 0;
    TAP_REQUIRE(slw_search_new(patterns, 2, &search, &detail) == SLW_OK);
    feed(search, SLW_BYTES_OF("----BEGIN PRIVATE KEY----- oot roo"), 7);
    TAP_CHECK(!slw_search_found(search, 0, &offset));
    TAP_CHECK(!slw_search_found(search, 1, &offset));
    feed(search, SLW_BYTES_OF("-----BEGIN PRIVATE KEY---- ROOT r\0oot"), 100);
    TAP_CHECK(!slw_search_found(search, 0, &offset));
    TAP_CHECK(!slw_search_found(search, 1, &offset));
    /* What one text ends with doesn't meet what the next begins with. */
    feed(search, SLW_BYTES_OF("ro"), 2);
    feed(search, SLW_BYTES_OF("ot"), 2);
    TAP_CHECK(!slw_search_found(search, 1, &offset));
    slw_search_free(search);
}

static void tells_the_first_place(void)
{
    const struct slw_bytes patterns[] = {SLW_BYTES_OF("abcd")};
    struct slw_search *search = NULL;
    uint64_t offset = 0;
    TAP_REQUIRE(slw_search_new(patterns, 1, &search, &detail) == SLW_OK);
    feed(search, SLW_BYTES_OF("ababcdabcd"), 3);
    TAP_CHECK(slw_search_found(search, 0, &offset));
    TAP_EQUAL_INT(offset, 2);
    slw_search_free(search);
}

/* Across the border of two real blocks, one byte further in each row. */
static void finds_a_pattern_across_blocks(void)
{
    const struct slw_bytes patterns[] = {SLW_BYTES_OF("0123456789abcdefghij"),
                                         SLW_BYTES_OF("xyzw")};
    size_t size = (size_t)2 * SLW_SEARCH_BLOCK_SIZE;
    uint8_t *text = malloc(size);
    struct slw_search *search = NULL;
    TAP_REQUIRE(text != NULL && slw_search_new(patterns, 2, &search, &detail) == SLW_OK);
    for (size_t before = 0; before <= 24; before++) {
        uint64_t offset = 0;
        size_t at = SLW_SEARCH_BLOCK_SIZE - before;
        memset(text, '0', size);
        memcpy(text + at, patterns[0].ptr, patterns[0].len);
        memcpy(text + at + 20, patterns[1].ptr, patterns[1].len);
        feed(search, slw_bytes_make(text, size), SLW_SEARCH_BLOCK_SIZE);
        TAP_CHECK(slw_search_found(search, 0, &offset) && offset == at);
        TAP_CHECK(slw_search_found(search, 1, &offset) && offset == at + 20);
    }
    slw_search_free(search);
    free(text);
}

/* Texts of few letters, so that there are many near misses; patterns cut from them, or not. */
static void agrees_with_a_slow_search(void)
{
    static uint8_t text[6000];
    static uint8_t others[64][SLW_SEARCH_PATTERN_SIZE_MAX];
    size_t hits = 0;
    size_t misses = 0;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        struct slw_bytes patterns[64];
        struct slw_search *search = NULL;
        char row[16];
        state = seed * 2654435761u;
        (void)snprintf(row, sizeof row, "seed %u", (unsigned)seed);
        TAP_ROW(row);
        uint32_t letters = 1 + next_number() % 4;
        size_t len = next_number() % sizeof text;
        for (size_t i = 0; i < len; i++) {
            text[i] = (uint8_t)(next_number() % letters);
        }
        size_t count = 1 + next_number() % 64;
        for (size_t i = 0; i < count; i++) {
            size_t size = 4 + next_number() % (i % 8 == 0 ? SLW_SEARCH_PATTERN_SIZE_MAX - 3 : 40);
            for (size_t j = 0; j < size; j++) {
                others[i][j] = (uint8_t)(next_number() % letters);
            }
            bool cut = len > size && next_number() % 2 == 0;
            patterns[i] =
                slw_bytes_make(cut ? text + next_number() % (len - size) : others[i], size);
        }
        TAP_REQUIRE(slw_search_new(patterns, count, &search, &detail) == SLW_OK);
        feed(search, slw_bytes_make(text, len), 1 + next_number() % 3000);
        for (size_t i = 0; i < count; i++) {
            uint64_t wanted = 0;
            uint64_t found = 0;
            bool is_there = find_slowly(slw_bytes_make(text, len), patterns[i], &wanted);
            TAP_EQUAL_INT(slw_search_found(search, i, &found), is_there);
            TAP_EQUAL_INT(found, wanted);
            hits += is_there ? 1 : 0;
            misses += is_there ? 0 : 1;
        }
        slw_search_free(search);
    }
    TAP_ROW(NULL);
    TAP_CHECK(hits > 1000);
    TAP_CHECK(misses > 1000);
}

int main(void)
{
    TAP_RUN(refuses_patterns_of_wrong_sizes);
    TAP_RUN(finds_nothing_without_patterns);
    TAP_RUN(does_not_find_a_pattern_that_is_cut);
    TAP_RUN(tells_the_first_place);
    TAP_RUN(finds_a_pattern_across_blocks);
    TAP_RUN(agrees_with_a_slow_search);
    return tap_finish();
}
