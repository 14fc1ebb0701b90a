/* SPDX-License-Identifier: Apache-2.0 */
/* A release that reached everybody. See releases.h. */
#include "releases.h"

enum slw_status depot_release_complete(struct slw_transaction *transaction,
                                       struct slw_bytes product, int64_t version,
                                       struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(version)};
    return slw_sql_run(transaction,
                       "UPDATE releases SET is_complete = 1, retry_us = 0 WHERE product = $1 AND "
                       "version = $2 AND is_complete = 0",
                       values, 2, NULL, detail);
}
