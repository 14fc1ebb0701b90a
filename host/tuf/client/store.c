/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata directory of a client: the functions of store.h. */
#include "store.h"

#include "slipway/crypto.h"
#include "slipway/explain.h"
#include "slipway/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_NAME "=recovery"
#define LOCK_NAME ".lock"
#define PARTIAL_PREFIX "=partial-"
#define NOTE_SIZE_MAX 32u

static void append_digest(struct slw_bytes name, struct slw_heap_buffer *ret_text)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, name);
    slw_sha256_final(&hash, digest);
    slw_heap_append_text(ret_text, "=");
    slw_hex(slw_bytes_make(digest, sizeof digest), ret_text);
}

enum slw_status slw_tuf_file_name(struct slw_bytes name, struct slw_heap_buffer *ret_text,
                                  struct slw_detail *detail)
{
    size_t start = ret_text->len;
    if (name.len == 0) {
        return slw_explain(detail, SLW_BAD_NAME, "an empty name can't be that of a file");
    }
    slw_tuf_encode_name(name, ret_text);
    if (ret_text->status == SLW_OK && ret_text->len - start > SLW_TUF_FILE_NAME_MAX) {
        ret_text->len = start;
        append_digest(name, ret_text);
    }
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/* slw_tuf_encode_name() escapes "." and ".." whole; with something behind them they are harmless.
 */
static bool is_dots(struct slw_bytes name)
{
    return slw_bytes_equal(name, SLW_BYTES_OF(".")) || slw_bytes_equal(name, SLW_BYTES_OF(".."));
}

void slw_tuf_append_role_file(struct slw_bytes role, struct slw_heap_buffer *ret_text)
{
    if (is_dots(role)) {
        slw_heap_append(ret_text, role);
    } else {
        slw_tuf_encode_name(role, ret_text);
    }
    slw_heap_append_text(ret_text, ".json");
    (void)slw_heap_text(ret_text);
}

/*
 * Whether a delegated role is called as a top-level one but for case. A file system that takes
 * ROOT.json for root.json (FAT, for one) would have whoever may delegate replace the trusted root,
 * or the timestamp that stands against rollback.
 */
static bool is_almost_top_level(struct slw_bytes role)
{
    for (unsigned i = 0; i < SLW_TUF_TYPES; i++) {
        const char *name = slw_tuf_type_name((enum slw_tuf_type)i);
        if (role.len == strlen(name) && strncasecmp((const char *)role.ptr, name, role.len) == 0) {
            return memcmp(role.ptr, name, role.len) != 0;
        }
    }
    return false;
}

/* Appends DIRECTORY/ROLE.json. */
static enum slw_status append_path(const char *directory, struct slw_bytes role,
                                   struct slw_heap_buffer *ret_path, struct slw_detail *detail)
{
    slw_heap_printf(ret_path, "%s/", directory);
    if (is_dots(role)) {
        slw_tuf_append_role_file(role, ret_path);
    } else if (is_almost_top_level(role)) {
        append_digest(role, ret_path);
        slw_heap_append_text(ret_path, ".json");
        (void)slw_heap_text(ret_path);
    } else {
        SLW_TRY(slw_tuf_file_name(role, ret_path, detail));
        slw_heap_append_text(ret_path, ".json");
        (void)slw_heap_text(ret_path);
    }
    return ret_path->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status slw_tuf_store_read(const char *directory, struct slw_bytes role,
                                   struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    enum slw_status status = append_path(directory, role, &path, detail);
    if (status == SLW_OK) {
        status = slw_file_read(slw_heap_text(&path), SLW_JSON_SIZE_MAX, ret_bytes, detail);
    }
    slw_heap_free(&path);
    return status;
}

enum slw_status slw_tuf_store_write(const char *directory, struct slw_bytes role,
                                    struct slw_bytes bytes, struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    enum slw_status status = append_path(directory, role, &path, detail);
    if (status == SLW_OK) {
        status = slw_file_write(slw_heap_text(&path), SLW_OUTPUT_REPLACE, bytes, detail);
    }
    slw_heap_free(&path);
    return status;
}

enum slw_status slw_tuf_store_has_root(const char *directory, bool *ret_has,
                                       struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    struct stat about;
    enum slw_status status = append_path(directory, SLW_BYTES_OF("root"), &path, detail);
    if (status == SLW_OK) {
        const char *text = slw_heap_text(&path);
        *ret_has = lstat(text, &about) == 0;
        if (!*ret_has && errno != ENOENT) {
            status = slw_explain_errno(detail, text);
        }
    }
    slw_heap_free(&path);
    return status;
}

enum slw_status slw_tuf_sync_directory(const char *directory, struct slw_detail *detail)
{
    int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return slw_explain_errno(detail, directory);
    }
    enum slw_status status = SLW_OK;
    if (fsync(descriptor) != 0 && errno != EINVAL) {
        status = slw_explain_errno(detail, directory);
    }
    (void)close(descriptor);
    return status;
}

/* Removes DIRECTORY/NAME; *ret_removed stays when there was none. */
static enum slw_status remove_file(const char *directory, const char *name, bool *ret_removed,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    slw_heap_printf(&path, "%s/%s", directory, name);
    const char *text = slw_heap_text(&path);
    enum slw_status status = path.status;
    if (status == SLW_OK && unlink(text) == 0) {
        *ret_removed = true;
    } else if (status == SLW_OK && errno != ENOENT) {
        status = slw_explain_errno(detail, text);
    }
    slw_heap_free(&path);
    return status;
}

enum slw_status slw_tuf_store_note_recovery(const char *directory, int64_t root_version,
                                            struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&path, "%s/" NOTE_NAME, directory);
    slw_heap_printf(&text, "%" PRId64 "\n", root_version);
    const char *path_text = slw_heap_text(&path);
    enum slw_status status = path.status == SLW_OK ? text.status : path.status;
    if (status == SLW_OK) {
        status = slw_file_write(path_text, SLW_OUTPUT_REPLACE, slw_heap_bytes(&text), detail);
    }
    slw_heap_free(&path);
    slw_heap_free(&text);
    return status;
}

