/* SPDX-License-Identifier: Apache-2.0 */
/* The depot as it starts, serves, stops; who gets through the gate. */
#include "test_depot.h"

#include "core/check.h"
#include "core/gate.h"
#include "core/trail.h"

#include "slipway/files.h"

#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static struct test_depot depot;

static void makes_a_product(void)
{
    struct test_answer answer;
    test_call(&depot, "POST", "/api/v1/products",
              "{\"name\":\"lamp\",\"title\":\"The \\u00e4 Lamp\"}", &answer);
    TAP_EQUAL_INT(answer.status, 201);
    TAP_CHECK(test_text(&answer, "name", "lamp"));
    TAP_EQUAL_INT(test_number(&answer, "keep_days"), 90);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products", "{\"name\":\"lamp\"}"), 409);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM products"), 1);
}

static void lets_nobody_in_without_a_token(void)
{
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
    nobody.use_token = "slw_1_0000000000000000000000000000000000000000000000000000000000000000";
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
    nobody.use_token = "slw_99_0000000000000000000000000000000000000000000000000000000000000000";
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
    nobody.use_token = "nonsense";
    TAP_EQUAL_INT(test_status(&nobody, "GET", "/api/v1/products", NULL), 401);
}

static void keeps_its_chain_over_a_restart(void)
{
    struct slw_detail detail = {""};
    int64_t entries = 0;
    TAP_REQUIRE(test_depot_restart(&depot));
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp", NULL), 200);
    TAP_EQUAL_INT(depot_check_trail(depot.depot, &entries, &detail), SLW_OK);
    TAP_EQUAL_INT(entries, test_count(&depot, "SELECT COUNT(*) FROM audit"));
    TAP_CHECK(entries >= 3);
}

#define WRITERS 6
#define CHANGES 6

static void *change_things(void *context)
{
    const int *writer = context;
    for (int i = 0; i < CHANGES; i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"name\":\"w%d-%d\"}", *writer, i);
        if (test_status(&depot, "POST", "/api/v1/products", body) != 201) {
            return context;
        }
    }
    return NULL;
}

static void many_changes_at_once_make_one_chain(void)
{
    pthread_t threads[WRITERS];
    int writers[WRITERS];
    struct slw_detail detail = {""};
    int64_t before = test_count(&depot, "SELECT COUNT(*) FROM audit");
    int64_t entries = 0;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = i;
        TAP_REQUIRE(pthread_create(&threads[i], NULL, change_things, &writers[i]) == 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *refused = NULL;
        (void)pthread_join(threads[i], &refused);
        TAP_CHECK(refused == NULL);
    }
    TAP_EQUAL_INT(depot_check_trail(depot.depot, &entries, &detail), SLW_OK);
    TAP_EQUAL_INT(entries, before + WRITERS * CHANGES);
}

/* --- several replicas on one database -------------------------------------------------------- */

static int64_t holders(void)
{
    return test_count(&depot, "SELECT COUNT(DISTINCT holder) FROM leases WHERE name = "
                              "'housekeeping'");
}

static int64_t lease_token(void)
{
    return test_count(&depot, "SELECT token FROM leases WHERE name = 'housekeeping'");
}

static bool is_held_by(const char *replica)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT COUNT(*) FROM leases WHERE name = 'housekeeping' AND holder = '%s'",
                   replica);
    return test_count(&depot, sql) == 1;
}

/* Within a minute: a machine may have much else to do. */
static bool comes_to_be_held_by(const char *replica)
{
    bool is_held = is_held_by(replica);
    for (int i = 0; i < 1200 && !is_held; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        is_held = is_held_by(replica);
    }
    return is_held;
}

