/* SPDX-License-Identifier: Apache-2.0 */
/* See test_http.h. */
#include "test_http.h"

#include "slipway/http_clock.h"
#include "slipway/json.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void note(struct test_http *test)
{
    (void)pthread_mutex_lock(&test->lock);
    test->handled++;
    (void)pthread_mutex_unlock(&test->lock);
}

static void put(struct slw_json *json, const char *name, struct slw_bytes text)
{
    slw_json_bytes(json, name, text);
}

/* Says what was asked. */
static void echo(void *context, struct slw_http_exchange *exchange)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    int64_t number = 0;
    note(context);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "method", slw_http_method(exchange));
    put(&json, "path", slw_http_path(exchange));
    slw_json_uint(&json, "flags", slw_http_flags(exchange));
    put(&json, "first", slw_http_parameter(exchange, 0));
    put(&json, "second", slw_http_parameter(exchange, 1));
    put(&json, "q", slw_http_query(exchange, "q"));
    if (slw_http_query_number(exchange, "n", -5, 1000, &number)) {
        slw_json_int(&json, "n", number);
    }
    put(&json, "header", slw_http_header(exchange, "X-Test"));
    put(&json, "cookie", slw_http_cookie(exchange, "session"));
    put(&json, "body", slw_http_body(exchange));
    put(&json, "client", slw_http_client(exchange));
    put(&json, "name", slw_http_client_name(exchange));
    slw_json_bool(&json, "secure", slw_http_is_secure(exchange));
    slw_json_end_object(&json);
    slw_http_answer_json(exchange, 200, &text);
}

static void later(void *context, struct slw_http_exchange *exchange)
{
    struct test_http *test = context;
    (void)pthread_mutex_lock(&test->lock);
    test->handled++;
    test->held = exchange;
    (void)pthread_mutex_unlock(&test->lock);
}

static void *answer_elsewhere(void *context)
{
    slw_http_answer_empty(context, 204);
    return NULL;
}

/* Another thread answers, which may be before this one returns. */
static void race(void *context, struct slw_http_exchange *exchange)
{
    pthread_t thread;
    note(context);
    if (pthread_create(&thread, NULL, answer_elsewhere, exchange) == 0) {
        (void)pthread_detach(thread);
    } else {
        slw_http_answer_empty(exchange, 500);
    }
}

static void stream(void *context, struct slw_http_exchange *exchange)
{
    struct test_http *test = context;
    struct slw_http_stream *begun = slw_http_answer_stream(exchange);
    (void)pthread_mutex_lock(&test->lock);
    test->stream = begun;
    (void)pthread_mutex_unlock(&test->lock);
}

static void whole(void *context, struct slw_http_exchange *exchange)
{
    note(context);
    slw_http_answer_static(exchange, "text/plain", SLW_BYTES_OF("for ever"), "\"one\"");
}

static void count_freed(void *value)
{
    struct test_http *test = value;
    (void)pthread_mutex_lock(&test->lock);
    test->freed++;
    (void)pthread_mutex_unlock(&test->lock);
}

static void refuse(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {"the disk says \"no\""};
    char word[64];
    struct slw_bytes given = slw_http_parameter(exchange, 0);
    note(context);
    (void)snprintf(word, sizeof word, "%.*s", (int)given.len, (const char *)given.ptr);
    slw_http_attach(exchange, context, count_freed);
    slw_http_set_header(exchange, "X-Split", "a\r\nX-Injected: b");
    slw_http_set_header(exchange, "X-Kept", "yes");
    slw_http_refuse(exchange, slw_status_from_word(word), &detail);
}

static enum slw_status read_pattern(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        buffer[i] = (uint8_t)((offset + i) % 251);
    }
    return SLW_OK;
}

static enum slw_status fail_at_70000(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    return offset + len > 70000 ? SLW_IO : read_pattern(context, offset, buffer, len);
}

/* Like a disk that doesn't answer. */
static enum slw_status read_slowly(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct test_http *test = context;
    (void)pthread_mutex_lock(&test->lock);
    test->waiting++;
    while (test->holds) {
        (void)pthread_mutex_unlock(&test->lock);
        pause_ms(5);
        (void)pthread_mutex_lock(&test->lock);
    }
    test->waiting--;
    (void)pthread_mutex_unlock(&test->lock);
    return read_pattern(NULL, offset, buffer, len);
}

static void source(void *context, struct slw_http_exchange *exchange)
{
    struct slw_source bytes = {NULL, read_pattern, 1000000};
    struct slw_bytes kind = slw_http_parameter(exchange, 0);
    note(context);
    if (slw_bytes_equal(kind, SLW_BYTES_OF("failing"))) {
        bytes.read = fail_at_70000;
    }
    if (slw_bytes_equal(kind, SLW_BYTES_OF("slow"))) {
        bytes = (struct slw_source){context, read_slowly, 1000};
    }
    if (slw_bytes_equal(kind, SLW_BYTES_OF("huge"))) {
        bytes.size = 1ull << 40;
    }
    if (slw_bytes_equal(kind, SLW_BYTES_OF("empty"))) {
        bytes.size = 0;
    }
    slw_http_set_header(exchange, "ETag", "\"one\"");
    slw_http_set_header(exchange, "Cache-Control", "public, max-age=60");
    slw_http_answer_source(exchange, "application/octet-stream", &bytes, count_freed, context);
}

