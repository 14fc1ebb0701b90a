/* SPDX-License-Identifier: Apache-2.0 */
/* When there is too much of something (bodies, connections, patience), and when the server ends. */
#include "exchange.h"
#include "test_http.h"

#include "tap.h"

#include "slipway/http_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POST "POST /echo/a HTTP/1.1\r\n" HOST

static struct test_http test;
static char text[65536];

static bool begin(struct slw_http_settings settings)
{
    return test_http_start(&test, &settings);
}

static void end(void)
{
    test_http_stop(&test, 0);
}

static bool is_well(void)
{
    return test_exchange(&test, GET("/static")).status == 200;
}

static uint64_t body_bytes(void)
{
    struct slw_http_counts counts;
    slw_http_server_count(test.server, &counts);
    return counts.body_bytes;
}

static void keeps_no_more_of_bodies_than_there_is_room_for(void)
{
    enum { COUNT = 4, MOST = 200000 };
    int descriptors[COUNT];
    unsigned refused = 0;
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2, .bodies_max = MOST}));
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < COUNT; i++) {
        descriptors[i] = test_connect(&test);
        TAP_CHECK(test_say(descriptors[i], POST "Content-Length: 100000\r\n\r\n") &&
                  test_send(descriptors[i], text, 60000));
    }
    for (unsigned i = 0; i < 1000 && body_bytes() <= MOST; i++) {
        (void)usleep(10000);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        TAP_CHECK(test_send(descriptors[i], text, 40000));
        unsigned status = test_receive(descriptors[i]).status;
        refused += status == 503;
        TAP_CHECK(status == 503 || status == 200);
        (void)close(descriptors[i]);
    }
    TAP_CHECK(refused >= 1);
    TAP_CHECK(is_well());
    for (unsigned i = 0; i < 1000 && body_bytes() > 0; i++) {
        (void)usleep(10000);
    }
    TAP_EQUAL_INT(body_bytes(), 0);
    end();
}

static void drops_who_is_slow_with_a_head(void)
{
    static const char head[] = GET("/static");
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2, .idle_s = 1}));
    int descriptor = test_connect(&test);
    int64_t begun_ms = slw_http_clock_ms();
    bool open = true;
    for (size_t i = 0; i < sizeof head - 1 && open; i++) {
        open = test_send(descriptor, head + i, 1) && !test_closed_within(descriptor, 200);
    }
    TAP_CHECK(!open);
    TAP_CHECK(slw_http_clock_ms() - begun_ms < 8000);
    (void)close(descriptor);
    TAP_CHECK(is_well());
    end();
}

/* Ten thousand come and say nothing; who says something is served all the same. */
static void serves_honest_clients_among_idle_ones(void)
{
    enum { OPEN = 200, ALL = 10000, MOST = 64 };
    static int idle[OPEN];
    struct slw_http_counts counts;
    unsigned served = 0;
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2, .connections = MOST}));
    memset(idle, -1, sizeof idle);
    for (unsigned i = 0; i < ALL; i++) {
        if (idle[i % OPEN] >= 0) {
            (void)close(idle[i % OPEN]);
        }
        idle[i % OPEN] = test_connect(&test);
        if (i % 1000 == 999) {
            served += is_well();
        }
    }
    TAP_EQUAL_INT(served, ALL / 1000);
    slw_http_server_count(test.server, &counts);
    TAP_CHECK(counts.evicted > 0);
    TAP_CHECK(counts.connections <= MOST + 2 * 16);
    for (unsigned i = 0; i < OPEN; i++) {
        (void)close(idle[i]);
    }
    end();
}

static void tells_who_comes_when_all_are_busy(void)
{
    int descriptors[2];
    struct slw_http_exchange *held[2];
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2, .connections = 2}));
    for (unsigned i = 0; i < 2; i++) {
        descriptors[i] = test_connect(&test);
        TAP_CHECK(test_say(descriptors[i], GET("/later")));
        held[i] = test_http_held(&test);
        TAP_REQUIRE(held[i] != NULL);
    }
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/static")));
    struct test_reply reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 503);
    TAP_CHECK(strstr(reply.body, "too-many") != NULL && test_closed_within(descriptor, 5000));
    (void)close(descriptor);
    for (unsigned i = 0; i < 2; i++) {
        slw_http_answer_empty(held[i], 204);
        TAP_EQUAL_INT(test_receive(descriptors[i]).status, 204);
        (void)close(descriptors[i]);
    }
    end();
}

static void serves_others_while_sources_do_not_answer(void)
{
    enum { COUNT = 6 };
    int descriptors[COUNT];
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2}));
    test_http_hold(&test, true);
    for (unsigned i = 0; i < COUNT; i++) {
        descriptors[i] = test_connect(&test);
        TAP_CHECK(test_say(descriptors[i], GET("/source/slow")));
    }
    for (unsigned i = 0; i < 1000 && test_http_waiting(&test) < COUNT; i++) {
        (void)usleep(5000);
    }
    TAP_EQUAL_INT(test_http_waiting(&test), COUNT);
    TAP_CHECK(is_well());
    (void)close(descriptors[0]); /* while it is read for */
    TAP_CHECK(is_well());
    test_http_hold(&test, false);
    for (unsigned i = 1; i < COUNT; i++) {
        struct test_reply reply = test_receive(descriptors[i]);
        TAP_EQUAL_INT(reply.body_len, 1000);
        (void)close(descriptors[i]);
    }
    end();
    TAP_EQUAL_INT(test.freed, COUNT);
}

