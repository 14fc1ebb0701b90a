/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a snapshot or a timestamp says of other files. The members of `meta` are kept as they are
 * written, so that a snapshot of 16,384 roles in which one version changes is neither sorted nor
 * formatted again.
 */
#include "model.h"

#include <stdlib.h>

#define SUFFIX_LEN 5u  /* ".json" */
#define DIGITS_MAX 20u /* of an int64_t */

/* Where a member of `meta` stands in the file. */
struct item {
    struct slw_bytes name;
    uint32_t value;
};

void slw_tuf_entries_free(struct slw_tuf_entries *entries)
{
    free(entries->list);
    slw_heap_free(&entries->names);
    slw_heap_free(&entries->text);
    *entries = (struct slw_tuf_entries){0};
}

struct slw_bytes slw_tuf_entry_name(const struct slw_tuf_entries *entries, size_t at)
{
    const struct slw_tuf_entry *entry = &entries->list[at];
    return slw_bytes_make(entries->names.ptr + entry->name, entry->name_len);
}

struct slw_bytes slw_tuf_entry_text(const struct slw_tuf_entries *entries, size_t at)
{
    size_t start = entries->list[at].text;
    size_t end =
        at + 1 < entries->count ? entries->list[at + 1].text - (size_t)1 : entries->text.len;
    return slw_bytes_make(entries->text.ptr + start, end - start);
}

size_t slw_tuf_entries_find(const struct slw_tuf_entries *entries, struct slw_bytes name)
{
    size_t low = 0;
    size_t high = entries->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slw_bytes_compare(slw_tuf_entry_name(entries, middle), name);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SLW_TUF_NOWHERE;
}

static enum slw_status make_room(struct slw_tuf_entries *entries, size_t more,
                                 struct slw_detail *detail)
{
    size_t wanted = entries->count + more;
    if (wanted <= entries->capacity) {
        return SLW_OK;
    }
    size_t capacity = entries->capacity * 2 > wanted ? entries->capacity * 2 : wanted;
    struct slw_tuf_entry *list = NULL;
    if (capacity <= SLW_JSON_SIZE_MAX) { /* no file has as many */
        list = realloc(entries->list, capacity * sizeof *list);
    }
    if (list == NULL) {
        return slw_explain_no_memory(detail);
    }
    entries->list = list;
    entries->capacity = capacity;
    return SLW_OK;
}

/* What begins an entry: its name, and where its text starts. */
static enum slw_status begin_entry(struct slw_tuf_entries *entries, struct slw_bytes name,
                                   struct slw_detail *detail)
{
    SLW_TRY(make_room(entries, 1, detail));
    if (entries->count != 0) {
        slw_heap_append(&entries->text, SLW_BYTES_OF(","));
    }
    entries->list[entries->count] = (struct slw_tuf_entry){
        .name = (uint32_t)entries->names.len,
        .name_len = (uint32_t)name.len,
        .text = (uint32_t)entries->text.len,
    };
    slw_heap_append(&entries->names, name);
    return SLW_OK;
}

