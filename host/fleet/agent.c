/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rounds of a fleet's agent (fleet_agent.h), and an offer on its way to its outcome: fetched
 * from the role that the offer names and no other, brought to the device, which verifies it by
 * itself. Before the device applies it, the depot is asked once more.
 */
#include "agent.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS_AT_ONCE 3

/* --- The device --- */

static enum slw_status look(struct slw_fleet_agent *agent, struct slw_detail *detail)
{
    agent->device_is_lost = true;
    SLW_TRY(slw_remote_look(agent->device, detail));
    const struct slw_update_answer *answer = &agent->device->answer;
    if (answer->code != SLW_RPC_OK || answer->is_error) {
        return slw_explain(detail, SLW_MALFORMED, "GetStatus: the device answers %s",
                           slw_rpc_status_name(answer->code));
    }
    if (!answer->has_device) {
        return slw_explain(detail, SLW_MALFORMED, "the device doesn't say what it runs");
    }
    agent->device_is_lost = false;
    return SLW_OK;
}

/* --- What is told on the way --- */

/* It is kept where it can't be sent, and the update doesn't wait for it. */
static void send_aside(struct slw_fleet_agent *agent, const struct agent_report *report)
{
    struct slw_detail detail = {""};
    if (slw_fleet_member_report(agent->member, &report->report, &detail) != SLW_OK) {
        agent_tell(agent, "depot: %s", detail.text);
    }
}

static void report_progress(struct slw_fleet_agent *agent, int64_t percent)
{
    struct agent_report report;
    agent_report_fill(agent, SLW_FLEET_PROGRESS, &report);
    report.report.progress_percent = percent;
    send_aside(agent, &report);
}

static void report_consent(struct slw_fleet_agent *agent, bool yes)
{
    struct agent_report report;
    agent_report_fill(agent, SLW_FLEET_CONSENT, &report);
    report.report.release = slw_fleet_member_under_way(agent->member).release;
    report.report.consent_by = SLW_BYTES_OF("consumer, on the device");
    report.report.consent_yes = yes;
    send_aside(agent, &report);
}

static void note_stage(void *context, const char *stage)
{
    struct slw_fleet_agent *agent = context;
    if (strcmp(stage, SLW_REMOTE_STAGE_CONSENT) == 0) {
        agent->asked_consumer = true;
    } else if (strcmp(stage, "verified") == 0) {
        report_progress(agent, 50);
    } else if (strcmp(stage, "installing") == 0) {
        if (agent->asked_consumer) {
            agent->asked_consumer = false;
            report_consent(agent, true);
        }
        report_progress(agent, 100);
    }
}

/* DEPOT.md, section 6: "Devices ask again before they apply". */
static bool may_apply(void *context)
{
    struct slw_fleet_agent *agent = context;
    struct slw_fleet_answer answer;
    struct slw_detail detail = {""};
    agent->ended_by = slw_fleet_member_check_in(
        agent->member, agent->device->answer.device.targets_version, &answer, &detail);
    if (agent->ended_by != SLW_OK) {
        agent_tell(agent, "depot: %s", detail.text);
        agent->offer_is_over = true;
        return false;
    }
    agent->offer_is_over =
        !answer.has_offer ||
        answer.offer.release != slw_fleet_member_under_way(agent->member).release;
    return !agent->offer_is_over;
}

/* --- An offer --- */

static bool is_role(const struct slw_fleet_agent *agent, struct slw_bytes channel,
                    const char *suffix, struct slw_bytes role)
{
    char wanted[256];
    int len = snprintf(wanted, sizeof wanted, "%s-%.*s%s", agent->product, (int)channel.len,
                       (const char *)channel.ptr, suffix);
    return len > 0 && len < (int)sizeof wanted &&
           slw_bytes_equal(role, slw_bytes_make(wanted, (size_t)len));
}

/* PRODUCT/CHANNEL/…, in the role PRODUCT-CHANNEL or PRODUCT-CHANNEL-rollout. */
static bool find_channel(const struct slw_fleet_agent *agent, const struct slw_fleet_offer *offer,
                         char ret_channel[static SLW_RELEASE_WORD_MAX + 1])
{
    size_t product_len = strlen(agent->product);
    const uint8_t *begin = offer->path.ptr + product_len + 1;
    if (offer->path.len <= product_len + 1 ||
        memcmp(offer->path.ptr, agent->product, product_len) != 0 ||
        offer->path.ptr[product_len] != '/') {
        return false;
    }
    size_t rest = offer->path.len - product_len - 1;
    const uint8_t *slash = memchr(begin, '/', rest);
    struct slw_bytes channel = slw_bytes_make(begin, slash == NULL ? 0 : (size_t)(slash - begin));
    if (!slw_release_word_is_good(channel) || (!is_role(agent, channel, "", offer->role) &&
                                               !is_role(agent, channel, "-rollout", offer->role))) {
        return false;
    }
    (void)snprintf(ret_channel, SLW_RELEASE_WORD_MAX + 1, "%.*s", (int)channel.len,
                   (const char *)channel.ptr);
    return agent->channel == NULL || strcmp(agent->channel, ret_channel) == 0;
}

/* A finished session's result is taken note of, so that it isn't taken for the next one's. */
static enum slw_status forget_session(struct slw_fleet_agent *agent, struct slw_detail *detail)
{
    struct slw_remote_device *device = agent->device;
    if (device->answer.status.state != SLW_UPDATE_STATE_FINISHED) {
        return SLW_OK;
    }
    agent->device_is_lost = true;
    SLW_TRY(slw_remote_connect(device, device->timeout_ms, detail));
    SLW_TRY(slw_update_reset(device->client, &device->answer, detail));
    return look(agent, detail);
}

