/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many askers over one socket. An ask whose time ran out stays in the table until its answer comes
 * after all, since the other end counts it as waiting until then. See channel.h.
 */
#include "channel.h"

#include "slipway/http_clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than all kinds together may have waiting. */
#define PLACES 1024u

struct ask {
    uint64_t number;
    enum slw_signer_kind kind;
    pthread_cond_t answered;
    bool abandoned; /* nobody waits any more: whoever gets the answer frees it */
    uint8_t *packet;
    size_t packet_len;
};

struct front_channel {
    int descriptor;
    pthread_t reader;
    void (*on_closed)(void *context);
    void *context;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t room;
    struct ask *places[PLACES];
    uint64_t next_number;
    uint32_t waiting[SLW_SIGNER_KINDS_END];
    bool closed;
    pthread_mutex_t write_lock; /* of the socket's sending side and this buffer */
    uint8_t outgoing[SLW_SIGNER_PACKET_SIZE_MAX];
    uint8_t incoming[SLW_SIGNER_PACKET_SIZE_MAX]; /* the reader's */
};

static void free_ask(struct ask *ask)
{
    (void)pthread_cond_destroy(&ask->answered);
    free(ask->packet);
    free(ask);
}

/* With the lock held. */
static void remove_ask(struct front_channel *channel, const struct ask *ask)
{
    channel->places[ask->number % PLACES] = NULL;
    channel->waiting[ask->kind]--;
    (void)pthread_cond_broadcast(&channel->room);
}

static struct ask *new_ask(enum slw_signer_kind kind)
{
    struct ask *ask = calloc(1, sizeof *ask);
    pthread_condattr_t attributes;
    if (ask == NULL) {
        return NULL;
    }
    ask->kind = kind;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&ask->answered, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return ask;
}

/* Waits until one more call of this kind may go out. With the lock held. */
static enum slw_status wait_for_room(struct front_channel *channel, enum slw_signer_kind kind,
                                     const struct timespec *deadline)
{
    uint32_t most = slw_signer_rule_find(kind)->waiting_max;
    while (!channel->closed && channel->waiting[kind] >= most) {
        if (pthread_cond_timedwait(&channel->room, &channel->lock, deadline) != 0) {
            return SLW_IO_TIMEOUT;
        }
    }
    return channel->closed ? SLW_IO_CLOSED : SLW_OK;
}

/* Gives the ask a number whose place is free. With the lock held. */
static void enter_ask(struct front_channel *channel, struct ask *ask)
{
    do {
        ask->number = ++channel->next_number;
    } while (channel->places[ask->number % PLACES] != NULL);
    channel->places[ask->number % PLACES] = ask;
    channel->waiting[ask->kind]++;
}

static enum slw_status send_call(struct front_channel *channel, const struct slw_signer_call *call,
                                 struct slw_detail *detail)
{
    (void)pthread_mutex_lock(&channel->write_lock);
    enum slw_status status =
        slw_signer_call_send(channel->descriptor, call, channel->outgoing, detail);
    (void)pthread_mutex_unlock(&channel->write_lock);
    return status;
}

/* With the lock held; frees or abandons the ask. */
static enum slw_status wait_for_answer(struct front_channel *channel, struct ask *ask,
                                       const struct timespec *deadline, uint8_t **ret_packet,
                                       size_t *ret_len)
{
    bool late = false;
    while (ask->packet == NULL && !channel->closed && !late) {
        late = pthread_cond_timedwait(&ask->answered, &channel->lock, deadline) != 0;
    }
    if (ask->packet == NULL && !channel->closed) {
        ask->abandoned = true;
        return SLW_IO_TIMEOUT;
    }
    *ret_packet = ask->packet;
    *ret_len = ask->packet_len;
    ask->packet = NULL;
    bool answered = *ret_packet != NULL;
    if (!answered) {
        remove_ask(channel, ask);
    }
    free_ask(ask);
    return answered ? SLW_OK : SLW_IO_CLOSED;
}

static enum slw_status explain(enum slw_status status, struct slw_detail *detail)
{
    return slw_explain(detail, status,
                       status == SLW_IO_TIMEOUT ? "the key process is busy"
                                                : "the key process is away");
}

static void forget(struct front_channel *channel, struct ask *ask)
{
    (void)pthread_mutex_lock(&channel->lock);
    remove_ask(channel, ask);
    (void)pthread_mutex_unlock(&channel->lock);
    free_ask(ask);
}

