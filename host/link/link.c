/* SPDX-License-Identifier: Apache-2.0 */
/* Links of any kind, once they are descriptors (link.h). */
#include "slipway/link.h"

#include "connect.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t slw_link_now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int slw_wait_for(int descriptor, short events, uint32_t timeout_ms)
{
    struct pollfd wanted = {.fd = descriptor, .events = events};
    int timeout = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    int ready = poll(&wanted, 1, timeout);
    return ready < 0 && errno == EINTR ? 0 : ready;
}

enum slw_status slw_link_open(const char *text, uint32_t timeout_ms, struct slw_link *ret_link,
                              struct slw_detail *detail)
{
    struct slw_link_address address;
    int descriptor = -1;
    SLW_TRY(slw_link_parse(text, &address, detail));
    if (address.kind == SLW_LINK_TCP) {
        SLW_TRY(slw_tcp_connect(text, &address, timeout_ms, &descriptor, detail));
    } else {
        SLW_TRY(slw_terminal_open(text, &address, &descriptor, detail));
    }
    *ret_link = (struct slw_link){.descriptor = descriptor, .kind = address.kind};
    return SLW_OK;
}

/* Of read() and write(): they may be tried again, or the link is gone. */
static enum slw_status status_of_errno(void)
{
    switch (errno) {
    case EAGAIN:
    case EINTR:
        return SLW_IO_TIMEOUT;
    case EIO: /* a terminal whose other end is closed, or that was unplugged */
    case ENXIO:
    case ENODEV:
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
        return SLW_IO_CLOSED;
    default:
        return SLW_IO;
    }
}

static enum slw_status read_now(struct slw_link *link, uint8_t *buffer, size_t capacity,
                                size_t *ret_len)
{
    ssize_t len = read(link->descriptor, buffer, capacity);
    if (len < 0) {
        return status_of_errno();
    }
    if (len == 0) {
        return SLW_IO_CLOSED;
    }
    *ret_len = (size_t)len;
    return SLW_OK;
}

enum slw_status slw_link_read(struct slw_link *link, uint8_t *buffer, size_t capacity,
                              uint32_t timeout_ms, size_t *ret_len)
{
    enum slw_status status = read_now(link, buffer, capacity, ret_len);
    if (status != SLW_IO_TIMEOUT || timeout_ms == 0) {
        return status;
    }
    int ready = slw_wait_for(link->descriptor, POLLIN, timeout_ms);
    if (ready <= 0) {
        return ready == 0 ? SLW_IO_TIMEOUT : SLW_IO;
    }
    return read_now(link, buffer, capacity, ret_len);
}

enum slw_status slw_link_write_some(struct slw_link *link, struct slw_bytes bytes,
                                    size_t *ret_written)
{
    bool is_socket = link->kind == SLW_LINK_TCP;
    ssize_t len = is_socket ? send(link->descriptor, bytes.ptr, bytes.len, MSG_NOSIGNAL)
                            : write(link->descriptor, bytes.ptr, bytes.len);
    if (len < 0) {
        enum slw_status status = status_of_errno();
        if (status != SLW_IO_TIMEOUT) {
            return status;
        }
        len = 0;
    }
    *ret_written = (size_t)len;
    return SLW_OK;
}

enum slw_status slw_link_write(struct slw_link *link, struct slw_bytes bytes, uint32_t timeout_ms)
{
    uint64_t since_ms = slw_link_now_ms();
    while (bytes.len > 0) {
        size_t written = 0;
        SLW_TRY(slw_link_write_some(link, bytes, &written));
        bytes = slw_bytes_make(bytes.ptr + written, bytes.len - written);
        if (written > 0) {
            since_ms = slw_link_now_ms();
            continue;
        }
        uint64_t waited_ms = slw_link_now_ms() - since_ms;
        if (waited_ms >= timeout_ms) {
            return SLW_IO_TIMEOUT;
        }
        if (slw_wait_for(link->descriptor, POLLOUT, timeout_ms - (uint32_t)waited_ms) < 0) {
            return SLW_IO;
        }
    }
    return SLW_OK;
}

void slw_link_close(struct slw_link *link)
{
    if (link->descriptor >= 0) {
        close(link->descriptor);
        link->descriptor = -1;
    }
}
