/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sender of transfer_client.h. A session is a loop: handle what the device says, else send the
 * next chunk of the window, else wait, and after a silence repeat what was said last.
 */
#include "slipway/transfer_client.h"

#include "slipway/checked.h"
#include "transfer_resume.h"

#include <inttypes.h>

enum phase {
    PHASE_STARTING,   /* START sent */
    PHASE_CONFIRMING, /* START_ACK_CONFIRMATION sent: no parameters yet */
    PHASE_SENDING,
    PHASE_COMPLETED,
};

struct session {
    const struct slw_upload *upload;
    struct slw_upload_report *report;
    struct slw_detail *detail;
    struct slw_rpc_client_stream stream;
    enum phase phase;
    uint32_t session_id;
    uint64_t start_offset;
    uint64_t offset;      /* of the next byte to send */
    uint64_t window_end;  /* at most the source's size */
    uint64_t last_offset; /* of the last DATA chunk, and its length */
    size_t last_len;
    bool sent_last;      /* remaining_bytes=0 went out, and nothing was asked for again since */
    bool ever_sent_last; /* it went out some time: then the device may have it all */
    uint32_t chunk_size;
    uint32_t min_delay_ms;
    uint64_t next_chunk_ms;
    uint32_t retries;
    bool forgotten; /* ended in a way that a new session may make good */
    uint8_t data[SLW_UPLOAD_CHUNK_SIZE_MAX];
    uint8_t encoded[SLW_UPLOAD_CHUNK_SIZE_MAX + SLW_TRANSFER_CHUNK_OVERHEAD];
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static enum slw_status send_chunk(struct session *session, const struct slw_transfer_chunk *chunk)
{
    struct slw_writer writer;
    slw_writer_init(&writer, session->encoded, sizeof session->encoded);
    slw_transfer_chunk_encode(&writer, chunk);
    SLW_TRY(writer.status);
    return slw_rpc_client_send(session->upload->rpc, &session->stream, slw_writer_written(&writer));
}

static enum slw_status send_start(struct session *session)
{
    uint32_t resource_id = session->upload->resource_id;
    return send_chunk(session,
                      &(struct slw_transfer_chunk){
                          .present = SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID |
                                     SLW_CHUNK_PROTOCOL_VERSION | SLW_CHUNK_DESIRED_SESSION_ID,
                          .transfer_id = resource_id,
                          .type = SLW_CHUNK_START,
                          .resource_id = resource_id,
                          .protocol_version = SLW_TRANSFER_VERSION_TWO,
                          .desired_session_id = session->session_id,
                          .initial_offset = session->start_offset,
                      });
}

static enum slw_status send_confirmation(struct session *session)
{
    return send_chunk(
        session, &(struct slw_transfer_chunk){
                     .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID | SLW_CHUNK_PROTOCOL_VERSION,
                     .offset = session->start_offset,
                     .type = SLW_CHUNK_START_ACK_CONFIRMATION,
                     .session_id = session->session_id,
                     .protocol_version = SLW_TRANSFER_VERSION_TWO,
                 });
}

static enum slw_status send_completion_ack(struct session *session)
{
    return send_chunk(session, &(struct slw_transfer_chunk){
                                   .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
                                   .type = SLW_CHUNK_COMPLETION_ACK,
                                   .session_id = session->session_id,
                               });
}

static enum slw_status send_completion(struct session *session, enum slw_rpc_status status)
{
    return send_chunk(session,
                      &(struct slw_transfer_chunk){
                          .present = SLW_CHUNK_STATUS | SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
                          .status = status,
                          .type = SLW_CHUNK_COMPLETION,
                          .session_id = session->session_id,
                      });
}

static enum slw_status send_data(struct session *session, uint64_t offset, size_t len)
{
    const struct slw_source *source = session->upload->source;
    bool last = offset + len == source->size;
    if (len > 0) {
        enum slw_status status = source->read(source->context, offset, session->data, len);
        if (status != SLW_OK) {
            return slw_explain(session->detail, status,
                               "reading the bundle at %" PRIu64 " failed: %s", offset,
                               slw_status_word(status));
        }
    }
    session->last_offset = offset;
    session->last_len = len;
    session->report->bytes_sent += len;
    session->report->chunks_sent++;
    session->ever_sent_last = session->ever_sent_last || last;
    return send_chunk(session, &(struct slw_transfer_chunk){
                                   .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID |
                                              (uint32_t)(last ? SLW_CHUNK_REMAINING_BYTES : 0),
                                   .offset = offset,
                                   .data = slw_bytes_make(session->data, len),
                                   .type = SLW_CHUNK_DATA,
                                   .session_id = session->session_id,
                               });
}

/* There is something to send in the window; of an empty source, an empty last chunk. */
static bool may_send(const struct session *session)
{
    if (session->phase != PHASE_SENDING || session->chunk_size == 0) {
        return false;
    }
    bool at_end = session->offset == session->upload->source->size;
    return session->offset < session->window_end || (at_end && !session->sent_last);
}

static enum slw_status send_next_data(struct session *session)
{
    uint64_t left = session->window_end - session->offset;
    size_t len = (size_t)slw_min_u64(left, session->chunk_size);
    SLW_TRY(send_data(session, session->offset, len));
    session->offset += len;
    session->sent_last = session->offset == session->upload->source->size;
    if (session->min_delay_ms != 0) {
        session->next_chunk_ms =
            slw_rpc_client_now_ms(session->upload->rpc) + session->min_delay_ms;
    }
    return SLW_OK;
}

/* What the device was last told may not have arrived. */
static enum slw_status say_again(struct session *session)
{
    switch (session->phase) {
    case PHASE_STARTING:
        return send_start(session);
    case PHASE_CONFIRMING:
        return send_confirmation(session);
    case PHASE_SENDING:
        return send_data(session, session->last_offset, session->last_len);
    case PHASE_COMPLETED:
        break;
    }
    return SLW_OK;
}

static enum slw_status handle_start_ack(struct session *session,
                                        const struct slw_transfer_chunk *chunk)
{
    if (session->phase != PHASE_STARTING) {
        return session->phase == PHASE_CONFIRMING ? send_confirmation(session) : SLW_OK;
    }
    /* A device that can't go on there says 0: it gets everything. */
    if (chunk->initial_offset != session->start_offset) {
        session->start_offset = 0;
    }
    session->offset = session->start_offset;
    session->last_offset = session->start_offset;
    session->phase = PHASE_CONFIRMING;
    return send_confirmation(session);
}

static enum slw_status handle_parameters(struct session *session,
                                         const struct slw_transfer_chunk *chunk, bool retransmit)
{
    uint64_t size = session->upload->source->size;
    if (session->phase == PHASE_STARTING) {
        session->report->code = SLW_RPC_UNIMPLEMENTED;
        return slw_explain(session->detail, SLW_WRONG_STATE,
                           "the device speaks only the legacy transfer protocol");
    }
    if (chunk->offset > size) {
        session->report->code = SLW_RPC_OUT_OF_RANGE;
        SLW_TRY(send_completion(session, SLW_RPC_OUT_OF_RANGE));
        return slw_explain(session->detail, SLW_WRONG_STATE,
                           "the device wants bytes after the end of the bundle");
    }
    session->phase = PHASE_SENDING;
    if (retransmit) {
        session->offset = chunk->offset;
        session->sent_last = false;
    }
    if (slw_transfer_chunk_has(chunk, SLW_CHUNK_MAX_CHUNK_SIZE_BYTES)) {
        uint32_t wish = or_default(session->upload->chunk_size_max, SLW_UPLOAD_CHUNK_SIZE_MAX);
        session->chunk_size = (uint32_t)slw_min_u64(slw_min_u64(wish, sizeof session->data),
                                                    chunk->max_chunk_size_bytes);
    }
    if (slw_transfer_chunk_has(chunk, SLW_CHUNK_MIN_DELAY_MICROSECONDS)) {
        session->min_delay_ms = chunk->min_delay_microseconds / 1000 +
                                (chunk->min_delay_microseconds % 1000 != 0 ? 1 : 0);
    }
    /* A late CONTINUE may end before what has been sent since. */
    uint64_t end = slw_min_u64(chunk->window_end_offset, size);
    session->window_end = end > session->offset ? end : session->offset;
    slw_progress_report(session->upload->progress, chunk->offset, size);
    return SLW_OK;
}

/* The device lost the session, or its patience: a new one goes on where this one ended. */
static bool is_worth_another_session(uint32_t code)
{
    return code == SLW_RPC_FAILED_PRECONDITION || code == SLW_RPC_DEADLINE_EXCEEDED;
}

static enum slw_status end_with_code(struct session *session, uint32_t code)
{
    session->report->code = code;
    session->forgotten = is_worth_another_session(code);
    return slw_explain(session->detail, SLW_WRONG_STATE, "the device ended the transfer: %s",
                       slw_rpc_status_name(code));
}

static enum slw_status handle_completion(struct session *session,
                                         const struct slw_transfer_chunk *chunk)
{
    uint64_t size = session->upload->source->size;
    SLW_TRY(send_completion_ack(session));
    if (chunk->status != SLW_RPC_OK) {
        return end_with_code(session, chunk->status);
    }
    /* "OK" before the last byte went out can't be about it. */
    if (!session->ever_sent_last) {
        return end_with_code(session, SLW_RPC_DATA_LOSS);
    }
    session->report->code = SLW_RPC_OK;
    session->phase = PHASE_COMPLETED;
    slw_progress_report(session->upload->progress, size, size);
    return SLW_OK;
}

static bool is_ours(const struct session *session, const struct slw_transfer_chunk *chunk)
{
    if (slw_transfer_chunk_version(chunk) < SLW_TRANSFER_VERSION_TWO) {
        return session->phase == PHASE_STARTING &&
               chunk->transfer_id == session->upload->resource_id;
    }
    return slw_transfer_chunk_session(chunk) == session->session_id;
}

static enum slw_status handle_chunk(struct session *session, struct slw_bytes message)
{
    struct slw_transfer_chunk chunk;
    if (slw_transfer_chunk_decode(message, &chunk) != SLW_OK || !is_ours(session, &chunk)) {
        return SLW_OK;
    }
    session->retries = 0;
    switch (slw_transfer_chunk_type(&chunk)) {
    case SLW_CHUNK_START_ACK:
        return handle_start_ack(session, &chunk);
    case SLW_CHUNK_PARAMETERS_RETRANSMIT:
        return handle_parameters(session, &chunk, true);
    case SLW_CHUNK_PARAMETERS_CONTINUE:
        return handle_parameters(session, &chunk, false);
    case SLW_CHUNK_COMPLETION:
        return handle_completion(session, &chunk);
    default:
        return SLW_OK;
    }
}

/* Opens the stream, and asks for a session named like it: a number that wasn't used before. */
static enum slw_status begin(struct session *session)
{
    SLW_TRY(slw_rpc_client_open_stream(session->upload->rpc, SLW_RPC_SERVICE_TRANSFER,
                                       SLW_RPC_METHOD_WRITE, &session->stream));
    session->session_id = session->stream.call_id;
    session->phase = PHASE_STARTING;
    return send_start(session);
}

static enum slw_status handle_packet(struct session *session, const struct slw_rpc_packet *packet)
{
    uint32_t retries_max = or_default(session->upload->retries_max, SLW_UPLOAD_RETRIES_MAX);
    if (packet->type == SLW_RPC_SERVER_STREAM) {
        return handle_chunk(session, packet->payload);
    }
    /* START arrived without the REQUEST before it. */
    if (packet->status == SLW_RPC_FAILED_PRECONDITION && session->phase == PHASE_STARTING &&
        session->retries < retries_max) {
        session->retries++;
        return begin(session);
    }
    /* The stream is closed: by another client, a reboot, or because there is no such method. */
    return end_with_code(session, packet->status);
}

static enum slw_status handle_silence(struct session *session)
{
    uint32_t retries_max = or_default(session->upload->retries_max, SLW_UPLOAD_RETRIES_MAX);
    if (session->retries >= retries_max) {
        session->report->code = SLW_RPC_DEADLINE_EXCEEDED;
        return slw_explain(session->detail, SLW_IO_TIMEOUT, "the device doesn't answer");
    }
    session->retries++;
    return say_again(session);
}

/* Until when nothing needs to be said, if the device says nothing. */
static uint32_t patience_ms(const struct session *session)
{
    const struct slw_upload *upload = session->upload;
    if (may_send(session)) {
        uint64_t now_ms = slw_rpc_client_now_ms(upload->rpc);
        return now_ms < session->next_chunk_ms ? (uint32_t)(session->next_chunk_ms - now_ms) : 0;
    }
    return session->phase == PHASE_STARTING
               ? or_default(upload->start_timeout_ms, SLW_UPLOAD_START_TIMEOUT_MS)
               : or_default(upload->chunk_timeout_ms, SLW_UPLOAD_CHUNK_TIMEOUT_MS);
}

static enum slw_status step(struct session *session)
{
    struct slw_rpc_packet packet;
    enum slw_status status = slw_rpc_client_receive(session->upload->rpc, &session->stream,
                                                    patience_ms(session), &packet);
    if (status == SLW_OK) {
        return handle_packet(session, &packet);
    }
    SLW_TRY(status == SLW_IO_TIMEOUT ? SLW_OK : status);
    return may_send(session) ? send_next_data(session) : handle_silence(session);
}

/* A device that isn't told waits for the rest. */
static enum slw_status give_up(struct session *session, enum slw_status status)
{
    if (slw_rpc_client_is_interrupted(session->upload->rpc)) {
        status = slw_explain(session->detail, SLW_IO, "interrupted");
    } else if (session->detail->text[0] == '\0') {
        slw_explain(session->detail, status, "the link to the device failed: %s",
                    slw_status_meaning(status));
    }
    if (status != SLW_WRONG_STATE && status != SLW_IO_CLOSED) {
        (void)send_completion(session, SLW_RPC_CANCELLED);
    }
    return status;
}

static enum slw_status run_session(struct session *session)
{
    enum slw_status status = begin(session);
    while (status == SLW_OK && session->phase != PHASE_COMPLETED) {
        status = step(session);
    }
    return status == SLW_OK ? SLW_OK : give_up(session, status);
}

enum slw_status slw_upload_run(const struct slw_upload *upload,
                               struct slw_upload_report *ret_report, struct slw_detail *detail)
{
    static const struct session nothing;
    uint32_t sessions_max = or_default(upload->sessions_max, SLW_UPLOAD_SESSIONS_MAX);
    struct slw_upload_report report = {0};
    enum slw_status status = SLW_OK;
    bool again = true;
    while (again) {
        struct session session = nothing;
        session.upload = upload;
        session.report = &report;
        session.detail = detail;
        detail->text[0] = '\0';
        session.start_offset = upload->start_offset;
        status =
            upload->unasked ? SLW_OK : slw_upload_find_start(upload, &session.start_offset, detail);
        if (status == SLW_OK) {
            report.resumed_at = report.sessions == 0 ? session.start_offset : report.resumed_at;
            report.sessions++;
            status = run_session(&session);
        }
        again = status == SLW_WRONG_STATE && session.forgotten && report.sessions < sessions_max;
    }
    *ret_report = report;
    return status;
}
