/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the plan of a rollout (spec/DEPOT.md, section 6). Called by the depot, the command line and
 * the simulator. */
#include "slipway/rollout_plan.h"

#include "members.h"

#include <string.h>

#define SOAK_S_MAX (90 * 86400)
#define RATE_MAX 10000000

static enum slw_status refuse(const struct slw_rollout_plan *plan, uint32_t value, const char *what,
                              struct slw_detail *detail)
{
    return slw_json_refuse(&plan->json, value, SLW_BAD_ARGUMENT, what, detail);
}

/* Reads {"ppm","soak_s"?,"failure_ppm"?}; a phase without a limit of its own gets the rule's later.
 */
static enum slw_status read_phase(struct slw_rollout_plan *plan, uint32_t value,
                                  struct slw_detail *detail)
{
    struct slw_rollout_phase *phase = &plan->phases[plan->phases_count];
    int64_t ppm = 0;
    int64_t soak_s = 0;
    int64_t failure_ppm = 0;
    const struct rollout_member members[] = {
        {"ppm", 1, SLW_PPM, true, &ppm},
        {"soak_s", 0, SOAK_S_MAX, false, &soak_s},
        {"failure_ppm", 1, SLW_PPM - 1, false, &failure_ppm},
    };
    SLW_TRY(rollout_members_read(&plan->json, value, members, 3, NULL, 0, detail));
    if (plan->phases_count > 0 && (uint32_t)ppm <= phase[-1].ppm) {
        return refuse(plan, value, "each phase must reach more devices than the one before",
                      detail);
    }
    phase->ppm = (uint32_t)ppm;
    phase->soak_s = (uint32_t)soak_s;
    phase->failure_limit = (double)failure_ppm / SLW_PPM;
    plan->phases_count++;
    return SLW_OK;
}

static enum slw_status read_phases(struct slw_rollout_plan *plan, struct slw_detail *detail)
{
    uint32_t phases = slw_json_member(&plan->json, SLW_JSON_TOP, SLW_BYTES_OF("phases"));
    uint32_t value;
    if (slw_json_kind(&plan->json, phases) != SLW_JSON_ARRAY) {
        return refuse(plan, SLW_JSON_TOP, "\"phases\" must be an array", detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(&plan->json, phases);
    while (slw_json_walk_element(&walk, &value)) {
        if (plan->phases_count == SLW_ROLLOUT_PHASES_MAX) {
            return slw_json_refuse(&plan->json, phases, SLW_TOO_LARGE, "has too many phases",
                                   detail);
        }
        SLW_TRY(read_phase(plan, value, detail));
    }
    if (plan->phases_count == 0 || plan->phases[plan->phases_count - 1].ppm != SLW_PPM) {
        return refuse(plan, phases, "the last phase must reach everybody (ppm 1000000)", detail);
    }
    return SLW_OK;
}

static enum slw_status read_looks(struct slw_rollout_plan *plan, uint32_t looks,
                                  struct slw_detail *detail)
{
    uint32_t value;
    int64_t number;
    struct slw_json_walk walk = slw_json_walk_begin(&plan->json, looks);
    while (slw_json_walk_element(&walk, &value)) {
        if (plan->rule.looks_count == SLW_HEALTH_LOOKS_MAX) {
            return slw_json_refuse(&plan->json, looks, SLW_TOO_LARGE, "has too many looks", detail);
        }
        if (!slw_json_integer(&plan->json, value, &number) || number < 1 || number > UINT32_MAX) {
            return refuse(plan, value, "must be a positive integer", detail);
        }
        plan->rule.looks[plan->rule.looks_count++] = (uint32_t)number;
    }
    return SLW_OK;
}

static enum slw_status read_canaries(struct slw_rollout_plan *plan, uint32_t canaries,
                                     struct slw_detail *detail)
{
    uint32_t value;
    size_t count = 0;
    plan->canaries = canaries;
    struct slw_json_walk walk = slw_json_walk_begin(&plan->json, canaries);
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_json_kind(&plan->json, value) != SLW_JSON_STRING) {
            return refuse(plan, value, "must be the name of a device", detail);
        }
        if (++count > SLW_ROLLOUT_CANARIES_MAX) {
            return slw_json_refuse(&plan->json, canaries, SLW_TOO_LARGE, "has too many canaries",
                                   detail);
        }
    }
    return SLW_OK;
}

