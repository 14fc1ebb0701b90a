/* SPDX-License-Identifier: Apache-2.0 */
/* See confine.h. Files are found in the settings: directories of what is read, for files may be
 * replaced by others of their name; what it writes. */
#include "confine.h"

#include "depot.h"

#include "slipway/sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Addresses of others by their names, certificates of authorities, libraries that are loaded late;
 * the process itself, for its measurements. */
static const char *const of_system[] = {"/etc/resolv.conf",
                                        "/etc/hosts",
                                        "/etc/nsswitch.conf",
                                        "/etc/gai.conf",
                                        "/etc/host.conf",
                                        "/etc/ssl",
                                        "/usr/share/ca-certificates",
                                        "/usr/lib",
                                        "/lib",
                                        "/proc/self",
                                        "/usr/share/zoneinfo"};
#define OF_SYSTEM (sizeof of_system / sizeof of_system[0])

struct paths {
    const char *readable[SLW_SANDBOX_PATHS_MAX];
    size_t readable_count;
    const char *writable[SLW_SANDBOX_PATHS_MAX];
    size_t writable_count;
};

/* Paths stay until the process ends: it is confined once. */
static enum slw_status add(const char *path, size_t len, const char **list, size_t *count,
                           struct slw_detail *detail)
{
    if (*count == SLW_SANDBOX_PATHS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "files in more than %u directories",
                           SLW_SANDBOX_PATHS_MAX);
    }
    for (size_t i = 0; i < *count; i++) {
        if (strlen(list[i]) == len && strncmp(list[i], path, len) == 0) {
            return SLW_OK;
        }
    }
    char *copy = strndup(path, len);
    if (copy == NULL) {
        return slw_explain_no_memory(detail);
    }
    list[(*count)++] = copy;
    return SLW_OK;
}

static enum slw_status add_directory_of(const char *path, const char **list, size_t *count,
                                        struct slw_detail *detail)
{
    const char *slash = strrchr(path, '/');
    if (path[0] == '\0') {
        return SLW_OK;
    }
    return slash == NULL ? add(".", 1, list, count, detail)
                         : add(path, (size_t)(slash - path) + 1, list, count, detail);
}

static enum slw_status add_file(void *context, const char *path, struct slw_detail *detail)
{
    struct paths *paths = context;
    return add_directory_of(path, paths->readable, &paths->readable_count, detail);
}

static enum slw_status add_readable(const struct depot_settings *settings, struct paths *paths,
                                    struct slw_detail *detail)
{
    const char *const files[] = {settings->tls_certificate,
                                 settings->tls_key,
                                 settings->client_ca,
                                 settings->secret_file,
                                 settings->s3.secret_file,
                                 settings->s3.ca_file,
                                 settings->signer.ca,
                                 settings->signer.key,
                                 settings->signer.certificate,
                                 settings->repository.keys,
                                 settings->signer.requester_key,
                                 settings->repository.ca_file};
    for (size_t i = 0; i < OF_SYSTEM; i++) {
        SLW_TRY(add(of_system[i], strlen(of_system[i]), paths->readable, &paths->readable_count,
                    detail));
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        SLW_TRY(add_directory_of(files[i], paths->readable, &paths->readable_count, detail));
    }
    SLW_TRY(slw_database_files(settings->database, add_file, paths, detail));
    if (settings->osv[0] != '\0') {
        SLW_TRY(add(settings->osv, strlen(settings->osv), paths->readable, &paths->readable_count,
                    detail));
    }
    for (size_t i = 0; i < settings->signer.keys_count; i++) {
        SLW_TRY(add_directory_of(settings->signer.keys[i].file, paths->readable,
                                 &paths->readable_count, detail));
    }
    for (size_t i = 0; i < settings->signer.roots_count; i++) {
        SLW_TRY(add_directory_of(settings->signer.roots[i].file, paths->readable,
                                 &paths->readable_count, detail));
    }
    return SLW_OK;
}

/* A directory; made when it isn't there, since only what is there can be kept. */
static enum slw_status make_and_add(const char *path, struct paths *paths,
                                    struct slw_detail *detail)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    return add(path, strlen(path), paths->writable, &paths->writable_count, detail);
}

/* "dir:PATH" of a setting. */
static enum slw_status add_store(const char *url, struct paths *paths, struct slw_detail *detail)
{
    return strncmp(url, "dir:", strlen("dir:")) == 0
               ? make_and_add(url + strlen("dir:"), paths, detail)
               : SLW_OK;
}

static enum slw_status add_writable(const struct depot_settings *settings, struct paths *paths,
                                    struct slw_detail *detail)
{
    if (strncmp(settings->database, "sqlite:", strlen("sqlite:")) == 0) {
        SLW_TRY(add_directory_of(settings->database + strlen("sqlite:"), paths->writable,
                                 &paths->writable_count, detail));
    }
    SLW_TRY(add_directory_of(settings->socket, paths->writable, &paths->writable_count, detail));
    SLW_TRY(add_store(settings->blobs, paths, detail));
    SLW_TRY(add_store(settings->repository.storage, paths, detail));
    if (settings->repository.work[0] != '\0') {
        SLW_TRY(make_and_add(settings->repository.work, paths, detail));
    }
    const char *tokens = settings->repository.token_path;
    return tokens[0] == '\0'
               ? SLW_OK
               : add(tokens, strlen(tokens), paths->writable, &paths->writable_count, detail);
}

static enum slw_status confine_files(const struct depot_settings *settings,
                                     struct slw_detail *detail)
{
    static struct paths found; /* stays: see add() */
    struct slw_sandbox_done done = {0};
    SLW_TRY(add_readable(settings, &found, detail));
    SLW_TRY(add_writable(settings, &found, detail));
    const struct slw_sandbox_paths paths = {
        .readable = found.readable,
        .readable_count = found.readable_count,
        .writable = found.writable,
        .writable_count = found.writable_count,
        .network = true,
    };
    SLW_TRY(slw_sandbox_restrict_paths(&paths, &done, detail));
    if (done.missing[0] != '\0') {
        depot_log("warning", "depot", "%s", done.missing);
    }
    return SLW_OK;
}

enum slw_status depot_confine(const struct depot_settings *settings, struct slw_detail *detail)
{
    if (settings->user[0] != '\0') {
        struct slw_sandbox_user user;
        SLW_TRY(slw_sandbox_find_user(settings->user, &user, detail));
        SLW_TRY(slw_sandbox_drop_user(&user, detail));
    }
    if (!settings->sandbox) {
        return SLW_OK;
    }
    slw_sandbox_load_name_service(); /* of a database, a bucket, the signing service */
    SLW_TRY(slw_sandbox_forbid_dumps(detail));
    SLW_TRY(slw_sandbox_forbid_privileges(detail));
    SLW_TRY(confine_files(settings, detail));
    return slw_sandbox_restrict_calls(SLW_SANDBOX_DEPOT, SLW_SANDBOX_KILL, detail);
}
