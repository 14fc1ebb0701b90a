/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway device update` and `apply`: an update from afar (remote_device.h), from what the command
 * line names, with what people see of it.
 */
#include "device_update.h"
#include "bundle.h"
#include "device.h"
#include "device_link.h"
#include "downloads.h"
#include "progress.h"

#include "slipway/crypto.h"
#include "slipway/explain.h"

#include <string.h>

struct update {
    struct cli *cli;
    struct cli_device device;
    struct cli_bundle_file bundle;
    uint8_t metadata_sha256[SLW_SHA256_SIZE];
    char name[SLW_UPDATE_TEXT_SIZE_MAX + 1];
    bool apply;
    struct cli_progress progress;
    const char *shown; /* what the progress bar is about; NULL: none */
    struct slw_remote_watcher watcher;
    const struct slw_remote_watcher *next; /* is told, and asked, too; NULL: none */
};

static void hide_progress(struct update *update)
{
    if (update->shown != NULL) {
        cli_progress_end(&update->progress);
        update->shown = NULL;
    }
}

/* In a line of its own, whether there is a bar or not. */
static void tell_stage(void *context, const char *stage)
{
    struct update *update = context;
    hide_progress(update);
    cli_note(update->cli, "%s", stage);
    if (update->next != NULL) {
        update->next->stage(update->next->context, stage);
    }
}

static bool may_apply(void *context)
{
    const struct update *update = context;
    return update->next == NULL || update->next->may_apply(update->next->context);
}

static void tell_sent(void *context, const struct slw_upload_report *report, bool is_whole,
                      uint64_t took_ms)
{
    const struct update *update = context;
    struct slw_heap_buffer text = {0};
    if (report->resumed_at > 0) {
        cli_note(update->cli, "resumed at byte %llu", (unsigned long long)report->resumed_at);
    }
    if (!is_whole) {
        return;
    }
    slw_heap_append_text(&text, "sent ");
    cli_format_round(report->bytes_sent, &text);
    slw_heap_append_text(&text, ", ");
    cli_format_round(report->bytes_sent * 1000 / (took_ms > 0 ? took_ms : 1), &text);
    slw_heap_append_text(&text, "/s");
    cli_note(update->cli, "%s", slw_heap_text(&text));
    slw_heap_free(&text);
}

static void tell_refused(void *context, const char *call, uint32_t code)
{
    const struct update *update = context;
    cli_trace(update->cli, "%s: %s", call, slw_rpc_status_name(code));
}

static void show_progress(void *context, const char *what, uint32_t share)
{
    struct update *update = context;
    if (what == NULL) {
        hide_progress(update);
        return;
    }
    if (update->shown == NULL || strcmp(update->shown, what) != 0) {
        hide_progress(update);
        cli_progress_begin(&update->progress, update->cli, what);
        update->shown = what;
    }
    uint64_t size = update->bundle.file.source.size; /* 0 without a bundle: then without figures */
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

static enum cli_exit end_confirmed(const struct update *update)
{
    if (!update->cli->json) {
        cli_note(update->cli, "confirmed: version %u",
                 update->device.remote.answer.device.targets_version);
    }
    return cli_device_print_status(&update->device);
}

static enum cli_exit end_with_note(const struct update *update, const char *note,
                                   enum cli_exit good)
{
    cli_note(update->cli, "%s", note);
    enum cli_exit code = cli_device_print_status(&update->device);
    return code == CLI_DONE ? good : code;
}

static enum cli_exit end_interrupted(const struct update *update, const char *note)
{
    cli_note(update->cli, "%s", note);
    return CLI_INTERRUPTED;
}

static enum cli_exit end_without_progress(const struct update *update)
{
    (void)cli_error(update->cli, "no progress for %u s; the device's state was %s",
                    update->device.remote.timeout_ms / 1000,
                    slw_update_state_name(update->device.remote.answer.status.state));
    return CLI_DEVICE;
}

/* Says how it ended. */
static enum cli_exit tell_end(const struct update *update, enum slw_remote_end end)
{
    const struct cli_device *device = &update->device;
    uint32_t state = device->remote.answer.status.state;
    switch (end) {
    case SLW_REMOTE_CONFIRMED:
        return end_confirmed(update);
    case SLW_REMOTE_NOTHING_TO_DO:
        return end_with_note(update, "nothing to do: the device runs exactly this release",
                             CLI_NOTHING);
    case SLW_REMOTE_VERIFIED:
        return end_with_note(update, "verified, not applied", CLI_DONE);
    case SLW_REMOTE_NOT_LET:
        return CLI_DENIED;
    case SLW_REMOTE_FAILED:
        return cli_device_tell_failure(device);
    case SLW_REMOTE_OTHER_RELEASE:
        (void)cli_error(update->cli, "the device confirmed another release than this one");
        return CLI_DEVICE;
    case SLW_REMOTE_TAKEN_AWAY:
        (void)cli_error(update->cli, "somebody else ended the session; the device's state is %s",
                        slw_update_state_name(state));
        return CLI_DEVICE;
    case SLW_REMOTE_STRANGE_STATE:
        (void)cli_error(update->cli, "the device is in a state that we don't know (%u)", state);
        return CLI_DEVICE;
    case SLW_REMOTE_STRANGE_ANSWER:
        return cli_device_check_code(device, "GetStatus");
    case SLW_REMOTE_NO_ANSWER:
        return cli_device_fail(device);
    case SLW_REMOTE_NO_CONSENT:
        return cli_refuse(update->cli, SLW_CONSENT_PENDING, "nobody has agreed on the device yet");
    case SLW_REMOTE_NO_PROGRESS:
        return end_without_progress(update);
    case SLW_REMOTE_ABORTED:
        return end_interrupted(update, "interrupted: aborted on the device");
    case SLW_REMOTE_LEFT_GOING:
        return end_interrupted(update, "interrupted: the device goes on");
    case SLW_REMOTE_INTERRUPTED:
        break;
    }
    return CLI_INTERRUPTED;
}

static enum cli_exit run_to_the_end(struct update *update, const struct slw_source *bundle)
{
    update->watcher = (struct slw_remote_watcher){
        .context = update,
        .stage = tell_stage,
        .may_apply = may_apply,
        .progress = show_progress,
        .sending = &update->progress.progress,
        .sent = tell_sent,
        .refused = tell_refused,
    };
    const struct slw_remote_update remote = {
        .bundle = bundle,
        .metadata_sha256 = update->metadata_sha256,
        .name = update->name,
        .apply = update->apply,
        .watcher = &update->watcher,
    };
    return tell_end(update,
                    slw_remote_update_run(&update->device.remote, &remote, &update->cli->detail));
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
                                     const struct slw_remote_watcher *watcher)
{
    static struct update update;
    update = (struct update){
        .cli = cli,
        .apply = !cli_has(arguments, "--no-apply"),
        .next = watcher,
    };
    enum cli_exit code = cli_bundle_open(cli, path, &update.bundle);
    if (code != CLI_DONE) {
        return code;
    }
    choose_name(&update, arguments, name);
    digest_metadata(&update);
    code = cli_device_open(cli, arguments, &update.device);
    if (code == CLI_DONE) {
        code = run_to_the_end(&update, &update.bundle.file.source);
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
        code = cli_downloads_fetch(&client, slw_heap_bytes(ret_name), channel, ret_path);
    }
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
        cli_downloads_supersede(cli, slw_heap_text(&path));
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

enum cli_exit cli_device_apply(struct cli *cli, const struct cli_arguments *arguments)
{
    static struct update update;
    update = (struct update){.cli = cli, .apply = true};
    enum cli_exit code = cli_device_open(cli, arguments, &update.device);
    if (code == CLI_DONE) {
        code = slw_update_apply(update.device.remote.client, &update.device.remote.answer,
                                &cli->detail) == SLW_OK
                   ? cli_device_check_code(&update.device, "Apply")
                   : cli_device_fail(&update.device);
    }
    if (code == CLI_DONE) {
        code = run_to_the_end(&update, NULL);
    }
    cli_device_close(&update.device);
    return code;
}
