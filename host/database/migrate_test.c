/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: from every older schema to the same one, and what is refused. */
#include "dialect.h"
#include "test_database.h"

static const struct slw_migration migrations[] = {
    {"0001-first", "-- One; two 'quoted\n"
                   "CREATE TABLE first (id IDENTITY, name TEXT NOT NULL UNIQUE, at_us BIGINT);\n"
                   "INSERT INTO first (name, at_us) VALUES ('TEXT; BIGINT', 7)"},
    {"0002-second", "CREATE TABLE second (first BIGINT NOT NULL REFERENCES first (id),"
                    " number BIGINT NOT NULL, share DOUBLE PRECISION, content BYTEA,"
                    " PRIMARY KEY (first, number));\n"
                    "CREATE INDEX second_number ON second (number);"},
    {"0003-more", "ALTER TABLE first ADD COLUMN note TEXT NOT NULL DEFAULT 'none';\n"
                  "UPDATE first SET note = CAST(at_us AS TEXT) WHERE at_us IS NOT NULL"},
    {"0004-other", "CREATE TABLE other (id IDENTITY PRIMARY KEY, text TEXT)"},
};
#define COUNT (sizeof migrations / sizeof migrations[0])

/* Everything that a schema has, as text. */
static enum slw_status read_schema(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer *text = context;
    struct slw_rows *rows = NULL;
    text->len = 0;
    const char *sql =
        test_database_kind() == SLW_DATABASE_SQLITE
            ? "SELECT name, type, sql, 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"
              " ORDER BY name"
            : "SELECT CAST(table_name AS TEXT) COLLATE \"C\", CAST(column_name AS TEXT),"
              " CAST(data_type AS TEXT) || CAST(COALESCE(collation_name, '') AS TEXT),"
              " ordinal_position FROM information_schema.columns WHERE table_schema = 'public'"
              " ORDER BY 1, 4";
    SLW_TRY(slw_sql_query(transaction, sql, NULL, 0, &rows, detail));
    while (slw_rows_next(rows)) {
        for (int column = 0; column < 3; column++) {
            slw_heap_append(text, slw_rows_bytes(rows, column));
            slw_heap_append_text(text, "\n");
        }
    }
    return slw_rows_close(rows, detail);
}

static void schema_of(struct slw_database *database, struct slw_heap_buffer *ret_text)
{
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ, read_schema, ret_text, &test_detail),
        SLW_OK);
    TAP_CHECK(ret_text->len > 100);
}

static enum slw_status migrate(struct slw_database *database, size_t count)
{
    return slw_database_migrate(database, migrations, count, &test_detail);
}

static void reaches_the_same_schema_from_every_older_one(void)
{
    struct slw_heap_buffer at_once = {0};
    struct slw_heap_buffer in_steps = {0};
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
    schema_of(database, &at_once);
    slw_database_close(database);
    for (size_t older = 0; older < COUNT; older++) {
        database = test_database_open(NULL);
        TAP_EQUAL_INT(migrate(database, older), SLW_OK);
        if (older > 0) {
            struct slw_sql_value name = slw_sql_text(SLW_BYTES_OF("kept"));
            TAP_EQUAL_INT(test_run(database, "INSERT INTO first (name) VALUES ($1)", &name, 1),
                          SLW_OK);
        }
        TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
        TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
        schema_of(database, &in_steps);
        TAP_EQUAL_INT(in_steps.len, at_once.len);
        TAP_EQUAL_BYTES(in_steps.ptr, at_once.ptr,
                        in_steps.len < at_once.len ? in_steps.len : at_once.len);
        TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM first", NULL, 0),
                      older > 0 ? 2 : 1);
        TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM schema_migrations", NULL, 0),
                      COUNT);
        slw_database_close(database);
    }
    slw_heap_drop(&at_once);
    slw_heap_drop(&in_steps);
}

static void leaves_strings_and_names_as_they_are(void)
{
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
    TAP_EQUAL_INT(
        test_number(database, "SELECT COUNT(*) FROM first WHERE name = 'TEXT; BIGINT'", NULL, 0),
        1);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM first WHERE note = '7'", NULL, 0), 1);
    slw_database_close(database);
}

