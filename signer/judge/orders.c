/* SPDX-License-Identifier: Apache-2.0 */
/* Orders to the spawner as packets with descriptors: see orders.h. */
/* For MSG_CMSG_CLOEXEC. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "orders.h"

#include "slipway/writer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

size_t slw_order_descriptors(const struct slw_order *order)
{
    switch (order->kind) {
    case SLW_ORDER_JUDGE:
        return order->rules.len > 0 ? 2 : 3;
    case SLW_ORDER_VALIDATE:
        return 2;
    case SLW_ORDER_CANCEL:
        return 0;
    }
    return 0;
}

static void put_text(struct slw_writer *writer, const char *text)
{
    slw_writer_put(writer, slw_bytes_make(text, strlen(text) + 1));
}

enum slw_status slw_order_encode(const struct slw_order *order,
                                 const struct slw_validator *validator,
                                 uint8_t ret_packet[static SLW_ORDER_SIZE_MAX], size_t *ret_len,
                                 struct slw_detail *detail)
{
    struct slw_writer writer;
    slw_writer_init(&writer, ret_packet, SLW_ORDER_SIZE_MAX);
    slw_writer_u32_le(&writer, (uint32_t)order->kind);
    slw_writer_u64_le(&writer, order->id);
    slw_writer_u32_le(&writer, order->limits.time_ms);
    slw_writer_u32_le(&writer, order->limits.cpu_s);
    slw_writer_u64_le(&writer, order->limits.memory_bytes);
    if (order->rules.len > SLW_ORDER_RULES_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "more than %u bytes of rules in an order",
                           SLW_ORDER_RULES_MAX);
    }
    if (order->kind == SLW_ORDER_JUDGE) {
        slw_writer_put(&writer, order->rules);
    }
    if (validator != NULL) {
        if (validator->program[0] != '/' ||
            validator->arguments_count > SLW_VALIDATOR_ARGUMENTS_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "a validator is an absolute path and at most %u arguments",
                               SLW_VALIDATOR_ARGUMENTS_MAX);
        }
        put_text(&writer, validator->program);
        for (size_t i = 0; i < validator->arguments_count; i++) {
            put_text(&writer, validator->arguments[i]);
        }
    }
    if (writer.status != SLW_OK) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "a validator's arguments have more than %u bytes",
                           SLW_VALIDATOR_COMMAND_MAX);
    }
    *ret_len = writer.len;
    return SLW_OK;
}

static enum slw_status decode_command(struct slw_bytes rest, struct slw_order *order)
{
    size_t count = 0;
    if (rest.len == 0 || rest.ptr[0] != '/') {
        return SLW_MALFORMED;
    }
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.ptr, 0, rest.len);
        if (end == NULL || count == SLW_VALIDATOR_ARGUMENTS_MAX + 1) {
            return SLW_MALFORMED;
        }
        order->command[count++] = (const char *)rest.ptr;
        size_t used = (size_t)(end - rest.ptr) + 1;
        rest = slw_bytes_make(rest.ptr + used, rest.len - used);
    }
    order->command[count] = NULL;
    return SLW_OK;
}

enum slw_status slw_order_decode(struct slw_bytes packet, struct slw_order *ret_order)
{
    struct slw_order order = {.descriptors = {-1, -1, -1}};
    if (packet.len < SLW_ORDER_HEAD_SIZE || packet.len > SLW_ORDER_SIZE_MAX) {
        return SLW_MALFORMED;
    }
    uint32_t kind = slw_get_u32_le(packet.ptr);
    order.id = slw_get_u64_le(packet.ptr + 4);
    order.limits.time_ms = slw_get_u32_le(packet.ptr + 12);
    order.limits.cpu_s = slw_get_u32_le(packet.ptr + 16);
    order.limits.memory_bytes = slw_get_u64_le(packet.ptr + 20);
    struct slw_bytes rest =
        slw_bytes_make(packet.ptr + SLW_ORDER_HEAD_SIZE, packet.len - SLW_ORDER_HEAD_SIZE);
    if (kind < SLW_ORDER_JUDGE || kind > SLW_ORDER_CANCEL) {
        return SLW_MALFORMED;
    }
    order.kind = (enum slw_order_kind)kind;
    switch (order.kind) {
    case SLW_ORDER_JUDGE:
        order.rules = rest;
        break;
    case SLW_ORDER_VALIDATE:
        SLW_TRY(decode_command(rest, &order));
        break;
    case SLW_ORDER_CANCEL:
        if (rest.len > 0) {
            return SLW_MALFORMED;
        }
        break;
    }
    *ret_order = order;
    return SLW_OK;
}

/* Control data for descriptors, aligned as the system wants it. */
union control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(SLW_ORDER_DESCRIPTORS_MAX * sizeof(int))];
};

enum slw_status slw_order_send(int socket, struct slw_bytes packet, const int *descriptors,
                               size_t count, struct slw_detail *detail)
{
    union control control = {.bytes = {0}};
    /* What is sent isn't changed; struct iovec is for receiving as well. */
    union {
        const uint8_t *kept;
        void *taken;
    } bytes = {packet.ptr};
    struct iovec part = {bytes.taken, packet.len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *header = &control.header; /* as CMSG_FIRSTHDR() gives it */
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    }
    ssize_t sent = -1;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        return SLW_OK; /* a packet goes whole or not at all */
    }
    if (errno == EAGAIN || errno == ETOOMANYREFS || errno == ENOBUFS) {
        return slw_explain(detail, SLW_TOO_MANY, "judges: too many at one time");
    }
    if (errno == EPIPE || errno == ECONNRESET) {
        return slw_explain(detail, SLW_IO_CLOSED, "judges: the spawner has ended");
    }
    return slw_explain_errno(detail, "judges");
}

/* Takes the descriptors that came, and closes those beyond what there may be; how many came. */
static size_t take_descriptors(struct msghdr *message, int *ret_descriptors)
{
    size_t came = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int descriptor = -1;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (came < SLW_ORDER_DESCRIPTORS_MAX) {
                ret_descriptors[came] = descriptor;
            } else {
                (void)close(descriptor);
            }
            came++;
        }
    }
    return came;
}

enum slw_status slw_order_receive(int socket, uint8_t packet[static SLW_ORDER_SIZE_MAX],
                                  struct slw_order *ret_order)
{
    union control control;
    struct iovec part = {packet, SLW_ORDER_SIZE_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int descriptors[SLW_ORDER_DESCRIPTORS_MAX] = {-1, -1, -1};
    ssize_t len = -1;
    do {
        len = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (len < 0 && errno == EINTR);
    if (len <= 0) {
        return SLW_IO_CLOSED;
    }
    size_t count = take_descriptors(&message, descriptors);
    struct slw_order order;
    enum slw_status status = SLW_MALFORMED;
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
        status = slw_order_decode(slw_bytes_make(packet, (size_t)len), &order);
    }
    if (status == SLW_OK && count != slw_order_descriptors(&order)) {
        status = SLW_MALFORMED;
    }
    if (status != SLW_OK) {
        for (size_t i = 0; i < count && i < SLW_ORDER_DESCRIPTORS_MAX; i++) {
            (void)close(descriptors[i]);
        }
        return status;
    }
    memcpy(order.descriptors, descriptors, sizeof descriptors);
    *ret_order = order;
    return SLW_OK;
}
