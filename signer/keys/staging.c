/* SPDX-License-Identifier: Apache-2.0 */
/* Private copies of what is to be signed, on disk. See staging.h. */
#include "staging.h"

#include "record.h"

#include "slipway/checked.h"
#include "slipway/explain.h"
#include "slipway/heap.h"
#include "slipway/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE (2 * SLW_SHA256_SIZE + 6) /* digits, ".part", zero */
#define CHECK_BLOCK_SIZE 65536u

struct slw_staging_part {
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t length; /* that the hash is over */
    uint64_t announced;
    struct slw_sha256 hash;
    int64_t used; /* for choosing one to forget: its hash can be taken again from the file */
};

static void name_of(const uint8_t *sha256, const char *suffix, char name[static NAME_SIZE])
{
    slw_text_hex(slw_bytes_make(sha256, SLW_SHA256_SIZE), name);
    memcpy(name + 2 * SLW_SHA256_SIZE, suffix, strlen(suffix) + 1);
}

static bool name_read(const char *name, uint8_t *ret_sha256, bool *ret_part)
{
    size_t len = strlen(name);
    *ret_part = len == NAME_SIZE - 1;
    return (len == 2 * SLW_SHA256_SIZE ||
            (*ret_part && strcmp(name + 2 * SLW_SHA256_SIZE, ".part") == 0)) &&
           slw_text_unhex(slw_bytes_make(name, 2 * SLW_SHA256_SIZE), ret_sha256, SLW_SHA256_SIZE);
}

/* What is there counts; what has no name of ours stays, and isn't ours to judge. */
static enum slw_status count_files(struct slw_staging *staging, struct slw_detail *detail)
{
    int copy = openat(staging->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        if (copy >= 0) {
            close(copy);
        }
        return slw_explain_errno(detail, "staged");
    }
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        uint8_t sha256[SLW_SHA256_SIZE];
        bool part;
        struct stat facts;
        if (name_read(entry->d_name, sha256, &part) &&
            fstatat(staging->directory, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
            staging->count++;
            staging->bytes += (uint64_t)facts.st_size;
        }
    }
    closedir(stream);
    return SLW_OK;
}

enum slw_status slw_staging_open(const char *path, const struct slw_staging_limits *limits,
                                 struct slw_staging *ret_staging, struct slw_detail *detail)
{
    struct slw_staging staging = {.limits = *limits};
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    staging.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (staging.directory < 0) {
        return slw_explain_errno(detail, path);
    }
    staging.parts = calloc(SLW_STAGING_PARTS_MAX, sizeof *staging.parts);
    enum slw_status status =
        staging.parts == NULL ? slw_explain_no_memory(detail) : count_files(&staging, detail);
    if (status != SLW_OK) {
        slw_staging_close(&staging);
        return status;
    }
    *ret_staging = staging;
    return SLW_OK;
}

void slw_staging_close(struct slw_staging *staging)
{
    if (staging->parts != NULL) {
        close(staging->directory);
    }
    free(staging->parts);
    *staging = (struct slw_staging){.directory = -1};
}

enum slw_status slw_staging_length(const struct slw_staging *staging,
                                   const uint8_t sha256[static SLW_SHA256_SIZE],
                                   uint64_t *ret_length, bool *ret_complete,
                                   struct slw_detail *detail)
{
    static const char *const suffixes[] = {"", ".part"};
    for (size_t i = 0; i < 2; i++) {
        char name[NAME_SIZE];
        struct stat facts;
        name_of(sha256, suffixes[i], name);
        if (fstatat(staging->directory, name, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
            *ret_length = (uint64_t)facts.st_size;
            *ret_complete = i == 0;
            return SLW_OK;
        }
        if (errno != ENOENT) {
            return slw_explain_errno(detail, "staged");
        }
    }
    *ret_length = 0;
    *ret_complete = false;
    return SLW_OK;
}

static struct slw_staging_part *part_find(struct slw_staging *staging, const uint8_t *sha256)
{
    for (size_t i = 0; i < staging->parts_count; i++) {
        if (memcmp(staging->parts[i].sha256, sha256, SLW_SHA256_SIZE) == 0) {
            return &staging->parts[i];
        }
    }
    return NULL;
}

/* A place for another upload: the one that wasn't used for longest goes, its file stays. */
static struct slw_staging_part *part_take(struct slw_staging *staging)
{
    if (staging->parts_count < SLW_STAGING_PARTS_MAX) {
        return &staging->parts[staging->parts_count++];
    }
    struct slw_staging_part *oldest = &staging->parts[0];
    for (size_t i = 1; i < staging->parts_count; i++) {
        oldest = staging->parts[i].used < oldest->used ? &staging->parts[i] : oldest;
    }
    return oldest;
}

static enum slw_status hash_file(int descriptor, uint64_t length, struct slw_sha256 *hash,
                                 struct slw_detail *detail)
{
    uint8_t block[CHECK_BLOCK_SIZE];
    uint64_t at = 0;
    while (at < length) {
        size_t wanted = (size_t)slw_min_u64(length - at, sizeof block);
        ssize_t got = pread(descriptor, block, wanted, (off_t)at);
        if (got <= 0) {
            return got < 0 ? slw_explain_errno(detail, "staged")
                           : slw_explain(detail, SLW_IO, "a staged file became shorter");
        }
        slw_sha256_update(hash, slw_bytes_make(block, (size_t)got));
        at += (uint64_t)got;
    }
    return SLW_OK;
}

static enum slw_status over_limits(const struct slw_staging *staging, uint64_t announced,
                                   struct slw_detail *detail)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < staging->parts_count; i++) {
        sum += staging->parts[i].announced - staging->parts[i].length;
    }
    if (staging->count >= staging->limits.count || !slw_add_u64(sum, staging->bytes, &sum) ||
        !slw_add_u64(sum, announced, &sum) || sum > staging->limits.bytes) {
        return slw_explain(detail, SLW_TOO_MANY, "no room for more staged bundles at present");
    }
    return SLW_OK;
}

