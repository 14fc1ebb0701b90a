/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever wants to be somebody else: guesses, stolen or made-up sessions and tokens, floods. */
#include "test_depot.h"

#include "people/attempt.h"

#include "tap.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static struct test_depot depot;
static struct test_depot admin; /* in a session */

#define PASSWORD "a password of admin's"
#define EVE "the password of eve"
#define WRONG "a wrong password"

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

/* --- guessing ----------------------------------------------------------------------------------
 */

static void locks_after_five_wrong_ones(void)
{
    for (int i = 0; i < 4; i++) {
        TAP_EQUAL_INT(try_password("eve", WRONG), 401);
    }
    TAP_EQUAL_INT(try_password("eve", EVE), 200); /* counting begins anew */
    for (int i = 0; i < 4; i++) {
        TAP_EQUAL_INT(try_password("eve", WRONG), 401);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM login_failures WHERE locked_until_us > "
                                     "0"),
                  0);
    TAP_EQUAL_INT(try_password("eve", WRONG), 401);
    TAP_EQUAL_INT(try_password("eve", EVE), 401);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'account.lock' AND "
                                     "subject = 'eve'"),
                  1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT failures FROM login_failures WHERE name = 'eve'"), 5);
}

static void locks_for_longer_each_time(void)
{
    static const struct {
        int before;
        int64_t seconds;
    } rows[] = {{5, 120}, {6, 240}, {10, 3600}, {1000, 3600}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql,
                       "UPDATE login_failures SET locked_until_us = 1, failures = %d",
                       rows[i].before);
        TAP_REQUIRE(test_sql(&depot, sql));
        TAP_EQUAL_INT(try_password("eve", WRONG), 401);
        TAP_EQUAL_INT(test_count(&depot, "SELECT (locked_until_us - last_us) / 1000000 FROM "
                                         "login_failures WHERE name = 'eve'"),
                      rows[i].seconds);
    }
    TAP_REQUIRE(test_sql(&depot, "UPDATE login_failures SET locked_until_us = 1"));
    TAP_EQUAL_INT(try_password("eve", EVE), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM login_failures"), 0);
}

static void tells_nobody_which_names_there_are(void)
{
    struct test_answer known;
    struct test_answer unknown;
    struct test_depot nobody = depot;
    TAP_REQUIRE(restart());
    nobody = depot;
    nobody.use_token = NULL;
    for (int i = 0; i < 6; i++) {
        test_call(&nobody, "POST", "/api/v1/session",
                  "{\"name\":\"eve\",\"password\":\"" WRONG "\"}", &known);
        test_call(&nobody, "POST", "/api/v1/session",
                  "{\"name\":\"nobody\",\"password\":\"" WRONG "\"}", &unknown);
        TAP_EQUAL_INT(known.status, 401);
        TAP_EQUAL_INT(unknown.status, 401);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&known.body), slw_heap_bytes(&unknown.body)));
        test_answer_free(&known);
        test_answer_free(&unknown);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM login_failures WHERE locked_until_us > "
                                     "0"),
                  2);
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
}

/* In time of this process, which is client and depot: what else the machine does isn't in it. */
static int64_t login_us(const char *name)
{
    struct timespec before;
    struct timespec after;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    (void)try_password(name, WRONG);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (int64_t)(after.tv_sec - before.tv_sec) * 1000000 +
           (after.tv_nsec - before.tv_nsec) / 1000;
}

/* The least of several. A name that isn't hashed for takes a tenth. */
static void works_as_long_for_unknown_names(void)
{
    int64_t known_us = INT64_MAX;
    int64_t unknown_us = INT64_MAX;
    for (int i = 0; i < 4; i++) {
        int64_t known = login_us("eve");
        int64_t unknown = login_us("nobody");
        known_us = known < known_us ? known : known_us;
        unknown_us = unknown < unknown_us ? unknown : unknown_us;
    }
    TAP_CHECK(unknown_us > known_us / 2);
    TAP_CHECK(known_us > unknown_us / 2);
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
}

static void *guess(void *context)
{
    (void)context;
    (void)try_password("eve", WRONG);
    return NULL;
}

