/* SPDX-License-Identifier: Apache-2.0 */
/* Making a client and letting it go, and the refresh as a whole. The steps are in refresh_*.c. */
#include "client.h"

#include "slipway/time_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define LOADED_BYTES_MAX ((uint64_t)512 * 1024 * 1024)

static uint32_t or_default(uint32_t given, uint32_t usual)
{
    return given == 0 ? usual : given;
}

static struct slw_tuf_limits limits_of(const struct slw_tuf_limits *given)
{
    return (struct slw_tuf_limits){
        .root_rotations = or_default(given->root_rotations, 256),
        .delegations = or_default(given->delegations, 32),
        .root_bytes = or_default(given->root_bytes, 512000),
        .timestamp_bytes = or_default(given->timestamp_bytes, 16384),
        .snapshot_bytes = or_default(given->snapshot_bytes, 2000000),
        .targets_bytes = or_default(given->targets_bytes, 5000000),
        .target_bytes = given->target_bytes == 0 ? UINT64_MAX : given->target_bytes,
        .loaded_bytes = given->loaded_bytes == 0 ? LOADED_BYTES_MAX : given->loaded_bytes,
    };
}

enum slw_status slw_tuf_client_open(const struct slw_tuf_client_options *options,
                                    struct slw_tuf_client **ret_client, struct slw_detail *detail)
{
    const struct slw_fetch_port *port = options->fetch;
    if (port != NULL && (port->mirrors == 0 || port->mirrors > SLW_FETCH_MIRRORS_MAX)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%u mirrors: 1 to %u", port->mirrors,
                           SLW_FETCH_MIRRORS_MAX);
    }
    struct slw_tuf_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return slw_explain_no_memory(detail);
    }
    client->directory = strdup(options->metadata_directory);
    client->limits = limits_of(&options->limits);
    client->key_ids = options->key_ids;
    client->expiry = options->expiry;
    client->mirrors = (struct slw_tuf_mirrors){.port = port, .observer = options->observer};
    client->progress = options->progress;
    client->inspector = options->inspector;
    enum slw_status status = client->directory == NULL ? slw_explain_no_memory(detail)
                                                       : slw_tuf_client_load_root(client, detail);
    if (status != SLW_OK) {
        slw_tuf_client_free(client);
        return status;
    }
    *ret_client = client;
    return SLW_OK;
}

static void free_slot(struct slw_tuf_role_slot *slot)
{
    while (slot->loaded != NULL) {
        struct slw_tuf_trusted_targets *targets = slot->loaded;
        slot->loaded = targets->next;
        slw_tuf_trusted_targets_free(targets);
    }
    free(slot);
}

void slw_tuf_client_forget(struct slw_tuf_client *client)
{
    for (size_t i = 0; i < SLW_TUF_ROLE_BUCKETS; i++) {
        while (client->slots[i] != NULL) {
            struct slw_tuf_role_slot *slot = client->slots[i];
            client->slots[i] = slot->next;
            free_slot(slot);
        }
    }
    slw_tuf_trusted_timestamp_free(client->timestamp);
    slw_tuf_trusted_snapshot_free(client->snapshot);
    client->timestamp = NULL;
    client->snapshot = NULL;
    client->targets = NULL;
    client->loaded_bytes = 0;
    client->refreshed = false;
    client->found_in.len = 0;
}

void slw_tuf_client_free(struct slw_tuf_client *client)
{
    if (client != NULL) {
        slw_tuf_client_forget(client);
        slw_tuf_trusted_root_free(client->root);
        slw_heap_free(&client->found_in);
        free(client->directory);
        free(client);
    }
}

static size_t bucket_of(struct slw_bytes name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.ptr[i]) * 16777619u;
    }
    return hash % SLW_TUF_ROLE_BUCKETS;
}

struct slw_tuf_role_slot *slw_tuf_client_slot(struct slw_tuf_client *client, struct slw_bytes name)
{
    struct slw_tuf_role_slot **place = &client->slots[bucket_of(name)];
    for (struct slw_tuf_role_slot *slot = *place; slot != NULL; slot = slot->next) {
        if (slw_bytes_equal(slw_bytes_make(slot->name, slot->name_len), name)) {
            return slot;
        }
    }
    struct slw_tuf_role_slot *slot = calloc(1, sizeof *slot + name.len);
    if (slot != NULL) {
        memcpy(slot->name, name.ptr, name.len);
        slot->name_len = name.len;
        slot->next = *place;
        *place = slot;
    }
    return slot;
}

enum slw_status slw_tuf_client_check_expiry(const struct slw_tuf_client *client, const char *name,
                                            const struct slw_tuf_common *common,
                                            struct slw_detail *detail)
{
    char expiry[SLW_TIME_TEXT_SIZE];
    char now[SLW_TIME_TEXT_SIZE];
    if (common->expires_utc_s > client->now_utc_s) {
        return SLW_OK;
    }
    (void)slw_time_format(common->expires_utc_s, expiry);
    if (client->expiry == SLW_TUF_EXPIRY_TOLD) {
        slw_tuf_tell(client->mirrors.observer, SLW_TUF_EVENT_EXPIRED, name, common->version,
                     expiry);
        return SLW_OK;
    }
    return slw_explain(detail, SLW_EXPIRED, "%s: version %" PRId64 " expired at %s, now is %s",
                       name, common->version, expiry, slw_time_format(client->now_utc_s, now));
}

