/* SPDX-License-Identifier: Apache-2.0 */
/* Which mirror is asked, and what is said when none will do: by scripts of what each answers. */
#include "mirrors.h"

#include "tap.h"

#include <stdio.h>

#define MIRRORS 3u

static struct slw_detail detail;
static enum slw_status answers[MIRRORS];
static char asked[64];
static char told[128];

static enum slw_status no_get(void *context, unsigned mirror,
                              const struct slw_fetch_request *request,
                              const struct slw_fetch_sink *sink, struct slw_detail *why)
{
    (void)context;
    (void)mirror;
    (void)request;
    (void)sink;
    (void)why;
    return SLW_UNAVAILABLE;
}

static enum slw_status attempt(void *context, const struct slw_fetch_port *port, unsigned mirror,
                               struct slw_detail *why)
{
    size_t len = strlen(asked);
    (void)context;
    (void)port;
    (void)snprintf(asked + len, sizeof asked - len, "%u", mirror);
    return answers[mirror] == SLW_OK
               ? SLW_OK
               : slw_explain(why, answers[mirror], "mirror %u failed", mirror);
}

static void on_event(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                     const char *text)
{
    size_t len = strlen(told);
    (void)context;
    (void)name;
    (void)text;
    (void)snprintf(told + len, sizeof told - len, event == SLW_TUF_EVENT_MIRROR ? "%d" : "?%d",
                   (int)number);
}

static const struct slw_fetch_port port = {.mirrors = MIRRORS, .get = no_get};
static const struct slw_tuf_observer observer = {.event = on_event};

static enum slw_status ask(struct slw_tuf_mirrors *mirrors, enum slw_tuf_absence absence,
                           enum slw_status first, enum slw_status second, enum slw_status third)
{
    const struct slw_tuf_wish wish = {.name = "file", .absence = absence, .attempt = attempt};
    answers[0] = first;
    answers[1] = second;
    answers[2] = third;
    asked[0] = '\0';
    told[0] = '\0';
    detail.text[0] = '\0';
    return slw_tuf_mirrors_ask(mirrors, &wish, &detail);
}

static bool order_is(const char *text)
{
    return strcmp(asked, text) == 0;
}

static void a_good_mirror_is_asked_alone(void)
{
    struct slw_tuf_mirrors mirrors = {.port = &port, .observer = &observer};
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_OK, SLW_OK, SLW_OK), SLW_OK);
    TAP_CHECK(order_is("0"));
    TAP_CHECK(told[0] == '\0');
}

static void the_mirror_that_worked_last_is_asked_first(void)
{
    struct slw_tuf_mirrors mirrors = {.port = &port, .observer = &observer};
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_UNAVAILABLE, SLW_ROLLBACK, SLW_OK),
                  SLW_OK);
    TAP_CHECK(order_is("012"));
    TAP_CHECK(strcmp(told, "01") == 0);
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_OK, SLW_OK, SLW_OK), SLW_OK);
    TAP_CHECK(order_is("2"));
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_UNAVAILABLE, SLW_OK, SLW_EXPIRED),
                  SLW_OK);
    TAP_CHECK(order_is("201"));
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_EXPIRED, SLW_EXPIRED, SLW_EXPIRED),
                  SLW_EXPIRED);
    TAP_CHECK(order_is("102"));
    TAP_CHECK(strcmp(told, "10") == 0);
}

static void the_last_refusal_is_reported_and_not_what_was_unavailable(void)
{
    static const struct {
        enum slw_status answers[MIRRORS];
        enum slw_status reported;
        const char *said;
    } rows[] = {
        {{SLW_UNAVAILABLE, SLW_UNAVAILABLE, SLW_UNAVAILABLE}, SLW_UNAVAILABLE, "mirror 2"},
        {{SLW_ROLLBACK, SLW_UNAVAILABLE, SLW_UNAVAILABLE}, SLW_ROLLBACK, "mirror 0"},
        {{SLW_UNAVAILABLE, SLW_ROLLBACK, SLW_NOT_FOUND}, SLW_ROLLBACK, "mirror 1"},
        {{SLW_ROLLBACK, SLW_BELOW_THRESHOLD, SLW_UNAVAILABLE}, SLW_BELOW_THRESHOLD, "mirror 1"},
        {{SLW_TOO_LARGE, SLW_MALFORMED, SLW_SLOW_RETRIEVAL}, SLW_SLOW_RETRIEVAL, "mirror 2"},
        {{SLW_NOT_FOUND, SLW_NOT_FOUND, SLW_NOT_FOUND}, SLW_UNAVAILABLE, "mirror 2"},
        {{SLW_NOT_FOUND, SLW_UNAVAILABLE, SLW_NOT_FOUND}, SLW_UNAVAILABLE, "mirror 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_tuf_mirrors mirrors = {.port = &port, .observer = &observer};
        TAP_ROW(slw_status_word(rows[i].reported));
        TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, rows[i].answers[0], rows[i].answers[1],
                          rows[i].answers[2]),
                      rows[i].reported);
        TAP_CHECK(order_is("012"));
        TAP_CHECK(strstr(detail.text, rows[i].said) != NULL);
    }
}

