/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing old files. Roots stay for ever. Everything else stays while the current snapshot, or
 * what is staged, refers to it, and 7 days longer: for clients in the middle of a refresh, and
 * caches that are behind. When a file was first seen without a reference is in
 * state/unreferenced.json; one that was listed meanwhile, and dropped again, begins anew.
 */
#include "bins.h"
#include "gather.h"

#include "../metadata/hex.h"

#include "slipway/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define STATE_KEY "state/unreferenced.json"

/* Keys that are referenced, by a hash of 64 bits: two that share one are both kept. */
struct references {
    uint64_t *list;
    size_t count;
    bool are_incomplete; /* something that may refer to more can't be read */
};

static uint64_t hash_of_bytes(struct slw_bytes key)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, key);
    slw_sha256_final(&hash, digest);
    return slw_get_u64_le(digest);
}

static uint64_t hash_of(const char *key)
{
    return hash_of_bytes(slw_bytes_make(key, strlen(key)));
}

static enum slw_status refer(struct references *references, const char *key,
                             struct slw_detail *detail)
{
    uint64_t *list = slw_heap_grow(references->list, references->count, sizeof *list);
    if (list == NULL) {
        return slw_explain_no_memory(detail);
    }
    references->list = list;
    list[references->count++] = hash_of(key);
    return SLW_OK;
}

static int compare_hashes(const void *left, const void *right)
{
    uint64_t left_hash = *(const uint64_t *)left;
    uint64_t right_hash = *(const uint64_t *)right;
    return left_hash < right_hash ? -1 : left_hash > right_hash;
}

static bool is_referenced(const struct references *references, const char *key)
{
    uint64_t hash = hash_of(key);
    return references->count > 0 &&
           bsearch(&hash, references->list, references->count, sizeof hash, compare_hashes) != NULL;
}

/* "targets/DIRECTORY/HASH.NAME", for whichever hash a client takes. */
static enum slw_status refer_target(struct references *references, struct slw_bytes path,
                                    struct slw_bytes hex, struct slw_detail *detail)
{
    char key[2 * SLW_TUF_KEY_SIZE];
    size_t directory_len = path.len;
    while (directory_len > 0 && path.ptr[directory_len - 1] != '/') {
        directory_len--;
    }
    int len = snprintf(key, sizeof key, "targets/%.*s%.*s.%.*s", (int)directory_len,
                       (const char *)path.ptr, (int)hex.len, (const char *)hex.ptr,
                       (int)(path.len - directory_len), (const char *)path.ptr + directory_len);
    /* No storage has a key as long. */
    return len < 0 || (size_t)len >= sizeof key ? SLW_OK : refer(references, key, detail);
}

static enum slw_status refer_targets(struct references *references, const struct slw_tuf_file *file,
                                     struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    struct slw_json_walk walk = slw_json_walk_begin(
        json, slw_json_member(json, file->signed_part, SLW_BYTES_OF("targets")));
    struct slw_bytes path;
    struct slw_bytes name;
    uint32_t target = 0;
    uint32_t hash = 0;
    while (slw_json_walk_member(&walk, &path, &target)) {
        struct slw_json_walk hashes =
            slw_json_walk_begin(json, slw_json_member(json, target, SLW_BYTES_OF("hashes")));
        while (slw_json_walk_member(&hashes, &name, &hash)) {
            SLW_TRY(refer_target(references, path, slw_json_string(json, hash), detail));
        }
    }
    return SLW_OK;
}

static bool is_reached(const struct slw_tuf_writer *writer, struct slw_bytes name)
{
    const struct slw_tuf_writer_role *role = slw_tuf_writer_find(writer, name);
    if (role != NULL && role->type == SLW_TUF_TARGETS &&
        (role->published != NULL || role->is_broken)) {
        return true;
    }
    for (size_t i = SLW_TUF_WRITER_TARGETS; i < writer->roles_count; i++) {
        struct slw_tuf_bins bins;
        if (slw_tuf_bins_of(writer->roles[i]->published, &bins) &&
            slw_tuf_is_bin(name, bins.prefix, bins.bit_length)) {
            return true;
        }
    }
    return false;
}