/* The upload's memory, with the hash over what its file has; for one that is new, if there is room.
 */
static enum slw_status part_open(struct slw_staging *staging, const uint8_t *sha256,
                                 uint64_t announced, int descriptor, bool is_new,
                                 struct slw_staging_part **ret_part, struct slw_detail *detail)
{
    struct slw_staging_part *part = part_find(staging, sha256);
    if (part == NULL) {
        struct slw_staging_part fresh = {.announced = announced};
        struct stat facts;
        memcpy(fresh.sha256, sha256, sizeof fresh.sha256);
        slw_sha256_init(&fresh.hash);
        if (fstat(descriptor, &facts) != 0) {
            return slw_explain_errno(detail, "staged");
        }
        fresh.length = (uint64_t)facts.st_size;
        SLW_TRY(hash_file(descriptor, fresh.length, &fresh.hash, detail));
        part = part_take(staging);
        *part = fresh;
        staging->count += is_new ? 1 : 0;
    }
    *ret_part = part;
    return SLW_OK;
}

static void part_forget(struct slw_staging *staging, struct slw_staging_part *part)
{
    *part = staging->parts[--staging->parts_count];
}

static enum slw_status write_all(int descriptor, uint64_t offset, struct slw_bytes bytes,
                                 struct slw_detail *detail)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t written =
            pwrite(descriptor, bytes.ptr + done, bytes.len - done, (off_t)(offset + done));
        if (written < 0 && errno != EINTR) {
            return slw_explain_errno(detail, "staged");
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return SLW_OK;
}

/* All bytes are there: the right ones get their name, others go. */
static enum slw_status part_complete(struct slw_staging *staging, struct slw_staging_part *part,
                                     struct slw_detail *detail)
{
    char partial[NAME_SIZE];
    char name[NAME_SIZE];
    uint8_t digest[SLW_SHA256_SIZE];
    name_of(part->sha256, ".part", partial);
    name_of(part->sha256, "", name);
    slw_sha256_final(&part->hash, digest);
    if (memcmp(digest, part->sha256, sizeof digest) != 0) {
        uint8_t sha256[SLW_SHA256_SIZE];
        memcpy(sha256, part->sha256, sizeof sha256);
        slw_staging_remove(staging, sha256);
        return slw_explain(detail, SLW_WRONG_HASH, "what was uploaded isn't what was announced");
    }
    part_forget(staging, part);
    if (renameat(staging->directory, partial, staging->directory, name) != 0) {
        return slw_explain_errno(detail, "staged");
    }
    return SLW_OK;
}

/* Writes what is new of bytes, and hashes what it wrote. */
static enum slw_status part_extend(struct slw_staging *staging, struct slw_staging_part *part,
                                   int descriptor, uint64_t offset, struct slw_bytes bytes,
                                   struct slw_detail *detail)
{
    uint64_t known = part->length - offset;
    if (known >= bytes.len) {
        return SLW_OK;
    }
    struct slw_bytes fresh = slw_bytes_make(bytes.ptr + known, bytes.len - (size_t)known);
    enum slw_status status = write_all(descriptor, part->length, fresh, detail);
    if (status != SLW_OK) {
        /* The file has what the hash is over, no more. */
        return ftruncate(descriptor, (off_t)part->length) == 0
                   ? status
                   : slw_explain_errno(detail, "staged");
    }
    slw_sha256_update(&part->hash, fresh);
    part->length += fresh.len;
    staging->bytes += fresh.len;
    return SLW_OK;
}

