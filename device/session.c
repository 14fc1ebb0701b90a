/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session's states and calls (session.h): the table, what each call does, and the status.
 *
 * The reference destroys a session on any call in a wrong state and answers OK to some of them;
 * here such a call changes nothing and says so.
 */
#include "session_private.h"

#include "slipway/boot.h"
#include "slipway/checked.h"

/* What a call does in a state. */
enum action {
    REFUSE, /* SLW_WRONG_STATE, nothing changes */
    NOTHING,
    BEGIN,
    VERIFY,
    APPLY,
    APPLY_LATER, /* as soon as it is verified */
    ABORT,
    RESET,
};

#define STATES_COUNT (SLW_UPDATE_STATE_FINISHED + 1)

/* clang-format off */
static const uint8_t actions[STATES_COUNT][SLW_CALLS_COUNT] = {
    /*                                 SET_TRANSFERRED VERIFY   APPLY        ABORT    RESET    START */
    [SLW_UPDATE_STATE_UNKNOWN]      = {REFUSE,         REFUSE,  REFUSE,      REFUSE,  REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_INACTIVE]     = {REFUSE,         REFUSE,  REFUSE,      REFUSE,  NOTHING, BEGIN},
    [SLW_UPDATE_STATE_TRANSFERRING] = {REFUSE,         REFUSE,  REFUSE,      ABORT,   REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_TRANSFERRED]  = {NOTHING,        VERIFY,  APPLY_LATER, ABORT,   REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_VERIFYING]    = {REFUSE,         NOTHING, APPLY_LATER, ABORT,   REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_VERIFIED]     = {REFUSE,         NOTHING, APPLY,       ABORT,   REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_APPLYING]     = {REFUSE,         REFUSE,  NOTHING,     REFUSE,  REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_ABORTING]     = {REFUSE,         REFUSE,  REFUSE,      NOTHING, REFUSE,  REFUSE},
    [SLW_UPDATE_STATE_FINISHED]     = {REFUSE,         REFUSE,  REFUSE,      REFUSE,  RESET,   REFUSE},
};
/* clang-format on */

static enum action action_for(const struct slw_session *session, enum slw_session_call call)
{
    if (session->rebooting || session->record.state >= STATES_COUNT) {
        return REFUSE;
    }
    return (enum action)actions[session->record.state][call];
}

enum slw_status slw_session_commit_record(struct slw_session *session)
{
    session->next = session->config->store->state;
    session->next.session = session->record;
    return slw_store_commit(session->config->store, &session->next);
}

static void keep_finding(struct slw_session *session, const struct slw_finding *finding)
{
    session->finding = *finding;
    session->record.reason = (uint16_t)finding->status;
    session->record.subject_len = finding->name_len;
    memcpy(session->record.subject, finding->name, sizeof session->record.subject);
}

void slw_session_finish(struct slw_session *session, enum slw_update_result result,
                        const struct slw_finding *finding)
{
    const struct slw_session_observer *observer = session->config->observer;
    session->record.state = SLW_UPDATE_STATE_FINISHED;
    session->record.result = (uint8_t)result;
    session->apply_wanted = false;
    session->waiting_for_consent = false;
    keep_finding(session, finding);
    if (observer != NULL && finding->status != SLW_OK) {
        observer->refused(observer->context, finding);
    }
    /* When even this can't be stored, the next boot takes up the session where it was before. */
    (void)slw_session_commit_record(session);
}

static enum slw_status capacity_of(void *context, struct slw_bytes slot, uint64_t *ret_capacity)
{
    const struct slw_session *session = context;
    size_t index = 0;
    SLW_TRY(slw_layout_find(session->config->layout, slot, &index));
    const struct slw_component *component = &session->config->layout->components[index];
    *ret_capacity = slw_min_u64(component->slots[0].size, component->slots[1].size);
    return SLW_OK;
}

static enum slw_status find_user_manifest(struct slw_session *session,
                                          struct slw_installed_image *ret_image)
{
    const struct slw_store *store = session->config->store;
    struct slw_blob blob;
    SLW_TRY(slw_store_find_blob(store, store->state.confirmed.user_manifest, &blob));
    *ret_image = (struct slw_installed_image){
        .length = blob.place.source.size, .sha256_known = true, /* finding a blob digests it */
    };
    memcpy(ret_image->sha256, blob.sha256, sizeof ret_image->sha256);
    return SLW_OK;
}

