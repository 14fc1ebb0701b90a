/* SPDX-License-Identifier: Apache-2.0 */
/* TCP links: connecting and listening (connect.h). */
#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void slw_tcp_send_at_once(int descriptor)
{
    const int on = 1;
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static enum slw_status look_up(const char *text, const struct slw_link_address *address, int flags,
                               struct addrinfo **ret_list, struct slw_detail *detail)
{
    char port[8];
    const struct addrinfo hints = {
        .ai_flags = flags | AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    (void)snprintf(port, sizeof port, "%u", (unsigned)address->port);
    int error = getaddrinfo(address->name, port, &hints, ret_list);
    if (error == 0) {
        return SLW_OK;
    }
    const char *cause = error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
    return slw_explain(detail, SLW_IO, "%s: %s", text, cause);
}

static int open_socket(const struct addrinfo *info)
{
    return socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                  info->ai_protocol);
}

/* False with errno; ETIMEDOUT when it takes too long. */
static bool connect_in_time(int descriptor, const struct addrinfo *info, uint32_t timeout_ms)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(descriptor, info->ai_addr, info->ai_addrlen) == 0) {
        return true;
    }
    if (errno != EINPROGRESS) {
        return false;
    }
    int ready = slw_wait_for(descriptor, POLLOUT, timeout_ms);
    if (ready <= 0) {
        errno = ready == 0 ? ETIMEDOUT : errno;
        return false;
    }
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return false;
    }
    errno = error;
    return error == 0;
}

enum slw_status slw_tcp_connect(const char *text, const struct slw_link_address *address,
                                uint32_t timeout_ms, int *ret_descriptor, struct slw_detail *detail)
{
    struct addrinfo *list = NULL;
    int error = 0;
    if (address->port == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: nobody listens on port 0", text);
    }
    SLW_TRY(look_up(text, address, 0, &list, detail));
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        int descriptor = open_socket(info);
        if (descriptor >= 0 && connect_in_time(descriptor, info, timeout_ms)) {
            freeaddrinfo(list);
            slw_tcp_send_at_once(descriptor);
            *ret_descriptor = descriptor;
            return SLW_OK;
        }
        error = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    freeaddrinfo(list);
    return slw_explain(detail, error == ETIMEDOUT ? SLW_IO_TIMEOUT : SLW_IO, "%s: %s", text,
                       strerror(error));
}

static bool bind_and_listen(int descriptor, const struct addrinfo *info)
{
    const int on = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(descriptor, info->ai_addr, info->ai_addrlen) == 0 && listen(descriptor, 8) == 0;
}

enum slw_status slw_tcp_listen(const char *text, const struct slw_link_address *address,
                               int *ret_descriptor, struct slw_detail *detail)
{
    struct addrinfo *list = NULL;
    int error = 0;
    SLW_TRY(look_up(text, address, AI_PASSIVE, &list, detail));
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        int descriptor = open_socket(info);
        if (descriptor >= 0 && bind_and_listen(descriptor, info)) {
            freeaddrinfo(list);
            *ret_descriptor = descriptor;
            return SLW_OK;
        }
        error = errno;
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    freeaddrinfo(list);
    return slw_explain(detail, SLW_IO, "%s: %s", text, strerror(error));
}