static enum slw_status check_size(const struct slw_tuf_entries *entries, struct slw_detail *detail)
{
    if (entries->names.status != SLW_OK || entries->text.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    if (entries->text.len > SLW_JSON_SIZE_MAX || entries->names.len > SLW_JSON_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more entries than a metadata file can have");
    }
    return SLW_OK;
}

static enum slw_status end_entry(struct slw_tuf_entries *entries, int64_t version,
                                 uint16_t digits_len, struct slw_detail *detail)
{
    SLW_TRY(check_size(entries, detail));
    entries->list[entries->count].version = version;
    entries->list[entries->count].digits_len = digits_len;
    entries->count++;
    return SLW_OK;
}

/* Decimal digits at the end of buffer; where they begin. */
static uint8_t *write_digits(int64_t version, uint8_t buffer[static DIGITS_MAX])
{
    uint8_t *at = buffer + DIGITS_MAX;
    for (; version != 0; version /= 10) {
        *--at = (uint8_t)('0' + version % 10);
    }
    return at;
}

enum slw_status slw_tuf_entries_append(struct slw_tuf_entries *entries, struct slw_bytes name,
                                       int64_t version, struct slw_detail *detail)
{
    uint8_t buffer[DIGITS_MAX + 1];
    const uint8_t *digits = write_digits(version, buffer);
    size_t len = (size_t)(buffer + DIGITS_MAX - digits);
    buffer[DIGITS_MAX] = '}';
    SLW_TRY(begin_entry(entries, name, detail));
    if (slw_tuf_is_plain(name)) {
        slw_heap_append(&entries->text, SLW_BYTES_OF("\""));
        slw_heap_append(&entries->text, name);
        slw_heap_append(&entries->text, SLW_BYTES_OF("\":{\"version\":"));
    } else {
        slw_json_canonical_string(name, &entries->text);
        slw_heap_append(&entries->text, SLW_BYTES_OF(":{\"version\":"));
    }
    slw_heap_append(&entries->text, slw_bytes_make(digits, len + 1));
    return end_entry(entries, version, (uint16_t)len, detail);
}

/* Texts of entries stand one behind the other, in names without and in text with commas. */
enum slw_status slw_tuf_entries_append_run(struct slw_tuf_entries *entries,
                                           const struct slw_tuf_entries *others, size_t from,
                                           size_t to, struct slw_detail *detail)
{
    if (from == to) {
        return SLW_OK;
    }
    SLW_TRY(make_room(entries, to - from, detail));
    if (entries->count != 0) {
        slw_heap_append(&entries->text, SLW_BYTES_OF(","));
    }
    const struct slw_tuf_entry *first = &others->list[from];
    struct slw_bytes last_name = slw_tuf_entry_name(others, to - 1);
    struct slw_bytes last_text = slw_tuf_entry_text(others, to - 1);
    uint32_t names_start = (uint32_t)entries->names.len;
    uint32_t text_start = (uint32_t)entries->text.len;
    const uint8_t *names = others->names.ptr + first->name;
    const uint8_t *text = others->text.ptr + first->text;
    slw_heap_append(&entries->names,
                    slw_bytes_make(names, (size_t)(last_name.ptr + last_name.len - names)));
    slw_heap_append(&entries->text,
                    slw_bytes_make(text, (size_t)(last_text.ptr + last_text.len - text)));
    SLW_TRY(check_size(entries, detail));
    for (size_t i = from; i < to; i++) {
        struct slw_tuf_entry *entry = &entries->list[entries->count++];
        *entry = others->list[i];
        entry->name = entry->name - first->name + names_start;
        entry->text = entry->text - first->text + text_start;
    }
    return SLW_OK;
}

/* An entry that says more than a version: as it is. */
static enum slw_status append_value(struct slw_tuf_entries *entries,
                                    const struct slw_json_document *json, const struct item *item,
                                    int64_t version, struct slw_detail *detail)
{
    struct slw_heap_buffer scratch = {0};
    struct slw_bytes value = slw_json_canonical(json, item->value, &scratch);
    enum slw_status status = begin_entry(entries, item->name, detail);
    if (status == SLW_OK) {
        slw_json_canonical_string(item->name, &entries->text);
        slw_heap_append(&entries->text, SLW_BYTES_OF(":"));
        slw_heap_append(&entries->text, value);
        if (scratch.status != SLW_OK) {
            entries->text.status = scratch.status;
        }
        status = end_entry(entries, version, 0, detail);
    }
    slw_heap_free(&scratch);
    return status;
}

/*
 * TUF 1.0.34, section 4.4, METAPATH: "A string giving the file path of the metadata on the
 * repository relative to the metadata base URL."
 */
static bool is_file_name(struct slw_bytes name)
{
    return name.len > SUFFIX_LEN && name.len <= SLW_TUF_ROLE_NAME_MAX + SUFFIX_LEN &&
           memcmp(name.ptr + name.len - SUFFIX_LEN, ".json", SUFFIX_LEN) == 0;
}

static enum slw_status load_entry(struct slw_tuf_entries *entries,
                                  const struct slw_json_document *json, const struct item *item,
                                  struct slw_detail *detail)
{
    int64_t version = 0;
    if (!is_file_name(item->name)) {
        return slw_json_refuse(json, item->value, SLW_BAD_NAME, "isn't named ROLE.json", detail);
    }
    uint32_t value = slw_json_member(json, item->value, SLW_BYTES_OF("version"));
    if (value == SLW_JSON_NONE || !slw_json_integer(json, value, &version)) {
        return slw_json_refuse(json, item->value, SLW_MALFORMED, "has no version", detail);
    }
    return slw_json_count(json, item->value) == 1
               ? slw_tuf_entries_append(entries, item->name, version, detail)
               : append_value(entries, json, item, version, detail);
}

static int compare_items(const void *left, const void *right)
{
    return slw_bytes_compare(((const struct item *)left)->name, ((const struct item *)right)->name);
}

static size_t gather(const struct slw_json_document *json, uint32_t meta, struct item *items,
                     size_t capacity)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, meta);
    size_t count = 0;
    bool is_sorted = true;
    while (count < capacity &&
           slw_json_walk_member(&walk, &items[count].name, &items[count].value)) {
        is_sorted =
            is_sorted && (count == 0 || compare_items(&items[count - 1], &items[count]) < 0);
        count++;
    }
    if (!is_sorted) {
        qsort(items, count, sizeof *items, compare_items);
    }
    return count;
}

