/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever wants more rights than they have, and whoever writes hostile text into fields. */
#include "test_depot.h"

#include "people/roles.h"

#include "tap.h"

#include <pthread.h>
#include <stdlib.h>

static struct test_depot depot;
static struct test_depot admin; /* in a session */

#define PASSWORD "a password of admin's"
#define EVE "the password of eve"

/* The limit of failures per client is in memory: a restart forgets it. */
static bool restart(void)
{
    return test_depot_restart(&depot) && test_sql(&depot, "DELETE FROM login_failures") &&
           test_log_in(&depot, "admin", PASSWORD, NULL, &admin) == 200;
}

static long try_password(const char *name, const char *password)
{
    struct test_depot session;
    return test_log_in(&depot, name, password, NULL, &session);
}

#define FIXED "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- roles -------------------------------------------------------------------------------------
 */

static void an_administrator_of_one_product_is_that(void)
{
    static const struct {
        const char *method, *path, *body;
        long status;
    } rows[] = {
        {"PATCH", "/api/v1/products/lamp", "{\"title\":\"mine\"}", 200},
        {"PUT", "/api/v1/products/lamp/people/eve", "{\"roles\":[\"developer\"]}", 204},
        {"POST", "/api/v1/products", "{\"name\":\"more\"}", 403},
        {"GET", "/api/v1/people", NULL, 403},
        {"POST", "/api/v1/people", "{\"name\":\"x\",\"roles\":[]}", 403},
        {"PUT", "/api/v1/people/lou/roles",
         "{\"roles\":[{\"product\":\"*\",\"role\":\"administrator\"}]}", 403},
        {"POST", "/api/v1/people/admin/disable", NULL, 403},
        {"POST", "/api/v1/people/admin/invitation", NULL, 403},
        {"POST", "/api/v1/people/eve/unlock", NULL, 403},
        {"DELETE", "/api/v1/people/admin/totp", NULL, 403},
        {"GET", "/api/v1/audit", NULL, 403},
        {"GET", "/api/v1/audit?product=lamp", NULL, 403},
        {"GET", "/api/v1/products/lamp/audit?product=fan", NULL, 200},
        {"PUT", "/api/v1/products/fan/people/lou", "{\"roles\":[\"viewer\"]}", 404},
        {"PATCH", "/api/v1/products/fan", "{\"title\":\"mine\"}", 404},
        {"PUT", "/api/v1/products/*/people/lou", "{\"roles\":[\"administrator\"]}", 404},
        {"PUT", "/api/v1/products/%2A/people/lou", "{\"roles\":[\"administrator\"]}", 404},
        {"PUT", "/api/v1/products/lamp/people/lou",
         "{\"roles\":[{\"product\":\"*\",\"role\":\"administrator\"}]}", 400},
        {"PUT", "/api/v1/products/lamp/people/lou", "{\"roles\":[\"administrator\",\"god\"]}", 400},
        {"PUT", "/api/v1/products/lamp/people/lou", "{\"roles\":\"administrator\"}", 400},
        {"PUT", "/api/v1/products/lamp/people/nobody", "{\"roles\":[\"viewer\"]}", 404},
    };
    char token[128];
    struct test_depot lou = depot;
    TAP_REQUIRE(test_person(&depot, "lou", "lamp", "administrator", token));
    lou.use_token = token;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].path);
        long status = test_status(&lou, rows[i].method, rows[i].path, rows[i].body);
        /* A star in a path may be refused before anybody looks at it. */
        TAP_CHECK(status == rows[i].status || (rows[i].status == 404 && status == 400));
        TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM roles WHERE person = 'lou' AND "
                                         "product <> 'lamp'"),
                      0);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM roles WHERE product = '*'"), 1);
}

/* Word for word what is said of a product that there isn't. */
static void a_product_of_others_is_not_there(void)
{
    static const char *const paths[] = {"", "/people", "/audit"};
    char token[128];
    struct test_depot stranger = depot;
    TAP_REQUIRE(test_person(&depot, "sam", "lamp", "administrator", token));
    stranger.use_token = token;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct test_answer theirs;
        struct test_answer none;
        char path[96];
        (void)snprintf(path, sizeof path, "/api/v1/products/fan%s", paths[i]);
        test_call(&stranger, "GET", path, NULL, &theirs);
        (void)snprintf(path, sizeof path, "/api/v1/products/nil%s", paths[i]);
        test_call(&stranger, "GET", path, NULL, &none);
        TAP_EQUAL_INT(theirs.status, 404);
        TAP_EQUAL_INT(none.status, 404);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&theirs.body), slw_heap_bytes(&none.body)));
        test_answer_free(&theirs);
        test_answer_free(&none);
    }
}

