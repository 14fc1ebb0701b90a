/* SPDX-License-Identifier: Apache-2.0 */
/* Section 5.6: targets metadata, top-level or delegated, one role at a time. */
#include "client.h"

#include <inttypes.h>

struct targets_step {
    struct slw_tuf_client *client;
    const char *name; /* "ROLE.json", encoded */
    struct slw_tuf_meta meta;
    const struct slw_tuf_keys *keys;
    const struct slw_tuf_role *role;
    struct slw_tuf_trusted_targets *accepted;
};

/* 5.6.4 and 5.6.5 */
static enum slw_status check_targets(const struct targets_step *step,
                                     const struct slw_tuf_common *common, struct slw_detail *detail)
{
    /* "The version number of the new targets metadata file MUST match the version number listed in
     * the trusted snapshot metadata." */
    if (common->version != step->meta.version) {
        return slw_explain(detail, SLW_MIX_AND_MATCH,
                           "%s: is version %" PRId64 ", the snapshot names version %" PRId64,
                           step->name, common->version, step->meta.version);
    }
    /* "The expiration timestamp in the new targets metadata file MUST be higher than the fixed
     * update start time." */
    return slw_tuf_client_check_expiry(step->client, step->name, common, detail);
}

static enum slw_status accept_targets(void *context, struct slw_heap_buffer *bytes,
                                      struct slw_detail *detail)
{
    struct targets_step *step = context;
    struct slw_tuf_client *client = step->client;
    struct slw_tuf_trusted_targets *targets = NULL;
    /* "The hashes of the new targets metadata file MUST match the hashes, if any, listed in the
     * trusted snapshot metadata." */
    SLW_TRY(slw_tuf_check_meta(step->name, slw_heap_bytes(bytes), &client->snapshot->file.json,
                               &step->meta, detail));
    SLW_TRY(slw_tuf_trust_targets(step->name, bytes, SLW_JSON_SIZE_MAX, client->key_ids, step->keys,
                                  step->role, &targets, detail));
    enum slw_status status = check_targets(step, &targets->content.common, detail);
    if (status != SLW_OK) {
        slw_tuf_trusted_targets_free(targets);
        return status;
    }
    step->accepted = targets;
    return SLW_OK;
}

static enum slw_status load_local(struct targets_step *step, struct slw_bytes role,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    enum slw_status status = slw_tuf_store_read(step->client->directory, role, &bytes, detail);
    if (status == SLW_OK) {
        status = accept_targets(step, &bytes, detail);
    }
    slw_heap_free(&bytes);
    return status;
}

static enum slw_status fetch(struct targets_step *step, struct slw_bytes role,
                             struct slw_detail *detail)
{
    struct slw_tuf_client *client = step->client;
    struct slw_heap_buffer path = {0};
    uint64_t limit = 0;
    SLW_TRY(slw_tuf_client_limit(step->name, &step->meta, client->limits.targets_bytes, &limit,
                                 detail));
    enum slw_status status =
        slw_tuf_client_metadata_path(client, role, step->meta.version, &path, detail);
    /* "Download the top-level targets metadata file, up to either the number of bytes specified in
     * the snapshot metadata file, or some Z number of bytes." */
    if (status == SLW_OK) {
        const struct slw_tuf_metadata_wish wish = {
            .path = slw_heap_text(&path),
            .limit = limit,
            .accept = accept_targets,
            .context = step,
        };
        status = slw_tuf_mirrors_get(&client->mirrors, &wish, detail);
    }
    slw_heap_free(&path);
    /* "Persist targets metadata." */
    if (status == SLW_OK) {
        status = slw_tuf_store_write(client->directory, role,
                                     slw_heap_bytes(&step->accepted->file.bytes), detail);
    }
    if (status != SLW_OK) {
        slw_tuf_trusted_targets_free(step->accepted);
        step->accepted = NULL;
    }
    return status;
}

/* What is in memory already, if these keys stand for it: others may have vouched for it before. */
static const struct slw_tuf_trusted_targets *find_loaded(struct slw_tuf_role_slot *slot,
                                                         const struct slw_tuf_keys *keys,
                                                         const struct slw_tuf_role *role)
{
    struct slw_detail unused;
    for (struct slw_tuf_trusted_targets *targets = slot->loaded; targets != NULL;
         targets = targets->next) {
        if (targets->verified_for == role ||
            slw_tuf_file_verify(&targets->file, keys, role, &unused) == SLW_OK) {
            targets->verified_for = role;
            return targets;
        }
    }
    return NULL;
}

static enum slw_status obtain(struct targets_step *step, struct slw_bytes role,
                              struct slw_detail *detail)
{
    const struct slw_tuf_observer *observer = step->client->mirrors.observer;
    enum slw_status status = load_local(step, role, detail);
    if (status == SLW_OK) {
        slw_tuf_tell(observer, SLW_TUF_EVENT_KEPT, step->name, step->meta.version, NULL);
        return SLW_OK;
    }
    if (step->client->mirrors.port == NULL && status != SLW_IO) {
        return status;
    }
    SLW_TRY(fetch(step, role, detail));
    slw_tuf_tell(observer, SLW_TUF_EVENT_TRUSTED, step->name, step->meta.version, NULL);
    return SLW_OK;
}

