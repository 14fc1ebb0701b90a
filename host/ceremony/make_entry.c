/* SPDX-License-Identifier: Apache-2.0 */
/* Making the entry of a ceremony's next step. Called by `slipway ceremony next` and `finish`. */
#include "internal.h"

#include "slipway/explain.h"

static void put_common(const struct slw_ceremony *ceremony, const struct slw_ceremony_step *step,
                       int64_t now_utc_s, struct slw_fields_writer *writer)
{
    slw_fields_begin(writer);
    slw_json_uint(&writer->json, "step", ceremony->done);
    slw_json_text(&writer->json, "kind", slw_ceremony_step_name(step->kind));
    slw_fields_put_text(writer, "person", ceremony->plan.people[step->person].name);
    slw_fields_put_hex(writer, "previous", ceremony->last_sha256, SLW_SHA256_SIZE);
    /* A machine whose clock is behind the one before it doesn't stop the ceremony. */
    slw_fields_put_time(writer, "time",
                        now_utc_s < ceremony->last_utc_s ? ceremony->last_utc_s : now_utc_s);
}

static enum slw_status put_key(const struct slw_public_key *key, struct slw_fields_writer *writer,
                               struct slw_detail *detail)
{
    struct slw_heap_buffer pem = {0};
    enum slw_status status = slw_public_key_format(key, &pem, detail);
    if (status == SLW_OK) {
        slw_fields_put_text(writer, "key", slw_heap_bytes(&pem));
    }
    slw_heap_free(&pem);
    return status;
}

static enum slw_status put_signature(const struct slw_ceremony *ceremony,
                                     const struct slw_private_key *key,
                                     struct slw_fields_writer *writer, struct slw_detail *detail)
{
    struct slw_heap_buffer hex = {0};
    SLW_TRY(put_key(slw_private_key_public(key), writer, detail));
    slw_fields_put_hex(writer, "made_sha256", ceremony->made_sha256, SLW_SHA256_SIZE);
    enum slw_status status = slw_ceremony_maker(ceremony)->sign(ceremony, key, &hex, detail);
    if (status == SLW_OK) {
        slw_fields_put_text(writer, "signature", slw_heap_bytes(&hex));
    }
    slw_heap_free(&hex);
    return status;
}

static void put_everything(const struct slw_ceremony *ceremony, struct slw_fields_writer *writer)
{
    struct slw_heap_buffer entries = {0};
    slw_fields_put_hex(writer, "made_sha256", ceremony->made_sha256, SLW_SHA256_SIZE);
    slw_fields_put_raw(writer, "plan", slw_json_raw(&ceremony->plan_json, SLW_JSON_TOP));
    slw_heap_append_text(&entries, "[");
    slw_heap_append(&entries, slw_heap_bytes(&ceremony->entries));
    slw_heap_append_text(&entries, "]");
    slw_fields_put_raw(writer, "entries", slw_heap_bytes(&entries));
    if (entries.status != SLW_OK) {
        writer->text.status = entries.status;
    }
    slw_heap_drop(&entries);
}

static enum slw_status put_members(const struct slw_ceremony *ceremony,
                                   const struct slw_ceremony_step *step,
                                   const struct slw_private_key *working_key,
                                   struct slw_fields_writer *writer, struct slw_detail *detail)
{
    switch (step->kind) {
    case SLW_CEREMONY_ACCEPT:
        return SLW_OK;
    case SLW_CEREMONY_KEY:
        slw_json_text(&writer->json, "role", slw_role_name(step->role));
        return put_key(slw_private_key_public(working_key), writer, detail);
    case SLW_CEREMONY_SIGN:
        return put_signature(ceremony, working_key, writer, detail);
    case SLW_CEREMONY_FINISH:
        put_everything(ceremony, writer);
        return SLW_OK;
    }
    return SLW_BAD_ARGUMENT;
}

