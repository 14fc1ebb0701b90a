/* SPDX-License-Identifier: Apache-2.0 */
/* The depot's migrations, from every older schema to the one of today, on both databases. */
#include "depot.h"

#include "../../host/database/test_database.h"

#include "slipway/heap.h"

/* Tables, columns and indices, as text. */
static enum slw_status read_schema(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer *text = context;
    struct slw_rows *rows = NULL;
    text->len = 0;
    const char *sql =
        test_database_kind() == SLW_DATABASE_SQLITE
            ? "SELECT COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY"
              " name"
            : "SELECT CAST(table_name AS TEXT) || ' ' || CAST(column_name AS TEXT) || ' ' ||"
              " CAST(data_type AS TEXT) || COALESCE(CAST(collation_name AS TEXT), '') ||"
              " CAST(is_nullable AS TEXT) || COALESCE(CAST(column_default AS TEXT), '')"
              " FROM information_schema.columns WHERE table_schema = 'public'"
              " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
    SLW_TRY(slw_sql_query(transaction, sql, NULL, 0, &rows, detail));
    while (slw_rows_next(rows)) {
        slw_heap_append(text, slw_rows_bytes(rows, 0));
        slw_heap_append_text(text, "\n");
    }
    return slw_rows_close(rows, detail);
}

static void migrate_by_way_of(size_t older, struct slw_heap_buffer *ret_schema)
{
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(slw_database_migrate(database, depot_migrations, older, &test_detail), SLW_OK);
    TAP_EQUAL_INT(
        slw_database_migrate(database, depot_migrations, depot_migrations_count, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(strcmp(test_detail.text, ""), 0);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ, read_schema, ret_schema, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM schema_migrations", NULL, 0),
                  depot_migrations_count);
    slw_database_close(database);
}

static void reach_the_same_schema_from_every_older_one(void)
{
    struct slw_heap_buffer at_once = {0};
    struct slw_heap_buffer in_steps = {0};
    TAP_CHECK(depot_migrations_count > 3);
    migrate_by_way_of(0, &at_once);
    TAP_CHECK(at_once.len > 4000);
    for (size_t older = 1; older <= depot_migrations_count; older++) {
        TAP_ROW(depot_migrations[older - 1].name);
        migrate_by_way_of(older, &in_steps);
        TAP_EQUAL_INT(in_steps.len, at_once.len);
        TAP_EQUAL_BYTES(in_steps.ptr, at_once.ptr,
                        in_steps.len < at_once.len ? in_steps.len : at_once.len);
    }
    slw_heap_drop(&at_once);
    slw_heap_drop(&in_steps);
}

/* Rows as the schema of before had them, and what they are afterwards. */
static void what_went_by_retention_before_is_over(void)
{
    static const char *const rows[] = {
        "INSERT INTO products (name, title, keep_days, log_days, made_us) VALUES ('lamp', "
        "'', 90, 30, 1)",
        "INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, targets, "
        "made_us, made_by, state, state_us, furthest, removed_us) VALUES ('gone', 'lamp', '', 0, "
        "1, '', '[]', '[]', 1, 'ci', 'new', 1, 0, 7), ('here', 'lamp', '', 0, 1, '', '[]', '[]', "
        "1, "
        "'ci', 'new', 1, 0, NULL)",
        "INSERT INTO qualifications (build, product, pipeline, kind, changes, is_open, report, "
        "reason, began_us) SELECT id, product, 1, 'feature', '[]', 1, '{}', '', 1 FROM builds",
        "INSERT INTO jobs (product, job, kind, state, build, ref, git_commit, cause, made_us, "
        "made_by, labels, timeout_s, retries, tries, attempt, lease_until_us) SELECT product, "
        "'unit', 'test', 'queued', id, '', '', 'build', 1, 'depot', '[]', 60, 0, 0, 0, 0 FROM "
        "builds",
    };
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(slw_database_migrate(database, depot_migrations, 8, &test_detail), SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_EQUAL_INT(test_run(database, rows[i], NULL, 0), SLW_OK);
    }
    TAP_EQUAL_INT(
        slw_database_migrate(database, depot_migrations, depot_migrations_count, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(test_number(database,
                              "SELECT COUNT(*) FROM qualifications WHERE (build = 'gone' AND "
                              "is_open = 0 AND reason <> '') OR (build = 'here' AND is_open = 1)",
                              NULL, 0),
                  2);
    TAP_EQUAL_INT(test_number(database,
                              "SELECT COUNT(*) FROM jobs WHERE (build = 'gone' AND state = "
                              "'cancelled' AND ended_us = 7) OR (build = 'here' AND state = "
                              "'queued' AND ended_us IS NULL)",
                              NULL, 0),
                  2);
    slw_database_close(database);
}

static void an_older_program_refuses_a_newer_database(void)
{
    struct slw_database *database = test_database_open(NULL);
    TAP_EQUAL_INT(
        slw_database_migrate(database, depot_migrations, depot_migrations_count, &test_detail),
        SLW_OK);
    for (size_t older = 0; older < depot_migrations_count; older++) {
        TAP_EQUAL_INT(slw_database_migrate(database, depot_migrations, older, &test_detail),
                      SLW_STORED_STATE);
    }
    slw_database_close(database);
    test_detail.text[0] = '\0';
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(reach_the_same_schema_from_every_older_one),
        TEST_CASE(what_went_by_retention_before_is_over),
        TEST_CASE(an_older_program_refuses_a_newer_database),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
