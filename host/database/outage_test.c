/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of transactions when something ends: a process in the middle of one, the server, the
 * disk's space, the file. Nothing that was committed is lost, nothing else is kept. */
#include "test_database.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char tables[] = "CREATE TABLE notes (id IDENTITY, note TEXT NOT NULL, content BYTEA)";
static const char count_notes[] = "SELECT COUNT(*) FROM notes";

static enum slw_status add_note(struct slw_database *database)
{
    return test_run(database, "INSERT INTO notes (note) VALUES ('a')", NULL, 0);
}

/* A child that is stopped in the middle of a transaction. */
struct child {
    struct test_pipe to_parent;
    struct test_pipe to_child;
    bool commits;
};

static enum slw_status add_and_wait(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct child *child = context;
    for (int i = 0; i < 100; i++) {
        SLW_TRY(slw_sql_run(transaction, "INSERT INTO notes (note) VALUES ('of a child')", NULL, 0,
                            NULL, detail));
    }
    if (!child->commits) {
        test_pipe_tell(child->to_parent);
        (void)test_pipe_hear(child->to_child);
    }
    return SLW_OK;
}

static int add_in_child(void *context)
{
    struct child *child = context;
    struct slw_database *database = test_database_open_again();
    enum slw_status status =
        slw_database_transact(database, SLW_DATABASE_WRITE, add_and_wait, child, &test_detail);
    if (status == SLW_OK) {
        test_pipe_tell(child->to_parent);
        (void)test_pipe_hear(child->to_child);
    }
    return 1;
}

static int64_t kill_child(bool commits)
{
    struct child child = {test_pipe_open(), test_pipe_open(), commits};
    slw_database_close(test_database_open(tables));
    pid_t pid = test_fork(add_in_child, &child);
    TAP_CHECK(test_pipe_hear(child.to_parent));
    (void)kill(pid, SIGKILL);
    TAP_EQUAL_INT(test_wait(pid), 1000 + SIGKILL);
    test_pipe_close(child.to_parent);
    test_pipe_close(child.to_child);
    struct slw_database *database = test_database_open_again();
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    int64_t count = test_number(database, count_notes, NULL, 0);
    slw_database_close(database);
    return count;
}

static void keeps_nothing_of_a_process_killed_in_a_transaction(void)
{
    TAP_EQUAL_INT(kill_child(false), 1);
}

static void keeps_everything_of_a_process_killed_after_its_commit(void)
{
    TAP_EQUAL_INT(kill_child(true), 101);
}

/* Numbers until the timeout. */
static const char endless[] = "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM"
                              " numbers WHERE i < 1000000000) SELECT COUNT(*) FROM numbers";

static void ends_a_statement_that_takes_too_long(void)
{
    static const struct slw_database_options impatient = {.timeout_ms = 1000};
    slw_database_close(test_database_open(tables));
    struct slw_database *database = test_database_open_with(&impatient);
    TAP_EQUAL_INT(test_number(database, endless, NULL, 0), -1);
    TAP_CHECK(test_detail.text[0] != '\0');
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    TAP_EQUAL_INT(test_number(database, count_notes, NULL, 0), 1);
    slw_database_close(database);
}

struct outage {
    void (*happen)(struct outage *outage);
    int64_t pid;
    unsigned runs;
};

/* Writes, and goes on after something happened in the middle. */
static enum slw_status write_through(void *context, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    struct outage *outage = context;
    outage->runs++;
    SLW_TRY(slw_sql_run(transaction, "INSERT INTO notes (note) VALUES ('before')", NULL, 0, NULL,
                        detail));
    SLW_TRY(slw_sql_number(transaction, "SELECT pg_backend_pid()", NULL, 0, &outage->pid, detail));
    outage->happen(outage);
    return slw_sql_run(transaction, "INSERT INTO notes (note) VALUES ('after')", NULL, 0, NULL,
                       detail);
}

static enum slw_status count_once(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    return slw_sql_number(transaction, count_notes, NULL, 0, context, detail);
}

static void stop_server(struct outage *outage)
{
    (void)outage;
    test_database_server_stop(SIGINT);
}

