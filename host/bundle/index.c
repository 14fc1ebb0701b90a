/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where everything is in a bundle, for tools that show or change one. Verifying is device/verifier;
 * nothing here is a judgement but "this isn't a bundle".
 */
#include "slipway/bundle_file.h"

#include <inttypes.h>
#include <stdlib.h>

/* Names beyond this are neither shown nor worked on. */
#define PAYLOAD_NAME_SIZE_MAX 4096u

struct scan {
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_bundle_index *index;
    uint8_t *block;
    bool other_is_open; /* the last of the others ends where the next field begins */
};

static bool add_span(struct slw_span **spans, size_t *count, struct slw_span span)
{
    struct slw_span *grown = slw_heap_grow(*spans, *count, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    *spans = grown;
    grown[(*count)++] = span;
    return true;
}

static void need_memory(struct scan *scan, bool had_memory)
{
    if (!had_memory) {
        slw_reader_fail(&scan->reader, SLW_NO_SPACE);
    }
}

/* Keeps a whole field that nothing here looks into. */
static void keep_other(struct scan *scan, const struct slw_proto_field *field)
{
    struct slw_span start = {field->start, 0};
    scan->other_is_open = add_span(&scan->index->others, &scan->index->others_count, start);
    need_memory(scan, scan->other_is_open);
}

static void end_other(struct scan *scan, uint64_t end)
{
    if (scan->other_is_open) {
        struct slw_span *last = &scan->index->others[scan->index->others_count - 1];
        last->length = end - last->offset;
        scan->other_is_open = false;
    }
}

struct map_entry {
    struct slw_span key;
    struct slw_span value;
    bool is_targets;
};

/* The key is left at the end of the index's names. */
static void read_entry(struct scan *scan, const struct slw_proto_rules *rules,
                       struct map_entry *ret_entry)
{
    struct slw_proto_field field;
    *ret_entry = (struct map_entry){0};
    slw_proto_enter(&scan->proto, rules);
    while (slw_proto_next(&scan->proto, &field)) {
        if (field.number == SLW_MAP_KEY && field.length > PAYLOAD_NAME_SIZE_MAX) {
            slw_reader_fail(&scan->reader, SLW_TOO_LARGE);
        } else if (field.number == SLW_MAP_KEY) {
            ret_entry->key = (struct slw_span){scan->index->names.len, field.length};
            uint8_t *place = slw_heap_reserve(&scan->index->names, (size_t)field.length);
            need_memory(scan, place != NULL);
            if (place != NULL) {
                slw_proto_copy(&scan->proto, place, (size_t)field.length);
                ret_entry->is_targets = slw_bytes_equal(slw_bytes_make(place, (size_t)field.length),
                                                        SLW_TOP_LEVEL_TARGETS);
            }
        } else if (field.number == SLW_MAP_VALUE) {
            ret_entry->value = (struct slw_span){field.offset, field.length};
        }
    }
}

static void read_targets(struct scan *scan, const struct slw_proto_field *outer)
{
    struct slw_bundle_index *index = scan->index;
    struct map_entry entry;
    size_t names_len = index->names.len;
    read_entry(scan, &slw_message_entry_rules, &entry);
    index->names.len = names_len; /* only payloads' names are kept */
    if (!entry.is_targets) {
        keep_other(scan, outer);
    } else if (index->has_targets) {
        slw_reader_fail(&scan->reader, SLW_MALFORMED);
    } else {
        index->has_targets = true;
        index->targets = entry.value;
    }
}

static void read_payload(struct scan *scan)
{
    struct slw_bundle_index *index = scan->index;
    struct map_entry entry;
    if (index->payloads_count == SLW_PAYLOADS_MAX) {
        slw_reader_fail(&scan->reader, SLW_TOO_LARGE);
        return;
    }
    read_entry(scan, &slw_payload_entry_rules, &entry);
    if (scan->reader.status == SLW_OK && entry.key.length == 0) {
        slw_reader_fail(&scan->reader, SLW_MALFORMED);
        return;
    }
    struct slw_payload_entry *grown =
        slw_heap_grow(index->payloads, index->payloads_count, sizeof *grown);
    need_memory(scan, grown != NULL);
    if (grown != NULL) {
        index->payloads = grown;
        /* The names move as they grow: an offset until all are there. */
        grown[index->payloads_count++] = (struct slw_payload_entry){
            .name = {NULL, (size_t)entry.key.length},
            .name_offset = (size_t)entry.key.offset,
            .value = entry.value,
        };
    }
}

static void read_field(struct scan *scan, const struct slw_proto_field *field)
{
    struct slw_bundle_index *index = scan->index;
    struct slw_span value = {field->offset, field->length};
    end_other(scan, field->start);
    switch (field->number) {
    case SLW_BUNDLE_ROOT_HISTORY:
        if (index->history_count == SLW_ROOT_HISTORY_MAX) {
            slw_reader_fail(&scan->reader, SLW_TOO_LARGE);
            return;
        }
        need_memory(scan, add_span(&index->history, &index->history_count, value));
        break;
    case SLW_BUNDLE_ROOT_METADATA:
        index->has_root = true;
        index->root = value;
        break;
    case SLW_BUNDLE_TARGETS_METADATA:
        read_targets(scan, field);
        break;
    case SLW_BUNDLE_TARGET_PAYLOADS:
        if (index->payloads_count == 0) {
            index->payloads_offset = field->start;
        }
        read_payload(scan);
        break;
    default:
        if (field->number == SLW_BUNDLE_ENDORSEMENTS) {
            need_memory(scan, add_span(&index->endorsements, &index->endorsements_count, value));
        }
        if (field->number == SLW_BUNDLE_TRANSPARENCY_PROOF) {
            index->has_transparency_proof = true;
            index->proof_other = index->others_count;
            index->proof = value;
        }
        keep_other(scan, field);
        break;
    }
}

static int compare_bytes(struct slw_bytes left, struct slw_bytes right)
{
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len == 0 ? 0 : memcmp(left.ptr, right.ptr, len);
    if (order != 0) {
        return order;
    }
    return left.len < right.len ? -1 : left.len > right.len;
}

static int compare_entries(const void *left, const void *right)
{
    const struct slw_payload_entry *left_entry = left;
    const struct slw_payload_entry *right_entry = right;
    return compare_bytes(left_entry->name, right_entry->name);
}

/* Names become views, sorted; a name twice is malformed. */
static enum slw_status finish(struct slw_bundle_index *index)
{
    for (size_t i = 0; i < index->payloads_count; i++) {
        struct slw_payload_entry *entry = &index->payloads[i];
        entry->name.ptr = index->names.ptr + entry->name_offset;
    }
    if (index->payloads_count > 0) {
        qsort(index->payloads, index->payloads_count, sizeof *index->payloads, compare_entries);
    }
    for (size_t i = 1; i < index->payloads_count; i++) {
        if (slw_bytes_equal(index->payloads[i - 1].name, index->payloads[i].name)) {
            return SLW_MALFORMED;
        }
    }
    return SLW_OK;
}

/* Only between payloads is anything read, so a small block will do. */
#define INDEX_BLOCK_SIZE 4096u

enum slw_status slw_bundle_index_read(const char *name, const struct slw_source *source,
                                      struct slw_bundle_index *ret_index, struct slw_detail *detail)
{
    struct slw_bundle_index index = {.source = source, .payloads_offset = source->size};
    struct scan scan = {.index = &index, .block = malloc(INDEX_BLOCK_SIZE)};
    struct slw_proto_field field;
    if (scan.block == NULL) {
        return slw_explain_no_memory(detail);
    }
    slw_reader_init(&scan.reader, source, scan.block, INDEX_BLOCK_SIZE);
    slw_proto_begin(&scan.proto, &scan.reader, &slw_bundle_rules);
    scan.proto.unlimited = true; /* payloads are counted */
    while (slw_proto_next(&scan.proto, &field)) {
        read_field(&scan, &field);
    }
    end_other(&scan, source->size);
    free(scan.block);
    enum slw_status status = scan.reader.status == SLW_OK ? finish(&index) : scan.reader.status;
    if (status != SLW_OK) {
        slw_bundle_index_free(&index);
        return slw_explain(detail, status, "%s: %s at byte %" PRIu64, name,
                           status == SLW_MALFORMED ? "not a well-formed bundle"
                                                   : slw_status_meaning(status),
                           scan.reader.position);
    }
    *ret_index = index;
    return SLW_OK;
}

void slw_bundle_index_free(struct slw_bundle_index *index)
{
    free(index->history);
    free(index->others);
    free(index->endorsements);
    free(index->payloads);
    slw_heap_free(&index->names);
    *index = (struct slw_bundle_index){0};
}

const struct slw_payload_entry *slw_bundle_index_find(const struct slw_bundle_index *index,
                                                      struct slw_bytes name)
{
    struct slw_payload_entry wanted = {.name = name};
    if (index->payloads_count == 0) {
        return NULL;
    }
    return bsearch(&wanted, index->payloads, index->payloads_count, sizeof *index->payloads,
                   compare_entries);
}

enum slw_status slw_source_load(const char *name, const struct slw_source *source,
                                struct slw_span span, size_t limit,
                                struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    if (span.length > limit) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: metadata of more than %zu bytes", name,
                           limit);
    }
    uint8_t *place = slw_heap_reserve(ret_bytes, (size_t)span.length);
    if (place == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (span.length > 0 &&
        source->read(source->context, span.offset, place, (size_t)span.length) != SLW_OK) {
        return slw_explain(detail, SLW_IO, "%s: can't be read", name);
    }
    return SLW_OK;
}
