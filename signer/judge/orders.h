/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the key process tells the spawner: one order a packet of their SOCK_SEQPACKET socket, with
 * descriptors beside it; and the one thing that the spawner says, as it starts. Numbers are little
 * endian. Used by spawner.c at one end, by main.c at the other.
 *
 *     u32 kind, u64 id, u32 time_ms, u32 cpu_s, u64 memory_bytes, then for a validator its program
 *     and arguments, each with a zero byte behind it, and for a judge its rules, or nothing
 *
 * Descriptors are the bundle and where the verdict goes, and a judge's whose rules aren't in the
 * packet, for they are long, the rules.
 */
#ifndef SLIPWAY_JUDGE_ORDERS_H
#define SLIPWAY_JUDGE_ORDERS_H

#include "spawner.h"

enum slw_order_kind {
    SLW_ORDER_JUDGE = 1,
    SLW_ORDER_VALIDATE = 2,
    SLW_ORDER_CANCEL = 3,
};

#define SLW_ORDER_HEAD_SIZE 28u
#define SLW_ORDER_SIZE_MAX (SLW_ORDER_HEAD_SIZE + SLW_VALIDATOR_COMMAND_MAX)
#define SLW_ORDER_RULES_MAX SLW_VALIDATOR_COMMAND_MAX
#define SLW_ORDER_DESCRIPTORS_MAX 3u

struct slw_order {
    enum slw_order_kind kind;
    uint64_t id;
    struct slw_judge_limits limits;
    /* A validator's program and arguments, NULL behind the last; views into the packet. */
    const char *command[SLW_VALIDATOR_ARGUMENTS_MAX + 2];
    struct slw_bytes rules; /* a judge's, a view into the packet; empty: of the descriptor */
    int descriptors[SLW_ORDER_DESCRIPTORS_MAX]; /* SLW_ORDER_BUNDLE, …; -1: none */
};
enum { SLW_ORDER_BUNDLE, SLW_ORDER_VERDICT, SLW_ORDER_RULES };

/*
 * Bytes of a packet: a validator's, or a judge's (NULL) with order->rules. SLW_BAD_ARGUMENT for a
 * validator that can't be one, and for more than SLW_ORDER_RULES_MAX bytes of rules.
 */
SLW_MUST_USE enum slw_status slw_order_encode(const struct slw_order *order,
                                              const struct slw_validator *validator,
                                              uint8_t ret_packet[static SLW_ORDER_SIZE_MAX],
                                              size_t *ret_len, struct slw_detail *detail);

/* Strict: SLW_MALFORMED for what isn't an order. Descriptors aren't in the packet. */
SLW_MUST_USE enum slw_status slw_order_decode(struct slw_bytes packet, struct slw_order *ret_order);

/* How many descriptors an order has. */
size_t slw_order_descriptors(const struct slw_order *order);

/*
 * A packet with its descriptors, which stay the caller's. SLW_TOO_MANY when the socket is full,
 * SLW_IO_CLOSED when nobody is there any more. Doesn't block.
 */
SLW_MUST_USE enum slw_status slw_order_send(int socket, struct slw_bytes packet,
                                            const int *descriptors, size_t count,
                                            struct slw_detail *detail);

/*
 * The next order, whose views point into packet; descriptors that come with it are closed on exec.
 * SLW_IO_CLOSED at the end, SLW_MALFORMED for a packet that isn't an order; then it has no
 * descriptors.
 */
SLW_MUST_USE enum slw_status slw_order_receive(int socket,
                                               uint8_t packet[static SLW_ORDER_SIZE_MAX],
                                               struct slw_order *ret_order);

#endif
