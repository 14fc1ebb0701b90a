/* SPDX-License-Identifier: Apache-2.0 */
/* "jobs" and "triggers" of a pipeline (DEPOT.md, section 5.1): whether they are what they should
 * be. document.c is the caller; the part `jobs` goes by what was checked here. */
#include "part.h"

#include "jobs/part.h"

#define TIMEOUT_MAX_S (7 * 86400)
#define RETRIES_MAX 10

static enum slw_status check_on(const struct slw_json_document *json, uint32_t on,
                                struct slw_detail *detail)
{
    struct slw_bytes text = slw_json_string(json, on);
    return on == SLW_JSON_NONE || slw_bytes_equal(text, SLW_BYTES_OF("build")) ||
                   pipeline_stage(json, pipeline_stage_number(text)) != SLW_JSON_NONE
               ? SLW_OK
               : pipeline_wrong(json, on, "must be build, or a stage of this pipeline", detail);
}

static enum slw_status check_limits(const struct slw_json_document *json, uint32_t job,
                                    struct slw_detail *detail)
{
    uint32_t labels = pipeline_member(json, job, "labels");
    uint32_t timeout = pipeline_member(json, job, "timeout_s");
    uint32_t retries = pipeline_member(json, job, "retries");
    SLW_TRY(pipeline_check_names(json, labels, "", detail));
    if (slw_json_count(json, labels) > JOBS_LABELS_MAX) {
        return pipeline_wrong(json, labels, "has more than 16 labels", detail);
    }
    if (timeout != SLW_JSON_NONE && !pipeline_is_number(json, timeout, 1, TIMEOUT_MAX_S)) {
        return pipeline_wrong(json, timeout, "must be seconds, from 1 to a week", detail);
    }
    return retries == SLW_JSON_NONE || pipeline_is_number(json, retries, 0, RETRIES_MAX)
               ? SLW_OK
               : pipeline_wrong(json, retries, "must be a number from 0 to 10", detail);
}

static enum slw_status check_job(const struct slw_json_document *json, uint32_t job,
                                 struct slw_detail *detail)
{
    uint32_t kind = pipeline_member(json, job, "kind");
    bool is_test = slw_bytes_equal(slw_json_string(json, kind), SLW_BYTES_OF("test"));
    SLW_TRY(pipeline_check_members(json, job,
                                   is_test ? " kind on labels timeout_s retries "
                                           : " kind labels timeout_s retries ",
                                   detail));
    if (!is_test && !slw_bytes_equal(slw_json_string(json, kind), SLW_BYTES_OF("build"))) {
        return pipeline_wrong(json, kind == SLW_JSON_NONE ? job : kind, "wants kind, build or test",
                              detail);
    }
    SLW_TRY(check_on(json, pipeline_member(json, job, "on"), detail));
    return check_limits(json, job, detail);
}

static enum slw_status check_jobs(const struct slw_json_document *json, struct slw_detail *detail)
{
    uint32_t jobs = pipeline_member(json, SLW_JSON_TOP, "jobs");
    uint32_t job = SLW_JSON_NONE;
    struct slw_bytes name;
    struct slw_json_walk walk = slw_json_walk_begin(json, jobs);
    if (jobs != SLW_JSON_NONE && (slw_json_kind(json, jobs) != SLW_JSON_OBJECT ||
                                  slw_json_count(json, jobs) > PIPELINE_JOBS_MAX)) {
        return pipeline_wrong(json, jobs, "must be an object of at most 64 jobs", detail);
    }
    while (slw_json_walk_member(&walk, &name, &job)) {
        if (!depot_is_name(name, "")) {
            return pipeline_wrong(json, job, "has a name that is none", detail);
        }
        SLW_TRY(check_job(json, job, detail));
    }
    return SLW_OK;
}

/* --- Triggers --- */

static bool is_day(struct slw_bytes text)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        if (slw_bytes_equal(text, slw_text_bytes(days[i]))) {
            return true;
        }
    }
    return false;
}

/* "02:30" */
static bool is_time_of_day(struct slw_bytes text)
{
    static const char form[] = "dd:dd";
    for (size_t i = 0; i < text.len && i < sizeof form - 1; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (form[i] == 'd' ? !is_digit : text.ptr[i] != ':') {
            return false;
        }
    }
    return text.len == sizeof form - 1 && (text.ptr[0] - '0') * 10 + (text.ptr[1] - '0') < 24 &&
           text.ptr[3] < '6';
}

static enum slw_status check_schedule(const struct slw_json_document *json, uint32_t schedule,
                                      struct slw_detail *detail)
{
    uint32_t at = pipeline_member(json, schedule, "at");
    uint32_t days = pipeline_member(json, schedule, "days");
    uint32_t day = SLW_JSON_NONE;
    SLW_TRY(pipeline_check_members(json, schedule, " at days ", detail));
    if (!is_time_of_day(slw_json_string(json, at))) {
        return pipeline_wrong(json, schedule, "wants at, a time of day in UTC: \"02:30\"", detail);
    }
    SLW_TRY(pipeline_check_names(json, days, "", detail));
    struct slw_json_walk walk = slw_json_walk_begin(json, days);
    while (slw_json_walk_element(&walk, &day)) {
        if (!is_day(slw_json_string(json, day))) {
            return pipeline_wrong(json, day, "must be one of mon, tue, wed, thu, fri, sat, sun",
                                  detail);
        }
    }
    return SLW_OK;
}

static enum slw_status check_trigger(const struct slw_json_document *json, uint32_t trigger,
                                     struct slw_detail *detail)
{
    uint32_t schedule = pipeline_member(json, trigger, "schedule");
    uint32_t ref = pipeline_member(json, trigger, "ref");
    struct slw_bytes job = slw_json_string(json, pipeline_member(json, trigger, "job"));
    uint32_t definition = slw_json_member(json, pipeline_member(json, SLW_JSON_TOP, "jobs"), job);
    struct slw_bytes kind = slw_json_string(json, pipeline_member(json, definition, "kind"));
    SLW_TRY(pipeline_check_members(
        json, trigger, schedule == SLW_JSON_NONE ? " webhook job ref " : " schedule job ref ",
        detail));
    if (!slw_bytes_equal(kind, SLW_BYTES_OF("build"))) {
        return pipeline_wrong(json, trigger, "wants job, one of kind build", detail);
    }
    if (ref != SLW_JSON_NONE && !jobs_is_ref(slw_json_string(json, ref))) {
        return pipeline_wrong(json, ref, "isn't the name of a ref", detail);
    }
    if (schedule != SLW_JSON_NONE) {
        return check_schedule(json, schedule, detail);
    }
    return pipeline_is_name(json, pipeline_member(json, trigger, "webhook"))
               ? SLW_OK
               : pipeline_wrong(json, trigger, "wants webhook, a name, or schedule", detail);
}

enum slw_status pipeline_jobs_check(const struct slw_json_document *json, struct slw_detail *detail)
{
    uint32_t triggers = pipeline_member(json, SLW_JSON_TOP, "triggers");
    uint32_t trigger = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, triggers);
    SLW_TRY(check_jobs(json, detail));
    if (triggers != SLW_JSON_NONE && (slw_json_kind(json, triggers) != SLW_JSON_ARRAY ||
                                      slw_json_count(json, triggers) > PIPELINE_TRIGGERS_MAX)) {
        return pipeline_wrong(json, triggers, "must be a list of at most 16 triggers", detail);
    }
    while (slw_json_walk_element(&walk, &trigger)) {
        SLW_TRY(check_trigger(json, trigger, detail));
    }
    return SLW_OK;
}
