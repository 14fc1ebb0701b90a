/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the plan of a key ceremony. Called by `slipway ceremony plan`. */
#include "internal.h"

#include <stdlib.h>

static void put_key(struct slw_fields_writer *writer, const struct slw_public_key *key)
{
    struct slw_heap_buffer pem = {0};
    struct slw_detail detail;
    if (slw_public_key_format(key, &pem, &detail) != SLW_OK) {
        writer->is_bad = true;
    }
    slw_fields_put_text(writer, "key", slw_heap_bytes(&pem));
    slw_heap_free(&pem);
}

static void put_person(struct slw_fields_writer *writer, const struct slw_ceremony_plan *plan,
                       size_t person)
{
    slw_fields_put_text(writer, "person",
                        person < plan->people_count ? plan->people[person].name
                                                    : slw_bytes_make(NULL, 0));
}

static void put_head(struct slw_fields_writer *writer, const struct slw_ceremony_plan *plan)
{
    static const char *const class_words[] = {"none", "dev", "test", "prod"};
    slw_fields_put_text(writer, "ceremony", plan->name);
    slw_json_text(&writer->json, "kind", slw_ceremony_kind_name(plan->kind));
    slw_json_text(&writer->json, "format", slw_ceremony_format_name(plan->format));
    if (plan->reason.len != 0) {
        slw_fields_put_text(writer, "reason", plan->reason);
    }
    slw_fields_put_time(writer, "created", plan->created_utc_s);
    slw_fields_put_hex(writer, "nonce", plan->nonce, sizeof plan->nonce);
    slw_json_text(&writer->json, "key_class", class_words[plan->key_class]);
    if (plan->has_expires) {
        slw_fields_put_time(writer, "expires", plan->expires_utc_s);
    }
    slw_json_begin_object(&writer->json, "thresholds");
    for (unsigned role = 0; role < SLW_ROLES_COUNT; role++) {
        if (plan->thresholds[role] != 0) {
            slw_json_uint(&writer->json, slw_role_name((enum slw_role)role),
                          plan->thresholds[role]);
        }
    }
    slw_json_end_object(&writer->json);
    if (plan->has_former) {
        slw_fields_put_hex(writer, "former_sha256", plan->former_sha256, SLW_SHA256_SIZE);
    }
}

static void put_lists(struct slw_fields_writer *writer, const struct slw_ceremony_plan *plan)
{
    struct slw_json *json = &writer->json;
    slw_json_begin_array(json, "people");
    for (size_t i = 0; i < plan->people_count; i++) {
        slw_json_begin_object(json, NULL);
        slw_fields_put_text(writer, "name", plan->people[i].name);
        put_key(writer, &plan->people[i].key);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "new_keys");
    for (size_t i = 0; i < plan->new_keys_count; i++) {
        slw_json_begin_object(json, NULL);
        put_person(writer, plan, plan->new_keys[i].person);
        slw_json_text(json, "role", slw_role_name(plan->new_keys[i].role));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "signers");
    for (size_t i = 0; i < plan->signers_count; i++) {
        slw_json_begin_object(json, NULL);
        put_person(writer, plan, plan->signers[i].person);
        put_key(writer, &plan->signers[i].key);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    slw_json_begin_array(json, "removals");
    for (size_t i = 0; i < plan->removals_count; i++) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "role", slw_role_name(plan->removals[i].role));
        slw_json_text(json, "key_id", plan->removals[i].key_id);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

/* What was written must be read as a plan. */
static enum slw_status check(struct slw_bytes text, struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_ceremony_plan *plan = NULL;
    SLW_TRY(slw_json_parse("plan", text, &json, detail));
    plan = calloc(1, sizeof *plan);
    enum slw_status status =
        plan == NULL ? slw_explain_no_memory(detail) : slw_ceremony_plan_read(&json, plan, detail);
    free(plan);
    slw_json_document_free(&json);
    return status;
}

enum slw_status slw_ceremony_plan_format(const struct slw_ceremony_plan *plan,
                                         struct slw_heap_buffer *ret_text,
                                         struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    put_head(&writer, plan);
    put_lists(&writer, plan);
    slw_json_end_object(&writer.json);
    slw_heap_append_text(&writer.text, "\n");
    enum slw_status status =
        writer.text.status != SLW_OK ? slw_explain_no_memory(detail)
        : writer.is_bad ? slw_explain(detail, SLW_BAD_STATEMENT, "plan: a name isn't UTF-8")
                        : check(slw_heap_bytes(&writer.text), detail);
    if (status == SLW_OK) {
        slw_heap_append(ret_text, slw_heap_bytes(&writer.text));
        status = ret_text->status;
    }
    slw_heap_free(&writer.text);
    return status;
}
