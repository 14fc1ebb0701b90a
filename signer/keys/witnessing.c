/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Having checkpoints cosigned. What a witness is asked is made here and its answer is checked here;
 * the front only carries both. One checkpoint is cosigned at a time, the newest when it is its
 * turn, so that many signatures share it.
 */
#include "case.h"

#define ANSWER_MS 30000
#define RETRY_MS 2000

void slw_witnessing_free(struct slw_witnessing *witnessing)
{
    slw_heap_drop(&witnessing->text);
    slw_heap_drop(&witnessing->lines);
    slw_heap_drop(&witnessing->proven);
}

static void block(struct slw_service *service, enum slw_status status, const char *text)
{
    service->blocked = status;
    (void)slw_explain(&service->blocked_detail, status, "%s", text);
}

/* The checkpoint's text in the target's note. */
static struct slw_bytes target_text(struct slw_witnessing *witnessing)
{
    struct slw_note note;
    struct slw_detail ignored;
    return slw_note_parse("checkpoint", slw_heap_bytes(&witnessing->text), &note, &ignored) ==
                   SLW_OK
               ? note.text
               : slw_bytes_make(NULL, 0);
}

/* The newest checkpoint is what is to be cosigned now. */
static void target_take(struct slw_service *service)
{
    struct slw_witnessing *witnessing = &service->witnessing;
    witnessing->target = slw_log_size(service->log);
    witnessing->text.len = 0;
    witnessing->lines.len = 0;
    slw_heap_append(&witnessing->text, slw_log_checkpoint(service->log));
    for (size_t i = 0; i < SLW_POLICY_WITNESSES_MAX; i++) {
        witnessing->ones[i].has_line = false;
        witnessing->ones[i].busy = false;
    }
}

static size_t lines_count(const struct slw_witnessing *witnessing)
{
    size_t count = 0;
    for (size_t i = 0; i < SLW_POLICY_WITNESSES_MAX; i++) {
        count += witnessing->ones[i].has_line ? 1 : 0;
    }
    return count;
}

/* A quorum cosigned the target: it is what proofs are made of from now on. */
static void target_done(struct slw_service *service)
{
    struct slw_witnessing *witnessing = &service->witnessing;
    struct slw_detail ignored;
    slw_effects_wait(
        service); /* which may have a newer checkpoint: then these lines are of an older one */
    witnessing->cosigned = witnessing->target;
    witnessing->proven.len = 0;
    slw_heap_append(&witnessing->proven, slw_heap_bytes(&witnessing->text));
    slw_heap_append(&witnessing->proven, slw_heap_bytes(&witnessing->lines));
    /* Nobody relies on what is published: proofs are made of what is kept here. */
    enum slw_status published = slw_log_publish_cosignatures(
        service->log, witnessing->target, slw_heap_bytes(&witnessing->lines), &ignored);
    (void)published;
    witnessing->target = 0;
}

/* --- Asking --- */

static bool may_ask(const struct slw_service *service, const struct slw_witnessing_one *one)
{
    return !one->busy && !one->has_line && slw_service_now_ms(service) >= one->not_before_ms;
}

static enum slw_status body_make(struct slw_service *service, const struct slw_witnessing_one *one,
                                 struct slw_heap_buffer *ret_body)
{
    struct slw_merkle_path path = {0};
    struct slw_detail ignored;
    if (one->holds > 0) {
        SLW_TRY(slw_log_prove_consistency(service->log, one->holds, service->witnessing.target,
                                          &path, &ignored));
    }
    return slw_witness_body_format(one->holds, &path, slw_heap_bytes(&service->witnessing.text),
                                   ret_body);
}

/* Fills an answer to POLL with everybody who may be asked. */
static void work_collect(struct slw_service *service, const struct slw_policy *policy,
                         struct slw_heap_buffer *bodies, struct slw_signer_answer *answer)
{
    struct slw_witnessing *witnessing = &service->witnessing;
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        struct slw_witnessing_one *one = &witnessing->ones[i];
        if (!may_ask(service, one) || body_make(service, one, &bodies[i]) != SLW_OK) {
            continue;
        }
        one->busy = true;
        one->asked_size = witnessing->target;
        one->deadline_ms = slw_service_now_ms(service) + ANSWER_MS;
        struct slw_signer_work *work = &answer->work[answer->work_count++];
        work->size = witnessing->target;
        work->name =
            slw_bytes_make(policy->witnesses[i].key.name, strlen(policy->witnesses[i].key.name));
        work->url = policy->witnesses[i].url;
        work->body = slw_heap_bytes(&bodies[i]);
    }
}

