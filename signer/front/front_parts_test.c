/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the front by themselves, at times of the test's own making: who is too slow, who asks
 * too often, and what is believed of the process behind.
 */
#include "channel.h"

#include "tap.h"

#include "slipway/http_clock.h"
#include "slipway/http_connections.h"
#include "slipway/http_limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void shuts_who_is_too_long_at_something(void)
{
    enum { IDLE_S = 3600, FLOOR = 1000 };
    static const struct {
        const char *name;
        enum slw_http_phase phase;
        uint64_t bytes;
        int64_t passed_ms;
        unsigned shut;
    } rows[] = {
        {"head, in time", SLW_HTTP_IDLE, 0, IDLE_S * 1000 - 1000, 0},
        {"head, too late", SLW_HTTP_IDLE, 0, IDLE_S * 1000, 1},
        {"head, bytes don't count", SLW_HTTP_IDLE, 1u << 20, IDLE_S * 1000, 1},
        {"answer, in time", SLW_HTTP_ANSWER, 0, SLW_HTTP_ANSWER_S * 1000 - 1000, 0},
        {"answer, too late", SLW_HTTP_ANSWER, 0, SLW_HTTP_ANSWER_S * 1000 + 1000, 1},
        {"body, before the window ends", SLW_HTTP_BODY, 0, SLW_HTTP_FLOOR_WINDOW_S * 1000 - 1000,
         0},
        {"body, fast enough", SLW_HTTP_BODY, FLOOR * 12, 11000, 0},
        {"body, too slow", SLW_HTTP_BODY, FLOOR * 9, 11000, 1},
    };
    static struct slw_http_connections connections;
    TAP_REQUIRE(slw_http_connections_start(&connections, IDLE_S, FLOOR, NULL, NULL) == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char byte = 0;
        int ends[2];
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        struct slw_http_connection *connection = slw_http_connections_add(&connections, ends[0]);
        TAP_REQUIRE(connection != NULL);
        slw_http_connections_enter(&connections, connection, rows[i].phase);
        slw_http_connections_received(&connections, connection, rows[i].bytes);
        int64_t then_ms = connection->since_ms + rows[i].passed_ms;
        TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms), rows[i].shut);
        TAP_EQUAL_INT(recv(ends[1], &byte, 1, MSG_DONTWAIT), rows[i].shut == 1 ? 0 : -1);
        TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms), 0); /* once */
        slw_http_connections_remove(&connections, connection);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    TAP_ROW(NULL);
    TAP_CHECK(connections.first == NULL);
    slw_http_connections_stop(&connections);
}

/* Fast once isn't fast for ever. */
static void measures_a_body_anew_in_each_window(void)
{
    static struct slw_http_connections connections;
    int ends[2];
    TAP_REQUIRE(slw_http_connections_start(&connections, 3600, 1000, NULL, NULL) == SLW_OK);
    TAP_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    struct slw_http_connection *connection = slw_http_connections_add(&connections, ends[0]);
    slw_http_connections_enter(&connections, connection, SLW_HTTP_BODY);
    slw_http_connections_received(&connections, connection, 1u << 20);
    int64_t then_ms = connection->since_ms + 11000;
    TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms), 0);
    TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms + 5000), 0);
    TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms + 11000), 1);
    slw_http_connections_remove(&connections, connection);
    slw_http_connections_stop(&connections);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void admits_each_client_so_many_requests_a_second(void)
{
    static struct slw_http_limits limits;
    struct slw_bytes ada = SLW_BYTES_OF("ada");
    const int64_t begun_ms = 5000;
    TAP_REQUIRE(slw_http_limits_init(&limits, 2) == SLW_OK);
    TAP_CHECK(slw_http_limits_admit(&limits, ada, begun_ms));
    TAP_CHECK(slw_http_limits_admit(&limits, ada, begun_ms));
    TAP_CHECK(!slw_http_limits_admit(&limits, ada, begun_ms));
    TAP_CHECK(!slw_http_limits_admit(&limits, ada, begun_ms + 499));
    TAP_CHECK(slw_http_limits_admit(&limits, ada, begun_ms + 500));
    TAP_CHECK(!slw_http_limits_admit(&limits, ada, begun_ms + 500));
    /* Rest isn't saved up for more than a second. */
    TAP_CHECK(slw_http_limits_admit(&limits, ada, begun_ms + 3600000));
    TAP_CHECK(slw_http_limits_admit(&limits, ada, begun_ms + 3600000));
    TAP_CHECK(!slw_http_limits_admit(&limits, ada, begun_ms + 3600000));
    /* Others have places of their own: of eight hardly all share hers. */
    unsigned admitted = 0;
    for (uint8_t other = 0; other < 8; other++) {
        admitted += slw_http_limits_admit(&limits, slw_bytes_make(&other, 1), begun_ms + 3600000);
    }
    TAP_CHECK(admitted >= 4);
}

/* A channel of this test's own, whose other end it plays itself. */
static struct front_channel *channel;
static int other_end;
static uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];
static unsigned closed;

static void count_closed(void *context)
{
    (void)context;
    __atomic_add_fetch(&closed, 1, __ATOMIC_SEQ_CST);
}

