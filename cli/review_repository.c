/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles of a TUF repository for a reviewer: which keys, how many of them, until when. Read as
 * JSON, not verified: `slipway repo list --from` does that. See review.h.
 */
#include "review.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/time_text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METADATA_MAX (16u << 20)
#define ROLES_MAX 256u
#define NEAR_DAYS 30

struct newest {
    char role[128]; /* "root" */
    char file[160]; /* "3.root.json" */
    long version;
};

struct repository {
    struct cli_review *review;
    struct slw_heap_buffer path;
    struct newest *newest;
    size_t count;
};

/* "3.root.json", "timestamp.json": the role's name, and its version, 0 without. */
static bool read_name(const char *file, struct newest *ret_newest)
{
    size_t len = strlen(file);
    char *end = NULL;
    long version = strtol(file, &end, 10);
    const char *role = end != file && *end == '.' ? end + 1 : file;
    if (len < 6 || len >= sizeof ret_newest->file || strcmp(file + len - 5, ".json") != 0 ||
        role >= file + len - 5) {
        return false;
    }
    ret_newest->version = role == file ? 0 : version;
    (void)snprintf(ret_newest->file, sizeof ret_newest->file, "%s", file);
    (void)snprintf(ret_newest->role, sizeof ret_newest->role, "%.*s", (int)(file + len - 5 - role),
                   role);
    return true;
}

static void note(struct repository *repository, const struct newest *found)
{
    for (size_t i = 0; i < repository->count; i++) {
        struct newest *newest = &repository->newest[i];
        if (strcmp(newest->role, found->role) == 0) {
            *newest = found->version > newest->version ? *found : *newest;
            return;
        }
    }
    struct newest *grown =
        repository->count == ROLES_MAX
            ? NULL
            : slw_heap_grow(repository->newest, repository->count, sizeof *grown);
    if (grown == NULL) {
        cli_review_miss(repository->review, found->file, "there are too many roles");
        return;
    }
    repository->newest = grown;
    repository->newest[repository->count++] = *found;
}

static void look_for_files(struct repository *repository)
{
    struct dirent *entry;
    struct newest found;
    DIR *directory = opendir(slw_heap_text(&repository->path));
    if (directory == NULL) {
        cli_review_miss(repository->review, "repository", "its metadata can't be read");
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (read_name(entry->d_name, &found)) {
            note(repository, &found);
        }
    }
    (void)closedir(directory);
    if (repository->count == 0) {
        cli_review_miss(repository->review, "repository", "no metadata of a repository is there");
    }
}

/* --- What they say --- */

static uint32_t member(const struct slw_json_document *json, uint32_t of, const char *name)
{
    return slw_json_member(json, of, slw_bytes_make(name, strlen(name)));
}

/* {"keyids","threshold"}, of a role that somebody delegates to. */
static void put_delegation(struct cli_review *review, const struct slw_json_document *json,
                           struct slw_bytes name, uint32_t role)
{
    struct slw_heap_buffer shown = {0};
    int64_t threshold = 0;
    uint32_t keys = member(json, role, "keyids");
    uint32_t paths = member(json, role, "paths");
    slw_escape(name, &shown);
    if (slw_json_integer(json, member(json, role, "threshold"), &threshold) && threshold < 2 &&
        (strcmp(slw_heap_text(&shown), "root") == 0 ||
         strcmp(slw_heap_text(&shown), "targets") == 0)) {
        cli_review_find(review, "role %s: one key is enough", slw_heap_text(&shown));
    }
    slw_json_begin_object(&review->roles_json, NULL);
    slw_json_bytes(&review->roles_json, "role", name);
    slw_json_int(&review->roles_json, "threshold", threshold);
    slw_json_embed(&review->roles_json, "keys",
                   keys == SLW_JSON_NONE ? SLW_BYTES_OF("[]") : slw_json_raw(json, keys));
    if (paths != SLW_JSON_NONE) {
        slw_json_embed(&review->roles_json, "paths", slw_json_raw(json, paths));
    }
    slw_json_end_object(&review->roles_json);
    slw_heap_drop(&shown);
}

