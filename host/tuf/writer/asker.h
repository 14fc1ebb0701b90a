/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking for the signatures of many bins: signing one takes as long as all else that is done with
 * it, so that it is done in a thread beside. What comes first is answered first, and who puts bins
 * into storage does so in the same order on each run. Private to this folder; bins.c uses it.
 */
#ifndef SLIPWAY_TUF_ASKER_H
#define SLIPWAY_TUF_ASKER_H

#include "draft.h"
#include "writer.h"

#define SLW_TUF_ASKER_QUESTIONS_MAX 16u

/* A bin's next version and what the provider is asked for it by; and the answer. */
struct slw_tuf_question {
    struct slw_heap_buffer name;
    struct slw_tuf_draft_change change; /* its role is name */
    struct slw_heap_buffer base;        /* the published file; empty for a new bin */
    struct slw_tuf_edition *edition;
    enum slw_status status;
    enum slw_tuf_answer answer;
    struct slw_detail told;
    struct slw_detail detail;
};
void slw_tuf_question_free(struct slw_tuf_question *question);

struct slw_tuf_asker;

/* Without parallel, or when there can be no thread, questions are asked when they are put. */
enum slw_status slw_tuf_asker_new(const struct slw_tuf_key_provider *provider,
                                  const struct slw_tuf_delegators *signers, bool parallel,
                                  struct slw_tuf_asker **ret_asker, struct slw_detail *detail);

/* Takes the question over. Not when it is full. */
void slw_tuf_asker_put(struct slw_tuf_asker *asker, struct slw_tuf_question *question);
size_t slw_tuf_asker_count(const struct slw_tuf_asker *asker);
bool slw_tuf_asker_is_full(const struct slw_tuf_asker *asker);

/* Waits for the answer to the oldest question, which becomes the caller's. Not when there is none.
 */
void slw_tuf_asker_take(struct slw_tuf_asker *asker, struct slw_tuf_question *ret_question);

/* Waits for the question that is being asked, and forgets the others. */
void slw_tuf_asker_free(struct slw_tuf_asker *asker);

#endif
