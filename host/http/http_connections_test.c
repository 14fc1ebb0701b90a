/* SPDX-License-Identifier: Apache-2.0 */
/* Who is cut for being slow, by a clock of the test's, and who makes room; and buckets. */
#include "slipway/http_clock.h"
#include "slipway/http_connections.h"
#include "slipway/http_limits.h"

#include "tap.h"

#include <sys/socket.h>
#include <unistd.h>

#define IDLE_S 3600u /* so that the watching thread itself cuts nobody */
#define FLOOR 100u

static struct slw_http_connections connections;
static int ends[8][2];
static struct slw_http_connection *peers[8];

static bool begin(unsigned count)
{
    bool good = slw_http_connections_start(&connections, IDLE_S, FLOOR, NULL, NULL) == SLW_OK;
    for (unsigned i = 0; i < count && good; i++) {
        good = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends[i]) == 0;
        peers[i] = slw_http_connections_add(&connections, ends[i][1]);
        good = good && peers[i] != NULL;
    }
    return good;
}

static void end(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        slw_http_connections_remove(&connections, peers[i]);
        (void)close(ends[i][0]);
        (void)close(ends[i][1]);
    }
    TAP_EQUAL_INT(slw_http_connections_count(&connections), 0);
    slw_http_connections_stop(&connections);
}

static bool is_shut(unsigned i)
{
    char byte = 0;
    return recv(ends[i][0], &byte, 1, MSG_DONTWAIT) == 0;
}

static void cuts_who_says_nothing(void)
{
    TAP_REQUIRE(begin(1));
    int64_t begun_ms = peers[0]->since_ms;
    TAP_EQUAL_INT(slw_http_connections_look(&connections, begun_ms + IDLE_S * 1000 - 1), 0);
    TAP_CHECK(!is_shut(0));
    TAP_EQUAL_INT(slw_http_connections_look(&connections, begun_ms + IDLE_S * 1000), 1);
    TAP_CHECK(is_shut(0));
    /* Once is enough. */
    TAP_EQUAL_INT(slw_http_connections_look(&connections, begun_ms + IDLE_S * 2000), 0);
    end(1);
}

static void cuts_who_sends_a_body_below_the_floor(void)
{
    TAP_REQUIRE(begin(2));
    for (unsigned i = 0; i < 2; i++) {
        slw_http_connections_enter(&connections, peers[i], SLW_HTTP_BODY);
    }
    int64_t then_ms = peers[1]->since_ms + SLW_HTTP_FLOOR_WINDOW_S * 1000;
    slw_http_connections_received(&connections, peers[0], FLOOR * SLW_HTTP_FLOOR_WINDOW_S + 10);
    slw_http_connections_received(&connections, peers[1], FLOOR * SLW_HTTP_FLOOR_WINDOW_S - 1);
    TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms - 1000), 0);
    TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms), 1);
    TAP_CHECK(!is_shut(0) && is_shut(1));
    /* What was sent fast before doesn't count for later. */
    then_ms += SLW_HTTP_FLOOR_WINDOW_S * 1000 + 1000;
    TAP_EQUAL_INT(slw_http_connections_look(&connections, then_ms), 1);
    TAP_CHECK(is_shut(0));
    end(2);
}

static void cuts_who_does_not_fetch_an_answer_but_no_quiet_stream(void)
{
    TAP_REQUIRE(begin(2));
    slw_http_connections_enter(&connections, peers[0], SLW_HTTP_ANSWER);
    slw_http_connections_enter(&connections, peers[1], SLW_HTTP_QUIET);
    int64_t begun_ms = peers[0]->since_ms;
    TAP_EQUAL_INT(slw_http_connections_look(&connections, begun_ms + SLW_HTTP_ANSWER_S * 1000 - 1),
                  0);
    TAP_EQUAL_INT(slw_http_connections_look(&connections, begun_ms + SLW_HTTP_ANSWER_S * 1000), 1);
    TAP_CHECK(is_shut(0));
    TAP_EQUAL_INT(slw_http_connections_look(&connections, begun_ms + INT64_C(1) * 86400 * 1000), 0);
    TAP_CHECK(!is_shut(1));
    end(2);
}

