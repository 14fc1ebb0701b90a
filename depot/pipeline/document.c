/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline as a document (DEPOT.md, section 5): whether it is one, and finding things in it. */
#include "part.h"

#include "slipway/text.h"
#include "slipway/time_text.h"

const char *const pipeline_stage_names[PIPELINE_STAGES] = {"daily", "internal", "candidate",
                                                           "production"};

int64_t pipeline_stage_number(struct slw_bytes name)
{
    for (size_t i = 0; i < PIPELINE_STAGES; i++) {
        if (slw_bytes_equal(name, slw_text_bytes(pipeline_stage_names[i]))) {
            return (int64_t)i + 1;
        }
    }
    return 0;
}

uint32_t pipeline_stage(const struct slw_json_document *json, int64_t number)
{
    if (number < 1 || number > (int64_t)PIPELINE_STAGES) {
        return SLW_JSON_NONE;
    }
    uint32_t stage = pipeline_member(json, pipeline_member(json, SLW_JSON_TOP, "stages"),
                                     pipeline_stage_names[number - 1]);
    return pipeline_member(json, stage, "gates") == SLW_JSON_NONE ? SLW_JSON_NONE : stage;
}

int64_t pipeline_next_stage(const struct slw_json_document *json, int64_t number)
{
    for (int64_t next = number + 1; next <= (int64_t)PIPELINE_STAGES; next++) {
        if (pipeline_stage(json, next) != SLW_JSON_NONE) {
            return next;
        }
    }
    return 0;
}

int64_t pipeline_former_stage(const struct slw_json_document *json, int64_t number)
{
    for (int64_t former = number - 1; former > 0; former--) {
        if (pipeline_stage(json, former) != SLW_JSON_NONE) {
            return former;
        }
    }
    return 0;
}

static bool parse_time(struct slw_bytes text, int64_t *ret_us)
{
    char time[SLW_TIME_TEXT_SIZE];
    int64_t utc_s = 0;
    if (text.len == 0 || text.len >= sizeof time || text.ptr[text.len - 1] != 'Z') {
        return false;
    }
    memcpy(time, text.ptr, text.len);
    time[text.len] = '\0';
    if (slw_time_parse(time, 0, &utc_s) != SLW_OK) {
        return false;
    }
    *ret_us = utc_s * 1000000;
    return true;
}

int64_t pipeline_time(struct slw_bytes text)
{
    int64_t utc_us = 0;
    (void)parse_time(text, &utc_us);
    return utc_us;
}

/* --- Checks --- */

enum slw_status pipeline_wrong(const struct slw_json_document *json, uint32_t value,
                               const char *what, struct slw_detail *detail)
{
    return slw_json_refuse(json, value, SLW_BAD_ARGUMENT, what, detail);
}

enum slw_status pipeline_check_members(const struct slw_json_document *json, uint32_t object,
                                       const char *known, struct slw_detail *detail)
{
    struct slw_bytes name;
    uint32_t value = SLW_JSON_NONE;
    char word[68];
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    if (slw_json_kind(json, object) != SLW_JSON_OBJECT) {
        return pipeline_wrong(json, object, "must be an object", detail);
    }
    while (slw_json_walk_member(&walk, &name, &value)) {
        bool fits = name.len > 0 && name.len <= 64 && memchr(name.ptr, ' ', name.len) == NULL &&
                    memchr(name.ptr, '\0', name.len) == NULL;
        if (fits) {
            word[0] = ' ';
            memcpy(word + 1, name.ptr, name.len);
            word[name.len + 1] = ' ';
            word[name.len + 2] = '\0';
        }
        if (!fits || strstr(known, word) == NULL) {
            return pipeline_wrong(json, value, "isn't known here", detail);
        }
    }
    return SLW_OK;
}

bool pipeline_is_name(const struct slw_json_document *json, uint32_t value)
{
    return slw_json_kind(json, value) == SLW_JSON_STRING &&
           depot_is_name(slw_json_string(json, value), "");
}

