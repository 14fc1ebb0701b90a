/* SPDX-License-Identifier: Apache-2.0 */
/* Section 5.5: the snapshot. */
#include "client.h"

#include "slipway/explain.h"

#include <inttypes.h>

#define NAME "snapshot.json"

struct snapshot_step {
    struct slw_tuf_client *client;
    const struct slw_tuf_trusted_snapshot *before; /* NULL: none that is still trusted */
    struct slw_tuf_trusted_snapshot *accepted;
};

/*
 * The one in the directory, however old, so that versions can't go back; NULL when there is none,
 * or none that the current root stands for.
 */
static struct slw_tuf_trusted_snapshot *load_local(struct slw_tuf_client *client)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_trusted_snapshot *snapshot = NULL;
    struct slw_detail unused;
    enum slw_status status =
        slw_tuf_store_read(client->directory, SLW_BYTES_OF("snapshot"), &bytes, &unused);
    if (status == SLW_OK) {
        status = slw_tuf_trust_snapshot(NAME, &bytes, SLW_JSON_SIZE_MAX, client->root, &snapshot,
                                        &unused);
    }
    slw_heap_free(&bytes);
    return status == SLW_OK ? snapshot : NULL;
}

/* 5.5.2 */
static enum slw_status check_against_timestamp(const struct slw_tuf_client *client,
                                               struct slw_bytes bytes, struct slw_detail *detail)
{
    /* "The hashes of the new snapshot metadata file MUST match the hashes, if any, listed in the
     * trusted timestamp metadata." */
    return slw_tuf_check_meta(NAME, bytes, &client->timestamp->file.json,
                              &client->timestamp->content.snapshot, detail);
}

/* 5.5.4 */
static enum slw_status check_version(const struct slw_tuf_client *client,
                                     const struct slw_tuf_trusted_snapshot *snapshot,
                                     struct slw_detail *detail)
{
    /* "The version number of the new snapshot metadata file MUST match the version number listed in
     * the trusted timestamp metadata." */
    int64_t wanted = client->timestamp->content.snapshot.version;
    int64_t version = snapshot->content.common.version;
    if (version == wanted) {
        return SLW_OK;
    }
    return slw_explain(detail, SLW_MIX_AND_MATCH,
                       NAME ": is version %" PRId64 ", the timestamp names version %" PRId64,
                       version, wanted);
}

/* Says which name of the trusted snapshot is gone from the new one, or went back. */
static enum slw_status refuse_rollback(struct slw_bytes name, const struct slw_tuf_meta *old,
                                       const struct slw_tuf_meta *new, struct slw_detail *detail)
{
    struct slw_heap_buffer quoted = {0};
    slw_quote(name, &quoted);
    if (new == NULL) {
        (void)slw_explain(detail, SLW_ROLLBACK, NAME ": no longer names %s",
                          slw_heap_text(&quoted));
    } else {
        (void)slw_explain(detail, SLW_ROLLBACK,
                          NAME ": names version %" PRId64 " of %s, older than the trusted %" PRId64,
                          new->version, slw_heap_text(&quoted), old->version);
    }
    slw_heap_free(&quoted);
    return SLW_ROLLBACK;
}

/* 5.5.5 */
static enum slw_status check_rollback(const struct slw_tuf_trusted_snapshot *before,
                                      const struct slw_tuf_trusted_snapshot *after,
                                      struct slw_detail *detail)
{
    for (size_t i = 0; i < before->entries_count; i++) {
        struct slw_bytes name = before->entries[i].name;
        struct slw_tuf_meta old = {0};
        struct slw_tuf_meta new = {0};
        SLW_TRY(slw_tuf_trusted_snapshot_find(before, name, &old));
        /* "Any targets metadata filename that was listed in the trusted snapshot metadata file, if
         * any, MUST continue to be listed in the new snapshot metadata file." */
        if (slw_tuf_trusted_snapshot_find(after, name, &new) != SLW_OK) {
            return refuse_rollback(name, &old, NULL, detail);
        }
        /* "The version number of the targets metadata file, and all delegated targets metadata
         * files, if any, in the trusted snapshot metadata file, if any, MUST be less than or equal
         * to its version number in the new snapshot metadata file." */
        if (new.version < old.version) {
            return refuse_rollback(name, &old, &new, detail);
        }
    }
    return SLW_OK;
}