/* What runs is measured where it is, not taken from what the journal says it was. */
static enum slw_status find_installed(void *context, struct slw_bytes target, struct slw_bytes slot,
                                      struct slw_installed_image *ret_image)
{
    struct slw_session *session = context;
    const struct slw_layout *layout = session->config->layout;
    const struct slw_release *confirmed = &session->config->store->state.confirmed;
    size_t index = 0;
    if (!confirmed->present) {
        return SLW_NOT_FOUND;
    }
    if (slw_bytes_equal(target, SLW_USER_MANIFEST)) {
        return find_user_manifest(session, ret_image);
    }
    if (slw_layout_find(layout, slot, &index) != SLW_OK || !confirmed->images[index].present) {
        return SLW_NOT_FOUND;
    }
    const struct slw_image *image = &confirmed->images[index];
    slw_region_source_init(&session->installed_source,
                           &layout->components[index].slots[image->slot], image->length);
    *ret_image = (struct slw_installed_image){
        .length = image->length,
        .source = &session->installed_source.source,
    };
    return SLW_OK;
}

/* After a reboot: whatever was under way goes on from the last durable step. */
static enum slw_status take_up(struct slw_session *session)
{
    const struct slw_store *store = session->config->store;
    switch ((enum slw_update_state)session->record.state) {
    case SLW_UPDATE_STATE_TRANSFERRING: {
        bool same = store->progress.transfer_id == session->record.transfer_id;
        slw_session_reset_staging(session, same ? store->progress.offset : 0);
        return SLW_OK;
    }
    case SLW_UPDATE_STATE_VERIFYING:
    case SLW_UPDATE_STATE_VERIFIED:
        session->apply_wanted = session->record.intent != 0;
        return slw_session_start_verifying(session);
    case SLW_UPDATE_STATE_APPLYING:
        if (store->state.trial.present) {
            return SLW_OK;
        }
        session->apply_wanted = true;
        return slw_session_start_verifying(session);
    case SLW_UPDATE_STATE_UNKNOWN:
    case SLW_UPDATE_STATE_ABORTING:
        session->record = (struct slw_session_record){
            .state = SLW_UPDATE_STATE_INACTIVE,
        };
        return SLW_OK;
    case SLW_UPDATE_STATE_INACTIVE:
    case SLW_UPDATE_STATE_TRANSFERRED:
    case SLW_UPDATE_STATE_FINISHED:
        return SLW_OK;
    }
    return SLW_STORED_STATE;
}

enum slw_status slw_session_open(struct slw_session *session,
                                 const struct slw_session_config *config)
{
    *session = (struct slw_session){
        .config = config,
        .record = config->store->state.session,
        .slots = {session, capacity_of},
        .installed = {session, find_installed},
    };
    session->finding.status = (enum slw_status)session->record.reason;
    session->finding.name_len = session->record.subject_len;
    memcpy(session->finding.name, session->record.subject, sizeof session->finding.name);
    return take_up(session);
}

enum slw_status slw_session_start(struct slw_session *session, struct slw_bytes name)
{
    if (action_for(session, SLW_CALL_START) != BEGIN) {
        return SLW_WRONG_STATE;
    }
    struct slw_session_record before = session->record;
    session->record = (struct slw_session_record){
        .state = SLW_UPDATE_STATE_TRANSFERRING,
        .transfer_id = SLW_SESSION_TRANSFER_ID,
        .name_len = (uint8_t)slw_utf8_cut(name, SLW_BUNDLE_NAME_SIZE_MAX),
    };
    if (session->record.name_len > 0) {
        memcpy(session->record.name, name.ptr, session->record.name_len);
    }
    enum slw_status status = slw_session_commit_record(session);
    if (status != SLW_OK) {
        session->record = before;
        return status;
    }
    session->finding = (struct slw_finding){0};
    session->apply_wanted = false;
    slw_session_reset_staging(session, 0);
    return SLW_OK;
}

static enum slw_status reset(struct slw_session *session)
{
    struct slw_session_record before = session->record;
    session->record = (struct slw_session_record){
        .state = SLW_UPDATE_STATE_INACTIVE,
    };
    enum slw_status status = slw_session_commit_record(session);
    if (status != SLW_OK) {
        session->record = before;
        return status;
    }
    session->finding = (struct slw_finding){0};
    return SLW_OK;
}

static enum slw_status apply_when_verified(struct slw_session *session)
{
    session->record.intent = 1;
    enum slw_status status = slw_session_commit_record(session);
    if (status != SLW_OK) {
        session->record.intent = 0;
        return status;
    }
    session->apply_wanted = true;
    if (slw_session_is(session, SLW_UPDATE_STATE_TRANSFERRED)) {
        return slw_session_start_verifying(session);
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_VERIFYING) && session->trusted != NULL) {
        slw_session_keep_roots_again(session);
    }
    /* Now, so that the answer to the call says APPLYING: hosts look for that. */
    if (slw_session_is(session, SLW_UPDATE_STATE_VERIFIED)) {
        slw_session_start_applying(session);
    }
    return SLW_OK;
}

