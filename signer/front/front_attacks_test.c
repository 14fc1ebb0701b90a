/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients do to a server that they want to wear out or confuse, and what becomes of honest
 * ones meanwhile: endless and slow requests, floods, vanishing and competing uploaders, too many of
 * everything, and a key process that is gone.
 */
#include "test_front.h"

#include "tap.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOST "Host: signer\r\n"
#define HEALTH "GET /v1/health HTTP/1.1\r\n" HOST "\r\n"

static struct test_front front;
static char text[4096];

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool begin(const char *settings, const char *option)
{
    return test_front_prepare(&front) && test_front_start(&front, settings, option);
}

static void end(void)
{
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    test_front_remove(&front);
}

static bool is_well(void)
{
    return test_exchange(&front, HEALTH).status == 200;
}

/* Whether the other end closes within so many milliseconds. */
static bool is_closed_within(int descriptor, int64_t limit_ms)
{
    int64_t deadline_ms = now_ms() + limit_ms;
    while (now_ms() < deadline_ms) {
        char bytes[256];
        struct pollfd wait = {.fd = descriptor, .events = POLLIN};
        if (poll(&wait, 1, 50) > 0 && read(descriptor, bytes, sizeof bytes) <= 0) {
            return true;
        }
    }
    return false;
}

static void refuses_floods_of_headers(void)
{
    TAP_REQUIRE(begin("", NULL));
    int descriptor = test_connect(&front);
    size_t len = (size_t)snprintf(text, sizeof text, "GET /v1/health HTTP/1.1\r\n" HOST);
    for (unsigned i = 0; i < 70; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "X-%u: y\r\n", i);
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "\r\n");
    TAP_CHECK(test_send(descriptor, text, len));
    TAP_EQUAL_INT(test_receive(descriptor).status, 431);
    (void)close(descriptor);
    TAP_CHECK(is_well());
}

static void ends_an_endless_head(void)
{
    static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";
    int descriptor = test_connect(&front);
    size_t sent = 0;
    TAP_CHECK(test_send(descriptor, "GET /v1/health HTTP/1.1\r\n", 25));
    while (sent < (1u << 20) && test_send(descriptor, line, sizeof line - 1)) {
        sent += sizeof line - 1;
    }
    TAP_CHECK(sent < (1u << 20)); /* it was cut off long before */
    (void)close(descriptor);
    TAP_CHECK(is_well());
}

static void refuses_a_path_without_end(void)
{
    int descriptor = test_connect(&front);
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5); // NOLINT(bugprone-not-null-terminated-result): it goes on
    TAP_CHECK(test_send(descriptor, text, sizeof text));
    TAP_CHECK(test_send(descriptor, " HTTP/1.1\r\n" HOST "\r\n", 27));
    TAP_EQUAL_INT(test_receive(descriptor).status, 414);
    (void)close(descriptor);
}

static void survives_what_is_no_http(void)
{
    static const char *const rows[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", /* TLS */
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /v1/health\r\n\r\n",
        "GET /v1/health HTTP/9.9\r\n\r\n",
        "\xFF\xFE\xFD\r\n\r\n",
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one row
        "GET /v1/health HTTP/1.1\r\n" HOST "Folded: a\r\n b\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int descriptor = test_connect(&front);
        TAP_CHECK(test_send(descriptor, rows[i], strlen(rows[i])));
        (void)shutdown(descriptor, SHUT_WR);
        (void)is_closed_within(descriptor, 5000);
        (void)close(descriptor);
    }
    TAP_CHECK(is_well());
}

static void submits_nothing_of_a_body_that_is_cut(void)
{
    static const char cut[] =
        "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nhello";
    unsigned before = front.behind.calls[SLW_SIGNER_SUBMIT];
    for (unsigned half = 0; half < 2; half++) {
        int descriptor = test_connect(&front);
        TAP_CHECK(test_send(descriptor, cut, sizeof cut - 1));
        if (half == 1) {
            (void)shutdown(descriptor, SHUT_WR);
            TAP_CHECK(is_closed_within(descriptor, 5000));
        }
        (void)close(descriptor);
    }
    TAP_CHECK(is_well());
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_SUBMIT], before);
}

static void takes_bytes_beyond_a_body_for_no_part_of_it(void)
{
    static const char more[] =
        "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloHELLO\r\n\r\n";
    int descriptor = test_connect(&front);
    TAP_CHECK(test_send(descriptor, more, sizeof more - 1));
    TAP_EQUAL_INT(test_receive(descriptor).status, 202);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&front.behind.envelope), SLW_BYTES_OF("hello")));
    unsigned status = test_receive(descriptor).status;
    TAP_CHECK(status == 0 || status >= 400);
    (void)close(descriptor);
}

static void hex_of(const uint8_t *bytes, char hex[65])
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
}

