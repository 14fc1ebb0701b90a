/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many patterns in one pass: how it goes is in search.h. Called by check.c.
 *
 * Text stands in one buffer: what has to be seen again, then the newest block. A window is looked
 * at once all that its patterns could reach behind it is there, or the text has ended, so that a
 * pattern across two blocks is one like any other.
 */
#include "search.h"

#include "slipway/heap.h"

#include <stdlib.h>

#define LONG_SIZE 16u       /* patterns from here on are in the second group */
#define WINDOW_SIZE_MAX 64u /* more would skip no faster, for a table's byte would hold it */
#define TABLE_BITS_MAX 16u
#define TABLE_BITS_MIN 12u
#define PAIRS_FOR_SMALL 1024u /* a small table holds so many without getting crowded */
#define BUCKETS 1024u
#define KEEP_SIZE ((size_t)4 * SLW_SEARCH_PATTERN_SIZE_MAX)
#define NO_ENTRY UINT16_MAX

_Static_assert(SLW_SEARCH_PATTERNS_MAX < NO_ENTRY, "an entry's index fits 16 bits");
_Static_assert(WINDOW_SIZE_MAX <= UINT8_MAX, "a shift fits 8 bits");

/* A pattern in a group's table. */
struct entry {
    uint32_t window_end; /* the last four bytes of its window, for a quick no */
    uint16_t next;       /* in the bucket; NO_ENTRY: the last */
    uint16_t pattern;
    size_t before; /* bytes of the pattern before its window */
};

struct group {
    size_t count; /* of patterns; 0: not in use */
    size_t window_size;
    size_t before_max; /* of its patterns, bytes before and behind the window */
    size_t behind_max;
    uint64_t next;   /* offset of the next window in the text */
    uint8_t *shifts; /* by place of a pair: how far the next window can be; 0: one may end here */
    uint32_t mask;   /* of places; a small table is one page, and stays in the nearest cache */
    unsigned fold;   /* by so many bits a pair is folded to its place */
    uint16_t buckets[BUCKETS];
};

struct slw_search {
    const struct slw_bytes *patterns;
    size_t count;
    struct entry *entries; /* one a pattern, by its number */
    struct group groups[2];
    bool found[SLW_SEARCH_PATTERNS_MAX];
    uint64_t places[SLW_SEARCH_PATTERNS_MAX];
    uint64_t start; /* offset in the text of the buffer's first byte */
    size_t len;     /* bytes in the buffer */
    uint8_t buffer[KEEP_SIZE + SLW_SEARCH_BLOCK_SIZE];
};

static struct group *group_of(struct slw_search *search, size_t pattern)
{
    return &search->groups[search->patterns[pattern].len < LONG_SIZE ? 0 : 1];
}

static uint32_t pair_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

/* Pairs that share a place are taken for each other: that costs a look, and misses nothing. */
static uint32_t place_of(const uint8_t *bytes, uint32_t mask, unsigned fold)
{
    uint32_t pair = pair_at(bytes);
    return (pair ^ pair >> fold) & mask;
}

static uint32_t bucket_of(uint32_t window_end)
{
    return (window_end * 2654435761u) >> 22; /* BUCKETS is 2^10 */
}

/* How common a byte is in firmware and text, roughly: a window of seldom bytes stops seldom. */
static unsigned commonness(uint8_t byte)
{
    if (byte == 0x00 || byte == 0xFF) {
        return 32;
    }
    if (byte == ' ' || byte == '-' || (byte >= 'a' && byte <= 'z')) {
        return 8;
    }
    return byte < 0x20 || (byte >= '0' && byte <= '9') ? 4 : 2;
}

/* The first byte of the pattern's window: where the sum of commonness is least. */
static size_t choose_window(struct slw_bytes pattern, size_t window_size)
{
    unsigned sum = 0;
    unsigned least = 0;
    size_t best = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        sum += commonness(pattern.ptr[i]);
        if (i >= window_size) {
            sum -= commonness(pattern.ptr[i - window_size]);
        }
        if (i + 1 == window_size || (i >= window_size && sum < least)) {
            least = sum;
            best = i + 1 - window_size;
        }
    }
    return best;
}

static void add_pattern(struct slw_search *search, size_t number)
{
    struct group *group = group_of(search, number);
    struct slw_bytes pattern = search->patterns[number];
    size_t before = choose_window(pattern, group->window_size);
    size_t behind = pattern.len - before - group->window_size;
    const uint8_t *window = pattern.ptr + before;
    for (size_t i = 0; i + 1 < group->window_size; i++) {
        uint8_t *shift = &group->shifts[place_of(window + i, group->mask, group->fold)];
        uint8_t distance = (uint8_t)(group->window_size - 2 - i);
        *shift = distance < *shift ? distance : *shift;
    }
    uint32_t window_end = slw_get_u32_le(window + group->window_size - 4);
    uint16_t *bucket = &group->buckets[bucket_of(window_end)];
    search->entries[number] = (struct entry){window_end, *bucket, (uint16_t)number, before};
    *bucket = (uint16_t)number;
    group->before_max = before > group->before_max ? before : group->before_max;
    group->behind_max = behind > group->behind_max ? behind : group->behind_max;
}

static bool make_table(struct group *group)
{
    if (group->count == 0) {
        return true;
    }
    bool small = group->count * group->window_size <= PAIRS_FOR_SMALL;
    unsigned bits = small ? TABLE_BITS_MIN : TABLE_BITS_MAX;
    size_t size = (size_t)1 << bits;
    group->mask = (uint32_t)size - 1;
    group->fold = small ? 16 - TABLE_BITS_MIN : 16;
    uint8_t *shifts = malloc(size);
    if (shifts == NULL) {
        return false;
    }
    memset(shifts, (int)(group->window_size - 1), size);
    group->shifts = shifts;
    for (size_t i = 0; i < BUCKETS; i++) {
        group->buckets[i] = NO_ENTRY;
    }
    return true;
}