static void poll_answer(struct slw_service *service, const struct slw_policy *policy)
{
    struct slw_heap_buffer bodies[SLW_POLICY_WITNESSES_MAX] = {{0}};
    struct slw_witnessing *witnessing = &service->witnessing;
    struct slw_signer_answer answer = {.number = witnessing->poll_number, .kind = SLW_SIGNER_POLL};
    if (witnessing->target != 0) {
        work_collect(service, policy, bodies, &answer);
    }
    if (answer.work_count > 0 || slw_service_now_ms(service) >= witnessing->poll_until_ms) {
        witnessing->poll_number = 0;
        slw_answer_send(service, &answer);
    }
    for (size_t i = 0; i < SLW_POLICY_WITNESSES_MAX; i++) {
        slw_heap_drop(&bodies[i]);
    }
}

void slw_witnessing_go(struct slw_service *service)
{
    struct slw_witnessing *witnessing = &service->witnessing;
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    if (witnessing->policy != policy) {
        /* Other witnesses, perhaps: what they hold they will say. */
        memset(witnessing->ones, 0, sizeof witnessing->ones);
        witnessing->target = 0;
        witnessing->policy = policy;
    }
    for (size_t i = 0; i < SLW_POLICY_WITNESSES_MAX; i++) {
        struct slw_witnessing_one *one = &witnessing->ones[i];
        if (one->busy && slw_service_now_ms(service) > one->deadline_ms) {
            one->busy = false;
        }
    }
    if (policy->witnesses_quorum > 0 && witnessing->target == 0 &&
        witnessing->cosigned < slw_log_size(service->log) && service->blocked != SLW_LOG_BEHIND) {
        target_take(service);
    }
    if (witnessing->poll_number != 0) {
        poll_answer(service, policy);
    }
}

void slw_witnessing_poll(struct slw_service *service, uint64_t number)
{
    struct slw_witnessing *witnessing = &service->witnessing;
    if (witnessing->poll_number != 0) { /* one waits already: that one has nothing */
        const struct slw_signer_answer answer = {.number = witnessing->poll_number,
                                                 .kind = SLW_SIGNER_POLL};
        slw_answer_send(service, &answer);
    }
    witnessing->poll_number = number;
    witnessing->poll_until_ms = slw_service_now_ms(service) + SLW_SIGNER_POLL_MS / 2;
}

/* --- Answers --- */

static struct slw_witnessing_one *one_named(struct slw_service *service, struct slw_bytes name,
                                            const struct slw_note_key **ret_key)
{
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        const struct slw_note_key *key = &policy->witnesses[i].key;
        if (slw_bytes_equal(name, slw_bytes_make(key->name, strlen(key->name)))) {
            *ret_key = key;
            return &service->witnessing.ones[i];
        }
    }
    return NULL;
}

/* "must agree with the witnesses' within minutes" */
static bool time_agrees(struct slw_service *service, uint64_t time)
{
    int64_t now = slw_service_now(service);
    bool agrees = time <= INT64_MAX && (int64_t)time <= now + SLW_SERVICE_WITNESS_SKEW_S &&
                  (int64_t)time >= now - SLW_SERVICE_WITNESS_SKEW_S;
    if (!agrees) {
        block(service, SLW_CLOCK, "the clock differs from a witness's by more than five minutes");
    } else if (service->blocked == SLW_CLOCK) {
        service->blocked = SLW_OK;
        service->blocked_detail.text[0] = '\0';
    }
    return agrees;
}

static void cosigned(struct slw_service *service, struct slw_witnessing_one *one,
                     const struct slw_witness_answer *answer, struct slw_bytes line)
{
    struct slw_witnessing *witnessing = &service->witnessing;
    one->holds = witnessing->target;
    if (!time_agrees(service, answer->time)) {
        one->not_before_ms = slw_service_now_ms(service) + RETRY_MS;
        return;
    }
    one->has_line = true;
    slw_heap_append(&witnessing->lines, line);
    if (lines_count(witnessing) >= slw_service_policy(service)->policy->witnesses_quorum) {
        target_done(service);
    }
}

