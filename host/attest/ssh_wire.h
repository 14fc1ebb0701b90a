/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data types of SSH (RFC 4251, section 5) in memory, with a sticky error: read everything,
 * check once. Private to host/attest.
 */
#ifndef SLIPWAY_ATTEST_SSH_WIRE_H
#define SLIPWAY_ATTEST_SSH_WIRE_H

#include "slipway/heap.h"

struct slw_ssh_wire {
    struct slw_bytes rest;
    bool failed; /* something was longer than what is left */
};

static inline struct slw_ssh_wire slw_ssh_wire_begin(struct slw_bytes bytes)
{
    return (struct slw_ssh_wire){bytes, false};
}

/* Exactly len bytes; an empty view once it failed. */
struct slw_bytes slw_ssh_wire_take(struct slw_ssh_wire *wire, size_t len);
uint8_t slw_ssh_wire_u8(struct slw_ssh_wire *wire);
uint32_t slw_ssh_wire_u32(struct slw_ssh_wire *wire);

/* "Arbitrary length binary string": a length and as many bytes. */
struct slw_bytes slw_ssh_wire_string(struct slw_ssh_wire *wire);

/* A positive mpint of at most 32 bytes, big endian with zeros in front; false for any other. */
SLW_MUST_USE bool slw_ssh_wire_scalar(struct slw_ssh_wire *wire, uint8_t ret_scalar[static 32]);

/* Whether everything was there, and nothing is left. */
static inline bool slw_ssh_wire_complete(const struct slw_ssh_wire *wire)
{
    return !wire->failed && wire->rest.len == 0;
}

/* Appending. A string is at most 4 GiB, which our callers' limits see to. */
void slw_ssh_wire_put_u32(struct slw_heap_buffer *buffer, uint32_t value);
void slw_ssh_wire_put_string(struct slw_heap_buffer *buffer, struct slw_bytes string);

#endif
