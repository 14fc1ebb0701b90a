/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment tokens: what a production line, or a person, gives devices so that they are taken
 * without anybody's approval. Each has a count and an expiry, and says which class, channel and
 * tags its devices get. Shown once, kept as a hash.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TITLE_MAX 200u
#define TAGS_MAX 64u
#define USES_MAX 10000000
#define LIFE_MIN_S 60
#define LIFE_MAX_S (INT64_C(731) * 86400)
#define LIFE_S (INT64_C(7) * 86400)
#define LIST_MAX 500
#define PREFIX "slwe_"
#define TOKEN_SIZE (sizeof PREFIX + PEOPLE_SECRET_SIZE)

bool device_class_is_one(struct slw_bytes text)
{
    return slw_bytes_equal(text, SLW_BYTES_OF("dev")) ||
           slw_bytes_equal(text, SLW_BYTES_OF("test")) ||
           slw_bytes_equal(text, SLW_BYTES_OF("prod"));
}

/* --- Tags --- */

static bool stands_before(const struct slw_json_document *body, uint32_t array, uint32_t tag)
{
    struct slw_json_walk walk = slw_json_walk_begin(body, array);
    uint32_t other;
    while (slw_json_walk_element(&walk, &other) && other != tag) {
        if (slw_bytes_equal(slw_json_string(body, other), slw_json_string(body, tag))) {
            return true;
        }
    }
    return false;
}

enum slw_status device_tags_read(const struct slw_json_document *body, const char *name,
                                 struct slw_heap_buffer *ret_tags, struct slw_detail *detail)
{
    uint32_t array = slw_json_member(body, SLW_JSON_TOP, slw_text_bytes(name));
    uint32_t tag;
    struct slw_json json;
    if (array != SLW_JSON_NONE &&
        (slw_json_kind(body, array) != SLW_JSON_ARRAY || slw_json_count(body, array) > TAGS_MAX)) {
        return slw_json_refuse(body, array, SLW_BAD_ARGUMENT, "must be an array of at most 64 tags",
                               detail);
    }
    slw_json_init(&json, ret_tags);
    slw_json_begin_array(&json, NULL);
    struct slw_json_walk walk = slw_json_walk_begin(body, array);
    while (slw_json_walk_element(&walk, &tag)) {
        if (!depot_is_name(slw_json_string(body, tag), "@") || stands_before(body, array, tag)) {
            slw_heap_free(ret_tags);
            return slw_json_refuse(body, tag, SLW_BAD_ARGUMENT,
                                   "must be a name of letters, digits, _ . - @, and stand once",
                                   detail);
        }
        slw_json_bytes(&json, NULL, slw_json_string(body, tag));
    }
    slw_json_end_array(&json);
    return ret_tags->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status device_tags_write(struct slw_transaction *transaction, struct slw_bytes product,
                                  struct slw_bytes device, struct slw_bytes tags,
                                  struct slw_detail *detail)
{
    struct slw_json_document json;
    uint32_t tag;
    struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_text(device), slw_sql_null()};
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM device_tags WHERE product = $1 AND device = $2",
                        values, 2, NULL, detail));
    SLW_TRY(slw_json_parse("tags", tags, &json, detail));
    enum slw_status status = SLW_OK;
    struct slw_json_walk walk = slw_json_walk_begin(&json, SLW_JSON_TOP);
    while (status == SLW_OK && slw_json_walk_element(&walk, &tag)) {
        values[2] = slw_sql_text(slw_json_string(&json, tag));
        status = slw_sql_run(transaction,
                             "INSERT INTO device_tags (product, device, tag) VALUES ($1, $2, $3)",
                             values, 3, NULL, detail);
    }
    slw_json_document_free(&json);
    return status;
}

/* --- Use --- */

