/* SPDX-License-Identifier: Apache-2.0 */
/* Section 5.7: fetching a target, over broken transfers and bad mirrors. */
#include "client.h"
#include "partial.h"

#include "slipway/explain.h"
#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a transfer that broke, but brought something, is taken up again from one mirror. */
#define SLW_TUF_RESUMES_MAX 16u

struct download {
    struct slw_tuf_client *client;
    const struct slw_tuf_target *target;
    struct slw_heap_buffer name; /* of the target, quoted */
    struct slw_heap_buffer url;  /* what it is asked for by */
    struct slw_bytes hex;        /* one of its hashes */
    struct slw_tuf_partial partial;
};

/* Prefers sha256, of which every repository has files by. */
static enum slw_status choose_hash(struct download *download, struct slw_detail *detail)
{
    const struct slw_tuf_target *target = download->target;
    uint32_t value = slw_json_member(target->json, target->hashes, SLW_BYTES_OF("sha256"));
    if (value == SLW_JSON_NONE) {
        value = slw_json_member(target->json, target->hashes, SLW_BYTES_OF("sha512"));
    }
    if (value == SLW_JSON_NONE) {
        return slw_explain(detail, SLW_MISSING_HASH, "target %s: no hash that is known here",
                           slw_heap_text(&download->name));
    }
    download->hex = slw_json_string(target->json, value);
    return SLW_OK;
}

/* Appends a path with each of its parts encoded. */
static void append_encoded_path(struct slw_bytes path, struct slw_heap_buffer *ret_text)
{
    size_t start = 0;
    for (size_t i = 0; i <= path.len; i++) {
        if (i == path.len || path.ptr[i] == '/') {
            slw_tuf_encode_name(slw_bytes_make(path.ptr + start, i - start), ret_text);
            slw_heap_append_text(ret_text, i == path.len ? "" : "/");
            start = i + 1;
        }
    }
}

/*
 * "If consistent snapshots are not used …, then the filename used to download the target file is of
 * the fixed form FILENAME.EXT (e.g., foobar.tar.gz). Otherwise, the filename is of the form
 * HASH.FILENAME.EXT …, where HASH is one of the hashes of the targets file".
 */
static enum slw_status make_url(struct download *download, struct slw_detail *detail)
{
    struct slw_bytes path = download->target->path;
    size_t base = path.len;
    while (base > 0 && path.ptr[base - 1] != '/') {
        base--;
    }
    append_encoded_path(slw_bytes_make(path.ptr, base), &download->url);
    if (download->client->root->content.consistent_snapshot) {
        slw_tuf_encode_name(download->hex, &download->url);
        slw_heap_append_text(&download->url, ".");
    }
    slw_tuf_encode_name(slw_bytes_make(path.ptr + base, path.len - base), &download->url);
    (void)slw_heap_text(&download->url);
    return download->url.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/*
 * TARGETPATH "MUST be a path-relative-URL string", which begins with no slash; and servers and
 * proxies make something else of a part that is "." or "..".
 */
static enum slw_status check_path(struct download *download, struct slw_detail *detail)
{
    struct slw_bytes path = download->target->path;
    bool is_good = path.len > 0 && path.len <= SLW_TUF_TARGET_PATH_MAX && path.ptr[0] != '/';
    size_t start = 0;
    for (size_t i = 0; is_good && i <= path.len; i++) {
        if (i == path.len || path.ptr[i] == '/') {
            struct slw_bytes part = slw_bytes_make(path.ptr + start, i - start);
            is_good = !slw_bytes_equal(part, SLW_BYTES_OF(".")) &&
                      !slw_bytes_equal(part, SLW_BYTES_OF(".."));
            start = i + 1;
        }
    }
    return is_good ? SLW_OK
                   : slw_explain(detail, SLW_BAD_NAME, "target %s: can't be asked for by its path",
                                 slw_heap_text(&download->name));
}

/* One transfer, from where the last one ended. */
static enum slw_status transfer(struct download *download, const struct slw_fetch_port *port,
                                unsigned mirror, struct slw_detail *detail)
{
    struct slw_fetch_sink sink = slw_tuf_partial_sink(&download->partial);
    struct slw_fetch_request request = {
        .area = SLW_FETCH_TARGETS,
        .path = slw_heap_text(&download->url),
        .limit = download->target->length,
        .resume_from = download->partial.size,
    };
    download->partial.began_at = 0;
    enum slw_status status = port->get(port->context, mirror, &request, &sink, detail);
    if (status != SLW_OK && download->partial.detail.text[0] != '\0') {
        (void)slw_explain(detail, status, "%s: %s", request.path, download->partial.detail.text);
    }
    return status;
}

/* Transfers until the mirror has given all, or no longer gives anything. */
static enum slw_status transfer_all(struct download *download, const struct slw_fetch_port *port,
                                    unsigned mirror, struct slw_detail *detail)
{
    enum slw_status status = SLW_UNAVAILABLE;
    uint64_t most = download->partial.size;
    for (unsigned i = 0; i <= SLW_TUF_RESUMES_MAX && status == SLW_UNAVAILABLE; i++) {
        status = transfer(download, port, mirror, detail);
        if (status == SLW_UNAVAILABLE && download->partial.size <= most) {
            break;
        }
        most = download->partial.size;
    }
    return status;
}

/* What came is void; the reason to say so stays. */
static enum slw_status reject(struct download *download, enum slw_status reason,
                              struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_partial_empty(&download->partial, detail));
    return reason;
}

