/* SPDX-License-Identifier: Apache-2.0 */
/* What a connected device is and did, and how that is reported to the depot. */
#include "device_connect.h"

#include "slipway/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define CONNECT_TIMEOUT_MS 2000u
#define PAUSE_MS 100

void cli_connect_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void pause_a_little(void)
{
    struct timespec pause = {.tv_nsec = (long)PAUSE_MS * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* It may be rebooting: it is asked until --timeout. */
enum cli_exit cli_connect_look(struct cli_connect *connect)
{
    struct cli_device *device = &connect->device;
    uint64_t begun_ms = slw_link_now_ms();
    for (;;) {
        if ((device->client != NULL || cli_device_connect(device, CONNECT_TIMEOUT_MS) == SLW_OK) &&
            slw_update_get_status(device->client, &device->answer, &connect->cli->detail) ==
                SLW_OK) {
            break;
        }
        cli_device_disconnect(device);
        if (cli_device_interrupted() || slw_link_now_ms() - begun_ms >= device->timeout_ms) {
            return cli_device_fail(device);
        }
        pause_a_little();
    }
    if (device->link.kind == SLW_LINK_TCP) {
        cli_device_disconnect(device); /* others may want it; a serial line is kept */
    }
    if (!device->answer.has_device) {
        return cli_error(connect->cli, "the device doesn't say what it runs");
    }
    return cli_device_check_code(device, "GetStatus");
}

static bool is_on_trial(const struct slw_device_status *status)
{
    for (size_t i = 0; i < status->slots_count; i++) {
        if (status->slots[i].trial) {
            return true;
        }
    }
    return false;
}

/* An update that was applied, failed for no reason that the device has a word for, and is gone. */
static bool went_back(const struct slw_update_answer *answer)
{
    return answer->status.state == SLW_UPDATE_STATE_FINISHED &&
           answer->status.result == SLW_UPDATE_RESULT_APPLY_FAILED &&
           answer->device.reason.len == 0;
}

static int64_t utc_offset_now(void)
{
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) == NULL ? 0 : (int64_t)local.tm_gmtoff;
}

static void fill_slots(const struct slw_device_status *status, struct cli_connect_report *report)
{
    size_t count =
        status->slots_count < SLW_FLEET_SLOTS_MAX ? status->slots_count : SLW_FLEET_SLOTS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct slw_device_slot *slot = &status->slots[i];
        size_t len = slot->sha256.len == SLW_SHA256_SIZE ? SLW_SHA256_SIZE : 0;
        for (size_t n = 0; n < len; n++) {
            (void)snprintf(report->hex[i] + 2 * n, 3, "%02x", slot->sha256.ptr[n]);
        }
        report->slots[i] = (struct slw_fleet_slot){
            .name = slot->name,
            .slot = slot->active,
            .sha256 = slw_bytes_make(report->hex[i], 2 * len),
            .version = slot->version,
        };
    }
    report->report.slots = report->slots;
    report->report.slots_count = count;
}

void cli_connect_fill(const struct cli_connect *connect, enum slw_fleet_kind kind,
                      struct cli_connect_report *ret_report)
{
    const struct slw_update_answer *answer = &connect->device.answer;
    memset(ret_report, 0, sizeof *ret_report);
    ret_report->report = (struct slw_fleet_report){
        .time_s = (int64_t)time(NULL),
        .kind = kind,
        .boot = is_on_trial(&answer->device) ? SLW_FLEET_TRIAL
                : went_back(answer)          ? SLW_FLEET_BACK
                                             : SLW_FLEET_CONFIRMED,
        .version = answer->device.targets_version,
        .root_version = answer->device.root_version,
        .utc_offset_s = utc_offset_now(),
    };
    fill_slots(&answer->device, ret_report);
}

enum cli_exit cli_connect_fail(const struct cli_connect *connect, enum slw_status status)
{
    struct cli *cli = connect->cli;
    if (cli_device_interrupted()) {
        return CLI_INTERRUPTED;
    }
    if (status == SLW_CONSENT_PENDING || status == SLW_REVOKED_KEY) {
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DENIED;
    }
    return slw_status_is_refusal(status) ? cli_refuse(cli, status, cli->detail.text)
                                         : cli_error(cli, "depot: %s", cli->detail.text);
}

