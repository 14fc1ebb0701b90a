/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one text of a migration in the words of either database: types, IDENTITY, and that SQLite is
 * to mind the types of columns as PostgreSQL does. migrate.c calls it before it runs a script.
 */
#ifndef SLIPWAY_DATABASE_DIALECT_H
#define SLIPWAY_DATABASE_DIALECT_H

#include "slipway/database.h"
#include "slipway/heap.h"

/* SLW_BAD_ARGUMENT for a type that isn't one of the four, and for what never ends. */
SLW_MUST_USE enum slw_status sql_dialect_translate(enum slw_database_kind kind, const char *sql,
                                                   struct slw_heap_buffer *ret_sql,
                                                   struct slw_detail *detail);

/* Length of the string, quoted name or comment that begins at text; 0 when none does, SIZE_MAX when
 * it never ends. */
size_t sql_opaque_length(const char *text);

/* A hash of a text, for finding what was prepared; hash is another text's, or SQL_HASH_BASIS. Eight
 * bytes at a time: statements about many rows are long. */
#define SQL_HASH_BASIS 14695981039346656037U
uint64_t sql_hash_text(uint64_t hash, const char *text);

#endif