/* When one goes, the next has it at its next look, not after the lease ran out. */
static void one_replica_keeps_house_and_another_after_it(void)
{
    struct depot_program *second = NULL;
    struct depot_program *first = depot.program;
    struct slw_detail detail = {""};
    TAP_REQUIRE(comes_to_be_held_by(depot.depot->replica));
    int64_t before = lease_token();
    TAP_REQUIRE(depot_program_start(&depot.settings, &second, &detail) == SLW_OK);
    const char *replica = depot_program_services(second)->replica;
    TAP_CHECK(strcmp(replica, depot.depot->replica) != 0);
    (void)nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    TAP_EQUAL_INT(lease_token(), before);
    depot.program = second;
    depot.depot = depot_program_services(second);
    depot.address = depot_program_address(second);
    depot_program_stop(first);
    TAP_CHECK(comes_to_be_held_by(replica));
    TAP_CHECK(lease_token() > before);
    TAP_EQUAL_INT(holders(), 1);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/api/v1/products/lamp", NULL), 200);
}

/* --- a database that fails ------------------------------------------------------------------- */

struct busy {
    struct test_answer answer;
    const char *method, *path, *body;
};

/* The call comes while this transaction has what it wants. */
static enum slw_status call_meanwhile(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct busy *busy = context;
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO products (name, title, made_us, keep_days, log_days) "
                        "VALUES ('busy', '', 0, 1, 1)",
                        NULL, 0, NULL, detail));
    test_call(&depot, busy->method, busy->path, busy->body, &busy->answer);
    return slw_explain(detail, SLW_NOT_PERMITTED, "it was only to be held");
}

