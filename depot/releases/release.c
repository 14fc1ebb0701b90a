/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of releases: made, numbered, told to go on. See releases.h. */
#include "part.h"

#include "slipway/text.h"

#include <stdio.h>

static enum slw_status find(struct slw_transaction *transaction,
                            const struct depot_release_wish *wish,
                            struct depot_release_stand *stand, bool *ret_found,
                            struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(wish->product), slw_sql_text(wish->build),
                                           slw_sql_text(wish->key_name),
                                           slw_sql_text(wish->channel)};
    struct slw_rows *rows = NULL;
    SLW_TRY(
        slw_sql_query(transaction,
                      "SELECT version, state, reason FROM releases WHERE product = $1 AND build "
                      "= $2 AND key_name = $3 AND channel = $4 AND state <> 'withdrawn' ORDER "
                      "BY version DESC LIMIT 1",
                      values, 4, &rows, detail));
    *ret_found = slw_rows_next(rows);
    if (*ret_found) {
        stand->version = slw_rows_int(rows, 0);
        slw_text_copy(slw_rows_bytes(rows, 1), sizeof stand->state, stand->state);
        slw_text_copy(slw_rows_bytes(rows, 2), sizeof stand->reason, stand->reason);
    }
    return slw_rows_close(rows, detail);
}

/* DEPOT.md, section 5: "the next targets version of the product (above everything that was
 * published or asked for)". The row is every writer's, so that no number is given twice. */
static enum slw_status take_number(struct slw_transaction *transaction, struct slw_bytes product,
                                   int64_t *ret_version, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(product);
    int64_t next = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "INSERT INTO release_numbers (product, next) VALUES ($1, 2) ON CONFLICT "
                           "(product) DO UPDATE SET next = release_numbers.next + 1 RETURNING next",
                           &value, 1, &next, detail));
    if (next - 1 > (int64_t)UINT32_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "the product's numbers are used up");
    }
    *ret_version = next - 1;
    return SLW_OK;
}

static enum slw_status note_time(struct slw_transaction *transaction, struct slw_bytes product,
                                 int64_t version, const char *state, struct slw_detail *detail)
{
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(version),
                                           slw_sql_text(slw_text_bytes(state)),
                                           slw_sql_int(now_us)};
    return slw_sql_run(transaction,
                       "INSERT INTO release_times (product, version, state, time_us) VALUES ($1, "
                       "$2, $3, $4) ON CONFLICT (product, version, state) DO NOTHING",
                       values, 4, NULL, detail);
}

enum slw_status releases_event(struct slw_transaction *transaction, struct slw_bytes product,
                               int64_t version, const char *state, struct slw_bytes reason,
                               struct slw_detail *detail)
{
    char subject[32];
    struct slw_heap_buffer data = {0};
    struct slw_json json;
    SLW_TRY(note_time(transaction, product, version, state, detail));
    (void)snprintf(subject, sizeof subject, "%lld", (long long)version);
    slw_json_init(&json, &data);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "state", state);
    if (reason.len > 0) {
        slw_json_bytes(&json, "reason", reason);
    }
    slw_json_end_object(&json);
    enum slw_status status = depot_event(transaction, product, "release", slw_text_bytes(subject),
                                         slw_heap_text(&data), detail);
    slw_heap_free(&data);
    return status;
}

static enum slw_status insert(struct slw_transaction *transaction,
                              const struct depot_release_wish *wish, int64_t version,
                              struct slw_detail *detail)
{
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(wish->product),
        slw_sql_int(version),
        slw_sql_text(wish->build),
        slw_sql_text(wish->stage),
        slw_sql_text(wish->channel),
        slw_sql_text(wish->key_name),
        slw_sql_text(slw_text_bytes(wish->key_class)),
        slw_sql_text(wish->kind),
        slw_sql_text(wish->changes),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(wish->who)),
    };
    return slw_sql_run(
        transaction,
        "INSERT INTO releases (product, version, build, stage, channel, key_name, key_class, kind, "
        "release_version, urgency, min_installed_version, hardware, notes, changes, state, "
        "state_us, reason, prepared_blob, request, blob, size, path, role, is_complete, replaces, "
        "made_us, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 0, '[]', '', $9, "
        "'prepared', $10, '', '', '', '', 0, '', '', 0, 0, $10, $11)",
        values, 11, NULL, detail);
}

enum slw_status depot_release_want(struct slw_transaction *transaction,
                                   const struct depot_release_wish *wish,
                                   struct depot_release_stand *ret_stand, struct slw_detail *detail)
{
    struct depot_release_stand stand = {.state = "prepared"};
    bool found = false;
    char subject[32];
    SLW_TRY(find(transaction, wish, &stand, &found, detail));
    if (!found) {
        SLW_TRY(take_number(transaction, wish->product, &stand.version, detail));
        SLW_TRY(insert(transaction, wish, stand.version, detail));
        (void)snprintf(subject, sizeof subject, "%lld", (long long)stand.version);
        SLW_TRY(depot_audit(transaction, wish->who, "release.make", wish->product,
                            slw_text_bytes(subject), NULL, detail));
        SLW_TRY(releases_event(transaction, wish->product, stand.version, "prepared",
                               SLW_BYTES_OF(""), detail));
    }
    *ret_stand = stand;
    return SLW_OK;
}

enum slw_status depot_release_publish(struct slw_transaction *transaction, struct slw_bytes product,
                                      int64_t version, struct slw_detail *detail)
{
    int64_t now_us = 0;
    int64_t changed = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(version),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE releases SET state = 'publishing', state_us = $3, reason = '', "
                        "retry_us = 0 WHERE product = $1 AND version = $2 AND state = 'signed' AND "
                        "channel <> ''",
                        values, 3, &changed, detail));
    return changed == 0 ? SLW_OK
                        : releases_event(transaction, product, version, "publishing",
                                         SLW_BYTES_OF(""), detail);
}

static enum slw_status note_withdrawal(struct slw_transaction *transaction,
                                       struct slw_bytes product, int64_t version, const char *who,
                                       struct slw_bytes reason, struct slw_detail *detail)
{
    char subject[32];
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    (void)snprintf(subject, sizeof subject, "%lld", (long long)version);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "reason", reason);
    slw_json_end_object(&json);
    enum slw_status status = depot_audit(transaction, who, "release.withdraw", product,
                                         slw_text_bytes(subject), slw_heap_text(&text), detail);
    slw_heap_free(&text);
    SLW_TRY(status);
    return releases_event(transaction, product, version, "withdrawn", reason, detail);
}

enum slw_status depot_release_withdraw(struct slw_transaction *transaction,
                                       struct slw_bytes product, int64_t version, const char *who,
                                       struct slw_bytes reason, struct slw_detail *detail)
{
    int64_t now_us = 0;
    int64_t changed = 0;
    int64_t count = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(version),
                                           slw_sql_int(now_us), slw_sql_text(reason)};
    SLW_TRY(
        slw_sql_run(transaction,
                    "UPDATE releases SET state = 'withdrawn', state_us = $3, withdrawn_us = $3, "
                    "reason = $4, retry_us = 0 WHERE product = $1 AND version = $2 AND state "
                    "<> 'withdrawn'",
                    values, 4, &changed, detail));
    if (changed > 0) {
        return note_withdrawal(transaction, product, version, who, reason, detail);
    }
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM releases WHERE product = $1 AND version = $2",
                           values, 2, &count, detail));
    return count > 0 ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "there is no such release");
}
