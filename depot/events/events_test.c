/* SPDX-License-Identifier: Apache-2.0 */
/* Who sees which events, how somebody who comes back goes on, and when a stream ends. */
#include "test_depot.h"

#include "events/events.h"

#include "slipway/http_clock.h"

#include "tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 20000

static struct test_depot depot;
static char viewer[128]; /* of lamp alone */

struct made {
    const char *product, *kind, *subject, *data;
    unsigned count;
};

static enum slw_status make(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct made *made = context;
    for (unsigned i = 0; i < made->count; i++) {
        SLW_TRY(depot_event(transaction, slw_bytes_make(made->product, strlen(made->product)),
                            made->kind, slw_bytes_make(made->subject, strlen(made->subject)),
                            made->data, detail));
    }
    return SLW_OK;
}

static bool happens(const char *product, const char *kind, const char *subject, unsigned count)
{
    struct made made = {product, kind, subject, "{\"n\":7,\"text\":\"a\\nb\"}", count};
    struct slw_detail detail = {""};
    return slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, make, &made, &detail) ==
           SLW_OK;
}

static int connect_to(const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port =
                                      htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

/* Begins to watch; last: Last-Event-ID, NULL for none. */
static int watch(const char *token, const char *last)
{
    char request[512];
    int len = snprintf(request, sizeof request,
                       "GET /api/v1/events HTTP/1.1\r\nHost: depot\r\nAuthorization: Bearer %s\r\n"
                       "%s%s%s\r\n",
                       token, last == NULL ? "" : "Last-Event-ID: ", last == NULL ? "" : last,
                       last == NULL ? "" : "\r\n");
    int descriptor = connect_to(depot.address);
    return descriptor >= 0 && write(descriptor, request, (size_t)len) == len ? descriptor : -1;
}

/* Reads until a text came; false when another came before it, or the stream ends. */
static bool comes(int descriptor, const char *text, const char *other)
{
    static char seen[65536];
    size_t len = 0;
    struct pollfd wait = {.fd = descriptor, .events = POLLIN};
    int64_t deadline_ms = slw_http_clock_ms() + WAIT_MS; /* a stream always has something */
    while (len < sizeof seen - 1 && slw_http_clock_ms() < deadline_ms &&
           poll(&wait, 1, WAIT_MS) > 0 && read(descriptor, seen + len, 1) == 1) {
        seen[++len] = '\0';
        if (other != NULL && strstr(seen, other) != NULL) {
            return false;
        }
        if (strstr(seen, text) != NULL) {
            return true;
        }
    }
    return false;
}

static void tells_everybody_what_they_may_see(void)
{
    int admin = watch(depot.token, NULL);
    int other = watch(viewer, NULL);
    TAP_REQUIRE(comes(admin, "retry: ", NULL) && comes(other, "retry: ", NULL));
    TAP_REQUIRE(happens("fridge", "build", "f1", 1) && happens("*", "people", "ada", 1) &&
                happens("lamp", "rollout", "9", 1));
    TAP_CHECK(comes(admin, "event: build\ndata: {\"id\":", NULL));
    TAP_CHECK(comes(admin,
                    "\"product\":\"fridge\",\"kind\":\"build\",\"subject\":\"f1\",\"data\":"
                    "{\"n\":7,\"text\":\"a\\nb\"}}\n\n",
                    NULL));
    TAP_CHECK(comes(admin, "event: people\n", NULL) && comes(admin, "event: rollout\n", NULL));
    TAP_CHECK(comes(other, "event: rollout\n", "event: build"));
    TAP_CHECK(comes(other, "\"subject\":\"9\"", "fridge"));
    (void)close(admin);
    (void)close(other);
}

static void goes_on_where_somebody_was(void)
{
    char last[32];
    TAP_REQUIRE(happens("lamp", "build", "b1", 1));
    (void)snprintf(
        last, sizeof last, "%lld",
        (long long)test_count(&depot, "SELECT value FROM counters WHERE name = 'events'"));
    TAP_REQUIRE(happens("lamp", "build", "b2", 1) && happens("lamp", "build", "b3", 1));
    int descriptor = watch(viewer, last);
    TAP_CHECK(comes(descriptor, "\"subject\":\"b2\"", "\"subject\":\"b1\""));
    TAP_CHECK(comes(descriptor, "\"subject\":\"b3\"", NULL));
    (void)close(descriptor);
}

static void says_when_somebody_missed_something(void)
{
    static const char *const rows[] = {"1", "999999999"};
    TAP_REQUIRE(happens("fridge", "build", "many", EVENTS_BEHIND_MAX + 50));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[64];
        TAP_ROW(rows[i]);
        (void)snprintf(
            id, sizeof id, "id: %lld\nevent: missed\n",
            (long long)test_count(&depot, "SELECT value FROM counters WHERE name = 'events'"));
        int descriptor = watch(viewer, rows[i]);
        TAP_CHECK(comes(descriptor, id, NULL));
        TAP_REQUIRE(happens("lamp", "build", "after", 1));
        TAP_CHECK(comes(descriptor, "\"subject\":\"after\"", NULL));
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
    /* What is no number is nothing. */
    int descriptor = watch(viewer, "12x");
    TAP_REQUIRE(comes(descriptor, "retry", "missed") && happens("lamp", "build", "then", 1));
    TAP_CHECK(comes(descriptor, "\"subject\":\"then\"", "missed"));
    (void)close(descriptor);
}

static enum slw_status revoke_guest(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    (void)context;
    return slw_sql_run(transaction, "UPDATE tokens SET revoked_us = 1 WHERE person = 'guest'", NULL,
                       0, NULL, detail);
}

static void ends_when_a_token_is_revoked(void)
{
    char token[128];
    struct slw_detail detail;
    TAP_REQUIRE(test_person(&depot, "guest", "lamp", "viewer", token));
    int descriptor = watch(token, NULL);
    TAP_REQUIRE(comes(descriptor, "retry", NULL) && happens("lamp", "build", "seen", 1));
    TAP_CHECK(comes(descriptor, "\"subject\":\"seen\"", NULL));
    TAP_REQUIRE(slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, revoke_guest, NULL,
                                      &detail) == SLW_OK);
    TAP_CHECK(comes(descriptor, "\r\n0\r\n\r\n", "event: ")); /* the last chunk */
    (void)close(descriptor);
}

