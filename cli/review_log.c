/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing service's log for a reviewer: its checkpoint, and with the log's key all of it
 * verified, and out of it the policy that decides what is signed. See review.h.
 */
#include "audit.h"
#include "review.h"
#include "sign_policy.h"

#include "slipway/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECKPOINT_MAX 65536u
#define POLICY "signer/policy"

/* --- The policy --- */

static void warn(void *context, const char *warning)
{
    cli_review_find(context, "the signing policy: %s", warning);
}

static void keep_policy(struct cli_review *review, const char *name,
                        const struct slw_policy *policy, struct slw_bytes envelope)
{
    char file[64];
    (void)snprintf(file, sizeof file, "%s.envelope", name);
    cli_review_keep(review, file, envelope);
    (void)snprintf(file, sizeof file, "%s.json", name);
    cli_review_keep(review, file, policy->text);
}

/* What counts now, and what will when a delay is over. */
static void keep_policies(struct cli_review *review, const struct slw_audit *audit)
{
    char since[SLW_TIME_TEXT_SIZE];
    struct slw_bytes envelope;
    int64_t since_utc_s = 0;
    const struct slw_policy *policy =
        slw_audit_policy_in_force(audit, review->now_utc_s, &envelope, &since_utc_s);
    if (policy == NULL) {
        cli_review_miss(review, POLICY ".json", "the log has no policy that is in force");
    } else {
        keep_policy(review, POLICY, policy, envelope);
        cli_policy_lint(policy, warn, review);
    }
    const struct slw_policy *next =
        slw_audit_policy_in_force(audit, INT64_MAX, &envelope, &since_utc_s);
    if (next != policy) {
        keep_policy(review, POLICY "-next", next, envelope);
        cli_review_find(review, "the signing policy: version %" PRIu32 " is in force from %s on",
                        next->version, slw_time_format(since_utc_s, since));
    }
}

/* --- The log --- */

static void judge_log(struct cli_review *review, const struct cli_audit_log *log,
                      struct slw_audit *audit)
{
    struct slw_detail why = {""};
    enum slw_status status = slw_audit_run(audit, &log->source, &why);
    if (status != SLW_OK) {
        cli_review_miss(review, POLICY ".json", why.text);
    }
    if (cli_audit_is_verdict(status)) {
        cli_review_find(review, "the signing service's log: %s: %s", cli_audit_word(status),
                        why.text);
    }
    for (size_t i = 0; i < audit->findings_count && i < SLW_AUDIT_FINDINGS_MAX; i++) {
        cli_review_find(review, "the signing service's log: %s", audit->findings[i]);
    }
    if (status == SLW_OK) {
        keep_policies(review, audit);
    }
}

static void verify_log(struct cli_review *review, const struct cli_audit_log *log)
{
    struct slw_audit *audit = calloc(1, sizeof *audit);
    struct slw_heap_buffer roots = {0};
    if (audit == NULL) {
        cli_review_miss(review, POLICY ".json", "out of memory");
        return;
    }
    cli_audit_expect(&review->transparency, audit);
    if (cli_audit_known_roots(review->cli, review->arguments, audit, &roots) == CLI_DONE) {
        judge_log(review, log, audit);
    } else {
        cli_review_miss(review, POLICY ".json", review->cli->detail.text);
    }
    slw_heap_drop(&roots);
    slw_audit_free(audit);
    free(audit);
}

static void keep_checkpoint(struct cli_review *review, const struct cli_audit_log *log)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_detail why = {""};
    if (log->source.get(log->source.context, "checkpoint", CHECKPOINT_MAX, &bytes, &why) ==
        SLW_OK) {
        cli_review_keep(review, "signer/checkpoint", slw_heap_bytes(&bytes));
    } else {
        cli_review_miss(review, "signer/checkpoint", why.text);
    }
    slw_heap_drop(&bytes);
}

void cli_review_log(struct cli_review *review, const char *name)
{
    struct cli_audit_log log;
    if (cli_audit_log_open(review->cli, review->arguments, name, &log) != CLI_DONE) {
        cli_review_miss(review, "signer/checkpoint", review->cli->detail.text);
        return;
    }
    keep_checkpoint(review, &log);
    if (review->transparency.given) {
        verify_log(review, &log);
    } else {
        cli_review_miss(review, POLICY ".json", "--log wasn't given: whose log it is isn't known");
    }
    cli_audit_log_close(&log);
}