static enum slw_status read_health(struct slw_rollout_plan *plan, struct slw_detail *detail)
{
    static const char *const others[] = {"looks", "canaries"};
    int64_t failure_ppm = 20000;
    int64_t confidence_ppm = 950000;
    int64_t silence_s = 86400;
    const struct rollout_member members[] = {
        {"failure_ppm", 1, SLW_PPM - 1, false, &failure_ppm},
        {"confidence_ppm", 500000, 999900, false, &confidence_ppm},
        {"silence_s", 10, SOAK_S_MAX, false, &silence_s},
    };
    uint32_t health = slw_json_member(&plan->json, SLW_JSON_TOP, SLW_BYTES_OF("health"));
    if (health != SLW_JSON_NONE) {
        SLW_TRY(rollout_members_read(&plan->json, health, members, 3, others, 2, detail));
    }
    plan->rule.failure_limit = (double)failure_ppm / SLW_PPM;
    plan->rule.confidence = (double)confidence_ppm / SLW_PPM;
    plan->silence_s = (uint32_t)silence_s;
    uint32_t looks = slw_json_member(&plan->json, health, SLW_BYTES_OF("looks"));
    uint32_t canaries = slw_json_member(&plan->json, health, SLW_BYTES_OF("canaries"));
    SLW_TRY(rollout_is_array(&plan->json, looks, detail));
    SLW_TRY(rollout_is_array(&plan->json, canaries, detail));
    SLW_TRY(read_looks(plan, looks, detail));
    SLW_TRY(read_canaries(plan, canaries, detail));
    if (slw_health_rule_check(&plan->rule) != SLW_OK) {
        return refuse(plan, looks, "must rise", detail);
    }
    return SLW_OK;
}

static enum slw_status read_plan(struct slw_rollout_plan *plan, struct slw_detail *detail)
{
    static const char *const others[] = {"phases", "health"};
    int64_t rate = 0;
    const struct rollout_member members[] = {{"rate_per_hour", 1, RATE_MAX, false, &rate}};
    SLW_TRY(rollout_members_read(&plan->json, SLW_JSON_TOP, members, 1, others, 2, detail));
    SLW_TRY(read_phases(plan, detail));
    SLW_TRY(read_health(plan, detail));
    plan->rate_per_hour = (uint32_t)rate;
    for (size_t i = 0; i < plan->phases_count; i++) {
        if (plan->phases[i].failure_limit <= 0) {
            plan->phases[i].failure_limit = plan->rule.failure_limit;
        }
    }
    return SLW_OK;
}

enum slw_status slw_rollout_plan_parse(struct slw_bytes text, struct slw_rollout_plan *ret_plan,
                                       struct slw_detail *detail)
{
    struct slw_rollout_plan plan = {.canaries = SLW_JSON_NONE};
    enum slw_status status = rollout_json_open("plan", text, &plan.text, &plan.json, detail);
    if (status == SLW_OK) {
        status = read_plan(&plan, detail);
    }
    if (status != SLW_OK) {
        slw_rollout_plan_free(&plan);
        return status;
    }
    *ret_plan = plan;
    return SLW_OK;
}

void slw_rollout_plan_free(struct slw_rollout_plan *plan)
{
    slw_json_document_free(&plan->json);
    slw_heap_free(&plan->text);
}

bool slw_rollout_plan_has_canary(const struct slw_rollout_plan *plan, struct slw_bytes device)
{
    uint32_t value;
    struct slw_json_walk walk = slw_json_walk_begin(&plan->json, plan->canaries);
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_bytes_equal(slw_json_string(&plan->json, value), device)) {
            return true;
        }
    }
    return false;
}

struct slw_health_rule slw_rollout_plan_rule(const struct slw_rollout_plan *plan, size_t phase)
{
    struct slw_health_rule rule = plan->rule;
    rule.failure_limit = plan->phases[phase].failure_limit;
    rule.halt_limit = rule.failure_limit < plan->rule.failure_limit ? rule.failure_limit
                                                                    : plan->rule.failure_limit;
    return rule;
}