static void what_is_no_fault_of_a_mirror_ends_it_at_once(void)
{
    static const enum slw_status statuses[] = {SLW_IO, SLW_NO_SPACE, SLW_IO_CRYPTO,
                                               SLW_WRONG_STATE};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct slw_tuf_mirrors mirrors = {.port = &port, .observer = &observer};
        TAP_ROW(slw_status_word(statuses[i]));
        TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_ROLLBACK, statuses[i], SLW_OK),
                      statuses[i]);
        TAP_CHECK(order_is("01"));
    }
}

static void the_end_of_the_roots_is_believed_of_one_mirror(void)
{
    struct slw_tuf_mirrors mirrors = {.port = &port, .observer = &observer};
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_BELIEVED, SLW_NOT_FOUND, SLW_OK, SLW_OK),
                  SLW_NOT_FOUND);
    TAP_CHECK(order_is("0"));
    TAP_CHECK(told[0] == '\0');
    TAP_EQUAL_INT(
        ask(&mirrors, SLW_TUF_ABSENCE_BELIEVED, SLW_ROOT_UNTRUSTED, SLW_NOT_FOUND, SLW_OK),
        SLW_NOT_FOUND);
    TAP_CHECK(order_is("01"));
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_BELIEVED, SLW_ROOT_UNTRUSTED, SLW_UNAVAILABLE,
                      SLW_ROOT_UNTRUSTED),
                  SLW_ROOT_UNTRUSTED);
    TAP_EQUAL_INT(
        ask(&mirrors, SLW_TUF_ABSENCE_BELIEVED, SLW_UNAVAILABLE, SLW_UNAVAILABLE, SLW_UNAVAILABLE),
        SLW_UNAVAILABLE);
}

static void or_asked_of_all(void)
{
    struct slw_tuf_mirrors mirrors = {.port = &port, .observer = &observer};
    TAP_EQUAL_INT(
        ask(&mirrors, SLW_TUF_ABSENCE_SAID_BY_ALL, SLW_NOT_FOUND, SLW_UNAVAILABLE, SLW_OK), SLW_OK);
    TAP_CHECK(order_is("012"));
    TAP_CHECK(strcmp(told, "1") == 0);
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_SAID_BY_ALL, SLW_NOT_FOUND, SLW_UNAVAILABLE,
                      SLW_ROOT_UNTRUSTED),
                  SLW_NOT_FOUND);
    TAP_CHECK(order_is("201"));
}

static void without_mirrors_nothing_is_to_be_had(void)
{
    struct slw_tuf_mirrors mirrors = {0};
    TAP_EQUAL_INT(ask(&mirrors, SLW_TUF_ABSENCE_FAILURE, SLW_OK, SLW_OK, SLW_OK), SLW_UNAVAILABLE);
    TAP_CHECK(order_is(""));
}

int main(void)
{
    TAP_RUN(a_good_mirror_is_asked_alone);
    TAP_RUN(the_mirror_that_worked_last_is_asked_first);
    TAP_RUN(the_last_refusal_is_reported_and_not_what_was_unavailable);
    TAP_RUN(what_is_no_fault_of_a_mirror_ends_it_at_once);
    TAP_RUN(the_end_of_the_roots_is_believed_of_one_mirror);
    TAP_RUN(or_asked_of_all);
    TAP_RUN(without_mirrors_nothing_is_to_be_had);
    return tap_finish();
}