/*
 * Everything from one mirror. What another mirror, or the same one last week, has given before may
 * be bad: then this one is asked again for the whole before it is blamed.
 */
static enum slw_status attempt(void *context, const struct slw_fetch_port *port, unsigned mirror,
                               struct slw_detail *detail)
{
    struct download *download = context;
    struct slw_detail unused;
    for (unsigned round = 0;; round++) {
        bool had_some = download->partial.size > 0;
        enum slw_status status = transfer_all(download, port, mirror, detail);
        if (status == SLW_TOO_LARGE) {
            return reject(download, status, detail);
        }
        if (status != SLW_OK) {
            return status;
        }
        status = slw_tuf_partial_verify(&download->partial, detail);
        if (!slw_status_is_refusal(status)) {
            return status;
        }
        SLW_TRY(reject(download, SLW_OK, &unused));
        if (round > 0 || !had_some) {
            return status;
        }
    }
}

static enum slw_status fetch(struct download *download, struct slw_detail *detail)
{
    struct slw_tuf_wish wish = {
        .name = slw_heap_text(&download->url), .attempt = attempt, .context = download};
    struct slw_detail unused;
    /* Everything came the last time, and the program was ended before it said so. */
    if (download->partial.size == download->target->length &&
        slw_tuf_partial_verify(&download->partial, &unused) == SLW_OK) {
        return SLW_OK;
    }
    if (download->partial.size == download->target->length) {
        SLW_TRY(slw_tuf_partial_empty(&download->partial, detail));
    }
    SLW_TRY(slw_tuf_partial_check_room(&download->partial, detail));
    return slw_tuf_mirrors_ask(&download->client->mirrors, &wish, detail);
}

static enum slw_status inspect(const struct download *download, const char *path,
                               struct slw_detail *detail)
{
    const struct slw_tuf_inspector *inspector = download->client->inspector;
    return inspector == NULL ? SLW_OK
                             : inspector->look(inspector->context, download->target, path, detail);
}