static bool open_channel(void)
{
    int ends[2];
    struct slw_detail detail;
    closed = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    other_end = ends[0];
    return front_channel_open(ends[1], count_closed, NULL, &channel, &detail) == SLW_OK;
}

static void close_channel(void)
{
    front_channel_stop(channel);
    front_channel_free(channel);
    (void)close(other_end);
}

struct asker {
    pthread_t thread;
    int timeout_ms;
    enum slw_status status;
};

static void *ask_health(void *context)
{
    struct asker *asker = context;
    struct slw_detail detail;
    struct front_answer got = {0};
    struct slw_signer_call call = {.kind = SLW_SIGNER_HEALTH};
    asker->status = front_channel_ask(channel, &call, asker->timeout_ms, &got, &detail);
    front_answer_free(&got);
    return NULL;
}

static bool receive_call(struct slw_signer_call *ret_call, int timeout_ms)
{
    struct slw_bytes received;
    struct slw_detail detail;
    return slw_signer_packet_receive(other_end, packet, timeout_ms, &received, &detail) == SLW_OK &&
           slw_signer_call_decode(received, ret_call, &detail) == SLW_OK;
}

static bool send_answer(uint64_t number, enum slw_signer_kind kind)
{
    struct slw_detail detail;
    struct slw_signer_answer answer = {.number = number, .kind = kind};
    if (kind == SLW_SIGNER_HEALTH) {
        answer.bytes = SLW_BYTES_OF("{}");
    }
    return slw_signer_answer_send(other_end, &answer, packet, &detail) == SLW_OK;
}

static void asks_no_more_at_once_than_the_protocol_allows(void)
{
    enum { ASKERS = 12, WAIT_MS = 700 };
    struct asker askers[ASKERS];
    struct slw_signer_call call;
    unsigned most = slw_signer_rule_find(SLW_SIGNER_HEALTH)->waiting_max;
    unsigned came = 0;
    TAP_REQUIRE(most < ASKERS && open_channel());
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i].timeout_ms = WAIT_MS;
        TAP_REQUIRE(pthread_create(&askers[i].thread, NULL, ask_health, &askers[i]) == 0);
    }
    while (came < most && receive_call(&call, 5000)) {
        came++;
    }
    TAP_EQUAL_INT(came, most);
    struct slw_signer_call more;
    TAP_CHECK(!receive_call(&more, 200));
    for (unsigned i = 0; i < ASKERS; i++) {
        (void)pthread_join(askers[i].thread, NULL);
        TAP_EQUAL_INT(askers[i].status, SLW_IO_TIMEOUT);
    }
    /* Those that nobody answered still count: there is no room until their answers come. */
    struct asker late = {.timeout_ms = 50};
    (void)ask_health(&late);
    TAP_EQUAL_INT(late.status, SLW_IO_TIMEOUT);
    TAP_CHECK(!receive_call(&more, 0));
    TAP_CHECK(send_answer(call.number, SLW_SIGNER_HEALTH)); /* of the last that came */
    late.timeout_ms = 5000;
    TAP_REQUIRE(pthread_create(&late.thread, NULL, ask_health, &late) == 0);
    TAP_CHECK(receive_call(&call, 5000) && send_answer(call.number, SLW_SIGNER_HEALTH));
    (void)pthread_join(late.thread, NULL);
    TAP_EQUAL_INT(late.status, SLW_OK);
    close_channel();
}

static void ends_when_it_is_told_what_it_did_not_ask(void)
{
    static const struct {
        const char *name;
        uint64_t more;
        enum slw_signer_kind kind;
    } rows[] = {
        {"another number", 1, SLW_SIGNER_HEALTH},
        {"another number in the same place", 1024, SLW_SIGNER_HEALTH},
        {"another kind", 0, SLW_SIGNER_COSIGNED},
        {"no answer at all", 0, (enum slw_signer_kind)0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asker asker = {.timeout_ms = 20000};
        struct slw_signer_call call = {0};
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(open_channel());
        TAP_REQUIRE(pthread_create(&asker.thread, NULL, ask_health, &asker) == 0);
        TAP_CHECK(receive_call(&call, 5000));
        if (rows[i].kind == (enum slw_signer_kind)0) {
            TAP_CHECK(send(other_end, "\xff\xff\xff", 3, MSG_NOSIGNAL) == 3);
        } else {
            TAP_CHECK(send_answer(call.number + rows[i].more, rows[i].kind));
        }
        (void)pthread_join(asker.thread, NULL);
        TAP_EQUAL_INT(asker.status, SLW_IO_CLOSED);
        front_channel_stop(channel);
        TAP_EQUAL_INT(closed, 1);
        front_channel_free(channel);
        (void)close(other_end);
    }
    TAP_ROW(NULL);
}

int main(void)
{
    TAP_RUN(shuts_who_is_too_long_at_something);
    TAP_RUN(measures_a_body_anew_in_each_window);
    TAP_RUN(admits_each_client_so_many_requests_a_second);
    TAP_RUN(asks_no_more_at_once_than_the_protocol_allows);
    TAP_RUN(ends_when_it_is_told_what_it_did_not_ask);
    return tap_finish();
}
