/* SPDX-License-Identifier: Apache-2.0 */
/* The boot stage's decision (boot.h): trial, confirmed release, rollback, nothing; and confirming.
 */
#include "boot_private.h"

#include "slipway/bundled_update.h"

static void choose(struct slw_boot *boot, enum slw_boot_choice choice,
                   const struct slw_release *release)
{
    boot->choice = choice;
    boot->version = release->version;
    memcpy(boot->images, release->images, sizeof boot->images);
}

/* A finding says more than its status; when there is none, the status alone. */
static void note_finding(struct slw_finding *finding, enum slw_status status)
{
    if (finding->status != status) {
        *finding = (struct slw_finding){.status = status};
    }
}

static enum slw_status count_attempt(struct slw_store *store)
{
    store->next = store->state;
    store->next.trial_attempts++;
    return slw_store_commit(store, &store->next);
}

/* What a host sees after the reboot: FINISHED, APPLY_FAILED, and why. */
static void note_failure(struct slw_session_record *session, const struct slw_finding *finding)
{
    session->state = SLW_UPDATE_STATE_FINISHED;
    session->result = SLW_UPDATE_RESULT_APPLY_FAILED;
    session->intent = 0;
    session->reason = (uint16_t)finding->status;
    session->subject_len = finding->name_len;
    memcpy(session->subject, finding->name, sizeof session->subject);
}

static enum slw_status roll_back(struct slw_boot *boot, struct slw_store *store,
                                 enum slw_status status)
{
    note_finding(&boot->finding, status);
    boot->choice = SLW_BOOT_ROLLED_BACK;
    boot->trial_status = status;
    boot->failed_version = store->state.trial.version;
    store->next = store->state;
    memset(&store->next.trial, 0, sizeof store->next.trial);
    store->next.trial_attempts = 0;
    note_failure(&store->next.session, &boot->finding);
    return slw_store_commit(store, &store->next);
}

/* The attempt is durable before anything of the trial is looked at: a trial that hangs the boot
 * stage itself runs out of attempts, too. */
static enum slw_status try_trial(struct slw_boot *boot, struct slw_store *store,
                                 const struct slw_boot_context *context, uint8_t attempts_max)
{
    bool chain_ok = false;
    if (store->state.trial_attempts >= attempts_max) {
        return roll_back(boot, store, SLW_OK);
    }
    SLW_TRY(count_attempt(store));
    enum slw_status status = slw_release_verify(context, &store->state.trial, true, &chain_ok);
    if (!chain_ok) {
        return status;
    }
    if (status != SLW_OK) {
        return roll_back(boot, store, status);
    }
    SLW_TRY(slw_store_vouch_for_trial(store));
    choose(boot, SLW_BOOT_TRIAL, &store->state.trial);
    return SLW_OK;
}

static enum slw_status fall_to_confirmed(struct slw_boot *boot, const struct slw_store *store,
                                         const struct slw_boot_context *context)
{
    const struct slw_state *state = &store->state;
    bool rolled_back = boot->choice == SLW_BOOT_ROLLED_BACK;
    bool chain_ok = false;
    if (state->confirmed.present) {
        SLW_TRY(slw_release_verify(context, &state->confirmed, false, &chain_ok));
        choose(boot, rolled_back ? SLW_BOOT_ROLLED_BACK : SLW_BOOT_CONFIRMED, &state->confirmed);
        return SLW_OK;
    }
    return state->targets_version == 0 ? slw_chain_climb(context, state->root, NULL)
                                       : SLW_STORED_STATE;
}

enum slw_status slw_boot(struct slw_boot *ret_boot, struct slw_store *store,
                         const struct slw_layout *layout, uint8_t attempts_max,
                         const struct slw_limits *limits, const struct slw_verifier_memory *memory)
{
    struct slw_finding finding = {0};
    struct slw_boot_context context = {store, layout, limits, memory, &finding};
    memset(ret_boot, 0, sizeof *ret_boot);
    if (store->state.trial.present) {
        context.finding = &ret_boot->finding;
        SLW_TRY(try_trial(ret_boot, store, &context, attempts_max));
        if (ret_boot->choice == SLW_BOOT_TRIAL) {
            return SLW_OK;
        }
    }
    context.finding = &finding;
    enum slw_status status = fall_to_confirmed(ret_boot, store, &context);
    if (status != SLW_OK) {
        note_finding(&finding, status);
        ret_boot->finding = finding;
    }
    return status;
}

/*
 * Only a release that the boot stage ran counts as healthy: one that was installed since and hasn't
 * been booted isn't what is asking.
 */
enum slw_status slw_boot_confirm(struct slw_store *store)
{
    struct slw_state *next = &store->next;
    const struct slw_release *trial = &store->state.trial;
    if (!trial->present || store->state.trial_attempts == 0) {
        return SLW_WRONG_STATE;
    }
    *next = store->state;
    next->confirmed = *trial;
    memset(&next->trial, 0, sizeof next->trial);
    next->trial_attempts = 0;
    if (trial->version >= next->targets_version || trial->resets_version) {
        next->targets_version = trial->version;
    }
    if (trial->security_floor > next->security_floor) {
        next->security_floor = trial->security_floor;
    }
    next->session.state = SLW_UPDATE_STATE_FINISHED;
    next->session.result = SLW_UPDATE_RESULT_SUCCESS;
    next->session.intent = 0;
    next->session.reason = 0;
    next->session.subject_len = 0;
    return slw_store_commit(store, next);
}
