/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of metadata that models keep, and objects written around them; see kept.h. */
#include "kept.h"

#include <stdlib.h>

static enum slw_status fill(struct slw_tuf_kept *kept, struct slw_bytes name,
                            struct slw_bytes canonical, struct slw_detail *detail)
{
    slw_heap_append(&kept->name, name);
    slw_heap_append(&kept->canonical, canonical);
    struct slw_bytes text = slw_heap_bytes(&kept->canonical);
    if (slw_tuf_has_controls(text)) {
        slw_tuf_escape_controls(text, &kept->readable);
        text = slw_heap_bytes(&kept->readable);
    }
    if (kept->name.status != SLW_OK || kept->canonical.status != SLW_OK ||
        kept->readable.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    return slw_json_parse("a part of metadata", text, &kept->json, detail);
}

enum slw_status slw_tuf_kept_new(struct slw_bytes name, struct slw_bytes canonical,
                                 struct slw_tuf_kept **ret_kept, struct slw_detail *detail)
{
    struct slw_tuf_kept *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        return slw_explain_no_memory(detail);
    }
    kept->references = 1;
    enum slw_status status = fill(kept, name, canonical, detail);
    if (status != SLW_OK) {
        slw_tuf_kept_drop(kept);
        return status;
    }
    *ret_kept = kept;
    return SLW_OK;
}

struct slw_tuf_kept *slw_tuf_kept_share(struct slw_tuf_kept *kept)
{
    kept->references++;
    return kept;
}

void slw_tuf_kept_drop(struct slw_tuf_kept *kept)
{
    if (kept == NULL || --kept->references != 0) {
        return;
    }
    slw_json_document_free(&kept->json);
    slw_heap_free(&kept->readable);
    slw_heap_free(&kept->canonical);
    slw_heap_free(&kept->name);
    free(kept->parsed);
    free(kept);
}

uint32_t slw_tuf_kept_member(const struct slw_tuf_kept *kept, const char *name)
{
    return slw_json_member(&kept->json, SLW_JSON_TOP, slw_bytes_make(name, strlen(name)));
}

enum slw_status slw_tuf_parts_append(struct slw_tuf_parts *parts, struct slw_tuf_kept *kept,
                                     struct slw_detail *detail)
{
    struct slw_tuf_kept **list =
        slw_heap_grow(parts->list, parts->count, sizeof(struct slw_tuf_kept *));
    if (list == NULL) {
        slw_tuf_kept_drop(kept);
        return slw_explain_no_memory(detail);
    }
    list[parts->count++] = kept;
    parts->list = list;
    return SLW_OK;
}

