/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that want to be known: what they send, and that they have the key that they name. */
#include "fields.h"

#include "slipway/json.h"

#include <string.h>

#define FIELD(name, type, required, max)                                                           \
    {                                                                                              \
#name, type, required, offsetof(struct slw_fleet_enrol, name), 0, max, NULL, 0             \
    }

static const struct fleet_field fields[] = {
    FIELD(product, FLEET_TEXT, true, SLW_FLEET_WORD_MAX),
    FIELD(device, FLEET_TEXT, true, SLW_FLEET_WORD_MAX),
    FIELD(hardware, FLEET_TEXT, true, SLW_FLEET_WORD_MAX),
    {"class", FLEET_TEXT, true, offsetof(struct slw_fleet_enrol, key_class), 0, SLW_FLEET_WORD_MAX,
     NULL, 0},
    FIELD(key, FLEET_TEXT, true, 2048),
    FIELD(token, FLEET_TEXT, false, 256),
    FIELD(nonce, FLEET_TEXT, false, SLW_FLEET_WORD_MAX),
    {"time", FLEET_NUMBER, true, offsetof(struct slw_fleet_enrol, time_s), -INT64_C(62135596800),
     INT64_C(253402300799), NULL, 0},
};
#define FIELDS (sizeof fields / sizeof fields[0])

bool slw_fleet_device_is_good(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && (byte == 0 || strchr("_.-:", byte) == NULL)) {
            return false;
        }
    }
    return text.len > 0 && text.len <= SLW_FLEET_WORD_MAX;
}

enum slw_status slw_fleet_enrol_make(const struct slw_fleet_enrol *enrol,
                                     const struct slw_private_key *key,
                                     struct slw_heap_buffer *ret_envelope,
                                     struct slw_detail *detail)
{
    struct slw_fleet_enrol copy = *enrol;
    struct slw_heap_buffer pem = {0};
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    enum slw_status status = slw_public_key_format(slw_private_key_public(key), &pem, detail);
    if (status == SLW_OK) {
        copy.key = slw_heap_bytes(&pem);
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        fleet_fields_write(&json, fields, FIELDS, &copy);
        slw_json_end_object(&json);
        status = text.status;
    }
    if (status == SLW_OK) {
        status =
            slw_dsse_sign(key, SLW_FLEET_ENROL_TYPE, slw_heap_bytes(&text), ret_envelope, detail);
    }
    slw_heap_free(&pem);
    slw_heap_free(&text);
    return status;
}

static enum slw_status open_enrol(struct slw_bytes text, struct slw_fleet_opened *opened,
                                  struct slw_detail *detail)
{
    SLW_TRY(fleet_open(text, SLW_FLEET_ENROL_TYPE, NULL, opened, detail));
    SLW_TRY(fleet_fields_read(&opened->json, SLW_JSON_TOP, fields, FIELDS, &opened->enrol, detail));
    if (!slw_fleet_device_is_good(opened->enrol.device)) {
        return slw_explain(detail, SLW_BAD_NAME, "message: that can't be the name of a device");
    }
    SLW_TRY(slw_public_key_parse("key", opened->enrol.key, &opened->key, detail));
    return fleet_verify(opened, &opened->key, detail);
}

enum slw_status slw_fleet_enrol_open(struct slw_bytes text, struct slw_fleet_opened *ret_opened,
                                     struct slw_detail *detail)
{
    memset(ret_opened, 0, sizeof *ret_opened);
    enum slw_status status = open_enrol(text, ret_opened, detail);
    if (status != SLW_OK) {
        slw_fleet_opened_free(ret_opened);
        memset(ret_opened, 0, sizeof *ret_opened);
    }
    return status;
}
