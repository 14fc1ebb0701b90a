/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that tells the depot that a job is alive, from its lease to its end, and is told when it
 * shall be no more. A depot that is away changes nothing: it says what became of the lease when it
 * is back. Called by work.c.
 */
#include "part.h"

#include "slipway/http_clock.h"
#include "slipway/text.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define EVERY_MS 3000 /* a lease lasts for 60 s; so soon is a cancelled job ended */
#define AGAIN_MS 1000 /* while the depot is away */

static void say_word(struct runner_heart *heart, enum runner_word word)
{
    atomic_store(&heart->word, (int)word);
    (void)eventfd_write(heart->wake, 1);
}

/* How long until the next. */
static int beat(struct runner_heart *heart, struct slw_http_client *client)
{
    char note[RUNNER_NOTE_MAX + 1];
    struct slw_detail detail;
    bool cancelled = false;
    (void)pthread_mutex_lock(&heart->lock);
    memcpy(note, heart->note, sizeof note);
    (void)pthread_mutex_unlock(&heart->lock);
    enum slw_status status = runner_heartbeat(client, heart->lease, note, &cancelled, &detail);
    if (status == SLW_OK && cancelled) {
        say_word(heart, RUNNER_CANCELLED);
    } else if (status != SLW_OK && !runner_is_away(status)) {
        say_word(heart, RUNNER_LOST);
    }
    return status == SLW_OK ? EVERY_MS : AGAIN_MS;
}

/* Waits; whether it is to stop. */
static bool rest(struct runner_heart *heart, int pause_ms)
{
    int64_t until_ms = slw_http_clock_ms() + pause_ms;
    (void)pthread_mutex_lock(&heart->lock);
    for (int64_t left = pause_ms; !heart->stopped && left > 0;
         left = until_ms - slw_http_clock_ms()) {
        struct timespec until = slw_http_clock_after_ms((int)left);
        (void)pthread_cond_timedwait(&heart->changed, &heart->lock, &until);
    }
    bool stopped = heart->stopped;
    (void)pthread_mutex_unlock(&heart->lock);
    return stopped;
}

static void *live(void *context)
{
    struct runner_heart *heart = context;
    struct slw_http_client *client = NULL;
    struct slw_detail detail;
    int pause_ms = 0;
    if (runner_client_new(heart->settings, &client, &detail) != SLW_OK) {
        say_word(heart, RUNNER_LOST); /* nobody would hear of it */
        return NULL;
    }
    while (!rest(heart, pause_ms) && runner_heart_word(heart) == RUNNER_GO_ON) {
        pause_ms = beat(heart, client);
    }
    slw_http_client_free(client);
    return NULL;
}

enum slw_status runner_heart_start(struct runner_heart *heart,
                                   const struct slw_runner_settings *settings,
                                   const struct runner_lease *lease, struct slw_detail *detail)
{
    pthread_condattr_t clock;
    *heart = (struct runner_heart){
        .settings = settings, .lease = lease, .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (heart->wake < 0) {
        return slw_explain_errno(detail, "heartbeats");
    }
    (void)pthread_condattr_init(&clock);
    (void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&heart->lock, NULL);
    (void)pthread_cond_init(&heart->changed, &clock);
    (void)pthread_condattr_destroy(&clock);
    if (pthread_create(&heart->thread, NULL, live, heart) != 0) {
        (void)close(heart->wake);
        heart->wake = -1;
        return slw_explain(detail, SLW_NO_SPACE, "heartbeats: no thread");
    }
    return SLW_OK;
}

void runner_heart_note(struct runner_heart *heart, const char note[RUNNER_NOTE_MAX + 1])
{
    (void)pthread_mutex_lock(&heart->lock);
    slw_text_copy(slw_text_bytes(note), sizeof heart->note, heart->note);
    (void)pthread_mutex_unlock(&heart->lock);
}

void runner_heart_stop(struct runner_heart *heart)
{
    if (heart->wake < 0) {
        return;
    }
    (void)pthread_mutex_lock(&heart->lock);
    heart->stopped = true;
    (void)pthread_cond_signal(&heart->changed);
    (void)pthread_mutex_unlock(&heart->lock);
    (void)pthread_join(heart->thread, NULL);
    (void)pthread_cond_destroy(&heart->changed);
    (void)pthread_mutex_destroy(&heart->lock);
    (void)close(heart->wake);
    heart->wake = -1;
}
