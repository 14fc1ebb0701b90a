/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a draft (draft.h) said last of a path. A hash table over the entries, made when somebody
 * asks and brought up to date then: a hundred thousand may be gathered without anybody asking.
 */
#include "draft.h"

#include <stdlib.h>

#define SIZE_FIRST 64u
#define FREE UINT32_MAX

struct slw_tuf_draft_index {
    uint32_t *places; /* of entries; open addressing */
    size_t size;      /* a power of two, 0 at first */
    size_t count;     /* entries that are in it */
};

struct slw_tuf_draft_index *slw_tuf_draft_index_new(void)
{
    return calloc(1, sizeof(struct slw_tuf_draft_index));
}

void slw_tuf_draft_index_free(struct slw_tuf_draft_index *index)
{
    if (index != NULL) {
        free(index->places);
        free(index);
    }
}

void slw_tuf_draft_index_forget(struct slw_tuf_draft_index *index)
{
    index->size = 0;
    index->count = 0;
}

/* Where the path stands, or the free place that it would get. Nobody can choose paths that collide:
 * a bin of 32 bits is the beginning of their SHA-256. */
static size_t find_place(const struct slw_tuf_draft *draft, struct slw_bytes path)
{
    const struct slw_tuf_draft_index *index = draft->index;
    size_t at = slw_tuf_bin_of(path, 32) & (index->size - 1);
    while (index->places[at] != FREE &&
           !slw_bytes_equal(slw_tuf_draft_path(draft, draft->entries + index->places[at]), path)) {
        at = (at + 1) & (index->size - 1);
    }
    return at;
}

/* Room for all entries, half of it free; false when memory ran out. */
static bool make_room(const struct slw_tuf_draft *draft)
{
    struct slw_tuf_draft_index *index = draft->index;
    size_t size = index->size < SIZE_FIRST ? SIZE_FIRST : index->size;
    if (draft->entries_count >= FREE / 4) {
        return false;
    }
    while (size < 2 * draft->entries_count) {
        size *= 2;
    }
    if (size == index->size) {
        return true;
    }
    uint32_t *places = malloc(size * sizeof *places);
    if (places == NULL) {
        return false;
    }
    memset(places, 0xFF, size * sizeof *places);
    free(index->places);
    *index = (struct slw_tuf_draft_index){.places = places, .size = size};
    return true;
}

static const struct slw_tuf_draft_entry *find_slowly(const struct slw_tuf_draft *draft,
                                                     struct slw_bytes path)
{
    for (size_t i = draft->entries_count; i > 0; i--) {
        if (slw_bytes_equal(slw_tuf_draft_path(draft, draft->entries + i - 1), path)) {
            return draft->entries + i - 1;
        }
    }
    return NULL;
}

const struct slw_tuf_draft_entry *slw_tuf_draft_find(const struct slw_tuf_draft *draft,
                                                     struct slw_bytes path)
{
    struct slw_tuf_draft_index *index = draft->index;
    if (draft->entries_count == 0) {
        return NULL;
    }
    if (!make_room(draft)) {
        return find_slowly(draft, path);
    }
    for (; index->count < draft->entries_count; index->count++) {
        const struct slw_tuf_draft_entry *entry = draft->entries + index->count;
        size_t at = find_place(draft, slw_tuf_draft_path(draft, entry));
        index->places[at] = (uint32_t)index->count; /* a later word about a path counts */
    }
    size_t at = find_place(draft, path);
    return index->places[at] == FREE ? NULL : draft->entries + index->places[at];
}