/* What the snapshot says of a role, whose file it names "ROLE.json". */
static enum slw_status find_meta(const struct slw_tuf_client *client, struct slw_bytes role,
                                 struct slw_tuf_meta *ret_meta)
{
    struct slw_heap_buffer name = {0};
    slw_heap_append(&name, role);
    slw_heap_append_text(&name, ".json");
    enum slw_status status =
        name.status == SLW_OK
            ? slw_tuf_trusted_snapshot_find(client->snapshot, slw_heap_bytes(&name), ret_meta)
            : SLW_NO_SPACE;
    slw_heap_free(&name);
    return status;
}

bool slw_tuf_client_has_role(const struct slw_tuf_client *client, struct slw_bytes role)
{
    struct slw_tuf_meta unused;
    return find_meta(client, role, &unused) == SLW_OK;
}

/* Loads what isn't in memory. */
static enum slw_status load(struct targets_step *step, struct slw_bytes role,
                            struct slw_detail *detail)
{
    struct slw_heap_buffer shown = {0};
    slw_tuf_append_role_file(role, &shown);
    enum slw_status status = shown.status == SLW_OK ? find_meta(step->client, role, &step->meta)
                                                    : slw_explain_no_memory(detail);
    if (status == SLW_OK) {
        step->name = slw_heap_text(&shown);
        status = obtain(step, role, detail);
    } else if (status == SLW_NOT_FOUND) {
        status = slw_explain(detail, SLW_MIX_AND_MATCH, "%s: delegated to, but not in the snapshot",
                             slw_heap_text(&shown));
    }
    slw_heap_free(&shown);
    return status;
}

/*
 * Roles delegate to as many as they like, and listing goes through all of them. That there is no
 * more room for metadata is no fault of a single role, and so nothing that a search passes over.
 */
static enum slw_status refuse_more(const struct slw_tuf_client *client, struct slw_detail *detail)
{
    (void)slw_explain(detail, SLW_NO_SPACE,
                      "more than %" PRIu64 " bytes of targets metadata altogether",
                      client->limits.loaded_bytes);
    return SLW_NO_SPACE;
}

/* From the first one that doesn't fit on, nothing more is fetched. */
static enum slw_status load_counted(struct targets_step *step, struct slw_bytes role,
                                    struct slw_detail *detail)
{
    struct slw_tuf_client *client = step->client;
    if (client->loaded_bytes == client->limits.loaded_bytes) {
        return refuse_more(client, detail);
    }
    SLW_TRY(load(step, role, detail));
    uint64_t len = step->accepted->file.bytes.len;
    if (len > client->limits.loaded_bytes - client->loaded_bytes) {
        slw_tuf_trusted_targets_free(step->accepted);
        client->loaded_bytes = client->limits.loaded_bytes;
        return refuse_more(client, detail);
    }
    client->loaded_bytes += len;
    return SLW_OK;
}

enum slw_status slw_tuf_client_load_targets(struct slw_tuf_client *client,
                                            struct slw_tuf_role_slot *slot,
                                            const struct slw_tuf_keys *keys,
                                            const struct slw_tuf_role *role,
                                            const struct slw_tuf_trusted_targets **ret_targets,
                                            struct slw_detail *detail)
{
    const struct slw_tuf_trusted_targets *loaded = find_loaded(slot, keys, role);
    if (loaded != NULL) {
        *ret_targets = loaded;
        return SLW_OK;
    }
    struct targets_step step = {.client = client, .keys = keys, .role = role};
    SLW_TRY(load_counted(&step, slw_bytes_make(slot->name, slot->name_len), detail));
    step.accepted->next = slot->loaded;
    slot->loaded = step.accepted;
    *ret_targets = step.accepted;
    return SLW_OK;
}

enum slw_status slw_tuf_client_refresh_targets(struct slw_tuf_client *client,
                                               struct slw_detail *detail)
{
    const struct slw_tuf_trusted_targets *targets = NULL;
    struct slw_tuf_role_slot *slot = slw_tuf_client_slot(client, SLW_BYTES_OF("targets"));
    if (slot == NULL) {
        return slw_explain_no_memory(detail);
    }
    if (!slw_tuf_client_has_role(client, SLW_BYTES_OF("targets"))) {
        return slw_explain(detail, SLW_MISSING_TARGETS, "snapshot.json: names no targets.json");
    }
    SLW_TRY(slw_tuf_client_load_targets(client, slot, &client->root->content.keys,
                                        &client->root->content.roles[SLW_TUF_TARGETS], &targets,
                                        detail));
    client->targets = targets;
    return SLW_OK;
}
