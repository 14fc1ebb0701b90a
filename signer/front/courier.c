/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads: one asks for work, the other carries it, to all witnesses at once, so that one that
 * doesn't answer keeps nobody else waiting. See courier.h.
 */
#include "courier.h"

#include "slipway/http_clock.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX 64u /* under way and waiting */
#define REDIAL_MS 500

struct job {
    struct job *next;
    struct front_courier *courier;
    CURL *curl;
    struct curl_slist *headers;
    uint64_t size;
    char name[SLW_SIGNER_TEXT_SIZE_MAX + 1];
    char url[SLW_SIGNER_URL_SIZE_MAX + 32];
    uint8_t *body;
    size_t body_len;
    uint8_t answer[SLW_SIGNER_CHECKPOINT_SIZE_MAX];
    size_t answer_len;
    bool too_long;
};

struct front_courier {
    const struct front_settings *settings;
    struct front_channel *channel;
    CURLM *multi;
    pthread_t poller;
    pthread_t carrier;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t room;
    struct job *active; /* given to curl; the carrier's alone */
    struct job *fresh;  /* not given to it yet */
    unsigned jobs;
    bool stopping;
};

static void free_job(struct job *job)
{
    if (job->curl != NULL) {
        curl_easy_cleanup(job->curl);
    }
    curl_slist_free_all(job->headers);
    free(job->body);
    free(job);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct job *job = context;
    size_t len = size * count;
    if (len > sizeof job->answer - job->answer_len) {
        job->too_long = true;
        return 0;
    }
    memcpy(job->answer + job->answer_len, bytes, len);
    job->answer_len += len;
    return len;
}

static bool set_up(struct job *job)
{
    const struct front_settings *settings = job->courier->settings;
    CURL *curl = curl_easy_init();
    job->curl = curl;
    job->headers = curl_slist_append(NULL, "Expect:");
    if (curl == NULL || job->headers == NULL) {
        return false;
    }
    bool good =
        curl_easy_setopt(curl, CURLOPT_URL, job->url) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "slipway-signer") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, job->headers) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)settings->witness_timeout_ms) ==
            CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)job->body_len) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (char *)job->body) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, job) == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_PRIVATE, job) == CURLE_OK;
    if (good && settings->witness_ca[0] != '\0') {
        good = curl_easy_setopt(curl, CURLOPT_CAINFO, settings->witness_ca) == CURLE_OK;
    }
    return good;
}

static struct job *new_job(struct front_courier *courier, const struct slw_signer_work *work)
{
    static const char path[] = "/add-checkpoint";
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    size_t len = work->url.len;
    job->courier = courier;
    job->size = work->size;
    memcpy(job->name, work->name.ptr, work->name.len);
    memcpy(job->url, work->url.ptr, len);
    if (len > 0 && job->url[len - 1] == '/') {
        len--;
    }
    memcpy(job->url + len, path, sizeof path);
    job->body_len = work->body.len;
    job->body = malloc(work->body.len);
    if (job->body != NULL) {
        memcpy(job->body, work->body.ptr, work->body.len);
    }
    if (job->body == NULL || !set_up(job)) {
        free_job(job);
        return NULL;
    }
    return job;
}

/* Tells the key process what came of it; status 0: no answer. */
static void report(struct front_courier *courier, const struct job *job, long http_status)
{
    struct slw_detail detail;
    struct front_answer got = {0};
    bool answered = http_status >= 100 && http_status <= 599 && !job->too_long;
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_COSIGNED,
        .position = job->size,
        .value = answered ? (uint32_t)http_status : 0,
        .text = slw_bytes_make(job->name, strlen(job->name)),
        .bytes = slw_bytes_make(job->answer, answered ? job->answer_len : 0),
    };
    (void)front_channel_ask(courier->channel, &call, FRONT_ASK_TIMEOUT_MS, &got, &detail);
    front_answer_free(&got);
}

static bool is_stopping(struct front_courier *courier)
{
    (void)pthread_mutex_lock(&courier->lock);
    bool stopping = courier->stopping;
    (void)pthread_mutex_unlock(&courier->lock);
    return stopping;
}

/* Hands a job to the other thread, once there is room. False when all is to end. */
static bool push(struct front_courier *courier, struct job *job)
{
    (void)pthread_mutex_lock(&courier->lock);
    while (courier->jobs >= JOBS_MAX && !courier->stopping) {
        (void)pthread_cond_wait(&courier->room, &courier->lock);
    }
    bool pushed = !courier->stopping;
    if (pushed) {
        job->next = courier->fresh;
        courier->fresh = job;
        courier->jobs++;
    }
    (void)pthread_mutex_unlock(&courier->lock);
    if (pushed) {
        (void)curl_multi_wakeup(courier->multi);
    } else {
        free_job(job);
    }
    return pushed;
}

static void take_work(struct front_courier *courier, const struct slw_signer_answer *answer)
{
    for (size_t i = 0; i < answer->work_count; i++) {
        struct job *job = new_job(courier, &answer->work[i]);
        if (job != NULL && !push(courier, job)) {
            return;
        }
    }
}

