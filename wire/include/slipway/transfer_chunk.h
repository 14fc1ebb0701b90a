/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of pw_transfer, both versions of its protocol (package pw.transfer), and the messages of
 * its GetResourceStatus. A chunk is the payload of a CLIENT_STREAM or SERVER_STREAM packet.
 * The transfer server (device) and client (host) read and write them; spec/SPEC.md, section 4.
 *
 *     struct slw_transfer_chunk chunk = {
 *         .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
 *         .type = SLW_CHUNK_COMPLETION_ACK,
 *         .session_id = 1,
 *     };
 *     slw_transfer_chunk_encode(&writer, &chunk);
 *
 * Offsets are 64 bits wide everywhere, also where Pigweed's schema has 32 (window_end_offset).
 */
#ifndef SLIPWAY_TRANSFER_CHUNK_H
#define SLIPWAY_TRANSFER_CHUNK_H

#include "slipway/writer.h"

enum {
    SLW_CHUNK_DATA = 0,
    SLW_CHUNK_START = 1,
    SLW_CHUNK_PARAMETERS_RETRANSMIT = 2,
    SLW_CHUNK_PARAMETERS_CONTINUE = 3,
    SLW_CHUNK_COMPLETION = 4,
    SLW_CHUNK_COMPLETION_ACK = 5,
    SLW_CHUNK_START_ACK = 6,
    SLW_CHUNK_START_ACK_CONFIRMATION = 7,
};

enum {
    SLW_TRANSFER_LEGACY = 1, /* no sessions, no handshake: codecs only */
    SLW_TRANSFER_VERSION_TWO = 2,
};

/* Bits of slw_transfer_chunk.present, for the fields whose presence says something. */
enum {
    SLW_CHUNK_PENDING_BYTES = 1 << 0,
    SLW_CHUNK_MAX_CHUNK_SIZE_BYTES = 1 << 1,
    SLW_CHUNK_MIN_DELAY_MICROSECONDS = 1 << 2,
    SLW_CHUNK_REMAINING_BYTES = 1 << 3,
    SLW_CHUNK_STATUS = 1 << 4,
    SLW_CHUNK_TYPE = 1 << 5,
    SLW_CHUNK_RESOURCE_ID = 1 << 6,
    SLW_CHUNK_SESSION_ID = 1 << 7,
    SLW_CHUNK_PROTOCOL_VERSION = 1 << 8,
    SLW_CHUNK_DESIRED_SESSION_ID = 1 << 9,
};

struct slw_transfer_chunk {
    uint32_t present; /* of the optional fields; those absent are 0 */
    uint32_t transfer_id;
    uint32_t pending_bytes;
    uint32_t max_chunk_size_bytes;
    uint32_t min_delay_microseconds;
    uint64_t offset;
    struct slw_bytes data; /* after decoding, points into the chunk's bytes */
    uint64_t remaining_bytes;
    uint32_t status; /* enum slw_rpc_status, or a number that isn't one */
    uint64_t window_end_offset;
    uint32_t type; /* one of the above, or a number that isn't one */
    uint32_t resource_id;
    uint32_t session_id;
    uint32_t protocol_version;
    uint32_t desired_session_id;
    uint64_t initial_offset;
};

/* The most bytes that a chunk has besides its data. */
#define SLW_TRANSFER_CHUNK_OVERHEAD 112u

static inline bool slw_transfer_chunk_has(const struct slw_transfer_chunk *chunk, uint32_t bit)
{
    return (chunk->present & bit) != 0;
}

/* SLW_MALFORMED also for a chunk with both session_id and desired_session_id. */
SLW_MUST_USE enum slw_status slw_transfer_chunk_decode(struct slw_bytes encoded,
                                                       struct slw_transfer_chunk *ret_chunk);

/* In ascending order of fields: the same bytes as Pigweed's Python client for the same fields. */
void slw_transfer_chunk_encode(struct slw_writer *writer, const struct slw_transfer_chunk *chunk);

/* What the chunk says, else 2 when it names a session, else legacy. May be a number above 2. */
uint32_t slw_transfer_chunk_version(const struct slw_transfer_chunk *chunk);

/* Very old senders leave out the type: then it follows from what else is there. */
uint32_t slw_transfer_chunk_type(const struct slw_transfer_chunk *chunk);

/* The session a chunk belongs to: session_id, in legacy chunks transfer_id. */
uint32_t slw_transfer_chunk_session(const struct slw_transfer_chunk *chunk);

/* "START_ACK"; "unknown type" for a number that isn't one. */
const char *slw_transfer_chunk_type_name(uint32_t type);

/* GetResourceStatus: what a server has of a resource. */
struct slw_resource_status_request {
    uint32_t resource_id;
};

struct slw_resource_status {
    uint32_t resource_id;
    uint32_t status;
    uint64_t writeable_offset; /* where a Write can go on */
    uint64_t readable_offset;
    bool has_write_checksum;
    uint64_t write_checksum; /* CRC-32 of the writeable_offset bytes that are there */
    bool has_read_checksum;
    uint64_t read_checksum;
};

SLW_MUST_USE enum slw_status
slw_resource_status_request_decode(struct slw_bytes encoded,
                                   struct slw_resource_status_request *ret_request);
void slw_resource_status_request_encode(struct slw_writer *writer,
                                        const struct slw_resource_status_request *request);
SLW_MUST_USE enum slw_status slw_resource_status_decode(struct slw_bytes encoded,
                                                        struct slw_resource_status *ret_status);
void slw_resource_status_encode(struct slw_writer *writer,
                                const struct slw_resource_status *status);

#endif
