/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front asks: a packet is decoded strictly, let through by the table of what may be asked
 * how often, and handed on. A front that sends anything else is hung up on. Nothing that it says
 * about who is asking is even in the protocol.
 */
#include "case.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_A_TURN 128u

/* --- Answers --- */

/* Keeps what the front doesn't take at once; the table bounds how much that can be. */
static void packet_keep(struct slw_service *service, struct slw_bytes message)
{
    struct slw_outgoing *kept = calloc(1, sizeof *kept);
    if (kept != NULL) {
        slw_heap_append(&kept->packet, message);
    }
    if (kept == NULL || kept->packet.status != SLW_OK) {
        free(kept);
        service->front_failed = true;
        return;
    }
    if (service->outgoing == NULL) {
        service->outgoing = kept;
    } else {
        service->outgoing_last->next = kept;
    }
    service->outgoing_last = kept;
}

static bool packet_send(struct slw_service *service, struct slw_bytes message)
{
    ssize_t sent = send(service->front, message.ptr, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        service->front_failed = true;
    }
    return sent >= 0 || service->front_failed;
}

void slw_calls_send(struct slw_service *service)
{
    while (service->outgoing != NULL &&
           packet_send(service, slw_heap_bytes(&service->outgoing->packet))) {
        struct slw_outgoing *sent = service->outgoing;
        service->outgoing = sent->next;
        slw_heap_drop(&sent->packet);
        free(sent);
    }
}

void slw_answer_send(struct slw_service *service, const struct slw_signer_answer *answer)
{
    struct slw_bytes message;
    if (answer->number == 0) {
        return; /* who asked is gone */
    }
    slw_signer_gate_leave(&service->gate, answer->kind);
    if (service->front < 0 || service->front_failed) {
        return;
    }
    if (slw_signer_answer_encode(answer, service->packet, &message) != SLW_OK) {
        service->front_failed = true; /* our mistake: an answer that can't be given */
        return;
    }
    if (service->outgoing != NULL || !packet_send(service, message)) {
        packet_keep(service, message);
    }
}

static struct slw_bytes bounded(const char *text)
{
    struct slw_bytes bytes = slw_bytes_make(text, strlen(text));
    struct slw_utf8 checker = {0};
    if (!slw_utf8_accept(&checker, bytes) || !slw_utf8_complete(&checker)) {
        return SLW_BYTES_OF("(a detail that can't be shown)");
    }
    bytes.len = slw_utf8_cut(bytes, SLW_SIGNER_DETAIL_SIZE_MAX);
    return bytes;
}

void slw_answer_refuse(struct slw_service *service, uint64_t number, enum slw_signer_kind kind,
                       enum slw_status reason, const char *text)
{
    const char *word = slw_status_word(reason);
    const struct slw_signer_answer answer = {
        .number = number,
        .kind = kind,
        .reason = slw_bytes_make(word, strlen(word)),
        .detail = bounded(text),
    };
    slw_answer_send(service, &answer);
}

void slw_answer_statement(struct slw_service *service, uint64_t number, const uint8_t *id,
                          enum slw_signer_state state, enum slw_status reason, const char *text)
{
    struct slw_signer_answer answer = {
        .number = number, .kind = SLW_SIGNER_SUBMIT, .state = state, .has_id = true};
    memcpy(answer.id, id, sizeof answer.id);
    if (reason != SLW_OK) {
        const char *word = slw_status_word(reason);
        answer.reason = slw_bytes_make(word, strlen(word));
        answer.detail = bounded(text);
    }
    slw_answer_send(service, &answer);
}

void slw_answer_request(struct slw_service *service, uint64_t number,
                        const struct slw_book_request *request)
{
    enum slw_signer_state state = slw_case_state(service, request);
    slw_answer_statement(service, number, request->id, state,
                         state == SLW_SIGNER_REFUSED ? request->reason : SLW_OK,
                         request->detail == NULL ? "" : request->detail);
}

static void answer_bytes(struct slw_service *service, const struct slw_signer_call *call,
                         struct slw_bytes bytes, uint64_t total)
{
    const struct slw_signer_answer answer = {
        .number = call->number, .kind = call->kind, .bytes = bytes, .total = total};
    slw_answer_send(service, &answer);
}

/* --- Calls --- */

static void call_submit(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_detail detail = {""};
    enum slw_status status = service->blocked;
    detail = service->blocked_detail;
    /* "Time never falls below the last entry": nothing is logged with a time that isn't right. */
    if (status == SLW_OK && slw_service_now(service) < service->book.time_utc_s) {
        status = slw_explain(&detail, SLW_CLOCK, "the clock is behind the last entry of the log");
    }
    if (status == SLW_LOG_BEHIND || status == SLW_CLOCK) {
        slw_answer_refuse(service, call->number, call->kind, status, detail.text);
        return;
    }
    slw_intake_submit(service, call->number, call->bytes);
}

