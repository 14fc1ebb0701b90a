/* SPDX-License-Identifier: Apache-2.0 */
/* Values, statements and statuses of database.h, the same on both kinds. */
#include "test_database.h"

#include <math.h>

static const char things[] = "CREATE TABLE things (id IDENTITY, name TEXT UNIQUE, number BIGINT,"
                             " bytes BYTEA, real DOUBLE PRECISION);"
                             "CREATE TABLE parts (id BIGINT PRIMARY KEY,"
                             " thing BIGINT NOT NULL REFERENCES things (id), count BIGINT NOT NULL"
                             " DEFAULT 1 CHECK (count > 0))";

static const char insert_thing[] =
    "INSERT INTO things (name, number, bytes, real) VALUES ($1, $2, $3, $4)";

static enum slw_status insert(struct slw_database *database, struct slw_sql_value name,
                              struct slw_sql_value number, struct slw_sql_value bytes,
                              struct slw_sql_value real)
{
    struct slw_sql_value values[] = {name, number, bytes, real};
    return test_run(database, insert_thing, values, 4);
}

static enum slw_status insert_name(struct slw_database *database, const char *name)
{
    return insert(database, slw_sql_text(test_text(name)), slw_sql_null(), slw_sql_null(),
                  slw_sql_null());
}

/* What a case does in one transaction, with what it wants to check. */
struct check {
    struct slw_sql_value value;
    int64_t number;
    double real;
    uint8_t bytes[64];
    size_t len;
    bool is_null;
    unsigned runs;
};

static enum slw_status read_numbers(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct check *check = context;
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, "SELECT number, real FROM things ORDER BY number", NULL, 0,
                          &rows, detail));
    while (slw_rows_next(rows)) {
        check->runs++;
        check->number = slw_rows_int(rows, 0);
        check->real = slw_rows_double(rows, 1);
        check->is_null = slw_rows_is_null(rows, 1);
    }
    return slw_rows_close(rows, detail);
}

static void keeps_integers_to_the_ends_of_64_bits(void)
{
    static const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, 4294967296, INT64_MAX};
    struct slw_database *database = test_database_open(things);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        TAP_EQUAL_INT(insert(database, slw_sql_null(), slw_sql_int(numbers[i]), slw_sql_null(),
                             slw_sql_double(0.1)),
                      SLW_OK);
        struct slw_sql_value value = slw_sql_int(numbers[i]);
        TAP_EQUAL_INT(
            test_number(database, "SELECT COUNT(*) FROM things WHERE number = $1", &value, 1), 1);
    }
    TAP_EQUAL_INT(test_number(database, "SELECT MIN(number) FROM things", NULL, 0), INT64_MIN);
    struct check check = {0};
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ, read_numbers, &check, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(check.runs, sizeof numbers / sizeof numbers[0]);
    TAP_EQUAL_INT(check.number, INT64_MAX);
    TAP_CHECK(check.real == 0.1);
    slw_database_close(database);
}

static enum slw_status read_bytes(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct check *check = context;
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, "SELECT bytes, number FROM things WHERE name = $1",
                          &check->value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        struct slw_bytes bytes = slw_rows_bytes(rows, 0);
        check->is_null = slw_rows_is_null(rows, 0);
        check->len = bytes.len;
        memcpy(check->bytes, bytes.ptr == NULL ? check->bytes : bytes.ptr,
               bytes.len < sizeof check->bytes ? bytes.len : sizeof check->bytes);
        check->number = slw_rows_int(rows, 1);
        check->runs++;
    }
    return slw_rows_close(rows, detail);
}

static struct check bytes_of(struct slw_database *database, const char *name)
{
    struct check check = {.value = slw_sql_text(test_text(name))};
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ, read_bytes, &check, &test_detail),
        SLW_OK);
    return check;
}

