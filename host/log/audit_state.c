/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an auditor remembers: which versions were signed, and where it got to. In one file, which it
 * alone writes, so that a log that is cut or forked is found by whoever looked at it before.
 *
 *     "slipway audit 4\n", u32 length and the log's origin, u64 time, u64 policy version,
 *     u64 epoch, 32 bytes instance,
 *     u32 length and the signed checkpoint (0: none),
 *     u32 length and the administrators of entry 0, u32 count of policies, each u64 logged,
 *     u64 in force, u32 length and its envelope,
 *     u64 leaves of the full bundles, their frontier's hashes (one a bit set, from the lowest),
 *     7 times (levels 1 to 7) u32 count and that many hashes of the partial tile,
 *     u32 count of releases, each u32 version, 32 bytes scope, 32 bytes digest, u64 leaf,
 *     the requests (audit_requests.c),
 *     u32 count of roots, each u32 length and product, u32 length and file,
 *     32 bytes SHA-256 of all that.    Integers are big endian.
 *
 * "slipway audit 2\n" was without roots, "slipway audit 3\n" without requests, which nobody looked
 * at then. Of such a file origin and checkpoint are read: the log must continue that, and all its
 * entries are judged anew.
 */
#include "audit_bytes.h"
#include "audit_parts.h"

#include "slipway/files.h"
#include "slipway/tuf_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MAGIC "slipway audit 4\n"
#define MAGIC_WITHOUT_REQUESTS "slipway audit 3\n"
#define MAGIC_WITHOUT_ROOTS "slipway audit 2\n"
#define STATE_SIZE_MAX                                                                             \
    ((size_t)SLW_AUDIT_RELEASES_MAX * 76u +                                                        \
     (size_t)SLW_AUDIT_ROOTS_MAX * SLW_TUF_FOLLOW_SIZE_MAX + SLW_AUDIT_REQUESTS_SIZE_MAX +         \
     268435456u)

/* --- Releases by scope and version --- */

static size_t slot_of(const struct slw_audit *audit, const struct slw_audit_release *like)
{
    size_t hash = slw_get_u32_le(like->scope) ^ like->version * 2654435761u;
    return hash & (audit->index_size - 1);
}

const struct slw_audit_release *slw_audit_release_find(const struct slw_audit *audit,
                                                       const struct slw_audit_release *like)
{
    if (audit->index_size == 0) {
        return NULL;
    }
    for (size_t at = slot_of(audit, like); audit->index[at] != 0;
         at = (at + 1) & (audit->index_size - 1)) {
        const struct slw_audit_release *release = &audit->releases[audit->index[at] - 1];
        if (release->version == like->version &&
            memcmp(release->scope, like->scope, sizeof release->scope) == 0) {
            return release;
        }
    }
    return NULL;
}

static void insert(struct slw_audit *audit, size_t number)
{
    size_t at = slot_of(audit, &audit->releases[number]);
    while (audit->index[at] != 0) {
        at = (at + 1) & (audit->index_size - 1);
    }
    audit->index[at] = (uint32_t)number + 1;
}

/* At most half full. */
static bool grow_index(struct slw_audit *audit)
{
    if (audit->releases_count * 2 < audit->index_size) {
        return true;
    }
    size_t size = audit->index_size == 0 ? 64 : audit->index_size * 2;
    uint32_t *index = calloc(size, sizeof *index);
    if (index == NULL) {
        return false;
    }
    free(audit->index);
    audit->index = index;
    audit->index_size = size;
    for (size_t i = 0; i < audit->releases_count; i++) {
        insert(audit, i);
    }
    return true;
}

enum slw_status slw_audit_release_add(struct slw_audit *audit,
                                      const struct slw_audit_release *release,
                                      struct slw_detail *detail)
{
    if (audit->releases_count == SLW_AUDIT_RELEASES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u versions", SLW_AUDIT_RELEASES_MAX);
    }
    struct slw_audit_release *grown =
        slw_heap_grow(audit->releases, audit->releases_count, sizeof *release);
    if (grown != NULL) {
        audit->releases = grown;
    }
    if (grown == NULL || !grow_index(audit)) {
        return slw_explain_no_memory(detail);
    }
    audit->releases[audit->releases_count] = *release;
    insert(audit, audit->releases_count);
    audit->releases_count++;
    return SLW_OK;
}