/* What is there of a copy, and how much there will be: of one that isn't complete, at most. */
static void answer_held(struct slw_service *service, const struct slw_signer_call *call,
                        const struct slw_claims *claims, const struct slw_staging_held *held)
{
    const struct slw_signer_answer answer = {.number = call->number,
                                             .kind = call->kind,
                                             .length = held->length,
                                             .total = held->complete ? held->length
                                                                     : slw_claims_longest(claims)};
    slw_answer_send(service, &answer);
}

static enum slw_status take_piece(struct slw_service *service, const uint8_t *sha256,
                                  const struct slw_claims *claims, uint64_t offset,
                                  struct slw_bytes bytes, struct slw_staging_held *ret_held,
                                  struct slw_detail *detail)
{
    const struct slw_staging_piece piece = {.sha256 = sha256,
                                            .claims = claims,
                                            .now_utc_s = slw_service_now(service),
                                            .offset = offset,
                                            .bytes = bytes};
    return slw_staging_append(&service->staging, &piece, ret_held, detail);
}

static void call_upload(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_detail detail = {""};
    struct slw_staging_held held = {0, false};
    const struct slw_book_stage *stage = slw_book_stage_find(&service->book, call->digest);
    /* "bytes are taken only behind that, for a statement that staged this digest" */
    enum slw_status status =
        stage == NULL ? slw_explain(&detail, SLW_NOT_PERMITTED, "nobody staged this digest")
                      : take_piece(service, call->digest, &stage->claims, call->position,
                                   call->bytes, &held, &detail);
    if (status != SLW_OK) {
        slw_answer_refuse(service, call->number, call->kind, status, detail.text);
        return;
    }
    answer_held(service, call, &stage->claims, &held);
    if (held.complete) {
        slw_case_uploaded(service, call->digest);
    }
}

/* What has all bytes and not its name yet, for the process ended in between. */
static enum slw_status finish_upload(struct slw_service *service, const uint8_t *sha256,
                                     const struct slw_claims *claims, struct slw_staging_held *held,
                                     struct slw_detail *detail)
{
    if (held->complete || held->length == 0 || held->length != slw_claims_longest(claims)) {
        return SLW_OK;
    }
    enum slw_status status =
        take_piece(service, sha256, claims, held->length, slw_bytes_make(NULL, 0), held, detail);
    if (status == SLW_WRONG_HASH) {
        *held = (struct slw_staging_held){0, false};
        return SLW_OK;
    }
    if (held->complete) {
        slw_case_uploaded(service, sha256);
    }
    return status;
}

static void call_uploaded(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_detail detail = {""};
    struct slw_staging_held held = {0, false};
    const struct slw_book_stage *stage = slw_book_stage_find(&service->book, call->digest);
    enum slw_status status =
        stage == NULL ? slw_explain(&detail, SLW_NOT_FOUND, "nobody staged this digest")
                      : slw_staging_look(&service->staging, call->digest, &held, &detail);
    if (status == SLW_OK) {
        status = finish_upload(service, call->digest, &stage->claims, &held, &detail);
    }
    if (status != SLW_OK) {
        slw_answer_refuse(service, call->number, call->kind, status, detail.text);
        return;
    }
    answer_held(service, call, &stage->claims, &held);
}

/* The request that a call names; answers itself when there is none. */
static const struct slw_book_request *request_of(struct slw_service *service,
                                                 const struct slw_signer_call *call)
{
    const struct slw_book_request *request = slw_book_request_find(&service->book, call->digest);
    if (request == NULL) {
        slw_answer_refuse(service, call->number, call->kind, SLW_NOT_FOUND,
                          "there is no such request");
    }
    return request;
}

static void answer_json(struct slw_service *service, const struct slw_signer_call *call,
                        enum slw_status status, struct slw_heap_buffer *json)
{
    if (status == SLW_OK) {
        status = json->status;
    }
    if (status == SLW_OK && json->len > SLW_SIGNER_PIECE_SIZE_MAX) {
        status = SLW_TOO_LARGE;
    }
    if (status == SLW_OK) {
        answer_bytes(service, call, slw_heap_bytes(json), 0);
    } else {
        slw_answer_refuse(service, call->number, call->kind, status, "it can't be shown");
    }
    slw_heap_drop(json);
}

static void call_show(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_heap_buffer json = {0};
    const struct slw_book_request *request = request_of(service, call);
    if (request != NULL) {
        enum slw_status status = slw_show_request(service, request, &json);
        answer_json(service, call, status, &json);
    }
}

static void call_list(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_heap_buffer json = {0};
    enum slw_status status =
        slw_show_list(service, call->has_digest, call->digest, call->value, &json);
    answer_json(service, call, status, &json);
}

static void call_health(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_heap_buffer json = {0};
    enum slw_status status = slw_show_health(service, &json);
    answer_json(service, call, status, &json);
}

/* A piece from an offset on. */
static void answer_piece(struct slw_service *service, const struct slw_signer_call *call,
                         struct slw_bytes whole)
{
    size_t from = call->position < whole.len ? (size_t)call->position : whole.len;
    size_t len = whole.len - from;
    len = len < SLW_SIGNER_PIECE_SIZE_MAX ? len : SLW_SIGNER_PIECE_SIZE_MAX;
    answer_bytes(service, call, slw_bytes_make(whole.ptr + from, len), whole.len);
}

