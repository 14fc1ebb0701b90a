/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An update of a device from afar, to its end (remote_device.h). Each look at the device is a row
 * of the tables below: what leads on from the state that it is in, before the session is ours, and
 * in it.
 */
#include "slipway/crypto.h"
#include "slipway/remote_device.h"

#include <string.h>

#define LOOK_INTERVAL_MS 50u
#define RECONNECT_INTERVAL_MS 100u
#define CONNECT_TIMEOUT_MS 2000u

struct run {
    struct slw_remote_device *device;
    const struct slw_remote_update *update;
    struct slw_detail *detail;
    bool ours;    /* the session on the device is the one that we started or took up */
    bool applied; /* we asked for it */
    bool told_waiting;
    const char *told; /* the stage that was told last; NULL: none */
    /* what the device did last, and when that was news */
    uint32_t last_state;
    uint32_t last_progress;
    uint64_t news_ms;
};

/* What to do after a look. */
enum next { LOOK_AGAIN, LOOK_LATER, OVER };

static uint64_t now_ms(const struct run *run)
{
    return run->device->port->now_ms(run->device->port->context);
}

/* --- What is told --- */

static void show_progress(const struct run *run, const char *what)
{
    const struct slw_remote_watcher *watcher = run->update->watcher;
    if (watcher != NULL && watcher->progress != NULL) {
        watcher->progress(watcher->context, what,
                          run->device->answer.status.progress_hundreth_percent);
    }
}

/* Each stage once. */
static void tell_stage(struct run *run, const char *stage)
{
    const struct slw_remote_watcher *watcher = run->update->watcher;
    if (run->told != NULL && strcmp(run->told, stage) == 0) {
        return;
    }
    run->told = stage;
    show_progress(run, NULL);
    if (watcher != NULL && watcher->stage != NULL) {
        watcher->stage(watcher->context, stage);
    }
}

static enum next end(enum slw_remote_end how, enum slw_remote_end *ret_end)
{
    *ret_end = how;
    return OVER;
}

/* A call that went through or not, whatever its code: the next look shows what became of it. */
static enum next after_call(const struct run *run, enum slw_status status, const char *call)
{
    const struct slw_remote_watcher *watcher = run->update->watcher;
    uint32_t code = run->device->answer.code;
    if (status == SLW_OK && code != SLW_RPC_OK) {
        if (watcher != NULL && watcher->refused != NULL) {
            watcher->refused(watcher->context, call, code);
        }
        return LOOK_LATER;
    }
    return status == SLW_OK ? LOOK_AGAIN : LOOK_LATER;
}

/* --- Before the session is ours --- */

static bool runs_this(const struct run *run)
{
    const struct slw_update_answer *answer = &run->device->answer;
    return answer->has_device &&
           slw_bytes_equal(answer->device.targets_metadata_sha256,
                           slw_bytes_make(run->update->metadata_sha256, SLW_SHA256_SIZE));
}

static bool is_our_name(const struct run *run)
{
    return slw_bytes_equal(run->device->answer.status.bundle_filename,
                           slw_bytes_make(run->update->name, strlen(run->update->name)));
}

static enum next abort_other(const struct run *run)
{
    struct slw_remote_device *device = run->device;
    return after_call(run, slw_update_abort(device->client, &device->answer, run->detail), "Abort");
}

/* Makes the device ready for a session, or takes up one of the same name. */
static enum next begin(struct run *run, enum slw_remote_end *ret_end)
{
    struct slw_remote_device *device = run->device;
    if (runs_this(run) && !slw_remote_is_on_trial(device)) {
        return end(SLW_REMOTE_NOTHING_TO_DO, ret_end); /* or once another sender is done */
    }
    switch (device->answer.status.state) {
    case SLW_UPDATE_STATE_INACTIVE:
        run->ours = slw_update_start(device->client, run->update->name, &device->answer,
                                     run->detail) == SLW_OK &&
                    device->answer.code == SLW_RPC_OK;
        return run->ours ? LOOK_AGAIN : LOOK_LATER;
    case SLW_UPDATE_STATE_FINISHED:
        return after_call(run, slw_update_reset(device->client, &device->answer, run->detail),
                          "Reset");
    case SLW_UPDATE_STATE_TRANSFERRING:
        if (is_our_name(run)) {
            run->ours = true;
            return LOOK_AGAIN;
        }
        return abort_other(run);
    case SLW_UPDATE_STATE_TRANSFERRED:
    case SLW_UPDATE_STATE_VERIFYING:
    case SLW_UPDATE_STATE_VERIFIED:
        return abort_other(run);
    case SLW_UPDATE_STATE_APPLYING:
    case SLW_UPDATE_STATE_ABORTING:
        return LOOK_LATER; /* another update is on its way: it ends, or the time does */
    default:
        return end(SLW_REMOTE_STRANGE_STATE, ret_end);
    }
}

