/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to a device, and telling what it said (device_link.h). */
#include "device_link.h"

#include "values.h"

#include "slipway/explain.h"
#include "slipway/json.h"
#include "slipway/time_text.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define DEFAULT_TIMEOUT_S 30
#define TIMEOUT_S_MAX (7 * 24 * 3600)

static volatile sig_atomic_t interrupted;

static void note_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

bool cli_device_interrupted(void)
{
    return interrupted != 0;
}

static void print_log(void *context, struct slw_bytes text)
{
    const struct cli_device *device = context;
    struct slw_heap_buffer line = {0};
    slw_escape(text, &line);
    cli_trace(device->cli, "device: %s", slw_heap_text(&line));
    slw_heap_free(&line);
}

static enum slw_status connect_link(void *context, uint32_t timeout_ms,
                                    struct slw_rpc_client **ret_client, struct slw_detail *detail)
{
    struct cli_device *device = context;
    SLW_TRY(slw_link_open(device->to, timeout_ms, &device->link, detail));
    const struct slw_rpc_client_config config = {
        .transport = slw_rpc_transport_of_link(&device->link),
        .patience_ms = device->remote.timeout_ms,
        .interrupted = &interrupted,
        .log = print_log,
        .log_context = device,
    };
    device->client = slw_rpc_client_new(&config);
    if (device->client == NULL) {
        slw_link_close(&device->link);
        return slw_explain_no_memory(detail);
    }
    *ret_client = device->client;
    return SLW_OK;
}

static void disconnect_link(void *context)
{
    struct cli_device *device = context;
    slw_rpc_client_free(device->client);
    device->client = NULL;
    slw_link_close(&device->link);
}

static void pause_link(void *context, uint32_t pause_ms)
{
    struct timespec pause = {.tv_sec = pause_ms / 1000,
                             .tv_nsec = (long)(pause_ms % 1000) * 1000000};
    (void)context;
    (void)nanosleep(&pause, NULL);
}

static uint64_t link_now_ms(void *context)
{
    (void)context;
    return slw_link_now_ms();
}

/* A serial line is kept, since closing one resets some boards. */
static bool link_is_shared(void *context)
{
    return ((const struct cli_device *)context)->link.kind == SLW_LINK_TCP;
}

static bool link_is_interrupted(void *context)
{
    (void)context;
    return cli_device_interrupted();
}

void cli_device_close(struct cli_device *device)
{
    if (device->remote.port != NULL) {
        slw_remote_disconnect(&device->remote);
    }
}

static bool read_timeout(struct cli_device *device, const struct cli_arguments *arguments)
{
    const char *text = cli_value(arguments, "--timeout");
    int64_t seconds = DEFAULT_TIMEOUT_S;
    if (text != NULL &&
        (slw_duration_parse(text, &seconds) != SLW_OK || seconds < 1 || seconds > TIMEOUT_S_MAX)) {
        (void)cli_usage(device->cli, "--timeout %s: wants a duration, as in 30s or 5m", text);
        return false;
    }
    device->remote.timeout_ms = (uint32_t)seconds * 1000;
    return true;
}

enum cli_exit cli_device_open(struct cli *cli, const struct cli_arguments *arguments,
                              struct cli_device *device)
{
    struct slw_link_address address;
    struct sigaction action = {.sa_handler = note_interrupt};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    device->cli = cli;
    device->to = cli_value(arguments, "--to");
    device->client = NULL;
    device->link.descriptor = -1;
    device->port = (struct slw_remote_port){
        .context = device,
        .connect = connect_link,
        .disconnect = disconnect_link,
        .pause = pause_link,
        .now_ms = link_now_ms,
        .is_shared = link_is_shared,
        .is_interrupted = link_is_interrupted,
    };
    device->remote.port = &device->port;
    device->remote.client = NULL;
    if (!read_timeout(device, arguments)) {
        return CLI_USAGE;
    }
    if (slw_link_parse(device->to, &address, &cli->detail) != SLW_OK) {
        return cli_usage(cli, "--to %s", cli->detail.text);
    }
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    if (slw_remote_connect(&device->remote, device->remote.timeout_ms, &cli->detail) != SLW_OK) {
        return cli_device_fail(device);
    }
    return CLI_DONE;
}