static void refuses_a_database_of_another_version(void)
{
    struct slw_migration others[COUNT];
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
    TAP_EQUAL_INT(migrate(database, COUNT - 1), SLW_STORED_STATE);
    TAP_CHECK(strstr(test_detail.text, "0004-other") != NULL);
    TAP_EQUAL_INT(migrate(database, 0), SLW_STORED_STATE);
    memcpy(others, migrations, sizeof others);
    others[1].sql = "CREATE TABLE second (first BIGINT)";
    TAP_EQUAL_INT(slw_database_migrate(database, others, COUNT, &test_detail), SLW_STORED_STATE);
    TAP_CHECK(strstr(test_detail.text, "0002-second") != NULL);
    others[1] = migrations[0];
    others[0] = migrations[1];
    TAP_EQUAL_INT(slw_database_migrate(database, others, COUNT, &test_detail), SLW_STORED_STATE);
    TAP_EQUAL_INT(test_run(database, "DELETE FROM schema_migrations WHERE number = 2", NULL, 0),
                  SLW_OK);
    TAP_EQUAL_INT(migrate(database, COUNT), SLW_STORED_STATE);
    slw_database_close(database);
}

static void keeps_nothing_of_one_that_fails(void)
{
    static const struct {
        const char *sql;
        enum slw_status status;
    } rows[] = {
        {"CREATE TABLE more (id BIGINT); CREATE TABLE more (id BIGINT)", SLW_INTERNAL},
        {"CREATE TABLE more (id BIGINT); INSERT INTO more (id) VALUES ('seven')", SLW_BAD_ARGUMENT},
        {"CREATE TABLE more (id BIGINT PRIMARY KEY); INSERT INTO more (id) VALUES (1), (1)",
         SLW_VERSION_TAKEN},
        {"CREATE TABLE more (id BIGINT); INSERT INTO second (first, number) VALUES (99, 1)",
         SLW_NOT_FOUND},
        {"CREATE TABLE more (id BIGINT); nonsense", SLW_INTERNAL},
        {"CREATE TABLE more (id INTEGER)", SLW_BAD_ARGUMENT},
        {"CREATE TABLE more (id VARCHAR(7))", SLW_BAD_ARGUMENT},
        {"CREATE TABLE more (id BIGINT); ALTER TABLE more ADD COLUMN x BOOLEAN", SLW_BAD_ARGUMENT},
        {"CREATE TABLE more (id BIGINT); SELECT 'never ends", SLW_BAD_ARGUMENT},
        {"CREATE TABLE more (id BIGINT) /* never ends", SLW_BAD_ARGUMENT},
    };
    struct slw_migration others[COUNT + 1];
    struct slw_heap_buffer before = {0};
    struct slw_heap_buffer after = {0};
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
    schema_of(database, &before);
    memcpy(others, migrations, sizeof migrations);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].sql);
        others[COUNT] = (struct slw_migration){"0005-bad", rows[i].sql};
        TAP_EQUAL_INT(slw_database_migrate(database, others, COUNT + 1, &test_detail),
                      rows[i].status);
        TAP_CHECK(strstr(test_detail.text, "0005-bad") != NULL);
        schema_of(database, &after);
        TAP_EQUAL_INT(before.len, after.len);
        TAP_EQUAL_BYTES(before.ptr, after.ptr, before.len < after.len ? before.len : after.len);
    }
    TAP_EQUAL_INT(migrate(database, COUNT), SLW_OK);
    slw_heap_drop(&before);
    slw_heap_drop(&after);
    slw_database_close(database);
}

static void refuses_a_script_that_ends_its_transaction(void)
{
    struct slw_migration ends = {"0001-ends", "CREATE TABLE more (id BIGINT); COMMIT"};
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(slw_database_migrate(database, &ends, 1, &test_detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_number(database, "SELECT 5", NULL, 0), 5);
    slw_database_close(database);
}

static int migrate_in_child(void *context)
{
    (void)context;
    struct slw_database *database = test_database_open_again();
    int status = (int)migrate(database, COUNT);
    slw_database_close(database);
    return status == SLW_OK ? 0 : 1;
}

static void lets_several_processes_migrate_at_once(void)
{
    enum { PROCESSES = 4 };
    pid_t pids[PROCESSES];
    (void)test_database_fresh();
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = test_fork(migrate_in_child, NULL);
    }
    for (int i = 0; i < PROCESSES; i++) {
        TAP_EQUAL_INT(test_wait(pids[i]), 0);
    }
    struct slw_database *database = test_database_open_again();
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM first", NULL, 0), 1);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM schema_migrations", NULL, 0), COUNT);
    slw_database_close(database);
}