/* Three pieces of different lengths; "failing": one, and then no more. */
struct flowing {
    struct test_http *test;
    size_t pieces;
    bool fails;
};

static enum slw_status flow(void *context, uint8_t *buffer, size_t max, size_t *ret_len)
{
    static const size_t lengths[] = {100000, 1, 70000, 0};
    struct flowing *flowing = context;
    size_t len = lengths[flowing->pieces];
    if (max < len || (flowing->fails && flowing->pieces == 1)) {
        return SLW_IO;
    }
    flowing->pieces++;
    memset(buffer, 'f', len);
    *ret_len = len;
    return SLW_OK;
}

static void end_flow(void *context)
{
    struct flowing *flowing = context;
    count_freed(flowing->test);
    free(flowing);
}

static void answer_flow(void *context, struct slw_http_exchange *exchange)
{
    struct flowing *flowing = calloc(1, sizeof *flowing);
    note(context);
    if (flowing == NULL) {
        slw_http_answer_empty(exchange, 500);
        return;
    }
    flowing->test = context;
    flowing->fails = slw_bytes_equal(slw_http_parameter(exchange, 0), SLW_BYTES_OF("failing"));
    slw_http_answer_flow(exchange, "text/plain", flow, end_flow, flowing);
}

/* A million bytes from memory. */
static void large(void *context, struct slw_http_exchange *exchange)
{
    struct slw_heap_buffer bytes = {0};
    note(context);
    uint8_t *at = slw_heap_reserve(&bytes, 1000000);
    if (at != NULL) {
        (void)read_pattern(NULL, 0, at, 1000000);
    }
    slw_http_answer_bytes(exchange, 200, "application/octet-stream", &bytes);
}

static const struct slw_http_route routes[] = {
    {"GET", "/echo/{first}/and/{second}", echo, 0, 7},
    {"POST", "/echo/{first}", echo, 100000, 8},
    {"GET", "/echo/{first}", echo, 0, 9},
    {"GET", "/echo/special", echo, 0, 10},
    {"GET", "/files/{path...}", echo, 0, 11},
    {"DELETE", "/echo/{first}", echo, 0, 12},
    {"GET", "/", echo, 0, 13},
    {"GET", "/later", later, 0, 0},
    {"POST", "/later", later, 100000, 0},
    {"GET", "/race", race, 0, 0},
    {"GET", "/large", large, 0, 0},
    {"GET", "/stream", stream, 0, 0},
    {"GET", "/static", whole, 0, 0},
    {"GET", "/refuse/{word}", refuse, 0, 0},
    {"GET", "/source/{kind}", source, 0, 0},
    {"GET", "/flow/{kind}", answer_flow, 0, 0},
};

static void observe(void *context, const struct slw_http_done *done)
{
    struct test_http *test = context;
    (void)pthread_mutex_lock(&test->lock);
    test->done++;
    test->last = *done;
    (void)snprintf(test->detail, sizeof test->detail, "%s", done->detail);
    (void)snprintf(test->reason, sizeof test->reason, "%s",
                   done->reason == NULL ? "" : done->reason);
    (void)pthread_mutex_unlock(&test->lock);
}

bool test_http_start(struct test_http *test, struct slw_http_settings *settings)
{
    struct slw_detail detail = {""};
    memset(test, 0, sizeof *test);
    (void)pthread_mutex_init(&test->lock, NULL);
    if (settings->listen == NULL && settings->socket == NULL) {
        settings->listen = "127.0.0.1:0";
    }
    settings->observe = observe;
    enum slw_status status = slw_http_server_start(
        settings, routes, sizeof routes / sizeof routes[0], test, &test->server, &detail);
    if (status != SLW_OK) {
        (void)printf("# %s\n", detail.text);
    }
    return status == SLW_OK;
}

void test_http_stop(struct test_http *test, uint32_t grace_ms)
{
    slw_http_server_stop(test->server, grace_ms);
    test->server = NULL;
}

struct slw_http_exchange *test_http_held(struct test_http *test)
{
    struct slw_http_exchange *held = NULL;
    for (unsigned i = 0; i < TEST_WAIT_MS / 5 && held == NULL; i++) {
        (void)pthread_mutex_lock(&test->lock);
        held = test->held;
        test->held = NULL;
        (void)pthread_mutex_unlock(&test->lock);
        pause_ms(5);
    }
    return held;
}

