/* SPDX-License-Identifier: Apache-2.0 */
/* Private copies of what is to be signed, on disk. See staging.h. */
#include "staging_room.h"

#include "slipway/checked.h"
#include "slipway/explain.h"
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

/* --- Opening --- */

struct finding {
    struct slw_staging *staging;
    const struct slw_claims *(*claims_of)(void *context, const uint8_t *sha256);
    void *context;
};

static bool count_file(const struct finding *finding, const char *file_name)
{
    uint8_t sha256[SLW_SHA256_SIZE];
    bool part;
    struct stat facts;
    return !name_read(file_name, sha256, &part) ||
           fstatat(finding->staging->directory, file_name, &facts, AT_SYMLINK_NOFOLLOW) != 0 ||
           slw_staging_file_found(finding->staging, sha256, (uint64_t)facts.st_size,
                                  finding->claims_of(finding->context, sha256));
}

static DIR *directory_open(const struct slw_staging *staging)
{
    int copy = openat(staging->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL && copy >= 0) {
        close(copy);
    }
    return stream;
}

/* What is there counts; what has no name of ours stays, and isn't ours to judge. */
static enum slw_status count_files(const struct finding *finding, struct slw_detail *detail)
{
    DIR *stream = directory_open(finding->staging);
    if (stream == NULL) {
        return slw_explain_errno(detail, "staged");
    }
    bool good = true;
    for (struct dirent *entry = readdir(stream); good && entry != NULL; entry = readdir(stream)) {
        good = count_file(finding, entry->d_name);
    }
    closedir(stream);
    return good ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status
slw_staging_open(const char *path, const struct slw_staging_limits *limits,
                 const struct slw_claims *(*claims_of)(void *context, const uint8_t *sha256),
                 void *context, struct slw_staging *ret_staging, struct slw_detail *detail)
{
    struct slw_staging staging = {.limits = *limits};
    const struct finding finding = {&staging, claims_of, context};
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    staging.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (staging.directory < 0) {
        return slw_explain_errno(detail, path);
    }
    enum slw_status status = count_files(&finding, detail);
    if (status != SLW_OK) {
        slw_staging_close(&staging);
        return status;
    }
    *ret_staging = staging;
    return SLW_OK;
}

void slw_staging_close(struct slw_staging *staging)
{
    close(staging->directory);
    slw_staging_room_free(staging);
    *staging = (struct slw_staging){.directory = -1};
}

/* --- Uploads --- */

enum slw_status slw_staging_look(const struct slw_staging *staging,
                                 const uint8_t sha256[static SLW_SHA256_SIZE],
                                 struct slw_staging_held *ret_held, struct slw_detail *detail)
{
    static const char *const suffixes[] = {"", ".part"};
    for (size_t i = 0; i < 2; i++) {
        char name[NAME_SIZE];
        struct stat facts;
        name_of(sha256, suffixes[i], name);
        if (fstatat(staging->directory, name, &facts, AT_SYMLINK_NOFOLLOW) == 0) {
            *ret_held = (struct slw_staging_held){(uint64_t)facts.st_size, i == 0};
            return SLW_OK;
        }
        if (errno != ENOENT) {
            return slw_explain_errno(detail, "staged");
        }
    }
    *ret_held = (struct slw_staging_held){0, false};
    return SLW_OK;
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

/* The hash over what its file has: known, or taken from it. */
static enum slw_status part_open(struct slw_staging *staging, struct slw_staging_file *file,
                                 int descriptor, uint64_t length, struct slw_detail *detail)
{
    if (file->part != NULL && file->part->length == length) {
        return SLW_OK;
    }
    struct slw_staging_part *part = slw_staging_part_new(staging, file);
    if (part == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = hash_file(descriptor, length, &part->hash, detail);
    if (status != SLW_OK) {
        slw_staging_part_forget(staging, file);
        return status;
    }
    part->length = length;
    return SLW_OK;
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

static bool is_digest_of(struct slw_sha256 hash, const uint8_t *sha256)
{
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_final(&hash, digest);
    return memcmp(digest, sha256, sizeof digest) == 0;
}

/* What has its digest gets its name. What hasn't is one that goes on, unless nobody announced more:
 * then it goes. */
static enum slw_status part_finish(struct slw_staging *staging, struct slw_staging_file *file,
                                   const struct slw_claims *claims, bool *ret_complete,
                                   struct slw_detail *detail)
{
    const uint64_t length = file->part->length;
    if (length < slw_claims_shortest(claims)) {
        return SLW_OK;
    }
    if (is_digest_of(file->part->hash, file->sha256)) {
        char partial[NAME_SIZE];
        char name[NAME_SIZE];
        name_of(file->sha256, ".part", partial);
        name_of(file->sha256, "", name);
        slw_staging_file_completed(staging, file, length);
        *ret_complete = true;
        return renameat(staging->directory, partial, staging->directory, name) == 0
                   ? SLW_OK
                   : slw_explain_errno(detail, "staged");
    }
    if (length < slw_claims_longest(claims)) {
        return SLW_OK;
    }
    uint8_t sha256[SLW_SHA256_SIZE];
    memcpy(sha256, file->sha256, sizeof sha256);
    slw_staging_remove(staging, sha256);
    return slw_explain(detail, SLW_WRONG_HASH, "what was uploaded isn't what was announced");
}

/* Writes what is new of bytes, and hashes what it wrote. */
static enum slw_status part_extend(struct slw_staging_part *part, int descriptor, uint64_t offset,
                                   struct slw_bytes bytes, struct slw_detail *detail)
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
    return SLW_OK;
}

static enum slw_status append_to(struct slw_staging *staging, const struct slw_staging_piece *piece,
                                 struct slw_staging_file *file, int descriptor,
                                 struct slw_staging_held *held, struct slw_detail *detail)
{
    SLW_TRY(part_open(staging, file, descriptor, held->length, detail));
    file->part->used = ++staging->uses;
    file->part->used_utc_s = piece->now_utc_s;
    if (piece->offset <= file->part->length) {
        SLW_TRY(part_extend(file->part, descriptor, piece->offset, piece->bytes, detail));
    }
    held->length = file->part->length;
    return part_finish(staging, file, piece->claims, &held->complete, detail);
}

/* "Where lengths differ and one of them may be there, bytes from offset 0 on begin it anew": else
 * wrong ones would stay, for what ends them is a length that who announced it needn't ever send. */
static bool begins_anew(const struct slw_claims *claims, uint64_t length, uint64_t offset)
{
    const uint64_t shortest = slw_claims_shortest(claims);
    const uint64_t longest = slw_claims_longest(claims);
    return length > longest ||
           (offset == 0 && length > 0 && length >= shortest && shortest < longest);
}

static enum slw_status part_append(struct slw_staging *staging,
                                   const struct slw_staging_piece *piece,
                                   struct slw_staging_held *held, struct slw_detail *detail)
{
    struct slw_staging_file *file = NULL;
    char name[NAME_SIZE];
    const uint64_t end = piece->offset + piece->bytes.len;
    SLW_TRY(slw_staging_file_reserve(staging, piece, end > held->length ? end : held->length, &file,
                                     detail));
    name_of(piece->sha256, ".part", name);
    int descriptor =
        openat(staging->directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        enum slw_status status = slw_explain_errno(detail, "staged");
        if (held->length == 0) {
            slw_staging_file_forget(staging, file);
        }
        return status;
    }
    enum slw_status status = append_to(staging, piece, file, descriptor, held, detail);
    close(descriptor);
    return status;
}

enum slw_status slw_staging_append(struct slw_staging *staging,
                                   const struct slw_staging_piece *piece,
                                   struct slw_staging_held *ret_held, struct slw_detail *detail)
{
    struct slw_staging_held held;
    uint64_t end;
    SLW_TRY(slw_staging_look(staging, piece->sha256, &held, detail));
    if (!slw_add_u64(piece->offset, piece->bytes.len, &end) ||
        end > (held.complete ? held.length : slw_claims_longest(piece->claims))) {
        return slw_explain(detail, SLW_TOO_LARGE, "more bytes than were announced");
    }
    if (!held.complete) {
        if (begins_anew(piece->claims, held.length, piece->offset)) {
            slw_staging_remove(staging, piece->sha256);
            held.length = 0;
        }
        SLW_TRY(part_append(staging, piece, &held, detail));
    }
    *ret_held = held;
    return SLW_OK;
}

/* --- Reading --- */

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

/* --- Removing --- */

/* Whether it isn't there any more. */
static bool remove_named(const struct slw_staging *staging, const uint8_t *sha256,
                         const char *suffix)
{
    char name[NAME_SIZE];
    name_of(sha256, suffix, name);
    return unlinkat(staging->directory, name, 0) == 0 || errno == ENOENT;
}

void slw_staging_remove(struct slw_staging *staging, const uint8_t sha256[static SLW_SHA256_SIZE])
{
    struct slw_staging_file *file = slw_staging_file_find(staging, sha256);
    bool gone = remove_named(staging, sha256, ".part");
    gone = remove_named(staging, sha256, "") && gone;
    if (file != NULL && gone) {
        slw_staging_file_forget(staging, file);
    } else if (file != NULL) {
        slw_staging_part_forget(staging, file);
    }
}

void slw_staging_remove_damaged(struct slw_staging *staging,
                                const uint8_t sha256[static SLW_SHA256_SIZE], int descriptor)
{
    char name[NAME_SIZE];
    struct stat read;
    struct stat there;
    name_of(sha256, "", name);
    if (fstat(descriptor, &read) == 0 &&
        fstatat(staging->directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        read.st_dev == there.st_dev && read.st_ino == there.st_ino) {
        slw_staging_remove(staging, sha256);
    }
}

void slw_staging_sweep(struct slw_staging *staging, int64_t now_utc_s,
                       bool (*keep)(void *context, const uint8_t *sha256), void *context)
{
    DIR *stream = directory_open(staging);
    if (stream == NULL) {
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