enum cli_exit cli_connect_send(struct cli_connect *connect, struct cli_connect_report *report)
{
    enum slw_status status =
        slw_fleet_member_report(connect->member, &report->report, &connect->cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_connect_fail(connect, status);
}

/* --- Outcomes --- */

void cli_connect_name(const struct cli_connect *connect, int64_t release,
                      char ret_name[static CLI_CONNECT_NAME_SIZE])
{
    (void)snprintf(ret_name, CLI_CONNECT_NAME_SIZE, "%.32s-%lld.bundle", connect->product,
                   (long long)release);
}

bool cli_connect_forget_session(struct cli_connect *connect)
{
    struct cli_device *device = &connect->device;
    struct slw_detail *detail = &connect->cli->detail;
    if (device->answer.status.state != SLW_UPDATE_STATE_FINISHED) {
        return true;
    }
    bool done =
        (device->client != NULL || cli_device_connect(device, CONNECT_TIMEOUT_MS) == SLW_OK) &&
        slw_update_reset(device->client, &device->answer, detail) == SLW_OK;
    return done && cli_connect_look(connect) == CLI_DONE;
}

/* The device's own words for what happened; false while nothing has. */
static bool judge(const struct cli_connect *connect, struct slw_fleet_report *report)
{
    const struct slw_update_answer *answer = &connect->device.answer;
    const struct slw_update_status *status = &answer->status;
    char name[CLI_CONNECT_NAME_SIZE];
    cli_connect_name(connect, report->release, name);
    if (report->boot == SLW_FLEET_CONFIRMED && report->version >= report->release) {
        report->result = SLW_FLEET_SUCCESS;
        return true;
    }
    if (status->state != SLW_UPDATE_STATE_FINISHED || status->result == SLW_UPDATE_RESULT_SUCCESS ||
        status->result == SLW_UPDATE_RESULT_ABORTED ||
        !slw_bytes_equal(status->bundle_filename, slw_bytes_make(name, strlen(name)))) {
        return false;
    }
    report->reason = answer->device.reason;
    report->text = slw_bytes_make(answer->device.detail.ptr,
                                  slw_utf8_cut(answer->device.detail, SLW_FLEET_TEXT_MAX));
    if (report->boot == SLW_FLEET_BACK) {
        report->result = SLW_FLEET_ROLLED_BACK;
        report->reason = SLW_BYTES_OF("not-confirmed");
    } else if (slw_bytes_equal(report->reason, SLW_BYTES_OF("consent-refused"))) {
        report->result = SLW_FLEET_DECLINED;
    } else {
        report->result = report->reason.len > 0 ? SLW_FLEET_REFUSED : SLW_FLEET_FAILED;
    }
    return true;
}

enum cli_exit cli_connect_settle(struct cli_connect *connect)
{
    struct cli_connect_report report;
    struct slw_fleet_under_way under_way = slw_fleet_member_under_way(connect->member);
    if (under_way.release == 0) {
        return CLI_DONE;
    }
    cli_connect_fill(connect, SLW_FLEET_OUTCOME, &report);
    report.report.rollout = under_way.rollout;
    report.report.release = under_way.release;
    if (!judge(connect, &report.report)) {
        return CLI_DONE;
    }
    enum cli_exit code = cli_connect_send(connect, &report);
    if (code != CLI_DONE) {
        return code;
    }
    cli_connect_print("outcome release=%lld %s%s%.*s", (long long)under_way.release,
                      slw_fleet_result_names[report.report.result],
                      report.report.reason.len > 0 ? " " : "", (int)report.report.reason.len,
                      report.report.reason.len > 0 ? (const char *)report.report.reason.ptr : "");
    enum slw_status status = slw_fleet_member_set_under_way(
        connect->member, (struct slw_fleet_under_way){0, 0}, &connect->cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(connect->cli, status);
}