enum slw_status slw_session_call(struct slw_session *session, enum slw_session_call call)
{
    const struct slw_finding nothing_found = {0};
    switch (action_for(session, call)) {
    case NOTHING:
        return SLW_OK;
    case VERIFY:
        return slw_session_start_verifying(session);
    case APPLY:
    case APPLY_LATER:
        return apply_when_verified(session);
    case ABORT:
        slw_session_finish(session, SLW_UPDATE_RESULT_ABORTED, &nothing_found);
        return SLW_OK;
    case RESET:
        return reset(session);
    case BEGIN:
    case REFUSE:
        break;
    }
    return SLW_WRONG_STATE;
}

enum slw_status slw_session_confirm(struct slw_session *session)
{
    struct slw_store *store = session->config->store;
    bool was_on_trial = store->state.trial.present;
    enum slw_status status = slw_boot_confirm(store);
    /* Also when only the anchor failed: then the release is confirmed all the same. */
    if (was_on_trial && !store->state.trial.present) {
        session->record = store->state.session;
        session->finding = (struct slw_finding){0};
    }
    return status;
}

bool slw_session_poll(struct slw_session *session, uint64_t now_ms)
{
    if (session->rebooting) {
        return false;
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_TRANSFERRING)) {
        return slw_session_poll_staging(session, now_ms);
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_VERIFYING)) {
        slw_session_poll_verifying(session);
        return true;
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_VERIFIED) && session->apply_wanted) {
        slw_session_start_applying(session);
        return !session->waiting_for_consent;
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_APPLYING) &&
        !session->config->store->state.trial.present) {
        slw_session_poll_applying(session);
        return !session->rebooting;
    }
    return false;
}

/* A note is read on terminals and displays: nothing in it can steer one. */
static void put_printable(struct slw_writer *writer, struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool control = text.ptr[i] < 0x20 || text.ptr[i] == 0x7F;
        slw_writer_u8(writer, control ? '?' : text.ptr[i]);
    }
}

static size_t write_note(const struct slw_session *session, uint8_t note[static 32])
{
    struct slw_writer writer;
    struct slw_bytes subject = slw_bytes_make(session->record.subject, session->record.subject_len);
    slw_writer_init(&writer, note, SLW_UPDATE_TEXT_SIZE_MAX);
    if (session->waiting_for_consent) {
        slw_writer_put(&writer, SLW_BYTES_OF("waiting for consent"));
    } else if (session->record.reason != 0) {
        const char *word = slw_status_word((enum slw_status)session->record.reason);
        size_t word_len = 0;
        while (word[word_len] != '\0') {
            word_len++;
        }
        slw_writer_put(&writer, slw_bytes_make(word, word_len));
        if (subject.len > 0 && writer.len + 1 + subject.len <= SLW_UPDATE_TEXT_SIZE_MAX) {
            slw_writer_u8(&writer, ' ');
            put_printable(&writer, subject);
        }
    }
    return writer.len;
}

static bool is_done_with_something(const struct slw_session *session)
{
    return slw_session_is(session, SLW_UPDATE_STATE_VERIFIED) ||
           (slw_session_is(session, SLW_UPDATE_STATE_FINISHED) &&
            session->record.result == SLW_UPDATE_RESULT_SUCCESS);
}

static uint32_t progress(const struct slw_session *session)
{
    if (is_done_with_something(session)) {
        return SLW_UPDATE_PROGRESS_FULL;
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_VERIFYING)) {
        return slw_verifier_progress(&session->verifier);
    }
    if (session->config->store->state.trial.present || session->total_bytes == 0) {
        return SLW_UPDATE_PROGRESS_FULL;
    }
    return (uint32_t)(session->written_bytes /
                      (session->total_bytes / SLW_UPDATE_PROGRESS_FULL + 1));
}

void slw_session_status(const struct slw_session *session, uint8_t note[static 32],
                        struct slw_update_status *ret_status)
{
    const struct slw_session_record *record = &session->record;
    *ret_status = (struct slw_update_status){.state = record->state};
    if (record->result != 0) {
        ret_status->present |= SLW_UPDATE_RESULT;
        ret_status->result = record->result;
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_VERIFYING) ||
        slw_session_is(session, SLW_UPDATE_STATE_APPLYING) || is_done_with_something(session)) {
        ret_status->present |= SLW_UPDATE_PROGRESS;
        ret_status->progress_hundreth_percent = progress(session);
    }
    if (slw_session_is(session, SLW_UPDATE_STATE_TRANSFERRING)) {
        ret_status->present |= SLW_UPDATE_TRANSFER_ID;
        ret_status->transfer_id = record->transfer_id;
    }
    if (record->name_len > 0) {
        ret_status->present |= SLW_UPDATE_BUNDLE_FILENAME;
        ret_status->bundle_filename = slw_bytes_make(record->name, record->name_len);
    }
    size_t note_len = write_note(session, note);
    if (note_len > 0) {
        ret_status->present |= SLW_UPDATE_NOTE;
        ret_status->note = slw_bytes_make(note, note_len);
    }
}
