/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway device update` and `apply`: looks at the state that the device is in, does what leads on
 * from there, and looks again. Whatever happened in between (a lost answer, a broken link, a
 * reboot) the next look tells; only a device that makes no progress for --timeout ends it.
 */
#include "device_update.h"
#include "bundle.h"
#include "device.h"
#include "device_link.h"
#include "progress.h"
#include "repo_client.h"

#include "slipway/crypto.h"
#include "slipway/explain.h"
#include "slipway/transfer_client.h"

#include <string.h>

#define LOOK_INTERVAL_MS 50u
#define RECONNECT_INTERVAL_MS 100u
#define CONNECT_TIMEOUT_MS 2000u

struct update {
    struct cli *cli;
    struct cli_device device;
    struct cli_bundle_file bundle;
    bool has_bundle; /* `apply` has none */
    uint8_t metadata_sha256[SLW_SHA256_SIZE];
    char name[SLW_UPDATE_TEXT_SIZE_MAX + 1];
    bool apply;
    bool ours;    /* the session on the device is the one that we started or took up */
    bool applied; /* we asked for it */
    bool told_waiting;
    struct cli_progress progress;
    const char *shown;                        /* what the progress bar is about; NULL: none */
    const char *told;                         /* the stage that was told last; NULL: none */
    const struct cli_update_watcher *watcher; /* NULL: none */
    /* what the device did last, and when that was news */
    uint32_t last_state;
    uint32_t last_progress;
    uint64_t news_ms;
};

/* What to do after a look. */
enum next { LOOK_AGAIN, LOOK_LATER, OVER };

static void hide_progress(struct update *update)
{
    if (update->shown != NULL) {
        cli_progress_end(&update->progress);
        update->shown = NULL;
    }
}

/* Each stage once, in a line of its own, whether there is a bar or not. */
static void tell_stage(struct update *update, const char *stage)
{
    if (update->told == NULL || strcmp(update->told, stage) != 0) {
        hide_progress(update);
        cli_note(update->cli, "%s", stage);
        update->told = stage;
        if (update->watcher != NULL) {
            update->watcher->stage(update->watcher->context, stage);
        }
    }
}

static void tell_sent(const struct update *update, uint64_t bytes, uint64_t took_ms)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "sent ");
    cli_format_round(bytes, &text);
    slw_heap_append_text(&text, ", ");
    cli_format_round(bytes * 1000 / (took_ms > 0 ? took_ms : 1), &text);
    slw_heap_append_text(&text, "/s");
    cli_note(update->cli, "%s", slw_heap_text(&text));
    slw_heap_free(&text);
}

static void show_progress(struct update *update, const char *what)
{
    if (update->shown == NULL || strcmp(update->shown, what) != 0) {
        hide_progress(update);
        cli_progress_begin(&update->progress, update->cli, what);
        update->shown = what;
    }
    uint64_t size = update->bundle.file.source.size; /* 0 without a bundle: then without figures */
    uint64_t share = update->device.answer.status.progress_hundreth_percent;
    slw_progress_report(&update->progress.progress, size / SLW_UPDATE_PROGRESS_FULL * share, size);
}

/* The release that the bundle brings, by the digest of its signed metadata. */
static void digest_metadata(struct update *update)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, update->bundle.targets.serialized);
    slw_sha256_final(&hash, update->metadata_sha256);
}

static bool runs_this(const struct update *update)
{
    const struct slw_update_answer *answer = &update->device.answer;
    return answer->has_device &&
           slw_bytes_equal(answer->device.targets_metadata_sha256,
                           slw_bytes_make(update->metadata_sha256, SLW_SHA256_SIZE));
}

static bool on_trial(const struct update *update)
{
    const struct slw_device_status *device = &update->device.answer.device;
    for (size_t i = 0; i < device->slots_count; i++) {
        if (device->slots[i].trial) {
            return true;
        }
    }
    return false;
}

static enum next end(enum cli_exit code, enum cli_exit *ret_code)
{
    *ret_code = code;
    return OVER;
}

/* A call that went through or not, whatever its code: the next look shows what became of it. */
static enum next after_call(struct update *update, enum slw_status status, const char *call)
{
    if (status == SLW_OK && update->device.answer.code != SLW_RPC_OK) {
        cli_trace(update->cli, "%s: %s", call, slw_rpc_status_name(update->device.answer.code));
        return LOOK_LATER;
    }
    return status == SLW_OK ? LOOK_AGAIN : LOOK_LATER;
}

static bool is_our_name(const struct update *update)
{
    return slw_bytes_equal(update->device.answer.status.bundle_filename,
                           slw_bytes_make(update->name, strlen(update->name)));
}

static enum next nothing_to_do(struct update *update, enum cli_exit *ret_code)
{
    hide_progress(update);
    cli_note(update->cli, "nothing to do: the device runs exactly this release");
    enum cli_exit code = cli_device_print_status(&update->device);
    return end(code == CLI_DONE ? CLI_NOTHING : code, ret_code);
}

/* Before our session: makes the device ready for one, or takes up one of the same name. */
static enum next begin(struct update *update, enum cli_exit *ret_code)
{
    struct cli_device *device = &update->device;
    struct slw_detail *detail = &update->cli->detail;
    if (runs_this(update) && !on_trial(update)) {
        return nothing_to_do(update, ret_code); /* from the start, or once another sender is done */
    }
    switch (device->answer.status.state) {
    case SLW_UPDATE_STATE_INACTIVE:
        update->ours =
            slw_update_start(device->client, update->name, &device->answer, detail) == SLW_OK &&
            device->answer.code == SLW_RPC_OK;
        return update->ours ? LOOK_AGAIN : LOOK_LATER;
    case SLW_UPDATE_STATE_FINISHED:
        return after_call(update, slw_update_reset(device->client, &device->answer, detail),
                          "Reset");
    case SLW_UPDATE_STATE_TRANSFERRING:
        if (is_our_name(update)) {
            update->ours = true;
            return LOOK_AGAIN;
        }
        return after_call(update, slw_update_abort(device->client, &device->answer, detail),
                          "Abort");
    case SLW_UPDATE_STATE_TRANSFERRED:
    case SLW_UPDATE_STATE_VERIFYING:
    case SLW_UPDATE_STATE_VERIFIED:
        return after_call(update, slw_update_abort(device->client, &device->answer, detail),
                          "Abort");
    case SLW_UPDATE_STATE_APPLYING:
    case SLW_UPDATE_STATE_ABORTING:
        return LOOK_LATER; /* another update is on its way: it ends, or the time does */
    default:
        (void)cli_error(update->cli, "the device is in a state that we don't know (%u)",
                        device->answer.status.state);
        return end(CLI_DEVICE, ret_code);
    }
}

static enum next send_bundle(struct update *update, enum cli_exit *ret_code)
{
    struct cli_device *device = &update->device;
    struct slw_upload_report report;
    hide_progress(update);
    cli_progress_begin(&update->progress, update->cli, "sending");
    update->shown = "sending";
    const struct slw_upload upload = {
        .rpc = device->client,
        .resource_id = device->answer.status.transfer_id,
        .source = &update->bundle.file.source,
        .progress = &update->progress.progress,
    };
    uint64_t begun_ms = slw_link_now_ms();
    enum slw_status status = slw_upload_run(&upload, &report, &update->cli->detail);
    hide_progress(update);
    if (report.resumed_at > 0) {
        cli_note(update->cli, "resumed at byte %llu", (unsigned long long)report.resumed_at);
    }
    if (report.chunks_sent > 0) {
        update->news_ms = slw_link_now_ms();
    }
    if (status == SLW_OK) {
        tell_sent(update, report.bytes_sent, slw_link_now_ms() - begun_ms);
    }
    if (status == SLW_IO && !cli_device_interrupted()) {
        return end(cli_device_fail(device), ret_code);
    }
    if (status == SLW_IO_CLOSED) {
        cli_device_disconnect(device);
    }
    return status == SLW_OK ? LOOK_AGAIN : LOOK_LATER;
}

static enum next apply_or_wait(struct update *update, enum cli_exit *ret_code)
{
    struct cli_device *device = &update->device;
    if (!update->apply) {
        hide_progress(update);
        cli_note(update->cli, "verified, not applied");
        return end(cli_device_print_status(device), ret_code);
    }
    if (!update->applied && update->watcher != NULL &&
        !update->watcher->may_apply(update->watcher->context)) {
        (void)slw_update_abort(device->client, &device->answer, &update->cli->detail);
        return end(CLI_DENIED, ret_code);
    }
    if (!update->applied) {
        update->applied = true;
        return after_call(update,
                          slw_update_apply(device->client, &device->answer, &update->cli->detail),
                          "Apply");
    }
    if (device->answer.device.waiting_for_consent && !update->told_waiting) {
        update->told_waiting = true;
        tell_stage(update, CLI_STAGE_CONSENT);
    }
    return LOOK_LATER;
}

static enum next finish(struct update *update, enum cli_exit *ret_code)
{
    struct cli_device *device = &update->device;
    hide_progress(update);
    if (device->answer.status.result != SLW_UPDATE_RESULT_SUCCESS) {
        return end(cli_device_tell_failure(device), ret_code);
    }
    if (update->has_bundle && device->answer.has_device && !runs_this(update)) {
        (void)cli_error(update->cli, "the device confirmed another release than this one");
        return end(CLI_DEVICE, ret_code);
    }
    if (!update->cli->json) {
        cli_note(update->cli, "confirmed: version %u", device->answer.device.targets_version);
    }
    return end(cli_device_print_status(device), ret_code);
}

/* Our session: from where it is to its end. */
static enum next lead_on(struct update *update, enum cli_exit *ret_code)
{
    struct cli_device *device = &update->device;
    switch (device->answer.status.state) {
    case SLW_UPDATE_STATE_TRANSFERRING:
        return send_bundle(update, ret_code);
    case SLW_UPDATE_STATE_TRANSFERRED:
        return after_call(update,
                          slw_update_verify(device->client, &device->answer, &update->cli->detail),
                          "Verify");
    case SLW_UPDATE_STATE_VERIFYING:
        show_progress(update, "verifying");
        return LOOK_LATER;
    case SLW_UPDATE_STATE_VERIFIED:
        tell_stage(update, "verified");
        return apply_or_wait(update, ret_code);
    case SLW_UPDATE_STATE_APPLYING:
        tell_stage(update, on_trial(update) ? "rebooted, on trial" : "installing");
        show_progress(update, on_trial(update) ? "waiting for the confirmation" : "installing");
        return LOOK_LATER;
    case SLW_UPDATE_STATE_FINISHED:
        return finish(update, ret_code);
    default:
        hide_progress(update);
        (void)cli_error(update->cli, "somebody else ended the session; the device's state is %s",
                        slw_update_state_name(device->answer.status.state));
        return end(CLI_DEVICE, ret_code);
    }
}

/* A device that shows another state or progress has done something. */
static void note_news(struct update *update)
{
    const struct slw_update_status *status = &update->device.answer.status;
    if (status->state != update->last_state ||
        status->progress_hundreth_percent != update->last_progress) {
        update->last_state = status->state;
        update->last_progress = status->progress_hundreth_percent;
        update->news_ms = slw_link_now_ms();
    }
}

static enum next look(struct update *update, enum cli_exit *ret_code)
{
    struct cli_device *device = &update->device;
    if (device->client == NULL && cli_device_connect(device, CONNECT_TIMEOUT_MS) != SLW_OK) {
        return LOOK_LATER;
    }
    enum slw_status status =
        slw_update_get_status(device->client, &device->answer, &update->cli->detail);
    if (status == SLW_MALFORMED) {
        return end(cli_device_fail(device), ret_code);
    }
    if (status != SLW_OK) {
        cli_device_disconnect(device);
        return LOOK_LATER;
    }
    enum cli_exit code = cli_device_check_code(device, "GetStatus");
    if (code != CLI_DONE) {
        return end(code, ret_code);
    }
    note_news(update);
    return update->ours ? lead_on(update, ret_code) : begin(update, ret_code);
}

/* The device was told to stop, unless it is past the point where it listens. */
static enum cli_exit interrupt(struct update *update)
{
    struct cli_device *device = &update->device;
    hide_progress(update);
    if (device->client == NULL) {
        (void)cli_device_connect(device, CONNECT_TIMEOUT_MS);
    }
    if (update->ours && device->client != NULL) {
        slw_rpc_client_ignore_interrupts(device->client);
        enum slw_status status =
            slw_update_abort(device->client, &device->answer, &update->cli->detail);
        bool aborted = status == SLW_OK && device->answer.code == SLW_RPC_OK;
        cli_note(update->cli, aborted ? "interrupted: aborted on the device"
                                      : "interrupted: the device goes on");
    }
    return CLI_INTERRUPTED;
}

static enum cli_exit give_up(struct update *update)
{
    hide_progress(update);
    if (update->told_waiting) {
        return cli_refuse(update->cli, SLW_CONSENT_PENDING, "nobody has agreed on the device yet");
    }
    if (update->last_state == SLW_UPDATE_STATE_UNKNOWN) {
        return cli_device_fail(&update->device); /* it never answered */
    }
    (void)cli_error(update->cli, "no progress for %u s; the device's state was %s",
                    update->device.timeout_ms / 1000, slw_update_state_name(update->last_state));
    return CLI_DEVICE;
}

/*
 * Consent may take as long as people do, and a device on the network may serve one client at a
 * time: whoever wants to ask or abort it has its turn between two looks. Serial lines are kept,
 * since closing one resets some boards.
 */
static void let_others_in(struct update *update)
{
    struct cli_device *device = &update->device;
    if (update->told_waiting && device->client != NULL && device->link.kind == SLW_LINK_TCP) {
        cli_device_disconnect(device);
    }
}

static void pause_between_looks(struct update *update)
{
    struct cli_device *device = &update->device;
    struct timespec pause = {.tv_nsec = (long)RECONNECT_INTERVAL_MS * 1000000};
    let_others_in(update);
    if (device->client == NULL) {
        (void)nanosleep(&pause, NULL);
    } else {
        (void)slw_rpc_client_pause(device->client, LOOK_INTERVAL_MS);
    }
}

static enum cli_exit run_to_the_end(struct update *update)
{
    enum cli_exit code = CLI_FAILED;
    update->news_ms = slw_link_now_ms();
    for (;;) {
        enum next next = look(update, &code);
        if (next == OVER) {
            return code;
        }
        if (cli_device_interrupted()) {
            return interrupt(update);
        }
        if (slw_link_now_ms() - update->news_ms >= update->device.timeout_ms) {
            return give_up(update);
        }
        if (next == LOOK_LATER) {
            pause_between_looks(update);
        }
    }
}

static bool is_utf8(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    return slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker);
}

/*
 * The file's name without its folders, or --name; cut to what a device keeps, and readable where
 * it isn't the UTF-8 that devices ask for.
 */
static void choose_name(struct update *update, const struct cli_arguments *arguments,
                        const char *path)
{
    struct slw_heap_buffer readable = {0};
    const char *given = cli_value(arguments, "--name");
    const char *slash = strrchr(path, '/');
    const char *name = given != NULL ? given : slash != NULL ? slash + 1 : path;
    struct slw_bytes text = slw_bytes_make(name, strlen(name));
    if (!is_utf8(text)) {
        slw_escape(text, &readable);
        text = slw_heap_bytes(&readable);
    }
    size_t len = slw_utf8_cut(text, SLW_UPDATE_TEXT_SIZE_MAX);
    if (len > 0) {
        memcpy(update->name, text.ptr, len);
    }
    update->name[len] = '\0';
    slw_heap_free(&readable);
}

enum cli_exit cli_device_update_file(struct cli *cli, const struct cli_arguments *arguments,
                                     const char *path, const char *name,
                                     const struct cli_update_watcher *watcher)
{
    static struct update update;
    update = (struct update){
        .cli = cli,
        .has_bundle = true,
        .apply = !cli_has(arguments, "--no-apply"),
        .watcher = watcher,
    };
    enum cli_exit code = cli_bundle_open(cli, path, &update.bundle);
    if (code != CLI_DONE) {
        return code;
    }
    choose_name(&update, arguments, name);
    digest_metadata(&update);
    code = cli_device_open(cli, arguments, &update.device);
    if (code == CLI_DONE) {
        code = run_to_the_end(&update);
    }
    cli_device_close(&update.device);
    cli_bundle_close(&update.bundle);
    return code;
}

/* The newest release of the channel, into the directory where the repository's metadata are kept.
 */
static enum cli_exit fetch_release(struct cli *cli, const struct cli_arguments *arguments,
                                   struct slw_heap_buffer *ret_name,
                                   struct slw_heap_buffer *ret_path)
{
    struct cli_repo_client client;
    const char *product = cli_value(arguments, "--product");
    const char *channel = cli_value(arguments, "--channel");
    const char *hardware = cli_value(arguments, "--hardware");
    hardware = hardware == NULL ? "" : hardware;
    enum cli_exit code = cli_repo_client_open(cli, arguments, &client);
    if (code != CLI_DONE) {
        return code;
    }
    struct slw_heap_buffer directory = {0};
    slw_heap_printf(&directory, "%s/downloads", slw_heap_text(&client.metadata_directory));
    enum slw_status status =
        slw_release_find(client.client, slw_bytes_make(product, strlen(product)),
                         slw_bytes_make(channel, strlen(channel)),
                         slw_bytes_make(hardware, strlen(hardware)), ret_name, &cli->detail);
    code = status == SLW_OK ? CLI_DONE : cli_repo_client_fail(&client, status);
    if (code == CLI_DONE) {
        struct slw_heap_buffer shown = {0};
        slw_quote(slw_heap_bytes(ret_name), &shown);
        cli_note(cli, "newest in %s-%s: %s", product, channel, slw_heap_text(&shown));
        slw_heap_free(&shown);
        code = cli_repo_client_fetch_release(&client, slw_heap_bytes(ret_name), channel,
                                             slw_heap_text(&directory), ret_path);
    }
    slw_heap_free(&directory);
    cli_repo_client_close(&client);
    return code;
}

static enum cli_exit update_from_repository(struct cli *cli, const struct cli_arguments *arguments)
{
    struct slw_heap_buffer name = {0};
    struct slw_heap_buffer path = {0};
    if (cli_value(arguments, "--product") == NULL || cli_value(arguments, "--channel") == NULL) {
        return cli_usage(cli, "--from wants to know --product and --channel");
    }
    enum cli_exit code = fetch_release(cli, arguments, &name, &path);
    if (code == CLI_DONE) {
        code = cli_device_update_file(cli, arguments, slw_heap_text(&path), slw_heap_text(&name),
                                      NULL);
    }
    slw_heap_free(&name);
    slw_heap_free(&path);
    return code;
}

enum cli_exit cli_device_update(struct cli *cli, const struct cli_arguments *arguments)
{
    bool from = cli_has(arguments, "--from");
    if (from == (arguments->positionals_count > 0)) {
        return cli_usage(cli, "either a BUNDLE, or --from the repository that has it");
    }
    if (from) {
        return update_from_repository(cli, arguments);
    }
    return cli_device_update_file(cli, arguments, arguments->positionals[0],
                                  arguments->positionals[0], NULL);
}

/* Applying what is there is the second half of an update: the session is taken as ours. */
enum cli_exit cli_device_apply(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct update update;
    update = (struct update){.cli = cli, .apply = true, .ours = true, .applied = true};
    enum cli_exit code = cli_device_open(cli, arguments, &update.device);
    if (code == CLI_DONE) {
        code = slw_update_apply(update.device.client, &update.device.answer, &cli->detail) == SLW_OK
                   ? cli_device_check_code(&update.device, "Apply")
                   : cli_device_fail(&update.device);
    }
    if (code == CLI_DONE) {
        code = run_to_the_end(&update);
    }
    cli_device_close(&update.device);
    return code;
}
