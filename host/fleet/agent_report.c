/* SPDX-License-Identifier: Apache-2.0 */
/* What a device is and did, as its agent reports it to the depot (agent.h). */
#include "agent.h"

#include "slipway/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_SIZE 512u

void agent_tell(const struct slw_fleet_agent *agent, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    agent->port->event(agent->port->context, line);
}

/* --- What it is --- */

/* An update that was applied, failed for no reason that the device has a word for, and is gone. */
static bool went_back(const struct slw_update_answer *answer)
{
    return answer->status.state == SLW_UPDATE_STATE_FINISHED &&
           answer->status.result == SLW_UPDATE_RESULT_APPLY_FAILED &&
           answer->device.reason.len == 0;
}

static int64_t system_now_s(int64_t *ret_utc_offset_s)
{
    time_t now = time(NULL);
    struct tm local;
    *ret_utc_offset_s = localtime_r(&now, &local) == NULL ? 0 : (int64_t)local.tm_gmtoff;
    return (int64_t)now;
}

static void fill_slots(const struct slw_device_status *status, struct agent_report *report)
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

void agent_report_fill(const struct slw_fleet_agent *agent, enum slw_fleet_kind kind,
                       struct agent_report *ret_report)
{
    const struct slw_update_answer *answer = &agent->device->answer;
    const struct slw_fleet_agent_port *port = agent->port;
    struct slw_fleet_report *report = &ret_report->report;
    memset(ret_report, 0, sizeof *ret_report);
    report->kind = kind;
    report->boot = slw_remote_is_on_trial(agent->device) ? SLW_FLEET_TRIAL
                   : went_back(answer)                   ? SLW_FLEET_BACK
                                                         : SLW_FLEET_CONFIRMED;
    report->version = answer->device.targets_version;
    report->root_version = answer->device.root_version;
    report->time_s = port->now_s == NULL ? system_now_s(&report->utc_offset_s)
                                         : port->now_s(port->context, &report->utc_offset_s);
    if (kind == SLW_FLEET_PROGRESS || kind == SLW_FLEET_OUTCOME) {
        struct slw_fleet_under_way under_way = slw_fleet_member_under_way(agent->member);
        report->rollout = under_way.rollout;
        report->release = under_way.release;
    }
    fill_slots(&answer->device, ret_report);
}

/* --- What became of an update --- */

void slw_fleet_agent_name(const struct slw_fleet_agent *agent, int64_t release,
                          char ret_name[static SLW_FLEET_BUNDLE_NAME_SIZE])
{
    (void)snprintf(ret_name, SLW_FLEET_BUNDLE_NAME_SIZE, "%.32s-%lld.bundle", agent->product,
                   (long long)release);
}

/* The device's own words for what happened; false while nothing has. */
static bool judge(const struct slw_fleet_agent *agent, struct slw_fleet_report *report)
{
    const struct slw_update_answer *answer = &agent->device->answer;
    const struct slw_update_status *status = &answer->status;
    char name[SLW_FLEET_BUNDLE_NAME_SIZE];
    slw_fleet_agent_name(agent, report->release, name);
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

/* Nothing is under way any more once the depot has the outcome. */
static enum slw_status send_outcome(struct slw_fleet_agent *agent,
                                    const struct slw_fleet_report *report,
                                    struct slw_detail *detail)
{
    SLW_TRY(slw_fleet_member_report(agent->member, report, detail));
    agent_tell(agent, "outcome release=%lld %s%s%.*s", (long long)report->release,
               slw_fleet_result_names[report->result], report->reason.len > 0 ? " " : "",
               (int)report->reason.len,
               report->reason.len > 0 ? (const char *)report->reason.ptr : "");
    return slw_fleet_member_set_under_way(agent->member, (struct slw_fleet_under_way){0, 0},
                                          detail);
}

enum slw_status agent_settle(struct slw_fleet_agent *agent, struct slw_detail *detail)
{
    struct agent_report report;
    if (slw_fleet_member_under_way(agent->member).release == 0) {
        return SLW_OK;
    }
    agent_report_fill(agent, SLW_FLEET_OUTCOME, &report);
    return judge(agent, &report.report) ? send_outcome(agent, &report.report, detail) : SLW_OK;
}

enum slw_status agent_report_refusal(struct slw_fleet_agent *agent, enum slw_status why,
                                     struct slw_detail *detail)
{
    struct agent_report report;
    const char *word = slw_status_word(why);
    agent_report_fill(agent, SLW_FLEET_OUTCOME, &report);
    report.report.result = SLW_FLEET_REFUSED;
    report.report.reason = slw_bytes_make(word, strlen(word));
    return send_outcome(agent, &report.report, detail);
}
