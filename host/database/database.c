/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a database: which adapter a URL means, and its pool of connections. */
#include "internal.h"

#include <stdlib.h>
#include <time.h>

#define DEFAULT_CONNECTIONS 8u
#define DEFAULT_TIMEOUT_MS 5000u
#define TIMEOUT_MS_MAX 600000u

/* The adapter, and what of the URL is its own; NULL for another scheme. */
static const struct sql_adapter *find_adapter(const char *url, const char **ret_place)
{
    if (strncmp(url, "sqlite:", 7) == 0 && url[7] != '\0') {
        *ret_place = url + 7;
        return &sql_sqlite;
    }
    if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0) {
        *ret_place = url;
        return &sql_postgresql;
    }
    return NULL;
}

static struct slw_database_options fill_in(const struct slw_database_options *options)
{
    struct slw_database_options all = {0};
    if (options != NULL) {
        all = *options;
    }
    all.connections = all.connections == 0 ? DEFAULT_CONNECTIONS : all.connections;
    all.timeout_ms = all.timeout_ms == 0 ? DEFAULT_TIMEOUT_MS : all.timeout_ms;
    return all;
}

static enum slw_status set_up(struct slw_database *database, const char *place,
                              struct slw_detail *detail)
{
    if (database->options.connections > SLW_DATABASE_CONNECTIONS_MAX ||
        database->options.timeout_ms > TIMEOUT_MS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "database: not over %u connections and %u ms",
                           SLW_DATABASE_CONNECTIONS_MAX, TIMEOUT_MS_MAX);
    }
    database->place = strdup(place);
    if (database->place == NULL) {
        return slw_explain_no_memory(detail);
    }
    SLW_TRY(database->adapter->prepare(database, detail));
    struct sql_connection *connection = NULL;
    SLW_TRY(sql_pool_take(database, true, &connection, detail));
    sql_pool_give(database, connection);
    return SLW_OK;
}

enum slw_status slw_database_open(const char *url, const struct slw_database_options *options,
                                  struct slw_database **ret_database, struct slw_detail *detail)
{
    const char *place = NULL;
    const struct sql_adapter *adapter = find_adapter(url, &place);
    if (adapter == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "database: neither \"sqlite:PATH\" nor \"postgresql://…\"");
    }
    struct slw_database *database = calloc(1, sizeof *database);
    if (database == NULL) {
        return slw_explain_no_memory(detail);
    }
    database->adapter = adapter;
    database->options = fill_in(options);
    if (pthread_mutex_init(&database->mutex, NULL) != 0 ||
        !sql_turns_init(&database->connections, database->options.connections) ||
        !sql_turns_init(&database->writer, 1)) {
        free(database);
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = set_up(database, place, detail);
    if (status != SLW_OK) {
        slw_database_close(database);
        return status;
    }
    *ret_database = database;
    return SLW_OK;
}

void slw_database_close(struct slw_database *database)
{
    if (database == NULL) {
        return;
    }
    sql_pool_empty(database);
    sql_turns_wipe(&database->writer);
    sql_turns_wipe(&database->connections);
    (void)pthread_mutex_destroy(&database->mutex);
    if (database->place != NULL) {
        slw_wipe(database->place, strlen(database->place)); /* a URL may hold a password */
    }
    free(database->place);
    free(database);
}

enum slw_database_kind slw_database_kind(const struct slw_database *database)
{
    return database->adapter->kind;
}

int64_t sql_monotonic_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
