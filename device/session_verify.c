/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's verification: the verifier over the staged bundle, a step a poll, and then the new
 * roots, which are kept at once when a bundle is accepted.
 */
#include "session_private.h"

#include "slipway/boot.h"

static enum slw_status set_expectations(struct slw_session *session)
{
    struct slw_finding finding = {0};
    const struct slw_session_config *config = session->config;
    const struct slw_state *state = &config->store->state;
    session->expectations = (struct slw_expectations){
        .limits = config->limits,
        .check_hardware = true,
        .hardware = config->hardware,
        .check_product = true,
        .product = config->product,
        .check_key_class = config->key_class != SLW_KEY_CLASS_NONE,
        .key_class = config->key_class,
        .check_build_type = config->build_type != SLW_BUILD_TYPE_NONE,
        .build_type = config->build_type,
        .stored = state->confirmed.present ? SLW_STORED_RELEASE : SLW_STORED_NOTHING,
        .stored_version = state->targets_version,
        .stored_floor = state->security_floor,
        .transparency = config->transparency,
        .slots = &session->slots,
        .installed = &session->installed,
    };
    if (config->clock != NULL) {
        session->expectations.now = config->clock->now(config->clock->context);
    }
    return slw_boot_newer_keys(config->store, config->layout, &config->limits, &config->memory,
                               &finding, &session->expectations.newer_keys);
}

enum slw_status slw_session_start_verifying(struct slw_session *session)
{
    const struct slw_session_config *config = session->config;
    const struct slw_finding finding = {.status = SLW_STORED_STATE};
    uint8_t state_before = session->record.state;
    session->record.state = SLW_UPDATE_STATE_VERIFYING;
    session->trusted = NULL;
    enum slw_status status = slw_session_commit_record(session);
    if (status != SLW_OK) {
        session->record.state = state_before;
        return status;
    }
    if (slw_store_find_blob(config->store, config->store->state.root, &session->root) != SLW_OK ||
        set_expectations(session) != SLW_OK) {
        slw_session_finish(session, SLW_UPDATE_RESULT_VERIFY_FAILED, &finding);
        return SLW_OK;
    }
    slw_region_source_init(&session->bundle, &config->layout->staging, session->record.staged_size);
    slw_verifier_start(&session->verifier, &config->memory, &session->expectations,
                       &session->root.place.source, &session->bundle.source);
    return SLW_OK;
}

/* A verified root of the bundle becomes a blob, unless the device has it or a newer one. */
static enum slw_status keep_root(struct slw_session *session, struct slw_span span)
{
    const struct slw_verifier_memory *memory = &session->config->memory;
    struct slw_untrusted_root root;
    struct slw_reader reader;
    struct slw_span serialized;
    struct slw_blob blob;
    slw_root_init(&root.content, memory->root_keys, memory->root_keys_count);
    slw_reader_init(&reader, &session->bundle.source, memory->block, memory->block_size);
    slw_reader_seek(&reader, span.offset, span.offset + span.length);
    SLW_TRY(slw_signed_scan(&reader, session->config->limits.signatures,
                            session->config->limits.root_size, &serialized));
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    SLW_TRY(slw_root_parse(&reader, &root));
    if (root.content.version <= session->kept_root_version) {
        return SLW_OK;
    }
    SLW_TRY(slw_session_keep(session, SLW_BLOB_ROOT, root.content.version, span, &blob));
    session->kept_root_version = root.content.version;
    memcpy(session->kept_root, blob.sha256, sizeof session->kept_root);
    return SLW_OK;
}

/* The next root of the bundle's history; one a poll, for there may be hundreds. */
static enum slw_status keep_next_history(struct slw_session *session)
{
    const struct slw_verifier_memory *memory = &session->config->memory;
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    slw_reader_init(&reader, &session->bundle.source, memory->block, memory->block_size);
    slw_reader_seek(&reader, session->history_at, session->bundle.source.size);
    slw_proto_begin(&proto, &reader, &slw_bundle_rules);
    if (!slw_proto_next(&proto, &field)) {
        return SLW_IO;
    }
    session->history_at = reader.position + slw_proto_value_left(&proto);
    if (field.number != SLW_BUNDLE_ROOT_HISTORY) {
        return SLW_OK;
    }
    session->history_left--;
    return keep_root(session, (struct slw_span){field.offset, field.length});
}

static enum slw_status begin_chain(struct slw_session *session)
{
    const struct slw_session_config *config = session->config;
    SLW_TRY(keep_root(session, session->trusted->signed_root));
    slw_root_chain_start(&session->chain, config->store, config->layout, &config->limits,
                         &config->memory, session->kept_root);
    session->chain_begun = true;
    return SLW_OK;
}

/*
 * The blobs are read back and the chain to them is verified once more from flash, a root a poll,
 * before the state refers to them: what was verified in staging isn't taken for what was stored.
 */
static enum slw_status accept_bundle(struct slw_session *session)
{
    const struct slw_session_config *config = session->config;
    struct slw_finding finding = {0};
    if (session->trusted->root_upgraded && !session->chain_begun) {
        return begin_chain(session);
    }
    if (session->trusted->root_upgraded && !session->chain.done) {
        return slw_root_chain_step(&session->chain, &finding);
    }
    session->record.state = SLW_UPDATE_STATE_VERIFIED;
    session->next = config->store->state;
    session->next.session = session->record;
    session->next.root_version = session->kept_root_version;
    memcpy(session->next.root, session->kept_root, sizeof session->next.root);
    return slw_store_commit(config->store, &session->next);
}

void slw_session_keep_roots_again(struct slw_session *session)
{
    session->kept_root_version = session->config->store->state.root_version;
    memcpy(session->kept_root, session->config->store->state.root, sizeof session->kept_root);
    session->chain_begun = false;
    session->history_at = session->trusted->history_offset;
    session->history_left = session->trusted->root_upgraded ? session->trusted->history_count : 0;
}

static enum slw_status poll_verifier(struct slw_session *session)
{
    enum slw_status status = slw_verifier_step(&session->verifier);
    if (status == SLW_OK && session->verifier.done) {
        session->trusted = slw_verifier_result(&session->verifier);
        slw_session_keep_roots_again(session);
    }
    return status;
}

void slw_session_poll_verifying(struct slw_session *session)
{
    struct slw_finding finding = {0};
    if (session->trusted == NULL) {
        finding.status = poll_verifier(session);
        if (finding.status != SLW_OK) {
            finding = session->verifier.finding;
        }
    } else if (session->history_left > 0) {
        finding.status = keep_next_history(session);
    } else {
        finding.status = accept_bundle(session);
    }
    if (finding.status != SLW_OK) {
        slw_session_finish(session, SLW_UPDATE_RESULT_VERIFY_FAILED, &finding);
    }
}