enum slw_status slw_tuf_entries_load(const struct slw_json_document *json, uint32_t meta,
                                     struct slw_tuf_entries *ret_entries, struct slw_detail *detail)
{
    struct slw_tuf_entries entries = {0};
    size_t capacity = slw_json_count(json, meta);
    struct item *items = calloc(capacity + 1, sizeof *items);
    if (items == NULL) {
        return slw_explain_no_memory(detail);
    }
    size_t count = gather(json, meta, items, capacity);
    enum slw_status status = SLW_OK;
    for (size_t i = 0; i < count && status == SLW_OK; i++) {
        status = load_entry(&entries, json, &items[i], detail);
    }
    free(items);
    if (status != SLW_OK) {
        slw_tuf_entries_free(&entries);
        return status;
    }
    *ret_entries = entries;
    return SLW_OK;
}

size_t slw_tuf_model_metas_count(const struct slw_tuf_model *model)
{
    return model->entries.count;
}

void slw_tuf_model_meta(const struct slw_tuf_model *model, size_t at,
                        struct slw_tuf_meta_version *ret_meta)
{
    struct slw_bytes name = slw_tuf_entry_name(&model->entries, at);
    name.len -= SUFFIX_LEN;
    *ret_meta = (struct slw_tuf_meta_version){name, model->entries.list[at].version};
}

enum slw_status slw_tuf_model_find_meta(const struct slw_tuf_model *model, struct slw_bytes role,
                                        int64_t *ret_version)
{
    const struct slw_bytes suffix = SLW_BYTES_OF(".json");
    uint8_t name[SLW_TUF_ROLE_NAME_MAX + SUFFIX_LEN];
    if (role.len == 0 || role.len > SLW_TUF_ROLE_NAME_MAX) {
        return SLW_NOT_FOUND;
    }
    memcpy(name, role.ptr, role.len);
    memcpy(name + role.len, suffix.ptr, suffix.len);
    size_t at = slw_tuf_entries_find(&model->entries, slw_bytes_make(name, role.len + SUFFIX_LEN));
    if (at == SLW_TUF_NOWHERE) {
        return SLW_NOT_FOUND;
    }
    *ret_version = model->entries.list[at].version;
    return SLW_OK;
}
