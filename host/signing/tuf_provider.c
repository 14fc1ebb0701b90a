/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key provider whose keys are in the signing service (signer_tuf.h). It believes no answer: a
 * signature counts when it verifies over the next version that this process made of the same base
 * and difference.
 */
#include "slipway/signer_tuf.h"

#include "slipway/json_reader.h"
#include "tuf_request.h"

#include <stdlib.h>

struct provider {
    struct slw_signer_tuf_settings settings;
};

/* One question to the writer, which may be several to the service: one for each key. */
struct question {
    const struct slw_signer_tuf_settings *settings;
    const struct slw_tuf_change *change;
    struct slw_bytes base;
    const char *idempotency_key;
    struct slw_heap_buffer message; /* the next version, as it is made here */
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_tuf_word channel_listed;
    struct slw_tuf_signatures made;
    bool waits;
    bool refused;
};

/* The base is staged when the service hasn't it yet; a role without one has nothing to stage. */
static enum slw_status stage_base(const struct question *question,
                                  const struct slw_tuf_request *request, struct slw_detail *detail)
{
    struct slw_memory_source source;
    if (question->base.len == 0) {
        return SLW_OK;
    }
    slw_memory_source_init(&source, question->base);
    return slw_tuf_request_stage(question->settings, request->staged, &source.source, detail);
}

/* The service's own words for a refusal, out of its answer. */
static void explain_refusal(struct slw_bytes json, struct slw_detail *detail)
{
    struct slw_json_document document;
    struct slw_detail unused;
    if (slw_json_parse("answer", json, &document, &unused) != SLW_OK) {
        (void)slw_explain(detail, SLW_NOT_PERMITTED, "the signing service refused");
        return;
    }
    struct slw_bytes reason = slw_json_string(
        &document, slw_json_member(&document, SLW_JSON_TOP, SLW_BYTES_OF("reason")));
    struct slw_bytes why = slw_json_string(
        &document, slw_json_member(&document, SLW_JSON_TOP, SLW_BYTES_OF("detail")));
    (void)slw_explain(detail, SLW_NOT_PERMITTED, "the signing service refused: %.*s: %.*s",
                      (int)reason.len, (const char *)reason.ptr, (int)why.len,
                      (const char *)why.ptr);
    slw_json_document_free(&document);
}

/* Asks, or asks again, and waits a while. A refusal is a status whose word is one. */
static enum slw_status ask(const struct question *question, struct slw_tuf_request *request,
                           enum slw_signer_state *ret_state, struct slw_detail *detail)
{
    struct slw_signer_client *client = question->settings->client;
    struct slw_signer_receipt receipt;
    struct slw_heap_buffer json = {0};
    if (request->is_new) {
        SLW_TRY(stage_base(question, request, detail));
    }
    SLW_TRY(slw_signer_client_submit(client, slw_heap_bytes(&request->envelope), &receipt, detail));
    if (receipt.state == SLW_SIGNER_RECEIVED) {
        if (!request->is_new) {
            SLW_TRY(stage_base(question, request, detail)); /* an upload may have broken off */
        }
        SLW_TRY(slw_tuf_added_stage(question->settings, question->change, detail));
    }
    enum slw_status status = slw_signer_client_wait(client, request->id, question->settings->wait_s,
                                                    ret_state, &json, detail);
    if (status == SLW_OK && *ret_state == SLW_SIGNER_REFUSED) {
        explain_refusal(slw_heap_bytes(&json), detail);
    }
    slw_heap_free(&json);
    return status;
}

