/* SPDX-License-Identifier: Apache-2.0 */
/* A lease of the database as the lease of a repository's writer. See slipway/s3_storage.h. */
#include "slipway/s3_storage.h"

static enum slw_status acquire(void *context, const char *holder, uint32_t seconds,
                               uint64_t *ret_token, struct slw_detail *detail)
{
    const struct slw_database_writer *writer = context;
    int64_t token = 0;
    if (!slw_lease_holder_is_good(holder)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "not the name of a lease's holder");
    }
    SLW_TRY(slw_database_lease_acquire(writer->database, writer->name, holder, seconds, &token,
                                       detail));
    *ret_token = (uint64_t)token;
    return SLW_OK;
}

static enum slw_status renew(void *context, uint64_t token, uint32_t seconds,
                             struct slw_detail *detail)
{
    const struct slw_database_writer *writer = context;
    return slw_database_lease_renew(writer->database, writer->name, (int64_t)token, seconds,
                                    detail);
}

static enum slw_status release(void *context, uint64_t token, struct slw_detail *detail)
{
    const struct slw_database_writer *writer = context;
    return slw_database_lease_release(writer->database, writer->name, (int64_t)token, detail);
}

void slw_database_writer_init(struct slw_database *database, const char *name,
                              struct slw_database_writer *ret_writer)
{
    *ret_writer = (struct slw_database_writer){
        .port = {ret_writer, acquire, renew, release}, .database = database, .name = name};
}

struct asking {
    const struct slw_database_writer *writer;
    int64_t token;
};

static enum slw_status ask(void *context, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    const struct asking *asking = context;
    return slw_transaction_fence(transaction, asking->writer->name, asking->token, detail);
}

enum slw_status slw_database_writer_check(void *context, uint64_t token, struct slw_detail *detail)
{
    struct asking asking = {context, (int64_t)token};
    return slw_database_transact(asking.writer->database, SLW_DATABASE_READ, ask, &asking, detail);
}