static enum slw_status bring(struct slw_fleet_agent *agent, const char *path,
                             struct slw_detail *detail)
{
    const struct slw_remote_watcher watcher = {
        .context = agent, .stage = note_stage, .may_apply = may_apply};
    char name[SLW_FLEET_BUNDLE_NAME_SIZE];
    agent->offer_is_over = false;
    agent->asked_consumer = false;
    agent->ended_by = SLW_OK;
    slw_fleet_agent_name(agent, slw_fleet_member_under_way(agent->member).release, name);
    SLW_TRY(agent->port->bring(agent->port->context, path, name, &watcher, detail));
    if (agent->offer_is_over) {
        agent_tell(agent, "offer is over");
        return agent->ended_by == SLW_OK
                   ? SLW_OK
                   : slw_explain(detail, agent->ended_by, "the depot couldn't be asked once more");
    }
    SLW_TRY(look(agent, detail));
    if (slw_bytes_equal(agent->device->answer.device.reason, SLW_BYTES_OF("consent-refused"))) {
        report_consent(agent, false);
    }
    return agent_settle(agent, detail);
}

/* The offer's views end with the next check-in. */
static enum slw_status fetch(struct slw_fleet_agent *agent, const struct slw_fleet_offer *offer,
                             const char *channel, struct slw_heap_buffer *ret_path,
                             struct slw_detail *detail)
{
    struct slw_fleet_offer copy = *offer;
    struct slw_heap_buffer texts = {0};
    slw_heap_append(&texts, offer->role);
    slw_heap_append(&texts, offer->path);
    if (texts.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    copy.role = slw_bytes_make(texts.ptr, offer->role.len);
    copy.path = slw_bytes_make(texts.ptr + offer->role.len, offer->path.len);
    report_progress(agent, 0);
    enum slw_status status =
        agent->port->fetch(agent->port->context, &copy, channel, ret_path, detail);
    slw_heap_free(&texts);
    /* What the repository has isn't what it says, or not signed for it: an outcome, before the
     * device ever saw it. What can't be had just now isn't one. */
    if (slw_status_is_refusal(status)) {
        struct slw_detail second = {""};
        enum slw_status reported = agent_report_refusal(agent, status, &second);
        if (reported != SLW_OK) {
            agent_tell(agent, "depot: %s", second.text);
        }
    }
    return status;
}

static enum slw_status take_offer(struct slw_fleet_agent *agent,
                                  const struct slw_fleet_offer *offer, struct slw_detail *detail)
{
    char channel[SLW_RELEASE_WORD_MAX + 1];
    struct slw_heap_buffer path = {0};
    const struct slw_fleet_under_way under_way = {offer->rollout, offer->release};
    agent_tell(agent, "offered release=%lld", (long long)offer->release);
    if (!find_channel(agent, offer, channel)) {
        return slw_explain(detail, SLW_WRONG_CHANNEL,
                           "the depot offers what isn't of this product, or of another channel");
    }
    SLW_TRY(forget_session(agent, detail));
    SLW_TRY(slw_fleet_member_set_under_way(agent->member, under_way, detail));
    enum slw_status status = fetch(agent, offer, channel, &path, detail);
    if (status == SLW_OK) {
        status = bring(agent, slw_heap_text(&path), detail);
    }
    slw_heap_free(&path);
    return status;
}

/* --- Rounds --- */

static enum slw_status send_log(struct slw_fleet_agent *agent, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    if (agent->port->read_log != NULL) {
        agent->port->read_log(agent->port->context, &text);
    }
    struct slw_bytes tail =
        text.len > 0 ? slw_heap_bytes(&text) : SLW_BYTES_OF("no log is kept here\n");
    enum slw_status status = slw_fleet_member_send_log(agent->member, tail, detail);
    slw_heap_free(&text);
    return status;
}

static enum slw_status report_state(struct slw_fleet_agent *agent, struct slw_detail *detail)
{
    struct agent_report report;
    agent_report_fill(agent, SLW_FLEET_STATE, &report);
    SLW_TRY(slw_fleet_member_report(agent->member, &report.report, detail));
    agent_tell(agent, "reported version=%lld", (long long)report.report.version);
    return SLW_OK;
}

enum slw_status slw_fleet_agent_round(struct slw_fleet_agent *agent, int64_t *ret_next_s,
                                      bool *ret_again, struct slw_detail *detail)
{
    struct slw_fleet_answer answer;
    *ret_again = false;
    SLW_TRY(look(agent, detail));
    SLW_TRY(agent_settle(agent, detail));
    SLW_TRY(slw_fleet_member_check_in(agent->member, agent->device->answer.device.targets_version,
                                      &answer, detail));
    bool wants_log = answer.wants_log;
    bool wants_report = answer.wants_report && !answer.has_offer;
    *ret_next_s = answer.next_s;
    *ret_again = answer.has_offer || wants_report;
    if (answer.has_offer) {
        SLW_TRY(take_offer(agent, &answer.offer, detail));
    }
    if (wants_log) {
        SLW_TRY(send_log(agent, detail));
    }
    return wants_report ? report_state(agent, detail) : SLW_OK;
}

enum slw_status slw_fleet_agent_rounds(struct slw_fleet_agent *agent, int64_t *ret_next_s,
                                       struct slw_detail *detail)
{
    bool again = true;
    for (int i = 0; i < ROUNDS_AT_ONCE && again; i++) {
        SLW_TRY(slw_fleet_agent_round(agent, ret_next_s, &again, detail));
    }
    return SLW_OK;
}
