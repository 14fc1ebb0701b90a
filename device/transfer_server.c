/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver of transfer_server.h: a table of what each kind of chunk does in each state, and
 * timers. In quotes: what pw_transfer's receiver does; spec/SPEC.md, 4.7, has all of it. What it
 * sends is in transfer_replies.c.
 */
#include "slipway/transfer_server.h"

#include "slipway/checked.h"
#include "transfer_replies.h"
#include "transfer_window.h"

/* "a lifetime retry" of a client that doesn't keep to its window ends here */
#define LIFETIME_RETRIES_MAX 1500u

/* "final ACK wait 5 s"; a client that has heard it logs each further one as an error */
#define FINAL_ACK_MS 5000u
#define COMPLETION_AGAIN_MS 2000u

/* In the last tenth of its patience the server doesn't wait for a confirmation any more. */
#define LAST_RESORT_DIVISOR 10u

static bool is_open(const struct slw_transfer_server *server)
{
    switch (server->state) {
    case SLW_TRANSFER_INITIATING:
    case SLW_TRANSFER_RECEIVING:
    case SLW_TRANSFER_RECOVERY:
    case SLW_TRANSFER_BUSY:
        return true;
    case SLW_TRANSFER_IDLE:
    case SLW_TRANSFER_TERMINATING:
    case SLW_TRANSFER_COMPLETED:
        return false;
    }
    return false;
}

static void terminate(struct slw_transfer_server *server, enum slw_rpc_status status)
{
    server->state = SLW_TRANSFER_TERMINATING;
    server->final_status = status;
    server->heard = true;
    slw_transfer_send_completion(server);
}

/* Ends an open session towards the handler, and tells the client. */
static void fail(struct slw_transfer_server *server, enum slw_status end,
                 enum slw_rpc_status status)
{
    (void)server->handler->close(server->handler->context, end);
    terminate(server, status);
}

/* The client isn't there to be told. */
static void drop_session(struct slw_transfer_server *server)
{
    if (is_open(server)) {
        (void)server->handler->close(server->handler->context, SLW_IO_CLOSED);
    }
    server->state = SLW_TRANSFER_IDLE;
}

void slw_transfer_server_abort(struct slw_transfer_server *server, enum slw_rpc_status status)
{
    if (is_open(server)) {
        terminate(server, status);
    }
}

static void ask_again(struct slw_transfer_server *server)
{
    slw_transfer_window_restart(&server->window, server->offset);
    slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_RETRANSMIT);
}

/* "Gap: enter RECOVERY, send one RETRANSMIT with offset=expected" */
static void enter_recovery(struct slw_transfer_server *server, uint64_t wrong_offset)
{
    server->state = SLW_TRANSFER_RECOVERY;
    server->wrong_offset = wrong_offset;
    ask_again(server);
}

static void finish(struct slw_transfer_server *server)
{
    enum slw_status status = server->handler->close(server->handler->context, SLW_OK);
    terminate(server, slw_rpc_status_of(status));
}

/* "must be >= offset and <= advertised, else INTERNAL": a sender may cut its window short. */
static bool accept_window_end(struct slw_transfer_server *server, uint64_t end)
{
    if (end == 0) {
        return true;
    }
    if (end < server->offset || end > server->window.end) {
        fail(server, SLW_MALFORMED, SLW_RPC_INTERNAL);
        return false;
    }
    server->window.end = end;
    return true;
}

/* Hands the data over. False when the session went into another state. */
static bool write_data(struct slw_transfer_server *server, struct slw_bytes data)
{
    size_t taken = 0;
    if (data.len == 0) {
        return true;
    }
    enum slw_status status =
        server->handler->write(server->handler->context, server->offset, data, &taken);
    if (status != SLW_OK) {
        fail(server, status, slw_rpc_status_of(status));
        return false;
    }
    server->offset += slw_min_size(taken, data.len);
    if (taken < data.len) {
        server->state = SLW_TRANSFER_BUSY;
        return false;
    }
    return true;
}

