/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one socket to the process behind the front, shared by all threads that serve requests: calls
 * go out one after the other, a thread of its own reads answers and hands each to who waits for it.
 * No more calls of a kind are under way than the protocol's table allows; the next ones wait here,
 * so a slow key process slows its clients down instead of filling memory.
 */
#ifndef SLIPWAY_FRONT_CHANNEL_H
#define SLIPWAY_FRONT_CHANNEL_H

#include "slipway/signer_protocol.h"

#define FRONT_ASK_TIMEOUT_MS 30000

struct front_channel;

/* An answer and the packet that its views point into. Free with front_answer_free(). */
struct front_answer {
    struct slw_signer_answer answer;
    uint8_t *packet;
};

/*
 * Takes the descriptor over and starts the thread that reads. on_closed is called once from there
 * when the other end is gone or says what isn't in the protocol.
 */
enum slw_status front_channel_open(int descriptor, void (*on_closed)(void *context), void *context,
                                   struct front_channel **ret_channel, struct slw_detail *detail);

/* From here on everybody who asks or waits gets SLW_IO_CLOSED. */
void front_channel_stop(struct front_channel *channel);

/* After it was stopped, and nobody asks any more. */
void front_channel_free(struct front_channel *channel);

/*
 * Asks and waits for the answer; call->number is filled in here. SLW_IO_TIMEOUT when there was no
 * place or no answer in time, SLW_IO_CLOSED when the other end is gone.
 */
enum slw_status front_channel_ask(struct front_channel *channel, struct slw_signer_call *call,
                                  int timeout_ms, struct front_answer *ret_answer,
                                  struct slw_detail *detail);
void front_answer_free(struct front_answer *answer);

#endif
