/* SPDX-License-Identifier: Apache-2.0 */
/* Section 5.4: the timestamp. */
#include "client.h"

#include <inttypes.h>

#define NAME "timestamp.json"

struct timestamp_step {
    struct slw_tuf_client *client;
    const struct slw_tuf_trusted_timestamp *before; /* NULL: none that is still trusted */
    struct slw_tuf_trusted_timestamp *accepted;     /* NULL: the one before is the current one */
};

/*
 * The one in the directory, expired or not, so that versions can't go back; NULL when there is
 * none, or none that the current root stands for.
 */
static struct slw_tuf_trusted_timestamp *load_local(struct slw_tuf_client *client)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_trusted_timestamp *timestamp = NULL;
    struct slw_detail unused;
    enum slw_status status =
        slw_tuf_store_read(client->directory, SLW_BYTES_OF("timestamp"), &bytes, &unused);
    if (status == SLW_OK) {
        status = slw_tuf_trust_timestamp(NAME, &bytes, SLW_JSON_SIZE_MAX, client->root, &timestamp,
                                         &unused);
    }
    slw_heap_free(&bytes);
    return status == SLW_OK ? timestamp : NULL;
}

/* 5.4.3 */
static enum slw_status check_rollback(const struct slw_tuf_timestamp *before,
                                      const struct slw_tuf_timestamp *after, bool *ret_equal,
                                      struct slw_detail *detail)
{
    /* "The version number of the trusted timestamp metadata file, if any, MUST be less than the
     * version number of the new timestamp metadata file." */
    if (after->common.version < before->common.version) {
        return slw_explain(detail, SLW_ROLLBACK,
                           NAME ": version %" PRId64 " is older than the trusted %" PRId64,
                           after->common.version, before->common.version);
    }
    /* "In case they are equal, discard the new timestamp metadata … This is normal and it shouldn't
     * raise any error." */
    *ret_equal = after->common.version == before->common.version;
    /* "The version number of the snapshot metadata file in the trusted timestamp metadata file, if
     * any, MUST be less than or equal to its version number in the new timestamp metadata file." */
    if (!*ret_equal && after->snapshot.version < before->snapshot.version) {
        return slw_explain(detail, SLW_ROLLBACK,
                           NAME ": names snapshot version %" PRId64
                                ", older than the trusted %" PRId64,
                           after->snapshot.version, before->snapshot.version);
    }
    return SLW_OK;
}

/* 5.4.3 and 5.4.4 for a timestamp that is signed. */
static enum slw_status check_timestamp(struct timestamp_step *step,
                                       const struct slw_tuf_timestamp *timestamp, bool *ret_equal,
                                       struct slw_detail *detail)
{
    const struct slw_tuf_timestamp *current = timestamp;
    *ret_equal = false;
    if (step->before != NULL) {
        SLW_TRY(check_rollback(&step->before->content, timestamp, ret_equal, detail));
        current = *ret_equal ? &step->before->content : timestamp;
    }
    return slw_tuf_client_check_expiry(step->client, NAME, &current->common, detail);
}

static enum slw_status accept_timestamp(void *context, struct slw_heap_buffer *bytes,
                                        struct slw_detail *detail)
{
    struct timestamp_step *step = context;
    struct slw_tuf_trusted_timestamp *timestamp = NULL;
    bool equal = false;
    if (step->before != NULL &&
        slw_bytes_equal(slw_heap_bytes(bytes), slw_heap_bytes(&step->before->file.bytes))) {
        return slw_tuf_client_check_expiry(step->client, NAME, &step->before->content.common,
                                           detail);
    }
    SLW_TRY(slw_tuf_trust_timestamp(NAME, bytes, step->client->limits.timestamp_bytes,
                                    step->client->root, &timestamp, detail));
    enum slw_status status = check_timestamp(step, &timestamp->content, &equal, detail);
    if (status != SLW_OK || equal) {
        slw_tuf_trusted_timestamp_free(timestamp);
        return status;
    }
    step->accepted = timestamp;
    return SLW_OK;
}

static enum slw_status obtain(struct timestamp_step *step, struct slw_detail *detail)
{
    if (step->client->mirrors.port == NULL && step->before != NULL) {
        return slw_tuf_client_check_expiry(step->client, NAME, &step->before->content.common,
                                           detail);
    }
    /* "Download the timestamp metadata file, up to X number of bytes … The filename … is of the
     * fixed form FILENAME.EXT (e.g., timestamp.json)." */
    const struct slw_tuf_metadata_wish wish = {
        .path = NAME,
        .limit = step->client->limits.timestamp_bytes,
        .accept = accept_timestamp,
        .context = step,
    };
    SLW_TRY(slw_tuf_mirrors_get(&step->client->mirrors, &wish, detail));
    if (step->accepted == NULL) {
        return SLW_OK;
    }
    /* "Persist timestamp metadata." */
    return slw_tuf_store_write(step->client->directory, SLW_BYTES_OF("timestamp"),
                               slw_heap_bytes(&step->accepted->file.bytes), detail);
}

enum slw_status slw_tuf_client_refresh_timestamp(struct slw_tuf_client *client,
                                                 struct slw_detail *detail)
{
    struct slw_tuf_trusted_timestamp *before = load_local(client);
    struct timestamp_step step = {.client = client, .before = before};
    enum slw_status status = obtain(&step, detail);
    if (status != SLW_OK) {
        slw_tuf_trusted_timestamp_free(before);
        slw_tuf_trusted_timestamp_free(step.accepted);
        return status;
    }
    bool kept = step.accepted == NULL;
    client->timestamp = kept ? before : step.accepted;
    if (!kept) {
        slw_tuf_trusted_timestamp_free(before);
    }
    slw_tuf_tell(client->mirrors.observer, kept ? SLW_TUF_EVENT_KEPT : SLW_TUF_EVENT_TRUSTED, NAME,
                 client->timestamp->content.common.version, NULL);
    return SLW_OK;
}
