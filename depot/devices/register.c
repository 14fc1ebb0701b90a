/* SPDX-License-Identifier: Apache-2.0 */
/* Devices whose key is known before they ever call: a production line that writes keys registers
 * them here, and they need no token. */
#include "parts.h"

#include <string.h>

#define KEY_MAX 2048u

struct wanted {
    struct slw_bytes device, key_class, hardware, channel, key;
    struct slw_heap_buffer tags, pem;
};

static void wipe(struct wanted *wanted)
{
    slw_heap_free(&wanted->tags);
    slw_heap_free(&wanted->pem);
}

static enum slw_status check_words(const struct wanted *wanted, struct slw_detail *detail)
{
    if (!slw_fleet_device_is_good(wanted->device)) {
        return slw_explain(detail, SLW_BAD_NAME, "body: that can't be the name of a device");
    }
    if (!device_class_is_one(wanted->key_class)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: class must be " DEVICES_CLASSES);
    }
    if (!depot_is_name(wanted->hardware, ":") || !depot_is_name(wanted->channel, "")) {
        return slw_explain(detail, SLW_BAD_NAME, "body: hardware and channel must be names");
    }
    return SLW_OK;
}

static enum slw_status read_wanted(struct depot_call *call, struct wanted *wanted,
                                   struct slw_detail *detail)
{
    struct slw_public_key key;
    SLW_TRY(depot_read_text(call, "device", SLW_FLEET_WORD_MAX, &wanted->device, detail));
    SLW_TRY(depot_read_text(call, "class", 8, &wanted->key_class, detail));
    SLW_TRY(depot_read_text(call, "hardware", SLW_FLEET_WORD_MAX, &wanted->hardware, detail));
    SLW_TRY(depot_read_text(call, "channel", DEPOT_NAME_MAX, &wanted->channel, detail));
    SLW_TRY(depot_read_text(call, "key", KEY_MAX, &wanted->key, detail));
    SLW_TRY(check_words(wanted, detail));
    SLW_TRY(slw_public_key_parse("body: key", wanted->key, &key, detail));
    SLW_TRY(slw_public_key_format(&key, &wanted->pem, detail));
    return device_tags_read(&call->body, "tags", &wanted->tags, detail);
}

static enum slw_status insert(struct depot_call *call, struct slw_transaction *transaction,
                              const struct wanted *wanted, struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    int64_t now_us = 0;
    int64_t changed = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(product),
                                           slw_sql_text(wanted->device),
                                           slw_sql_text(slw_heap_bytes(&wanted->pem)),
                                           slw_sql_text(wanted->key_class),
                                           slw_sql_text(wanted->hardware),
                                           slw_sql_text(wanted->channel),
                                           slw_sql_text(slw_heap_bytes(&wanted->tags)),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(
        transaction,
        "INSERT INTO devices (product, id, state, key_pem, new_key_pem, epoch, restores, class, "
        "hardware, channel, attributes, tags, utc_offset_s, version, root_version, boot_state, "
        "slots, sequence, report_answer, healthy, pin, log_wanted, made_us) VALUES ($1, $2, "
        "'registered', $3, '', 0, 0, $4, $5, $6, '{}', $7, 0, 0, 0, '', '[]', 0, '', 1, 0, 0, $8) "
        "ON CONFLICT (product, id) DO NOTHING",
        values, 8, &changed, detail));
    if (changed == 0) {
        return slw_explain(detail, SLW_VERSION_TAKEN, "there is a device of that name already");
    }
    SLW_TRY(device_tags_write(transaction, product, wanted->device, slw_heap_bytes(&wanted->tags),
                              detail));
    return device_tell(transaction, call->caller->name, product, wanted->device, "device.register",
                       NULL, detail);
}

static enum slw_status register_device(struct depot_call *call, struct slw_transaction *transaction,
                                       struct slw_detail *detail)
{
    struct wanted wanted = {.tags = {0}};
    struct slw_json json;
    enum slw_status status = read_wanted(call, &wanted, detail);
    if (status == SLW_OK) {
        status = device_may_class(call, transaction, wanted.key_class, detail);
    }
    if (status == SLW_OK) {
        status = insert(call, transaction, &wanted, detail);
    }
    if (status == SLW_OK) {
        slw_json_init(&json, &call->text);
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "device", wanted.device);
        slw_json_text(&json, "state", device_state_names[DEVICE_REGISTERED]);
        slw_json_end_object(&json);
        call->http_status = 201;
    }
    wipe(&wanted);
    return status;
}

void devices_register(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, register_device, NULL);
}