static void each_role_may_what_it_may(void)
{
    static const struct {
        const char *role;
        const char *may; /* of the rights SEE to ADMINISTER, in their order */
    } rows[] = {{"viewer", "100000"},   {"developer", "110010"},     {"release-manager", "111010"},
                {"approver", "100110"}, {"administrator", "111111"}, {"nothing", "000000"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].role);
        enum depot_role role = people_role_find(slw_bytes_make(rows[i].role, strlen(rows[i].role)));
        for (int right = DEPOT_SEE; right <= DEPOT_ADMINISTER; right++) {
            TAP_CHECK(people_role_may(role, (enum depot_right)right) ==
                      (rows[i].may[right - DEPOT_SEE] == '1'));
        }
        TAP_CHECK(!people_role_may(role, DEPOT_PUBLIC));
        TAP_CHECK(!people_role_may(role, DEPOT_ANYBODY));
    }
    TAP_ROW(NULL);
}

static void somebody_always_administers(void)
{
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people/admin/disable", NULL), 409);
    TAP_EQUAL_INT(test_status(&admin, "PUT", "/api/v1/people/admin/roles", "{\"roles\":[]}"), 409);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/session", NULL), 200);
    TAP_EQUAL_INT(
        test_status(&admin, "POST", "/api/v1/people",
                    "{\"name\":\"bot\",\"kind\":\"machine\",\"roles\":[{\"product\":\"*\","
                    "\"role\":\"administrator\"}]}"),
        400);
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people",
                              "{\"name\":\"bot\",\"kind\":\"machine\",\"password\":\"0123456789\","
                              "\"roles\":[]}"),
                  400);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM people WHERE name = 'bot'"), 0);
}

struct duel {
    struct test_depot as;
    const char *path;
};

static void *strike(void *context)
{
    struct duel *duel = context;
    (void)test_status(&duel->as, "POST", duel->path, NULL);
    return NULL;
}

/* Two administrators disable each other at once: one remains, whoever. */
static void two_at_once_leave_one(void)
{
    char tokens[2][128];
    struct duel duels[2] = {{depot, "/api/v1/people/due2/disable"},
                            {depot, "/api/v1/people/due1/disable"}};
    pthread_t threads[2];
    TAP_REQUIRE(test_person(&depot, "due1", "*", "administrator", tokens[0]));
    TAP_REQUIRE(test_person(&depot, "due2", "*", "administrator", tokens[1]));
    for (int round = 0; round < 10; round++) {
        TAP_REQUIRE(test_sql(&depot, "UPDATE people SET disabled_us = NULL"));
        TAP_REQUIRE(test_sql(&depot, "UPDATE people SET disabled_us = 1 WHERE name = 'admin'"));
        for (size_t i = 0; i < 2; i++) {
            duels[i].as.use_token = tokens[i];
            TAP_REQUIRE(pthread_create(&threads[i], NULL, strike, &duels[i]) == 0);
        }
        (void)pthread_join(threads[0], NULL);
        (void)pthread_join(threads[1], NULL);
        TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM people WHERE name LIKE 'due%' AND "
                                         "disabled_us IS NULL"),
                      1);
    }
    TAP_REQUIRE(test_sql(&depot, "UPDATE people SET disabled_us = NULL WHERE name = 'admin'"));
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM roles WHERE person LIKE 'due%'"));
}

/* --- what stands in fields ---------------------------------------------------------------------
 */

static void names_are_names(void)
{
    static const char *const names[] = {
        "",          "*",
        " ",         "a b",
        "-a",        ".a",
        "_a",        "a/b",
        "a\\\\b",    "a'b",
        "a\\\"b",    "a;b",
        "a\\u0000b", "a\\nb",
        "<b>",       "\\u00e4",
        "a%00",      "..",
        "../lamp",   "a{b}",
        "a\\u202eb", "12345678901234567890123456789012345678901234567890123456789012345",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char body[256];
        TAP_ROW(names[i]);
        (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"roles\":[]}", names[i]);
        TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/products", body), 400);
        TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people", body), 400);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(
        test_status(&admin, "POST", "/api/v1/people", "{\"name\":\"depot\",\"roles\":[]}"), 400);
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people", "{\"name\":\"eve\",\"roles\":[]}"),
                  409);
}