static void call_blob(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_detail detail = {""};
    const struct slw_book_request *request = request_of(service, call);
    if (request == NULL) {
        return;
    }
    enum slw_status status =
        slw_show_blob(service, request, (enum slw_signer_blob)call->value, &bytes, &detail);
    if (status == SLW_OK) {
        answer_piece(service, call, slw_heap_bytes(&bytes));
    } else {
        slw_answer_refuse(service, call->number, call->kind, status, detail.text);
    }
    slw_heap_drop(&bytes);
}

static void call_log(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_detail detail = {""};
    uint64_t total = 0;
    enum slw_status status = slw_log_serve(service->log, call->text, call->position,
                                           SLW_SIGNER_PIECE_SIZE_MAX, &bytes, &total, &detail);
    if (status == SLW_OK) {
        answer_bytes(service, call, slw_heap_bytes(&bytes), total);
    } else {
        slw_answer_refuse(service, call->number, call->kind, status, detail.text);
    }
    slw_heap_drop(&bytes);
}

static void call_cosigned(struct slw_service *service, const struct slw_signer_call *call)
{
    struct slw_detail detail = {""};
    enum slw_status status = slw_witnessing_answer(service, call->position, call->text, call->value,
                                                   call->bytes, &detail);
    if (status != SLW_OK) {
        slw_answer_refuse(service, call->number, call->kind, status, detail.text);
        return;
    }
    answer_bytes(service, call, slw_bytes_make(NULL, 0), 0);
}

static void dispatch(struct slw_service *service, const struct slw_signer_call *call)
{
    switch (call->kind) {
    case SLW_SIGNER_SUBMIT:
        call_submit(service, call);
        return;
    case SLW_SIGNER_UPLOAD:
        call_upload(service, call);
        return;
    case SLW_SIGNER_UPLOADED:
        call_uploaded(service, call);
        return;
    case SLW_SIGNER_SHOW:
        call_show(service, call);
        return;
    case SLW_SIGNER_LIST:
        call_list(service, call);
        return;
    case SLW_SIGNER_BLOB:
        call_blob(service, call);
        return;
    case SLW_SIGNER_LOG:
        call_log(service, call);
        return;
    case SLW_SIGNER_COSIGNED:
        call_cosigned(service, call);
        return;
    case SLW_SIGNER_POLL:
        slw_witnessing_poll(service, call->number);
        return;
    case SLW_SIGNER_HEALTH:
        call_health(service, call);
        return;
    case SLW_SIGNER_ADD_CHECKPOINT:
        break; /* of a witness */
    }
    service->front_failed = true;
}

static void admit(struct slw_service *service, const struct slw_signer_call *call)
{
    switch (slw_signer_gate_enter(&service->gate, call->kind, slw_service_now_ms(service))) {
    case SLW_SIGNER_ADMITTED:
        dispatch(service, call);
        return;
    case SLW_SIGNER_TOO_OFTEN:
        service->gate.kinds[call->kind].waiting++; /* answering takes one away */
        slw_answer_refuse(service, call->number, call->kind, SLW_TOO_MANY,
                          "more of these calls than one second may have");
        return;
    case SLW_SIGNER_NOT_WAITED:
        service->front_failed = true;
        return;
    }
}

static void packet_take(struct slw_service *service, struct slw_bytes packet)
{
    struct slw_signer_call call;
    struct slw_detail detail;
    bool complete = false;
    if (slw_signer_call_decode(packet, &call, &detail) != SLW_OK ||
        slw_signer_joiner_accept(&service->joiner, &call, &complete, &detail) != SLW_OK) {
        service->front_failed = true;
        return;
    }
    if (complete) {
        admit(service, &call);
    }
}

void slw_calls_receive(struct slw_service *service)
{
    for (unsigned i = 0; i < PACKETS_A_TURN && service->front >= 0 && !service->front_failed; i++) {
        ssize_t got = recv(service->front, service->received, SLW_SIGNER_PACKET_SIZE_MAX + 1,
                           MSG_DONTWAIT | MSG_TRUNC);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (got <= 0 || (size_t)got > SLW_SIGNER_PACKET_SIZE_MAX) {
            service->front_failed = true;
            break;
        }
        packet_take(service, slw_bytes_make(service->received, (size_t)got));
    }
}

void slw_calls_hang_up(struct slw_service *service)
{
    while (service->outgoing != NULL) {
        struct slw_outgoing *dropped = service->outgoing;
        service->outgoing = dropped->next;
        slw_heap_drop(&dropped->packet);
        free(dropped);
    }
    if (service->front >= 0) {
        close(service->front);
    }
    service->front = -1;
    service->front_failed = false;
    service->gate = (struct slw_signer_gate){0};
    service->witnessing.poll_number = 0;
    slw_effects_forget_calls(service);
    slw_intake_forget_calls(service);
    slw_signer_joiner_free(&service->joiner);
    service->joiner = (struct slw_signer_joiner){0};
}