enum slw_status slw_tuf_client_limit(const char *name, const struct slw_tuf_meta *meta,
                                     uint32_t usual, uint64_t *ret_limit, struct slw_detail *detail)
{
    uint64_t most = (uint64_t)usual * SLW_TUF_SIGNED_LENGTH_FACTOR;
    if (meta->has_length && meta->length > most) {
        return slw_explain(detail, SLW_TOO_LARGE,
                           "%s: its length is said to be %" PRIu64
                           " bytes, more than the limit of %" PRIu64,
                           name, meta->length, most);
    }
    *ret_limit = meta->has_length ? meta->length : usual;
    return SLW_OK;
}

enum slw_status slw_tuf_client_metadata_path(const struct slw_tuf_client *client,
                                             struct slw_bytes role, int64_t version,
                                             struct slw_heap_buffer *ret_path,
                                             struct slw_detail *detail)
{
    /* "If consistent snapshots are not used …, then the filename … is of the fixed form
     * FILENAME.EXT … Otherwise, the filename is of the form VERSION_NUMBER.FILENAME.EXT" */
    if (client->root->content.consistent_snapshot) {
        slw_heap_printf(ret_path, "%" PRId64 ".", version);
    }
    slw_tuf_append_role_file(role, ret_path);
    return ret_path->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/* 5.4 to 5.6, under the root that is trusted now. */
static enum slw_status follow_root(struct slw_tuf_client *client, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_client_refresh_timestamp(client, detail));
    SLW_TRY(slw_tuf_client_refresh_snapshot(client, detail));
    SLW_TRY(slw_tuf_client_refresh_targets(client, detail));
    client->refreshed = true;
    return SLW_OK;
}

static enum slw_status refresh_once(struct slw_tuf_client *client, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_client_refresh_root(client, false, detail));
    return follow_root(client, detail);
}

/*
 * "A repository mirror cannot prevent updates from good mirrors": one that withholds a new root
 * could, since what the others have is signed by keys that the old root doesn't know. So when a
 * refresh has failed all mirrors are asked for the next root, and it goes on if one has it.
 */
static enum slw_status refresh_again(struct slw_tuf_client *client, enum slw_status failure,
                                     struct slw_detail *detail)
{
    struct slw_detail unused;
    int64_t before = client->root->content.common.version;
    slw_tuf_client_forget(client);
    enum slw_status status = slw_tuf_client_refresh_root(client, true, &unused);
    if (client->root->content.common.version == before) {
        return failure;
    }
    if (status != SLW_OK) {
        *detail = unused;
        return status;
    }
    return follow_root(client, detail);
}

static enum slw_status refresh_locked(struct slw_tuf_client *client, struct slw_detail *detail)
{
    slw_tuf_client_forget(client);
    /* 5.1: "Record the time at which the update began as the fixed update start time." */
    client->now_utc_s = (int64_t)time(NULL);
    /* 5.2: "Load the trusted root metadata file." Another program may have been here meanwhile. */
    SLW_TRY(slw_tuf_client_load_root(client, detail));
    enum slw_status status = refresh_once(client, detail);
    if (client->mirrors.port != NULL && client->mirrors.port->mirrors > 1 &&
        (status == SLW_UNAVAILABLE || slw_status_is_refusal(status))) {
        status = refresh_again(client, status, detail);
    }
    return status;
}

enum slw_status slw_tuf_client_refresh(struct slw_tuf_client *client, struct slw_detail *detail)
{
    int lock = -1;
    SLW_TRY(slw_tuf_store_lock(client->directory, &lock, detail));
    enum slw_status status = refresh_locked(client, detail);
    slw_tuf_store_unlock(lock);
    return status;
}

struct slw_bytes slw_tuf_client_found_in(const struct slw_tuf_client *client)
{
    return slw_heap_bytes(&client->found_in);
}

bool slw_tuf_client_trusted(const struct slw_tuf_client *client, enum slw_tuf_type type,
                            struct slw_tuf_common *ret_common)
{
    const struct slw_tuf_common *common = NULL;
    switch (type) {
    case SLW_TUF_ROOT:
        common = client->root == NULL ? NULL : &client->root->content.common;
        break;
    case SLW_TUF_TIMESTAMP:
        common = client->timestamp == NULL ? NULL : &client->timestamp->content.common;
        break;
    case SLW_TUF_SNAPSHOT:
        common = client->snapshot == NULL ? NULL : &client->snapshot->content.common;
        break;
    case SLW_TUF_TARGETS:
        common = client->targets == NULL ? NULL : &client->targets->content.common;
        break;
    }
    if (common == NULL) {
        return false;
    }
    *ret_common = *common;
    return true;
}