enum slw_status pipeline_check_names(const struct slw_json_document *json, uint32_t list,
                                     const char *more, struct slw_detail *detail)
{
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    if (list == SLW_JSON_NONE) {
        return SLW_OK;
    }
    if (slw_json_kind(json, list) != SLW_JSON_ARRAY || slw_json_count(json, list) == 0 ||
        slw_json_count(json, list) > 64) {
        return pipeline_wrong(json, list, "must be a list of 1 to 64 names", detail);
    }
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_json_kind(json, element) != SLW_JSON_STRING ||
            !depot_is_name(slw_json_string(json, element), more)) {
            return pipeline_wrong(json, element, "isn't a name", detail);
        }
    }
    return SLW_OK;
}

bool pipeline_is_number(const struct slw_json_document *json, uint32_t value, int64_t min,
                        int64_t max)
{
    int64_t number = 0;
    return slw_json_integer(json, value, &number) && number >= min && number <= max;
}

static bool is_flag(const struct slw_json_document *json, uint32_t value)
{
    enum slw_json_kind kind = slw_json_kind(json, value);
    return value == SLW_JSON_NONE || kind == SLW_JSON_TRUE || kind == SLW_JSON_FALSE;
}

static enum slw_status check_key(const struct slw_json_document *json, uint32_t value,
                                 const struct depot_settings *settings, struct slw_detail *detail)
{
    struct slw_bytes key = slw_json_string(json, value);
    for (size_t i = 0; i < settings->signer.keys_count; i++) {
        if (slw_bytes_equal(key, slw_text_bytes(settings->signer.keys[i].name))) {
            return SLW_OK;
        }
    }
    return pipeline_wrong(json, value, "isn't a key of [signer] keys in this depot's settings",
                          detail);
}

static enum slw_status check_healthy(const struct slw_json_document *json, uint32_t value,
                                     struct slw_detail *detail)
{
    SLW_TRY(pipeline_check_members(json, value, " percent devices ", detail));
    return pipeline_is_number(json, pipeline_member(json, value, "percent"), 1, 100) &&
                   pipeline_is_number(json, pipeline_member(json, value, "devices"), 1,
                                      INT64_C(1) << 40)
               ? SLW_OK
               : pipeline_wrong(json, value, "wants percent, 1 to 100, and devices, 1 or more",
                                detail);
}

static enum slw_status check_gate(const struct slw_json_document *json, uint32_t gate,
                                  const struct depot_settings *settings, struct slw_detail *detail)
{
    uint32_t test = pipeline_member(json, gate, "test");
    uint32_t endorsed = pipeline_member(json, gate, "endorsed");
    uint32_t soak = pipeline_member(json, gate, "soak_s");
    uint32_t healthy = pipeline_member(json, gate, "healthy");
    uint32_t approvals = pipeline_member(json, gate, "approvals");
    uint32_t key = pipeline_member(json, gate, "signed");
    if (test != SLW_JSON_NONE) {
        SLW_TRY(pipeline_check_members(json, gate, " test machines warned ", detail));
        SLW_TRY(pipeline_check_names(json, pipeline_member(json, gate, "machines"), "@:", detail));
        return pipeline_is_name(json, test) && is_flag(json, pipeline_member(json, gate, "warned"))
                   ? SLW_OK
                   : pipeline_wrong(json, gate, "wants the name of a suite", detail);
    }
    if (endorsed != SLW_JSON_NONE) {
        SLW_TRY(pipeline_check_members(json, gate, " endorsed ", detail));
        return slw_json_kind(json, endorsed) == SLW_JSON_TRUE
                   ? SLW_OK
                   : pipeline_wrong(json, endorsed, "must be true", detail);
    }
    if (soak != SLW_JSON_NONE) {
        SLW_TRY(pipeline_check_members(json, gate, " soak_s ", detail));
        return pipeline_is_number(json, soak, 0, PIPELINE_SECONDS_MAX)
                   ? SLW_OK
                   : pipeline_wrong(json, soak, "must be seconds, of at most ten years", detail);
    }
    if (healthy != SLW_JSON_NONE) {
        SLW_TRY(pipeline_check_members(json, gate, " healthy ", detail));
        return check_healthy(json, healthy, detail);
    }
    if (approvals != SLW_JSON_NONE) {
        SLW_TRY(pipeline_check_members(json, gate, " approvals people ", detail));
        SLW_TRY(pipeline_check_names(json, pipeline_member(json, gate, "people"), "@", detail));
        return pipeline_is_number(json, approvals, 1, 32)
                   ? SLW_OK
                   : pipeline_wrong(json, approvals, "must be a number from 1 to 32", detail);
    }
    if (key != SLW_JSON_NONE) {
        SLW_TRY(pipeline_check_members(json, gate, " signed ", detail));
        return check_key(json, key, settings, detail);
    }
    return pipeline_wrong(json, gate, "isn't a gate", detail);
}