struct slw_http_stream *test_http_stream(struct test_http *test)
{
    struct slw_http_stream *begun = NULL;
    for (unsigned i = 0; i < TEST_WAIT_MS / 5 && begun == NULL; i++) {
        (void)pthread_mutex_lock(&test->lock);
        begun = test->stream;
        test->stream = NULL;
        (void)pthread_mutex_unlock(&test->lock);
        pause_ms(5);
    }
    return begun;
}

void test_http_hold(struct test_http *test, bool holds)
{
    (void)pthread_mutex_lock(&test->lock);
    test->holds = holds;
    (void)pthread_mutex_unlock(&test->lock);
}

unsigned test_http_waiting(struct test_http *test)
{
    (void)pthread_mutex_lock(&test->lock);
    unsigned waiting = test->waiting;
    (void)pthread_mutex_unlock(&test->lock);
    return waiting;
}

unsigned test_http_handled(struct test_http *test)
{
    (void)pthread_mutex_lock(&test->lock);
    unsigned handled = test->handled;
    (void)pthread_mutex_unlock(&test->lock);
    return handled;
}

int test_connect_local(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

int test_connect(const struct test_http *test)
{
    const char *text = slw_http_server_address(test->server);
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (strncmp(text, "unix:", 5) == 0) {
        return test_connect_local(text + 5);
    }
    address.sin_port = htons((uint16_t)strtoul(strrchr(text, ':') + 1, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

bool test_send(int descriptor, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(descriptor, text, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        text += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool test_say(int descriptor, const char *text)
{
    return test_send(descriptor, text, strlen(text));
}

/* One more byte; false at the end. */
static bool receive_byte(int descriptor, char *byte, bool *ret_closed)
{
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    if (poll(&wait, 1, TEST_WAIT_MS) <= 0) {
        return false;
    }
    if (read(descriptor, byte, 1) != 1) {
        *ret_closed = true;
        return false;
    }
    return true;
}

const char *test_header(const struct test_reply *reply, const char *name)
{
    static char value[256];
    size_t len = strlen(name);
    value[0] = '\0';
    for (const char *line = reply->head; line != NULL && *line != '\0';
         line = strstr(line, "\r\n")) {
        line += line == reply->head ? 0 : 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            size_t value_len = strcspn(line + len + 1, "\r");
            (void)snprintf(value, sizeof value, "%.*s", (int)value_len - 1, line + len + 2);
        }
    }
    return value;
}

static void receive_head(int descriptor, struct test_reply *reply)
{
    size_t len = 0;
    while (len < sizeof reply->head - 1 &&
           receive_byte(descriptor, &reply->head[len], &reply->closed)) {
        len++;
        if (len >= 4 && memcmp(reply->head + len - 4, "\r\n\r\n", 4) == 0) {
            break;
        }
    }
    reply->head[len] = '\0';
    if (len > 12 && strncmp(reply->head, "HTTP/1.", 7) == 0) {
        reply->status = (unsigned)strtoul(reply->head + 9, NULL, 10);
    }
    if (reply->status == 100) {
        memset(reply, 0, sizeof *reply);
        receive_head(descriptor, reply);
    }
}

struct test_reply test_receive_head(int descriptor)
{
    struct test_reply reply = {0};
    receive_head(descriptor, &reply);
    return reply;
}

struct test_reply test_receive(int descriptor)
{
    struct test_reply reply = {0};
    receive_head(descriptor, &reply);
    size_t len = (size_t)strtoul(test_header(&reply, "Content-Length"), NULL, 10);
    while (reply.status != 204 && reply.status != 304 && reply.body_len < len &&
           reply.body_len < sizeof reply.body - 1 &&
           receive_byte(descriptor, &reply.body[reply.body_len], &reply.closed)) {
        reply.body_len++;
    }
    return reply;
}

struct test_reply test_exchange(const struct test_http *test, const char *text)
{
    struct test_reply reply = {0};
    int descriptor = test_connect(test);
    if (descriptor >= 0) {
        if (test_say(descriptor, text)) {
            reply = test_receive(descriptor);
        }
        (void)close(descriptor);
    }
    return reply;
}

bool test_closed_within(int descriptor, int64_t limit_ms)
{
    int64_t deadline_ms = slw_http_clock_ms() + limit_ms;
    while (slw_http_clock_ms() < deadline_ms) {
        char bytes[4096];
        struct pollfd wait = {.fd = descriptor, .events = POLLIN};
        if (poll(&wait, 1, 50) > 0 && read(descriptor, bytes, sizeof bytes) <= 0) {
            return true;
        }
    }
    return false;
}

bool test_await(int descriptor, const char *text)
{
    char seen[8192];
    size_t len = 0;
    bool closed = false;
    int64_t deadline_ms = slw_http_clock_ms() + TEST_WAIT_MS; /* a stream always has something */
    while (len < sizeof seen - 1 && slw_http_clock_ms() < deadline_ms &&
           receive_byte(descriptor, &seen[len], &closed)) {
        seen[++len] = '\0';
        if (strstr(seen, text) != NULL) {
            return true;
        }
    }
    return false;
}
