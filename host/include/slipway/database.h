/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relational database: SQLite or PostgreSQL behind one text of SQL.
 *
 *     SLW_TRY(slw_database_open("sqlite:/var/lib/slipway-depot/depot.db", &options, &database,
 * detail)); SLW_TRY(slw_database_migrate(database, depot_migrations, depot_migrations_count,
 * detail)); SLW_TRY(slw_database_transact(database, SLW_DATABASE_WRITE, add_device, &device,
 * detail));
 *
 *     static enum slw_status add_device(void *context, struct slw_transaction *transaction, struct
 * slw_detail *detail)
 *     {
 *         struct slw_sql_value values[] = {slw_sql_text(device->name), slw_sql_int(now_us)};
 *         SLW_TRY(slw_sql_run(transaction, "INSERT INTO devices (name, seen_us) VALUES ($1, $2)",
 * values, 2, NULL, detail)); … SLW_TRY(slw_sql_query(transaction, "SELECT id, name FROM devices
 * WHERE seen_us < $1", values + 1, 1, &rows, detail)); while (slw_rows_next(rows)) {
 * use(slw_rows_int(rows, 0), slw_rows_text(rows, 1)); } SLW_TRY(slw_rows_close(rows, detail));
 *     }
 *
 * The SQL is what both understand: SELECT, INSERT, UPDATE, DELETE and WITH; parameters `$1`, `$2` …
 * (each may stand more than once, none without a value), types BIGINT, TEXT, BYTEA, DOUBLE
 * PRECISION and no others, `INSERT … ON CONFLICT`, `RETURNING`, no functions of time. TEXT compares
 * by its bytes on both; a value of another type than its column's is refused on both (`CAST(x AS
 * TEXT)` is fine). A parameter that stands where nothing tells its type (`$1 IS NULL`) can't be
 * NULL: say CAST($1 AS BIGINT). LIKE minds upper and lower case.
 *
 * In migrations, and there alone, `IDENTITY` as a column's whole type is a primary key that the
 * database numbers, rising, never twice. It is given before the commit: on PostgreSQL 5 may be
 * there to see before 4, so that who follows by `id > $1` would miss 4. What is to be followed gets
 * its number from a row that every writer updates (UPDATE … SET next = next + 1 … RETURNING next).
 * Booleans are BIGINT 0 and 1, times microseconds since 1970 UTC. Foreign keys are enforced.
 *
 * A transaction is SERIALIZABLE and may be run more than once: its function must have no effect
 * outside until it is committed, and start from the same state each time; it must not wait for
 * anything else, nor open another transaction. A statement that failed ends it: whatever the
 * function returns, nothing is committed, and later statements fail likewise (use ON CONFLICT, not
 * SLW_VERSION_TAKEN, to go on). Database is safe for all threads; a transaction belongs to one.
 *
 * Statuses: SLW_DATABASE_AWAY (no database, or it went away, or it is too busy: what was under way
 * wasn't committed, or, at commit, isn't known to be); SLW_IO (disk full, damaged);
 * SLW_VERSION_TAKEN for what a UNIQUE or PRIMARY KEY forbids, SLW_NOT_FOUND for a foreign key's;
 * SLW_BAD_ARGUMENT for what NOT NULL, CHECK or a column's type forbids; SLW_INTERNAL for SQL that
 * isn't right, which is the program's mistake: the detail has the statement, and isn't for those
 * whom it serves.
 */
#ifndef SLIPWAY_DATABASE_H
#define SLIPWAY_DATABASE_H

#include "slipway/bytes.h"
#include "slipway/detail.h"

#include <stdint.h>

#define SLW_DATABASE_ATTEMPTS 20u      /* of a transaction that others got in the way of */
#define SLW_DATABASE_VALUES_MAX 32766u /* of one statement */
#define SLW_DATABASE_CONNECTIONS_MAX 64u

struct slw_database;
struct slw_transaction;
struct slw_rows;

enum slw_database_kind { SLW_DATABASE_SQLITE, SLW_DATABASE_POSTGRESQL };
enum slw_database_mode {
    SLW_DATABASE_READ,
    SLW_DATABASE_WRITE,
    /* READ of one statement (and the time): a second one is refused. It sees what was committed
     * when it began. With PostgreSQL it is one round trip instead of three. */
    SLW_DATABASE_READ_ONE,
};

struct slw_database_options {
    uint32_t connections; /* at most; 0: 8 */
    uint32_t timeout_ms;  /* for a connection, a lock, an answer; 0: 5,000 */
};

/* url: "sqlite:PATH" or "postgresql://…" (libpq's). The file is made when it isn't there, mode
 * 0600. */
SLW_MUST_USE enum slw_status slw_database_open(const char *url,
                                               const struct slw_database_options *options,
                                               struct slw_database **ret_database,
                                               struct slw_detail *detail);
void slw_database_close(struct slw_database *database);
/* Each file that is read because the URL names it (a password, certificates), for who confines
 * itself before it opens the database. */
SLW_MUST_USE enum slw_status slw_database_files(const char *url,
                                                enum slw_status (*each)(void *context,
                                                                        const char *path,
                                                                        struct slw_detail *detail),
                                                void *context, struct slw_detail *detail);
enum slw_database_kind slw_database_kind(const struct slw_database *database);

/* Values. A view that is given in must live until the call returns. */
enum slw_sql_kind { SLW_SQL_NULL, SLW_SQL_INT, SLW_SQL_TEXT, SLW_SQL_BLOB, SLW_SQL_DOUBLE };
struct slw_sql_value {
    enum slw_sql_kind kind;
    int64_t number;
    double real;
    struct slw_bytes bytes;
};
static inline struct slw_sql_value slw_sql_null(void)
{
    return (struct slw_sql_value){.kind = SLW_SQL_NULL};
}
static inline struct slw_sql_value slw_sql_int(int64_t number)
{
    return (struct slw_sql_value){.kind = SLW_SQL_INT, .number = number};
}
static inline struct slw_sql_value slw_sql_double(double real)
{
    return (struct slw_sql_value){.kind = SLW_SQL_DOUBLE, .real = real};
}
/* UTF-8 without NUL; else the statement is SLW_BAD_ARGUMENT. */
static inline struct slw_sql_value slw_sql_text(struct slw_bytes text)
{
    return (struct slw_sql_value){.kind = SLW_SQL_TEXT, .bytes = text};
}
static inline struct slw_sql_value slw_sql_blob(struct slw_bytes bytes)
{
    return (struct slw_sql_value){.kind = SLW_SQL_BLOB, .bytes = bytes};
}

/* Runs work in a transaction, and again when another one got in the way. Commits when it returns
 * SLW_OK, else nothing of it remains and its status is returned. READ may not change anything. */
typedef enum slw_status slw_transaction_work(void *context, struct slw_transaction *transaction,
                                             struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_database_transact(struct slw_database *database,
                                                   enum slw_database_mode mode,
                                                   slw_transaction_work *work, void *context,
                                                   struct slw_detail *detail);

/* One statement without rows (no RETURNING). ret_changed (may be NULL): how many rows it changed.
 */
SLW_MUST_USE enum slw_status slw_sql_run(struct slw_transaction *transaction, const char *sql,
                                         const struct slw_sql_value *values, size_t count,
                                         int64_t *ret_changed, struct slw_detail *detail);

/* One statement with rows. They come as they are asked for; close() tells whether all did. While
 * they are open, the transaction takes no other statement. Rows that a function leaves open when it
 * fails are closed for it; close(NULL) does nothing. */
SLW_MUST_USE enum slw_status slw_sql_query(struct slw_transaction *transaction, const char *sql,
                                           const struct slw_sql_value *values, size_t count,
                                           struct slw_rows **ret_rows, struct slw_detail *detail);
bool slw_rows_next(struct slw_rows *rows);
bool slw_rows_is_null(const struct slw_rows *rows, int column);
int64_t slw_rows_int(const struct slw_rows *rows, int column);   /* 0 for NULL */
double slw_rows_double(const struct slw_rows *rows, int column); /* 0 for NULL */
/* Text or blob; a view until next() or close(). NULL: empty. */
struct slw_bytes slw_rows_bytes(const struct slw_rows *rows, int column);
SLW_MUST_USE enum slw_status slw_rows_close(struct slw_rows *rows, struct slw_detail *detail);

/* A number is 0 when the column isn't one, bytes are empty when it is one. */

/* The first column of the first row, a number; SLW_NOT_FOUND when there is no row. */
SLW_MUST_USE enum slw_status slw_sql_number(struct slw_transaction *transaction, const char *sql,
                                            const struct slw_sql_value *values, size_t count,
                                            int64_t *ret_number, struct slw_detail *detail);

/* Microseconds since 1970 UTC by the database's clock; the same in all of one transaction. */
SLW_MUST_USE enum slw_status slw_database_now(struct slw_transaction *transaction,
                                              int64_t *ret_now_us, struct slw_detail *detail);

/*
 * Migrations: numbered from 1 without gaps, each a text of statements, each run once, all in one
 * transaction with the note that it was (table schema_migrations: number, name, SHA-256 of its
 * text, when). A database that has a migration that isn't in the list, or one with another text, is
 * refused (SLW_STORED_STATE): it belongs to another version.
 */
struct slw_migration {
    const char *name;
    const char *sql;
};
SLW_MUST_USE enum slw_status slw_database_migrate(struct slw_database *database,
                                                  const struct slw_migration *migrations,
                                                  size_t count, struct slw_detail *detail);

/* Reads all of it and says whether it holds together: SLW_IO when SQLite's file is damaged, or a
 * foreign key leads nowhere. PostgreSQL looks after itself. Takes as long as it takes. */
SLW_MUST_USE enum slw_status slw_database_check(struct slw_database *database,
                                                struct slw_detail *detail);

/*
 * Leases by the database's clock, in the table leases (made by slw_database_migrate itself). Each
 * holder gets a higher token than any before. SLW_WRONG_STATE while somebody else holds it, or when
 * it was lost. Everybody asks for the same number of seconds: a lease that would last for more than
 * twice as long is of before the clock was set back, and over.
 */
SLW_MUST_USE enum slw_status slw_database_lease_acquire(struct slw_database *database,
                                                        const char *name, const char *holder,
                                                        uint32_t seconds, int64_t *ret_token,
                                                        struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_database_lease_renew(struct slw_database *database,
                                                      const char *name, int64_t token,
                                                      uint32_t seconds, struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_database_lease_release(struct slw_database *database,
                                                        const char *name, int64_t token,
                                                        struct slw_detail *detail);
/* In the transaction that does the work: SLW_WRONG_STATE unless token is the lease's newest and
 * hasn't run out. */
SLW_MUST_USE enum slw_status slw_transaction_fence(struct slw_transaction *transaction,
                                                   const char *name, int64_t token,
                                                   struct slw_detail *detail);

#endif
