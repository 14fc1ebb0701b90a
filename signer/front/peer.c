/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies local peers, and notes where others come from. See peer.h. */
#include "peer.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static bool has_group(const struct front_settings *settings, gid_t group)
{
    bool found = false;
    for (size_t i = 0; i < settings->socket_groups_count; i++) {
        found |= settings->socket_groups[i] == group;
    }
    return found;
}

/* By user, or by one of the groups that it had when it connected. */
static bool is_admitted(const struct front_settings *settings, int descriptor,
                        const struct ucred *peer)
{
    gid_t groups[FRONT_PEERS_MAX];
    socklen_t len = sizeof groups;
    bool admitted = settings->socket_users_count == 0 && settings->socket_groups_count == 0;
    for (size_t i = 0; i < settings->socket_users_count; i++) {
        admitted |= settings->socket_users[i] == peer->uid;
    }
    admitted |= has_group(settings, peer->gid);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
        for (size_t i = 0; i < len / sizeof groups[0]; i++) {
            admitted |= has_group(settings, groups[i]);
        }
    }
    return admitted;
}

enum slw_status front_local_verify(const struct front_settings *settings,
                                   struct slw_http_connection *connection,
                                   struct slw_detail *detail)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    if (getsockopt(connection->descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return slw_explain_errno(detail, "local socket");
    }
    if (!is_admitted(settings, connection->descriptor, &peer)) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "local socket: user %u isn't admitted",
                           (unsigned)peer.uid);
    }
    memcpy(connection->client, &peer.uid, sizeof peer.uid);
    connection->client_len = sizeof peer.uid;
    return SLW_OK;
}

void front_address_note(struct slw_http_connection *connection)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getpeername(connection->descriptor, (struct sockaddr *)&address, &len) != 0) {
        return;
    }
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
        memcpy(connection->client, &six->sin6_addr, sizeof six->sin6_addr);
        connection->client_len = sizeof six->sin6_addr;
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
        memcpy(connection->client, &four->sin_addr, sizeof four->sin_addr);
        connection->client_len = sizeof four->sin_addr;
    }
}