/* --- Our session --- */

static enum next send_bundle(struct run *run, enum slw_remote_end *ret_end)
{
    struct slw_remote_device *device = run->device;
    const struct slw_remote_watcher *watcher = run->update->watcher;
    struct slw_upload_report report;
    show_progress(run, NULL);
    show_progress(run, "sending");
    const struct slw_upload upload = {
        .rpc = device->client,
        .resource_id = device->answer.status.transfer_id,
        .source = run->update->bundle,
        .progress = watcher != NULL ? watcher->sending : NULL,
    };
    uint64_t begun_ms = now_ms(run);
    enum slw_status status = slw_upload_run(&upload, &report, run->detail);
    show_progress(run, NULL);
    if (watcher != NULL && watcher->sent != NULL) {
        watcher->sent(watcher->context, &report, status == SLW_OK, now_ms(run) - begun_ms);
    }
    if (report.chunks_sent > 0) {
        run->news_ms = now_ms(run);
    }
    if (status == SLW_IO && !slw_remote_is_interrupted(device)) {
        return end(SLW_REMOTE_NO_ANSWER, ret_end);
    }
    if (status == SLW_IO_CLOSED) {
        slw_remote_disconnect(device);
    }
    return status == SLW_OK ? LOOK_AGAIN : LOOK_LATER;
}

static bool may_apply(const struct run *run)
{
    const struct slw_remote_watcher *watcher = run->update->watcher;
    return watcher == NULL || watcher->may_apply == NULL || watcher->may_apply(watcher->context);
}

static enum next apply_or_wait(struct run *run, enum slw_remote_end *ret_end)
{
    struct slw_remote_device *device = run->device;
    if (!run->update->apply) {
        return end(SLW_REMOTE_VERIFIED, ret_end);
    }
    if (!run->applied && !may_apply(run)) {
        (void)slw_update_abort(device->client, &device->answer, run->detail);
        return end(SLW_REMOTE_NOT_LET, ret_end);
    }
    if (!run->applied) {
        run->applied = true;
        return after_call(run, slw_update_apply(device->client, &device->answer, run->detail),
                          "Apply");
    }
    if (device->answer.device.waiting_for_consent && !run->told_waiting) {
        run->told_waiting = true;
        tell_stage(run, SLW_REMOTE_STAGE_CONSENT);
    }
    return LOOK_LATER;
}

static enum next finish(const struct run *run, enum slw_remote_end *ret_end)
{
    const struct slw_update_answer *answer = &run->device->answer;
    bool is_other = run->update->bundle != NULL && answer->has_device && !runs_this(run);
    return end(answer->status.result != SLW_UPDATE_RESULT_SUCCESS ? SLW_REMOTE_FAILED
               : is_other                                         ? SLW_REMOTE_OTHER_RELEASE
                                                                  : SLW_REMOTE_CONFIRMED,
               ret_end);
}

/* From where it is to its end. */
static enum next lead_on(struct run *run, enum slw_remote_end *ret_end)
{
    struct slw_remote_device *device = run->device;
    bool trial = slw_remote_is_on_trial(device);
    switch (device->answer.status.state) {
    case SLW_UPDATE_STATE_TRANSFERRING:
        return send_bundle(run, ret_end);
    case SLW_UPDATE_STATE_TRANSFERRED:
        return after_call(run, slw_update_verify(device->client, &device->answer, run->detail),
                          "Verify");
    case SLW_UPDATE_STATE_VERIFYING:
        show_progress(run, "verifying");
        return LOOK_LATER;
    case SLW_UPDATE_STATE_VERIFIED:
        tell_stage(run, "verified");
        return apply_or_wait(run, ret_end);
    case SLW_UPDATE_STATE_APPLYING:
        tell_stage(run, trial ? "rebooted, on trial" : "installing");
        show_progress(run, trial ? "waiting for the confirmation" : "installing");
        return LOOK_LATER;
    case SLW_UPDATE_STATE_FINISHED:
        return finish(run, ret_end);
    default:
        return end(SLW_REMOTE_TAKEN_AWAY, ret_end);
    }
}