static enum slw_status read_token(struct slw_transaction *transaction,
                                  const struct slw_sql_value values[static 2],
                                  struct enrolment *enrolment, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT class, tags, channel FROM enrolment_tokens WHERE secret = $1 AND product = $2",
        values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        struct slw_bytes word = slw_rows_bytes(rows, 0);
        size_t len = word.len < sizeof enrolment->key_class ? word.len : 0;
        memcpy(enrolment->key_class, word.ptr, len);
        enrolment->key_class[len] = '\0';
        slw_heap_append(&enrolment->tags, slw_rows_bytes(rows, 1));
        slw_heap_append(&enrolment->channel, slw_rows_bytes(rows, 2));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return enrolment->tags.status == SLW_OK && enrolment->channel.status == SLW_OK
               ? SLW_OK
               : slw_explain_no_memory(detail);
}

enum slw_status enrolment_use(struct slw_transaction *transaction, struct slw_bytes product,
                              struct slw_bytes token, int64_t now_us,
                              struct enrolment *ret_enrolment, bool *ret_good,
                              struct slw_detail *detail)
{
    uint8_t hash[SLW_SHA256_SIZE];
    int64_t changed = 0;
    people_secret_hash(token, hash);
    const struct slw_sql_value values[] = {slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
                                           slw_sql_text(product), slw_sql_int(now_us)};
    /* "an enrolment token (of a group, with a count and an expiry)": one use each, whoever asks at
     * the same time. */
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE enrolment_tokens SET uses_left = uses_left - 1 WHERE secret = $1 "
                        "AND product = $2 AND uses_left > 0 AND expires_us > $3 AND revoked_us IS "
                        "NULL",
                        values, 3, &changed, detail));
    *ret_good = changed == 1;
    return changed == 1 ? read_token(transaction, values, ret_enrolment, detail) : SLW_OK;
}

void enrolment_free(struct enrolment *enrolment)
{
    slw_heap_free(&enrolment->tags);
    slw_heap_free(&enrolment->channel);
}

/* --- People's calls --- */

struct wanted {
    char token[TOKEN_SIZE];
    struct slw_bytes title, key_class, channel;
    struct slw_heap_buffer tags;
    int64_t uses, life_s;
};

static enum slw_status read_wanted(struct depot_call *call, struct slw_transaction *transaction,
                                   struct wanted *wanted, struct slw_detail *detail)
{
    slw_heap_free(&wanted->tags); /* of a run that others got in the way of */
    SLW_TRY(depot_read_text(call, "title", TITLE_MAX, &wanted->title, detail));
    SLW_TRY(depot_read_text(call, "class", 8, &wanted->key_class, detail));
    SLW_TRY(depot_read_text(call, "channel", DEPOT_NAME_MAX, &wanted->channel, detail));
    SLW_TRY(depot_read_number(call, "uses", 1, USES_MAX, 1, &wanted->uses, detail));
    SLW_TRY(depot_read_number(call, "expires_s", LIFE_MIN_S, LIFE_MAX_S, LIFE_S, &wanted->life_s,
                              detail));
    if (!device_class_is_one(wanted->key_class)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: class must be " DEVICES_CLASSES);
    }
    if (!depot_is_name(wanted->channel, "")) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: channel must be a name");
    }
    SLW_TRY(device_may_class(call, transaction, wanted->key_class, detail));
    return device_tags_read(&call->body, "tags", &wanted->tags, detail);
}

static enum slw_status insert_token(struct depot_call *call, struct slw_transaction *transaction,
                                    const struct wanted *wanted, int64_t now_us, int64_t *ret_id,
                                    struct slw_detail *detail)
{
    uint8_t hash[SLW_SHA256_SIZE];
    people_secret_hash(slw_text_bytes(wanted->token), hash);
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_http_parameter(call->exchange, 0)),
        slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
        slw_sql_text(wanted->title),
        slw_sql_text(wanted->key_class),
        slw_sql_text(slw_heap_bytes(&wanted->tags)),
        slw_sql_text(wanted->channel),
        slw_sql_int(wanted->uses),
        slw_sql_int(now_us + wanted->life_s * DEVICES_US),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(call->caller->name)),
    };
    return slw_sql_number(transaction,
                          "INSERT INTO enrolment_tokens (product, secret, title, class, tags, "
                          "channel, uses_left, expires_us, made_us, made_by) VALUES ($1, $2, $3, "
                          "$4, $5, $6, $7, $8, $9, $10) RETURNING id",
                          values, 10, ret_id, detail);
}

