/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting the members of members.h. A few, as in most objects, are inserted one by one. Many are
 * sorted by seven bytes of their names at a time: first all by the first seven, then those that
 * agree so far by the next seven, and so on. No byte of a name is looked at more than once, so that
 * the time is bounded whatever the names are; what is left to do is written beside the names
 * themselves, so that nothing recurses.
 */
#include "members.h"

#include <stdlib.h>

#define FEW 16u
#define KEY_LEN 7u
#define INSERTED 8u /* that many are inserted before they are merged */

/* key: seven bytes of the name, and in the lowest how many bytes it had left before them, at
 * most 8. So the shorter of two names that agree otherwise comes first, and with less than 8 left,
 * equal keys are equal names. */
struct entry {
    uint64_t key;
    uint32_t name;
    uint32_t run; /* of a run's first entry: how many entries agree so far */
};

struct sorter {
    const struct slw_json_document *document;
    struct entry *entries;
    struct entry *other; /* as many again, to merge into */
    uint32_t *depths;    /* beside a run's first entry: how many bytes agree so far */
    uint32_t duplicate;
};

static void insert_each(const struct slw_json_document *document, uint32_t *names, size_t count,
                        uint32_t *ret_duplicate)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t moving = names[i];
        struct slw_bytes text = slw_json_text_of(document, moving);
        size_t at = i;
        int order = -1;
        while (at > 0) {
            order = slw_bytes_compare(slw_json_text_of(document, names[at - 1]), text);
            if (order <= 0) {
                break;
            }
            names[at] = names[at - 1];
            at--;
        }
        names[at] = moving;
        if (at > 0 && order == 0 && moving < *ret_duplicate) {
            *ret_duplicate = moving;
        }
    }
}

static uint64_t key_of(struct slw_bytes name, uint32_t depth)
{
    size_t left = name.len - depth;
    if (left >= 8) {
        return (__builtin_bswap64(slw_get_u64_le(name.ptr + depth)) & ~UINT64_C(0xFF)) | 8;
    }
    uint64_t key = 0;
    for (size_t i = 0; i < KEY_LEN; i++) {
        key = key << 8 | (i < left ? name.ptr[depth + i] : 0);
    }
    return key << 8 | left;
}

static bool is_whole(uint64_t key)
{
    return (key & 0xFF) < 8;
}

static void insert_by_key(struct entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct entry moving = entries[i];
        size_t at = i;
        while (at > 0 && entries[at - 1].key > moving.key) {
            entries[at] = entries[at - 1];
            at--;
        }
        entries[at] = moving;
    }
}

/* Merges from[0…middle] and from[middle…end] into to. */
static void merge(const struct entry *from, struct entry *to, size_t middle, size_t end)
{
    size_t left = 0;
    size_t right = middle;
    for (size_t at = 0; at < end; at++) {
        bool take_right = left == middle || (right < end && from[right].key < from[left].key);
        to[at] = take_right ? from[right++] : from[left++];
    }
}

/* Equal keys stay in the order in which they are. */
static void sort_by_key(struct entry *entries, struct entry *other, size_t count)
{
    struct entry *from = entries;
    struct entry *to = other;
    for (size_t start = 0; start < count; start += INSERTED) {
        insert_by_key(entries + start, count - start < INSERTED ? count - start : INSERTED);
    }
    for (size_t width = INSERTED; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = width < count - start ? width : count - start;
            size_t end = 2 * width < count - start ? 2 * width : count - start;
            merge(from + start, to + start, middle, end);
        }
        struct entry *swap = from;
        from = to;
        to = swap;
    }
    if (from != entries) {
        memcpy(entries, from, count * sizeof *entries);
    }
}

/* Whether they happen to ascend; mostly so where a long beginning is the same. */
static bool load_keys(const struct slw_json_document *document, struct entry *run, size_t count,
                      uint32_t depth)
{
    bool ascend = true;
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        slw_json_fetch_ahead(document, &run[i].name, sizeof *run / sizeof run->name, count - i);
        uint64_t key = key_of(slw_json_text_of(document, run[i].name), depth);
        run[i].key = key;
        run[i].run = 1;
        ascend = ascend && key >= before;
        before = key;
    }
    return ascend;
}

/* Sorts a run by the next seven bytes and writes down the runs in it that agree in those too. */
static void sort_run(struct sorter *sorter, size_t start, size_t count)
{
    struct entry *run = sorter->entries + start;
    uint32_t depth = sorter->depths[start];
    if (!load_keys(sorter->document, run, count, depth)) {
        sort_by_key(run, sorter->other, count);
    }
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && run[end].key == run[i].key) {
            end++;
        }
        if (!is_whole(run[i].key)) {
            run[i].run = (uint32_t)(end - i);
            sorter->depths[start + i] = depth + KEY_LEN;
        } else if (end - i > 1 && run[i + 1].name < sorter->duplicate) {
            sorter->duplicate = run[i + 1].name;
        }
        i = end;
    }
}

static enum slw_status sort_many(const struct slw_json_document *document, uint32_t *names,
                                 size_t count, uint32_t *ret_duplicate)
{
    struct entry *entries = malloc(count * 2 * sizeof *entries);
    if (entries == NULL) {
        return SLW_NO_SPACE;
    }
    /* Once they are copied, there is room for the depths where the names were. */
    struct sorter sorter = {document, entries, entries + count, names, SLW_JSON_NONE};
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct entry){0, names[i], 1};
    }
    entries[0].run = (uint32_t)count;
    names[0] = 0;
    for (size_t at = 0; at < count;) {
        if (entries[at].run > 1) {
            sort_run(&sorter, at, entries[at].run);
        } else {
            at++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = entries[i].name;
    }
    free(entries);
    *ret_duplicate = sorter.duplicate;
    return SLW_OK;
}

enum slw_status slw_json_sort_names(const struct slw_json_document *document, uint32_t object,
                                    uint32_t *names, uint32_t *ret_duplicate)
{
    size_t count = 0;
    uint32_t end = document->values[object].next;
    for (uint32_t name = object + 1; name < end; name = document->values[name + 1].next) {
        names[count++] = name;
    }
    *ret_duplicate = SLW_JSON_NONE;
    if (count > FEW) {
        return sort_many(document, names, count, ret_duplicate);
    }
    insert_each(document, names, count, ret_duplicate);
    return SLW_OK;
}

enum slw_status slw_json_find_duplicate(const struct slw_json_document *document, uint32_t object,
                                        uint32_t *ret_name)
{
    uint32_t few[FEW];
    size_t count = slw_json_count(document, object);
    uint32_t *names = count > FEW ? malloc(count * sizeof *names) : few;
    if (names == NULL) {
        return SLW_NO_SPACE;
    }
    enum slw_status status = slw_json_sort_names(document, object, names, ret_name);
    if (names != few) {
        free(names);
    }
    return status;
}