static enum slw_status check_snapshot(const struct snapshot_step *step,
                                      const struct slw_tuf_trusted_snapshot *snapshot,
                                      struct slw_detail *detail)
{
    SLW_TRY(check_version(step->client, snapshot, detail));
    if (step->before != NULL) {
        SLW_TRY(check_rollback(step->before, snapshot, detail));
    }
    /* "The expiration timestamp in the new snapshot metadata file MUST be higher than the fixed
     * update start time." */
    return slw_tuf_client_check_expiry(step->client, NAME, &snapshot->content.common, detail);
}

static enum slw_status accept_snapshot(void *context, struct slw_heap_buffer *bytes,
                                       struct slw_detail *detail)
{
    struct snapshot_step *step = context;
    struct slw_tuf_trusted_snapshot *snapshot = NULL;
    SLW_TRY(check_against_timestamp(step->client, slw_heap_bytes(bytes), detail));
    SLW_TRY(slw_tuf_trust_snapshot(NAME, bytes, SLW_JSON_SIZE_MAX, step->client->root, &snapshot,
                                   detail));
    enum slw_status status = check_snapshot(step, snapshot, detail);
    if (status != SLW_OK) {
        slw_tuf_trusted_snapshot_free(snapshot);
        return status;
    }
    step->accepted = snapshot;
    return SLW_OK;
}

/* Whether the one in the directory is what the timestamp names, and not expired. */
static enum slw_status check_local(const struct slw_tuf_client *client,
                                   const struct slw_tuf_trusted_snapshot *snapshot,
                                   struct slw_detail *detail)
{
    SLW_TRY(check_against_timestamp(client, slw_heap_bytes(&snapshot->file.bytes), detail));
    SLW_TRY(check_version(client, snapshot, detail));
    return slw_tuf_client_check_expiry(client, NAME, &snapshot->content.common, detail);
}

static enum slw_status fetch(struct snapshot_step *step, struct slw_detail *detail)
{
    struct slw_tuf_client *client = step->client;
    const struct slw_tuf_meta *meta = &client->timestamp->content.snapshot;
    struct slw_heap_buffer path = {0};
    uint64_t limit = 0;
    SLW_TRY(slw_tuf_client_limit(NAME, meta, client->limits.snapshot_bytes, &limit, detail));
    enum slw_status status = slw_tuf_client_metadata_path(client, SLW_BYTES_OF("snapshot"),
                                                          meta->version, &path, detail);
    /* "Download snapshot metadata file, up to either the number of bytes specified in the timestamp
     * metadata file, or some Y number of bytes." */
    if (status == SLW_OK) {
        const struct slw_tuf_metadata_wish wish = {
            .path = slw_heap_text(&path),
            .limit = limit,
            .accept = accept_snapshot,
            .context = step,
        };
        status = slw_tuf_mirrors_get(&client->mirrors, &wish, detail);
    }
    slw_heap_free(&path);
    /* "Persist snapshot metadata." */
    if (status == SLW_OK) {
        status = slw_tuf_store_write(client->directory, SLW_BYTES_OF("snapshot"),
                                     slw_heap_bytes(&step->accepted->file.bytes), detail);
    }
    return status;
}

enum slw_status slw_tuf_client_refresh_snapshot(struct slw_tuf_client *client,
                                                struct slw_detail *detail)
{
    struct slw_tuf_trusted_snapshot *before = load_local(client);
    enum slw_status status = before == NULL ? SLW_NOT_FOUND : check_local(client, before, detail);
    if (status == SLW_OK) {
        client->snapshot = before;
        slw_tuf_tell(client->mirrors.observer, SLW_TUF_EVENT_KEPT, NAME,
                     before->content.common.version, NULL);
        return SLW_OK;
    }
    if (before == NULL || client->mirrors.port != NULL) {
        struct snapshot_step step = {.client = client, .before = before};
        status = fetch(&step, detail);
        if (status == SLW_OK) {
            client->snapshot = step.accepted;
            slw_tuf_tell(client->mirrors.observer, SLW_TUF_EVENT_TRUSTED, NAME,
                         client->snapshot->content.common.version, NULL);
        } else {
            slw_tuf_trusted_snapshot_free(step.accepted);
        }
    }
    slw_tuf_trusted_snapshot_free(before);
    return status;
}