/* --- Copying --- */

void slw_audit_free(struct slw_audit *audit)
{
    if (audit->edge != NULL) {
        slw_log_edge_free(audit->edge);
    }
    free(audit->edge);
    free(audit->releases);
    free(audit->index);
    free(audit->unnamed);
    slw_heap_drop(&audit->checkpoint);
    slw_heap_drop(&audit->administrators);
    slw_audit_policies_free(audit);
    slw_audit_roots_free(audit);
    slw_audit_requests_free(audit);
    audit->edge = NULL;
    audit->releases = NULL;
    audit->index = NULL;
    audit->unnamed = NULL;
    audit->releases_count = 0;
    audit->index_size = 0;
    audit->unnamed_count = 0;
}

static bool copy_parts(const struct slw_audit *audit, struct slw_audit *copy)
{
    copy->edge = calloc(1, sizeof *copy->edge);
    if (copy->edge == NULL ||
        (audit->edge != NULL && slw_log_edge_copy(audit->edge, copy->edge) != SLW_OK)) {
        return false;
    }
    struct slw_detail unheard;
    for (size_t i = 0; i < audit->releases_count; i++) {
        if (slw_audit_release_add(copy, &audit->releases[i], &unheard) != SLW_OK) {
            return false;
        }
    }
    for (size_t i = 0; i < audit->unnamed_count; i++) {
        void *grown = slw_heap_grow(copy->unnamed, i, sizeof audit->unnamed[0]);
        if (grown == NULL) {
            return false;
        }
        copy->unnamed = grown;
        copy->unnamed[copy->unnamed_count++] = audit->unnamed[i];
    }
    slw_heap_append(&copy->checkpoint, slw_heap_bytes(&audit->checkpoint));
    slw_heap_append(&copy->administrators, slw_heap_bytes(&audit->administrators));
    for (size_t i = 0; i < audit->policies_count; i++) {
        const struct slw_audit_policy *policy = &audit->policies[i];
        if (slw_audit_policy_add(copy, slw_heap_bytes(&policy->envelope), policy->logged_utc_s,
                                 policy->in_force_utc_s, &unheard) != SLW_OK) {
            return false;
        }
    }
    for (size_t i = 0; i < audit->roots_count; i++) {
        const struct slw_audit_root *root = &audit->roots[i];
        if (slw_audit_root_restore(copy, slw_bytes_make(root->product, root->product_len),
                                   slw_heap_bytes(&root->file), &unheard) != SLW_OK) {
            return false;
        }
    }
    return copy->checkpoint.status == SLW_OK && copy->administrators.status == SLW_OK &&
           slw_audit_requests_copy(audit, copy);
}

enum slw_status slw_audit_copy(const struct slw_audit *audit, struct slw_audit *ret_copy,
                               struct slw_detail *detail)
{
    struct slw_audit copy = *audit;
    copy.findings_count = 0;
    copy.edge = NULL;
    copy.releases = NULL;
    copy.releases_count = 0;
    copy.index = NULL;
    copy.index_size = 0;
    copy.unnamed = NULL;
    copy.unnamed_count = 0;
    copy.policies = NULL;
    copy.policies_count = 0;
    copy.roots = NULL;
    copy.roots_count = 0;
    copy.requests = NULL;
    copy.requests_count = 0;
    copy.open_count = 0;
    copy.requests_index = NULL;
    copy.requests_index_size = 0;
    memset(&copy.checkpoint, 0, sizeof copy.checkpoint);
    memset(&copy.administrators, 0, sizeof copy.administrators);
    if (copy.size == 0) {
        slw_merkle_empty(&copy.root);
        copy.epoch = 1;
    }
    if (!copy_parts(audit, &copy)) {
        slw_audit_free(&copy);
        return slw_explain_no_memory(detail);
    }
    *ret_copy = copy;
    return SLW_OK;
}

/* --- Writing --- */