static char *make_bytes(size_t len)
{
    char *bytes = malloc(len);
    for (size_t i = 0; bytes != NULL && i < len; i++) {
        bytes[i] = (char)((i * 7 + i / 255) & 0xFF);
    }
    return bytes;
}

static bool send_head(int descriptor, const char *hex, size_t offset, size_t len)
{
    char head[256];
    int head_len = snprintf(head, sizeof head,
                            "PATCH /v1/staged/%s HTTP/1.1\r\n" HOST
                            "Upload-Offset: %zu\r\nContent-Length: %zu\r\n\r\n",
                            hex, offset, len);
    return test_send(descriptor, head, (size_t)head_len);
}

static size_t ask_offset(const char *hex)
{
    int descriptor = test_connect(&front);
    (void)snprintf(text, sizeof text, "HEAD /v1/staged/%s HTTP/1.1\r\n" HOST "\r\n", hex);
    (void)test_send(descriptor, text, strlen(text));
    struct test_reply reply = test_receive_head(descriptor);
    (void)close(descriptor);
    return (size_t)strtoul(test_header(&reply, "Upload-Offset"), NULL, 10);
}

static void lets_an_uploader_vanish_and_come_back(void)
{
    enum { LEN = 900000, SENT = 500000 };
    char hex[65];
    char *bytes = make_bytes(LEN);
    TAP_REQUIRE(bytes != NULL);
    const struct test_blob *blob = test_behind_expect(&front.behind, slw_bytes_make(bytes, LEN));
    hex_of(blob->sha256, hex);
    int descriptor = test_connect(&front);
    TAP_CHECK(send_head(descriptor, hex, 0, LEN) && test_send(descriptor, bytes, SENT));
    (void)close(descriptor);
    size_t offset = 0;
    for (unsigned tries = 0; tries < 100 && offset < SENT - SLW_SIGNER_PIECE_SIZE_MAX; tries++) {
        offset = ask_offset(hex);
        (void)usleep(20 * 1000);
    }
    TAP_CHECK(offset > 0 && offset <= SENT);
    descriptor = test_connect(&front);
    TAP_CHECK(send_head(descriptor, hex, offset, LEN - offset) &&
              test_send(descriptor, bytes + offset, LEN - offset));
    TAP_EQUAL_INT(test_receive(descriptor).status, 204);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&blob->bytes), slw_bytes_make(bytes, LEN)));
    (void)close(descriptor);
    free(bytes);
}

struct uploader {
    const char *hex;
    const char *bytes;
    size_t len;
    bool done;
};

/* Sends the whole, and goes on where it is told to. */
static void *upload_all(void *context)
{
    struct uploader *uploader = context;
    size_t offset = 0;
    for (unsigned tries = 0; tries < 200 && !uploader->done; tries++) {
        int descriptor = test_connect(&front);
        size_t left = uploader->len - offset;
        (void)(send_head(descriptor, uploader->hex, offset, left) &&
               test_send(descriptor, uploader->bytes + offset, left));
        struct test_reply reply = test_receive(descriptor);
        uploader->done = reply.status == 204;
        if (reply.status == 409) {
            offset = (size_t)strtoul(strstr(reply.head, "Upload-Offset: ") + 15, NULL, 10);
        }
        (void)close(descriptor);
    }
    return NULL;
}

static void lets_two_upload_the_same_at_once(void)
{
    enum { LEN = 3000000 };
    char hex[65];
    pthread_t threads[2];
    char *bytes = make_bytes(LEN);
    TAP_REQUIRE(bytes != NULL);
    const struct test_blob *blob = test_behind_expect(&front.behind, slw_bytes_make(bytes, LEN));
    hex_of(blob->sha256, hex);
    struct uploader both[2] = {{hex, bytes, LEN, false}, {hex, bytes, LEN, false}};
    for (unsigned i = 0; i < 2; i++) {
        TAP_REQUIRE(pthread_create(&threads[i], NULL, upload_all, &both[i]) == 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
        TAP_CHECK(both[i].done);
    }
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&blob->bytes), slw_bytes_make(bytes, LEN)));
    free(bytes);
    end();
}

static void drops_who_is_slow_with_a_head(void)
{
    static const char head[] = HEALTH;
    TAP_REQUIRE(begin("idle-s = 1\n", NULL));
    int descriptor = test_connect(&front);
    int64_t begun_ms = now_ms();
    bool open = true;
    for (size_t i = 0; i < sizeof head - 1 && open; i++) {
        open = test_send(descriptor, head + i, 1) && !is_closed_within(descriptor, 400);
    }
    TAP_CHECK(!open);
    TAP_CHECK(now_ms() - begun_ms < 8000);
    (void)close(descriptor);
    TAP_CHECK(is_well());
    end();
}

