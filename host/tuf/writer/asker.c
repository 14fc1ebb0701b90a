/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that asks for signatures: asker.h. */
#include "asker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/*
 * A ring of questions. The caller's thread owns those that aren't put and those that are answered;
 * the other thread owns those between. taken <= answered <= put.
 */
struct slw_tuf_asker {
    const struct slw_tuf_key_provider *provider;
    const struct slw_tuf_delegators *signers;
    struct slw_tuf_question ring[SLW_TUF_ASKER_QUESTIONS_MAX];
    size_t taken; /* the caller's alone */
    size_t put;
    size_t answered;
    bool ends;
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t lock; /* of put, answered, ends */
    pthread_cond_t changed;
};

void slw_tuf_question_free(struct slw_tuf_question *question)
{
    slw_heap_free(&question->name);
    slw_heap_free(&question->base);
    slw_tuf_draft_change_free(&question->change);
    slw_tuf_edition_free(question->edition);
    question->edition = NULL;
}

static void ask(const struct slw_tuf_asker *asker, struct slw_tuf_question *question)
{
    question->status = slw_tuf_ask(
        asker->provider, &question->change.change, slw_heap_bytes(&question->base), asker->signers,
        question->edition, &question->answer, &question->told, &question->detail);
}

/* The next question, or NULL when it is time to end. */
static struct slw_tuf_question *wait_for_question(struct slw_tuf_asker *asker)
{
    pthread_mutex_lock(&asker->lock);
    while (asker->answered == asker->put && !asker->ends) {
        pthread_cond_wait(&asker->changed, &asker->lock);
    }
    struct slw_tuf_question *question =
        asker->ends ? NULL : &asker->ring[asker->answered % SLW_TUF_ASKER_QUESTIONS_MAX];
    pthread_mutex_unlock(&asker->lock);
    return question;
}

static void count_up(struct slw_tuf_asker *asker, size_t *count)
{
    pthread_mutex_lock(&asker->lock);
    (*count)++;
    pthread_cond_signal(&asker->changed);
    pthread_mutex_unlock(&asker->lock);
}

static void *run(void *context)
{
    struct slw_tuf_asker *asker = context;
    struct slw_tuf_question *question = NULL;
    while ((question = wait_for_question(asker)) != NULL) {
        ask(asker, question);
        count_up(asker, &asker->answered);
    }
    return NULL;
}

/* Signals are for the program's own threads. */
static bool start(struct slw_tuf_asker *asker)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    bool started = pthread_create(&asker->thread, NULL, run, asker) == 0;
    return pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 && started;
}

enum slw_status slw_tuf_asker_new(const struct slw_tuf_key_provider *provider,
                                  const struct slw_tuf_delegators *signers, bool parallel,
                                  struct slw_tuf_asker **ret_asker, struct slw_detail *detail)
{
    struct slw_tuf_asker *asker = calloc(1, sizeof *asker);
    if (asker == NULL) {
        return slw_explain_no_memory(detail);
    }
    asker->provider = provider;
    asker->signers = signers;
    pthread_mutex_init(&asker->lock, NULL);
    pthread_cond_init(&asker->changed, NULL);
    asker->has_thread = parallel && start(asker);
    *ret_asker = asker;
    return SLW_OK;
}

size_t slw_tuf_asker_count(const struct slw_tuf_asker *asker)
{
    return asker->put - asker->taken; /* both are changed by the caller's thread alone */
}

bool slw_tuf_asker_is_full(const struct slw_tuf_asker *asker)
{
    return slw_tuf_asker_count(asker) == SLW_TUF_ASKER_QUESTIONS_MAX;
}

void slw_tuf_asker_put(struct slw_tuf_asker *asker, struct slw_tuf_question *question)
{
    struct slw_tuf_question *place = &asker->ring[asker->put % SLW_TUF_ASKER_QUESTIONS_MAX];
    *place = *question;
    *question = (struct slw_tuf_question){0};
    if (!asker->has_thread) {
        ask(asker, place);
        asker->answered++;
    }
    count_up(asker, &asker->put);
}

void slw_tuf_asker_take(struct slw_tuf_asker *asker, struct slw_tuf_question *ret_question)
{
    pthread_mutex_lock(&asker->lock);
    while (asker->answered == asker->taken) {
        pthread_cond_wait(&asker->changed, &asker->lock);
    }
    pthread_mutex_unlock(&asker->lock);
    *ret_question = asker->ring[asker->taken++ % SLW_TUF_ASKER_QUESTIONS_MAX];
}

static void stop(struct slw_tuf_asker *asker)
{
    pthread_mutex_lock(&asker->lock);
    asker->ends = true;
    pthread_cond_signal(&asker->changed);
    pthread_mutex_unlock(&asker->lock);
    pthread_join(asker->thread, NULL);
}

void slw_tuf_asker_free(struct slw_tuf_asker *asker)
{
    if (asker == NULL) {
        return;
    }
    if (asker->has_thread) {
        stop(asker);
    }
    for (; asker->taken != asker->put; asker->taken++) {
        slw_tuf_question_free(&asker->ring[asker->taken % SLW_TUF_ASKER_QUESTIONS_MAX]);
    }
    pthread_cond_destroy(&asker->changed);
    pthread_mutex_destroy(&asker->lock);
    free(asker);
}
