/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks an HTTP server on this machine for one thing again and again, over connections that stay
 * open, one request under way on each; and tells how many answers came in a second and how long
 * they took. Or only keeps connections open, for measuring what they cost.
 *
 *     http_load PORT CONNECTIONS SECONDS PATH [HEADER...]      prints "RATE P50-US P99-US"
 *     http_load PORT CONNECTIONS SECONDS --again FILE          the requests of a file, over and
 * over http_load PORT CONNECTIONS SECONDS --once FILE           each of them once; ends when all
 * were http_load PORT CONNECTIONS SECONDS                       prints nothing
 *
 * A file has requests as they are sent, a line with the number of their bytes before each. Any
 * answer but one of 200, 201, 202 or 204 ends it, and so does a connection that is closed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8192u
#define EVENTS_MAX 256
#define TIMES_MAX (1u << 24)
#define REQUEST_MAX 4096u
#define STOCK_MAX (1u << 21) /* requests of a file */

struct client {
    int descriptor;
    int64_t asked_us;
    size_t len;
    char answer[4096];
};

static struct client *clients;
static uint32_t *times;
static size_t times_count;
static char request[REQUEST_MAX];

/* What is asked for, in turn. */
static struct {
    const char *text;
    size_t len;
} * stock;
static size_t stock_count, stock_next;
static bool is_once;
static unsigned under_way;

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "http_load: %s\n", what);
    exit(EXIT_FAILURE);
}

static int connect_to(uint16_t port)
{
    int one = 1;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 ||
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail("can't connect");
    }
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return descriptor;
}

static void ask(struct client *client)
{
    if (stock_next == stock_count && is_once) {
        under_way--;
        return;
    }
    stock_next = stock_next == stock_count ? 0 : stock_next;
    size_t len = stock[stock_next].len;
    client->len = 0;
    client->asked_us = now_us();
    if (send(client->descriptor, stock[stock_next].text, len, MSG_NOSIGNAL) != (ssize_t)len) {
        fail("can't send");
    }
    stock_next++;
}

/* Whether all of the answer is there. */
static bool is_whole(const struct client *client)
{
    const char *end = memmem(client->answer, client->len, "\r\n\r\n", 4);
    if (end == NULL) {
        return false;
    }
    size_t head_len = (size_t)(end - client->answer) + 4;
    const char *field = memmem(client->answer, head_len, "Content-Length: ", 16);
    size_t body_len = field == NULL ? 0 : (size_t)strtoul(field + 16, NULL, 10);
    return client->len >= head_len + body_len;
}

static void check(const struct client *client)
{
    unsigned long status = strtoul(client->answer + 9, NULL, 10);
    if (status != 200 && status != 201 && status != 202 && status != 204) {
        (void)fprintf(stderr, "%.*s\n", (int)client->len, client->answer);
        fail("an answer that isn't good");
    }
}

static void receive(struct client *client)
{
    ssize_t got = recv(client->descriptor, client->answer + client->len,
                       sizeof client->answer - 1 - client->len, 0);
    if (got <= 0) {
        fail("a connection was closed, or an answer is too long");
    }
    client->len += (size_t)got;
    client->answer[client->len] = '\0';
    if (!is_whole(client)) {
        return;
    }
    check(client);
    if (times_count < TIMES_MAX) {
        times[times_count++] = (uint32_t)(now_us() - client->asked_us);
    }
    ask(client);
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

static void write_request(const char *path, char **headers, int count)
{
    size_t size = sizeof request;
    size_t len = (size_t)snprintf(request, size, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", path);
    for (int i = 0; i < count && len < size; i++) {
        len += (size_t)snprintf(request + len, size - len, "%s\r\n", headers[i]);
    }
    if (len + 2 >= size) {
        fail("too long a request");
    }
    memcpy(request + len, "\r\n", 2);
    stock[0].text = request;
    stock[0].len = len + 2;
    stock_count = 1;
}

static void read_requests(const char *path)
{
    struct stat state;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &state) != 0 || state.st_size == 0) {
        fail("can't read the requests");
    }
    const char *text =
        mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0);
    const char *end = text + state.st_size;
    if (text == MAP_FAILED) {
        fail("can't read the requests");
    }
    (void)close(descriptor);
    while (text < end && stock_count < STOCK_MAX) {
        size_t len = strtoul(text, NULL, 10);
        const char *begin = memchr(text, '\n', (size_t)(end - text));
        if (begin == NULL || len == 0 || len > (size_t)(end - begin - 1)) {
            fail("that isn't a file of requests");
        }
        stock[stock_count].text = begin + 1;
        stock[stock_count++].len = len;
        text = begin + 1 + len;
    }
}

static void run(int poller, unsigned count, int64_t until_us)
{
    struct epoll_event events[EVENTS_MAX];
    under_way = count;
    for (unsigned i = 0; i < count; i++) {
        ask(&clients[i]);
    }
    while (under_way > 0 && now_us() < until_us) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, 1000);
        for (int i = 0; i < ready; i++) {
            receive(&clients[events[i].data.u32]);
        }
    }
}

static void print_result(int64_t took_us)
{
    if (times_count == 0) {
        fail("no answer came");
    }
    qsort(times, times_count, sizeof times[0], compare);
    (void)printf("%.0f %u %u\n", (double)times_count * 1e6 / (double)took_us,
                 times[times_count / 2], times[times_count * 99 / 100]);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fail("usage: http_load PORT CONNECTIONS SECONDS [PATH [HEADER...] | --again FILE | --once "
             "FILE]");
    }
    unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    unsigned seconds = (unsigned)strtoul(argv[3], NULL, 10);
    int poller = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(CONNECTIONS_MAX, sizeof *clients);
    times = calloc(TIMES_MAX, sizeof *times);
    stock = calloc(STOCK_MAX, sizeof *stock);
    if (poller < 0 || clients == NULL || times == NULL || stock == NULL || count == 0 ||
        count > CONNECTIONS_MAX) {
        fail("too many connections, or no memory");
    }
    for (unsigned i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        clients[i].descriptor = connect_to((uint16_t)strtoul(argv[1], NULL, 10));
        if (epoll_ctl(poller, EPOLL_CTL_ADD, clients[i].descriptor, &event) != 0) {
            fail("can't wait for answers");
        }
    }
    if (argc == 4) {
        (void)sleep(seconds);
        return EXIT_SUCCESS;
    }
    is_once = argc == 6 && strcmp(argv[4], "--once") == 0;
    if (is_once || (argc == 6 && strcmp(argv[4], "--again") == 0)) {
        read_requests(argv[5]);
    } else {
        write_request(argv[4], argv + 5, argc - 5);
    }
    int64_t begun_us = now_us();
    run(poller, count, begun_us + (int64_t)seconds * 1000000);
    print_result(now_us() - begun_us);
    return EXIT_SUCCESS;
}
