/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking over a log from outside. Its leaves are taken in by the same edge that the log itself
 * grows by, and each file that comes out must be the one that the source has.
 */
#include "audit_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLE_SIZE_MAX (SLW_LOG_TILE_WIDTH * (2u + SLW_LOG_LEAF_SIZE_MAX))

struct walk {
    struct slw_audit *audit;
    const struct slw_audit_source *source;
    struct slw_checkpoint checkpoint;
    uint64_t verified; /* entries that were verified before */
    uint64_t judged;   /* and of them, those whose texts were judged */
};

void slw_audit_find(struct slw_audit *audit, uint64_t index, const char *format, ...)
{
    if (audit->findings_count < SLW_AUDIT_FINDINGS_MAX) {
        char *text = audit->findings[audit->findings_count];
        int len =
            snprintf(text, sizeof audit->findings[0], "entry %llu: ", (unsigned long long)index);
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text + len, sizeof audit->findings[0] - (size_t)len, format, arguments);
        va_end(arguments);
    }
    audit->findings_count++;
}

/* --- The checkpoint --- */

static enum slw_status count_witnesses(const struct slw_audit_settings *settings,
                                       const struct slw_note *note, size_t *ret_count,
                                       struct slw_detail *detail)
{
    struct slw_note_verdict verdicts[SLW_AUDIT_WITNESSES_MAX];
    size_t count = 0;
    if (settings->witness_count > SLW_AUDIT_WITNESSES_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "more than %u witnesses",
                           SLW_AUDIT_WITNESSES_MAX);
    }
    enum slw_status status =
        slw_note_verify(note, settings->witnesses, settings->witness_count, verdicts, detail);
    if (status != SLW_OK && status != SLW_UNSIGNED) {
        return status;
    }
    for (size_t i = 0; i < settings->witness_count; i++) {
        count += verdicts[i].is_signed ? 1 : 0;
    }
    *ret_count = count;
    return count >= settings->quorum
               ? SLW_OK
               : slw_explain(detail, SLW_NO_WITNESSES,
                             "%zu witnesses cosigned the checkpoint, %zu must", count,
                             settings->quorum);
}

static enum slw_status fetch_checkpoint(const struct slw_audit *audit,
                                        const struct slw_audit_source *source,
                                        struct slw_heap_buffer *ret_note,
                                        struct slw_checkpoint *ret_checkpoint, size_t *ret_cosigned,
                                        struct slw_detail *detail)
{
    struct slw_note note;
    SLW_TRY(source->get(source->context, "checkpoint", SLW_NOTE_SIZE_MAX, ret_note, detail));
    SLW_TRY(slw_checkpoint_open("checkpoint", slw_heap_bytes(ret_note), audit->settings.log_key,
                                &note, ret_checkpoint, detail));
    if (ret_checkpoint->size > SLW_MERKLE_SIZE_MAX) {
        return slw_explain(detail, SLW_MALFORMED, "checkpoint: no log is that large");
    }
    return count_witnesses(&audit->settings, &note, ret_cosigned, detail);
}

enum slw_status slw_audit_checkpoint(const struct slw_audit *audit,
                                     const struct slw_audit_source *source,
                                     struct slw_heap_buffer *ret_note,
                                     struct slw_checkpoint *ret_checkpoint,
                                     struct slw_detail *detail)
{
    size_t cosigned = 0;
    return fetch_checkpoint(audit, source, ret_note, ret_checkpoint, &cosigned, detail);
}

/* --- Files --- */

static enum slw_status keep(const struct walk *walk, const char *path, struct slw_bytes bytes,
                            struct slw_detail *detail)
{
    return walk->audit->keep == NULL
               ? SLW_OK
               : walk->audit->keep(walk->audit->keep_context, path, bytes, detail);
}

/*
 * A file, or when it is a partial one that is gone, the beginning of the full one: "Clients ... MAY
 * fetch the full tile in parallel as a fallback in case the partial tile is not available anymore."
 */
static enum slw_status get_tile(const struct walk *walk, const char *path, size_t limit,
                                struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    char full[SLW_LOG_PATH_SIZE];
    const char *partial = strstr(path, ".p/");
    enum slw_status status =
        walk->source->get(walk->source->context, path, limit, ret_bytes, detail);
    if (status == SLW_NOT_FOUND && partial != NULL) {
        memcpy(full, path, (size_t)(partial - path));
        full[partial - path] = '\0';
        ret_bytes->len = 0;
        status = walk->source->get(walk->source->context, full, limit, ret_bytes, detail);
    }
    return status == SLW_NOT_FOUND || status == SLW_TOO_LARGE
               ? slw_explain(detail, SLW_LOG_DAMAGED, "%s isn't there, or isn't a file of the log",
                             path)
               : status;
}