static void postgresql_goes_away_and_comes_back(void)
{
    struct outage outage = {.happen = stop_server};
    struct slw_database *database = test_database_open(tables);
    struct slw_database *none = NULL;
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_WRITE, write_through, &outage, &test_detail),
        SLW_DATABASE_AWAY);
    TAP_EQUAL_INT(outage.runs, 1);
    TAP_EQUAL_INT(add_note(database), SLW_DATABASE_AWAY);
    TAP_EQUAL_INT(slw_database_open(test_database_url(), NULL, &none, &test_detail),
                  SLW_DATABASE_AWAY);
    test_database_server_start();
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    TAP_EQUAL_INT(test_number(database, count_notes, NULL, 0), 2);
    /* Nothing was under way: nobody notices. */
    test_database_server_stop(SIGQUIT);
    test_database_server_start();
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    TAP_EQUAL_INT(test_number(database, count_notes, NULL, 0), 3);
    test_database_server_stop(SIGQUIT);
    test_database_server_start();
    int64_t count = 0;
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ_ONE, count_once, &count, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(count, 3);
    test_database_server_stop(SIGQUIT);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ_ONE, count_once, &count, &test_detail),
        SLW_DATABASE_AWAY);
    test_database_server_start();
    slw_database_close(database);
}

static void hang_backend(struct outage *outage)
{
    (void)kill((pid_t)outage->pid, SIGSTOP);
}

static void does_not_wait_for_a_server_that_hangs(void)
{
    static const struct slw_database_options impatient = {.timeout_ms = 1000};
    struct outage outage = {.happen = hang_backend};
    slw_database_close(test_database_open(tables));
    struct slw_database *database = test_database_open_with(&impatient);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_WRITE, write_through, &outage, &test_detail),
        SLW_DATABASE_AWAY);
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    (void)kill((pid_t)outage.pid, SIGCONT);
    TAP_EQUAL_INT(test_number(database, count_notes, NULL, 0), 1);
    slw_database_close(database);
}

/* Writes until the disk takes no more: files of this process may have one more megabyte. */
static int fill_the_disk(void *context)
{
    static uint8_t content[262144];
    struct rlimit limit = {1U << 20, 1U << 20};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)context;
    struct slw_database *database = test_database_open_again();
    if (sigaction(SIGXFSZ, &ignore, NULL) != 0 || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 90;
    }
    struct slw_sql_value value = slw_sql_blob(slw_bytes_make(content, sizeof content));
    enum slw_status status = SLW_OK;
    int added = 0;
    for (; added < 32 && status == SLW_OK; added++) {
        status =
            test_run(database, "INSERT INTO notes (note, content) VALUES ('full', $1)", &value, 1);
    }
    /* It can still be read, and says no more than once. */
    bool is_good =
        status == SLW_IO && added > 1 && test_number(database, count_notes, NULL, 0) == added - 1;
    slw_database_close(database);
    return is_good ? added - 1 : 91;
}

static void a_full_disk_loses_nothing(void)
{
    slw_database_close(test_database_open(tables));
    int added = test_wait(test_fork(fill_the_disk, NULL));
    TAP_CHECK(added > 0 && added < 32);
    struct slw_database *database = test_database_open_again();
    TAP_EQUAL_INT(test_number(database, count_notes, NULL, 0), added);
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    TAP_EQUAL_INT(test_number(database, count_notes, NULL, 0), added + 1);
    slw_database_close(database);
}

static void a_file_that_went_away_takes_nothing_more(void)
{
    struct slw_database *database = test_database_open(tables);
    const char *path = test_database_url() + strlen("sqlite:");
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    TAP_EQUAL_INT(rename(path, test_database_path("away.db")), 0);
    TAP_EQUAL_INT(add_note(database), SLW_DATABASE_AWAY);
    TAP_EQUAL_INT(add_note(database), SLW_DATABASE_AWAY);
    struct stat info;
    TAP_CHECK(stat(path, &info) != 0); /* and wasn't made again */
    slw_database_close(database);
}

/* Overwrites a file from offset on. */
static void spoil(const char *path, off_t offset, size_t len)
{
    uint8_t noise[4096];
    memset(noise, 0xA5, sizeof noise);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    TAP_REQUIRE(descriptor >= 0);
    TAP_EQUAL_INT(pwrite(descriptor, noise, len, offset), len);
    (void)close(descriptor);
}