/* Many at once, each of which looked before any was counted. */
static void guesses_at_once_are_no_more_than_one_after_the_other(void)
{
    pthread_t threads[16];
    TAP_REQUIRE(restart());
    for (size_t i = 0; i < 16; i++) {
        TAP_REQUIRE(pthread_create(&threads[i], NULL, guess, NULL) == 0);
    }
    for (size_t i = 0; i < 16; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT failures FROM login_failures WHERE name = 'eve'"), 5);
    TAP_EQUAL_INT(try_password("eve", EVE), 401);
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
}

static enum slw_status decide(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    return people_attempt_decide(transaction, context, detail);
}

/* Between hashing and counting, which takes long, the account changes. */
static void what_was_hashed_is_looked_at_again(void)
{
    static const char *const changes[] = {
        "UPDATE people SET password = '$y$another' WHERE name = 'joe'",
        "UPDATE people SET password = NULL WHERE name = 'joe'",
        "UPDATE people SET disabled_us = 1 WHERE name = 'joe'",
        "UPDATE people SET totp = (SELECT secret FROM tokens WHERE id = 1) WHERE name = 'joe'",
        "UPDATE people SET is_machine = 1 WHERE name = 'joe'",
    };
    struct slw_detail detail = {""};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct people_attempt attempt = {.name = SLW_BYTES_OF("joe"),
                                         .password = SLW_BYTES_OF(EVE)};
        TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
        TAP_REQUIRE(test_sql(&depot, "DELETE FROM roles WHERE person = 'joe'"));
        TAP_REQUIRE(test_sql(&depot, "DELETE FROM people WHERE name = 'joe'"));
        TAP_REQUIRE(test_person_with_password(&depot, "joe", "lamp", "viewer", EVE));
        TAP_ROW(changes[i]);
        TAP_EQUAL_INT(people_attempt_look(depot.depot, &attempt, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, decide,
                                            &attempt, &detail),
                      SLW_OK);
        TAP_CHECK(attempt.is_good);
        TAP_REQUIRE(test_sql(&depot, changes[i]));
        TAP_EQUAL_INT(slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, decide,
                                            &attempt, &detail),
                      SLW_OK);
        TAP_CHECK(!attempt.is_good);
    }
    TAP_ROW(NULL);
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
}

static void a_client_may_fail_thirty_times_a_minute(void)
{
    struct test_depot session;
    char name[16];
    TAP_REQUIRE(restart());
    for (int i = 0; i < 30; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        TAP_EQUAL_INT(try_password(name, WRONG), 401);
    }
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &session), 429);
    TAP_EQUAL_INT(test_status(&session, "POST", "/api/v1/invitation", "{}"), 429);
    TAP_REQUIRE(restart());
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &session), 200);
}

static void a_stolen_session_cannot_guess_the_password(void)
{
    struct test_depot session;
    TAP_REQUIRE(restart());
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &session), 200);
    for (int i = 0; i < 5; i++) {
        TAP_EQUAL_INT(test_status(&session, "POST", "/api/v1/account/password",
                                  "{\"password\":\"" WRONG "\",\"new\":\"0123456789\"}"),
                      401);
    }
    TAP_EQUAL_INT(test_status(&session, "POST", "/api/v1/account/password",
                              "{\"password\":\"" EVE "\",\"new\":\"0123456789\"}"),
                  401);
    TAP_EQUAL_INT(
        test_status(&session, "POST", "/api/v1/account/totp", "{\"password\":\"" EVE "\"}"), 401);
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
}

