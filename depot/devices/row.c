/* SPDX-License-Identifier: Apache-2.0 */
/* A device as its row has it: one indexed read, which check-ins are made of. See parts.h. */
#include "parts.h"

#include "slipway/base64.h"

#include <stdio.h>
#include <string.h>

const char *const device_state_names[DEVICE_STATES] = {"registered", "pending", "enrolled",
                                                       "revoked"};

int64_t devices_now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * DEVICES_US + now.tv_nsec / 1000;
}

/* The texts of a row, in the order of the statement. */
#define TEXTS 9
#define STATE_COLUMN TEXTS

static enum slw_status copy_texts(const struct slw_rows *rows, struct slw_bytes product,
                                  struct slw_bytes id, struct device_row *row,
                                  struct slw_detail *detail)
{
    struct slw_bytes *const views[TEXTS] = {
        &row->view.hardware,   &row->view.key_class, &row->view.channel,
        &row->view.attributes, &row->view.tags,      &row->key_pem,
        &row->new_key_pem,     &row->slots,          &row->answer,
    };
    size_t lens[TEXTS + 2] = {0};
    for (int i = 0; i < TEXTS; i++) {
        struct slw_bytes text = slw_rows_bytes(rows, i);
        lens[i] = text.len;
        slw_heap_append(&row->memory, text);
    }
    slw_heap_append(&row->memory, product);
    slw_heap_append(&row->memory, id);
    if (row->memory.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    const uint8_t *at = row->memory.ptr;
    for (int i = 0; i < TEXTS; i++) {
        *views[i] = slw_bytes_make(at, lens[i]);
        at += lens[i];
    }
    row->view.product = slw_bytes_make(at, product.len);
    row->view.id = slw_bytes_make(at + product.len, id.len);
    return SLW_OK;
}

static bool copy_hash(const struct slw_rows *rows, int column, uint8_t hash[static SLW_SHA256_SIZE])
{
    struct slw_bytes bytes = slw_rows_bytes(rows, column);
    if (bytes.len != SLW_SHA256_SIZE) {
        return false;
    }
    memcpy(hash, bytes.ptr, SLW_SHA256_SIZE);
    return true;
}

static enum device_state state_of(struct slw_bytes text)
{
    enum device_state state = DEVICE_REGISTERED;
    while (state < DEVICE_REVOKED &&
           !slw_bytes_equal(text, slw_bytes_make(device_state_names[state],
                                                 strlen(device_state_names[state])))) {
        state++;
    }
    return state;
}

static enum slw_status take_row(const struct slw_rows *rows, struct slw_bytes product,
                                struct slw_bytes id, struct device_row *row,
                                struct slw_detail *detail)
{
    static const char *const boots[] = {"confirmed", "trial", "rolled-back"};
    SLW_TRY(copy_texts(rows, product, id, row, detail));
    int column = STATE_COLUMN;
    row->state = state_of(slw_rows_bytes(rows, column++));
    row->boot_state = slw_bytes_make("", 0);
    struct slw_bytes boot = slw_rows_bytes(rows, column++);
    for (size_t i = 0; i < sizeof boots / sizeof boots[0]; i++) {
        if (slw_bytes_equal(boot, slw_bytes_make(boots[i], strlen(boots[i])))) {
            row->boot_state = slw_bytes_make(boots[i], strlen(boots[i]));
        }
    }
    row->has_secret = copy_hash(rows, column++, row->secret);
    row->has_report = copy_hash(rows, column++, row->report);
    row->epoch = slw_rows_int(rows, column++);
    row->sequence = slw_rows_int(rows, column++);
    row->view.version = slw_rows_int(rows, column++);
    row->view.root_version = slw_rows_int(rows, column++);
    row->view.pin = slw_rows_int(rows, column++);
    row->view.utc_offset_s = (int32_t)slw_rows_int(rows, column++);
    row->is_healthy = slw_rows_int(rows, column++) != 0;
    row->log_wanted = slw_rows_int(rows, column++) != 0;
    row->seen_us = slw_rows_int(rows, column++);
    row->is_restored = slw_rows_int(rows, column) == 0;
    return SLW_OK;
}

#define PLACE_COLUMN 23 /* behind them: which of those that were asked for it is */

static enum slw_status take_rows(struct slw_rows *rows, const struct device_name *names,
                                 size_t count, struct device_row *ret_rows, bool *ret_found,
                                 struct slw_detail *detail)
{
    enum slw_status status = SLW_OK;
    while (status == SLW_OK && slw_rows_next(rows)) {
        size_t place = (size_t)slw_rows_int(rows, PLACE_COLUMN);
        if (place >= count || ret_found[place]) {
            return slw_explain(detail, SLW_STORED_STATE, "a device has two rows");
        }
        ret_found[place] = true;
        status = take_row(rows, names[place].product, names[place].id, &ret_rows[place], detail);
    }
    return status;
}

/* One by itself is found by a plainer statement. */
static enum slw_status ask(struct slw_transaction *transaction, const struct device_name *names,
                           size_t count, struct slw_rows **ret_rows, struct slw_detail *detail)
{
    struct slw_sql_value values[3 * DEVICE_ROWS_MAX];
    const char *sql = NULL;
    size_t values_count = 0;
    for (size_t i = 0; i < count; i++) {
        values[3 * i] = slw_sql_text(names[i].product);
        values[3 * i + 1] = slw_sql_text(names[i].id);
        values[3 * i + 2] = slw_sql_int((int64_t)i);
    }
    if (count == 1) {
        return slw_sql_query(transaction,
                             "SELECT " DEVICE_ROW_COLUMNS ", 0 FROM devices d WHERE d.product = $1 "
                             "AND d.id = $2",
                             values, 2, ret_rows, detail);
    }
    SLW_TRY(device_many_sql(DEVICE_MANY_READ, count, &sql, &values_count, detail));
    device_many_fill(DEVICE_MANY_READ, count, values_count, values);
    return slw_sql_query(transaction, sql, values, values_count, ret_rows, detail);
}

enum slw_status device_rows_read(struct slw_transaction *transaction,
                                 const struct device_name *names, size_t count,
                                 struct device_row *ret_rows, bool *ret_found,
                                 struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    memset(ret_rows, 0, count * sizeof *ret_rows);
    memset(ret_found, 0, count * sizeof *ret_found);
    enum slw_status status = ask(transaction, names, count, &rows, detail);
    if (status == SLW_OK) {
        status = take_rows(rows, names, count, ret_rows, ret_found, detail);
        enum slw_status end =
            slw_rows_close(rows, status == SLW_OK ? detail : &(struct slw_detail){""});
        status = status == SLW_OK ? end : status;
    }
    for (size_t i = 0; status != SLW_OK && i < count; i++) {
        device_row_free(&ret_rows[i]);
    }
    return status;
}

enum slw_status device_row_read(struct slw_transaction *transaction, struct slw_bytes product,
                                struct slw_bytes id, struct device_row *ret_row,
                                struct slw_detail *detail)
{
    const struct device_name name = {product, id};
    struct device_row row;
    bool found = false;
    SLW_TRY(device_rows_read(transaction, &name, 1, &row, &found, detail));
    if (!found) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such device");
    }
    *ret_row = row;
    return SLW_OK;
}