enum cli_exit cli_device_fail(const struct cli_device *device)
{
    if (cli_device_interrupted()) {
        (void)cli_error(device->cli, "interrupted");
        return CLI_INTERRUPTED;
    }
    (void)cli_error(device->cli, "%s", device->cli->detail.text);
    return CLI_DEVICE;
}

enum cli_exit cli_device_check_code(const struct cli_device *device, const char *call)
{
    const struct slw_update_answer *answer = &device->remote.answer;
    if (answer->code == SLW_RPC_OK && !answer->is_error) {
        return CLI_DONE;
    }
    if (answer->is_error) {
        (void)cli_error(device->cli, "%s: the device answers %s", call,
                        slw_rpc_status_name(answer->code));
    } else {
        (void)cli_error(device->cli, "%s: the device answers %s; its state is %s", call,
                        slw_rpc_status_name(answer->code),
                        slw_update_state_name(answer->status.state));
    }
    return CLI_DEVICE;
}

/* The device's own words, with its note where it has no others. */
static void describe(const struct slw_update_answer *answer, struct slw_heap_buffer *text)
{
    if (answer->has_device && answer->device.target.len > 0) {
        slw_heap_append_text(text, "target ");
        slw_quote(answer->device.target, text);
        slw_heap_append_text(text, ": ");
    } else if (answer->has_device && answer->device.role.len > 0) {
        slw_heap_append_text(text, "role ");
        slw_escape(answer->device.role, text);
        slw_heap_append_text(text, ": ");
    }
    if (answer->has_device && answer->device.detail.len > 0) {
        slw_escape(answer->device.detail, text);
    } else {
        slw_escape(answer->status.note, text);
    }
}

static enum slw_status reason_of(const struct slw_update_answer *answer)
{
    char word[64];
    struct slw_bytes reason = answer->has_device ? answer->device.reason : answer->status.note;
    if (reason.len == 0 || reason.len >= sizeof word) {
        return SLW_NOT_FOUND;
    }
    memcpy(word, reason.ptr, reason.len);
    word[reason.len] = '\0';
    return slw_status_from_word(word);
}

static enum cli_exit tell_without_reason(const struct cli_device *device,
                                         const struct slw_heap_buffer *text)
{
    const struct slw_update_status *status = &device->remote.answer.status;
    const char *result = slw_update_result_name(status->result);
    bool rolled_back = status->result == SLW_UPDATE_RESULT_APPLY_FAILED;
    bool refused = rolled_back || status->result == SLW_UPDATE_RESULT_VERIFY_FAILED;
    if (rolled_back && device->remote.answer.has_device) {
        (void)cli_error(device->cli,
                        "rolled back: the new release wasn't confirmed; the device runs version %u",
                        device->remote.answer.device.targets_version);
    } else {
        (void)cli_error(device->cli, "the device ended the update: %s%s%.*s", result,
                        text->len > 0 ? ": " : "", (int)text->len, (const char *)text->ptr);
    }
    return refused ? CLI_REFUSED : CLI_DEVICE;
}

static void print_refusal(const struct cli_device *device, enum slw_status reason,
                          struct slw_heap_buffer *text)
{
    struct slw_heap_buffer object = {0};
    struct slw_json json;
    slw_json_init(&json, &object);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "verdict", "refuse");
    slw_json_text(&json, "reason", slw_status_word(reason));
    slw_json_bytes(&json, "detail", slw_heap_bytes(text));
    if (device->remote.answer.has_device && device->remote.answer.device.target.len > 0) {
        slw_json_bytes(&json, "target", device->remote.answer.device.target);
    }
    slw_json_end_object(&json);
    slw_heap_append_text(&object, "\n");
    (void)cli_print(device->cli, &object);
}

