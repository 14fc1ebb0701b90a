/* SPDX-License-Identifier: Apache-2.0 */
/* Releases compared with their bundles as they are downloaded (release.h). */
#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/release.h"
#include "slipway/text.h"

static bool is_found_in(const struct slw_release_inspector *inspector, struct slw_bytes role)
{
    return slw_bytes_equal(slw_tuf_client_found_in(inspector->client), role);
}

/*
 * The delegation is where the channel stands a second time: PRODUCT-CHANNEL must have listed it, or
 * the role that was asked for. What was offered of PRODUCT-CHANNEL-rollout may have come into the
 * former meanwhile, where it is everybody's.
 */
static enum slw_status check_role(const struct slw_release_inspector *inspector,
                                  const struct slw_tuf_target *target,
                                  const struct slw_release *release, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append(&text, release->product);
    slw_heap_append_text(&text, "-");
    slw_heap_append(&text, release->channel);
    bool good =
        is_found_in(inspector, slw_heap_bytes(&text)) ||
        (inspector->role != NULL && is_found_in(inspector, slw_text_bytes(inspector->role)));
    slw_heap_free(&text);
    if (good) {
        return SLW_OK;
    }
    slw_quote(target->path, &text);
    (void)slw_explain(detail, SLW_WRONG_CHANNEL,
                      "target %s: listed by another role than its product's and channel's",
                      slw_heap_text(&text));
    slw_heap_free(&text);
    return SLW_WRONG_CHANNEL;
}

static bool says_release(const struct slw_tuf_target *target)
{
    return target->custom != SLW_JSON_NONE &&
           slw_json_member(target->json, target->custom, SLW_BYTES_OF("slipway")) != SLW_JSON_NONE;
}

static enum slw_status check_release(const struct slw_release_inspector *inspector,
                                     const struct slw_tuf_target *target, const char *name,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_release release;
    SLW_TRY(slw_release_read(target, &release, detail));
    SLW_TRY(check_role(inspector, target, &release, detail));
    return slw_release_check(
        name, source, target,
        inspector->channel == NULL ? release.channel : slw_text_bytes(inspector->channel), detail);
}

/* Called by the client before a target gets its name: what is refused appears nowhere. */
static enum slw_status look(void *context, const struct slw_tuf_target *target, const char *path,
                            struct slw_detail *detail)
{
    const struct slw_release_inspector *inspector = context;
    struct slw_file_source file;
    struct slw_heap_buffer shown = {0};
    SLW_TRY(slw_file_source_open(path, &file, detail));
    enum slw_status status = SLW_OK;
    slw_escape(target->path, &shown);
    const char *name = slw_heap_text(&shown);
    if (inspector->channel != NULL || says_release(target)) {
        status = check_release(inspector, target, name, &file.source, detail);
    } else if (slw_release_is_bundle(name, &file.source)) {
        status = slw_explain(detail, SLW_WRONG_CUSTOM,
                             "%s: a bundle that the repository says nothing of", name);
    }
    slw_heap_free(&shown);
    slw_file_source_close(&file);
    return status;
}

void slw_release_inspector_init(struct slw_release_inspector *inspector)
{
    inspector->inspector = (struct slw_tuf_inspector){inspector, look};
}
