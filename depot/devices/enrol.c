/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment: who has a device's key becomes that device. A first one needs a token, a client
 * certificate of its name or a key that was registered; others wait for a person. The message holds
 * a nonce over the epoch that the device is in, so that an old one enrols nobody again.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

#define PENDING_MAX 10000 /* devices of a product that wait for a person */

struct enrolling {
    struct depot *depot;
    const struct slw_fleet_opened *message;
    bool has_certificate; /* of this very device */
    int64_t now_us;
    char secret[PEOPLE_SECRET_SIZE];
    struct slw_heap_buffer key_pem; /* as we write it */
    enum device_state ret_state;
    int64_t ret_epoch;
};

/* --- The rows --- */

static enum slw_status insert_row(struct slw_transaction *transaction,
                                  const struct enrolling *enrolling, struct slw_detail *detail)
{
    const struct slw_fleet_enrol *enrol = &enrolling->message->enrol;
    const struct slw_sql_value values[] = {slw_sql_text(enrol->product),
                                           slw_sql_text(enrol->device),
                                           slw_sql_text(slw_heap_bytes(&enrolling->key_pem)),
                                           slw_sql_text(enrol->key_class),
                                           slw_sql_text(enrol->hardware),
                                           slw_sql_int(enrolling->now_us)};
    return slw_sql_run(
        transaction,
        "INSERT INTO devices (product, id, state, key_pem, new_key_pem, epoch, restores, class, "
        "hardware, channel, attributes, tags, utc_offset_s, version, root_version, boot_state, "
        "slots, sequence, report_answer, healthy, pin, log_wanted, made_us) VALUES ($1, $2, "
        "'pending', $3, '', 0, 0, $4, $5, '', '{}', '[]', 0, 0, 0, '', '[]', 0, '', 1, 0, 0, $6)",
        values, 6, NULL, detail);
}

/* DEPOT.md, section 7: "A device that enrols again with the same key gets the next epoch". */
static enum slw_status begin_epoch(struct slw_transaction *transaction, struct enrolling *enrolling,
                                   const struct device_row *row, struct slw_detail *detail)
{
    const struct slw_fleet_enrol *enrol = &enrolling->message->enrol;
    uint8_t hash[SLW_SHA256_SIZE];
    people_secret_hash(slw_text_bytes(enrolling->secret), hash);
    const struct slw_sql_value values[] = {
        slw_sql_text(enrol->product),  slw_sql_text(enrol->device),
        slw_sql_int(row->epoch + 1),   slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
        slw_sql_text(enrol->hardware), slw_sql_int(enrolling->now_us)};
    SLW_TRY(slw_sql_run(
        transaction,
        "UPDATE devices SET state = 'enrolled', epoch = $3, secret = $4, hardware = $5, "
        "enrolled_us = $6, sequence = 0, report = NULL, report_answer = '', restores = (SELECT "
        "value FROM counters WHERE name = 'restores') WHERE product = $1 AND id = $2",
        values, 6, NULL, detail));
    enrolling->ret_state = DEVICE_ENROLLED;
    enrolling->ret_epoch = row->epoch + 1;
    const struct slw_sql_value history[] = {values[0], values[1], values[2], values[5]};
    return slw_sql_run(transaction,
                       "INSERT INTO device_history (product, device, epoch, sequence, time_us, "
                       "kind, release, rollout, data) VALUES ($1, $2, $3, 0, $4, 'enrol', 0, 0, "
                       "'{}')",
                       history, 4, NULL, detail);
}

static enum slw_status adopt_enrolment(struct slw_transaction *transaction,
                                       const struct slw_fleet_enrol *enrol,
                                       const struct enrolment *enrolment, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(enrol->product),
                                           slw_sql_text(enrol->device),
                                           slw_sql_text(slw_text_bytes(enrolment->key_class)),
                                           slw_sql_text(slw_heap_bytes(&enrolment->channel)),
                                           slw_sql_text(slw_heap_bytes(&enrolment->tags))};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE devices SET class = $3, channel = $4, tags = $5 WHERE product = $1 "
                        "AND id = $2",
                        values, 5, NULL, detail));
    return device_tags_write(transaction, enrol->product, enrol->device,
                             slw_heap_bytes(&enrolment->tags), detail);
}

/* --- What is decided --- */

static enum slw_status tell(struct slw_transaction *transaction, const struct enrolling *enrolling,
                            const char *action, struct slw_detail *detail)
{
    const struct slw_fleet_enrol *enrol = &enrolling->message->enrol;
    char who[96];
    char text[128];
    char key[2 * SLW_SHA256_SIZE + 1];
    slw_text_hex(slw_bytes_make(enrolling->message->key.id, SLW_SHA256_SIZE), key);
    (void)snprintf(who, sizeof who, "device:%.*s", (int)enrol->device.len,
                   (const char *)enrol->device.ptr);
    (void)snprintf(text, sizeof text, "{\"epoch\":%lld,\"key\":\"%s\"}",
                   (long long)enrolling->ret_epoch, key);
    devices_memory_forget(enrolling->depot->devices->memory, enrol->product, enrol->device);
    return device_tell(transaction, who, enrol->product, enrol->device, action, text, detail);
}