static void keeps_bytes_with_zeros_and_tells_empty_from_null(void)
{
    static const uint8_t zeros[] = {0, 1, 0, 255, '\'', '\\', 0};
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert(database, slw_sql_text(SLW_BYTES_OF("zeros")), slw_sql_int(7),
                         slw_sql_blob(slw_bytes_make(zeros, sizeof zeros)), slw_sql_null()),
                  SLW_OK);
    TAP_EQUAL_INT(insert(database, slw_sql_text(SLW_BYTES_OF("empty")), slw_sql_null(),
                         slw_sql_blob(slw_bytes_make(NULL, 0)), slw_sql_null()),
                  SLW_OK);
    TAP_EQUAL_INT(insert(database, slw_sql_text(SLW_BYTES_OF("null")), slw_sql_null(),
                         slw_sql_null(), slw_sql_null()),
                  SLW_OK);
    struct check check = bytes_of(database, "zeros");
    TAP_EQUAL_INT(check.len, sizeof zeros);
    TAP_EQUAL_BYTES(check.bytes, zeros, sizeof zeros);
    TAP_EQUAL_INT(check.number, 7);
    check = bytes_of(database, "empty");
    TAP_EQUAL_INT(check.runs, 1);
    TAP_CHECK(!check.is_null && check.len == 0);
    check = bytes_of(database, "null");
    TAP_EQUAL_INT(check.runs, 1);
    TAP_CHECK(check.is_null && check.len == 0 && check.number == 0);
    slw_database_close(database);
}

static void keeps_a_large_blob(void)
{
    size_t len = 8U << 20;
    uint8_t *large = malloc(len);
    TAP_REQUIRE(large != NULL);
    for (size_t i = 0; i < len; i++) {
        large[i] = (uint8_t)(i * 131 + (i >> 8));
    }
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert(database, slw_sql_text(SLW_BYTES_OF("large")), slw_sql_null(),
                         slw_sql_blob(slw_bytes_make(large, len)), slw_sql_null()),
                  SLW_OK);
    struct check check = bytes_of(database, "large");
    TAP_EQUAL_INT(check.len, len);
    TAP_EQUAL_BYTES(check.bytes, large, sizeof check.bytes);
    struct slw_sql_value value = slw_sql_blob(slw_bytes_make(large, len));
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things WHERE bytes = $1", &value, 1),
                  1);
    free(large);
    slw_database_close(database);
}

static void takes_hostile_text_as_text(void)
{
    static const char *const texts[] = {
        "'); DROP TABLE things; --",
        "$1",
        "\\",
        "\\x00",
        "''",
        "\"",
        "%s%n",
        "?1",
        ":a",
        "/*",
        "\xF0\x9F\x9A\xA2 na\xC3\xAFve",
        "",
        " ",
        "\r\n\t\x01\x7F",
        "NULL",
    };
    struct slw_database *database = test_database_open(things);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        TAP_ROW(texts[i]);
        TAP_EQUAL_INT(insert_name(database, texts[i]), SLW_OK);
        struct slw_sql_value value = slw_sql_text(test_text(texts[i]));
        TAP_EQUAL_INT(
            test_number(database, "SELECT COUNT(*) FROM things WHERE name = $1", &value, 1), 1);
    }
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0),
                  sizeof texts / sizeof texts[0]);
    slw_database_close(database);
}

static void refuses_values_that_are_no_text_or_number(void)
{
    struct slw_database *database = test_database_open(things);
    struct slw_sql_value bad[] = {
        slw_sql_text(SLW_BYTES_OF("a\0b")),     slw_sql_text(SLW_BYTES_OF("\xC3")),
        slw_sql_text(SLW_BYTES_OF("\xFF")),     slw_sql_text(SLW_BYTES_OF("\xED\xA0\x80")),
        slw_sql_text(SLW_BYTES_OF("\xC0\x80")), {.kind = (enum slw_sql_kind)99},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_EQUAL_INT(insert(database, bad[i], slw_sql_null(), slw_sql_null(), slw_sql_null()),
                      SLW_BAD_ARGUMENT);
    }
    TAP_EQUAL_INT(insert(database, slw_sql_null(), slw_sql_null(), slw_sql_null(),
                         slw_sql_double((double)NAN)),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(insert(database, slw_sql_null(), slw_sql_null(), slw_sql_null(),
                         slw_sql_double((double)INFINITY)),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0), 0);
    slw_database_close(database);
}