/* Spellings that a lax comparison would take for "eve", and count as others. */
static void other_spellings_are_nobody(void)
{
    static const char *const bodies[] = {
        "{\"name\":\"Eve\",\"password\":\"" EVE "\"}",
        "{\"name\":\"eve \",\"password\":\"" EVE "\"}",
        "{\"name\":\" eve\",\"password\":\"" EVE "\"}",
        "{\"name\":\"eve\\u0000\",\"password\":\"" EVE "\"}",
        "{\"name\":\"eve\\u0000x\",\"password\":\"" EVE "\"}",
        "{\"name\":\"e\\u0076e\\u200b\",\"password\":\"" EVE "\"}",
        "{\"name\":\"' OR '1'='1\",\"password\":\"" EVE "\"}",
        "{\"name\":\"eve' --\",\"password\":\"" EVE "\"}",
        "{\"name\":\"%\",\"password\":\"" EVE "\"}",
        "{\"name\":\"\",\"password\":\"" EVE "\"}",
        "{\"name\":\"eve\",\"password\":\"\"}",
        "{\"name\":\"eve\",\"password\":\"" EVE "\\u0000\"}",
        "{\"name\":\"admin\",\"password\":\"" EVE "\"}",
    };
    struct test_depot nobody = depot;
    TAP_REQUIRE(restart());
    nobody = depot;
    nobody.use_token = NULL;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        TAP_ROW(bodies[i]);
        TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/session", bodies[i]), 401);
    }
    TAP_ROW(NULL);
    TAP_REQUIRE(test_sql(&depot, "DELETE FROM login_failures"));
}

static void bodies_that_are_no_login_are_refused(void)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "null",
        "\"eve\"",
        "{}",
        "{\"name\":\"eve\"}",
        "{\"name\":[\"eve\"],\"password\":\"" EVE "\"}",
        "{\"name\":\"eve\",\"password\":{\"$ne\":\"\"}}",
        "{\"name\":\"eve\",\"password\":null}",
        "{\"name\":\"eve\",\"password\":\"" EVE "\",\"code\":123456}",
        "{\"name\":\"admin\",\"name\":\"eve\",\"password\":\"" EVE "\"}",
        "{\"name\":\"eve\",\"password\":\"" EVE "\"}{}",
    };
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        TAP_ROW(bodies[i]);
        TAP_EQUAL_INT(test_status(&nobody, "POST", "/api/v1/session", bodies[i]), 400);
    }
    TAP_ROW(NULL);
}

/* --- sessions ----------------------------------------------------------------------------------
 */

static void a_session_that_somebody_else_chose_is_not_taken(void)
{
    struct test_depot victim = depot;
    struct test_depot session;
    victim.headers[0] = "Cookie: slipway_session=" FIXED;
    TAP_EQUAL_INT(test_log_in(&victim, "eve", EVE, NULL, &session), 200);
    TAP_CHECK(strstr(session.session_headers[0], FIXED) == NULL);
    victim.use_token = NULL;
    TAP_EQUAL_INT(test_status(&victim, "GET", "/api/v1/session", NULL), 401);
    /* Logging in again ends the one that was there. */
    struct test_depot again;
    struct test_depot before = session;
    before.headers[0] = before.session_headers[0];
    before.headers[1] = before.session_headers[1];
    TAP_EQUAL_INT(test_log_in(&before, "eve", EVE, NULL, &again), 200);
    TAP_EQUAL_INT(test_status(&before, "GET", "/api/v1/session", NULL), 401);
    TAP_EQUAL_INT(test_status(&again, "GET", "/api/v1/session", NULL), 200);
}

static void a_cookie_that_came_over_tls_is_no_use_without(void)
{
    struct test_depot session;
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &session), 200);
    TAP_REQUIRE(test_sql(&depot, "UPDATE sessions SET is_secure = 1"));
    TAP_EQUAL_INT(test_status(&session, "GET", "/api/v1/session", NULL), 401);
    TAP_REQUIRE(test_sql(&depot, "UPDATE sessions SET is_secure = 0"));
    TAP_EQUAL_INT(test_status(&session, "GET", "/api/v1/session", NULL), 200);
}

static void sessions_end(void)
{
    struct test_depot session;
    TAP_EQUAL_INT(test_log_in(&depot, "eve", EVE, NULL, &session), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT MAX(expires_us - made_us) / 1000000 FROM sessions"),
                  43200);
    TAP_REQUIRE(test_sql(&depot, "UPDATE sessions SET expires_us = 1 WHERE person = 'eve'"));
    TAP_EQUAL_INT(test_status(&session, "GET", "/api/v1/session", NULL), 401);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM sessions WHERE length(secret) <> 32"),
                  0);
}

