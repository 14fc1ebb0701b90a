/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving side of pw_transfer, version 2: the service pw.transfer.Transfer with Write and
 * GetResourceStatus (Read is answered UNIMPLEMENTED). Chunks come through an RPC server; the data
 * goes to a handler, which is the update session. spec/SPEC.md, section 4, has the rules.
 *
 *     struct slw_transfer_server transfer;
 *     slw_transfer_server_init(&transfer, &config, &handler);
 *     const struct slw_rpc_service *services[] = {&transfer.service, ...};
 *     ...
 *     slw_rpc_server_poll(&rpc);
 *     slw_transfer_server_poll(&transfer, now_ms);    every 100 ms or so, and after each chunk
 *
 * One session at a time. Its data arrives in order, each byte once, wherever the link loses,
 * repeats or swaps frames. A client that goes away leaves what it sent with the handler, and a
 * later one goes on from there (initial_offset). Legacy transfers are refused.
 *
 * No heap; the server is about 160 bytes.
 */
#ifndef SLIPWAY_TRANSFER_SERVER_H
#define SLIPWAY_TRANSFER_SERVER_H

#include "slipway/rpc_server.h"
#include "slipway/transfer_chunk.h"

/* What the handler knows of a resource, for GetResourceStatus. */
struct slw_transfer_resource {
    uint64_t offset;    /* bytes that are there: where a Write can go on */
    bool has_checksum;  /* without one, clients start over */
    uint32_t checksum;  /* CRC-32 of those bytes */
    bool still_looking; /* not known yet: the client is told UNAVAILABLE and asks again */
};

/*
 * Where the data goes. Functions answer at once (within some 10 ms); statuses reach the client as
 * slw_rpc_status_of() has them. None of them calls the server, but for slw_transfer_server_abort().
 */
struct slw_transfer_handler {
    void *context;

    /*
     * A client wants to write resource_id from offset on. Sets *ret_offset to offset when that can
     * be, else to 0: then the data begins anew. Another status refuses (SLW_NOT_FOUND: no such
     * resource); close is then not called.
     */
    enum slw_status (*open)(void *context, uint32_t resource_id, uint64_t offset,
                            uint64_t *ret_offset);

    /*
     * Takes data, 1 byte at least, that stands at offset; successive calls have successive offsets.
     * Sets *ret_taken to how many bytes it took from the front: fewer than data.len means that it
     * is busy (an erase is going on), and the rest comes again once ready() says so. Another status
     * ends the session; close is then called with it.
     */
    enum slw_status (*write)(void *context, uint64_t offset, struct slw_bytes data,
                             size_t *ret_taken);

    /* Called after a write that took less than it was given, until true: the next write then takes
     * something. */
    bool (*ready)(void *context);

    /*
     * The session is over. SLW_OK: everything has arrived, and the status returned is what the
     * client is told. Otherwise the cause (SLW_IO_CLOSED: the client left, cancelled or was
     * replaced; SLW_IO_TIMEOUT: silence; or what write returned), and what is returned is ignored.
     */
    enum slw_status (*close)(void *context, enum slw_status end);

    /* What is there of a resource; SLW_NOT_FOUND when there is no such one. */
    enum slw_status (*query)(void *context, uint32_t resource_id,
                             struct slw_transfer_resource *ret_resource);
};

struct slw_transfer_config {
    uint32_t chunk_size_max_bytes; /* data in one chunk; see SLW_TRANSFER_RECEIVE_BUFFER_SIZE */
    uint32_t window_size_max_bytes;
    uint32_t min_delay_microseconds; /* asked of the client between chunks */
    uint32_t retry_ms;               /* silence after which the client is asked again */
    uint32_t idle_ms;                /* silence after which the session ends DEADLINE_EXCEEDED */
};

#define SLW_TRANSFER_RETRY_MS 2000u
#define SLW_TRANSFER_IDLE_MS 10000u

/* How large the RPC server's receive buffer must be for chunks of this size. */
#define SLW_TRANSFER_RECEIVE_BUFFER_SIZE(chunk_size)                                               \
    SLW_HDLC_BUFFER_SIZE((chunk_size) + SLW_TRANSFER_CHUNK_OVERHEAD + SLW_RPC_PACKET_OVERHEAD)

enum slw_transfer_state {
    SLW_TRANSFER_IDLE,
    SLW_TRANSFER_INITIATING,  /* START_ACK sent */
    SLW_TRANSFER_RECEIVING,   /* data comes in order */
    SLW_TRANSFER_RECOVERY,    /* something was lost; waits for the offset that it asked for */
    SLW_TRANSFER_BUSY,        /* the handler wants no data now: what comes is dropped */
    SLW_TRANSFER_TERMINATING, /* COMPLETION sent */
    SLW_TRANSFER_COMPLETED,   /* and acknowledged, or given up; stray chunks are answered */
};
#define SLW_TRANSFER_STATES_COUNT 7u

/* How much the client may send before we speak again; transfer_window.c keeps it. */
struct slw_transfer_window {
    uint64_t end; /* absolute: no byte at or after it may come yet */
    uint32_t size;
    uint32_t chunk_size;
    uint32_t size_max;
    bool lossless; /* nothing was lost yet: doubling */
};

struct slw_transfer_server {
    struct slw_rpc_service service; /* to be put into the RPC server's table */
    enum slw_transfer_state state;  /* for diagnosis; the rest is private */
    struct slw_transfer_config config;
    const struct slw_transfer_handler *handler;
    struct slw_rpc_stream *stream;
    uint32_t session_id;
    uint32_t resource_id;
    uint64_t start_offset;
    uint64_t offset; /* of the next byte */
    uint64_t wrong_offset;
    struct slw_transfer_window window;
    enum slw_rpc_status final_status;
    uint32_t lifetime_retries;
    bool heard;        /* a chunk came since the last poll */
    bool spoke;        /* we asked or answered since then */
    uint64_t heard_ms; /* polls at which that was last so */
    uint64_t spoke_ms;
};

/* config is copied; handler must outlive the server. */
void slw_transfer_server_init(struct slw_transfer_server *server,
                              const struct slw_transfer_config *config,
                              const struct slw_transfer_handler *handler);

/* Time of any clock that doesn't go back. Asks again, gives up, goes on when the handler is ready.
 */
void slw_transfer_server_poll(struct slw_transfer_server *server, uint64_t now_ms);

/*
 * Ends the session, if there is one, and tells the client the status. For the handler's owner (an
 * Abort call); close isn't called.
 */
void slw_transfer_server_abort(struct slw_transfer_server *server, enum slw_rpc_status status);

#endif