/* What the edge puts out: it must be what the source has, unless it was verified before. */
static enum slw_status compare_file(void *context, const char *path, struct slw_bytes bytes,
                                    struct slw_detail *detail)
{
    const struct walk *walk = context;
    struct slw_heap_buffer found = {0};
    if (strncmp(path, "tile/entries/", 13) == 0) {
        return keep(walk, path, bytes, detail); /* which these bytes were read from */
    }
    enum slw_status status =
        get_tile(walk, path, SLW_LOG_TILE_WIDTH * SLW_SHA256_SIZE, &found, detail);
    if (status == SLW_OK &&
        (found.len < bytes.len || memcmp(found.ptr, bytes.ptr, bytes.len) != 0)) {
        status = slw_explain(detail, SLW_LOG_DAMAGED, "%s isn't what the entries make", path);
    }
    slw_heap_drop(&found);
    return status == SLW_OK ? keep(walk, path, bytes, detail) : status;
}

/* --- Entries --- */

/* A record's text out of its file; false when it isn't there. */
static bool take_record(struct slw_bytes *records, const uint8_t **ret_salt,
                        struct slw_bytes *ret_text)
{
    if (records->len < 4) {
        return false;
    }
    size_t len = (size_t)slw_get_u32_le(records->ptr);
    len = (len & 0xFF) << 24 | (len >> 8 & 0xFF) << 16 | (len >> 16 & 0xFF) << 8 | len >> 24;
    size_t salt_len = len == 0 ? 0 : SLW_LOG_SALT_SIZE;
    if (len > SLW_LOG_TEXT_SIZE_MAX || records->len - 4 < salt_len + len) {
        return false;
    }
    *ret_salt = len == 0 ? NULL : records->ptr + 4;
    *ret_text = slw_bytes_make(records->ptr + 4 + salt_len, len);
    *records = slw_bytes_make(records->ptr + 4 + salt_len + len, records->len - 4 - salt_len - len);
    return true;
}

static bool is_text_of(const struct slw_log_entry *entry)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    if (entry->leaf.kind == SLW_LOG_RELEASE) {
        return entry->salt == NULL;
    }
    if (entry->salt == NULL) {
        return false;
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(entry->salt, SLW_LOG_SALT_SIZE));
    slw_sha256_update(&hash, entry->text);
    slw_sha256_final(&hash, digest);
    return memcmp(digest, entry->leaf.digest, sizeof digest) == 0;
}

static enum slw_status judge_entry(struct walk *walk, const struct slw_log_edge *edge,
                                   struct slw_log_entry *entry, struct slw_bytes *records,
                                   struct slw_detail *detail)
{
    struct slw_audit *audit = walk->audit;
    if (!take_record(records, &entry->salt, &entry->text)) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "entry %llu has no record",
                           (unsigned long long)entry->index);
    }
    if (slw_log_leaf_parse(entry->leaf_bytes, &entry->leaf) != SLW_OK) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "entry %llu is neither release nor record",
                           (unsigned long long)entry->index);
    }
    if (!is_text_of(entry)) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "entry %llu isn't the hash of its record",
                           (unsigned long long)entry->index);
    }
    if (entry->index < walk->judged) {
        return SLW_OK;
    }
    SLW_TRY(slw_audit_judge(audit, &edge->frontier, entry, detail));
    return audit->visit == NULL || entry->index < walk->verified
               ? SLW_OK
               : audit->visit(audit->visit_context, entry, detail);
}

/* At sizes that were verified before, or that somebody watches, the root is known or wanted. */
static enum slw_status check_size(struct walk *walk, const struct slw_log_edge *edge,
                                  struct slw_detail *detail)
{
    struct slw_audit *audit = walk->audit;
    struct slw_merkle_hash root;
    const uint64_t size = slw_log_edge_size(edge);
    bool is_wanted = size == walk->verified || size == walk->checkpoint.size;
    for (size_t i = 0; i < audit->watch_count; i++) {
        is_wanted = is_wanted || audit->watches[i].size == size;
    }
    if (!is_wanted) {
        return SLW_OK;
    }
    slw_merkle_frontier_root(&edge->frontier, &root);
    for (size_t i = 0; i < audit->watch_count; i++) {
        if (audit->watches[i].size == size) {
            audit->watches[i].is_reached = true;
            audit->watches[i].root = root;
        }
    }
    if (size == walk->verified && !slw_merkle_equal(&root, &audit->root)) {
        return slw_explain(detail, SLW_LOG_DAMAGED,
                           "a fork: its first %llu entries aren't those that were verified before",
                           (unsigned long long)size);
    }
    if (size == walk->checkpoint.size &&
        memcmp(root.bytes, walk->checkpoint.root, sizeof root.bytes) != 0) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "its entries aren't those of its checkpoint");
    }
    return SLW_OK;
}

