/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An offer, on its way to its outcome: fetched by the TUF client, from the role that the offer
 * names and no other; compared with what the repository says of it; brought to the device, which
 * verifies it by itself. Before the device applies it, the depot is asked once more.
 */
#include "device_connect.h"
#include "device_update.h"
#include "repo_client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* --- What is told on the way --- */

static void report_progress(struct cli_connect *connect, int64_t percent)
{
    struct cli_connect_report report;
    struct slw_fleet_under_way under_way = slw_fleet_member_under_way(connect->member);
    cli_connect_fill(connect, SLW_FLEET_PROGRESS, &report);
    report.report.rollout = under_way.rollout;
    report.report.release = under_way.release;
    report.report.progress_percent = percent;
    (void)cli_connect_send(connect, &report); /* it is kept, and the update doesn't wait for it */
}

static void report_consent(struct cli_connect *connect, bool yes)
{
    struct cli_connect_report report;
    cli_connect_fill(connect, SLW_FLEET_CONSENT, &report);
    report.report.release = slw_fleet_member_under_way(connect->member).release;
    report.report.consent_by = SLW_BYTES_OF("consumer, on the device");
    report.report.consent_yes = yes;
    (void)cli_connect_send(connect, &report);
}

static void note_stage(void *context, const char *stage)
{
    struct cli_connect *connect = context;
    if (strcmp(stage, CLI_STAGE_CONSENT) == 0) {
        connect->asked_consumer = true;
        return;
    }
    if (strcmp(stage, "verified") == 0) {
        report_progress(connect, 50);
    } else if (strcmp(stage, "installing") == 0) {
        if (connect->asked_consumer) {
            connect->asked_consumer = false;
            report_consent(connect, true);
        }
        report_progress(connect, 100);
    }
}

/* DEPOT.md, section 6: "Devices ask again before they apply". */
static bool may_apply(void *context)
{
    struct cli_connect *connect = context;
    struct slw_fleet_answer answer;
    struct slw_fleet_under_way under_way = slw_fleet_member_under_way(connect->member);
    enum slw_status status =
        slw_fleet_member_check_in(connect->member, connect->device.answer.device.targets_version,
                                  &answer, &connect->cli->detail);
    if (status != SLW_OK) {
        (void)cli_connect_fail(connect, status);
        connect->offer_is_over = true;
        return false;
    }
    connect->offer_is_over = !answer.has_offer || answer.offer.release != under_way.release;
    return !connect->offer_is_over;
}

/* --- Fetching --- */

static bool is_role(const struct cli_connect *connect, struct slw_bytes channel, const char *suffix,
                    struct slw_bytes role)
{
    char wanted[256];
    int len = snprintf(wanted, sizeof wanted, "%s-%.*s%s", connect->product, (int)channel.len,
                       (const char *)channel.ptr, suffix);
    return len > 0 && len < (int)sizeof wanted &&
           slw_bytes_equal(role, slw_bytes_make(wanted, (size_t)len));
}

/* PRODUCT/CHANNEL/…, in the role PRODUCT-CHANNEL or PRODUCT-CHANNEL-rollout. */
static bool find_channel(const struct cli_connect *connect, const struct slw_fleet_offer *offer,
                         char ret_channel[static SLW_RELEASE_WORD_MAX + 1])
{
    size_t product_len = strlen(connect->product);
    const uint8_t *begin = offer->path.ptr + product_len + 1;
    if (offer->path.len <= product_len + 1 ||
        memcmp(offer->path.ptr, connect->product, product_len) != 0 ||
        offer->path.ptr[product_len] != '/') {
        return false;
    }
    size_t rest = offer->path.len - product_len - 1;
    const uint8_t *slash = memchr(begin, '/', rest);
    struct slw_bytes channel = slw_bytes_make(begin, slash == NULL ? 0 : (size_t)(slash - begin));
    if (!slw_release_word_is_good(channel) ||
        (!is_role(connect, channel, "", offer->role) &&
         !is_role(connect, channel, "-rollout", offer->role))) {
        return false;
    }
    (void)snprintf(ret_channel, SLW_RELEASE_WORD_MAX + 1, "%.*s", (int)channel.len,
                   (const char *)channel.ptr);
    return connect->channel == NULL || strcmp(connect->channel, ret_channel) == 0;
}