/* A key that nobody vouches for yet: the last one that came waits for a person, who names it. */
static enum slw_status wait_for_person(struct slw_transaction *transaction,
                                       struct enrolling *enrolling, const struct device_row *row,
                                       bool is_same_key, struct slw_detail *detail)
{
    struct slw_bytes pem = slw_heap_bytes(&enrolling->key_pem);
    enrolling->ret_state = DEVICE_PENDING;
    if (is_same_key || slw_bytes_equal(row->new_key_pem, pem)) {
        return SLW_OK;
    }
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id), slw_sql_text(pem)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE devices SET new_key_pem = $3 WHERE product = $1 AND id = $2",
                        values, 3, NULL, detail));
    return tell(transaction, enrolling, "device.replacement-asked", detail);
}

static bool has_key(const struct device_row *row, const struct slw_fleet_opened *message)
{
    struct slw_public_key key;
    struct slw_detail detail;
    return row->key_pem.len > 0 &&
           slw_public_key_parse("key", row->key_pem, &key, &detail) == SLW_OK &&
           memcmp(key.id, message->key.id, sizeof key.id) == 0;
}

/* Whoever has the key of a row that isn't enrolled: does a token or a certificate let it in? */
static enum slw_status vouch(struct slw_transaction *transaction, struct enrolling *enrolling,
                             const struct device_row *row, bool *ret_good,
                             struct slw_detail *detail)
{
    const struct slw_fleet_enrol *enrol = &enrolling->message->enrol;
    struct enrolment enrolment = {.key_class = ""};
    bool good = false;
    if (row->state == DEVICE_REGISTERED || enrolling->has_certificate) {
        *ret_good = true;
        return SLW_OK;
    }
    if (enrol->token.len > 0) {
        SLW_TRY(enrolment_use(transaction, enrol->product, enrol->token, enrolling->now_us,
                              &enrolment, &good, detail));
    }
    enum slw_status status =
        good ? adopt_enrolment(transaction, enrol, &enrolment, detail) : SLW_OK;
    enrolment_free(&enrolment);
    *ret_good = good;
    return status;
}

static enum slw_status decide(struct slw_transaction *transaction, struct enrolling *enrolling,
                              const struct device_row *row, struct slw_detail *detail)
{
    bool is_same_key = has_key(row, enrolling->message);
    bool good = row->state == DEVICE_ENROLLED;
    if (row->state == DEVICE_REVOKED) {
        enrolling->ret_state = DEVICE_REVOKED;
        return SLW_OK;
    }
    if (is_same_key && !good) {
        SLW_TRY(vouch(transaction, enrolling, row, &good, detail));
    }
    if (!is_same_key || !good) {
        return wait_for_person(transaction, enrolling, row, is_same_key, detail);
    }
    SLW_TRY(begin_epoch(transaction, enrolling, row, detail));
    return tell(transaction, enrolling, "device.enrol", detail);
}

/* A device that nobody knew. */
static enum slw_status make_row(struct slw_transaction *transaction, struct enrolling *enrolling,
                                struct device_row *row, struct slw_detail *detail)
{
    const struct slw_fleet_enrol *enrol = &enrolling->message->enrol;
    const struct slw_sql_value product = slw_sql_text(enrol->product);
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM products WHERE name = $1", &product,
                           1, &count, detail));
    if (count == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such product");
    }
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM (SELECT 1 FROM devices WHERE product = $1 AND "
                           "state = 'pending' LIMIT 10000) AS waiting",
                           &product, 1, &count, detail));
    bool is_vouched = enrolling->has_certificate || enrol->token.len > 0;
    if (count >= PENDING_MAX && !is_vouched) {
        return slw_explain(detail, SLW_TOO_MANY, "too many devices wait for a person already");
    }
    SLW_TRY(insert_row(transaction, enrolling, detail));
    SLW_TRY(device_row_read(transaction, enrol->product, enrol->device, row, detail));
    return SLW_OK;
}

/* A nonce is for one epoch: none that was used opens another. */
static enum slw_status check_nonce(const struct enrolling *enrolling, int64_t epoch,
                                   struct slw_detail *detail)
{
    const struct slw_fleet_enrol *enrol = &enrolling->message->enrol;
    return slw_fleet_nonce_check(enrolling->depot->secret, enrol->product, enrol->device, -epoch,
                                 enrolling->now_us / DEVICES_US, enrol->nonce, detail);
}

