/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gates of a build's next stage, looked at in their order. What is looked at is the database of
 * this moment; what is asked for (a signature) is asked for when every gate before it holds.
 */
#include "part.h"

static const char *const skipped_by_kinds[] = {"soak_s", "healthy", "approvals"};

/* DEPOT.md, section 5: "gates of `emergency` instead of soak, health and approvals of the stages".
 */
static bool is_skipped(const struct slw_json_document *json, uint32_t gate)
{
    for (size_t i = 0; i < sizeof skipped_by_kinds / sizeof skipped_by_kinds[0]; i++) {
        if (pipeline_member(json, gate, skipped_by_kinds[i]) != SLW_JSON_NONE) {
            return true;
        }
    }
    return false;
}

static uint32_t gates_of_kind(const struct qualification *qualification)
{
    return pipeline_member(&qualification->json,
                           pipeline_member(&qualification->json, SLW_JSON_TOP, qualification->kind),
                           "gates");
}

struct listing {
    struct gate_look look;
    struct slw_json json;
    bool all_hold;
    bool has_own; /* the stage's key is among the gates */
};

static void put_gate(struct listing *listing, struct slw_bytes text, bool holds)
{
    slw_json_begin_object(&listing->json, NULL);
    slw_json_embed(&listing->json, "gate", text);
    slw_json_bool(&listing->json, "holds", holds);
    if (!holds) {
        slw_json_text(&listing->json, "why", slw_heap_text(&listing->look.why));
    }
    slw_json_end_object(&listing->json);
}

static enum slw_status look_at(struct listing *listing, uint32_t gate, struct slw_detail *detail)
{
    bool holds = false;
    const struct slw_json_document *json = &listing->look.qualification->json;
    slw_heap_drop(&listing->look.why);
    listing->look.may_want = listing->all_hold;
    SLW_TRY(pipeline_gate_holds(&listing->look, gate, &holds, detail));
    put_gate(listing, slw_json_raw(json, gate), holds);
    listing->all_hold = listing->all_hold && holds;
    return SLW_OK;
}

static enum slw_status look_at_list(struct listing *listing, uint32_t gates, bool skips,
                                    struct slw_bytes key, struct slw_detail *detail)
{
    const struct slw_json_document *json = &listing->look.qualification->json;
    uint32_t gate = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, gates);
    while (slw_json_walk_element(&walk, &gate)) {
        if (skips && is_skipped(json, gate)) {
            continue;
        }
        listing->has_own =
            listing->has_own ||
            (key.len > 0 &&
             slw_bytes_equal(slw_json_string(json, pipeline_member(json, gate, "signed")), key));
        SLW_TRY(look_at(listing, gate, detail));
    }
    return SLW_OK;
}

/* "For `key` of a stage": its signature is a gate, the last one, where none of them says so. */
static enum slw_status look_at_key(struct listing *listing, struct slw_bytes key,
                                   struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    bool holds = false;
    slw_heap_drop(&listing->look.why);
    listing->look.may_want = listing->all_hold;
    SLW_TRY(pipeline_signed_holds(&listing->look, key, &holds, detail));
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "signed", key);
    slw_json_end_object(&json);
    put_gate(listing, slw_heap_bytes(&text), holds);
    slw_heap_drop(&text);
    listing->all_hold = listing->all_hold && holds;
    return SLW_OK;
}

/* The freeze that holds the stage up; SLW_JSON_NONE. An emergency is what freezes make room for. */
static uint32_t find_freeze(const struct gate_look *look)
{
    const struct slw_json_document *json = &look->qualification->json;
    uint32_t freeze = SLW_JSON_NONE;
    struct slw_json_walk walk =
        slw_json_walk_begin(json, pipeline_member(json, SLW_JSON_TOP, "freezes"));
    // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): an array is no null pointer
    if (strcmp(look->qualification->kind, "emergency") == 0) {
        return SLW_JSON_NONE;
    }
    while (slw_json_walk_element(&walk, &freeze)) {
        uint32_t stages = pipeline_member(json, freeze, "stages");
        uint32_t stage = SLW_JSON_NONE;
        bool is_meant = stages == SLW_JSON_NONE;
        struct slw_json_walk names = slw_json_walk_begin(json, stages);
        while (!is_meant && slw_json_walk_element(&names, &stage)) {
            is_meant = pipeline_stage_number(slw_json_string(json, stage)) == look->stage;
        }
        if (is_meant &&
            look->now_us >=
                pipeline_time(slw_json_string(json, pipeline_member(json, freeze, "from"))) &&
            look->now_us <
                pipeline_time(slw_json_string(json, pipeline_member(json, freeze, "to")))) {
            return freeze;
        }
    }
    return SLW_JSON_NONE;
}

static enum slw_status look_at_all(struct listing *listing, struct slw_detail *detail)
{
    struct gate_look *look = &listing->look;
    const struct slw_json_document *json = &look->qualification->json;
    uint32_t stage = pipeline_stage(json, look->stage);
    uint32_t of_kind = gates_of_kind(look->qualification);
    struct slw_bytes key = slw_json_string(json, pipeline_member(json, stage, "key"));
    bool is_last = pipeline_next_stage(json, look->stage) == 0;
    uint32_t freeze = find_freeze(look);
    if (freeze != SLW_JSON_NONE) {
        listing->all_hold = false;
        slw_json_bytes(&listing->json, "freeze",
                       slw_json_string(json, pipeline_member(json, freeze, "why")));
    }
    slw_json_begin_array(&listing->json, "gates");
    /* Approvals of a kind come before anything is signed for production. */
    if (of_kind != SLW_JSON_NONE && is_last) {
        SLW_TRY(look_at_list(listing, of_kind, false, key, detail));
    }
    SLW_TRY(look_at_list(listing, pipeline_member(json, stage, "gates"), of_kind != SLW_JSON_NONE,
                         key, detail));
    if (key.len > 0 && !listing->has_own) {
        SLW_TRY(look_at_key(listing, key, detail));
    }
    slw_json_end_array(&listing->json);
    return SLW_OK;
}

enum slw_status pipeline_look(struct slw_transaction *transaction,
                              const struct qualification *qualification, struct gates_seen *seen,
                              struct slw_detail *detail)
{
    const struct slw_json_document *json = &qualification->json;
    struct listing listing = {.all_hold = true};
    struct gate_look *look = &listing.look;
    *seen = (struct gates_seen){.stage = pipeline_next_stage(json, qualification->furthest)};
    if (seen->stage == 0) {
        return SLW_OK;
    }
    *look = (struct gate_look){
        .transaction = transaction,
        .qualification = qualification,
        .stage = seen->stage,
        .former = pipeline_former_stage(json, seen->stage),
        .seen = seen,
    };
    SLW_TRY(slw_database_now(transaction, &look->now_us, detail));
    slw_json_init(&listing.json, &seen->report);
    slw_json_begin_object(&listing.json, NULL);
    slw_json_text(&listing.json, "stage", pipeline_stage_names[seen->stage - 1]);
    enum slw_status status = look_at_all(&listing, detail);
    slw_json_end_object(&listing.json);
    slw_heap_drop(&look->why);
    seen->all_hold = status == SLW_OK && listing.all_hold;
    return status;
}

void pipeline_seen_free(struct gates_seen *seen)
{
    slw_heap_drop(&seen->report);
    slw_heap_drop(&seen->reason);
}
