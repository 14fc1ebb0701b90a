/* SPDX-License-Identifier: Apache-2.0 */
/* See test_both.h. The databases are those of the tests of host/database, whose helper has a name
 * that test_depot.h has too: so it is part of this file, with another one. */
#include "test_both.h"

#define test_number test_database_number
#include "../../host/database/test_database.c" // NOLINT(bugprone-suspicious-include)

bool test_both_start(bool is_postgresql)
{
    return test_database_start(is_postgresql ? SLW_DATABASE_POSTGRESQL : SLW_DATABASE_SQLITE);
}

void test_both_stop(void)
{
    test_database_stop();
}

void test_both_use(struct depot_settings *settings)
{
    (void)snprintf(settings->database, sizeof settings->database, "%s", test_database_fresh());
}
