/* SPDX-License-Identifier: Apache-2.0 */
/* What devices report: what they run, how far an update is, how it ended, what their consumer said.
 */
#include "fields.h"

#include "slipway/json.h"

#include <string.h>

const char *const slw_fleet_kind_names[SLW_FLEET_KINDS] = {"state", "progress", "outcome",
                                                           "consent"};
const char *const slw_fleet_boot_names[SLW_FLEET_BOOTS] = {"confirmed", "trial", "rolled-back"};
const char *const slw_fleet_result_names[SLW_FLEET_RESULTS] = {"",       "success",     "refused",
                                                               "failed", "rolled-back", "declined"};

#define NUMBER_MAX INT64_C(9007199254740991) /* 2^53 - 1 */
#define VERSION_MAX INT64_C(4294967295)
#define AT(name) offsetof(struct slw_fleet_report, name)
#define TEXT(name, required, max)                                                                  \
    {                                                                                              \
#name, FLEET_TEXT, required, AT(name), 0, max, NULL, 0                                     \
    }
#define NUMBER(name, required, min, max)                                                           \
    {                                                                                              \
#name, FLEET_NUMBER, required, AT(name), min, max, NULL, 0                                 \
    }

static const struct fleet_field fields[] = {
    TEXT(product, true, SLW_FLEET_WORD_MAX),
    TEXT(device, true, SLW_FLEET_WORD_MAX),
    TEXT(nonce, true, SLW_FLEET_WORD_MAX),
    NUMBER(epoch, true, 1, NUMBER_MAX),
    NUMBER(sequence, true, 1, NUMBER_MAX),
    {"time", FLEET_NUMBER, true, AT(time_s), -INT64_C(62135596800), INT64_C(253402300799), NULL, 0},
    {"kind", FLEET_WORD, true, AT(kind), 0, 0, slw_fleet_kind_names, SLW_FLEET_KINDS},
    {"boot_state", FLEET_WORD, true, AT(boot), 0, 0, slw_fleet_boot_names, SLW_FLEET_BOOTS},
    NUMBER(version, true, 0, VERSION_MAX),
    NUMBER(root_version, true, 0, VERSION_MAX),
    NUMBER(utc_offset_s, false, -86400, 86400),
    {"slots", FLEET_OTHER, true, 0, 0, 0, NULL, 0},
    {"attributes", FLEET_OTHER, false, 0, 0, 0, NULL, 0},
    NUMBER(rollout, false, 0, NUMBER_MAX),
    NUMBER(release, false, 0, VERSION_MAX),
    NUMBER(progress_percent, false, 0, 100),
    {"result", FLEET_WORD, false, AT(result), 0, 0, slw_fleet_result_names, SLW_FLEET_RESULTS},
    TEXT(reason, false, SLW_FLEET_WORD_MAX),
    {"detail", FLEET_TEXT, false, AT(text), 0, SLW_FLEET_TEXT_MAX, NULL, 0},
    TEXT(consent_by, false, SLW_FLEET_WORD_MAX),
    {"consent_yes", FLEET_BOOL, false, AT(consent_yes), 0, 0, NULL, 0},
};
#define FIELDS (sizeof fields / sizeof fields[0])

#define SLOT_AT(name) offsetof(struct slw_fleet_slot, name)

static const struct fleet_field slot_fields[] = {
    {"name", FLEET_TEXT, true, SLOT_AT(name), 0, SLW_FLEET_WORD_MAX, NULL, 0},
    {"slot", FLEET_TEXT, false, SLOT_AT(slot), 0, SLW_FLEET_WORD_MAX, NULL, 0},
    {"version", FLEET_NUMBER, true, SLOT_AT(version), 0, VERSION_MAX, NULL, 0},
    {"sha256", FLEET_TEXT, false, SLOT_AT(sha256), 0, 64, NULL, 0},
};
#define SLOT_FIELDS (sizeof slot_fields / sizeof slot_fields[0])

/* --- Making --- */

static void write_report(const struct slw_fleet_report *report, struct slw_heap_buffer *ret_text)
{
    struct slw_json json;
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    fleet_fields_write(&json, fields, FIELDS, report);
    slw_json_begin_array(&json, "slots");
    for (size_t i = 0; i < report->slots_count; i++) {
        slw_json_begin_object(&json, NULL);
        fleet_fields_write(&json, slot_fields, SLOT_FIELDS, &report->slots[i]);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    if (report->attributes.len > 0) {
        slw_json_embed(&json, "attributes", report->attributes);
    }
    slw_json_end_object(&json);
}

enum slw_status slw_fleet_report_make(const struct slw_fleet_report *report,
                                      const struct slw_private_key *key,
                                      struct slw_heap_buffer *ret_envelope,
                                      struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    write_report(report, &text);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status =
            slw_dsse_sign(key, SLW_FLEET_REPORT_TYPE, slw_heap_bytes(&text), ret_envelope, detail);
    }
    slw_heap_free(&text);
    return status;
}