static enum slw_status read_order(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct check *check = context;
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, "SELECT name FROM things ORDER BY name", NULL, 0, &rows,
                          detail));
    while (slw_rows_next(rows)) {
        check->bytes[check->len++] = slw_rows_bytes(rows, 0).ptr[0];
    }
    return slw_rows_close(rows, detail);
}

static void compares_text_by_its_bytes(void)
{
    static const char *const names[] = {"b", "\xC3\xA9", "a", "Z", "_", "A", "z", "~", "0"};
    static const uint8_t sorted[] = {'0', 'A', 'Z', '_', 'a', 'b', 'z', '~', 0xC3};
    struct slw_database *database = test_database_open(things);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TAP_EQUAL_INT(insert_name(database, names[i]), SLW_OK);
    }
    struct check check = {0};
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ, read_order, &check, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(check.len, sizeof sorted);
    TAP_EQUAL_BYTES(check.bytes, sorted, sizeof sorted);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things WHERE name < 'a'", NULL, 0),
                  4);
    TAP_EQUAL_INT(
        test_number(database, "SELECT COUNT(*) FROM things WHERE name LIKE 'a%'", NULL, 0), 1);
    slw_database_close(database);
}

static void binds_by_number_wherever_it_stands(void)
{
    struct slw_database *database = test_database_open(NULL);
    struct slw_sql_value values[] = {slw_sql_int(1), slw_sql_int(20), slw_sql_int(300)};
    TAP_EQUAL_INT(test_number(database, "SELECT $3 - $2 + $1 * $3 - $2", values, 3), 560);
    TAP_EQUAL_INT(test_number(database, "SELECT $2 - $1", values, 3), 19);
    values[1] = slw_sql_int(21);
    TAP_EQUAL_INT(test_number(database, "SELECT $2 - $1", values, 2), 20);
    TAP_EQUAL_INT(test_number(database,
                              "SELECT COUNT(*) FROM (SELECT $1 + 0 AS one) AS \"$9\""
                              " WHERE '$8' <> '''$7' AND one = $1 -- $6 '\n"
                              " AND one = /* $5 */ $1",
                              values, 1),
                  1);
    TAP_EQUAL_INT(test_run(database, "SELECT $1", values, 1), SLW_INTERNAL);
    slw_database_close(database);
}

static void refuses_statements_that_are_not_for_a_transaction(void)
{
    static const char *const statements[] = {
        "COMMIT",
        "ROLLBACK",
        "BEGIN",
        "SAVEPOINT a",
        "CREATE TABLE more (id BIGINT)",
        "DROP TABLE things",
        "DELETE FROM things; DROP TABLE things",
        "DELETE FROM things; COMMIT",
        "PRAGMA user_version = 7",
        "SET search_path TO public",
        "ATTACH 'other.db' AS other",
        "VACUUM",
        "",
        " -- nothing",
        "SELEC",
        "DELETE FROM nothings",
        "DELETE FROM things WHERE name = \"a\"",
        "DELETE FROM things WHERE number = $1",
        "DELETE FROM things WHERE number = ?",
        "DELETE FROM things WHERE number = :number",
        "DELETE FROM things WHERE number = $0",
        "DELETE FROM things WHERE number = $99999999999999999999",
        "DELETE FROM things WHERE number = $32767",
        "DELETE FROM things WHERE number = $a",
        "DELETE FROM things WHERE number = $",
        "DELETE FROM things WHERE number = @a",
        "DELETE FROM things WHERE name = '$1",
        "DELETE FROM things WHERE",
    };
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert_name(database, "a"), SLW_OK);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        TAP_ROW(statements[i]);
        TAP_EQUAL_INT(test_run(database, statements[i], NULL, 0), SLW_INTERNAL);
        /* With the statement, for the log. */
        const char *at = strstr(test_detail.text, " in: ");
        TAP_CHECK(at != NULL && at > test_detail.text &&
                  strcmp(at + strlen(" in: "), statements[i]) == 0);
        test_detail.text[0] = '\0';
    }
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0), 1);
    slw_database_close(database);
}

