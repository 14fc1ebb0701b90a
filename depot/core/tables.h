/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that the migrations make, as a backup goes through them: those that others refer to
 * first. For backup.c and restore.c. */
#ifndef SLIPWAY_DEPOT_TABLES_H
#define SLIPWAY_DEPOT_TABLES_H

#include "depot.h"

#define DEPOT_TABLES_MAX 128u
#define DEPOT_COLUMNS_MAX 64u
#define DEPOT_TABLE_NAME_SIZE 64u

struct depot_table {
    char name[DEPOT_TABLE_NAME_SIZE];
    char identity[DEPOT_TABLE_NAME_SIZE]; /* the column that the database numbers; "": none */
    size_t columns_count;                 /* by depot_table_describe() */
    char columns[DEPOT_COLUMNS_MAX][DEPOT_TABLE_NAME_SIZE];
    char types[DEPOT_COLUMNS_MAX]; /* i, t, b, d: integer, text, bytes, double */
};

struct depot_tables {
    struct depot_table each[DEPOT_TABLES_MAX];
    size_t count;
};

/* Reads names out of the first so many migrations. */
SLW_MUST_USE enum slw_status depot_tables_read(size_t migrations, struct depot_tables *ret_tables,
                                               struct slw_detail *detail);
SLW_MUST_USE enum slw_status depot_table_describe(struct slw_transaction *transaction,
                                                  enum slw_database_kind kind,
                                                  struct depot_table *table,
                                                  struct slw_detail *detail);

/* A backup's first line tells which schema it is of. */
#define DEPOT_BACKUP_FORMAT "slipway depot backup v1"
#define DEPOT_BACKUP_FILE "database.jsonl"

#endif
