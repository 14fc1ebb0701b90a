/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as a whole (store.h): making a device, opening it, committing a state; and the anchor,
 * which follows the journal and is what the journal is measured against.
 */
#include "store_private.h"

#include "slipway/bundled_update.h"
#include "slipway/root.h"

static bool is_anchored(const struct slw_store *store)
{
    return store->layout->anchor.kind == SLW_ANCHOR_PROTECTED;
}

static enum slw_status load_anchor(const struct slw_store *store,
                                   struct slw_anchor_record *ret_record)
{
    const struct slw_anchor *anchor = &store->layout->anchor;
    if (!is_anchored(store)) {
        *ret_record = (struct slw_anchor_record){0};
        return SLW_OK;
    }
    return anchor->load(anchor->context, ret_record);
}

static bool is_same_digest(const uint8_t *left, const uint8_t *right)
{
    return memcmp(left, right, SLW_SHA256_SIZE) == 0;
}

static bool is_same_record(const struct slw_anchor_record *left,
                           const struct slw_anchor_record *right)
{
    return left->provisioned == right->provisioned && left->sequence == right->sequence &&
           left->root_version == right->root_version &&
           left->targets_version == right->targets_version &&
           left->security_floor == right->security_floor &&
           is_same_digest(left->root_sha256, right->root_sha256) &&
           is_same_digest(left->confirmed, right->confirmed) &&
           is_same_digest(left->trial, right->trial);
}

static enum slw_status store_anchor(struct slw_store *store, const struct slw_anchor_record *record)
{
    const struct slw_anchor *anchor = &store->layout->anchor;
    if (!is_anchored(store) || is_same_record(&store->anchored, record)) {
        return SLW_OK;
    }
    SLW_TRY(anchor->store(anchor->context, record));
    store->anchored = *record;
    return SLW_OK;
}

/* The anchor as it is to be for the store's state, with the releases that it knows already. */
static struct slw_anchor_record raised(const struct slw_store *store)
{
    const struct slw_state *state = &store->state;
    struct slw_anchor_record record = store->anchored;
    record.provisioned = true;
    record.sequence = state->sequence;
    record.root_version = state->root_version;
    record.targets_version = state->targets_version;
    record.security_floor = state->security_floor;
    memcpy(record.root_sha256, state->root, sizeof record.root_sha256);
    if (!state->trial.present) {
        memset(record.trial, 0, sizeof record.trial);
    }
    return record;
}

/*
 * An older journal, or one that somebody made up: with a protected anchor neither a root, nor a
 * version, nor the floor ever falls behind it.
 */
static bool is_behind(const struct slw_state *state, const struct slw_anchor_record *record)
{
    if (!record->provisioned) {
        return false;
    }
    if (state->sequence < record->sequence || state->root_version < record->root_version ||
        state->targets_version < record->targets_version ||
        state->security_floor < record->security_floor) {
        return true;
    }
    return state->root_version == record->root_version &&
           !is_same_digest(state->root, record->root_sha256);
}

/*
 * The confirmed release is the one that was confirmed; or the trial that the anchor knows, when the
 * anchor missed the journal's confirmation, by a power cut or because it failed.
 */
static const uint8_t *anchored_confirmed(const struct slw_store *store)
{
    uint8_t confirmed[SLW_SHA256_SIZE];
    slw_release_digest(&store->state.confirmed, confirmed);
    return store->state.confirmed.present && is_same_digest(confirmed, store->anchored.trial)
               ? store->anchored.trial
               : store->anchored.confirmed;
}

static enum slw_status check_confirmed(const struct slw_store *store,
                                       struct slw_anchor_record *record)
{
    uint8_t confirmed[SLW_SHA256_SIZE];
    if (!store->anchored.provisioned) {
        return SLW_OK;
    }
    slw_release_digest(&store->state.confirmed, confirmed);
    if (!is_same_digest(confirmed, anchored_confirmed(store))) {
        return SLW_STORED_STATE;
    }
    memcpy(record->confirmed, confirmed, sizeof record->confirmed);
    return SLW_OK;
}

/*
 * The targets version falls when a release resets it. Then the anchor is lowered first: a power cut
 * in between leaves a journal that is ahead of its anchor and not one that is behind.
 */
static enum slw_status lower_anchor(struct slw_store *store, const struct slw_state *next)
{
    struct slw_anchor_record record = store->anchored;
    if (next->targets_version >= store->state.targets_version) {
        return SLW_OK;
    }
    record.targets_version = next->targets_version;
    return store_anchor(store, &record);
}

enum slw_status slw_store_open(struct slw_store *store, const struct slw_layout *layout)
{
    struct slw_anchor_record record;
    bool sealed = false;
    memset(store, 0, sizeof *store);
    store->layout = layout;
    SLW_TRY(slw_layout_check(layout));
    SLW_TRY(load_anchor(store, &store->anchored));
    enum slw_status status = slw_journal_load(store, &sealed);
    if (status == SLW_NOT_FOUND && store->anchored.provisioned) {
        return SLW_STORED_STATE;
    }
    SLW_TRY(status);
    if (is_behind(&store->state, &store->anchored)) {
        return SLW_STORED_STATE;
    }
    record = raised(store);
    SLW_TRY(check_confirmed(store, &record));
    SLW_TRY(slw_store_blobs_open(store));
    if (!sealed) {
        SLW_TRY(slw_journal_put_snapshot(store, &store->state, store->state.sequence,
                                         &store->progress));
    }
    return store_anchor(store, &record);
}