/* --- The whole of it --- */

/* A device that shows another state or progress has done something. */
static void note_news(struct run *run)
{
    const struct slw_update_status *status = &run->device->answer.status;
    if (status->state != run->last_state ||
        status->progress_hundreth_percent != run->last_progress) {
        run->last_state = status->state;
        run->last_progress = status->progress_hundreth_percent;
        run->news_ms = now_ms(run);
    }
}

static enum next look(struct run *run, enum slw_remote_end *ret_end)
{
    struct slw_remote_device *device = run->device;
    if (slw_remote_connect(device, CONNECT_TIMEOUT_MS, run->detail) != SLW_OK) {
        return LOOK_LATER;
    }
    enum slw_status status = slw_update_get_status(device->client, &device->answer, run->detail);
    if (status == SLW_MALFORMED) {
        return end(SLW_REMOTE_NO_ANSWER, ret_end);
    }
    if (status != SLW_OK) {
        slw_remote_disconnect(device);
        return LOOK_LATER;
    }
    if (device->answer.code != SLW_RPC_OK || device->answer.is_error) {
        return end(SLW_REMOTE_STRANGE_ANSWER, ret_end);
    }
    note_news(run);
    return run->ours ? lead_on(run, ret_end) : begin(run, ret_end);
}

/* The device is told to stop, unless it is past the point where it listens. */
static enum slw_remote_end interrupt(const struct run *run)
{
    struct slw_remote_device *device = run->device;
    if (!run->ours) {
        return SLW_REMOTE_INTERRUPTED;
    }
    if (slw_remote_connect(device, CONNECT_TIMEOUT_MS, run->detail) != SLW_OK) {
        return SLW_REMOTE_LEFT_GOING;
    }
    slw_rpc_client_ignore_interrupts(device->client);
    enum slw_status status = slw_update_abort(device->client, &device->answer, run->detail);
    return status == SLW_OK && device->answer.code == SLW_RPC_OK ? SLW_REMOTE_ABORTED
                                                                 : SLW_REMOTE_LEFT_GOING;
}

static enum slw_remote_end give_up(const struct run *run)
{
    return run->told_waiting                             ? SLW_REMOTE_NO_CONSENT
           : run->last_state == SLW_UPDATE_STATE_UNKNOWN ? SLW_REMOTE_NO_ANSWER
                                                         : SLW_REMOTE_NO_PROGRESS;
}

/*
 * Consent may take as long as people do, and a device on the network may serve one client at a
 * time: whoever wants to ask or abort it has its turn between two looks. Serial lines are kept,
 * since closing one resets some boards.
 */
static void pause_between_looks(const struct run *run)
{
    struct slw_remote_device *device = run->device;
    const struct slw_remote_port *port = device->port;
    if (run->told_waiting && port->is_shared != NULL && port->is_shared(port->context)) {
        slw_remote_disconnect(device);
    }
    if (device->client == NULL) {
        port->pause(port->context, RECONNECT_INTERVAL_MS);
    } else {
        (void)slw_rpc_client_pause(device->client, LOOK_INTERVAL_MS);
    }
}

static enum slw_remote_end run_to_the_end(struct run *run)
{
    enum slw_remote_end how = SLW_REMOTE_NO_ANSWER;
    run->news_ms = now_ms(run);
    for (;;) {
        enum next next = look(run, &how);
        if (next == OVER) {
            return how;
        }
        if (slw_remote_is_interrupted(run->device)) {
            return interrupt(run);
        }
        if (now_ms(run) - run->news_ms >= run->device->timeout_ms) {
            return give_up(run);
        }
        if (next == LOOK_LATER) {
            pause_between_looks(run);
        }
    }
}

enum slw_remote_end slw_remote_update_run(struct slw_remote_device *device,
                                          const struct slw_remote_update *update,
                                          struct slw_detail *detail)
{
    /* Applying what is there is the second half of an update: the session is taken as ours. */
    struct run run = {
        .device = device,
        .update = update,
        .detail = detail,
        .ours = update->bundle == NULL,
        .applied = update->bundle == NULL,
    };
    enum slw_remote_end how = run_to_the_end(&run);
    show_progress(&run, NULL);
    return how;
}