static void says_that_a_busy_database_cant_be_asked(void)
{
    const struct slw_database_options options = {.timeout_ms = 60000};
    struct busy busy = {
        .method = "POST", .path = "/api/v1/products", .body = "{\"name\":\"busy\"}"};
    struct slw_database *other = NULL;
    struct slw_detail detail = {""};
    char retry[512];
    TAP_REQUIRE(slw_database_open(depot.settings.database, &options, &other, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_database_transact(other, SLW_DATABASE_WRITE, call_meanwhile, &busy, &detail),
                  SLW_NOT_PERMITTED);
    TAP_EQUAL_INT(busy.answer.status, 503);
    TAP_CHECK(test_text(&busy.answer, "reason", "unavailable"));
    TAP_CHECK(test_text(&busy.answer, "detail", "the database can't be asked at present"));
    TAP_CHECK(test_header(&busy.answer, "Retry-After", retry)[0] != '\0');
    test_answer_free(&busy.answer);
    slw_database_close(other);
}

/* What is written to standard error while a path is asked for, until that is among it, for at most
 * a minute: all threads of this program write there, those of other depots, too. */
static void call_and_read_log(const struct test_depot *called, const char *path,
                              const char *expected, struct test_answer *ret_answer,
                              struct slw_heap_buffer *ret_log)
{
    char log[128];
    struct slw_detail detail = {""};
    (void)snprintf(log, sizeof log, "%s/errors", called->directory);
    int before = dup(STDERR_FILENO);
    int descriptor = open(log, O_CREAT | O_TRUNC | O_RDWR | O_APPEND, 0600);
    TAP_REQUIRE(before >= 0 && descriptor >= 0 && dup2(descriptor, STDERR_FILENO) >= 0);
    test_call(called, "GET", path, NULL, ret_answer);
    for (int i = 0; i < 6000 && strstr(slw_heap_text(ret_log), expected) == NULL; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        slw_heap_free(ret_log);
        TAP_REQUIRE(slw_file_read(log, 65536, ret_log, &detail) == SLW_OK);
    }
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    (void)close(descriptor);
}

static bool take_products_away(const struct test_depot *broken)
{
    struct slw_migration migrations[64];
    struct slw_detail detail = {""};
    if (depot_migrations_count >= sizeof migrations / sizeof migrations[0]) {
        return false;
    }
    memcpy(migrations, depot_migrations, depot_migrations_count * sizeof migrations[0]);
    migrations[depot_migrations_count] =
        (struct slw_migration){"later", "ALTER TABLE products RENAME TO gone;"};
    return slw_database_migrate(broken->depot->database, migrations, depot_migrations_count + 1,
                                &detail) == SLW_OK;
}

/* No table of the name: the statement is wrong, not the caller. */
static void keeps_a_mistake_in_a_statement_to_itself(void)
{
    struct test_depot broken;
    struct test_answer answer;
    struct slw_heap_buffer log = {0};
    TAP_REQUIRE(test_depot_open(&broken, NULL) && take_products_away(&broken));
    call_and_read_log(&broken, "/api/v1/products", " FROM products", &answer, &log);
    TAP_EQUAL_INT(answer.status, 500);
    TAP_CHECK(test_text(&answer, "reason", "internal-error"));
    TAP_CHECK(strstr(slw_heap_text(&answer.body), "products") == NULL);
    TAP_CHECK(strstr(slw_heap_text(&log), "SELECT ") != NULL);
    TAP_CHECK(strstr(slw_heap_text(&log), " FROM products") != NULL);
    slw_heap_free(&log);
    test_answer_free(&answer);
    test_depot_close(&broken);
}

/* --- routes ---------------------------------------------------------------------------------- */

static void nothing(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    (void)exchange;
}

static void a_route_without_a_right_ends_the_start(void)
{
    static struct depot_gate gate;
    const struct slw_http_route routes[] = {{"GET", "/a", nothing, 0, DEPOT_SEE},
                                            {"GET", "/b", nothing, 0, 0}};
    const struct slw_http_route more[] = {{"GET", "/c", nothing, 0, DEPOT_ADMINISTER + 1}};
    const struct depot_part good = {.name = "good", .routes = routes, .routes_count = 1};
    const struct depot_part bad = {.name = "bad", .routes = routes, .routes_count = 2};
    const struct depot_part worse = {.name = "worse", .routes = more, .routes_count = 1};
    struct slw_detail detail = {""};
    TAP_EQUAL_INT(depot_gate_add(&gate, &bad, &detail), SLW_BAD_ARGUMENT);
    TAP_CHECK(strstr(detail.text, "GET /b") != NULL);
    TAP_EQUAL_INT(depot_gate_add(&gate, &worse, &detail), SLW_BAD_ARGUMENT);
    gate.count = 0;
    for (size_t i = 0; i < DEPOT_ROUTES_MAX; i++) {
        TAP_REQUIRE(depot_gate_add(&gate, &good, &detail) == SLW_OK);
    }
    TAP_EQUAL_INT(depot_gate_add(&gate, &good, &detail), SLW_BAD_ARGUMENT);
}

/* --- what doesn't start ---------------------------------------------------------------------- */

static void bad_settings_end_the_start(void)
{
    static struct depot_settings settings;
    struct depot_program *program = NULL;
    struct slw_detail detail = {""};
    settings = depot.settings;
    (void)snprintf(settings.secret_file, sizeof settings.secret_file, "/nowhere/secret");
    TAP_EQUAL_INT(depot_program_start(&settings, &program, &detail), SLW_IO);
    settings = depot.settings;
    (void)snprintf(settings.database, sizeof settings.database, "sqlite:/nowhere/depot.db");
    TAP_CHECK(depot_program_start(&settings, &program, &detail) != SLW_OK);
    settings = depot.settings;
    (void)snprintf(settings.database, sizeof settings.database, "oracle:x");
    TAP_CHECK(depot_program_start(&settings, &program, &detail) != SLW_OK);
    settings = depot.settings;
    (void)snprintf(settings.blobs, sizeof settings.blobs, "dir:/nowhere/at/all");
    TAP_CHECK(depot_program_start(&settings, &program, &detail) != SLW_OK);
    settings = depot.settings;
    (void)snprintf(settings.tls_certificate, sizeof settings.tls_certificate, "/nowhere/cert");
    (void)snprintf(settings.tls_key, sizeof settings.tls_key, "/nowhere/key");
    TAP_CHECK(depot_program_start(&settings, &program, &detail) != SLW_OK);
    settings = depot.settings;
    (void)snprintf(settings.listen, sizeof settings.listen, "%s",
                   depot.address + strlen("http://")); /* taken */
    TAP_CHECK(depot_program_start(&settings, &program, &detail) != SLW_OK);
    TAP_CHECK(program == NULL);
}

/* --- versions ------------------------------------------------------------------------------- */

static enum slw_status add_product(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    (void)context;
    return slw_sql_run(transaction,
                       "INSERT INTO products (name, title, made_us, keep_days, log_days) VALUES "
                       "('old', 'of before', 1, 90, 30)",
                       NULL, 0, NULL, detail);
}

/* A database as each former version left it. */
static bool make_former(const char *url, size_t migrations)
{
    struct slw_database *database = NULL;
    struct slw_detail detail = {""};
    bool is_made =
        slw_database_open(url, NULL, &database, &detail) == SLW_OK &&
        slw_database_migrate(database, depot_migrations, migrations, &detail) == SLW_OK &&
        slw_database_transact(database, SLW_DATABASE_WRITE, add_product, NULL, &detail) == SLW_OK;
    slw_database_close(database);
    return is_made;
}

static void goes_on_with_the_database_of_each_former_version(void)
{
    for (size_t i = 1; i <= depot_migrations_count; i++) {
        static struct depot_settings settings;
        struct depot_program *program = NULL;
        struct slw_detail detail = {""};
        settings = depot.settings;
        (void)snprintf(settings.database, sizeof settings.database, "sqlite:%s/former-%zu.db",
                       depot.directory, i);
        TAP_ROW(depot_migrations[i - 1].name);
        TAP_REQUIRE(make_former(settings.database, i));
        TAP_REQUIRE(depot_program_start(&settings, &program, &detail) == SLW_OK);
        struct test_depot former = depot;
        former.depot = depot_program_services(program);
        TAP_EQUAL_INT(test_count(&former, "SELECT COUNT(*) FROM products WHERE name = 'old'"), 1);
        TAP_EQUAL_INT(test_count(&former, "SELECT COUNT(*) FROM schema_migrations"),
                      depot_migrations_count);
        depot_program_stop(program);
    }
    TAP_ROW(NULL);
}

static void leaves_the_database_of_a_later_version_alone(void)
{
    static struct depot_settings settings;
    struct slw_database *database = NULL;
    struct depot_program *program = NULL;
    struct slw_detail detail = {""};
    struct slw_migration migrations[64];
    TAP_REQUIRE(depot_migrations_count < 64);
    memcpy(migrations, depot_migrations, depot_migrations_count * sizeof migrations[0]);
    migrations[depot_migrations_count] =
        (struct slw_migration){"9999-later", "CREATE TABLE later (a BIGINT);"};
    settings = depot.settings;
    (void)snprintf(settings.database, sizeof settings.database, "sqlite:%s/later.db",
                   depot.directory);
    TAP_REQUIRE(slw_database_open(settings.database, NULL, &database, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_database_migrate(database, migrations, depot_migrations_count + 1, &detail),
                  SLW_OK);
    slw_database_close(database);
    TAP_EQUAL_INT(depot_program_start(&settings, &program, &detail), SLW_STORED_STATE);
}

static void times_are_written_as_they_should(void)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1000000, "1970-01-01T00:00:01Z"},
        {INT64_C(1764338421123456), "2025-11-28T14:00:21.123456Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char time[DEPOT_TIME_SIZE];
        TAP_CHECK(strcmp(depot_time_format(rows[i].us, time), rows[i].text) == 0);
    }
}

int main(void)
{
    if (!test_depot_open(&depot, NULL)) {
        return 1;
    }
    TAP_RUN(makes_a_product);
    TAP_RUN(lets_nobody_in_without_a_token);
    TAP_RUN(keeps_its_chain_over_a_restart);
    TAP_RUN(many_changes_at_once_make_one_chain);
    TAP_RUN(one_replica_keeps_house_and_another_after_it);
    TAP_RUN(says_that_a_busy_database_cant_be_asked);
    TAP_RUN(keeps_a_mistake_in_a_statement_to_itself);
    TAP_RUN(a_route_without_a_right_ends_the_start);
    TAP_RUN(bad_settings_end_the_start);
    TAP_RUN(goes_on_with_the_database_of_each_former_version);
    TAP_RUN(leaves_the_database_of_a_later_version_alone);
    TAP_RUN(times_are_written_as_they_should);
    test_depot_close(&depot);
    return tap_finish();
}
