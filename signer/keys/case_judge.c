/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking judges: one goes over the payloads by the rule's content rules, then each validator of the
 * rule runs. They have the staged copy as a read-only descriptor and nothing else; whatever becomes
 * of them, it is a verdict.
 */
#include "case.h"

#include "slipway/base64.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define JUDGE_TIME_MS 600000u

void slw_case_former_free(struct slw_case_former *former)
{
    slw_heap_drop(&former->metadata);
    free(former->list);
    *former = (struct slw_case_former){0};
}

static enum slw_status logged_metadata(struct slw_service *service, uint64_t record,
                                       struct slw_heap_buffer *ret_metadata,
                                       struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_record_view view;
    SLW_TRY(slw_log_read_record(service->log, record, &text, detail));
    enum slw_status status = slw_record_parse(slw_heap_bytes(&text), &view, detail);
    if (status == SLW_OK) {
        status = slw_base64_decode(slw_record_get_text(&view, "metadata"), ret_metadata);
        slw_record_view_free(&view);
    }
    slw_heap_drop(&text);
    return status;
}

static enum slw_status former_read(const struct slw_case *work, uint64_t record,
                                   struct slw_case_former *former, struct slw_detail *detail)
{
    const struct slw_book_mark *mark =
        slw_book_mark(&work->service->book, SLW_POLICY_USE_TARGETS, work->mark, false);
    if (mark != NULL && mark->record == record) {
        slw_heap_append(&former->metadata, slw_heap_bytes(&mark->metadata));
    }
    if (former->metadata.len == 0) {
        SLW_TRY(logged_metadata(work->service, record, &former->metadata, detail));
    }
    if (former->metadata.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    former->given = true;
    return slw_content_former_read(slw_heap_bytes(&former->metadata), &former->list, &former->count,
                                   detail);
}

enum slw_status slw_case_former_read(const struct slw_case *work, uint64_t record,
                                     struct slw_case_former *ret_former, struct slw_detail *detail)
{
    struct slw_case_former former = {0};
    if (record != SLW_BOOK_NONE) {
        enum slw_status status = former_read(work, record, &former, detail);
        if (status != SLW_OK) {
            slw_case_former_free(&former);
            return status;
        }
    }
    *ret_former = former;
    return SLW_OK;
}

/* The last release of this product and class, for the rules about growth and what may be left out.
 */
static uint64_t last_record(const struct slw_case *work)
{
    const struct slw_book_mark *mark =
        slw_book_mark(&work->service->book, SLW_POLICY_USE_TARGETS, work->mark, false);
    return mark == NULL ? SLW_BOOK_NONE : mark->record;
}

static enum slw_status rules_make(const struct slw_case *work, const struct slw_policy_rule *rule,
                                  struct slw_judge_rules *ret_rules, struct slw_detail *detail)
{
    struct slw_case_former former = {0};
    struct slw_content_rules rules;
    enum slw_status status = slw_case_former_read(work, last_record(work), &former, detail);
    if (status == SLW_OK) {
        slw_policy_content_rules(rule, &rules);
        rules.has_former = former.given;
        rules.former = former.list;
        rules.former_count = former.count;
        rules.has_growth = rules.has_growth && former.given;
        status = slw_judge_rules_make(&rules, ret_rules, detail);
    }
    slw_case_former_free(&former);
    return status;
}

static enum slw_status judge_start(struct slw_case *work, const struct slw_policy_rule *rule,
                                   struct slw_detail *detail)
{
    struct slw_judge_rules rules;
    const struct slw_judge_limits limits = {.time_ms = JUDGE_TIME_MS};
    slw_book_mark_name(work->signing_key, slw_bytes_make(NULL, 0), work->mark);
    SLW_TRY(rules_make(work, rule, &rules, detail));
    enum slw_status status = slw_judge_start(work->service->options.spawner, work->descriptor,
                                             &rules, &limits, &work->judge, detail);
    slw_judge_rules_free(&rules);
    return status;
}

static enum slw_status validator_start(struct slw_case *work,
                                       const struct slw_policy_validator *wanted,
                                       struct slw_detail *detail)
{
    const char *arguments[SLW_POLICY_ARGUMENTS_MAX + 1];
    int descriptor;
    for (size_t i = 0; i < wanted->arguments.count; i++) {
        arguments[i] = (const char *)wanted->arguments.items[i].ptr;
    }
    const struct slw_validator validator = {
        .program = (const char *)wanted->program.ptr,
        .arguments = arguments,
        .arguments_count = wanted->arguments.count,
    };
    const struct slw_judge_limits limits = {.time_ms = wanted->timeout_s * 1000u};
    /* One of its own, for it is read from its beginning. */
    SLW_TRY(slw_staging_read_open(&work->service->staging, work->request->request.staged,
                                  &descriptor, detail));
    enum slw_status status = slw_validator_start(work->service->options.spawner, descriptor,
                                                 &validator, &limits, &work->judge, detail);
    close(descriptor);
    return status;
}

void slw_case_judge(struct slw_case *work, const struct slw_policy_rule *rule)
{
    struct slw_detail detail = {""};
    enum slw_status status = SLW_OK;
    if (work->judge.descriptor >= 0) {
        return;
    }
    if (!work->rules_judged) {
        status = judge_start(work, rule, &detail);
    } else if (work->validators_done < rule->validators_count) {
        status = validator_start(work, &rule->validators[work->validators_done], &detail);
    } else {
        work->judged = SLW_POLICY_JUDGED_GOOD;
        slw_case_go_on(work);
        return;
    }
    if (status == SLW_IO_CLOSED) {
        /* Nothing can be judged any more: whoever started this process starts it anew. */
        work->judge.descriptor = -1;
        work->service->broken = true;
        work->service->blocked = slw_explain(&work->service->blocked_detail, SLW_IO,
                                             "the process that starts judges is gone");
    } else if (status == SLW_TOO_MANY || status == SLW_NO_SPACE ||
               slw_status_class(status) == SLW_CLASS_IO) {
        work->judge.descriptor = -1;
        work->retry_ms = slw_service_now_ms(work->service) + 200; /* when others have ended */
    } else if (status != SLW_OK) {
        work->judge.descriptor = -1;
        slw_case_refuse(work, status, detail.text);
    }
}

void slw_case_judge_stop(struct slw_case *work)
{
    if (work->judge.descriptor >= 0) {
        slw_judge_cancel(work->service->options.spawner, &work->judge);
        work->judge.descriptor = -1;
    }
}

static void verdict_take(struct slw_case *work, const struct slw_verdict *verdict)
{
    if (verdict->status != SLW_OK) {
        const char *text =
            verdict->report.findings_count > 0 ? verdict->report.findings[0].text : verdict->text;
        size_t len = strlen(text) < sizeof work->judged_detail ? strlen(text)
                                                               : sizeof work->judged_detail - 1;
        work->judged = SLW_POLICY_JUDGED_BAD;
        work->judged_reason = verdict->status;
        memcpy(work->judged_detail, text, len);
        work->judged_detail[len] = '\0';
    } else if (work->rules_judged) {
        work->validators_done++;
    } else {
        work->rules_judged = true;
    }
}

static void judged(struct slw_case *work)
{
    struct slw_verdict verdict;
    work->judge_heard = false;
    if (slw_judge_finish(work->service->options.spawner, &work->judge, &verdict) != SLW_OK) {
        return; /* not yet */
    }
    work->judge.descriptor = -1;
    verdict_take(work, &verdict);
    slw_verdict_free(&verdict);
    slw_case_go_on(work);
}

void slw_cases_judged(struct slw_service *service)
{
    for (size_t i = service->cases_count; i > 0; i--) {
        struct slw_case *work = i <= service->cases_count ? service->cases[i - 1] : NULL;
        if (work != NULL && work->judge.descriptor >= 0 && work->judge_heard) {
            judged(work);
        }
    }
}

size_t slw_cases_poll(const struct slw_service *service, struct pollfd *list, size_t max,
                      int64_t *ret_deadline_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < service->cases_count && count < max; i++) {
        const struct slw_judge *judge = &service->cases[i]->judge;
        if (judge->descriptor < 0) {
            continue;
        }
        int64_t deadline_ms = slw_judge_deadline_ms(judge);
        *ret_deadline_ms = deadline_ms < *ret_deadline_ms ? deadline_ms : *ret_deadline_ms;
        list[count++] = (struct pollfd){.fd = judge->descriptor, .events = POLLIN};
    }
    return count;
}

/* Right behind slw_cases_poll() and poll(): the cases are in the same order still. */
void slw_cases_polled(struct slw_service *service, const struct pollfd *list, size_t count)
{
    size_t at = 0;
    int64_t now_ms = slw_service_now_ms(service);
    for (size_t i = 0; i < service->cases_count && at < count; i++) {
        struct slw_case *work = service->cases[i];
        if (work->judge.descriptor >= 0) {
            work->judge_heard =
                list[at++].revents != 0 || now_ms >= slw_judge_deadline_ms(&work->judge);
        }
    }
}

size_t slw_cases_judged_count(const struct slw_service *service)
{
    size_t count = 0;
    for (size_t i = 0; i < service->cases_count; i++) {
        count += service->cases[i]->judge.descriptor >= 0 ? 1 : 0;
    }
    return count;
}