static void put_delegations(struct cli_review *review, const struct slw_json_document *json,
                            uint32_t signed_part)
{
    struct slw_bytes name;
    uint32_t role;
    struct slw_json_walk walk = slw_json_walk_begin(json, member(json, signed_part, "roles"));
    while (slw_json_walk_member(&walk, &name, &role)) {
        put_delegation(review, json, name, role);
    }
    uint32_t delegations = member(json, signed_part, "delegations");
    walk = slw_json_walk_begin(json, member(json, delegations, "roles"));
    while (delegations != SLW_JSON_NONE && slw_json_walk_element(&walk, &role)) {
        put_delegation(review, json, slw_json_string(json, member(json, role, "name")), role);
    }
}

static void put_expiry(struct cli_review *review, const struct slw_json_document *json,
                       const struct newest *newest, uint32_t signed_part)
{
    struct slw_bytes expires = slw_json_string(json, member(json, signed_part, "expires"));
    char text[SLW_TIME_TEXT_SIZE];
    int64_t utc_s = 0;
    int64_t version = 0;
    (void)snprintf(text, sizeof text, "%.*s", (int)expires.len, (const char *)expires.ptr);
    slw_json_begin_object(&review->roles_json, NULL);
    slw_json_text(&review->roles_json, "role", newest->role);
    slw_json_text(&review->roles_json, "file", newest->file);
    if (slw_json_integer(json, member(json, signed_part, "version"), &version)) {
        slw_json_int(&review->roles_json, "version", version);
    }
    slw_json_text(&review->roles_json, "expires", text);
    slw_json_end_object(&review->roles_json);
    if (expires.len == 0 || slw_time_parse(text, review->now_utc_s, &utc_s) != SLW_OK) {
        cli_review_find(review, "role %s has no expiry that can be read", newest->role);
    } else if (utc_s <= review->now_utc_s) {
        cli_review_find(review, "role %s expired at %s", newest->role, text);
    } else if (strcmp(newest->role, "timestamp") != 0 && strcmp(newest->role, "snapshot") != 0 &&
               utc_s < review->now_utc_s + (int64_t)NEAR_DAYS * 86400) {
        cli_review_find(review, "role %s expires at %s", newest->role, text);
    }
}

static void look_at(struct repository *repository, const struct newest *newest)
{
    struct cli_review *review = repository->review;
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer name = {0};
    struct slw_heap_buffer bytes = {0};
    struct slw_json_document json;
    struct slw_detail why = {""};
    slw_heap_printf(&path, "%s/%s", slw_heap_text(&repository->path), newest->file);
    slw_heap_printf(&name, "repository/%s", newest->file);
    enum slw_status status = slw_file_read(slw_heap_text(&path), METADATA_MAX, &bytes, &why);
    if (status == SLW_OK) {
        cli_review_keep(review, slw_heap_text(&name), slw_heap_bytes(&bytes));
        status = slw_json_parse(newest->file, slw_heap_bytes(&bytes), &json, &why);
    }
    if (status == SLW_OK) {
        uint32_t signed_part = member(&json, SLW_JSON_TOP, "signed");
        put_expiry(review, &json, newest, signed_part);
        put_delegations(review, &json, signed_part);
        slw_json_document_free(&json);
    } else {
        cli_review_miss(review, newest->file, why.text);
    }
    slw_heap_drop(&bytes);
    slw_heap_drop(&name);
    slw_heap_drop(&path);
}

void cli_review_repository(struct cli_review *review, const char *path)
{
    struct repository repository = {.review = review};
    DIR *inner;
    slw_heap_printf(&repository.path, "%s/metadata", path);
    inner = opendir(slw_heap_text(&repository.path));
    if (inner == NULL) {
        slw_heap_drop(&repository.path);
        slw_heap_append_text(&repository.path, path);
    } else {
        (void)closedir(inner);
    }
    look_for_files(&repository);
    for (size_t i = 0; i < repository.count; i++) {
        look_at(&repository, &repository.newest[i]);
    }
    free(repository.newest);
    slw_heap_drop(&repository.path);
}