/* A pause that ends at once when all is to end. */
static void pause_polling(struct front_courier *courier)
{
    struct timespec deadline = slw_http_clock_after_ms(REDIAL_MS);
    (void)pthread_mutex_lock(&courier->lock);
    if (!courier->stopping) {
        (void)pthread_cond_timedwait(&courier->room, &courier->lock, &deadline);
    }
    (void)pthread_mutex_unlock(&courier->lock);
}

static void *poll_for_work(void *context)
{
    struct front_courier *courier = context;
    enum slw_status status = SLW_OK;
    while (status != SLW_IO_CLOSED && !is_stopping(courier)) {
        struct slw_detail detail;
        struct front_answer got = {0};
        struct slw_signer_call call = {.kind = SLW_SIGNER_POLL};
        status =
            front_channel_ask(courier->channel, &call, SLW_SIGNER_POLL_MS + 10000, &got, &detail);
        if (status == SLW_OK && got.answer.reason.len == 0) {
            take_work(courier, &got.answer);
        } else if (status != SLW_IO_CLOSED) {
            pause_polling(courier);
        }
        front_answer_free(&got);
    }
    return NULL;
}

static void begin_jobs(struct front_courier *courier)
{
    (void)pthread_mutex_lock(&courier->lock);
    struct job *job = courier->fresh;
    courier->fresh = NULL;
    (void)pthread_mutex_unlock(&courier->lock);
    while (job != NULL) {
        struct job *next = job->next;
        (void)curl_multi_add_handle(courier->multi, job->curl);
        job->next = courier->active;
        courier->active = job;
        job = next;
    }
}

static void end_job(struct front_courier *courier, struct job *job)
{
    struct job **link = &courier->active;
    while (*link != job) {
        link = &(*link)->next;
    }
    *link = job->next;
    (void)curl_multi_remove_handle(courier->multi, job->curl);
    free_job(job);
    (void)pthread_mutex_lock(&courier->lock);
    courier->jobs--;
    (void)pthread_cond_broadcast(&courier->room);
    (void)pthread_mutex_unlock(&courier->lock);
}

static void end_jobs(struct front_courier *courier)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(courier->multi, &left)) != NULL) {
        struct job *job = NULL;
        long http_status = 0;
        CURLcode result = message->data.result;
        CURL *curl = message->easy_handle;
        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(curl, CURLINFO_PRIVATE, &job) != CURLE_OK) {
            continue;
        }
        if (result == CURLE_OK) {
            (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
        }
        report(courier, job, http_status);
        end_job(courier, job);
    }
}

static void *carry(void *context)
{
    struct front_courier *courier = context;
    while (!is_stopping(courier)) {
        int running = 0;
        begin_jobs(courier);
        (void)curl_multi_perform(courier->multi, &running);
        end_jobs(courier);
        (void)curl_multi_poll(courier->multi, NULL, 0, 1000, NULL);
    }
    return NULL;
}

static void init_locks(struct front_courier *courier)
{
    pthread_condattr_t attributes;
    (void)pthread_mutex_init(&courier->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&courier->room, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

enum slw_status front_courier_start(const struct front_settings *settings,
                                    struct front_channel *channel,
                                    struct front_courier **ret_courier, struct slw_detail *detail)
{
    struct front_courier *courier = calloc(1, sizeof *courier);
    if (courier == NULL) {
        return slw_explain_no_memory(detail);
    }
    init_locks(courier);
    courier->settings = settings;
    courier->channel = channel;
    courier->multi = curl_multi_init();
    if (courier->multi == NULL ||
        curl_multi_setopt(courier->multi, CURLMOPT_MAXCONNECTS, (long)SLW_SIGNER_WORK_MAX) !=
            CURLM_OK ||
        pthread_create(&courier->carrier, NULL, carry, courier) != 0) {
        (void)curl_multi_cleanup(courier->multi);
        free(courier);
        return slw_explain(detail, SLW_IO, "witnesses can't be served: no memory or thread");
    }
    if (pthread_create(&courier->poller, NULL, poll_for_work, courier) != 0) {
        courier->poller = courier->carrier;
        front_courier_stop(courier);
        return slw_explain(detail, SLW_IO, "a thread can't be started");
    }
    *ret_courier = courier;
    return SLW_OK;
}

void front_courier_stop(struct front_courier *courier)
{
    if (courier == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&courier->lock);
    courier->stopping = true;
    (void)pthread_cond_broadcast(&courier->room);
    (void)pthread_mutex_unlock(&courier->lock);
    (void)curl_multi_wakeup(courier->multi);
    (void)pthread_join(courier->carrier, NULL);
    if (!pthread_equal(courier->poller, courier->carrier)) {
        (void)pthread_join(courier->poller, NULL);
    }
    begin_jobs(courier);
    while (courier->active != NULL) {
        end_job(courier, courier->active);
    }
    (void)curl_multi_cleanup(courier->multi);
    free(courier);
}