static enum slw_status audit(struct depot_call *call, struct slw_transaction *transaction,
                             const char *action, int64_t id, struct slw_detail *detail)
{
    char subject[32];
    (void)snprintf(subject, sizeof subject, "%lld", (long long)id);
    return depot_audit(transaction, call->caller->name, action,
                       slw_http_parameter(call->exchange, 0), slw_text_bytes(subject), NULL,
                       detail);
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct wanted *wanted = call->more;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    int64_t now_us = 0;
    int64_t id = 0;
    SLW_TRY(read_wanted(call, transaction, wanted, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(insert_token(call, transaction, wanted, now_us, &id, detail));
    SLW_TRY(audit(call, transaction, "enrolment-token.make", id, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "id", id);
    slw_json_text(&json, "token", wanted->token);
    slw_json_int(&json, "uses", wanted->uses);
    slw_json_text(&json, "expires", depot_time_format(now_us + wanted->life_s * DEVICES_US, time));
    slw_json_end_object(&json);
    call->http_status = 201;
    return SLW_OK;
}

void enrolments_make(void *context, struct slw_http_exchange *exchange)
{
    struct wanted wanted = {.uses = 0};
    char secret[PEOPLE_SECRET_SIZE];
    struct slw_detail detail = {""};
    enum slw_status status = people_secret_make(secret, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    (void)snprintf(wanted.token, sizeof wanted.token, PREFIX "%s", secret);
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, make, &wanted);
    slw_heap_free(&wanted.tags);
    slw_wipe(secret, sizeof secret);
    slw_wipe(wanted.token, sizeof wanted.token);
}

static void put_token(struct slw_json *json, const struct slw_rows *rows)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_object(json, NULL);
    slw_json_int(json, "id", slw_rows_int(rows, 0));
    slw_json_bytes(json, "title", slw_rows_bytes(rows, 1));
    slw_json_bytes(json, "class", slw_rows_bytes(rows, 2));
    slw_json_embed(json, "tags", slw_rows_bytes(rows, 3));
    slw_json_bytes(json, "channel", slw_rows_bytes(rows, 4));
    slw_json_int(json, "uses_left", slw_rows_int(rows, 5));
    slw_json_text(json, "expires", depot_time_format(slw_rows_int(rows, 6), time));
    slw_json_text(json, "made", depot_time_format(slw_rows_int(rows, 7), time));
    slw_json_bytes(json, "made_by", slw_rows_bytes(rows, 8));
    if (!slw_rows_is_null(rows, 9)) {
        slw_json_text(json, "revoked", depot_time_format(slw_rows_int(rows, 9), time));
    }
    slw_json_end_object(json);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_int(LIST_MAX)};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id, title, class, tags, channel, uses_left, expires_us, made_us, "
                          "made_by, revoked_us FROM enrolment_tokens WHERE product = $1 ORDER BY "
                          "id DESC LIMIT $2",
                          values, 2, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "enrolment_tokens");
    while (slw_rows_next(rows)) {
        put_token(&json, rows);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void enrolments_list(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

static enum slw_status revoke(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_parameter(call->exchange, 1);
    int64_t id = 0;
    int64_t now_us = 0;
    int64_t changed = 0;
    for (size_t i = 0; i < text.len && i < 15; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        id = is_digit && id >= 0 ? id * 10 + (text.ptr[i] - '0') : -1;
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_int(text.len < 15 ? id : -1),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE enrolment_tokens SET revoked_us = $3 WHERE product = $1 AND id = "
                        "$2 AND revoked_us IS NULL",
                        values, 3, &changed, detail));
    if (changed == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such token");
    }
    return audit(call, transaction, "enrolment-token.revoke", id, detail);
}

void enrolments_revoke(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, revoke, NULL);
}