static enum slw_status make_groups(struct slw_search *search, struct slw_detail *detail)
{
    for (size_t i = 0; i < search->count; i++) {
        struct group *group = group_of(search, i);
        size_t len = search->patterns[i].len;
        len = len > WINDOW_SIZE_MAX ? WINDOW_SIZE_MAX : len;
        group->window_size =
            group->count == 0 || len < group->window_size ? len : group->window_size;
        group->count++;
    }
    if (!make_table(&search->groups[0]) || !make_table(&search->groups[1])) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < search->count; i++) {
        add_pattern(search, i);
    }
    return SLW_OK;
}

enum slw_status slw_search_new(const struct slw_bytes *patterns, size_t count,
                               struct slw_search **ret_search, struct slw_detail *detail)
{
    if (count > SLW_SEARCH_PATTERNS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u patterns", SLW_SEARCH_PATTERNS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (patterns[i].len < SLW_SEARCH_PATTERN_SIZE_MIN ||
            patterns[i].len > SLW_SEARCH_PATTERN_SIZE_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "a pattern of %zu bytes, not %u to %u",
                               patterns[i].len, SLW_SEARCH_PATTERN_SIZE_MIN,
                               SLW_SEARCH_PATTERN_SIZE_MAX);
        }
    }
    /* Not calloc: the buffer is large, and what is read of it was written before. */
    struct slw_search *search = malloc(sizeof *search);
    if (search == NULL) {
        return slw_explain_no_memory(detail);
    }
    search->patterns = patterns;
    search->count = count;
    memset(search->groups, 0, sizeof search->groups);
    search->entries = malloc((count + 1) * sizeof *search->entries);
    enum slw_status status = search->entries == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    status = status == SLW_OK ? make_groups(search, detail) : status;
    if (status != SLW_OK) {
        slw_search_free(search);
        return status;
    }
    slw_search_begin(search);
    *ret_search = search;
    return SLW_OK;
}

void slw_search_free(struct slw_search *search)
{
    if (search != NULL) {
        free(search->groups[0].shifts);
        free(search->groups[1].shifts);
        free(search->entries);
        free(search);
    }
}

void slw_search_begin(struct slw_search *search)
{
    search->start = 0;
    search->len = 0;
    search->groups[0].next = 0;
    search->groups[1].next = 0;
    memset(search->found, 0, sizeof search->found);
}

uint8_t *slw_search_place(struct slw_search *search)
{
    return search->buffer + search->len;
}

/* Whether the pattern is where its window at this place of the buffer puts it. */
static bool matches(const struct slw_search *search, const struct entry *entry, size_t window)
{
    struct slw_bytes pattern = search->patterns[entry->pattern];
    if (window < entry->before || search->len - (window - entry->before) < pattern.len) {
        return false;
    }
    return memcmp(search->buffer + window - entry->before, pattern.ptr, pattern.len) == 0;
}

static void compare(struct slw_search *search, const struct group *group, size_t window)
{
    uint32_t window_end = slw_get_u32_le(search->buffer + window + group->window_size - 4);
    uint16_t next = group->buckets[bucket_of(window_end)];
    while (next != NO_ENTRY) {
        const struct entry *entry = &search->entries[next];
        if (entry->window_end == window_end && !search->found[entry->pattern] &&
            matches(search, entry, window)) {
            search->found[entry->pattern] = true;
            search->places[entry->pattern] = search->start + window - entry->before;
        }
        next = entry->next;
    }
}

/* Looks at each window that begins before limit, an offset in the buffer. */
static void scan(struct slw_search *search, struct group *group, size_t limit)
{
    size_t at = (size_t)(group->next - search->start);
    const uint8_t *pairs = search->buffer + group->window_size - 2;
    const uint8_t *shifts = group->shifts;
    uint32_t mask = group->mask;
    unsigned fold = group->fold;
    while (at < limit) {
        uint8_t shift = shifts[place_of(pairs + at, mask, fold)];
        if (shift == 0) {
            compare(search, group, at);
            shift = 1;
        }
        at += shift;
    }
    group->next = search->start + at;
}

/* ended: no byte follows, so windows needn't wait for what could be behind them. */
static void scan_all(struct slw_search *search, bool ended)
{
    for (size_t i = 0; i < 2; i++) {
        struct group *group = &search->groups[i];
        size_t reach = group->window_size + (ended ? 0 : group->behind_max);
        if (group->count > 0 && search->len >= reach) {
            scan(search, group, search->len - reach + 1);
        }
    }
}

/* Drops what no window needs any more, so that a block has room. */
static void drop_seen(struct slw_search *search)
{
    uint64_t needed = search->start + search->len;
    for (size_t i = 0; i < 2; i++) {
        const struct group *group = &search->groups[i];
        uint64_t first = group->next > group->before_max ? group->next - group->before_max : 0;
        if (group->count > 0 && first < needed) {
            needed = first;
        }
    }
    size_t gone = needed > search->start ? (size_t)(needed - search->start) : 0;
    memmove(search->buffer, search->buffer + gone, search->len - gone);
    search->start += gone;
    search->len -= gone;
}

void slw_search_advance(struct slw_search *search, size_t len)
{
    search->len += len;
    scan_all(search, false);
    drop_seen(search);
}

void slw_search_end(struct slw_search *search)
{
    scan_all(search, true);
}

bool slw_search_found(const struct slw_search *search, size_t pattern, uint64_t *ret_offset)
{
    if (search->found[pattern]) {
        *ret_offset = search->places[pattern];
    }
    return search->found[pattern];
}