/* A chunk that begins where it should. */
static void take_data(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    server->state = SLW_TRANSFER_RECEIVING;
    /* "Data beyond window: RETRANSMIT, counts as a lifetime retry" */
    if (chunk->data.len > server->window.end - server->offset) {
        if (++server->lifetime_retries > LIFETIME_RETRIES_MAX) {
            fail(server, SLW_MALFORMED, SLW_RPC_INTERNAL);
            return;
        }
        enter_recovery(server, chunk->offset);
        return;
    }
    if (!write_data(server, chunk->data)) {
        return;
    }
    /* "remaining_bytes=0 ends it" */
    if (slw_transfer_chunk_has(chunk, SLW_CHUNK_REMAINING_BYTES) && chunk->remaining_bytes == 0) {
        finish(server);
        return;
    }
    if (!accept_window_end(server, chunk->window_end_offset)) {
        return;
    }
    bool extends = slw_transfer_window_wants_extension(&server->window, server->offset);
    if (extends) {
        slw_transfer_window_extend(&server->window, server->offset);
    }
    /* A client that sends nothing believes its window to be used up: links swap parameters, too. */
    if (extends || chunk->data.len == 0) {
        slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_CONTINUE);
    }
}

/* In-order only: whatever doesn't begin at the next byte is dropped. */
static void receive_data(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    uint64_t end = UINT64_MAX;
    if (chunk->offset == server->offset) {
        take_data(server, chunk);
    } else if (slw_add_u64(chunk->offset, chunk->data.len, &end) && end <= server->offset) {
        /* "Whole chunk already seen: send CONTINUE (not a retransmit), halve the window" */
        slw_transfer_window_shrink(&server->window, server->offset);
        slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_CONTINUE);
    } else {
        enter_recovery(server, chunk->offset);
    }
}

/* "ignore later wrong offsets unless the same wrong offset repeats (then resend)" */
static void recover(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    if (chunk->offset == server->offset) {
        take_data(server, chunk);
        return;
    }
    if (chunk->offset == server->wrong_offset) {
        ask_again(server);
    }
    server->wrong_offset = chunk->offset;
}

static void begin_data(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    (void)chunk;
    server->state = SLW_TRANSFER_RECEIVING;
    slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_RETRANSMIT);
}

/* The client confirms again because the first parameters didn't reach it; a late copy is nothing.
 */
static void repeat_first_parameters(struct slw_transfer_server *server,
                                    const struct slw_transfer_chunk *chunk)
{
    (void)chunk;
    if (server->offset == server->start_offset) {
        slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_RETRANSMIT);
    }
}

static void cancel(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    (void)server->handler->close(server->handler->context, SLW_IO_CLOSED);
    server->state = SLW_TRANSFER_COMPLETED;
    server->final_status =
        chunk->status == SLW_RPC_OK ? SLW_RPC_CANCELLED : (enum slw_rpc_status)chunk->status;
    slw_transfer_send_completion_ack(server, server->session_id);
}

static void acknowledge(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    (void)chunk;
    slw_transfer_send_completion_ack(server, server->session_id);
}

static void acknowledged(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    (void)chunk;
    server->state = SLW_TRANSFER_COMPLETED;
}

/* "resend COMPLETION on any other chunk", also long after the end */
static void repeat_completion(struct slw_transfer_server *server,
                              const struct slw_transfer_chunk *chunk)
{
    (void)chunk;
    slw_transfer_send_completion(server);
}

#define CHUNK_TYPES_COUNT 8u