static void put_sized(struct slw_bytes part, struct slw_heap_buffer *bytes)
{
    put_number(part.len, 4, bytes);
    slw_heap_append(bytes, part);
}

static void put_edge(const struct slw_log_edge *edge, struct slw_heap_buffer *bytes)
{
    const uint64_t size = slw_log_edge_size(edge);
    put_number(size, 8, bytes);
    for (unsigned i = 0; i < 63; i++) {
        if ((size >> i & 1) != 0) {
            slw_heap_append(bytes, slw_bytes_make(edge->frontier.full[i].bytes, SLW_SHA256_SIZE));
        }
    }
    for (unsigned level = 1; level < SLW_LOG_TILE_LEVELS; level++) {
        put_number(edge->tiles[level].width, 4, bytes);
        slw_heap_append(bytes, slw_bytes_make(edge->tiles[level].hashes,
                                              edge->tiles[level].width * SLW_SHA256_SIZE));
    }
}

static void put_roots(const struct slw_audit *audit, struct slw_heap_buffer *bytes)
{
    put_number(audit->roots_count, 4, bytes);
    for (size_t i = 0; i < audit->roots_count; i++) {
        put_sized(slw_bytes_make(audit->roots[i].product, audit->roots[i].product_len), bytes);
        put_sized(slw_heap_bytes(&audit->roots[i].file), bytes);
    }
}

enum slw_status slw_audit_save(const struct slw_audit *audit, const char *path,
                               struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    const char *origin = audit->settings.log_key->name;
    if (audit->edge == NULL) {
        return slw_explain(detail, SLW_WRONG_STATE, "nothing was verified yet");
    }
    slw_heap_append_text(&bytes, MAGIC);
    put_sized(slw_bytes_make(origin, strlen(origin)), &bytes);
    put_number((uint64_t)audit->time_utc_s, 8, &bytes);
    put_number((uint64_t)audit->policy_version, 8, &bytes);
    put_number(audit->epoch, 8, &bytes);
    slw_heap_append(&bytes, slw_bytes_make(audit->instance, sizeof audit->instance));
    put_sized(slw_heap_bytes(&audit->checkpoint), &bytes);
    put_sized(slw_heap_bytes(&audit->administrators), &bytes);
    put_number(audit->policies_count, 4, &bytes);
    for (size_t i = 0; i < audit->policies_count; i++) {
        put_number((uint64_t)audit->policies[i].logged_utc_s, 8, &bytes);
        put_number((uint64_t)audit->policies[i].in_force_utc_s, 8, &bytes);
        put_sized(slw_heap_bytes(&audit->policies[i].envelope), &bytes);
    }
    put_edge(audit->edge, &bytes);
    put_number(audit->releases_count, 4, &bytes);
    for (size_t i = 0; i < audit->releases_count; i++) {
        put_number(audit->releases[i].version, 4, &bytes);
        slw_heap_append(&bytes, slw_bytes_make(audit->releases[i].scope, SLW_SHA256_SIZE));
        slw_heap_append(&bytes, slw_bytes_make(audit->releases[i].digest, SLW_SHA256_SIZE));
        put_number(audit->releases[i].leaf, 8, &bytes);
    }
    slw_audit_requests_put(audit, &bytes);
    put_roots(audit, &bytes);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&bytes));
    slw_sha256_final(&hash, digest);
    slw_heap_append(&bytes, slw_bytes_make(digest, sizeof digest));
    enum slw_status status = bytes.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        status = slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&bytes), detail);
    }
    slw_heap_drop(&bytes);
    return status;
}

/* --- Reading --- */

static void get_sized(struct slw_reader *reader, size_t limit, struct slw_heap_buffer *ret_part)
{
    uint64_t len = get_number(reader, 4);
    if (len > limit || len > slw_reader_left(reader)) {
        slw_reader_fail(reader, SLW_MALFORMED);
        return;
    }
    uint8_t *at = slw_heap_reserve(ret_part, (size_t)len);
    if (at == NULL) {
        slw_reader_fail(reader, SLW_NO_SPACE);
        return;
    }
    slw_reader_copy(reader, at, (size_t)len);
}

