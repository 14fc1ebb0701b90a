/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying a verified bundle: consent, then each image into the slot that isn't running, hashed as
 * it reads back from there, then one record that makes them the release on trial, then a reboot.
 * Until that record is durable, nothing that the device runs has changed.
 */
#include "session_private.h"

#include "slipway/checked.h"

static void fail(struct slw_session *session, enum slw_status status, struct slw_bytes name)
{
    struct slw_finding finding;
    (void)slw_find_name(&finding, status, name);
    slw_session_finish(session, SLW_UPDATE_RESULT_APPLY_FAILED, &finding);
}

static void fail_with(struct slw_session *session, enum slw_status status)
{
    fail(session, status, slw_bytes_make(NULL, 0));
}

static const struct slw_release *confirmed(const struct slw_session *session)
{
    return &session->config->store->state.confirmed;
}

/* The texts of the question, from the very metadata that was signed: its digest is taken again. */
static enum slw_status read_texts(struct slw_session *session)
{
    const struct slw_targets *targets = &session->trusted->targets;
    struct slw_sha256 hash;
    struct slw_tap tap = {.observe = slw_sha256_observe, .context = &hash};
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_reader_init(&reader, session->trusted->source, session->walk_block,
                    sizeof session->walk_block);
    slw_reader_seek(&reader, targets->serialized.offset,
                    targets->serialized.offset + targets->serialized.length);
    slw_sha256_init(&hash);
    slw_reader_add_tap(&reader, &tap);
    slw_proto_begin(&proto, &reader, &slw_targets_rules);
    while (slw_proto_next(&proto, &field)) {
        if (field.number == SLW_TARGETS_RELEASE_VERSION) {
            size_t len = (size_t)slw_min_u64(field.length, sizeof session->release_version);
            slw_proto_copy(&proto, session->release_version, len);
            session->question.release_version = slw_bytes_make(session->release_version, len);
        } else if (field.number == SLW_TARGETS_RELEASE_NOTES) {
            size_t len = (size_t)slw_min_u64(field.length, sizeof session->release_notes);
            slw_proto_copy(&proto, session->release_notes, len);
            session->question.release_notes = slw_bytes_make(session->release_notes, len);
        }
    }
    slw_reader_remove_tap(&reader, &tap);
    slw_sha256_final(&hash, digest);
    return reader.status == SLW_OK && memcmp(digest, targets->sha256, sizeof digest) == 0 ? SLW_OK
                                                                                          : SLW_IO;
}

static void restart_walk(struct slw_session *session)
{
    slw_target_walk_start(&session->walk, session->trusted->source, &session->trusted->targets,
                          session->walk_block, sizeof session->walk_block);
}