static void makes_room_by_who_was_idle_longest(void)
{
    TAP_REQUIRE(begin(4));
    peers[0]->since_ms -= 10;
    peers[1]->since_ms -= 30;
    peers[2]->since_ms -= 20;
    slw_http_connections_enter(&connections, peers[0], SLW_HTTP_ANSWER);
    TAP_CHECK(slw_http_connections_evict(&connections, peers[3], slw_http_clock_ms()) &&
              is_shut(1));
    TAP_CHECK(slw_http_connections_evict(&connections, peers[3], slw_http_clock_ms()) &&
              is_shut(2));
    TAP_CHECK(!is_shut(0) && !is_shut(3));
    /* One that is busy doesn't go, nor who is to come in. */
    TAP_CHECK(!slw_http_connections_evict(&connections, peers[3], slw_http_clock_ms()));
    TAP_CHECK(!is_shut(0) && !is_shut(3));
    TAP_EQUAL_INT(connections.evicted, 2);
    end(4);
}

static void makes_room_by_whose_body_is_slowest_when_nobody_is_idle(void)
{
    TAP_REQUIRE(begin(4));
    for (unsigned i = 0; i < 3; i++) {
        slw_http_connections_enter(&connections, peers[i], SLW_HTTP_BODY);
    }
    int64_t then_ms = peers[2]->since_ms + 2000;
    slw_http_connections_received(&connections, peers[0], 1000);
    slw_http_connections_received(&connections, peers[1], 500);
    slw_http_connections_received(&connections, peers[2], 1u << 20);
    /* Who has just begun may become fast yet. */
    TAP_CHECK(!slw_http_connections_evict(&connections, peers[3], then_ms - 1500));
    TAP_CHECK(slw_http_connections_evict(&connections, peers[3], then_ms) && is_shut(1));
    TAP_CHECK(slw_http_connections_evict(&connections, peers[3], then_ms) && is_shut(0));
    /* Who is fast stays. */
    TAP_CHECK(!slw_http_connections_evict(&connections, peers[3], then_ms));
    TAP_CHECK(!is_shut(2) && !is_shut(3));
    end(4);
}

static void lets_each_client_make_so_many_requests(void)
{
    static struct slw_http_limits limits;
    struct slw_bytes one = SLW_BYTES_OF("one");
    unsigned admitted = 0;
    TAP_REQUIRE(slw_http_limits_init(&limits, 5) == SLW_OK);
    for (unsigned i = 0; i < 20; i++) {
        admitted += slw_http_limits_admit(&limits, one, 1000);
    }
    TAP_EQUAL_INT(admitted, 5);
    TAP_CHECK(!slw_http_limits_admit(&limits, one, 1199));
    TAP_CHECK(slw_http_limits_admit(&limits, one, 1399));
    TAP_CHECK(!slw_http_limits_admit(&limits, one, 1399));
    TAP_CHECK(slw_http_limits_admit(&limits, SLW_BYTES_OF("two"), 1400));
    for (unsigned i = 0; i < 5; i++) {
        TAP_CHECK(slw_http_limits_admit(&limits, one, 100000));
    }
    TAP_CHECK(!slw_http_limits_admit(&limits, one, 100000));
}

int main(void)
{
    TAP_RUN(cuts_who_says_nothing);
    TAP_RUN(cuts_who_sends_a_body_below_the_floor);
    TAP_RUN(cuts_who_does_not_fetch_an_answer_but_no_quiet_stream);
    TAP_RUN(makes_room_by_who_was_idle_longest);
    TAP_RUN(makes_room_by_whose_body_is_slowest_when_nobody_is_idle);
    TAP_RUN(lets_each_client_make_so_many_requests);
    return tap_finish();
}