enum slw_status front_channel_ask(struct front_channel *channel, struct slw_signer_call *call,
                                  int timeout_ms, struct front_answer *ret_answer,
                                  struct slw_detail *detail)
{
    struct timespec deadline = slw_http_clock_after_ms(timeout_ms);
    uint8_t *packet = NULL;
    size_t len = 0;
    struct ask *ask = new_ask(call->kind);
    if (ask == NULL) {
        return slw_explain_no_memory(detail);
    }
    (void)pthread_mutex_lock(&channel->lock);
    enum slw_status status = wait_for_room(channel, call->kind, &deadline);
    if (status == SLW_OK) {
        enter_ask(channel, ask);
    }
    (void)pthread_mutex_unlock(&channel->lock);
    if (status != SLW_OK) {
        free_ask(ask);
        return explain(status, detail);
    }
    call->number = ask->number;
    status = send_call(channel, call, detail);
    if (status != SLW_OK) {
        forget(channel, ask);
        return status;
    }
    (void)pthread_mutex_lock(&channel->lock);
    status = wait_for_answer(channel, ask, &deadline, &packet, &len);
    (void)pthread_mutex_unlock(&channel->lock);
    if (status != SLW_OK) {
        return explain(status, detail);
    }
    struct front_answer answer = {.packet = packet};
    status = slw_signer_answer_decode(slw_bytes_make(packet, len), &answer.answer, detail);
    if (status != SLW_OK) {
        front_answer_free(&answer);
        return status;
    }
    *ret_answer = answer;
    return SLW_OK;
}

void front_answer_free(struct front_answer *answer)
{
    free(answer->packet);
    *answer = (struct front_answer){0};
}

/* Hands a packet to who asked. With the lock held. */
static enum slw_status deliver(struct front_channel *channel, uint64_t number,
                               enum slw_signer_kind kind, struct slw_bytes packet)
{
    struct ask *ask = channel->places[number % PLACES];
    if (ask == NULL || ask->number != number || ask->kind != kind) {
        return SLW_MALFORMED;
    }
    if (ask->abandoned) {
        remove_ask(channel, ask);
        free_ask(ask);
        return SLW_OK;
    }
    ask->packet = malloc(packet.len);
    if (ask->packet == NULL) {
        return SLW_NO_SPACE;
    }
    memcpy(ask->packet, packet.ptr, packet.len);
    ask->packet_len = packet.len;
    remove_ask(channel, ask);
    (void)pthread_cond_signal(&ask->answered);
    return SLW_OK;
}

static void close_for_all(struct front_channel *channel)
{
    (void)pthread_mutex_lock(&channel->lock);
    channel->closed = true;
    (void)pthread_cond_broadcast(&channel->room);
    for (size_t i = 0; i < PLACES; i++) {
        if (channel->places[i] != NULL) {
            (void)pthread_cond_signal(&channel->places[i]->answered);
        }
    }
    (void)pthread_mutex_unlock(&channel->lock);
}

static void *read_answers(void *context)
{
    struct front_channel *channel = context;
    enum slw_status status = SLW_OK;
    while (status == SLW_OK) {
        struct slw_detail detail;
        struct slw_bytes packet;
        struct slw_signer_answer answer;
        status =
            slw_signer_packet_receive(channel->descriptor, channel->incoming, -1, &packet, &detail);
        if (status == SLW_OK) {
            status = slw_signer_answer_decode(packet, &answer, &detail);
        }
        if (status == SLW_OK) {
            (void)pthread_mutex_lock(&channel->lock);
            status = deliver(channel, answer.number, answer.kind, packet);
            (void)pthread_mutex_unlock(&channel->lock);
        }
    }
    close_for_all(channel);
    channel->on_closed(channel->context);
    return NULL;
}

enum slw_status front_channel_open(int descriptor, void (*on_closed)(void *context), void *context,
                                   struct front_channel **ret_channel, struct slw_detail *detail)
{
    pthread_condattr_t attributes;
    struct front_channel *channel = calloc(1, sizeof *channel);
    if (channel == NULL) {
        return slw_explain_no_memory(detail);
    }
    channel->descriptor = descriptor;
    channel->on_closed = on_closed;
    channel->context = context;
    (void)pthread_mutex_init(&channel->lock, NULL);
    (void)pthread_mutex_init(&channel->write_lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&channel->room, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&channel->reader, NULL, read_answers, channel) != 0) {
        free(channel);
        return slw_explain(detail, SLW_IO, "a thread can't be started");
    }
    *ret_channel = channel;
    return SLW_OK;
}

void front_channel_stop(struct front_channel *channel)
{
    (void)shutdown(channel->descriptor, SHUT_RDWR);
    (void)pthread_join(channel->reader, NULL);
}

void front_channel_free(struct front_channel *channel)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (channel->places[i] != NULL) {
            free_ask(channel->places[i]); /* abandoned */
        }
    }
    (void)close(channel->descriptor);
    free(channel);
}
