/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key ceremonies: opening one, the order of its steps, and what comes out. Called by `slipway
 * ceremony`; entries are read in entries.c and made in make_entry.c.
 */
#include "internal.h"

#include <stdlib.h>

static const char *const step_words[] = {"accept", "key", "sign", "finish"};

const char *slw_ceremony_step_name(enum slw_ceremony_step_kind kind)
{
    return step_words[kind];
}

static void add_step(struct slw_ceremony *ceremony, struct slw_ceremony_step step)
{
    ceremony->steps[ceremony->steps_count++] = step;
}

/* The limits of a plan's lists keep this below SLW_CEREMONY_STEPS_MAX. */
static void lay_out_steps(struct slw_ceremony *ceremony)
{
    const struct slw_ceremony_plan *plan = &ceremony->plan;
    for (size_t i = 0; i < plan->people_count; i++) {
        add_step(ceremony, (struct slw_ceremony_step){.kind = SLW_CEREMONY_ACCEPT, .person = i});
    }
    for (size_t i = 0; i < plan->new_keys_count; i++) {
        add_step(ceremony, (struct slw_ceremony_step){.kind = SLW_CEREMONY_KEY,
                                                      .person = plan->new_keys[i].person,
                                                      .role = plan->new_keys[i].role,
                                                      .new_key = i});
    }
    for (size_t i = 0; i < plan->signers_count; i++) {
        add_step(ceremony, (struct slw_ceremony_step){.kind = SLW_CEREMONY_SIGN,
                                                      .person = plan->signers[i].person,
                                                      .signer = i,
                                                      .is_former = true});
    }
    for (size_t i = 0; i < plan->new_keys_count; i++) {
        if (plan->new_keys[i].role == SLW_ROLE_ROOT) {
            add_step(ceremony, (struct slw_ceremony_step){.kind = SLW_CEREMONY_SIGN,
                                                          .person = plan->new_keys[i].person,
                                                          .new_key = i});
        }
    }
    add_step(ceremony, (struct slw_ceremony_step){.kind = SLW_CEREMONY_FINISH});
}

