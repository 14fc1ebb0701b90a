/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unsigned bundle of a release: the build's, with its number, the root of the key that is to
 * sign, and what was said about the build. The targets stay the build's, so that what was endorsed
 * is what is signed.
 */
#include "part.h"

#include "slipway/bundle_release.h"
#include "slipway/signed_draft.h"
#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>

#define ENVELOPES_MAX 128u
#define MESSAGE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)
#define ROOT_MAX 524288u

struct preparing {
    struct depot *depot;
    const struct release *release;
    struct slw_blob bundle;
    struct slw_bundle_index index;
    struct slw_heap_buffer root;
    struct slw_heap_buffer envelopes[ENVELOPES_MAX];
    size_t count;
    /* for the row */
    struct slw_heap_buffer message;
    struct slw_targets_draft targets;
    struct slw_heap_buffer hardware;
};

static enum slw_status take_envelope(void *context, struct slw_bytes envelope,
                                     struct slw_detail *detail)
{
    struct preparing *preparing = context;
    if (preparing->count == ENVELOPES_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u statements", ENVELOPES_MAX);
    }
    struct slw_heap_buffer *copy = &preparing->envelopes[preparing->count++];
    slw_heap_append(copy, envelope);
    return copy->status;
}

/* [signer] roots.KEY: the root by which devices know that key; without, the build's own. */
static enum slw_status read_root(struct preparing *preparing, struct slw_detail *detail)
{
    const struct depot_settings *settings = preparing->depot->settings;
    for (size_t i = 0; i < settings->signer.roots_count; i++) {
        if (strcmp(settings->signer.roots[i].name, preparing->release->key_name) == 0) {
            return slw_file_read(settings->signer.roots[i].file, ROOT_MAX, &preparing->root,
                                 detail);
        }
    }
    return SLW_OK;
}

static enum slw_status write_bundle(void *context, struct slw_output *output,
                                    struct slw_detail *detail)
{
    struct preparing *preparing = context;
    struct slw_bytes envelopes[ENVELOPES_MAX];
    for (size_t i = 0; i < preparing->count; i++) {
        envelopes[i] = slw_heap_bytes(&preparing->envelopes[i]);
    }
    const struct slw_bundle_release release = {
        .version = (uint32_t)preparing->release->version,
        .root = slw_heap_bytes(&preparing->root),
        .endorsements = envelopes,
        .endorsements_count = preparing->count,
        .urgency = strcmp(preparing->release->kind, "emergency") == 0 ? 4 : -1,
        .min_installed_version = -1,
        .security_floor = -1,
        .expires_utc_s = -1,
    };
    return slw_bundle_write_release(&preparing->index, &release, output, detail);
}

static enum slw_status read_targets(struct preparing *preparing, struct slw_detail *detail)
{
    struct slw_signed_draft message;
    struct slw_json json;
    SLW_TRY(slw_source_load("bundle", &preparing->bundle.source, preparing->index.targets,
                            MESSAGE_MAX, &preparing->message, detail));
    SLW_TRY(
        slw_signed_draft_parse("bundle", slw_heap_bytes(&preparing->message), &message, detail));
    SLW_TRY(slw_targets_draft_parse(message.serialized, &preparing->targets, detail));
    slw_json_init(&json, &preparing->hardware);
    slw_json_begin_array(&json, NULL);
    for (size_t i = 0; i < preparing->targets.hardware_ids_count; i++) {
        slw_json_bytes(&json, NULL, preparing->targets.hardware_ids[i]);
    }
    slw_json_end_array(&json);
    return preparing->hardware.status;
}

static enum slw_status open_build(struct preparing *preparing, struct slw_detail *detail)
{
    struct depot *depot = preparing->depot;
    struct slw_bytes build = slw_text_bytes(preparing->release->build);
    SLW_TRY(slw_bundle_index_read("bundle", &preparing->bundle.source, &preparing->index, detail));
    SLW_TRY(read_targets(preparing, detail));
    SLW_TRY(read_root(preparing, detail));
    SLW_TRY(
        depot_build_envelopes(depot, build, "endorsement", "", take_envelope, preparing, detail));
    return depot_build_envelopes(depot, build, "test-result", "", take_envelope, preparing, detail);
}

static enum slw_status note(struct preparing *preparing, int64_t token,
                            const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t size,
                            struct slw_detail *detail)
{
    static const char *const urgencies[] = {"unspecified", "routine", "recommended", "security",
                                            "emergency"};
    const struct slw_targets_draft *targets = &preparing->targets;
    char digest[DEPOT_DIGEST_SIZE];
    uint32_t urgency = targets->urgency < 5 ? targets->urgency : 0;
    struct release_step step = {
        .lease = RELEASES_SIGNING_LEASE,
        .token = token,
        .release = preparing->release,
        .set = "prepared_blob = $8, release_version = $9, urgency = $10, min_installed_version = "
               "$11, hardware = $12, notes = $13",
        .values = {slw_sql_text(slw_text_bytes(depot_digest_format(sha256, digest))),
                   slw_sql_text(targets->release_version),
                   slw_sql_text(slw_text_bytes(strcmp(preparing->release->kind, "emergency") == 0
                                                   ? "emergency"
                                                   : urgencies[urgency])),
                   slw_sql_int((int64_t)targets->min_installed_version),
                   slw_sql_text(slw_heap_bytes(&preparing->hardware)),
                   slw_sql_text(targets->release_notes)},
        .values_count = 6,
        .keeps = true,
        .size = size,
    };
    memcpy(step.sha256, sha256, sizeof step.sha256);
    return releases_step(preparing->depot, &step, detail);
}

static void free_preparing(struct preparing *preparing)
{
    slw_targets_draft_free(&preparing->targets);
    slw_bundle_index_free(&preparing->index);
    slw_heap_drop(&preparing->message);
    slw_heap_drop(&preparing->hardware);
    slw_heap_drop(&preparing->root);
    for (size_t i = 0; i < preparing->count; i++) {
        slw_heap_drop(&preparing->envelopes[i]);
    }
    free(preparing);
}

enum slw_status releases_prepare(struct depot *depot, int64_t token, const struct release *release,
                                 struct slw_detail *detail)
{
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t size = 0;
    struct preparing *preparing = calloc(1, sizeof *preparing);
    if (preparing == NULL) {
        return slw_explain_no_memory(detail);
    }
    preparing->depot = depot;
    preparing->release = release;
    enum slw_status status =
        depot_build_open(depot, slw_text_bytes(release->build), &preparing->bundle, detail);
    if (status == SLW_OK) {
        status = open_build(preparing, detail);
        if (status == SLW_OK) {
            status = releases_spool_put(depot, write_bundle, preparing, sha256, &size, detail);
        }
        if (status == SLW_OK) {
            status = note(preparing, token, sha256, size, detail);
        }
        slw_blob_close(&preparing->bundle);
    }
    free_preparing(preparing);
    return status;
}