/* "at start the log must extend the newest checkpoint that witnesses hold" */
static void conflict(struct slw_service *service, struct slw_witnessing_one *one, uint64_t size)
{
    if (size > service->witnessing.target) {
        if (size > slw_log_size(service->log)) {
            block(service, SLW_LOG_BEHIND,
                  "a witness holds a longer log: this one is a copy or was restored");
        }
        service->witnessing.target = 0; /* a newer checkpoint, when there is one */
        return;
    }
    if (size == one->holds) {
        block(service, SLW_LOG_BEHIND,
              "a witness holds another log of this size: two signers wrote on from one log");
        return;
    }
    one->holds = size;
}

static enum slw_status answer_take(struct slw_service *service, struct slw_witnessing_one *one,
                                   const struct slw_note_key *key, uint32_t http_status,
                                   struct slw_bytes body, struct slw_detail *detail)
{
    struct slw_heap_buffer line = {0};
    struct slw_witness_answer answer;
    enum slw_status status = slw_witness_answer_read(
        http_status, body, target_text(&service->witnessing), key, &answer, &line, detail);
    one->not_before_ms = 0;
    if (status == SLW_OK) {
        switch (answer.result) {
        case SLW_WITNESS_COSIGNED:
            cosigned(service, one, &answer, slw_heap_bytes(&line));
            break;
        case SLW_WITNESS_CONFLICT:
            conflict(service, one, answer.size);
            break;
        case SLW_WITNESS_REFUSED:
            one->not_before_ms = slw_service_now_ms(service) + RETRY_MS;
            /* "422: the consistency proof doesn't verify" */
            if (http_status == 422) {
                block(service, SLW_LOG_BEHIND,
                      "a witness holds a log that this one doesn't extend");
            }
            break;
        }
    } else {
        one->not_before_ms = slw_service_now_ms(service) + RETRY_MS;
    }
    slw_heap_drop(&line);
    return status;
}

enum slw_status slw_witnessing_answer(struct slw_service *service, uint64_t size,
                                      struct slw_bytes name, uint32_t http_status,
                                      struct slw_bytes body, struct slw_detail *detail)
{
    const struct slw_note_key *key = NULL;
    struct slw_witnessing_one *one = one_named(service, name, &key);
    if (one == NULL || !one->busy || one->asked_size != size) {
        return slw_explain(detail, SLW_WRONG_STATE, "this wasn't asked for");
    }
    one->busy = false;
    if (service->witnessing.target != size) {
        return SLW_OK; /* a quorum was reached without it */
    }
    if (http_status == 0) {
        one->not_before_ms = slw_service_now_ms(service) + RETRY_MS;
        return SLW_OK;
    }
    return answer_take(service, one, key, http_status, body, detail);
}

/* --- After a start --- */

void slw_witnessing_resume(struct slw_service *service)
{
    const struct slw_policy *policy = slw_service_policy(service)->policy;
    struct slw_witnessing *witnessing = &service->witnessing;
    struct slw_note_key keys[SLW_POLICY_WITNESSES_MAX];
    struct slw_note_verdict verdicts[SLW_POLICY_WITNESSES_MAX];
    struct slw_heap_buffer bytes = {0};
    struct slw_detail ignored;
    struct slw_note note;
    struct slw_checkpoint checkpoint;
    uint64_t total = 0;
    size_t good = 0;
    for (size_t i = 0; i < policy->witnesses_count; i++) {
        keys[i] = policy->witnesses[i].key;
    }
    if (policy->witnesses_quorum > 0 &&
        slw_log_serve(service->log, SLW_BYTES_OF("checkpoint"), 0, SLW_NOTE_SIZE_MAX, &bytes,
                      &total, &ignored) == SLW_OK &&
        slw_checkpoint_open("checkpoint", slw_heap_bytes(&bytes), &service->options.log_signer->key,
                            &note, &checkpoint, &ignored) == SLW_OK &&
        checkpoint.size == slw_log_size(service->log) &&
        slw_note_verify(&note, keys, policy->witnesses_count, verdicts, &ignored) == SLW_OK) {
        for (size_t i = 0; i < policy->witnesses_count; i++) {
            good += verdicts[i].is_signed ? 1 : 0;
        }
    }
    if (policy->witnesses_quorum > 0 && good >= policy->witnesses_quorum) {
        witnessing->cosigned = checkpoint.size;
        slw_heap_append(&witnessing->proven, slw_heap_bytes(&bytes));
    }
    slw_heap_drop(&bytes);
}