static void says_what_a_constraint_forbids(void)
{
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert_name(database, "one"), SLW_OK);
    TAP_EQUAL_INT(insert_name(database, "one"), SLW_VERSION_TAKEN);
    static const struct {
        const char *sql;
        enum slw_status status;
    } rows[] = {
        {"INSERT INTO parts (id, thing) VALUES (1, 1)", SLW_OK},
        {"INSERT INTO parts (id, thing) VALUES (1, 1)", SLW_VERSION_TAKEN},
        {"INSERT INTO parts (id, thing) VALUES (2, 9)", SLW_NOT_FOUND},
        {"DELETE FROM things WHERE id = 1", SLW_NOT_FOUND},
        {"INSERT INTO parts (id) VALUES (3)", SLW_BAD_ARGUMENT},
        {"INSERT INTO parts (id, thing, count) VALUES (3, 1, 0)", SLW_BAD_ARGUMENT},
        {"INSERT INTO parts (id, thing) VALUES (NULL, 1)", SLW_BAD_ARGUMENT},
        {"INSERT INTO parts (id, thing) VALUES ('three', 1)", SLW_BAD_ARGUMENT},
        {"INSERT INTO parts (id, thing) VALUES (1, 1) ON CONFLICT (id) DO NOTHING", SLW_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].sql);
        TAP_EQUAL_INT(test_run(database, rows[i].sql, NULL, 0), rows[i].status);
    }
    TAP_ROW(NULL);
    /* A value of another type than its column's. */
    TAP_EQUAL_INT(insert(database, slw_sql_null(), slw_sql_text(SLW_BYTES_OF("no number")),
                         slw_sql_null(), slw_sql_null()),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(insert(database, slw_sql_null(), slw_sql_null(),
                         slw_sql_text(SLW_BYTES_OF("no bytes")), slw_sql_null()),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM parts", NULL, 0), 1);
    slw_database_close(database);
}

static void never_numbers_twice(void)
{
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(
        test_number(database, "INSERT INTO things (name) VALUES ('a') RETURNING id", NULL, 0), 1);
    int64_t second =
        test_number(database, "INSERT INTO things (name) VALUES ('b') RETURNING id", NULL, 0);
    TAP_EQUAL_INT(second, 2);
    TAP_EQUAL_INT(test_run(database, "DELETE FROM things", NULL, 0), SLW_OK);
    TAP_EQUAL_INT(
        test_number(database, "INSERT INTO things (name) VALUES ('a') RETURNING id", NULL, 0), 3);
    slw_database_close(database);
}

static void counts_and_sums(void)
{
    struct slw_database *database = test_database_open(things);
    for (int i = 0; i < 3; i++) {
        TAP_EQUAL_INT(insert(database, slw_sql_null(), slw_sql_int(INT64_MAX / 4), slw_sql_null(),
                             slw_sql_double(-0.5)),
                      SLW_OK);
    }
    TAP_EQUAL_INT(test_number(database, "SELECT SUM(number) FROM things", NULL, 0),
                  INT64_MAX / 4 * 3);
    TAP_EQUAL_INT(test_number(database, "SELECT -SUM(number) FROM things", NULL, 0),
                  -(INT64_MAX / 4 * 3));
    TAP_EQUAL_INT(test_number(database, "SELECT COALESCE(SUM(id), 7) FROM parts", NULL, 0), 7);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) = 3 FROM things", NULL, 0), 1);
    TAP_EQUAL_INT(test_number(database, "SELECT 1", NULL, 0), 1);
    TAP_EQUAL_INT(test_number(database, "SELECT name FROM things", NULL, 0), 0);
    TAP_EQUAL_INT(test_number(database, "SELECT id FROM things WHERE id = 99", NULL, 0), -1);
    slw_database_close(database);
}