static void get_edge(struct slw_reader *reader, struct slw_log_edge *edge)
{
    uint64_t size = get_number(reader, 8);
    if (size > SLW_MERKLE_SIZE_MAX || size % SLW_LOG_TILE_WIDTH != 0) {
        slw_reader_fail(reader, SLW_MALFORMED);
        return;
    }
    edge->frontier.size = size;
    for (unsigned i = 0; i < 63; i++) {
        if ((size >> i & 1) != 0) {
            slw_reader_copy(reader, edge->frontier.full[i].bytes, SLW_SHA256_SIZE);
        }
    }
    for (unsigned level = 1; level < SLW_LOG_TILE_LEVELS; level++) {
        uint64_t width = get_number(reader, 4);
        if (width != (size >> (8 * level)) % SLW_LOG_TILE_WIDTH) {
            slw_reader_fail(reader, SLW_MALFORMED);
            return;
        }
        edge->tiles[level].width = (unsigned)width;
        for (unsigned i = 0; i < width; i++) {
            slw_reader_copy(reader, edge->tiles[level].hashes[i].bytes, SLW_SHA256_SIZE);
        }
    }
}

static void get_releases(struct slw_reader *reader, struct slw_audit *audit)
{
    struct slw_detail unheard;
    uint64_t count = get_number(reader, 4);
    for (uint64_t i = 0; i < count && reader->status == SLW_OK; i++) {
        struct slw_audit_release release = {.version = (uint32_t)get_number(reader, 4)};
        slw_reader_copy(reader, release.scope, sizeof release.scope);
        slw_reader_copy(reader, release.digest, sizeof release.digest);
        release.leaf = get_number(reader, 8);
        if (reader->status == SLW_OK &&
            slw_audit_release_add(audit, &release, &unheard) != SLW_OK) {
            slw_reader_fail(reader, SLW_NO_SPACE);
        }
    }
}

static void get_policies(struct slw_reader *reader, struct slw_audit *audit)
{
    struct slw_detail unheard;
    uint64_t count = get_number(reader, 4);
    for (uint64_t i = 0; i < count && reader->status == SLW_OK; i++) {
        struct slw_heap_buffer envelope = {0};
        int64_t logged_utc_s = (int64_t)get_number(reader, 8);
        int64_t in_force_utc_s = (int64_t)get_number(reader, 8);
        get_sized(reader, SLW_LOG_TEXT_SIZE_MAX, &envelope);
        if (reader->status == SLW_OK &&
            slw_audit_policy_add(audit, slw_heap_bytes(&envelope), logged_utc_s, in_force_utc_s,
                                 &unheard) != SLW_OK) {
            slw_reader_fail(reader, SLW_MALFORMED);
        }
        slw_heap_drop(&envelope);
    }
}

static void get_roots(struct slw_reader *reader, struct slw_audit *audit)
{
    struct slw_detail unheard;
    uint64_t count = get_number(reader, 4);
    for (uint64_t i = 0; i < count && reader->status == SLW_OK; i++) {
        struct slw_heap_buffer product = {0};
        struct slw_heap_buffer file = {0};
        get_sized(reader, SLW_STATEMENT_NAME_MAX, &product);
        get_sized(reader, SLW_TUF_FOLLOW_SIZE_MAX, &file);
        if (reader->status == SLW_OK &&
            slw_audit_root_restore(audit, slw_heap_bytes(&product), slw_heap_bytes(&file),
                                   &unheard) != SLW_OK) {
            slw_reader_fail(reader, SLW_MALFORMED);
        }
        slw_heap_drop(&product);
        slw_heap_drop(&file);
    }
}

static bool begins_with(struct slw_bytes bytes, const char *magic)
{
    return bytes.len >= strlen(magic) && memcmp(bytes.ptr, magic, strlen(magic)) == 0;
}

static bool is_whole(struct slw_bytes bytes)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    if (bytes.len < sizeof MAGIC - 1 + sizeof digest ||
        (!begins_with(bytes, MAGIC) && !begins_with(bytes, MAGIC_WITHOUT_REQUESTS) &&
         !begins_with(bytes, MAGIC_WITHOUT_ROOTS))) {
        return false;
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(bytes.ptr, bytes.len - sizeof digest));
    slw_sha256_final(&hash, digest);
    return memcmp(bytes.ptr + bytes.len - sizeof digest, digest, sizeof digest) == 0;
}