static enum slw_status make_payload(const struct slw_ceremony *ceremony,
                                    const struct slw_ceremony_step *step,
                                    const struct slw_private_key *working_key, int64_t now_utc_s,
                                    struct slw_heap_buffer *payload, struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    put_common(ceremony, step, now_utc_s, &writer);
    enum slw_status status = put_members(ceremony, step, working_key, &writer, detail);
    if (status == SLW_OK) {
        slw_json_end_object(&writer.json);
        slw_statement_format(SLW_STATEMENT_CEREMONY, ceremony->plan.name,
                             step->kind == SLW_CEREMONY_FINISH ? ceremony->made_sha256
                                                               : ceremony->plan_sha256,
                             slw_heap_bytes(&writer.text), payload);
        if (writer.text.status != SLW_OK || payload->status != SLW_OK) {
            status = slw_explain_no_memory(detail);
        }
    }
    slw_heap_drop(&writer.text);
    return status;
}

/* The second signature, of a key that shows that it is there. */
static enum slw_status add_signature(const struct slw_private_key *key,
                                     struct slw_heap_buffer *text, struct slw_detail *detail)
{
    struct slw_dsse envelope;
    struct slw_heap_buffer both = {0};
    SLW_TRY(slw_dsse_parse("entry", slw_heap_bytes(text), &envelope, detail));
    enum slw_status status = slw_dsse_add_by(&envelope, key, &both, detail);
    if (status == SLW_OK) {
        slw_heap_drop(text);
        *text = both;
    } else {
        slw_heap_drop(&both);
    }
    slw_dsse_free(&envelope);
    return status;
}

static enum slw_status check_keys(const struct slw_ceremony *ceremony,
                                  const struct slw_ceremony_step *step,
                                  const struct slw_private_key *my_key,
                                  const struct slw_private_key *working_key,
                                  struct slw_detail *detail)
{
    const struct slw_ceremony_person *person = &ceremony->plan.people[step->person];
    bool wants_key = step->kind == SLW_CEREMONY_KEY || step->kind == SLW_CEREMONY_SIGN;
    const char *word = slw_ceremony_step_name(step->kind);
    if (!slw_ceremony_same_key(slw_private_key_public(my_key), &person->key)) {
        return slw_explain(detail, SLW_UNKNOWN_KEY,
                           "step %zu, %s, is %.*s's, and this is somebody "
                           "else's key",
                           ceremony->done + 1, word, (int)person->name.len, person->name.ptr);
    }
    if (wants_key != (working_key != NULL)) {
        return slw_explain(detail, SLW_UNKNOWN_KEY, "step %zu, %s, %s", ceremony->done + 1, word,
                           wants_key ? "is about a key of the root, which isn't given"
                                     : "is about no key of the root");
    }
    if (step->kind == SLW_CEREMONY_SIGN) {
        const struct slw_public_key *due = step->is_former
                                               ? &ceremony->plan.signers[step->signer].key
                                               : &ceremony->new_keys[step->new_key];
        return slw_ceremony_same_key(slw_private_key_public(working_key), due)
                   ? SLW_OK
                   : slw_explain(detail, SLW_UNKNOWN_KEY,
                                 "step %zu, sign, is about another key of the root",
                                 ceremony->done + 1);
    }
    return SLW_OK;
}

enum slw_status slw_ceremony_make_entry(const struct slw_ceremony *ceremony,
                                        const struct slw_private_key *my_key,
                                        const struct slw_private_key *working_key,
                                        int64_t now_utc_s, struct slw_heap_buffer *ret_entry,
                                        struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer text = {0};
    if (ceremony->done == ceremony->steps_count) {
        return slw_explain(detail, SLW_WRONG_STATE, "all steps are done already");
    }
    const struct slw_ceremony_step *step = &ceremony->steps[ceremony->done];
    SLW_TRY(check_keys(ceremony, step, my_key, working_key, detail));
    enum slw_status status = make_payload(ceremony, step, working_key, now_utc_s, &payload, detail);
    if (status == SLW_OK) {
        status = slw_dsse_sign(my_key, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), &text, detail);
    }
    if (status == SLW_OK && step->kind == SLW_CEREMONY_KEY) {
        status = add_signature(working_key, &text, detail);
    }
    if (status == SLW_OK) {
        slw_heap_append(ret_entry, slw_heap_bytes(&text));
        slw_heap_append_text(ret_entry, "\n");
        status = ret_entry->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_drop(&text);
    slw_heap_drop(&payload);
    return status;
}