static enum slw_status commit_snapshot(struct slw_store *store, const struct slw_state *next)
{
    static const struct slw_staging_progress no_progress = {0};
    uint64_t sequence = store->state.sequence + 1;
    SLW_TRY(slw_journal_put_snapshot(store, next, sequence, &no_progress));
    if (next != &store->state) {
        store->state = *next;
    }
    store->state.sequence = sequence;
    store->progress = no_progress;
    store->committed_serial = store->blob_serial;
    return SLW_OK;
}

/*
 * What the device itself changes, the anchor takes note of. What a journal brought along and stays
 * as it is, isn't vouched for by being committed again.
 */
static void digest_changed(const struct slw_release *before, const struct slw_release *after,
                           const uint8_t *anchored, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    uint8_t digest_before[SLW_SHA256_SIZE];
    slw_release_digest(before, digest_before);
    slw_release_digest(after, ret_digest);
    if (is_same_digest(digest_before, ret_digest)) {
        memcpy(ret_digest, anchored, SLW_SHA256_SIZE);
    }
}

enum slw_status slw_store_commit(struct slw_store *store, const struct slw_state *next)
{
    struct slw_anchor_record record;
    uint8_t confirmed[SLW_SHA256_SIZE];
    uint8_t trial[SLW_SHA256_SIZE];
    if (!slw_state_makes_sense(next, store->layout->components_count) ||
        next->root_version < store->state.root_version ||
        next->security_floor < store->state.security_floor) {
        return SLW_BAD_ARGUMENT;
    }
    digest_changed(&store->state.confirmed, &next->confirmed, anchored_confirmed(store), confirmed);
    digest_changed(&store->state.trial, &next->trial, store->anchored.trial, trial);
    SLW_TRY(lower_anchor(store, next));
    SLW_TRY(commit_snapshot(store, next));
    record = raised(store);
    memcpy(record.confirmed, confirmed, sizeof record.confirmed);
    memcpy(record.trial, trial, sizeof record.trial);
    return store_anchor(store, &record);
}

enum slw_status slw_store_vouch_for_trial(struct slw_store *store)
{
    struct slw_anchor_record record = store->anchored;
    slw_release_digest(&store->state.trial, record.trial);
    return store_anchor(store, &record);
}

enum slw_status slw_store_append_progress(struct slw_store *store,
                                          const struct slw_staging_progress *progress)
{
    SLW_TRY(slw_journal_put_progress(store, progress));
    store->progress = *progress;
    return SLW_OK;
}

/* Role, spec_version and version; the boot stage checks the rest of it each time. */
static enum slw_status read_factory_root(const struct slw_layout *layout, uint32_t *ret_version)
{
    struct slw_reader reader;
    struct slw_span serialized = {0};
    struct slw_proto proto;
    struct slw_proto_field field;
    struct slw_common common = {0};
    slw_reader_init_bytes(&reader, layout->factory_root);
    if (slw_signed_scan(&reader, SLW_SIGNATURES_MAX, SLW_ROOT_SIZE_MAX, &serialized) != SLW_OK) {
        return SLW_NO_TRUSTED_ROOT;
    }
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    slw_proto_begin(&proto, &reader, &slw_root_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_ROOT_COMMON) {
            slw_common_read(&proto, SLW_BYTES_OF("root"), &common);
        }
    }
    if (reader.status != SLW_OK || !common.role_right || !common.spec_version_right) {
        return SLW_NO_TRUSTED_ROOT;
    }
    *ret_version = common.version;
    return SLW_OK;
}

static enum slw_status put_factory_root(struct slw_store *store, uint32_t version)
{
    struct slw_memory_source factory;
    struct slw_blob blob;
    slw_memory_source_init(&factory, store->layout->factory_root);
    SLW_TRY(slw_store_blobs_put(store, SLW_BLOB_ROOT, version, &factory.source, 0,
                                factory.source.size, &blob));
    memset(&store->next, 0, sizeof store->next);
    store->next.root_version = version;
    store->next.session.state = SLW_UPDATE_STATE_INACTIVE;
    memcpy(store->next.root, blob.sha256, sizeof store->next.root);
    return SLW_OK;
}

/* Nothing refers to the blobs any more when they are erased; until the commit there is no state. */
enum slw_status slw_store_format(struct slw_store *store, const struct slw_layout *layout)
{
    struct slw_anchor_record record;
    uint32_t version = 0;
    memset(store, 0, sizeof *store);
    store->layout = layout;
    SLW_TRY(slw_layout_check(layout));
    SLW_TRY(read_factory_root(layout, &version));
    SLW_TRY(load_anchor(store, &record));
    if (record.provisioned) {
        return SLW_WRONG_STATE;
    }
    SLW_TRY(slw_journal_erase(store));
    SLW_TRY(slw_store_blobs_erase(store));
    SLW_TRY(put_factory_root(store, version));
    return slw_store_commit(store, &store->next);
}