/* The root that a note is for; 0 when there is no note. It was written whole, so it reads whole. */
static int64_t read_note(const char *directory)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer text = {0};
    struct slw_detail unused;
    int64_t version = 0;
    slw_heap_printf(&path, "%s/" NOTE_NAME, directory);
    if (slw_file_read(slw_heap_text(&path), NOTE_SIZE_MAX, &text, &unused) == SLW_OK) {
        version = strtoll(slw_heap_text(&text), NULL, 10);
    }
    slw_heap_free(&path);
    slw_heap_free(&text);
    return version;
}

enum slw_status slw_tuf_store_recover(const char *directory, int64_t root_version, bool *ret_forgot,
                                      struct slw_detail *detail)
{
    int64_t noted = read_note(directory);
    bool forgot = false;
    bool had_note = false;
    *ret_forgot = false;
    if (noted == 0) {
        return SLW_OK;
    }
    if (noted <= root_version) {
        SLW_TRY(remove_file(directory, "timestamp.json", &forgot, detail));
        SLW_TRY(remove_file(directory, "snapshot.json", &forgot, detail));
        SLW_TRY(slw_tuf_sync_directory(directory, detail));
    }
    SLW_TRY(remove_file(directory, NOTE_NAME, &had_note, detail));
    *ret_forgot = forgot;
    return SLW_OK;
}

static bool ends_in_json(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static bool is_targets_metadata(const char *directory, const char *name)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_detail unused;
    slw_heap_printf(&path, "%s/%s", directory, name);
    bool is = slw_file_read(slw_heap_text(&path), SLW_JSON_SIZE_MAX, &bytes, &unused) == SLW_OK &&
              slw_tuf_file_parse(name, &bytes, SLW_JSON_SIZE_MAX, SLW_TUF_TARGETS, &file,
                                 &unused) == SLW_OK;
    if (is) {
        slw_tuf_file_free(&file);
    }
    slw_heap_free(&bytes);
    slw_heap_free(&path);
    return is;
}

static bool is_partial(const char *name)
{
    return strncmp(name, PARTIAL_PREFIX, sizeof PARTIAL_PREFIX - 1) == 0;
}

static bool is_ours(const char *directory, const char *name, const char *kept)
{
    static const char *const always[] = {"timestamp.json", "snapshot.json", "targets.json",
                                         NOTE_NAME};
    if (strcmp(name, kept) == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (strcmp(name, always[i]) == 0) {
            return true;
        }
    }
    return is_partial(name) || (ends_in_json(name) && is_targets_metadata(directory, name));
}

static bool is_other_partial(const char *directory, const char *name, const char *kept)
{
    (void)directory;
    return is_partial(name) && strcmp(name, kept) != 0;
}

/* Removes each file that wanted() names. */
static enum slw_status remove_each(const char *directory,
                                   bool (*wanted)(const char *directory, const char *name,
                                                  const char *kept),
                                   const char *kept, struct slw_detail *detail)
{
    DIR *stream = opendir(directory);
    if (stream == NULL) {
        return slw_explain_errno(detail, directory);
    }
    enum slw_status status = SLW_OK;
    bool removed = false;
    for (struct dirent *entry = readdir(stream); status == SLW_OK && entry != NULL;
         entry = readdir(stream)) {
        if (wanted(directory, entry->d_name, kept)) {
            status = remove_file(directory, entry->d_name, &removed, detail);
        }
    }
    (void)closedir(stream);
    return status;
}

enum slw_status slw_tuf_store_clear(const char *directory, struct slw_detail *detail)
{
    SLW_TRY(remove_each(directory, is_ours, "root.json", detail));
    return slw_tuf_sync_directory(directory, detail);
}

enum slw_status slw_tuf_store_partial_path(const char *directory, struct slw_bytes hex,
                                           struct slw_heap_buffer *ret_path,
                                           struct slw_detail *detail)
{
    size_t start = ret_path->len + strlen(directory) + 1;
    slw_heap_printf(ret_path, "%s/" PARTIAL_PREFIX, directory);
    slw_tuf_encode_name(hex, ret_path);
    const char *text = slw_heap_text(ret_path);
    if (ret_path->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    return remove_each(directory, is_other_partial, text + start, detail);
}

/*
 * A file that nobody else may open: who can open something may lock it, and the directory is mostly
 * readable for all. -1, with errno, when it can't be had.
 */
static int open_lock_file(const char *directory)
{
    struct slw_heap_buffer path = {0};
    slw_heap_printf(&path, "%s/" LOCK_NAME, directory);
    const char *text = slw_heap_text(&path);
    int descriptor = -1;
    errno = ENOMEM;
    if (path.status == SLW_OK) {
        descriptor = open(text, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    }
    int failure = errno;
    slw_heap_free(&path);
    errno = failure;
    return descriptor;
}

enum slw_status slw_tuf_store_lock(const char *directory, int *ret_lock, struct slw_detail *detail)
{
    int descriptor = open_lock_file(directory);
    if (descriptor < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
        /* What may only be read is locked as a whole. */
        descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (descriptor < 0) {
        return slw_explain_errno(detail, directory);
    }
    int result = 0;
    do {
        result = flock(descriptor, LOCK_EX);
    } while (result != 0 && errno == EINTR);
    *ret_lock = descriptor;
    return SLW_OK;
}

void slw_tuf_store_unlock(int lock)
{
    (void)close(lock);
}
