/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle that a change adds to a production role, taken to the signing service from the
 * repository's storage: "adding to a production role needs a bundle that it signed". Called by
 * tuf_provider.c when the service waits for it.
 */
#include "tuf_request.h"

#include "slipway/tuf_writer.h"

struct stored_source {
    struct slw_source source;
    const struct slw_storage *storage;
    char key[SLW_STORAGE_KEY_MAX + 1];
};

static enum slw_status stored_read(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct stored_source *stored = context;
    struct slw_detail unused;
    return len == 0 ? SLW_OK
                    : stored->storage->read(stored->storage->context, stored->key, offset, buffer,
                                            len, &unused);
}

enum slw_status slw_tuf_added_stage(const struct slw_signer_tuf_settings *settings,
                                    const struct slw_tuf_change *change, struct slw_detail *detail)
{
    struct slw_tuf_added added;
    struct stored_source stored = {.storage = settings->storage};
    uint64_t size = 0;
    if (settings->storage == NULL || !slw_tuf_added_read(change, &added)) {
        return SLW_OK;
    }
    const struct slw_tuf_artifact *artifact = &change->add[0];
    SLW_TRY(slw_tuf_payload_key(artifact->path, artifact->sha256, stored.key, detail));
    /* A failure of ours, and not the service's refusal. */
    if (stored.storage->size(stored.storage->context, stored.key, &size, detail) != SLW_OK ||
        size != artifact->length) {
        return slw_explain(detail, SLW_IO, "%s: the repository hasn't the bundle that is added",
                           stored.key);
    }
    stored.source = (struct slw_source){&stored, stored_read, artifact->length};
    return slw_tuf_request_stage(settings, artifact->sha256, &stored.source, detail);
}