static enum slw_status take_former(struct slw_ceremony *ceremony, struct slw_bytes former,
                                   struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    slw_ceremony_hash(former, digest);
    if (!ceremony->plan.has_former) {
        return former.len == 0 ? SLW_OK
                               : slw_explain(detail, SLW_MIX_AND_MATCH,
                                             "former root: is there, and the plan names none");
    }
    if (memcmp(digest, ceremony->plan.former_sha256, sizeof digest) != 0) {
        return slw_explain(detail, SLW_MIX_AND_MATCH,
                           "former root: isn't the one that the plan "
                           "names");
    }
    slw_heap_append(&ceremony->former, former);
    if (ceremony->former.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    return slw_ceremony_maker(ceremony)->check_former(ceremony, detail);
}

static enum slw_status fill(struct slw_ceremony *ceremony, struct slw_bytes plan_text,
                            struct slw_bytes former, struct slw_detail *detail)
{
    if (plan_text.len > SLW_CEREMONY_PLAN_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "plan: larger than %u bytes",
                           SLW_CEREMONY_PLAN_SIZE_MAX);
    }
    slw_heap_append(&ceremony->plan_text, plan_text);
    if (ceremony->plan_text.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    plan_text = slw_heap_bytes(&ceremony->plan_text);
    SLW_TRY(slw_json_parse("plan", plan_text, &ceremony->plan_json, detail));
    SLW_TRY(slw_ceremony_plan_read(&ceremony->plan_json, &ceremony->plan, detail));
    slw_ceremony_hash(plan_text, ceremony->plan_sha256);
    memcpy(ceremony->last_sha256, ceremony->plan_sha256, SLW_SHA256_SIZE);
    ceremony->last_utc_s = ceremony->plan.created_utc_s;
    lay_out_steps(ceremony);
    ceremony->is_unmade = ceremony->is_unmade && ceremony->plan.has_former;
    if (!ceremony->is_unmade) {
        SLW_TRY(take_former(ceremony, former, detail));
    }
    return ceremony->plan.new_keys_count == 0 ? slw_ceremony_make(ceremony, detail) : SLW_OK;
}

static enum slw_status open_plan(struct slw_bytes plan_text, struct slw_bytes former,
                                 bool is_unmade, struct slw_ceremony **ret_ceremony,
                                 struct slw_detail *detail)
{
    struct slw_ceremony *ceremony = calloc(1, sizeof *ceremony);
    if (ceremony == NULL) {
        return slw_explain_no_memory(detail);
    }
    ceremony->is_unmade = is_unmade;
    enum slw_status status = fill(ceremony, plan_text, former, detail);
    if (status != SLW_OK) {
        slw_ceremony_free(ceremony);
        return status;
    }
    *ret_ceremony = ceremony;
    return SLW_OK;
}

enum slw_status slw_ceremony_open(struct slw_bytes plan_text, struct slw_bytes former,
                                  struct slw_ceremony **ret_ceremony, struct slw_detail *detail)
{
    return open_plan(plan_text, former, false, ret_ceremony, detail);
}

enum slw_status slw_ceremony_open_unmade(struct slw_bytes plan_text,
                                         struct slw_ceremony **ret_ceremony,
                                         struct slw_detail *detail)
{
    return open_plan(plan_text, slw_bytes_make(NULL, 0), true, ret_ceremony, detail);
}

void slw_ceremony_free(struct slw_ceremony *ceremony)
{
    if (ceremony != NULL) {
        slw_json_document_free(&ceremony->plan_json);
        slw_heap_drop(&ceremony->plan_text);
        slw_heap_drop(&ceremony->former);
        slw_heap_drop(&ceremony->made);
        slw_heap_drop(&ceremony->entries);
        free(ceremony);
    }
}

enum slw_status slw_ceremony_make(struct slw_ceremony *ceremony, struct slw_detail *detail)
{
    if (ceremony->is_unmade) {
        return SLW_OK;
    }
    SLW_TRY(slw_ceremony_maker(ceremony)->make(ceremony, &ceremony->made, detail));
    slw_ceremony_hash(slw_heap_bytes(&ceremony->made), ceremony->made_sha256);
    return SLW_OK;
}

const struct slw_ceremony_plan *slw_ceremony_get_plan(const struct slw_ceremony *ceremony)
{
    return &ceremony->plan;
}

size_t slw_ceremony_steps_count(const struct slw_ceremony *ceremony)
{
    return ceremony->steps_count;
}

size_t slw_ceremony_steps_done(const struct slw_ceremony *ceremony)
{
    return ceremony->done;
}

struct slw_ceremony_step slw_ceremony_step(const struct slw_ceremony *ceremony, size_t at)
{
    return ceremony->steps[at];
}

bool slw_ceremony_is_signed(const struct slw_ceremony *ceremony)
{
    return ceremony->done + 1 >= ceremony->steps_count;
}

enum slw_status slw_ceremony_result(const struct slw_ceremony *ceremony,
                                    struct slw_heap_buffer *ret_file, struct slw_detail *detail)
{
    if (!slw_ceremony_is_signed(ceremony)) {
        return slw_explain(detail, SLW_WRONG_STATE,
                           "%zu of %zu steps are done, and the root isn't "
                           "signed by all who have to",
                           ceremony->done, ceremony->steps_count);
    }
    return slw_ceremony_maker(ceremony)->assemble(ceremony, ret_file, detail);
}

const uint8_t *slw_ceremony_made_sha256(const struct slw_ceremony *ceremony)
{
    return ceremony->made.len == 0 ? NULL : ceremony->made_sha256;
}

const uint8_t *slw_ceremony_plan_sha256(const struct slw_ceremony *ceremony)
{
    return ceremony->plan_sha256;
}

const uint8_t *slw_ceremony_last_sha256(const struct slw_ceremony *ceremony)
{
    return ceremony->last_sha256;
}