static enum slw_status fetch_and_place(struct download *download, const char *directory,
                                       const char *path, struct slw_detail *detail)
{
    enum slw_status status = slw_tuf_partial_open(download->client->directory, download->target,
                                                  download->hex, &download->partial, detail);
    download->partial.progress = download->client->progress;
    if (status == SLW_OK) {
        status = fetch(download, detail);
    }
    bool keep = status == SLW_UNAVAILABLE || status == SLW_SLOW_RETRIEVAL;
    if (status == SLW_OK) {
        status = inspect(download, download->partial.path, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_partial_place(&download->partial, directory, path, detail);
        keep = status == SLW_OK; /* under its own name; there is nothing to remove */
    }
    slw_tuf_partial_close(&download->partial, keep);
    return status;
}

/* Whether the file at path is the target already; links aren't followed. */
static bool is_there(const char *path, const struct slw_tuf_target *target)
{
    struct slw_detail unused;
    struct stat about;
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    bool is = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) &&
              (uint64_t)about.st_size == target->length &&
              slw_tuf_verify_file(descriptor, path, target, &unused) == SLW_OK;
    (void)close(descriptor);
    return is;
}

/* A target called root.json may not become the root. */
static enum slw_status check_directory(const struct slw_tuf_client *client, const char *directory,
                                       struct slw_detail *detail)
{
    struct stat there;
    struct stat ours;
    if (stat(directory, &there) != 0) {
        return slw_explain_errno(detail, directory);
    }
    if (!S_ISDIR(there.st_mode)) {
        return slw_explain(detail, SLW_IO, "%s: is %s, not a directory", directory,
                           slw_file_kind(there.st_mode));
    }
    if (stat(client->directory, &ours) == 0 && there.st_dev == ours.st_dev &&
        there.st_ino == ours.st_ino) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: holds the metadata; targets go elsewhere",
                           directory);
    }
    return SLW_OK;
}

static enum slw_status download_to(struct download *download, const char *directory,
                                   struct slw_heap_buffer *path, struct slw_detail *detail)
{
    struct slw_tuf_client *client = download->client;
    const struct slw_tuf_target *target = download->target;
    SLW_TRY(check_path(download, detail));
    slw_heap_printf(path, "%s/", directory);
    SLW_TRY(slw_tuf_file_name(target->path, path, detail));
    const char *path_text = slw_heap_text(path);
    if (path->status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(check_directory(client, directory, detail));
    if (target->length > client->limits.target_bytes) {
        return slw_explain(
            detail, SLW_TOO_LARGE, "target %s: %" PRIu64 " bytes, more than the limit of %" PRIu64,
            slw_heap_text(&download->name), target->length, client->limits.target_bytes);
    }
    SLW_TRY(choose_hash(download, detail));
    SLW_TRY(make_url(download, detail));
    int lock = -1;
    SLW_TRY(slw_tuf_store_lock(client->directory, &lock, detail));
    enum slw_status status = SLW_OK;
    if (!is_there(path_text, target)) {
        status = fetch_and_place(download, directory, path_text, detail);
    } else {
        status = inspect(download, path_text, detail);
        if (slw_status_is_refusal(status)) {
            (void)unlink(path_text);
        }
    }
    slw_tuf_store_unlock(lock);
    return status;
}

enum slw_status slw_tuf_client_download(struct slw_tuf_client *client,
                                        const struct slw_tuf_target *target, const char *directory,
                                        struct slw_heap_buffer *ret_path, struct slw_detail *detail)
{
    struct download download = {.client = client, .target = target, .partial = {.descriptor = -1}};
    struct slw_heap_buffer path = {0};
    if (!client->refreshed) {
        return slw_explain(detail, SLW_WRONG_STATE, "the last refresh didn't succeed");
    }
    slw_quote(target->path, &download.name);
    enum slw_status status = download_to(&download, directory, &path, detail);
    if (status == SLW_OK) {
        slw_heap_append(ret_path, slw_heap_bytes(&path));
        (void)slw_heap_text(ret_path);
        status = ret_path->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_free(&path);
    slw_heap_free(&download.name);
    slw_heap_free(&download.url);
    return status;
}
