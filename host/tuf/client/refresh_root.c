/* SPDX-License-Identifier: Apache-2.0 */
/* Sections 5.2 and 5.3: the trusted root, and the roots that follow it, one by one. */
#include "client.h"

#include <inttypes.h>
#include <stdio.h>

enum slw_status slw_tuf_client_load_root(struct slw_tuf_client *client, struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_trusted_root *root = NULL;
    enum slw_status status =
        slw_tuf_store_read(client->directory, SLW_BYTES_OF("root"), &bytes, detail);
    if (status == SLW_OK && client->root != NULL &&
        slw_bytes_equal(slw_heap_bytes(&bytes), slw_heap_bytes(&client->root->file.bytes))) {
        slw_heap_free(&bytes);
        return SLW_OK;
    }
    if (status == SLW_OK) {
        status = slw_tuf_trust_first_root("root.json", &bytes, SLW_JSON_SIZE_MAX, client->key_ids,
                                          &root, detail);
    }
    slw_heap_free(&bytes);
    if (status == SLW_NO_SPACE || status == SLW_IO_CRYPTO) {
        return status;
    }
    if (status != SLW_OK) {
        return SLW_NO_TRUSTED_ROOT;
    }
    slw_tuf_trusted_root_free(client->root);
    client->root = root;
    return SLW_OK;
}

struct root_step {
    struct slw_tuf_client *client;
    const char *name;
    struct slw_tuf_trusted_root *next;
};

static enum slw_status accept_root(void *context, struct slw_heap_buffer *bytes,
                                   struct slw_detail *detail)
{
    struct root_step *step = context;
    return slw_tuf_trust_next_root(step->name, bytes, step->client->limits.root_bytes,
                                   step->client->key_ids, step->client->root, &step->next, detail);
}

/* Does what is due after a root that rotated keys was written; 5.3.11. */
static enum slw_status recover(struct slw_tuf_client *client, struct slw_detail *detail)
{
    bool forgot = false;
    int64_t version = client->root->content.common.version;
    SLW_TRY(slw_tuf_store_recover(client->directory, version, &forgot, detail));
    if (forgot) {
        slw_tuf_tell(client->mirrors.observer, SLW_TUF_EVENT_RECOVERED, "root.json", version, NULL);
    }
    return SLW_OK;
}

/* 5.3.7, 5.3.8 and 5.3.11 for a root that was accepted, which is taken over. */
static enum slw_status adopt_root(struct slw_tuf_client *client, struct slw_tuf_trusted_root *next,
                                  struct slw_detail *detail)
{
    /* "If the timestamp and / or snapshot keys have been rotated, then delete the trusted timestamp
     * and snapshot metadata files." */
    bool rotated = slw_tuf_keys_rotated(client->root, next, SLW_TUF_TIMESTAMP) ||
                   slw_tuf_keys_rotated(client->root, next, SLW_TUF_SNAPSHOT);
    enum slw_status status = SLW_OK;
    if (rotated) {
        status =
            slw_tuf_store_note_recovery(client->directory, next->content.common.version, detail);
    }
    /* "Persist root metadata. The client MUST write the file to non-volatile storage as
     * FILENAME.EXT (e.g. root.json)." */
    if (status == SLW_OK) {
        status = slw_tuf_store_write(client->directory, SLW_BYTES_OF("root"),
                                     slw_heap_bytes(&next->file.bytes), detail);
    }
    if (status != SLW_OK) {
        slw_tuf_trusted_root_free(next);
        return status;
    }
    /* "Set the trusted root metadata file to the new root metadata file." */
    slw_tuf_trusted_root_free(client->root);
    client->root = next;
    slw_tuf_tell(client->mirrors.observer, SLW_TUF_EVENT_TRUSTED, "root.json",
                 next->content.common.version, NULL);
    return rotated ? recover(client, detail) : SLW_OK;
}

/* 5.3.2 to 5.3.8. SLW_NOT_FOUND when there is no next root. */
static enum slw_status follow_root(struct slw_tuf_client *client, bool ask_all,
                                   struct slw_detail *detail)
{
    char name[40];
    int64_t version = client->root->content.common.version;
    if (version == INT64_MAX || client->mirrors.port == NULL) {
        return SLW_NOT_FOUND;
    }
    /* "Try downloading version N+1 of the root metadata file, up to some W number of bytes … The
     * filename … is of the fixed form VERSION_NUMBER.FILENAME.EXT (e.g., 42.root.json)." */
    (void)snprintf(name, sizeof name, "%" PRId64 ".root.json", version + 1);
    struct root_step step = {.client = client, .name = name};
    const struct slw_tuf_metadata_wish wish = {
        .path = name,
        .limit = client->limits.root_bytes,
        .absence = ask_all ? SLW_TUF_ABSENCE_SAID_BY_ALL : SLW_TUF_ABSENCE_BELIEVED,
        .accept = accept_root,
        .context = &step,
    };
    SLW_TRY(slw_tuf_mirrors_get(&client->mirrors, &wish, detail));
    return adopt_root(client, step.next, detail);
}

enum slw_status slw_tuf_client_refresh_root(struct slw_tuf_client *client, bool ask_all,
                                            struct slw_detail *detail)
{
    /* What a program that was killed here has left to do. */
    SLW_TRY(recover(client, detail));
    /* "If this file is not available, or we have downloaded more than Y number of root metadata
     * files …, then go to step 5.3.10." */
    for (uint32_t followed = 0; followed < client->limits.root_rotations; followed++) {
        enum slw_status status = follow_root(client, ask_all, detail);
        if (status == SLW_NOT_FOUND) {
            break;
        }
        if (status != SLW_OK) {
            return status;
        }
    }
    /* "The expiration timestamp in the trusted root metadata file MUST be higher than the fixed
     * update start time." */
    return slw_tuf_client_check_expiry(client, "root.json", &client->root->content.common, detail);
}
