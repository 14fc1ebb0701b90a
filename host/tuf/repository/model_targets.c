/* SPDX-License-Identifier: Apache-2.0 */
/* Targets as packed records: loading them from a file, and looking them up. */
#include "model.h"

#include "../metadata/hex.h"

#include <stdlib.h>

#define ARENA_FIRST 65536u

/* Where a member of `targets` stands in the file. */
struct item {
    struct slw_bytes path;
    uint32_t value;
};

struct loader {
    const struct slw_json_document *json;
    struct slw_tuf_records records;
    size_t capacity; /* of the arena */
    struct slw_heap_buffer scratch;
};

void *slw_tuf_shrink(void *memory, size_t size)
{
    void *smaller = realloc(memory, size == 0 ? 1 : size);
    /* cppcheck takes smaller for lost where it is NULL. */
    // cppcheck-suppress memleak
    return smaller != NULL ? smaller : memory;
}

void slw_tuf_records_free(struct slw_tuf_records *records)
{
    free(records->list);
    free(records->arena);
    *records = (struct slw_tuf_records){0};
}

uint32_t slw_tuf_path_len(struct slw_bytes path)
{
    return (uint32_t)path.len | (slw_tuf_is_plain(path) ? 0 : SLW_TUF_ODD_PATH);
}

struct slw_bytes slw_tuf_record_path(const struct slw_tuf_records *records,
                                     const struct slw_tuf_record *record)
{
    return slw_bytes_make(records->arena + record->path, record->path_len & ~SLW_TUF_ODD_PATH);
}

struct slw_bytes slw_tuf_record_custom(const struct slw_tuf_records *records,
                                       const struct slw_tuf_record *record)
{
    return slw_bytes_make(records->arena + record->custom, record->custom_len);
}

struct slw_bytes slw_tuf_record_object(const struct slw_tuf_records *records,
                                       const struct slw_tuf_record *record)
{
    return slw_bytes_make(records->arena + record->object, record->object_len);
}

size_t slw_tuf_records_bound(const struct slw_tuf_records *records, struct slw_bytes path)
{
    size_t low = 0;
    size_t high = records->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slw_bytes_compare(slw_tuf_record_path(records, &records->list[middle]), path) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Which bytes of a word equal byte, as their highest bits; bits above the first hit may be wrong.
 */
static uint64_t bytes_equal(uint64_t word, uint8_t byte)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t difference = word ^ (ones * byte);
    return (difference - ones) & ~difference;
}

static bool word_is_plain(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t below_space = (word - ones * 0x20) & ~word;
    uint64_t hits = word | below_space | bytes_equal(word, '"') | bytes_equal(word, '\\') |
                    bytes_equal(word, 0x7F);
    return (hits & (ones * 0x80)) == 0;
}

bool slw_tuf_is_plain(struct slw_bytes text)
{
    uint64_t word = 0;
    size_t at = 0;
    for (; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.ptr + at, sizeof word);
        if (!word_is_plain(word)) {
            return false;
        }
    }
    if (at != text.len) {
        memset(&word, 'a', sizeof word);
        memcpy(&word, text.ptr + at, text.len - at);
        return word_is_plain(word);
    }
    return true;
}

static bool put_text(struct loader *loader, struct slw_bytes text, uint32_t *ret_at)
{
    struct slw_tuf_records *records = &loader->records;
    if (text.len == 0) {
        *ret_at = (uint32_t)records->arena_len;
        return true;
    }
    if (text.len > UINT32_MAX - records->arena_len) {
        return false;
    }
    if (records->arena == NULL || text.len > loader->capacity - records->arena_len) {
        size_t wanted = records->arena_len + text.len;
        size_t capacity = loader->capacity == 0 ? ARENA_FIRST : loader->capacity * 2;
        capacity = capacity < wanted ? wanted : capacity;
        uint8_t *arena = realloc(records->arena, capacity);
        if (arena == NULL) {
            return false;
        }
        records->arena = arena;
        loader->capacity = capacity;
    }
    memcpy(records->arena + records->arena_len, text.ptr, text.len);
    *ret_at = (uint32_t)records->arena_len;
    records->arena_len += text.len;
    return true;
}

/* A SHA-256 as we write it: 64 digits in lower case. */
static bool read_sha256(struct slw_bytes digits, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    return slw_tuf_hex_is_lower(digits) && slw_tuf_hex_decode(digits, ret_sha256, SLW_SHA256_SIZE);
}

/* True when the object says nothing but a SHA-256. */
static bool read_hashes(const struct slw_json_document *json, uint32_t hashes,
                        struct slw_tuf_record *record)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, hashes);
    struct slw_bytes name = {0};
    uint32_t value = 0;
    bool is_alone = true;
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (!slw_bytes_equal(name, SLW_BYTES_OF("sha256")) ||
            !read_sha256(slw_json_string(json, value), record->sha256)) {
            is_alone = false;
        }
    }
    return is_alone;
}