/* What slw_public_key_format() writes for a key, up to its value (RFC 5480, RFC 8410). */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                    0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                    0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
static const uint8_t ed25519_head[] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                                       0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};

static bool take_value(struct slw_bytes der, struct slw_bytes head, enum slw_key_type type,
                       size_t value_len, struct slw_public_key *ret_key)
{
    if (der.len != head.len + value_len || memcmp(der.ptr, head.ptr, head.len) != 0) {
        return false;
    }
    memset(ret_key, 0, sizeof *ret_key);
    ret_key->type = type;
    ret_key->value_len = value_len;
    memcpy(ret_key->value, der.ptr + head.len, value_len);
    slw_key_id((uint8_t)type, (uint8_t)type, slw_bytes_make(ret_key->value, value_len),
               ret_key->id);
    return true;
}

/* The lines between the first and the last of a PEM, joined and decoded. */
static bool decode_pem(struct slw_bytes pem, struct slw_heap_buffer *ret_der)
{
    struct slw_bytes begin = SLW_BYTES_OF("-----BEGIN PUBLIC KEY-----\n");
    struct slw_bytes end = SLW_BYTES_OF("-----END PUBLIC KEY-----\n");
    uint8_t text[256];
    size_t len = 0;
    if (pem.len < begin.len + end.len || pem.len > sizeof text ||
        memcmp(pem.ptr, begin.ptr, begin.len) != 0 ||
        memcmp(pem.ptr + pem.len - end.len, end.ptr, end.len) != 0) {
        return false;
    }
    for (size_t i = begin.len; i < pem.len - end.len; i++) {
        if (pem.ptr[i] != '\n') {
            text[len++] = pem.ptr[i];
        }
    }
    return slw_base64_decode(slw_bytes_make(text, len), ret_der) == SLW_OK;
}

enum slw_status device_row_key(const struct device_row *row, struct slw_public_key *ret_key,
                               struct slw_detail *detail)
{
    struct slw_heap_buffer der = {0};
    bool done = decode_pem(row->key_pem, &der) &&
                (take_value(slw_heap_bytes(&der), slw_bytes_make(p256_head, sizeof p256_head),
                            SLW_KEY_TYPE_P256, SLW_P256_KEY_SIZE, ret_key) ||
                 take_value(slw_heap_bytes(&der), slw_bytes_make(ed25519_head, sizeof ed25519_head),
                            SLW_KEY_TYPE_ED25519, SLW_ED25519_KEY_SIZE, ret_key));
    slw_heap_free(&der);
    return done ? SLW_OK : slw_public_key_parse("key", row->key_pem, ret_key, detail);
}

struct find {
    struct slw_bytes product, id;
    struct device_row *row;
};

static enum slw_status find(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct find *find = context;
    device_row_free(find->row); /* of a run that others got in the way of */
    return device_row_read(transaction, find->product, find->id, find->row, detail);
}

enum slw_status device_row_find(struct depot *depot, struct slw_bytes product, struct slw_bytes id,
                                struct device_row *ret_row, struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    struct find context = {product, id, &row};
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, find, &context, detail);
    if (status == SLW_OK) {
        *ret_row = row;
    } else {
        device_row_free(&row);
    }
    return status;
}

void device_row_free(struct device_row *row)
{
    slw_heap_drop(&row->memory);
    memset(row, 0, sizeof *row);
}

enum slw_status device_tell(struct slw_transaction *transaction, const char *who,
                            struct slw_bytes product, struct slw_bytes device, const char *action,
                            const char *detail_json, struct slw_detail *detail)
{
    char data[64];
    int len = snprintf(data, sizeof data, "{\"what\":\"%s\"}", action);
    SLW_TRY(depot_event(transaction, product, "device", device,
                        len < (int)sizeof data ? data : NULL, detail));
    return depot_audit(transaction, who, action, product, device, detail_json, detail);
}
