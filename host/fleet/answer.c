/* SPDX-License-Identifier: Apache-2.0 */
/* What a check-in is answered: when to come again, and what there is. */
#include "fields.h"

#include "slipway/json.h"

#include <string.h>

#define NUMBER_MAX INT64_C(9007199254740991) /* 2^53 - 1 */
#define AT(name) offsetof(struct slw_fleet_answer, name)
#define OFFER_AT(name) offsetof(struct slw_fleet_offer, name)

static const struct fleet_field fields[] = {
    {"next_s", FLEET_NUMBER, true, AT(next_s), 1, 30 * 86400, NULL, 0},
    {"nonce", FLEET_TEXT, true, AT(nonce), 0, SLW_FLEET_WORD_MAX, NULL, 0},
    {"report", FLEET_BOOL, false, AT(wants_report), 0, 0, NULL, 0},
    {"log", FLEET_BOOL, false, AT(wants_log), 0, 0, NULL, 0},
    {"offer", FLEET_OTHER, false, 0, 0, 0, NULL, 0},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static const struct fleet_field offer_fields[] = {
    {"rollout", FLEET_NUMBER, false, OFFER_AT(rollout), 0, NUMBER_MAX, NULL, 0},
    {"release", FLEET_NUMBER, true, OFFER_AT(release), 1, UINT32_MAX, NULL, 0},
    {"release_version", FLEET_TEXT, false, OFFER_AT(release_version), 0, 128, NULL, 0},
    {"urgency", FLEET_TEXT, false, OFFER_AT(urgency), 0, 16, NULL, 0},
    {"role", FLEET_TEXT, true, OFFER_AT(role), 0, 200, NULL, 0},
    {"path", FLEET_TEXT, true, OFFER_AT(path), 0, 1024, NULL, 0},
    {"sha256", FLEET_TEXT, true, OFFER_AT(sha256), 0, 64, NULL, 0},
    {"length", FLEET_NUMBER, true, OFFER_AT(length), 0, NUMBER_MAX, NULL, 0},
    {"valid_s", FLEET_NUMBER, true, OFFER_AT(valid_s), 1, 86400, NULL, 0},
    {"approved", FLEET_BOOL, false, OFFER_AT(consent_given), 0, 0, NULL, 0},
};
#define OFFER_FIELDS (sizeof offer_fields / sizeof offer_fields[0])

void slw_fleet_answer_put(const struct slw_fleet_answer *answer, struct slw_heap_buffer *ret_text)
{
    struct slw_json json;
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    fleet_fields_write(&json, fields, FIELDS, answer);
    if (answer->has_offer) {
        slw_json_begin_object(&json, "offer");
        fleet_fields_write(&json, offer_fields, OFFER_FIELDS, &answer->offer);
        slw_json_end_object(&json);
    }
    slw_json_end_object(&json);
}

static enum slw_status read_answer(struct slw_bytes text, struct slw_fleet_answer *answer,
                                   struct slw_detail *detail)
{
    if (text.len > SLW_FLEET_MESSAGE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "answer: over %u bytes", SLW_FLEET_MESSAGE_MAX);
    }
    SLW_TRY(slw_json_parse("answer", text, &answer->json, detail));
    SLW_TRY(fleet_fields_read(&answer->json, SLW_JSON_TOP, fields, FIELDS, answer, detail));
    uint32_t offer = slw_json_member(&answer->json, SLW_JSON_TOP, SLW_BYTES_OF("offer"));
    if (offer == SLW_JSON_NONE) {
        return SLW_OK;
    }
    answer->has_offer = true;
    return fleet_fields_read(&answer->json, offer, offer_fields, OFFER_FIELDS, &answer->offer,
                             detail);
}

enum slw_status slw_fleet_answer_read(struct slw_bytes text, struct slw_fleet_answer *ret_answer,
                                      struct slw_detail *detail)
{
    memset(ret_answer, 0, sizeof *ret_answer);
    enum slw_status status = read_answer(text, ret_answer, detail);
    if (status != SLW_OK) {
        slw_fleet_answer_free(ret_answer);
        memset(ret_answer, 0, sizeof *ret_answer);
    }
    return status;
}

void slw_fleet_answer_free(struct slw_fleet_answer *answer)
{
    slw_json_document_free(&answer->json);
}