/* What a chunk of the current session does; NULL: nothing. START is apart: handle_start(). */
typedef void action(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk);
static action *const actions[SLW_TRANSFER_STATES_COUNT][CHUNK_TYPES_COUNT] = {
    [SLW_TRANSFER_INITIATING] =
        {
            [SLW_CHUNK_START_ACK_CONFIRMATION] = begin_data,
            [SLW_CHUNK_COMPLETION] = cancel,
        },
    [SLW_TRANSFER_RECEIVING] =
        {
            [SLW_CHUNK_DATA] = receive_data,
            [SLW_CHUNK_START_ACK_CONFIRMATION] = repeat_first_parameters,
            [SLW_CHUNK_COMPLETION] = cancel,
        },
    [SLW_TRANSFER_RECOVERY] =
        {
            [SLW_CHUNK_DATA] = recover,
            [SLW_CHUNK_START_ACK_CONFIRMATION] = repeat_first_parameters,
            [SLW_CHUNK_COMPLETION] = cancel,
        },
    [SLW_TRANSFER_BUSY] =
        {
            [SLW_CHUNK_COMPLETION] = cancel,
        },
    [SLW_TRANSFER_TERMINATING] =
        {
            [SLW_CHUNK_DATA] = repeat_completion,
            [SLW_CHUNK_PARAMETERS_RETRANSMIT] = repeat_completion,
            [SLW_CHUNK_PARAMETERS_CONTINUE] = repeat_completion,
            [SLW_CHUNK_START_ACK] = repeat_completion,
            [SLW_CHUNK_START_ACK_CONFIRMATION] = repeat_completion,
            [SLW_CHUNK_COMPLETION] = acknowledge,
            [SLW_CHUNK_COMPLETION_ACK] = acknowledged,
        },
    [SLW_TRANSFER_COMPLETED] =
        {
            [SLW_CHUNK_DATA] = repeat_completion,
            [SLW_CHUNK_PARAMETERS_RETRANSMIT] = repeat_completion,
            [SLW_CHUNK_PARAMETERS_CONTINUE] = repeat_completion,
            [SLW_CHUNK_START_ACK] = repeat_completion,
            [SLW_CHUNK_START_ACK_CONFIRMATION] = repeat_completion,
            [SLW_CHUNK_COMPLETION] = acknowledge,
        },
};

/* A chunk of a session that isn't the current one: from before a reboot, or from nowhere. */
static void handle_stranger(struct slw_transfer_server *server, uint32_t session_id, uint32_t type)
{
    if (type == SLW_CHUNK_COMPLETION) {
        slw_transfer_send_completion_ack(server, session_id);
    } else if (type != SLW_CHUNK_COMPLETION_ACK) {
        slw_transfer_refuse_session(server, session_id, SLW_RPC_FAILED_PRECONDITION);
    }
}

/* What is asked for must also fit the RPC server's receive buffer. */
static uint32_t chunk_size(const struct slw_transfer_server *server)
{
    const size_t overhead = SLW_TRANSFER_RECEIVE_BUFFER_SIZE(0);
    size_t buffer_size = server->stream->server->config.receive_buffer_size;
    size_t room = buffer_size > overhead ? buffer_size - overhead : 1;
    return (uint32_t)slw_min_size(room, server->config.chunk_size_max_bytes);
}

static void open_session(struct slw_transfer_server *server, uint32_t session_id,
                         uint32_t resource_id, uint64_t initial_offset)
{
    uint64_t offset = 0;
    enum slw_status status =
        server->handler->open(server->handler->context, resource_id, initial_offset, &offset);
    if (status != SLW_OK) {
        server->state = SLW_TRANSFER_IDLE;
        slw_transfer_refuse_start(server, session_id, resource_id, slw_rpc_status_of(status));
        return;
    }
    server->state = SLW_TRANSFER_INITIATING;
    server->session_id = session_id;
    server->resource_id = resource_id;
    server->start_offset = offset;
    server->offset = offset;
    server->lifetime_retries = 0;
    slw_transfer_window_init(&server->window, offset, chunk_size(server),
                             server->config.window_size_max_bytes);
    slw_transfer_send_start_ack(server);
}