/* A connection that has statements prepared for the tables as they were. */
static void goes_on_after_another_process_migrated(void)
{
    struct slw_database *database = test_database_open(NULL);
    struct slw_database *other = test_database_open_again();
    TAP_EQUAL_INT(migrate(database, 2), SLW_OK);
    for (int i = 0; i < 8; i++) {
        TAP_EQUAL_INT(test_number(database, "SELECT * FROM first", NULL, 0), 1);
    }
    TAP_EQUAL_INT(migrate(other, COUNT), SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT * FROM first", NULL, 0), 1);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM first WHERE note = '7'", NULL, 0), 1);
    slw_database_close(database);
    slw_database_close(other);
}

static void translates_types_where_they_are_types(void)
{
    static const struct {
        const char *sql;
        const char *sqlite;
        const char *postgresql;
    } rows[] = {
        {"CREATE TABLE a (b IDENTITY);",
         "CREATE TABLE a (b INTEGER PRIMARY KEY AUTOINCREMENT)\nSTRICT;",
         "CREATE TABLE a (b BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);"},
        {"CREATE TABLE a (b IDENTITY NOT NULL PRIMARY KEY)",
         "CREATE TABLE a (b INTEGER PRIMARY KEY AUTOINCREMENT)\nSTRICT",
         "CREATE TABLE a (b BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)"},
        {"CREATE TABLE a (b TEXT DEFAULT 'TEXT')", "CREATE TABLE a (b TEXT DEFAULT 'TEXT')\nSTRICT",
         "CREATE TABLE a (b TEXT COLLATE \"C\" DEFAULT 'TEXT')"},
        {"CREATE TABLE a (\"TEXT\" BYTEA, TEXTS BIGINT)",
         "CREATE TABLE a (\"TEXT\" BLOB, TEXTS INT)\nSTRICT",
         "CREATE TABLE a (\"TEXT\" BYTEA, TEXTS BIGINT)"},
        {"CREATE TABLE a (b BIGINT CHECK (CAST(b AS TEXT) > ''))",
         "CREATE TABLE a (b INT CHECK (CAST(b AS TEXT) > ''))\nSTRICT",
         "CREATE TABLE a (b BIGINT CHECK (CAST(b AS TEXT) > ''))"},
        {"ALTER TABLE a ADD COLUMN b DOUBLE PRECISION; SELECT 'INT'",
         "ALTER TABLE a ADD COLUMN b REAL ; SELECT 'INT'",
         "ALTER TABLE a ADD COLUMN b DOUBLE PRECISION; SELECT 'INT'"},
        {"UPDATE a SET b = CAST(c AS INTEGER) -- BIGINT",
         "UPDATE a SET b = CAST(c AS INTEGER) -- BIGINT",
         "UPDATE a SET b = CAST(c AS INTEGER) -- BIGINT"},
        {"CREATE TABLE a (b BIGINT) -- the end", "CREATE TABLE a (b INT) -- the end\nSTRICT",
         "CREATE TABLE a (b BIGINT) -- the end"},
        {"", "", ""},
    };
    bool is_sqlite = test_database_kind() == SLW_DATABASE_SQLITE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer text = {0};
        TAP_ROW(rows[i].sql);
        TAP_EQUAL_INT(sql_dialect_translate(test_database_kind(), rows[i].sql, &text, &test_detail),
                      SLW_OK);
        TAP_EQUAL_INT(strcmp(slw_heap_text(&text), is_sqlite ? rows[i].sqlite : rows[i].postgresql),
                      0);
        slw_heap_drop(&text);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(reaches_the_same_schema_from_every_older_one),
        TEST_CASE(leaves_strings_and_names_as_they_are),
        TEST_CASE(refuses_a_database_of_another_version),
        TEST_CASE(keeps_nothing_of_one_that_fails),
        TEST_CASE(refuses_a_script_that_ends_its_transaction),
        TEST_CASE(lets_several_processes_migrate_at_once),
        TEST_CASE(goes_on_after_another_process_migrated),
        TEST_CASE(translates_types_where_they_are_types),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
