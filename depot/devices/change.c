/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do about a device: let it in, or another key in its place, keep it out, change its
 * channel, tags and pin, ask for its log. Developers may for devices of class dev and test, release
 * managers for all.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

static struct slw_bytes product_of(const struct depot_call *call)
{
    return slw_http_parameter(call->exchange, 0);
}

enum slw_status device_may_class(struct depot_call *call, struct slw_transaction *transaction,
                                 struct slw_bytes key_class, struct slw_detail *detail)
{
    bool may = true;
    if (slw_bytes_equal(key_class, SLW_BYTES_OF("prod"))) {
        SLW_TRY(
            depot_may(transaction, call->caller, product_of(call), DEPOT_RELEASE, &may, detail));
    }
    return may ? SLW_OK
               : slw_explain(detail, SLW_NOT_PERMITTED,
                             "production devices are release managers' business");
}

enum slw_status device_row_for(struct depot_call *call, struct slw_transaction *transaction,
                               struct device_row *ret_row, struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    SLW_TRY(device_row_read(transaction, product_of(call), slw_http_parameter(call->exchange, 1),
                            &row, detail));
    enum slw_status status = device_may_class(call, transaction, row.view.key_class, detail);
    if (status == SLW_OK) {
        *ret_row = row;
    } else {
        device_row_free(&row);
    }
    return status;
}

static enum slw_status run(struct depot_call *call, struct slw_transaction *transaction,
                           const char *sql, const struct slw_sql_value *values, size_t count,
                           const char *action, struct slw_detail *detail)
{
    struct slw_bytes device = slw_http_parameter(call->exchange, 1);
    SLW_TRY(slw_sql_run(transaction, sql, values, count, NULL, detail));
    SLW_TRY(device_tell(transaction, call->caller->name, product_of(call), device, action, NULL,
                        detail));
    /* Here now, before it is heard of as everywhere: but for a check-in that reads the row while
     * this is committed. */
    devices_memory_forget(call->depot->devices->memory, product_of(call), device);
    return SLW_OK;
}

/* --- Letting in --- */

static bool is_key(struct slw_bytes pem, struct slw_bytes id)
{
    struct slw_public_key key;
    struct slw_detail detail;
    char hex[2 * SLW_SHA256_SIZE + 1];
    if (pem.len == 0 || slw_public_key_parse("key", pem, &key, &detail) != SLW_OK) {
        return false;
    }
    slw_text_hex(slw_bytes_make(key.id, SLW_SHA256_SIZE), hex);
    return slw_bytes_equal(id, slw_text_bytes(hex));
}

/* DEPOT.md, section 7: "a person … who names the key that is approved": not whichever came last. */
static enum slw_status approve_row(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct device_row *row, struct slw_detail *detail)
{
    struct slw_bytes id;
    struct slw_bytes channel = row->view.channel;
    SLW_TRY(depot_read_text(call, "key", 2 * SLW_SHA256_SIZE, &id, detail));
    if (slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("channel")) != SLW_JSON_NONE) {
        SLW_TRY(depot_read_text(call, "channel", DEPOT_NAME_MAX, &channel, detail));
    }
    if (!depot_is_name(channel, "")) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: channel must be a name, for the device follows none yet");
    }
    bool is_new = is_key(row->new_key_pem, id);
    bool is_first =
        is_key(row->key_pem, id) && (row->state == DEVICE_PENDING || row->state == DEVICE_REVOKED);
    if (!is_new && !is_first) {
        return slw_explain(detail, SLW_VERSION_TAKEN, "no such key waits for approval");
    }
    const struct slw_sql_value values[] = {
        slw_sql_text(row->view.product), slw_sql_text(row->view.id),
        slw_sql_text(is_new ? row->new_key_pem : row->key_pem), slw_sql_text(channel)};
    return run(call, transaction,
               "UPDATE devices SET state = 'registered', key_pem = $3, new_key_pem = '', secret = "
               "NULL, channel = $4 WHERE product = $1 AND id = $2",
               values, 4, is_new ? "device.replace" : "device.approve", detail);
}

/* Runs change on the device of the path. */
typedef enum slw_status change_work(struct depot_call *call, struct slw_transaction *transaction,
                                    const struct device_row *row, struct slw_detail *detail);

static enum slw_status with_row(struct depot_call *call, struct slw_transaction *transaction,
                                change_work *work, struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    SLW_TRY(device_row_for(call, transaction, &row, detail));
    enum slw_status status = work(call, transaction, &row, detail);
    device_row_free(&row);
    return status;
}