static void drops_who_is_slow_with_a_body(void)
{
    TAP_REQUIRE(begin("floor-bytes-per-s = 1000\n", NULL));
    int descriptor = test_connect(&front);
    int64_t begun_ms = now_ms();
    bool open = test_send(
        descriptor, "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n", 70);
    while (open && now_ms() - begun_ms < 20000) {
        open = test_send(descriptor, "x", 1) && !is_closed_within(descriptor, 500);
    }
    TAP_CHECK(!open);
    (void)close(descriptor);
    TAP_CHECK(is_well());
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_SUBMIT], 0);
    end();
}

static void serves_no_more_connections_than_it_has_room_for(void)
{
    enum { MOST = 4 };
    int idle[MOST];
    TAP_REQUIRE(begin("connections = 4\nidle-s = 2\n", NULL));
    int64_t begun_ms = now_ms();
    for (unsigned i = 0; i < MOST; i++) {
        idle[i] = test_connect(&front);
        TAP_CHECK(test_send(idle[i], "GET ", 4));
    }
    (void)usleep(300 * 1000);
    /* One more isn't served while they sit there, but they can't sit there for long. */
    bool served = false;
    for (unsigned tries = 0; tries < 50 && !served; tries++) {
        served = is_well();
        (void)usleep(100 * 1000);
    }
    TAP_CHECK(served);
    TAP_CHECK(now_ms() - begun_ms >= 1000);
    for (unsigned i = 0; i < MOST; i++) {
        (void)close(idle[i]);
    }
    end();
}

static void admits_only_so_many_requests_a_second(void)
{
    TAP_REQUIRE(begin("requests-per-s = 2\n", NULL));
    unsigned served = 0;
    unsigned refused = 0;
    int descriptor = test_connect(&front);
    for (unsigned i = 0; i < 20; i++) {
        TAP_CHECK(test_send(descriptor, HEALTH, sizeof HEALTH - 1));
        struct test_reply reply = test_receive(descriptor);
        served += reply.status == 200;
        refused += reply.status == 429;
    }
    TAP_EQUAL_INT(served + refused, 20);
    TAP_CHECK(served >= 2 && refused >= 5);
    (void)close(descriptor);
    end();
}

static void admits_only_the_users_of_its_local_socket_that_it_is_told(void)
{
    char settings[64];
    (void)snprintf(settings, sizeof settings, "socket-users = %u\n", (unsigned)getuid() + 77);
    TAP_REQUIRE(begin(settings, NULL));
    struct test_reply reply = test_exchange(&front, HEALTH);
    TAP_EQUAL_INT(reply.status, 403);
    TAP_CHECK(strstr(reply.body, "\"reason\":\"not-permitted\"") != NULL);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_HEALTH], 0);
    end();
    (void)snprintf(settings, sizeof settings, "socket-users = %u\n", (unsigned)getuid());
    TAP_REQUIRE(begin(settings, NULL));
    TAP_CHECK(is_well());
    end();
}

static void ends_when_the_key_process_is_gone(void)
{
    int status = -1;
    TAP_REQUIRE(begin("", NULL));
    TAP_CHECK(is_well());
    int descriptor = test_connect(&front);
    front.behind.mute = true;
    TAP_CHECK(test_send(descriptor, HEALTH, sizeof HEALTH - 1));
    for (unsigned i = 0; i < 200 && front.behind.calls[SLW_SIGNER_HEALTH] < 2; i++) {
        (void)usleep(10 * 1000);
    }
    (void)shutdown(front.behind.descriptor, SHUT_RDWR);
    /* Who waits is told that it is away, or finds the connection closed, at once. */
    struct test_reply reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 503 || reply.closed);
    TAP_EQUAL_INT(waitpid(front.process, &status, 0), front.process);
    TAP_CHECK(WIFEXITED(status));
    front.process = 0;
    (void)close(descriptor);
    (void)test_front_stop(&front);
    test_front_remove(&front);
}

static void serves_a_witness_nothing_but_checkpoints(void)
{
    static const char post[] =
        "POST /add-checkpoint HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nold 0";
    TAP_REQUIRE(begin("", "--witness"));
    struct test_reply reply = test_exchange(&front, post);
    TAP_EQUAL_INT(reply.status, 200);
    TAP_CHECK(strcmp(reply.body, "7\n") == 0);
    front.behind.witness_status = 409;
    reply = test_exchange(&front, post);
    TAP_EQUAL_INT(reply.status, 409);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Type"), "text/x.tlog.size") == 0);
    TAP_EQUAL_INT(
        test_exchange(&front, "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx")
            .status,
        404);
    TAP_EQUAL_INT(test_exchange(&front, "GET /v1/log/checkpoint HTTP/1.1\r\n" HOST "\r\n").status,
                  404);
    TAP_EQUAL_INT(test_exchange(&front, "POST /add-checkpoint HTTP/1.1\r\n" HOST
                                        "Content-Length: 16385\r\n\r\n")
                      .status,
                  413);
    end();
}

