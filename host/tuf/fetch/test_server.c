/* SPDX-License-Identifier: Apache-2.0 */
/* The scripted web server of the fetcher's tests: one thread, raw sockets. */
#include "test_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 20

bool test_server_open(struct test_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *server = (struct test_server){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 16) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &len) != 0) {
        return false;
    }
    server->port = ntohs(address.sin_port);
    return true;
}

static bool is_readable(int descriptor, int timeout_ms)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    return poll(&wait, 1, timeout_ms) > 0;
}

/* False when the client is gone or the test is over. */
static bool send_all(struct test_server *server, int client, const char *bytes, size_t len)
{
    while (len > 0 && !atomic_load(&server->stopping)) {
        ssize_t count = send(client, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd wait = {.fd = client, .events = POLLOUT};
            (void)poll(&wait, 1, WAIT_MS);
            continue;
        }
        if (count < 0) {
            return false;
        }
        bytes += count;
        len -= (size_t)count;
    }
    return len == 0;
}

/* Sleeps; false when the client goes meanwhile, or the test is over. */
static bool pause_for(struct test_server *server, int client, unsigned pause_ms)
{
    char byte = 0;
    for (unsigned waited_ms = 0; waited_ms < pause_ms; waited_ms += WAIT_MS) {
        unsigned left_ms = pause_ms - waited_ms;
        if (atomic_load(&server->stopping)) {
            return false;
        }
        if (is_readable(client, left_ms < WAIT_MS ? (int)left_ms : WAIT_MS)) {
            return recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
        }
    }
    return true;
}

static bool send_head(struct test_server *server, int client, const struct test_answer *answer)
{
    size_t len = answer->head == NULL ? 0 : strlen(answer->head);
    size_t step = answer->head_in_bytes ? 1 : len;
    for (size_t at = 0; at < len; at += step) {
        if ((answer->head_in_bytes && !pause_for(server, client, answer->pause_ms)) ||
            !send_all(server, client, answer->head + at, step)) {
            return false;
        }
    }
    return true;
}

static bool send_answer(struct test_server *server, int client, const struct test_answer *answer)
{
    bool alive = send_head(server, client, answer);
    for (size_t i = 0; alive && i < answer->pieces; i++) {
        alive = pause_for(server, client, answer->pause_ms) &&
                send_all(server, client, answer->piece, strlen(answer->piece));
    }
    return alive;
}

