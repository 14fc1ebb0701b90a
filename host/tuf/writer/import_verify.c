/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying a repository that is to be adopted: our client follows it through a port that keeps
 * what the client asked for. A file that the client didn't take ends the import, so what was kept
 * is what was verified, the very bytes; another look at the directory could see others.
 */
#include "exchange.h"

#include "slipway/tuf_client.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Roots are followed to their end, however many there are. */
#define ROOTS_MAX 65536u

struct verify {
    const struct slw_tuf_writer *writer;
    const struct slw_storage *verified;
    const struct slw_fetch_port *directory;
    struct slw_fetch_port port; /* over it */
    struct slw_tuf_client *client;
};

static enum slw_status keep(const struct verify *verify, const char *key, struct slw_bytes bytes,
                            struct slw_detail *detail)
{
    const struct slw_storage *storage = verify->verified;
    struct slw_memory_source source;
    slw_memory_source_init(&source, bytes);
    return storage->put_immutable(storage->context, SLW_STORAGE_NO_LEASE, key, &source.source,
                                  detail);
}

static enum slw_status pass_on(const struct verify *verify, const char *path,
                               struct slw_bytes bytes, const struct slw_fetch_sink *sink,
                               struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    int len = snprintf(key, sizeof key, "metadata/%s", path);
    if (len < 0 || (size_t)len >= sizeof key) {
        return slw_explain(detail, SLW_BAD_NAME, "%.100s…: too long a name", path);
    }
    SLW_TRY(keep(verify, key, bytes, detail));
    SLW_TRY(sink->begin(sink->context, 0));
    return bytes.len == 0 ? SLW_OK : sink->write(sink->context, bytes);
}

static enum slw_status get(void *context, unsigned mirror, const struct slw_fetch_request *request,
                           const struct slw_fetch_sink *sink, struct slw_detail *detail)
{
    const struct verify *verify = context;
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_fetch_to_heap(verify->directory, mirror, request, &bytes, detail);
    if (status == SLW_OK) {
        status = pass_on(verify, request->path, slw_heap_bytes(&bytes), sink, detail);
    }
    slw_heap_free(&bytes);
    return status;
}

static void watch(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                  const char *text)
{
    const struct verify *verify = context;
    if (event == SLW_TUF_EVENT_EXPIRED) {
        slw_tuf_writer_tell(verify->writer,
                            "%s: version %" PRId64 " expired at %s: taken all the same, and to "
                            "be signed again",
                            name, number, text);
    }
}

static enum slw_status root_version(const struct verify *verify, int64_t *ret_version,
                                    struct slw_detail *detail)
{
    struct slw_tuf_common common = {0};
    if (!slw_tuf_client_trusted(verify->client, SLW_TUF_ROOT, &common)) {
        return slw_explain(detail, SLW_NO_TRUSTED_ROOT, "there is no trusted root");
    }
    *ret_version = common.version;
    return SLW_OK;
}

static enum slw_status keep_trusted(const struct verify *verify, struct slw_bytes root,
                                    int64_t *ret_version, struct slw_detail *detail)
{
    char key[SLW_TUF_KEY_SIZE];
    int64_t version = 0;
    SLW_TRY(root_version(verify, &version, detail));
    slw_tuf_key_of(version, "root", key);
    SLW_TRY(keep(verify, key, root, detail));
    if (version > 1) {
        slw_tuf_writer_tell(verify->writer,
                            "roots before version %" PRId64 " aren't adopted: clients that trust "
                            "an older one can't go on from it",
                            version);
    }
    *ret_version = version;
    return SLW_OK;
}

/* The writer publishes consistent snapshots only, and a root can't turn them on under a snapshot
 * and targets whose files have no version in their names. */