static void says_what_is_no_database(void)
{
    struct slw_database *database = NULL;
    spoil(test_database_path("noise.db"), 0, 4096);
    char url[256];
    (void)snprintf(url, sizeof url, "sqlite:%s", test_database_path("noise.db"));
    TAP_EQUAL_INT(slw_database_open(url, NULL, &database, &test_detail), SLW_IO);
    (void)snprintf(url, sizeof url, "sqlite:%s", test_database_path("no/such/directory.db"));
    TAP_EQUAL_INT(slw_database_open(url, NULL, &database, &test_detail), SLW_DATABASE_AWAY);
    (void)snprintf(url, sizeof url, "sqlite:%s", test_database_path("."));
    TAP_EQUAL_INT(slw_database_open(url, NULL, &database, &test_detail), SLW_DATABASE_AWAY);
    TAP_CHECK(database == NULL);
    /* One that was good: only its first page, with the tables in it, is spoilt. */
    database = test_database_open(tables);
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    slw_database_close(database);
    spoil(test_database_url() + strlen("sqlite:"), 100, 3996);
    database = NULL;
    if (slw_database_open(test_database_url(), NULL, &database, &test_detail) == SLW_OK) {
        TAP_EQUAL_INT(add_note(database), SLW_IO);
        slw_database_close(database);
    }
}

/* Whether a check of it passes once a page of its file, somewhere in the middle, is spoilt. */
static void finds_damage_that_nobody_ran_into(void)
{
    struct slw_database *database = test_database_open(tables);
    static uint8_t content[3000];
    struct slw_sql_value value = slw_sql_blob(slw_bytes_make(content, sizeof content));
    for (int i = 0; i < 40; i++) {
        TAP_EQUAL_INT(
            test_run(database, "INSERT INTO notes (note, content) VALUES ('a', $1)", &value, 1),
            SLW_OK);
    }
    TAP_EQUAL_INT(slw_database_check(database, &test_detail), SLW_OK);
    slw_database_close(database);
    if (test_database_kind() == SLW_DATABASE_SQLITE) {
        spoil(test_database_url() + strlen("sqlite:"), 12 * 4096, 64);
    }
    database = test_database_open_again();
    TAP_EQUAL_INT(slw_database_check(database, &test_detail),
                  test_database_kind() == SLW_DATABASE_SQLITE ? SLW_IO : SLW_OK);
    slw_database_close(database);
}

static void keeps_its_file_to_itself(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    mode_t before = umask(0);
    struct slw_database *database = test_database_open(tables);
    TAP_EQUAL_INT(add_note(database), SLW_OK);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[256];
        struct stat info;
        (void)snprintf(path, sizeof path, "%s%s", test_database_url() + strlen("sqlite:"), ends[i]);
        TAP_EQUAL_INT(stat(path, &info), 0);
        TAP_EQUAL_INT(info.st_mode & 0777, 0600);
    }
    (void)umask(before);
    slw_database_close(database);
}

static void refuses_a_server_that_is_none(void)
{
    static const char *const urls[] = {
        "postgresql://nobody@127.0.0.1:1/depot",
        "postgresql://nobody@/depot?host=/nowhere",
        "postgresql://nobody@/depot?nonsense=1",
        "postgresql://[",
    };
    struct slw_database *database = NULL;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        TAP_ROW(urls[i]);
        TAP_EQUAL_INT(slw_database_open(urls[i], NULL, &database, &test_detail), SLW_DATABASE_AWAY);
        TAP_CHECK(strlen(test_detail.text) > strlen("database: "));
    }
    TAP_CHECK(database == NULL);
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(keeps_nothing_of_a_process_killed_in_a_transaction),
        TEST_CASE(keeps_everything_of_a_process_killed_after_its_commit),
        TEST_CASE(ends_a_statement_that_takes_too_long),
        TEST_CASE_ON(POSTGRESQL, postgresql_goes_away_and_comes_back),
        TEST_CASE_ON(POSTGRESQL, does_not_wait_for_a_server_that_hangs),
        TEST_CASE_ON(SQLITE, a_full_disk_loses_nothing),
        TEST_CASE_ON(SQLITE, a_file_that_went_away_takes_nothing_more),
        TEST_CASE_ON(SQLITE, says_what_is_no_database),
        TEST_CASE(finds_damage_that_nobody_ran_into),
        TEST_CASE_ON(SQLITE, keeps_its_file_to_itself),
        TEST_CASE(refuses_a_server_that_is_none),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