static enum slw_status check_gates(const struct slw_json_document *json, uint32_t gates,
                                   const struct depot_settings *settings, struct slw_detail *detail)
{
    uint32_t gate = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, gates);
    if (slw_json_kind(json, gates) != SLW_JSON_ARRAY ||
        slw_json_count(json, gates) > PIPELINE_GATES_MAX) {
        return pipeline_wrong(json, gates, "must be a list of at most 32 gates", detail);
    }
    while (slw_json_walk_element(&walk, &gate)) {
        SLW_TRY(check_gate(json, gate, settings, detail));
    }
    return SLW_OK;
}

static enum slw_status check_stage(const struct slw_json_document *json, uint32_t stage,
                                   const struct depot_settings *settings, struct slw_detail *detail)
{
    uint32_t channel = pipeline_member(json, stage, "channel");
    uint32_t key = pipeline_member(json, stage, "key");
    uint32_t gates = pipeline_member(json, stage, "gates");
    SLW_TRY(pipeline_check_members(json, stage, " gates channel key ", detail));
    if (gates != SLW_JSON_NONE) {
        SLW_TRY(check_gates(json, gates, settings, detail));
    }
    if (key != SLW_JSON_NONE) {
        SLW_TRY(check_key(json, key, settings, detail));
    }
    if (channel != SLW_JSON_NONE && (!pipeline_is_name(json, channel) || key == SLW_JSON_NONE)) {
        return pipeline_wrong(json, channel, "must be a name, beside a key", detail);
    }
    return SLW_OK;
}

static enum slw_status check_stages(const struct slw_json_document *json,
                                    const struct depot_settings *settings,
                                    struct slw_detail *detail)
{
    uint32_t stages = pipeline_member(json, SLW_JSON_TOP, "stages");
    struct slw_bytes name;
    uint32_t stage = SLW_JSON_NONE;
    SLW_TRY(pipeline_check_members(json, stages, " daily internal candidate production ", detail));
    struct slw_json_walk walk = slw_json_walk_begin(json, stages);
    while (slw_json_walk_member(&walk, &name, &stage)) {
        SLW_TRY(check_stage(json, stage, settings, detail));
    }
    return pipeline_next_stage(json, 0) != 0
               ? SLW_OK
               : pipeline_wrong(json, stages, "no stage has gates", detail);
}