static enum slw_status check_consistent(const struct verify *verify, struct slw_detail *detail)
{
    const struct slw_storage *storage = verify->verified;
    char key[SLW_TUF_KEY_SIZE];
    int64_t version = 0;
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_tuf_root root;
    SLW_TRY(root_version(verify, &version, detail));
    slw_tuf_key_of(version, "root", key);
    SLW_TRY(storage->get(storage->context, key, SLW_TUF_EDITION_BYTES_MAX, &bytes, detail));
    SLW_TRY(
        slw_tuf_file_parse(key, &bytes, SLW_TUF_EDITION_BYTES_MAX, SLW_TUF_ROOT, &file, detail));
    enum slw_status status = slw_tuf_root_read(&file, SLW_TUF_KEY_IDS_CHECKED, &root, detail);
    if (status == SLW_OK) {
        if (!root.consistent_snapshot) {
            status = slw_explain(detail, SLW_WRONG_STATE,
                                 "%s: consistent_snapshot is false: only repositories with "
                                 "consistent snapshots can be adopted",
                                 key);
        }
        slw_tuf_root_free(&root);
    }
    slw_tuf_file_free(&file);
    return status;
}

static enum slw_status take_nothing(void *context, struct slw_bytes role,
                                    const struct slw_tuf_target *target)
{
    (void)context;
    (void)role;
    (void)target;
    return SLW_OK;
}

static enum slw_status follow(struct verify *verify, struct slw_bytes trusted_root,
                              int64_t *ret_first_root, struct slw_detail *detail)
{
    int64_t first_root = 0;
    SLW_TRY(keep_trusted(verify, trusted_root, &first_root, detail));
    SLW_TRY(slw_tuf_client_refresh(verify->client, detail));
    SLW_TRY(check_consistent(verify, detail));
    /* Loads every role that can be reached. No path is "", so no target is looked for. */
    SLW_TRY(slw_tuf_client_list(verify->client, NULL, "", take_nothing, NULL, detail));
    *ret_first_root = first_root;
    return SLW_OK;
}

static enum slw_status run_client(struct verify *verify, const char *state, const char *root_name,
                                  struct slw_bytes trusted_root, int64_t *ret_first_root,
                                  struct slw_detail *detail)
{
    const struct slw_tuf_observer observer = {verify, watch};
    const struct slw_tuf_client_options options = {
        .metadata_directory = state,
        .fetch = &verify->port,
        .limits = {.root_rotations = ROOTS_MAX},
        .key_ids = SLW_TUF_KEY_IDS_CHECKED,
        .expiry = SLW_TUF_EXPIRY_TOLD,
        .observer = &observer,
    };
    SLW_TRY(slw_tuf_client_trust(state, root_name, trusted_root, SLW_TUF_KEY_IDS_CHECKED, detail));
    SLW_TRY(slw_tuf_client_open(&options, &verify->client, detail));
    enum slw_status status = follow(verify, trusted_root, ret_first_root, detail);
    slw_tuf_client_free(verify->client);
    return status;
}

/* The client's own files, all in one directory. */
static void remove_state(const char *path)
{
    DIR *directory = opendir(path);
    for (const struct dirent *entry = directory == NULL ? NULL : readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    (void)rmdir(path);
}

enum slw_status slw_tuf_import_verify(const struct slw_tuf_writer *writer, const char *directory,
                                      const char *root_name, struct slw_bytes trusted_root,
                                      const struct slw_storage *verified, int64_t *ret_first_root,
                                      struct slw_detail *detail)
{
    struct slw_directory_fetcher *fetcher = NULL;
    struct slw_heap_buffer state = {0};
    struct verify verify = {.writer = writer, .verified = verified};
    const char *folder = getenv("TMPDIR");
    SLW_TRY(slw_directory_fetcher_new(directory, &fetcher, detail));
    verify.directory = slw_directory_fetcher_port(fetcher);
    verify.port = (struct slw_fetch_port){&verify, 1, get};
    slw_heap_printf(&state, "%s/slipway-import-XXXXXX",
                    folder == NULL || folder[0] == '\0' ? "/tmp" : folder);
    enum slw_status status = SLW_OK;
    if (slw_heap_text(&state)[0] == '\0') {
        status = slw_explain_no_memory(detail);
    } else if (mkdtemp((char *)state.ptr) == NULL) {
        status = slw_explain_errno(detail, slw_heap_text(&state));
    } else {
        status = run_client(&verify, slw_heap_text(&state), root_name, trusted_root, ret_first_root,
                            detail);
        remove_state(slw_heap_text(&state));
    }
    slw_heap_free(&state);
    slw_directory_fetcher_free(fetcher);
    return status;
}