static void handle_start(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    bool names_resource = slw_transfer_chunk_has(chunk, SLW_CHUNK_RESOURCE_ID);
    uint32_t resource_id = names_resource ? chunk->resource_id : chunk->transfer_id;
    if (slw_transfer_chunk_version(chunk) < SLW_TRANSFER_VERSION_TWO) {
        slw_transfer_refuse_legacy(server, resource_id);
        return;
    }
    bool wishes = slw_transfer_chunk_has(chunk, SLW_CHUNK_DESIRED_SESSION_ID);
    uint32_t session_id = wishes ? chunk->desired_session_id : resource_id;
    bool same = session_id == server->session_id && resource_id == server->resource_id;
    if (same && server->state == SLW_TRANSFER_INITIATING) {
        slw_transfer_send_start_ack(server);
    } else if (same && is_open(server)) {
        /* A late copy: the client has confirmed long ago. */
        return;
    } else if (same && server->state == SLW_TRANSFER_TERMINATING) {
        slw_transfer_send_completion(server);
    } else if (is_open(server) && resource_id != server->resource_id) {
        /* "no free context RESOURCE_EXHAUSTED(8)" */
        slw_transfer_refuse_start(server, session_id, resource_id, SLW_RPC_RESOURCE_EXHAUSTED);
    } else {
        drop_session(server);
        open_session(server, session_id, resource_id, chunk->initial_offset);
    }
}

static void handle_message(void *context, struct slw_bytes message)
{
    struct slw_transfer_server *server = context;
    struct slw_transfer_chunk chunk;
    if (slw_transfer_chunk_decode(message, &chunk) != SLW_OK) {
        return;
    }
    uint32_t type = slw_transfer_chunk_type(&chunk);
    if (type >= CHUNK_TYPES_COUNT) {
        return;
    }
    if (type == SLW_CHUNK_START) {
        server->heard = true;
        handle_start(server, &chunk);
        return;
    }
    /* Legacy clients were refused at START; what they still send isn't of a session. */
    if (slw_transfer_chunk_version(&chunk) < SLW_TRANSFER_VERSION_TWO) {
        return;
    }
    uint32_t session_id = slw_transfer_chunk_session(&chunk);
    if (server->state == SLW_TRANSFER_IDLE || session_id != server->session_id) {
        handle_stranger(server, session_id, type);
        return;
    }
    server->heard = true;
    action *act = actions[server->state][type];
    if (act != NULL) {
        act(server, &chunk);
    }
}

/* "A new REQUEST on Write resets the stream and aborts running receive sessions": the RPC server
 * closes the old stream before it opens the new one. */
static void handle_opened(void *context, struct slw_rpc_stream *stream)
{
    struct slw_transfer_server *server = context;
    server->stream = stream;
}

static void handle_closed(void *context)
{
    struct slw_transfer_server *server = context;
    server->stream = NULL;
    drop_session(server);
}

static enum slw_rpc_status get_resource_status(void *context, struct slw_bytes request,
                                               struct slw_writer *response)
{
    struct slw_transfer_server *server = context;
    struct slw_resource_status_request wanted;
    struct slw_transfer_resource resource = {0};
    enum slw_status status = slw_resource_status_request_decode(request, &wanted);
    if (status != SLW_OK) {
        return slw_rpc_status_of(status);
    }
    status = server->handler->query(server->handler->context, wanted.resource_id, &resource);
    enum slw_rpc_status code = resource.still_looking ? SLW_RPC_UNAVAILABLE : SLW_RPC_OK;
    if (status != SLW_OK) {
        code = slw_rpc_status_of(status);
    }
    struct slw_resource_status answer = {.resource_id = wanted.resource_id, .status = code};
    if (code == SLW_RPC_OK) {
        answer.writeable_offset = resource.offset;
        answer.has_write_checksum = resource.has_checksum;
        answer.write_checksum = resource.checksum;
    }
    slw_resource_status_encode(response, &answer);
    return code;
}

static const struct slw_rpc_stream_events write_events = {
    .opened = handle_opened,
    .received = handle_message,
    .closed = handle_closed,
};