static void cookies_that_are_none_are_nobody(void)
{
    static const char *const cookies[] = {
        "Cookie: slipway_session=",
        "Cookie: slipway_session=x",
        "Cookie: slipway_session=" FIXED,
        "Cookie: slipway_session=" FIXED "0",
        "Cookie: slipway_session=' OR 1=1 --",
        "Cookie: slipway_session=\"" FIXED "\"",
        "Cookie: Slipway_session=" FIXED,
    };
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    for (size_t i = 0; i < sizeof cookies / sizeof cookies[0]; i++) {
        TAP_ROW(cookies[i]);
        nobody.headers[0] = cookies[i];
        TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/session", NULL), 401);
    }
    TAP_ROW(NULL);
}

/* --- floods ------------------------------------------------------------------------------------
 */

static void *flood(void *context)
{
    long *status = context;
    *status = try_password("admin", PASSWORD);
    return NULL;
}

/* Whoever doesn't log in is answered meanwhile. */
static void a_flood_of_logins_stalls_nothing(void)
{
    pthread_t threads[30];
    long statuses[30] = {0};
    int64_t worst_us = 0;
    TAP_REQUIRE(restart());
    for (size_t i = 0; i < 30; i++) {
        TAP_REQUIRE(pthread_create(&threads[i], NULL, flood, &statuses[i]) == 0);
    }
    for (int i = 0; i < 5; i++) {
        struct timespec before;
        struct timespec after;
        (void)clock_gettime(CLOCK_MONOTONIC, &before);
        TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products", NULL), 200);
        (void)clock_gettime(CLOCK_MONOTONIC, &after);
        int64_t taken_us = (int64_t)(after.tv_sec - before.tv_sec) * 1000000 +
                           (after.tv_nsec - before.tv_nsec) / 1000;
        worst_us = taken_us > worst_us ? taken_us : worst_us;
    }
    for (size_t i = 0; i < 30; i++) {
        (void)pthread_join(threads[i], NULL);
        TAP_EQUAL_INT(statuses[i], 200);
    }
    TAP_CHECK(worst_us < 5000000);
}

static void require_https(struct depot_settings *settings)
{
    (void)snprintf(settings->url, sizeof settings->url, "https://depot.example");
    settings->totp_required = true;
}

static void nobody_logs_in_without_tls_where_there_is_tls(void)
{
    struct test_depot other;
    struct test_depot session;
    TAP_REQUIRE(test_depot_open(&other, require_https));
    TAP_EQUAL_INT(test_log_in(&other, "admin", PASSWORD, NULL, &session), 403);
    TAP_EQUAL_INT(test_count(&other, "SELECT COUNT(*) FROM sessions"), 0);
    test_depot_close(&other);
}

int main(void)
{
    if (!test_depot_open(&depot, NULL) || !test_product(&depot, "lamp") ||
        !test_product(&depot, "fan") ||
        !test_person_with_password(&depot, "eve", "lamp", "developer", EVE) || !restart()) {
        return 1;
    }
    TAP_RUN(locks_after_five_wrong_ones);
    TAP_RUN(locks_for_longer_each_time);
    TAP_RUN(tells_nobody_which_names_there_are);
    TAP_RUN(works_as_long_for_unknown_names);
    TAP_RUN(guesses_at_once_are_no_more_than_one_after_the_other);
    TAP_RUN(what_was_hashed_is_looked_at_again);
    TAP_RUN(a_client_may_fail_thirty_times_a_minute);
    TAP_RUN(a_stolen_session_cannot_guess_the_password);
    TAP_RUN(other_spellings_are_nobody);
    TAP_RUN(bodies_that_are_no_login_are_refused);
    TAP_RUN(a_session_that_somebody_else_chose_is_not_taken);
    TAP_RUN(a_cookie_that_came_over_tls_is_no_use_without);
    TAP_RUN(sessions_end);
    TAP_RUN(cookies_that_are_none_are_nobody);
    TAP_RUN(a_flood_of_logins_stalls_nothing);
    TAP_RUN(nobody_logs_in_without_tls_where_there_is_tls);
    test_depot_close(&depot);
    return tap_finish();
}