static enum slw_status approve(struct depot_call *call, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    return with_row(call, transaction, approve_row, detail);
}

void devices_approve(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, approve, NULL);
}

/* What waits is forgotten: another key, or a device that was never let in. */
static enum slw_status reject_row(struct depot_call *call, struct slw_transaction *transaction,
                                  const struct device_row *row, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id)};
    if (row->new_key_pem.len > 0) {
        return run(call, transaction,
                   "UPDATE devices SET new_key_pem = '' WHERE product = $1 AND id = $2", values, 2,
                   "device.reject", detail);
    }
    if (row->state != DEVICE_PENDING || row->epoch > 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "nothing of this device waits for anybody");
    }
    return run(call, transaction, "DELETE FROM devices WHERE product = $1 AND id = $2", values, 2,
               "device.reject", detail);
}

static enum slw_status reject(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    return with_row(call, transaction, reject_row, detail);
}

void devices_reject(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, reject, NULL);
}

static enum slw_status revoke_row(struct depot_call *call, struct slw_transaction *transaction,
                                  const struct device_row *row, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id)};
    return run(call, transaction,
               "UPDATE devices SET state = 'revoked', secret = NULL, new_key_pem = '' WHERE "
               "product = $1 AND id = $2",
               values, 2, "device.revoke", detail);
}

static enum slw_status revoke(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    return with_row(call, transaction, revoke_row, detail);
}

void devices_revoke(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, revoke, NULL);
}

static enum slw_status ask_log_row(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct device_row *row, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id)};
    return run(call, transaction,
               "UPDATE devices SET log_wanted = 1 WHERE product = $1 AND id = $2", values, 2,
               "device.ask-log", detail);
}

static enum slw_status ask_log(struct depot_call *call, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    return with_row(call, transaction, ask_log_row, detail);
}

void devices_ask_log(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, ask_log, NULL);
}

/* --- Channel, tags, pin --- */

static enum slw_status check_members(const struct slw_json_document *body,
                                     struct slw_detail *detail)
{
    struct slw_bytes name;
    uint32_t value;
    struct slw_json_walk walk = slw_json_walk_begin(body, SLW_JSON_TOP);
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (!slw_bytes_equal(name, SLW_BYTES_OF("channel")) &&
            !slw_bytes_equal(name, SLW_BYTES_OF("tags")) &&
            !slw_bytes_equal(name, SLW_BYTES_OF("pin"))) {
            return slw_json_refuse(body, value, SLW_BAD_ARGUMENT, "isn't known here", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status change_tags(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct device_row *row, struct slw_detail *detail)
{
    struct slw_heap_buffer tags = {0};
    SLW_TRY(device_tags_read(&call->body, "tags", &tags, detail));
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id),
                                           slw_sql_text(slw_heap_bytes(&tags))};
    enum slw_status status =
        slw_sql_run(transaction, "UPDATE devices SET tags = $3 WHERE product = $1 AND id = $2",
                    values, 3, NULL, detail);
    if (status == SLW_OK) {
        status = device_tags_write(transaction, row->view.product, row->view.id,
                                   slw_heap_bytes(&tags), detail);
    }
    slw_heap_free(&tags);
    return status;
}

static enum slw_status change_row(struct depot_call *call, struct slw_transaction *transaction,
                                  const struct device_row *row, struct slw_detail *detail)
{
    struct slw_bytes channel = row->view.channel;
    int64_t pin = row->view.pin;
    SLW_TRY(check_members(&call->body, detail));
    if (slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("channel")) != SLW_JSON_NONE) {
        SLW_TRY(depot_read_text(call, "channel", DEPOT_NAME_MAX, &channel, detail));
        if (!depot_is_name(channel, "")) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "body: channel must be a name");
        }
    }
    SLW_TRY(depot_read_number(call, "pin", 0, UINT32_MAX, pin, &pin, detail));
    if (slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("tags")) != SLW_JSON_NONE) {
        SLW_TRY(change_tags(call, transaction, row, detail));
    }
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id), slw_sql_text(channel),
                                           slw_sql_int(pin)};
    return run(call, transaction,
               "UPDATE devices SET channel = $3, pin = $4 WHERE product = $1 AND id = $2", values,
               4, "device.change", detail);
}

static enum slw_status change(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    return with_row(call, transaction, change_row, detail);
}

void devices_change(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, change, NULL);
}
