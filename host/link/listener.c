/* SPDX-License-Identifier: Apache-2.0 */
/* Where a virtual device waits for its clients (link_listener.h). */
#include "slipway/link_listener.h"

#include "connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How often a pseudo terminal is looked at while nobody has it open: poll(2) can't wait for that.
 */
#define TERMINAL_LOOK_MS 10u

static uint16_t bound_port(int descriptor)
{
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (getsockname(descriptor, (struct sockaddr *)&bound, &size) != 0) {
        return 0;
    }
    if (bound.ss_family == AF_INET6) {
        memcpy(&v6, &bound, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    memcpy(&v4, &bound, sizeof v4);
    return ntohs(v4.sin_port);
}

static enum slw_status open_tcp(const char *text, const struct slw_link_address *address,
                                struct slw_listener *listener, struct slw_detail *detail)
{
    SLW_TRY(slw_tcp_listen(text, address, &listener->descriptor, detail));
    bool is_v6 = strchr(address->name, ':') != NULL;
    (void)snprintf(listener->text, sizeof listener->text, is_v6 ? "tcp:[%s]:%u" : "tcp:%s:%u",
                   address->name, (unsigned)bound_port(listener->descriptor));
    return SLW_OK;
}

/* A link from an earlier run is replaced; anything else at path is left alone. */
static bool make_symbolic_link(const char *target, const char *path)
{
    struct stat existing;
    if (symlink(target, path) == 0) {
        return true;
    }
    if (errno != EEXIST || lstat(path, &existing) != 0) {
        return false;
    }
    if (!S_ISLNK(existing.st_mode)) {
        errno = EEXIST;
        return false;
    }
    return unlink(path) == 0 && symlink(target, path) == 0;
}

/* Makes the pair, raw, with nobody at the other end yet: *ret_name is that end's. */
static int open_pair(char *ret_name, size_t name_size)
{
    int master = -1;
    int slave = -1;
    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) {
        return -1;
    }
    bool done = slw_terminal_make_raw(slave) && ttyname_r(slave, ret_name, name_size) == 0 &&
                fcntl(master, F_SETFL, O_NONBLOCK) == 0 && fcntl(master, F_SETFD, FD_CLOEXEC) == 0;
    close(slave);
    if (!done) {
        close(master);
        return -1;
    }
    return master;
}

static enum slw_status open_terminal(const char *text, const struct slw_link_address *address,
                                     struct slw_listener *listener, struct slw_detail *detail)
{
    char name[64];
    listener->descriptor = open_pair(name, sizeof name);
    if (listener->descriptor < 0) {
        return slw_explain_errno(detail, text);
    }
    if (!make_symbolic_link(name, address->name)) {
        enum slw_status status = slw_explain_errno(detail, text);
        close(listener->descriptor);
        return status;
    }
    (void)snprintf(listener->text, sizeof listener->text, "%s", text);
    memcpy(listener->path, address->name, sizeof listener->path);
    return SLW_OK;
}

enum slw_status slw_listener_open(const char *text, struct slw_listener *ret_listener,
                                  struct slw_detail *detail)
{
    struct slw_link_address address;
    SLW_TRY(slw_link_parse(text, &address, detail));
    struct slw_listener listener = {.kind = address.kind, .owner = getpid()};
    switch (address.kind) {
    case SLW_LINK_TCP:
        SLW_TRY(open_tcp(text, &address, &listener, detail));
        break;
    case SLW_LINK_PTY:
        SLW_TRY(open_terminal(text, &address, &listener, detail));
        break;
    case SLW_LINK_SERIAL:
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "%s: only tcp:HOST:PORT and pty:PATH can be listened on", text);
    }
    *ret_listener = listener;
    return SLW_OK;
}

static enum slw_status accept_tcp(const struct slw_listener *listener, uint32_t timeout_ms,
                                  int *ret_descriptor)
{
    int ready = slw_wait_for(listener->descriptor, POLLIN, timeout_ms);
    if (ready <= 0) {
        return ready == 0 ? SLW_IO_TIMEOUT : SLW_IO;
    }
    int descriptor = accept(listener->descriptor, NULL, NULL);
    if (descriptor < 0) {
        bool left = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
        return left ? SLW_IO_TIMEOUT : SLW_IO;
    }
    if (fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        close(descriptor);
        return SLW_IO;
    }
    slw_tcp_send_at_once(descriptor);
    *ret_descriptor = descriptor;
    return SLW_OK;
}