static enum slw_status refer_edition(const struct slw_tuf_writer *writer,
                                     struct references *references, const char *key,
                                     struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    enum slw_status status = slw_tuf_store_get(writer, key, &bytes, detail);
    if (status == SLW_OK) {
        status = slw_tuf_file_parse(key, &bytes, SLW_TUF_EDITION_BYTES_MAX, SLW_TUF_TARGETS, &file,
                                    detail);
        if (status == SLW_OK) {
            status = refer_targets(references, &file, detail);
            slw_tuf_file_free(&file);
        }
    }
    slw_heap_free(&bytes);
    return status;
}

/* A snapshot names roles for ever that somebody delegated to once: their files may be gone, and in
 * a repository that others made have never been here, or be a root's. One that can be reached and
 * can't be read may refer to anything. */
static enum slw_status refer_role(const struct slw_tuf_writer *writer,
                                  struct references *references, struct slw_bytes name,
                                  const char *key, struct slw_detail *detail)
{
    enum slw_status status = refer_edition(writer, references, key, detail);
    if (status == SLW_NOT_FOUND || slw_status_is_refusal(status)) {
        if (is_reached(writer, name)) {
            slw_tuf_writer_tell(writer, "no old file is removed: %s", detail->text);
            references->are_incomplete = true;
        }
        status = SLW_OK;
    }
    SLW_TRY(status);
    return refer(references, key, detail);
}

static enum slw_status refer_published(const struct slw_tuf_writer *writer,
                                       struct references *references, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    struct slw_heap_buffer name = {0};
    enum slw_status status = SLW_OK;
    slw_tuf_key_of(0, "timestamp", key);
    SLW_TRY(refer(references, key, detail));
    slw_tuf_key_of(writer->snapshot->version, "snapshot", key);
    SLW_TRY(refer(references, key, detail));
    size_t count = slw_tuf_model_metas_count(writer->snapshot->model);
    for (size_t i = 0; status == SLW_OK && i < count; i++) {
        struct slw_tuf_meta_version meta;
        slw_tuf_model_meta(writer->snapshot->model, i, &meta);
        name.len = 0;
        slw_heap_append(&name, meta.role);
        slw_tuf_key_of(meta.version, slw_heap_text(&name), key);
        status = name.status == SLW_OK ? refer_role(writer, references, meta.role, key, detail)
                                       : slw_explain_no_memory(detail);
    }
    slw_heap_free(&name);
    return status;
}

static enum slw_status refer_draft(struct references *references, const struct slw_tuf_draft *draft,
                                   struct slw_detail *detail)
{
    char hex[2 * SLW_SHA256_SIZE];
    for (size_t i = 0; draft != NULL && i < draft->entries_count; i++) {
        const struct slw_tuf_draft_entry *entry = draft->entries + i;
        slw_tuf_hex_encode(entry->sha256, sizeof entry->sha256, hex);
        if (!entry->removes) {
            SLW_TRY(refer_target(references, slw_tuf_draft_path(draft, entry),
                                 slw_bytes_make(hex, sizeof hex), detail));
        }
    }
    return SLW_OK;
}

/* A publish that was killed left this version's file, and the next one takes it. */
static enum slw_status refer_next(const struct slw_tuf_writer_role *role,
                                  struct references *references, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    if (role->next == NULL) {
        return SLW_OK;
    }
    slw_tuf_key_of(role->next->version, role->name, key);
    return refer(references, key, detail);
}

static enum slw_status refer_all(const struct slw_tuf_writer *writer, struct references *references,
                                 struct slw_detail *detail)
{
    SLW_TRY(refer_published(writer, references, detail));
    for (size_t i = 0; i < writer->roles_count; i++) {
        const struct slw_tuf_writer_role *role = writer->roles[i];
        references->are_incomplete = references->are_incomplete || role->is_unreadable;
        SLW_TRY(refer_next(role, references, detail));
        SLW_TRY(refer_draft(references, role->draft, detail));
        SLW_TRY(refer_draft(references, role->bins, detail));
        SLW_TRY(refer_draft(references, role->gathered, detail));
        SLW_TRY(refer_draft(references, role->bins_gathered, detail));
    }
    if (references->count > 0) {
        qsort(references->list, references->count, sizeof *references->list, compare_hashes);
    }
    return SLW_OK;
}