/* True when the record holds everything that the entry says; *ret_custom is its custom. */
static bool read_entry(const struct slw_json_document *json, uint32_t entry,
                       struct slw_tuf_record *record, uint32_t *ret_custom)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, entry);
    struct slw_bytes name = {0};
    uint32_t value = 0;
    int64_t length = 0;
    bool is_whole = true;
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (slw_bytes_equal(name, SLW_BYTES_OF("custom"))) {
            *ret_custom = value;
        } else if (slw_bytes_equal(name, SLW_BYTES_OF("hashes"))) {
            is_whole = read_hashes(json, value, record) && is_whole;
        } else if (slw_bytes_equal(name, SLW_BYTES_OF("length"))) {
            is_whole = slw_json_integer(json, value, &length) && is_whole;
            record->length = (uint64_t)length;
        } else {
            is_whole = false;
        }
    }
    return is_whole;
}

static bool put_canonical(struct loader *loader, uint32_t value, uint32_t *ret_at,
                          uint32_t *ret_len)
{
    loader->scratch.len = 0;
    struct slw_bytes text = slw_json_canonical(loader->json, value, &loader->scratch);
    *ret_len = (uint32_t)text.len;
    return loader->scratch.status == SLW_OK && put_text(loader, text, ret_at);
}

static bool load_record(struct loader *loader, const struct item *item,
                        struct slw_tuf_record *record)
{
    uint32_t custom = SLW_JSON_NONE;
    bool is_whole = read_entry(loader->json, item->value, record, &custom);
    record->path_len = slw_tuf_path_len(item->path);
    return put_text(loader, item->path, &record->path) &&
           (custom == SLW_JSON_NONE ||
            put_canonical(loader, custom, &record->custom, &record->custom_len)) &&
           (is_whole || put_canonical(loader, item->value, &record->object, &record->object_len));
}

static int compare_items(const void *left, const void *right)
{
    return slw_bytes_compare(((const struct item *)left)->path, ((const struct item *)right)->path);
}

/* The members of `targets`, in the order of their paths. */
static void gather(const struct slw_tuf_targets *targets, struct item *items)
{
    struct slw_json_walk walk = slw_json_walk_begin(&targets->file->json, targets->targets);
    size_t count = 0;
    bool is_sorted = true;
    while (count < targets->targets_count &&
           slw_json_walk_member(&walk, &items[count].path, &items[count].value)) {
        is_sorted =
            is_sorted && (count == 0 || compare_items(&items[count - 1], &items[count]) < 0);
        count++;
    }
    if (!is_sorted) {
        qsort(items, count, sizeof *items, compare_items);
    }
}

static bool load_records(struct loader *loader, const struct item *items, size_t count)
{
    loader->records.list = calloc(count, sizeof *loader->records.list);
    if (loader->records.list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!load_record(loader, &items[i], &loader->records.list[i])) {
            return false;
        }
    }
    loader->records.count = count;
    return true;
}

enum slw_status slw_tuf_records_load(const struct slw_tuf_targets *targets,
                                     struct slw_tuf_records *ret_records, struct slw_detail *detail)
{
    struct loader loader = {.json = &targets->file->json};
    size_t count = targets->targets_count;
    if (count == 0) {
        *ret_records = (struct slw_tuf_records){0};
        return SLW_OK;
    }
    struct item *items = calloc(count, sizeof *items);
    bool good = items != NULL;
    if (good) {
        gather(targets, items);
        good = load_records(&loader, items, count);
    }
    free(items);
    slw_heap_free(&loader.scratch);
    if (!good) {
        slw_tuf_records_free(&loader.records);
        return slw_explain_no_memory(detail);
    }
    loader.records.arena = slw_tuf_shrink(loader.records.arena, loader.records.arena_len);
    *ret_records = loader.records;
    return SLW_OK;
}

size_t slw_tuf_model_targets_count(const struct slw_tuf_model *model)
{
    return model->records.count;
}

void slw_tuf_model_target(const struct slw_tuf_model *model, size_t at,
                          struct slw_tuf_artifact *ret_artifact)
{
    const struct slw_tuf_record *record = &model->records.list[at];
    ret_artifact->path = slw_tuf_record_path(&model->records, record);
    ret_artifact->custom = slw_tuf_record_custom(&model->records, record);
    ret_artifact->length = record->length;
    memcpy(ret_artifact->sha256, record->sha256, sizeof ret_artifact->sha256);
}

enum slw_status slw_tuf_model_find(const struct slw_tuf_model *model, struct slw_bytes path,
                                   size_t *ret_at)
{
    const struct slw_tuf_records *records = &model->records;
    size_t at = slw_tuf_records_bound(records, path);
    if (at == records->count ||
        !slw_bytes_equal(slw_tuf_record_path(records, &records->list[at]), path)) {
        return SLW_NOT_FOUND;
    }
    *ret_at = at;
    return SLW_OK;
}
