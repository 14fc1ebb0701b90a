/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of the signing protocol over a SOCK_SEQPACKET socket. See slipway/signer_protocol.h. */
#include "slipway/checked.h"
#include "slipway/signer_protocol.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

static int64_t monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for events; SLW_IO_TIMEOUT at deadline_ms, -1 for none. */
static enum slw_status wait_for(int descriptor, short events, int64_t deadline_ms,
                                struct slw_detail *detail)
{
    for (;;) {
        int64_t left_ms = deadline_ms < 0 ? -1 : deadline_ms - monotonic_ms();
        if (deadline_ms >= 0 && left_ms < 0) {
            left_ms = 0;
        }
        struct pollfd wanted = {.fd = descriptor, .events = events};
        int ready = poll(&wanted, 1, (int)left_ms);
        if (ready > 0) {
            return SLW_OK;
        }
        if (ready == 0) {
            return slw_explain(detail, SLW_IO_TIMEOUT, "socket: no answer in time");
        }
        if (errno != EINTR) {
            return slw_explain_errno(detail, "socket");
        }
    }
}

static enum slw_status explain_gone(struct slw_detail *detail)
{
    return slw_explain(detail, SLW_IO_CLOSED, "socket: the other end is gone");
}

enum slw_status slw_signer_packet_send(int descriptor, struct slw_bytes message,
                                       struct slw_detail *detail)
{
    for (;;) {
        ssize_t sent = send(descriptor, message.ptr, message.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            return SLW_OK; /* a packet goes whole or not at all */
        }
        if (errno == EPIPE || errno == ECONNRESET) {
            return explain_gone(detail);
        }
        if (errno == EAGAIN) {
            SLW_TRY(wait_for(descriptor, POLLOUT, -1, detail));
        } else if (errno != EINTR) {
            return slw_explain_errno(detail, "socket");
        }
    }
}

enum slw_status slw_signer_packet_receive(int descriptor, uint8_t *packet, int timeout_ms,
                                          struct slw_bytes *ret_message, struct slw_detail *detail)
{
    int64_t deadline_ms = timeout_ms < 0 ? -1 : monotonic_ms() + timeout_ms;
    for (;;) {
        struct iovec room = {.iov_base = packet, .iov_len = SLW_SIGNER_PACKET_SIZE_MAX};
        struct msghdr header = {.msg_iov = &room, .msg_iovlen = 1};
        SLW_TRY(wait_for(descriptor, POLLIN, deadline_ms, detail));
        ssize_t received = recvmsg(descriptor, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (received > 0 && (header.msg_flags & MSG_TRUNC) != 0) {
            return slw_explain(detail, SLW_TOO_LARGE, "socket: a packet of over %u bytes",
                               SLW_SIGNER_PACKET_SIZE_MAX);
        }
        if (received > 0) {
            *ret_message = slw_bytes_make(packet, (size_t)received);
            return SLW_OK;
        }
        if (received == 0 || errno == ECONNRESET) {
            return explain_gone(detail);
        }
        if (errno != EAGAIN && errno != EINTR) {
            return slw_explain_errno(detail, "socket");
        }
    }
}

static enum slw_status send_one(int descriptor, const struct slw_signer_call *call, uint8_t *packet,
                                struct slw_detail *detail)
{
    struct slw_bytes message;
    enum slw_status status = slw_signer_call_encode(call, packet, &message);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "call: not one of the protocol");
    }
    return slw_signer_packet_send(descriptor, message, detail);
}

enum slw_status slw_signer_call_send(int descriptor, const struct slw_signer_call *call,
                                     uint8_t *packet, struct slw_detail *detail)
{
    struct slw_signer_call part = *call;
    struct slw_bytes rest = call->bytes;
    if (call->kind == SLW_SIGNER_SUBMIT && rest.len > SLW_SIGNER_STATEMENT_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "call SUBMIT: an envelope of over %u bytes",
                           SLW_SIGNER_STATEMENT_SIZE_MAX);
    }
    while (call->kind == SLW_SIGNER_SUBMIT && rest.len > SLW_SIGNER_PIECE_SIZE_MAX) {
        part.bytes = slw_bytes_make(rest.ptr, SLW_SIGNER_PIECE_SIZE_MAX);
        part.more = true;
        SLW_TRY(send_one(descriptor, &part, packet, detail));
        rest = slw_bytes_make(rest.ptr + SLW_SIGNER_PIECE_SIZE_MAX,
                              rest.len - SLW_SIGNER_PIECE_SIZE_MAX);
    }
    part.bytes = rest;
    part.more = call->more;
    return send_one(descriptor, &part, packet, detail);
}

enum slw_status slw_signer_answer_send(int descriptor, const struct slw_signer_answer *answer,
                                       uint8_t *packet, struct slw_detail *detail)
{
    struct slw_bytes message;
    enum slw_status status = slw_signer_answer_encode(answer, packet, &message);
    if (status != SLW_OK) {
        return slw_explain(detail, status, "answer: not one of the protocol");
    }
    return slw_signer_packet_send(descriptor, message, detail);
}