/* Gets the signature and adds it to those that were made, once it is verified. */
static enum slw_status take_signature(struct question *question,
                                      const struct slw_signer_tuf_key *key,
                                      const struct slw_tuf_request *request,
                                      struct slw_detail *detail)
{
    struct slw_tuf_signatures *made = &question->made;
    struct slw_heap_buffer raw = {0};
    struct slw_bytes nothing = {0};
    SLW_TRY(slw_signer_client_blob(question->settings->client, request->id, SLW_SIGNER_SIGNATURE,
                                   SLW_SIGNATURE_SIZE, &raw, detail));
    enum slw_status status =
        slw_signer_result_verify(slw_heap_bytes(&question->message), key->public_key,
                                 slw_heap_bytes(&raw), nothing, NULL, detail);
    struct slw_tuf_signature *signature = &made->list[made->count];
    size_t start = made->text.len;
    if (status == SLW_OK) {
        status = slw_tuf_public_key_id(key->public_key, signature->key_id);
    }
    if (status == SLW_OK) {
        status = slw_tuf_signature_format(key->public_key->type, raw.ptr, &made->text, detail);
    }
    if (status == SLW_OK) {
        signature->sig_hex.len = made->text.len - start;
        made->count++;
    }
    slw_heap_free(&raw);
    return status;
}

/* What machines failed at, or a service that is busy, isn't a refusal: asking again may help. */
static bool is_failure(enum slw_status status)
{
    return slw_status_class(status) == SLW_CLASS_IO || status == SLW_NO_SPACE ||
           status == SLW_TOO_MANY;
}

/* The same form for what was refused at once, as for what was refused later. */
static void explain_status(enum slw_status status, struct slw_detail *detail)
{
    const struct slw_detail said = *detail;
    if (status != SLW_OK) {
        (void)slw_explain(detail, status, "the signing service refused: %s: %.600s",
                          slw_status_word(status), said.text);
    }
}

static enum slw_status ask_with_key(struct question *question, const struct slw_signer_tuf_key *key,
                                    struct slw_detail *detail)
{
    struct slw_tuf_request request;
    enum slw_signer_state state = SLW_SIGNER_RECEIVED;
    SLW_TRY(slw_tuf_request_take(question->settings, key, question->change, question->base,
                                 &question->channel_listed, question->idempotency_key, &request,
                                 detail));
    enum slw_status status = ask(question, &request, &state, detail);
    bool refused = (status != SLW_OK && !is_failure(status)) || state == SLW_SIGNER_REFUSED;
    if (status == SLW_OK && state == SLW_SIGNER_SIGNED) {
        status = take_signature(question, key, &request, detail);
    } else if (refused) {
        explain_status(status, detail);
        question->refused = true;
        status = SLW_OK;
    } else if (status == SLW_OK) {
        question->waits = true;
    }
    bool over =
        refused || state == SLW_SIGNER_EXPIRED || (status == SLW_OK && state == SLW_SIGNER_SIGNED);
    if (over) {
        slw_tuf_request_forget(&request);
    }
    slw_tuf_request_free(&request);
    return status;
}