/* The first place whose name isn't below name. */
static size_t lower_bound(const struct slw_tuf_parts *parts, struct slw_bytes name)
{
    size_t low = 0;
    size_t high = parts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slw_bytes_compare(slw_heap_bytes(&parts->list[middle]->name), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t slw_tuf_parts_find(const struct slw_tuf_parts *parts, struct slw_bytes name)
{
    size_t at = lower_bound(parts, name);
    bool found = at < parts->count && slw_bytes_equal(slw_heap_bytes(&parts->list[at]->name), name);
    return found ? at : SLW_TUF_NOWHERE;
}

enum slw_status slw_tuf_parts_put(struct slw_tuf_parts *parts, struct slw_tuf_kept *kept,
                                  struct slw_detail *detail)
{
    struct slw_bytes name = slw_heap_bytes(&kept->name);
    size_t at = lower_bound(parts, name);
    if (at < parts->count && slw_bytes_equal(slw_heap_bytes(&parts->list[at]->name), name)) {
        slw_tuf_kept_drop(parts->list[at]);
        parts->list[at] = kept;
        return SLW_OK;
    }
    SLW_TRY(slw_tuf_parts_append(parts, kept, detail));
    size_t behind = parts->count - 1 - at;
    if (behind != 0) {
        memmove(&parts->list[at + 1], &parts->list[at], behind * sizeof(struct slw_tuf_kept *));
        parts->list[at] = kept;
    }
    return SLW_OK;
}

void slw_tuf_parts_remove(struct slw_tuf_parts *parts, size_t at)
{
    slw_tuf_kept_drop(parts->list[at]);
    for (size_t i = at + 1; i < parts->count; i++) {
        parts->list[i - 1] = parts->list[i];
    }
    parts->count--;
}

enum slw_status slw_tuf_parts_share(const struct slw_tuf_parts *parts,
                                    struct slw_tuf_parts *ret_parts, struct slw_detail *detail)
{
    struct slw_tuf_parts copy = {0};
    for (size_t i = 0; i < parts->count; i++) {
        enum slw_status status =
            slw_tuf_parts_append(&copy, slw_tuf_kept_share(parts->list[i]), detail);
        if (status != SLW_OK) {
            slw_tuf_parts_free(&copy);
            return status;
        }
    }
    *ret_parts = copy;
    return SLW_OK;
}

void slw_tuf_parts_free(struct slw_tuf_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        slw_tuf_kept_drop(parts->list[i]);
    }
    free(parts->list);
    *parts = (struct slw_tuf_parts){0};
}

static bool is_among(struct slw_bytes name, const char *const *known)
{
    for (; *known != NULL; known++) {
        if (slw_bytes_equal(name, slw_bytes_make(*known, strlen(*known)))) {
            return true;
        }
    }
    return false;
}

static enum slw_status load_part(const struct slw_json_document *json, struct slw_bytes name,
                                 uint32_t value, struct slw_heap_buffer *scratch,
                                 struct slw_tuf_parts *parts, struct slw_detail *detail)
{
    struct slw_tuf_kept *kept = NULL;
    scratch->len = 0;
    struct slw_bytes canonical = slw_json_canonical(json, value, scratch);
    if (scratch->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(slw_tuf_kept_new(name, canonical, &kept, detail));
    return slw_tuf_parts_put(parts, kept, detail);
}

enum slw_status slw_tuf_parts_load(const struct slw_json_document *json, uint32_t object,
                                   const char *const *known, struct slw_tuf_parts *parts,
                                   struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_heap_buffer scratch = {0};
    struct slw_bytes name = {0};
    uint32_t value = 0;
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && slw_json_walk_member(&walk, &name, &value)) {
        if (!is_among(name, known)) {
            status = parts->count < SLW_TUF_PARTS_MAX
                         ? load_part(json, name, value, &scratch, parts, detail)
                         : slw_json_refuse(json, object, SLW_TOO_LARGE,
                                           "has more members than can be kept", detail);
        }
    }
    slw_heap_free(&scratch);
    return status;
}

void slw_tuf_object_begin(struct slw_tuf_object *object, struct slw_heap_buffer *text,
                          const struct slw_tuf_parts *others)
{
    *object = (struct slw_tuf_object){.text = text, .others = others};
    slw_heap_append(text, SLW_BYTES_OF("{"));
}

static void put_comma(struct slw_tuf_object *object)
{
    if (object->needs_comma) {
        slw_heap_append(object->text, SLW_BYTES_OF(","));
    }
    object->needs_comma = true;
}

static void put_other(struct slw_tuf_object *object)
{
    const struct slw_tuf_kept *kept = object->others->list[object->next++];
    put_comma(object);
    slw_json_canonical_string(slw_heap_bytes(&kept->name), object->text);
    slw_heap_append(object->text, SLW_BYTES_OF(":"));
    slw_heap_append(object->text, slw_heap_bytes(&kept->canonical));
}

void slw_tuf_object_name(struct slw_tuf_object *object, const char *name)
{
    struct slw_bytes view = slw_bytes_make(name, strlen(name));
    while (object->others != NULL && object->next < object->others->count &&
           slw_bytes_compare(slw_heap_bytes(&object->others->list[object->next]->name), view) < 0) {
        put_other(object);
    }
    put_comma(object);
    slw_json_canonical_string(view, object->text);
    slw_heap_append(object->text, SLW_BYTES_OF(":"));
}

void slw_tuf_object_end(struct slw_tuf_object *object)
{
    while (object->others != NULL && object->next < object->others->count) {
        put_other(object);
    }
    slw_heap_append(object->text, SLW_BYTES_OF("}"));
}

/* Whether one of eight bytes is below 0x20. */
static bool word_has_controls(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    return ((word - ones * 0x20) & ~word & (ones * 0x80)) != 0;
}

/* Where the first byte below 0x20 stands, from start on; text.len when there is none. */
static size_t find_control(struct slw_bytes text, size_t start)
{
    size_t at = start;
    uint64_t word = 0;
    while (text.len - at >= sizeof word) {
        memcpy(&word, text.ptr + at, sizeof word);
        if (word_has_controls(word)) {
            break;
        }
        at += sizeof word;
    }
    while (at < text.len && text.ptr[at] >= 0x20) {
        at++;
    }
    return at;
}

bool slw_tuf_has_controls(struct slw_bytes text)
{
    return find_control(text, 0) != text.len;
}

static void escape_one(uint8_t byte, struct slw_heap_buffer *text)
{
    switch (byte) {
    case '\n':
        slw_heap_append(text, SLW_BYTES_OF("\\n"));
        return;
    case '\r':
        slw_heap_append(text, SLW_BYTES_OF("\\r"));
        return;
    case '\t':
        slw_heap_append(text, SLW_BYTES_OF("\\t"));
        return;
    }
    slw_heap_printf(text, "\\u%04x", byte);
}

void slw_tuf_escape_controls(struct slw_bytes canonical, struct slw_heap_buffer *ret_text)
{
    for (size_t start = 0; start < canonical.len;) {
        size_t at = find_control(canonical, start);
        slw_heap_append(ret_text, slw_bytes_make(canonical.ptr + start, at - start));
        if (at < canonical.len) {
            escape_one(canonical.ptr[at], ret_text);
            at++;
        }
        start = at;
    }
}