static enum cli_exit fetch(struct cli_connect *connect, const struct slw_fleet_offer *offer,
                           const char *channel, struct slw_heap_buffer *ret_path,
                           enum slw_status *ret_failed)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct cli_repo_client client;
    struct slw_heap_buffer directory = {0};
    struct slw_heap_buffer role = {0};
    enum cli_exit code = cli_repo_client_open(connect->cli, &connect->arguments, &client);
    if (code == CLI_DONE) {
        slw_heap_printf(&directory, "%s/downloads", slw_heap_text(&client.metadata_directory));
        slw_heap_append(&role, offer->role);
        client.role = slw_heap_text(&role);
        code = cli_repo_client_fetch_release(&client, offer->path, channel,
                                             slw_heap_text(&directory), ret_path);
        *ret_failed = client.failed;
        cli_repo_client_close(&client);
    }
    (void)sigaction(SIGPIPE, &ignore, NULL); /* closing lets it end us again */
    slw_heap_free(&directory);
    slw_heap_free(&role);
    return code;
}

/* What the repository has isn't what it says, or not signed for it: an outcome, before the device
 * ever saw it. What can't be had just now isn't one. */
static enum cli_exit report_refusal(struct cli_connect *connect, enum slw_status failed)
{
    struct cli_connect_report report;
    struct slw_fleet_under_way under_way = slw_fleet_member_under_way(connect->member);
    if (!slw_status_is_refusal(failed)) {
        return CLI_DONE;
    }
    const char *word = slw_status_word(failed);
    cli_connect_fill(connect, SLW_FLEET_OUTCOME, &report);
    report.report.rollout = under_way.rollout;
    report.report.release = under_way.release;
    report.report.result = SLW_FLEET_REFUSED;
    report.report.reason = slw_bytes_make(word, strlen(word));
    enum cli_exit code = cli_connect_send(connect, &report);
    if (code != CLI_DONE) {
        return code;
    }
    cli_connect_print("outcome release=%lld refused %s", (long long)under_way.release, word);
    enum slw_status status = slw_fleet_member_set_under_way(
        connect->member, (struct slw_fleet_under_way){0, 0}, &connect->cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(connect->cli, status);
}

/* --- The whole of it --- */

static enum cli_exit bring(struct cli_connect *connect, const char *path)
{
    const struct cli_update_watcher watcher = {
        .context = connect, .stage = note_stage, .may_apply = may_apply};
    char name[CLI_CONNECT_NAME_SIZE];
    connect->offer_is_over = false;
    connect->asked_consumer = false;
    cli_connect_name(connect, slw_fleet_member_under_way(connect->member).release, name);
    cli_device_disconnect(&connect->device);
    enum cli_exit code =
        cli_device_update_file(connect->cli, &connect->arguments, path, name, &watcher);
    if (code == CLI_INTERRUPTED) {
        return code;
    }
    if (connect->offer_is_over) {
        cli_connect_print("offer is over");
        return CLI_DENIED;
    }
    enum cli_exit looked = cli_connect_look(connect);
    if (looked != CLI_DONE) {
        return looked;
    }
    if (slw_bytes_equal(connect->device.answer.device.reason, SLW_BYTES_OF("consent-refused"))) {
        report_consent(connect, false);
    }
    looked = cli_connect_settle(connect);
    return looked == CLI_DONE && code == CLI_NOTHING ? CLI_DONE
           : looked == CLI_DONE                      ? code
                                                     : looked;
}

enum cli_exit cli_connect_update(struct cli_connect *connect, const struct slw_fleet_offer *offer)
{
    char channel[SLW_RELEASE_WORD_MAX + 1];
    struct slw_heap_buffer path = {0};
    enum slw_status failed = SLW_OK;
    cli_connect_print("offered release=%lld", (long long)offer->release);
    if (!find_channel(connect, offer, channel)) {
        return cli_refuse(connect->cli, SLW_WRONG_CHANNEL,
                          "the depot offers what isn't of this product, or of another channel");
    }
    if (!cli_connect_forget_session(connect)) {
        return cli_device_fail(&connect->device);
    }
    const struct slw_fleet_under_way under_way = {offer->rollout, offer->release};
    enum slw_status status =
        slw_fleet_member_set_under_way(connect->member, under_way, &connect->cli->detail);
    if (status != SLW_OK) {
        return cli_fail(connect->cli, status);
    }
    struct slw_fleet_offer copy = *offer; /* its views end with the next check-in */
    struct slw_heap_buffer texts = {0};
    slw_heap_append(&texts, offer->role);
    slw_heap_append(&texts, offer->path);
    if (texts.status != SLW_OK) {
        return cli_error(connect->cli, "out of memory");
    }
    copy.role = slw_bytes_make(texts.ptr, offer->role.len);
    copy.path = slw_bytes_make(texts.ptr + offer->role.len, offer->path.len);
    report_progress(connect, 0);
    enum cli_exit code = fetch(connect, &copy, channel, &path, &failed);
    slw_heap_free(&texts);
    if (code == CLI_DONE) {
        code = bring(connect, slw_heap_text(&path));
    } else {
        enum cli_exit reported = report_refusal(connect, failed);
        code = reported == CLI_DONE ? code : reported;
    }
    slw_heap_free(&path);
    return code;
}