static enum slw_status enrol(void *context, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct enrolling *enrolling = context;
    const struct slw_fleet_enrol *message = &enrolling->message->enrol;
    struct device_row row = {.epoch = 0};
    enrolling->ret_state = DEVICE_PENDING;
    enrolling->ret_epoch = 0;
    enum slw_status status =
        device_row_read(transaction, message->product, message->device, &row, detail);
    bool is_new = status == SLW_NOT_FOUND;
    if (status == SLW_OK || is_new) {
        status = check_nonce(enrolling, row.epoch, detail);
    }
    if (status == SLW_OK && is_new) {
        status = make_row(transaction, enrolling, &row, detail);
    }
    if (status == SLW_OK) {
        status = decide(transaction, enrolling, &row, detail);
    }
    if (status == SLW_OK && is_new && enrolling->ret_state == DEVICE_PENDING) {
        status = tell(transaction, enrolling, "device.enrolment-asked", detail);
    }
    device_row_free(&row);
    return status;
}

/* --- The calls --- */

/* The common name "PRODUCT/DEVICE", which no person has. */
static bool is_certified(const struct slw_http_exchange *exchange,
                         const struct slw_fleet_enrol *enrol)
{
    char name[2 * DEPOT_NAME_MAX + 2];
    int len = snprintf(name, sizeof name, "%.*s/%.*s", (int)enrol->product.len,
                       (const char *)enrol->product.ptr, (int)enrol->device.len,
                       (const char *)enrol->device.ptr);
    return slw_bytes_equal(slw_http_client_name(exchange), slw_bytes_make(name, (size_t)len));
}

static enum slw_status check_words(const struct slw_fleet_enrol *enrol, struct slw_detail *detail)
{
    if (!depot_is_name(enrol->product, "") || !depot_is_name(enrol->hardware, ":")) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "message: product or hardware isn't a name of letters, digits, _ . -");
    }
    return device_class_is_one(enrol->key_class)
               ? SLW_OK
               : slw_explain(detail, SLW_BAD_ARGUMENT, "message: class must be " DEVICES_CLASSES);
}

static enum slw_status run(struct depot *depot, const struct slw_http_exchange *exchange,
                           const struct slw_fleet_opened *message, struct enrolling *enrolling,
                           struct slw_detail *detail)
{
    SLW_TRY(check_words(&message->enrol, detail));
    *enrolling = (struct enrolling){.depot = depot,
                                    .message = message,
                                    .has_certificate = is_certified(exchange, &message->enrol),
                                    .now_us = devices_now_us()};
    SLW_TRY(people_secret_make(enrolling->secret, detail));
    SLW_TRY(slw_public_key_format(&message->key, &enrolling->key_pem, detail));
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, enrol, enrolling, detail);
}

static void put_answer(const struct depot *depot, const struct enrolling *enrolling,
                       struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "state", device_state_names[enrolling->ret_state]);
    if (enrolling->ret_state == DEVICE_ENROLLED) {
        slw_json_int(&json, "epoch", enrolling->ret_epoch);
        slw_json_text(&json, "secret", enrolling->secret);
    } else {
        slw_json_int(&json, "next_s", devices_seen_next_s(depot->devices->seen));
    }
    slw_json_end_object(&json);
}

void devices_enrol(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    struct slw_heap_buffer text = {0};
    struct slw_fleet_opened message;
    struct enrolling enrolling = {.depot = depot};
    enum slw_status status = slw_fleet_enrol_open(slw_http_body(exchange), &message, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    if (!devices_bucket_take(depot->devices->buckets, message.enrol.product, message.enrol.device,
                             slw_bytes_make(message.key.id, sizeof message.key.id))) {
        slw_fleet_opened_free(&message);
        devices_refuse_flood(exchange);
        return;
    }
    status = run(depot, exchange, &message, &enrolling, &detail);
    if (status == SLW_OK) {
        put_answer(depot, &enrolling, &text);
    }
    slw_fleet_opened_free(&message);
    slw_heap_free(&enrolling.key_pem);
    slw_wipe(enrolling.secret, sizeof enrolling.secret);
    depot_answer(exchange, status, 200, &text, &detail);
}

/* GET /device/v1/P/D/nonce: what an enrolment repeats. Tells nothing of the device; one that isn't
 * there has a nonce too. */
void devices_nonce(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_bytes product = slw_http_parameter(exchange, 0);
    struct slw_bytes device = slw_http_parameter(exchange, 1);
    struct slw_detail detail = {""};
    struct slw_heap_buffer text = {0};
    struct device_row row = {.epoch = 0};
    struct slw_json json;
    char nonce[SLW_FLEET_NONCE_SIZE];
    enum slw_status status = SLW_OK;
    if (!depot_is_name(product, "") || !slw_fleet_device_is_good(device)) {
        status = slw_explain(&detail, SLW_BAD_NAME, "that can't be a product and a device");
    } else {
        status = device_row_find(depot, product, device, &row, &detail);
        status = status == SLW_NOT_FOUND ? SLW_OK : status;
    }
    if (status == SLW_OK) {
        slw_fleet_nonce_make(depot->secret, product, device, -row.epoch,
                             devices_now_us() / DEVICES_US, nonce);
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "nonce", nonce);
        slw_json_end_object(&json);
    }
    device_row_free(&row);
    depot_answer(exchange, status, 200, &text, &detail);
}
