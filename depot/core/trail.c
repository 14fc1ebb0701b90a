/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail with its chain of hashes, and events: what every change leaves. See depot.h. */
#include "trail.h"

/* The entry as it is shown, but for its hash; what the hash is of is its canonical form. */
void depot_trail_members(const struct depot_trail_entry *entry, struct slw_json *json)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_int(json, "number", entry->number);
    slw_json_text(json, "time", depot_time_format(entry->time_us, time));
    slw_json_bytes(json, "who", entry->who);
    slw_json_bytes(json, "action", entry->action);
    slw_json_bytes(json, "product", entry->product);
    slw_json_bytes(json, "subject", entry->subject);
    slw_json_embed(json, "detail", entry->detail);
}

/* DEPOT.md, section 3: "hash = SHA-256("slipway audit v1\n", former hash, canonical JSON of the
 * others)" */
enum slw_status depot_trail_hash(const struct depot_trail_entry *entry,
                                 const uint8_t former[static SLW_SHA256_SIZE],
                                 uint8_t ret_hash[static SLW_SHA256_SIZE],
                                 struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_json_document document;
    struct slw_json json;
    struct slw_sha256 hash;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    depot_trail_members(entry, &json);
    slw_json_end_object(&json);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = slw_json_parse("audit entry", slw_heap_bytes(&text), &document, detail);
    }
    if (status == SLW_OK) {
        struct slw_bytes canonical = slw_json_canonical(&document, SLW_JSON_TOP, &scratch);
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, SLW_BYTES_OF("slipway audit v1\n"));
        slw_sha256_update(&hash, slw_bytes_make(former, SLW_SHA256_SIZE));
        slw_sha256_update(&hash, canonical);
        status = scratch.status;
        if (status == SLW_OK) {
            slw_sha256_final(&hash, ret_hash);
        }
        slw_json_document_free(&document);
    }
    slw_heap_free(&scratch);
    slw_heap_free(&text);
    return status;
}

static enum slw_status hash_of(struct slw_transaction *transaction, int64_t number,
                               uint8_t ret_hash[static SLW_SHA256_SIZE], struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(number);
    struct slw_rows *rows = NULL;
    bool is_whole = false;
    SLW_TRY(slw_sql_query(transaction, "SELECT hash FROM audit WHERE number = $1", &value, 1, &rows,
                          detail));
    if (slw_rows_next(rows)) {
        struct slw_bytes stored = slw_rows_bytes(rows, 0);
        is_whole = stored.len == SLW_SHA256_SIZE;
        if (is_whole) {
            memcpy(ret_hash, stored.ptr, SLW_SHA256_SIZE);
        }
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return is_whole ? SLW_OK
                    : slw_explain(detail, SLW_STORED_STATE, "audit: entry %lld is gone",
                                  (long long)number);
}

enum slw_status depot_trail_last(struct slw_transaction *transaction, int64_t *ret_number,
                                 uint8_t ret_hash[static SLW_SHA256_SIZE],
                                 struct slw_detail *detail)
{
    int64_t number = 0;
    uint8_t hash[SLW_SHA256_SIZE] = {0};
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'audit'", NULL, 0,
                           &number, detail));
    if (number > 0) {
        SLW_TRY(hash_of(transaction, number, hash, detail));
    }
    memcpy(ret_hash, hash, sizeof hash);
    *ret_number = number;
    return SLW_OK;
}

enum slw_status depot_audit(struct slw_transaction *transaction, const char *who,
                            const char *action, struct slw_bytes product, struct slw_bytes subject,
                            const char *detail_json, struct slw_detail *detail)
{
    uint8_t former[SLW_SHA256_SIZE] = {0};
    uint8_t hash[SLW_SHA256_SIZE];
    const char *what = detail_json == NULL ? "{}" : detail_json;
    struct depot_trail_entry entry = {
        .who = slw_bytes_make(who, strlen(who)),
        .action = slw_bytes_make(action, strlen(action)),
        .product = product,
        .subject = subject,
        .detail = slw_bytes_make(what, strlen(what)),
    };
    /* Whoever appends waits for this row: the chain has one end. */
    SLW_TRY(slw_sql_number(transaction,
                           "UPDATE counters SET value = value + 1 WHERE name = 'audit' RETURNING "
                           "value",
                           NULL, 0, &entry.number, detail));
    SLW_TRY(slw_database_now(transaction, &entry.time_us, detail));
    if (entry.number > 1) {
        SLW_TRY(hash_of(transaction, entry.number - 1, former, detail));
    }
    SLW_TRY(depot_trail_hash(&entry, former, hash, detail));
    const struct slw_sql_value values[] = {
        slw_sql_int(entry.number),   slw_sql_int(entry.time_us),
        slw_sql_text(entry.who),     slw_sql_text(entry.action),
        slw_sql_text(entry.product), slw_sql_text(entry.subject),
        slw_sql_text(entry.detail),  slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
    };
    return slw_sql_run(transaction,
                       "INSERT INTO audit (number, time_us, who, action, product, subject, detail, "
                       "hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                       values, 8, NULL, detail);
}

enum slw_status depot_event(struct slw_transaction *transaction, struct slw_bytes product,
                            const char *kind, struct slw_bytes subject, const char *data_json,
                            struct slw_detail *detail)
{
    const char *data = data_json == NULL ? "{}" : data_json;
    int64_t id = 0;
    int64_t now_us = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "UPDATE counters SET value = value + 1 WHERE name = 'events' "
                           "RETURNING value",
                           NULL, 0, &id, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_int(id),       slw_sql_int(now_us),
        slw_sql_text(product), slw_sql_text(slw_bytes_make(kind, strlen(kind))),
        slw_sql_text(subject), slw_sql_text(slw_bytes_make(data, strlen(data))),
    };
    return slw_sql_run(transaction,
                       "INSERT INTO events (id, time_us, product, kind, subject, data) VALUES ($1, "
                       "$2, $3, $4, $5, $6)",
                       values, 6, NULL, detail);
}
