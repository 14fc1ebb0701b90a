/* SPDX-License-Identifier: Apache-2.0 */
/* Opens listening sockets. See http_listen.h. */
#include "slipway/http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 256

/* "HOST:PORT", "[HOST]:PORT". */
static enum slw_status split(const char *text, char host[static SLW_HTTP_HOST_MAX],
                             char port[static 8], struct slw_detail *detail)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    if (len >= SLW_HTTP_HOST_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%.64s…: not HOST:PORT", text);
    }
    size_t skip = len >= 2 && text[0] == '[' && text[len - 1] == ']' ? 1 : 0;
    if (colon == NULL || len <= 2 * skip || strlen(colon + 1) == 0 || strlen(colon + 1) > 5 ||
        colon[1 + strspn(colon + 1, "0123456789")] != '\0') {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not HOST:PORT", text);
    }
    memcpy(host, text + skip, len - 2 * skip);
    host[len - 2 * skip] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return SLW_OK;
}

static int bind_one(const struct addrinfo *address)
{
    int one = 1;
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -1;
    }
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(descriptor, BACKLOG) != 0) {
        int error = errno;
        (void)close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

/* The port that the system chose, when it did. */
static unsigned port_of(int descriptor)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    char port[8] = "0";
    if (getsockname(descriptor, (struct sockaddr *)&address, &len) == 0) {
        (void)getnameinfo((const struct sockaddr *)&address, len, NULL, 0, port, sizeof port,
                          NI_NUMERICSERV);
    }
    unsigned number = 0;
    for (const char *at = port; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (unsigned)(*at - '0');
    }
    return number;
}

enum slw_status slw_http_listen_tcp(const char *text, const char *scheme, size_t address_size,
                                    char *ret_address, int *ret_descriptor,
                                    struct slw_detail *detail)
{
    char host[SLW_HTTP_HOST_MAX];
    char port[8];
    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    SLW_TRY(split(text, host, port, detail));
    int code = getaddrinfo(host, port, &wanted, &found);
    if (code != 0) {
        return slw_explain(detail, SLW_IO, "%s: %s", text, gai_strerror(code));
    }
    int descriptor = bind_one(found);
    freeaddrinfo(found);
    if (descriptor < 0) {
        return slw_explain_errno(detail, text);
    }
    bool is_six = strchr(host, ':') != NULL;
    (void)snprintf(ret_address, address_size, is_six ? "%s://[%s]:%u" : "%s://%s:%u", scheme, host,
                   port_of(descriptor));
    *ret_descriptor = descriptor;
    return SLW_OK;
}

enum slw_status slw_http_listen_local(const char *path, uint32_t mode, int *ret_descriptor,
                                      struct slw_detail *detail)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat there;
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: too long for a socket", path);
    }
    memcpy(address.sun_path, path, len + 1);
    if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode)) {
        (void)unlink(path); /* a former server's */
    }
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return slw_explain_errno(detail, path);
    }
    /* Nobody can connect before it listens, and then the mode is what it is to be. */
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, mode) != 0 || listen(descriptor, BACKLOG) != 0) {
        enum slw_status status = slw_explain_errno(detail, path);
        (void)close(descriptor);
        return status;
    }
    *ret_descriptor = descriptor;
    return SLW_OK;
}