static enum slw_status walk_bundle(struct walk *walk, struct slw_log_edge *edge,
                                   struct slw_bytes entries, struct slw_bytes records,
                                   unsigned count, struct slw_detail *detail)
{
    const struct slw_log_sink sink = {walk, compare_file, NULL};
    struct slw_log_entry entry = {.index = slw_log_edge_size(edge)};
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!slw_log_next_entry(entries, &at, &entry.leaf_bytes)) {
            return slw_explain(detail, SLW_LOG_DAMAGED, "entry %llu is missing",
                               (unsigned long long)entry.index);
        }
        SLW_TRY(judge_entry(walk, edge, &entry, &records, detail));
        SLW_TRY(slw_log_edge_append_leaf(edge, entry.leaf_bytes, &sink, detail));
        SLW_TRY(check_size(walk, edge, detail));
        entry.index++;
    }
    return SLW_OK;
}

/* The bytes of a file of records that its first count entries take. */
static struct slw_bytes records_of(struct slw_bytes records, unsigned count)
{
    struct slw_bytes rest = records;
    const uint8_t *salt = NULL;
    struct slw_bytes text;
    for (unsigned i = 0; i < count && take_record(&rest, &salt, &text); i++) {
    }
    return slw_bytes_make(records.ptr, records.len - rest.len);
}

/* The next bundle, of which the checkpoint has count entries. */
static enum slw_status load_bundle(struct walk *walk, struct slw_log_edge *edge, unsigned count,
                                   struct slw_detail *detail)
{
    const uint64_t number = slw_log_edge_size(edge) / SLW_LOG_TILE_WIDTH;
    char path[SLW_LOG_PATH_SIZE];
    char records_path[SLW_LOG_PATH_SIZE];
    struct slw_heap_buffer entries = {0};
    struct slw_heap_buffer records = {0};
    (void)slw_log_entries_path(number, count, path);
    (void)slw_log_records_path(number, records_path);
    enum slw_status status = get_tile(walk, path, BUNDLE_SIZE_MAX, &entries, detail);
    if (status == SLW_OK) {
        status = get_tile(walk, records_path, SLW_AUDIT_RECORDS_SIZE_MAX, &records, detail);
    }
    if (status == SLW_OK) {
        status = walk_bundle(walk, edge, slw_heap_bytes(&entries), slw_heap_bytes(&records), count,
                             detail);
    }
    if (status == SLW_OK) {
        status = keep(walk, records_path, records_of(slw_heap_bytes(&records), count), detail);
    }
    slw_heap_drop(&entries);
    slw_heap_drop(&records);
    return status;
}

/* Takes the edge from the last full bundle that was verified to the checkpoint; ret_full gets what
 * it was at the last full one on the way. */
static enum slw_status walk_entries(struct walk *walk, struct slw_log_edge *edge,
                                    struct slw_log_edge *full, struct slw_detail *detail)
{
    const struct slw_log_sink sink = {walk, compare_file, NULL};
    const uint64_t from = slw_log_edge_size(edge);
    SLW_TRY(check_size(walk, edge, detail));
    while (slw_log_edge_size(edge) < walk->checkpoint.size) {
        uint64_t left = walk->checkpoint.size - slw_log_edge_size(edge);
        unsigned count = left < SLW_LOG_TILE_WIDTH ? (unsigned)left : SLW_LOG_TILE_WIDTH;
        if (count < SLW_LOG_TILE_WIDTH) {
            slw_log_edge_free(full);
            SLW_TRY(slw_log_edge_copy(edge, full));
        }
        SLW_TRY(load_bundle(walk, edge, count, detail));
    }
    if (slw_log_edge_size(edge) % SLW_LOG_TILE_WIDTH == 0) {
        slw_log_edge_free(full);
        SLW_TRY(slw_log_edge_copy(edge, full));
    }
    return slw_log_edge_finish(edge, from, &sink, detail);
}

static enum slw_status check_growth(const struct walk *walk, struct slw_detail *detail)
{
    if (walk->checkpoint.size < walk->verified) {
        return slw_explain(detail, SLW_LOG_BEHIND,
                           "the log has %llu entries, %llu were verified before: it was cut",
                           (unsigned long long)walk->checkpoint.size,
                           (unsigned long long)walk->verified);
    }
    if (walk->checkpoint.size == walk->verified &&
        memcmp(walk->checkpoint.root, walk->audit->root.bytes, SLW_SHA256_SIZE) != 0) {
        return slw_explain(detail, SLW_LOG_DAMAGED,
                           "a fork: two checkpoints of %llu entries with different roots",
                           (unsigned long long)walk->verified);
    }
    return SLW_OK;
}