static void lets_nobody_watch_without_a_name(void)
{
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/events", NULL), 401);
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products/lamp/events", NULL), 401);
}

static void has_no_more_streams_of_one_person_than_that(void)
{
    int descriptors[EVENTS_OWN_MAX];
    char token[128];
    TAP_REQUIRE(test_person(&depot, "greedy", "lamp", "viewer", token));
    for (unsigned i = 0; i < EVENTS_OWN_MAX; i++) {
        descriptors[i] = watch(token, NULL);
        TAP_REQUIRE(comes(descriptors[i], "retry", NULL));
    }
    int descriptor = watch(token, NULL);
    TAP_CHECK(comes(descriptor, "503 Service Unavailable", "200 OK"));
    TAP_CHECK(comes(descriptor, "too-many", NULL));
    (void)close(descriptor);
    int other = watch(viewer, NULL);
    TAP_CHECK(comes(other, "retry", NULL));
    (void)close(other);
    for (unsigned i = 0; i < EVENTS_OWN_MAX; i++) {
        (void)close(descriptors[i]);
    }
}

static void lists_events_of_a_product(void)
{
    struct test_depot other = depot;
    struct test_answer answer;
    other.use_token = viewer;
    TAP_REQUIRE(happens("lamp", "stage", "x1", 1) && happens("lamp", "stage", "x2", 1) &&
                happens("lamp", "stage", "x3", 1));
    test_call(&other, "GET", "/api/v1/products/lamp/events?kind=stage&limit=2", NULL, &answer);
    TAP_CHECK(test_text(&answer, "events.0.subject", "x1") &&
              test_text(&answer, "events.1.subject", "x2"));
    TAP_CHECK(test_find(&answer, "events.2") == SLW_JSON_NONE);
    TAP_EQUAL_INT(test_number(&answer, "events.0.data.n"), 7);
    test_answer_free(&answer);
    test_call(&other, "GET", "/api/v1/products/lamp/events?kind=stage&before=99999999&limit=1",
              NULL, &answer);
    TAP_CHECK(test_text(&answer, "events.0.subject", "x3"));
    test_answer_free(&answer);
    test_call(&other, "GET", "/api/v1/products/lamp/events?subject=x2", NULL, &answer);
    TAP_CHECK(test_text(&answer, "events.0.subject", "x2") &&
              test_find(&answer, "events.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&other, "GET", "/api/v1/products/lamp/events?kind=x%27%20OR%201=1%20--", NULL,
              &answer);
    TAP_EQUAL_INT(answer.status, 400); /* "=" stands for itself nowhere */
    test_answer_free(&answer);
    test_call(&other, "GET", "/api/v1/products/lamp/events?kind=%27%20OR%20%27%27%3D%27", NULL,
              &answer);
    TAP_CHECK(answer.status == 200 && test_find(&answer, "events.0") == SLW_JSON_NONE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&other, "GET", "/api/v1/products/fridge/events", NULL), 404);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_product(&depot, "fridge") || !test_person(&depot, "viv", "lamp", "viewer", viewer)) {
        return 1;
    }
    TAP_RUN(tells_everybody_what_they_may_see);
    TAP_RUN(goes_on_where_somebody_was);
    TAP_RUN(says_when_somebody_missed_something);
    TAP_RUN(ends_when_a_token_is_revoked);
    TAP_RUN(lets_nobody_watch_without_a_name);
    TAP_RUN(has_no_more_streams_of_one_person_than_that);
    TAP_RUN(lists_events_of_a_product);
    test_depot_close(&depot);
    return tap_finish();
}
