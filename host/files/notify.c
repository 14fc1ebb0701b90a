/* SPDX-License-Identifier: Apache-2.0 */
/* See slipway/notify.h. Connected at start, since the process can't connect anywhere later. */
#include "slipway/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int manager = -1;

enum slw_status slw_notify_open(struct slw_detail *detail)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL) {
        return SLW_OK;
    }
    size_t len = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || len >= sizeof address.sun_path) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "NOTIFY_SOCKET: not a socket's path");
    }
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* an abstract one */
    }
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (manager < 0 || connect(manager, (const struct sockaddr *)&address, size) != 0) {
        return slw_explain_errno(detail, path);
    }
    return SLW_OK;
}

void slw_notify(const char *state)
{
    if (manager >= 0) {
        (void)send(manager, state, strlen(state), MSG_NOSIGNAL);
    }
}