/* Hung up means that nobody has the other end open; bytes may still be there from who had. */
static bool terminal_has_client(int descriptor)
{
    struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
    return poll(&wanted, 1, 0) >= 0 &&
           ((wanted.revents & POLLHUP) == 0 || (wanted.revents & POLLIN) != 0);
}

static enum slw_status accept_terminal(const struct slw_listener *listener, uint32_t timeout_ms,
                                       int *ret_descriptor)
{
    uint64_t deadline_ms = slw_link_now_ms() + timeout_ms;
    while (!terminal_has_client(listener->descriptor)) {
        uint64_t now_ms = slw_link_now_ms();
        if (now_ms >= deadline_ms) {
            return SLW_IO_TIMEOUT;
        }
        uint64_t left_ms = deadline_ms - now_ms;
        const struct timespec pause = {
            .tv_nsec = (long)(left_ms < TERMINAL_LOOK_MS ? left_ms : TERMINAL_LOOK_MS) * 1000000,
        };
        if (nanosleep(&pause, NULL) != 0) {
            return SLW_IO_TIMEOUT;
        }
    }
    int descriptor = fcntl(listener->descriptor, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) {
        return SLW_IO;
    }
    *ret_descriptor = descriptor;
    return SLW_OK;
}

enum slw_status slw_listener_accept(struct slw_listener *listener, uint32_t timeout_ms,
                                    struct slw_link *ret_link)
{
    int descriptor = -1;
    if (listener->kind == SLW_LINK_TCP) {
        SLW_TRY(accept_tcp(listener, timeout_ms, &descriptor));
    } else {
        SLW_TRY(accept_terminal(listener, timeout_ms, &descriptor));
    }
    *ret_link = (struct slw_link){.descriptor = descriptor, .kind = listener->kind};
    return SLW_OK;
}

void slw_listener_close(struct slw_listener *listener)
{
    if (listener->descriptor < 0) {
        return;
    }
    close(listener->descriptor);
    listener->descriptor = -1;
    if (listener->path[0] != '\0' && listener->owner == getpid()) {
        (void)unlink(listener->path);
    }
}

static bool keep_on_exec(int descriptor)
{
    return fcntl(descriptor, F_SETFD, 0) == 0;
}

enum slw_status slw_listener_save(const struct slw_listener *listener,
                                  const struct slw_link *client,
                                  char ret_saved[static SLW_LISTENER_SAVED_SIZE])
{
    int client_descriptor = client == NULL ? -1 : client->descriptor;
    if (!keep_on_exec(listener->descriptor) ||
        (client_descriptor >= 0 && !keep_on_exec(client_descriptor))) {
        return SLW_IO;
    }
    int len = snprintf(ret_saved, SLW_LISTENER_SAVED_SIZE, "%d %d %s", listener->descriptor,
                       client_descriptor, listener->text);
    return len > 0 && len < SLW_LISTENER_SAVED_SIZE ? SLW_OK : SLW_NO_SPACE;
}

/* A number and the space after it; moves past them. */
static bool read_descriptor(const char **text, int *ret_descriptor)
{
    char *end = NULL;
    long number = strtol(*text, &end, 10);
    if (end == *text || *end != ' ' || number < -1 || number > INT32_MAX) {
        return false;
    }
    *text = end + 1;
    *ret_descriptor = (int)number;
    return true;
}

static bool take_over(int descriptor)
{
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

enum slw_status slw_listener_restore(const char *saved, struct slw_listener *ret_listener,
                                     struct slw_link *ret_client)
{
    struct slw_link_address address;
    struct slw_detail ignored;
    struct slw_listener listener = {.owner = getpid()};
    struct slw_link client;
    if (!read_descriptor(&saved, &listener.descriptor) ||
        !read_descriptor(&saved, &client.descriptor) || strlen(saved) >= sizeof listener.text ||
        slw_link_parse(saved, &address, &ignored) != SLW_OK) {
        return SLW_BAD_ARGUMENT;
    }
    if (!take_over(listener.descriptor) ||
        (client.descriptor >= 0 && !take_over(client.descriptor))) {
        return SLW_BAD_ARGUMENT;
    }
    listener.kind = address.kind;
    client.kind = address.kind;
    (void)snprintf(listener.text, sizeof listener.text, "%s", saved);
    if (address.kind == SLW_LINK_PTY) {
        memcpy(listener.path, address.name, sizeof listener.path);
    }
    *ret_listener = listener;
    *ret_client = client;
    return SLW_OK;
}