/* A file that was seen without a reference before. */
struct known {
    uint64_t hash;
    int64_t since_utc_s;
};

/* One pass over what there is. */
struct sweep {
    const struct references *references;
    struct known *known; /* by hash */
    size_t known_count;
    int64_t now_utc_s;
    struct slw_json json;
    struct slw_heap_buffer text;  /* the next state */
    struct slw_heap_buffer old;   /* keys to be removed, each with a zero byte behind */
    struct slw_heap_buffer ended; /* metadata that is seen without a reference for the first time */
};

/* "metadata/3.root.json" */
static bool is_root(const char *key)
{
    static const char folder[] = "metadata/";
    if (strncmp(key, folder, sizeof folder - 1) != 0) {
        return false;
    }
    const char *at = key + sizeof folder - 1;
    size_t digits = strspn(at, "0123456789");
    return digits > 0 && strcmp(at + digits, ".root.json") == 0;
}

static int compare_known(const void *left, const void *right)
{
    uint64_t left_hash = ((const struct known *)left)->hash;
    uint64_t right_hash = ((const struct known *)right)->hash;
    return left_hash < right_hash ? -1 : left_hash > right_hash;
}

static struct known *find_known(const struct sweep *sweep, uint64_t hash)
{
    const struct known wanted = {.hash = hash};
    return sweep->known_count == 0
               ? NULL
               : bsearch(&wanted, sweep->known, sweep->known_count, sizeof wanted, compare_known);
}

static enum slw_status sweep_key(void *context, const char *key)
{
    struct sweep *sweep = context;
    int64_t since = sweep->now_utc_s;
    if (is_root(key) || is_referenced(sweep->references, key)) {
        return SLW_OK;
    }
    const struct known *known = find_known(sweep, hash_of(key));
    if (known == NULL && strncmp(key, "metadata/", strlen("metadata/")) == 0) {
        slw_heap_append(&sweep->ended, slw_bytes_make(key, strlen(key) + 1));
    }
    /* A time in the future is none: a clock was wrong. */
    if (known != NULL && known->since_utc_s <= since) {
        since = known->since_utc_s;
    }
    if (sweep->now_utc_s - since >= SLW_TUF_KEEP_S) {
        slw_heap_append(&sweep->old, slw_bytes_make(key, strlen(key) + 1));
    } else {
        slw_json_int(&sweep->json, key, since);
    }
    return sweep->old.status != SLW_OK     ? sweep->old.status
           : sweep->ended.status != SLW_OK ? sweep->ended.status
                                           : sweep->text.status;
}

/* What no client could read either was never listed by it. */
static enum slw_status restart_listed(struct slw_tuf_writer *writer, struct sweep *sweep,
                                      const char *key, struct slw_detail *detail)
{
    struct references listed = {0};
    struct slw_detail why;
    enum slw_status status = refer_edition(writer, &listed, key, &why);
    for (size_t i = 0; i < listed.count; i++) {
        struct known *known = find_known(sweep, listed.list[i]);
        if (known != NULL) {
            known->since_utc_s = sweep->now_utc_s;
        }
    }
    free(listed.list);
    if (status == SLW_OK || status == SLW_NOT_FOUND || slw_status_is_refusal(status)) {
        return SLW_OK;
    }
    return slw_explain(detail, status, "%s", why.text);
}

/*
 * Between two collections something may have been published that lists a file again, and something
 * else that drops it once more. The former was live then, and is seen without a reference now for
 * the first time: what it lists was read until now.
 */
static enum slw_status restart_all(struct slw_tuf_writer *writer, struct sweep *sweep,
                                   struct slw_detail *detail)
{
    for (size_t at = 0; at < sweep->ended.len;) {
        const char *key = (const char *)sweep->ended.ptr + at;
        SLW_TRY(restart_listed(writer, sweep, key, detail));
        at += strlen(key) + 1;
    }
    return SLW_OK;
}