static enum slw_status run_on_copy(struct slw_audit *copy, const struct slw_audit_source *source,
                                   struct slw_detail *detail)
{
    struct walk walk = {copy, source, {.size = 0}, copy->size, copy->judged};
    struct slw_heap_buffer note = {0};
    struct slw_log_edge *edge = calloc(1, sizeof *edge);
    struct slw_log_edge *full = calloc(1, sizeof *full);
    enum slw_status status = edge == NULL || full == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    if (status == SLW_OK) {
        status = fetch_checkpoint(copy, source, &note, &walk.checkpoint, &copy->cosigned, detail);
    }
    if (status == SLW_OK) {
        status = check_growth(&walk, detail);
    }
    if (status == SLW_OK) {
        status = slw_log_edge_copy(copy->edge, edge);
    }
    if (status == SLW_OK) {
        status = slw_log_edge_copy(copy->edge, full);
    }
    if (status == SLW_OK) {
        status = walk_entries(&walk, edge, full, detail);
    }
    if (status == SLW_OK) {
        status = keep(&walk, "checkpoint", slw_heap_bytes(&note), detail);
    }
    if (status == SLW_OK) {
        copy->size = walk.checkpoint.size;
        copy->judged = copy->size;
        memcpy(copy->root.bytes, walk.checkpoint.root, sizeof copy->root.bytes);
        slw_heap_drop(&copy->checkpoint);
        copy->checkpoint = note;
        memset(&note, 0, sizeof note);
        slw_log_edge_free(copy->edge);
        free(copy->edge);
        copy->edge = full;
        full = NULL;
    }
    slw_heap_drop(&note);
    if (edge != NULL) {
        slw_log_edge_free(edge);
    }
    if (full != NULL) {
        slw_log_edge_free(full);
    }
    free(edge);
    free(full);
    return status;
}

/* A release whose signature isn't in the log may yet get it, but not once others follow for long.
 */
static void find_unnamed(struct slw_audit *audit)
{
    for (size_t i = 0; i < audit->unnamed_count; i++) {
        slw_audit_find(audit, audit->unnamed[i].index,
                       "a release that no record of a signature names");
    }
}

enum slw_status slw_audit_run(struct slw_audit *audit, const struct slw_audit_source *source,
                              struct slw_detail *detail)
{
    struct slw_audit copy;
    SLW_TRY(slw_audit_copy(audit, &copy, detail));
    enum slw_status status = run_on_copy(&copy, source, detail);
    if (status != SLW_OK) {
        slw_audit_free(&copy);
        return status;
    }
    find_unnamed(&copy);
    slw_audit_free(audit);
    *audit = copy;
    return SLW_OK;
}

/* --- A directory --- */

static enum slw_status get_from_directory(void *context, const char *path, size_t limit,
                                          struct slw_heap_buffer *ret_bytes,
                                          struct slw_detail *detail)
{
    const char *directory = context;
    struct stat found;
    int parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int descriptor =
        parent < 0 ? -1 : openat(parent, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    enum slw_status status = SLW_OK;
    if (descriptor < 0) {
        status = errno == ENOENT && parent >= 0 ? SLW_NOT_FOUND : SLW_IO;
        (void)slw_explain_errno(detail, parent < 0 ? directory : path);
    } else if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
        status = slw_explain(detail, SLW_IO, "%s: not a file", path);
    } else if ((uint64_t)found.st_size > limit) {
        status = slw_explain(detail, SLW_TOO_LARGE, "%s: more than %zu bytes", path, limit);
    } else {
        size_t len = (size_t)found.st_size;
        uint8_t *at = slw_heap_reserve(ret_bytes, len);
        for (size_t done = 0; done < len && status == SLW_OK;) {
            ssize_t count = at == NULL ? -1 : pread(descriptor, at + done, len - done, (off_t)done);
            status = count <= 0 ? slw_explain(detail, SLW_IO, "%s: can't be read", path) : SLW_OK;
            done += count > 0 ? (size_t)count : 0;
        }
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    if (parent >= 0) {
        (void)close(parent);
    }
    return status;
}

struct slw_audit_source slw_audit_directory(const char *directory)
{
    struct slw_audit_source source = {NULL, get_from_directory};
    memcpy(&source.context, &directory, sizeof source.context); /* it is only read */
    return source;
}