/* The next version as any client will read it; what isn't a step from the base isn't asked for. */
static enum slw_status make_message(struct question *question, struct slw_detail *detail)
{
    const struct slw_tuf_change *change = question->change;
    struct slw_tuf_model *model = NULL;
    SLW_TRY(slw_tuf_model_load_base(change->type, change->role, question->base, &model, detail));
    slw_tuf_channel_listed(model, &question->channel_listed);
    enum slw_status status = slw_tuf_model_apply(model, change, detail);
    if (status == SLW_OK) {
        status = slw_tuf_model_encode(model, &question->message, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_model_digest(model, question->digest, detail);
    }
    slw_tuf_model_free(model);
    return status;
}

static int compare_signatures(const void *left, const void *right)
{
    return memcmp(((const struct slw_tuf_signature *)left)->key_id,
                  ((const struct slw_tuf_signature *)right)->key_id, SLW_TUF_KEY_ID_SIZE);
}

/* Views into text, now that it grows no more. */
static void finish_signatures(struct question *question)
{
    struct slw_tuf_signatures *made = &question->made;
    size_t start = 0;
    for (size_t i = 0; i < made->count; i++) {
        made->list[i].sig_hex.ptr = made->text.ptr + start;
        start += made->list[i].sig_hex.len;
    }
    qsort(made->list, made->count, sizeof *made->list, compare_signatures);
    made->are_verified = true;
    memcpy(made->digest, question->digest, sizeof made->digest);
}

static bool speaks_for(const struct slw_signer_tuf_key *key, struct slw_bytes role)
{
    return slw_tuf_name_is_for(slw_bytes_make(key->role, strlen(key->role)), role);
}

static bool has_key_for(const struct slw_signer_tuf_settings *settings, struct slw_bytes role)
{
    for (size_t i = 0; i < settings->keys_count; i++) {
        if (speaks_for(&settings->keys[i], role)) {
            return true;
        }
    }
    return false;
}

static enum slw_status ask_all(struct question *question, struct slw_detail *detail)
{
    const struct slw_signer_tuf_settings *settings = question->settings;
    question->made.list = calloc(settings->keys_count, sizeof *question->made.list);
    if (question->made.list == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < settings->keys_count; i++) {
        if (speaks_for(&settings->keys[i], question->change->role)) {
            SLW_TRY(ask_with_key(question, &settings->keys[i], detail));
        }
    }
    return SLW_OK;
}

static enum slw_status request(void *context, const struct slw_tuf_change *change,
                               struct slw_bytes base, const char *idempotency_key,
                               enum slw_tuf_answer *ret_answer,
                               struct slw_tuf_signatures *ret_signatures, struct slw_detail *detail)
{
    const struct provider *provider = context;
    const struct slw_tuf_key_provider *others = provider->settings.others;
    struct question question = {.settings = &provider->settings,
                                .change = change,
                                .base = base,
                                .idempotency_key = idempotency_key};
    if (!has_key_for(&provider->settings, change->role)) {
        *ret_answer = SLW_TUF_PENDING;
        return others == NULL ? SLW_OK
                              : others->request(others->context, change, base, idempotency_key,
                                                ret_answer, ret_signatures, detail);
    }
    enum slw_status status = make_message(&question, detail);
    if (status != SLW_OK && !is_failure(status)) {
        question.refused = true;
        status = SLW_OK;
    } else if (status == SLW_OK) {
        status = ask_all(&question, detail);
    }
    slw_heap_drop(&question.message);
    if (status != SLW_OK || question.made.count == 0) {
        slw_tuf_signatures_free(&question.made);
        *ret_answer = question.waits || !question.refused ? SLW_TUF_PENDING : SLW_TUF_REFUSED;
        return status;
    }
    finish_signatures(&question);
    *ret_signatures = question.made;
    *ret_answer = SLW_TUF_SIGNED;
    return SLW_OK;
}

static enum slw_status check_settings(const struct slw_signer_tuf_settings *settings,
                                      struct slw_detail *detail)
{
    for (size_t i = 0; i < settings->keys_count; i++) {
        const struct slw_signer_tuf_key *key = &settings->keys[i];
        if (key->role[0] == '\0' || key->name[0] == '\0' || key->public_key == NULL) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "a key of the signing service wants a role, a name and its value");
        }
    }
    return SLW_OK;
}

enum slw_status slw_signer_tuf_provider_new(const struct slw_signer_tuf_settings *settings,
                                            struct slw_tuf_key_provider *ret_provider,
                                            struct slw_detail *detail)
{
    SLW_TRY(check_settings(settings, detail));
    struct provider *provider = calloc(1, sizeof *provider);
    if (provider == NULL) {
        return slw_explain_no_memory(detail);
    }
    provider->settings = *settings;
    *ret_provider = (struct slw_tuf_key_provider){provider, request};
    return SLW_OK;
}

void slw_signer_tuf_provider_free(struct slw_tuf_key_provider *provider)
{
    free(provider->context);
    *provider = (struct slw_tuf_key_provider){0};
}