/* Returns whether the connection is still open. */
static bool end_answer(struct test_server *server, int client, enum test_end end)
{
    struct linger abrupt = {.l_onoff = 1, .l_linger = 0};
    switch (end) {
    case TEST_KEEP:
        return true;
    case TEST_CLOSE:
        break;
    case TEST_RESET:
        (void)pause_for(server, client, 100);
        (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
        break;
    case TEST_HANG:
        while (pause_for(server, client, WAIT_MS)) {
        }
        break;
    }
    close(client);
    return false;
}

/* Reads the head of a request; false when the client is gone. */
static bool read_request(struct test_server *server, int client, char *text, size_t size)
{
    size_t len = 0;
    while (len < size - 1 && !atomic_load(&server->stopping)) {
        if (!is_readable(client, WAIT_MS)) {
            continue;
        }
        ssize_t count = recv(client, text + len, size - 1 - len, 0);
        if (count <= 0) {
            return false;
        }
        len += (size_t)count;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return false;
}

/* Returns whether the connection is still open. */
static bool serve(struct test_server *server, int client)
{
    static const struct test_answer none = {.head = "HTTP/1.1 500 Out of answers\r\n\r\n"};
    unsigned number = atomic_load(&server->requests);
    char ignored[2048];
    char *text = number < TEST_REQUESTS_MAX ? server->request[number] : ignored;
    if (!read_request(server, client, text, sizeof ignored)) {
        close(client);
        return false;
    }
    atomic_fetch_add(&server->requests, 1);
    const struct test_answer *answer = number < server->count ? &server->answers[number] : &none;
    if (!send_answer(server, client, answer)) {
        close(client);
        return false;
    }
    return end_answer(server, client, answer == &none ? TEST_CLOSE : answer->end);
}

static void accept_client(struct test_server *server, struct pollfd *waits)
{
    int client = accept(server->listener, NULL, NULL);
    for (size_t i = 1; client >= 0 && i <= TEST_CONNECTIONS_MAX; i++) {
        if (waits[i].fd < 0) {
            waits[i] = (struct pollfd){.fd = client, .events = POLLIN};
            atomic_fetch_add(&server->connections, 1);
            return;
        }
    }
}

static void *run(void *context)
{
    struct test_server *server = context;
    struct pollfd waits[TEST_CONNECTIONS_MAX + 1];
    for (size_t i = 0; i <= TEST_CONNECTIONS_MAX; i++) {
        waits[i] = (struct pollfd){.fd = i == 0 ? server->listener : -1, .events = POLLIN};
    }
    while (!atomic_load(&server->stopping)) {
        if (poll(waits, TEST_CONNECTIONS_MAX + 1, WAIT_MS) <= 0) {
            continue;
        }
        for (size_t i = 1; i <= TEST_CONNECTIONS_MAX; i++) {
            if (waits[i].fd >= 0 && waits[i].revents != 0 && !serve(server, waits[i].fd)) {
                waits[i].fd = -1;
            }
        }
        if (waits[0].revents != 0) {
            accept_client(server, waits);
        }
    }
    for (size_t i = 1; i <= TEST_CONNECTIONS_MAX; i++) {
        if (waits[i].fd >= 0) {
            close(waits[i].fd);
        }
    }
    return NULL;
}

bool test_server_play(struct test_server *server, const struct test_answer *answers, size_t count)
{
    server->answers = answers;
    server->count = count;
    server->is_playing = pthread_create(&server->thread, NULL, run, server) == 0;
    return server->is_playing;
}

void test_server_close(struct test_server *server)
{
    atomic_store(&server->stopping, true);
    if (server->is_playing) {
        (void)pthread_join(server->thread, NULL);
        server->is_playing = false;
    }
    close(server->listener);
}

static enum slw_status begin(void *context, uint64_t offset)
{
    struct test_file *file = context;
    file->begins++;
    file->offset = offset;
    file->bytes.len = 0;
    return file->fail_begin;
}

static enum slw_status append(void *context, struct slw_bytes piece)
{
    struct test_file *file = context;
    slw_heap_append(&file->bytes, piece);
    return file->fail_write;
}

void test_get(const struct slw_fetch_port *port, const struct slw_fetch_request *request,
              struct test_file *file)
{
    struct slw_fetch_sink sink = {file, begin, append};
    file->status = port->get(port->context, 0, request, &sink, &file->detail);
}

struct slw_http_fetcher *test_fetcher_new(const struct test_server *server,
                                          struct slw_http_options options)
{
    char metadata[128];
    char targets[128];
    const char *const metadata_urls[] = {metadata};
    const char *const targets_urls[] = {targets};
    struct slw_http_fetcher *fetcher = NULL;
    struct slw_detail detail;
    (void)snprintf(metadata, sizeof metadata, "http://name:s3cret@127.0.0.1:%u/metadata",
                   server->port);
    (void)snprintf(targets, sizeof targets, "http://127.0.0.1:%u/targets/", server->port);
    options.metadata_urls = metadata_urls;
    options.targets_urls = targets_urls;
    options.mirrors = 1;
    options.proxy = options.proxy == NULL ? "" : options.proxy;
    return slw_http_fetcher_new(&options, &fetcher, &detail) == SLW_OK ? fetcher : NULL;
}

void test_get_once(struct test_server *server, const struct test_answer *answers, size_t count,
                   const struct slw_fetch_request *request, struct test_file *file)
{
    struct slw_http_fetcher *fetcher = NULL;
    file->status = SLW_WRONG_STATE;
    if (test_server_open(server) && test_server_play(server, answers, count)) {
        fetcher = test_fetcher_new(server, (struct slw_http_options){0});
    }
    if (fetcher != NULL) {
        test_get(slw_http_fetcher_port(fetcher), request, file);
    }
    slw_http_fetcher_free(fetcher);
    test_server_close(server);
}