static enum slw_status check_freeze(const struct slw_json_document *json, uint32_t freeze,
                                    struct slw_detail *detail)
{
    int64_t from = 0;
    int64_t to = 0;
    uint32_t element = SLW_JSON_NONE;
    uint32_t stages = pipeline_member(json, freeze, "stages");
    uint32_t why = pipeline_member(json, freeze, "why");
    SLW_TRY(pipeline_check_members(json, freeze, " from to stages why ", detail));
    if (!parse_time(slw_json_string(json, pipeline_member(json, freeze, "from")), &from) ||
        !parse_time(slw_json_string(json, pipeline_member(json, freeze, "to")), &to) ||
        to <= from) {
        return pipeline_wrong(json, freeze,
                              "wants from and to, times in UTC, the one before the other", detail);
    }
    if (slw_json_kind(json, why) != SLW_JSON_STRING || slw_json_string(json, why).len > 500) {
        return pipeline_wrong(json, freeze, "wants why, text of at most 500 bytes", detail);
    }
    SLW_TRY(pipeline_check_names(json, stages, "@", detail));
    struct slw_json_walk walk = slw_json_walk_begin(json, stages);
    while (slw_json_walk_element(&walk, &element)) {
        if (pipeline_stage_number(slw_json_string(json, element)) == 0) {
            return pipeline_wrong(json, element, "isn't a stage", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status check_freezes(const struct slw_json_document *json,
                                     struct slw_detail *detail)
{
    uint32_t freezes = pipeline_member(json, SLW_JSON_TOP, "freezes");
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, freezes);
    if (freezes != SLW_JSON_NONE && (slw_json_kind(json, freezes) != SLW_JSON_ARRAY ||
                                     slw_json_count(json, freezes) > PIPELINE_FREEZES_MAX)) {
        return pipeline_wrong(json, freezes, "must be a list of at most 64 freezes", detail);
    }
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(check_freeze(json, element, detail));
    }
    return SLW_OK;
}

static enum slw_status check_kind(const struct slw_json_document *json, const char *kind,
                                  const struct depot_settings *settings, struct slw_detail *detail)
{
    uint32_t value = pipeline_member(json, SLW_JSON_TOP, kind);
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    SLW_TRY(pipeline_check_members(json, value, " gates ", detail));
    return check_gates(json, pipeline_member(json, value, "gates"), settings, detail);
}

enum slw_status pipeline_document_check(const struct slw_json_document *json,
                                        const struct depot_settings *settings,
                                        struct slw_detail *detail)
{
    SLW_TRY(pipeline_check_members(json, SLW_JSON_TOP,
                                   " stages freezes emergency patch jobs triggers ", detail));
    SLW_TRY(check_stages(json, settings, detail));
    SLW_TRY(check_freezes(json, detail));
    SLW_TRY(pipeline_jobs_check(json, detail));
    SLW_TRY(check_kind(json, "emergency", settings, detail));
    return check_kind(json, "patch", settings, detail);
}

/* DEPOT.md, section 5: "`patch`: its change list […] may hold nothing else" than fixes. */
enum slw_status pipeline_changes_check(const struct slw_json_document *json, uint32_t changes,
                                       bool fixes_only, struct slw_detail *detail)
{
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, changes);
    if (slw_json_kind(json, changes) != SLW_JSON_ARRAY ||
        slw_json_count(json, changes) > PIPELINE_CHANGES_MAX) {
        return pipeline_wrong(json, changes, "must be a list of at most 200 changes", detail);
    }
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes kind = slw_json_string(json, pipeline_member(json, element, "kind"));
        bool is_fix = slw_bytes_equal(kind, SLW_BYTES_OF("fix")) ||
                      slw_bytes_equal(kind, SLW_BYTES_OF("security"));
        SLW_TRY(pipeline_check_members(json, element, " kind id text ", detail));
        if (!is_fix && !slw_bytes_equal(kind, SLW_BYTES_OF("feature"))) {
            return pipeline_wrong(json, element, "must be of kind fix, security or feature",
                                  detail);
        }
        if (!is_fix && fixes_only) {
            return pipeline_wrong(json, element, "isn't a fix: a patch has nothing else", detail);
        }
        if (slw_json_string(json, pipeline_member(json, element, "text")).len > 2000 ||
            slw_json_string(json, pipeline_member(json, element, "id")).len > 200) {
            return pipeline_wrong(json, element, "is longer than 2,000 bytes", detail);
        }
    }
    return SLW_OK;
}