static const struct slw_rpc_method methods[] = {
    {.id = SLW_RPC_METHOD_WRITE, .events = &write_events},
    {.id = SLW_RPC_METHOD_READ},
    {.id = SLW_RPC_METHOD_GET_RESOURCE_STATUS, .call = get_resource_status},
};

void slw_transfer_server_init(struct slw_transfer_server *server,
                              const struct slw_transfer_config *config,
                              const struct slw_transfer_handler *handler)
{
    *server = (struct slw_transfer_server){
        .service =
            {
                .id = SLW_RPC_SERVICE_TRANSFER,
                .context = server,
                .methods = methods,
                .methods_count = sizeof methods / sizeof methods[0],
            },
        .state = SLW_TRANSFER_IDLE,
        .config = *config,
        .handler = handler,
    };
}

/*
 * A client that still waits for START_ACK has sent START again by now, so this one has it and its
 * confirmation was lost. A second START_ACK would be no help: Pigweed's Python client ignores it,
 * and stops its clock at it.
 */
static void begin_without_confirmation(struct slw_transfer_server *server)
{
    server->state = SLW_TRANSFER_RECEIVING;
    slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_RETRANSMIT);
}

static void poll_open_session(struct slw_transfer_server *server, uint64_t now_ms)
{
    bool receiving = server->state == SLW_TRANSFER_RECEIVING;
    uint64_t idle_ms = server->config.idle_ms;
    uint64_t silent_ms = now_ms - server->heard_ms;
    uint64_t unasked_ms =
        now_ms - (server->heard_ms > server->spoke_ms ? server->heard_ms : server->spoke_ms);
    if (silent_ms >= idle_ms) {
        fail(server, SLW_IO_TIMEOUT, SLW_RPC_DEADLINE_EXCEEDED);
    } else if (server->state == SLW_TRANSFER_INITIATING &&
               silent_ms >= idle_ms - idle_ms / LAST_RESORT_DIVISOR) {
        begin_without_confirmation(server);
    } else if ((receiving || server->state == SLW_TRANSFER_RECOVERY) &&
               unasked_ms >= server->config.retry_ms) {
        ask_again(server);
    }
}

/*
 * While the handler is busy, a request for one chunk now and then keeps the client from giving up;
 * that chunk is dropped like any other.
 */
static void poll_busy_session(struct slw_transfer_server *server, uint64_t now_ms)
{
    if (server->handler->ready(server->handler->context)) {
        server->state = SLW_TRANSFER_RECOVERY;
        server->wrong_offset = server->offset;
        slw_transfer_window_reopen(&server->window, server->offset);
        slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_RETRANSMIT);
    } else if (now_ms - server->spoke_ms >= server->config.retry_ms / 2) {
        slw_transfer_window_reopen_one_chunk(&server->window, server->offset);
        slw_transfer_send_parameters(server, SLW_CHUNK_PARAMETERS_RETRANSMIT);
    }
}

static void poll_terminating_session(struct slw_transfer_server *server, uint64_t now_ms)
{
    if (now_ms - server->heard_ms >= FINAL_ACK_MS) {
        server->state = SLW_TRANSFER_COMPLETED;
    } else if (now_ms - server->spoke_ms >= COMPLETION_AGAIN_MS) {
        slw_transfer_send_completion(server);
    }
}

static void note_time(struct slw_transfer_server *server, uint64_t now_ms)
{
    if (server->heard) {
        server->heard = false;
        server->heard_ms = now_ms;
    }
    if (server->spoke) {
        server->spoke = false;
        server->spoke_ms = now_ms;
    }
}

void slw_transfer_server_poll(struct slw_transfer_server *server, uint64_t now_ms)
{
    note_time(server, now_ms);
    if (server->state == SLW_TRANSFER_BUSY) {
        poll_busy_session(server, now_ms);
        note_time(server, now_ms);
    }
    if (is_open(server)) {
        poll_open_session(server, now_ms);
    } else if (server->state == SLW_TRANSFER_TERMINATING) {
        poll_terminating_session(server, now_ms);
    }
    note_time(server, now_ms);
}