static enum slw_status append_to(struct slw_staging *staging, struct slw_staging_part *part,
                                 int descriptor, uint64_t offset, struct slw_bytes bytes,
                                 uint64_t *ret_length, struct slw_detail *detail)
{
    static int64_t uses;
    part->used = ++uses;
    enum slw_status status = SLW_OK;
    if (offset <= part->length) {
        status = part_extend(staging, part, descriptor, offset, bytes, detail);
    }
    uint64_t length = part->length;
    if (status == SLW_OK && length == part->announced) {
        status = part_complete(staging, part, detail);
    }
    if (status == SLW_OK) {
        *ret_length = length;
    }
    return status;
}

enum slw_status slw_staging_append(struct slw_staging *staging,
                                   const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t announced,
                                   uint64_t offset, struct slw_bytes bytes, uint64_t *ret_length,
                                   struct slw_detail *detail)
{
    uint64_t length;
    uint64_t end;
    bool complete;
    SLW_TRY(slw_staging_length(staging, sha256, &length, &complete, detail));
    if (!slw_add_u64(offset, bytes.len, &end) || end > announced) {
        return slw_explain(detail, SLW_TOO_LARGE, "more bytes than were announced");
    }
    if (complete) {
        *ret_length = length;
        return SLW_OK;
    }
    const struct slw_staging_part *known = part_find(staging, sha256);
    if (length > announced || (known != NULL && known->announced != announced)) {
        slw_staging_remove(staging, sha256); /* it was announced with another length */
        length = 0;
    }
    bool is_new = length == 0 && part_find(staging, sha256) == NULL;
    if (is_new) {
        SLW_TRY(over_limits(staging, announced, detail));
    }
    char name[NAME_SIZE];
    name_of(sha256, ".part", name);
    int descriptor =
        openat(staging->directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return slw_explain_errno(detail, "staged");
    }
    struct slw_staging_part *part = NULL;
    enum slw_status status =
        part_open(staging, sha256, announced, descriptor, is_new, &part, detail);
    if (status == SLW_OK) {
        status = append_to(staging, part, descriptor, offset, bytes, ret_length, detail);
    }
    close(descriptor);
    return status;
}

enum slw_status slw_staging_read_open(const struct slw_staging *staging,
                                      const uint8_t sha256[static SLW_SHA256_SIZE],
                                      int *ret_descriptor, struct slw_detail *detail)
{
    char name[NAME_SIZE];
    name_of(sha256, "", name);
    int descriptor = openat(staging->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        return errno == ENOENT ? slw_explain(detail, SLW_NOT_FOUND, "it isn't uploaded (any more)")
                               : slw_explain_errno(detail, "staged");
    }
    *ret_descriptor = descriptor;
    return SLW_OK;
}

enum slw_status slw_staging_check(int descriptor, const uint8_t sha256[static SLW_SHA256_SIZE],
                                  struct slw_detail *detail)
{
    struct stat facts;
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    if (fstat(descriptor, &facts) != 0) {
        return slw_explain_errno(detail, "staged");
    }
    slw_sha256_init(&hash);
    SLW_TRY(hash_file(descriptor, (uint64_t)facts.st_size, &hash, detail));
    slw_sha256_final(&hash, digest);
    return memcmp(digest, sha256, sizeof digest) == 0
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_HASH, "the staged copy isn't what was announced");
}

static void remove_named(struct slw_staging *staging, const char *name)
{
    struct stat facts;
    if (fstatat(staging->directory, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
        unlinkat(staging->directory, name, 0) == 0) {
        staging->count -= staging->count > 0 ? 1 : 0;
        staging->bytes -= slw_min_u64(staging->bytes, (uint64_t)facts.st_size);
    }
}

void slw_staging_remove(struct slw_staging *staging, const uint8_t sha256[static SLW_SHA256_SIZE])
{
    char name[NAME_SIZE];
    struct slw_staging_part *part = part_find(staging, sha256);
    name_of(sha256, ".part", name);
    remove_named(staging, name);
    name_of(sha256, "", name);
    remove_named(staging, name);
    if (part != NULL) {
        part_forget(staging, part);
    }
}

void slw_staging_sweep(struct slw_staging *staging, int64_t now_utc_s,
                       bool (*keep)(void *context, const uint8_t *sha256), void *context)
{
    int copy = openat(staging->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        if (copy >= 0) {
            close(copy);
        }
        return;
    }
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        uint8_t sha256[SLW_SHA256_SIZE];
        bool part;
        struct stat facts;
        if (name_read(entry->d_name, sha256, &part) &&
            fstatat(staging->directory, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            facts.st_mtim.tv_sec < now_utc_s - (int64_t)staging->limits.age_s &&
            !keep(context, sha256)) {
            slw_staging_remove(staging, sha256);
        }
    }
    closedir(stream);
}
