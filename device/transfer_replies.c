/* SPDX-License-Identifier: Apache-2.0 */
/* The chunks of transfer_replies.h. */
#include "transfer_replies.h"

#define REPLY_SIZE_MAX 64u

static void send(struct slw_transfer_server *server, const struct slw_transfer_chunk *chunk)
{
    uint8_t bytes[REPLY_SIZE_MAX];
    struct slw_writer writer;
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_transfer_chunk_encode(&writer, chunk);
    if (server->stream == NULL || writer.status != SLW_OK) {
        return;
    }
    if (slw_rpc_stream_send(server->stream, slw_writer_written(&writer)) == SLW_OK) {
        server->spoke = true;
    }
}

void slw_transfer_send_start_ack(struct slw_transfer_server *server)
{
    send(server, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID | SLW_CHUNK_SESSION_ID |
                                SLW_CHUNK_PROTOCOL_VERSION,
                     .type = SLW_CHUNK_START_ACK,
                     .resource_id = server->resource_id,
                     .session_id = server->session_id,
                     .protocol_version = SLW_TRANSFER_VERSION_TWO,
                     .initial_offset = server->start_offset,
                 });
}

void slw_transfer_send_parameters(struct slw_transfer_server *server, uint32_t type)
{
    send(server, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_MAX_CHUNK_SIZE_BYTES | SLW_CHUNK_MIN_DELAY_MICROSECONDS |
                                SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
                     .max_chunk_size_bytes = server->window.chunk_size,
                     .min_delay_microseconds = server->config.min_delay_microseconds,
                     .offset = server->offset,
                     .window_end_offset = server->window.end,
                     .type = type,
                     .session_id = server->session_id,
                 });
}

void slw_transfer_send_completion(struct slw_transfer_server *server)
{
    slw_transfer_refuse_session(server, server->session_id, server->final_status);
}

void slw_transfer_send_completion_ack(struct slw_transfer_server *server, uint32_t session_id)
{
    send(server, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
                     .type = SLW_CHUNK_COMPLETION_ACK,
                     .session_id = session_id,
                 });
}

void slw_transfer_refuse_start(struct slw_transfer_server *server, uint32_t session_id,
                               uint32_t resource_id, enum slw_rpc_status status)
{
    send(server, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_STATUS | SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID |
                                SLW_CHUNK_SESSION_ID,
                     .status = status,
                     .type = SLW_CHUNK_COMPLETION,
                     .resource_id = resource_id,
                     .session_id = session_id,
                 });
}

void slw_transfer_refuse_session(struct slw_transfer_server *server, uint32_t session_id,
                                 enum slw_rpc_status status)
{
    send(server, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_STATUS | SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
                     .status = status,
                     .type = SLW_CHUNK_COMPLETION,
                     .session_id = session_id,
                 });
}

void slw_transfer_refuse_legacy(struct slw_transfer_server *server, uint32_t transfer_id)
{
    send(server, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_STATUS | SLW_CHUNK_TYPE,
                     .transfer_id = transfer_id,
                     .status = SLW_RPC_UNIMPLEMENTED,
                     .type = SLW_CHUNK_COMPLETION,
                 });
}
