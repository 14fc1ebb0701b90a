/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests, as whatever bytes a client sends to a running server over a socketpair: what reaches a
 * handler is what the header promises, no more of it than ends of heads were sent, and everything
 * that comes back is an answer.
 */
#include "fuzz.h"

#include "slipway/http_server.h"

#include <linux/sockios.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX 60000u
#define BODY_MAX 4096u
#define WAIT_MS 5000

static struct slw_http_server *server;
static atomic_uint handled;

static void check_name(struct slw_bytes name)
{
    FUZZ_CHECK(name.len > 0);
    FUZZ_CHECK(!slw_bytes_equal(name, SLW_BYTES_OF(".")) &&
               !slw_bytes_equal(name, SLW_BYTES_OF("..")));
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.ptr[i];
        FUZZ_CHECK((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                   (byte >= 'A' && byte <= 'Z') ||
                   (byte != '\0' && strchr("-._~:@+", byte) != NULL));
    }
}

static void check_text(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    FUZZ_CHECK(slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker));
    FUZZ_CHECK(text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL);
}

static void check_header(struct slw_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        FUZZ_CHECK(value.ptr[i] == '\t' || (value.ptr[i] >= 0x20 && value.ptr[i] != 0x7F));
    }
}

/* Content-Length is a number, and that of the body. */
static void check_body(const struct slw_http_exchange *exchange)
{
    struct slw_bytes body = slw_http_body(exchange);
    struct slw_bytes length = slw_http_header(exchange, "Content-Length");
    size_t number = 0;
    for (size_t i = 0; i < length.len; i++) {
        FUZZ_CHECK(length.ptr[i] >= '0' && length.ptr[i] <= '9');
        number = number * 10 + (size_t)(length.ptr[i] - '0');
        FUZZ_CHECK(number <= BODY_MAX);
    }
    FUZZ_CHECK(body.len == number);
}

static void handle(void *context, struct slw_http_exchange *exchange)
{
    int64_t number = 0;
    (void)context;
    atomic_fetch_add(&handled, 1);
    FUZZ_CHECK(slw_http_path(exchange).ptr[0] == '/');
    if (slw_http_flags(exchange) == 1) {
        check_name(slw_http_parameter(exchange, 0));
    }
    check_text(slw_http_query(exchange, "q"));
    if (slw_http_query_number(exchange, "n", -5, 5, &number)) {
        FUZZ_CHECK(number >= -5 && number <= 5);
    }
    check_header(slw_http_header(exchange, "X"));
    check_header(slw_http_cookie(exchange, "c"));
    FUZZ_CHECK(slw_http_header(exchange, "Transfer-Encoding").len == 0);
    check_body(exchange);
    slw_http_answer_empty(exchange, 204);
}

static const struct slw_http_route routes[] = {
    {"GET", "/", handle, 0, 0},
    {"GET", "/a/{b}", handle, 0, 1},
    {"POST", "/a/{b}", handle, BODY_MAX, 1},
    {"GET", "/f/{path...}", handle, 0, 0},
};

static void start(void)
{
    const struct slw_http_settings settings = {.threads = 1};
    struct slw_detail detail;
    if (slw_http_server_start(&settings, routes, sizeof routes / sizeof routes[0], NULL, &server,
                              &detail) != SLW_OK) {
        abort();
    }
}

/* Ends of heads, with those that can't be told from them: see host/http/head.c. */
static unsigned count_ends(struct slw_bytes input)
{
    unsigned count = 0;
    for (size_t i = 0; i + 4 <= input.len; i++) {
        const uint8_t *four = input.ptr + i;
        count += memcmp(four, "\r\n\r\n", 4) == 0 || memcmp(four, "\r\n:\n", 4) == 0 ||
                 memcmp(four, "\n:\r\n", 4) == 0;
    }
    return count;
}

/* Says that nothing more comes, once all was read: the server looks for one thing at a time. */
static void end_input(int descriptor)
{
    int unread = 1;
    for (unsigned i = 0; i < 200 && unread > 0; i++) {
        if (ioctl(descriptor, SIOCOUTQ, &unread) != 0) {
            break;
        }
        (void)usleep(unread > 0 ? 20 : 0);
    }
    (void)shutdown(descriptor, SHUT_WR);
}

/* Everything that came back, until the connection was closed. */
static size_t read_answers(int descriptor, char *text, size_t size)
{
    size_t len = 0;
    ssize_t got = 1;
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    while (got > 0 && len < size && poll(&wait, 1, WAIT_MS) > 0) {
        got = read(descriptor, text + len, size - len);
        len += got > 0 ? (size_t)got : 0;
    }
    FUZZ_CHECK(got <= 0 || len == size);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answers[1u << 20];
    struct slw_bytes input = slw_bytes_make(data, size < INPUT_MAX ? size : INPUT_MAX);
    struct slw_detail detail;
    int ends[2];
    if (server == NULL) {
        start();
    }
    unsigned before = atomic_load(&handled);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        slw_http_server_adopt(server, ends[1], &detail) != SLW_OK) {
        abort();
    }
    (void)send(ends[0], input.ptr, input.len, MSG_NOSIGNAL);
    end_input(ends[0]);
    size_t len = read_answers(ends[0], answers, sizeof answers);
    (void)close(ends[0]);
    FUZZ_CHECK(len == 0 || (len > 8 && memcmp(answers, "HTTP/1.", 7) == 0));
    FUZZ_CHECK(atomic_load(&handled) - before <= count_ends(input));
    return 0;
}