static void hostile_text_stays_text(void)
{
    static const char *const titles[] = {
        "'; DROP TABLE people; --",
        "\\\"); DELETE FROM roles; --",
        "$1 $2 ?1 :name",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}",
        "%s%n%d",
        "\\u202egnp.exe",
        "\\ud83d\\ude00",
        "line\\nline\\ttab",
        "\\u0001\\u001b[31m",
    };
    int64_t people = test_count(&depot, "SELECT COUNT(*) FROM people");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        struct test_answer answer;
        char body[256];
        char value[512];
        TAP_ROW(titles[i]);
        (void)snprintf(body, sizeof body, "{\"title\":\"%s\"}", titles[i]);
        test_call(&admin, "PATCH", "/api/v1/products/lamp", body, &answer);
        TAP_EQUAL_INT(answer.status, 200);
        TAP_CHECK(strncmp(test_header(&answer, "Content-Type", value), "application/json", 16) ==
                  0);
        TAP_CHECK(memchr(answer.body.ptr, 0x1b, answer.body.len) == NULL);
        test_answer_free(&answer);
        TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/products/lamp", NULL), 200);
        TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit", NULL), 200);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(
        test_status(&admin, "PATCH", "/api/v1/products/lamp", "{\"title\":\"a\\u0000b\"}"), 400);
    TAP_EQUAL_INT(test_status(&admin, "GET", "/api/v1/audit?who=%27%20OR%201%3D1", NULL), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM people"), people);
}

static void long_values_are_refused(void)
{
    static char body[20000];
    static char filler[8000];
    memset(filler, 'a', sizeof filler - 1);
    (void)snprintf(body, sizeof body, "{\"title\":\"%.201s\"}", filler);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp", body), 400);
    (void)snprintf(body, sizeof body, "{\"title\":\"%s\"}", filler);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp", body), 413);
    (void)snprintf(body, sizeof body, "{\"name\":\"eve\",\"password\":\"%.3000s\"}", filler);
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/session", body), 401);
    (void)snprintf(body, sizeof body, "{\"name\":\"%.3000s\",\"password\":\"x\"}", filler);
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/session", body), 401);
    (void)snprintf(body, sizeof body, "/api/v1/products/%.2000s", filler);
    TAP_EQUAL_INT(test_status(&admin, "GET", body, NULL), 404);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp", "{\"keep_days\":0}"), 400);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp", "{\"keep_days\":-1}"), 400);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp",
                              "{\"keep_days\":9223372036854775807}"),
                  400);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp",
                              "{\"keep_days\":99999999999999999999}"),
                  400);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp", "{\"keep_days\":1.5}"),
                  400);
    TAP_EQUAL_INT(test_status(&admin, "PATCH", "/api/v1/products/lamp", "{\"keep_days\":\"7\"}"),
                  400);
}

static void invitations_are_used_once_and_end(void)
{
    struct test_answer answer;
    struct test_depot nobody = depot;
    char body[256];
    nobody.use_token = NULL;
    test_call(&admin, "POST", "/api/v1/people/eve/invitation", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    struct slw_bytes secret = slw_json_string(&answer.json, test_find(&answer, "invitation"));
    (void)snprintf(body, sizeof body, "{\"secret\":\"%.*s\",\"password\":\"%s\"}", (int)secret.len,
                   (const char *)secret.ptr, EVE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(try_password("eve", EVE), 401); /* the old one ended */
    TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/invitation",
                              "{\"secret\":\"" FIXED "\",\"password\":\"0123456789\"}"),
                  404);
    TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/invitation",
                              "{\"secret\":\"\",\"password\":\"0123456789\"}"),
                  404);
    TAP_REQUIRE(test_sql(&depot, "UPDATE people SET invitation_until_us = 1 WHERE name = 'eve'"));
    TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/invitation", body), 404);
    TAP_REQUIRE(test_sql(&depot, "UPDATE people SET invitation_until_us = 9000000000000000 WHERE "
                                 "name = 'eve'"));
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people/eve/disable", NULL), 204);
    TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/invitation", body), 404);
    TAP_EQUAL_INT(test_status(&admin, "POST", "/api/v1/people/eve/enable", NULL), 204);
    TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/invitation", body), 404);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_product(&depot, "fan") ||
        !test_person_with_password(&depot, "eve", "lamp", "developer", EVE) || !restart()) {
        return 1;
    }
    TAP_RUN(an_administrator_of_one_product_is_that);
    TAP_RUN(a_product_of_others_is_not_there);
    TAP_RUN(each_role_may_what_it_may);
    TAP_RUN(somebody_always_administers);
    TAP_RUN(two_at_once_leave_one);
    TAP_RUN(names_are_names);
    TAP_RUN(hostile_text_stays_text);
    TAP_RUN(long_values_are_refused);
    TAP_RUN(invitations_are_used_once_and_end);
    test_depot_close(&depot);
    return tap_finish();
}