static void *let_go_after_a_while(void *context)
{
    (void)usleep(800000);
    test_http_hold(context, false);
    return NULL;
}

static void ends_while_sources_do_not_answer(void)
{
    pthread_t thread;
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2}));
    test_http_hold(&test, true);
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/source/slow")));
    for (unsigned i = 0; i < 1000 && test_http_waiting(&test) < 1; i++) {
        (void)usleep(5000);
    }
    TAP_REQUIRE(pthread_create(&thread, NULL, let_go_after_a_while, &test) == 0);
    end();
    (void)pthread_join(thread, NULL);
    TAP_CHECK(test_closed_within(descriptor, 5000));
    TAP_EQUAL_INT(test.freed, 1);
    (void)close(descriptor);
}

static bool is_owing(void)
{
    (void)pthread_mutex_lock(&http_later_lock);
    bool owing = test.server->owing != NULL;
    (void)pthread_mutex_unlock(&http_later_lock);
    return owing;
}

/* What the server does to exchanges that are owed an answer for two minutes. */
static void answers_in_the_place_of_who_does_not(void)
{
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2}));
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/later") GET("/static")));
    struct slw_http_exchange *held = test_http_held(&test);
    TAP_REQUIRE(held != NULL);
    for (unsigned i = 0; i < 1000 && !is_owing(); i++) {
        (void)usleep(10000);
    }
    TAP_CHECK(is_owing());
    (void)pthread_mutex_lock(&http_later_lock);
    http_abandon(test.server, slw_http_clock_ms() - HTTP_OWED_MS);
    (void)pthread_mutex_unlock(&http_later_lock);
    TAP_CHECK(recv(descriptor, text, 1, MSG_DONTWAIT) <= 0); /* not before its time */
    (void)pthread_mutex_lock(&http_later_lock);
    http_abandon(test.server, slw_http_clock_ms() + 1);
    (void)pthread_mutex_unlock(&http_later_lock);
    struct test_reply reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 503 && strstr(reply.body, "\"reason\":\"timeout\"") != NULL);
    TAP_EQUAL_INT(test_receive(descriptor).status, 200); /* what was asked behind it */
    slw_http_answer_empty(held, 204);
    (void)close(descriptor);
    end();
}

static void *answer_after_a_while(void *context)
{
    (void)usleep(150000);
    slw_http_answer_empty(context, 204);
    return NULL;
}

static void waits_at_its_end_for_answers_that_are_owed(void)
{
    pthread_t thread;
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2}));
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/later")));
    struct slw_http_exchange *held = test_http_held(&test);
    TAP_REQUIRE(held != NULL && pthread_create(&thread, NULL, answer_after_a_while, held) == 0);
    test_http_stop(&test, 10000);
    TAP_EQUAL_INT(test_receive(descriptor).status, 204);
    (void)close(descriptor);
    (void)pthread_join(thread, NULL);
}

static void ends_though_answers_are_owed(void)
{
    TAP_REQUIRE(begin((struct slw_http_settings){.threads = 2}));
    int descriptor = test_connect(&test);
    int streaming = test_connect(&test);
    TAP_CHECK(
        test_say(descriptor, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nwhat"));
    TAP_CHECK(test_say(streaming, GET("/stream")));
    struct slw_http_exchange *held = test_http_held(&test);
    struct slw_http_stream *stream = test_http_stream(&test);
    TAP_REQUIRE(held != NULL && stream != NULL);
    int64_t begun_ms = slw_http_clock_ms();
    test_http_stop(&test, 100);
    TAP_CHECK(slw_http_clock_ms() - begun_ms < 5000);
    /* Who comes late with an answer finds what was asked, and nobody to tell. */
    TAP_CHECK(slw_bytes_equal(slw_http_body(held), SLW_BYTES_OF("what")));
    slw_http_refuse_as(held, 500, SLW_IO, "late");
    TAP_CHECK(!slw_http_stream_send(stream, "a", 1, SLW_BYTES_OF("b")));
    slw_http_stream_close(stream);
    struct test_reply reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 503 && strstr(reply.body, "\"reason\":\"timeout\"") != NULL);
    TAP_CHECK(test_closed_within(descriptor, 5000) && test_closed_within(streaming, 5000));
    (void)close(descriptor);
    (void)close(streaming);
}

int main(void)
{
    TAP_RUN(keeps_no_more_of_bodies_than_there_is_room_for);
    TAP_RUN(drops_who_is_slow_with_a_head);
    TAP_RUN(serves_honest_clients_among_idle_ones);
    TAP_RUN(tells_who_comes_when_all_are_busy);
    TAP_RUN(serves_others_while_sources_do_not_answer);
    TAP_RUN(ends_while_sources_do_not_answer);
    TAP_RUN(answers_in_the_place_of_who_does_not);
    TAP_RUN(waits_at_its_end_for_answers_that_are_owed);
    TAP_RUN(ends_though_answers_are_owed);
    return tap_finish();
}
