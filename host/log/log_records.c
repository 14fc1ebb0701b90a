/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of records: read by index, or all in order, as the key process does when it starts. A text
 * is the record's when salt and text have the digest that its leaf says.
 */
#include "log_state.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A file of records that is being read. */
struct records {
    struct slw_log *log;
    char path[SLW_LOG_PATH_SIZE];
    int descriptor;
    uint64_t offset;
};

/* What is in the file but not what was committed is damage; only a disk that fails isn't. */
static enum slw_status open_records(struct slw_log *log, uint64_t number, struct records *records,
                                    struct slw_detail *detail)
{
    records->log = log;
    records->offset = 0;
    (void)slw_log_records_path(number, records->path);
    records->descriptor = openat(log->directory, records->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (records->descriptor >= 0) {
        return SLW_OK;
    }
    return errno == ENOENT ? slw_log_damaged(log, detail, "%s is missing", records->path)
                           : slw_explain_errno(detail, records->path);
}

static enum slw_status read_at(struct records *records, uint8_t *bytes, size_t len,
                               struct slw_detail *detail)
{
    for (size_t done = 0; done < len;) {
        ssize_t count =
            pread(records->descriptor, bytes + done, len - done, (off_t)(records->offset + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return slw_explain_errno(detail, records->path);
        }
        if (count == 0) {
            return slw_log_damaged(records->log, detail, "%s ends early", records->path);
        }
        done += (size_t)count;
    }
    records->offset += len;
    return SLW_OK;
}

/* How long the next text is; the offset is behind the length then. */
static enum slw_status read_length(struct records *records, uint32_t *ret_len,
                                   struct slw_detail *detail)
{
    uint8_t header[4];
    SLW_TRY(read_at(records, header, sizeof header, detail));
    uint32_t len = (uint32_t)header[0] << 24 | (uint32_t)header[1] << 16 |
                   (uint32_t)header[2] << 8 | header[3];
    if (len > SLW_LOG_TEXT_SIZE_MAX) {
        return slw_log_damaged(records->log, detail, "%s has a text that is too long",
                               records->path);
    }
    *ret_len = len;
    return SLW_OK;
}

/* Salt and text of the next record, if it is one; both go to ret_bytes. */
static enum slw_status read_next(struct records *records, const struct slw_log_leaf *leaf,
                                 struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    uint32_t len = 0;
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    SLW_TRY(read_length(records, &len, detail));
    if ((len == 0) != (leaf->kind == SLW_LOG_RELEASE)) {
        return slw_log_damaged(records->log, detail, "%s isn't what was committed", records->path);
    }
    if (len == 0) {
        return SLW_OK;
    }
    uint8_t *at = slw_heap_reserve(ret_bytes, SLW_LOG_SALT_SIZE + (size_t)len);
    if (at == NULL) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(read_at(records, at, SLW_LOG_SALT_SIZE + (size_t)len, detail));
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(at, SLW_LOG_SALT_SIZE + (size_t)len));
    slw_sha256_final(&hash, digest);
    return memcmp(digest, leaf->digest, sizeof digest) == 0
               ? SLW_OK
               : slw_log_damaged(records->log, detail, "%s isn't what was committed",
                                 records->path);
}

/*
 * Goes to the beginning of a committed record. Only lengths that nobody read yet are read: whoever
 * changed one since finds that the record isn't what its leaf says.
 */
static enum slw_status find_record(struct records *records, uint64_t number, unsigned place,
                                   struct slw_detail *detail)
{
    struct slw_log_places *places = &records->log->places[number % SLW_LOG_PLACES_MAX];
    if (places->count == 0 || places->number != number) {
        *places = (struct slw_log_places){.number = number, .count = 1};
    }
    unsigned at = place < places->count ? place : places->count - 1;
    records->offset = places->offsets[at];
    while (at < place) {
        uint32_t len = 0;
        SLW_TRY(read_length(records, &len, detail));
        records->offset += len == 0 ? 0 : SLW_LOG_SALT_SIZE + (uint64_t)len;
        places->offsets[++at] = records->offset;
        places->count = at + 1;
    }
    return SLW_OK;
}

enum slw_status slw_log_read_record(struct slw_log *log, uint64_t index,
                                    struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    struct slw_heap_buffer leaf_bytes = {0};
    struct slw_heap_buffer record = {0};
    struct slw_log_leaf leaf;
    struct records records = {.descriptor = -1};
    enum slw_status status = slw_log_read_leaf(log, index, &leaf_bytes, detail);
    if (status == SLW_OK && slw_log_leaf_parse(slw_heap_bytes(&leaf_bytes), &leaf) != SLW_OK) {
        status = slw_log_damaged(log, detail, "entry %llu isn't a leaf of ours",
                                 (unsigned long long)index);
    }
    if (status == SLW_OK && leaf.kind == SLW_LOG_RECORD) {
        status = open_records(log, index / SLW_LOG_TILE_WIDTH, &records, detail);
        if (status == SLW_OK) {
            status = find_record(&records, index / SLW_LOG_TILE_WIDTH,
                                 (unsigned)(index % SLW_LOG_TILE_WIDTH), detail);
        }
        if (status == SLW_OK) {
            status = read_next(&records, &leaf, &record, detail);
        }
        if (status == SLW_OK) {
            slw_heap_append(ret_text, slw_bytes_make(record.ptr + SLW_LOG_SALT_SIZE,
                                                     record.len - SLW_LOG_SALT_SIZE));
            status = ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
        }
    }
    if (records.descriptor >= 0) {
        (void)close(records.descriptor);
    }
    slw_heap_drop(&leaf_bytes);
    slw_heap_drop(&record);
    return status;
}

/* --- All in order --- */

struct visit {
    slw_log_visitor *visit;
    void *context;
    uint64_t from;
};

/* A bundle's entries, of which the log has count, compared with the root in memory. */
static enum slw_status load_entries(struct slw_log *log, uint64_t number, uint64_t count,
                                    struct slw_heap_buffer *ret_bundle, struct slw_detail *detail)
{
    char path[SLW_LOG_PATH_SIZE];
    struct slw_log_hashes hashes;
    struct slw_merkle_source source = slw_log_source(&hashes, log, detail);
    struct slw_merkle_path proof;
    struct slw_merkle_hash leaves[SLW_LOG_TILE_WIDTH];
    struct slw_merkle_hash root;
    struct slw_merkle_hash now;
    struct slw_bytes leaf;
    size_t at = 0;
    const uint64_t start = number * SLW_LOG_TILE_WIDTH;
    if (count < SLW_LOG_TILE_WIDTH) { /* the edge: in memory */
        slw_heap_append(ret_bundle, slw_heap_bytes(&log->edge.entries));
        return ret_bundle->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    (void)slw_log_entries_path(number, 0, path);
    enum slw_status status =
        slw_log_read_file(log, path, SLW_LOG_BUNDLE_SIZE_MAX, ret_bundle, detail);
    if (status != SLW_OK) {
        return status == SLW_IO ? status : slw_log_damaged(log, detail, "%s isn't there", path);
    }
    for (size_t i = 0; i < SLW_LOG_TILE_WIDTH; i++) {
        if (!slw_log_next_entry(slw_heap_bytes(ret_bundle), &at, &leaf)) {
            return slw_log_damaged(log, detail, "%s has too few entries", path);
        }
        slw_merkle_leaf(leaf, &leaves[i]);
    }
    slw_log_fold(leaves, 8, &root);
    slw_log_root(log, &now);
    SLW_TRY(slw_merkle_prove_subtree_consistency(&source, start, start + SLW_LOG_TILE_WIDTH,
                                                 slw_log_size(log), &proof));
    return slw_merkle_verify_subtree_consistency(start, start + SLW_LOG_TILE_WIDTH,
                                                 slw_log_size(log), &root, &now, &proof) == SLW_OK
               ? SLW_OK
               : slw_log_damaged(log, detail, "%s isn't what was committed", path);
}

static enum slw_status visit_one(struct records *records, const struct visit *visit,
                                 struct slw_log_entry *entry, struct slw_detail *detail)
{
    struct slw_heap_buffer record = {0};
    if (slw_log_leaf_parse(entry->leaf_bytes, &entry->leaf) != SLW_OK) {
        return slw_log_damaged(records->log, detail, "entry %llu isn't a leaf of ours",
                               (unsigned long long)entry->index);
    }
    enum slw_status status = read_next(records, &entry->leaf, &record, detail);
    if (status == SLW_OK && entry->index >= visit->from) {
        entry->salt = record.len != 0 ? record.ptr : NULL;
        entry->text = record.len != 0 ? slw_bytes_make(record.ptr + SLW_LOG_SALT_SIZE,
                                                       record.len - SLW_LOG_SALT_SIZE)
                                      : slw_bytes_make(NULL, 0);
        status = visit->visit(visit->context, entry, detail);
    }
    slw_heap_drop(&record);
    return status;
}

static enum slw_status visit_bundle(struct slw_log *log, const struct visit *visit, uint64_t number,
                                    struct slw_detail *detail)
{
    struct slw_heap_buffer bundle = {0};
    struct records records = {.descriptor = -1};
    struct slw_log_entry entry = {.index = number * SLW_LOG_TILE_WIDTH};
    const uint64_t left = slw_log_size(log) - entry.index;
    const uint64_t count = left < SLW_LOG_TILE_WIDTH ? left : SLW_LOG_TILE_WIDTH;
    size_t at = 0;
    enum slw_status status = load_entries(log, number, count, &bundle, detail);
    if (status == SLW_OK) {
        status = open_records(log, number, &records, detail);
    }
    for (uint64_t i = 0; i < count && status == SLW_OK; i++) {
        status = slw_log_next_entry(slw_heap_bytes(&bundle), &at, &entry.leaf_bytes)
                     ? visit_one(&records, visit, &entry, detail)
                     : slw_log_damaged(log, detail, "a bundle has too few entries");
        entry.index++;
    }
    if (records.descriptor >= 0) {
        (void)close(records.descriptor);
    }
    slw_heap_drop(&bundle);
    return status;
}

enum slw_status slw_log_visit(struct slw_log *log, uint64_t from, slw_log_visitor *visit,
                              void *context, struct slw_detail *detail)
{
    const struct visit all = {visit, context, from};
    const uint64_t end = (slw_log_size(log) + SLW_LOG_TILE_WIDTH - 1) / SLW_LOG_TILE_WIDTH;
    for (uint64_t number = from / SLW_LOG_TILE_WIDTH; number < end; number++) {
        SLW_TRY(visit_bundle(log, &all, number, detail));
    }
    return SLW_OK;
}

/* --- Serving --- */

enum slw_status slw_log_serve(struct slw_log *log, struct slw_bytes path, uint64_t offset,
                              size_t limit, struct slw_heap_buffer *ret_bytes, uint64_t *ret_total,
                              struct slw_detail *detail)
{
    char name[SLW_LOG_PATH_SIZE];
    char records[SLW_LOG_PATH_SIZE];
    if (!slw_log_path_is_good(path)) {
        return slw_explain(detail, SLW_NOT_FOUND, "no file of the log");
    }
    memcpy(name, path.ptr, path.len);
    name[path.len] = '\0';
    int descriptor = openat(log->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    off_t end = descriptor < 0 ? -1 : lseek(descriptor, 0, SEEK_END);
    if (end < 0) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return slw_explain(detail, SLW_NOT_FOUND, "the log has no such file");
    }
    uint64_t total = (uint64_t)end;
    (void)slw_log_records_path(slw_log_size(log) / SLW_LOG_TILE_WIDTH, records);
    if (strcmp(records, name) == 0 && total > log->edge.records_len) {
        total = log->edge.records_len;
    }
    const uint64_t left = offset < total ? total - offset : 0;
    const size_t wanted = left < limit ? (size_t)left : limit;
    uint8_t *at = slw_heap_reserve(ret_bytes, wanted);
    ssize_t count = at == NULL || wanted == 0 ? 0 : pread(descriptor, at, wanted, (off_t)offset);
    ret_bytes->len -= at == NULL ? 0 : wanted - (count > 0 ? (size_t)count : 0);
    enum slw_status status = SLW_OK;
    if (at == NULL) {
        status = slw_explain_no_memory(detail);
    } else if (count < 0) {
        status = slw_explain_errno(detail, name);
    } else {
        *ret_total = total;
    }
    (void)close(descriptor);
    return status;
}
