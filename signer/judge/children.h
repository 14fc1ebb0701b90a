/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawner's children: a table of them, when each has to have ended, what validators printed,
 * and what becomes of one that ends. Called by main.c.
 */
#ifndef SLIPWAY_JUDGE_CHILDREN_H
#define SLIPWAY_JUDGE_CHILDREN_H

#include "orders.h"

#include <poll.h>
#include <signal.h>

/* Twice what the key process starts: ended ones may still have to be reaped. */
#define SLW_CHILDREN_MAX ((size_t)2 * SLW_JUDGES_MAX)

/* Of what a validator printed, so much is shown. */
#define SLW_CHILD_SHOWN_MAX 480u

struct slw_child {
    pid_t pid; /* 0: no child */
    uint64_t id;
    int64_t deadline_ms;
    uint32_t time_ms;
    bool validator;
    bool overdue;
    int verdict; /* a validator's, where it goes; -1 */
    int output;  /* what a validator prints; -1 */
    size_t output_len;
    uint8_t *shown; /* of SLW_CHILD_SHOWN_MAX bytes; a validator's */
};

struct slw_children {
    struct slw_child items[SLW_CHILDREN_MAX];
    size_t validators; /* how many of them */
    /* Apart, for the table is gone through with each order, and few of these pages are ever
     * touched. */
    uint8_t shown[SLW_CHILDREN_MAX][SLW_CHILD_SHOWN_MAX];
    struct slw_sandbox_filter judge_filter;
    struct slw_sandbox_filter validator_filter;
    sigset_t calm; /* the signal mask that programs start with */
    const char *directory;
};

/*
 * Does an order, and takes its descriptors. What can't be started is told as a verdict, or by a
 * verdict that never comes.
 */
void slw_children_obey(struct slw_children *children, struct slw_order *order);

/* Ends all that are overdue; milliseconds until the next one is, -1 when there is none. */
int slw_children_end_overdue(struct slw_children *children);

/* Adds the descriptors that validators print to; how many. polled has room for SLW_CHILDREN_MAX. */
size_t slw_children_poll(const struct slw_children *children, struct pollfd *polled);

/* Reads what was printed to a descriptor that slw_children_poll() gave. */
void slw_children_read(struct slw_children *children, int output);

/* Deals with every child that has ended; whether others, or what they left behind, live still. */
bool slw_children_reap(struct slw_children *children);

/* Ends all of them, and waits until they are gone. */
void slw_children_end_all(struct slw_children *children);

#endif