/* As a service manager that was named in the environment hears it. */
static void tells_the_service_manager(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char said[64] = "";
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    TAP_REQUIRE(test_front_prepare(&front));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", front.directory);
    TAP_REQUIRE(bind(manager, (const struct sockaddr *)&address, sizeof address) == 0);
    (void)setenv("NOTIFY_SOCKET", address.sun_path, 1);
    TAP_REQUIRE(test_front_start(&front, "", NULL));
    (void)unsetenv("NOTIFY_SOCKET");
    TAP_CHECK(recv(manager, said, sizeof said - 1, 0) > 0 && strcmp(said, "READY=1") == 0);
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    memset(said, 0, sizeof said);
    TAP_CHECK(recv(manager, said, sizeof said - 1, 0) > 0 && strcmp(said, "STOPPING=1") == 0);
    (void)close(manager);
    test_front_remove(&front);
}

static bool wait_for_cosigned(void)
{
    bool came = false;
    for (unsigned i = 0; i < 1000 && !came; i++) {
        (void)usleep(10 * 1000);
        (void)pthread_mutex_lock(&front.behind.lock);
        came = front.behind.cosigned > 0;
        (void)pthread_mutex_unlock(&front.behind.lock);
    }
    return came;
}

static void give_work(const char *url)
{
    (void)pthread_mutex_lock(&front.behind.lock);
    front.behind.cosigned = 0;
    (void)snprintf(front.behind.url, sizeof front.behind.url, "%s", url);
    (void)pthread_mutex_unlock(&front.behind.lock);
}

static void carries_checkpoints_to_a_witness(void)
{
    static struct test_front witness;
    TAP_REQUIRE(test_front_prepare(&witness) &&
                test_front_start(&witness, "plain-listen = 127.0.0.1:0\n", "--witness"));
    TAP_REQUIRE(begin("witness-timeout-ms = 2000\n", NULL));
    give_work(witness.http);
    TAP_REQUIRE(wait_for_cosigned());
    TAP_EQUAL_INT(front.behind.cosigned_status, 200);
    TAP_CHECK(strcmp(front.behind.cosigned_body, "7\n") == 0);
    TAP_EQUAL_INT(witness.behind.calls[SLW_SIGNER_ADD_CHECKPOINT], 1);

    /* By a name, too, which is looked up by a process that may open hardly anything. */
    char by_name[64];
    (void)snprintf(by_name, sizeof by_name, "http://localhost:%s", strrchr(witness.http, ':') + 1);
    give_work(by_name);
    TAP_REQUIRE(wait_for_cosigned());
    TAP_EQUAL_INT(front.behind.cosigned_status, 200);

    witness.behind.mute = true; /* it doesn't answer in time */
    give_work(witness.http);
    TAP_REQUIRE(wait_for_cosigned());
    TAP_EQUAL_INT(front.behind.cosigned_status, 0);
    /* What is no web server at all, and what isn't one of ours to be asked. */
    static const char *const urls[] = {"http://127.0.0.1:1", "file:///etc/passwd", "gopher://x"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        TAP_ROW(urls[i]);
        give_work(urls[i]);
        TAP_REQUIRE(wait_for_cosigned());
        TAP_EQUAL_INT(front.behind.cosigned_status, 0);
    }
    TAP_ROW(NULL);
    end();
    (void)kill(witness.process, SIGKILL);
    (void)test_front_stop(&witness);
    test_front_remove(&witness);
}

int main(void)
{
    TAP_RUN(refuses_floods_of_headers);
    TAP_RUN(ends_an_endless_head);
    TAP_RUN(refuses_a_path_without_end);
    TAP_RUN(survives_what_is_no_http);
    TAP_RUN(submits_nothing_of_a_body_that_is_cut);
    TAP_RUN(takes_bytes_beyond_a_body_for_no_part_of_it);
    TAP_RUN(lets_an_uploader_vanish_and_come_back);
    TAP_RUN(lets_two_upload_the_same_at_once);
    TAP_RUN(drops_who_is_slow_with_a_head);
    TAP_RUN(drops_who_is_slow_with_a_body);
    TAP_RUN(serves_no_more_connections_than_it_has_room_for);
    TAP_RUN(admits_only_so_many_requests_a_second);
    TAP_RUN(admits_only_the_users_of_its_local_socket_that_it_is_told);
    TAP_RUN(ends_when_the_key_process_is_gone);
    TAP_RUN(tells_the_service_manager);
    TAP_RUN(serves_a_witness_nothing_but_checkpoints);
    TAP_RUN(carries_checkpoints_to_a_witness);
    return tap_finish();
}