/* Where it got to: what was read must be this log's. */
static bool take_checkpoint(struct slw_audit *audit, struct slw_bytes origin)
{
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    struct slw_detail unheard;
    const char *expected = audit->settings.log_key->name;
    if (!slw_bytes_equal(origin, slw_bytes_make(expected, strlen(expected))) ||
        slw_checkpoint_open("state", slw_heap_bytes(&audit->checkpoint), audit->settings.log_key,
                            &note, &checkpoint, &unheard) != SLW_OK) {
        return false;
    }
    audit->size = checkpoint.size;
    memcpy(audit->root.bytes, checkpoint.root, sizeof audit->root.bytes);
    return true;
}

/* Of an auditor that looked at less. */
static bool get_checkpoint(struct slw_reader *reader, struct slw_audit *audit,
                           struct slw_heap_buffer *origin)
{
    slw_reader_skip(reader, sizeof MAGIC - 1);
    get_sized(reader, SLW_NOTE_NAME_MAX, origin);
    slw_reader_skip(reader, 3 * 8 + sizeof audit->instance);
    get_sized(reader, SLW_NOTE_SIZE_MAX, &audit->checkpoint);
    audit->epoch = 1;
    return reader->status == SLW_OK && take_checkpoint(audit, slw_heap_bytes(origin));
}

static bool get_all(struct slw_reader *reader, struct slw_audit *audit,
                    struct slw_heap_buffer *origin)
{
    slw_reader_skip(reader, sizeof MAGIC - 1);
    get_sized(reader, SLW_NOTE_NAME_MAX, origin);
    audit->time_utc_s = (int64_t)get_number(reader, 8);
    audit->policy_version = (int64_t)get_number(reader, 8);
    audit->epoch = get_number(reader, 8);
    slw_reader_copy(reader, audit->instance, sizeof audit->instance);
    get_sized(reader, SLW_NOTE_SIZE_MAX, &audit->checkpoint);
    get_sized(reader, SLW_LOG_TEXT_SIZE_MAX, &audit->administrators);
    get_policies(reader, audit);
    get_edge(reader, audit->edge);
    get_releases(reader, audit);
    slw_audit_requests_get(reader, audit);
    get_roots(reader, audit);
    if (reader->status != SLW_OK || slw_reader_left(reader) != 0 ||
        !take_checkpoint(audit, slw_heap_bytes(origin))) {
        return false;
    }
    audit->judged = audit->size;
    return audit->size >= slw_log_edge_size(audit->edge) &&
           audit->size - slw_log_edge_size(audit->edge) < SLW_LOG_TILE_WIDTH;
}

enum slw_status slw_audit_load(struct slw_audit *audit, const char *path, struct slw_detail *detail)
{
    struct slw_audit loaded = {.settings = audit->settings};
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer origin = {0};
    struct slw_reader reader;
    struct stat found;
    if (stat(path, &found) != 0 && errno == ENOENT) {
        return SLW_OK;
    }
    SLW_TRY(slw_file_read(path, STATE_SIZE_MAX, &bytes, detail));
    loaded.edge = calloc(1, sizeof *loaded.edge);
    bool is_good = loaded.edge != NULL && is_whole(slw_heap_bytes(&bytes));
    if (is_good) {
        slw_reader_init_bytes(&reader, slw_bytes_make(bytes.ptr, bytes.len - SLW_SHA256_SIZE));
        is_good = begins_with(slw_heap_bytes(&bytes), MAGIC)
                      ? get_all(&reader, &loaded, &origin)
                      : get_checkpoint(&reader, &loaded, &origin);
    }
    slw_heap_drop(&bytes);
    slw_heap_drop(&origin);
    if (!is_good) {
        slw_audit_free(&loaded);
        return slw_explain(detail, SLW_STORED_STATE, "%s: isn't what an auditor of this log saved",
                           path);
    }
    slw_audit_free(audit);
    *audit = loaded;
    return SLW_OK;
}