enum cli_exit cli_device_tell_failure(const struct cli_device *device)
{
    struct slw_heap_buffer text = {0};
    enum slw_status reason = reason_of(&device->remote.answer);
    enum cli_exit code;
    describe(&device->remote.answer, &text);
    if (device->cli->json && (reason == SLW_NOT_FOUND || cli_exit_of(reason) == CLI_FAILED)) {
        (void)cli_device_print_status(device); /* no refusal, but data all the same */
    }
    if (reason == SLW_NOT_FOUND) {
        code = tell_without_reason(device, &text);
    } else if (cli_exit_of(reason) == CLI_FAILED) {
        (void)cli_error(device->cli, "the device failed: %s: %s", slw_status_word(reason),
                        slw_heap_text(&text));
        code = CLI_DEVICE;
    } else {
        if (device->cli->json) {
            print_refusal(device, reason, &text);
        }
        code = cli_refuse(device->cli, reason, slw_heap_text(&text));
    }
    slw_heap_free(&text);
    return code;
}

static void json_slots(const struct slw_device_status *device, struct slw_json *json)
{
    slw_json_begin_array(json, "slots");
    for (size_t i = 0; i < device->slots_count; i++) {
        const struct slw_device_slot *slot = &device->slots[i];
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "name", slot->name);
        slw_json_bytes(json, "active", slot->active);
        slw_json_uint(json, "version", slot->version);
        slw_json_hex(json, "sha256", slot->sha256);
        slw_json_bool(json, "trial", slot->trial);
        slw_json_bool(json, "confirmed", slot->confirmed);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static void json_status(const struct slw_update_answer *answer, struct slw_json *json)
{
    const struct slw_update_status *status = &answer->status;
    slw_json_begin_object(json, NULL);
    slw_json_text(json, "state", slw_update_state_name(status->state));
    slw_json_text(json, "result", slw_update_result_name(status->result));
    slw_json_fraction(json, "progress",
                      (double)status->progress_hundreth_percent / SLW_UPDATE_PROGRESS_FULL);
    slw_json_bytes(json, "note", status->note);
    slw_json_bytes(json, "bundle", status->bundle_filename);
    slw_json_uint(json, "transfer_id", status->transfer_id);
    if (answer->has_device) {
        const struct slw_device_status *device = &answer->device;
        slw_json_uint(json, "targets_version", device->targets_version);
        slw_json_uint(json, "root_version", device->root_version);
        if (device->reason.len > 0) {
            slw_json_bytes(json, "reason", device->reason);
            slw_json_bytes(json, "detail", device->detail);
        }
        json_slots(device, json);
    }
    slw_json_end_object(json);
}

static void text_slots(const struct slw_device_status *device, struct slw_heap_buffer *text)
{
    for (size_t i = 0; i < device->slots_count; i++) {
        const struct slw_device_slot *slot = &device->slots[i];
        slw_heap_append_text(text, "  ");
        slw_escape(slot->name, text);
        if (slot->active.len == 0) {
            slw_heap_append_text(text, ": nothing yet\n");
            continue;
        }
        slw_heap_append_text(text, ": slot ");
        slw_escape(slot->active, text);
        slw_heap_printf(text, ", version %u%s, sha256 ", slot->version,
                        slot->trial ? ", on trial" : "");
        slw_hex(slot->sha256, text);
        slw_heap_append_text(text, "\n");
    }
}

static void text_status(const struct slw_update_answer *answer, struct slw_heap_buffer *text)
{
    const struct slw_update_status *status = &answer->status;
    slw_heap_append_text(text, slw_update_state_name(status->state));
    if (status->result != SLW_UPDATE_RESULT_UNKNOWN) {
        slw_heap_printf(text, " (%s)", slw_update_result_name(status->result));
    }
    if (status->bundle_filename.len > 0) {
        slw_heap_append_text(text, ", ");
        slw_escape(status->bundle_filename, text);
    }
    if (status->note.len > 0) {
        slw_heap_append_text(text, ": ");
        slw_escape(status->note, text);
    }
    slw_heap_append_text(text, "\n");
    if (answer->has_device) {
        slw_heap_printf(text, "runs targets version %u, trusts root version %u\n",
                        answer->device.targets_version, answer->device.root_version);
        text_slots(&answer->device, text);
    }
}

enum cli_exit cli_device_print_status(const struct cli_device *device)
{
    struct slw_heap_buffer text = {0};
    if (device->cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        json_status(&device->remote.answer, &json);
        slw_heap_append_text(&text, "\n");
    } else {
        text_status(&device->remote.answer, &text);
    }
    return cli_print(device->cli, &text);
}
