/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting the members of members.h. A few, as in most objects, are inserted one by one; many are
 * merged, each with the eight bytes that follow what all names begin with, so that names are seldom
 * compared as a whole. Both take bounded time, whatever the names are, and neither recurses.
 */
#include "members.h"

#include <stdlib.h>

#define FEW 16u

struct entry {
    uint64_t key;
    uint32_t name;
};

static void insert_each(const struct slw_json_document *document, uint32_t *names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t moving = names[i];
        struct slw_bytes text = slw_json_text_of(document, moving);
        size_t at = i;
        while (at > 0 && slw_json_compare(slw_json_text_of(document, names[at - 1]), text) > 0) {
            names[at] = names[at - 1];
            at--;
        }
        names[at] = moving;
    }
}

static size_t common_prefix(const struct slw_json_document *document, const uint32_t *names,
                            size_t count)
{
    struct slw_bytes first = slw_json_text_of(document, names[0]);
    size_t len = first.len;
    for (size_t i = 1; i < count && len > 0; i++) {
        struct slw_bytes other = slw_json_text_of(document, names[i]);
        len = len < other.len ? len : other.len;
        size_t same = 0;
        while (same < len && first.ptr[same] == other.ptr[same]) {
            same++;
        }
        len = same;
    }
    return len;
}

/* Up to eight bytes behind the prefix, as a number that is ordered like them. */
static uint64_t key_of(struct slw_bytes name, size_t prefix)
{
    uint64_t key = 0;
    for (size_t i = prefix; i < prefix + 8; i++) {
        key = key << 8 | (i < name.len ? name.ptr[i] : 0);
    }
    return key;
}

static bool is_behind(const struct slw_json_document *document, const struct entry *left,
                      const struct entry *right)
{
    if (left->key != right->key) {
        return left->key > right->key;
    }
    return slw_json_compare(slw_json_text_of(document, left->name),
                            slw_json_text_of(document, right->name)) > 0;
}

/* Merges from[start…middle] and from[middle…end] into the same places of to. */
static void merge(const struct slw_json_document *document, const struct entry *from,
                  struct entry *to, size_t start, size_t middle, size_t end)
{
    size_t left = start;
    size_t right = middle;
    for (size_t at = start; at < end; at++) {
        bool take_right =
            left == middle || (right < end && is_behind(document, &from[left], &from[right]));
        to[at] = take_right ? from[right++] : from[left++];
    }
}

/* entries has room for twice the count. Returns where the sorted ones are. */
static struct entry *merge_all(const struct slw_json_document *document, struct entry *entries,
                               size_t count)
{
    struct entry *from = entries;
    struct entry *to = entries + count;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = middle + width < count ? middle + width : count;
            merge(document, from, to, start, middle, end);
        }
        struct entry *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static enum slw_status sort_many(const struct slw_json_document *document, uint32_t *names,
                                 size_t count)
{
    struct entry *entries = calloc(count, 2 * sizeof *entries);
    if (entries == NULL) {
        return SLW_NO_SPACE;
    }
    size_t prefix = common_prefix(document, names, count);
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct entry){key_of(slw_json_text_of(document, names[i]), prefix), names[i]};
    }
    const struct entry *sorted = merge_all(document, entries, count);
    for (size_t i = 0; i < count; i++) {
        names[i] = sorted[i].name;
    }
    free(entries);
    return SLW_OK;
}

enum slw_status slw_json_sort_names(const struct slw_json_document *document, uint32_t object,
                                    uint32_t *names)
{
    size_t count = 0;
    uint32_t end = document->values[object].next;
    for (uint32_t name = object + 1; name < end; name = document->values[name + 1].next) {
        names[count++] = name;
    }
    if (count > FEW) {
        return sort_many(document, names, count);
    }
    insert_each(document, names, count);
    return SLW_OK;
}

static uint32_t first_duplicate(const struct slw_json_document *document, const uint32_t *names,
                                size_t count)
{
    uint32_t found = SLW_JSON_NONE;
    for (size_t i = 1; i < count; i++) {
        if (names[i] < found && slw_bytes_equal(slw_json_text_of(document, names[i - 1]),
                                                slw_json_text_of(document, names[i]))) {
            found = names[i];
        }
    }
    return found;
}

enum slw_status slw_json_find_duplicate(const struct slw_json_document *document, uint32_t object,
                                        uint32_t *ret_name)
{
    uint32_t few[FEW];
    size_t count = slw_json_count(document, object);
    uint32_t *names = count > FEW ? calloc(count, sizeof *names) : few;
    if (names == NULL) {
        return SLW_NO_SPACE;
    }
    enum slw_status status = slw_json_sort_names(document, object, names);
    if (status == SLW_OK) {
        *ret_name = first_duplicate(document, names, count);
    }
    if (names != few) {
        free(names);
    }
    return status;
}
