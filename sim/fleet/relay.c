/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network that breaks (fleet.h): ports before the depot's, each of which lets every connection
 * end in a way of its own: in the middle of a handshake or a request, in the middle of an answer or
 * a download, or when the depot has the request and the answer is on its way. What passes is TLS,
 * which is neither read nor changed. One thread passes everything; so little of it is under way
 * that a write never waits long.
 */
#include "fleet.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512u
#define PIECE_SIZE 16384u
#define POLL_MS 50
#define NEVER UINT32_MAX

/* A connection ends when so many bytes went up, or down, or with the answer to this request. */
struct fault {
    uint32_t up, down, answer;
};

static const struct fault faults[RELAY_FAULTS] = {
    {100, NEVER, NEVER},  {700, NEVER, NEVER},  {1200, NEVER, NEVER},  {2000, NEVER, NEVER},
    {4000, NEVER, NEVER}, {NEVER, 50, NEVER},   {NEVER, 1000, NEVER},  {NEVER, 2500, NEVER},
    {NEVER, 5000, NEVER}, {NEVER, 9000, NEVER}, {NEVER, 14000, NEVER}, {NEVER, NEVER, 1},
    {NEVER, NEVER, 2},    {NEVER, NEVER, 3},    {NEVER, NEVER, 4},     {NEVER, NEVER, 6},
};

struct connection {
    int client, depot; /* descriptors; 0: unused */
    const struct fault *fault;
    uint32_t up, down;
    uint32_t turns; /* how often the client spoke after the depot did */
    bool depot_spoke;
};

struct relay {
    pthread_t thread;
    atomic_bool stop;
    struct sockaddr_in depot;
    int listeners[RELAY_FAULTS];
    char urls[RELAY_FAULTS][64];
    struct connection connections[CONNECTIONS_MAX];
    struct pollfd polled[RELAY_FAULTS + 2 * CONNECTIONS_MAX];
};

/* --- Passing on --- */

static void hang_up(struct connection *connection)
{
    (void)close(connection->client);
    (void)close(connection->depot);
    *connection = (struct connection){0};
}

static bool send_all(int to, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(to, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* False when it is over: by itself, or because it was to break here. */
static bool pass(struct connection *connection, bool up)
{
    uint8_t piece[PIECE_SIZE];
    uint32_t *passed = up ? &connection->up : &connection->down;
    uint32_t most = up ? connection->fault->up : connection->fault->down;
    ssize_t got = recv(up ? connection->client : connection->depot, piece, sizeof piece, 0);
    if (got <= 0) {
        return false;
    }
    connection->turns += up && connection->depot_spoke ? 1 : 0;
    connection->depot_spoke = !up;
    if (!up && connection->turns >= connection->fault->answer) {
        return false;
    }
    uint32_t left = most - *passed;
    size_t len = (size_t)got < left ? (size_t)got : left;
    *passed += (uint32_t)len;
    return send_all(up ? connection->depot : connection->client, piece, len) && *passed < most;
}

static int connect_depot(const struct relay *relay)
{
    const int yes = 1;
    int depot = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (depot >= 0 &&
        connect(depot, (const struct sockaddr *)&relay->depot, sizeof relay->depot) != 0) {
        (void)close(depot);
        return -1;
    }
    if (depot >= 0) {
        (void)setsockopt(depot, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    return depot;
}

static void let_in(struct relay *relay, unsigned number)
{
    const int yes = 1;
    int client = accept(relay->listeners[number], NULL, NULL);
    if (client < 0) {
        return;
    }
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &relay->connections[i];
        if (connection->fault == NULL) {
            int depot = connect_depot(relay);
            if (depot < 0) {
                break;
            }
            *connection =
                (struct connection){.client = client, .depot = depot, .fault = &faults[number]};
            return;
        }
    }
    (void)close(client); /* also a way to break */
}

static nfds_t fill(struct relay *relay)
{
    nfds_t count = 0;
    for (unsigned i = 0; i < RELAY_FAULTS; i++) {
        relay->polled[count++] = (struct pollfd){.fd = relay->listeners[i], .events = POLLIN};
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        const struct connection *connection = &relay->connections[i];
        bool used = connection->fault != NULL;
        relay->polled[count++] =
            (struct pollfd){.fd = used ? connection->client : -1, .events = POLLIN};
        relay->polled[count++] =
            (struct pollfd){.fd = used ? connection->depot : -1, .events = POLLIN};
    }
    return count;
}

static void *run(void *context)
{
    struct relay *relay = context;
    while (!atomic_load(&relay->stop)) {
        if (poll(relay->polled, fill(relay), POLL_MS) <= 0) {
            continue;
        }
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            const struct pollfd *sides = &relay->polled[RELAY_FAULTS + 2 * i];
            struct connection *connection = &relay->connections[i];
            bool good = sides[0].revents == 0 || pass(connection, true);
            good = good && (sides[1].revents == 0 || pass(connection, false));
            if (!good) {
                hang_up(connection);
            }
        }
        for (unsigned i = 0; i < RELAY_FAULTS; i++) {
            if (relay->polled[i].revents != 0) {
                let_in(relay, i);
            }
        }
    }
    return NULL;
}

/* --- Opening --- */

static enum slw_status listen_on(struct relay *relay, unsigned number, struct slw_detail *detail)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    relay->listeners[number] = listener;
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, len) != 0 ||
        listen(listener, 128) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        return slw_explain_errno(detail, "a port of the relay");
    }
    (void)snprintf(relay->urls[number], sizeof relay->urls[number], "https://127.0.0.1:%u",
                   (unsigned)ntohs(address.sin_port));
    return SLW_OK;
}

enum slw_status relay_open(const char *depot_url, struct relay **ret_relay,
                           struct slw_detail *detail)
{
    static const char beginning[] = "https://127.0.0.1:";
    bool is_here = strncmp(depot_url, beginning, sizeof beginning - 1) == 0;
    char *end = NULL;
    unsigned long port = is_here ? strtoul(depot_url + sizeof beginning - 1, &end, 10) : 0;
    if (port == 0 || port > 65535 || *end != '\0') {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not https://127.0.0.1:PORT", depot_url);
    }
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        return slw_explain_no_memory(detail);
    }
    memset(relay->listeners, -1, sizeof relay->listeners);
    relay->depot = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    enum slw_status status = SLW_OK;
    for (unsigned i = 0; i < RELAY_FAULTS && status == SLW_OK; i++) {
        status = listen_on(relay, i, detail);
    }
    if (status == SLW_OK && pthread_create(&relay->thread, NULL, run, relay) != 0) {
        status = slw_explain(detail, SLW_IO, "no thread for the relay");
    }
    if (status != SLW_OK) {
        free(relay);
        return status;
    }
    *ret_relay = relay;
    return SLW_OK;
}

void relay_close(struct relay *relay)
{
    if (relay == NULL) {
        return;
    }
    atomic_store(&relay->stop, true);
    (void)pthread_join(relay->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (relay->connections[i].fault != NULL) {
            hang_up(&relay->connections[i]);
        }
    }
    for (unsigned i = 0; i < RELAY_FAULTS; i++) {
        (void)close(relay->listeners[i]);
    }
    free(relay);
}

const char *relay_url(const struct relay *relay, unsigned fault)
{
    return relay->urls[fault % RELAY_FAULTS];
}