/* --- Reading --- */

static enum slw_status read_slots(struct slw_fleet_opened *opened, struct slw_detail *detail)
{
    const struct slw_json_document *json = &opened->json;
    uint32_t slots = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("slots"));
    uint32_t value;
    size_t count = 0;
    if (slw_json_kind(json, slots) != SLW_JSON_ARRAY) {
        return slw_json_refuse(json, slots, SLW_BAD_ARGUMENT, "must be an array", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, slots);
    while (slw_json_walk_element(&walk, &value)) {
        if (count == SLW_FLEET_SLOTS_MAX) {
            return slw_json_refuse(json, slots, SLW_TOO_LARGE, "has too many slots", detail);
        }
        SLW_TRY(fleet_fields_read(json, value, slot_fields, SLOT_FIELDS, &opened->slots[count++],
                                  detail));
    }
    opened->report.slots = opened->slots;
    opened->report.slots_count = count;
    return SLW_OK;
}

static enum slw_status read_attributes(struct slw_fleet_opened *opened, struct slw_detail *detail)
{
    const struct slw_json_document *json = &opened->json;
    uint32_t attributes = slw_json_member(json, SLW_JSON_TOP, SLW_BYTES_OF("attributes"));
    struct slw_bytes name;
    uint32_t value;
    size_t count = 0;
    if (attributes == SLW_JSON_NONE) {
        return SLW_OK;
    }
    if (slw_json_kind(json, attributes) != SLW_JSON_OBJECT) {
        return slw_json_refuse(json, attributes, SLW_BAD_ARGUMENT, "must be an object", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(json, attributes);
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (++count > SLW_FLEET_ATTRIBUTES_MAX || name.len > SLW_FLEET_WORD_MAX ||
            slw_json_string(json, value).len > 256) {
            return slw_json_refuse(json, attributes, SLW_TOO_LARGE, "says too much", detail);
        }
        if (slw_json_kind(json, value) != SLW_JSON_STRING || !fleet_text_is_good(name) ||
            !fleet_text_is_good(slw_json_string(json, value))) {
            return slw_json_refuse(json, value, SLW_BAD_ARGUMENT, "must be a text", detail);
        }
    }
    opened->report.attributes = slw_json_raw(json, attributes);
    return SLW_OK;
}

/* What kinds of report must say. */
static enum slw_status check_kind(const struct slw_fleet_report *report, struct slw_detail *detail)
{
    bool is_outcome = report->kind == SLW_FLEET_OUTCOME;
    if (is_outcome != (report->result != SLW_FLEET_NONE)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "message: outcomes have a result, no others");
    }
    if ((is_outcome || report->kind == SLW_FLEET_PROGRESS) && report->release == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "message: it doesn't say of which release");
    }
    if ((report->kind == SLW_FLEET_CONSENT) != (report->consent_by.len > 0)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "message: consent has somebody who gave it, nothing else has");
    }
    return SLW_OK;
}

static enum slw_status open_report(struct slw_bytes text, const struct slw_public_key *key,
                                   struct slw_fleet_opened *opened, struct slw_detail *detail)
{
    SLW_TRY(fleet_open(text, SLW_FLEET_REPORT_TYPE, key, opened, detail));
    SLW_TRY(
        fleet_fields_read(&opened->json, SLW_JSON_TOP, fields, FIELDS, &opened->report, detail));
    SLW_TRY(read_slots(opened, detail));
    SLW_TRY(read_attributes(opened, detail));
    return check_kind(&opened->report, detail);
}

enum slw_status slw_fleet_report_open(struct slw_bytes text, const struct slw_public_key *key,
                                      struct slw_fleet_opened *ret_opened,
                                      struct slw_detail *detail)
{
    memset(ret_opened, 0, sizeof *ret_opened);
    enum slw_status status = open_report(text, key, ret_opened, detail);
    if (status != SLW_OK) {
        slw_fleet_opened_free(ret_opened);
        memset(ret_opened, 0, sizeof *ret_opened);
    }
    return status;
}