static enum slw_status sweep_all(struct slw_tuf_writer *writer, struct sweep *sweep,
                                 struct slw_detail *detail)
{
    const struct slw_storage *storage = writer->options.storage;
    slw_json_init(&sweep->json, &sweep->text);
    slw_json_begin_object(&sweep->json, NULL);
    enum slw_status status = storage->list(storage->context, "metadata/", sweep_key, sweep, detail);
    if (status == SLW_OK) {
        status = restart_all(writer, sweep, detail);
    }
    if (status == SLW_OK) {
        status = storage->list(storage->context, "targets/", sweep_key, sweep, detail);
    }
    slw_json_end_object(&sweep->json);
    slw_heap_append_text(&sweep->text, "\n");
    if (sweep->text.status != SLW_OK || sweep->old.status != SLW_OK ||
        sweep->ended.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(status);
    for (size_t at = 0; at < sweep->old.len;) {
        const char *key = (const char *)sweep->old.ptr + at;
        SLW_TRY(slw_tuf_store_remove(writer, key, detail));
        at += strlen(key) + 1;
    }
    return SLW_OK;
}

static enum slw_status store_state(struct slw_tuf_writer *writer, const struct sweep *sweep,
                                   struct slw_bytes before, struct slw_detail *detail)
{
    if (slw_bytes_equal(slw_heap_bytes(&sweep->text), before)) {
        return SLW_OK;
    }
    return slw_tuf_store_replace(writer, STATE_KEY, slw_heap_bytes(&sweep->text), detail);
}

/* A state that can't be read is as if there were none: everything is kept for 7 days more. */
static enum slw_status read_state(const struct slw_tuf_writer *writer, struct slw_bytes text,
                                  struct sweep *sweep, struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_detail why;
    struct slw_bytes key;
    uint32_t value = 0;
    if (text.len == 0) {
        return SLW_OK;
    }
    if (slw_json_parse(STATE_KEY, text, &json, &why) != SLW_OK) {
        slw_tuf_writer_tell(writer, STATE_KEY " isn't used: %s", why.text);
        return SLW_OK;
    }
    struct slw_json_walk walk = slw_json_walk_begin(&json, SLW_JSON_TOP);
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && slw_json_walk_member(&walk, &key, &value)) {
        struct known *known = slw_heap_grow(sweep->known, sweep->known_count, sizeof *known);
        if (known == NULL) {
            status = slw_explain_no_memory(detail);
            break;
        }
        sweep->known = known;
        known[sweep->known_count].hash = hash_of_bytes(key);
        if (slw_json_integer(&json, value, &known[sweep->known_count].since_utc_s)) {
            sweep->known_count++;
        }
    }
    slw_json_document_free(&json);
    if (sweep->known_count > 0) {
        qsort(sweep->known, sweep->known_count, sizeof *sweep->known, compare_known);
    }
    return status;
}

static enum slw_status sweep_from(struct slw_tuf_writer *writer,
                                  const struct references *references, struct slw_bytes before,
                                  struct slw_detail *detail)
{
    struct sweep sweep = {.references = references, .now_utc_s = slw_tuf_writer_now(writer)};
    enum slw_status status = read_state(writer, before, &sweep, detail);
    if (status == SLW_OK) {
        status = sweep_all(writer, &sweep, detail);
    }
    if (status == SLW_OK) {
        status = store_state(writer, &sweep, before, detail);
    }
    free(sweep.known);
    slw_heap_free(&sweep.text);
    slw_heap_free(&sweep.old);
    slw_heap_free(&sweep.ended);
    return status;
}

enum slw_status slw_tuf_collect(struct slw_tuf_writer *writer, struct slw_detail *detail)
{
    struct references references = {0};
    struct slw_heap_buffer before = {0};
    if (writer->snapshot == NULL) {
        return SLW_OK; /* nothing was ever referenced */
    }
    enum slw_status status = refer_all(writer, &references, detail);
    if (status != SLW_OK || references.are_incomplete) {
        free(references.list);
        return status;
    }
    status = slw_tuf_store_get(writer, STATE_KEY, &before, detail);
    if (status == SLW_OK || status == SLW_NOT_FOUND) {
        status = sweep_from(writer, &references, slw_heap_bytes(&before), detail);
    }
    free(references.list);
    slw_heap_free(&before);
    return status;
}