static void takes_many_rows_in_one_statement(void)
{
    enum { ROWS = 16000 }; /* nearly as many values as there may be */
    struct slw_database *database = test_database_open(things);
    char *sql = malloc(ROWS * 24 + 64);
    struct slw_sql_value *values = malloc(2 * ROWS * sizeof *values);
    TAP_REQUIRE(sql != NULL && values != NULL);
    size_t at = (size_t)snprintf(sql, 64, "INSERT INTO things (id, number) VALUES ");
    for (int i = 0; i < ROWS; i++) {
        at +=
            (size_t)snprintf(sql + at, 24, "%s($%d,$%d)", i == 0 ? "" : ",", 2 * i + 1, 2 * i + 2);
        values[2 * i] = slw_sql_int(i + 1);
        values[2 * i + 1] = slw_sql_int(i);
    }
    TAP_EQUAL_INT(test_run(database, sql, values, 2 * ROWS), SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT SUM(number) FROM things", NULL, 0),
                  ROWS * (ROWS - 1) / 2);
    TAP_EQUAL_INT(test_run(database, sql, values, SLW_DATABASE_VALUES_MAX + 1), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_run(database, sql, values, 2 * ROWS - 1), SLW_INTERNAL);
    free(sql);
    free(values);
    slw_database_close(database);
}

static void refuses_urls_that_are_none(void)
{
    static const char *const urls[] = {"",       "depot.db",        "sqlite:", "mysql://localhost/",
                                       "sqlite", "postgresql:depot"};
    struct slw_database *database = NULL;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        TAP_ROW(urls[i]);
        TAP_EQUAL_INT(slw_database_open(urls[i], NULL, &database, &test_detail), SLW_BAD_ARGUMENT);
    }
    struct slw_database_options many = {.connections = SLW_DATABASE_CONNECTIONS_MAX + 1};
    TAP_EQUAL_INT(slw_database_open(test_database_fresh(), &many, &database, &test_detail),
                  SLW_BAD_ARGUMENT);
    TAP_CHECK(database == NULL);
    slw_database_close(NULL);
}

static enum slw_status note_file(void *context, const char *path, struct slw_detail *detail)
{
    char *all = context;
    size_t len = strlen(all);
    if (strcmp(path, "/bad") == 0) {
        return slw_explain(detail, SLW_TOO_LARGE, "no more");
    }
    (void)snprintf(all + len, 128 - len, "%s;", path);
    return SLW_OK;
}

static void names_the_files_of_a_url(void)
{
    char all[128] = "";
    TAP_EQUAL_INT(slw_database_files("sqlite:/var/lib/depot.db", note_file, all, &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_database_files("postgresql://a@b/c?host=/run&sslmode=require", note_file, all,
                                     &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(strcmp(all, ""), 0);
    TAP_EQUAL_INT(slw_database_files("postgresql://a@b/c?passfile=/etc/pass%20word&sslrootcert=/ca",
                                     note_file, all, &test_detail),
                  SLW_OK);
    TAP_CHECK(strstr(all, "/etc/pass word;") != NULL && strstr(all, "/ca;") != NULL);
    TAP_EQUAL_INT(
        slw_database_files("postgresql://a@b/c?sslkey=/bad", note_file, all, &test_detail),
        SLW_TOO_LARGE);
    TAP_EQUAL_INT(
        slw_database_files("postgresql://a@b/c?nonsense=/bad", note_file, all, &test_detail),
        SLW_BAD_ARGUMENT);
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(keeps_integers_to_the_ends_of_64_bits),
        TEST_CASE(keeps_bytes_with_zeros_and_tells_empty_from_null),
        TEST_CASE(keeps_a_large_blob),
        TEST_CASE(takes_hostile_text_as_text),
        TEST_CASE(refuses_values_that_are_no_text_or_number),
        TEST_CASE(compares_text_by_its_bytes),
        TEST_CASE(binds_by_number_wherever_it_stands),
        TEST_CASE(refuses_statements_that_are_not_for_a_transaction),
        TEST_CASE(says_what_a_constraint_forbids),
        TEST_CASE(never_numbers_twice),
        TEST_CASE(counts_and_sums),
        TEST_CASE(takes_many_rows_in_one_statement),
        TEST_CASE(refuses_urls_that_are_none),
        TEST_CASE_ON(POSTGRESQL, names_the_files_of_a_url),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