static enum slw_status sum_sizes(struct slw_session *session)
{
    enum slw_status status = SLW_OK;
    session->total_bytes = 0;
    restart_walk(session);
    while (status == SLW_OK) {
        status = slw_trusted_bundle_next_target(session->trusted, &session->walk, &session->target);
        if (status == SLW_OK && session->target.present &&
            !slw_add_u64(session->total_bytes, session->target.target.length,
                         &session->total_bytes)) {
            return SLW_TOO_LARGE;
        }
    }
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

static enum slw_status prepare_question(struct slw_session *session)
{
    const struct slw_targets *targets = &session->trusted->targets;
    SLW_TRY(sum_sizes(session));
    session->question = (struct slw_consent_question){
        .version = targets->version,
        .installed_version = confirmed(session)->present ? confirmed(session)->version : 0,
        .urgency = targets->urgency,
        .size = session->total_bytes,
        .metadata_sha256 = targets->sha256,
    };
    return read_texts(session);
}

/* Anything else is no answer, wherever it comes from. */
static bool is_answer(unsigned given)
{
    return given == SLW_CONSENT_YES || given == SLW_CONSENT_NO;
}

/* The answer given for this very metadata, now or before a reboot. */
static enum slw_consent_answer answer(struct slw_session *session)
{
    const uint8_t *metadata = session->trusted->targets.sha256;
    const struct slw_consent_port *port = session->config->consent;
    struct slw_session_record *record = &session->record;
    if (is_answer(record->consent) &&
        memcmp(record->consent_metadata, metadata, sizeof record->consent_metadata) == 0) {
        return (enum slw_consent_answer)record->consent;
    }
    enum slw_consent_answer given = port->ask(port->context, &session->question);
    if (!is_answer(given)) {
        return SLW_CONSENT_NOT_YET;
    }
    record->consent = (uint8_t)given;
    memcpy(record->consent_metadata, metadata, sizeof record->consent_metadata);
    return slw_session_commit_record(session) == SLW_OK ? given : SLW_CONSENT_NOT_YET;
}

static void begin_installing(struct slw_session *session)
{
    const struct slw_targets *targets = &session->trusted->targets;
    session->waiting_for_consent = false;
    session->record.state = SLW_UPDATE_STATE_APPLYING;
    if (slw_session_commit_record(session) != SLW_OK) {
        fail_with(session, SLW_IO);
        return;
    }
    session->new_release = (struct slw_release){
        .present = true,
        .version = targets->version,
        .security_floor = targets->security_floor,
        .resets_version = session->trusted->resets_version,
    };
    if (confirmed(session)->present) {
        memcpy(session->new_release.images, confirmed(session)->images,
               sizeof session->new_release.images);
    }
    memcpy(session->new_release.metadata_sha256, targets->sha256, SLW_SHA256_SIZE);
    session->listed = 0;
    session->written_bytes = 0;
    session->install_phase = SLW_INSTALL_NEXT_TARGET;
    restart_walk(session);
}

void slw_session_start_applying(struct slw_session *session)
{
    if (!session->waiting_for_consent) {
        enum slw_status status = prepare_question(session);
        if (status != SLW_OK) {
            fail_with(session, status);
            return;
        }
    }
    switch (answer(session)) {
    case SLW_CONSENT_NOT_YET:
        session->waiting_for_consent = true;
        return;
    case SLW_CONSENT_NO:
        fail_with(session, SLW_CONSENT_REFUSED);
        return;
    case SLW_CONSENT_YES:
        begin_installing(session);
        return;
    }
}

static struct slw_bytes current_name(const struct slw_session *session)
{
    return slw_bytes_make(session->target.target.name, session->target.target.name_len);
}

/* Stored, never installed. Absent means that the device has it already: its blob has that digest.
 */
static enum slw_status keep_user_manifest(struct slw_session *session)
{
    const uint8_t *sha256 = session->target.target.sha256;
    struct slw_blob blob;
    if (session->target.present) {
        SLW_TRY(slw_store_put_blob(session->config->store, SLW_BLOB_USER_MANIFEST,
                                   session->new_release.version, session->trusted->source,
                                   session->target.payload.offset, session->target.payload.length,
                                   &blob));
    } else {
        SLW_TRY(slw_store_find_blob(session->config->store, sha256, &blob));
    }
    memcpy(session->new_release.user_manifest, blob.sha256, sizeof blob.sha256);
    return memcmp(blob.sha256, sha256, sizeof blob.sha256) == 0 ? SLW_OK : SLW_WRONG_HASH;
}

/* The slot that doesn't run; the one that runs isn't touched before the next one is confirmed. */
static enum slw_status start_image(struct slw_session *session)
{
    const struct slw_layout *layout = session->config->layout;
    const struct slw_target *target = &session->target.target;
    SLW_TRY(slw_layout_find(layout, slw_bytes_make(target->slot, target->slot_len),
                            &session->component));
    struct slw_image *image = &session->new_release.images[session->component];
    session->listed |= (uint32_t)1 << session->component;
    image->version = session->new_release.version;
    image->length = target->length;
    memcpy(image->sha256, target->sha256, sizeof image->sha256);
    if (!session->target.present) {
        return image->present ? SLW_OK : SLW_MISSING_PAYLOAD;
    }
    image->slot = image->present ? (uint8_t)(1 - image->slot) : 0;
    image->present = true;
    session->slot = &layout->components[session->component].slots[image->slot];
    if (target->length > session->slot->size) {
        return SLW_SLOT_TOO_SMALL;
    }
    session->installed_bytes = 0;
    session->install_phase = SLW_INSTALL_ERASE;
    return SLW_OK;
}

static enum slw_status next_target(struct slw_session *session)
{
    enum slw_status status =
        slw_trusted_bundle_next_target(session->trusted, &session->walk, &session->target);
    if (status == SLW_NOT_FOUND) {
        session->install_phase = SLW_INSTALL_METADATA;
        return SLW_OK;
    }
    SLW_TRY(status);
    if (slw_bytes_equal(current_name(session), SLW_USER_MANIFEST)) {
        return keep_user_manifest(session);
    }
    return start_image(session);
}

static void start_reading_back(struct slw_session *session)
{
    slw_sha256_init(&session->hash);
    session->installed_bytes = 0;
    session->install_phase = SLW_INSTALL_READ_BACK;
}

static enum slw_status erase_sector(struct slw_session *session)
{
    if (session->installed_bytes == session->target.target.length) {
        start_reading_back(session);
        return SLW_OK;
    }
    session->install_phase = SLW_INSTALL_PROGRAM;
    return slw_region_erase(session->slot, session->installed_bytes);
}

/* One page: never across the end of the sector that was just erased. */
static enum slw_status program_page(struct slw_session *session)
{
    const struct slw_flash *flash = session->slot->flash;
    uint8_t *page = session->config->page;
    uint64_t left = session->target.target.length - session->installed_bytes;
    uint64_t in_sector = flash->sector_size - session->installed_bytes % flash->sector_size;
    size_t len = (size_t)slw_min_u64(slw_min_u64(left, in_sector), session->config->page_size);
    size_t padded = (len + flash->program_size - 1) / flash->program_size * flash->program_size;
    SLW_TRY(session->trusted->source->read(
        session->trusted->source->context,
        session->target.payload.offset + session->installed_bytes, page, len));
    memset(page + len, flash->erased_value, padded - len);
    SLW_TRY(slw_region_program(session->slot, session->installed_bytes, page, padded));
    session->installed_bytes += len;
    session->written_bytes += len;
    if (len == in_sector || len == left) {
        session->install_phase = SLW_INSTALL_ERASE;
    }
    return SLW_OK;
}

static enum slw_status read_back(struct slw_session *session)
{
    const struct slw_target *target = &session->target.target;
    uint8_t digest[SLW_SHA256_SIZE];
    size_t len =
        (size_t)slw_min_u64(target->length - session->installed_bytes, session->config->page_size);
    if (len > 0) {
        SLW_TRY(
            slw_region_read(session->slot, session->installed_bytes, session->config->page, len));
        slw_sha256_update(&session->hash, slw_bytes_make(session->config->page, len));
        session->installed_bytes += len;
        return SLW_OK;
    }
    slw_sha256_final(&session->hash, digest);
    session->install_phase = SLW_INSTALL_NEXT_TARGET;
    return memcmp(digest, target->sha256, sizeof digest) == 0 ? SLW_OK : SLW_WRONG_HASH;
}

/* The blob must hold the metadata that was verified, not just come from the same place. */
static enum slw_status check_stored_metadata(struct slw_session *session,
                                             const struct slw_blob *blob)
{
    const struct slw_session_config *config = session->config;
    struct slw_reader reader;
    struct slw_span serialized;
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_reader_init(&reader, &blob->place.source, session->walk_block, sizeof session->walk_block);
    SLW_TRY(slw_signed_scan(&reader, config->limits.signatures, config->limits.targets_size,
                            &serialized));
    slw_reader_seek(&reader, serialized.offset, serialized.offset + serialized.length);
    slw_sha256_init(&hash);
    while (slw_reader_left(&reader) > 0) {
        slw_sha256_update(&hash, slw_reader_take(&reader, UINT64_MAX));
    }
    SLW_TRY(reader.status);
    slw_sha256_final(&hash, digest);
    return memcmp(digest, session->trusted->targets.sha256, sizeof digest) == 0 ? SLW_OK : SLW_IO;
}

static enum slw_status switch_over(struct slw_session *session)
{
    struct slw_store *store = session->config->store;
    struct slw_release *release = &session->new_release;
    struct slw_blob blob;
    SLW_TRY(slw_session_keep(session, SLW_BLOB_TARGETS, release->version,
                             session->trusted->signed_targets, &blob));
    SLW_TRY(check_stored_metadata(session, &blob));
    memcpy(release->metadata, blob.sha256, sizeof release->metadata);
    memcpy(release->root, store->state.root, sizeof release->root);
    for (size_t i = 0; i < session->config->layout->components_count; i++) {
        if ((session->listed >> i & 1) != 0) {
            memcpy(release->images[i].metadata, release->metadata, sizeof release->metadata);
            memcpy(release->images[i].root, release->root, sizeof release->root);
        }
    }
    session->next = store->state;
    session->next.session = session->record;
    session->next.trial = *release;
    session->next.trial_attempts = 0;
    enum slw_status status = slw_store_commit(store, &session->next);
    /* When only the anchor failed, the release is on trial: the next start brings the anchor up. */
    if (!store->state.trial.present) {
        return status;
    }
    session->rebooting = true;
    session->config->reboot->reboot(session->config->reboot->context);
    return SLW_OK;
}

static enum slw_status do_phase(struct slw_session *session)
{
    switch (session->install_phase) {
    case SLW_INSTALL_NEXT_TARGET:
        return next_target(session);
    case SLW_INSTALL_ERASE:
        return erase_sector(session);
    case SLW_INSTALL_PROGRAM:
        return program_page(session);
    case SLW_INSTALL_READ_BACK:
        return read_back(session);
    case SLW_INSTALL_METADATA:
        return switch_over(session);
    }
    return SLW_WRONG_STATE;
}

void slw_session_poll_applying(struct slw_session *session)
{
    enum slw_status status = do_phase(session);
    if (status != SLW_OK) {
        fail(session, status, current_name(session));
    }
}
